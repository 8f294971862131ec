# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The BGP sessions that the CiliumBGP* objects give to one node, with Cilium's defaults, and what it announces.

A CiliumBGPPeeringPolicy that selects the node wins over each CiliumBGPClusterConfig.
Sources: the CRDs of Cilium 1.16 to 1.20 and its pkg/bgp.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ....module_utils._kubernetes.cilium_kinds import PEERING_POLICY
from ..._addressing.live import as_text
from ..._kubernetes.labels import POD_POOL_NAME
from ..._kubernetes.selectors import Selector
from ..._model.communities import WELL_KNOWN_COMMUNITIES
from ..._versions.cilium import PEER_LOCAL_PORT_UNTIL, SOURCE_INTERFACE, Version
from .labels import EVERYTHING, selector
from .policies import Held, policies_of, translated
from .shape import read_as_the_api_has_it

_FAMILY_KEYS = {"ipv4": "aggregationLengthIPv4", "ipv6": "aggregationLengthIPv6"}
_COMMUNITY_WORDS = {f"{high}:{low}": word for word, (high, low) in WELL_KNOWN_COMMUNITIES.items()}


@dataclass(frozen=True, slots=True)
class Announcement:
    """One entry of an advertisement, for one family."""

    selector: Selector
    length: int | None
    """Prefix length of the aggregate; None = host routes."""
    communities: frozenset[str]
    local_preference: int | None

    @staticmethod
    def together(entries: Sequence[Announcement]) -> str:
        """Return the attributes of entries that announce the same thing.

        Communities add up, and the highest preference holds (Cilium 1.18; before, which entry won was not defined).
        """
        lengths = sorted({entry.length for entry in entries if entry.length is not None})
        text = "".join(f" as /{length}" for length in lengths)
        if lengths and any(entry.length is None for entry in entries):
            text += " and host routes"
        communities = sorted(frozenset().union(*(entry.communities for entry in entries)))
        if communities:
            text += f" with {', '.join(communities)}"
        preference = max(
            (entry.local_preference for entry in entries if entry.local_preference is not None), default=None
        )
        return text + (f" with local preference {preference}" if preference is not None else "")


@dataclass(slots=True)
class NodeSessions:
    """The BGP of one node."""

    own: dict[str, str] = field(default_factory=dict)
    peers: dict[str, dict[str, str]] = field(default_factory=dict)
    """``peer 10.0.0.1 of AS 65001`` -> settings."""
    services: dict[tuple[str, str, str], list[Announcement]] = field(default_factory=dict)
    """(peer, family, kind of address) -> what is announced of services."""


def node_sessions(held: Held, version: Version, node: str, labels: Mapping[str, str]) -> NodeSessions:
    """Return the sessions of a node.

    Args:
        held: the objects; a CiliumBGPPeeringPolicy among them is one that Cilium reads.
        version: of Cilium.
        node: its name.
        labels: its labels.

    Raises:
        EdgeError: an object is not as the API has it.
    """
    result = NodeSessions()
    policies = policies_of(held, labels)
    if len(policies) > 1:
        result.own["conflict"] = f"{len(policies)} {PEERING_POLICY} objects select it"
        return result
    if policies:
        made = translated(policies[0], held[PEERING_POLICY][policies[0]]["spec"])
        with read_as_the_api_has_it(f"{PEERING_POLICY} {policies[0]}"):
            _add_instances(result, {**held, **made}, version, policies[0], {})
        return result
    configs = []
    for name, item in held.get("CiliumBGPClusterConfig", {}).items():
        found = selector(item["spec"].get("nodeSelector"), EVERYTHING, f"CiliumBGPClusterConfig {name}")
        if (found or EVERYTHING).matches(labels):
            configs.append(name)
    if len(configs) > 1:
        result.own["conflict"] = f"{len(configs)} CiliumBGPClusterConfigs select it"
    if len(configs) != 1:
        return result
    name = configs[0]
    override = held.get("CiliumBGPNodeConfigOverride", {}).get(node, {}).get("spec", {})
    with read_as_the_api_has_it(f"CiliumBGPNodeConfigOverride {node}"):
        overrides = {
            item.get("name"): (item, {peer.get("name"): peer.get("localAddress") for peer in item.get("peers") or []})
            for item in override.get("bgpInstances") or []
        }
    with read_as_the_api_has_it(f"CiliumBGPClusterConfig {name}"):
        _add_instances(result, held, version, name, overrides)
    return result


def _add_instances(
    result: NodeSessions,
    held: Held,
    version: Version,
    name: str,
    overrides: Mapping[str, tuple[Mapping[str, Any], Mapping[str, str]]],
) -> None:
    """Add the sessions of a CiliumBGPClusterConfig.

    Args:
        result: takes them.
        held: the objects.
        version: of Cilium.
        name: of the CiliumBGPClusterConfig.
        overrides: instance -> (what the node's override says of it, source address by peer).
    """
    for instance in held["CiliumBGPClusterConfig"][name]["spec"].get("bgpInstances") or []:
        own, sources = overrides.get(instance["name"], ({}, {}))
        asn = int(own.get("localASN") or instance["localASN"])
        for key, what in (("routerID", "router-id"), ("localPort", "listens on port")):
            value = own.get(key) or instance.get(key)
            if value:
                result.own[f"AS {asn}, {what}"] = str(value)
        for peer in instance.get("peers") or []:
            _add_peer(result, held, version, asn, peer, sources.get(peer.get("name")))


def _add_peer(
    result: NodeSessions,
    held: Held,
    version: Version,
    asn: int,
    peer: Mapping[str, Any],
    source: str | None,
) -> None:
    reference = (peer.get("peerConfigRef") or {}).get("name")
    config: Mapping[str, Any] | None = {"spec": {}}
    if reference:
        config = held.get("CiliumBGPPeerConfig", {}).get(reference)
    if config is None:
        return  # Cilium makes no peer then
    if peer.get("peerAddress"):
        address = str(ipaddress.ip_address(as_text(peer["peerAddress"])))
    else:
        gateway = (peer.get("autoDiscovery") or {}).get("defaultGateway") or {}
        address = f"at the {gateway.get('addressFamily', 'ipv4')} default gateway"
    name = f"peer {address} from AS {asn}"
    remote = int(peer.get("peerASN") or 0)
    with read_as_the_api_has_it(f"CiliumBGPPeerConfig {reference}"):
        settings = _settings(config["spec"], version, internal=remote == asn, old=bool(config.get("v1")))
        families = [
            (str(family["afi"]), selector(family.get("advertisements"), None, f"CiliumBGPPeerConfig {reference}"))
            for family in config["spec"].get("families") or [{"afi": "ipv4"}, {"afi": "ipv6"}]
        ]
    settings["remote AS"] = str(remote or "any")
    if peer.get("pathAttributes"):  # of a policy alone
        settings["path attributes"] = peer["pathAttributes"]
    if source:
        settings["source address"] = str(ipaddress.ip_address(as_text(source)))
    settings["families"] = ", ".join(sorted(afi for afi, _found in families))
    for afi, found in families:
        if found is not None:
            _add_announcements(result, settings, held, (name, afi), found, internal=remote == asn)
    if name in result.peers:
        result.own["conflict"] = f"{name} stands twice"
    result.peers[name] = settings


def _settings(spec: Mapping[str, Any], version: Version, *, internal: bool, old: bool) -> dict[str, str]:
    """Return the settings of a session; defaults of the CRDs: 90, 30 and 120 s, TTL 1, port 179, restart 120 s."""
    timers, transport, restart = (spec.get(key) or {} for key in ("timers", "transport", "gracefulRestart"))
    settings = {
        "hold time": f"{timers.get('holdTimeSeconds') or 90} s",
        "keepalive": f"{timers.get('keepAliveTimeSeconds') or 30} s",
        "connect retry": f"{timers.get('connectRetryTimeSeconds') or 120} s",
        "port": str(transport.get("peerPort") or 179),
        "graceful restart": f"{restart.get('restartTimeSeconds') or 120} s" if restart.get("enabled") else "off",
    }
    hops = int(spec.get("ebgpMultihop") or 1)
    if hops > 1 and not internal:
        settings["TTL"] = str(hops)
    if transport.get("sourceInterface") and not old and version >= SOURCE_INTERFACE.since:
        settings["source interface"] = str(transport["sourceInterface"])
    if transport.get("localPort") and old and version < PEER_LOCAL_PORT_UNTIL:
        settings["local port"] = str(transport["localPort"])
    if spec.get("authSecretRef"):
        settings["MD5 password"] = "yes"  # which one stands in a Secret; its name means nothing
    return settings


def _add_announcements(
    result: NodeSessions,
    settings: dict[str, str],
    held: Held,
    session: tuple[str, str],
    wanted: Selector,
    *,
    internal: bool,
) -> None:
    """Add what the advertisements that a family's selector picks announce over a session (peer, family)."""
    peer, family = session
    pods: dict[str, list[Announcement]] = {}
    for name, item in held.get("CiliumBGPAdvertisement", {}).items():
        if not wanted.matches(item["metadata"].get("labels") or {}):
            continue
        path = f"CiliumBGPAdvertisement {name}"
        with read_as_the_api_has_it(path):
            for entry in item["spec"].get("advertisements") or []:
                kind = entry["advertisementType"]
                attributes = _entry(entry, selector(entry.get("selector"), None, path), family, internal=internal)
                if kind == "Service" and attributes is not None:
                    for address in entry["service"]["addresses"]:
                        result.services.setdefault((peer, family, address), []).append(attributes)
                elif kind == "CiliumPodIPPool" and attributes is not None:
                    for pool in _pod_pools(held, attributes.selector):
                        pods.setdefault(f"pod IP pool {pool}", []).append(attributes)
                elif kind == "PodCIDR":
                    pods.setdefault("pod CIDRs", []).append(_attributes(entry, EVERYTHING, family, internal=internal))
                elif kind == "Interface" and not item.get("v1"):  # the schema of v2alpha1 has none
                    plain = _attributes(entry, EVERYTHING, family, internal=internal)
                    pods.setdefault(f"addresses of {entry['interface']['name']}", []).append(plain)
    for what, entries in pods.items():
        settings[f"announces {family} {what}"] = Announcement.together(entries).strip() or "yes"


def _entry(entry: Mapping[str, Any], found: Selector | None, family: str, *, internal: bool) -> Announcement | None:
    return None if found is None else _attributes(entry, found, family, internal=internal)


def _attributes(entry: Mapping[str, Any], found: Selector, family: str, *, internal: bool) -> Announcement:
    """Return an entry of an advertisement.

    Args:
        entry: the entry.
        found: its selector.
        family: of the session.
        internal: whether the peer is of the same AS, to which alone local preferences go.

    Raises:
        TypeError: a community is no text. YAML 1.1 reads an unquoted 65001:10 as a number.
    """
    attributes = entry.get("attributes") or {}
    communities = attributes.get("communities") or {}
    preference = attributes.get("localPreference")
    length = (entry.get("service") or {}).get(_FAMILY_KEYS.get(family, ""))
    return Announcement(
        selector=found,
        length=None if length is None else int(length),
        communities=frozenset(
            _community(as_text(text))
            for key in ("standard", "large", "wellKnown")
            for text in communities.get(key) or []
        ),
        local_preference=int(preference) if preference is not None and internal else None,
    )


def _community(text: str) -> str:
    """Return a community in one spelling: the CRD takes one number for both halves too, and a word or its number."""
    if text.isdecimal():
        text = f"{int(text) >> 16}:{int(text) & 0xFFFF}"
    return _COMMUNITY_WORDS.get(text, text)


def _pod_pools(held: Held, wanted: Selector) -> Iterable[str]:
    for name, item in held.get("CiliumPodIPPool", {}).items():
        if wanted.matches({**(item["metadata"].get("labels") or {}), POD_POOL_NAME: name}):
            yield name

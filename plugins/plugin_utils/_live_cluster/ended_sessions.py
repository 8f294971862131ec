# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP sessions that are up and that end for good with an object that left the plan.

A session that the plan has under other names (another CiliumBGPClusterConfig, instance or peer) is reset once and comes
back: it is told by its node and the address that the node dials. A node that left the plan, or no longer matches, takes
its own sessions with it, as its inventory says, where the objects stay.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ...module_utils._errors import EdgeError
from ...module_utils._kubernetes.cilium_kinds import NODE_CONFIG
from .._cilium.common import Object
from .._findings.wording import some
from .._kubernetes.selectors import selector_of
from .consent import ConsentError
from .live_objects import is_ours, object_key, place
from .others_objects import CLUSTER_CONFIG, PEER_CONFIG, name_as_it_lives

PEERING_KINDS = (CLUSTER_CONFIG, PEER_CONFIG)
ESTABLISHED = "established"
"""``peeringState`` of a session that is up (``CiliumBGPNodeConfig.status``)."""
MOST_SESSIONS = 6


def peerings_leave(planned: Iterable[Object], live: Iterable[Object], site: str) -> bool:
    """Return whether the plan lacks a live object of this site that sessions hang on, so that these are to be read."""
    kept = {object_key(item) for item in planned}
    return any(
        item["kind"] in PEERING_KINDS and object_key(item) not in kept and is_ours(item["metadata"], site)
        for item in live
    )


def ended_sessions(
    planned: Sequence[Object],
    removed: Iterable[Object],
    live: Sequence[Object],
    nodes: Mapping[str, Mapping[str, str]],
    consent: Collection[str] = (),
    leaving_routers: Collection[str] = (),
) -> Iterator[EdgeError]:
    """Yield an error for each object with whose removal sessions end that are up.

    Args:
        planned: the cluster's BGP objects.
        removed: those that left the plan.
        live: what the cluster has, with each CiliumBGPNodeConfig.
        nodes: labels of the nodes whose sessions are judged, once the planned ones are written.
        consent: ``Kind/name@generation-UID`` of those that may go.
        leaving_routers: addresses of routers that leave the site: sessions with them end by that word.
    """
    leaving = {object_key(item)[::2] for item in removed if item["kind"] in PEERING_KINDS}
    configs = {item["metadata"]["name"]: item for item in live if item["kind"] == CLUSTER_CONFIG}
    ended: dict[tuple[str, str], list[str]] = {}
    for item in live:
        node = item["metadata"]["name"]
        if item["kind"] != NODE_CONFIG or node not in nodes:
            continue
        intended = {*_dialled(planned, nodes[node]), *leaving_routers}
        config = configs.get(_owner(item))
        for peer in _established(item):
            cause = _cause(config, peer, leaving) if config else None
            address = peer.get("peerAddress") or ""
            if cause and not intended & {address, f"name {peer['name']}"}:
                ended.setdefault(cause, []).append(f"{node} to {address or peer['name']}")
    for item in sorted(live, key=object_key):
        sessions = ended.get((item["kind"], item["metadata"]["name"]))
        if sessions and name_as_it_lives(item) not in consent:
            yield _in_use(item, sorted(sessions))


def _owner(item: Object) -> str:
    """Return the name of the CiliumBGPClusterConfig of which the operator made a CiliumBGPNodeConfig."""
    owners = item["metadata"].get("ownerReferences") or []
    return next((str(owner["name"]) for owner in owners if owner.get("kind") == CLUSTER_CONFIG), "")


def _established(item: Object) -> Iterator[Mapping[str, str]]:
    for instance in (item.get("status") or {}).get("bgpInstances") or []:
        for peer in instance.get("peers") or []:
            if peer.get("peeringState") == ESTABLISHED:
                yield peer


def _peers(config: Object) -> Iterator[Mapping[str, object]]:
    for instance in config["spec"].get("bgpInstances") or []:
        yield from instance.get("peers") or []


def _cause(config: Object, peer: Mapping[str, str], leaving: Collection[tuple[str, str]]) -> tuple[str, str] | None:
    """Return kind and name of the leaving object with which a session goes; None where it does not."""
    own = CLUSTER_CONFIG, config["metadata"]["name"]
    if own in leaving:
        return own
    for item in _peers(config):
        if item["name"] == peer["name"]:
            reference = item.get("peerConfigRef")
            named = PEER_CONFIG, str(reference["name"]) if isinstance(reference, Mapping) else ""
            return named if named in leaving else None
    return None


def _dialled(planned: Iterable[Object], labels: Mapping[str, str]) -> set[str]:
    """Return the addresses that a node dials by the plan, and ``name`` and name of peers that it discovers."""
    found = set()
    for config in planned:
        if config["kind"] == CLUSTER_CONFIG and selector_of(config["spec"].get("nodeSelector") or {}).matches(labels):
            found |= {str(item.get("peerAddress") or f"name {item['name']}") for item in _peers(config)}
    return found


def _in_use(item: Object, sessions: Sequence[str]) -> EdgeError:
    return ConsentError(
        place(item),
        f"the inventory lacks it, and with it sessions end that are up: {some(sessions, MOST_SESSIONS)}. What is"
        " advertised over them would be lost",
        "put its peering back",
        "objects",
        name_as_it_lives(item),
        "cilium_net_bgp",
    )

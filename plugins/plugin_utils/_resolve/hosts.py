# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, hosts: the addresses of routers and nodes, router-ids, each node's cluster and labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...module_utils._errors import EdgeError
from ...module_utils._frr import versions
from ...module_utils._frr.state import version_tuple
from .._addressing.addresses import Address, Cidr, parse_address
from .._addressing.families import Family
from .._findings.report import Report
from .._findings.wording import did_you_mean, one_of
from .._inventory.keys.router import CONTROLLER_SECRETS
from .._inventory.parse import ParsedSite
from .._inventory.reported import Reported
from .._inventory.values import Items, Values
from .._kubernetes.labels import SUBDOMAIN, kubelet_labels
from .._model.site import Controller, Derived, Node, Router

_SUBDOMAIN = re.compile(SUBDOMAIN)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""A name that is one word of a router's configuration."""


@dataclass(slots=True)
class Context:
    """What every step of the second pass shares."""

    parsed: ParsedSite
    report: Report
    derived: list[Derived] = field(default_factory=list)
    subnets: dict[str, tuple[Cidr, ...]] = field(default_factory=dict)
    """Network name -> its subnets."""
    addresses_reported: Reported[tuple[str, str]] = field(default_factory=Reported)
    """(host, network) of addresses that were reported."""
    router_ids: dict[Address, str] = field(default_factory=dict)
    """Router-id -> path of who has it."""
    peering_addresses_reported: Reported[tuple[str, str]] = field(default_factory=Reported)
    """(host, network) of addresses that a peering needs and that are missing."""
    labels_reported: Reported[str] = field(default_factory=Reported)
    """Nodes with labels that were reported: why a selector may match none of them."""
    clusters_reported: Reported[str] = field(default_factory=Reported)
    """Nodes whose cluster was reported: why a cluster may have no node."""

    links_reported: Reported[str] = field(default_factory=Reported)
    """Links of which a session was left out for what was reported: why a router may hear less than it would."""

    def derive(self, path: str, value: Any, reason: str) -> None:
        """Note a value that the inventory does not state."""
        self.derived.append(Derived(path, value, reason))

    def reference(self, path: str, name: str, known: Mapping[str, Any], what: str) -> bool:
        """Return whether ``name`` exists; report it where not."""
        if name in known:
            return True
        if isinstance(known, Items) and known.reported.covers(name):
            return False
        close = did_you_mean(name, known) or f"{what}s: {one_of(known)}"
        self.report.add("EDGE120", path, f"there is no {what} {name!r}", close)
        return False

    def is_unknown(self, host: str, key: str) -> bool:
        """Return whether a key of a cluster's host was written, and what it says could not be read, which was reported.

        One that is written empty (``[]``, ``{}``) says as much as one that is missing.
        """
        values = self.parsed.clusters[host]
        if key in values and isinstance(values[key], Items):
            return not values[key] and bool(values[key].reported)
        written = self.parsed.hosts[host]
        return key in written and written[key] not in ([], {}) and not values[key]

    def add_a_host(self, group: str) -> str:
        """Return the hint for a group of ours that has no host."""
        if group in self.parsed.groups:
            return f"add a host to the group {group}"
        return f"the inventory defines no group {group}: add it, with a host"

    def may_be_incomplete(self, hosts: Iterable[str]) -> bool:
        """Return whether an address of one of the hosts was reported, or a network in which one may be."""
        hosts_reported = {host for host, _network in self.addresses_reported.names}
        return bool(self.parsed.networks.reported) or not hosts_reported.isdisjoint(hosts)

    def subnet_of(self, network: str, address: Address) -> Cidr | None:
        """Return the subnet of ``network`` that holds ``address``."""
        return next((cidr for cidr in self.subnets.get(network, ()) if cidr.contains(address)), None)


Placed = dict[str, tuple[Address, ...]]
"""A host's addresses by network."""


def host_addresses(context: Context, host: str, values: Values) -> Placed:
    """Return a host's addresses by network, each checked against its subnet."""
    _check_ansible_host(context, host)
    if "edge_addresses" not in values:
        return _address_from_ansible_host(context, host)
    placed: Placed = {}
    items: Items = values["edge_addresses"]
    networks = context.parsed.networks
    context.addresses_reported.add(*((host, network) for network in items.reported.names))
    if items.reported.everything:
        context.addresses_reported.add(*((host, network) for network in networks))
    for network, item in items.items():
        if not context.reference(item.path, network, networks, "network"):
            context.addresses_reported.add(*((host, other) for other in networks))
            continue
        good: dict[Cidr, Address] = {}
        for index, address in enumerate(item.value):
            path = f"{item.path}[{index}]" if isinstance(item.raw, (list, tuple)) else item.path
            subnet = _checked_subnet(context, path, network, address)
            if subnet is None:
                context.addresses_reported.add((host, network))
                continue
            if subnet in good:
                context.report.add(
                    "EDGE205",
                    path,
                    f"{address.text} is the second address in {subnet.text}, after {good[subnet].text}",
                    "give one address per subnet",
                )
                continue
            good[subnet] = address
        placed[network] = tuple(good.values())
    return placed


def _checked_subnet(context: Context, path: str, network: str, address: Address) -> Cidr | None:
    """Return the address's subnet, or report why it can be no host's address there."""
    subnet = context.subnet_of(network, address)
    if subnet is None:
        cidrs = ", ".join(cidr.text for cidr in context.subnets[network])
        others = [name for name in sorted(context.subnets) if context.subnet_of(name, address)]
        hint = f"it lies in network {others[0]!r}" if others else None
        context.report.add("EDGE203", path, f"{address.text} is outside network {network!r} ({cidrs})", hint)
        return None
    # A loopback network is a range of host addresses (/32, /128): no segment, so no address of it is reserved.
    reserved = subnet.interval.size > 2 and not context.parsed.networks[network]["loopback"]
    if reserved and address.value == subnet.interval.first:
        problem = "network address" if address.family is Family.IPV4 else "subnet-router anycast address"
        context.report.add("EDGE203", path, f"{address.text} is the {problem} of {subnet.text}")
        return None
    if reserved and address.family is Family.IPV4 and address.value == subnet.interval.last:
        context.report.add("EDGE203", path, f"{address.text} is the broadcast address of {subnet.text}")
        return None
    return subnet


_ADDRESS_LIKE = re.compile(r"[0-9]+(\.[0-9]*)+([/:].*)?|\[?[0-9A-Fa-f]*:[0-9A-Fa-f.]*:.*", re.ASCII)
"""What can only be meant as an address. ``10.1`` is one too for whoever connects, and another one than it seems."""
_LINK_LOCAL_ZONE = re.compile(r"fe[89ab][0-9a-f]:[^/%]*%\S+", re.ASCII | re.IGNORECASE)
"""A link-local address with the interface to it (RFC 4007): it says how to connect, and is no address of a network."""


def _check_ansible_host(context: Context, host: str) -> None:
    """Report an ``ansible_host`` that is meant as an address and is none: nobody would know the host's address."""
    written, path = context.parsed.hosts[host].get("ansible_host"), f"{host}.ansible_host"
    text = str(written).strip() if isinstance(written, (str, float)) else ""
    if not _ADDRESS_LIKE.fullmatch(text) or _LINK_LOCAL_ZONE.fullmatch(text):
        return
    try:
        if text.startswith("[") and text.endswith("]") and _LINK_LOCAL_ZONE.fullmatch(text[1:-1]):
            # Without its zone nobody could connect to it.
            raise EdgeError(path, f"{text} stands in brackets", f"write {text[1:-1]}")
        parse_address(written, path)
    except EdgeError as error:
        context.report.add_error("EDGE201", error)
        if "edge_addresses" not in context.parsed.hosts[host]:
            context.addresses_reported.add(*((host, network) for network in context.subnets))


def ansible_host_address(context: Context, host: str) -> Address | None:
    """Return the address in a host's ``ansible_host``; none where it is a name, which says how to connect alone."""
    try:
        return parse_address(context.parsed.hosts[host].get("ansible_host"), "")
    except EdgeError:
        return None


def _address_from_ansible_host(context: Context, host: str) -> Placed:
    """Return ``ansible_host`` as the host's address, if it is one inside exactly one network."""
    address = ansible_host_address(context, host)
    if address is None:
        if "ansible_host" in context.parsed.failures.get(host, ()):  # its template fails, which is reported
            context.addresses_reported.add(*((host, network) for network in context.subnets))
        return {}
    networks = [name for name in context.subnets if context.subnet_of(name, address)]
    if len(networks) > 1:  # that they overlap is reported
        context.addresses_reported.add(*((host, network) for network in networks))
    if len(networks) != 1:
        return {}
    if _checked_subnet(context, f"{host}.ansible_host", networks[0], address) is None:
        context.addresses_reported.add((host, networks[0]))
        return {}
    context.derive(
        f"{host}.edge_addresses.{networks[0]}", address.text, f"ansible_host is an address of network {networks[0]!r}"
    )
    return {networks[0]: (address,)}


def outside_networks(context: Context, host: str) -> str:
    """Return that ``ansible_host`` lies in no network, where it would be the host's address; else nothing."""
    address = ansible_host_address(context, host)
    if address is None or "edge_addresses" in context.parsed.hosts[host]:
        return ""
    placed = any(context.subnet_of(name, address) for name in context.subnets)
    return "" if placed or not context.subnets else f"ansible_host {address.text} is inside no network"


def resolve_routers(context: Context) -> tuple[list[Router], dict[str, Placed]]:
    """Return the routers whose values are complete, and every router's addresses."""
    routers: list[Router] = []
    addresses: dict[str, Placed] = {}
    for host, values in context.parsed.routers.items():
        _check_host(context, host, _WORD, "letters, digits, '.', '_' and '-': it is a part of peers' names")
        placed = host_addresses(context, host, values)
        absent = is_absent(values)
        addresses[host] = {} if absent else placed
        router_id = _absent_id(values, placed) if absent else _router_id(context, host, values, placed)
        if router_id and not absent:
            _own_router_id(context, f"{host}.edge_router_id", router_id)
        if router_id is None or "edge_router_asn" not in values:
            continue
        _check_frr_version(context, host, values)
        _check_persist(context, host, values)
        if "edge_router_frr_version" not in values:
            assumed = values["edge_router_frr_version"]
            reason = _ASSUMED_VERSION[values["edge_router_platform"]]
            context.derive(f"{host}.edge_router_frr_version", assumed, reason)
        routers.append(
            Router(
                host=host,
                asn=values["edge_router_asn"],
                router_id=router_id,
                platform=values["edge_router_platform"],
                bgp_owner=values["edge_router_bgp_owner"],
                controller=_controller(context, host, values),
                persist=values["edge_router_persist"],
                take_over=tuple(values["edge_router_take_over"]),
                frr_version=values["edge_router_frr_version"],
                addresses=dict(sorted(placed.items())),
                managed=values["edge_router_managed"],
                maximum_paths=values["edge_router_maximum_paths"],
                redistribute=tuple(sorted(set(values["edge_router_redistribute"]))),
                import_check=values["edge_router_import_check"],
                absent=absent,
            )
        )
    _check_shared_controllers(context, routers)
    return routers, addresses


def _check_shared_controllers(context: Context, routers: Iterable[Router]) -> None:
    """Report two routers of one site of UniFi Network, which holds one text for it: each would undo the other's.

    One that leaves takes the text away.
    """
    seen: dict[tuple[str, str], str] = {}
    for router in routers:
        if router.controller is None:
            continue
        where = (router.controller.url.rstrip("/").removesuffix(":443").lower(), router.controller.site)
        first = seen.setdefault(where, router.host)
        if first != router.host:
            context.report.add(
                "EDGE118",
                f"{router.host}.edge_router_controller",
                f"is the site {where[1]!r} of {first} too, and UniFi Network holds one BGP configuration for a site",
                "a site for each; or edge_router_bgp_owner: file or none, as for a router that another one replaces",
            )


def _check_persist(context: Context, host: str, values: Values) -> None:
    """Report a boot hook that would bring back what nobody resets, or what somebody else holds."""
    if not values["edge_router_persist"]:
        return
    wrong = [
        f"{name} is {values[name]}"
        for name, needed in (("edge_router_platform", "unifi"), ("edge_router_bgp_owner", "file"))
        if values[name] != needed
    ]
    if wrong:
        context.report.add(
            "EDGE121",
            f"{host}.edge_router_persist",
            f"is true, but {' and '.join(wrong)}: only a frr.conf on UniFi OS is reset by its upgrades",
            "leave it out",
        )


def _controller(context: Context, host: str, values: Values) -> Controller | None:
    """Return how the UniFi Network that holds a router's BGP is reached, None where another does; report what lacks."""
    if values["edge_router_bgp_owner"] != "controller":
        return None
    path = f"{host}.edge_router_controller"
    if values["edge_router_platform"] != "unifi":
        problem = f"is controller, but edge_router_platform is {values['edge_router_platform']}: only UniFi has one"
        context.report.add("EDGE118", f"{host}.edge_router_bgp_owner", problem, "write edge_router_platform: unifi")
    key, user, password = (bool(values[name]) for name in CONTROLLER_SECRETS)
    if not (key and not user and not password) and not (user and password and not key):
        context.report.add(
            "EDGE118",
            f"{host}.{CONTROLLER_SECRETS[0]}",
            "stands beside a user name or password" if key else "is missing, and there is no user name with a password",
            "one way to log in: edge_router_controller_api_key, or edge_router_controller_username and"
            " edge_router_controller_password",
        )
    found = values["edge_router_controller"]
    if found is None:
        if "edge_router_controller" not in context.parsed.hosts[host]:
            problem = "is missing, and edge_router_bgp_owner is controller"
            context.report.add("EDGE118", path, problem, "write {url: https://ADDRESS}, the console's address")
        return None
    if not found["validate_certs"]:
        context.report.add(
            "EDGE119",
            f"{path}.validate_certs",
            "is false: whoever answers at this address gets the key, and with it the site",
            "write fingerprint: SHA-256, which takes the one certificate that is there now",
        )
    names = ("url", "site", "ca_path", "fingerprint", "validate_certs")
    return Controller(**{name: found[name] for name in names})


def _check_frr_version(context: Context, host: str, values: Values) -> None:
    """Report a version that is older than what is rendered."""
    written = values["edge_router_frr_version"]
    if version_tuple(written) < versions.OLDEST:
        context.report.add(
            "EDGE615",
            f"{host}.edge_router_frr_version",
            f"{written} is older than {versions.text_of(versions.OLDEST)}, the oldest version that is supported",
            "update FRR first",
        )


_ROUTER_ID_HINT = {
    False: "write edge_addresses: {NETWORK: ADDRESS}, or any IPv4 address that is unique in the site",
    True: "write any IPv4 address that is unique in the site",
}
"""By whether the router has addresses at all."""


_ASSUMED_VERSION = {
    "linux": "the default; the run compares it with the FRR that it finds",
    "unifi": "the version of current UniFi OS; the run compares it with the FRR that it finds",
}
"""Platform -> why the plan assumes this version of FRR where the inventory names none."""


def _own_router_id(context: Context, path: str, router_id: Address) -> None:
    """Report a router-id that another speaker has."""
    other = context.router_ids.setdefault(router_id, path)
    if other != path:
        context.report.add(
            "EDGE204",
            path,
            f"{router_id.text} is the router-id of {other.rpartition('.')[0]} too",
            "BGP speakers are told apart by it",
        )


def is_absent(values: Values) -> bool:
    """Return whether the host's ``edge_state`` is absent."""
    return bool(values["edge_state"] == "absent")


def was_there(context: Context, host: str, network: str) -> bool:
    """Return whether an absent router had an address in a network, as far as it says so."""
    values = context.parsed.routers[host]
    return is_absent(values) and ("edge_addresses" not in values or network in values["edge_addresses"])


def _absent_id(values: Values, placed: Placed) -> Address:
    """Return a router-id for a router that is going: nothing depends on it."""
    written: Address | None = values["edge_router_id"]
    own = sorted(address for entry in placed.values() for address in entry if address.family is Family.IPV4)
    return written or (own[0] if own else Address(Family.IPV4, 0))


def _router_id(context: Context, host: str, values: Values, placed: Placed) -> Address | None:
    """Return the router-id: the one written, else a loopback's address, else the lowest IPv4 address."""
    written: Address | None = values["edge_router_id"]
    if written is not None:
        return written
    if "edge_router_id" in context.parsed.hosts[host]:
        return None  # reported as unreadable
    own = sorted(address for entry in placed.values() for address in entry if address.family is Family.IPV4)
    if not own:
        if not context.may_be_incomplete((host,)):
            outside = outside_networks(context, host)
            context.report.add(
                "EDGE209",
                f"{host}.edge_router_id",
                f"is missing, and the router has no IPv4 address to take it from{outside and f': {outside}'}",
                "mend that, or the network's cidr" if outside else _ROUTER_ID_HINT[bool(placed)],
            )
            if outside:  # what it peers over is not told again
                context.addresses_reported.add(*((host, network) for network in context.subnets))
        return None
    loopbacks = sorted(
        address
        for network, entry in placed.items()
        if context.parsed.networks[network]["loopback"]
        for address in entry
        if address.family is Family.IPV4
    )
    reason = "the router's loopback address" if loopbacks else "the router's lowest IPv4 address"
    chosen = (loopbacks or own)[0]
    context.derive(f"{host}.edge_router_id", chosen.text, reason)
    return chosen


def resolve_nodes(context: Context) -> tuple[dict[str, list[Node]], dict[str, Placed]]:
    """Return the nodes by cluster, and every node's addresses."""
    clusters = context.parsed.clusters
    nodes: dict[str, list[Node]] = {host: [] for host in clusters}
    addresses: dict[str, Placed] = {}
    for host in clusters:
        _check_host(context, host, _WORD, "letters, digits, '.', '_' and '-': it is a part of peer groups' names")
    for host, values in context.parsed.nodes.items():
        _check_host(context, host, _SUBDOMAIN, "lower-case letters, digits, '-' and '.': it is the name of the Node")
        placed = host_addresses(context, host, values)
        cluster = _cluster_of(context, host, values)
        if cluster is None:
            context.clusters_reported.add(host)
        gone = is_absent(values) or (cluster is not None and is_absent(clusters[cluster]))
        addresses[host] = {} if gone else placed
        if cluster is None or gone:
            continue
        items: Items = values["edge_node_labels"]
        labels = {key: item.value for key, item in items.items()}
        if items.reported:
            context.labels_reported.add(host)
        if cluster is not None and clusters[cluster]["edge_cluster_manage_labels"]:
            _check_kubelet_labels(context, host, items)
        nodes[cluster].append(
            Node(
                host=host,
                cluster=cluster,
                labels=dict(sorted(labels.items())),
                addresses=dict(sorted(placed.items())),
                asn=values["edge_cluster_asn"] if "edge_cluster_asn" not in clusters[cluster] else None,
                router_id=values["edge_node_router_id"],
                local_addresses=_local_addresses(context, values, clusters[cluster]),
                drain=values["edge_node_drain"],
            )
        )
    for members in nodes.values():
        members.sort(key=lambda node: node.host)
    for node in (node for members in nodes.values() for node in members):
        if node.router_id:
            _own_router_id(context, f"{node.host}.edge_node_router_id", node.router_id)
    return nodes, addresses


def _check_kubelet_labels(context: Context, host: str, items: Items) -> None:
    """Report labels of a node that its kubelet sets, to another value."""
    for key, value in kubelet_labels(host).items():
        if key in items and items[key].value != value:
            context.report.add(
                "EDGE103",
                items[key].path,
                f"each kubelet sets this label itself, here to {value!r}",
                "remove it; edge_cluster_manage_labels: false only describes the labels that nodes have",
            )


def _local_addresses(context: Context, values: Values, cluster: Values) -> Placed:
    """Return the source addresses of a node's sessions by peering, one per family."""
    found: Placed = {}
    for peering, item in values["edge_node_local_addresses"].items():
        if not context.reference(item.path, peering, cluster["edge_peerings"], "peering"):
            continue
        families = [address.family for address in item.value]
        if len(set(families)) < len(families):
            context.report.add("EDGE205", item.path, "has two addresses of one family", "a session has one source")
            continue
        found[peering] = item.value
    return found


def absent_nodes(context: Context, cluster: str) -> tuple[Node, ...]:
    """Return the nodes of ``cluster`` that leave, sorted by name: absent themselves, or with their cluster.

    They have no address: they peer with nobody. The cluster has them still, with their labels or without.
    """
    clusters = context.parsed.clusters
    return tuple(
        Node(
            host=host,
            cluster=cluster,
            labels={key: item.value for key, item in sorted(values["edge_node_labels"].items())},
            addresses={},
            absent=True,
        )
        for host, values in sorted(context.parsed.nodes.items())
        if (is_absent(values) or is_absent(clusters[cluster]))
        and (values["edge_cluster"] or (next(iter(clusters)) if len(clusters) == 1 else None)) == cluster
    )


def _check_host(context: Context, host: str, form: re.Pattern[str], rule: str) -> None:
    """Report a host name that one of the ends would refuse."""
    if not form.fullmatch(host):
        context.report.add("EDGE104", host, f"the host name {host!r} is not made of {rule}")


def _cluster_of(context: Context, host: str, values: Values) -> str | None:
    """Return the node's cluster."""
    clusters = context.parsed.clusters
    if "edge_cluster" in values:
        name = str(values["edge_cluster"])
        return name if context.reference(f"{host}.edge_cluster", name, clusters, "cluster") else None
    if len(clusters) == 1:
        return next(iter(clusters))
    if clusters and "edge_cluster" not in context.parsed.hosts[host]:
        context.report.add("EDGE105", f"{host}.edge_cluster", "is missing", f"clusters: {one_of(clusters)}")
    elif not clusters and "edge_clusters" not in context.parsed.misspelt_groups:
        context.report.add(
            "EDGE105", f"{host}.edge_cluster", "there is no cluster", context.add_a_host("edge_clusters")
        )
    return None


def check_unique(
    context: Context, routers: Mapping[str, Placed], nodes: Mapping[str, Placed], members: Iterable[Node]
) -> None:
    """Report every address that two hosts have; a node may dial from any address of its own."""
    owners: dict[Address, str] = {}
    for host, placed in [*sorted(routers.items()), *sorted(nodes.items())]:
        for network, addresses in placed.items():
            for address in addresses:
                path = f"{host}.edge_addresses.{network}"
                if address in owners and owners[address] != path:
                    context.report.add(
                        "EDGE204", path, f"{address.text} is in use at {owners[address]} too", "an address has one host"
                    )
                owners.setdefault(address, path)
    for router_id, path in context.router_ids.items():
        owner = owners.get(router_id)
        if owner and owner.partition(".edge_addresses.")[0] != path.rpartition(".")[0]:
            context.report.add(
                "EDGE204", path, f"{router_id.text} is in use at {owner} too", "take one of the host's own addresses"
            )
    for node in members:
        for peering, sources in node.local_addresses.items():
            for address in sources:
                path = f"{node.host}.edge_node_local_addresses.{peering}"
                other = owners.setdefault(address, path)
                if not other.startswith((f"{node.host}.edge_addresses.", f"{node.host}.edge_node_local_addresses.")):
                    context.report.add(
                        "EDGE204",
                        path,
                        f"{address.text} is in use at {other} too",
                        "a node dials from an address of its own",
                    )

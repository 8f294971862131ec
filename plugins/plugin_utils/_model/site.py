# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resolved site: what the inventory means after defaults, derivations and checks.

Everything here is frozen and complete: no key is looked up again, no default is applied later. Addresses, CIDRs and
selectors are parsed; who writes them takes their ``text``. Only ``_resolve`` makes these objects; ``_frr``,
``_cilium`` and ``_plan`` read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._addressing.addresses import Address, Cidr, PoolEntry
from .._addressing.families import Family
from .._addressing.intervals import Interval
from .._kubernetes.labels import kubelet_labels
from .._kubernetes.selectors import Selector
from .communities import Community

KUBERNETES_TRAFFIC_POLICY = "Cluster"
"""``externalTrafficPolicy`` of a Service that says none (Kubernetes API, ServiceSpec)."""


@dataclass(frozen=True, slots=True)
class Timers:
    """BGP timers in seconds (RFC 4271 section 4.2 and 8), one value for both ends."""

    hold: int
    keepalive: int
    connect_retry: int


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """What both ends of a session must agree on, after ``edge_bgp_defaults``."""

    timers: Timers
    graceful_restart: int
    """Restart time in seconds (RFC 4724); 0 = off."""
    multihop: int | None = None
    """TTL for sessions over several hops (2..255); None = directly connected."""
    ttl_security: bool = False
    """GTSM (RFC 5082); both ends together."""
    description: str | None = None
    shutdown: bool = False
    port: int = field(kw_only=True)
    """TCP port on which the router listens."""
    password: str | None = None
    """Name under ``edge_bgp_passwords``, never the secret itself; None = no MD5."""


@dataclass(frozen=True, slots=True)
class PrefixRule:
    """Prefixes inside ``prefix`` of ``ge`` to ``le`` bits; without both, exactly ``prefix``."""

    prefix: Cidr
    ge: int | None = None
    le: int | None = None

    @property
    def family(self) -> Family:
        """The family of the prefixes."""
        return self.prefix.family


@dataclass(frozen=True, slots=True)
class Policy:
    """Which routes pass in one direction, with every name followed to its prefixes."""

    everything: bool = False
    """``all``: nothing is filtered."""
    prefixes: tuple[PrefixRule, ...] = ()
    """Sorted, IPv4 first; pools stand here as host routes (``ge 32``), or as their aggregate."""
    default_route: bool = False
    redistributed: bool = False
    communities: tuple[Community, ...] = ()
    """Import: only routes that carry all of them. Export: added to each route."""
    add_communities: tuple[Community, ...] = ()
    """Import: added to each route."""
    local_preference: int | None = None
    med: int | None = None
    prepend: int = 0
    """Export: how many times more the router's own AS stands in the path."""
    max_prefixes: int | None = None
    """As written; None = derived from the filter."""
    restart: int = field(kw_only=True)
    """Seconds until a session that ended for too many prefixes is tried again; whole minutes."""

    @property
    def empty(self) -> bool:
        """True if nothing passes."""
        return not (self.everything or self.prefixes or self.default_route or self.redistributed)


@dataclass(frozen=True, slots=True)
class Network:
    """An L3 segment that router and nodes share."""

    name: str
    cidrs: tuple[Cidr, ...]
    interfaces: tuple[str, ...] = ()
    """Interface names or globs, for L2 announcements."""
    l2_nodes: Selector | None = None
    """The nodes that announce here; None = all nodes with an address here."""
    loopback: bool = False
    """It holds loopback addresses: no segment, no ARP."""
    dhcp: tuple[PoolEntry, ...] = ()
    """Ranges that a DHCP server hands out."""
    delivery: str | None = None
    """``routed`` or ``on_link``: how a provider hands this public range over."""
    return_path: str = "default_route"
    """``network`` or ``default_route``: by which way nodes answer what reached them here."""

    def announcers(self, nodes: Iterable[Node]) -> list[Node]:
        """Return those of ``nodes`` that may hold the L2 lease of a service here."""
        if self.l2_nodes is not None:
            return [node for node in nodes if self.l2_nodes.matches(node.all_labels)]
        return [node for node in nodes if node.addresses.get(self.name)]


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A BGP speaker beside a router that is not Cilium: of ``edge_router_neighbors``, or the other end of a link."""

    name: str
    """Of the neighbor or link; unique on its router."""
    peer_group: str
    addresses: tuple[Address, ...] = ()
    """Transport addresses, each one session; empty with ``interface`` alone (unnumbered) or ``listen_ranges``."""
    descriptions: tuple[str, ...] = ()
    """One for each address; else one."""
    interface: str | None = None
    """Unnumbered (RFC 5549) where there is no address, else the interface of link-local addresses."""
    listen_ranges: tuple[Cidr, ...] = ()
    listen_limit: int | None = None
    asn: int | str = field(kw_only=True)
    """A number, ``internal`` or ``external``."""
    local_as: int | None = None
    transport: Family = Family.IPV4
    """Family of the session's own addresses; IPv6 for unnumbered."""
    families: tuple[Family, ...] = ()
    """Families of the routes."""
    keys: SessionKeys = field(kw_only=True)
    bfd: bool = False
    update_source: Address | None = None
    next_hop_self: bool = False
    route_reflector_client: bool = False
    import_: Policy = field(kw_only=True)
    export: Policy = field(kw_only=True)
    link: str | None = None
    """The link whose other end this is."""
    other: str | None = None
    """The router at the other end of the link."""


@dataclass(frozen=True, slots=True)
class Controller:
    """UniFi Network, which holds a router's BGP."""

    url: str
    site: str
    ca_path: str | None
    fingerprint: str | None
    validate_certs: bool


@dataclass(frozen=True, slots=True)
class Router:
    """A host of ``edge_routers``."""

    host: str
    asn: int
    router_id: Address
    platform: str
    """``linux`` or ``unifi``."""
    frr_version: str
    addresses: Mapping[str, tuple[Address, ...]]
    """Network name -> addresses, one per family and subnet."""
    bgp_owner: str = "file"
    """``file``: its frr.conf; ``controller``: UniFi Network; ``none``: somebody else, and we write nothing."""
    controller: Controller | None = None
    """Where ``bgp_owner`` is ``controller``."""
    persist: bool = False
    """A boot hook brings its file back after a firmware upgrade."""
    take_over: tuple[str, ...] = ()
    """Blocks of FRR that are not ours and may be lost, by their first lines."""
    managed: bool = field(kw_only=True)
    absent: bool = False
    """``edge_state: absent``: no session ends here, and what we made there is removed."""
    neighbors: tuple[Neighbor, ...] = ()
    originates: tuple[Cidr, ...] = ()
    """Prefixes that some export announces and this router puts into BGP itself (``network`` statements), sorted."""
    maximum_paths: int | None = None
    """None = FRR's own default, which is multipath."""
    multipath_relax: bool = False
    """Neighbors or links of different ASes may announce one prefix."""
    redistribute: tuple[str, ...] = ()
    import_check: bool = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Node:
    """A host of ``edge_nodes``; never connected to."""

    host: str
    cluster: str
    labels: Mapping[str, str]
    addresses: Mapping[str, tuple[Address, ...]]
    asn: int | None = None
    """Its own AS number (``edge_cluster_asn`` on the node, read only where its cluster has none)."""
    router_id: Address | None = None
    local_addresses: Mapping[str, tuple[Address, ...]] = field(default_factory=dict)
    """Peering -> source addresses of its sessions (``edge_node_local_addresses``)."""
    drain: bool = False
    """It leaves all peerings."""
    absent: bool = False
    """It leaves the site, by ``edge_state`` or with its cluster. The cluster may have it for as long as it likes."""

    @property
    def all_labels(self) -> dict[str, str]:
        """What selectors of nodes see: also the labels that each kubelet sets, which nobody has to write down."""
        return {**kubelet_labels(self.host), **self.labels}

    def may_match(self, selector: Selector | None) -> bool:
        """Return whether a selector of nodes selects it in the cluster; None selects every node.

        Our labels go from an absent node, but later than objects change; a label that others have set too stays. So
        one counts as selected both with its labels and without.
        """
        if selector is None:
            return True
        return selector.matches(self.all_labels) or (self.absent and selector.matches(kubelet_labels(self.host)))


@dataclass(frozen=True, slots=True)
class Session:
    """One BGP session between a node and a router, as both ends see it.

    ``router`` is empty for a speaker on the node itself (``local_speaker``): no router of the site has that session.
    """

    cluster: str
    peering: str
    node: str
    node_address: Address | None
    """None where the node has none here: a dynamic neighbor whose address the site does not know."""
    node_asn: int
    router: str
    router_address: Address
    router_asn: int
    """As the node sees it: the peering's ``local_as`` where it has one."""
    family: Family
    """Family of the transport addresses."""
    families: tuple[Family, ...]
    """Families of the routes that it carries."""
    keys: SessionKeys
    peer_group: str
    """On the router; IPv6 ones end in ``-v6``."""
    cluster_config: str
    instance: str
    peer: str
    peer_config: str
    """Names of the Cilium side; IPv6 peers and PeerConfigs end in ``-v6``."""
    local_address: Address | None = None
    """Source address that the node must dial from (``edge_node_local_addresses``); then equal to ``node_address``."""
    update_source: Address | None = None
    """The router's source address, where the session is not between two addresses of one subnet."""
    dynamic: bool = False
    """The router knows the node by a listen range."""
    discover: bool = False
    """The node dials its default gateway instead of a written address."""


@dataclass(frozen=True, slots=True)
class Advertise:
    """Routes beside pools that a peering's nodes announce (``edge_peerings.P.advertise``)."""

    kind: str
    """``pod_cidrs``, ``pod_pools``, ``cluster_ips``, ``external_ips`` or ``interfaces``."""
    selector: Selector | None = None
    """None = all."""
    communities: tuple[Community, ...] = ()
    local_preference: int | None = None
    aggregate: Mapping[Family, int] = field(default_factory=dict)
    """Prefix length by family; empty = host routes."""
    interfaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Peering:
    """A class of sessions between routers and the nodes that a selector picks (``edge_peerings.P``)."""

    name: str
    networks: tuple[str, ...]
    nodes: Selector | None
    """None = all nodes of the cluster."""
    node_hosts: tuple[str, ...]
    """The nodes that it matches, sorted."""
    routers: tuple[str, ...]
    asn: int
    keys: SessionKeys
    families: tuple[Family, ...]
    """Route families: those that its pools and ``advertise`` have and both ends have addresses for."""
    accept: str = field(kw_only=True)
    """``pools``, or ``services``: only the planned addresses of services."""
    sessions: Family | None = None
    """The family of the one session that carries the routes of all; None = one session for each family."""
    local_as: int | None = None
    listen_ranges: tuple[Cidr, ...] = ()
    """CIDRs from which nodes may dial in; empty = named neighbors."""
    listen_limit: int | None = None
    listen_port: int | None = None
    """Port on which Cilium listens and which the router dials; None = Cilium only dials out."""
    source_interface: str | None = None
    discover: bool = False
    advertise: tuple[Advertise, ...] = ()
    filter: tuple[PrefixRule, ...] = ()
    """All that the router accepts over it: pools (or services), ``advertise``, and the prefixes of ``import_``; exact,
    minimal, sorted."""
    import_: Policy = field(kw_only=True)
    """``import`` as written, beside the derived filter."""
    export: Policy = field(kw_only=True)
    advertisement: str = ""
    """Name of its CiliumBGPAdvertisement."""
    peer_group: str = ""
    """On the router, without ``-v6``."""


@dataclass(frozen=True, slots=True)
class NodeClass:
    """The nodes of a cluster that have the same peerings: one CiliumBGPClusterConfig (a node may match only one)."""

    name: str
    """Name of the CiliumBGPClusterConfig."""
    selector: Selector | None
    """What selects exactly these nodes: a peering's own selector, or a label of ours; None = all nodes."""
    nodes: tuple[str, ...]
    peerings: tuple[str, ...]


_FAMILIES = {
    (Family.IPV4, Family.IPV4): (Family.IPV4,),
    (Family.IPV4, Family.IPV6): (Family.IPV4, Family.IPV6),
    (Family.IPV6, Family.IPV6): (Family.IPV6,),
}
"""The families of sorted addresses, by those of the first and the last one."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A named set of addresses that services draw from (``edge_pools.N``)."""

    name: str
    entries: tuple[PoolEntry, ...]
    exclude: tuple[PoolEntry, ...]
    intervals: tuple[Interval, ...]
    """The addresses that Cilium may hand out: entries minus excluded, merged, sorted; first/last already taken off
    where ``first_last`` is false."""
    bgp: tuple[str, ...]
    """Peerings that advertise it."""
    l2: tuple[str, ...]
    """Networks on which it is announced."""
    first_last: bool = field(kw_only=True)
    disabled: bool = False
    anycast: bool = False
    services: Selector | None = None
    """What selects its services; None = the pool label."""
    announce_only: Selector | None = None
    """Narrows what is advertised and announced."""
    external_ips: bool = False
    """On L2 the nodes answer for ``spec.externalIPs`` of its services too."""
    communities: tuple[Community, ...] = ()
    local_preference: int | None = None
    aggregate: Mapping[Family, int] = field(default_factory=dict)
    """Prefix length of its routes by family; empty = host routes."""

    @property
    def families(self) -> tuple[Family, ...]:
        """The families of its addresses, IPv4 first."""
        if not self.intervals:
            return ()
        return _FAMILIES[self.intervals[0].family, self.intervals[-1].family]


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Service that we create."""

    port: int
    target_port: int | str
    protocol: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Service:
    """A Service of type LoadBalancer (``edge_services."namespace/name"``)."""

    namespace: str
    name: str
    pool: str
    addresses: tuple[Address, ...]
    """Pinned addresses; empty = Cilium's choice."""
    manage: str
    """``service`` (we create it), ``metadata`` (we label and annotate it), ``values`` (its chart makes it)."""
    chart: str | None = None
    """``ingress-nginx``, ``cilium-ingress`` or ``gateway``, where ``manage`` is ``values``."""
    ingress_class: str | None = None
    ports: tuple[ServicePort, ...] = ()
    selector: Mapping[str, str] = field(default_factory=dict)
    families: tuple[Family, ...] = ()
    """Of the addresses it asks for; empty = the cluster's default family."""
    traffic_policy: str | None = None
    """``externalTrafficPolicy``: ``Cluster``, ``Local``; None = not said (Kubernetes: Cluster)."""
    way: str | None = None
    """``bgp`` or ``l2``: its ``loadBalancerClass``, reached by this way only; None = no class."""
    share: str | None = None
    """Sharing key of Cilium's LB-IPAM."""
    share_with: tuple[str, ...] = ()
    """Namespaces that may share its address; ``*`` = all."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What its pool's own selector asks for, beside the pool label; empty where the Service is made by others."""
    may_move: bool = False
    planned: bool = False
    """Its addresses were planned by us (``edge_allocation: planned``), not written in the inventory."""

    @property
    def key(self) -> str:
        """``namespace/name``, as the inventory spells it."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class PodPool:
    """A pool of pod CIDRs (``edge_cluster_pod_pools.N``): one CiliumPodIPPool."""

    name: str
    cidrs: tuple[Cidr, ...]
    mask: Mapping[Family, int]
    """Length of a node's CIDR out of it, by family."""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class L2Lease:
    """Timings of L2 announcement leases in seconds."""

    duration: int
    renew: int
    retry: float
    """In tenths; an ``int`` where it is whole."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """``edge_cluster_take_over``: what a run may take over in a cluster that already lives."""

    release: str | None = None
    """``name@version`` of the live Helm release."""
    unset: tuple[str, ...] = ()
    """Paths of its values that Helm may unset."""
    services: tuple[str, ...] = ()
    """``namespace/name@address`` of live services that may lose that address."""
    objects: tuple[str, ...] = ()
    """``Kind/name@generation-UID`` of objects: others', beside which the run goes on, and ours in use that may go."""

    @classmethod
    def of(cls, said: Mapping[str, Any] | None) -> TakeOver:
        """Return the consent that a map says; none for no map."""
        found = said or {}
        names: dict[str, tuple[str, ...]] = {
            key: tuple(found.get(key) or ()) for key in ("unset", "services", "objects")
        }
        return cls(found.get("release"), **names)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A host of ``edge_clusters`` with all that belongs to it."""

    host: str
    cilium_version: str
    default_pool: str | None
    """None = ``none``: a service that names no pool gets no address."""
    pool_label: str
    nodes: tuple[Node, ...]
    peerings: tuple[Peering, ...]
    pools: tuple[Pool, ...]
    services: tuple[Service, ...]
    sessions: tuple[Session, ...]
    classes: tuple[NodeClass, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    """The user's ``edge_cilium_values``, layers merged."""
    asn: int | None = None
    distribution: str | None = None
    kubeconfig: str | None = None
    context: str | None = None
    pod_cidrs: tuple[Cidr, ...] = ()
    service_cidrs: tuple[Cidr, ...] = ()
    managed: bool = field(kw_only=True)
    cilium_managed: bool = field(kw_only=True)
    absent: bool = False
    """``edge_state: absent``: it has no sessions, pools or services, and what we made there is removed."""
    absent_nodes: tuple[Node, ...] = ()
    """Nodes that leave: they peer with nobody, and labels of ours are removed from them."""
    external_cidrs: tuple[Cidr, ...] = ()
    pod_mask: Mapping[Family, int] = field(kw_only=True)
    """Length of a node's pod CIDR, by family."""
    pod_pools: tuple[PodPool, ...] = ()
    router_ids: Cidr | None = None
    """Pool of the nodes' BGP identifiers."""
    manage_labels: bool = field(kw_only=True)
    l2_lease: L2Lease = field(kw_only=True)
    take_over: TakeOver = field(default_factory=TakeOver)
    apply: str = "ours"
    """``edge_cluster_apply``: who writes to it, ``ours`` or ``others``."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A value that the inventory does not state, with the reason for it."""

    path: str
    value: Any
    reason: str


@dataclass(frozen=True, slots=True)
class Site:
    """One inventory's routers and clusters."""

    name: str
    networks: tuple[Network, ...]
    routers: tuple[Router, ...]
    clusters: tuple[Cluster, ...]
    derived: tuple[Derived, ...] = ()

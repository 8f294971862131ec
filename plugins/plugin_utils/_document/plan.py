# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as a document: the type of every key that the plan writes, and verify, twin, render and report read.

Beside each type stand what the key means and, in a tuple, the words that it may be: ``scripts/generate.py`` writes
``docs/reference/plan.md`` and what the roles say of the plan from them. Keys are JSON's; a plan has no secrets. Lists
and maps are sorted, so that the same inventory gives the same bytes.
"""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from .._findings.finding import FindingEntry
from .frr_intent import FrrIntent

FORMAT = 1
"""The plan's ``format``. A new number says that an old reader must not read it: a key has gone or means something else.
A new key alone is no new format."""

KubernetesObject = dict[str, Any]
"""A Kubernetes object, or a part of one, as plain dicts, lists and scalars."""

HelmValues = dict[str, Any]


class DerivedValue(TypedDict):
    """A value that the inventory does not state."""

    path: Annotated[str, "The key that it would stand under."]
    value: Annotated[Any, "The value."]
    reason: Annotated[str, "What it was computed from."]


class AcceptedWarning(TypedDict):
    """One entry of ``edge_accept``."""

    code: Annotated[str, "Code of the warning."]
    path: Annotated[str | None, "The place at which it is accepted; null: everywhere."]
    reason: Annotated[str, "Why."]


class PlannedNetwork(TypedDict):
    """An L3 segment that routers and nodes share."""

    cidrs: Annotated[list[str], "Subnets."]
    interfaces: Annotated[list[str], "Interface names or globs, for L2 announcements."]
    l2_nodes: Annotated[str | None, "Selector of the nodes that announce here; null: all with an address here."]
    loopback: Annotated[bool, "Whether it holds loopback addresses: no segment, no ARP."]
    dhcp: Annotated[list[str], "Ranges that a DHCP server hands out."]
    delivery: Annotated[
        str | None, "How a provider hands this public range over; null: it is none.", ("routed", "on_link")
    ]
    return_path: Annotated[
        str,
        "How nodes answer what reached them here: by their default route, or through this network.",
        ("default_route", "network"),
    ]


class PlannedController(TypedDict):
    """How UniFi Network is reached; its secrets are not in the plan."""

    url: Annotated[str, "``https://`` and its address."]
    site: Annotated[str, "UniFi's site."]
    ca_path: Annotated[str | None, "PEM file that its certificate is checked with; null: the machine's authorities."]
    fingerprint: Annotated[str | None, "SHA-256 of the only certificate that is taken; null: any that can be checked."]
    validate_certs: Annotated[bool, "Whether its certificate is checked at all."]


class PlannedRouter(TypedDict):
    """One router."""

    managed: Annotated[bool, "Whether the run configures it."]
    absent: Annotated[bool, "``edge_state: absent``: what this collection made there is removed."]
    platform: Annotated[str, "What the router is.", ("linux", "unifi")]
    bgp_owner: Annotated[
        str,
        "Who holds its BGP: its own file or UniFi Network, which the run writes, or somebody else: never written.",
        ("file", "controller", "none"),
    ]
    controller: Annotated[PlannedController | None, "How UniFi Network is reached; null: it does not hold the BGP."]
    persist: Annotated[
        bool, "Whether a boot hook is to bring its file back after a firmware upgrade; false for a router that leaves."
    ]
    take_over: Annotated[
        list[str],
        "Blocks of FRR that are not ours and that a restart may lose; planned lists that may decide for others too.",
    ]
    frr_version: Annotated[str, "The FRR version that the plan assumes."]
    asn: Annotated[int, "AS number."]
    router_id: Annotated[str, "BGP identifier."]
    addresses: Annotated[dict[str, list[str]], "By network, its addresses there."]
    frr: Annotated[FrrIntent, "What its FRR must hold."]
    passwords: Annotated[list[str], "Names of the TCP-MD5 passwords that ``frr`` uses, as ``<host>/<name>``."]


class PlannedNode(TypedDict):
    """One node of a cluster."""

    labels: Annotated[dict[str, str], "Labels that the inventory gives it."]
    addresses: Annotated[dict[str, list[str]], "By network, its addresses there."]
    return_paths: Annotated[
        dict[str, list[str]],
        "By network, the addresses of services whose answers it sends through that network: it needs a routing rule for"
        " each.",
    ]


class ServiceManifest(TypedDict):
    """What the run does to one Service."""

    namespace: Annotated[str, "Namespace of the Service; it must exist where ``manage`` is ``service``."]
    name: Annotated[str, "Name of the Service."]
    manage: Annotated[
        str,
        "Who makes the Service: we, its owner (we label and annotate it), or its chart.",
        ("service", "metadata", "values"),
    ]
    object: Annotated[KubernetesObject | None, "The whole Service where ``manage`` is ``service``; else null."]
    labels: Annotated[dict[str, str], "The labels that are ours."]
    annotations: Annotated[dict[str, str], "The annotations that are ours."]


class ChartValues(TypedDict):
    """Helm values for a chart that makes a Service."""

    namespace: Annotated[str, "Namespace of the Service."]
    service: Annotated[str, "Name of the Service."]
    chart: Annotated[str | None, "The chart.", ("ingress-nginx", "cilium-ingress", "gateway")]
    values: Annotated[HelmValues, "The values; of a ``gateway`` a patch of the Gateway."]


class PlannedTakeOver(TypedDict):
    """What a run may take over in a cluster that already lives."""

    release: Annotated[str | None, "``name@version`` of the live Helm release; null: none."]
    unset: Annotated[list[str], "Paths of its values that Helm may unset."]
    services: Annotated[list[str], "Live services (``namespace/name@address``) that may lose that address."]
    objects: Annotated[
        list[str],
        "Objects (``Kind/name@generation``): others' beside which the run goes on, ours with which sessions may end.",
    ]


class PlannedCluster(TypedDict):
    """One cluster: what the roles ``cilium_net_*`` take."""

    managed: Annotated[bool, "Whether the run configures it."]
    absent: Annotated[bool, "``edge_state: absent``: what this collection made there is removed."]
    apply: Annotated[
        str, "Who writes to it: the run, or Flux or Argo CD, while the run only reads.", ("ours", "others")
    ]
    cilium_managed: Annotated[bool, "Whether the run installs and upgrades Cilium's Helm release."]
    take_over: Annotated[PlannedTakeOver, "What the run may take over there."]
    cilium_version: Annotated[str, "The Cilium version that the plan assumes."]
    distribution: Annotated[str | None, "Such as ``talos`` or ``k3s``; null: not said."]
    kubeconfig: Annotated[str | None, "Path of the kubeconfig; null: the client's own default."]
    context: Annotated[str | None, "Context in it; null: the current one."]
    pool_label: Annotated[str, "Key of the label by which a Service names its pool."]
    default_pool: Annotated[str | None, "Pool of Services that name none; null: they get no address."]
    nodes: Annotated[dict[str, PlannedNode], "Its nodes by name."]
    absent_nodes: Annotated[list[str], "Nodes that leave the site: by ``edge_state``, or with their cluster."]
    pod_cidrs: Annotated[list[str], "CIDRs of its pods, where the site knows them."]
    service_cidrs: Annotated[list[str], "CIDRs of its cluster IPs, where the site knows them."]
    helm_values: Annotated[
        HelmValues, "Values of Cilium's Helm release, whole: what the live release sets and this does not is unset."
    ]
    node_labels: Annotated[
        dict[str, dict[str, str]] | None,
        "By node, the labels that it shall have from us; null: all labels are left alone.",
    ]
    bgp: Annotated[list[KubernetesObject], "BGP objects, whole, in the order in which they are applied."]
    lb: Annotated[list[KubernetesObject], "Pools and L2 policies, whole, in the order in which they are applied."]
    services: Annotated[list[ServiceManifest], "What to do to each Service."]
    charts: Annotated[list[ChartValues], "Values of the charts that make Services."]
    may_move: Annotated[list[str], "Services (``namespace/name``) that may get another address."]
    passwords: Annotated[list[str], "Names under ``edge_bgp_passwords`` that its sessions use."]
    secrets_namespace: Annotated[str, "Namespace in which Cilium reads BGP passwords."]


class PlannedSession(TypedDict):
    """One BGP session between a node and a router, as both ends see it."""

    cluster: Annotated[str, "The node's cluster."]
    peering: Annotated[str, "Name of its peering."]
    node: Annotated[str, "The node."]
    node_address: Annotated[str, "Its address; empty where the site does not know it (it dials in)."]
    node_asn: Annotated[int, "Its AS number."]
    router: Annotated[str, "The router; empty for a speaker on the node itself."]
    router_address: Annotated[str, "The address that the node dials."]
    router_asn: Annotated[int, "The router's AS number as the node sees it."]
    family: Annotated[str, "Family of the session's own addresses.", ("ipv4", "ipv6")]
    families: Annotated[list[str], "Families of the routes that it carries."]
    hold: Annotated[int, "Hold time in seconds."]
    keepalive: Annotated[int, "Keepalive time in seconds."]
    connect_retry: Annotated[int, "Seconds between two attempts to connect."]
    graceful_restart: Annotated[int, "Restart time in seconds (RFC 4724); 0: off."]
    multihop: Annotated[int | None, "TTL of a session over several hops; null: directly connected."]
    ttl_security: Annotated[bool, "Whether GTSM (RFC 5082) is on."]
    password: Annotated[str | None, "Name of its TCP-MD5 password; null: none."]
    shutdown: Annotated[bool, "Whether it is shut down on the router."]
    dynamic: Annotated[bool, "Whether the router knows the node by a listen range."]
    discover: Annotated[bool, "Whether the node dials its default gateway instead of a written address."]
    local_address: Annotated[str | None, "Address from which the node must dial; null: its choice."]
    peer_group: Annotated[str, "Peer group on the router."]
    cluster_config: Annotated[str, "Name of the CiliumBGPClusterConfig."]
    instance: Annotated[str, "Name of the BGP instance in it."]
    peer: Annotated[str, "Name of the peer in the instance."]
    peer_config: Annotated[str, "Name of the CiliumBGPPeerConfig."]
    node_router_id: Annotated[str | None, "The node's BGP identifier; null: Cilium's choice."]
    listen_port: Annotated[int | None, "Port on which the node listens; null: it only dials out."]


class PrefixMatch(TypedDict):
    """Prefixes inside ``prefix`` of ``ge`` to ``le`` bits; without both, exactly ``prefix``."""

    prefix: Annotated[str, "CIDR."]
    ge: Annotated[int | None, "Shortest length."]
    le: Annotated[int | None, "Longest length."]


class PlannedPolicy(TypedDict):
    """What passes in one direction between a router and a neighbor."""

    all: Annotated[bool, "Whether nothing is filtered."]
    prefixes: Annotated[list[PrefixMatch], "Prefixes that pass."]
    default_route: Annotated[bool, "Whether the default route passes."]
    redistributed: Annotated[bool, "Whether redistributed routes pass."]
    communities: Annotated[list[str], "Import: a route must carry all of them. Export: added to each route."]


_ImportPolicy = TypedDict("_ImportPolicy", {"import": Annotated[PlannedPolicy, "What the router accepts from it."]})
"""``import`` is a keyword of Python, so a class cannot have it."""


class PlannedNeighbor(_ImportPolicy):
    """A BGP speaker beside a router that is no node: a neighbor of its own, or the other end of a link."""

    router: Annotated[str, "The router."]
    name: Annotated[str, "Name of the neighbor or link."]
    link: Annotated[str | None, "The link whose other end this is; null: a neighbor of its own."]
    other: Annotated[str | None, "The router at the other end of the link."]
    addresses: Annotated[list[str], "Its addresses, each one session."]
    interface: Annotated[str | None, "Interface of an unnumbered session or of link-local addresses."]
    listen_ranges: Annotated[list[str], "CIDRs from which it may dial in."]
    asn: Annotated[int | str, "AS number, ``internal`` or ``external``."]
    local_as: Annotated[int | None, "AS number that the router shows it; null: the router's own."]
    families: Annotated[list[str], "Families of the routes."]
    hold: Annotated[int, "Hold time in seconds."]
    keepalive: Annotated[int, "Keepalive time in seconds."]
    graceful_restart: Annotated[int, "Restart time in seconds; 0: off."]
    connect_retry: Annotated[int, "Seconds between two attempts to connect."]
    password: Annotated[str | None, "Name of its TCP-MD5 password; null: none."]
    shutdown: Annotated[bool, "Whether the session is shut down."]
    bfd: Annotated[bool, "Whether BFD watches the session."]
    peer_group: Annotated[str, "Peer group on the router."]
    export: Annotated[PlannedPolicy, "What the router sends it."]


class PlannedPool(TypedDict):
    """A named set of addresses that Services draw from."""

    cluster: Annotated[str, "Its cluster."]
    name: Annotated[str, "Its name."]
    addresses: Annotated[list[str], "CIDRs and ranges, as written."]
    exclude: Annotated[list[str], "What is left out of them, as written."]
    ranges: Annotated[list[list[str]], "First and last address of each range that Cilium may hand out."]
    families: Annotated[list[str], "Families of its addresses, IPv4 first."]
    capacity: Annotated[dict[str, int], "By family, how many addresses it has."]
    used: Annotated[list[str], "Addresses that planned Services hold."]
    left: Annotated[dict[str, int], "By family, how many are left."]
    next_free: Annotated[str | None, "The first address that no planned Service holds; null: none."]
    bgp: Annotated[list[str], "Peerings that advertise it."]
    l2: Annotated[list[str], "Networks on which it is announced."]
    disabled: Annotated[bool, "Whether it gives no address to new Services."]
    services: Annotated[str | None, "Selector of its Services; null: those that name it by the pool label."]
    announce_only: Annotated[str | None, "Selector of the Services whose addresses are announced; null: all."]
    communities: Annotated[list[str], "Communities on its routes."]
    local_preference: Annotated[int | None, "Local preference of its routes."]
    aggregate: Annotated[dict[str, int], "By family, prefix length of its routes; none: host routes."]


class PlannedPort(TypedDict):
    """One port of a Service."""

    port: Annotated[int, "Number."]
    protocol: Annotated[str, "Protocol.", ("TCP", "UDP", "SCTP")]


_ServiceClass = TypedDict(
    "_ServiceClass",
    {
        "class": Annotated[
            str | None, "Its ``loadBalancerClass``; null: it is reachable in every way of its pool.", ("bgp", "l2")
        ]
    },
)
"""``class`` is a keyword of Python, so a class cannot have it."""


class PlannedService(_ServiceClass):
    """One Service of type LoadBalancer."""

    cluster: Annotated[str, "Its cluster."]
    namespace: Annotated[str, "Its namespace."]
    name: Annotated[str, "Its name."]
    pool: Annotated[str, "The pool that it draws from."]
    addresses: Annotated[list[str], "Its addresses; none: Cilium's choice."]
    planned: Annotated[bool, "Whether the plan chose the addresses (``edge_allocation: planned``)."]
    families: Annotated[list[str], "Families that it asks for; none: the cluster's default."]
    manage: Annotated[str, "Who makes it: we, its owner, or its chart.", ("service", "metadata", "values")]
    traffic_policy: Annotated[str, "Its ``externalTrafficPolicy``.", ("Cluster", "Local")]
    reach: Annotated[list[str], "``bgp``, ``l2`` or both: how it is reachable."]
    via: Annotated[list[str], "The peerings and networks over which."]
    share: Annotated[str | None, "Sharing key: Services with the same one may hold one address."]
    may_move: Annotated[bool, "Whether it may get another address."]
    ports: Annotated[list[PlannedPort], "Its ports."]


class PlannedGroup(TypedDict):
    """The sessions of a peering that one router tells apart by nothing but the node."""

    cluster: Annotated[str, "The cluster."]
    peering: Annotated[str, "The peering."]
    router: Annotated[str, "The router."]
    peer_group: Annotated[str, "The peer group on it."]
    nodes: Annotated[dict[str, str], "Node that may announce -> address of its session; empty: not known to the site."]
    dynamic: Annotated[bool, "Whether the router knows the nodes by a listen range."]


class PlannedAnnouncement(PlannedGroup):
    """A pool by BGP."""

    pool: Annotated[str, "The pool."]
    families: Annotated[list[str], "Families in which it is announced."]
    length: Annotated[
        dict[str, int], "By family, prefix length of its routes; of ``Local`` Services always 32 and 128."
    ]
    announce_only: Annotated[str | None, "Selector of the Services whose addresses are announced; null: all."]


class PlannedRoutes(PlannedGroup):
    """What else may come by BGP, one entry per kind."""

    kind: Annotated[
        str,
        "What comes; ``import``: what the peering's ``import`` lets in.",
        ("pod_cidrs", "pod_pools", "cluster_ips", "external_ips", "interfaces", "import"),
    ]
    families: Annotated[list[str], "Families of the prefixes."]
    selector: Annotated[str | None, "Selector of the objects that are announced; null: all."]
    prefixes: Annotated[list[PrefixMatch], "Prefixes that may come."]


class PlannedLeases(TypedDict):
    """A pool that is announced on a network by L2."""

    cluster: Annotated[str, "The cluster."]
    pool: Annotated[str, "The pool."]
    network: Annotated[str, "The network."]
    nodes: Annotated[list[str], "Nodes that may hold the lease of a Service there."]
    interfaces: Annotated[list[str], "Interface names or globs."]
    announce_only: Annotated[str | None, "Selector of the Services whose addresses are announced; null: all."]


FAILURES = ("node", "agent", "frr")
"""What may fail: a node or its link, a node's Cilium agent, the router's FRR."""


class PlannedFailure(TypedDict):
    """What one failure costs the services of a pool on one way: those of traffic policy ``Local``, or all others."""

    cluster: Annotated[str, "The cluster."]
    pool: Annotated[str, "The pool."]
    services: Annotated[list[str], "Planned services with these numbers; others of the pool have them too."]
    traffic_policy: Annotated[str, "Of these services.", ("Cluster", "Local")]
    way: Annotated[str, "``BGP`` and the peering, or ``L2`` and the network."]
    router: Annotated[str | None, "The router; null: over L2."]
    failure: Annotated[str, "What fails.", FAILURES]
    nodes: Annotated[
        int | None,
        "One in so many clients loses it; null: one in the router's nodes with a ready endpoint of the service, and in"
        " ``in_use`` at most.",
    ]
    in_use: Annotated[
        int | None, "Nodes that are in use at a time: the failure of another one costs nothing; null: all are."
    ]
    over_links: Annotated[list[str], "Other routers with nodes that announce it, from which this one hears it too."]
    least: Annotated[float, "For at least so many seconds."]
    most: Annotated[
        float | None,
        "For at most so many; null: as long as it is away. Of a service of traffic policy ``Local`` the failure of the"
        " only node with a ready endpoint always lasts as long as it is away.",
    ]
    back_within: Annotated[
        int | None, "Seconds within which it must be back, or else its routes or its lease go; null: no matter."
    ]


class PlannedExpectations(TypedDict):
    """Which nodes are allowed to announce what: what verify starts from."""

    announcements: Annotated[list[PlannedAnnouncement], "Pools by BGP."]
    routes: Annotated[list[PlannedRoutes], "All else by BGP."]
    l2: Annotated[list[PlannedLeases], "Pools by L2."]


class PlanDocument(TypedDict):
    """The whole plan of an inventory without errors."""

    format: Annotated[int, "1. Another number would say that a reader of this one must not read it."]
    site: Annotated[str, "The site's name."]
    findings: Annotated[list[FindingEntry], "Warnings about the inventory."]
    derived: Annotated[list[DerivedValue], "Values that the inventory does not state."]
    networks: Annotated[dict[str, PlannedNetwork], "Networks by name."]
    routers: Annotated[dict[str, PlannedRouter], "Routers by name."]
    clusters: Annotated[dict[str, PlannedCluster], "Clusters by name."]
    sessions: Annotated[list[PlannedSession], "Every BGP session of a node."]
    neighbors: Annotated[list[PlannedNeighbor], "Every BGP session of a router with a speaker that is no node."]
    pools: Annotated[list[PlannedPool], "Pools with their capacity."]
    services: Annotated[list[PlannedService], "Services with their addresses."]
    expect: Annotated[PlannedExpectations, "Which nodes may announce what."]
    failures: Annotated[list[PlannedFailure], "How long each kind of failure lasts for each pool."]
    allocations: Annotated[dict[str, list[str]], "By ``cluster/namespace/name``, addresses that the plan chose."]
    accept: Annotated[list[AcceptedWarning], "Accepted warnings; verify takes its own from here."]

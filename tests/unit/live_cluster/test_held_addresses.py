# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an inventory to what its pools would take from the services of a cluster that already runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.lb_ipam import CLASSED, NONE, LbIpam
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.changes import lb_changes
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.held_addresses import (
    MayMove,
    lost_at_a_start,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import TakeOver
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.noted import all_noted, with_uids

METALLB_SITE = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.90.0.0/24, interfaces: eth0}}
    edge_peerings: {rack: {network: lan}}
    edge_pools: {production: {addresses: 10.91.0.0/26, bgp: rack}}
    edge_services: {web/front: {pool: production, addresses: 10.91.0.5}}
  children:
    edge_routers: {hosts: {tor: {ansible_host: 10.90.0.1, edge_router_asn: 64512}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64513, edge_cilium_version: "1.19.6", edge_cilium_managed: false}}}
    edge_nodes: {hosts: {n1: {ansible_host: 10.90.0.11}, n2: {ansible_host: 10.90.0.12}}}
"""


def pools(version: str = "1.19.6", **variables: Any) -> list[dict[str, Any]]:
    """Return the planned pools and policies of the site; ``variables`` replace those of ``all``."""
    document = yaml.safe_load(METALLB_SITE)
    document["all"]["vars"].update(variables)
    document["all"]["children"]["edge_clusters"]["hosts"]["home"]["edge_cilium_version"] = version
    return list(plan(inventory_from(document)).data["clusters"]["home"]["lb"])


def held(name: str, address: str, **annotations: str) -> dict[str, Any]:
    namespace, _slash, own = name.partition("/")
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": namespace, "name": own, "annotations": annotations},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
    }


def refusals(
    planned: list[dict[str, Any]],
    live: list[dict[str, Any]],
    services: list[dict[str, Any]],
    lb_ipam: str | LbIpam = "1.19.6",
    may_move: MayMove = MayMove(),  # noqa: B008 - it is immutable
    told: Callable[[EdgeError], str] = lambda error: f"{error.path}: {error.problem}",
) -> list[str]:
    """Return why the pools are refused, as the errors' places and problems unless ``told`` says otherwise."""
    kinds = {
        item["kind"]: {"versions": ["v2", "v2alpha1"], "fields": {"v2": None, "v2alpha1": None}} for item in planned
    }
    state = {"kinds": kinds, "objects": live, "nodes": {}, "namespaces": [], "services": services, "secrets": []}
    state = with_uids(state)
    claims = all_noted("lb", state, "edge")
    rules = LbIpam(lb_ipam) if isinstance(lb_ipam, str) else lb_ipam
    return [told(item) for item in lb_changes(planned, may_move, state, claims, rules).errors]


MEDIA = held("media/plex", "10.90.0.201", **{"metallb.io/ip-allocated-from-pool": "lan"})
FRONT = held("web/front", "10.90.0.202", **{"metallb.io/ip-allocated-from-pool": "lan"})
TAKEN = (
    "it holds {} (given by MetalLB), and the cluster has no CiliumLoadBalancerIPPool yet: with the first one, Cilium takes"
    " the address away"
)


def test_one_pool_beside_metallb_strips_what_stays_with_metallb() -> None:
    assert refusals(pools(edge_default_pool="none"), [], [MEDIA, FRONT]) == [
        f"Service media/plex: {TAKEN.format('10.90.0.201')} and gives it none",
        f"Service web/front: {TAKEN.format('10.90.0.202')} and gives it none",
    ]


def test_a_pool_without_a_selector_gives_all_of_them_other_addresses() -> None:
    assert refusals(pools(), [], [MEDIA, FRONT]) == [
        f"Service media/plex: {TAKEN.format('10.90.0.201')} and gives it another one, of production",
        f"Service web/front: {TAKEN.format('10.90.0.202')} and gives it another one, of production",
    ]


def test_a_service_that_asks_for_no_address_makes_no_pool_refuse_another() -> None:
    """A planned name may be that of a ClusterIP Service: it lacks nothing of a pool that shrinks."""
    before = pools(edge_pools={"production": {"addresses": "10.91.0.0/25", "bgp": "rack"}})
    inside = {**held("web/front", ""), "spec": {"type": "ClusterIP"}, "status": {}}
    assert refusals(pools(), before, [held("web/other", "10.91.0.9"), inside]) == []


@pytest.mark.parametrize("version", ["1.17.16", "1.18.2", "1.20.2"])
def test_an_address_that_goes_to_another_pool_is_taken_away_first(version: str) -> None:
    """A pool under another name is another pool: an address stays with its service by the same one alone."""
    entry = {"addresses": "10.91.0.0/26", "bgp": "rack"}
    before = pools(version, edge_services={})
    renamed = pools(version, edge_pools={"prod": entry}, edge_services={})
    asked = held("media/plex", "10.91.0.7", **{"lbipam.cilium.io/ips": "10.91.0.7"})
    assert refusals(renamed, before, [asked, held("media/none", "")], version) == [
        "CiliumLoadBalancerIPPool production: the service media/plex holds 10.91.0.7, which the pool prod is to give it"
        " instead: Cilium takes it away first, so its connections end, and only a service that asks for its address is sure"
        " to get it again"
    ]
    said = MayMove(take_over=TakeOver(services=("media/plex@10.91.0.7",)))
    assert refusals(renamed, before, [asked], version, said) == []


def test_a_widened_pool_moves_services_of_an_older_cilium() -> None:
    before = pools("1.17.4")
    after = pools("1.17.4", edge_pools={"production": {"addresses": "10.91.0.0/25", "bgp": "rack"}})
    unpinned = held("media/plex", "10.91.0.7")
    pinned = held("web/front", "10.91.0.5", **{"lbipam.cilium.io/ips": "10.91.0.5"})
    assert refusals(after, before, [unpinned, pinned], "1.17.4") == [
        "CiliumLoadBalancerIPPool production: the service media/plex holds 10.91.0.7 without asking for it, and Cilium 1.17.4"
        " may give it another one when the pool changes (mended in 1.18.2)"
    ]
    assert refusals(before, before, [unpinned, pinned], "1.17.4") == []


def lb_pool(*blocks: str, **spec: Any) -> dict[str, Any]:
    """Return a pool of this site: CIDRs, or ranges as ``first-last``."""
    written = [
        {"cidr": text} if "/" in text else dict(zip(("start", "stop"), text.split("-"), strict=True)) for text in blocks
    ]
    labels = {"app.kubernetes.io/managed-by": "hybridnet.cluster_edge", "cluster-edge.hybridnet/site": "edge"}
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumLoadBalancerIPPool",
        "metadata": {"name": spec.pop("name", "old"), "labels": labels},
        "spec": {"blocks": written, **spec},
    }


PIN = "lbipam.cilium.io/ips"
OFF = {"disabled": True}
DRAINED = (
    "CiliumLoadBalancerIPPool old: the service media/plex holds 10.91.0.18, and its block changes while the pool is disabled:"
    " a new block of such a pool gives nothing: Cilium would take it away"
)


@pytest.mark.parametrize("pinned", [False, True], ids=["unpinned", "pinned"])
@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        pytest.param(OFF, lb_pool("10.91.0.16/29", **OFF), DRAINED, id="narrowed"),
        pytest.param(OFF, lb_pool("10.91.0.0/27", **OFF), DRAINED, id="widened"),
        pytest.param(OFF, lb_pool("10.91.0.16/29", "10.91.0.24/29", **OFF), DRAINED, id="cut anew"),
        pytest.param({}, lb_pool("10.91.0.16/29", **OFF), DRAINED, id="narrowed and disabled in one edit"),
        pytest.param({}, lb_pool("10.91.0.16/28", **OFF), None, id="disabled"),
        pytest.param(OFF, lb_pool("10.91.0.16/28", "10.91.0.64/28", **OFF), None, id="another block comes"),
        pytest.param(OFF, lb_pool("10.91.0.16/29"), None, id="narrowed and enabled in one edit"),
    ],
)
def test_a_new_block_of_a_disabled_pool_gives_nothing(
    before: dict[str, Any], after: dict[str, Any], refused: str | None, pinned: bool
) -> None:
    service = held("media/plex", "10.91.0.18", **({PIN: "10.91.0.18"} if pinned else {}))
    found = refusals([after], [lb_pool("10.91.0.16/28", **before)], [service], "1.20.2")
    assert found == ([refused] if refused else [])


NO_ENDS = {"allowFirstLastIPs": "No"}
RESERVED = (
    "CiliumLoadBalancerIPPool old: the service media/plex holds {}, and its block changes to one whose first and last address"
    " are reserved (first_last: false): Cilium would take it away"
)


@pytest.mark.parametrize("pinned", [False, True], ids=["unpinned", "pinned"])
@pytest.mark.parametrize(
    ("before", "after", "address", "refused"),
    [
        pytest.param("10.91.0.0/24", "10.91.0.0/25", "10.91.0.127", True, id="it becomes the last one"),
        pytest.param("10.91.0.0/24", "10.91.0.0/25", "10.91.0.0", True, id="it is the first one of a new block"),
        pytest.param("10.91.0.0/24", "10.91.0.0/25", "10.91.0.126", False, id="another one"),
        pytest.param("10.91.0.0/24", "10.91.0.0/24", "10.91.0.255", False, id="the block stays"),
        pytest.param("10.91.0.0/24", "10.91.0.0-10.91.0.127", "10.91.0.127", False, id="a range has no reserved ends"),
        pytest.param("10.91.0.0/30", "10.91.0.0/31", "10.91.0.1", False, id="nor has a /31"),
    ],
)
def test_reserved_addresses_stay_held_in_a_block_that_stays(
    before: str, after: str, address: str, refused: bool, pinned: bool
) -> None:
    service = held("media/plex", address, **({PIN: address} if pinned else {}))
    found = refusals([lb_pool(after, **NO_ENDS)], [lb_pool(before)], [service], "1.20.2")
    assert found == ([RESERVED.format(address)] if refused else [])


def freed(address: str, block: str = "10.91.0.0-10.91.0.255") -> str:
    return (
        f"CiliumLoadBalancerIPPool old: the service media/plex holds {address}, the first or last address of a block, and"
        " first_last: false is taken out: Cilium then counts the address as free, whoever holds it, so another service may get"
        f" it too, or its operator ends by a crash (1.20) (write the block as a range ({block}), of which no address is"
        " reserved; or move the service to another address first, or say so: edge_cluster_take_over: {services:"
        f" ['media/plex@{address}']}} (of the role alone: cilium_net_lb_take_over))"
    )


@pytest.mark.parametrize("version", ["1.18.2", "1.19.6", "1.20.2"])
@pytest.mark.parametrize("pinned", [False, True], ids=["unpinned", "pinned"])
@pytest.mark.parametrize(
    ("after", "address", "refused"),
    [
        pytest.param(lb_pool("10.91.0.0/24"), "10.91.0.255", True, id="the last one"),
        pytest.param(lb_pool("10.91.0.0/24"), "10.91.0.0", True, id="the first one"),
        pytest.param(lb_pool("10.91.0.0/24", "10.92.0.0/24"), "10.91.0.0", True, id="another block comes too"),
        pytest.param(lb_pool("10.91.0.0/24", **OFF), "10.91.0.0", True, id="disabled too"),
        pytest.param(lb_pool("10.91.0.0/24"), "10.91.0.1", False, id="another one"),
        pytest.param(lb_pool("10.91.0.0/24", **NO_ENDS), "10.91.0.0", False, id="they stay reserved"),
        pytest.param(lb_pool("10.91.0.0-10.91.0.255"), "10.91.0.0", False, id="the block is a range from now on"),
        pytest.param(lb_pool("10.91.0.0-10.91.0.255", **NO_ENDS), "10.91.0.0", False, id="only the range is new"),
    ],
)
def test_an_end_that_is_held_is_not_freed(
    after: dict[str, Any], address: str, refused: bool, pinned: bool, version: str
) -> None:
    service = held("media/plex", address, **({PIN: address} if pinned else {}))
    before = lb_pool("10.91.0.0/24", **NO_ENDS)
    assert refusals([after], [before], [service], version, told=str) == ([freed(address)] if refused else [])
    word = MayMove(take_over=TakeOver(services=(f"media/plex@{address}",)))
    assert refusals([after], [before], [service], version, word) == []


def test_a_new_block_has_no_end_that_is_freed() -> None:
    """It is made as it is planned, and what services hold of the old one is imported."""
    service = held("media/plex", "10.91.0.0")
    assert refusals([lb_pool("10.91.0.0/25")], [lb_pool("10.91.0.0/24", **NO_ENDS)], [service], "1.20.2") == []


def test_the_first_pool_keeps_no_reserved_address() -> None:
    of_metallb = held("media/plex", "10.41.0.63", **{"metallb.io/ip-allocated-from-pool": "lan"})
    within = held("web/front", "10.41.0.62", **{"metallb.io/ip-allocated-from-pool": "lan"})
    assert refusals([lb_pool("10.41.0.0/26", **NO_ENDS)], [], [of_metallb, within]) == [
        f"Service media/plex: {TAKEN.format('10.41.0.63')} and gives it another one, of old"
        " (the pool old reserves it: first_last: false)"
    ]
    assert refusals([lb_pool("10.41.0.0/26")], [], [of_metallb, within]) == []


def test_the_first_pool_keeps_no_address_for_a_service_that_asks_for_another() -> None:
    asks = held("media/plex", "10.41.0.6", **{PIN: "10.41.0.5"})
    assert [text.partition(":")[0] for text in refusals([lb_pool("10.41.0.0/26")], [], [asks])] == [
        "Service media/plex"
    ]


def test_of_several_first_pools_the_first_one_alone_is_seen() -> None:
    """It wakes LB-IPAM, which then looks at all services before it reads of the next pool."""
    planned = [lb_pool("10.41.0.0/26", name="a"), lb_pool("10.42.0.0/26", name="b")]
    services = [held("media/plex", "10.41.0.6"), held("web/front", "10.42.0.6", **{PIN: "10.42.0.6"})]
    assert refusals(planned, [], services) == [
        "Service web/front: it holds 10.42.0.6, and the cluster has no CiliumLoadBalancerIPPool yet: with the first one, a,"
        " Cilium takes away what that one does not give. The pool b, which comes a moment later, gives the address back for"
        " sure only to a service that asks for it, and connections end"
    ]


def sharing(name: str, key: str, port: int, protocol: str = "TCP", **spec: Any) -> dict[str, Any]:
    notes = {"metallb.io/allow-shared-ip": "dns", **({"lbipam.cilium.io/sharing-key": key} if key else {})}
    service = held(name, "10.41.0.5", **notes)
    service["spec"].update(ports=[{"port": port, "protocol": protocol}], **spec)
    return service


def not_shared(name: str, other: str) -> str:
    return (
        f"Service {name}: it holds 10.41.0.5 (given by MetalLB), and so does {other}: the cluster has no"
        " CiliumLoadBalancerIPPool yet: with the first one, Cilium leaves it to one of them, as they do not say yet that they"
        " share it"
    )


@pytest.mark.parametrize(
    ("services", "refused"),
    [
        pytest.param([sharing("dns/tcp", "", 53), sharing("dns/udp", "", 53, "UDP")], True, id="nobody says so"),
        pytest.param([sharing("dns/tcp", "x", 53), sharing("dns/udp", "", 53, "UDP")], True, id="one of them says so"),
        pytest.param([sharing("dns/tcp", "x", 53), sharing("dns/udp", "y", 53, "UDP")], True, id="two keys"),
        pytest.param([sharing("dns/tcp", "x", 53), sharing("dns/udp", "x", 53, "UDP")], False, id="both say so"),
        pytest.param([sharing("dns/tcp", "x", 53), sharing("dns/udp", "x", 53)], True, id="one port"),
        pytest.param(
            [sharing("dns/tcp", "x", 53, externalTrafficPolicy="Local"), sharing("dns/udp", "x", 54)],
            True,
            id="two traffic policies",
        ),
        pytest.param(
            [sharing(f"dns/{n}", "x", n, externalTrafficPolicy="Local", selector={"a": str(n)}) for n in (53, 54)],
            True,
            id="Local, of other pods",
        ),
        pytest.param([sharing("dns/tcp", "x", 53), sharing("web/udp", "x", 54)], True, id="two namespaces"),
    ],
)
def test_the_first_pool_leaves_a_shared_address_to_one(services: list[dict[str, Any]], refused: bool) -> None:
    one, two = (f"{item['metadata']['namespace']}/{item['metadata']['name']}" for item in services)
    expected = [not_shared(one, two), not_shared(two, one)] if refused else []
    assert refusals([lb_pool("10.41.0.0/26")], [], services, "1.20.2") == expected


def test_services_share_across_namespaces_where_both_say_so() -> None:
    services = [sharing("dns/tcp", "x", 53), sharing("web/udp", "x", 54)]
    for item, other in zip(services, ("web", "*"), strict=True):
        item["metadata"]["annotations"]["lbipam.cilium.io/sharing-cross-namespace"] = other
    assert refusals([lb_pool("10.41.0.0/26")], [], services, "1.20.2") == []


def test_an_older_cilium_compares_ports_alone() -> None:
    services = [sharing("dns/tcp", "x", 53), sharing("dns/udp", "x", 53, "UDP")]
    assert len(refusals([lb_pool("10.41.0.0/26")], [], services, "1.17.6")) == 2
    assert refusals([lb_pool("10.41.0.0/26")], [], services, "1.17.7") == []


@pytest.mark.parametrize(
    ("version", "after", "refused"),
    [
        pytest.param("1.17.4", ["10.0.0.0/25", "10.0.0.128/25"], True, id="the same addresses, cut anew"),
        pytest.param("1.18.2", ["10.0.0.0/25", "10.0.0.128/25"], False, id="mended"),
        pytest.param("1.17.4", ["10.0.0.0-10.0.0.255"], False, id="the same first and last address"),
    ],
)
def test_cilium_compares_blocks_and_not_addresses(version: str, after: list[str], refused: bool) -> None:
    found = refusals([lb_pool(*after)], [lb_pool("10.0.0.0/24")], [held("media/plex", "10.0.0.7")], version)
    assert [text.partition(":")[0] for text in found] == (["CiliumLoadBalancerIPPool old"] if refused else [])


NOT_READ = "it holds {} (given by MetalLB), and {}, Cilium takes that away: it keeps addresses alone, as Go reads them"
FIRST = "the cluster has no CiliumLoadBalancerIPPool yet: with the first one"


@pytest.mark.parametrize(
    ("ingress", "lost"),
    [
        pytest.param({"hostname": "lb.example.net"}, "lb.example.net", id="a host's name"),
        pytest.param({"ip": "010.0.0.7"}, "010.0.0.7", id="zeros in front"),
        pytest.param({"ip": "10.0.0.7"}, None, id="an address"),
        pytest.param({"ip": ""}, None, id="nothing"),
        pytest.param({}, None, id="an empty entry"),
    ],
)
@pytest.mark.parametrize(
    ("live", "when"), [([], FIRST), ([lb_pool("10.0.0.0/24")], "Cilium has not served it yet: once it does")]
)
def test_what_is_no_address_goes_when_cilium_begins_to_serve_a_service(
    ingress: dict[str, str], lost: str | None, live: list[dict[str, Any]], when: str
) -> None:
    """A look that read it as no address at all let it go without a word."""
    service = held("media/plex", "", **{"metallb.io/ip-allocated-from-pool": "lan"})
    service["status"]["loadBalancer"]["ingress"] = [ingress]
    rules = LbIpam("1.20.2", served_before=NONE)
    found = refusals([lb_pool("10.0.0.0/24")], live, [service], rules)
    assert found == ([f"Service media/plex: {NOT_READ.format(lost, when)}"] if lost else [])
    word = TakeOver(services=(f"media/plex@{lost}",))
    assert refusals([lb_pool("10.0.0.0/24")], live, [service], rules, MayMove(take_over=word)) == []
    assert refusals([lb_pool("10.0.0.0/24")], live, [service], LbIpam("1.20.2")) == (found if not live else [])


def test_an_address_that_no_inventory_may_write_is_asked_for_all_the_same() -> None:
    """Cilium reads IPv4 that is mapped into IPv6, no pool has it, and what the service holds goes."""
    service = held("media/plex", "10.0.0.7", **{PIN: "::ffff:10.0.0.7"})
    (found,) = refusals([lb_pool("10.0.0.0/24")], [], [service], "1.20.2")
    assert found.startswith(f"Service media/plex: it holds 10.0.0.7, and {FIRST}, Cilium takes the address away")


def several_of_one_key() -> list[dict[str, Any]]:
    """Return the services media/7 and media/9 at 10.0.0.7, and media/8 at 10.0.0.8, all of one sharing key."""
    others = [held(f"media/{n}", f"10.0.0.{n}", **{"lbipam.cilium.io/sharing-key": "x"}) for n in (7, 8)]
    twin = held("media/9", "10.0.0.7", **{"lbipam.cilium.io/sharing-key": "x"})
    for number, item in enumerate([*others, twin]):
        item["spec"]["ports"] = [{"port": number}]
    return [*others, twin]


AS_WELL = "the service {} shares 10.0.0.7 without asking for it, and could share 10.0.0.8 as well: {}, and Cilium may give it that one"
VERSIONS_THAT_JOIN = pytest.mark.parametrize(
    ("version", "lost"), [("1.19.6", True), ("1.20.1", True), ("1.20.2", False), ("1.21.0", False)]
)
"""cilium/cilium#46262: before 1.20.2 an address was imported for the first of those that share it."""


@VERSIONS_THAT_JOIN
def test_a_shared_address_is_given_anew_with_its_block(version: str, lost: bool) -> None:
    """Of several addresses with one key, the first that the key finds."""
    pools = [lb_pool("10.0.0.0/25")], [lb_pool("10.0.0.0/24")]
    found = refusals(*pools, several_of_one_key(), version)
    assert found == [
        f"CiliumLoadBalancerIPPool old: {AS_WELL.format(name, 'its block changes')}"
        for name in (("media/7", "media/9") if lost else ())
    ]


@VERSIONS_THAT_JOIN
def test_a_shared_address_is_given_anew_at_a_start(version: str, lost: bool) -> None:
    state = {"objects": [lb_pool("10.0.0.0/24")], "services": several_of_one_key()}
    found = [str(error) for error in lost_at_a_start(state, MayMove(), LbIpam(version), lambda _service: False)]
    when = "this run changes Cilium's release, its operator starts anew"
    assert [text.partition(" (annotate")[0] for text in found] == [
        f"CiliumLoadBalancerIPPool old: {AS_WELL.format(name, when)}"
        for name in (("media/7", "media/9") if lost else ())
    ]


@VERSIONS_THAT_JOIN
@pytest.mark.parametrize(
    ("first", "asks", "named"),
    [
        pytest.param([], "", True, id="one without an address"),
        pytest.param([], "10.0.0.7", True, id="one that asks for the address"),
        pytest.param([], "10.0.0.9", False, id="one that asks for another"),
        pytest.param(["192.0.2.1"], "", True, id="one whose address no pool gives"),
        pytest.param(["10.0.0.9"], "", False, id="one with an address of its own"),
    ],
)
def test_a_third_service_may_take_the_place_of_one_that_shares_an_address(
    version: str, lost: bool, first: list[str], asks: str, named: bool
) -> None:
    """The third one has the port of media/7, and joins media/9 before media/7 does."""
    one, _other, twin = several_of_one_key()
    third = held("media/third", "", **{"lbipam.cilium.io/sharing-key": "x"}, **({PIN: asks} if asks else {}))
    third["spec"]["ports"] = one["spec"]["ports"]
    third["status"]["loadBalancer"]["ingress"] = [{"ip": address} for address in first]
    state = {"objects": [lb_pool("10.0.0.0/24")], "services": [one, twin, third]}
    found = [str(error) for error in lost_at_a_start(state, MayMove(), LbIpam(version), lambda _service: False)]
    told = (
        "CiliumLoadBalancerIPPool old: the service media/7 shares 10.0.0.7, and media/third may come to share it too, beside"
        " which it may not: this run changes Cilium's release, its operator starts anew, and Cilium may give it to that one"
        " first (give media/third a lbipam.cilium.io/sharing-key of its own first, or say so: edge_cluster_take_over:"
        " {services: ['media/7@10.0.0.7']} (of the role alone: cilium_net_lb_take_over))"
    )
    assert [text for text in found if "may come" in text] == ([told] if lost and named else [])


@VERSIONS_THAT_JOIN
@pytest.mark.parametrize(
    ("pool", "asks", "expected"),
    [
        pytest.param("10.0.0.0/24", "", ["media/9@10.0.0.7"], id="it has an address of its own by then"),
        pytest.param("10.0.0.7/32", "", ["media/7@10.0.0.7"], id="the pool has none left"),
        pytest.param("10.0.0.0/24", "10.0.0.7", [], id="the one that could take it asks for its own"),
    ],
)
def test_a_service_that_helm_gives_the_key_gets_an_address_before_the_operator_starts_anew(
    version: str, lost: bool, pool: str, asks: str, expected: list[str]
) -> None:
    """It has the port of media/7, so that it cannot join; media/9 could share its address as well as the old one."""
    one, _other, twin = several_of_one_key()
    if asks:
        twin["metadata"]["annotations"][PIN] = asks
    third = held("media/third", "", **{"lbipam.cilium.io/sharing-key": "x"})
    third["spec"]["ports"] = one["spec"]["ports"]
    third["status"]["loadBalancer"]["ingress"] = []
    state = {"objects": [lb_pool(pool)], "services": [one, twin, third]}
    rules = LbIpam(version)
    found = [*lost_at_a_start(state, MayMove(), rules, lambda _service: False, ["media/third"])]
    assert [error.word for error in found] == (expected if lost else [])
    for error in found:
        own = "the address that media/third gets by this run as well" in str(error)
        assert own == (pool == "10.0.0.0/24")


@VERSIONS_THAT_JOIN
@pytest.mark.parametrize(
    ("planned", "live", "when"),
    [
        pytest.param(
            [lb_pool("10.0.0.0/24")],
            [],
            "the cluster has no CiliumLoadBalancerIPPool yet: with the first one",
            id="the first pool",
        ),
        pytest.param(
            [lb_pool("10.0.0.0/24")],
            [lb_pool("10.0.0.0/24")],
            "Cilium has not served it yet: once it does",
            id="a pool that is there",
        ),
        pytest.param([lb_pool("10.0.0.0/29"), lb_pool("10.0.0.8/29", name="later")], [], None, id="in a later pool"),
    ],
)
def test_a_shared_address_is_given_anew_when_cilium_begins_to_serve_it(
    version: str, lost: bool, planned: list[dict[str, Any]], live: list[dict[str, Any]], when: str | None
) -> None:
    """The other address of the key counts only where a pool gives it by then."""
    services = several_of_one_key()
    found = refusals(planned, live, services, LbIpam(version, served_before=NONE))
    assert [text for text in found if "as well" in text] == [
        f"Service {name}: {AS_WELL.format(name, when)}" for name in (("media/7", "media/9") if lost and when else ())
    ]


@pytest.mark.parametrize(
    ("before", "live", "refused"),
    [
        pytest.param(None, [], True, id="the first pool"),
        pytest.param(None, [lb_pool("10.0.0.0/24")], False, id="Cilium has it, and will see to it by itself"),
        pytest.param(CLASSED, [lb_pool("10.0.0.0/24")], True, id="Cilium begins to serve services without a class"),
        pytest.param(NONE, [lb_pool("10.0.0.0/24")], True, id="a pool is left of a Cilium that does not run"),
        pytest.param(NONE, [lb_pool("192.168.1.0/24")], False, id="and gives the address"),
        pytest.param(NONE, [lb_pool("192.168.1.0/24", **OFF)], True, id="and is disabled"),
    ],
)
def test_a_cilium_that_begins_to_serve_a_service_takes_what_others_gave(
    before: str | None, live: list[dict[str, Any]], refused: bool
) -> None:
    service = held("media/plex", "192.168.1.50", **{"metallb.io/ip-allocated-from-pool": "lan"})
    planned = live or [lb_pool("10.0.0.0/24")]
    found = refusals(planned, live, [service], LbIpam("1.20.2", served_before=before))
    assert [text.partition(" (given by MetalLB), and ")[0] for text in found] == (
        ["Service media/plex: it holds 192.168.1.50"] if refused else []
    )
    if live and refused:
        assert "Cilium has not served it yet: once it does, Cilium takes the address away" in found[0]


CONFLICT = [{"type": "cilium.io/PoolConflict", "status": "True"}]


@pytest.mark.parametrize(
    ("live", "why"),
    [
        pytest.param(lb_pool("10.0.0.0/24"), None, id="enabled"),
        pytest.param(lb_pool("10.0.0.0/24", **OFF), "is disabled", id="disabled"),
        pytest.param(
            {**lb_pool("10.0.0.0/24"), "status": {"conditions": CONFLICT}},
            "shares addresses with an older pool",
            id="in conflict",
        ),
        pytest.param(lb_pool("10.0.0.0/24", **NO_ENDS), None, id="not an end"),
        pytest.param(lb_pool("10.0.0.0/29", **NO_ENDS), "reserves it (first_last: false)", id="a reserved end"),
    ],
)
def test_what_a_new_start_of_the_operator_takes(live: dict[str, Any], why: str | None) -> None:
    state = {"objects": [live], "services": [held("media/plex", "10.0.0.7", **{PIN: "10.0.0.7"})]}

    def words(may_move: MayMove) -> list[str]:
        return [str(error) for error in lost_at_a_start(state, may_move, LbIpam(), lambda _service: False)]

    found = words(MayMove())
    assert [text.partition(": this run changes Cilium's release")[0] for text in found] == (
        [f"CiliumLoadBalancerIPPool old: the service media/plex holds 10.0.0.7, and the pool {why}"] if why else []
    )
    assert words(MayMove(take_over=TakeOver(services=("media/plex@10.0.0.7",)))) == []
    assert words(MayMove(frozenset({"media/plex"}))) == []
    assert [*lost_at_a_start(state, MayMove(), LbIpam(), lambda _service: True)] == []  # it leaves with the run


def going(service: dict[str, Any]) -> dict[str, Any]:
    """Return a Service that somebody has deleted, and that waits for a finalizer."""
    ends = {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["service.kubernetes.io/load-balancer-cleanup"]}
    return {**service, "metadata": {**service["metadata"], **ends}}


@pytest.mark.parametrize(
    ("planned", "live"),
    [
        pytest.param([], [lb_pool("10.91.0.0/24")], id="its pool leaves"),
        pytest.param([lb_pool("10.91.0.16/28")], [lb_pool("10.91.0.0/24")], id="its pool is narrowed"),
        pytest.param([lb_pool("10.91.0.0/29")], [], id="the first pool"),
    ],
)
def test_a_deleted_service_keeps_no_pool(planned: list[dict[str, Any]], live: list[dict[str, Any]]) -> None:
    service = held("media/plex", "10.91.0.9")
    assert [len(refusals(planned, live, [item], "1.20.2")) for item in (service, going(service))] == [1, 0]


def test_a_new_start_takes_nothing_from_a_deleted_service() -> None:
    state = {"objects": [lb_pool("10.0.0.0/24", **OFF)], "services": [going(held("media/plex", "10.0.0.7"))]}
    assert [*lost_at_a_start(state, MayMove(), LbIpam(), lambda _service: False)] == []


def test_every_address_is_named_that_a_service_is_to_be_annotated_with() -> None:
    """With one of them it would lose the others."""
    service = held("media/plex", "10.91.0.7")
    service["status"]["loadBalancer"]["ingress"].append({"ip": "fd00::7"})
    before = lb_pool("10.91.0.0/24", "fd00::/120")
    (found,) = refusals([lb_pool("10.91.0.0/25", "fd00::/120")], [before], [service], "1.17.4", told=str)[:1]
    assert "(annotate it with lbipam.cilium.io/ips: 10.91.0.7,fd00::7 first, update Cilium, or say so" in found

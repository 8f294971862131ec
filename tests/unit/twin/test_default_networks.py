# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which network the default route of a node in several networks leads, and that the choice is told."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import PlanDocument
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.default_networks import (
    CHOSEN,
    PEERED,
    PEERED_TOO,
    SHARED,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.site import default_choices
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from hypothesis import given, settings
from hypothesis import strategies as st

Places = Mapping[str, Any]
"""Network -> the address or addresses there."""

MGMT, LAN = "10.1.0.1", "10.2.0.1"
BOTH = {"mgmt": "10.1.0.{0}", "lan": "10.2.0.{0}"}


def planned(peering: dict[str, Any], nodes: dict[str, tuple[str, ...]], **shared: Any) -> PlanDocument:
    """Return the plan of a site in which ``mgmt`` has the router gm, and ``lan`` the router gw."""
    variables = {
        "edge_networks": {
            "mgmt": {"cidr": "10.1.0.0/24"},
            "lan": {"cidr": "10.2.0.0/24"},
            "idle": {"cidr": "10.3.0.0/24"},
        },
        "edge_peerings": {"k8s": peering},
        "edge_pools": {"lb": {"addresses": "10.9.0.0/24"}},
        **shared,
    }
    hosts = {
        name: {network: BOTH[network].format(number) for network in networks}
        for number, (name, networks) in enumerate(nodes.items(), start=11)
    }
    return plan_of(variables, {"gm": {"mgmt": MGMT}, "gw": {"lan": LAN}}, hosts)


def plan_of(variables: dict[str, Any], routers: dict[str, Places], nodes: dict[str, Places]) -> PlanDocument:
    """Return the plan of a site with one cluster. A node's label ``role`` is the first letter of its name."""
    router = {"edge_router_asn": 64700, "edge_router_platform": "unifi"}
    groups = {
        "edge_routers": {"hosts": {name: {**router, "edge_addresses": places} for name, places in routers.items()}},
        "edge_clusters": {"hosts": {"k": {"edge_cluster_asn": 64701, "edge_cilium_version": "1.20.2"}}},
        "edge_nodes": {
            "hosts": {
                name: {"edge_addresses": places, "edge_node_labels": {"role": name[0]}}
                for name, places in nodes.items()
            }
        },
    }
    computed = plan(inventory_from({"all": {"vars": variables, "children": groups}}))
    assert computed.data is not None, [finding.text for finding in computed.findings]
    return computed.data


def over(network: str) -> dict[str, Any]:
    return {"network": network, "routers": ["gm" if network == "mgmt" else "gw"], "nodes": "role=w"}


WORKERS_IN_BOTH = {"c1": ("mgmt",), "w1": ("mgmt", "lan"), "w2": ("mgmt", "lan")}
WORKERS_AND_MORE = {"c1": ("lan",), "c2": ("lan",), "w1": ("mgmt", "lan"), "w2": ("mgmt", "lan")}


def defaults_of(twin: _twin.Twin, node: str) -> dict[int, tuple[str, ...]]:
    """Return the next hops of a node's default routes, by version of IP."""
    (host,) = [item for item in twin.hosts if item.name == node]
    routes = [item for item in host.routes if item.destination == "default" and item.table is None]
    assert len({route.family for route in routes}) == len(routes)
    return {route.family: route.via for route in routes}


def default_of(twin: _twin.Twin, node: str) -> tuple[str, ...]:
    ((_family, via),) = defaults_of(twin, node).items()
    return via


@pytest.mark.parametrize(
    ("peering", "nodes", "chosen", "via", "reason"),
    [
        pytest.param("lan", WORKERS_IN_BOTH, {}, LAN, PEERED, id="the peering's network, though most share the other"),
        pytest.param("mgmt", WORKERS_AND_MORE, {}, MGMT, PEERED, id="the same with the counts swapped"),
        pytest.param("lan", WORKERS_IN_BOTH, {"w1": "mgmt"}, MGMT, CHOSEN, id="what the inventory says"),
        pytest.param("lan", WORKERS_IN_BOTH, {"w1": ""}, LAN, PEERED, id="what the inventory says nothing of"),
        pytest.param("lan", WORKERS_IN_BOTH, {"w1": None}, LAN, PEERED, id="a variable without a value"),
    ],
)
def test_default_route(
    peering: str, nodes: dict[str, tuple[str, ...]], chosen: dict[str, Any], via: str, reason: str
) -> None:
    twin = _twin.describe(planned(over(peering), nodes), default_networks=chosen)
    assert default_of(twin, "w1") == (via,)
    (told,) = [item for item in twin.default_networks if item.node == "w1"]
    network, other = ("lan", "mgmt") if via == LAN else ("mgmt", "lan")
    assert told == _twin.DefaultNetwork("w1", "ipv4", network, (other,), reason)


def test_a_node_that_peers_in_both_takes_what_most_nodes_share() -> None:
    both = {"k8s": over("lan"), "more": over("mgmt")}
    pools = {"lb": {"addresses": "10.9.0.0/24", "bgp": ["k8s", "more"]}}
    twin = _twin.describe(planned({}, WORKERS_IN_BOTH, edge_peerings=both, edge_pools=pools))
    assert default_of(twin, "w1") == (MGMT,)
    assert {item.reason for item in twin.default_networks} == {PEERED_TOO}


def test_a_node_that_does_not_peer_takes_what_most_nodes_share() -> None:
    """It has an agent because it holds an endpoint."""
    service = {"web/site": {"ports": [{"port": 80, "name": "http"}], "selector": {"app": "web"}}}
    nodes = {"c1": ("mgmt", "lan"), **WORKERS_IN_BOTH, "c2": ("mgmt", "lan")}
    data = planned(over("lan"), nodes, edge_services=service)
    twin = _twin.describe(data, endpoints={"web/site": ["c2"]})
    assert default_of(twin, "c2") == (MGMT,)
    (told,) = [item for item in twin.default_networks if item.node == "c2"]
    assert (told.network, told.others, told.reason) == ("mgmt", ("lan",), SHARED)


def test_where_there_is_no_choice_none_is_told() -> None:
    nodes = {"c1": ("mgmt",), "w1": ("lan",)}
    twin = _twin.describe(planned(over("lan"), nodes), default_networks={"w1": "mgmt"})
    # A word for all nodes counts where the node has an address there.
    assert default_of(twin, "w1") == (LAN,)
    assert twin.default_networks == ()


def test_nodes_with_the_same_choice_are_told_together() -> None:
    twin = _twin.describe(planned(over("lan"), WORKERS_IN_BOTH))
    together = {"families": ["ipv4"], "network": "lan", "others": ["mgmt"], "reason": PEERED}
    assert default_choices(twin) == [{"nodes": ["w1", "w2"], **together}]


# --- two families, several subnets

MGMT_6, LAN_6 = "fd00:1::1", "fd00:2::1"
V4_AND_V6 = {"cidr": ["10.2.0.0/24", "fd00:2::/64"]}


def two_families(
    mgmt: dict[str, Any], lan: dict[str, Any], router: Places, nodes: dict[str, Places], **more: Any
) -> PlanDocument:
    """Return the plan of a site whose nodes ``n*`` peer over ``lan`` with the one router, for a pool of IPv6."""
    variables = {
        "edge_networks": {"mgmt": mgmt, "lan": lan},
        "edge_peerings": {"k8s": {"network": "lan", "nodes": "role=n"}},
        "edge_pools": {"lb": {"addresses": "fd00:9::/112"}},
        "edge_cilium_values": {"ipv6": {"enabled": True}},
        "edge_cluster_pod_cidrs": ["10.244.0.0/16", "fd00:10:244::/48"],
        **more,
    }
    return plan_of(variables, {"gm": router}, nodes)


ONLY_V6_IN_LAN: dict[str, Places] = {"n1": {"mgmt": "10.1.0.11", "lan": "fd00:2::11"}, "c1": {"mgmt": "10.1.0.12"}}
ALL_IN_BOTH: dict[str, Places] = {
    name: {"mgmt": [f"10.1.0.{number}", f"fd00:1::{number}"], "lan": [f"10.2.0.{number}", f"fd00:2::{number}"]}
    for number, name in ((11, "n1"), (12, "n2"))
}
MORE_IN_MGMT: dict[str, Places] = {**ALL_IN_BOTH, "c1": {"mgmt": ["10.1.0.13", "fd00:1::13"]}}


@pytest.mark.parametrize("chosen", [{}, {"n1": "lan"}, {"n1": "mgmt"}], ids=["nothing", "lan", "mgmt"])
def test_a_family_leads_by_a_network_in_which_the_node_has_an_address_of_it(chosen: dict[str, str]) -> None:
    """The node peers in lan, in which the router has both families and the node one."""
    data = two_families({"cidr": "10.1.0.0/24"}, V4_AND_V6, {"mgmt": MGMT, "lan": [LAN, LAN_6]}, ONLY_V6_IN_LAN)
    twin = _twin.describe(data, default_networks=chosen)
    assert defaults_of(twin, "n1") == {4: (MGMT,), 6: (LAN_6,)}
    assert twin.default_networks == ()
    assert off_link(twin) == []


def dual() -> PlanDocument:
    """Return the plan of nodes with both families in both networks, and sessions over IPv6 in lan alone; most share mgmt."""
    data = two_families(
        {"cidr": ["10.1.0.0/24", "fd00:1::/64"]},
        V4_AND_V6,
        {"mgmt": [MGMT, MGMT_6], "lan": [LAN, LAN_6]},
        MORE_IN_MGMT,
    )
    data["sessions"] = [session for session in data["sessions"] if session["family"] == "ipv6"]
    assert {session["node"] for session in data["sessions"]} == {"n1", "n2"}
    return data


@pytest.mark.parametrize(
    ("chosen", "expected", "told"),
    [
        # IPv4 has no session: it leads where those over IPv6 are.
        pytest.param(
            {},
            {4: (LAN,), 6: (LAN_6,)},
            [(["n1", "n2"], ["ipv4", "ipv6"], "lan", ["mgmt"], PEERED)],
            id="nothing is said",
        ),
        pytest.param(
            {"n1": "mgmt"},
            {4: (MGMT,), 6: (MGMT_6,)},
            [
                (["n1"], ["ipv4", "ipv6"], "mgmt", ["lan"], CHOSEN),
                (["n2"], ["ipv4", "ipv6"], "lan", ["mgmt"], PEERED),
            ],
            id="one node's",
        ),
    ],
)
def test_both_families_are_chosen_and_told(
    chosen: dict[str, str], expected: dict[int, tuple[str, ...]], told: list[tuple[Any, ...]]
) -> None:
    twin = _twin.describe(dual(), default_networks=chosen)
    assert defaults_of(twin, "n1") == expected
    assert [tuple(item.values()) for item in default_choices(twin)] == told


def test_families_with_different_choices_are_told_apart() -> None:
    """The router has no IPv6 address in mgmt."""
    data = two_families(
        {"cidr": ["10.1.0.0/24", "fd00:1::/64"]}, V4_AND_V6, {"mgmt": MGMT, "lan": [LAN, LAN_6]}, ALL_IN_BOTH
    )
    twin = _twin.describe(data, default_networks={"n1": "mgmt"})
    assert defaults_of(twin, "n1") == {4: (MGMT,), 6: (LAN_6,)}
    assert [(item.node, item.family, item.network) for item in twin.default_networks] == [
        ("n1", "ipv4", "mgmt"),
        ("n2", "ipv4", "lan"),
    ]


def test_families_with_sessions_in_different_networks_lead_apart() -> None:
    """Of n2, which also peers over IPv4 in mgmt."""
    data = dual()
    (session,) = [session for session in data["sessions"] if session["node"] == "n2"]
    ipv4 = {"family": "ipv4", "node_address": "10.1.0.12", "router_address": MGMT}
    data["sessions"].append({**session, **ipv4})
    twin = _twin.describe(data)
    assert defaults_of(twin, "n1") == {4: (LAN,), 6: (LAN_6,)}
    assert defaults_of(twin, "n2") == {4: (MGMT,), 6: (LAN_6,)}
    assert [tuple(item.values()) for item in default_choices(twin)] == [
        (["n1"], ["ipv4", "ipv6"], "lan", ["mgmt"], PEERED),
        (["n2"], ["ipv4"], "mgmt", ["lan"], PEERED),
        (["n2"], ["ipv6"], "lan", ["mgmt"], PEERED),
    ]


def off_link(twin: _twin.Twin) -> list[tuple[str, _twin.Route]]:
    """Return the routes via an address in no subnet of a leg; the kernel refuses them."""
    return [
        (host.name, route)
        for host in twin.hosts
        for route in host.routes
        for hop in route.via
        if not any(
            ip_address(hop) in ip_interface(text).network
            for leg in host.legs
            for text in leg.addresses
            if leg.bridge != _twin.LOOPBACK
        )
    ]


SUBNETS = {
    "mgmt": ["10.1.0.0/24", "fd00:1::/64"],
    "lan": ["10.2.0.0/24", "10.3.0.0/24", "fd00:2::/64", "fd00:3::/64"],
    "lo": ["10.255.0.0/24", "fd00:ff::/64"],
}


@st.composite
def several_subnets(draw: st.DrawFn) -> PlanDocument:
    """Return a plan whose hosts have addresses in some of the subnets, and whose nodes dial loopbacks of routers."""
    data = copy.deepcopy(dual())
    network, router, session = data["networks"]["mgmt"], data["routers"]["gm"], data["sessions"][0]
    kinds = {"mgmt": {}, "lan": {"delivery": draw(st.sampled_from([None, "on_link"]))}, "lo": {"loopback": True}}
    data["networks"] = {name: {**network, "cidrs": SUBNETS[name], **kind} for name, kind in kinds.items()}

    def places(number: int, names: tuple[str, ...]) -> dict[str, list[str]]:
        of = {name: draw(st.lists(st.sampled_from(SUBNETS[name]), unique=True)) for name in names}
        if not any(of.values()):
            of["mgmt"] = SUBNETS["mgmt"][:1]
        return {name: [str(ip_network(cidr)[number]) for cidr in cidrs] for name, cidrs in of.items() if cidrs}

    routers = {f"r{number}": places(number, ("mgmt", "lan", "lo")) for number in (1, 2)}
    data["routers"] = {name: {**router, "addresses": of} for name, of in routers.items()}
    nodes = data["clusters"]["k"]["nodes"]
    for number, node in enumerate(nodes.values(), start=11):
        node["addresses"] = places(number, ("mgmt", "lan"))
        node["return_paths"] = {name: ["10.9.0.0/24", "fd00:9::/112"] for name in ("mgmt", "lan")}
    data["sessions"] = [
        {**session, "node": name, "router": peer, "router_address": target, "node_address": source}
        for name, node in nodes.items()
        for peer, of in routers.items()
        for target in of.get("lo", ())
        for source in [text for texts in node["addresses"].values() for text in texts][:1]
    ]
    data["expect"]["l2"] = [{"cluster": "k", "pool": "lb", "networks": [], "nodes": [*nodes]}]
    return data


@settings(max_examples=100)
@given(data=several_subnets(), chosen=st.sampled_from(["", "mgmt", "lan"]))
def test_no_route_is_off_the_link_whatever_subnets_a_host_is_in(data: PlanDocument, chosen: str) -> None:
    reachable = any(router["addresses"].get(chosen) for router in data["routers"].values())
    twin = _twin.describe(data, default_networks={"n1": chosen if reachable else ""})
    assert off_link(twin) == []


# --- what cannot be


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ("mgmtt", "w1.edge_twin_default_network: no network 'mgmtt' (did you mean 'mgmt'?)"),
        (
            "elsewhere",
            "w1.edge_twin_default_network: no network 'elsewhere' (networks with an address of a router: lan, mgmt)",
        ),
        (
            "idle",
            "w1.edge_twin_default_network: no router has an address in network 'idle'"
            " (networks with an address of a router: lan, mgmt)",
        ),
        (
            10,
            "w1.edge_twin_default_network: 10 is not the name of a network, which is text"
            " (networks with an address of a router: lan, mgmt)",
        ),
        (
            ["lan"],
            "w1.edge_twin_default_network: ['lan'] is not the name of a network, which is text"
            " (networks with an address of a router: lan, mgmt)",
        ),
        (
            False,
            "w1.edge_twin_default_network: False is not the name of a network, which is text"
            " (networks with an address of a router: lan, mgmt)",
        ),
        (
            {},
            "w1.edge_twin_default_network: {} is not the name of a network, which is text"
            " (networks with an address of a router: lan, mgmt)",
        ),
    ],
    ids=["misspelt", "unknown", "without a router", "number", "list", "no", "mapping"],
)
def test_networks_by_which_no_default_route_can_lead(network: object, message: str) -> None:
    with pytest.raises(EdgeError) as caught:
        _twin.describe(planned(over("lan"), WORKERS_IN_BOTH), default_networks={"w1": network})
    assert str(caught.value) == message


def test_a_number_that_is_a_networks_name_wants_quotes() -> None:
    data = two_families({"cidr": "10.1.0.0/24"}, V4_AND_V6, {"mgmt": MGMT, "lan": [LAN, LAN_6]}, ONLY_V6_IN_LAN)
    data["networks"]["10"] = data["networks"].pop("mgmt")
    for host in (*data["routers"].values(), *data["clusters"]["k"]["nodes"].values()):
        host["addresses"]["10"] = host["addresses"].pop("mgmt")
    with pytest.raises(EdgeError) as caught:
        _twin.describe(data, default_networks={"n1": 10})
    assert str(caught.value) == (
        "n1.edge_twin_default_network: 10 is not the name of a network, which is text (write '10', in quotes)"
    )

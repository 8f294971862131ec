# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan says of resets and what the run takes for closing are one: both configurations of a router compared.

The run goes by the lines of the rendered frr.conf (``unchanged_neighbors``), the plan by its own keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import (
    BGP,
    Objects,
    neighbors,
    parse,
    unchanged_neighbors,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import PlanDocument
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.session_resets import reset_sessions
from ansible_collections.hybridnet.cluster_edge.tests.support.drawn import examples
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import frr_conf
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

BASE: dict[str, Any] = {
    "asn": 64700,
    "router_id": "10.0.0.1",
    "k8s": {},
    "isp": {"address": "10.0.0.50", "asn": 64750, "import": {"prefixes": ["198.51.100.0/24"]}, "export": {"pools": "lb"}},
    "dial": {"dynamic": {"range": ["10.0.0.128/27", "10.0.0.160/27"]}, "network": "lan", "asn": 64760,
             "import": {"prefixes": ["192.0.2.0/28"]}},
    "link": {"ends": {"udm": {"export": {"pools": "lb"}}, "gw": {}}},
    "node": {"ansible_host": "10.0.0.11"},
    "site": {},
}  # fmt: skip

K8S = {"home/k8s k1 - udm (ipv4)": ("udm", "10.0.0.11"), "home/k8s k2 - udm (ipv4)": ("udm", "10.0.0.12")}
ISP = {"udm - isp (10.0.0.50)": ("udm", "10.0.0.50")}
DIAL = {"udm - dial (10.0.0.128/27, 10.0.0.160/27)": None}
LINK = {"gw - wire-udm (10.0.0.1)": ("gw", "10.0.0.1"), "udm - wire-gw (10.0.0.2)": ("udm", "10.0.0.2")}
SESSIONS = {**K8S, **ISP, **DIAL, **LINK}
"""The sessions of :func:`site`, each with the neighbor of a router that it is; those who dial in are none."""


def site(**changed: Any) -> PlanDocument:
    """Return the plan of a router with two nodes, a neighbor, others that dial in, and a link to a second router.

    Args:
        changed: what :data:`BASE` says otherwise; maps are merged into its own.
    """
    of = {key: {**value, **changed.get(key, {})} if isinstance(value, dict) else changed.get(key, value)
          for key, value in BASE.items()}  # fmt: skip
    named = changed.get("names", {})
    document = {
        "vars": {
            "edge_networks": {"lan": {"cidr": "10.0.0.0/24"}},
            "edge_peerings": {named.get("k8s", "k8s"): {"routers": "udm", **of["k8s"]}},
            "edge_pools": {"lb": {"addresses": "10.0.9.0/26"}},
            "edge_links": {named.get("wire", "wire"): of["link"]},
            **of["site"],
        },
        "children": {
            "edge_routers": {"hosts": {
                "udm": {"ansible_host": "10.0.0.1", "edge_router_asn": of["asn"], "edge_router_id": of["router_id"],
                        "edge_router_neighbors": {named.get("isp", "isp"): of["isp"], named.get("dial", "dial"): of["dial"]}},
                "gw": {"ansible_host": changed.get("gw", "10.0.0.2"), "edge_router_asn": 64701, "edge_router_id": "10.0.0.2"},
            }},
            "edge_clusters": {"hosts": {"home": {
                "edge_cluster_asn": 64710, "edge_cilium_version": "1.19.6", "edge_cluster_pod_cidrs": "10.244.0.0/16",
            }}},
            "edge_nodes": {"hosts": {"k1": of["node"], "k2": {"ansible_host": "10.0.0.12"}}},
        },
    }  # fmt: skip
    computed = plan(inventory_from({"all": document}))
    assert computed.data is not None, [finding.text for finding in computed.findings]
    return computed.data


LIVE = re.compile(r"^ *neighbor \S+ (?:timers connect|next-hop-self|default-originate)\b.*\n", re.MULTILINE)
"""Lines that the run takes for closing and FRR applies to a session that is up (bgpd/bgpd.c)."""


def configuration(data: PlanDocument, router: str) -> Objects:
    """Return a router's rendered configuration without :data:`LIVE`."""
    return parse(LIVE.sub("", frr_conf(data, router))).objects


def closed_by_frr(one: PlanDocument, other: PlanDocument) -> set[tuple[str, str]]:
    """Return the neighbors, as (router, address), that both configurations of a router have and whose session closes."""
    found = set()
    for router in {*one["routers"]} & {*other["routers"]}:
        old, new = configuration(one, router), configuration(other, router)
        both = {*neighbors(old.get(BGP, ()))} & {*neighbors(new.get(BGP, ()))}
        found |= {(router, address) for address in both - {*unchanged_neighbors(old, new)}}
    return found


def wheres(one: PlanDocument, other: PlanDocument) -> list[str]:
    """Return which sessions the plan names."""
    return [reset.where for reset in reset_sessions(one, other)]


ROUTER_END = [
    pytest.param({}, {}, id="nothing"),
    pytest.param({"asn": 64709}, SESSIONS, id="the router's AS number"),
    pytest.param({"router_id": "10.0.0.9"}, {**K8S, **ISP, **DIAL, "udm - wire-gw (10.0.0.2)": ("udm", "10.0.0.2")},
                 id="the router-id"),
    pytest.param({"k8s": {"local_as": 64999}}, K8S, id="local_as of a peering"),
    pytest.param({"k8s": {"asn": 64711}}, K8S, id="AS number of a peering"),
    pytest.param({"k8s": {"timers": {"hold": 30}}}, K8S, id="hold time of a peering"),
    pytest.param({"k8s": {"timers": {"keepalive": 1}}}, K8S, id="keepalive time of a peering"),
    pytest.param({"k8s": {"timers": {"connect_retry": 20}}}, {}, id="connect retry of a peering"),
    pytest.param({"k8s": {"multihop": 3}}, K8S, id="multihop of a peering"),
    pytest.param({"k8s": {"ttl_security": True}}, K8S, id="GTSM of a peering"),
    pytest.param({"k8s": {"listen_port": 1790}}, K8S, id="listen port of a peering"),
    pytest.param({"k8s": {"names": {"peer_group": "NODES"}}}, K8S, id="peer group of a peering"),
    pytest.param({"k8s": {"export": {"default_route": True}}}, {}, id="a default route to nodes"),
    pytest.param({"site": {"edge_bgp_passwords": {"k8s": None}}}, K8S, id="password of a peering"),
    pytest.param({"names": {"k8s": "nodes"}},
                 {where.replace("/k8s", "/nodes"): end for where, end in K8S.items()}, id="another name of a peering"),
    pytest.param({"isp": {"asn": 64751}}, ISP, id="AS number of a neighbor"),
    pytest.param({"isp": {"asn": "external"}}, ISP, id="a neighbor of any AS"),
    pytest.param({"isp": {"local_as": 64998}}, ISP, id="local_as of a neighbor"),
    pytest.param({"isp": {"timers": {"hold": 30}}}, ISP, id="hold time of a neighbor"),
    pytest.param({"isp": {"timers": {"keepalive": 1}}}, ISP, id="keepalive time of a neighbor"),
    pytest.param({"isp": {"timers": {"connect_retry": 20}}}, {}, id="connect retry of a neighbor"),
    pytest.param({"isp": {"graceful_restart": 0}}, {}, id="restart time of a neighbor, which its router has no line for"),
    pytest.param({"isp": {"multihop": 3}}, ISP, id="multihop of a neighbor"),
    pytest.param({"isp": {"ttl_security": True}}, ISP, id="GTSM of a neighbor"),
    pytest.param({"isp": {"port": 1179}}, ISP, id="port of a neighbor"),
    pytest.param({"isp": {"update_source": "10.0.0.1"}}, ISP, id="update_source of a neighbor"),
    pytest.param({"isp": {"bfd": True}}, ISP, id="BFD of a neighbor"),
    pytest.param({"isp": {"families": ["ipv4", "ipv6"]}}, ISP, id="families of a neighbor"),
    pytest.param({"isp": {"description": "to the world"}}, {}, id="description of a neighbor"),
    pytest.param({"isp": {"next_hop_self": True}}, {}, id="next hop of a neighbor"),
    pytest.param({"isp": {"export": {"default_route": True}}}, {}, id="a default route to a neighbor"),
    pytest.param({"isp": {"import": {"prefixes": ["198.51.100.0/25"]}}}, {}, id="filter of a neighbor"),
    pytest.param({"site": {"edge_bgp_passwords": {"isp": None}}}, ISP, id="password of a neighbor"),
    pytest.param({"names": {"isp": "wan"}}, {"udm - wan (10.0.0.50)": ("udm", "10.0.0.50")},
                 id="another name of a neighbor"),
    pytest.param({"link": {"timers": {"hold": 30}}}, LINK, id="hold time of a link"),
    pytest.param({"link": {"ttl_security": True}}, LINK, id="GTSM of a link"),
    pytest.param({"link": {"bfd": True}}, LINK, id="BFD of a link"),
    pytest.param({"link": {"port": 1179}}, LINK, id="port of a link"),
    pytest.param({"site": {"edge_bgp_passwords": {"wire": None}}}, LINK, id="password of a link"),
    pytest.param({"names": {"wire": "cable"}},
                 {where.replace("wire", "cable"): end for where, end in LINK.items()}, id="another name of a link"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "expected"), ROUTER_END)
def test_the_plan_names_the_sessions_that_the_run_would_close(
    changed: dict[str, Any], expected: dict[str, tuple[str, str] | None]
) -> None:
    before, after = site(), site(**changed)
    closed = {end for end in expected.values() if end}
    assert sorted(wheres(before, after)) == sorted(expected)
    assert closed_by_frr(before, after) == closed
    assert {SESSIONS[where] for where in wheres(after, before)} == {*expected.values()}
    assert closed_by_frr(after, before) == closed


@pytest.mark.parametrize(("part", "expected"), [("k8s", K8S), ("isp", ISP), ("link", LINK)])
def test_a_session_that_is_shut_down_closes_and_one_that_was_is_not_up(part: str, expected: dict[str, Any]) -> None:
    before, after = site(), site(**{part: {"shutdown": True}})
    assert [reset.text for reset in reset_sessions(before, after)] == [
        f"{where}: it is shut down" for where in expected
    ]
    assert closed_by_frr(before, after) == {*expected.values()}
    assert wheres(after, before) == []
    assert {*wheres(after, site(asn=64709, **{part: {"shutdown": True}}))} == {*SESSIONS} - {*expected}


NODE_END = [
    pytest.param({"k8s": {"port": 1179}}, ["the port that the node dials: 179 -> 1179"], [*K8S], id="port"),
    pytest.param({"k8s": {"source_interface": "eth1"}}, ["the interface from which the node dials: none -> eth1"], [*K8S],
                 id="source interface"),
    pytest.param({"k8s": {"graceful_restart": 0}}, ["the restart time: 15 -> 0"], [*K8S], id="restart time"),
    pytest.param({"k8s": {"names": {"peer": "edge"}}}, ["the peer: k8s-udm -> edge"], [*K8S], id="name of the peer"),
    pytest.param({"k8s": {"names": {"instance": "one"}}}, ["the BGP instance: as64710 -> one"], [*K8S],
                 id="name of the instance"),
    pytest.param({"k8s": {"names": {"cluster_config": "edge"}}}, ["the CiliumBGPClusterConfig: all -> edge"], [*K8S], id="name of the CiliumBGPClusterConfig"),
    pytest.param({"k8s": {"names": {"peer_config": "edge"}}}, [], [], id="name of the CiliumBGPPeerConfig"),
    pytest.param({"node": {"edge_node_router_id": "10.0.0.77"}}, ["the node's router-id: none -> 10.0.0.77"], [*K8S][:1],
                 id="router-id of a node"),
    pytest.param({"node": {"edge_node_local_addresses": {"k8s": "10.0.0.11"}}},
                 ["the address from which the node dials: none -> 10.0.0.11"], [*K8S][:1], id="local address of a node"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "reasons", "expected"), NODE_END)
def test_what_closes_a_session_at_its_node_alone(
    changed: dict[str, Any], reasons: list[str], expected: list[str]
) -> None:
    before, after = site(), site(**changed)
    found = reset_sessions(before, after)
    assert [reset.where for reset in found] == expected
    assert all([*reset.reasons] == reasons for reset in found)
    assert wheres(after, before) == expected
    assert closed_by_frr(before, after) == set()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            {"k8s": {"local_as": 64999}}, {"k8s": {"local_as": 64999}, "asn": 64719},
            [f"{where}: AS number of udm: 64700 -> 64719" for where in K8S], id="an AS number that the nodes do not see"),
        pytest.param(
            {}, {"k8s": {"local_as": 64700}, "asn": 64719},
            [f"{where}: AS number of udm: 64700 -> 64719" for where in K8S], id="an AS number that is kept for the nodes"),
        pytest.param({}, {"asn": 64719}, [f"{where}: the router's AS number: 64700 -> 64719" for where in K8S],
                     id="an AS number that the nodes see: one reason"),
    ],
)  # fmt: skip
def test_the_routers_own_as_number(before: dict[str, Any], after: dict[str, Any], expected: list[str]) -> None:
    found = [reset.text for reset in reset_sessions(site(**before), site(**after))]
    assert [text for text in found if text.startswith("home/")] == expected
    assert "udm - isp (10.0.0.50): the router's AS number: 64700 -> 64719" in found
    assert len(found) == len(SESSIONS)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({"isp": {"asn": 64751}}, ["udm - isp (10.0.0.50): the neighbor's AS number: 64750 -> 64751"], id="AS"),
        pytest.param({"isp": {"address": "10.0.0.51"}},
                     ["udm - isp (10.0.0.51): the neighbor's address: 10.0.0.50 -> 10.0.0.51"], id="address of a neighbor"),
        pytest.param({"names": {"isp": "wan"}}, ["udm - wan (10.0.0.50): the peer group: isp -> wan"], id="its name"),
        pytest.param({"isp": {"multihop": 3, "bfd": True}},
                     ["udm - isp (10.0.0.50): BFD: no -> yes; the number of hops: none -> 3"], id="hops and BFD"),
        pytest.param({"gw": "10.0.0.3"},
                     ["udm - wire-gw (10.0.0.3): the neighbor's address: 10.0.0.2 -> 10.0.0.3"], id="address of a link"),
        pytest.param({"dial": {"dynamic": {"range": ["10.0.0.128/27"]}}},
                     ["udm - dial (10.0.0.128/27): the listen range: 10.0.0.128/27+10.0.0.160/27 -> 10.0.0.128/27"],
                     id="a listen range goes"),
        pytest.param({"dial": {"dynamic": {"range": ["10.0.0.128/27", "10.0.0.160/27", "10.0.0.192/27"]}}}, [],
                     id="a listen range comes"),
        pytest.param({"names": {"dial": "phones"}},
                     ["udm - phones (10.0.0.128/27, 10.0.0.160/27): the peer group: dial -> phones"],
                     id="another name of those who dial in"),
    ],
)  # fmt: skip
def test_neighbors_and_links(changed: dict[str, Any], expected: list[str]) -> None:
    assert [reset.text for reset in reset_sessions(site(), site(**changed))] == expected


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        pytest.param(["10.0.0.0/28", "10.0.0.32/28"], [], id="one beside it comes"),
        pytest.param(["10.0.0.0/27"],
                     [f"home/k8s k{n} - udm (ipv4): the listen range: 10.0.0.0/28 -> 10.0.0.0/27" for n in (1, 2)],
                     id="theirs goes"),
    ],
)  # fmt: skip
def test_the_listen_range_of_nodes(ranges: list[str], expected: list[str]) -> None:
    before, after = (site(k8s={"dynamic": {"range": own}}) for own in (["10.0.0.0/28"], ranges))
    assert [reset.text for reset in reset_sessions(before, after)] == expected


def test_hops_within_one_as_are_a_line_of_neither_end() -> None:
    before, after = (site(k8s={"asn": 64700, "multihop": hops}) for hops in (2, 3))
    assert wheres(before, after) == []
    assert closed_by_frr(before, after) == set()
    assert before["clusters"]["home"]["bgp"] == after["clusters"]["home"]["bgp"]


def test_a_listen_range_goes_of_which_no_node_is() -> None:
    before, after = (
        site(k8s={"dynamic": {"range": own}}) for own in (["10.0.0.0/28", "10.0.0.32/28"], ["10.0.0.0/28"])
    )
    assert wheres(before, after) == []


SOME = st.lists(st.sampled_from([case.values[0] for case in ROUTER_END]), max_size=3)


@pytest.mark.thorough
@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(first=SOME, second=SOME)
def test_both_agree_on_several_changes_at_once(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> None:
    try:
        before, after = site(**merged(first)), site(**merged(second))
    except AssertionError:  # such as GTSM over several hops of another kind
        reject()
    told = {*wheres(before, after)}
    assert {end for name, end in ends(after) if name in told} == closed_by_frr(before, after)


def merged(edits: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what :func:`site` takes for several edits; the later one holds where two differ."""
    result: dict[str, Any] = {}
    for edit in edits:
        for key, value in edit.items():
            result[key] = merged([result.get(key, {}), value]) if isinstance(value, dict) else value
    return result


def ends(data: PlanDocument) -> list[tuple[str, tuple[str, str]]]:
    """Return each session with a peer that a router names: (name, (router, address))."""
    found = [
        (
            f"{item['cluster']}/{item['peering']} {item['node']} - {item['router']} ({item['family']})",
            (item["router"], item["node_address"]),
        )
        for item in data["sessions"]
    ]
    return found + [
        (f"{item['router']} - {item['name']} ({address})", (item["router"], address))
        for item in data["neighbors"]
        for address in item["addresses"]
    ]

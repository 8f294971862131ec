# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools beside what is there already: addresses of machines, and networks whose hosts ask for the pool's addresses."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys import VARIABLES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.common import ADDRESS, SOURCE
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.types import (
    ListOf,
    MapOf,
    Record,
    ValueType,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.invalid import found

NEIGHBOR = {"address": "10.0.0.5", "asn": 64750, "import": {"prefixes": ["10.60.0.0/24"]}}
FAR = {**NEIGHBOR, "address": "10.9.0.1", "multihop": 2, "update_source": "10.0.7.5"}
CONTROLLER: dict[str, Any] = {
    "edge_router_platform": "unifi",
    "edge_router_bgp_owner": "controller",
    "edge_router_controller_api_key": True,
    "edge_accept": {"EDGE119": "a lab"},
}


PODS = {"edge_cluster_pod_cidrs": "10.244.0.0/16"}


def site(pool: dict[str, Any], **hosts: dict[str, Any]) -> dict[str, Any]:
    """Return an inventory with one pool and more variables of some hosts; ``every`` stands for all of them."""
    document: dict[str, Any] = {
        "all": {
            "vars": {
                "edge_networks": {"lan": {"cidr": "10.0.0.0/24", "interfaces": "eth0"}},
                "edge_peerings": {"k8s": {"network": "lan"}},
                "edge_pools": {"lb": pool},
                **copy.deepcopy(hosts.pop("every", {})),
            },
            "children": {
                "edge_routers": {"hosts": {"udm": {"ansible_host": "10.0.0.1", "edge_router_asn": 64700}}},
                "edge_clusters": {
                    "hosts": {"home": {**PODS, "edge_cluster_asn": 64701, "edge_cilium_version": "1.20.2"}}
                },
                "edge_nodes": {"hosts": {"k1": {"ansible_host": "10.0.0.11"}, "k2": {"ansible_host": "10.0.0.12"}}},
            },
        }
    }
    for body in document["all"]["children"].values():
        for host, own in body["hosts"].items():
            own.update(copy.deepcopy(hosts.get(host, {})))
    return document


USED: dict[str, tuple[dict[str, Any], str, str]] = {
    "ansible_host": ({}, "10.0.0.11", "k1.edge_addresses.lan"),
    "ansible_host, to connect alone": (
        {"udm": {"ansible_host": "10.0.7.5", "edge_addresses": {"lan": "10.0.0.1"}}}, "10.0.7.5", "udm.ansible_host",
    ),
    "ansible_host of a cluster": ({"home": {"ansible_host": "10.0.7.5"}}, "10.0.7.5", "home.ansible_host"),
    "edge_addresses": ({"k1": {"edge_addresses": {"lan": "10.0.0.5"}}}, "10.0.0.5", "k1.edge_addresses.lan"),
    "edge_node_local_addresses": (
        {"k1": {"edge_node_local_addresses": {"k8s": "10.0.0.5"}}}, "10.0.0.5", "k1.edge_node_local_addresses.k8s",
    ),
    "edge_router_neighbors.address": (
        {"udm": {"edge_router_neighbors": {"nas": NEIGHBOR}}}, "10.0.0.5", "udm.edge_router_neighbors.nas.address",
    ),
    "edge_router_neighbors.update_source": (
        {"udm": {"edge_router_neighbors": {"far": FAR}}}, "10.0.7.5", "udm.edge_router_neighbors.far.update_source",
    ),
    "edge_router_controller.url": (
        {"udm": {**CONTROLLER, "edge_router_controller": {"url": "https://10.0.0.5:8443/"}}},
        "10.0.0.5", "udm.edge_router_controller.url",
    ),
    "edge_router_controller.url, IPv6": (
        {"udm": {**CONTROLLER, "edge_router_controller": {"url": "https://[2001:db8::5]/"}}},
        "2001:db8::5", "udm.edge_router_controller.url",
    ),
    "edge_peerings.local_speaker.address": (
        {"every": {"edge_peerings": {"k8s": {"network": "lan"}, "own": {"local_speaker": {"asn": 64702, "address": "10.0.7.5"}}}}},
        "10.0.7.5", "edge_peerings.own.local_speaker.address",
    ),
}  # fmt: skip
"""Key that names a machine's address -> what writes one, the address, and the path that names it."""


@pytest.mark.parametrize(("written", "address", "path"), USED.values(), ids=list(USED))
@pytest.mark.parametrize("way", [{"l2": "lan"}, {"bgp": "k8s"}], ids=["l2", "bgp"])
def test_a_pool_with_the_address_of_a_machine_is_refused(
    written: dict[str, Any], address: str, path: str, way: dict[str, str]
) -> None:
    texts = found(site({"addresses": address, **way}, **written))
    assert (
        f"EDGE403 edge_pools.lb.addresses: {address} covers the address {address} of {path} (exclude: {address})"
        in texts
    )
    assert sum(text.startswith("EDGE403") for text in texts) == 1
    assert not any(
        text.startswith("EDGE403") for text in found(site({"addresses": "10.1.0.0/24", "bgp": "k8s"}, **written))
    )


def test_a_range_names_the_neighbor_in_it_and_may_exclude_it() -> None:
    pool = {"addresses": "10.0.0.2-10.0.0.9", "l2": "lan", "bgp": "k8s"}
    nas = {"edge_router_neighbors": {"nas": NEIGHBOR}}
    assert found(site(pool, udm=nas)) == [
        "EDGE403 edge_pools.lb.addresses: 10.0.0.2-10.0.0.9 covers the address 10.0.0.5 of"
        " udm.edge_router_neighbors.nas.address (exclude: 10.0.0.5)"
    ]
    assert found(site({**pool, "exclude": "10.0.0.5"}, udm=nas)) == []


CONSOLE = {**CONTROLLER, "edge_router_controller": {"url": "https://10.1.0.10:8443"}}
INSIDE = {"edge_router_neighbors": {"dns": {**NEIGHBOR, "address": "10.1.0.10", "multihop": 2}}}
SOURCE_INSIDE = {"edge_router_neighbors": {"far": {**FAR, "update_source": "10.1.0.10"}}}
PINNED = {"edge_services": {"unifi/controller": {"pool": "lb", "addresses": "10.1.0.10"}}}


def in_use(**hosts: dict[str, Any]) -> list[str]:
    """Return the paths of the addresses that a routed pool is told to cover."""
    texts = found(site({"addresses": "10.1.0.0/24", "bgp": "k8s"}, **hosts))
    hint = " (exclude: 10.1.0.10)"
    problem = "edge_pools.lb.addresses: 10.1.0.0/24 covers the address 10.1.0.10 of "
    return [text.partition(problem)[2].removesuffix(hint) for text in texts if text.startswith("EDGE403")]


RUNS_IN_THE_CLUSTER: dict[str, tuple[dict[str, dict[str, Any]], list[str]]] = {
    "console": ({"udm": CONSOLE}, ["udm.edge_router_controller.url"]),
    "console as a service": ({"udm": CONSOLE, "every": PINNED}, []),
    "neighbor": ({"udm": INSIDE}, ["udm.edge_router_neighbors.dns.address"]),
    "neighbor as a service": ({"udm": INSIDE, "every": PINNED}, []),
    "neighbor, and a service of another address": (
        {"udm": INSIDE, "every": {"edge_services": {"unifi/controller": {"pool": "lb", "addresses": "10.1.0.11"}}}},
        ["udm.edge_router_neighbors.dns.address"],
    ),
    "neighbor, and a service without an address": (
        {"udm": INSIDE, "every": {"edge_services": {"unifi/controller": {"pool": "lb"}}}},
        ["udm.edge_router_neighbors.dns.address"],
    ),
    "the router's own source": ({"udm": SOURCE_INSIDE, "every": PINNED}, ["udm.edge_router_neighbors.far.update_source"]),
    "a node": ({"k1": {"edge_addresses": {"lan": "10.0.0.11"}, "ansible_host": "10.1.0.10"}, "every": PINNED}, ["k1.ansible_host"]),
}  # fmt: skip


@pytest.mark.parametrize(("hosts", "paths"), RUNS_IN_THE_CLUSTER.values(), ids=list(RUNS_IN_THE_CLUSTER))
def test_what_runs_in_the_cluster_has_the_address_that_its_service_asks_for(
    hosts: dict[str, dict[str, Any]], paths: list[str]
) -> None:
    assert in_use(**hosts) == paths


SPEAKER = {
    "edge_peerings": {"k8s": {"network": "lan"}, "own": {"local_speaker": {"asn": 64702, "address": "10.1.0.10"}}}
}


@pytest.mark.parametrize("absent", [True, False], ids=["absent", "present"])
@pytest.mark.parametrize(
    ("group", "host", "own", "path"),
    [
        pytest.param("edge_routers", "old", INSIDE, "old.edge_router_neighbors.dns.address", id="neighbor"),
        pytest.param("edge_routers", "old", SOURCE_INSIDE, "old.edge_router_neighbors.far.update_source", id="source"),
        pytest.param("edge_routers", "old", CONSOLE, "old.edge_router_controller.url", id="console"),
        pytest.param("edge_clusters", "away", SPEAKER, "away.edge_peerings.own.local_speaker.address", id="speaker"),
    ],
)
def test_what_is_absent_has_no_neighbors(group: str, host: str, own: dict[str, Any], path: str, absent: bool) -> None:
    document = site({"addresses": "10.1.0.0/24", "bgp": "k8s"})
    usual = {
        "edge_routers": {"edge_router_asn": 64701, "ansible_host": "10.0.0.2"},
        "edge_clusters": {"edge_cluster_asn": 64703, "edge_cilium_version": "1.20.2", "edge_pools": {}},
    }
    state = {"edge_state": "absent"} if absent else {}
    document["all"]["children"][group]["hosts"][host] = {**usual[group], **copy.deepcopy(own), **state}
    for node in document["all"]["children"]["edge_nodes"]["hosts"].values():
        node["edge_cluster"] = "home"
    texts = [text for text in found(document) if text.startswith("EDGE403")]
    covers = f"EDGE403 {{}}.addresses: 10.1.0.0/24 covers the address 10.1.0.10 of {path} (exclude: 10.1.0.10)"
    assert texts == (
        [] if absent else [covers.format("home.edge_pools.lb" if group == "edge_clusters" else "edge_pools.lb")]
    )


def test_a_service_of_an_absent_cluster_has_no_address() -> None:
    document = site({"addresses": "10.1.0.0/24", "bgp": "k8s"}, udm=INSIDE)
    gone = {"edge_cluster_asn": 64703, "edge_cilium_version": "1.20.2", "edge_state": "absent", **PINNED}
    document["all"]["children"]["edge_clusters"]["hosts"]["away"] = gone
    for node in document["all"]["children"]["edge_nodes"]["hosts"].values():
        node["edge_cluster"] = "home"
    assert [text.partition(" ")[0] for text in found(document)] == ["EDGE403"]


def _addresses_in(kind: ValueType, path: str) -> Iterator[str]:
    """Yield the keys below a key's type whose values are addresses."""
    if kind in (ADDRESS, SOURCE):
        yield path
    elif isinstance(kind, ListOf):
        yield from _addresses_in(kind.item, path)
    elif isinstance(kind, MapOf):
        yield from _addresses_in(kind.value, path)
    elif isinstance(kind, Record):
        for key in kind.keys.values():
            yield from _addresses_in(key.type, f"{path}.{key.name}")


def test_every_key_that_takes_an_address_is_tried() -> None:
    keys = {path for name, key in VARIABLES.items() for path in _addresses_in(key.type, name)}
    assert keys - {"edge_services.addresses"} <= USED.keys(), "what machine has it? see _resolve/pools/in_use.py"


ASKED = "whose hosts ask for {} by ARP"
OUT = "use a range outside every network"


@pytest.mark.parametrize(
    ("pool", "finding"),
    [
        pytest.param(
            {"addresses": "10.0.0.128/25"},
            f"10.0.0.128/25 lies inside network 'lan' (10.0.0.0/24), {ASKED.format('it')} ({OUT}, or announce it there: l2)",
            id="contained",
        ),
        pytest.param(
            {"addresses": "10.0.0.128-10.0.1.50"},
            f"10.0.0.128-10.0.1.50 has 10.0.0.128-10.0.0.255 in network 'lan' (10.0.0.0/24), {ASKED.format('them')}"
            f" (exclude: 10.0.0.128-10.0.0.255, or {OUT})",
            id="over the last address",
        ),
        pytest.param(
            {"addresses": "9.255.255.0-10.0.0.0"},
            f"9.255.255.0-10.0.0.0 has 10.0.0.0 in network 'lan' (10.0.0.0/24), {ASKED.format('it')}"
            f" (exclude: 10.0.0.0, or {OUT})",
            id="over the first address",
        ),
        pytest.param(
            {"addresses": "10.0.0.0/16", "exclude": ["10.0.0.1", "10.0.0.11", "10.0.0.12"]},
            "10.0.0.0/16 has 10.0.0.0, 10.0.0.2-10.0.0.10, 10.0.0.13-10.0.0.255 in network 'lan' (10.0.0.0/24),"
            f" {ASKED.format('them')} (exclude: 10.0.0.0-10.0.0.255, or {OUT})",
            id="superset",
        ),
        pytest.param({"addresses": "10.0.0.0/16", "exclude": "10.0.0.0/24"}, None, id="superset without the network"),
        pytest.param(
            {"addresses": "10.0.0.0/16", "exclude": "10.0.0.0-10.0.0.255"}, None, id="the way out as it is told"
        ),
        pytest.param({"addresses": ["10.0.0.200", "10.0.2.1"], "exclude": "10.0.0.200"}, None, id="excluded whole"),
        pytest.param({"addresses": "10.0.0.128-10.0.1.50", "exclude": "10.0.0.128-10.0.0.255"}, None, id="the rest"),
        pytest.param({"addresses": "10.0.1.0/24"}, None, id="beside it"),
    ],
)
def test_a_bgp_pool_that_hands_out_addresses_of_a_network_warns(pool: dict[str, Any], finding: str | None) -> None:
    place = "edge_pools.lb.addresses[0]" if isinstance(pool["addresses"], list) else "edge_pools.lb.addresses"
    told = found(site({**pool, "bgp": "k8s"}))
    assert [text for text in told if "EDGE403" not in text] == ([f"EDGE411 {place}: {finding}"] if finding else [])


@pytest.mark.parametrize(
    ("pool", "ends"),
    [
        pytest.param({"addresses": "10.0.0.128/25"}, ["10.0.0.255, the broadcast"], id="the last one"),
        pytest.param({"addresses": "9.255.255.0-10.0.0.0"}, ["10.0.0.0, the network"], id="the first one"),
        pytest.param(
            {"addresses": "10.0.0.0/16", "exclude": ["10.0.0.1", "10.0.0.11", "10.0.0.12"]},
            ["10.0.0.0, the network", "10.0.0.255, the broadcast"],
            id="both",
        ),
        pytest.param({"addresses": "10.0.0.128/25", "exclude": "10.0.0.255"}, [], id="excluded"),
        pytest.param({"addresses": "10.0.0.128/25", "first_last": False}, [], id="left out with the ends of blocks"),
        pytest.param({"addresses": "10.0.0.128-10.0.0.254"}, [], id="none"),
    ],
)
def test_a_bgp_pool_must_not_hand_out_what_a_router_s_subnet_has_for_itself(
    pool: dict[str, Any], ends: list[str]
) -> None:
    told = [text for text in found(site({**pool, "bgp": "k8s"})) if "EDGE403" in text]
    assert told == [
        f"EDGE403 edge_pools.lb.addresses: {pool['addresses']} covers {end} address of 10.0.0.0/24 in network 'lan', where"
        f" udm has an address: it takes what is sent there for itself (exclude: {end.partition(',')[0]})"
        for end in ends
    ]


def test_hosts_of_an_ipv6_network_ask_by_ndp() -> None:
    network = {"edge_networks": {"lan": {"cidr": ["10.0.0.0/24", "fd00:1::/64"]}}}
    assert (
        "EDGE411 edge_pools.lb.addresses[1]: fd00:1::a/127 lies inside network 'lan' (fd00:1::/64), whose hosts ask for"
        f" it by NDP ({OUT}, or announce it there: l2)"
    ) in found(site({"addresses": ["10.1.0.0/28", "fd00:1::a/127"], "bgp": "k8s"}, every=network))


@pytest.mark.parametrize(("key", "code"), [("delivery", "EDGE418"), ("loopback", "EDGE420")])
def test_on_link_and_loopback_ranges_warn_of_what_is_handed_out_alone(key: str, code: str) -> None:
    other = {"cidr": "203.0.113.0/29", key: "on_link" if key == "delivery" else True}
    networks = {"edge_networks": {"lan": {"cidr": "10.0.0.0/24"}, "wan": other}}
    router = {"edge_addresses": {"lan": "10.0.0.1", "wan": "203.0.113.1"}}
    pool = {"addresses": "203.0.113.4-203.0.113.12", "bgp": "k8s"}
    codes = [text.partition(" ")[0] for text in found(site(pool, every=networks, udm=router))]
    assert codes == (["EDGE403"] if key == "delivery" else []) + [code]  # 203.0.113.7 is a broadcast address there
    assert found(site({**pool, "exclude": "203.0.113.0/29"}, every=networks, udm=router)) != []
    assert found(site({**pool, "exclude": "203.0.113.4-203.0.113.7"}, every=networks, udm=router)) == []

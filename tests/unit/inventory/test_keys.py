# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of keys is the one source: whoever changes a default there changes the plan and every generated page."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.report import Report
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys import GROUPS, VARIABLES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.common import RecordOr
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.peerings import (
    NAMES as PEERING_NAMES,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.policies import (
    POLICY_RECORD,
    PolicyType,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.sessions import SESSION
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.types import (
    Boolean,
    Choice,
    Integer,
    Key,
    ListOf,
    MapOf,
    Record,
    Seconds,
    ValueType,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.values import UNMADE
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.generate import generate
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.invalid import CASES, edited, found

TIMERS = next(key.type for key in SESSION if key.name == "timers")


def inner_record(kind: ValueType) -> tuple[str, Record] | None:
    """Return the record inside a type, and what stands between: ``*`` for each entry of a map or list."""
    if isinstance(kind, Record):
        return "", kind
    if isinstance(kind, RecordOr):
        return "", kind.record
    if isinstance(kind, PolicyType):
        return "", POLICY_RECORD
    if isinstance(kind, MapOf) and (inner := inner_record(kind.value)):
        return "*", inner[1]
    if isinstance(kind, ListOf) and (inner := inner_record(kind.item)):
        return "*", inner[1]
    return None


def walk(
    keys: Mapping[str, Key] | tuple[Key, ...], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Key]]:
    """Yield every key of the table with the names on the way to it."""
    for key in keys.values() if isinstance(keys, Mapping) else keys:
        place = (*above, key.name)
        yield place, key
        inner = inner_record(key.type)
        if inner:
            yield from walk(inner[1].keys, (*place, *inner[0]))


TABLE = [(group, place, key) for group, keys in GROUPS for place, key in walk(keys)]
WITH_DEFAULT = [entry for entry in TABLE if entry[2].default is not None]
NAMES = [f"{group.split()[0]}: {'.'.join(place)}" for group, place, _key in WITH_DEFAULT]


@pytest.mark.parametrize(("group", "place", "key"), WITH_DEFAULT, ids=NAMES)
def test_a_default_is_what_a_user_could_write(group: str, place: tuple[str, ...], key: Key) -> None:
    report = Report()
    assert key.type.parse(key.default, "default", report) == key.value
    assert [finding.text for finding in report.findings] == []


@contextmanager
def changed_default(key: Key, default: Any) -> Iterator[None]:
    """Give a key of the table another default for a while."""
    before = key.default
    object.__setattr__(key, "default", default)
    object.__setattr__(key, "constant", UNMADE)
    try:
        yield
    finally:
        object.__setattr__(key, "default", before)
        object.__setattr__(key, "constant", UNMADE)


def other_value(key: Key) -> Any:
    """Return another value that the key takes; None = the test has none for its type."""
    kind, default = key.type, key.default
    special = {
        "edge_site_name": "elsewhere",
        "edge_router_frr_version": "10.3",
        "edge_pool_label": "example.org/pool",
        "edge_allocation_file": "kept.yml",
        "edge_cluster_pod_cidrs": ("10.244.0.0/16",),
        "edge_cluster_service_cidrs": ("10.96.0.0/16",),
        "edge_cluster_external_cidrs": ("198.51.100.0/24",),
        "edge_router_redistribute": ("connected",),
        "dhcp": ("10.0.1.200-10.0.1.210",),
        "communities": ("64700:1",),
        "l2": ("lan",),
        "exclude": ("203.0.113.4",),
        "address": "127.0.0.2",
        "site": "home",
    }
    if key.name in special:
        return special[key.name]
    if isinstance(kind, Boolean) or default in (True, False):
        return not default
    if isinstance(kind, Integer):
        return default + 60 if key.name == "restart" else default + 3
    if isinstance(kind, Seconds):
        return default - 0.5
    if isinstance(kind, Choice):
        return next(word for word in kind.words if word != default)
    return None


CHANGES = [(*entry, other) for entry in WITH_DEFAULT if (other := other_value(entry[2])) is not None]
CHANGED = [f"{group.split()[0]}: {'.'.join(place)}" for group, place, _key, _other in CHANGES]


def test_nearly_every_default_is_tried() -> None:
    """What is left out are records and maps, whose own keys are tried."""
    tried = {place for _group, place, _key, _other in CHANGES}
    rest = {
        ".".join(place) for _group, place, key in WITH_DEFAULT if place not in tried and key.default not in ({}, ())
    }
    assert rest == set()


@pytest.mark.parametrize(("group", "place", "key", "other"), CHANGES, ids=CHANGED)
def test_every_page_follows_a_default(group: str, place: tuple[str, ...], key: Key, other: Any) -> None:
    pages = {"docs/reference/inventory.md", "docs/reference/inventory.schema.json"}
    if len(place) == 1:
        pages.add("roles/edge/meta/argument_specs.yml")
    before = {name: generate.GENERATED[name]() for name in pages}
    with changed_default(key, other):
        after = {name: generate.GENERATED[name]() for name in pages}
    for name in pages:
        new = Counter(after[name].splitlines()) - Counter(before[name].splitlines())
        assert any(key.type.shown(other) in line for line in new), f"{name} does not follow {'.'.join(place)}"


SITE = """
all:
  vars:
    edge_networks:
      lan: {cidr: [10.0.1.0/24, "fd00:1::/64"], interfaces: eth0}
      loops: {cidr: 10.255.0.0/24, interfaces: lo1}
      inside: {cidr: 10.0.3.0/24}
      wire: {cidr: 10.0.9.0/30}
    edge_links:
      wire:
        ends:
          gw: {network: wire, export: {pools: home/lb}}
          far: {network: wire, export: {networks: inside}, import: {}}
        timers: {}
  children:
    edge_routers:
      hosts:
        gw:
          edge_router_asn: 64700
          edge_addresses: {lan: [10.0.1.1, "fd00:1::1"], wire: 10.0.9.1}
          edge_router_neighbors:
            nas: {address: 10.0.1.50, asn: 64700, import: {prefixes: 192.0.2.0/24}, export: {networks: inside}, timers: {}}
            vpn: {dynamic: {range: 10.0.1.64/27}, network: lan, asn: external, import: {}, export: {networks: inside}}
        far:
          edge_router_asn: 64799
          edge_addresses: {inside: 10.0.3.1, wire: 10.0.9.2}
          edge_router_platform: unifi
          edge_router_bgp_owner: controller
          edge_router_controller: {url: https://10.0.3.1}
          edge_router_controller_api_key: a key
    edge_clusters:
      hosts:
        home:
          edge_cilium_version: 1.19.6
          edge_cluster_asn: 64701
          edge_default_pool: lb
          edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]
          edge_cluster_service_cidrs: 10.96.0.0/16
          edge_cluster_external_cidrs: 198.51.100.0/24
          edge_cluster_pod_mask: {}
          edge_l2_lease: {}
          edge_peerings:
            k8s:
              network: lan
              advertise: {pod_cidrs: {}, cluster_ips: {}, external_ips: {}, interfaces: {names: lo1}}
              import: {prefixes: [{prefix: 192.0.2.0/24, ge: 28}]}
              timers: {}
          edge_pools:
            lb: {addresses: [203.0.113.0/28, "fd00:aa::/120"], bgp: k8s}
            desk: {addresses: 10.0.1.224/28, bgp: [], l2: lan}
          edge_services:
            web/site: {ports: [{port: 443}], addresses: 203.0.113.5}
            web/other: {}
        lab:
          edge_cilium_version: 1.19.6
          edge_cluster_asn: 64702
          edge_cluster_pod_pools: {default: {cidr: [10.245.0.0/16, "fd00:245::/56"], mask: {}}}
          edge_peerings:
            pods: {network: lan, advertise: {pod_pools: {}}, export: {networks: inside}}
            self: {local_speaker: {asn: 64999}, asn: 64703}
          edge_pools:
            more: {addresses: 203.0.113.32/28, bgp: [pods, self]}
    edge_nodes:
      hosts:
        n1: {edge_cluster: home, edge_addresses: {lan: [10.0.1.11, "fd00:1::11"]}}
        n2: {edge_cluster: home, edge_addresses: {lan: [10.0.1.12, "fd00:1::12"]}}
        n3: {edge_cluster: lab, edge_addresses: {lan: [10.0.1.13, "fd00:1::13"]}}
"""
"""A site that has every record of the table at least once."""

GROUPS_OF = {"Router": ("edge_routers",), "Node": ("edge_nodes",), "Cluster": ("edge_clusters",)}
ONE_WAY = {"restart": "import", "redistributed": "export"}
"""Keys of a policy that are refused in the other direction."""


def places(group: str, place: tuple[str, ...], document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the maps of an inventory in which a key of the table stands, or may stand."""
    top = document["all"]
    for name, body in top["children"].items():
        if name in GROUPS_OF.get(group, top["children"]):
            for host in body["hosts"].values():
                yield from below(host, place)
    if len(place) > 1:
        yield from below(top["vars"], place)


def below(value: Any, place: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Yield the maps inside ``value`` in which the last name of ``place`` may stand."""
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return
    if len(place) == 1:
        yield value
        return
    for name in value if place[0] == "*" else value.keys() & {place[0]}:
        yield from below(value[name], place[1:])


def refused(key: Key, place: tuple[str, ...], record: Mapping[str, Any]) -> bool:
    """Return whether writing a key there is an error of its own."""
    if key.name in ONE_WAY and ONE_WAY[key.name] not in place:
        return True
    return "local_speaker" in record or (key.name == "communities" and record.get("bgp") == [])


def planned(document: dict[str, Any]) -> str:
    """Return a plan and its findings as text, without the notes about what the inventory does not say."""
    computed = plan(inventory_from(document))
    data = {key: value for key, value in (computed.data or {}).items() if key != "derived"}
    return json.dumps([data, [finding.as_dict() for finding in computed.findings]])


SEEN_ELSEWHERE = {
    "edge_bgp_defaults": "its keys are those of peerings, neighbors and links",
    "edge_allocation_file": "the plan names it in findings only",
}


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, id=".".join(place))
        for index, (group, place, key, _other) in enumerate(CHANGES)
        if group != "Run" and place[0] not in SEEN_ELSEWHERE and key not in [known[2] for known in CHANGES[:index]]
    ],
)
def test_the_plan_follows_a_default(key: Key) -> None:
    """Who changes a default gets the plan that they would get by writing that value everywhere."""
    document = yaml.safe_load(SITE)
    for host in document["all"]["children"]["edge_clusters"]["hosts"].values():
        host.pop(key.name, None)
    plain, written = planned(document), copy.deepcopy(document)
    other = next(entry[3] for entry in CHANGES if entry[2] is key)
    count = 0
    for group, place, known in TABLE:
        if known is not key or place[0] == "edge_bgp_defaults":
            continue
        for record in places(group, place, written):
            if not refused(key, place, record):
                record[key.name] = other[0] if isinstance(other, tuple) else other
                count += 1
    assert count
    with changed_default(key, other):
        assert planned(document) == planned(written)
    assert planned(document) == plain
    assert planned(written) != plain


def test_findings_name_the_default_of_the_allocation_file() -> None:
    key = VARIABLES["edge_allocation_file"]
    case = next(case for case in CASES if any("edge_allocation.yml" in line for line in case["finds"]))
    document = edited(case.get("set", {}), case.get("remove", ()), case.get("base"))
    with changed_default(key, "kept.yml"):
        lines = found(document, case["kept"])
    assert lines == [line.replace("edge_allocation.yml", "kept.yml") for line in case["finds"]]


@pytest.mark.parametrize(
    ("name", "file", "line"),
    [
        ("edge_twin_state", "roles/edge_twin/defaults/main.yml", "edge_twin_state: {}"),
        ("edge_twin_state", "playbooks/twin.yml", "edge_twin_state | default('{}')"),
        ("edge_render_secrets", "roles/edge/tasks/render.yml", "edge_render_secrets | default({})"),
    ],
)
def test_roles_take_the_default_of_a_variable_that_only_they_read(name: str, file: str, line: str) -> None:
    assert line.format(VARIABLES[name].default_text) in (CHECKOUT / file).read_text("utf-8")


def test_whoever_reads_values_cannot_pass_over_the_default() -> None:
    values = TIMERS.parse({"keepalive": 2}, "timers", Report())
    assert (values["hold"], values["keepalive"], "hold" in values, "keepalive" in values) == (9, 2, False, True)
    with pytest.raises(TypeError):
        values.get("hold", 90)
    with pytest.raises(KeyError):
        values["holdtime"]


def test_an_inherited_value_comes_before_the_default_and_after_the_own_one() -> None:
    own = TIMERS.parse({"keepalive": 2}, "timers", Report())
    inherited = TIMERS.parse({"hold": 30, "keepalive": 10}, "timers", Report())
    timers = own.over(inherited)
    assert (timers["hold"], timers["keepalive"], timers["connect_retry"]) == (30, 2, 5)
    assert "connect_retry" not in timers


@pytest.mark.parametrize(
    "names",
    [
        pytest.param({"instance": "AS_65001", "peer": "Router"}, id="as Cilium's examples write them"),
        pytest.param({"instance": "i" * 255, "peer": {"udm": "p" * 252}}, id="the longest"),
        pytest.param({"peer_group": "65001-K8S"}, id="a peer group that starts with a digit"),
    ],
)
def test_names_that_live_objects_have_can_be_kept(names: dict[str, Any]) -> None:
    report = Report()
    found = PEERING_NAMES.parse(names, "names", report)
    assert report.findings == []
    assert {name: found[name] for name in names} == names


@pytest.mark.parametrize(
    "names",
    [
        {"instance": ""},
        {"instance": "i" * 256},
        {"peer": "p" * 253},
        {"peer": "a\tb"},
        {"peer_group": "10.0.0.1"},
        {"peer_group": "-K8S"},
        {"peer_config": "Router"},
    ],
)
def test_names_that_nothing_takes_are_refused(names: dict[str, Any]) -> None:
    report = Report()
    PEERING_NAMES.parse(names, "names", report)
    assert len(report.findings) == 1

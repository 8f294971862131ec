# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between two plans: by name, at which end, as data, text and Markdown."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.changes import ChangesDocument
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.typed import misfits
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.changes import changes_document
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.text import (
    MANY,
    changes_markdown,
    changes_text,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.any_site import inventories
from ansible_collections.hybridnet.cluster_edge.tests.support.drawn import examples
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import HYBRID, hybrid_plan, inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.invalid import edited
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import run_playbook
from hypothesis import HealthCheck, assume, given, settings

Document = dict[str, Any]


def after(values: dict[str, Any], removed: tuple[str, ...] = ()) -> Any:
    """Return the plan of the reference site with an edit."""
    computed = plan(inventory_from(edited(values, removed)))
    assert not computed.failed, [finding.text for finding in computed.findings]
    return computed.data


def rows(document: ChangesDocument) -> list[str]:
    """Return each change as the text has it, with single spaces."""
    lines = changes_text(document).split("\n\n", maxsplit=1)[0].splitlines()[1:]
    return [" ".join(line.split()) for line in lines if not line.startswith(("  what ", "  ---"))]


UDM, PLATFORM = "router udm-pro", "cluster platform"
FRR = f"router changes udm-pro FRR configuration {UDM}"


@pytest.mark.parametrize(
    ("values", "removed", "expected"),
    [
        pytest.param({}, (), ["nothing changes"], id="nothing"),
        pytest.param({"site|edge_peerings|third": {"network": "public", "asn": 65003, "nodes": "!private"},
                      "site|edge_pools|third": {"addresses": "203.0.113.92", "bgp": "third"}}, (), [
            f"session appears platform/third control-01 - udm-pro (ipv4) {UDM}, {PLATFORM}",
            f"accepted prefix appears 203.0.113.92/32 from platform-third (ipv4) {UDM}",
            f"announced prefix appears 203.0.113.92 of pool third to udm-pro over platform/third (platform-third) {PLATFORM}",
            f"pool appears platform/third {PLATFORM}",
            FRR,
            f"cluster changes platform BGP objects; pool and L2 objects {PLATFORM}"], id="a peering with a pool"),
        pytest.param({"node01|edge_addresses|public": "10.121.0.21"}, (), [
            "session changes platform/public-ingress node01 - udm-pro (ipv4) node address: 10.121.0.11 -> 10.121.0.21"
            f" {UDM}, {PLATFORM}",
            f"address moves platform/node01 on public addresses: 10.121.0.11 -> 10.121.0.21 {PLATFORM}",
            FRR], id="a node's address"),
        pytest.param({"site|edge_services|affine/affine-svc-lb|addresses": "10.122.0.172"}, (), [
            f"address moves service platform/affine/affine-svc-lb addresses: 10.122.0.171 -> 10.122.0.172 {PLATFORM}",
            f"cluster changes platform Services {PLATFORM}"], id="a service's address"),
        pytest.param({"site|edge_services|affine/affine-svc-lb|pool": "private-ingress",
                      "site|edge_services|affine/affine-svc-lb|addresses": "10.122.0.131"}, (), [
            f"service moves platform/affine/affine-svc-lb pool: private-service -> private-ingress {PLATFORM}",
            f"address moves service platform/affine/affine-svc-lb addresses: 10.122.0.171 -> 10.122.0.131 {PLATFORM}",
            f"cluster changes platform Services {PLATFORM}"], id="a service's pool"),
        pytest.param({}, ("site|edge_services|affine/affine-svc-lb",), [
            f"service goes platform/affine/affine-svc-lb {PLATFORM}",
            f"address goes service platform/affine/affine-svc-lb {PLATFORM}",
            f"cluster changes platform Services {PLATFORM}"], id="a service goes"),
        pytest.param({"site|edge_pools|private-ingress|addresses": "10.122.0.128/27"},
                     ("site|edge_pools|private-service", "site|edge_services|affine/affine-svc-lb"), [
            f"announced prefix goes 10.122.0.128/28 of pool private-ingress by L2 on private {PLATFORM}",
            f"announced prefix appears 10.122.0.128/27 of pool private-ingress by L2 on private {PLATFORM}",
            f"announced prefix goes 10.122.0.160/28 of pool private-service by L2 on private {PLATFORM}",
            # The nodes need other routing rules.
            *(f"node changes platform/node0{n} return paths {PLATFORM}" for n in (1, 2, 3)),
            'node changes platform/node04 return paths: {"private": ["10.122.0.128/28", "10.122.0.160/28"]} ->'
            f' {{"private": ["10.122.0.128/27"]}} {PLATFORM}',
            f"pool changes platform/private-ingress addresses: 10.122.0.128/28 -> 10.122.0.128/27 {PLATFORM}",
            f"pool goes platform/private-service {PLATFORM}",
            f"service goes platform/affine/affine-svc-lb {PLATFORM}",
            f"address goes service platform/affine/affine-svc-lb {PLATFORM}",
            f"cluster changes platform pool and L2 objects; Services {PLATFORM}"], id="a pool grows and one goes"),
        pytest.param({"site|edge_pools|public-ingress|communities": ["65001:1"]}, (), [
            f"pool changes platform/public-ingress communities: none -> 65001:1 {PLATFORM}",
            f"cluster changes platform BGP objects {PLATFORM}"], id="a community"),
        pytest.param({"udm-pro|edge_router_id": "10.122.0.1"}, (), [
            f"router changes udm-pro router id: 10.121.0.1 -> 10.122.0.1; FRR configuration {UDM}"], id="the router-id"),
        pytest.param({"udm-pro|edge_router_neighbors": {"isp": {"address": "10.121.0.50", "asn": 64999,
                      "import": {"prefixes": ["198.51.100.0/24"]}, "export": {"prefixes": ["203.0.113.93/32"]}}}}, (), [
            f"session appears udm-pro - isp {UDM}",
            f"accepted prefix appears 198.51.100.0/24 from isp (ipv4) {UDM}",
            f"announced prefix appears 203.0.113.93/32 to isp (ipv4) {UDM}",
            FRR], id="another neighbor"),
    ],
)  # fmt: skip
def test_changes(values: dict[str, Any], removed: tuple[str, ...], expected: list[str]) -> None:
    document = changes_document(hybrid_plan().data, after(values, removed))
    assert misfits(document, ChangesDocument) == []
    assert sorted(rows(document)) == sorted(expected)


def test_equal_plans() -> None:
    document = changes_document(hybrid_plan().data, hybrid_plan().data)
    assert document == {"format": 1, "site": "hybrid", "changes": [], "resets": []}
    assert changes_text(document) == (
        "Changes since edge_plan_before (0)\n  nothing changes\n\n"
        "Sessions that the change since edge_plan_before resets (0)\n  (none)"
    )
    assert changes_markdown(document) == (
        "### Changes of site hybrid\n\nNothing changes.\n\n### Sessions that are reset\n\nNone.\n"
    )


def test_markdown() -> None:
    moved = after({"site|edge_services|affine/affine-svc-lb|addresses": "10.122.0.172"})
    document = changes_document(hybrid_plan().data, moved)
    document["resets"] = ["a|b <c>", "> d"]
    assert changes_markdown(document) == (
        "### Changes of site hybrid\n\n| what | change | name | difference | at |\n|---|---|---|---|---|\n"
        "| address | moves | service platform/affine/affine-svc-lb | addresses: 10.122.0.171 -> 10.122.0.172"
        " | cluster platform |\n"
        "| cluster | changes | platform | Services | cluster platform |\n\n"
        "### Sessions that are reset\n\n- a\\|b \\<c>\n- \\> d\n"
    )


@pytest.mark.parametrize(
    ("pool", "network", "change"),
    [
        pytest.param(["10.122.1.0/28"], ["10.123.0.0/24"], "moves", id="other addresses"),
        pytest.param(
            ["10.122.0.136-10.122.0.150"], ["10.122.0.128/25", "10.123.0.0/24"], "moves", id="in part other addresses"
        ),
        pytest.param(["10.122.0.128/27"], ["10.122.0.0/23"], "changes", id="more addresses"),
        pytest.param(["10.122.0.128/29"], ["10.122.0.0/25"], "changes", id="fewer addresses"),
    ],
)
def test_pools_and_networks_move_where_addresses_go_and_others_come(
    pool: list[str], network: list[str], change: str
) -> None:
    before = hybrid_plan().data
    assert before is not None
    now = copy.deepcopy(before)
    [planned] = [item for item in now["pools"] if item["name"] == "private-ingress"]
    planned["addresses"] = pool
    found = changes_document(before, now)
    told = {(item["kind"], item["name"]): item["change"] for item in found["changes"]}
    assert told["pool", "platform/private-ingress"] == change
    assert f"pool {change} platform/private-ingress" in "\n".join(rows(found))
    assert f"| pool | {change} | platform/private-ingress |" in changes_markdown(found)
    earlier = copy.deepcopy(before)
    earlier["networks"]["private"]["cidrs"] = ["10.122.0.0/24"]
    now["networks"]["private"]["cidrs"] = network
    told = {(item["kind"], item["name"]): item["change"] for item in changes_document(earlier, now)["changes"]}
    assert told["network", "private"] == change


def test_many_changes_of_a_kind_are_cut_unless_all_are_asked_for() -> None:
    document = changes_document(hybrid_plan().data, hybrid_plan().data)
    document["changes"] = [
        {"kind": kind, "change": "goes", "name": f"n{number}", "ends": [], "differences": []}
        for kind, most in (("session", MANY + 2), ("pool", 1))
        for number in range(most)
    ]
    short = changes_text(document, full=False)
    assert "and 2 more: -e edge_plan_changes_file=changes.md lists them" in short
    assert f"n{MANY} " not in short
    assert "  pool" in short
    assert f"n{MANY + 1}" in changes_text(document)


def test_what_an_older_plan_lacks_is_not_compared() -> None:
    old: Any = copy.deepcopy(hybrid_plan().data)
    for session in old["sessions"]:
        del session["listen_port"]
    assert changes_document(old, hybrid_plan().data)["changes"] == []


def _names(data: Document) -> dict[str, dict[str, Any]]:
    """Return the named things of a plan by kind, read anew: name -> all that is said of it."""
    follow = ("used", "left", "next_free", "capacity", "families", "ranges")
    services = {f"{item['cluster']}/{item['namespace']}/{item['name']}": item for item in data["services"]}
    sessions = {
        f"{item['cluster']}/{item['peering']} {item['node']} - {item['router'] or 'speaker on the node'}"
        f" ({item['family']})": item
        for item in data["sessions"]
    }
    neighbors = {
        f"{item['router']} - {item['name']}": {
            key: value for key, value in item.items() if key not in ("import", "export")
        }
        for item in data["neighbors"]
    }
    addresses = {f"service {name}": item["addresses"] for name, item in services.items() if item["addresses"]}
    for host, router in data["routers"].items():
        addresses |= {f"{host} on {network}": own for network, own in router["addresses"].items()}
    for host, cluster in data["clusters"].items():
        for node, item in cluster["nodes"].items():
            addresses |= {f"{host}/{node} on {network}": own for network, own in item["addresses"].items()}
    return {
        "session": {**sessions, **neighbors},
        "pool": {
            f"{item['cluster']}/{item['name']}": {key: value for key, value in item.items() if key not in follow}
            for item in data["pools"]
        },
        "service": {
            name: {key: value for key, value in item.items() if key != "addresses"} for name, item in services.items()
        },
        "address": addresses,
        "network": data["networks"],
    }


@pytest.mark.thorough
@settings(
    max_examples=examples(40),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(first=inventories(), second=inventories())
def test_exactly_what_differs_is_named(first: Document, second: Document) -> None:
    plans = [plan(inventory_from(document)) for document in (first, second)]
    assume(not any(item.failed for item in plans))
    before, now = plans[0].data, plans[1].data
    assert before is not None
    assert now is not None
    _check(before, now)


SOME_EDITS = [
    {"node01|edge_addresses|public": "10.121.0.21"},
    {"site|edge_peerings|public-ingress|timers": {"hold": 90}},
    {"site|edge_services|affine/affine-svc-lb|addresses": "10.122.0.172"},
    {"node04|edge_node_labels": {"private": "", "public": "true"}},
]


@pytest.mark.parametrize("values", SOME_EDITS, ids=lambda values: next(iter(values)))
def test_exactly_what_an_edit_differs_in_is_named(values: dict[str, Any]) -> None:
    _check(hybrid_plan().data, after(values))
    _check(after(values), hybrid_plan().data)


def _check(before: Any, now: Any) -> None:
    """Compare what is named with a second reading of both plans, and with the way back."""
    found = changes_document(before, now)["changes"]
    old, new = _names(before), _names(now)
    for kind in old:
        named = {change["name"]: change["change"] for change in found if change["kind"] == kind}
        expected = {name for name in {*old[kind], *new[kind]} if old[kind].get(name) != new[kind].get(name)}
        assert set(named) == expected, kind
        for name, change in named.items():
            assert (change == "appears") is (name not in old[kind])
            assert (change == "goes") is (name not in new[kind])
    parts = ("routers", "clusters", "sessions", "neighbors", "pools", "services", "networks", "expect")
    assert bool(found) is any(before[part] != now[part] for part in parts)
    back = {"appears": "goes", "goes": "appears"}
    again = changes_document(now, before)["changes"]
    assert [(change["kind"], change["name"], change["change"]) for change in again] == [
        (change["kind"], change["name"], back.get(change["change"], change["change"])) for change in found
    ]


@pytest.mark.first_case
@pytest.mark.ansible
@pytest.mark.parametrize("ending", ["md", "json", "txt"])
def test_the_changes_are_written_in_the_form_of_the_ending(ending: str, tmp_path: Path) -> None:
    before: Any = copy.deepcopy(hybrid_plan().data)
    before["sessions"][0]["hold"] = 9
    (tmp_path / "before.json").write_text(json.dumps(before), encoding="utf-8")
    options = ("edge_plan_before=before.json", f"edge_plan_changes_file=changes.{ending}")
    run = run_playbook("plan.yml", HYBRID, *options, folder=tmp_path)
    run.check(0)
    document = changes_document(before, hybrid_plan().data)
    assert " ".join(changes_text(document).split()) in " ".join(run.output.split())
    assert "hold: 9 -> 30" in run.output
    written = (tmp_path / f"changes.{ending}").read_text("utf-8")
    if ending == "json":
        assert json.loads(written) == document
    else:
        assert written == (changes_markdown(document) if ending == "md" else changes_text(document) + "\n")


@pytest.mark.first_case
@pytest.mark.ansible
@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param(("edge_plan_before=before.json", "edge_plan_changes_file=changes.html"),
                     " must end in .md (Markdown), .json or .txt; the ending says what is written", id="ending"),
        pytest.param(("edge_plan_changes_file=changes.md",),
                     " has nothing to compare with: give -e edge_plan_before=plan.json, too", id="no plan of before"),
        pytest.param(("edge_plan_before=before.json", "edge_plan_changes_file=changes.md"),
                     "is a plan of format 2, but this version of the collection reads format 1 (read it with the version"
                     " that wrote it, or write it again with this one", id="another format"),
    ],
)  # fmt: skip
def test_changes_that_cannot_be_written_are_refused(options: tuple[str, ...], told: str, tmp_path: Path) -> None:
    (tmp_path / "before.json").write_text('{"format": 2, "sessions": [], "routers": {}}', encoding="utf-8")
    run = run_playbook("plan.yml", HYBRID, *options, folder=tmp_path)
    run.check(2)
    assert told in " ".join(run.output.split())
    assert not list(tmp_path.glob("changes.*"))


DUAL = {
    "all": {
        "vars": {
            "edge_networks": {"lan": {"cidr": ["192.0.2.0/25", "2001:db8::/64"]}},
            "edge_peerings": {"k8s": {}},
        },
        "children": {
            "edge_routers": {
                "hosts": {"gw": {"edge_router_asn": 64700, "edge_addresses": {"lan": ["192.0.2.1", "2001:db8::1"]}}}
            },
            "edge_clusters": {
                "hosts": {
                    "home": {
                        "edge_cluster_asn": 64701,
                        "edge_cilium_version": "1.20.2",
                        "edge_cluster_pod_cidrs": ["10.244.0.0/16", "fd00:244::/56"],
                    }
                }
            },
            "edge_nodes": {"hosts": {"n1": {"edge_addresses": {"lan": ["192.0.2.11", "2001:db8::11"]}}}},
        },
    }
}


def test_a_prefix_is_announced_over_the_sessions_of_its_family_alone() -> None:
    """A pool of both families comes to a site of sessions of both: each has a peer group of its own."""

    def planned(*addresses: str) -> Any:
        inventory = copy.deepcopy(DUAL)
        inventory["all"]["vars"]["edge_pools"] = {"lb": {"addresses": list(addresses)}}  # type: ignore[index]
        made = plan(inventory_from(inventory))
        assert made.data is not None, made.findings
        return made.data

    before, after = planned("192.0.2.192/26"), planned("192.0.2.192/26", "2001:db8:1::/112")
    told = [row for row in rows(changes_document(before, after)) if row.startswith("announced prefix")]
    assert told == [
        "announced prefix appears 2001:db8:1::/112 of pool lb to gw over home/k8s (home-k8s-v6) cluster home"
    ]

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks/compare.yml says of one end: the reference site against itself with one thing changed."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import MASK, digested
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.ends import (
    Comparison,
    Row,
    cluster_comparison,
    planned_part,
    release_notes,
    router_comparison,
    row_of,
    state_of,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan

PLAN: Any = hybrid_plan().data
CLUSTER = PLAN["clusters"]["platform"]
ROUTER = """
router bgp 65000
 bgp router-id 10.121.0.1
 neighbor 10.121.0.11 remote-as 65001
 neighbor 10.121.0.11 timers 3 9
 neighbor 10.121.0.11 password {password}
"""


# -- a line of the filters as a row --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("BGP runs only in the first", Row("only live", "BGP runs")),
        ("neighbor 10.0.0.1: only in the second", Row("only planned", "neighbor 10.0.0.1")),
        (
            "neighbors 10.0.0.1, 10.0.0.2: ipv4: accepts anything in the first, 10.9.0.0/24 ge 32 in the second",
            Row("differs", "neighbors 10.0.0.1, 10.0.0.2: ipv4: accepts anything live, 10.9.0.0/24 ge 32 planned"),
        ),
        ("neighbor 10.0.0.1: another password", Row("differs", "neighbor 10.0.0.1: another password")),
        (
            "neighbor 10.0.0.1: both have a password, which is hidden and was not compared",
            Row("not compared", "neighbor 10.0.0.1: both have a password, which is hidden and was not compared"),
        ),
    ],
)
def test_line_as_row(line: str, row: Row) -> None:
    assert row_of(line) == row


# -- a router ------------------------------------------------------------------------------------------------------
def test_router_that_holds_the_plan() -> None:
    text = ROUTER.format(password="s3cret")
    found = router_comparison(text, text, "10.1")
    assert (found.rows, found.text("router udm")) == ((), ["router udm: no difference"])


def test_router_with_one_change() -> None:
    live = ROUTER.format(password="s3cret")
    found = router_comparison(live, live.replace("timers 3 9", "timers 3 12"), "10.1")
    assert found.text("router udm") == [
        "router udm: 1 difference",
        "  differs  neighbor 10.121.0.11: hold time: 9 s live, 12 s planned",
    ]


@pytest.mark.parametrize("hidden", [MASK, "*****", "<removed>", "SECRET:lan"])
@pytest.mark.parametrize("swapped", [False, True])
def test_hidden_password_is_neither_equal_nor_another(hidden: str, swapped: bool) -> None:
    sides = [ROUTER.format(password=hidden), ROUTER.format(password="s3cret")]
    found = router_comparison(*(reversed(sides) if swapped else sides), "10.1")
    assert [row.state for row in found.rows] == ["not compared"]
    assert found.differences == 0
    assert "s3cret" not in str(found)


def test_passwords_hidden_at_both_ends_are_not_equal() -> None:
    text = ROUTER.format(password=MASK)
    assert [row.state for row in router_comparison(text, text, "10.1").rows] == ["not compared"]


def test_hidden_password_where_the_other_has_none() -> None:
    live = ROUTER.format(password=MASK)
    planned = ROUTER.replace(" neighbor 10.121.0.11 password {password}\n", "")
    assert router_comparison(live, planned, "10.1").rows == (Row("only live", "neighbor 10.121.0.11: password"),)


@pytest.mark.parametrize(("planned", "rows"), [("s3cret", []), ("other", ["neighbor 10.121.0.11: another password"])])
def test_digests_are_compared(planned: str, rows: list[str]) -> None:
    sides = [digested(ROUTER.format(password=word), "salt") for word in ("s3cret", planned)]
    assert [row.what for row in router_comparison(sides[0], sides[1], "10.1").rows] == rows


def test_a_digest_keeps_asterisks_and_hides_all_else() -> None:
    assert f"password {MASK}" in digested(ROUTER.format(password=MASK), "salt")
    for word in ("<secret>", "SECRET:abc", "***x"):
        assert word not in digested(ROUTER.format(password=word), "salt")


# -- a cluster -----------------------------------------------------------------------------------------------------
def applied() -> dict[str, Any]:
    """Return the state of a cluster to which the plan was applied."""
    names = set(CLUSTER["nodes"])
    labels = CLUSTER["node_labels"]
    return deepcopy(
        {
            "objects": [*CLUSTER["bgp"], *CLUSTER["lb"]],
            "nodes": {name: {"labels": labels.get(name, {}), "owned": list(labels.get(name, {}))} for name in names},
            "services": [
                item["object"]
                or {
                    "apiVersion": "v1",
                    "kind": "Service",
                    "metadata": {
                        "name": item["name"],
                        "namespace": item["namespace"],
                        "labels": item["labels"],
                        "annotations": item["annotations"],
                    },
                    "spec": {"type": "LoadBalancer", "ports": [{"port": 443}]},
                }
                for item in CLUSTER["services"]
            ],
        }
    )


def compared(change: Callable[[dict[str, Any]], None]) -> Comparison:
    state = applied()
    change(state)
    return cluster_comparison(state, PLAN, "platform")


def rows(change: Callable[[dict[str, Any]], None]) -> list[tuple[str, str]]:
    return [(row.state, row.what) for row in compared(change).rows]


def of_kind(state: dict[str, Any], kind: str) -> list[Any]:
    return [item for item in state["objects"] if item["kind"] == kind]


def service(state: dict[str, Any], name: str) -> Any:
    return next(item for item in state["services"] if item["metadata"]["name"] == name)


def test_cluster_that_holds_the_plan() -> None:
    found = compared(lambda state: None)
    assert (found.rows, found.notes) == ((), ())


def test_hold_time_of_one_peering() -> None:
    def change(state: dict[str, Any]) -> None:
        of_kind(state, "CiliumBGPPeerConfig")[0]["spec"]["timers"]["holdTimeSeconds"] = 45

    ((state, what),) = rows(change)
    assert state == "differs"
    assert "nodes node01, node02, node03" in what
    assert "45 s live, 30 s planned" in what


def test_pool_that_is_not_there() -> None:
    def change(state: dict[str, Any]) -> None:
        pools = [item for item in of_kind(state, "CiliumLoadBalancerIPPool") if "private-service" in str(item)]
        state["objects"].remove(pools[0])

    found = rows(change)
    assert {state for state, _what in found} == {"only planned"}
    assert any(what.startswith("addresses: ") and "10.122.0.16" in what for _state, what in found)


def test_label_of_a_node_is_one_difference_and_not_one_for_each_session() -> None:
    def change(state: dict[str, Any]) -> None:
        del state["nodes"]["node01"]["labels"]["public"]

    assert rows(change) == [("only planned", "node node01: label public=true")]


def test_label_of_a_node_with_another_value() -> None:
    def change(state: dict[str, Any]) -> None:
        state["nodes"]["node01"]["labels"]["public"] = "no"

    assert rows(change) == [("differs", "node node01: label public: no live, true planned")]


def test_label_of_ours_that_left_the_plan() -> None:
    def change(state: dict[str, Any]) -> None:
        state["nodes"]["node01"]["labels"].update(old="yes", foreign="stays")
        state["nodes"]["node01"]["owned"].append("old")

    assert rows(change) == [("only live", "node node01: label old=yes")]


def test_service_of_ours_that_is_not_there() -> None:
    def change(state: dict[str, Any]) -> None:
        state["services"].remove(service(state, "dummy-service"))

    assert rows(change) == [("only planned", "service dummy/dummy-service")]


def test_service_of_ours_that_left_the_plan() -> None:
    def change(state: dict[str, Any]) -> None:
        left = deepcopy(service(state, "dummy-service"))
        left["metadata"]["name"] = "left"
        state["services"].append(left)

    assert rows(change) == [("only live", "service dummy/left")]


def test_service_that_is_not_in_the_inventory_stays() -> None:
    def change(state: dict[str, Any]) -> None:
        other = {"name": "other", "namespace": "default"}
        spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
        state["services"].append({"apiVersion": "v1", "kind": "Service", "metadata": other, "spec": spec})

    assert rows(change) == []


def test_service_that_its_chart_has_not_made_yet_is_a_note() -> None:
    found = compared(lambda state: state.update(services=state["services"][:2]))
    assert found.differences == 0
    assert found.notes == (
        "services that others make and that are not there: ingress-nginx-private/ingress-nginx-controller,"
        " ingress-nginx-public/ingress-nginx-controller",
    )


def test_pod_pool_of_cilium_is_left_out_and_another_is_told() -> None:
    def pool(name: str) -> dict[str, Any]:
        spec = {"ipv4": {"cidrs": ["10.200.0.0/16"], "maskSize": 24}}
        return {"apiVersion": "cilium.io/v2", "kind": "CiliumPodIPPool", "metadata": {"name": name}, "spec": spec}

    assert rows(lambda state: state["objects"].append({**pool("default"), "apiVersion": "cilium.io/v2alpha1"})) == []
    told = compared(lambda state: state["objects"].append({**pool("batch"), "apiVersion": "cilium.io/v2alpha1"}))
    assert [(row.state, row.what.partition(":")[0]) for row in told.rows] == [("only live", "pod IP pool batch")]
    assert [note.partition(":")[0] for note in told.notes] == ["not made by this site (1)"]


def test_nodes_that_have_not_joined_are_a_note() -> None:
    found = compared(lambda state: state["nodes"].pop("control-01") and None)
    assert (found.rows, found.notes) == ((), ("nodes of the inventory that are not there: control-01",))


# -- what others have not applied yet ------------------------------------------------------------------------------
def test_what_is_nobody_s_plan_is_not_waited_for() -> None:
    def foreign(state: dict[str, Any]) -> None:
        pool = deepcopy(CLUSTER["lb"][0])
        pool["metadata"] = {"name": "theirs"}
        pool["spec"]["blocks"] = [{"cidr": "198.51.100.0/24"}]
        state["objects"].append(pool)

    assert rows(foreign) != []
    state = applied()
    foreign(state)
    assert cluster_comparison(planned_part(state, PLAN, "platform"), PLAN, "platform").rows == ()


def test_what_left_the_plan_and_is_still_there_is_waited_for() -> None:
    def left(state: dict[str, Any]) -> None:
        item = deepcopy(service(state, "dummy-service"))
        item["metadata"]["name"] = "left"
        state["services"].append(item)
        state["objects"] = [item for item in state["objects"] if item["kind"] != "CiliumBGPPeerConfig"]

    state = applied()
    left(state)
    found = cluster_comparison(planned_part(state, PLAN, "platform"), PLAN, "platform")
    assert ("only live", "service dummy/left") in [(row.state, row.what) for row in found.rows]
    assert found.differences > 1


def test_what_differs_at_the_release_of_others_is_a_note() -> None:
    version, values = CLUSTER["cilium_version"], CLUSTER["helm_values"]
    assert release_notes(None, CLUSTER) == ()
    assert release_notes({"version": version, "values": values}, CLUSTER) == ()
    assert release_notes({"version": "1.18.2", "values": {**values, "debug": {"enabled": True}}}, CLUSTER) == (
        f"Helm release: 1.18.2 live, {version} planned",
        "Helm release: values that are not the planned ones: 1",
    )
    assert release_notes({"version": "1.18.2", "values": {}}, {**CLUSTER, "cilium_managed": False}) == ()


# -- saved objects -------------------------------------------------------------------------------------------------
def test_saved_objects_are_sorted_by_what_they_are() -> None:
    node = {"kind": "Node", "metadata": {"name": "n1", "labels": {"a": "b"}}}
    web = {"kind": "Service", "metadata": {"name": "web"}, "spec": {}}
    pool = CLUSTER["lb"][0]
    other = {"kind": "Deployment", "metadata": {"name": "web"}}
    state = state_of([None, {"kind": "List", "items": [node, other]}, web, pool, "text", {"kind": "Node"}])
    assert state == {"objects": [pool], "services": [web], "nodes": {"n1": {"labels": {"a": "b"}, "owned": []}}}

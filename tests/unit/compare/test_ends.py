# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks/compare.yml says of one end: the reference site against itself with one thing changed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import MASK, EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import digested
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.ends import (
    Comparison,
    Row,
    _live_version,
    _release_rows,
    cluster_comparison,
    planned_part,
    release_notes,
    router_comparison,
    row_of,
    saved_configuration,
    saved_router_comparison,
    saved_state,
    saved_values,
    state_of,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.services import (
    services_after,
    site_claims,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.note import Claims
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.service_writes import service_writes
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
        (
            "neighbors 10.0.0.1, 10.0.0.2: ipv4: routes lead to the neighbor itself only in the second",
            Row("tightened", "neighbors 10.0.0.1, 10.0.0.2: ipv4: routes lead to the neighbor itself"),
        ),
        (
            "neighbor fd00::1: ipv6: link-local next hops are not used only in the second",
            Row("tightened", "neighbor fd00::1: ipv6: link-local next hops are not used"),
        ),
        (
            "neighbor fd00::1: ipv6: routes lead to the neighbor itself only in the first",
            Row("only live", "neighbor fd00::1: ipv6: routes lead to the neighbor itself"),
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


NO_BGP = "frr version 10.1\nhostname gw\n"


@pytest.mark.parametrize(
    ("live", "planned", "away"),
    [
        pytest.param(NO_BGP, ROUTER, True, id="the planned instance is not there"),
        pytest.param("router bgp 64999\n", ROUTER, False, id="another instance runs"),
        pytest.param(ROUTER, ROUTER, False, id="it is there"),
        pytest.param(NO_BGP, NO_BGP, False, id="none is planned"),
        pytest.param(ROUTER, NO_BGP, False, id="one is left"),
    ],
)
def test_bgp_that_is_away(live: str, planned: str, away: bool) -> None:
    assert router_comparison(live, planned, "10.1").as_dict()["bgp_is_away"] is away


def test_what_the_plan_tightens_is_told_and_is_no_difference() -> None:
    policy = "\n neighbor 10.0.0.1 route-map IN in\nexit\nroute-map IN permit 10\n"
    live = "router bgp 65000\n neighbor 10.0.0.1 remote-as 65001" + policy
    found = router_comparison(live, live + " set ip next-hop peer-address\n", "10.3")
    assert found.text("router gw") == [
        "router gw: no difference",
        "  tightened  neighbor 10.0.0.1: ipv4: routes lead to the neighbor itself",
    ]
    assert found.as_dict()["differences"] == 0
    assert router_comparison(live + " set ip next-hop peer-address\n", live, "10.3").differences == 1


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
    sides = ROUTER.format(password=hidden), ROUTER.format(password="s3cret")
    live, planned = reversed(sides) if swapped else sides
    found = router_comparison(live, planned, "10.1")
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


GROUPED = """
router bgp 65000
 neighbor {0} peer-group
 neighbor {0} remote-as 65001
 neighbor 10.121.0.11 peer-group {0}
 neighbor 10.121.0.12 peer-group {0}
"""
ALONE = """
router bgp 65000
 neighbor 10.121.0.11 remote-as 65001
 neigh 10.121.0.12 remote 65001
"""


@pytest.mark.parametrize(
    ("live", "notes"),
    [
        (GROUPED.format("NEW"), ()),
        (
            GROUPED.format("OLD"),
            ("neighbors 10.121.0.11, 10.121.0.12 move from peer group OLD to NEW: their sessions are reset once",),
        ),
        (ALONE, ("neighbors 10.121.0.11, 10.121.0.12 move to peer group NEW: their sessions are reset once",)),
        (
            GROUPED.format("NEW").replace("12 peer-group NEW", "12 remote-as 65001"),
            ("neighbor 10.121.0.12 moves to peer group NEW: its session is reset once",),
        ),
        ("hostname gw\n", ()),
    ],
)
def test_neighbor_that_gets_another_peer_group_is_a_note(live: str, notes: tuple[str, ...]) -> None:
    found = router_comparison(live, GROUPED.format("NEW"), "10.1")
    assert found.notes == notes
    assert live == "hostname gw\n" or found.rows == ()


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


def planned_release(state: dict[str, Any]) -> None:
    state["release"] = {"version": CLUSTER["cilium_version"], "values": deepcopy(CLUSTER["helm_values"])}


def compared(change: Callable[[dict[str, Any]], None]) -> Comparison:
    state = applied()
    planned_release(state)
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


def test_label_of_ours_on_a_node_that_left_the_inventory_and_lives() -> None:
    """The next run takes it off, as it was noted; what was not is another site's, or somebody's."""

    def change(state: dict[str, Any]) -> None:
        state["nodes"]["left"] = {"labels": {"old": "yes", "theirs": "x"}, "owned": ["old", "theirs"]}
        noted = {f"labels.{name}": " ".join(labels) for name, labels in CLUSTER["node_labels"].items() if labels}
        noted.update({"noted.bgp": "true", "noted.labels": "true", "labels.left": "old"})
        state.update(config_map=noted, namespace="kube-system")

    assert ("only live", "node left: label old=yes") in rows(change)
    assert not any("theirs" in text for _state, text in rows(change))


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


# -- the kind before CiliumBGPClusterConfig ------------------------------------------------------------------------
def peering_policy() -> dict[str, Any]:
    """Return a policy as ``kubectl get -o yaml`` shows it: one session from each public node."""
    neighbor = {"peerAddress": "10.121.0.1/32", "peerASN": 65000}
    router = {"localASN": 65001, "neighbors": [neighbor], "serviceSelector": {}}
    spec = {"nodeSelector": {"matchLabels": {"public": "true"}}, "virtualRouters": [router]}
    return {
        "apiVersion": "cilium.io/v2alpha1",
        "kind": "CiliumBGPPeeringPolicy",
        "metadata": {"name": "old"},
        "spec": spec,
    }


def with_policy(planned: str, live: str | None) -> Comparison:
    """Return a comparison of a cluster whose sessions a policy gives, for versions of Cilium."""
    plan: Any = deepcopy(PLAN)
    plan["clusters"]["platform"]["cilium_version"] = planned
    state = applied()
    state["objects"] = state_of([*CLUSTER["lb"], peering_policy()])["objects"]
    for item in [*state["objects"], *plan["clusters"]["platform"]["lb"], *plan["clusters"]["platform"]["bgp"]]:
        item["apiVersion"] = "cilium.io/v2alpha1"
    state["release"] = {"version": live, "values": {}}
    return cluster_comparison(state, plan, "platform")


SELECTS = "CiliumBGPPeeringPolicy old selects node01, node02, node03"


@pytest.mark.parametrize(
    ("planned", "live", "note"),
    [
        ("1.17.4", "1.17.4", f"{SELECTS}: before Cilium 1.19 it wins there over each CiliumBGPClusterConfig"),
        ("1.17.4", None, f"{SELECTS}: before Cilium 1.19 it wins there over each CiliumBGPClusterConfig"),
        ("1.20.2", "1.18.1", f"{SELECTS}: its sessions end with the upgrade to Cilium 1.20.2, which does not read it"),
        ("1.20.2", "1.15.3", f"{SELECTS}: its sessions end with the upgrade to Cilium 1.20.2, which does not read it"),
        ("1.20.2", None, f"{SELECTS}: before Cilium 1.19 it gives sessions there, which end with an upgrade to 1.20.2"),
        ("1.20.2", "1.19.6", f"{SELECTS}: Cilium 1.19.6 does not read it"),
    ],
)
def test_peering_policy_is_told_and_its_sessions_are_compared(planned: str, live: str | None, note: str) -> None:
    found = with_policy(planned, live)
    assert note in found.notes
    assert any(
        "CiliumBGPPeeringPolicy old" in said and said.startswith("not made by this site") for said in found.notes
    )
    reads = (live or planned) < "1.19"
    peer = "nodes node01, node02, node03, peer 10.121.0.1 from AS 65001"
    told = {row.state for row in found.rows if row.what.startswith(f"{peer}: hold time: 90 s live, 30 s planned")}
    assert told == ({"differs"} if reads else set())
    assert any(row.state == "only planned" and row.what.startswith(f"{peer} and ") for row in found.rows) != reads


def test_peering_policy_that_selects_nobody_is_told() -> None:
    state = applied()
    other = peering_policy()
    other["spec"]["nodeSelector"] = {"matchLabels": {"public": "no"}}
    state["objects"].append(other)
    found = cluster_comparison(state, PLAN, "platform")
    assert found.rows == ()
    assert found.notes[0] == "CiliumBGPPeeringPolicy old selects no node"


# -- keys on Services of others -------------------------------------------------------------------------------------
POOL_LABEL, ASKED = "cluster-edge.hybridnet/pool", "lbipam.cilium.io/ips"
OURS = "hybridnet.cluster_edge"


def set_by(manager: str, *, labels: tuple[str, ...] = (), annotations: tuple[str, ...] = (), **more: Any) -> Any:
    """Return an entry of managedFields: who holds which labels and annotations."""
    metadata = {
        f"f:{kind}": {f"f:{key}": {} for key in keys}
        for kind, keys in (("labels", labels), ("annotations", annotations))
        if keys
    }
    operation = "Apply" if manager == OURS else "Update"
    return {"manager": manager, "operation": operation, "fieldsV1": {"f:metadata": metadata, **more}}


def jellyfin(*entries: Any) -> dict[str, Any]:
    """Return a Service of others on which an earlier run set a pool, an address and a key."""
    pool, address = next(
        (item["labels"], item["annotations"]) for item in CLUSTER["services"] if ASKED in item["annotations"]
    )
    metadata = {
        "name": "jellyfin",
        "namespace": "media",
        "labels": {**pool, "app": "jellyfin"},
        "annotations": {**address, "ours": "x"},
        "managedFields": list(entries),
    }
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


KEYS = {"labels": tuple(jellyfin()["metadata"]["labels"])[:1], "annotations": (ASKED, "ours")}
GIVEN_BACK = ["annotation ours", "asks for", "draws from", "label"]
UID = "00000000-0000-4000-8000-000000000001"
NOTED: Mapping[str, str] = MappingProxyType({"noted.services": "true", UID: "keys of Service media/jellyfin"})
NOT_NOTED = (
    "1 service with labels or annotations that the field manager hybridnet.cluster_edge holds and the inventory does not"
    " have (media/jellyfin): site.yml gives back what the ConfigMap cluster-edge-hybrid notes, which {}"
)


def with_jellyfin(*entries: Any, noted: Mapping[str, str] | None = NOTED, kind: str = "LoadBalancer") -> Comparison:
    """Return a comparison of a cluster that has the Service of others.

    Args:
        entries: of its managedFields.
        noted: the site's ConfigMap; None: it was not read.
        kind: the type of the Service.
    """

    def change(state: dict[str, Any]) -> None:
        item = jellyfin(*entries)
        item["metadata"]["uid"] = UID
        item["spec"]["type"] = kind
        state["services"].append(item)
        state.update({} if noted is None else {"config_map": dict(noted), "namespace": "kube-system"})

    return compared(change)


@pytest.mark.parametrize("kind", ["LoadBalancer", "ClusterIP"])
@pytest.mark.parametrize(
    ("entries", "told"),
    [
        pytest.param([set_by(OURS, **KEYS)], GIVEN_BACK, id="ours alone"),
        pytest.param(
            [set_by(OURS, **KEYS), set_by("kubectl", annotations=(ASKED,))],
            ["annotation ours", "draws from", "label"],
            id="another one sets the address too",
        ),
        pytest.param([set_by("kubectl", **KEYS)], [], id="others"),
        pytest.param([], [], id="a copy without field managers"),
        pytest.param([set_by(OURS, **KEYS, **{"f:spec": {"f:type": {}}})], [], id="more than keys, which a run leaves"),
    ],
)
def test_keys_that_earlier_runs_set_and_the_plan_lacks_are_given_back(
    entries: list[Any], told: list[str], kind: str
) -> None:
    found = with_jellyfin(*entries, kind=kind)
    head = "service media/jellyfin: "
    assert {row.state for row in found.rows} <= {"only live"}
    assert all(row.what.startswith(head) for row in found.rows)
    said = [row.what.removeprefix(head) for row in found.rows]
    assert sorted(what if what.startswith("anno") else re.split(r"[: ]", what)[0] for what in said) == [
        what if what.startswith("anno") else what.split()[0] for what in told
    ]
    hints = {row.what.removeprefix(head).partition(":")[0]: row.keys_that_keep for row in found.rows}
    assert all(keys == ("edge_services" if what in ("asks for", "draws from") else "") for what, keys in hints.items())
    assert found.notes == ()


@pytest.mark.parametrize(
    ("noted", "why"),
    [
        pytest.param(None, "was not read", id="a copy"),
        pytest.param({}, "notes none of these: another site may have set them", id="it was deleted"),
        pytest.param(
            {"noted.services": "true"}, "notes none of these: another site may have set them", id="another site's"
        ),
    ],
)
def test_keys_that_the_site_has_not_noted_are_a_note(noted: dict[str, str] | None, why: str) -> None:
    found = with_jellyfin(set_by(OURS, **KEYS), noted=noted)
    assert (found.rows, found.notes) == ((), (NOT_NOTED.format(why),))


@pytest.mark.parametrize("manage", ["metadata", "values", None])
@pytest.mark.parametrize("noted", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_services_are_what_the_forecast_of_a_run_says(manage: str | None, noted: bool, shared: bool) -> None:
    """The keys that our field manager alone holds are those of which a run decides."""
    plan = deepcopy(PLAN)
    cluster = plan["clusters"]["platform"]
    item = next(item for item in cluster["services"] if item["object"] is None)
    cluster["services"] = [] if manage is None else [{**item, "manage": manage}]
    held = {"labels": {**item["labels"], "old": "x"}, "annotations": {ASKED: "10.121.0.99", "left": "x"}}
    entries = [set_by(OURS, labels=tuple(held["labels"]), annotations=tuple(held["annotations"]))]
    alone = {"labels": set(held["labels"]), "annotations": set(held["annotations"])}
    if shared:
        entries.append(set_by("helm", labels=tuple(item["labels"])))
        alone["labels"] -= set(item["labels"])
    names = {"namespace": item["namespace"], "name": item["name"], "uid": UID}
    labels, notes = {**held["labels"], "app": "nginx"}, {**held["annotations"], "theirs": "stays"}
    metadata = {**names, "labels": labels, "annotations": notes, "managedFields": entries}
    live = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"type": "LoadBalancer"}}
    place = f"keys of Service {item['namespace']}/{item['name']}"
    data = {"noted.services": "true", **({UID: place} if noted else {})}
    claims = Claims("lb", plan["site"], data, "kube-system")
    state = {"services": [live], "config_map": data, "namespace": "kube-system"}
    forecast = service_writes(cluster["services"], state, claims).after
    expected = forecast.get(f"{item['namespace']}/{item['name']}", live)["metadata"]
    (after,) = services_after([live], cluster, plan["site"], state, site_claims(state, plan["site"])).services
    if manage == "values" and not noted:  # a run leaves them, and the chart brings its own
        expected = {**expected, **{kind: {**expected[kind], **item[kind]} for kind in alone}}
    for kind, keys in alone.items():
        seen, wanted = ({key: of[kind][key] for key in keys & set(of[kind])} for of in (after["metadata"], expected))
        assert seen == wanted
    assert after["metadata"]["labels"]["app"] == "nginx"
    assert after["metadata"]["annotations"]["theirs"] == "stays"
    if shared and manage:
        assert item["labels"].items() <= after["metadata"]["labels"].items()


def test_a_service_that_goes_from_metadata_to_values_loses_its_keys() -> None:
    """A run takes them back, and the chart's values bring them only with the chart."""
    state = applied()
    item = next(item for item in CLUSTER["services"] if item["manage"] == "values" and item["annotations"])
    metadata = next(i["metadata"] for i in state["services"] if i["metadata"]["namespace"] == item["namespace"])
    metadata.update(uid=UID, managedFields=[set_by(OURS, labels=tuple(item["labels"]), annotations=(ASKED,))])
    name = f"{item['namespace']}/{item['name']}"
    state.update(config_map={UID: f"keys of Service {name}"}, namespace="kube-system")
    rows = cluster_comparison(state, PLAN, "platform").rows
    assert {row.state for row in rows} == {"only live"}
    assert [row.what.partition(": ")[2].split()[0] for row in rows] == ["label", "asks", "draws"]
    assert all(row.what.startswith(f"service {name}: ") for row in rows)


@pytest.mark.parametrize(
    ("entries", "apply", "told"),
    [
        pytest.param([set_by(OURS, labels=("old",), annotations=("x/token",))], "ours", True, id="ours alone"),
        pytest.param([set_by(OURS, labels=("old",), annotations=("x/token",))], "others", False, id="others apply"),
        pytest.param([set_by("kubectl", labels=("old",), annotations=("x/token",))], "ours", False, id="of others"),
        pytest.param([], "ours", False, id="a copy without field managers"),
    ],
)
def test_what_a_whole_service_loses_is_told_and_no_value_of_an_annotation(
    entries: list[Any], apply: str, told: bool
) -> None:
    plan, state = deepcopy(PLAN), applied()
    plan["clusters"]["platform"]["apply"] = apply
    metadata = service(state, "dummy-service")["metadata"]
    metadata["labels"] = {**metadata["labels"], "old": "1"}
    metadata["annotations"] = {**metadata["annotations"], "x/token": "hunter2\nsecond line"}
    metadata["managedFields"] = entries
    rows = cluster_comparison(state, plan, "platform").rows
    head = "service dummy/dummy-service: "
    assert [row.what for row in rows] == ([f"{head}label old=1", f"{head}annotation x/token"] if told else [])


RANGES = "service.cilium.io/src-ranges-policy"


@pytest.mark.parametrize(
    ("policy", "ranges", "version", "noted"),
    [
        pytest.param("allow", True, None, False, id="the default"),
        pytest.param("Deny", True, None, True, id="in another case"),
        pytest.param("deny", True, None, True, id="denied"),
        pytest.param("deny", False, None, False, id="without source ranges"),
        pytest.param("deny", True, "1.16.5", False, id="a Cilium that does not know it"),
    ],
)
def test_the_policy_of_source_ranges_is_no_difference(
    policy: str, ranges: bool, version: str | None, noted: bool
) -> None:
    """Nothing of the inventory says it and no run takes it off: a row would stay for ever."""
    plan, state = deepcopy(PLAN), applied()
    cluster = plan["clusters"]["platform"]
    if version:
        cluster["cilium_version"] = version
        for item in (*cluster["bgp"], *cluster["lb"]):
            item["apiVersion"] = "cilium.io/v2alpha1"
    found = service(state, "dummy-service")
    found["metadata"]["annotations"] = {**found["metadata"]["annotations"], RANGES: policy}
    if ranges:
        found["spec"]["loadBalancerSourceRanges"] = ["10.0.0.0/8"]
    said = cluster_comparison(state, plan, "platform")
    ranged = ['service dummy/dummy-service: loadBalancerSourceRanges: ["10.0.0.0/8"]'] if ranges else []
    assert [(row.what, row.keys_that_keep) for row in said.rows] == [(what, "") for what in ranged]
    assert [note for note in said.notes if RANGES in note] == (
        [
            "service dummy/dummy-service: its source ranges are kept out and not let in, by the annotation"
            f" {RANGES}, which the inventory does not set and no run takes off"
        ]
        if noted
        else []
    )


def test_the_policy_of_source_ranges_of_a_service_of_others_is_nothing() -> None:
    metadata = {"name": "other", "namespace": "default", "annotations": {RANGES: "deny"}}
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}], "loadBalancerSourceRanges": ["10.0.0.0/8"]}
    item = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
    found = compared(lambda state: state["services"].append(item))
    assert (found.rows, found.notes) == ((), ())


# -- two sites of one cluster ---------------------------------------------------------------------------------------
def other_site() -> tuple[Any, dict[str, Any]]:
    """Return the plan of another site of the cluster, and the state of the cluster to which both plans were applied."""
    marks = {"app.kubernetes.io/managed-by": OURS, "cluster-edge.hybridnet/site": "siteb"}
    fields = {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool"}
    selected = {"serviceSelector": {"matchLabels": {POOL_LABEL: "siteb"}}}
    spec = {"blocks": [{"cidr": "198.51.100.0/24"}], **selected}
    pool = {**fields, "metadata": {"name": "siteb", "labels": marks}, "spec": spec}
    keys = {"labels": {POOL_LABEL: "siteb"}, "annotations": {ASKED: "198.51.100.7"}}
    web = {"namespace": "b", "name": "web", "manage": "metadata", "object": None, **keys}
    made = {**deepcopy(CLUSTER["services"][0]["object"])}
    made["metadata"] = {"namespace": "b", "name": "whole", "labels": {**marks, **keys["labels"]}, "annotations": {}}
    whole = {"namespace": "b", "name": "whole", "manage": "service", "object": made, **keys, "annotations": {}}
    plan = deepcopy(PLAN)
    plan["site"] = "siteb"
    plan["clusters"]["platform"].update(bgp=[], lb=[pool], services=[web, whole])
    plan["clusters"]["platform"]["node_labels"] = {name: {} for name in CLUSTER["nodes"]}
    plan["clusters"]["platform"]["node_labels"]["node01"] = {"siteb": "yes"}
    state = applied()
    node = state["nodes"]["node01"]
    node.update(labels={**node["labels"], "siteb": "yes"}, owned=sorted([*node["owned"], "siteb"]))
    metadata = {"namespace": "b", "name": "web", "uid": UID, **deepcopy(keys)}
    metadata["labels"]["app"] = "web"
    metadata["managedFields"] = [set_by(OURS, labels=(POOL_LABEL,), annotations=(ASKED,))]
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    state["services"] += [{"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}, deepcopy(made)]
    state["objects"].append(deepcopy(pool))
    return plan, state


def test_no_row_names_a_thing_of_another_site() -> None:
    plan, state = other_site()
    labels = {f"labels.{name}": " ".join(keys) for name, keys in CLUSTER["node_labels"].items() if keys}
    both = {"noted.services": "true", "noted.labels": "true"}
    ours = {**state, "config_map": {**both, **labels}, "namespace": "kube-system"}
    theirs = {**ours, "config_map": {**both, "labels.node01": "siteb", UID: "keys of Service b/web"}}
    found = cluster_comparison(ours, PLAN, "platform")
    assert found.rows == ()
    assert any("CiliumLoadBalancerIPPool siteb" in note for note in found.notes)
    assert any("(b/web)" in note for note in found.notes)
    assert cluster_comparison(theirs, plan, "platform").rows == ()
    without = deepcopy(plan)
    without["clusters"]["platform"].update(lb=[], services=[])
    without["clusters"]["platform"]["node_labels"]["node01"] = {}
    left = [row.what for row in cluster_comparison(theirs, without, "platform").rows]
    assert {"node node01: label siteb=yes", f"service b/web: label {POOL_LABEL}=siteb", "service b/whole"} <= set(left)
    assert any(what.startswith("addresses: ") for what in left)


def test_keys_stay_where_others_apply() -> None:
    """Their commit takes off nothing that our field manager holds; the notes tell it."""
    plan = deepcopy(PLAN)
    plan["clusters"]["platform"]["apply"] = "others"
    state = applied()
    state["services"].append(jellyfin(set_by(OURS, **KEYS)))
    found = cluster_comparison(state, plan, "platform")
    assert found.rows == ()
    assert any("Service media/jellyfin" in note for note in found.notes)


def test_an_address_that_left_a_service_of_others_is_given_back() -> None:
    plan = deepcopy(PLAN)
    item = next(item for item in plan["clusters"]["platform"]["services"] if item["object"] is None)
    item["manage"] = "metadata"
    item["annotations"].pop(ASKED, None)
    state = applied()
    found = service(state, item["name"])["metadata"]
    found["annotations"] = {**item["annotations"], ASKED: "10.121.0.99", "theirs": "stays"}
    found["managedFields"] = [set_by(OURS, labels=tuple(item["labels"]), annotations=tuple(found["annotations"])[:-1])]
    rows = cluster_comparison(state, plan, "platform").rows
    name = f"{item['namespace']}/{item['name']}"
    assert rows == (Row("only live", f"service {name}: asks for: 10.121.0.99"),)


# -- families of a Service ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("live", "rows"),
    [
        pytest.param({"ipFamilies": ["IPv6"], "ipFamilyPolicy": "SingleStack"}, [], id="the cluster's own"),
        pytest.param({}, [], id="none is shown"),
        pytest.param(
            {"ipFamilies": ["IPv6", "IPv4"], "ipFamilyPolicy": "PreferDualStack"},
            ["ipFamilies", "ipFamilyPolicy"],
            id="both, which somebody asked for",
        ),
    ],
)
def test_the_family_of_a_service_that_names_none_is_the_cluster_s(live: dict[str, Any], rows: list[str]) -> None:
    """The inventory says no range of the cluster, so nobody knows its first family."""
    plan = deepcopy(PLAN)
    plan["clusters"]["platform"].update(service_cidrs=[], pod_cidrs=[])
    item = next(item for item in plan["clusters"]["platform"]["services"] if item["object"])
    for key in ("ipFamilies", "ipFamilyPolicy"):
        item["object"]["spec"].pop(key, None)
    state = applied()
    found = service(state, item["name"])
    found["metadata"]["uid"] = "5f0c"
    found["spec"] = {**item["object"]["spec"], **live}
    told = cluster_comparison(state, plan, "platform").rows
    head = f"service {item['namespace']}/{item['name']}: "
    assert [row.what.removeprefix(head).partition(":")[0] for row in told] == rows


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


def test_what_no_commit_takes_away_is_a_refusal() -> None:
    """A run of before made it, Git has not got it any more, and server-side apply keeps it."""
    state, plan = applied(), deepcopy(PLAN)
    (pool, *_others) = [item for item in state["objects"] if item["kind"] == "CiliumLoadBalancerIPPool"]
    entry = {"manager": "hybridnet.cluster_edge", "operation": "Apply", "fieldsV1": {"f:spec": {"f:disabled": {}}}}
    pool["metadata"]["managedFields"] = [entry]
    assert cluster_comparison(planned_part(state, plan, "platform"), plan, "platform").refusals == ()
    plan["clusters"]["platform"]["apply"] = "others"
    found = cluster_comparison(planned_part(state, plan, "platform"), plan, "platform")
    (refusal,) = found.refusals
    assert refusal.startswith(f"CiliumLoadBalancerIPPool {pool['metadata']['name']}: the field manager")
    assert f"  refused: {refusal}" in found.text("platform")
    assert found.as_dict()["refusals"] == [refusal]


@pytest.mark.parametrize(
    ("apply", "left", "row"),
    [
        pytest.param("ours", {"public": "true"}, [], id="a label of nobody in a cluster of ours"),
        pytest.param("others", {"public": "true"}, ["node node04: label public=true"], id="one that picks the node"),
        pytest.param("others", {"public": "no"}, [], id="one that picks nothing"),
        pytest.param("others", {"rack": "b"}, [], id="one that the plan gives to no node"),
    ],
)
def test_label_that_left_the_inventory_of_a_cluster_of_others(apply: str, left: dict[str, str], row: list[str]) -> None:
    """Commands set the labels there and take none off: no field manager says whose they are."""
    state, plan = applied(), deepcopy(PLAN)
    plan["clusters"]["platform"]["apply"] = apply
    state["nodes"]["node04"]["labels"].update(left)
    found = cluster_comparison(state, plan, "platform")
    assert [item.what for item in found.rows if item.what.startswith("node ")] == row


def test_what_differs_at_the_release_of_others_is_a_note() -> None:
    version, values = CLUSTER["cilium_version"], CLUSTER["helm_values"]
    assert release_notes(None, CLUSTER) == ()
    assert release_notes({"version": version, "values": values}, CLUSTER) == ()
    assert release_notes({"version": "1.18.2", "values": {**values, "debug": {"enabled": True}}}, CLUSTER) == (
        f"Helm release: 1.18.2 live, {version} planned",
        "Helm release: values that are not the planned ones: 1",
    )
    assert release_notes({"version": "1.18.2", "values": {}}, {**CLUSTER, "cilium_managed": False}) == ()


def test_labels_are_not_compared_without_any_node() -> None:
    found = compared(lambda state: state["nodes"].clear())
    assert (found.rows, found.notes) == ((), ("there is no Node: labels of nodes are not compared",))


def test_a_newer_cilium_that_lives_is_told_and_no_error() -> None:
    """What lives is served, whatever the planned version serves."""
    plan = deepcopy(PLAN)
    plan["clusters"]["platform"]["cilium_version"] = "1.17.4"
    for item in (*plan["clusters"]["platform"]["bgp"], *plan["clusters"]["platform"]["lb"]):
        item["apiVersion"] = "cilium.io/v2alpha1"
    state = applied()
    planned_release(state)
    for release in ({"release": state["release"]}, {}):
        state.pop("release", None)
        found = cluster_comparison({**state, **release}, plan, "platform")
        version = Row("differs", f"Helm release: version: {CLUSTER['cilium_version']} live, 1.17.4 planned")
        assert (version in found.rows) is bool(release)


# -- the Helm release ----------------------------------------------------------------------------------------------
def test_version_and_values_of_the_release_are_told_and_secrets_are_not() -> None:
    def change(state: dict[str, Any]) -> None:
        values = state["release"]["values"]
        state["release"]["version"] = "1.18.2"
        del values["kubeProxyReplacement"]
        values["encryption"] = {"enabled": True}
        values["bgpControlPlane"] = {"enabled": False}
        values["clustermesh"] = {"apiPassword": "s3cret -> else"}

    planned = CLUSTER["cilium_version"]
    assert rows(change) == [
        ("differs", f"Helm release: version: 1.18.2 live, {planned} planned"),
        ("differs", "Helm release: bgpControlPlane.enabled: false live, true planned"),
        ("only live", 'Helm release: clustermesh: {"apiPassword": "(not shown)"}'),
        ("only live", 'Helm release: encryption: {"enabled": true}'),
        ("only planned", "Helm release: kubeProxyReplacement: true"),
    ]


def test_release_that_is_not_there_is_planned() -> None:
    found = rows(lambda state: state.update(release=None))
    assert found == [("only planned", f"Helm release {CLUSTER['cilium_version']}")]


def test_release_of_a_copy() -> None:
    found = compared(lambda state: state["release"].update(version=None))
    assert found.rows == ()
    assert found.notes == ("Helm release: values are compared, its version is not known from a copy",)


def test_release_of_others_is_not_compared() -> None:
    plan = deepcopy(PLAN)
    plan["clusters"]["platform"]["cilium_managed"] = False
    state = applied()
    state["release"] = None
    found = cluster_comparison(state, plan, "platform")
    assert found.rows == ()
    assert found.notes == ("Helm release: not compared, as it is not managed here (edge_cilium_managed)",)


# -- saved copies --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("frr version 10.3\nhostname gw\n", id="no BGP"),
        pytest.param(
            "Building configuration...\n\nCurrent configuration:\n!\nrouter bgp 64700\n", id="as vtysh shows it"
        ),
        pytest.param("router bgp 64700\n!\nrouter bgp 64701 vrf blue\n", id="a VRF"),
        pytest.param("!\r\nrouter bgp 64700\r\n bgp router-id 10.0.0.1\r\n", id="line ends of Windows"),
    ],
)
def test_saved_configuration(text: str) -> None:
    assert saved_configuration(text, "frr.conf") == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "frr.conf: is empty", id="nothing"),
        pytest.param(" \n", "frr.conf: is empty", id="blanks"),
        pytest.param('{"a": 1}', 'no line of an FRR configuration; it begins with: {"a": 1}', id="JSON"),
        pytest.param("kind: Service\n", "no line of an FRR configuration; it begins with: kind: Service", id="YAML"),
        pytest.param("vtysh: command not found", "it begins with: vtysh: command not found", id="an error"),
        pytest.param("!\nrouter bgp foo\n", "frr.conf: line 2, 'router bgp foo', has no AS number", id="no AS number"),
        pytest.param("router bgp\n", "frr.conf: line 1, 'router bgp', has no AS number", id="nothing for an AS number"),
        pytest.param("router bgp 1.10 as-notation dot\n", "needs as-notation plain", id="an AS number in two parts"),
        pytest.param("router bgp 4294967296\n", "has no AS number between 1 and 4294967295", id="too large"),
        pytest.param(" router bgp 64700\n", "it begins with: router bgp 64700", id="indented"),
    ],
)
def test_what_is_no_configuration_is_refused(text: str, problem: str) -> None:
    with pytest.raises(EdgeError, match=re.escape(problem)) as raised:
        saved_configuration(text, "frr.conf")
    assert "show running-config" in str(raised.value)


SAVED_SERVICE = "{kind: Service, metadata: {name: s, namespace: default}}"
CONNECT = "frr version {}\nrouter bgp 65000\n neighbor 10.121.0.11 remote-as 65001\n"
RETRY = CONNECT.split("\n", 1)[1] + " neighbor 10.121.0.11 timers connect 30\n"


@pytest.mark.parametrize(
    ("copy", "rows", "notes", "read_by"),
    [
        pytest.param(
            CONNECT.format("8.5"),
            ["neighbor 10.121.0.11: connect retry: 120 s live, 30 s planned"],
            ["the copy is of FRR 8.5, the plan for FRR 10.3 (edge_router_frr_version)"],
            "8.5",
            id="an older FRR",
        ),
        pytest.param(CONNECT.format("10.3.1_git"), [], [], "10.3.1", id="the planned one"),
        pytest.param(
            CONNECT.split("\n", 1)[1],
            [],
            ["the copy has no line frr version: it is read with the defaults of FRR 10.3 (edge_router_frr_version)"],
            "10.3",
            id="none is named",
        ),
    ],
)
def test_a_copy_is_read_by_the_frr_that_wrote_it(copy: str, rows: list[str], notes: list[str], read_by: str) -> None:
    found, version = saved_router_comparison(copy, RETRY, "10.3")
    assert ([row.what for row in found.rows], list(found.notes), version) == (rows, notes, read_by)


@pytest.mark.parametrize(
    ("row", "keys"),
    [
        (Row("only live", "neighbor fd00::9"), "edge_peerings, edge_router_neighbors or edge_links"),
        (
            Row("only live", "neighbors 10.0.0.1, range 10.0.8.0/24"),
            "edge_peerings, edge_router_neighbors or edge_links",
        ),
        (Row("only live", "neighbor 10.0.0.1: password"), ""),
        (Row("only planned", "neighbor 10.0.0.1"), ""),
        (Row("only live", "ipv4: network 10.0.0.0/24"), "export of edge_router_neighbors, edge_links or edge_peerings"),
        (Row("only live", "ipv4: redistribute connected"), "edge_router_redistribute"),
        (Row("only live", "addresses: services with pool=media: 203.0.113.88/29"), "edge_pools"),
        (Row("only live", "nodes n1, n2, peer fd00::1 from AS 65002"), "edge_peerings"),
        (Row("only live", "node n1: label public=true"), "edge_node_labels"),
        (Row("only live", "pod IP pool p"), "edge_cluster_pod_pools"),
        (Row("only live", "service media/jellyfin"), "edge_services"),
        (Row("only live", "service a/b and service c/d: draws from: 10.0.0.0/24"), "edge_services"),
        (Row("only live", "service a/b: asks for: fd00::1"), "edge_services"),
        (Row("only live", "service a/b: externalTrafficPolicy: Local"), "edge_services"),
        (Row("only live", "service a/b: annotation x/y"), ""),
        (Row("only live", "service a/b: label x=y"), ""),
        (Row("only live", "service a/b: sessionAffinity: ClientIP"), ""),
        (Row("only live", "Helm release: hubble.enabled: true"), "edge_cilium_values"),
        (Row("differs", "Helm release: version: 1.19.6 live, 1.20.2 planned"), ""),
    ],
)
def test_what_is_only_live_names_the_key_that_keeps_it(row: Row, keys: str) -> None:
    assert row.keys_that_keep == keys
    tail = f" (to keep it: {keys})" if keys else ""
    assert Comparison((row,)).text("end")[1] == f"  {row.state}  {row.what}{tail}"


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        pytest.param(
            {"a.yaml": "{kind: Service, metadata: {name: s}}", "b.yaml": SAVED_SERVICE},
            "b.yaml: Service default/s stands here in the saved copy, and in a.yaml (keep the one that lives)",
            id="a Service in two files",
        ),
        pytest.param(
            {"a.yaml": "{kind: Node, metadata: {name: n}}", "b.yaml": "{kind: Node, metadata: {name: n}}"},
            "b.yaml: Node n stands here in the saved copy, and in a.yaml",
            id="a Node in two files",
        ),
        pytest.param(
            {"a.yaml": f"{SAVED_SERVICE}\n---\n{SAVED_SERVICE}"},
            "a.yaml: Service default/s stands twice in the saved copy (keep",
            id="twice in one file",
        ),
        pytest.param({"a.yaml": ""}, "a.yaml: holds no object", id="nothing"),
        pytest.param({"a.yaml": "", "b.yaml": "---\n---\n"}, "a.yaml, b.yaml: holds no object", id="empty documents"),
        pytest.param({"a.yaml": "error: no such resource"}, "a.yaml: holds something else", id="an error of kubectl"),
        pytest.param({"a.yaml": "router bgp 64700"}, "holds something else than Kubernetes objects: text", id="text"),
        pytest.param(
            {"a.yaml": "- kind: Service"}, "holds something else than Kubernetes objects: a list", id="a list"
        ),
        pytest.param({"a.yaml": "{b: 1, a: 2}"}, "Kubernetes objects: a map with the keys a, b (", id="a map"),
        pytest.param({"a.yaml": "b: 1"}, "Helm values belong in CLUSTER/values.yaml, beside", id="Helm values"),
        pytest.param({"a.yaml": "{}"}, "Kubernetes objects: an empty map (", id="an empty map"),
        pytest.param({"a.yaml": "a: 2024-13-45"}, "a.yaml: is no YAML: a value in it cannot be read", id="no date"),
        pytest.param({"a.yaml": "x: 1\na: b: c"}, "a.yaml: is no YAML in line 2: mapping", id="no YAML"),
        pytest.param({"a.yaml": "{kind: Node}"}, "a Node in the saved copy: it is not as the API has it", id="no name"),
        pytest.param(
            {"a.yaml": "{kind: Node, metadata: {name: [1]}}"}, "[1] stands where text belongs", id="list name"
        ),
        pytest.param({"a.yaml": "{kind: Service, metadata: 5}"}, "a Service in the saved copy", id="no metadata"),
        pytest.param({"a.yaml": "{kind: Service, metadata: {name: s, labels: 7}}"}, "Service s in", id="labels"),
        pytest.param({"a.yaml": "{kind: Service, metadata: {name: s}, spec: 7}"}, "Service s in", id="spec"),
        pytest.param(
            {"a.yaml": "{kind: Service, metadata: {name: s, annotations: {a: 1}}}"}, "1 stands where", id="annotation"
        ),
    ],
)
def test_what_is_no_set_of_objects_is_refused(texts: dict[str, str], problem: str) -> None:
    with pytest.raises(EdgeError, match=re.escape(problem)):
        saved_state(texts)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("bgp:\n  password: hunter2\n", id="Helm values"),
        pytest.param("hunter2", id="a word"),
        pytest.param("- hunter2", id="a list"),
        pytest.param("password: *hunter2", id="an alias that is none"),
        pytest.param("password: !hunter2 x", id="a tag that is none"),
    ],
)
def test_an_error_of_saved_objects_quotes_no_value(text: str) -> None:
    with pytest.raises(EdgeError) as raised:
        saved_state({"live.yaml": text})
    assert "hunter2" not in str(raised.value)
    if "!" in text or "*" in text:
        with pytest.raises(EdgeError, match=r"is no YAML in line 1") as raised:
            saved_values(text, "values.yaml")
        assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("password hunter2\nenable password hunter2\n", id="an old bgpd.conf"),
        pytest.param(" neighbor 10.0.0.1 password hunter2\n", id="a neighbor"),
        pytest.param("bgp: {password: hunter2}\n", id="Helm values"),
        pytest.param('{"x-token": "hunter2"}', id="JSON"),
        pytest.param('{"apiKeyOfMine":"hunter2"}', id="JSON without blanks"),
        pytest.param("PASSWORD=hunter2", id="a variable"),
        pytest.param("snmp-server community hunter2 ro", id="another daemon's"),
    ],
)
def test_an_error_of_a_saved_configuration_quotes_no_secret(text: str) -> None:
    with pytest.raises(EdgeError, match="it begins with: ") as raised:
        saved_configuration(text, "frr.conf")
    assert "hunter2" not in str(raised.value)


def test_a_copy_in_json_is_read() -> None:
    items = {"kind": "List", "items": [{"kind": "Node", "metadata": {"name": "n1"}}]}
    assert saved_state({"a.yaml": json.dumps(items), "b.yaml": ""})["nodes"] == {"n1": {"labels": {}, "owned": []}}


@pytest.mark.parametrize(
    ("text", "values"), [("", {}), ("a: {b: 1}", {"a": {"b": 1}}), ("- 1", None), ("a: b: c", None)]
)
def test_saved_values(text: str, values: dict[str, Any] | None) -> None:
    if values is None:
        with pytest.raises(EdgeError, match=r"values.yaml: is no .*helm get values"):
            saved_values(text, "values.yaml")
    else:
        assert saved_values(text, "values.yaml") == values


@pytest.mark.parametrize(
    ("written", "read"),
    [("65001:10", "65001:10"), ("1:30.5", "1:30.5"), ("3900070", 3900070), ("0.5", 0.5), ("yes", True)],
)
def test_a_copy_is_read_as_kubectl_reads_it(written: str, read: Any) -> None:
    """PyYAML alone takes 65001:10 for the number 3900070, in base 60."""
    text = f"{{kind: CiliumBGPAdvertisement, metadata: {{name: a}}, spec: {{x: [{written}]}}}}"
    assert saved_state({"a.yaml": text})["objects"][0]["spec"] == {"x": [read]}
    assert saved_values(f"x: {written}", "values.yaml") == {"x": read}


# -- saved objects -------------------------------------------------------------------------------------------------
def test_saved_objects_are_sorted_by_what_they_are() -> None:
    node = {"kind": "Node", "metadata": {"name": "n1", "labels": {"a": "b"}}}
    web = {"kind": "Service", "metadata": {"name": "web"}, "spec": {}}
    pool = CLUSTER["lb"][0]
    other = {"kind": "Deployment", "metadata": {"name": "web"}}
    state = state_of([None, {"kind": "List", "items": [node, other]}, web, pool, "text"])
    assert state == {"objects": [pool], "services": [web], "nodes": {"n1": {"labels": {"a": "b"}, "owned": []}}}


def test_a_release_that_did_not_come_about_is_a_difference() -> None:
    """Helm would be called for it, whatever its version and its values are."""
    values = dict(CLUSTER["helm_values"])
    live = {"version": CLUSTER["cilium_version"], "values": values, "status": "failed", "chart": "cilium"}
    rows, _notes = _release_rows({"release": live}, {**CLUSTER, "absent": False, "cilium_managed": True})
    assert [row.what for row in rows] == ["Helm release: status: failed live, deployed planned"]
    rows, _notes = _release_rows({"release": {**live, "status": "deployed", "chart": "kube-cilium"}}, CLUSTER)
    assert [row.what for row in rows] == ["Helm release: chart: kube-cilium live, cilium planned"]


def test_a_release_is_compared_as_it_runs_where_helm_failed_over_it() -> None:
    """The record of the failed revision has what is planned, and the nodes may have none of it."""
    planned = {"version": CLUSTER["cilium_version"], "values": dict(CLUSTER["helm_values"])}
    before = {"version": "1.18.2", "values": {**planned["values"], "debug": {"enabled": True}}, "status": "deployed"}
    live = {**planned, "status": "failed", "chart": "cilium", "before": before}
    ours = {**CLUSTER, "absent": False, "cilium_managed": True}
    rows, _notes = _release_rows({"release": live}, ours)
    assert [row.what for row in rows] == [
        "Helm release: status: failed live, deployed planned",
        f"Helm release: version: 1.18.2 live, {planned['version']} planned",
        'Helm release: debug: {"enabled": true}',
    ]
    assert release_notes(live, ours) == (
        f"Helm release: 1.18.2 live, {planned['version']} planned",
        "Helm release: values that are not the planned ones: 1",
    )
    assert _live_version({"release": live}) == "1.18.2"


def test_a_cluster_of_argo_cd_has_no_release() -> None:
    rows, notes = _release_rows({"release": None}, {**CLUSTER, "apply": "others"})
    assert (rows, len(notes)) == ([], 1)
    rows, notes = _release_rows({"release": None}, {**CLUSTER, "apply": "ours"})
    assert (len(rows), notes) == (1, [])

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site knows for its own in a cluster where tenants write any label and any field manager."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.cilium_kinds import (
    OTHERS_PLURALS,
    PLURALS,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.changes import (
    Changes,
    bgp_changes,
    lb_changes,
    service_changes,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.held_addresses import MayMove
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.note import (
    MOST_BYTES,
    Claims,
    Note,
    check_size,
    created_uids,
    making_entry,
    making_key,
    read_note,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.noted import uid_of, way_out, with_uids

MANAGER = "hybridnet.cluster_edge"
OWNED = {"app.kubernetes.io/managed-by": MANAGER, "cluster-edge.hybridnet/site": "home"}
OTHER_SITE = {**OWNED, "cluster-edge.hybridnet/site": "other"}
WHERE = "ConfigMap kube-system/cluster-edge-home"
WEB = "Service media/web"
PLANNED = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "media", "labels": OWNED},
    "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
}
FIELDS_OF_KEYS = {"f:metadata": {"f:labels": {"f:pool": {}}}}
NOTED = {"noted.services": "true"}


def entry(manager: str, fields: Mapping[str, Any], operation: str = "Apply") -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields}


BY_US = entry(MANAGER, {"f:metadata": {"f:labels": {}}, "f:spec": {"f:type": {}, "f:externalTrafficPolicy": {}}})
KEYS_BY_US = entry(MANAGER, FIELDS_OF_KEYS)
BY_TENANT = entry("kubectl", {"f:spec": {"f:type": {}, "f:ports": {}}})


def live(labels: Mapping[str, str], *entries: dict[str, Any], uid: str = uid_of(WEB), **spec: Any) -> dict[str, Any]:
    """Return the live Service media/web."""
    metadata = {"name": "web", "namespace": "media", "uid": uid, "labels": dict(labels), "managedFields": list(entries)}
    planned: Any = PLANNED["spec"]
    return {**PLANNED, "metadata": metadata, "spec": {**planned, **spec}}


def item(manage: str) -> dict[str, Any]:
    """Return the planned Service media/web."""
    whole = PLANNED if manage == "service" else None
    return {
        "namespace": "media",
        "name": "web",
        "manage": manage,
        "object": whole,
        "labels": {"pool": "lb"},
        "annotations": {},
    }


def state(**changes: Any) -> dict[str, Any]:
    empty = {"kinds": {}, "objects": [], "nodes": {}, "namespaces": ["media"], "services": [], "secrets": []}
    empty |= {"secrets_elsewhere": [], "secrets_gone": []}
    return with_uids({**empty, **changes})


def services(
    planned: list[dict[str, Any]], found: list[dict[str, Any]], data: Mapping[str, str], now: float | None = None
) -> Any:
    """Return the changes of the part services, and what is to be noted."""
    claims = Claims("services", "home", data, "kube-system", now)
    return service_changes(planned, state(services=found), claims), claims


def done(changes: Changes) -> dict[str, Any]:
    """Return what a run does, as names, and what it reports."""
    told = {
        "apply": ["keys" if "spec" not in item else "whole" for item in changes.apply],
        "remove": [item["metadata"]["name"] for item in changes.remove],
        "faults": [str(error) for error in changes.faults],
        "errors": [str(error) for error in changes.errors],
        "warnings": changes.warnings,
    }
    return {name: value for name, value in told.items() if value}


LEFT = "it was left as it is"
IN_OUR_NAME = (
    f"{WEB}: the field manager {MANAGER} holds fields of it that this site has not set; {LEFT} (that name is this"
    " collection's: apply it with another one (kubectl apply --server-side --field-manager))"
)
COPIED = (
    f"{WEB}: it carries this site's labels, and this site did not make it; {LEFT} (take the label"
    " cluster-edge.hybridnet/site off it)"
)
NOT_NOTED = (
    "edge_services.media/web: it carries this site's labels, and the site did not make it: its UID is not in the"
    f" {WHERE}; its field managers: {MANAGER}; {LEFT} ({way_out('services')}; after a restore from a backup, which gives"
    " new UIDs, delete that ConfigMap, or use manage: metadata)"
)
OURS = {uid_of(WEB): WEB}
KEYS = {uid_of(WEB): f"keys of {WEB}"}


@pytest.mark.parametrize(
    ("planned", "found", "data", "expected", "delta"),
    [
        pytest.param([item("service")], [], NOTED, {"apply": ["whole"]}, {}, id="not there"),
        pytest.param(
            [item("service")], [live(OWNED, BY_US)], {**NOTED, **OURS}, {"apply": ["whole"]}, {}, id="ours, changed"
        ),
        pytest.param(
            [item("service")],
            [live({}, BY_US)],
            {**NOTED, **OURS},
            {"apply": ["whole"]},
            {},
            id="ours, a tenant took its labels off",
        ),
        pytest.param(
            [item("service")],
            [
                live(
                    OWNED,
                    BY_US,
                    entry("kubectl-edit", {"f:spec": {"f:externalIPs": {}}}, "Update"),
                    externalIPs=["192.0.2.9"],
                )
            ],
            {**NOTED, **OURS},
            {
                "apply": ["whole"],
                "faults": [
                    "edge_services.media/web: the field manager kubectl-edit holds spec.externalIPs, which would stay beside"
                    " the plan (remove them there, or delete the object once so that it is made anew)"
                ],
            },
            {},
            id="ours, a tenant added externalIPs",
        ),
        pytest.param(
            [item("service")],
            [live({}, BY_TENANT)],
            NOTED,
            {
                "faults": [
                    "edge_services.media/web: it exists already and this collection did not make it; its field managers:"
                    f" kubectl; {LEFT} ({way_out('services')}, or use manage: metadata)"
                ]
            },
            {},
            id="a tenant took the planned name",
        ),
        pytest.param(
            [item("service")],
            [live(OWNED, BY_US, uid=uid_of("again"))],
            {**NOTED, **OURS},
            {"faults": [NOT_NOTED]},
            {uid_of(WEB): None},
            id="made anew by a tenant, with labels and field manager",
        ),
        pytest.param(
            [item("service")],
            [live(OTHER_SITE, BY_US)],
            NOTED,
            {
                "faults": [
                    f"edge_services.media/web: it belongs to the site other; {LEFT} (give one of the two another name, or use"
                    " manage: metadata)"
                ]
            },
            {},
            id="another site's",
        ),
        pytest.param([], [live(OWNED, BY_US)], {**NOTED, **OURS}, {"remove": ["web"]}, {uid_of(WEB): None}, id="left"),
        pytest.param(
            [],
            [live({}, BY_US)],
            {**NOTED, **OURS},
            {
                "warnings": [
                    f"{WEB}: this site made it, the plan lacks it, and somebody took the site's labels off; {LEFT} (delete"
                    " it, if nobody wants it)"
                ]
            },
            {},
            id="left the plan, and a tenant took its labels off",
        ),
        pytest.param([], [live(OWNED, BY_TENANT)], NOTED, {"faults": [COPIED]}, {}, id="labels copied"),
        pytest.param([], [live(OWNED, BY_US)], NOTED, {"faults": [COPIED]}, {}, id="labels and field manager copied"),
        pytest.param([], [live({}, BY_US)], NOTED, {"faults": [IN_OUR_NAME]}, {}, id="made in our name"),
        pytest.param([], [live({}, KEYS_BY_US)], NOTED, {"faults": [IN_OUR_NAME]}, {}, id="labelled in our name"),
        pytest.param([], [live(OTHER_SITE, BY_US)], NOTED, {}, {}, id="another site made it"),
        pytest.param(
            [], [live({}, KEYS_BY_US)], {**NOTED, **KEYS}, {"apply": ["keys"]}, {uid_of(WEB): None}, id="give"
        ),
        pytest.param(
            [],
            [live({}, BY_US)],
            {**NOTED, **KEYS},
            {"faults": [IN_OUR_NAME]},
            {},
            id="not given back: a tenant wrote more of it in our name",
        ),
        pytest.param(
            [item("metadata")],
            [live({}, BY_TENANT)],
            NOTED,
            {"apply": ["keys"]},
            {uid_of(WEB): f"keys of {WEB}"},
            id="labelled",
        ),
        pytest.param(
            [item("metadata")], [live({}, KEYS_BY_US)], {**NOTED, **KEYS}, {"apply": ["keys"]}, {}, id="labelled anew"
        ),
        pytest.param(
            [item("metadata")], [live({}, BY_US)], NOTED, {"faults": [IN_OUR_NAME]}, {}, id="labelled, made in our name"
        ),
        pytest.param([], [], {**NOTED, **OURS}, {}, {uid_of(WEB): None}, id="gone"),
        pytest.param(
            [], [live({}, BY_TENANT)], {**NOTED, **KEYS}, {}, {uid_of(WEB): None}, id="our keys are gone already"
        ),
        pytest.param(
            [],
            [live(OTHER_SITE, BY_US)],
            {**NOTED, **KEYS},
            {"faults": [IN_OUR_NAME]},
            {},
            id="not given back: another site wrote more of it in our name",
        ),
    ],
)
def test_services_of_tenants(
    planned: list[Any], found: list[Any], data: dict[str, str], expected: dict[str, Any], delta: dict[str, Any]
) -> None:
    changes, claims = services(planned, found, data)
    assert (done(changes), claims.delta) == (expected, delta)


@pytest.mark.parametrize("data", [{}, NOTED, {uid_of(WEB): WEB, **NOTED}], ids=["first run", "theirs", "ours"])
@pytest.mark.parametrize("planned", [[], [item("service")], [item("metadata")]], ids=["unplanned", "whole", "keys"])
def test_entry_of_a_field_manager_without_a_name(planned: list[Any], data: dict[str, str]) -> None:
    """A tenant who writes one onto a Service stops nothing."""
    nameless = {"operation": "Apply", "fieldsV1": {"f:spec": {"f:sessionAffinity": {}}}}
    changes, _claims = services(planned, [live(OWNED, nameless, sessionAffinity="ClientIP")], data)
    kept = data.get(uid_of(WEB)) and planned == [item("metadata")]  # taking its ports away is refused in any case
    assert bool(changes.errors) == bool(kept)
    if planned == [item("service")]:
        assert "without a name" in str(changes.faults[0])


def test_first_run_notes_what_carries_labels_and_manager_and_lists_it() -> None:
    """A Service that the plan lacks is not removed by the run that lists it, but by the next."""
    found = [live(OWNED, BY_US)]
    for planned, expected in (
        ([item("service")], {"apply": ["whole"]}),
        (
            [],
            {
                "faults": [
                    f"{WEB}: it carries this site's labels and its field manager, and the plan does not have it (the next run"
                    " removes it; to keep it, take its UID out of the ConfigMap kube-system/cluster-edge-home)"
                ]
            },
        ),
    ):
        changes, claims = services(planned, found, {"release": "0123"})
        assert done(changes) == expected
        assert (claims.taken, claims.delta) == ([WEB], {**NOTED, **OURS})
    changes, claims = services([], found, {**NOTED, **OURS})
    assert (done(changes), claims.taken) == ({"remove": ["web"]}, [])


@pytest.mark.parametrize("found", [live(OWNED, BY_TENANT), live({}, BY_US), live(OTHER_SITE, BY_US)])
def test_first_run_takes_nothing_by_half_the_marks(found: dict[str, Any]) -> None:
    changes, claims = services([item("service")], [found], {})
    assert (changes.apply, claims.taken, claims.delta) == ([], [], NOTED)
    assert len(changes.faults) == 1


OTHER = "Service media/other"
WEB_KEY, OTHER_KEY = making_key("services", WEB), making_key("services", OTHER)
CUT_OFF = [
    pytest.param({WEB_KEY: WEB, OTHER_KEY: OTHER}, {WEB_KEY: None}, id="as it is noted"),
    pytest.param({"making.services": f"{WEB}\n{OTHER}"}, {"making.services": None}, id="as 0.1.0 noted it"),
]


@pytest.mark.parametrize(("making", "settled"), CUT_OFF)
def test_run_that_was_cut_off_knows_what_it_was_making(making: dict[str, str], settled: dict[str, None]) -> None:
    """What is not there may be made by another run right now: only the entry of what is there is taken out."""
    changes, claims = services([item("service")], [live(OWNED, BY_US)], {**NOTED, **making})
    assert done(changes) == {"apply": ["whole"]}
    assert (claims.taken, claims.delta, claims.about_to_be) == ([], {**settled, **OURS}, OURS)
    changes, claims = services([item("service")], [live({}, BY_TENANT)], {**NOTED, **making})
    assert (changes.apply, len(changes.faults), claims.delta) == ([], 1, settled)


def test_what_another_run_is_about_to_make_is_left_noted() -> None:
    changes, claims = services([], [], {**NOTED, WEB_KEY: WEB})
    assert (done(changes), claims.delta) == ({}, {})


PORT_81 = 'k:{"port":81,"protocol":"TCP"}'
HTTP, ASIDE = {"name": "http", "port": 80, "protocol": "TCP"}, {"name": "not-planned-81-tcp", "port": 81}
WEB_WITH_PORT = {**item("service"), "object": {**PLANNED, "spec": {"type": "LoadBalancer", "ports": [HTTP]}}}


def port_81(manager: str, *fields: str) -> dict[str, Any]:
    """Return what a field manager holds of the port 81 by an update."""
    return entry(manager, {"f:spec": {"f:ports": {PORT_81: {f"f:{name}": {} for name in fields}}}}, "Update")


@pytest.mark.parametrize(
    ("ports", "entries", "held"),
    [
        pytest.param(
            [{"name": "http", "port": 81}], [port_81("kubectl-edit", "name", "port")], {}, id="a changed number"
        ),
        pytest.param(
            [HTTP, ASIDE],
            [port_81("kubectl-edit", "port"), port_81(MANAGER, "name")],
            {},
            id="renamed by a run that was cut off",
        ),
        pytest.param(
            [HTTP, ASIDE],
            [port_81("kubectl-edit", "name", "port")],
            {"kubectl-edit": "name, spec.ports[port=81,protocol=TCP].port"},
            id="a tenant's with such a name",
        ),
        pytest.param(
            [HTTP, {"name": "more", "port": 81}],
            [port_81("kubectl-edit", "name")],
            {"kubectl-edit": "name"},
            id="another port of a tenant",
        ),
    ],
)
def test_port_that_the_same_run_takes_away_is_not_told(
    ports: list[dict[str, Any]], entries: list[dict[str, Any]], held: dict[str, str]
) -> None:
    found = live(OWNED, BY_US, *entries, ports=ports, externalTrafficPolicy="Local")
    changes, _claims = services([WEB_WITH_PORT], [found], {**NOTED, **OURS})
    assert done(changes).get("faults", []) == [
        f"edge_services.media/web: the field manager {manager} holds spec.ports[port=81,protocol=TCP].{names}, which would"
        " stay beside the plan (remove them there, or delete the object once so that it is made anew)"
        for manager, names in held.items()
    ]
    assert done(changes)["apply"] == ["whole"]
    assert WEB_WITH_PORT["object"]["spec"]["ports"] == [HTTP]


NOW = 1796058000.0
DAY = 24 * 60 * 60


@pytest.mark.parametrize(
    ("entry_of_web", "found", "ours", "delta"),
    [
        pytest.param(making_entry(WEB, NOW - DAY - 1), [], False, {WEB_KEY: None}, id="nobody makes it any more"),
        pytest.param(WEB, [], False, {WEB_KEY: None}, id="nobody knows since when"),
        pytest.param(making_entry(WEB, NOW - DAY + 1), [], False, {}, id="another run may be at work"),
        pytest.param(making_entry(WEB, NOW + 60), [], False, {}, id="by a clock that is ahead"),
        pytest.param(
            making_entry(WEB, NOW - 9 * DAY), [live(OWNED, BY_US)], True, {WEB_KEY: None, **OURS}, id="it was made"
        ),
        pytest.param(
            making_entry(WEB, NOW - 60), [live({}, BY_TENANT)], False, {WEB_KEY: None}, id="somebody else made it"
        ),
    ],
)
def test_what_was_to_be_made_and_never_came_is_forgotten_after_a_day(
    entry_of_web: str, found: list[dict[str, Any]], ours: bool, delta: dict[str, str | None]
) -> None:
    changes, claims = services([item("service")], found, {**NOTED, WEB_KEY: entry_of_web}, NOW)
    assert claims.delta == delta
    assert (changes.faults == []) is (ours or not found)


def test_other_parts_and_kinds_that_were_not_read_keep_what_was_to_be_made() -> None:
    key, entry_of_pool = making_key("lb", f"{POOL} a"), making_entry(f"{POOL} a", NOW - 9 * DAY)
    data = {**NOTED, "noted.lb": "true", key: entry_of_pool}
    assert services([], [], data, NOW)[1].delta == {}
    claims = Claims("lb", "home", data, "kube-system", NOW)
    lb_changes([], MayMove(), state(), claims)
    assert claims.delta == {}
    claims.forget_gone([POOL], [pool("a", {})])  # whose this one is, is told elsewhere
    assert claims.delta == {}
    lb_changes([], MayMove(), state(kinds=KINDS), claims)
    assert claims.delta == {key: None}


@pytest.mark.parametrize(
    ("planned", "found", "data", "before"),
    [
        pytest.param([item("metadata")], live({}, BY_TENANT), NOTED, KEYS, id="keys on a Service of others"),
        pytest.param(
            [], live(OWNED, BY_US), {**NOTED, WEB_KEY: WEB}, {}, id="made by a run that was cut off, and left"
        ),
        pytest.param([item("service")], live(OWNED, BY_US), {}, {}, id="first run: nothing before it is listed"),
    ],
)
def test_what_is_noted_before_it_is_written(
    planned: list[Any], found: dict[str, Any], data: dict[str, str], before: dict[str, str]
) -> None:
    _changes, claims = services(planned, [found], data)
    assert claims.about_to_be == before


POOL = "CiliumLoadBalancerIPPool"
KINDS = {POOL: {"versions": ["v2"], "fields": {"v2": None}}}


def pool(name: str, labels: Mapping[str, str], manager: str = MANAGER) -> dict[str, Any]:
    metadata = {"name": name, "labels": dict(labels), "managedFields": [entry(manager, {"f:spec": {"f:blocks": {}}})]}
    return {"apiVersion": "cilium.io/v2", "kind": POOL, "metadata": metadata, "spec": {"blocks": []}}


def test_pool_with_copied_labels_is_neither_removed_nor_written() -> None:
    found = [pool("copied", OWNED), pool("old", OWNED)]
    data = {"noted.lb": "true", uid_of(f"{POOL} old"): f"{POOL} old"}
    claims = Claims("lb", "home", data, "kube-system")
    changes = lb_changes([], MayMove(), state(objects=found, kinds=KINDS), claims)
    assert [item["metadata"]["name"] for item in changes.remove] == ["old"]
    assert changes.warnings == [
        f"{POOL} copied: it carries this site's labels, and this site did not make it; {LEFT} (take the label"
        " cluster-edge.hybridnet/site off it)"
    ]
    planned = pool("copied", OWNED)
    claims = Claims("lb", "home", data, "kube-system")
    refused = lb_changes([planned], MayMove(), state(objects=found, kinds=KINDS), claims)
    assert [str(error) for error in refused.errors] == [
        f"{POOL} copied: it carries this site's labels, and the site did not make it: its UID is not in the {WHERE}; its"
        f" field managers: {MANAGER} ({way_out('lb')}; after a restore from a backup, which gives new UIDs, delete that"
        " ConfigMap)"
    ]


def test_first_run_takes_pools_and_removes_what_left_the_plan() -> None:
    claims = Claims("lb", "home", {}, "kube-system")
    found = state(objects=[pool("old", OWNED), pool("copied", OWNED, "kubectl")], kinds=KINDS)
    changes = lb_changes([], MayMove(), found, claims)
    assert [item["metadata"]["name"] for item in changes.remove] == ["old"]
    assert claims.taken == [f"{POOL} old"]
    assert claims.delta == {"noted.lb": "true", uid_of(f"{POOL} old"): None}


def test_uids_of_kinds_that_were_not_read_stay() -> None:
    data = {"noted.lb": "true", uid_of(f"{POOL} lb"): f"{POOL} lb", **OURS}
    claims = Claims("lb", "home", data, "kube-system")
    lb_changes([], MayMove(), state(), claims)
    assert claims.delta == {}
    lb_changes([], MayMove(), state(kinds=KINDS), claims)
    assert claims.delta == {uid_of(f"{POOL} lb"): None}


@pytest.mark.parametrize(
    ("unknown", "delta"),
    [
        pytest.param(["ciliumloadbalancerippools"], {uid_of(f"{POOL} lb"): None}, id="no definition"),
        pytest.param(["ciliuml2announcementpolicies"], {}, id="that of another kind is not there"),
        pytest.param([], {}, id="a definition that is not ready yet"),
    ],
)
def test_pools_went_with_the_definition_of_their_kind(unknown: list[str], delta: dict[str, None]) -> None:
    """Else the note would outlive a cluster that leaves, whose Cilium went first."""
    claims = Claims("lb", "home", {"noted.lb": "true", uid_of(f"{POOL} lb"): f"{POOL} lb", **OURS}, "kube-system")
    lb_changes([], MayMove(), state(unknown=unknown, kinds={}), claims)
    assert claims.delta == delta


@pytest.mark.parametrize("plural", [*PLURALS.values(), *OTHERS_PLURALS.values()])
def test_each_kind_that_a_part_asks_for_may_have_no_definition(plural: str) -> None:
    lb_changes([], MayMove(), state(unknown=[plural], kinds={}), Claims("lb", "home", {}, "kube-system"))


def test_secret_of_a_planned_name_that_somebody_else_made() -> None:
    peer = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumBGPPeerConfig",
        "metadata": {"name": "k8s", "labels": OWNED},
        "spec": {"authSecretRef": "bgp-password-k8s"},
    }
    found = {"name": "bgp-password-k8s", "namespace": "kube-system", "uid": uid_of("theirs")}
    kinds = {"CiliumBGPPeerConfig": {"versions": ["v2"], "fields": {"v2": None}}}
    live_state = {**state(kinds=kinds, namespaces=["kube-system"]), "secrets": [found]}
    claims = Claims("bgp", "home", {"noted.bgp": "true"}, "kube-system")
    changes = bgp_changes([peer], ["k8s"], "kube-system", live_state, claims)
    assert [str(error) for error in changes.errors] == [
        f"Secret kube-system/bgp-password-k8s: it exists already and this collection did not make it"
        f" ({way_out('bgp', secret=True)})"
    ]
    known = Claims("bgp", "home", {"noted.bgp": "true", found["uid"]: "Secret kube-system/x"}, "kube-system")
    assert bgp_changes([peer], ["k8s"], "kube-system", live_state, known).errors == []


def test_two_sites_leave_each_other_s_objects_alone() -> None:
    found = state(objects=[pool("theirs", OTHER_SITE)], kinds=KINDS, services=[live(OTHER_SITE, BY_US)])
    claims = Claims("lb", "home", {}, "kube-system")
    changes = lb_changes([], MayMove(), found, claims)
    assert (done(changes), claims.delta) == ({}, {"noted.lb": "true"})


@pytest.mark.parametrize(
    ("data", "strange"),
    [
        pytest.param({"hello": "world"}, "hello", id="a key of nobody's"),
        pytest.param({uid_of(WEB): "rm -rf"}, uid_of(WEB), id="a value of nobody's"),
        pytest.param({uid_of(WEB): ""}, uid_of(WEB), id="an empty value"),
        pytest.param({"noted.moon": "true"}, "noted.moon", id="a part of nobody's"),
        pytest.param({"making.lb": "what\never"}, "making.lb", id="objects of nobody's"),
        pytest.param({"making.lb.12": WEB}, "making.lb.12", id="an object under a key of nobody's"),
        pytest.param(
            {making_key("lb", WEB): f"{WEB} yesterday"}, making_key("lb", WEB), id="an object with a time of nobody's"
        ),
        pytest.param({making_key("moon", WEB): WEB}, making_key("moon", WEB), id="an object of a part of nobody's"),
        pytest.param({f"a{n}": "" for n in range(7)}, "a0, a1, a2, a3, a4 and 2 more", id="many"),
    ],
)
def test_config_map_that_somebody_edited(data: dict[str, str], strange: str) -> None:
    with pytest.raises(EdgeError) as caught:
        Claims("lb", "home", {**NOTED, **OURS, **data}, "kube-system")
    assert str(caught.value) == (
        f"{WHERE}: no run has written {strange}: keys are UIDs, with Kind namespace/name as value. So nobody knows what this"
        " site made (mend it: kubectl -n kube-system edit configmap cluster-edge-home. Or delete it: the next run notes anew"
        " what carries the site's labels and its field manager, and lists it)"
    )


def test_the_way_out_of_an_edited_config_map_names_the_cluster() -> None:
    with pytest.raises(EdgeError, match="mend it: kubectl --context home -n kube-system edit configmap"):
        Claims("lb", "home", {"hello": "world"}, "kube-system", kubectl="kubectl --context home")


def test_note_is_read_as_it_was_written() -> None:
    data = {
        **NOTED,
        "noted.lb": "true",
        "release": "12 34",
        **OURS,
        uid_of("x"): "keys of Service a/b",
        "making.lb": "Pool a\nPool b",
        making_key("lb", "Pool c"): "Pool c",
        making_key("lb", "Pool d"): "Pool d 2026-11-30T17:00:00Z",
    }
    assert read_note(data, "a/b") == Note(
        made=OURS,
        keys={uid_of("x"): "Service a/b"},
        making={"lb": frozenset({"Pool a", "Pool b", "Pool c", "Pool d"})},
        since={making_key("lb", "Pool d"): 1796058000.0},
        parts=frozenset({"services", "lb"}),
    )
    assert read_note({}, "a/b") == Note()


def test_size_of_a_config_map() -> None:
    """500 services are a twentieth of what the API server takes."""
    longest = f"Service {'n' * 63}/{'s' * 63}"
    many = {uid_of(str(number)): longest for number in range(500)}
    check_size({}, many, "kube-system/cluster-edge-home")
    assert sum(map(len, many.values())) < MOST_BYTES / 15
    too_many: dict[str, str | None] = {uid_of(str(number)): longest for number in range(8000)}
    with pytest.raises(EdgeError, match="with 8000 keys it would hold 1080000 bytes, and the API server takes 1048576"):
        check_size({}, too_many, "kube-system/cluster-edge-home")
    check_size(dict.fromkeys(too_many, longest), dict.fromkeys(too_many), "kube-system/cluster-edge-home")


def test_uids_of_what_was_made() -> None:
    answers: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (PLANNED, {"uid": "1"}),
        (pool("lb", OWNED), {"uid": "2"}),
    ]
    assert created_uids(answers, [WEB, f"{POOL} dry"]) == {"1": WEB}


def test_what_somebody_else_has_written_too_was_not_made_by_this_site() -> None:
    assert created_uids([(PLANNED, {"uid": "1", "shared": True})], [WEB]) == {}


def test_what_is_left_noted() -> None:
    claims = Claims("services", "home", {**NOTED, **OURS, uid_of("x"): "keys of Service a/b"}, "kube-system")
    assert claims.left({}) == ["Service a/b", WEB]
    delta: dict[str, str | None] = {uid_of(WEB): None, uid_of("new"): "Service a/new", "noted.services": "true"}
    assert claims.left(delta) == ["Service a/b", "Service a/new"]


@pytest.mark.parametrize(
    ("found", "data", "delta"),
    [
        pytest.param(live(OWNED, BY_US), {**NOTED, **OURS}, {}, id="noted"),
        pytest.param(
            live(OWNED, BY_US), {**NOTED, WEB_KEY: WEB}, {WEB_KEY: None, **OURS}, id="of a run that was cut off"
        ),
        pytest.param(live({}, KEYS_BY_US), {**NOTED, **KEYS}, {}, id="keys on a Service of others"),
    ],
)
def test_what_could_not_be_taken_away_stays_noted(
    found: dict[str, Any], data: dict[str, str], delta: dict[str, str | None]
) -> None:
    _changes, claims = services([], [found], data)
    assert claims.delta[uid_of(WEB)] is None
    assert claims.delta_with({uid_of(WEB): WEB}) == delta


def test_pool_that_the_first_run_could_not_remove_is_noted() -> None:
    claims = Claims("lb", "home", {}, "kube-system")
    lb_changes([], MayMove(), state(objects=[pool("old", OWNED)], kinds=KINDS), claims)
    name = f"{POOL} old"
    assert claims.delta_with({uid_of(name): name}) == {"noted.lb": "true", uid_of(name): name}

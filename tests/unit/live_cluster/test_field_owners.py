# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an apply would change nothing. A real API server judges the same in tests/lab/test_cluster_roles.py."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.field_owners import (
    fields_of_others,
    is_applied,
    own_fields,
)

MANAGER = "hybridnet.cluster_edge"
PORTS = {
    'k:{"port":443,"protocol":"TCP"}': {".": {}, "f:name": {}, "f:port": {}},
    'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}},
}
FIELDS = {
    "f:metadata": {"f:labels": {"f:app": {}}, "f:finalizers": {".": {}, 'v:"one"': {}}},
    "f:spec": {"f:type": {}, "f:ports": PORTS, "f:selector": {}, "f:ranges": {}},
}
PLANNED: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "media", "labels": {"app": "web"}, "finalizers": ["one"]},
    "spec": {
        "type": "LoadBalancer",
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}, {"name": "https", "port": 443}],
        "selector": {"app": "web"},
        "ranges": ["192.0.2.0/24", "198.51.100.0/24"],
    },
}


def entry(**changes: Any) -> dict[str, Any]:
    """Return what the API server notes of our last apply."""
    return {"manager": MANAGER, "operation": "Apply", "apiVersion": "v1", "fieldsV1": FIELDS, **changes}


def live(*entries: dict[str, Any]) -> dict[str, Any]:
    """Return the live object: what was planned, with defaults and with what others own."""
    found = copy.deepcopy(PLANNED)
    found["metadata"].update(labels={"app": "web", "theirs": "x"}, finalizers=["theirs", "one"], uid="1")
    found["metadata"]["managedFields"] = list(entries) or [entry(), {"manager": "other", "operation": "Update"}]
    found["spec"]["ports"][1].update(protocol="TCP", nodePort=30443)
    found["spec"]["ports"].insert(1, {"name": "theirs", "port": 90, "protocol": "TCP"})
    found["spec"]["clusterIP"] = "10.96.0.7"
    return found


def test_nothing_differs() -> None:
    assert is_applied(PLANNED, live())


def planned(path: str, value: Any) -> dict[str, Any]:
    """Return the plan with another value at a path; None removes it."""
    changed = copy.deepcopy(PLANNED)
    *above, last = [int(word) if word.isdigit() else word for word in path.split(".")]
    place: Any = changed
    for word in above:
        place = place[word]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.type", "ClusterIP"),
        ("spec.type", None),
        ("spec.type", {"a": "map"}),
        ("spec.class", "new"),
        ("spec.ports", "text"),
        ("spec.ports", []),
        ("spec.ports.1", None),
        ("spec.ports.0.name", "other"),
        ("spec.ports.0.name", None),
        ("spec.ports.0.protocol", "UDP"),
        ("spec.ports.0.targetPort", 8080),
        ("spec.ports.1.protocol", "TCP"),
        ("spec.ports.1.port", 444),
        ("spec.selector", {"app": "web", "more": "x"}),
        ("spec.ranges", ["198.51.100.0/24", "192.0.2.0/24"]),
        ("metadata.labels", None),
        ("metadata.labels.app", "other"),
        ("metadata.labels.more", "x"),
        ("metadata.annotations", {"a": "b"}),
        ("metadata.finalizers", ["two"]),
        ("metadata.finalizers", ["one", "two"]),
        ("apiVersion", "v2"),
    ],
)
def test_each_difference_is_seen(path: str, value: Any) -> None:
    assert not is_applied(planned(path, value), live())


def test_the_order_of_items_is_a_difference() -> None:
    assert not is_applied(planned("spec.ports", PLANNED["spec"]["ports"][::-1]), live())


@pytest.mark.parametrize(
    "entries",
    [
        [{"manager": "other", "operation": "Apply", "apiVersion": "v1", "fieldsV1": FIELDS}],
        [entry(operation="Update")],
        [entry(), entry(operation="Update")],
        [entry(apiVersion="v1beta1")],
        [entry(fieldsV1={})],
        [entry(fieldsV1=None)],
        [entry(subresource="status")],
    ],
    ids=["another's", "not applied", "edited too", "another version", "nothing", "null", "status"],
)
def test_what_our_last_apply_did_not_say_is_said_again(entries: list[dict[str, Any]]) -> None:
    assert not is_applied(PLANNED, live(*entries))


@pytest.mark.parametrize("path", ["spec.type", "spec.ports.0.name", "metadata.labels.app", "metadata.finalizers"])
def test_a_value_that_is_not_there_any_more(path: str) -> None:
    """Without another owner nobody can take a field away; so this is a damaged answer, and not a reason to be quiet."""
    found = live()
    *above, last = [int(word) if word.isdigit() else word for word in path.split(".")]
    place: Any = found
    for word in above:
        place = place[word]
    del place[last]
    assert not is_applied(PLANNED, found)


def test_two_live_items_of_one_key_are_not_taken_for_ours() -> None:
    found = live()
    found["spec"]["ports"].append(copy.deepcopy(found["spec"]["ports"][0]))
    assert not is_applied(PLANNED, found)


def test_to_own_nothing_needs_no_apply_where_we_own_nothing() -> None:
    nothing = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "media"}}
    assert is_applied(nothing, live({"manager": "other", "operation": "Update"}))
    assert not is_applied(nothing, live())


STRANGE_ITEMS = [
    "i:0",
    "i:-1",
    "v:1",
    "v:{",
    "v:" + "[" * 3000 + "]" * 3000,
    'k:{"name":"http"}',
    'k:{"port":"80","protocol":[1]}',
    'k:{"port":{"a":1},"protocol":5}',
    "k:{}",
    "k:[1]",
    "k:{",
    "f:name",
    "x",
]
"""Names of items that a tenant writes; a real API server keeps most of them (tests/lab/test_tenants.py)."""


@pytest.mark.parametrize("operation", ["Apply", "Update"])
@pytest.mark.parametrize("manager", [MANAGER, "tenant"])
@pytest.mark.parametrize("name", STRANGE_ITEMS, ids=lambda name: name[:40])
def test_names_of_items_that_no_program_writes(name: str, manager: str, operation: str) -> None:
    """Nothing is known of such an item: an apply finds out. Neither a look nor a handover ends by it."""
    fields = {**FIELDS, "f:spec": {**FIELDS["f:spec"], "f:ports": {name: {"f:name": {}}}}}
    strange = entry(manager=manager, operation=operation, fieldsV1=fields)
    found = live(strange) if manager == MANAGER else live(entry(), strange)
    assert is_applied(PLANNED, found) == (manager != MANAGER)
    told = fields_of_others(PLANNED, found)
    assert set(told) == (
        set() if (manager, operation) == (MANAGER, "Apply") or name.startswith('k:{"name"') else {manager}
    )
    assert own_fields(PLANNED, found).has_others == (manager != MANAGER)


@pytest.mark.parametrize(
    ("name", "value"), [("i:192", ["a"]), ("i:0", [0]), ("v:1", [1, 2]), ('v:"b"', ["a"])], ids=str
)
def test_an_item_is_planned_by_its_value_and_by_nothing_else(name: str, value: list[Any]) -> None:
    """An index says where an item stands, and not which one it is."""
    found = live(entry(), entry(manager="tenant", fieldsV1={"f:spec": {"f:ranges": {name: {}}}}))
    told = fields_of_others(planned("spec.ranges", value), found)
    assert told == ({} if name == "v:1" else {"tenant": [f"spec.ranges[{name[2:]}]"]})

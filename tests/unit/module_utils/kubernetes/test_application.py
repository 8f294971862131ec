# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-side apply, with a stand-in for the API server. With a real one: tests/lab/test_cluster_writes.py."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.api import (
    ClusterError,
    ConflictError,
    RefusedError,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.application import apply_objects


class Server:
    """Stands in for a reader: has no namespace ``gone``, and keeps what is applied."""

    def send(self, method: str, path: str, body: str, *_given: Any, **_more: Any) -> dict[str, Any] | None:
        item = json.loads(body)
        kept = {**item, "metadata": {**item["metadata"], "uid": path, "resourceVersion": "2"}}
        return None if "/gone/" in path else kept


def arguments(objects: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """Return what the module hands over; of what is not in ``changes``, nothing is asked for."""
    nothing = {"versions": [], "owned": [], "compare": False, "copies": {}, "dry_run": False}
    return {"objects": objects, "manager": "us", **nothing, **changes}


def applied(server: Any, item: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Apply one object; return what is said of it."""
    (result,) = apply_objects(server, arguments([item], **changes))["results"]
    return result


def test_object_without_a_place_keeps_none_of_the_others_from_being_applied() -> None:
    """A tenant deletes a namespace between the look and the write."""
    objects = [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace}}
        for name, namespace in (("first", "media"), ("second", "gone"), ("third", "media"))
    ]
    done = apply_objects(Server(), arguments(objects))  # type: ignore[arg-type]
    assert [result["outcome"] for result in done["results"]] == ["applied", "refused", "applied"]
    refused = done["results"][1]
    assert (refused["status"], done["changed"]) == (404, True)
    assert "no place for it: /api/v1/namespaces/gone/services/second" in refused["reason"]


@pytest.mark.parametrize(
    ("entries", "shared"),
    [
        ([{"manager": "us", "operation": "Apply"}], False),
        ([{"manager": "us"}, {"manager": "cilium-operator", "subresource": "status"}], False),
        ([{"manager": "us"}, {"manager": "kubectl-create"}], True),
        ([], False),
    ],
    ids=["ours", "a controller's status", "a tenant made it meanwhile", "not told"],
)
def test_an_object_that_others_have_written_too_is_told(entries: list[dict[str, str]], shared: bool) -> None:
    class Answers(Server):
        def send(self, method: str, path: str, *_given: Any, **_more: Any) -> dict[str, Any]:
            return {"metadata": {"uid": path, "resourceVersion": "2", "managedFields": entries}}

    item = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "media"}}
    result = applied(Answers(), item)
    assert result.get("shared", False) is shared


POLICY: dict[str, Any] = {
    "spec": {"policy": "Local", "ports": [{"port": 80, "name": "http"}, {"port": 443}], "ranges": ["192.0.2.0/24"]}
}


@pytest.mark.parametrize(
    ("kept", "paths"),
    [
        pytest.param(POLICY["spec"], [], id="as applied"),
        pytest.param({**POLICY["spec"], "clusterIP": "10.0.0.1"}, [], id="with a default"),
        pytest.param({**POLICY["spec"], "policy": "Cluster"}, ["spec.policy"], id="another value"),
        pytest.param({"policy": "Local", "ports": POLICY["spec"]["ports"]}, ["spec.ranges"], id="without a field"),
        pytest.param(
            {**POLICY["spec"], "ports": [{"port": 443}, {"port": 81}, {"port": 80, "name": "http", "nodePort": 30000}]},
            [],
            id="beside items of others",
        ),
        pytest.param({**POLICY["spec"], "ports": [{"port": 80, "name": "http"}]}, ["spec.ports"], id="without an item"),
        pytest.param(
            {**POLICY["spec"], "ports": [{"port": 80, "name": "web"}, {"port": 443}]},
            ["spec.ports[0].name"],
            id="another value in an item",
        ),
    ],
)
@pytest.mark.parametrize("version", ["", "2"], ids=["changed", "unchanged"])
def test_what_a_webhook_makes_of_an_object_is_told(kept: dict[str, Any], paths: list[str], version: str) -> None:
    """Also where nothing changes any more: each run would say that all is as planned."""

    class Rewrites(Server):
        def send(self, method: str, path: str, *_given: Any, **_more: Any) -> dict[str, Any]:
            return {
                **named,
                "metadata": {"name": "web", "namespace": "media", "uid": path, "resourceVersion": "2"},
                "spec": kept,
            }

    named: dict[str, Any] = {"apiVersion": "v1", "kind": "Service", **POLICY}
    named["metadata"] = {"name": "web", "namespace": "media", "annotations": {}}
    result = applied(Rewrites(), named, versions=[version])
    assert result.get("rewritten", []) == paths


PATH = "/api/v1/namespaces/media/services/web"
SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "media", "uid": "looked-at"},
    "spec": {"ports": [{"name": "http", "port": 80, "protocol": "TCP"}]},
}
CHANGED = [{"name": "http", "port": 81, "protocol": "TCP"}]
ASIDE = [{"name": "not-planned-81-tcp", "port": 81, "protocol": "TCP"}]


def refusal(status: int, message: str) -> RefusedError:
    error = type("Error", (), {"status": status, "reason": "no", "body": json.dumps({"message": message})})
    return ConflictError("here", error) if status == 409 else RefusedError("here", error)


class Live:
    """Stands in for an API server with one Service, or one that was made anew; ``asked`` are its writes.

    Server-side apply is answered as the API server does: 422 for another UID, and for two ports of one name; else the
    planned ports stand beside the others. ``refused`` has the answers to all applies after the first one.
    """

    def __init__(self, uid: str, ports: list[dict[str, Any]], refused: Exception | None = None) -> None:
        self.uid, self.ports, self.refused = uid, ports, refused
        self.asked: list[tuple[str, Any]] = []
        self.named: set[int] = set()
        """Ports whose names our field manager has updated."""

    def get(self, path: str, **_options: Any) -> dict[str, Any]:
        keys = {f'k:{{"port":{number},"protocol":"TCP"}}': {"f:name": {}} for number in self.named}
        entry = {"manager": "us", "operation": "Update", "fieldsV1": {"f:spec": {"f:ports": keys}}}
        metadata = {"name": "web", "namespace": "media", "uid": self.uid, "resourceVersion": "7"}
        return {**SERVICE, "metadata": {**metadata, "managedFields": [entry]}, "spec": {"ports": list(self.ports)}}

    def send(self, method: str, path: str, body: Any, _manager: str, kind: str, dry_run: bool = False) -> Any:
        assert (method, path) == ("patch", PATH)
        if isinstance(body, str):
            self.asked.append(("apply", None))
            return self._apply(json.loads(body))
        self.asked.append(("patch", [(item["op"], item["path"], item.get("value")) for item in body]))
        assert body[0] == {"op": "test", "path": "/metadata/uid", "value": self.uid}
        for item in body[1:]:
            _empty, _spec, _ports, number, *field = item["path"].split("/")
            if item["op"] == "remove":
                self.ports.pop(int(number))
            elif item["op"] == "test":
                assert self.ports[int(number)][field[0]] == item["value"]
            else:
                self.ports[int(number)] = {**self.ports[int(number)], field[0]: item["value"]}
                self.named.add(self.ports[int(number)]["port"])
        return self.get(path)

    def _apply(self, item: dict[str, Any]) -> dict[str, Any]:
        planned = item["spec"]["ports"]
        if item["metadata"].get("uid", self.uid) != self.uid:
            raise refusal(422, "metadata.uid: Invalid value: field is immutable")
        if self.refused and len(self.asked) > 1:
            raise self.refused
        others = [port for port in self.ports if port["port"] not in {port["port"] for port in planned}]
        if {port["name"] for port in others} & {port["name"] for port in planned}:
            raise refusal(422, "spec.ports[1].name: Duplicate value")
        self.ports = [*planned, *others]
        return self.get(PATH)


def test_port_that_somebody_changed_makes_room_for_the_planned_one() -> None:
    server = Live("looked-at", list(CHANGED))
    assert applied(server, SERVICE)["outcome"] == "applied"
    assert server.ports == SERVICE["spec"]["ports"]
    assert [kind for kind, _body in server.asked] == ["apply", "patch", "apply", "patch"]


@pytest.mark.parametrize("dry_run", [False, True], ids=["run", "check mode"])
@pytest.mark.parametrize(
    "metadata",
    [pytest.param({"uid": "looked-at"}, id="made anew"), pytest.param({"uid": None}, id="made since the look")],
)
def test_service_of_others_with_the_planned_name_of_a_port_is_not_written_to(
    metadata: dict[str, Any], dry_run: bool
) -> None:
    """The API server answers another UID with 422 too (kubernetes #127625), as it does a port's name that is taken."""
    server = Live("of a tenant", list(CHANGED))
    known = {key: value for key, value in {**SERVICE["metadata"], **metadata}.items() if value}
    result = applied(server, {**SERVICE, "metadata": known}, dry_run=dry_run)
    assert (result["outcome"], result["status"]) == ("refused", 422)
    if metadata["uid"]:
        assert result["reason"] == "somebody deleted it and made it anew during this run"
    assert server.ports == CHANGED
    assert server.asked == [("apply", None)]


def test_port_whose_plan_is_refused_after_all_has_its_name_again() -> None:
    server = Live("looked-at", list(CHANGED), refused=refusal(403, "denied by a webhook"))
    result = applied(server, SERVICE)
    assert (result["outcome"], result["reason"]) == ("refused", "denied by a webhook")
    assert server.ports == CHANGED


def test_server_that_goes_away_after_the_rename_is_asked_nothing_more() -> None:
    server = Live("looked-at", list(CHANGED), refused=ClusterError("out of reach"))
    with pytest.raises(ClusterError, match="out of reach"):
        applied(server, SERVICE)
    assert [kind for kind, _body in server.asked] == ["apply", "patch", "apply"]
    assert server.ports == ASIDE
    server.refused = None
    assert applied(server, SERVICE)["outcome"] == "applied"
    assert server.ports == SERVICE["spec"]["ports"]


@pytest.mark.parametrize("gone_before", [1, 2, 3], ids=["the rename", "the plan again", "the removal of the port"])
def test_service_that_goes_while_its_ports_are_mended_was_deleted(gone_before: int) -> None:
    """The API server answers 404: to the name, and to no namespace or kind that it lacks."""

    class Goes(Live):
        def send(self, *given: Any, **more: Any) -> Any:
            if len(self.asked) >= gone_before:
                self.asked.append(("gone", None))
                return None
            return super().send(*given, **more)

    server = Goes("looked-at", list(CHANGED))
    result = applied(server, SERVICE)
    assert result == {"outcome": "refused", "reason": "somebody deleted it during this run", "status": 404}
    assert server.asked[gone_before:] == [("gone", None)]


@pytest.mark.parametrize(
    ("name", "named", "planned", "left"),
    [
        pytest.param("not-planned-81-tcp", True, True, [80], id="ours"),
        pytest.param("not-planned-0", True, True, [80], id="ours, as 0.1.0 named it"),
        pytest.param("not-planned-81-tcp", False, True, [80, 81], id="a tenant's"),
        pytest.param("extra", True, True, [80, 81], id="another name"),
        pytest.param("not-planned-81-tcp", True, False, [80, 81], id="of a Service whose ports are not ours"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True], ids=["run", "check mode"])
def test_port_that_a_run_left_aside_goes_with_the_next_apply(
    name: str, named: bool, planned: bool, left: list[int], dry_run: bool
) -> None:
    server = Live("looked-at", [*SERVICE["spec"]["ports"], {"name": name, "port": 81, "protocol": "TCP"}])
    server.named = {81} if named else set()
    item = SERVICE if planned else {**SERVICE, "spec": {"ports": []}}
    result = applied(server, item, dry_run=dry_run, compare=True)
    assert result["outcome"] == ("applied" if len(left) == 1 else "unchanged")
    assert sorted(port["port"] for port in server.ports) == ([80, 81] if dry_run else left)


NODE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "n1", "uid": "u", "labels": {"a": "1"}},
}
OWNED_BY_US = {"manager": "us", "operation": "Apply", "fieldsV1": {"f:metadata": {"f:labels": {"f:a": {}}}}}


class Nodes:
    """Stands in for an API server with one Node; each of ``lives`` is how it is at one of the applies."""

    def __init__(self, *lives: dict[str, Any] | None) -> None:
        self.lives = list(lives)
        self.sent: list[dict[str, Any]] = []

    def get(self, _path: str, **_options: Any) -> dict[str, Any] | None:
        metadata = self.lives[0]
        return None if metadata is None else {"metadata": {"name": "n1", "managedFields": [OWNED_BY_US], **metadata}}

    def send(self, _method: str, _path: str, body: str, *_given: Any, **_more: Any) -> dict[str, Any]:
        item = json.loads(body)
        self.sent.append(item["metadata"])
        live = self.lives[0]
        if live is None or (live["uid"], live["resourceVersion"]) != ("u", item["metadata"]["resourceVersion"]):
            raise refusal(409, "the object has been modified")
        if "holder" in live:
            raise refusal(409, f"conflict with {live['holder']}")
        return {**item, "metadata": {**item["metadata"], "resourceVersion": "99"}}


def node(version: str, uid: str = "u", **more: Any) -> dict[str, Any]:
    return {"uid": uid, "resourceVersion": version, "labels": {"a": "0"}, **more}


ANOTHER_RUN = (
    "labels on it that this run's field manager holds were changed after the run had looked, by another run or by hand:"
    " run again"
)


@pytest.mark.parametrize(
    ("live", "reason"),
    [
        pytest.param(node("7"), None, id="as it was seen"),
        pytest.param(node("8"), None, id="a kubelet wrote its status"),
        pytest.param(node("8", labels={"a": "0", "b": "2"}), None, id="others labelled it"),
        pytest.param(node("8", labels={"a": "2"}), ANOTHER_RUN, id="another run has set our label"),
        pytest.param(node("8", managedFields=[]), ANOTHER_RUN, id="another run has taken our label back"),
        pytest.param(
            node("8", labels={"a": "2"}, managedFields=[{**OWNED_BY_US, "manager": "kubectl-label"}]),
            ANOTHER_RUN,
            id="kubectl label --overwrite took our key",
        ),
        pytest.param(None, "somebody deleted it during this run", id="deleted: an apply would make a Node"),
        pytest.param(
            node("8", uid="v"), "somebody deleted it and made it anew during this run", id="deleted and joined again"
        ),
        pytest.param(node("7", holder="kubectl"), "conflict with kubectl", id="others hold the label"),
    ],
)
def test_node_is_written_as_it_was_seen(live: dict[str, Any] | None, reason: str | None) -> None:
    """An apply takes away labels that another site's run has set meanwhile as the same field manager."""
    server = Nodes(live)
    result = applied(server, NODE, versions=["7"], owned=[{"a": "0"}])
    assert (server.sent[0]["uid"], server.sent[0]["resourceVersion"]) == ("u", "7")
    assert result.get("reason") == reason
    assert result["outcome"] == ("refused" if reason else "applied")
    assert result.get("version") == (None if reason else "99")  # the condition of the next write of its labels


def test_version_of_a_node_is_none_of_a_preview() -> None:
    """Nothing was written: the next write is compared with what lives."""
    assert "version" not in applied(Nodes(node("7")), NODE, versions=["7"], owned=[{"a": "0"}], dry_run=True)


def test_node_that_changes_all_the_time_is_given_up() -> None:
    class Busy(Nodes):
        def send(self, *given: Any, **more: Any) -> dict[str, Any]:
            self.lives[0]["resourceVersion"] += "1"  # type: ignore[index]
            return super().send(*given, **more)

    server = Busy(node("7"))
    result = applied(server, NODE, versions=["7"], owned=[{"a": "0"}])
    assert (result["outcome"], result["reason"], len(server.sent)) == ("refused", "the object has been modified", 10)

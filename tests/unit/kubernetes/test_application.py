# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-side apply, with a stand-in for the API server. With a real one: tests/lab/test_cluster_writes.py."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.application import apply_objects


class Server:
    """Stands in for a reader: has no namespace ``gone``, and keeps what is applied."""

    def send(self, method: str, path: str, body: str, *_given: Any, **_more: Any) -> dict[str, Any] | None:
        item = json.loads(body)
        kept = {**item, "metadata": {**item["metadata"], "uid": path, "resourceVersion": "2"}}
        return None if "/gone/" in path else kept


def test_object_without_a_place_keeps_none_of_the_others_from_being_applied() -> None:
    """A tenant deletes a namespace between the look and the write."""
    objects = [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace}}
        for name, namespace in (("first", "media"), ("second", "gone"), ("third", "media"))
    ]
    given = {"objects": objects, "versions": [], "manager": "us", "compare": False, "dry_run": False}
    done = apply_objects(Server(), given)  # type: ignore[arg-type]
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
    given = {"objects": [item], "versions": [], "manager": "us", "compare": False, "dry_run": False}
    (result,) = apply_objects(Answers(), given)["results"]  # type: ignore[arg-type]
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
    given = {"objects": [named], "versions": [version], "manager": "us", "compare": False, "dry_run": False}
    (result,) = apply_objects(Rewrites(), given)["results"]  # type: ignore[arg-type]
    assert result.get("rewritten", []) == paths

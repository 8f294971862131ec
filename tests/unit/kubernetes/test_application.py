# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-side apply, with a stand-in for the API server. With a real one: tests/lab/test_cluster_writes.py."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.application import apply_objects


class Server:
    """Stands in for a reader: has no namespace ``gone``."""

    def send(self, method: str, path: str, *_given: Any, **_more: Any) -> dict[str, Any] | None:
        return None if "/gone/" in path else {"metadata": {"uid": path, "resourceVersion": "2"}}


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

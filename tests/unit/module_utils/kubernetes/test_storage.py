# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests store objects anew, with a stand-in for the API server. With a real one: tests/lab/test_cilium_versions.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.api import ConflictError, RefusedError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.storage import ATTEMPTS, store_objects

PLURAL = "ciliumloadbalancerippools"
DEFINITION = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{PLURAL}.cilium.io"
POOLS = f"/apis/cilium.io/v2/{PLURAL}"
MERGE = "application/merge-patch+json"


def refusal(kind: type[RefusedError], status: int) -> RefusedError:
    return kind("kubeconfig", SimpleNamespace(status=status, reason="no", body='{"message": "not yours"}'))


class Server:
    """Stands in for an API server that has pools of some names."""

    def __init__(self, *stored: str, names: tuple[str, ...] = ("a", "b"), failures: tuple[Exception, ...] = ()) -> None:
        self.stored = list(stored)
        self.names = names
        self.failures = list(failures)
        self.sent: list[tuple[str, str, Any, str]] = []

    def get(self, path: str) -> dict[str, Any] | None:
        assert path == DEFINITION
        if not self.stored:
            return None
        versions = [{"name": "v2alpha1", "storage": False}, {"name": "v2", "storage": True}]
        metadata = {"resourceVersion": str(len(self.sent))}
        return {"metadata": metadata, "spec": {"versions": versions}, "status": {"storedVersions": self.stored}}

    def items(self, path: str) -> list[dict[str, Any]]:
        assert path == POOLS
        return [{"metadata": {"name": name}} for name in self.names]

    def send(self, method: str, path: str, body: Any, manager: str, content_type: str) -> dict[str, Any]:
        self.sent.append((method, path, body, content_type))
        if path.endswith("/status") and self.failures:
            raise self.failures.pop(0)
        if path.endswith("/status"):
            self.stored = body["status"]["storedVersions"]
        return {}


def store(server: Server, *, dry_run: bool = False) -> dict[str, Any]:
    given = {"plurals": [PLURAL], "group": "cilium.io", "manager": "us", "dry_run": dry_run}
    return store_objects(server, given)


def test_each_object_is_written_without_a_change_and_then_the_list_is_cut() -> None:
    server = Server("v2alpha1", "v2")
    assert store(server) == {"changed": True, "stored": [PLURAL], "refused": {}}
    assert server.sent == [
        ("patch", f"{POOLS}/a", {}, MERGE),
        ("patch", f"{POOLS}/b", {}, MERGE),
        (
            "patch",
            f"{DEFINITION}/status",
            {"metadata": {"resourceVersion": "0"}, "status": {"storedVersions": ["v2"]}},
            MERGE,
        ),
    ]
    assert store(server) == {"changed": False, "stored": [], "refused": {}}


@pytest.mark.parametrize(
    ("stored", "dry_run", "changed"),
    [
        pytest.param(("v2alpha1", "v2"), True, True, id="check mode tells it"),
        pytest.param(("v2alpha1",), True, True, id="nothing written since the version came"),
        pytest.param(("v2",), False, False, id="stored in one version"),
        pytest.param((), False, False, id="no such kind"),
    ],
)
def test_nothing_is_sent(stored: tuple[str, ...], dry_run: bool, changed: bool) -> None:
    server = Server(*stored)
    assert store(server, dry_run=dry_run)["changed"] is changed
    assert server.sent == []


def test_a_definition_that_changes_meanwhile_is_read_again_with_all_objects() -> None:
    server = Server("v2alpha1", "v2", names=("a",), failures=(refusal(ConflictError, 409),))
    assert store(server)["stored"] == [PLURAL]
    assert [path for _method, path, _body, _type in server.sent] == [f"{POOLS}/a", f"{DEFINITION}/status"] * 2


@pytest.mark.parametrize(
    "failures",
    [
        pytest.param((refusal(RefusedError, 403),), id="no right"),
        pytest.param((refusal(ConflictError, 409),) * ATTEMPTS, id="a definition that never rests"),
    ],
)
def test_what_the_api_server_refuses_is_told(failures: tuple[Exception, ...]) -> None:
    server = Server("v2alpha1", "v2", failures=failures)
    assert store(server) == {"changed": False, "stored": [], "refused": {PLURAL: "not yours"}}
    assert server.stored == ["v2alpha1", "v2"]

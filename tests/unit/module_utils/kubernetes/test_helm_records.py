# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Freeing a release whose Helm was cut off. With a real Helm: tests/lab/test_cluster_faults.py."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes import helm_records
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.api import (
    ClusterError,
    ConflictError,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.connection import ClusterConnection
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.helm_records import (
    decoded,
    encoded,
    free_release,
)

CONTENT = {
    "name": "cilium",
    "version": 2,
    "info": {"status": "pending-upgrade", "description": "Preparing upgrade"},
    "chart": {"metadata": {"name": "cilium", "version": "1.20.2"}},
    "config": {"a": "b"},
}
OPTIONS = {"release": "kube-system/cilium", "quiet": 300, "manager": "us", "dry_run": False}


class Server:
    """Stands in for a reader: has one record, in a Secret or a ConfigMap."""

    def __init__(self, status: str = "pending-upgrade", secret: bool = True, age: int = 301) -> None:
        self.secret = secret
        self.connection = ClusterConnection("kubeconfig", None)
        self.connection.helm_records = "secrets" if secret else "configmaps"
        self.elsewhere = False
        self.date = f"Sun, 29 Nov 2026 00:{age // 60:02}:{age % 60:02} GMT"
        self.content: dict[str, Any] = {**CONTENT, "info": {**CONTENT["info"], "status": status}}  # type: ignore[dict-item]
        self.sent: list[Mapping[str, Any]] = []
        self.refuses = 0

    @property
    def record(self) -> dict[str, Any]:
        metadata = {"name": "sh.helm.release.v1.cilium.v2", "labels": {"version": "2"}, "resourceVersion": "7"}
        text = encoded(self.content)
        release = base64.b64encode(text.encode()).decode() if self.secret else text
        return {"metadata": {**metadata, "creationTimestamp": "2026-11-29T00:00:00Z"}, "data": {"release": release}}

    def items(self, path: str, accept: str, selector: str) -> list[dict[str, Any]]:
        assert selector == "owner=helm,name=cilium"
        return [self.record] if self.elsewhere or path.endswith("secrets") is self.secret else []

    def get(self, path: str) -> dict[str, Any]:
        return self.record

    def send(self, method: str, path: str, body: Mapping[str, Any], manager: str, kind: str) -> dict[str, Any]:
        if self.refuses:
            self.refuses -= 1
            error = type("Error", (), {"status": 409, "reason": "Conflict", "body": "{}"})
            raise ConflictError("here", error)
        self.sent.append(body)
        return {}


@pytest.mark.parametrize("secret", [True, False])
def test_records_that_helm_does_not_read_are_refused(secret: bool) -> None:
    """The greater revision may be the one of a driver that nobody uses any more."""
    kinds = ("secrets", "configmaps") if secret else ("configmaps", "secrets")
    server = Server(secret=secret)
    server.elsewhere = True
    with pytest.raises(ClusterError, match=f"has records in {kinds[1]}, and Helm reads {kinds[0]} here.*some in both"):
        free_release(server, OPTIONS)  # type: ignore[arg-type]
    server = Server(secret=not secret)
    server.connection.helm_records = kinds[0]
    with pytest.raises(ClusterError, match=f"set HELM_DRIVER={kinds[1][:-1]} in the environment"):
        free_release(server, OPTIONS)  # type: ignore[arg-type]


@pytest.mark.parametrize("secret", [True, False])
@pytest.mark.parametrize("status", ["pending-upgrade", "pending-install", "pending-rollback"])
def test_pending_revision_is_marked_as_failed(secret: bool, status: str) -> None:
    server = Server(status, secret)
    assert free_release(server, OPTIONS) == {"changed": True, "status": "failed", "revision": 2}  # type: ignore[arg-type]
    (patch,) = server.sent
    assert patch["metadata"]["resourceVersion"] == "7"
    assert patch["metadata"]["labels"]["status"] == "failed"
    text = patch["data"]["release"]
    content = decoded(base64.b64decode(text).decode() if secret else text)
    assert content.pop("info")["status"] == "failed"
    assert content == {key: value for key, value in CONTENT.items() if key != "info"}


@pytest.mark.parametrize("status", ["deployed", "failed", "superseded", "uninstalled"])
def test_any_other_revision_is_left_alone(status: str) -> None:
    server = Server(status)
    assert free_release(server, OPTIONS) == {"changed": False, "status": status, "revision": 2}  # type: ignore[arg-type]
    assert server.sent == []


def test_young_revision_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(age=298)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        server.content["info"]["status"] = "deployed"

    monkeypatch.setattr(helm_records.time, "sleep", sleep)
    assert free_release(server, OPTIONS)["status"] == "deployed"  # type: ignore[arg-type]
    assert (slept, server.sent) == ([1.0], [])


def test_revision_that_somebody_writes_meanwhile_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helm_records.time, "sleep", lambda seconds: None)
    server = Server()
    server.refuses = 2
    assert free_release(server, OPTIONS)["changed"]  # type: ignore[arg-type]
    assert len(server.sent) == 1


def test_check_mode_writes_nothing_and_waits_for_nothing() -> None:
    server = Server(age=1)
    assert free_release(server, {**OPTIONS, "dry_run": True})["changed"]  # type: ignore[arg-type]
    assert server.sent == []


def test_helm_that_begins_while_another_one_is_waited_for_is_waited_for_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of the first is no time of the second: freed at its end, a working Helm would get a rival."""
    server = Server(age=298)
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds
        if clock[0] >= 2 and server.content["version"] == 2:  # the first has ended, and another one has begun
            server.content = {**server.content, "version": 3}
            server.date = "Sun, 29 Nov 2026 00:00:01 GMT"  # a record of a second of age
        if clock[0] > 100:
            server.content["info"]["status"] = "deployed"

    monkeypatch.setattr(helm_records.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(helm_records.time, "sleep", sleep)
    assert free_release(server, OPTIONS) == {"changed": False, "status": "deployed", "revision": 3}  # type: ignore[arg-type]
    assert server.sent == []


def test_record_that_somebody_writes_all_the_time_is_left_to_him(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    server.refuses = 10**6
    clock = [0.0]

    def sleep(seconds: float) -> None:
        assert seconds > 0  # no request follows the other without a pause
        clock[0] += seconds

    monkeypatch.setattr(helm_records.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(helm_records.time, "sleep", sleep)
    with pytest.raises(ClusterError, match="changes all the time"):
        free_release(server, OPTIONS)  # type: ignore[arg-type]
    assert clock[0] < 1000

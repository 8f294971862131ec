# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ConfigMap of a site, beside other runs and a quota that writes at the same time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.api import (
    ClusterError,
    ConflictError,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.note import write_note

OPTIONS = {
    "namespace": "kube-system",
    "name": "cluster-edge-hybrid",
    "labels": {},
    "data": {"noted.bgp": "yes"},
    "manager": "hybridnet.cluster_edge",
    "state": "present",
}


def conflict(reason: str) -> ConflictError:
    """Return the answer 409 with a Status."""
    body = json.dumps({"kind": "Status", "reason": reason, "message": "no"})
    return ConflictError("here", type("Error", (), {"status": 409, "reason": "Conflict", "body": body}))


class Server:
    """Has no ConfigMap; answers the requests to make it as it is told, and then makes it."""

    def __init__(self, *refusals: str, made_by_another: bool = False) -> None:
        self.refusals = list(refusals)
        self.made_by_another = made_by_another
        self.data: dict[str, Any] | None = None

    def send(self, method: str, path: str, body: Mapping[str, Any], manager: str, kind: str = "") -> Any:
        if method == "patch":
            if self.data is None:
                return None
            self.data.update(body["data"])
            return {}
        assert method == "post"
        if self.refusals:
            if self.made_by_another:
                self.data = {"noted.lb": "yes"}
            raise conflict(self.refusals.pop())
        self.data = dict(body["data"])
        return {}


def test_note_that_another_run_made_meanwhile_keeps_what_is_in_it() -> None:
    server = Server("AlreadyExists", made_by_another=True)
    assert write_note(server, OPTIONS)["created"] == []  # type: ignore[arg-type]
    assert server.data == {"noted.lb": "yes", "noted.bgp": "yes"}


def test_note_that_a_quota_kept_from_being_made_is_made_all_the_same() -> None:
    server = Server("Conflict", "Conflict")
    assert write_note(server, OPTIONS)["created"] == ["ConfigMap kube-system/cluster-edge-hybrid"]  # type: ignore[arg-type]
    assert server.data == {"noted.bgp": "yes"}


def test_note_that_cannot_be_made_is_an_error() -> None:
    with pytest.raises(ClusterError, match="changes all the time"):
        write_note(Server(*["Conflict"] * 20), OPTIONS)  # type: ignore[arg-type]

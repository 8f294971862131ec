# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action cluster_objects hands to kubernetes.core, and what it says of the answers.

Whole runs against a real API server: tests/lab/test_cluster_roles.py.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.action.cluster_objects import ActionModule, WriteError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.changes import Changes
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.secrets import password_secrets

PEER = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumBGPPeerConfig",
    "metadata": {"name": "k8s"},
    "spec": {"authSecretRef": "bgp-password-k8s"},
}
SECRETS = password_secrets([PEER], {"k8s": "not-to-be-seen"}, "kube-system", "home")
ENCODED = SECRETS[0]["data"]["password"]


class Writer:
    """Stands in for kubernetes.core.k8s: notes its calls, and gives one answer for each object."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, changed: bool = True, failure: str | None = None) -> None:
        self.calls: list[tuple[dict[str, Any], bool]] = []
        self.changed = changed
        self.failure = failure
        task = SimpleNamespace(no_log=False)
        self.action = ActionModule(task, None, None, None, None, None)
        monkeypatch.setattr(self.action, "_execute_module", self.execute)

    def execute(self, name: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        assert name == "kubernetes.core.k8s"
        self.calls.append((module_args, self.action._task.no_log))
        if self.failure:
            return {"failed": True, "msg": self.failure, "invocation": module_args}
        answers = [{"changed": self.changed} for _item in module_args["resource_definition"]]
        return answers[0] if len(answers) == 1 else {"result": {"results": answers}}

    def write(self, changes: Changes, secrets: list[dict[str, Any]]) -> dict[str, Any]:
        return self.action._write(changes, secrets, {"kubeconfig": "/k"}, {})


def test_nothing_to_write_starts_no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(monkeypatch)
    assert writer.write(Changes(), []) == {"changed": False, "applied": [], "removed": [], "diff": []}
    assert writer.calls == []


def test_secrets_are_written_first_and_out_of_all_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(monkeypatch)
    old = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "old", "namespace": "kube-system"}}
    done = writer.write(Changes(apply=[PEER, PEER], remove=[old]), SECRETS)
    assert [call["resource_definition"] for call, _no_log in writer.calls] == [SECRETS, [PEER, PEER], [old]]
    assert [no_log for _call, no_log in writer.calls] == [True, False, False]
    assert [call.get("state", "present") for call, _no_log in writer.calls] == ["present", "present", "absent"]
    assert all(call["kubeconfig"] == "/k" for call, _no_log in writer.calls)
    peer = "CiliumBGPPeerConfig k8s"
    assert done["applied"] == ["Secret kube-system/bgp-password-k8s", peer, peer]
    assert done["removed"] == ["Secret kube-system/old"]
    assert [item["before_header"] for item in done["diff"]] == [peer, peer, "Secret kube-system/old"]
    assert ENCODED not in repr(done)


def test_what_the_server_found_unchanged_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(monkeypatch, changed=False)
    done = writer.write(Changes(apply=[PEER, PEER]), SECRETS)
    assert done == {"changed": False, "applied": [], "removed": [], "diff": []}


def test_a_refused_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(monkeypatch, failure=f"Failed to apply object: {ENCODED} of not-to-be-seen is invalid")
    with pytest.raises(WriteError) as caught:
        writer.write(Changes(apply=[PEER]), SECRETS)
    assert caught.value.result == {"failed": True, "msg": "Failed to apply object: ******** of ******** is invalid"}
    assert len(writer.calls) == 1  # nothing is applied that refers to it
    assert writer.action._task.no_log is False

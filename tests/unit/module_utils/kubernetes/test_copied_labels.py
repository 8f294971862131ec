# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which copies of labels are waited for, with a stand-in for the API server. With agents: tests/lab/test_upgrade.py."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes import copied_labels
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.api import RefusedError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.application import apply_objects
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.copied_labels import await_copies

NODES = "/apis/cilium.io/v2/ciliumnodes"
PODS = "/api/v1/namespaces/cilium/pods"


class RefusesError(RefusedError):
    """A refusal by its status alone."""

    def __init__(self, status: int) -> None:
        Exception.__init__(self, str(status))
        self.status, self.message = status, "refused"


class Server:
    """Stands in for an API server: CiliumNodes as they are at each look, and the agents' pods."""

    def __init__(self, *looks: dict[str, dict[str, str]], ready: dict[str, bool] | None = None) -> None:
        self.looks = list(looks)
        self.ready = ready
        self.asked: list[str] = []

    def items(self, path: str, *_given: Any, **_more: Any) -> list[dict[str, Any]]:
        self.asked.append(path)
        if path == PODS:
            if self.ready is None:
                raise RefusesError(403)
            return [
                {
                    "metadata": {},
                    "spec": {"nodeName": name},
                    "status": {"conditions": [{"type": "Ready", "status": str(is_ready)}]},
                }
                for name, is_ready in self.ready.items()
            ]
        assert path == NODES
        seen = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return [{"metadata": {"name": name, "labels": labels}} for name, labels in seen.items()]

    def send(self, method: str, path: str, *_given: Any, **_more: Any) -> dict[str, Any]:
        if path.endswith("refused"):
            raise RefusesError(500)
        return {"metadata": {"uid": path, "resourceVersion": "2"}}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that goes on while somebody sleeps."""
    now = [0.0]
    monkeypatch.setattr(copied_labels.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(copied_labels.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


NEW, OLD = {"zone": "b", "other": "x"}, {"zone": "a"}
WANTED = {"n1": {"zone": "b"}}


@pytest.mark.parametrize(
    ("server", "behind", "waited"),
    [
        pytest.param(Server({"n1": NEW}), [], 0, id="copied at once"),
        pytest.param(Server({"n1": OLD}, {"n1": {}}, {"n1": NEW}, ready={"n1": True}), [], 0.4, id="copied at last"),
        pytest.param(Server({"n1": OLD}, ready={"n1": True}), ["n1"], 5, id="another value stays"),
        pytest.param(Server({"n1": {}}, ready={"n1": True, "n2": False}), ["n1"], 5, id="a ready agent does not copy"),
        pytest.param(Server({"n1": {}}, ready={"n1": False}), [], 0, id="the agent is not ready"),
        pytest.param(Server({"n1": {}}, ready={"n2": True}), [], 0, id="there is no agent"),
        pytest.param(Server({"n1": {}}), ["n1"], 5, id="pods may not be listed"),
        pytest.param(Server({"n2": {}}, ready={}), [], 0, id="a node without a CiliumNode"),
        pytest.param(Server({}, ready={}), [], 0, id="nobody serves the kind"),
    ],
)
def test_who_is_waited_for(server: Server, behind: list[str], waited: float, clock: list[float]) -> None:
    assert await_copies(server, WANTED, "cilium", 5) == behind  # type: ignore[arg-type]
    assert clock[0] == pytest.approx(waited, abs=0.3)


def test_pods_are_asked_for_only_where_a_copy_lacks() -> None:
    server = Server({"n1": NEW})
    await_copies(server, WANTED, "cilium", 5)  # type: ignore[arg-type]
    assert server.asked == [NODES]


@pytest.mark.parametrize(
    ("changes", "uncopied", "asks"),
    [
        pytest.param({}, ["n1"], True, id="after the writes"),
        pytest.param({"copied_within": 0}, [], False, id="nobody asks for it"),
        pytest.param({"dry_run": True}, [], False, id="nothing was written"),
    ],
)
def test_an_apply_waits_for_the_nodes_that_it_has_written(
    changes: dict[str, Any], uncopied: list[str], asks: bool
) -> None:
    objects = [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"zone": "b"}}}
        for name in ("n1", "refused")
    ]
    given = {"objects": objects, "versions": [], "owned": [], "manager": "us", "compare": False, "dry_run": False}
    server = Server({"n1": OLD, "refused": OLD}, ready={"n1": True, "refused": True})
    done = apply_objects(server, {**given, "copied_within": 5, "namespace": "cilium", **changes})  # type: ignore[arg-type]
    assert (done["uncopied"], NODES in server.asked) == (uncopied, asks)

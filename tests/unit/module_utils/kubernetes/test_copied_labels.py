# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which copies of labels are waited for, with a stand-in for the API server. With agents: tests/lab/test_upgrade.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes import copied_labels
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.api import RefusedError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.application import apply_objects
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.copied_labels import await_copies

COPIES, NODES = "/apis/cilium.io/v2/ciliumnodes", "/api/v1/nodes"
PODS = "/api/v1/namespaces/cilium/pods"


FORBIDDEN = RefusedError("kubeconfig", SimpleNamespace(status=403, reason="Forbidden", body="{}"))


class Server:
    """Stands in for an API server: CiliumNodes as they are at each look, the agents' pods, and nodes."""

    def __init__(
        self,
        *looks: dict[str, dict[str, str]],
        agents: dict[str, bool] | None = None,
        nodes: dict[str, bool] | None = None,
    ) -> None:
        self.looks = list(looks)
        self.agents = agents
        self.nodes = nodes or {}
        self.asked: list[str] = []

    def items(self, path: str, *_given: Any, **_more: Any) -> list[dict[str, Any]]:
        self.asked.append(path)
        if path == PODS:
            if self.agents is None:
                raise FORBIDDEN
            return [{"spec": {"nodeName": name}, **ready(name, now)} for name, now in self.agents.items()]
        if path == NODES:
            return [ready(name, now) for name, now in self.nodes.items()]
        assert path == COPIES
        seen = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return [{"metadata": {"name": name, "labels": labels}} for name, labels in seen.items()]

    def send(self, method: str, path: str, *_given: Any, **_more: Any) -> dict[str, Any]:
        self.asked.append(path)
        return {"metadata": {"uid": path, "resourceVersion": "2"}}


def ready(name: str, now: bool) -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": {"conditions": [{"type": "Ready", "status": str(now)}]}}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that goes on while somebody sleeps."""
    now = [0.0]
    monkeypatch.setattr(copied_labels.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(copied_labels.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


NEW, OLD = {"zone": "b", "other": "x"}, {"zone": "a"}
WANTED = {"n1": {"zone": "b", "other": "x"}}
UP, DOWN = {"n1": True}, {"n1": False}
LACKS = ["n1: zone=b, other=x"]


@pytest.mark.parametrize(
    ("server", "behind", "waited"),
    [
        pytest.param(Server({"n1": NEW}), [], 0, id="copied at once"),
        pytest.param(Server({"n1": OLD}, {"n1": {}}, {"n1": NEW}, agents=UP), [], 0.4, id="copied at last"),
        pytest.param(Server({"n1": {**OLD, "other": "x"}}, agents=UP), ["n1: zone=b"], 5, id="another value stays"),
        pytest.param(Server({"n1": {}}, agents={**UP, "n2": False}), LACKS, 5, id="a ready agent does not copy"),
        pytest.param(Server({"n1": {}}, agents=DOWN, nodes=UP), [], 0, id="the agent is not ready"),
        pytest.param(Server({"n1": {}}, agents={"n2": True}, nodes=UP), [], 0, id="the node has no agent"),
        pytest.param(Server({"n1": {}}, nodes=UP), LACKS, 5, id="pods may not be listed"),
        pytest.param(Server({"n1": {}}, nodes=DOWN), [], 0, id="pods may not be listed, the node is down"),
        pytest.param(Server({"n1": {}}, agents={}, nodes=UP), LACKS, 5, id="Cilium runs in another namespace"),
        pytest.param(Server({"n2": {}}, agents={}), [], 0, id="a node without a CiliumNode"),
        pytest.param(Server({}, agents={}), [], 0, id="nobody serves the kind"),
    ],
)
def test_who_is_waited_for(server: Server, behind: list[str], waited: float, clock: list[float]) -> None:
    assert await_copies(server, WANTED, "cilium", 5) == behind  # type: ignore[arg-type]
    assert clock[0] == pytest.approx(waited, abs=0.3)


def test_pods_are_asked_for_only_where_a_copy_lacks() -> None:
    server = Server({"n1": NEW})
    await_copies(server, WANTED, "cilium", 5)  # type: ignore[arg-type]
    assert server.asked == [COPIES]


@pytest.mark.parametrize(
    ("copies", "dry_run", "uncopied", "asked"),
    [
        pytest.param(WANTED, False, LACKS, False, id="not copied: nothing is applied"),
        pytest.param({"n1": OLD}, False, [], True, id="copied"),
        pytest.param({}, False, [], True, id="nobody asks for it"),
        pytest.param(WANTED, True, [], True, id="nothing is written anyway"),
    ],
)
def test_an_apply_waits_before_it_writes(
    copies: dict[str, dict[str, str]], dry_run: bool, uncopied: list[str], asked: bool
) -> None:
    config = {"apiVersion": "cilium.io/v2", "kind": "CiliumBGPClusterConfig", "metadata": {"name": "edge"}, "spec": {}}
    given = {"objects": [config], "versions": [], "owned": [], "manager": "us", "compare": False, "dry_run": dry_run}
    server = Server({"n1": OLD}, agents=UP)
    done = apply_objects(server, {**given, "copies": copies, "copied_within": 5, "namespace": "cilium"})  # type: ignore[arg-type]
    assert (done["uncopied"], any("clusterconfigs" in path for path in server.asked)) == (uncopied, asked)

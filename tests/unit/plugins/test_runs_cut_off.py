# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of a part that end in the middle, in any order: the next one knows its own, and the note ends whole.

Whole runs against a real API server: tests/lab/test_cluster_faults.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.action.cluster_objects import ActionModule
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.labels import (
    FIELD_MANAGER,
    ownership_labels,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.changes import lb_changes
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.held_addresses import MayMove
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.live_objects import place
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.note import (
    MAKING_SECONDS,
    Claims,
    making_key,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.writes import WriteError
from ansible_collections.hybridnet.cluster_edge.tests.support.noted import uid_of

POOL = "CiliumLoadBalancerIPPool"
OPTIONS = {"part": "lb", "site": "home", "namespace": "kube-system", "forget": False}
OPTIONS |= {"kubeconfig": "/k", "context": None, "cluster_uid": None}
OUT_OF_REACH = {"failed": True, "msg": "the API server is out of reach"}


def pool(name: str) -> dict[str, Any]:
    metadata = {"name": name, "labels": ownership_labels("home")}
    return {"apiVersion": "cilium.io/v2", "kind": POOL, "metadata": metadata, "spec": {"blocks": []}}


class Cluster:
    """Stands in for a cluster and the modules that write to it: keeps pools and the note.

    ``way`` is what becomes of a run: ``whole``; ``refused`` or ``server error`` for the pool b; ``answer lost`` after
    all was made, ``dead`` before anything was; ``note lost``: all was made, and nobody takes the last note.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data: dict[str, str] = {"noted.lb": "true"}
        self.pools: dict[str, dict[str, Any]] = {}
        self.way = "whole"
        self.now = 1796058000.0
        """The time by every clock, in seconds of Unix time."""
        self.meanwhile: Callable[[], object] = lambda: None
        """What happens between the note and the objects of the next run."""
        self._alive = True
        task = SimpleNamespace(no_log=False, check_mode=False, diff=False, _role=None, delegate_to=None)
        connection = SimpleNamespace(transport="ssh", become=None)
        self.action = ActionModule(task, connection, None, None, None, None)
        monkeypatch.setattr(self.action, "_execute_module", self._execute)

    def run(self, way: str, *names: str) -> bool:
        """Bring the cluster to these pools, and return whether the run came to its end."""
        self.way, self._alive = way, True
        planned = [pool(name) for name in names]
        kinds = {POOL: {"versions": ["v2"], "fields": {"v2": None}}}
        state: dict[str, Any] = {"kinds": kinds, "objects": list(self.pools.values()), "services": [], "secrets": []}
        state |= {"nodes": {}, "namespaces": None, "config_map": dict(self.data)}
        claims = Claims("lb", "home", state["config_map"], "kube-system", self.now)
        changes = lb_changes(planned, MayMove(), state, claims)
        assert [str(error) for error in changes.errors] == [], "the site disowns what it made"
        try:
            self.action._write(changes, [], state, claims, OPTIONS, {})
        except WriteError:
            return False
        return True

    def _execute(self, name: str, module_args: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        if name.endswith("cluster_note"):
            return self._note(module_args["data"])
        if name.endswith("cluster_remove"):
            for item in module_args["objects"]:
                del self.pools[item["metadata"]["name"]]
            return {"results": [{"outcome": "removed"} for _item in module_args["objects"]]}
        assert name.endswith("cluster_apply")
        act, self.meanwhile, way = self.meanwhile, lambda: None, self.way
        act()
        self.way, self._alive = way, way in ("whole", "refused", "server error")
        if self.way == "dead":
            return OUT_OF_REACH
        results = [self._apply(item) for item in module_args["objects"]]
        return OUT_OF_REACH if self.way == "answer lost" else {"results": results, "uncopied": []}

    def _note(self, data: Mapping[str, str | None]) -> dict[str, Any]:
        if not self._alive:
            return OUT_OF_REACH
        for key, value in data.items():
            self.data.pop(key, None)
            self.data.update({} if value is None else {key: value})
        return {"changed": True}

    def _apply(self, item: Mapping[str, Any]) -> dict[str, Any]:
        name, status = item["metadata"]["name"], {"refused": 403, "server error": 500}.get(self.way)
        if status and name == "b":
            return {"outcome": "refused", "status": status, "reason": "no"}
        uid = uid_of(place(dict(item)))
        applied = {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": {"f:spec": {"f:blocks": {}}}}
        self.pools[name] = {**item, "metadata": {**item["metadata"], "uid": uid, "managedFields": [applied]}}
        return {"outcome": "applied", "uid": uid}

    def check(self, *names: str) -> None:
        """Check that these pools are there, that all of them are noted, and nothing else."""
        assert sorted(self.pools) == sorted(names)
        noted = {uid_of(f"{POOL} {name}"): f"{POOL} {name}" for name in names}
        assert self.data == {"noted.lb": "true", **noted}


WAYS = ("refused", "server error", "answer lost", "dead", "note lost")


@pytest.mark.parametrize("ways", list(itertools.product(WAYS, repeat=3)), ids=", ".join)
def test_what_runs_made_that_failed_is_known(monkeypatch: pytest.MonkeyPatch, ways: tuple[str, ...]) -> None:
    """Whichever pool lives, the plan that has it is not refused, and the one that lacks it removes it."""
    cluster = Cluster(monkeypatch)
    for way in ways:
        cluster.run(way, "a", "b")
    assert cluster.run("whole", "a", "b")
    cluster.check("a", "b")
    assert cluster.run("whole", "a")
    cluster.check("a")


@pytest.mark.parametrize("way", WAYS)
def test_what_left_the_plan_after_a_run_that_failed_is_removed(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    cluster = Cluster(monkeypatch)
    assert not cluster.run(way, "a", "b")
    assert cluster.run("whole")
    assert cluster.pools == {}
    never_made = {"refused": "b", "server error": "b", "dead": "ab"}.get(way, "")
    keys = {making_key("lb", f"{POOL} {name}") for name in never_made}
    assert set(cluster.data) == {"noted.lb", *keys}, "another run may be making it right now"
    cluster.now += MAKING_SECONDS + 1
    assert cluster.run("whole")
    cluster.check()


def test_what_is_planned_for_long_is_known_whenever_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt notes its own time: the last one was cut off after it had made the pool."""
    cluster = Cluster(monkeypatch)
    for way in ("refused", "refused", "answer lost"):
        assert not cluster.run(way, "b")
        cluster.now += MAKING_SECONDS + 1
    assert cluster.run("whole", "b")
    cluster.check("b")


def test_run_that_is_refused_notes_what_it_made(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(monkeypatch)
    assert not cluster.run("refused", "a", "b")
    assert cluster.data[uid_of(f"{POOL} a")] == f"{POOL} a"
    assert [text for key, text in cluster.data.items() if key.startswith("making.")] == [
        f"{POOL} b 2026-11-30T17:00:00Z"
    ]


def test_run_takes_away_nothing_that_another_one_is_about_to_make(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one begins after this one's note, has another pool, and is done before this one is cut off."""
    cluster = Cluster(monkeypatch)
    cluster.meanwhile = lambda: cluster.run("whole", "c")
    assert not cluster.run("answer lost", "a")
    assert cluster.run("whole", "a", "c")
    cluster.check("a", "c")

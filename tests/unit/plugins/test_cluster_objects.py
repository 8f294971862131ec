# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action cluster_objects hands to the modules that write, and what it says of their answers.

Whole runs against a real API server: tests/lab/test_cluster_roles.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.action import cluster_objects
from ansible_collections.hybridnet.cluster_edge.plugins.action.cluster_objects import ARGUMENTS, ActionModule
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.secrets import password_secrets
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.changes import (
    Changes,
    service_changes,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.live_objects import place
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.note import Claims, making_key
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.writes import RETRY, WriteError
from ansible_collections.hybridnet.cluster_edge.tests.support.noted import uid_of

PEER = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumBGPPeerConfig",
    "metadata": {"name": "k8s"},
    "spec": {"authSecretRef": "bgp-password-k8s"},
}
SECRETS = password_secrets([PEER], {"k8s": "not-to-be-seen"}, "kube-system", "home")
NOTHING: dict[str, Any] = {
    "changed": False,
    "applied": [],
    "created": [],
    "removed": [],
    "refused": [],
    "diff": [],
    "stored": [],
}
OPTIONS = {
    "part": "services",
    "site": "home",
    "namespace": "kube-system",
    "kubeconfig": "/k",
    "context": None,
    "cluster_uid": None,
}
ENCODED = SECRETS[0]["data"]["password"]


class Writer:
    """Stands in for the modules that write: notes its calls, and gives one answer for each object."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        *,
        changed: bool = True,
        failure: str | None = None,
        check_mode: bool = False,
    ) -> None:
        self.notes: list[dict[str, Any]] = []
        self.calls: list[tuple[dict[str, Any], bool]] = []
        self.removals: list[dict[str, Any]] = []
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.uncopied: list[str] = []
        self.changed = changed
        self.failure = failure
        task = SimpleNamespace(no_log=False, check_mode=check_mode, diff=False, _role=None, delegate_to=None)
        connection = SimpleNamespace(transport="ssh", become=None)  # so that a module notes
        self.action = ActionModule(task, connection, None, None, None, None)
        monkeypatch.setattr(self.action, "_execute_module", self.execute)

    def execute(self, name: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if name == "hybridnet.cluster_edge.cluster_note":
            self.notes.append(module_args)
            return {"changed": True}
        if name == "hybridnet.cluster_edge.cluster_remove":
            self.removals.append(module_args)
            results = [self.outcomes.get(place(item), {"outcome": "removed"}) for item in module_args["objects"]]
            return {"changed": True, "results": results}
        assert name == "hybridnet.cluster_edge.cluster_apply"
        self.calls.append((module_args, self.action._task.no_log))
        if self.failure:
            return {"failed": True, "msg": self.failure, "invocation": module_args}
        outcome = "applied" if self.changed else "unchanged"
        answers = [
            self.answers.get(place(item), {"outcome": outcome, "uid": uid_of(place(item))})
            for item in module_args["objects"]
        ]
        return {"changed": self.changed, "results": answers, "uncopied": self.uncopied}

    def write(
        self,
        changes: Changes,
        secrets: list[dict[str, Any]],
        part: str = "bgp",
        data: dict[str, str] | None = None,
        forget: bool = False,
        live: dict[str, Any] | None = None,
        forgotten: Iterable[dict[str, Any]] = (),
        planned: Iterable[dict[str, Any]] = (),
        labels: dict[str, dict[str, str]] | None = None,
    ) -> dict[str, Any]:
        options = {"part": part, "site": "home", "namespace": "kube-system", "forget": forget}
        options |= {"kubeconfig": "/k", "context": None, "cluster_uid": None}
        options |= {"objects": list(planned), "node_labels": labels}
        data = {f"noted.{part}": "true"} if data is None else data
        claims = Claims(part, "home", data, "kube-system")
        for item in forgotten:
            claims.forget(item)
        state = {
            "objects": [],
            "services": [],
            "secrets": [],
            "nodes": {},
            "namespaces": None,
            "config_map": data,
            **(live or {}),
        }
        return self.action._write(changes, secrets, state, claims, options, {})


def test_nothing_to_write_starts_no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(monkeypatch)
    assert writer.write(Changes(), []) == NOTHING
    assert (writer.calls, writer.notes) == ([], [])


def test_secrets_are_written_first_and_out_of_all_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(monkeypatch)
    metadata = {"name": "old", "namespace": "kube-system"}
    old = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
    live = {"secrets": [{**metadata, "uid": uid_of("old")}]}
    done = writer.write(Changes(apply=[PEER, PEER], remove=[old]), SECRETS, live=live)
    assert [call["objects"] for call, _no_log in writer.calls] == [SECRETS, [PEER, PEER]]
    assert [no_log for _call, no_log in writer.calls] == [True, False]
    (removal,) = writer.removals
    assert removal["objects"] == [{**old, "metadata": {**metadata, "uid": uid_of("old")}}]
    assert removal["labels"]["cluster-edge.hybridnet/site"] == "home"
    assert all(call["kubeconfig"] == "/k" for call, _no_log in writer.calls)
    peer = "CiliumBGPPeerConfig k8s"
    assert done["applied"] == ["Secret kube-system/bgp-password-k8s", peer]
    assert done["removed"] == ["Secret kube-system/old"]
    assert [item["before_header"] for item in done["diff"]] == [peer, peer, "Secret kube-system/old"]
    assert ENCODED not in repr(done)


def test_what_the_server_found_unchanged_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(monkeypatch, changed=False)
    there = {"objects": [PEER], "secrets": [SECRETS[0]["metadata"]]}
    done = writer.write(Changes(apply=[PEER, PEER]), SECRETS, live=there)
    assert done == NOTHING


def test_a_refused_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(monkeypatch, failure=f"{ENCODED} of not-to-be-seen is invalid")
    with pytest.raises(WriteError) as caught:
        writer.write(Changes(apply=[PEER]), SECRETS)
    told = "Secret kube-system/bgp-password-k8s: ******** of ******** is invalid"
    assert caught.value.result == {"failed": True, "msg": f"{told}\n{RETRY}"}
    assert len(writer.calls) == 1  # nothing is applied that refers to it
    assert len(writer.notes) == 1  # nobody has answered, so nobody is told
    assert writer.action._task.no_log is False


def service(name: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "media", "uid": uid_of(name)}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}}


def data_of(writer: Writer) -> list[tuple[str, Any]]:
    """Return state and data of each write of the note."""
    return [(note["state"], note["data"]) for note in writer.notes]


def test_what_is_made_is_noted_before_and_its_uid_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(monkeypatch)
    old = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node01", "labels": {}}}
    writer.write(Changes(apply=[old, PEER]), SECRETS, live={"nodes": {"node01": {"labels": {}, "owned": []}}})
    secret, peer = "Secret kube-system/bgp-password-k8s", "CiliumBGPPeerConfig k8s"
    assert data_of(writer) == [
        ("present", {making_key("bgp", secret): secret, making_key("bgp", peer): peer}),
        (
            "present",
            {
                making_key("bgp", secret): None,
                making_key("bgp", peer): None,
                uid_of(secret): secret,
                uid_of(peer): peer,
            },
        ),
    ]
    assert writer.notes[0]["name"] == "cluster-edge-home"


def test_uid_of_what_lives_is_a_condition_of_its_write(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(monkeypatch)
    planned = {**service("web"), "metadata": {"name": "web", "namespace": "media"}}
    lives = {**planned, "metadata": {**service("web")["metadata"], "resourceVersion": "7"}}
    writer.write(Changes(apply=[planned]), [], "services", live={"services": [lives]})
    ((call, _no_log),) = writer.calls
    assert call["objects"][0]["metadata"]["uid"] == uid_of("web")
    assert (call["versions"], call["compare"]) == (["7"], False)
    assert writer.notes == []


def test_secret_that_lives_and_a_node_are_written_as_they_were_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an apply would make a Secret that nobody notes, a Node that is none, or take away labels of another site."""
    writer = Writer(monkeypatch)
    labels = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node01", "labels": {"a": "1"}}}
    node = {"labels": {"a": "0", "b": "x"}, "owned": ["a"], "uid": uid_of("node01"), "resourceVersion": "8"}
    secret = {**SECRETS[0]["metadata"], "uid": uid_of("secret"), "resourceVersion": "7"}
    writer.write(Changes(apply=[labels, PEER]), SECRETS, live={"nodes": {"node01": node}, "secrets": [secret]})
    asked = [
        (item["metadata"].get("uid"), version, owned)
        for call, _no_log in writer.calls
        for item, version, owned in zip(call["objects"], call["versions"], call["owned"], strict=True)
    ]
    assert asked == [(uid_of("secret"), "7", {}), (uid_of("node01"), "8", {"a": "0"}), (None, "", {})]


def node(**labels: str) -> dict[str, Any]:
    """Return an apply of our labels on a node."""
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node01", "labels": labels}}


STEPS = {"apply": [node(old="1", a="0", b="1"), PEER], "relabel": [node(old="1", a="1", b="1")]}
STEPS |= {"unlabel": [node(a="1", b="1")]}


def test_labels_come_before_what_selects_by_them_and_go_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step of a node goes on from the one before: its version is a condition, and so are our labels on it."""
    writer = Writer(monkeypatch)
    writer.answers = {"Node node01": {"outcome": "applied", "uid": uid_of("node01"), "version": "9"}}
    order: list[Any] = []
    execute = writer.execute

    def noted(name: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        order.extend(
            (place(item), item["metadata"].get("labels"), version, owned)
            for item, version, owned in zip(
                module_args.get("objects", ()),
                module_args.get("versions", [""] * 9),
                module_args.get("owned", [{}] * 9),
                strict=False,
            )
        )
        return execute(name, module_args, task_vars)

    monkeypatch.setattr(writer.action, "_execute_module", noted)
    live = {"labels": {"old": "1", "a": "0"}, "owned": ["a", "old"], "uid": uid_of("node01"), "resourceVersion": "8"}
    gone = {"apiVersion": "cilium.io/v2", "kind": "CiliumBGPClusterConfig", "metadata": {"name": "old"}}
    done = writer.write(Changes(**STEPS, remove=[gone]), [], live={"nodes": {"node01": live}})
    assert order == [
        ("Node node01", {"old": "1", "a": "0", "b": "1"}, "8", {"old": "1", "a": "0"}),
        ("CiliumBGPPeerConfig k8s", None, "", {}),
        ("Node node01", {"old": "1", "a": "1", "b": "1"}, "9", {"old": "1", "a": "0", "b": "1"}),
        ("CiliumBGPClusterConfig old", None, "", {}),
        ("Node node01", {"a": "1", "b": "1"}, "9", {"old": "1", "a": "1", "b": "1"}),
    ]
    assert done["applied"] == ["Node node01", "CiliumBGPPeerConfig k8s"]


def test_check_mode_shows_a_node_once_as_the_last_step_leaves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written, so the API server would compare each step with what lives."""
    writer = Writer(monkeypatch, check_mode=True)
    writer.write(Changes(**STEPS), [])
    asked = [item for call, _no_log in writer.calls for item in call["objects"]]
    assert asked == [PEER, node(a="1", b="1")]


def test_service_that_keeps_our_keys_stays_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API server refuses to take them back."""
    writer = Writer(monkeypatch)
    name = "Service media/theirs"
    writer.answers = {name: refusal(403, "admission webhook denied the request")}
    given = {**service("theirs"), "metadata": {"name": "theirs", "namespace": "media"}}
    del given["spec"]
    lives = service("theirs")
    data = {"noted.services": "true", uid_of("theirs"): f"keys of {name}"}
    done = writer.write(Changes(apply=[given]), [], "services", data, live={"services": [lives]}, forgotten=[lives])
    assert (len(done["refused"]), writer.notes) == (1, [])


def test_check_mode_notes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(monkeypatch, check_mode=True)
    done = writer.write(Changes(apply=[PEER]), SECRETS)
    assert (done["changed"], writer.notes) == (True, [])
    gone = writer.write(Changes(), [], "services", forget=True)
    assert (gone["removed"], writer.notes) == (["ConfigMap kube-system/cluster-edge-home"], [])


def refusal(status: int, text: str) -> dict[str, Any]:
    return {"outcome": "refused", "status": status, "reason": text}


@pytest.mark.parametrize(
    ("status", "text"),
    [
        pytest.param(409, 'Apply failed with 1 conflict: conflict with "kubectl": .spec.ports', id="conflict"),
        pytest.param(403, "admission webhook denied the request", id="webhook"),
        pytest.param(422, "spec.ports: Invalid value", id="invalid"),
    ],
)
def test_service_that_is_refused_keeps_nothing_else_from_being_written(
    monkeypatch: pytest.MonkeyPatch, status: int, text: str
) -> None:
    writer = Writer(monkeypatch)
    writer.answers = {"Service media/bad": refusal(status, text)}
    writer.outcomes = {"Service media/stays": {"outcome": "refused", "reason": text, "status": status}}
    planned = [{**service(name), "metadata": {"name": name, "namespace": "media"}} for name in ("bad", "good")]
    data = {"noted.services": "true", uid_of("stays"): "Service media/stays"}
    done = writer.write(
        Changes(apply=planned, remove=[service("stays")]), [], "services", data, live={"services": [service("stays")]}
    )
    assert [call["continue_on_error"] for call in writer.removals] == [True]
    assert (done["applied"], done["removed"]) == (["Service media/good"], [])
    assert done["refused"] == [f"Service media/bad: {text}", f"Service media/stays: {text}"]
    made = "Service media/good"
    settled = {making_key("services", name): None for name in ("Service media/bad", made)}
    assert data_of(writer)[-1] == ("present", {**settled, uid_of(made): made})


def test_all_that_is_refused_of_pools_is_told_with_its_reason_and_nothing_is_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer = Writer(monkeypatch)
    pools = [{**PEER, "kind": "CiliumLoadBalancerIPPool", "metadata": {"name": name}} for name in ("a", "b", "c")]
    for name in ("a", "c"):
        writer.answers[f"CiliumLoadBalancerIPPool {name}"] = refusal(403, f"policy denied {name}")
    with pytest.raises(WriteError) as caught:
        writer.write(Changes(apply=pools, remove=[{**pools[0], "metadata": {"name": "old"}}]), [], "lb")
    said = [
        f"CiliumLoadBalancerIPPool {name}: the API server refused to write it: policy denied {name}" for name in "ac"
    ]
    assert str(caught.value) == "\n".join([*said, RETRY])
    assert writer.removals == []
    name = "CiliumLoadBalancerIPPool b"
    assert data_of(writer)[1:] == [("present", {making_key("lb", name): None, uid_of(name): name})]


@pytest.mark.parametrize(
    ("outcome", "removed", "refused", "noted"),
    [
        pytest.param({"outcome": "gone"}, [], [], {}, id="gone"),
        pytest.param(
            {"outcome": "gone", "reason": "made anew"}, [], ["made anew; it was left as it is"], {}, id="made anew"
        ),
        pytest.param(
            {"outcome": "kept", "reason": "no labels"},
            [],
            ["no labels; it was left as it is"],
            {"old": True},
            id="labels taken off",
        ),
    ],
)
def test_what_became_of_a_removal(
    monkeypatch: pytest.MonkeyPatch, outcome: dict[str, Any], removed: list[str], refused: list[str], noted: Any
) -> None:
    writer = Writer(monkeypatch)
    name = "CiliumLoadBalancerIPPool old"
    pool = {**PEER, "kind": "CiliumLoadBalancerIPPool", "metadata": {"name": "old", "uid": uid_of("old")}}
    writer.outcomes = {name: outcome}
    claims_data = {"noted.lb": "true", uid_of("old"): name}
    done = writer.write(Changes(remove=[pool]), [], "lb", claims_data, live={"objects": [pool]}, forgotten=[pool])
    assert (done["removed"], done["refused"]) == (removed, [f"{name}: {text}" for text in refused])
    assert data_of(writer) == ([] if noted else [("present", {uid_of("old"): None})])


def test_refused_removal_of_a_pool_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(monkeypatch)
    pool = {**PEER, "kind": "CiliumLoadBalancerIPPool", "metadata": {"name": "old", "uid": uid_of("old")}}
    writer.outcomes = {"CiliumLoadBalancerIPPool old": {"outcome": "refused", "reason": "denied", "status": 403}}
    new = {**pool, "metadata": {"name": "new"}}
    with pytest.raises(WriteError, match="CiliumLoadBalancerIPPool old: the API server refused to remove it: denied"):
        writer.write(Changes(apply=[new], remove=[pool]), [], "lb", live={"objects": [pool]})
    name = "CiliumLoadBalancerIPPool new"
    assert data_of(writer)[-1] == ("present", {making_key("lb", name): None, uid_of(name): name})


@pytest.mark.parametrize(
    ("status", "text"),
    [
        pytest.param(403, 'User "x" cannot patch resource "services"', id="no right"),
        pytest.param(401, "Unauthorized", id="unknown"),
        pytest.param(500, "etcdserver: request timed out", id="the server cannot"),
    ],
)
def test_lack_of_ours_is_no_fault_of_a_service(monkeypatch: pytest.MonkeyPatch, status: int, text: str) -> None:
    writer = Writer(monkeypatch)
    writer.answers = {"Service media/bad": refusal(status, text)}
    with pytest.raises(WriteError, match=text):
        writer.write(Changes(apply=[service("bad")]), [], "services")


@pytest.mark.parametrize(
    ("data", "part", "notes"),
    [
        pytest.param({"release": "12"}, "services", [("absent", {})], id="last part"),
        pytest.param({"release": "12"}, "lb", [], id="a part before"),
        pytest.param({}, "services", [], id="nothing was noted"),
        pytest.param({uid_of("x"): "CiliumLoadBalancerIPPool x"}, "services", [], id="something is left"),
    ],
)
def test_note_of_a_cluster_that_leaves_goes_last(
    monkeypatch: pytest.MonkeyPatch, data: dict[str, str], part: str, notes: list[Any]
) -> None:
    writer = Writer(monkeypatch)
    writer.write(Changes(), [], part, data, forget=True)
    assert data_of(writer) == notes


def test_note_goes_with_a_service_from_which_our_keys_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tenant took them off: nothing is left to be given back."""
    writer = Writer(monkeypatch)
    data = {"noted.services": "true", uid_of("theirs"): "keys of Service media/theirs"}
    state = {"objects": [], "services": [service("theirs")], "secrets": [], "nodes": {}, "namespaces": ["media"]}
    claims = Claims("services", "home", data, "kube-system")
    changes = service_changes([], state, claims)
    done = writer.action._write(changes, [], {**state, "config_map": data}, claims, {**OPTIONS, "forget": True}, {})
    assert (changes.apply, changes.faults) == ([], [])
    assert [state for state, _data in data_of(writer)] == ["absent"]
    assert done["removed"] == ["ConfigMap kube-system/cluster-edge-home"]


def test_what_was_to_be_made_long_ago_is_forgotten_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run itself tells the time, of what it forgets and of what it is about to make."""
    writer = Writer(monkeypatch)
    name, new = "CiliumLoadBalancerIPPool never", "CiliumLoadBalancerIPPool new"
    data = {"noted.lb": "true", making_key("lb", name): f"{name} 2026-01-01T00:00:00Z"}
    kinds = {"CiliumLoadBalancerIPPool": {"versions": ["v2"], "fields": {"v2": None}}}
    pool = {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", "metadata": {"name": "new"}, "spec": {}}
    state = {"objects": [], "kinds": kinds, "services": [], "secrets": [], "nodes": {}, "namespaces": []}
    options = {key: of.get("default") for key, of in ARGUMENTS.items()} | {**OPTIONS, "part": "lb", "objects": [pool]}
    monkeypatch.setattr(cluster_objects.time, "time", lambda: 1796058000.0)
    monkeypatch.setattr(cluster_objects.ClusterAction, "run", lambda *_given: {})
    monkeypatch.setattr(writer.action, "validate_argument_spec", lambda **_given: (None, options))
    monkeypatch.setattr(writer.action, "_read", lambda *_given: {**state, "config_map": data})
    monkeypatch.setattr(writer.action, "with_usage", lambda found, *_given: found)
    assert writer.action.run(None, {})["created"] == [new]
    before, after = (told for _state, told in data_of(writer))
    assert before == {making_key("lb", new): f"{new} 2026-11-30T17:00:00Z"}
    assert after == {making_key("lb", name): None, making_key("lb", new): None, uid_of(new): new}


def labeled_node(**labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node01", "labels": labels}}


def cluster_config(name: str, **selector: str) -> dict[str, Any]:
    spec = {"nodeSelector": {"matchLabels": selector}}
    return {"apiVersion": "cilium.io/v2", "kind": "CiliumBGPClusterConfig", "metadata": {"name": name}, "spec": spec}


LIVE = {
    "nodes": {"node01": {"labels": {"zone": "a", "host": "x"}, "owned": ["zone"]}},
    "objects": [{**cluster_config(name), "metadata": {"name": name, "uid": uid_of(name)}} for name in ("edge", "old")],
}
EDGE = cluster_config("edge", zone="b", rack="1")
BEFORE, AFTER = {"node01": {"rack": "1", "zone": "a"}}, {"node01": {"rack": "1", "zone": "b"}}


def steps(writer: Writer) -> list[tuple[list[str], dict[str, dict[str, str]]]]:
    """Return what each call was to apply, and which copies it awaited."""
    return [([place(item) for item in call["objects"]], call["copies"]) for call, _no_log in writer.calls]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            Changes(apply=[labeled_node(rack="1", zone="a"), EDGE], relabel=[labeled_node(rack="1", zone="b")]),
            [(["Node node01"], {}), ([place(EDGE)], BEFORE), (["Node node01"], {})],
            id="one that lives changes",
        ),
        pytest.param(
            Changes(apply=[EDGE]), [([place(EDGE)], BEFORE)], id="labels are there already, as after a run that ended"
        ),
        pytest.param(
            Changes(apply=[labeled_node(rack="1"), cluster_config("new", rack="1")]),
            [(["Node node01"], {}), (["CiliumBGPClusterConfig new"], {})],
            id="one is new: nothing can end",
        ),
        pytest.param(
            Changes(relabel=[labeled_node(zone="b")], remove=[cluster_config("old")]),
            [(["Node node01"], {}), ([], AFTER)],
            id="one goes",
        ),
        pytest.param(Changes(apply=[PEER], remove=[PEER]), [([place(PEER)], {})], id="nothing that selects nodes"),
    ],
)
def test_what_changes_a_selection_waits_for_the_labels_by_which_it_selects(
    monkeypatch: pytest.MonkeyPatch, changes: Changes, expected: list[Any]
) -> None:
    writer = Writer(monkeypatch)
    writer.write(changes, [], live=LIVE, planned=[EDGE], labels={"node01": {"zone": "b", "rack": "1", "other": "y"}})
    assert steps(writer) == expected


def test_labels_that_are_not_copied_end_the_run_before_the_selection_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(monkeypatch)
    writer.uncopied = ["node01: rack=1", "node02: rack=1"]
    with pytest.raises(WriteError) as caught:
        writer.write(Changes(apply=[EDGE], remove=[cluster_config("old")]), [], live=LIVE, planned=[EDGE])
    assert str(caught.value) == "\n".join(
        [
            *(
                f"Node {name}: Cilium's agent there has not copied the label to its CiliumNode, by which Cilium selects"
                " nodes. What selects by it was not written: sessions and L2 addresses of a node end that nothing selects"
                " (look for exclude-node-label-patterns in: kubectl --kubeconfig /k -n kube-system get configmap"
                " cilium-config -o yaml; and at the log of the node's agent)"
                for name in writer.uncopied
            ),
            RETRY,
        ]
    )
    assert (len(writer.calls), writer.removals) == (1, [])


def test_check_mode_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(monkeypatch, check_mode=True)
    writer.write(Changes(remove=[cluster_config("old")]), [], live=LIVE, planned=[EDGE])
    assert writer.calls == []

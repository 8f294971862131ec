# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm's program, here a script: what it is given, and how long it may take. Real ones: tests/lab/test_cluster_play.py."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.helm import HelmError, run, upgrade

LISTED = {"name": "cilium", "namespace": "kube-system", "revision": "3", "status": "deployed", "updated": "x"}


def script(folder: Path, body: str) -> str:
    """Write a script that stands in for Helm, and return its path."""
    path = folder / "helm"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def running(group: str) -> list[str]:
    """Return the processes of a group that run; one that has ended may wait for its parent."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, of = path.read_text().rpartition(") ")[2].split()[:3]
            if of == group and state != "Z":
                found.append(path.parent.name)
    return found


def left_of(group: str) -> list[str]:
    """Return the processes of a group that a signal has not ended; one that ends closes its files some moments before."""
    limit = time.monotonic() + 5
    while (found := running(group)) and time.monotonic() < limit:
        time.sleep(0.02)
    return found


def params(binary: str, **others: Any) -> dict[str, Any]:
    return {
        "connection": {},
        "binary_path": binary,
        "name": "cilium",
        "namespace": "kube-system",
        "chart": "cilium",
        "repository": None,
        "version": "1.20.2",
        "values": {"password": "not-to-be-seen"},
        "timeout": 10,
        **others,
    }


def test_what_helm_is_given(tmp_path: Path) -> None:
    body = f"""echo "$@" >> {tmp_path}/calls
if [ "$1" = list ]; then echo '{json.dumps([LISTED])}'; exit; fi
cat > {tmp_path}/values
stat -c %a "$KUBECONFIG" > {tmp_path}/mode; env | grep -E '^(HELM|KUBECONFIG)' | sort > {tmp_path}/environment"""
    connection = {"kubeconfig": {"a": "b"}, "host": "https://192.0.2.1:6443", "validate_certs": False}
    given = params(script(tmp_path, body), connection=connection, repository="https://charts.example")
    done = upgrade(given, {**os.environ, "K8S_AUTH_API_KEY": "key"}, check=False)
    status = {key: value for key, value in LISTED.items() if key != "updated"}
    assert done == {"changed": True, "status": status}
    first, second = (tmp_path / "calls").read_text().splitlines()
    chart = "--version=1.20.2 --repo=https://charts.example cilium"
    assert first == f"upgrade --install --reset-values --values=- cilium {chart}"  # the values are in no file
    assert second == "list --output=json --filter=^cilium$"
    assert json.loads((tmp_path / "values").read_text()) == {"password": "not-to-be-seen"}
    assert (tmp_path / "mode").read_text() == "600\n"
    environment = dict(line.split("=", 1) for line in (tmp_path / "environment").read_text().splitlines())
    assert not Path(environment.pop("KUBECONFIG")).exists()  # it goes with the call
    assert environment == {
        "HELM_KUBEAPISERVER": "https://192.0.2.1:6443",
        "HELM_KUBEINSECURE_SKIP_TLS_VERIFY": "true",
        "HELM_KUBETOKEN": "key",
        "HELM_NAMESPACE": "kube-system",
    }


SECRET_URL = "https://me:not-to-be-seen%2F@charts.example/stable"
REPOSITORY = """[ "$1 $2" != "repo update" ] || { mkdir -p "$HELM_REPOSITORY_CACHE"; touch "$HELM_REPOSITORY_CACHE/$3-index.yaml"; }"""


@pytest.mark.parametrize("check", [False, True])
def test_login_of_a_repository_is_in_a_file_alone(tmp_path: Path, check: bool) -> None:
    body = f"""echo "$@" >> {tmp_path}/calls; env >> {tmp_path}/environment
stat -c %a "$HELM_REPOSITORY_CONFIG" "$(dirname "$HELM_REPOSITORY_CONFIG")" > {tmp_path}/modes
cat "$HELM_REPOSITORY_CONFIG" > {tmp_path}/repositories; echo "$HELM_REPOSITORY_CONFIG" > {tmp_path}/where
{REPOSITORY}
if [ "$1" = list ]; then echo '{json.dumps([LISTED])}'; fi"""
    upgrade(params(script(tmp_path, body), repository=SECRET_URL), os.environ, check)
    first, second = (tmp_path / "calls").read_text().splitlines()[:2]
    assert first == "repo update cluster-edge"
    chart = "--version=1.20.2 cluster-edge/cilium"
    begin = "show chart" if check else "upgrade --install --reset-values --values=- cilium"
    assert second == f"{begin} {chart}"
    for name in ("calls", "environment"):
        assert "not-to-be-seen" not in (tmp_path / name).read_text()
    assert json.loads((tmp_path / "repositories").read_text())["repositories"] == [
        {
            "name": "cluster-edge",
            "url": "https://charts.example/stable",
            "username": "me",
            "password": "not-to-be-seen/",
        }
    ]
    assert (tmp_path / "modes").read_text().split() == ["600", "700"]
    assert not Path((tmp_path / "where").read_text().strip()).parent.exists()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        # As Helm 3 does, with status 0.
        ("echo '...Unable to get an update from https://me:not-to-be-seen%2F@charts.example/stable: 401'", "401"),
        ("echo 'password not-to-be-seen/ refused' >&2; exit 1", "helm repo failed (1): password ******** refused"),
        (
            f"{REPOSITORY}; [ $1 = repo ] || {{ echo 'Error: {SECRET_URL}' >&2; exit 1; }}",
            "https://********@charts.example",
        ),
    ],
    ids=["no index", "repo fails", "upgrade fails"],
)
def test_no_error_shows_the_login_of_a_repository(tmp_path: Path, body: str, told: str) -> None:
    given = params(script(tmp_path, body), repository=SECRET_URL)
    with pytest.raises(HelmError) as caught:
        upgrade(given, os.environ, check=False)
    assert told in str(caught.value)
    assert "not-to-be-seen" not in str(caught.value)
    assert caught.value.__suppress_context__  # a traceback shows no text of before


def test_login_that_helm_cannot_be_given_calls_no_helm(tmp_path: Path) -> None:
    given = params(script(tmp_path, f"touch {tmp_path}/called"), chart="oci://me:not-to-be-seen@charts.example/c")
    with pytest.raises(HelmError, match=r"^cilium_net_release_chart: holds a login") as caught:
        upgrade(given, os.environ, check=False)
    assert "not-to-be-seen" not in str(caught.value)
    assert not (tmp_path / "called").exists()


def test_release_is_found_by_its_very_name(tmp_path: Path) -> None:
    """``list --filter`` takes a regular expression, and a release's name may have dots (DNS-1123 subdomain)."""
    listed = f"case \"$*\" in *'^a\\.b$'*) echo '{json.dumps([LISTED])}';; *) echo '{json.dumps([LISTED] * 2)}';; esac"
    binary = script(tmp_path, f'[ "$1" = list ] || exit 0\n{listed}')
    assert upgrade(params(binary, name="a.b"), os.environ, check=False)["status"]["revision"] == "3"


@pytest.mark.parametrize("answer", ["[]", "null"])
def test_list_that_does_not_know_the_release(tmp_path: Path, answer: str) -> None:
    binary = script(tmp_path, f"echo '{answer}'")
    assert upgrade(params(binary), os.environ, check=False) == {"changed": True, "status": {}}


def test_helm_that_somebody_kills_is_named_with_the_signal(tmp_path: Path) -> None:
    """The kernel does that where memory is short; Helm itself says nothing then."""
    with pytest.raises(HelmError) as raised:
        upgrade(params(script(tmp_path, "kill -9 $$")), os.environ, check=False)
    assert str(raised.value) == (
        f"{tmp_path}/helm upgrade was ended by somebody else (signal 9: Killed), as the kernel does where memory is short"
        " (dmesg). Run again: a release that Helm has left pending is freed then"
    )


UPGRADE = """
import json, os, signal, subprocess, sys, time
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.helm import upgrade
if sys.argv[2] == "nohup":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
if sys.argv[2].startswith("early "):
    start = subprocess.Popen
    def started(*arguments, **options):
        process = start(*arguments, **options)
        while not os.path.exists(sys.argv[2].partition(" ")[2]):
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)
        return process
    subprocess.Popen = started
upgrade(json.loads(sys.argv[1]), os.environ, False)
"""


def begun(tmp_path: Path, body: str, how: str = "") -> subprocess.Popen[bytes]:
    """Begin an upgrade in a process of its own, and return it when its Helm is at work."""
    binary = script(tmp_path, f"echo $$ > {tmp_path}/group.new; mv {tmp_path}/group.new {tmp_path}/group; {body}")
    (tmp_path / "tmp").mkdir()
    given = json.dumps(params(binary, connection={"kubeconfig": {"a": "b"}}, timeout=60))
    process = subprocess.Popen(
        [sys.executable, "-c", UPGRADE, given, how],
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    limit = time.monotonic() + 30
    while not (tmp_path / "group").exists() and time.monotonic() < limit:
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_helm_ends_and_its_files_go_with_the_process_that_called_it(tmp_path: Path, number: int) -> None:
    """ansible-core passes SIGTERM on to its modules, as a CI sends it that cancels a job."""
    process = begun(tmp_path, "sleep 60")
    assert len(list((tmp_path / "tmp").iterdir())) == 1
    process.send_signal(number)
    assert process.wait(30) == 128 + number
    assert left_of((tmp_path / "group").read_text().strip()) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_signal_that_comes_while_helm_is_started_ends_it_too(tmp_path: Path) -> None:
    """Before the process that calls Helm has its number."""
    process = begun(tmp_path, "sleep 60", f"early {tmp_path}/group")
    assert process.wait(30) == 128 + signal.SIGTERM
    assert left_of((tmp_path / "group").read_text().strip()) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_ends_this_process_ends_helm_by_itself_too(tmp_path: Path) -> None:
    """What is held back from this process while Helm is started is not held back from Helm."""
    held = run(["grep", "^SigBlk", "/proc/self/status"], os.environ, 10)
    assert int(held.split()[1], 16) == 0
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
    with pytest.raises(HelmError):
        run([str(tmp_path / "nowhere")], os.environ, 10)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


def test_hangup_that_is_ignored_ends_nothing(tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    process = begun(tmp_path, f"while [ ! -e {go_on} ]; do sleep 0.05; done; echo '[]'", "nohup")
    process.send_signal(signal.SIGHUP)
    go_on.touch()
    assert process.wait(30) == 0


def test_what_left_its_group_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The login of a cloud, which a kubeconfig calls, may go on by itself and keep Helm's output open."""
    monkeypatch.setattr(
        "ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.helm.GRACE_SECONDS", 1
    )
    binary = script(tmp_path, f"setsid sh -c 'echo $$ > {tmp_path}/left; exec sleep 300' & sleep 300")
    with pytest.raises(HelmError, match="gave no end within 1 s"):
        run([binary, "upgrade"], os.environ, 1)
    left = (tmp_path / "left").read_text().strip()
    assert running(left) == [left], "its end was waited for"
    os.kill(int(left), signal.SIGKILL)


def test_check_mode_reads_the_chart_alone(tmp_path: Path) -> None:
    binary = script(tmp_path, f'echo "$@" >> {tmp_path}/calls')
    assert upgrade(params(binary), os.environ, check=True) == {"changed": True}
    assert (tmp_path / "calls").read_text() == "show chart --version=1.20.2 cilium\n"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("sleep 60", id="waits"),
        pytest.param("trap '' TERM; sleep 60 & wait; wait", id="takes no notice"),
    ],
)
def test_helm_that_does_not_end_is_ended_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str
) -> None:
    monkeypatch.setattr(
        "ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.helm.GRACE_SECONDS", 1
    )
    binary = script(tmp_path, f"echo $$ > {tmp_path}/group; {body}; touch {tmp_path}/own-end")
    with pytest.raises(
        HelmError, match=r"helm upgrade gave no end within 1 s, and was ended.*cilium_net_release_helm_timeout"
    ):
        run([binary, "upgrade"], os.environ, 1)
    assert left_of((tmp_path / "group").read_text().strip()) == []
    assert not (tmp_path / "own-end").exists(), "its end was waited for"


def test_what_helm_says_of_a_failure_is_told(tmp_path: Path) -> None:
    binary = script(tmp_path, "echo 'Error: chart not found' >&2; exit 1")
    with pytest.raises(HelmError, match=r"helm upgrade failed \(1\): Error: chart not found"):
        upgrade(params(binary), os.environ, check=False)


def test_helm_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        HelmError, match=r"nowhere cannot be run: No such file or directory \(cilium_net_release_binary\)"
    ):
        upgrade(params(str(tmp_path / "nowhere")), os.environ, check=False)

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm's program, here a script: what it is given, and how long it may take. Real ones: tests/lab/test_cluster_play.py."""

from __future__ import annotations

import contextlib
import json
import os
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
for word in "$@"; do case "$word" in --values=*) cp "${{word#--values=}}" {tmp_path}/values;; esac; done
stat -c %a "$KUBECONFIG" > {tmp_path}/mode; env | grep -E '^(HELM|KUBECONFIG)' | sort > {tmp_path}/environment"""
    connection = {"kubeconfig": {"a": "b"}, "host": "https://192.0.2.1:6443", "validate_certs": False}
    given = params(script(tmp_path, body), connection=connection, repository="https://charts.example")
    done = upgrade(given, {**os.environ, "K8S_AUTH_API_KEY": "key"}, check=False)
    status = {key: value for key, value in LISTED.items() if key != "updated"}
    assert done == {"changed": True, "status": status}
    first, second = (tmp_path / "calls").read_text().splitlines()
    assert first.startswith("upgrade --install --reset-values --values=/")
    assert first.endswith(" cilium --version=1.20.2 --repo=https://charts.example cilium")
    assert second == "list --output=json --filter=^cilium$"
    assert "not-to-be-seen" not in first
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


def test_check_mode_reads_the_chart_alone(tmp_path: Path) -> None:
    binary = script(tmp_path, f'echo "$@" >> {tmp_path}/calls')
    assert upgrade(params(binary), os.environ, check=True) == {"changed": True}
    assert (tmp_path / "calls").read_text() == "show chart --version=1.20.2 cilium\n"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("sleep 60", id="waits"),
        pytest.param("trap '' TERM; sleep 60 & while :; do wait; done", id="takes no notice"),
    ],
)
def test_helm_that_does_not_end_is_ended_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str
) -> None:
    monkeypatch.setattr(
        "ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.helm.GRACE_SECONDS", 1
    )
    binary = script(tmp_path, f"echo $$ > {tmp_path}/group; {body}")
    start = time.monotonic()
    with pytest.raises(
        HelmError, match=r"helm upgrade gave no end within 1 s, and was ended.*cilium_net_release_helm_timeout"
    ):
        run([binary, "upgrade"], os.environ, 1)
    assert time.monotonic() - start < 10
    assert running((tmp_path / "group").read_text().strip()) == []


def test_what_helm_says_of_a_failure_is_told(tmp_path: Path) -> None:
    binary = script(tmp_path, "echo 'Error: chart not found' >&2; exit 1")
    with pytest.raises(HelmError, match=r"helm upgrade failed \(1\): Error: chart not found"):
        upgrade(params(binary), os.environ, check=False)


def test_helm_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        HelmError, match=r"nowhere cannot be run: No such file or directory \(cilium_net_release_binary\)"
    ):
        upgrade(params(str(tmp_path / "nowhere")), os.environ, check=False)

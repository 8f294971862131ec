# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm, here a script, called by Ansible: what is shown of a login, and what happens when the terminal is closed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT

pytestmark = pytest.mark.ansible

LIMIT = 300
"""Seconds; a machine that is busy starts Ansible slowly."""
IN_A_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
HELM = """#!/bin/sh
if [ "$1" = list ]; then echo '[{"name": "cilium", "status": "deployed"}]'; exit; fi
cd "$HELM_HANGUP_TEST" && touch begun
while [ ! -e go-on ]; do sleep 0.05; done
touch ended
"""


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder for TMPDIR; pytest's own is too long for the socket that ansible-core 2.21 and newer make there."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def wait_for(what: str, probe: Callable[[], bool], output: Path) -> None:
    end = time.monotonic() + LIMIT
    while not probe():
        assert time.monotonic() < end, f"not within {LIMIT} s: {what}; the run said:\n{output.read_text()}"
        time.sleep(0.05)


def processes_with(text: str) -> list[int]:
    """Return the processes in whose environment a text stands."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if text.encode() in (path / "environ").read_bytes():
                found.append(int(path.name))
    return found


SECRET = "https://me:for-helm-alone@charts.example/stable"
TOKEN = "https://charts.example/stable?sig=for-helm-alone"
OPEN = "https://charts.example/stable"


@pytest.mark.first_case
@pytest.mark.parametrize(
    ("given", "told", "shown"),
    [
        pytest.param({"private_repository": SECRET}, "failed (1)", "chart: cilium", id="login"),
        pytest.param({"private_repository": TOKEN}, "failed (1)", "chart: cilium", id="token"),
        pytest.param({"repository": OPEN}, "failed (1)", f"repository: {OPEN}", id="open"),
        pytest.param({"repository": SECRET}, "repository: holds a login", "chart: cilium", id="login-shown"),
        pytest.param({"repository": TOKEN}, "repository: holds a login", "chart: cilium", id="token-shown"),
        pytest.param({"chart": SECRET}, "chart: holds a login", "name: cilium", id="chart-login"),
    ],
)
def test_result_shows_the_arguments_but_no_login(short: Path, given: dict[str, str], told: str, shown: str) -> None:
    """The module by itself, without the action that keeps all arguments.

    What is shown has the release's name: a name that was taken for a secret would be masked in every text of the run.
    """
    release = {"name": "cilium", "namespace": "kube-system", "chart": "cilium", "version": "1.20.2"}
    arguments = {**release, "binary_path": "/bin/false", **given}
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible")), "localhost", "-vvv", "-c", "local",
            "-e", f"ansible_python_interpreter={sys.executable}",
            "-m", "hybridnet.cluster_edge.helm_upgrade", "-a", json.dumps(arguments),
        ],
        # From ansible-core 2.21 on a result holds the arguments on request alone.
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
            "ANSIBLE_INJECT_INVOCATION": "true",
            "TMPDIR": str(short),
        },
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    output = done.stdout + done.stderr
    assert told in output
    assert shown in output
    assert "for-helm-alone" not in output


@pytest.mark.each_core
def test_helm_goes_on_to_its_end_and_nothing_is_begun_after_it(tmp_path: Path, short: Path) -> None:
    helm = tmp_path / "helm"
    helm.write_text(HELM)
    helm.chmod(0o755)
    release = {
        "name": "cilium",
        "namespace": "kube-system",
        "chart": "cilium",
        "version": "1.20.2",
        "binary_path": str(helm),
        "connection": {"kubeconfig": {"apiVersion": "v1"}},
        "values_in": "values",
    }
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"values": {}, "ansible_connection": "local", "ansible_python_interpreter": sys.executable},
        "tasks": [
            {"hybridnet.cluster_edge.helm_release": release},
            {"ansible.builtin.copy": {"dest": str(tmp_path / "next"), "content": ""}},
        ],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    environment = {
        **os.environ,
        "HELM_HANGUP_TEST": str(tmp_path),
        "TMPDIR": str(short),
        "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
    }
    ours, theirs = os.openpty()
    ansible = str(Path(sys.executable).with_name("ansible-playbook"))
    with (tmp_path / "output").open("wb") as output:
        run = subprocess.Popen(
            [sys.executable, "-c", IN_A_TERMINAL, ansible, "-i", "localhost,", str(tmp_path / "play.yml")],
            stdin=theirs, stdout=output, stderr=output, env=environment, cwd=CHECKOUT, start_new_session=True,
        )  # fmt: skip
    os.close(theirs)
    try:
        wait_for("Helm is at work", (tmp_path / "begun").exists, tmp_path / "output")
        os.close(ours)
        assert run.wait(LIMIT) == -signal.SIGHUP
        assert processes_with(f"HELM_HANGUP_TEST={tmp_path}") != []  # the module, and Helm
    finally:
        (tmp_path / "go-on").touch()
    ended = "all that the run started has ended"
    wait_for(ended, lambda: processes_with(f"HELM_HANGUP_TEST={tmp_path}") == [], tmp_path / "output")
    assert (tmp_path / "ended").exists()
    assert not (tmp_path / "next").exists()
    assert [path.name for path in short.iterdir() if path.name.startswith("cluster-edge-helm-")] == []

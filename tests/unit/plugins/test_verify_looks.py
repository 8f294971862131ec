# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify.yml while an end is away: it says so once, then what changed, at last the whole table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.state import FORWARDING_SYSCTLS
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router.forwarding import sysctl_file
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.report import FORMAT
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import PlaybookRun, run_playbook
from ansible_collections.hybridnet.cluster_edge.tests.unit.plugins.test_unreachable_router import (
    REACHABLE,
    ApiServer,
    api,
    inventory,
    unreachable,
)

__all__ = ["api"]

pytestmark = pytest.mark.ansible

LOOK = "TASK [hybridnet.cluster_edge.edge_verify : Look until they are as planned]"
LOOK_ENDS = "TASK [hybridnet.cluster_edge.edge_verify : Report]"
LIMIT = 90
"""Seconds until a line is given up."""
SSH = """#!/bin/bash
# A fake of OpenSSH's client: the host is away for the first calls, or until a file is there; then it is this machine.
echo call >>{calls}
if [ "$(wc -l <{calls})" -le {away} ] && [ ! -e {back} ]; then
  echo "ssh: connect to host router port 22: No route to host" >&2
  exit 255
fi
PYTHONPATH={kernel} exec sh -c "${{@: -1}}"
"""
VTYSH = """#!/bin/sh
# A fake of FRR's shell: an FRR that runs BGP with AS 64513 and has no neighbor.
case $2 in
  "show bgp summary json") echo '{"ipv4Unicast": {"as": 64513, "routerId": "10.60.1.1", "peers": {}}}' ;;
  *) echo '{}' ;;
esac
"""
KERNEL = """
# A fake of a kernel that forwards: what Python reads there of its settings, on a machine that may forward or not.
import builtins
import glob
import io

files = {files}
real, found = builtins.open, glob.glob


def fake(path, *arguments, **named):
    if path in files:
        return io.StringIO("1")
    return real(path, *arguments, **named)


def named(pattern, **options):
    if not pattern.startswith("/proc/sys/net"):
        return found(pattern, **options)
    return [file for file in files if glob.fnmatch.fnmatch(file, pattern)]


builtins.open, glob.glob = fake, named
"""
IP = """#!/bin/sh
echo '[{"ifname": "br0", "addr_info": [{"local": "10.60.1.1", "prefixlen": 24}]}]'
"""


def program(path: Path, text: str) -> Path:
    """Write a program."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def write_site(folder: Path, api: ApiServer, away: int) -> tuple[Path, dict[str, str]]:
    """Write a site whose router cannot be reached by the first ``away`` calls of SSH, and whose cluster answers 503.

    The file ``back`` ends the router's absence. Returns the inventory and what the environment needs.
    """
    places = {"calls": folder / "calls", "back": folder / "back", "kernel": folder / "kernel"}
    ssh = program(folder / "ssh", SSH.format(away=away, **places))
    files = [sysctl_file(setting) for setting in FORWARDING_SYSCTLS.values()]
    files += [f"/proc/sys/net/{family}/conf/br0/forwarding" for family in FORWARDING_SYSCTLS]
    program(folder / "kernel" / "sitecustomize.py", KERNEL.format(files=files))
    program(folder / "bin" / "vtysh", VTYSH)
    program(folder / "bin" / "ip", IP)
    router = {
        "ansible_connection": "ssh",
        "ansible_host": "router.invalid",
        "ansible_ssh_executable": str(ssh),
        "ansible_ssh_common_args": "-F /dev/null",
        "ansible_ssh_retries": 0,
        "ansible_pipelining": True,
        "ansible_python_interpreter": sys.executable,
    }
    environment = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "ANSIBLE_REMOTE_TEMP": str(folder / "tmp")}
    return inventory(folder, api, edge=router), environment


def verify(folder: Path, api: ApiServer, away: int, *extra: str) -> PlaybookRun:
    """Verify that site."""
    path, environment = write_site(folder, api, away)
    return run_playbook("verify.yml", path, *extra, environment=environment)


def looks(run: PlaybookRun) -> list[str]:
    """Return the lines that the looks have shown."""
    lines = run.output.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(LOOK))
    return lines[start + 1 : lines.index("", start)]


@pytest.mark.each_core
def test_an_end_that_stays_away_is_told_once(tmp_path: Path, api: ApiServer) -> None:
    run = verify(tmp_path, api, 1000, "edge_verify_timeout=15", "edge_verify_interval=0.1")
    run.check(2)
    head, router, cluster, *more = looks(run)
    assert head.endswith(" s: 0 of 2 expectations met, 2 errors; looking again for up to 15 s, until it is as planned")
    assert router.startswith("  router edge cannot be read: ")
    assert cluster.startswith("  cluster edge-k8s cannot be read: ")
    assert cluster.endswith("503 Service Unavailable")
    assert more == ["ok: [edge]"]
    assert len((tmp_path / "calls").read_text("utf-8").splitlines()) > 3, "there was no second look"
    assert [line for line in run.output.splitlines() if "fatal:" in line] == [
        "fatal: [edge]: FAILED! => ",  # of the last task, which says what is not as planned
    ]
    assert "The site is not as planned: 0 of 2 expectations met" in run.output
    assert "edge: BGP" in run.output, "the table is missing"


def test_an_end_that_comes_back_is_told_with_what_it_shows_then(tmp_path: Path, api: ApiServer) -> None:
    written = tmp_path / "verified.json"
    run = verify(tmp_path, api, 3, "edge_verify_timeout=15", "edge_verify_interval=0.1", f"edge_verify_file={written}")
    run.check(2)
    head, _router, _cluster, later, *lines = looks(run)
    assert " s: 0 of 2 expectations met, 2 errors; looking again for" in head
    assert "looking again" not in later
    assert later.endswith(" s: 4 of 6 expectations met, 2 errors"), run.output
    assert lines == [
        "  edge can be read",
        "  not met: Sessions on the routers (hold/keepalive): edge <- edge-node 10.60.1.11 (k8s): "
        "expected Established, 9/3 s, seen not configured",
        "ok: [edge]",
    ]
    document = json.loads(written.read_text("utf-8"))
    assert document["state"] == "not_met"
    assert datetime.now(UTC) - datetime.fromisoformat(document["looked_at"]) < timedelta(minutes=5)
    rows = document["rows"]
    assert [row["level"] for row in rows if row["step"] == "ends"] == ["ok", "error", "ok"]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        pytest.param("edge_cluster_asn=many", "EDGE", id="no plan"),
        pytest.param("edge_cluster_kubeconfig=/nowhere/kubeconfig", "cannot be used", id="no way to the cluster"),
    ],
)
def test_a_run_that_ends_before_its_report_leaves_no_older_result(
    tmp_path: Path, api: ApiServer, broken: str, said: str
) -> None:
    written = tmp_path / "verified.json"
    written.write_text(json.dumps({"format": FORMAT, "state": "met", "rows": [], "findings": []}), "utf-8")
    run = verify(tmp_path, api, 0, "edge_verify_timeout=0", f"edge_verify_file={written}", broken)
    assert run.status != 0
    assert said in run.output
    document = json.loads(written.read_text("utf-8"))
    assert datetime.now(UTC) - datetime.fromisoformat(document.pop("looked_at")) < timedelta(minutes=5)
    assert document == {"format": FORMAT, "state": "unknown", "rows": [], "findings": []}


def test_one_look_shows_nothing_but_the_table(tmp_path: Path, api: ApiServer) -> None:
    run = verify(tmp_path, api, 0, "edge_verify_timeout=0")
    run.check(2)
    assert looks(run) == ["ok: [edge]"]
    warned = [line for line in run.errors.splitlines() if "WARNING" in line]
    assert [line for line in warned if "without TLS" not in line] == []
    assert (tmp_path / "calls").read_text("utf-8").splitlines() == ["call"]
    assert "edge: BGP AS 64513 AS 64513 ok" in " ".join(run.output.split())


@pytest.mark.long
def test_what_a_look_shows_is_in_the_file_while_the_task_goes_on(tmp_path: Path, api: ApiServer) -> None:
    """Ansible itself writes to a file what a task shows when it is over."""
    path, environment = write_site(tmp_path, api, 1000)
    own = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        *(str(CHECKOUT / "playbooks" / "verify.yml"), "-i", str(path)),
        *("-e", f"edge_verify_timeout={LIMIT}", "-e", "edge_verify_interval=0.1"),
    ]
    output = tmp_path / "output"
    variables = {**own, **environment, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg")}
    with output.open("w") as file, subprocess.Popen(command, env=variables, stdout=file, stderr=file) as process:
        try:
            for line in ("router edge cannot be read", "edge can be read"):
                end = time.monotonic() + LIMIT
                while line not in output.read_text("utf-8"):
                    assert process.poll() is None, output.read_text("utf-8")
                    assert time.monotonic() < end, f"no line {line!r} in: {output.read_text('utf-8')}"
                    time.sleep(0.05)
                (tmp_path / "back").touch()  # only after its absence was told
            assert LOOK_ENDS not in output.read_text("utf-8")
        finally:
            process.terminate()


DIES = """
import os

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        os.kill(os.getpid(), 9)
"""
LOOKS_WITH_IT = """
- hosts: edge:edge-k8s
  gather_facts: false
  tasks:
    - hybridnet.cluster_edge.edge_plan:
      run_once: true
      register: planned
    - hybridnet.cluster_edge.edge_verify:
        plan: "{{ planned }}"
        tasks: "{{ playbook_dir }}/look.yml"
        routers_in: read
        clusters_in: read
      run_once: true
"""


@pytest.mark.each_core
def test_a_process_that_is_killed_while_it_reads_ends_the_task(tmp_path: Path, api: ApiServer) -> None:
    """Else verify would wait for it for ever."""
    path, environment = write_site(tmp_path, api, 0)
    program(tmp_path / "action_plugins" / "dies.py", DIES)
    (tmp_path / "look.yml").write_text("- block:\n    - {dies: {}, register: read}\n", encoding="utf-8")
    (tmp_path / "play.yml").write_text(LOOKS_WITH_IT, encoding="utf-8")
    run = run_playbook(str(tmp_path / "play.yml"), path, environment=environment)
    run.check(2)
    assert "a process that read an end was killed" in " ".join(run.output.split())


class Empty(dict[str, Any]):
    """What a cluster answers in which nothing is."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return an empty list of whatever is asked for."""
        return {"items": []}


def test_of_a_cluster_that_leaves_the_site_its_secrets_are_listed_too(tmp_path: Path, api: ApiServer) -> None:
    api.answers = Empty()
    once = ("edge_state=absent", "edge_verify_timeout=0")
    run = run_playbook("verify.yml", inventory(tmp_path, api, edge=REACHABLE), *once, options=("--limit", "edge-k8s"))
    assert "edge-k8s: objects of this site none none ok" in " ".join(run.output.split()), run.output
    labels = "app.kubernetes.io/managed-by=hybridnet.cluster_edge,cluster-edge.hybridnet/site=edge"
    (asked,) = (line for line in api.asked if "/secrets" in line)
    path, _mark, query = asked.partition("?")
    assert path == "GET /api/v1/namespaces/kube-system/secrets"
    assert parse_qs(query)["labelSelector"] == [labels]


def test_of_other_clusters_no_secret_is_listed(tmp_path: Path, api: ApiServer) -> None:
    api.answers = Empty()
    site = inventory(tmp_path, api, edge=unreachable())
    run = run_playbook("verify.yml", site, "edge_verify_timeout=0")
    assert "edge-k8s: Cilium's objects" in run.output, run.output
    assert "not readable" not in run.output.split("edge-k8s: Cilium's objects")[1].splitlines()[0]
    assert not any("/secrets" in line for line in api.asked)

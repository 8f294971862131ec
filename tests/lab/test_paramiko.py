# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The paramiko connection against a real sshd, with passwords."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from router_lab import RouterLab, missing

CHECKOUT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
REASON = missing()

pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=f"a router cannot start here: {REASON}")]


class Host:
    """A host that is reached by password only."""

    def __init__(self, lab: RouterLab, port: int) -> None:
        self.lab, self.port = lab, port
        self.known_hosts = lab.dir / "known_hosts"
        lab.know_host(port)

    def ansible(self, module: str, arguments: dict[str, Any] | str, **variables: Any) -> tuple[int, str]:
        """Run one module; return the exit code and all that Ansible printed."""
        host = {
            "ansible_host": "127.0.0.1", "ansible_port": self.port, "ansible_user": "root", "ansible_password": self.lab.password,
            "ansible_connection": "hybridnet.cluster_edge.paramiko", "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_paramiko_known_hosts_file": str(self.known_hosts), **variables,
        }  # fmt: skip
        inventory = self.lab.write_inventory(host)
        words = arguments if isinstance(arguments, str) else json.dumps(arguments)
        argv = [str(BIN / "ansible"), "router", "-i", str(inventory), "-m", f"ansible.builtin.{module}", "-a", words]
        done = subprocess.run(argv, text=True, capture_output=True, cwd=CHECKOUT, timeout=120, check=False)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with RouterLab() as lab, lab.ssh_port() as port:
        yield Host(lab, port)


@pytest.mark.first_case
@pytest.mark.parametrize("pipelining", [False, True])
def test_a_module_runs_by_password(host: Host, pipelining: bool) -> None:
    code, text = host.ansible("command", "cat /etc/hostname", ansible_pipelining=pipelining)
    assert code == 0, text
    assert host.lab.name in text
    assert host.lab.password not in text


def test_much_output_on_both_streams_does_not_stall(host: Host) -> None:
    code, text = host.ansible("raw", "head -c 3000000 /dev/zero | tr '\\0' e >&2; echo out; exit 3")
    assert "rc=3" in text, text[:500]
    assert code == 2


@pytest.mark.parametrize("sftp", [pytest.param(True, id="by SFTP"), pytest.param(False, id="without an SFTP server")])
def test_files_go_and_come(host: Host, tmp_path: Path, sftp: bool) -> None:
    source, back = tmp_path / "source", tmp_path / "back"
    source.write_bytes(bytes(range(256)) * 2000)
    if not sftp:
        host.lab.sh("mv /usr/lib/openssh/sftp-server /usr/lib/openssh/sftp-server.away")
    try:
        code, text = host.ansible("copy", {"src": str(source), "dest": f"/root/there {sftp}"})
        assert code == 0, text
        code, text = host.ansible("fetch", {"src": f"/root/there {sftp}", "dest": str(back), "flat": True})
        assert code == 0, text
    finally:
        host.lab.sh("[ ! -e /usr/lib/openssh/sftp-server.away ] || "
                    "mv /usr/lib/openssh/sftp-server.away /usr/lib/openssh/sftp-server")  # fmt: skip
    assert back.read_bytes() == source.read_bytes()


def test_become_by_password(host: Host) -> None:
    host.lab.sh("useradd -m -s /bin/sh op1 && echo op1:op-secret | chpasswd")
    variables = {
        "ansible_user": "op1", "ansible_password": "op-secret", "ansible_become": True, "ansible_become_method": "su",
        "ansible_become_password": host.lab.password,
    }  # fmt: skip
    code, text = host.ansible("command", "id -un", **variables)
    assert code == 0, text
    assert "\nroot" in text
    code, text = host.ansible("command", "id -un", **{**variables, "ansible_become": False})
    assert "\nop1" in text


def test_a_proxy_command_leads_there(host: Host) -> None:
    proxy = f"bash -c 'exec 3<>/dev/tcp/127.0.0.1/{host.port}; cat <&3 & exec cat >&3'"
    code, text = host.ansible("raw", "echo through", ansible_paramiko_proxy_command=proxy, ansible_host="127.0.0.1")
    assert code == 0, text
    assert "through" in text


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({"ansible_password": "wrong"}, "login refused", id="wrong password"),
        pytest.param(
            {"ansible_paramiko_known_hosts_file": "/nonexistent"}, "add its key to known_hosts", id="unknown host key"
        ),
        pytest.param({"ansible_port": 1}, "no connection", id="nobody listens"),
    ],
)
def test_what_goes_wrong_is_said(host: Host, variables: dict[str, Any], expected: str) -> None:
    code, text = host.ansible("raw", "true", **variables)
    assert code == 4, text
    assert expected in text
    assert "root@127.0.0.1:" in text


def test_an_unknown_key_is_taken_where_the_user_says_so(host: Host) -> None:
    code, text = host.ansible(
        "raw", "true", ansible_paramiko_known_hosts_file="/nonexistent", ansible_host_key_checking=False
    )
    assert code == 0, text


def test_a_key_that_differs_is_always_refused(host: Host) -> None:
    other = "AAAAC3NzaC1lZDI1NTE5AAAAIKZ0V5v0n3mcK5N3cVU4cW5P0S2m8GZpCk3nS4nE9Y5m"
    wrong = host.lab.dir / "wrong_hosts"
    wrong.write_text(f"[127.0.0.1]:{host.port} ssh-ed25519 {other}\n")
    code, text = host.ansible(
        "raw", "true", ansible_paramiko_known_hosts_file=str(wrong), ansible_host_key_checking=False
    )
    assert code == 4, text
    assert "its host key is not the known one" in text

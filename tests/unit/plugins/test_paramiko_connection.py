# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The paramiko connection against a server in this process, which ends things at the moments that a real one hits by chance.

The real sshd: tests/lab/test_paramiko.py.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest
from ansible.errors import AnsibleError
from ansible_collections.hybridnet.cluster_edge.plugins.connection.paramiko import Connection

LIMIT = 10.0


class Server(paramiko.ServerInterface):
    """Has no SFTP server; ``cat > /root/...`` is refused at once, any other ``cat >`` keeps what it gets."""

    def __init__(self) -> None:
        self.written: dict[str, bytes] = {}
        self.now = threading.Event()
        """Set to end the SFTP server at once; else it ends at the client's first message."""

    def check_auth_password(self, _username: str, _password: str) -> int:
        return paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, _kind: str, _number: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, _name: str) -> bool:
        threading.Thread(target=self._refuse, args=(channel, 127, "sh: sftp-server: not found")).start()
        return True

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        threading.Thread(target=self._run, args=(channel, command.decode())).start()
        return True

    def _run(self, channel: paramiko.Channel, command: str) -> None:
        if "/root/" in command or "python" in command:
            self._refuse(channel, 1, f"sh: {command}: Permission denied")
            return
        got = b""
        while chunk := channel.recv(65536):
            got += chunk
        self.written[command] = got
        self._end(channel, 0, "")

    def _refuse(self, channel: paramiko.Channel, code: int, reason: str) -> None:
        """End a channel, but not before the client knows that it was taken: it says something then, or sets ``now``."""
        while not (channel.recv_ready() or self.now.is_set()):
            time.sleep(0.01)  # between two polls
        self._end(channel, code, reason)

    @staticmethod
    def _end(channel: paramiko.Channel, code: int, reason: str) -> None:
        """End a channel as sshd does: the errors, the exit status, and no word more."""
        if reason:
            channel.sendall_stderr(reason.encode())
        channel.send_exit_status(code)
        channel.close()


class Reached(Connection):
    """A connection that is up, without an inventory."""

    become = None

    def __init__(self, client: paramiko.SSHClient) -> None:
        self._client = client
        self._connected = True
        self._play_context = None

    def get_option(self, option: str, hostvars: Any = None) -> Any:
        return {"remote_user": "root", "remote_addr": "192.0.2.1", "port": 22, "timeout": 10}[option]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def connection(server: Server) -> Iterator[Reached]:
    here, there = socket.socketpair()
    transport = paramiko.Transport(there)
    transport.add_server_key(paramiko.RSAKey.generate(2048))
    transport.start_server(event=threading.Event(), server=server)
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("192.0.2.1", username="root", password="any", sock=here, look_for_keys=False, allow_agent=False)
    yield Reached(client)
    client.close()
    transport.close()


def wait_until_closed(channel: paramiko.Channel) -> None:
    end = time.monotonic() + LIMIT
    while not channel.closed and time.monotonic() < end:
        time.sleep(0.01)  # between two polls
    assert channel.closed


@pytest.mark.parametrize("late", [False, True], ids=["as it comes", "the server ends it before the first message"])
def test_without_an_sftp_server_a_file_goes_by_cat(
    connection: Reached, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    """sshd takes the request for SFTP and its shell ends at once; a busy client hears that before it says anything."""
    first = paramiko.SFTPClient._send_version

    def say_late(client: paramiko.SFTPClient) -> Any:
        server.now.set()
        wait_until_closed(client.sock)
        return first(client)

    if late:
        monkeypatch.setattr(paramiko.SFTPClient, "_send_version", say_late)
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * 100)
    connection.put_file(str(source), "/tmp/there")
    assert server.written == {"cat > /tmp/there": source.read_bytes()}


@pytest.mark.parametrize("size", [10, 8_000_000], ids=["few bytes", "more than a window"])
def test_a_file_that_may_not_be_written_is_said_in_the_words_of_the_host(
    connection: Reached, tmp_path: Path, size: int
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * size)
    with pytest.raises(AnsibleError) as raised:
        connection.put_file(str(source), "/root/there")
    assert str(raised.value) == (
        "root@192.0.2.1:22: cat > /root/there ended with 1: sh: cat > /root/there: Permission denied"
    )


def test_a_module_that_ends_before_it_took_its_input_says_why(connection: Reached) -> None:
    code, _out, err = connection.exec_command("python3", in_data=b"x" * 8_000_000, sudoable=False)
    assert (code, err) == (1, b"sh: python3: Permission denied")

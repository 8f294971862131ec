# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: paramiko
short_description: Password logins over SSH without OpenSSH's client
version_added: 0.1.0
description:
  - Connects with paramiko, a Python implementation of SSH. It is for routers that are reached by password from a
    control node where OpenSSH's client is not wanted. ansible-core deprecated its own paramiko connection and drops
    it in 2.21.
  - A host key must be known, as with OpenSSH. Nothing is written to C(known_hosts).
  - Files go over SFTP, or through the shell where the router has no SFTP server.
requirements:
  - paramiko on the control node
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
extends_documentation_fragment:
  - ansible.builtin.connection_pipelining
options:
  remote_addr:
    description: Address or name of the host.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
      - name: ansible_ssh_host
  port:
    description: TCP port of its SSH server.
    type: int
    default: 22
    ini:
      - {section: defaults, key: remote_port}
    env:
      - name: ANSIBLE_REMOTE_PORT
    vars:
      - name: ansible_port
      - name: ansible_ssh_port
    keyword:
      - name: port
  remote_user:
    description: User to log in as. The control node's own user where it is not set.
    type: str
    ini:
      - {section: defaults, key: remote_user}
    env:
      - name: ANSIBLE_REMOTE_USER
    vars:
      - name: ansible_user
      - name: ansible_ssh_user
    keyword:
      - name: remote_user
    cli:
      - name: user
  password:
    description: Password of the user, or passphrase of the private key.
    type: str
    vars:
      - name: ansible_password
      - name: ansible_ssh_pass
      - name: ansible_ssh_password
  private_key_file:
    description:
      - Private key to log in with. Without one, and without a password, the agent and the keys in C(~/.ssh) are tried.
    type: str
    ini:
      - {section: defaults, key: private_key_file}
    env:
      - name: ANSIBLE_PRIVATE_KEY_FILE
    vars:
      - name: ansible_private_key_file
      - name: ansible_ssh_private_key_file
    cli:
      - name: private_key_file
        option: "--private-key"
  host_key_checking:
    description: Whether an unknown host key is refused. A key that differs from the known one is always refused.
    type: bool
    default: true
    ini:
      - {section: defaults, key: host_key_checking}
    env:
      - name: ANSIBLE_HOST_KEY_CHECKING
      - name: ANSIBLE_SSH_HOST_KEY_CHECKING
    vars:
      - name: ansible_host_key_checking
      - name: ansible_ssh_host_key_checking
  known_hosts_file:
    description: File with known host keys, read after C(/etc/ssh/ssh_known_hosts).
    type: path
    default: ~/.ssh/known_hosts
    vars:
      - name: ansible_paramiko_known_hosts_file
  proxy_command:
    description: Command whose input and output lead to the SSH server. C(%h), C(%p) and C(%r) are host, port and user.
    type: str
    default: ""
    vars:
      - name: ansible_paramiko_proxy_command
  timeout:
    description: Seconds to wait for the connection, the banner and the login.
    type: int
    default: 10
    ini:
      - {section: defaults, key: timeout}
    env:
      - name: ANSIBLE_TIMEOUT
      - name: ANSIBLE_SSH_TIMEOUT
    vars:
      - name: ansible_ssh_timeout
    cli:
      - name: timeout
"""

import contextlib
import getpass
import os
import select
import shlex
import time
import typing as t

from ansible.errors import AnsibleAuthenticationFailure, AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible.plugins.connection import ConnectionBase
from ansible.utils.display import Display

try:
    import paramiko

    PARAMIKO_ERROR = None
except ImportError as error:
    paramiko = None
    PARAMIKO_ERROR = error

display = Display()

CHUNK = 32768


class Connection(ConnectionBase):
    """One SSH connection to one host."""

    transport = "hybridnet.cluster_edge.paramiko"
    has_pipelining = True

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._client: t.Any = None

    # -- life ------------------------------------------------------------------------------------------------------
    def _connect(self) -> Connection:
        if not self._connected:
            self._client = self._open()
            self._connected = True
        return self

    def _where(self) -> str:
        return f"{self._user()}@{self.get_option('remote_addr')}:{self.get_option('port')}"

    def _user(self) -> str:
        return self.get_option("remote_user") or getpass.getuser()

    def _open(self) -> t.Any:
        """Log in; say what is wrong where that fails."""
        if paramiko is None:
            raise AnsibleError(f"ansible_connection {self.transport}: paramiko is not installed ({PARAMIKO_ERROR})")
        client = paramiko.SSHClient()
        for path in ("/etc/ssh/ssh_known_hosts", os.path.expanduser(self.get_option("known_hosts_file"))):
            with contextlib.suppress(OSError):
                client.load_system_host_keys(path)
        strict = self.get_option("host_key_checking")
        client.set_missing_host_key_policy(paramiko.RejectPolicy() if strict else paramiko.AutoAddPolicy())
        key, password = self.get_option("private_key_file"), self.get_option("password")
        timeout, anything = self.get_option("timeout"), not (key or password)
        display.vvv(f"CONNECT BY PARAMIKO TO {self._where()}", host=self.get_option("remote_addr"))
        try:
            client.connect(
                self.get_option("remote_addr"),
                port=self.get_option("port"),
                username=self._user(),
                password=password,
                key_filename=os.path.expanduser(key) if key else None,
                allow_agent=anything,
                look_for_keys=anything,
                timeout=timeout,
                banner_timeout=timeout,
                auth_timeout=timeout,
                sock=self._proxy(),
            )
        except paramiko.BadHostKeyException as failure:
            client.close()
            raise AnsibleConnectionFailure(
                f"{self._where()}: its host key is not the known one: {failure.key.get_name()} "
                f"{failure.key.fingerprint} "
                f"(somebody may be in between; if the host was reinstalled, remove the old key from known_hosts)"
            ) from failure
        except paramiko.AuthenticationException as failure:
            client.close()
            raise AnsibleAuthenticationFailure(f"{self._where()}: login refused: {failure}") from failure
        except Exception as failure:
            client.close()
            hint = (
                " (add its key to known_hosts: ssh-keyscan, then compare the fingerprint)"
                if "known_hosts" in str(failure)
                else ""
            )
            raise AnsibleConnectionFailure(f"{self._where()}: no connection: {failure}{hint}") from failure
        client.get_transport().set_keepalive(15)
        return client

    def _proxy(self) -> t.Any:
        command = self.get_option("proxy_command")
        if not command:
            return None
        for mark, value in (
            ("%h", self.get_option("remote_addr")),
            ("%p", self.get_option("port")),
            ("%r", self._user()),
        ):
            command = command.replace(mark, str(value))
        return paramiko.ProxyCommand(command)

    def reset(self) -> None:
        """Connect anew, such as after the user's groups changed."""
        self.close()
        self._connect()

    def close(self) -> None:
        """End the connection."""
        if self._client is not None:
            self._client.close()
        self._client = None
        self._connected = False

    # -- commands --------------------------------------------------------------------------------------------------
    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command; return its exit code, output and errors."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        self._connect()
        display.vvv(f"EXEC {cmd}", host=self.get_option("remote_addr"))
        channel = self._session()
        try:
            prompted = bool(sudoable and self.become and self.become.expect_prompt())
            if prompted and in_data is None:
                channel.get_pty(term="vt100", width=200)
            channel.exec_command(to_bytes(cmd, errors="surrogate_or_strict"))
            before = self._answer_prompt(channel) if prompted else b""
            if in_data is not None:
                self._feed(channel, in_data)
                channel.shutdown_write()
            out, err = self._drain(channel)
            return channel.recv_exit_status(), before + out, err
        finally:
            channel.close()

    def _session(self) -> t.Any:
        try:
            return self._client.get_transport().open_session(timeout=self.get_option("timeout"))
        except Exception as failure:
            raise AnsibleConnectionFailure(f"{self._where()}: no session: {failure}") from failure

    def _answer_prompt(self, channel: t.Any) -> bytes:
        """Answer the password prompt of sudo, su and the like; return output that came instead of one."""
        seen = b""
        end = time.monotonic() + self.get_option("timeout")
        while time.monotonic() < end:
            for source in (channel.recv_ready, channel.recv), (channel.recv_stderr_ready, channel.recv_stderr):
                if source[0]():
                    seen += source[1](CHUNK)
            if any(self.become.check_success(line) for line in seen.splitlines(True)):
                return seen
            if any(self.become.check_password_prompt(line) for line in seen.splitlines(True)):
                secret = self.become.get_option("become_pass")
                if secret is None:
                    raise AnsibleError(
                        f"{self._where()}: {self.become.name} asks for a password (set ansible_become_password)"
                    )
                self._feed(channel, to_bytes(secret, errors="surrogate_or_strict") + b"\n")
                return b""
            if channel.exit_status_ready() and not channel.recv_ready() and not channel.recv_stderr_ready():
                return seen
            select.select([channel], [], [], 0.2)
        raise AnsibleError(f"{self._where()}: {self.become.name} did not answer within {self.get_option('timeout')} s")

    @staticmethod
    def _feed(channel: t.Any, data: bytes) -> bool:
        """Give a command its input; return whether it took all of it.

        One that has ended before, as ``cat`` that may not write the file, says why in its errors: the client itself
        knows no more than "Socket is closed" (paramiko, ``Channel.send``).
        """
        try:
            channel.sendall(data)
        except OSError:
            return False
        return True

    def _drain(self, channel: t.Any) -> tuple[bytes, bytes]:
        """Read both streams to their end, whichever fills first."""
        out, err = [], []
        while True:
            idle = True
            if channel.recv_ready():
                out.append(channel.recv(CHUNK))
                idle = False
            if channel.recv_stderr_ready():
                err.append(channel.recv_stderr(CHUNK))
                idle = False
            if idle:
                ended = channel.closed or (channel.eof_received and channel.exit_status_ready())
                if ended and not channel.recv_ready() and not channel.recv_stderr_ready():
                    return b"".join(out), b"".join(err)
                if not self._client.get_transport().is_active():
                    raise AnsibleConnectionFailure(f"{self._where()}: the connection broke")
                select.select([channel], [], [], 0.05 if channel.eof_received else 1.0)

    # -- files -----------------------------------------------------------------------------------------------------
    @contextlib.contextmanager
    def _sftp(self) -> t.Iterator[t.Any]:
        """Yield an SFTP client, or None where the host has no SFTP server."""
        self._connect()
        try:
            client = self._client.open_sftp()
        except (paramiko.SSHException, EOFError, OSError):
            # sshd takes the request, and its shell then finds no such program: the client sees the end of it after its
            # own first message (an EOFError) or, where it is slow, before (an OSError). Where the connection itself is
            # gone, the next session says so.
            client = None
        try:
            yield client
        finally:
            if client is not None:
                client.close()

    def put_file(self, in_path: str, out_path: str) -> None:
        """Copy a file to the host."""
        super().put_file(in_path, out_path)
        display.vvv(f"PUT {in_path} TO {out_path}", host=self.get_option("remote_addr"))
        if not os.path.exists(to_bytes(in_path, errors="surrogate_or_strict")):
            raise AnsibleFileNotFound(f"no such file: {in_path}")
        with self._sftp() as sftp:
            if sftp is not None:
                try:
                    sftp.put(in_path, out_path)
                except OSError as failure:
                    raise AnsibleError(f"{self._where()}: cannot write {out_path}: {failure}") from failure
                return
        with open(in_path, "rb") as handle:
            self._piped(f"cat > {shlex.quote(out_path)}", handle.read())

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file from the host."""
        super().fetch_file(in_path, out_path)
        display.vvv(f"FETCH {in_path} TO {out_path}", host=self.get_option("remote_addr"))
        with self._sftp() as sftp:
            if sftp is not None:
                try:
                    sftp.get(in_path, out_path)
                except OSError as failure:
                    raise AnsibleError(f"{self._where()}: cannot read {in_path}: {failure}") from failure
                return
        data = self._piped(f"cat {shlex.quote(in_path)}", None)
        with open(out_path, "wb") as handle:
            handle.write(data)

    def _piped(self, command: str, data: bytes | None) -> bytes:
        """Run a command as the user who logged in, with ``data`` as its input; return its output."""
        channel = self._session()
        try:
            channel.exec_command(command)
            took_all = data is None or self._feed(channel, data)
            channel.shutdown_write()
            out, err = self._drain(channel)
            code = channel.recv_exit_status()
        finally:
            channel.close()
        if code or not took_all:
            reason = to_text(err).strip() or "no reason given"
            raise AnsibleError(f"{self._where()}: {command} ended with {code}: {reason}")
        return out

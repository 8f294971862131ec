# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router (Debian with systemd, FRR and sshd, in its own network namespace) and BGP speakers beside it.

Everything lives in namespaces and one cgroup whose names start with ``fx-<pid>-``; ``close`` ends it by ``cgroup.kill``,
also after a crash half-way. No packet can leave: the namespaces are joined to each other and to nothing else.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import Programs
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.runtime import Progress
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT

CACHE = Path(os.environ.get("CLUSTER_EDGE_CACHE", "~/.cache/cluster-edge")).expanduser() / "router"
ROUTER_ADDRESS = "10.121.0.1"
_NUMBERS = itertools.count(1)
PLAIN = "frr defaults traditional\nservice integrated-vtysh-config\n"
"""A file without BGP."""
LATER = re.compile(r"^The (?:route-map|access-list|prefix-list) '.*' does not exist\.$")
"""What FRR says of a name that a later line defines."""
PROGRESS = re.compile(
    r"^(?:\[|Waiting for children to finish applying config|% Can't enter config; \S+ datastore locked by another session$)"
)
"""What ``vtysh -f`` says on its way; it waits for the lock that FRR's own start may still hold, and then loads."""
PROGRAMS = ("systemd-nspawn", "ip", "nsenter", "unshare", "ssh-keygen")


def missing(suite: str = "trixie") -> str | None:
    """Return what this machine lacks for a router, or None."""
    if os.geteuid() != 0:
        return "needs root: namespaces, cgroups and overlay mounts"
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"needs the program {program}"
    if not (CACHE / suite / "usr/lib/frr/bgpd").exists() and shutil.which("mmdebstrap") is None:
        return f"needs the program mmdebstrap, to build the router's root file system {CACHE / suite}"
    return None


def image(suite: str) -> Path:
    """Return a router's root file system, built where the cache has none: no suite is left out in silence."""
    progress = Progress(lambda text: print(text, file=sys.stderr, flush=True))  # noqa: T201  building takes 30 s
    return Programs(CACHE.parent, CHECKOUT / "roles/edge_twin/files/programs", None, progress).router_image(suite)


def wait_for(what: str, probe: Callable[[], Any], limit: float = 30.0, every: float = 0.1) -> Any:
    """Return the first true value of ``probe``; AssertionError with ``what`` after ``limit`` seconds."""
    end = time.monotonic() + limit
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit:.0f} s: {what}")
        time.sleep(every)


def run(
    *argv: str, check: bool = True, stdin: str | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a program and return its text output."""
    done = subprocess.run(argv, text=True, capture_output=True, input=stdin, timeout=timeout, check=False)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(argv)}: rc {done.returncode}: {done.stdout}{done.stderr}")
    return done


class RouterLab:
    """One router and any number of nodes on one bridge, 10.121.0.0/24 and fd00:121::/64."""

    def __init__(self, suite: str = "trixie", password: str = "lab pass wörd") -> None:
        self.name = f"fx-{os.getpid()}-{next(_NUMBERS)}"
        self.suite = suite
        self.password = password
        self.base = image(suite)
        self.dir = Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        unified = Path("/sys/fs/cgroup/unified")
        self.cgroup = (unified if unified.is_dir() else Path("/sys/fs/cgroup")) / self.name
        self.namespaces: list[str] = []
        self.router: subprocess.Popen[bytes] | None = None
        self.leader = 0
        self.peers: dict[str, subprocess.Popen[bytes]] = {}
        self._links = 0

    # -- life --------------------------------------------------------------------------------------------------------
    def __enter__(self) -> RouterLab:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process and remove every namespace, cgroup, mount and file of this lab."""
        if self.cgroup.is_dir():
            (self.cgroup / "cgroup.kill").write_text("1")
            wait_for("an empty cgroup", lambda: "populated 0" in (self.cgroup / "cgroup.events").read_text())
        for process in [*self.peers.values(), *([self.router] if self.router else [])]:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
        if self.cgroup.is_dir():
            for folder, _dirs, _files in os.walk(self.cgroup, topdown=False):
                os.rmdir(folder)
        for namespace in self.namespaces:
            run("ip", "netns", "del", namespace, check=False)
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.rmtree(f"/run/systemd/nspawn/propagate/{self.name}-rtr", ignore_errors=True)

    def _namespace(self, name: str) -> str:
        full = f"{self.name}-{name}"
        run("ip", "netns", "add", full)
        self.namespaces.append(full)
        run("ip", "-n", full, "link", "set", "lo", "up")
        # FRR sends router advertisements to neighbors with the capability extended-nexthop; who believes them gets one
        # more address, and would begin sessions from it.
        run("ip", "netns", "exec", full, "sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/default/accept_ra")
        return full

    def _leg(self, namespace: str, last: int) -> None:
        self._links += 1
        lan, port = f"{self.name}-lan", f"v{self._links}"
        run("ip", "-n", lan, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        run("ip", "-n", lan, "link", "set", port, "master", "lan", "up")
        run("ip", "-n", namespace, "link", "set", "eth0", "address", f"02:00:0a:79:00:{last:02x}")
        run("ip", "-n", namespace, "addr", "add", f"10.121.0.{last}/24", "dev", "eth0")
        run("ip", "-n", namespace, "addr", "add", f"fd00:121::{last:x}/64", "dev", "eth0", "nodad")
        run("ip", "-n", namespace, "link", "set", "eth0", "up")

    def _start(self) -> None:
        self.cgroup.mkdir()
        (self.cgroup / "rtr").mkdir()
        (self.cgroup / "peers").mkdir()
        lan = self._namespace("lan")
        run("ip", "-n", lan, "link", "add", "lan", "type", "bridge")
        run("ip", "-n", lan, "link", "set", "lan", "up")
        router = self._namespace("rtr")
        self._leg(router, 1)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.dir / "id"))
        for part in ("upper", "work", "root"):
            (self.dir / "rtr" / part).mkdir(parents=True)
        self._boot()

    def _boot(self) -> None:
        router, public = f"{self.name}-rtr", (self.dir / "id.pub").read_text()
        script = f"""set -e
echo $$ > {self.cgroup}/rtr/cgroup.procs
R={self.dir}/rtr/root
mount -t overlay overlay -o lowerdir={self.base},upperdir={self.dir}/rtr/upper,workdir={self.dir}/rtr/work $R
mkdir -p -m700 $R/root/.ssh
printf '%s' '{public.strip()}' > $R/root/.ssh/authorized_keys
chmod 600 $R/root/.ssh/authorized_keys
mkdir -p $R/etc/ssh/sshd_config.d
printf 'PermitRootLogin yes\\nPasswordAuthentication yes\\nUsePAM no\\n' > $R/etc/ssh/sshd_config.d/lab.conf
[ -s $R/etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f $R/etc/ssh/ssh_host_ed25519_key
printf '%s\\n' 'root:{self.password}' | chroot $R chpasswd
echo {self.name}-rtr > $R/etc/hostname; rm -f $R/etc/resolv.conf; : > $R/etc/machine-id
exec nsenter --net=/run/netns/{router} systemd-nspawn -q -b -D $R \\
  --machine={self.name}-rtr --hostname={self.name}-rtr \\
  --register=no --keep-unit --capability=CAP_NET_ADMIN --network-namespace-path=/run/netns/{router} \\
  --resolv-conf=off --timezone=off --link-journal=no --console=pipe
"""
        with (self.dir / "router.log").open("ab") as log:
            self.router = subprocess.Popen(
                ["unshare", "-m", "--propagation", "private", "sh", "-c", script],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )  # fmt: skip
        self.leader = wait_for("the router's first process", self._leader)
        wait_for(
            "the router's sshd", lambda: self.sh("pidof sshd && systemctl is-active frr", check=False).returncode == 0
        )

    def _leader(self) -> int:
        assert self.router is not None
        if self.router.poll() is not None:
            raise AssertionError("the router ended:\n" + (self.dir / "router.log").read_text()[-2000:])
        children = Path(f"/proc/{self.router.pid}/task/{self.router.pid}/children").read_text().split()
        for child in children:
            with contextlib.suppress(OSError):
                if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    return int(child)
        return 0

    def cut_power(self) -> None:
        """Cut the router's power in the middle of everything, switch it on again, and wait until its sshd is back."""
        assert self.router is not None
        group = self.cgroup / "rtr"
        (group / "cgroup.kill").write_text("1")
        self.router.wait(10)
        wait_for("an empty cgroup", lambda: "populated 0" in (group / "cgroup.events").read_text())
        # In a cgroup that was killed once, the kernel kills what systemd starts there (CLONE_INTO_CGROUP).
        for folder, _dirs, _files in os.walk(group, topdown=False):
            os.rmdir(folder)
        group.mkdir()
        self._boot()

    def add_client(self) -> str:
        """Put a client on a network of its own behind the router, 10.122.0.0/24; return its namespace.

        The router forwards from now on, and every speaker answers for the addresses that it announces.
        """
        client, router = self._namespace("client"), f"{self.name}-rtr"
        run("ip", "-n", router, "link", "add", "eth1", "type", "veth", "peer", "name", "eth0", "netns", client)
        for namespace, port, last in ((router, "eth1", 1), (client, "eth0", 2)):
            run("ip", "-n", namespace, "addr", "add", f"10.122.0.{last}/24", "dev", port)
            run("ip", "-n", namespace, "link", "set", port, "up")
        run("ip", "-n", client, "route", "add", "default", "via", "10.122.0.1")
        run("ip", "netns", "exec", router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        return client

    def answer(self, last: int, *addresses: str) -> None:
        """Let the speaker at 10.121.0.``last`` answer for addresses, to clients of the router."""
        namespace = f"{self.name}-n{last}"
        for address in addresses:
            run("ip", "-n", namespace, "addr", "add", f"{address}/32", "dev", "lo")
        run("ip", "-n", namespace, "route", "add", "default", "via", ROUTER_ADDRESS)

    # -- the router --------------------------------------------------------------------------------------------------
    def _enter(self) -> list[str]:
        return ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-r", "-w"]

    def sh(
        self, script: str, check: bool = True, stdin: str | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell script on the router."""
        return run(*self._enter(), "sh", "-c", script, check=check, stdin=stdin, timeout=timeout)

    def vtysh(self, command: str) -> str:
        """Return the text that vtysh prints on the router."""
        return self.sh(f"vtysh -c '{command}'").stdout

    def show(self, command: str) -> Any:
        """Return the JSON that vtysh prints on the router."""
        return json.loads(self.vtysh(command))

    @contextlib.contextmanager
    def configuration_lock(self) -> Iterator[None]:
        """Keep FRR's configuration locked, as an operator with an open vtysh does."""
        process = subprocess.Popen(
            [*self._enter(), "vtysh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(b"configure terminal file-lock\n")
            process.stdin.flush()
            said = b""
            while b"(config)#" not in said:
                more = process.stdout.read1()
                assert more, said
                said += more
            yield
        finally:
            process.stdin.close()
            process.wait(5)
            process.stdout.close()

    def write(self, path: str, text: str, mode: str = "640", owner: str = "frr:frr") -> None:
        """Write a file on the router."""
        self.sh(f"cat > {path} && chown {owner} {path} && chmod {mode} {path}", stdin=text)

    def unpack(self, folder: str, files: Iterable[tuple[str, Path]]) -> None:
        """Put files into a new folder of the router, by their names below it."""
        with tempfile.TemporaryFile() as archive:
            with tarfile.open(fileobj=archive, mode="w") as packed:
                for name, file in files:
                    packed.add(file, name)
            archive.seek(0)
            unpack = f"rm -rf {folder} && mkdir -p {folder} && tar -x --no-same-owner -C {folder}"
            subprocess.run([*self._enter(), "sh", "-c", unpack], stdin=archive, timeout=60, check=True)

    def read(self, path: str) -> str:
        """Return a file of the router."""
        return self.sh(f"cat {path}").stdout

    def host_key(self) -> str:
        """Return the router's SSH host key as known_hosts has it, without the host."""
        return " ".join(self.read("/etc/ssh/ssh_host_ed25519_key.pub").split()[:2])

    @contextlib.contextmanager
    def ssh_port(self) -> Iterator[int]:
        """Yield a port on the loopback of this machine that leads to the router's sshd."""
        import socket

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        script = (
            f"echo $$ > {self.cgroup}/peers/cgroup.procs; exec systemd-socket-activate -l 127.0.0.1:{port} "
            f"nsenter --net=/run/netns/{self.name}-rtr /lib/systemd/systemd-socket-proxyd {ROUTER_ADDRESS}:22"
        )
        process = subprocess.Popen(["sh", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:

            def listening() -> bool:
                with socket.socket() as client:
                    return client.connect_ex(("127.0.0.1", port)) == 0

            wait_for("the way to sshd", listening)
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(5)

    # -- speakers ----------------------------------------------------------------------------------------------------
    def know_host(self, port: int) -> None:
        """Write the router's key for Ansible; ``port`` of loopback leads to its SSH."""
        (self.dir / "known_hosts").write_text(f"[127.0.0.1]:{port} {self.host_key()}\n")

    def ssh_host(self, port: int, sockets: str = "cm", **variables: Any) -> dict[str, Any]:
        """Return the router as Ansible's host over SSH with a key.

        Args:
            port: of loopback, that leads to the router's SSH.
            sockets: how the names of shared connections begin: hosts of different names share none.
            variables: further ones of the host.
        """
        shared = f"-o UserKnownHostsFile={self.dir}/known_hosts -o ControlPath={self.dir}/{sockets}-%C"
        return {
            "ansible_host": "127.0.0.1", "ansible_port": port, "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.dir / "id"), "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_common_args": shared, **variables,
        }  # fmt: skip

    def write_inventory(self, host: dict[str, Any]) -> Path:
        """Write the inventory of one host, which is ``router``, and return its file."""
        path = self.dir / "hosts.json"
        path.write_text(json.dumps({"all": {"hosts": {"router": host}}}))
        return path

    def write_play(self, port: int) -> None:
        """Write what runs the role ``udm_frr`` on the router over SSH: known host, inventory, play.

        Args:
            port: of loopback, that leads to the router's SSH.
        """
        self.know_host(port)
        self.write_inventory(self.ssh_host(port))
        play = {"hosts": "router", "gather_facts": False, "roles": ["hybridnet.cluster_edge.udm_frr"]}
        (self.dir / "play.yml").write_text(json.dumps([play]))

    def run_play(self, variables: dict[str, Any], *options: str) -> subprocess.CompletedProcess[str]:
        """Run what :meth:`write_play` wrote, with variables; it says what it changes."""
        (self.dir / "vars.json").write_text(json.dumps(variables))
        argv = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(self.dir / "hosts.json"), "--diff"]
        argv += ["-e", f"@{self.dir}/vars.json", *options, str(self.dir / "play.yml")]
        return subprocess.run(argv, text=True, capture_output=True, cwd=CHECKOUT, timeout=240, check=False)

    def add_peer(self, last: int, asn: int, prefixes: list[str], router_asn: int = 65000, password: str | None = None,
                 timers: str = "3 9", over: str = "ipv4", extra: str = "", port: int = 179, zebra: bool = False,
                 config: str = "") -> None:  # fmt: skip
        """Start a bgpd at 10.121.0.``last`` that announces ``prefixes`` to the router and listens on ``port``.

        With ``zebra`` it knows its interfaces: without, it refuses routes with an IPv6 next hop, and link-local sessions.
        ``config`` is a bgpd.conf in place of all this.
        """
        name = f"n{last}"
        namespace = f"{self.name}-{name}"
        if namespace not in self.namespaces:
            self._namespace(name)
            self._leg(namespace, last)
        folder = self.dir / name
        for part in ("upper", "work", "root"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        router = ROUTER_ADDRESS if over == "ipv4" else "fd00:121::1"
        four = "\n".join(f"  network {prefix}" for prefix in prefixes if ":" not in prefix)
        six = "\n".join(f"  network {prefix}" for prefix in prefixes if ":" in prefix)
        secret = f" neighbor {router} password {password}\n" if password else ""
        text = f"""router bgp {asn}
 bgp router-id 10.121.0.{last}
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 neighbor {router} remote-as {router_asn}
 neighbor {router} disable-connected-check
 neighbor {router} timers {timers}
 neighbor {router} timers connect 1
{secret}{extra}
 address-family ipv4 unicast
{four}
  neighbor {router} activate
 exit-address-family
 address-family ipv6 unicast
{six}
  neighbor {router} activate
 exit-address-family
"""
        (folder / "bgpd.conf").write_text(config or text)
        script = f"""set -e
echo $$ > {self.cgroup}/peers/cgroup.procs
R={folder}/root
mount -t overlay overlay -o lowerdir={CACHE / "trixie"},upperdir={folder}/upper,workdir={folder}/work $R
mount -t tmpfs -o mode=755 tmpfs $R/run
mount -t proc proc $R/proc
mkdir -p $R/run/frr; chroot $R chown frr:frr /run/frr
install -m640 {folder}/bgpd.conf $R/etc/frr/bgpd.conf; chroot $R chown frr:frr /etc/frr/bgpd.conf
rm -f $R/etc/frr/frr.conf
{"chroot $R /usr/lib/frr/zebra -d -A 127.0.0.1; sleep 0.3" if zebra else ""}
exec chroot $R /usr/lib/frr/bgpd {"" if zebra else "-Z -n"} -f /etc/frr/bgpd.conf -A 127.0.0.1 -p {port}
"""
        with (folder / "log").open("wb") as log:
            self.peers[name] = subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{namespace}", "unshare", "-m", "sh", "-c", script],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def load(self, text: str) -> str:
        """Load a configuration into a fresh FRR, and return what it complained of."""
        self.write("/etc/frr/frr.conf", PLAIN)
        self.sh("sed -i s/^bgpd=no/bgpd=yes/ /etc/frr/daemons; systemctl reset-failed frr; systemctl restart frr")
        wait_for("bgpd", lambda: self.sh("vtysh -d bgpd -c 'show version'", check=False).returncode == 0)
        # mgmtd takes the filters; until zebra has connected to it, it complains that nobody wants them
        wait_for("mgmtd's daemons", lambda: "zebra" in self.vtysh("show mgmt backend-adapter all"))
        self.write("/tmp/candidate.conf", text)
        done = self.sh("vtysh -f /tmp/candidate.conf 2>&1", check=False)
        told = [line for line in done.stdout.splitlines() if line.strip() and not PROGRESS.match(line)]
        return "\n".join(line for line in told if not LATER.match(line.strip()))

    def peer(self, last: int, command: str) -> str:
        """Return the text that vtysh prints on the speaker at 10.121.0.``last``."""
        process = self.peers[f"n{last}"]
        return run(
            "nsenter",
            "-t",
            str(process.pid),
            "-m",
            "-n",
            "-r",
            "-w",
            "vtysh",
            "-d",
            "bgpd",
            *(word for part in command.split(" ; ") for word in ("-c", part)),
        ).stdout

    def stop_peer(self, last: int) -> None:
        """Kill the speaker at 10.121.0.``last`` and wait for its end."""
        process = self.peers.pop(f"n{last}")
        process.kill()
        process.wait(5)

    def neighbors(self) -> dict[str, Any]:
        """Return ``show bgp neighbors json`` of the router."""
        return dict(self.show("show bgp neighbors json"))

    def wait_established(self, *addresses: str, limit: float = 30) -> None:
        """Wait until the router's sessions to ``addresses`` are Established."""
        for address in addresses:
            wait_for(
                f"the session to {address}",
                lambda address=address: self.neighbors().get(address, {}).get("bgpState") == "Established",
                limit,
            )

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin's routers: a small Debian with systemd, sshd and FRR, booted by systemd-nspawn in its network namespace."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from ..description import twin as _twin
from .network import connect
from .runtime import NETNS, Runtime, run, write

_SSH_LIMIT = 60.0
_FRR_VERSION = re.compile(r"^Package: frr\n(?:.+\n)*?Version: ([0-9.]+)", re.MULTILINE)
_BOOT = """\
set -eu
root=$1 image=$2 files=$3 machine=$4 host=$5 netns=$6
mount -t overlay overlay -o "lowerdir=$image,upperdir=$root/upper,workdir=$root/work" "$root/root"
cd "$root/root"
mkdir -p -m 0700 root/.ssh
install -m 0600 "$files/id.pub" root/.ssh/authorized_keys
rm -f etc/ssh/ssh_host_* etc/resolv.conf
install -m 0600 "$files/host_key" etc/ssh/ssh_host_ed25519_key
install -m 0644 "$files/host_key.pub" etc/ssh/ssh_host_ed25519_key.pub
sed -i 's/^bgpd=no/bgpd=yes/' etc/frr/daemons
echo "$host" > etc/hostname
: > etc/machine-id
# A /run of its own: what systemd-nspawn leaves there when it is killed goes with this mount namespace.
touch "$root/netns"
mount --bind "$netns" "$root/netns"
mount -t tmpfs tmpfs /run
exec nsenter --net="$root/netns" systemd-nspawn -q -b -D "$root/root" --machine="$machine" --hostname="$host" \
  --register=no --keep-unit --capability=CAP_NET_ADMIN --network-namespace-path="$root/netns" \
  --resolv-conf=off --timezone=off --link-journal=no --console=pipe
"""


def frr_version(image: Path) -> str:
    """Return the version of FRR in a router's image, as major.minor."""
    found = _FRR_VERSION.search((image / "var/lib/dpkg/status").read_text(encoding="utf-8", errors="replace"))
    if found is None:
        raise ValueError(f"{image} has no package frr")
    return ".".join(found[1].split(".")[:2])


def write_keys(runtime: Runtime, twin: _twin.Twin) -> Path:
    """Make the twin's SSH keys once, and known_hosts for all its routers; return the folder."""
    folder = runtime.folder / "ssh"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("id", "host_key"):
        if not (folder / name).exists():
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", runtime.name, "-f", folder / name])
    public = " ".join((folder / "host_key.pub").read_text(encoding="ascii").split()[:2])
    write(folder / "known_hosts", "".join(f"{router.address} {public}\n" for router in twin.routers))
    return folder


class RouterMachine:
    """One router of the twin."""

    def __init__(self, runtime: Runtime, router: _twin.Router) -> None:
        self.runtime = runtime
        self.router = router
        self.program = f"router.{router.host}"
        self.folder = runtime.folder / "routers" / router.host

    def start(self, image: Path, keys: Path) -> None:
        """Boot it from ``image`` (read only) unless it runs from that."""
        marker = self.folder / "image"
        if self.runtime.running(self.program) and marker.read_text(encoding="utf-8") == str(image):
            return
        self.runtime.cgroup.child(self.program).kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(parents=True)
        # It gives the router's `/` its mode, and FRR's daemons are not root there.
        (self.folder / "upper").chmod(0o755)
        marker.write_text(str(image), encoding="utf-8")
        arguments: list[str | Path] = [
            self.folder,
            image,
            keys,
            self.router.machine,
            self.router.hostname or self.router.host,
            NETNS / self.router.namespace,
        ]
        # Not from `ip netns exec`: it remounts /sys.
        self.runtime.start(
            self.program,
            ["unshare", "-m", "--propagation", "private", "/bin/sh", "-c", _BOOT, "sh", *map(str, arguments)],
            environment={"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
        )

    def wait(self) -> None:
        """Wait until sshd answers."""
        self.runtime.wait(f"router {self.router.host} answers SSH", self._answers, _SSH_LIMIT, self.program)

    def _answers(self) -> bool:
        try:
            with connect(self.router.namespace, self.router.address, 22, timeout=1.0) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

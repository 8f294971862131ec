# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a BGP speaker that is not the site's: FRR's bgpd from the router's image, without systemd."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from ..description import twin as _twin
from .runtime import Runtime, write

_RUN = """\
set -eu
root=$1 image=$2 zebra=$3
mount -t tmpfs tmpfs "$root/mounts"
mkdir "$root/mounts/upper" "$root/mounts/work" "$root/mounts/root"
mount -t overlay overlay -o "lowerdir=$image,upperdir=$root/mounts/upper,workdir=$root/mounts/work" "$root/mounts/root"
cd "$root/mounts/root"
mount -t tmpfs -o mode=755 tmpfs run
mount -t proc proc proc
mkdir -p run/frr
rm -f etc/frr/frr.conf
install -m 0640 "$root/bgpd.conf" etc/frr/bgpd.conf
chroot . chown frr:frr /run/frr /etc/frr/bgpd.conf
if [ -n "$zebra" ]; then
  chroot . /usr/lib/frr/zebra -d
  exec chroot . /usr/lib/frr/bgpd -f /etc/frr/bgpd.conf
fi
# On a node it must leave the kernel's routes alone, and it shares the node with Cilium: no port of vtysh's.
exec chroot . /usr/lib/frr/bgpd -Z -n -P 0 -f /etc/frr/bgpd.conf
"""


class StandIn:
    """One speaker."""

    def __init__(self, runtime: Runtime, speaker: _twin.Speaker) -> None:
        self.runtime = runtime
        self.speaker = speaker
        self.program = f"speaker.{speaker.name}"
        self.folder = runtime.folder / "speakers" / speaker.name

    def start(self, image: Path, passwords: Mapping[str, str]) -> None:
        """Start it, or start it anew when its configuration or image has changed.

        Args:
            image: a router's root file system, which has FRR; read only.
            passwords: by the names of ``speaker.passwords``. One that is not there stays a placeholder, and its session
                down.
        """
        config = self.speaker.config
        for name in self.speaker.passwords:
            config = config.replace(f"SECRET:{name}", passwords.get(name, f"SECRET:{name}"))
        marker = self.folder / "started"
        wanted = f"{image}\n{hashlib.sha256(config.encode()).hexdigest()}\n"
        if self.runtime.running(self.program) and marker.is_file() and marker.read_text(encoding="utf-8") == wanted:
            return
        self.runtime.cgroup.child(self.program).kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "mounts").mkdir(parents=True)
        write(self.folder / "bgpd.conf", config)
        write(marker, wanted)
        command = ["/bin/sh", "-c", _RUN, "sh", str(self.folder), str(image), "yes" if self.speaker.zebra else ""]
        self.runtime.start(
            self.program, ["unshare", "-m", "--propagation", "private", *command], self.speaker.namespace
        )

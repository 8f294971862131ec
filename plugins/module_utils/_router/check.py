# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR checks a candidate before anything is touched: its words by vtysh, its meaning by bgpd.

Two ways to the second one: ``bgpd -C`` (30 ms), and, where a version's ``bgpd -C`` cannot do it
(``versions.BGPD_CHECK``), a load into a throw-away FRR of its own namespaces.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from typing import List, NamedTuple, Optional, Set, Tuple

from .._frr import transaction, versions
from .._frr.state import version_tuple
from .files import remove, write_new
from .programs import LIBRARY, run, scratch_folder

CANARY = "candidate-read-to-the-end"
_CRASH_LOGS = "/var/tmp/frr"  # noqa: S108  FRR's own, not ours to choose
_THROW_AWAY_SECONDS = 40


class Verdict(NamedTuple):
    """What FRR says of a candidate."""

    errors: List[str]
    """Why it is refused; empty = it is not."""
    warnings: List[str]
    """What could not be checked, and what was done in its place."""


def check(whole: str, ours: str, version: str) -> Verdict:
    """Let FRR check a candidate, without any effect on the running daemons.

    Args:
        whole: the file that is to become frr.conf.
        ours: the objects in it that are ours; bgpd knows no others.
        version: of this FRR, such as ``10.3``.
    """
    owner = pwd.getpwnam("frr")
    folder = scratch_folder()
    try:
        # bgpd gives its root rights up before it reads: the files are frr's, in a folder that frr may enter.
        os.chmod(folder, 0o700)
        write_new(folder + "/frr.conf", whole, 0o400, owner.pw_uid, owner.pw_gid)
        write_new(folder + "/bgpd.conf", ours + CANARY + "\n", 0o400, owner.pw_uid, owner.pw_gid)
        write_new(folder + "/ours.conf", ours, 0o400, owner.pw_uid, owner.pw_gid)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        rc, _out, said = run(["vtysh", "-C", "-f", folder + "/frr.conf"])
        syntax = transaction.syntax_errors(rc, said)
        if syntax:
            return Verdict(syntax, [])
        if versions.BGPD_CHECK.holds(version_tuple(version)):
            rc, told = _bgpd_check(folder)
            if not transaction.check_aborted(rc, told, CANARY):
                return Verdict(transaction.meaning_errors(told, CANARY), [])
            why = "'bgpd -C' of FRR {0} ends with {1} on this configuration".format(version, rc)
        else:
            why = "'bgpd -C' of FRR {0} aborts on static neighbors".format(version)
        loaded = throw_away_load(folder)
        if loaded is None:
            text = "{0}, and no throw-away FRR could be started: only the words of the configuration were checked"
            return Verdict([], [text.format(why)])
        return Verdict(
            transaction.load_errors(loaded), ["{0}: it was loaded into a throw-away FRR instead".format(why)]
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _bgpd_check(folder: str) -> Tuple[int, str]:
    """Return exit code and words of bgpd's own check; it always exits 0 unless it breaks."""
    argv = [
        LIBRARY + "/bgpd",
        "-C",
        "-n",
        "-f",
        folder + "/bgpd.conf",
        "-i",
        folder + "/pid",
        "-p",
        "0",
        "-A",
        "127.0.0.1",
    ]
    before = _crash_logs()
    rc, out, err = run(argv)
    # Each run leaves a folder for crash logs that is named by its process, and a later process may get that number.
    for name in _crash_logs() - before:
        if name.startswith("bgpd."):
            shutil.rmtree(os.path.join(_CRASH_LOGS, name), ignore_errors=True)
    return rc, err + out


def _crash_logs() -> Set[str]:
    try:
        return set(os.listdir(_CRASH_LOGS))
    except OSError:
        return set()


_LOAD = """
set -e
mount -t tmpfs -o mode=755 tmpfs /etc/frr
cp "$1/ours.conf" /etc/frr/frr.conf
: > /etc/frr/vtysh.conf
chown -R frr:frr /etc/frr
run=$(readlink -f /var/run/frr 2>/dev/null || echo /run/frr)
mkdir -p "$run"
mount -t tmpfs -o mode=755 tmpfs "$run"
chown frr:frr "$run"
[ ! -d /var/tmp ] || mount -t tmpfs -o mode=1777 tmpfs /var/tmp
ip link set lo up
while read -r address; do ip address add "$address" dev lo 2>/dev/null || :; done <"$1/addresses"
for daemon in mgmtd zebra bgpd; do
  [ -x "$2/$daemon" ] || continue
  case $daemon in bgpd) port="-p 0" ;; *) port="" ;; esac
  # shellcheck disable=SC2086
  "$2/$daemon" -d -A 127.0.0.1 $port >/dev/null 2>&1
done
n=0
until vtysh -d bgpd -c 'show version' >/dev/null 2>&1 && vtysh -d zebra -c 'show version' >/dev/null 2>&1; do
  n=$((n + 1))
  [ "$n" -lt 100 ] || exit 97
  sleep 0.1
done
echo loaded-from-here
vtysh -f "$1/ours.conf" 2>&1 || :
"""
"""Starts FRR's daemons under new sockets, with nothing of the real ones in sight, and loads the file into them.

Mounts and processes are the namespaces' own and end with them. The router's own addresses stand on the loopback: BGP
refuses a neighbor with one of them.
"""


def throw_away_load(folder: str) -> Optional[str]:
    """Return what a fresh FRR says of ``ours.conf`` in a folder, or None where it cannot be started here."""
    _rc, out, _err = run(["ip", "-o", "address", "show", "scope", "global"])
    addresses = [words[3] for words in (line.split() for line in out.split("\n")) if len(words) > 3]
    listed = folder + "/addresses"
    remove(listed)
    write_new(listed, "".join(address + "\n" for address in addresses), 0o600, 0, 0)
    argv = ["unshare", "--mount", "--propagation", "private", "--net", "--ipc", "--pid", "--fork", "--kill-child"]
    try:
        rc, out, _err = run([*argv, "sh", "-c", _LOAD, "sh", folder, LIBRARY], _THROW_AWAY_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    _before, mark, said = out.partition("loaded-from-here\n")
    return said if rc == 0 and mark else None

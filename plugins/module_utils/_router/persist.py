# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What brings frr.conf back after a firmware upgrade of UniFi OS, which keeps /data alone: a copy, a script, two hooks.

/data/on_boot.d is run at boot where udm-boot or unifi-on-boot is installed; the second survives an upgrade by itself
(ubnt-dpkg-cache). A unit of systemd needs neither, and lives as long as /etc/systemd/system does. Each boot runs what
is there of both, and a second run of the script does nothing.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import os
from typing import List, NamedTuple

from .._errors import EdgeError
from . import files, programs

DATA = "/data"
"""What an upgrade keeps, since UniFi OS 2."""
FOLDER = DATA + "/hybridnet-cluster-edge/frr"
KEPT = FOLDER + "/frr.conf"
SCRIPT = FOLDER + "/restore.sh"
KEPT_UNIT = FOLDER + "/unit"
ASIDE = FOLDER + "/frr.conf.before-restore"
HOOK = DATA + "/on_boot.d/20-hybridnet-cluster-edge-frr.sh"
UNIT = "hybridnet-cluster-edge-frr.service"
UNIT_PATH = "/etc/systemd/system/" + UNIT

_HEAD = "# Written by hybridnet.cluster_edge (edge_router_persist: true); a run without it takes this file away.\n"

_SCRIPT = (
    "#!/bin/sh\n"
    + _HEAD
    + r"""# Brings FRR's configuration back where a firmware upgrade has reset it. Another owner of BGP is left alone.
set -eu
kept='@KEPT@' aside='@ASIDE@' kept_unit='@KEPT_UNIT@' unit='@UNIT_PATH@'
conf=/etc/frr/frr.conf daemons=/etc/frr/daemons

say() {
    echo "cluster-edge-frr: $1"
    logger -t cluster-edge-frr "$1" 2>/dev/null || :
}

if [ ! -e "$unit" ]; then
    cp "$kept_unit" "$unit"
    systemctl daemon-reload
    systemctl enable "$(basename "$unit")" >/dev/null 2>&1
    say "the boot unit was gone and is back"
fi
if [ ! -x /usr/lib/frr/bgpd ] || [ ! -e "$daemons" ]; then
    say "no FRR here: nothing done"
    exit 0
fi
same=no
cmp -s "$kept" "$conf" && same=yes
if [ "$same" = yes ] && grep -q '^bgpd=yes' "$daemons" && systemctl -q is-enabled frr; then
    systemctl -q is-active frr && exit 0
fi
if [ "$same" = no ]; then
    if grep -q '^router bgp ' "$conf" 2>/dev/null; then
        say "$conf has another BGP configuration: left alone"
        exit 0
    fi
    if vtysh -c 'show running-config' 2>/dev/null | grep -q '^router bgp '; then
        say "bgpd runs a configuration that is not in $conf, such as UniFi Network's: left alone"
        exit 0
    fi
    if ! vtysh -C -f "$kept" >/dev/null 2>&1; then
        say "this FRR refuses $kept: left alone"
        exit 0
    fi
    umask 077
    if [ -e "$conf" ]; then cp "$conf" "$aside"; fi
    rm -f "$conf.cluster-edge.new"
    cp "$kept" "$conf.cluster-edge.new"
    chown frr:frr "$conf.cluster-edge.new"
    chmod 640 "$conf.cluster-edge.new"
    mv "$conf.cluster-edge.new" "$conf"
fi
if ! grep -q '^bgpd=yes' "$daemons"; then
    if grep -q '^bgpd=' "$daemons"; then sed -i 's/^bgpd=.*/bgpd=yes/' "$daemons"; else echo 'bgpd=yes' >>"$daemons"; fi
fi
systemctl enable frr >/dev/null 2>&1
systemctl reset-failed frr 2>/dev/null || :
systemctl restart frr
say "FRR's configuration is back"
"""
)

_UNIT = (
    _HEAD
    + """[Unit]
Description=Bring FRR's configuration back after a firmware upgrade
After=frr.service network.target
ConditionPathExists=@SCRIPT@

[Service]
Type=oneshot
ExecStart=/bin/sh @SCRIPT@

[Install]
WantedBy=multi-user.target
"""
)


class File(NamedTuple):
    """A file that has to be there."""

    path: str
    text: str
    mode: int


def _filled(text: str) -> str:
    for name in ("KEPT_UNIT", "UNIT_PATH", "KEPT", "ASIDE", "SCRIPT"):
        text = text.replace("@" + name + "@", globals()[name])
    return text


def wanted(config: str) -> List[File]:
    """Return the files that bring a frr.conf back.

    Args:
        config: the frr.conf.
    """
    return [
        File(KEPT, config, 0o600),
        File(SCRIPT, _filled(_SCRIPT), 0o700),
        File(KEPT_UNIT, _filled(_UNIT), 0o600),
        File(HOOK, "#!/bin/sh\n" + _HEAD + "exec /bin/sh {0}\n".format(SCRIPT), 0o755),
        File(UNIT_PATH, _filled(_UNIT), 0o644),
    ]


def lacking(config: str) -> List[File]:
    """Return those of the files that are not as they should be."""
    return [file for file in wanted(config) if not _is_there(file)]


def _is_there(file: File) -> bool:
    try:
        mode = os.stat(file.path).st_mode & 0o777
    except FileNotFoundError:
        return False
    return mode == file.mode and files.read(file.path) == file.text


def is_enabled() -> bool:
    """Return whether systemd runs the unit at boot."""
    return programs.service_is("is-enabled", UNIT) is True


def put(lacks: List[File]) -> None:
    """Write files, each whole and at once with its mode, and let systemd run the unit at boot.

    Raises:
        EdgeError: there is no /data here, or systemd does not take the unit.
        OSError: the disk takes no file.
    """
    if not os.path.isdir(DATA):
        raise EdgeError(DATA, "is no folder here, so nothing survives an upgrade", "UniFi OS 2 or later has it")
    for file in lacks:
        os.makedirs(os.path.dirname(file.path), mode=0o700 if file.path.startswith(FOLDER) else 0o755, exist_ok=True)
        draft = file.path + files.DRAFT_SUFFIX
        files.remove(draft)
        files.write_new(draft, file.text, file.mode, 0, 0)
        os.rename(draft, file.path)
    programs.systemctl("daemon-reload")
    said = programs.systemctl("enable", UNIT)
    if not is_enabled():
        raise EdgeError(
            UNIT, "systemctl enable left it out, so it would not run at boot: {0}".format(said or "no word")
        )


def present() -> List[str]:
    """Return the paths of all that ``put`` or the script wrote, as far as they are there."""
    paths = [file.path for file in wanted("")] + [ASIDE]
    return sorted(path for path in paths if os.path.lexists(path))


def take_away(paths: List[str]) -> None:
    """Remove the hooks first, then the copy they would bring back; folders of ours, where they are empty.

    Raises:
        OSError: the disk is read-only.
    """
    if UNIT_PATH in paths:
        programs.systemctl("disable", UNIT)
    for path in sorted(paths, key=lambda path: path not in (HOOK, UNIT_PATH)):
        os.unlink(path)
    programs.systemctl("daemon-reload")
    for folder in (FOLDER, os.path.dirname(FOLDER)):
        if os.path.isdir(folder) and not os.listdir(folder):
            os.rmdir(folder)

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
from .._frr import config as frr
from .._frr import foreign, transaction
from . import files, lock, programs

DATA = "/data"
"""What an upgrade keeps, since UniFi OS 2."""
FOLDER = DATA + "/hybridnet-cluster-edge/frr"
KEPT = FOLDER + "/frr.conf"
SHOWN = FOLDER + "/frr.conf.shown"
SCRIPT = FOLDER + "/restore.sh"
KEPT_UNIT = FOLDER + "/unit"
ASIDE = FOLDER + "/frr.conf.before-restore"
HOOK = DATA + "/on_boot.d/20-hybridnet-cluster-edge-frr.sh"
UNIT = "hybridnet-cluster-edge-frr.service"
UNIT_PATH = "/etc/systemd/system/" + UNIT
VTYSH_SECONDS = 60
"""How long the script waits for an answer of vtysh: after a boot a daemon may accept it and say nothing."""
LOCK_SECONDS = 300
"""How long it waits for a run, or for the other hook."""
STARTING_SECONDS = 60
"""How long it waits for a frr.service that is starting."""
RESTART_SECONDS = 150
"""How long it waits for systemd to restart FRR."""
BACK_SECONDS = 30
"""How long FRR may take after that to run its BGP."""
UNIT_SECONDS = 900
"""When systemd ends the script, should it not end by itself: more than all of these."""

_HEAD = "# Written by hybridnet.cluster_edge (edge_router_persist: true); a run without it takes this file away.\n"

_SCRIPT = (
    "#!/bin/sh\n"
    + _HEAD
    + r"""# Brings FRR's configuration back where a firmware upgrade has reset it. What others configured is left alone.
set -eu
kept='@KEPT@' shown='@SHOWN@' aside='@ASIDE@' kept_unit='@KEPT_UNIT@' unit='@UNIT_PATH@'
conf=/etc/frr/frr.conf daemons=/etc/frr/daemons
# The BGP instance of the default VRF.
instance='^[[:space:]]*router bgp [0-9.]+( as-notation [a-z+]+)?[[:space:]]*$'

say() {
    # The echo of some shells reads a backslash.
    printf 'cluster-edge-frr: %s\n' "$1"
    logger -t cluster-edge-frr "$1" 2>/dev/null || :
}

leave() {
    say "$1: left alone"
    exit 0
}

active() {
    systemctl is-active frr 2>/dev/null || :
}

# A program that hangs must hold neither this script up nor the lock.
limited() {
    seconds=$1
    shift
    timeout -k 5 "$seconds" "$@" </dev/null 9>&-
}

running() {
    limited @VTYSH_SECONDS@ vtysh -c 'show running-config' 2>/dev/null || :
}

has_instance() {
    printf '%s\n' "$1" | grep -Eq "$instance"
}

uptime() {
    cut -d. -f1 /proc/uptime
}

# What FRR starts with: without frr.conf it reads a file for each daemon.
written() {
    if [ -e "$conf" ]; then cat "$conf"; else cat /etc/frr/*d.conf /etc/frr/zebra.conf 2>/dev/null || :; fi
}

# Prints the name of the first block of the configuration on stdin that the copy lacks, or of which it lacks a line.
# Whose BGP instance runs is asked apart. What follows the word of a secret is not printed.
lacking() {
    awk '
    where == "shown" { known[$0]; next }
    { sub(/\r$/, ""); inside = /^[ \t]/; $1 = $1 }
    /^([!#]|exit|end$|$)/ { next }
    !inside { block = $0 }
    !inside && /@NOT_CONFIGURATION@/ { next }
    # FRR shows these for what the kernel has, without a line in them.
    !inside && /@EMPTY_BLOCKS@/ { next }
    { line = inside ? block "\t" $0 : $0 }
    where == "kept" { known[line]; next }
    # Who writes by hand need not indent.
    line in known || inside && $0 in known { next }
    inside && block ~ /^router bgp [0-9.]+( as-notation [a-z+]+)?$/ { next }
    {
        words = split(block, word, " ")
        told = ""
        for (i = 1; i <= words && told !~ /@SECRET_WORDS@/; i++) told = told word[i] " "
        sub(/ $/, i > words ? "" : " ...", told)
        print told
        exit
    }
    ' where=shown "$shown" where=kept "$kept" where=theirs -
}

# The other hook may run at the same time, and so may a run of the collection, which holds the same lock.
umask 077
exec 9>>'@LOCK@'
if ! flock -w @LOCK_SECONDS@ 9; then leave "a run, or the other hook, has held @LOCK@ for @LOCK_SECONDS@ s"; fi
# The same lines as FRR shows them are of no use beside another copy: a power cut came between the two.
if [ "$(head -n 1 "$shown" 2>/dev/null)" != "$(sha256sum <"$kept" | cut -d ' ' -f 1)" ]; then shown=/dev/null; fi
if [ ! -e "$unit" ]; then
    cp "$kept_unit" "$unit"
    chmod 644 "$unit"
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
for _ in $(seq @STARTING_SECONDS@); do
    case $(active) in *ing) sleep 1 ;; *) break ;; esac
done
if [ "$same" = yes ] && grep -q '^bgpd=yes' "$daemons" && systemctl -q is-enabled frr && [ "$(active)" = active ]; then
    exit 0
fi
case $(active) in *ing) leave "frr.service is still starting or stopping" ;; esac
status=0
runs=$(limited @VTYSH_SECONDS@ vtysh -c 'show running-config' 2>/dev/null) || status=$?
case $status in 124 | 137) leave "vtysh has not shown what FRR runs within @VTYSH_SECONDS@ s" ;; esac
if [ "$(active)" = active ]; then
    if ! printf '%s\n' "$runs" | grep -q '^end'; then leave "FRR runs and does not show its whole configuration"; fi
elif [ -n "$runs" ]; then
    leave "FRR runs without frr.service, which would start a second one beside it"
fi
if [ "$same" = no ]; then
    if written | grep -Eq "$instance"; then leave "$conf has another BGP configuration"; fi
    if has_instance "$runs"; then
        leave "bgpd runs a configuration that is not in $conf, such as UniFi Network's"
    fi
    theirs=$(written | lacking)
    if [ -n "$theirs" ]; then leave "what FRR starts with has '$theirs', which is not so in $kept"; fi
fi
theirs=$(printf '%s\n' "$runs" | lacking)
if [ -n "$theirs" ]; then leave "FRR runs '$theirs', which is not so in $kept"; fi
# FRR before 10 ends with 0 on some errors, and says them.
status=0
said=$(limited @VTYSH_SECONDS@ vtysh -C -f "$kept" 2>&1 >/dev/null) || status=$?
case $status in 124 | 137) leave "vtysh has not checked $kept within @VTYSH_SECONDS@ s" ;; esac
said=$(printf '%s\n' "$said" | grep -Ev '@NO_FAULT@' || :)
if [ "$status" != 0 ] || [ -n "$said" ]; then leave "this FRR refuses $kept"; fi
if [ "$same" = no ]; then
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
if has_instance "$runs"; then
    say "FRR runs its configuration, and starts with it again"
    exit 0
fi
systemctl reset-failed frr 2>/dev/null || :
limited @RESTART_SECONDS@ systemctl restart frr || :
end=$(($(uptime) + @BACK_SECONDS@))
while :; do
    if has_instance "$(running)"; then
        say "FRR's configuration is back"
        exit 0
    fi
    if [ "$(uptime)" -ge "$end" ]; then break; fi
    sleep 1
done
say "$conf is $kept again, and FRR does not run its BGP: look at systemctl status frr"
exit 1
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
TimeoutStartSec=@UNIT_SECONDS@
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
    """Return a text with each ``@NAME@`` replaced by what it stands for."""
    here = (
        "KEPT", "SHOWN", "KEPT_UNIT", "UNIT_PATH", "ASIDE", "SCRIPT", "VTYSH_SECONDS", "LOCK_SECONDS",
        "STARTING_SECONDS", "RESTART_SECONDS", "BACK_SECONDS", "UNIT_SECONDS",
    )  # fmt: skip
    values = {name: str(globals()[name]) for name in here}
    values["LOCK"] = lock.PATH
    values["NOT_CONFIGURATION"] = foreign.NOT_CONFIGURATION
    values["EMPTY_BLOCKS"] = "^({0})".format("|".join(foreign.EMPTY_BLOCKS))
    values["SECRET_WORDS"] = frr.SECRET_WORDS
    values["NO_FAULT"] = transaction.NO_FAULT
    for name, value in values.items():
        text = text.replace("@" + name + "@", value)
    return text


def shown(config: str) -> str:
    """Return the lines of a frr.conf as FRR shows them, each as ``block<TAB>line``, below the file's digest.

    A person writes ``ip prefix-list A permit 10.0.0.0/8``, and FRR shows it with a number; nobody else configured that.
    What ran when the copy was made is no source of it: it may be somebody's who did not save it, and a restart ends it.
    Of a file that cannot be read there are none.
    """
    lines = [files.digest(config) or ""]
    try:
        blocks = foreign.blocks(config, set())
    except EdgeError:
        blocks = {}
    for name, inner in blocks.items():
        lines.extend([name, *("{0}\t{1}".format(name, line) for line in inner)])
    return "\n".join(lines) + "\n"


def wanted(config: str) -> List[File]:
    """Return the files that bring a frr.conf back.

    Args:
        config: the frr.conf.
    """
    return [
        File(KEPT, config, 0o600),
        File(SHOWN, shown(config), 0o600),
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


def require_data() -> None:
    """Raise where nothing survives an upgrade: asked before anything is changed, in a preview too.

    Raises:
        EdgeError: there is no /data here.
    """
    if not os.path.isdir(DATA):
        raise EdgeError(DATA, "is no folder here, so nothing survives an upgrade", "UniFi OS 2 or later has it")


def put(lacks: List[File]) -> None:
    """Write files, each whole and at once with its mode, and let systemd run the unit at boot.

    Raises:
        EdgeError: systemd does not take the unit.
        OSError: the disk takes no file.
    """
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


def every_path() -> List[str]:
    """Return the paths of all that ``put`` and the script write and leave."""
    return sorted([file.path for file in wanted("")] + [ASIDE])


def present() -> List[str]:
    """Return which of these are there, with the drafts of a write that was cut off: those may hold passwords too."""
    paths = [path + ending for path in every_path() for ending in ("", files.DRAFT_SUFFIX)]
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

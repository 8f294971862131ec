# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR on the router, by its own programs. Their exit codes lie, so whoever changes something reads it back.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import signal
import subprocess
import tempfile
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._frr import config as frr
from .._frr import naming, state

CONFIG = "/etc/frr/frr.conf"
DAEMONS = "/etc/frr/daemons"
FOLDER = "/etc/frr"
RUN = "/run/frr"
"""Where each daemon of FRR keeps its process number, as ``<daemon>.pid``."""
LIBRARY = "/usr/lib/frr"
SERVICE = "frr.service"
TIMEOUT = 120
"""Seconds that one program may run: frr-reload.py starts one vtysh for each line that it removes."""
_SCRATCH = "cluster-edge-"
_MARK = "CLUSTER_EDGE_CHANGE"
"""Variable of the environment by which a program is known as started by a transaction, also as an orphan of one."""
_ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    # vtysh notes each command, passwords with it, in the user's history.
    "VTYSH_HISTFILE": "/dev/null",
    "HOME": "/nonexistent",
    _MARK: "1",
}


def run(argv: Sequence[str], timeout: float = TIMEOUT) -> Tuple[int, str, str]:
    """Return (exit code, output, errors) of a program; a negative code is the signal that ended it.

    Raises:
        subprocess.TimeoutExpired: it ran too long; it and all that it started are ended.
    """
    with subprocess.Popen(
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_ENVIRONMENT,
        # A group of its own: a vtysh below frr-reload.py must not outlive it and race the rollback.
        preexec_fn=os.setpgrp,
    ) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
    return process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def vtysh(command: str) -> str:
    """Return what vtysh prints; empty when no daemon answers."""
    return run(["vtysh", "-c", command])[1]


def running_text() -> Optional[str]:
    """Return ``show running-config`` without the words around it, or None when FRR does not answer it whole."""
    return state.read_running(vtysh("show running-config"))


def sessions() -> Dict[str, state.SessionState]:
    """Return the BGP sessions by address."""
    text = vtysh("show bgp neighbors json")
    return state.read_sessions(state.read_json(text, "show bgp neighbors json")) if text.startswith("{") else {}


def systemctl(*words: str) -> str:
    """Return what systemctl says."""
    _rc, out, err = run(["systemctl", *words])
    return (out or err).strip()


SETTLED = {
    "is-active": {"active": True, "inactive": False, "failed": False},
    "is-enabled": {
        "enabled": True,
        # Something else starts these at boot, and "systemctl enable" can do nothing.
        "static": True,
        "indirect": True,
        "generated": True,
        "alias": True,
        "disabled": False,
        "enabled-runtime": False,
        "linked": False,
        "linked-runtime": False,
        "masked": False,
        "masked-runtime": False,
        "not-found": False,
    },
}
"""Question to systemctl -> its answers that last, and what each means for frr.service: it runs, it starts at boot."""


_NO_UNIT = re.compile(r"Failed to get unit file state for \S+: No such file or directory")


def service_is(question: str, unit: str = SERVICE) -> Optional[bool]:
    """Return what systemd says of a unit; None while it changes (``reloading``), and where systemd does not know.

    Args:
        question: one of :data:`SETTLED`.
        unit: a unit of systemd.
    """
    said = systemctl(question, unit)
    # Of a unit that is not there an older systemd (v247) says only this; without D-Bus it says nearly the same.
    return SETTLED[question].get("not-found" if _NO_UNIT.match(said) else said)


def bgpd_running() -> bool:
    """Return whether bgpd answers."""
    return run(["vtysh", "-d", "bgpd", "-c", "show version"])[0] == 0


def daemons() -> Dict[str, str]:
    """Return FRR's daemons that run: name -> its process, by number and start time."""
    found: Dict[str, str] = {}
    for path in glob.glob(RUN + "/*.pid"):
        name = os.path.basename(path)[: -len(".pid")]
        try:
            with open(path, encoding="ascii", errors="replace") as handle:
                pid = int(handle.read())
            with open("/proc/{0}/stat".format(pid), encoding="ascii", errors="replace") as handle:
                command, _bracket, rest = handle.read().partition(" (")[2].rpartition(") ")
        except (OSError, ValueError):
            continue
        fields = rest.split()  # proc(5): from the third on, the state; the start time is the 22nd
        # The file of a daemon that was killed stays, and its number may be another process by now.
        if command == name.partition("-")[0] and fields[0] != "Z":
            found[name] = "{0} {1}".format(pid, fields[19])
    return found


def lock_of_another() -> str:
    """Return what vtysh says when another session has the configuration locked, else an empty text.

    FRR before 9 knows no such lock, and calls the words unknown.
    """
    said = vtysh("configure terminal file-lock").strip()
    return said if "locked by another session" in said else ""


def bgpd_version() -> str:
    """Return FRR's version.

    Raises:
        EdgeError: bgpd does not say one.
    """
    _rc, out, _err = run([LIBRARY + "/bgpd", "--version"])
    return state.read_version(out)


def has_reload() -> bool:
    """Return whether frr-reload.py is there."""
    return os.path.exists(LIBRARY + "/frr-reload.py")


def scratch_folder() -> str:
    """Make a folder for files that hold passwords; root alone may enter it."""
    return tempfile.mkdtemp(prefix=_SCRATCH, dir="/run")


def remove_stale_scratch_folders() -> None:
    """Remove the folders of changes that were cut off. Only the one change that holds the lock may call it."""
    for name in os.listdir("/run"):
        if name.startswith(_SCRATCH):
            shutil.rmtree(os.path.join("/run", name), ignore_errors=True)


class Reload(NamedTuple):
    """What frr-reload.py said and saw."""

    said: str
    """Its complaints, without secrets."""
    saw: str
    """The running configuration with which it compared; empty where it did not come so far."""


_RECORD = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ .*\n(?:(?!\d{4}-\d\d-\d\d |Traceback ).*\n?)*", re.MULTILINE)
"""One record of frr-reload.py's log, with the lines that belong to it."""
_SAW = re.compile(r"^\S+ \S+ +DEBUG: Running Frr Config \(Pass #0\)\n")


def reload(text: str, secrets: str = "") -> Reload:
    """Bring the running configuration to ``text`` by frr-reload.py.

    Args:
        text: a whole configuration.
        secrets: changed passwords as commands: frr-reload.py would show them on a command line, so they go in by a file
            before it.
    """
    folder = scratch_folder()
    try:
        out = ""
        if secrets:
            _write(folder + "/secrets.conf", secrets)
            out += "".join(run(["vtysh", "-f", folder + "/secrets.conf"])[1:])
        # With another folder than its own it would end with "write memory", which rewrites /etc/frr/frr.conf.
        _write(folder + "/vtysh.conf", "service integrated-vtysh-config\n")
        _write(folder + "/frr.conf", text)
        # What it compares with stands in its log alone, and there with --debug alone.
        argv = [LIBRARY + "/frr-reload.py", "--reload", "--debug", "--stdout", "--bindir", "/usr/bin"]
        log = "".join(run([*argv, "--confdir", folder, folder + "/frr.conf"])[1:])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Reload(complaints(out + without_quotes(log)), seen_by_reload(log))


NAME_ATTEMPTS = 5
"""How often a dynamic neighbor's session is ended that is back before its name is said."""


def give_names(wanted: naming.Naming) -> str:
    """Let dynamic neighbors become named ones; return what FRR said against it, without secrets.

    Args:
        wanted: their groups and names.
    """
    out = ""
    if wanted.groups_text:
        folder = scratch_folder()
        try:
            _write(folder + "/groups.conf", wanted.groups_text)
            out = "".join(run(["vtysh", "-f", folder + "/groups.conf"])[1:])
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    for commands in wanted.calls:
        said = ""
        for _attempt in range(NAME_ATTEMPTS):
            said = "".join(run(["vtysh", *(word for command in commands for word in ("-c", command))])[1:])
            if naming.REFUSED not in said:
                break
        out += "\n" + said
    return complaints(out)


def seen_by_reload(log: str) -> str:
    """Return the running configuration that frr-reload.py's log shows first, or an empty text."""
    for record in _RECORD.findall(log):
        if _SAW.match(record):
            return frr.indented(_SAW.sub("", record, count=1))
    return ""


def without_quotes(log: str) -> str:
    """Return frr-reload.py's log without its debug records, which quote whole configurations."""
    return _RECORD.sub(lambda found: "" if " DEBUG: " in found.group().split("\n", 1)[0] else found.group(), log)


_QUOTED_SECRET = re.compile(r" (?=\S*(?:" + frr.SECRET_WORDS + r")\b)")
"""Where a quoted command begins to name a secret; a log quotes it in any form, so all that follows is left out."""


def complaints(out: str) -> str:
    """Return what programs complained of; their logs quote commands, so nothing that follows the name of a secret."""
    lines = [line for line in out.split("\n") if "ERROR" in line or "rror" in line or line.startswith("%")]
    return "; ".join(_QUOTED_SECRET.split(line, maxsplit=1)[0] for line in lines[-5:])


def _write(path: str, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.write(text)


def restart() -> None:
    """Restart FRR; systemd refuses a fourth start within three minutes and would leave the router without FRR."""
    systemctl("reset-failed", SERVICE)
    systemctl("restart", SERVICE)


def clear(direction: str) -> None:
    """Let changed filters act on what was received (``in``) or announced (``out``) before."""
    vtysh("clear bgp * soft {0}".format(direction))


def daemon_files() -> Dict[str, str]:
    """Return the per-daemon configuration files that FRR reads while there is no frr.conf, by name."""
    found: Dict[str, str] = {}
    try:
        names = os.listdir(FOLDER)
    except FileNotFoundError:
        return found
    for name in sorted(names):
        # support_bundle_commands.conf and vtysh.conf configure no daemon.
        if name.endswith("d.conf") or name in ("zebra.conf", "vrrpd.conf"):
            with open(os.path.join(FOLDER, name), encoding="utf-8", errors="surrogateescape") as handle:
                found[name] = handle.read()
    return found


def described(found: Mapping[str, state.SessionState]) -> Dict[str, Any]:
    """Return sessions as plain data for the result."""
    return {
        address: {"state": session.state, "asn": session.asn, "accepted": dict(session.accepted)}
        for address, session in sorted(found.items())
    }


def orphans_of(session: int) -> List[int]:
    """Return the programs that a transaction started in its session (setsid) and that still run, by /proc.

    The number alone is not enough: long after the transaction's end another session may have it.
    """
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/{0}/stat".format(name), encoding="ascii", errors="replace") as handle:
                    fields = handle.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z" and _is_marked(name):
                found.append(int(name))
    return found


def _is_marked(process: str) -> bool:
    try:
        with open("/proc/{0}/environ".format(process), "rb") as handle:
            return "{0}=1".format(_MARK).encode() in handle.read().split(b"\0")
    except OSError:
        return False

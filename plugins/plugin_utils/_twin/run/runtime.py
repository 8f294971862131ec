# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of bringing a twin up share: its folder, its cgroup, progress, starting and waiting."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from ....module_utils._errors import EdgeError
from .cgroups import Cgroup

Result = TypeVar("Result")

NETNS = Path("/run/netns")
_POLL = 0.05
_HEARTBEAT = 10.0
_LOG_LINES = 20
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where the machine's own programs are, whatever the caller's PATH says."""
UMASK = 0o022
"""Of every program of a twin, whatever the caller's: daemons that are not root read what root makes."""
_ENVIRONMENT = {
    "PATH": PATH,
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
}


class Progress:
    """Reports what happens, with the seconds since the start."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._start = time.monotonic()
        self.milestones: list[dict[str, float | str]] = []

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._start

    def step(self, text: str) -> None:
        """Report a milestone and keep it with its time."""
        seconds = round(self.elapsed(), 1)
        self.milestones.append({"seconds": seconds, "step": text})
        self._say(f"[{seconds:6.1f} s] {text}")

    def waiting(self, text: str) -> None:
        """Report that something still goes on; not a milestone."""
        self._say(f"[{self.elapsed():6.1f} s] ... {text}")


class Runtime:
    """A twin's folder, cgroup and programs that run.

    Args:
        name: what its namespaces, cgroup and machines start with (``twin-<name>``).
        folder: where its files live; on a real disk.
    """

    def __init__(self, name: str, folder: Path, progress: Progress) -> None:
        self.name = name
        self.folder = folder
        self.progress = progress
        self.cgroup = Cgroup.of_twin(name)
        self.started: list[str] = []

    def log(self, program: str) -> Path:
        """Return the log file of a program."""
        return self.folder / "logs" / f"{program}.log"

    def running(self, program: str) -> bool:
        """Return whether a process of ``program`` lives."""
        return self.cgroup.child(program).populated()

    def start(
        self,
        program: str,
        argv: Sequence[str | Path],
        namespace: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> int:
        """Start ``argv`` in a cgroup and session of its own, and in network namespace ``namespace``; return its pid.

        The environment is clean, so that nothing of the caller's (proxies, credentials) reaches the twin. The umask is
        the usual one.
        """
        self.started.append(program)
        group = self.cgroup.child(program)
        group.create()
        command: list[str] = ["/bin/sh", "-c", 'echo 0 > "$0/cgroup.procs" && exec "$@"', str(group.path)]
        if namespace:
            command += ["nsenter", f"--net={NETNS / namespace}", "--"]
        command += map(str, argv)
        self.log(program).parent.mkdir(parents=True, exist_ok=True)
        with self.log(program).open("ab") as log:
            process = subprocess.Popen(  # pylint: disable=consider-using-with
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd="/",
                env={**_ENVIRONMENT, **(environment or {})},
                umask=UMASK,
            )
        while process.poll() is None and process.pid not in group.pids():
            time.sleep(0.001)  # the shell is about to enter its cgroup; whoever asks what runs must see it there
        return process.pid

    def last_lines(self, program: str) -> str:
        """Return the end of a program's log, for an error."""
        try:
            text = self.log(program).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return "it has no log"
        lines = [line[:400] for line in text.splitlines()[-_LOG_LINES:]]
        return "\n".join([f"last lines of {self.log(program)}:", *lines])

    def wait(
        self,
        what: str,
        probe: Callable[[], Result],
        limit: float,
        program: str | None = None,
        quiet: bool = False,
    ) -> Result:
        """Poll ``probe`` until it returns something true, and return that.

        Args:
            what: what is waited for, as an end of "waiting for ...".
            probe: looks once, without waiting.
            limit: seconds.
            program: the program on which it depends: when it ends, waiting ends.
            quiet: no milestone when it is there.

        Raises:
            EdgeError: the limit is over or the program has ended; with the last lines of its log.
        """
        start = time.monotonic()
        spoken = start
        while True:
            result = probe()
            now = time.monotonic()
            if result:
                if not quiet:
                    self.progress.step(what)
                return result
            tail = f"\n{self.last_lines(program)}" if program else ""
            if program and not self.running(program):
                raise EdgeError(f"twin {self.name}", f"{program} ended while waiting for: {what}{tail}")
            if now - start > limit:
                raise EdgeError(f"twin {self.name}", f"not there after {limit:g} s: {what}{tail}")
            if now - spoken > _HEARTBEAT:
                spoken = now
                self.progress.waiting(f"waiting for: {what} (for {now - start:.0f} s, limit {limit:g} s)")
            time.sleep(_POLL)


def run(argv: Sequence[str | Path], text: str | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Run a short command to its end and return its output.

    Raises:
        EdgeError: it failed; with its command and its last lines.
    """
    command = [str(item) for item in argv]
    try:
        done = subprocess.run(
            command,
            input=text,
            stdin=None if text is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={**_ENVIRONMENT, **(environment or {})},
            umask=UMASK,
        )
    except FileNotFoundError as error:
        raise EdgeError("", f"the program {command[0]} is missing") from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()[-_LOG_LINES:]
        raise EdgeError("", "\n".join([f"`{' '.join(command)}` failed with {done.returncode}:", *lines]))
    return done.stdout


def draft_of(path: Path) -> Path:
    """Return the file that :func:`write` makes first."""
    return path.with_name(f".{path.name}.new")


def write(path: Path, content: str, mode: int = 0o600) -> None:
    """Write a file whole or not at all, with ``mode`` from the first byte.

    Raises:
        EdgeError: it cannot be written; no part of it is left.
    """
    draft = draft_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
            file.write(content)
        draft.chmod(mode)
        draft.rename(path)
    except BaseException as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise refused("edge_twin_folder", error, path) from error
        raise


_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def refused(variable: str, error: OSError, path: Path | None = None) -> EdgeError:
    """Return what a user is told where the machine refuses to write, read, remove or reach something.

    Args:
        variable: what the path depends on.
        error: what the machine said.
        path: where, if the error does not say it.
    """
    place = path or error.filename
    text = error.strerror or str(error)
    hint = "run the same again"
    if error.errno in _FULL:
        hint = f"make room there, or choose a place on another disk, then {hint}"
    elif error.errno in _FORBIDDEN and place:  # an error of TLS has no place, and numbers of its own
        hint = f"see that root may change it, then {hint}"
    return EdgeError(variable, f"{place}: {text}" if place else text, hint)

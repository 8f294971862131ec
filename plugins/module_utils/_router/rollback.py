# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back to the state before a change: files first, then the running FRR, each step on its own.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import time
from typing import Callable, Collection, List, NamedTuple, Optional, Set, TypeVar

from .._frr import config as frr
from .._frr import transaction
from .._frr.foreign import Blocks, blocks, missing, with_additions
from . import files, programs

READ_BACK_TIMEOUT = 20
"""Seconds until the running configuration must be what was loaded."""
Answer = TypeVar("Answer")


class RefusedError(Exception):
    """The router is untouched; says why."""


class FailedError(Exception):
    """The change did not hold; the old state must come back."""


def poll(probe: Callable[[], Answer], limit: float, every: float = 0.25) -> Answer:
    """Return the first empty answer of ``probe``, or its last one after ``limit`` seconds."""
    end = time.monotonic() + limit
    while True:
        answer = probe()
        if not answer or time.monotonic() > end:
            return answer
        time.sleep(every)


class Restored(NamedTuple):
    """What became of a way back."""

    left: str
    """What could not be restored; empty where all is as before."""
    gained: List[str]
    """Lines that others configured meanwhile, and that still run, or stand in /etc/frr/daemons."""
    lost: List[str]
    """Lines that others configured meanwhile, and that the way back took along."""


class Before(NamedTuple):
    """The state before a change, and the way back to it."""

    config: files.Kept
    """frr.conf."""
    daemons: files.Kept
    """/etc/frr/daemons."""
    running: Optional[str]
    """The running configuration; None = FRR did not run."""
    scope: Set[frr.Key]
    """The objects that the change replaces."""
    target: frr.Objects
    """What the change makes of them."""
    ran: bool
    """Whether FRR ran, as frr.service or without it."""
    enabled: bool
    """Whether it starts at boot."""
    others: Blocks
    """The blocks that are not ours and must run again; none where time has passed since."""
    processes: Collection[str]
    """FRR's daemons that must run again."""

    def problem(self) -> str:
        """Return how FRR differs from what it was, or an empty text: its daemons, our objects, what is not ours."""
        return self._problem_of_ours() or self._problem_of_others()

    def _problem_of_ours(self) -> str:
        text = programs.running_text()
        if text is None:
            return "FRR does not answer" if self.ran else ""
        gone = sorted(set(self.processes) - set(programs.daemons()))
        if gone:
            return "FRR's daemons that do not run: {0}".format(", ".join(gone))
        running = frr.pick(frr.parse(text).objects, self.scope)
        wanted = frr.pick(frr.parse(self.running or "").objects, self.scope)
        return "" if frr.equal(running, wanted) else frr.unified_diff(wanted, running, ("before", "running"))

    def _problem_of_others(self) -> str:
        lost = missing(self.others, blocks(programs.running_text() or "", self.scope))
        return "lines that are not ours do not run any more: {0}".format("; ".join(lost)) if lost else ""

    def _restart_helps(self) -> bool:
        """Return whether FRR must start anew: for our objects always, for others' where it loses none."""
        if self._problem_of_ours():
            return True
        written = blocks(self.config.text or "", self.scope)
        running = blocks(programs.running_text() or "", self.scope)
        lost = set(missing(self.others, running))
        return not missing(running, written) and bool(lost.difference(missing(self.others, written)))

    def bring_back(self) -> Restored:
        """Restore files and FRR, each step on its own; return what became of it.

        A program that fails or hangs on the way is told where it left something behind: a restart may cure it.
        """
        failures: List[str] = []
        tried: List[str] = []

        def attempt(what: str, step: Callable[[], Answer], said: List[str]) -> Optional[Answer]:
            try:
                return step()
            except Exception as error:
                said.append("{0}: {1}".format(what, error))
                return None

        theirs = attempt("show running-config", self._of_others, tried) or []
        attempt("/etc/frr/frr.conf", lambda: files.put_back(self.config), failures)
        stays = attempt("/etc/frr/daemons", self._put_daemons_back, failures) or []
        if not self.enabled:
            attempt("systemctl disable", lambda: programs.systemctl("disable", programs.SERVICE), failures)
        if not self.ran:
            attempt("systemctl stop", lambda: programs.systemctl("stop", programs.SERVICE), failures)
            attempt("systemctl reset-failed", lambda: programs.systemctl("reset-failed", programs.SERVICE), failures)
            return Restored("\n".join(failures), stays, theirs)
        problem = self._problem_now()
        can_reload = problem and self.running is not None and programs.has_reload()
        if can_reload and attempt("bgpd", programs.bgpd_running, tried):
            attempt("frr-reload.py", self._reload, tried)
            problem = poll(self._problem_now, 5)
        if problem and attempt("show running-config", self._restart_helps, tried) is not False:
            attempt("systemctl restart", programs.restart, tried)
            problem = poll(self._problem_now, READ_BACK_TIMEOUT)
        still = set(attempt("show running-config", self._of_others, tried) or []) if theirs else set()
        return Restored(
            "\n".join([*failures, *([*tried, problem] if problem else [])]),
            stays + [line for line in theirs if line in still],
            [line for line in theirs if line not in still],
        )

    def _put_daemons_back(self) -> List[str]:
        """Bring /etc/frr/daemons back; what somebody else wrote into it since stays, and those lines are returned.

        Of a file that somebody edited only the line of bgpd comes back, where the change wrote it.
        """
        old, now = self.daemons.text, files.read_or_none(self.daemons.path)
        kept = now if now is None or old is None else transaction.without_our_bgpd(now, old)
        if now is None or kept == old or (old is not None and now == transaction.enable_bgpd(old)):
            files.put_back(self.daemons)
            return []
        if kept is not None and kept != now:
            files.swap(self.daemons.path, kept)
        known = set(frr.split_lines(old or ""))
        lines = [line for line in frr.split_lines(kept or "") if line.strip() and line not in known]
        return ["/etc/frr/daemons: {0}".format(line) for line in lines] or ["/etc/frr/daemons"]

    def _problem_now(self) -> str:
        """Return :meth:`problem`; a program that fails or hangs is one."""
        try:
            return self.problem()
        except Exception as error:
            return "what FRR runs cannot be read: {0}".format(error)

    def _of_others(self) -> List[str]:
        """Return the running lines that neither ran before nor are planned, without secrets: somebody typed them."""
        text = programs.running_text() or ""
        old = self.running or ""
        return [
            *missing(blocks(text, self.scope), blocks(old, self.scope)),
            *transaction.typed_into_ours(
                frr.pick(frr.parse(text).objects, self.scope),
                frr.pick(frr.parse(old).objects, self.scope),
                self.target,
            ),
        ]

    def _reload(self) -> None:
        now = programs.running_text() or ""
        running = frr.pick(frr.parse(now).objects, self.scope)
        wanted = frr.pick(frr.parse(self.running or "").objects, self.scope)
        text = with_additions(self.running or "", now, self.scope)
        secrets = transaction.password_changes(running, wanted)
        reload_beside_others(text, self.scope, now, secrets)
        # As after the change itself: neighbors would keep what a wider filter let out to them.
        programs.clear("in")
        programs.clear("out")


def reload_beside_others(text: str, scope: Set[frr.Key], known: str, secrets: str = "") -> programs.Reload:
    """Bring the running configuration to ``text``; what others typed after the last look at it stays.

    The reload takes that for a difference and removes it, but its log shows it: a second one puts it back.

    Args:
        text: a whole configuration.
        scope: the objects that the transaction replaces.
        known: the running configuration at the last look.
        secrets: changed passwords as commands.
    """
    done = programs.reload(text, secrets)
    # Line by line first: a block of others in a form that is not known here is no reason for a second reload.
    before = {" ".join(line.split()) for line in known.split("\n")}
    if before.issuperset(" ".join(line.split()) for line in done.saw.split("\n")):
        return done
    if not missing(blocks(done.saw, scope), blocks(known, scope)):
        return done
    again = programs.reload(with_additions(text, done.saw, scope))
    return programs.Reload("; ".join(said for said in (done.said, again.said) if said), done.saw)

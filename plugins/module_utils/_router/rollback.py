# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back to the state before a change: files first, then the running FRR, each step on its own.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import time
from typing import Callable, List, Optional, Set, TypeVar

from .._frr import config as frr
from .._frr import transaction
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


class Before:
    """The state before a change, and the way back to it.

    Args:
        config: frr.conf.
        daemons: /etc/frr/daemons.
        running: the running configuration; None = FRR did not run.
        scope: the objects that the change replaces.
        active: whether frr.service ran.
        enabled: whether it starts at boot.
    """

    def __init__(
        self,
        config: files.Kept,
        daemons: files.Kept,
        running: Optional[str],
        scope: Set[frr.Key],
        active: bool,
        enabled: bool,
    ) -> None:
        self.config = config
        self.daemons = daemons
        self.running = running
        self.scope = scope
        self.active = active
        self.enabled = enabled

    def problem(self) -> str:
        """Return how the running configuration of our objects differs from the old one, or an empty text."""
        text = programs.running_text()
        if text is None:
            return "FRR does not answer" if self.active else ""
        running = frr.pick(frr.parse(text).objects, self.scope)
        wanted = frr.pick(frr.parse(self.running or "").objects, self.scope)
        return "" if frr.equal(running, wanted) else frr.unified_diff(wanted, running, ("before", "running"))

    def bring_back(self) -> str:
        """Restore files and FRR, each step on its own; return what could not be restored, or an empty text."""
        failures: List[str] = []

        def attempt(what: str, step: Callable[[], Answer]) -> Optional[Answer]:
            try:
                return step()
            except Exception as error:
                failures.append("{0}: {1}".format(what, error))
                return None

        attempt("/etc/frr/frr.conf", lambda: files.put_back(self.config))
        attempt("/etc/frr/daemons", lambda: files.put_back(self.daemons))
        if not self.enabled:
            attempt("systemctl disable", lambda: programs.systemctl("disable", programs.SERVICE))
        if not self.active:
            attempt("systemctl stop", lambda: programs.systemctl("stop", programs.SERVICE))
            attempt("systemctl reset-failed", lambda: programs.systemctl("reset-failed", programs.SERVICE))
            return "\n".join(failures)
        problem = attempt("show running-config", self.problem)
        if problem and self.running is not None and programs.has_reload() and programs.bgpd_running():
            attempt("frr-reload.py", self._reload)
            problem = attempt("show running-config", lambda: poll(self.problem, 5))
        if problem:
            attempt("systemctl restart", programs.restart)
            problem = attempt("show running-config", lambda: poll(self.problem, READ_BACK_TIMEOUT))
        return "\n".join([*failures, *([problem] if problem else [])])

    def _reload(self) -> None:
        running = frr.pick(frr.parse(programs.running_text() or "").objects, self.scope)
        wanted = frr.pick(frr.parse(self.running or "").objects, self.scope)
        programs.reload(self.running or "", transaction.password_changes(running, wanted))
        programs.clear("in")

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that was cut off (its process killed, the router rebooted): complete, or taken back.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import NamedTuple, Optional, Set

from .._frr import config as frr
from . import files, journal, programs
from .rollback import Before, RefusedError


class Recovery(NamedTuple):
    """What became of a change that was cut off.

    Attributes:
        text: the same in words, for a warning.
        taken_back: whether the router was changed: what was before the cut-off change is back.
    """

    text: str
    taken_back: bool


def recover(folder: str, check_mode: bool) -> Optional[Recovery]:
    """Complete or take back a change that was cut off; return what was done, or None where there was none.

    Raises:
        RefusedError: the journal cannot be understood, or somebody changed frr.conf since.
    """
    path = os.path.join(folder, journal.NAME)
    try:
        entry = journal.read(folder)
    except ValueError as error:
        raise RefusedError(
            "{0}: an unfinished change is noted here, but the note cannot be read ({1}): compare /etc/frr/frr.conf "
            "and 'show running-config' with the backups beside it, then remove the file".format(path, error)
        ) from error
    if entry is None:
        if not check_mode:
            journal.close(folder)  # the draft of a change that was killed before it began
        return None
    if entry.boot == journal.boot_id():
        for pid in programs.orphans_of(entry.session):
            if not check_mode and pid != os.getpid():
                _kill(pid)
    target = frr.parse(entry.target).objects
    scope = frr.scope(frr.parse(entry.old_running or entry.old_file or ""), frr.parse(entry.target))
    running = programs.running_text()
    now = files.digest(files.read_or_none(programs.CONFIG))
    runs = running is not None and frr.equal(frr.pick(frr.parse(running).objects, scope), target)
    if now == entry.new_digest and runs:
        if not check_mode:
            forget(folder)
        return Recovery(
            "an earlier run was cut off after its step '{0}'; its change is whole, and stays".format(entry.step), False
        )
    if now not in (entry.new_digest, files.digest(entry.old_file)):
        raise RefusedError(
            "an earlier run was cut off after its step '{0}', and /etc/frr/frr.conf was changed by somebody else "
            "since: make it and 'show running-config' what they should be, then remove {1}".format(entry.step, path)
        )
    if check_mode:
        waits = "an earlier run was cut off after its step '{0}'; a run without check mode takes it back first"
        return Recovery(waits.format(entry.step), False)
    before = _before(entry, scope, target, running is not None)
    left, gained, lost = before.bring_back()
    if left:
        raise RefusedError(
            "an earlier run was cut off after its step '{0}', and what was before it could not be restored:\n{1}\n"
            "What was before it is in {2}".format(entry.step, left, path)
        )
    forget(folder)
    others = ", and what others configured since went with it: {0}".format("; ".join(lost)) if lost else ""
    others += ", and what others configured since stays: {0}".format("; ".join(gained)) if gained else ""
    if running is not None and not before.ran:
        others += ", and FRR is stopped, as it was then"
    return Recovery(
        "an earlier run was cut off after its step '{0}'; what was before it is back{1}".format(entry.step, others),
        True,
    )


def _before(entry: journal.Entry, scope: Set[frr.Key], target: frr.Objects, runs: bool) -> Before:
    """Return what was before a change that was cut off; what is not ours stays as it has become since.

    An FRR that the change cannot have started is somebody else's to stop, and so with its start at boot.

    Args:
        entry: the journal of the change.
        scope: the objects that it replaces.
        target: what it makes of them.
        runs: whether FRR runs now.
    """
    applied = entry.step != journal.STEPS[0]
    started_since = runs and not (applied and entry.method == "restart")
    config = os.path.realpath(programs.CONFIG)
    daemons = os.path.realpath(programs.DAEMONS)
    return Before(
        config=files.Kept(config, entry.old_file, config + files.KEPT_SUFFIX),
        daemons=files.Kept(daemons, entry.old_daemons, daemons + files.KEPT_SUFFIX),
        running=entry.old_running if entry.old_running is not None else entry.old_file,
        scope=scope,
        target=target,
        ran=entry.was_active or entry.old_running is not None or started_since,
        enabled=entry.was_enabled or not applied,
        others={},
        processes=(),
    )


def forget(folder: str) -> None:
    """Remove what a cut-off change kept."""
    for path in (programs.CONFIG, programs.DAEMONS):
        files.remove(os.path.realpath(path) + files.KEPT_SUFFIX)
        files.remove(os.path.realpath(path) + files.DRAFT_SUFFIX)
    journal.close(folder)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)

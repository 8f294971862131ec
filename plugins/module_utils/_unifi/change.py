# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One change of the BGP that UniFi Network holds: look, check, keep, write, prove; or the old text comes back."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional

from .._errors import EdgeError
from .._router.rollback import poll
from . import api
from .client import Client, UnknownOutcomeError
from .decide import Decision, Look, Wish, decide, described, planned, problem, result_of, text_of

LOOKS = 3
"""How often a look is taken again because somebody else uploads meanwhile."""
ANSWER_TIMEOUT = 60
"""Seconds for UniFi Network to answer again after it fell silent in the middle."""
LATE = 20
"""Seconds in which a write whose answer was lost may still be done."""
EVERY = 1.0
"""Seconds between two questions."""

Ask = Callable[[str, str], Optional[Look]]
"""(whole candidate, our part of it) -> what the router says; None = it cannot be reached."""


class FailedError(Exception):
    """A write that does not hold, and has to be taken back."""


class Restored(NamedTuple):
    """What became of taking a write back."""

    left: str
    """What could not be restored; empty = all is as before."""
    pending: bool = False
    """The write's answer was lost, and it was not seen: it may still be done."""


class Change:
    """One change.

    Args:
        controller: UniFi Network.
        ask: asks the router.
        hide: puts digests in the place of secrets, as the router does.
        keep: writes a backup of an entry, and returns where.
    """

    def __init__(
        self, controller: Client, ask: Ask, hide: Callable[[str], str], keep: Callable[[api.Entry], str]
    ) -> None:
        self._controller = controller
        self._ask = ask
        self._hide = hide
        self._keep = keep

    def run(self, wish: Wish) -> Dict[str, Any]:
        """Do it; return the module's result.

        Raises:
            EdgeError: nothing was written.
        """
        decision = self._decide(wish)
        result = result_of(decision, wish)
        if decision.look is None:
            result["warnings"].append(
                "the router cannot be reached by SSH: whether FRR takes the text and runs it is not checked"
            )
        if decision.look and decision.look.errors:
            raise EdgeError(
                "candidate",
                "this router's FRR refuses the configuration, nothing was written: " + "; ".join(decision.look.errors),
            )
        if wish.check_mode:
            result["warnings"] += [
                "without check mode the run ends here: {0}".format(item) for item in decision.refusals
            ]
            return result
        if decision.refusals and decision.writes:
            raise decision.refusals[0]
        if not decision.writes:
            result["warnings"] += [str(item) for item in decision.refusals]
            result["proven"] = "router" if decision.look else "controller"
            return result
        self._carry_out(decision, wish, result)
        return result

    def _decide(self, wish: Wish) -> Decision:
        """Return what to do, on an entry that did not change while the router was asked."""
        entry = self._read()
        for _attempt in range(LOOKS):
            plan = planned(text_of(entry), wish.content, wish, {})
            decision = decide(entry, self._ask(plan.file_text, plan.check_text), wish, self._hide)
            now = self._read()
            if now == entry:
                return decision
            entry = now
        raise EdgeError(
            api.VARIABLE,
            "somebody else changes the BGP in UniFi Network all the time, nothing was written",
            "look who works there, and run again",
        )

    def _read(self) -> Optional[api.Entry]:
        try:
            return self._controller.get()
        except UnknownOutcomeError as error:
            raise EdgeError(
                api.VARIABLE, "{0}; nothing was written".format(error), "is the console up? Run again"
            ) from None

    def _carry_out(self, decision: Decision, wish: Wish, result: Dict[str, Any]) -> None:
        """Write and prove, or bring the old text back; writes into ``result`` what became of it."""
        if decision.entry is not None:
            try:
                result["backup"] = self._keep(decision.entry)
            except OSError as error:
                raise EdgeError("backup_dir", "takes no backup, so nothing was written: {0}".format(error)) from None
        said, lost = "", False
        try:
            try:
                self._write(decision.target)
            except UnknownOutcomeError as error:
                said, lost = str(error), True
            except EdgeError as error:
                if api.same(self._settled(), decision.entry):
                    raise  # refused: nothing was written
                said = str(error)
            self._read_back(decision, said)
            result["applied"] = "delete" if decision.target is None else "upload"
            result["sessions"]["after"] = self._prove(decision, wish, result)
        except FailedError as error:
            left, pending = self._restore(decision, wish, lost)
            unknown = bool(left) or pending
            result.update(
                failed=True, changed=unknown, rolled_back=not unknown, applied="unknown" if unknown else "none"
            )
            back = "UniFi Network holds the old text again."
            if left:
                back = "The old text could NOT be restored: {0}".format(left)
            if pending:
                back += (
                    "\nThe write whose answer was lost may still be done: look at what UniFi Network holds (Settings >"
                    " Routing > BGP), or run again"
                )
            result["msg"] = "{0}\n{1}".format(error, back)
            return
        if said:
            result["warnings"].append("{0}, and yet it was done".format(said))

    def _write(self, entry: Optional[api.Entry]) -> None:
        if entry is None:
            self._controller.delete()
        else:
            self._controller.post(entry)

    def _settled(self) -> Optional[api.Entry]:
        """Return what UniFi Network holds, after a time in which it may be silent.

        Raises:
            FailedError: it stays silent, or lets nobody in any more.
        """
        found: List[Optional[api.Entry]] = []

        def silent() -> str:
            try:
                found[:] = [self._controller.get()]
            except (UnknownOutcomeError, EdgeError) as error:
                return str(error)
            return ""

        said = poll(silent, ANSWER_TIMEOUT, EVERY)
        if said:
            raise FailedError("what UniFi Network holds now cannot be read: {0}".format(said))
        return found[0]

    def _read_back(self, decision: Decision, said: str) -> None:
        """Make sure that UniFi Network holds what was written."""
        found = self._settled()
        if api.same(found, decision.target):
            return
        if said and api.same(found, decision.entry):
            raise FailedError("{0}, and UniFi Network holds the old text".format(said))
        raise FailedError(
            "UniFi Network does not hold what was written: {0} of {1} characters{2}{3}".format(
                len(text_of(found)),
                len(text_of(decision.target)),
                "" if found is None or found.get("enabled") else ", not enabled",
                " ({0})".format(said) if said else "",
            )
        )

    def _prove(self, decision: Decision, wish: Wish, result: Dict[str, Any]) -> Dict[str, Any]:
        """Wait until the router runs what was written, and its sessions are back; return them.

        Raises:
            FailedError: it does not.
        """
        if decision.look is None:
            result["proven"] = "controller"
            return {}
        seen: List[Look] = []

        def wrong() -> str:
            now = self._look_again()
            if now is None:
                return "the router cannot be reached any more"
            seen[:] = [now]
            return problem(decision, now)

        left = poll(wrong, wish.timeout, EVERY)
        if left:
            raise FailedError(left)
        # What ran before the upload says nothing of it: the controller may not have provisioned yet, or never does.
        result["proven"] = "controller" if decision.running else "router"
        return described(seen[0].sessions)

    def _look_again(self) -> Optional[Look]:
        try:
            return self._ask("", "")
        except EdgeError:
            return None  # FRR starts anew

    def _done_late(self, written: Optional[api.Entry]) -> bool:
        """Return whether a write whose answer was lost was done after all, within the time that it may take.

        Raises:
            FailedError: UniFi Network stays silent.
        """
        return not poll(lambda: not _is_ours(self._settled(), written), LATE, EVERY)

    def _restore(self, decision: Decision, wish: Wish, lost: bool) -> Restored:
        """Bring the old text back.

        Args:
            decision: what was to be done.
            wish: how long the router may take.
            lost: whether the write's answer was lost.
        """
        target = None if decision.entry is None else api.restored(decision.entry)
        said, pending = "", lost
        try:
            if lost:
                pending = not self._done_late(decision.target)
            found = self._settled()
            if not api.same(found, target):
                if not _is_ours(found, decision.target):
                    return Restored("somebody else uploaded another text meanwhile, which stays", pending)
                self._write(target)
        except (UnknownOutcomeError, EdgeError, FailedError) as error:
            said = str(error)
        try:
            found = self._settled()
        except FailedError as error:
            return Restored(str(error), pending)
        if not api.same(found, target):
            return Restored(said or "UniFi Network holds something else", pending)
        return Restored(self._runs_as_before(decision, wish), pending)

    def _runs_as_before(self, decision: Decision, wish: Wish) -> str:
        """Return how the router differs from what it was, empty where it does not or cannot be asked."""
        before = decision.look
        if before is None:
            return ""

        def differs() -> str:
            now = self._look_again()
            same = now is not None and _lines(now.running_text) == _lines(before.running_text)
            return "" if same else "it holds it, but the router does not run it again"

        return poll(differs, wish.timeout, EVERY)


def _is_ours(found: Optional[api.Entry], written: Optional[api.Entry]) -> bool:
    """Return whether what is held is what was written, whole or not: somebody else's upload is not taken back."""
    if found is None or written is None:
        return found is written
    return bool(found.get(api.FILE_NAME) == written[api.FILE_NAME])


def _lines(text: Optional[str]) -> List[str]:
    """Return a running configuration in an order that does not count, without comments."""
    return sorted(line for line in (text or "").split("\n") if line.strip() and line.strip()[0] not in "!#")

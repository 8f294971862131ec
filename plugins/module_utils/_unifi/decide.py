# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions of a change to the BGP that UniFi Network holds for a router, without doing any of it.

The text that it holds takes the place of frr.conf, and of what runs: the transaction of a router decides on both.
The router itself, where it can be asked, must run that text and nothing else.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from .._errors import EdgeError
from .._frr import config as frr
from .._frr import transaction
from .._frr.foreign import Blocks, blocks, missing
from .._frr.state import SessionState
from .._frr.unloaded import title
from .._frr.users import shared_names
from . import api

UNSEEN = "unseen"
"""What ``edge_router_take_over`` says to let a router be written at which nobody can look before."""


class Wish(NamedTuple):
    """What is to become of a router's BGP."""

    file_name: str
    """What the UI shows as the uploaded file; of this write alone, so that it is known from another's."""
    content: str
    """The planned configuration; empty = no BGP instance."""
    stage: str
    version: str
    """The FRR version that the plan assumes, for a router that cannot be asked."""
    take_over: Tuple[str, ...] = ()
    both_stages: bool = False
    check_mode: bool = False
    timeout: float = 150


class Look(NamedTuple):
    """What a router said; its secrets are digests (``config.digested``)."""

    version: str
    running_text: Optional[str]
    """None where FRR does not run, as before the first upload."""
    file_text: str
    """frr.conf; empty where there is none."""
    sessions: Mapping[str, SessionState]
    errors: Tuple[str, ...] = ()
    """What the router's FRR has against the candidate."""
    warnings: Tuple[str, ...] = ()


class Decision(NamedTuple):
    """What is done."""

    entry: Optional[api.Entry]
    """What UniFi Network holds now."""
    target: Optional[api.Entry]
    """What it is to hold; None = nothing."""
    plan: transaction.Plan
    digest: transaction.Plan
    """The same with digests in the place of secrets, to compare with what a router says."""
    look: Optional[Look]
    others: Blocks
    """What the router ran that is not ours."""
    refusals: List[EdgeError]
    """Why nothing may be written."""
    stored: bool
    """UniFi Network holds the target already."""
    running: bool
    """The router runs the target, or cannot be asked."""

    @property
    def writes(self) -> bool:
        """Whether something has to be written: what is held or what runs is not the target."""
        return not (self.stored and self.running)


def text_of(entry: Optional[api.Entry]) -> str:
    """Return the configuration of an entry."""
    text = str((entry or {}).get(api.TEXT) or "").replace("\r\n", "\n")
    return text if not text or text.endswith("\n") else text + "\n"


def planned(stored: str, content: str, wish: Wish, sessions: Mapping[str, SessionState]) -> transaction.Plan:
    """Return what becomes of the text that UniFi Network holds.

    Raises:
        EdgeError: the candidate is not BGP alone, or names what it lacks.
    """
    state = transaction.RouterState(
        version=wish.version,
        bgpd_running=True,
        bgpd_enabled=True,
        active=True,
        enabled=True,
        has_reload=False,
        file_text=stored,
        running_text=stored,
        sessions=sessions,
    )
    done = transaction.plan(state, content, wish.stage, "restart", wish.take_over)
    # The controller provisions: sessions may close for some seconds, and must be back, as after a restart.
    return done._replace(method="restart")


def decide(entry: Optional[api.Entry], look: Optional[Look], wish: Wish, hide: Callable[[str], str]) -> Decision:
    """Return what to do.

    Args:
        entry: what UniFi Network holds.
        look: what the router said; None = it cannot be asked.
        wish: what is wanted.
        hide: puts digests in the place of secrets, as the router did.

    Raises:
        EdgeError: the candidate is not BGP alone, or names what it lacks.
    """
    sessions = look.sessions if look else {}
    plan = planned(text_of(entry), wish.content, wish, sessions)
    digest = planned(hide(text_of(entry)), hide(wish.content), wish, sessions)
    target = None
    if _has_lines(plan.file_text):
        target = api.entry_with(entry, plan.file_text, wish.file_name)
    unchanged = frr.equal(plan.live, plan.target) and plan.file_text == text_of(entry)
    stored = entry is None if target is None else unchanged and entry is not None and bool(entry.get("enabled"))
    return Decision(
        entry=entry,
        target=target,
        plan=plan,
        digest=digest,
        look=look,
        others=blocks(look.running_text or "", digest.scope) if look else {},
        refusals=[*_of_another_gateway(entry, look, digest, wish), *_refusals(look, digest, wish)]
        if look
        else []
        if stored
        else _unseen(wish),
        stored=stored,
        running=look is None or transaction.configuration_problem(digest, look.running_text or "") is None,
    )


def _has_lines(text: str) -> bool:
    """Return whether a text configures anything."""
    return any(line.strip() and line.strip()[0] not in "!#" for line in frr.split_lines(text))


def _refusals(look: Look, digest: transaction.Plan, wish: Wish) -> List[EdgeError]:
    """Return why this router's BGP is not UniFi Network's to write.

    Its file has one too, something else uses a list of a planned name, or somebody typed one in.
    """
    result = []
    in_file = frr.pick(frr.parse(look.file_text).objects, digest.scope)
    if frr.BGP in in_file and not frr.equal(in_file, digest.live):
        result.append(
            EdgeError(
                "/etc/frr/frr.conf",
                "has a BGP instance, which is not the one that UniFi Network holds: two owners undo each other",
                "to keep it there: edge_router_bgp_owner: file; to move it into UniFi Network: take it out with a run"
                " of edge_router_bgp_owner: file and edge_state: absent, which ends its sessions",
            )
        )
    names = transaction.consented(wish.take_over)
    shared = shared_names(frr.parse(look.running_text or ""), (digest.target, digest.candidate), names)
    if shared:
        result.append(shared)
    lost = unsaved(look.running_text or "", digest, wish.take_over)
    if lost:
        result.append(
            EdgeError(
                "show running-config",
                "lines of BGP run on the router and stand neither in UniFi Network nor in the plan, so an upload would"
                " end them: {0}".format("; ".join(lost)),
                "write them in the inventory, or let go of them by name: edge_router_take_over: {0}".format(
                    sorted({line.split(": ")[0] for line in lost})
                ),
            )
        )
    return result


def _of_another_gateway(
    entry: Optional[api.Entry], look: Look, digest: transaction.Plan, wish: Wish
) -> List[EdgeError]:
    """Return why what UniFi Network holds may be another gateway's: it is enabled, and this router runs none of it.

    A wrong console or a wrong site of it is written to like the right one, and ends the sessions of a gateway that
    nobody looks at. What is held and planned alike may be away from the router, which then gets it again.
    """
    held = digest.live.get(frr.BGP, ())
    running = frr.parse(look.running_text or "").objects.get(frr.BGP, ())
    if not held or not (entry or {}).get("enabled") or frr.equal(digest.live, digest.candidate):
        return []
    name = held[0][1]
    if name in transaction.consented(wish.take_over) or _identity(held) == _identity(running):
        return []
    return [
        EdgeError(
            "edge_router_controller",
            "UniFi Network holds {0!r} there, enabled, and this router runs {1}: it may be another gateway's".format(
                name, repr(running[0][1]) if running else "no BGP"
            ),
            "correct its url, its site, or the router's address; or, where it is this router's and does not come up"
            " there, let go of it by name: edge_router_take_over: [{0}]".format(name),
        )
    ]


def _identity(instance: Tuple[frr.Line, ...]) -> List[str]:
    """Return by what the BGP instances of two gateways differ: the AS number, and a router ID where one is written."""
    lines = [text for context, text in instance if not context]
    return [text for text in lines if text.startswith(("router bgp ", "bgp router-id "))]


def _unseen(wish: Wish) -> List[EdgeError]:
    """Return why a router that cannot be asked may not be written: nobody saw what an upload would end there."""
    if UNSEEN in wish.take_over:
        return []
    return [
        EdgeError(
            "the router",
            "cannot be reached by SSH, so nobody can see what runs there and would be lost; nothing was written",
            "let SSH reach it; or write it without a look: edge_router_take_over: [{0}]".format(UNSEEN),
        )
    ]


def unsaved(running_text: str, digest: transaction.Plan, take_over: Tuple[str, ...]) -> List[str]:
    """Return what runs of BGP and stands neither in the stored text nor in the target, each as ``object: line``."""
    running = frr.parse(running_text)
    keys = frr.scope(running, frr.parse(frr.render(digest.target)))
    names = transaction.consented(take_over)
    result: List[str] = []
    for key, lines in frr.ordered(frr.pick(running.objects, keys)).items():
        known = {*digest.live.get(key, ()), *digest.target.get(key, ())}
        name = title(key, lines)
        if name not in names:
            result.extend("{0}: {1}".format(name, frr.mask(item[1] or item[0])) for item in lines if item not in known)
    return result


def problem(decision: Decision, now: Look) -> str:
    """Return what of a written change does not hold on the router, empty where all does. What stays is taken back."""
    digest = decision.digest
    before = decision.look
    if before is None:
        return ""
    text = now.running_text
    if text is None and digest.target:
        return "FRR does not run"
    wrong = transaction.configuration_problem(digest, text or "")
    if wrong:
        return "the running configuration is not the planned one:\n" + wrong
    lost = missing(decision.others, blocks(text or "", digest.scope))
    if lost:
        return "lines that are not ours do not run any more: " + "; ".join(lost)
    down = transaction.session_problems(digest, before.sessions, now.sessions)
    return "sessions that the change does not touch are not back: " + "; ".join(down) if down else ""


def result_of(decision: Decision, wish: Wish) -> Dict[str, Any]:
    """Return what a result says before anything is done; the words of ``frr_config``."""
    plan, whole = decision.plan, wish.check_mode and wish.both_stages
    shown = plan.candidate if whole else plan.target
    sessions = {} if decision.look is None else described(decision.look.sessions)
    enabled = bool((decision.entry or {}).get("enabled"))
    before = "" if decision.entry is None else frr.masked_text(plan.live)
    return {
        "changed": decision.writes or (whole and not frr.equal(plan.candidate, plan.live)),
        "applied": "none",
        "rolled_back": False,
        "proven": "none",
        "owner": owner(decision),
        "version": decision.look.version if decision.look else "",
        "left": frr.unified_diff(plan.target, plan.candidate),
        "sessions": {"before": sessions, "after": sessions},
        "warnings": list(decision.look.warnings) if decision.look else [],
        "diff": {
            "before_header": "BGP that UniFi Network holds"
            + ("" if enabled or decision.entry is None else " (not enabled)"),
            "after_header": "planned BGP configuration",
            "before": before,
            "after": frr.masked_text(shown, plan.live),
        },
    }


def owner(decision: Decision) -> str:
    """Return who was found to hold the BGP.

    Returns:
        ``controller``, ``file``, ``other`` (it runs and stands nowhere) or ``nobody``.
    """
    if frr.BGP in frr.parse(text_of(decision.entry)).objects:
        return "controller"
    if decision.look is None:
        return "nobody"
    if frr.BGP in frr.parse(decision.look.file_text).objects:
        return "file"
    return "other" if frr.BGP in frr.parse(decision.look.running_text or "").objects else "nobody"


def described(sessions: Mapping[str, SessionState]) -> Dict[str, Any]:
    """Return sessions as plain data for the result."""
    return {
        address: {"state": session.state, "asn": session.asn, "accepted": dict(session.accepted)}
        for address, session in sorted(sessions.items())
    }

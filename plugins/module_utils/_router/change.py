# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One change of a router's BGP as a transaction: look, check, keep, swap, apply, prove; or the old state comes back.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import os
import subprocess
import traceback
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from .._errors import EdgeError
from .._frr import config as frr
from .._frr import state, transaction, unloaded, versions
from .._frr.foreign import blocks
from . import check, files, journal, persist, programs
from .recovery import forget, recover
from .rollback import READ_BACK_TIMEOUT, Before, FailedError, RefusedError, poll, reload_beside_others

RELOAD_TIMEOUT = 30
"""Seconds for sessions to settle after a reload: route-maps take effect after 5 s."""
LOCK_TIMEOUT = 15
"""Seconds that another session may keep the configuration locked: FRR does so itself while it starts."""
_EXPECTED = (FailedError, EdgeError, OSError, subprocess.SubprocessError)
"""What says by its text what went wrong."""
NO_RELOAD = programs.Reload("", "")
SAVE_TIMEOUT = 10
"""Seconds that somebody's ``write memory`` may take."""
SAVE_PAUSE = 1.0
"""Seconds for which a file must stay the same to be whole."""
LOOKS = 3
"""How often a look is taken again because somebody else changed the configuration meanwhile."""


def look(writes: bool = True) -> transaction.RouterState:
    """Return what the transaction decides by.

    Args:
        writes: whether it is about to change something: then systemd must know what frr.service does.

    Raises:
        RefusedError: systemd does not say whether FRR runs, or starts at boot.
        EdgeError: bgpd says no version.
    """
    file_text = files.read_or_none(programs.CONFIG)
    daemons = files.read(programs.DAEMONS)
    return transaction.RouterState(
        version=programs.bgpd_version(),
        bgpd_running=programs.bgpd_running(),
        bgpd_enabled=transaction.enable_bgpd(daemons) == daemons,
        active=_settled("is-active") if writes else programs.service_is("is-active") is True,
        enabled=_settled("is-enabled") if writes else programs.service_is("is-enabled") is True,
        has_reload=programs.has_reload(),
        file_text=file_text or "",
        running_text=programs.running_text(),
        sessions=programs.sessions(),
        daemon_files=programs.daemon_files() if file_text is None else {},
        daemons=programs.daemons(),
    )


def _settled(question: str) -> bool:
    """Return what systemd says of frr.service, once it has an answer that lasts.

    A service that is just being restarted is not one that is stopped: what is decided by that would stop it.

    Raises:
        RefusedError: it has none for ``LOCK_TIMEOUT`` seconds.
    """
    poll(lambda: programs.service_is(question) is None, LOCK_TIMEOUT)
    answer = programs.service_is(question)
    if answer is None:
        raise RefusedError(
            "systemctl {0} {1} says {2!r}, so it is not known what a change would do to FRR, and nothing was changed: "
            "look at systemctl status {1}, and run again".format(
                question, programs.SERVICE, programs.systemctl(question, programs.SERVICE)
            )
        )
    return answer


def apply_plan(router: transaction.RouterState, plan: transaction.Plan) -> programs.Reload:
    """Bring the running FRR to the plan; return what a reload complained of and saw, empty where there was none."""
    if plan.enable:
        files.swap(programs.DAEMONS, transaction.enable_bgpd(files.read(programs.DAEMONS)))
        programs.systemctl("enable", programs.SERVICE)
    if not plan.candidate and not router.bgpd_running:
        return NO_RELOAD  # it is out of the file, and nothing runs it
    if plan.method == "restart":
        programs.restart()
        return NO_RELOAD
    if plan.method != "reload":
        return NO_RELOAD
    said = programs.give_names(plan.naming) if plan.naming.calls else ""
    done = reload_beside_others(plan.reload_text, plan.scope, router.running_text or "", plan.secrets_text)
    if plan.soft_in:
        programs.clear("in")
    if plan.soft_out:
        programs.clear("out")
    return done._replace(said="; ".join(some for some in (said, done.said) if some))


class Proof(NamedTuple):
    """What was seen while a change that holds was proven."""

    gained: List[str]
    """Lines of others that appeared while it ran."""
    closed_by_neighbors: Dict[str, str]
    """Sessions that it does not touch and their neighbors closed meanwhile: address -> reason."""
    down: List[str]
    """Neighbors whose own configuration changed, and that are not up again."""
    sessions: Mapping[str, state.SessionState]
    """All sessions at its end."""
    restarted: List[str]
    """FRR's daemons that ended by themselves while it ran, and run again."""


def prove(router: transaction.RouterState, plan: transaction.Plan, said: str, timeout: float) -> Proof:
    """Make sure that the change holds, else it is rolled back; return what was seen.

    Args:
        router: what was found before.
        plan: what was done.
        said: complaints of FRR's programs, for the message.
        timeout: seconds for sessions to be back after a restart.

    Raises:
        FailedError: the running configuration is not the planned one, something that is not ours is gone, a session
            that the change does not touch did not survive it, or a daemon of FRR ended and is not back, or ended twice.
    """
    for _attempt in range(2):
        running = _prove_configuration(router, plan, said)
        closed, now = _prove_sessions(router, plan, timeout)
        if programs.daemons() == running:
            break
        # One ended since its configuration was read: what runs now is another process.
    else:
        raise FailedError("a daemon of FRR ended again and again while the change was proven")
    return Proof(
        transaction.gained_blocks(plan, programs.running_text() or ""),
        closed,
        transaction.down_by_own_change(plan, router.sessions, now),
        now,
        transaction.ended_daemons(plan, router.daemons, running),
    )


def _prove_configuration(router: transaction.RouterState, plan: transaction.Plan, said: str) -> Dict[str, str]:
    """Return the daemons (:func:`programs.daemons`) that run the planned configuration.

    Raises:
        FailedError: it does not run, something that is not ours is gone, or a daemon that ended is not back.
    """
    idle = not plan.candidate and not router.bgpd_running
    running: Dict[str, str] = {}

    def problem() -> str:
        nonlocal running
        running = programs.daemons()
        gone = [name for name in transaction.ended_daemons(plan, router.daemons, running) if name not in running]
        if gone:
            return "{0} ended while the change ran, and is not back".format(", ".join(gone))
        text = programs.running_text()
        if text is None:
            return "" if idle else "FRR does not answer"
        lost = transaction.lost_blocks(plan, text)
        if lost:
            return "lines that are not ours do not run any more: {0}".format("; ".join(lost))
        return "" if idle else transaction.configuration_problem(plan, text) or ""

    found = poll(problem, READ_BACK_TIMEOUT)
    if found:
        raise FailedError(
            "the running configuration is not the planned one:\n{0}{1}".format(found, "\n" + said if said else "")
        )
    return running


def _prove_sessions(
    router: transaction.RouterState, plan: transaction.Plan, timeout: float
) -> Tuple[Dict[str, str], Mapping[str, state.SessionState]]:
    """Return the sessions that their neighbors closed meanwhile (address -> reason), and all sessions.

    Args:
        router: what was found before.
        plan: what was done.
        timeout: seconds for sessions to be back after a restart of FRR, and after bgpd ended by itself.

    Raises:
        FailedError: one that the change does not touch did not survive it.
    """
    closed: Dict[str, str] = {}
    now, left, judged = router.sessions, [], plan

    def problems() -> List[str]:
        nonlocal now, judged
        # A bgpd that started anew has counted nothing yet: its sessions have to come back, as after a restart.
        judged = transaction.judged_as(plan, transaction.ended_daemons(plan, router.daemons, programs.daemons()))
        try:
            now = programs.sessions()
        except EdgeError as error:  # an answer that was cut off is asked for again
            return [str(error)]
        closed.update(transaction.closed_by_neighbors(judged, router.sessions, now))
        return transaction.session_problems(judged, router.sessions, now, closed)

    def mendable() -> List[str]:
        nonlocal left
        left = problems()
        return [] if transaction.was_reset(judged, router.sessions, now, closed) else left

    poll(mendable, timeout if plan.method == "restart" else RELOAD_TIMEOUT)
    if left:
        # FRR may say only now that it was the neighbor who closed a session.
        left = problems()
    if left and judged.method == "restart" and plan.method != "restart":
        poll(mendable, timeout)
    if left:
        raise FailedError("sessions that the change does not touch did not survive it: {0}".format("; ".join(left)))
    return closed, now


def planned_change(
    router: transaction.RouterState, params: Mapping[str, Any], check_mode: bool
) -> Tuple[transaction.Plan, List[str]]:
    """Decide what to do with a router that was looked at; return it and warnings, with the candidate checked by FRR.

    Raises:
        RefusedError, EdgeError: nothing was touched.
    """
    transaction.refuse(router, params["platform"])
    wish = params["content"], params["stage"], params["apply"], params["take_over"]
    plan = transaction.plan(router, *wish)
    refuse_second_frr(router, plan)
    if plan.method == "none" and not check_mode:
        return plan, said_of_file(plan)
    # What is not planned is no reason to refuse what is: FRR may not take a line that stays in the file.
    ours = transaction.plan(router, *wish, keeps=False) if plan.unloaded.kept else plan
    verdict = check.check(ours.file_text, ours.check_text, router.version)
    if verdict.errors:
        raise RefusedError(
            "this router's FRR refuses the configuration, nothing was changed: {0}".format("; ".join(verdict.errors))
        )
    # The file alone is compared: a file that stays as it is needs no check.
    changed = plan.unloaded.kept and plan.file_text != router.file_text
    if changed and check.check(plan.file_text, plan.check_text, router.version).errors:
        plan = ours
    untried = versions.untried(state.version_tuple(router.version))
    return plan, ([untried] if untried else []) + verdict.warnings + said_of_file(plan)


def said_of_file(plan: transaction.Plan) -> List[str]:
    """Return what is to be known of lines of frr.conf in our objects that neither run nor are planned."""
    kept, dropped, whole = plan.unloaded
    said = "/etc/frr/frr.conf has lines in this site's own objects that neither run nor are planned: {0}. "
    stays = "They stay in it until the contract stage takes them out: plan them, if they are wanted"
    goes = "This change takes them out of the file, and a backup keeps it as it was: plan them, if they are wanted"
    return [
        said.format("; ".join(unloaded.told(lines, whole))) + then
        for lines, then in ((kept, stays), (dropped, goes))
        if lines
    ]


def refuse_second_frr(router: transaction.RouterState, plan: transaction.Plan) -> None:
    """Raise where a change needs a start of frr.service, and FRR runs already without it.

    systemd would start a second FRR beside the one that runs, and no way back could tell the two apart.

    Raises:
        RefusedError: it is so; nothing was touched.
    """
    if router.active or router.running_text is None:
        return
    # With frr.service inactive a change of what bgpd runs is never a reload.
    if plan.method == "restart" or (plan.method == "file" and router.bgpd_running):
        raise RefusedError(
            "FRR runs, and {0} is not active: something else started it, and a start of {0} would put a second FRR "
            "beside it, so nothing was changed. Look what runs it (systemctl status {0}; ps -o pid,ppid,args -C "
            "zebra,bgpd,watchfrr), end that, let {0} run it (systemctl enable --now {0}), and run again; or leave its "
            "BGP to whoever runs it (edge_router_bgp_owner: none)".format(programs.SERVICE)
        )


def compare(content: str, router: transaction.RouterState) -> Dict[str, Any]:
    """Return how a router's running BGP differs from a configuration that is not to be written.

    Args:
        content: the planned configuration; empty = no BGP instance.
        router: what was found.
    """
    candidate = frr.parse(content)
    live = frr.parse(router.running_text if router.running_text is not None else router.file_text)
    keys = frr.scope(live, candidate)
    found = frr.pick(live.objects, keys)
    left = "" if frr.equal(found, candidate.objects) else frr.unified_diff(found, candidate.objects)
    return {**untouched(router, found, candidate.objects), "left": left, "warnings": []}


def read_only(params: Mapping[str, Any]) -> Dict[str, Any]:
    """Compare a router whose BGP somebody else holds with the plan; nothing is written on it."""
    router = look(writes=False)
    try:
        result = compare(params["content"], router)
    except EdgeError as error:
        result = {**untouched(router._replace(file_text="", running_text=None), {}, {}), "owner": "other"}
        result["warnings"] = ["this router's BGP is somebody else's and cannot be compared: {0}".format(error)]
    if os.path.exists(persist.SCRIPT):
        result["warnings"].append(
            "{0} is still here, and would bring the old frr.conf back after a firmware upgrade: remove it with"
            " the module hybridnet.cluster_edge.frr_persist, state: absent".format(persist.SCRIPT)
        )
    if result["left"]:
        result["warnings"].append(
            "this router's BGP is somebody else's (edge_router_bgp_owner: none) and is not the planned one; nothing "
            "was written. --diff shows the difference, playbooks/render.yml writes the planned frr.conf for its owner"
        )
    return result


def pushed_over(router: transaction.RouterState, platform: str) -> List[str]:
    """Return a warning where UniFi Network may have pushed its BGP over the one in our file, else nothing."""
    if platform != "unifi" or router.running_text is None or not router.bgpd_running:
        return []
    running, written = frr.parse(router.running_text), frr.parse(router.file_text)
    lines = running.objects.get(frr.BGP, ()), written.objects.get(frr.BGP, ())
    if not all(lines) or (lines[0][0] == lines[1][0] and set(frr.neighbors(lines[0])) == set(frr.neighbors(lines[1]))):
        return []
    return [
        "what runs has another AS or other neighbors than frr.conf: somebody typed into vtysh, or UniFi Network holds a"
        " BGP configuration too and pushes it over this one at each provision (Settings > Routing > BGP). One owner:"
        " delete it there, or say edge_router_bgp_owner: controller"
    ]


def preview_of_anothers(params: Mapping[str, Any], router: transaction.RouterState) -> Dict[str, Any]:
    """Return the difference to a router whose BGP runs and is in no file, for check mode.

    Whoever wants to see what would be must not have to end the owner's sessions for it.
    """
    result = compare(params["content"], router)
    try:
        transaction.refuse(router, params["platform"])
    except EdgeError as error:
        result["warnings"] = ["without check mode the run ends here: {0}".format(error)]
    result["changed"] = bool(result["left"])
    return result


def still_so(router: transaction.RouterState) -> bool:
    """Return whether file, running configuration and service are as they were at the look."""
    return (
        (files.read_or_none(programs.CONFIG) or "") == router.file_text
        and _without_times(programs.running_text()) == _without_times(router.running_text)
        and programs.service_is("is-active") == router.active
        and programs.service_is("is-enabled") == router.enabled
    )


def _without_times(text: Optional[str]) -> Optional[List[str]]:
    """Return a running configuration without the comment lines that FRR writes anew each time."""
    return None if text is None else [line for line in frr.split_lines(text) if not line.startswith("!")]


def transact(params: Mapping[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Do the whole transaction; return the module's result.

    Raises:
        RefusedError, EdgeError: nothing was touched.
    """
    folder = params["state_dir"]
    recovered = recover(folder, check_mode)
    programs.remove_stale_scratch_folders()
    router = look()
    if check_mode and transaction.owner(router) == "other":
        return preview_of_anothers(params, router)
    plan, warnings = planned_change(router, params, check_mode)
    whole = check_mode and params["both_stages"]
    result = described(router, plan, whole)
    before = [recovered.text] if recovered else []
    result["warnings"] = before + warnings + pushed_over(router, params["platform"])
    if recovered and recovered.taken_back:
        result["changed"] = True
    if check_mode or plan.method == "none":
        return result
    said = poll(programs.lock_of_another, LOCK_TIMEOUT) if plan.method == "reload" else ""
    if said:
        # vtysh would wait without a limit for the lock, with half of the change made.
        raise RefusedError(
            "FRR says {0!r}, so it takes no change now and nothing was changed: leave 'configure terminal file-lock' "
            "in the other vtysh on this router (pgrep -a vtysh), and run again".format(said)
        )
    for _attempt in range(LOOKS):
        if still_so(router):
            break
        router = look()
        plan, warnings = planned_change(router, params, check_mode)
        result.update(described(router, plan, whole))
        result["warnings"] = before + warnings + pushed_over(router, params["platform"])
    else:
        raise RefusedError(
            "somebody else changes FRR's configuration all the time, nothing was changed: look who works on this "
            "router (who; pgrep -a vtysh), and run again"
        )
    carry_out(router, plan, params, result)
    if result.get("failed"):
        result["sessions"]["after"] = _sessions_after()
    return result


def _sessions_after() -> Dict[str, Any]:
    """Return the sessions after a change that failed; none where FRR does not tell, so that the failure still is."""
    try:
        return programs.described(programs.sessions())
    except _EXPECTED:
        return {}


def described(router: transaction.RouterState, plan: transaction.Plan, whole: bool) -> Dict[str, Any]:
    """Return what a result says before anything is done.

    Args:
        router: what was found.
        plan: what is to be done.
        whole: whether to show the difference to the planned configuration, although this stage goes a part of the way.
    """
    kept, dropped, _whole = plan.unloaded
    # The file is read anew with FRR's next start, so what stands there alone is shown too.
    there = unloaded.beside_running(plan.live, plan.unloaded)
    then = unloaded.united_with(plan.target, kept)
    result = untouched(router, there, plan.candidate if whole else then)
    if kept or dropped:
        result["diff"]["before_header"] += ", and lines of frr.conf that do not run"
    return {
        **result,
        "closes": transaction.closing(router, plan, plan.candidate if whole else plan.target),
        "changed": plan.method != "none" or (whole and not frr.equal(plan.candidate, then)),
        "applied": plan.method,
        "left": frr.unified_diff(then, plan.candidate),
    }


def untouched(router: transaction.RouterState, live: frr.Objects, planned: frr.Objects) -> Dict[str, Any]:
    """Return the result of a router on which nothing was done.

    Args:
        router: what was found.
        live: our objects as they run.
        planned: what the diff shows beside them.
    """
    sessions = programs.described(router.sessions)
    return {
        "changed": False,
        "applied": "none",
        "version": router.version,
        "owner": transaction.owner(router),
        "rolled_back": False,
        "gained": [],
        "lost": [],
        "restarted": [],
        "closes": [],
        "left": "",
        "sessions": {"before": sessions, "after": sessions},
        "diff": {
            "before_header": "live BGP configuration",
            "after_header": "planned BGP configuration",
            "before": frr.masked_text(live),
            "after": frr.masked_text(planned, live),
        },
    }


def carry_out(
    router: transaction.RouterState, plan: transaction.Plan, params: Mapping[str, Any], result: Dict[str, Any]
) -> None:
    """Swap the file, apply, prove; or bring the old state back. Writes into ``result`` what became of it.

    Raises:
        RefusedError: the disk takes no journal, backup or draft; nothing was changed.
    """
    folder = params["state_dir"]
    config: Optional[files.Kept] = None
    old_file = files.read_or_none(programs.CONFIG)
    changes_file = plan.file_text != router.file_text
    entry = _first_entry(router, plan, old_file, plan.file_text if changes_file else old_file)
    try:
        journal.write(folder, entry)
        if changes_file and old_file is not None:
            result["backup"] = files.backup(folder, old_file, params["backup_keep"])
        config, daemons = files.keep(programs.CONFIG), files.keep(programs.DAEMONS)
        if changes_file:
            files.swap(programs.CONFIG, plan.file_text)
    except OSError as error:
        left = _left_of_swap(config)
        if left:
            # The journal stays: the next run tries again.
            result.update(failed=True, changed=True, rolled_back=False, msg=_failure(error, left))
            return
        forget(folder)
        raise RefusedError(
            "nothing was changed: {0} (a full or read-only disk: df -h /etc {1}; mount)".format(error, folder)
        ) from error
    before = _before(router, plan, config, daemons)
    try:
        entry = journal.advance(folder, entry, "applying")
        done = apply_plan(router, plan)
        entry = journal.advance(folder, entry, "proving")
        proof = prove(router, plan, done.said, params["session_timeout"])
    except Exception as error:
        journal.advance(folder, entry, "restoring")
        saved = _saved_meanwhile(entry, params)
        ended = transaction.ended_daemons(plan, router.daemons, programs.daemons())
        left, gained, lost = before.bring_back()
        result.update(failed=True, changed=bool(left), rolled_back=not left, gained=gained, lost=lost)
        result["msg"] = _failure(error, left) + saved + _beside(gained, lost, ended)
        if left:
            # The journal stays: the next run tries again.
            return
        forget(folder)
        return
    written = _keep_written(entry, plan, params)
    forget(folder)
    result.update(gained=proof.gained, restarted=proof.restarted, lost=transaction.typed_over(router, plan, done.saw))
    result["sessions"]["after"] = programs.described(proof.sessions)
    result["warnings"].extend(written + noted(router, proof, result["lost"]) + _not_enabled(plan))


def _first_entry(
    router: transaction.RouterState, plan: transaction.Plan, old_file: Optional[str], new_file: Optional[str]
) -> journal.Entry:
    """Return the journal of a change that begins.

    Args:
        router: what was found.
        plan: what is to be done.
        old_file: frr.conf as it is; None = there is none.
        new_file: as it will be.
    """
    return journal.Entry(
        step="begun",
        method=plan.method,
        boot=journal.boot_id(),
        session=os.getsid(0),
        old_file=old_file,
        new_digest=files.digest(new_file),
        old_daemons=files.read(programs.DAEMONS),
        old_running=router.running_text,
        target=frr.render(plan.target),
        was_active=router.active,
        was_enabled=router.enabled,
    )


def _not_enabled(plan: transaction.Plan) -> List[str]:
    """Return a warning where FRR was to start at boot, and systemd did not take it."""
    if not plan.enable:
        return []
    try:
        if programs.service_is("is-enabled"):
            return []
        said = programs.systemctl("is-enabled", programs.SERVICE)
    except _EXPECTED as error:
        said = str(error)
    return [
        "systemctl enable {0} had no effect (is-enabled says {1!r}): after a reboot FRR does not run".format(
            programs.SERVICE, said
        )
    ]


def _left_of_swap(config: Optional[files.Kept]) -> str:
    """Bring frr.conf back after a swap that failed, which may have replaced it; return why it could not be."""
    if config is None:
        return ""
    try:
        files.put_back(config)
    except OSError as error:
        return "/etc/frr/frr.conf: {0}".format(error)
    return ""


def _keep_written(entry: journal.Entry, plan: transaction.Plan, params: Mapping[str, Any]) -> List[str]:
    """Make sure that frr.conf has what the change made, once that is proven; return what is to be known of the file.

    Whoever saved the running configuration just before the reload wrote the old one, with which FRR would start. What
    became of the file is no reason to take the change back.
    """
    try:
        return _written_again(entry, plan, params)
    except _EXPECTED as error:
        return [
            "somebody else wrote /etc/frr/frr.conf while the change ran, so FRR may start with something else than it "
            "runs now: {0}. Look at the file; vtysh -c 'write memory' saves what runs".format(error)
        ]


def _written_again(entry: journal.Entry, plan: transaction.Plan, params: Mapping[str, Any]) -> List[str]:
    """Put what the change made into frr.conf again, where somebody wrote the file without it; return what to know.

    Raises:
        FailedError: it is written all the time, or lacks what runs and is not ours.
        EdgeError: it cannot be read.
        OSError: the disk takes no file.
    """
    for _attempt in range(LOOKS):
        if files.digest(files.read_or_none(programs.CONFIG)) == entry.new_digest:
            return []
        now = _whole_file()
        # Who removes the file does not want the rest of it gone.
        again = plan.file_text if now is None else transaction.spliced_again(plan, now, programs.running_text() or "")
        if again is None:
            return []
        kept = "" if now is None else files.backup(params["state_dir"], now, params["backup_keep"])
        journal.advance(params["state_dir"], entry._replace(new_digest=files.digest(again)), "proving")
        if files.read_or_none(programs.CONFIG) != now:
            continue
        files.swap(programs.CONFIG, again)
        if now is None:
            return ["somebody else removed /etc/frr/frr.conf while the change ran: it is there again"]
        return [
            "somebody else wrote /etc/frr/frr.conf while the change ran, without what it changed: that stands in it "
            "again; what they wrote is in {0}".format(kept)
        ]
    raise FailedError("it is written again and again")


def _whole_file() -> Optional[str]:
    """Return frr.conf once nobody writes it: vtysh empties it first, asks every daemon, and then fills it."""
    seen: List[Optional[str]] = [files.read_or_none(programs.CONFIG)]

    def changes() -> bool:
        seen.append(files.read_or_none(programs.CONFIG))
        return seen[-1] != seen[-2] or not seen[-1]

    poll(changes, SAVE_TIMEOUT, every=SAVE_PAUSE)
    return seen[-1]


def _before(router: transaction.RouterState, plan: transaction.Plan, config: files.Kept, daemons: files.Kept) -> Before:
    """Return what was found, for the way back to it.

    Args:
        router: what was found.
        plan: what is to be done.
        config: frr.conf.
        daemons: /etc/frr/daemons.
    """
    return Before(
        config=config,
        daemons=daemons,
        running=router.running_text or router.file_text,
        scope=plan.scope,
        target=plan.target,
        ran=router.active or router.running_text is not None,
        enabled=router.enabled,
        others=blocks(router.running_text or "", plan.scope),
        processes=router.daemons,
    )


def _beside(gained: List[str], lost: List[str], ended: List[str]) -> str:
    """Return what else the message of a change that was taken back says, one line each."""
    said = ""
    if ended:
        said += "\n{0} of FRR ended by itself while the change ran: journalctl -u frr may say why".format(
            ", ".join(ended)
        )
    if gained:
        said += "\nSomebody else configured this router while the change ran; it stays: {0}".format("; ".join(gained))
    if lost:
        said += "\nSomebody else configured this router while the change ran; the way back took along: {0}".format(
            "; ".join(lost)
        )
    return said


def _saved_meanwhile(entry: journal.Entry, params: Mapping[str, Any]) -> str:
    """Keep what somebody else wrote into frr.conf since the swap, before the old file comes back; say where it is."""
    try:
        now = files.read_or_none(programs.CONFIG)
        if now is None or files.digest(now) in (entry.new_digest, files.digest(entry.old_file)):
            return ""
        path = files.backup(params["state_dir"], now, params["backup_keep"])
    except OSError as error:
        return "\nSomebody else wrote /etc/frr/frr.conf while the change ran, and it could not be kept: {0}".format(
            error
        )
    return "\nSomebody else wrote /etc/frr/frr.conf while the change ran: what it was then is in {0}".format(path)


def noted(router: transaction.RouterState, proof: Proof, lost: List[str]) -> List[str]:
    """Return what a change that holds warns of; ``lost`` are the lines of somebody else that it took along."""
    result = []
    if proof.restarted:
        up = sorted(address for address, found in router.sessions.items() if found.state == "Established")
        reset = ", which closed the sessions of {0}".format(", ".join(up)) if "bgpd" in proof.restarted and up else ""
        result.append(
            "{0} of FRR ended by itself while the change ran, and was started anew{1}; the change stays: "
            "journalctl -u frr may say why".format(", ".join(proof.restarted), reset)
        )
    if proof.gained:
        result.append(
            "somebody else configured this router while the change ran; it stays: {0}".format("; ".join(proof.gained))
        )
    if lost:
        result.append(
            "somebody else typed into this site's own objects in the moment before the reload, which took it along: "
            "{0}. Plan it, or keep it in an object of its own".format("; ".join(lost))
        )
    for address, reason in sorted(proof.closed_by_neighbors.items()):
        result.append(
            "the session to {0} closed while the change ran, and not because of it ({1}); the change stays: "
            "look at that neighbor".format(address, reason)
        )
    if proof.down:
        result.append(
            "not Established after the change of their own configuration: {0}. The other end may have to change too "
            "(a password, an AS, timers): site.yml changes the cluster after the routers, and verify.yml tells".format(
                ", ".join(proof.down)
            )
        )
    return result


def _failure(error: Exception, left: str) -> str:
    """Return why a change failed, and ``left``: what could not be restored, empty where all is as before."""
    expected = isinstance(error, _EXPECTED)
    return "{0}\n{1}".format(
        error if expected else traceback.format_exc(),
        "The old configuration could NOT be restored:\n" + left if left else "The old configuration is back.",
    )

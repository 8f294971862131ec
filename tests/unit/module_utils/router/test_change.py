# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change does where systemd, FRR or the disk answer as they rarely do: decided without a router."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config as frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import transaction
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.state import SessionState
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import (
    change,
    files,
    journal,
    lock,
    persist,
    programs,
    rollback,
)
from ansible_collections.hybridnet.cluster_edge.plugins.modules import frr_config, frr_persist

OLD = "router bgp 65000\n neighbor 192.0.2.11 remote-as 64701\nexit\n"
NEW = "router bgp 65000\n neighbor 192.0.2.12 remote-as 64701\nexit\n"
ROUTE = "ip route 198.51.100.0/24 blackhole\n"


def state(**changes: Any) -> transaction.RouterState:
    """Return a router that runs OLD and has it in its file."""
    router = transaction.RouterState(
        version="10.3",
        bgpd_running=True,
        bgpd_enabled=True,
        active=True,
        enabled=True,
        has_reload=True,
        file_text=OLD,
        running_text=OLD,
        sessions={},
    )
    return router._replace(**changes)


# -- systemd -------------------------------------------------------------------------------------------------------
@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Let systemctl answer in turn, the last answer again and again; return what it was asked."""

    def answers(*words: str) -> list[str]:
        left, asked = list(words), []

        def systemctl(*command: str) -> str:
            asked.append(" ".join(command))
            return left.pop(0) if len(left) > 1 else left[0]

        monkeypatch.setattr(programs, "systemctl", systemctl)
        monkeypatch.setattr(change, "LOCK_TIMEOUT", 0.5)
        return asked

    return answers


@pytest.mark.parametrize("passing", ["reloading", "activating", "deactivating", "Connection timed out"])
def test_a_service_that_changes_is_waited_for(service: Callable[..., list[str]], passing: str) -> None:
    service(passing, "active")
    assert change._settled("is-active") is True


@pytest.mark.parametrize(
    ("question", "answer", "meaning"),
    [
        ("is-active", "active", True),
        ("is-active", "inactive", False),
        ("is-active", "failed", False),
        ("is-enabled", "enabled", True),
        ("is-enabled", "generated", True),
        ("is-enabled", "enabled-runtime", False),
        ("is-enabled", "masked", False),
        ("is-enabled", "Failed to get unit file state for frr.service: No such file or directory", False),
    ],
)
def test_what_systemd_says_of_a_service(
    service: Callable[..., list[str]], question: str, answer: str, meaning: bool
) -> None:
    service(answer)
    assert change._settled(question) is meaning


def test_systemd_that_cannot_be_asked_says_nothing(service: Callable[..., list[str]]) -> None:
    service("Failed to connect to bus: No such file or directory")
    assert programs.service_is("is-enabled") is None


def test_a_service_of_which_systemd_does_not_know_is_left_alone(service: Callable[..., list[str]]) -> None:
    service("reloading")
    with pytest.raises(rollback.RefusedError) as caught:
        change._settled("is-active")
    assert str(caught.value) == (
        "systemctl is-active frr.service says 'reloading', so it is not known what a change would do to FRR, and nothing"
        " was changed: look at systemctl status frr.service, and run again"
    )


def test_a_service_that_cannot_be_enabled_is_told(service: Callable[..., list[str]]) -> None:
    plan = transaction.plan(state(enabled=False), OLD, "replace", "auto")
    service("enabled")
    assert change._not_enabled(plan) == []
    service("masked")
    assert change._not_enabled(plan) == [
        "systemctl enable frr.service had no effect (is-enabled says 'masked'): after a reboot FRR does not run"
    ]
    assert change._not_enabled(plan._replace(enable=False)) == []


@pytest.mark.parametrize(
    ("dialed", "calls", "said"),
    [
        pytest.param(
            ("192.0.2.77",), ["give_names", "reload"], "% refused; % more", id="one dials in that gets a name"
        ),
        pytest.param((), ["reload"], "% more", id="nobody dials in"),
    ],
)
def test_dynamic_neighbors_get_their_names_before_the_reload(
    monkeypatch: pytest.MonkeyPatch, dialed: tuple[str, ...], calls: list[str], said: str
) -> None:
    """A reload cannot give them: FRR refuses the name of a dynamic neighbor."""
    done: list[str] = []

    def answer(name: str, value: Any) -> Callable[..., Any]:
        def called(*_given: Any) -> Any:
            done.append(name)
            return value

        return called

    listening = "router bgp 65000\n neighbor G peer-group\n bgp listen range 192.0.2.0/24 peer-group G\nexit\n"
    named = listening.replace("\n bgp", "\n neighbor 192.0.2.77 peer-group G\n bgp")
    sessions = {one: SessionState(one, "Established", 65001, "G", {}, 0) for one in dialed}
    router = state(file_text=listening, running_text=listening, sessions=sessions)
    monkeypatch.setattr(programs, "give_names", answer("give_names", "% refused"))
    monkeypatch.setattr(programs, "reload", answer("reload", programs.Reload("% more", listening)))
    found = change.apply_plan(router, transaction.plan(router, named, "expand", "auto"))
    assert (done, found.said, found.saw) == (calls, said, listening)


def test_a_router_of_somebody_else_is_compared_whatever_systemd_says(
    service: Callable[..., list[str]], etc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service("Failed to get unit file state for frr.service: No such file or directory")
    assert change._settled("is-enabled") is False
    service("reloading")
    for name, answer in {"running_text": OLD, "bgpd_version": "10.3", "has_reload": True, "sessions": {}}.items():
        monkeypatch.setattr(programs, name, lambda answer=answer: answer)
    monkeypatch.setattr(programs, "bgpd_running", lambda: True)
    monkeypatch.setattr(programs, "daemons", dict)
    assert "192.0.2.12" in change.read_only({"content": NEW})["left"]
    monkeypatch.setattr(programs, "running_text", lambda: OLD.replace("65000", "1.10"))
    told = change.read_only({"content": NEW})
    assert (told["changed"], told["left"], told["owner"]) == (False, "", "other")
    assert told["warnings"][0].startswith(
        "this router's BGP is somebody else's and cannot be compared: 'router bgp 1.10' writes AS numbers in two parts"
    )


def test_a_unit_that_systemd_does_not_enable_is_no_promise(
    service: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(persist, "DATA", str(tmp_path))
    service("Failed to enable unit: Read-only file system")
    with pytest.raises(EdgeError, match="Read-only file system") as caught:
        persist.put([])
    assert str(caught.value).startswith(f"{persist.UNIT}: systemctl enable left it out, so it would not run at boot")


# -- the way back --------------------------------------------------------------------------------------------------
class Router:
    """A router's programs, which a test lets fail; ``calls`` are those that change something."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, running: str | None = OLD) -> None:
        self.running: str | Exception | None = running
        self.after_restart: str | None = running
        self.calls: list[str] = []
        monkeypatch.setattr(rollback, "READ_BACK_TIMEOUT", 0)
        monkeypatch.setattr(programs, "systemctl", self._systemctl)
        monkeypatch.setattr(programs, "restart", self._restart)
        monkeypatch.setattr(programs, "running_text", self._running_text)
        monkeypatch.setattr(programs, "daemons", dict)
        monkeypatch.setattr(programs, "has_reload", lambda: True)
        monkeypatch.setattr(programs, "bgpd_running", self._bgpd_running)

    def _systemctl(self, *words: str) -> str:
        self.calls.append(" ".join(words))
        return ""

    def _restart(self) -> None:
        self.calls.append("restart")
        self.running = self.after_restart

    def _running_text(self) -> str | None:
        if isinstance(self.running, Exception):
            raise self.running
        return self.running

    def _bgpd_running(self) -> bool:
        return self._running_text() is not None


HANGS = subprocess.TimeoutExpired(["vtysh"], 120)


def before(tmp_path: Path, **changes: Any) -> rollback.Before:
    """Return what is before a change from OLD to NEW, whose file is swapped."""
    config, daemons = tmp_path / "frr.conf", tmp_path / "daemons"
    config.write_text(OLD)
    daemons.write_text("bgpd=yes\n")
    kept = files.keep(str(config)), files.keep(str(daemons))
    (tmp_path / "draft").write_text(NEW)
    os.rename(tmp_path / "draft", config)
    way = rollback.Before(
        config=kept[0],
        daemons=kept[1],
        running=OLD,
        scope={frr.BGP},
        target=frr.parse(NEW).objects,
        ran=True,
        enabled=True,
        others={},
        processes=(),
    )
    return way._replace(**changes)


def test_an_frr_that_hangs_is_restarted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    router = Router(monkeypatch)
    router.running = HANGS
    restored = before(tmp_path).bring_back()
    assert (router.calls, restored.left) == (["restart"], "")
    assert (tmp_path / "frr.conf").read_text() == OLD


def test_an_frr_that_hangs_on_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    router = Router(monkeypatch)
    router.running = HANGS
    monkeypatch.setattr(programs, "restart", lambda: router.calls.append("restart"))
    restored = before(tmp_path).bring_back()
    assert router.calls == ["restart"]
    assert restored.left.split("\n")[-1].startswith("what FRR runs cannot be read: Command '['vtysh']' timed out")


def test_the_way_back_takes_filters_back_in_both_directions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbors keep what a wider filter let out to them, until they are told otherwise."""
    router = Router(monkeypatch, NEW)

    def reload(text: str, _secrets: str = "") -> programs.Reload:
        router.running = text
        return programs.Reload("", "")

    monkeypatch.setattr(programs, "reload", reload)
    monkeypatch.setattr(programs, "clear", lambda direction: router.calls.append("clear " + direction))
    assert before(tmp_path).bring_back().left == ""
    assert router.calls == ["clear in", "clear out"]


@pytest.mark.parametrize(
    ("now", "after", "gained"),
    [
        pytest.param("bgpd=yes\n", "bgpd=no\n", [], id="what the change made of it"),
        pytest.param("bgpd=no\n", "bgpd=no\n", [], id="as it was"),
        pytest.param(None, "bgpd=no\n", [], id="removed"),
        pytest.param("bgpd=yes\nbfdd=yes\n", "bgpd=no\nbfdd=yes\n", ["/etc/frr/daemons: bfdd=yes"], id="edited by somebody else"),
        pytest.param("bgpd=no\nbfdd=yes\n", "bgpd=no\nbfdd=yes\n", ["/etc/frr/daemons: bfdd=yes"], id="edited before the change wrote it"),
        pytest.param("bgpd=yes \n", "bgpd=no\n", [], id="written anew in other blanks"),
        pytest.param("# ours\nbgpd=yes\n", "# ours\nbgpd=no\n", ["/etc/frr/daemons: # ours"], id="both in one file"),
        pytest.param("", "", ["/etc/frr/daemons"], id="emptied by somebody else"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ran", [True, False])
def test_the_way_back_leaves_the_daemons_that_somebody_else_chose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ran: bool, now: str | None, after: str, gained: list[str]
) -> None:
    Router(monkeypatch)
    daemons = tmp_path / "daemons"
    way = before(tmp_path, ran=ran)
    daemons.write_text("bgpd=no\n")
    way = way._replace(daemons=files.keep(str(daemons)))
    daemons.unlink()
    if now is not None:
        daemons.write_text(now)
    restored = way.bring_back()
    assert (restored.left, restored.gained, restored.lost) == ("", gained, [])
    assert daemons.read_text() == after


@pytest.mark.parametrize(
    ("ran", "calls"),
    [
        pytest.param(False, ["stop frr.service", "reset-failed frr.service"], id="it did not run"),
        pytest.param(True, [], id="it ran"),
    ],
)
def test_the_way_back_stops_only_what_did_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ran: bool, calls: list[str]
) -> None:
    router = Router(monkeypatch)
    assert before(tmp_path, ran=ran).bring_back().left == ""
    assert router.calls == calls


@pytest.mark.parametrize(
    ("changes", "ran"),
    [
        pytest.param({}, True, id="as a service"),
        pytest.param({"active": False}, True, id="without one"),
        pytest.param({"active": False, "running_text": None}, False, id="not at all"),
    ],
)
def test_an_frr_that_answers_ran(tmp_path: Path, changes: dict[str, Any], ran: bool) -> None:
    router = state(**changes)
    plan = transaction.plan(router, NEW, "replace", "auto")
    kept = files.Kept(str(tmp_path / "none"), None, None)
    assert change._before(router, plan, kept, kept).ran is ran


OUTSIDE = {"active": False}
TWO_WAYS_OUT = (
    "FRR runs, and frr.service is not active: something else started it, and a start of frr.service would put a second FRR"
    " beside it, so nothing was changed. Look what runs it (systemctl status frr.service; ps -o pid,ppid,args -C"
    " zebra,bgpd,watchfrr), end that, let frr.service run it (systemctl enable --now frr.service), and run again; or leave"
    " its BGP to whoever runs it (edge_router_bgp_owner: none)"
)


@pytest.mark.parametrize(
    ("found", "content", "said"),
    [
        pytest.param(OUTSIDE, NEW, TWO_WAYS_OUT, id="a change"),
        pytest.param(OUTSIDE, OLD, TWO_WAYS_OUT, id="it runs as planned, and would be enabled"),
        pytest.param(OUTSIDE, "", TWO_WAYS_OUT, id="what it runs is to go"),
        pytest.param({**OUTSIDE, "bgpd_running": False, "running_text": "!\n"}, NEW, TWO_WAYS_OUT, id="without bgpd"),
        pytest.param({**OUTSIDE, "bgpd_running": False, "running_text": "!\n"}, "", "", id="the file alone is to go"),
        pytest.param({**OUTSIDE, "bgpd_running": False, "running_text": None}, NEW, "", id="it does not run"),
        pytest.param({}, NEW, "", id="as its service"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_a_second_frr_is_never_started_beside_one_that_runs(
    found: dict[str, Any], content: str, said: str, check: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change.check, "check", lambda *_texts: change.check.Verdict([], []))
    given = {"content": content, "stage": "replace", "apply": "auto", "take_over": [], "platform": "linux"}
    with pytest.raises(rollback.RefusedError) if said else contextlib.nullcontext() as caught:
        change.planned_change(state(**found), given, check)
    assert str(caught.value if caught else "") == said


# -- files ---------------------------------------------------------------------------------------------------------
def test_a_file_that_somebody_removed_comes_back(tmp_path: Path) -> None:
    way = before(tmp_path)
    (tmp_path / "frr.conf").unlink()
    files.put_back(way.config)
    assert (tmp_path / "frr.conf").read_text() == OLD


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A router's /etc/frr and state directory, with OLD."""
    for name, text in (("frr.conf", OLD), ("daemons", "bgpd=yes\n")):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(programs, "CONFIG", str(tmp_path / "frr.conf"))
    monkeypatch.setattr(programs, "DAEMONS", str(tmp_path / "daemons"))
    return tmp_path


def params(folder: Path) -> dict[str, Any]:
    return {"state_dir": str(folder), "backup_keep": 3, "session_timeout": 1}


def planned() -> transaction.Plan:
    return transaction.plan(state(), NEW, "replace", "auto")


def test_a_swap_that_fails_after_its_rename_is_taken_back(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_path: str) -> None:
        raise OSError(5, "Input/output error")

    swap = files.swap

    def swapped(path: str, text: str) -> None:
        swap(path, text)
        broken(path)

    monkeypatch.setattr(files, "swap", swapped)
    with pytest.raises(rollback.RefusedError, match="nothing was changed"):
        change.carry_out(state(), planned(), params(etc), {})
    assert (etc / "frr.conf").read_text() == OLD
    assert sorted(path.name for path in etc.iterdir() if not path.name.startswith("frr.conf.2")) == [
        "daemons",
        "frr.conf",
    ]


def test_a_swap_that_cannot_be_taken_back_is_told_and_the_journal_stays(
    etc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(files, "swap", fails)
    monkeypatch.setattr(files, "put_back", fails)
    result: dict[str, Any] = {}
    change.carry_out(state(), planned(), params(etc), result)
    assert (result["failed"], result["changed"], result["rolled_back"]) == (True, True, False)
    assert result["msg"].endswith("could NOT be restored:\n/etc/frr/frr.conf: [Errno 5] Input/output error")
    assert (etc / journal.NAME).exists()


@pytest.fixture
def entry(etc: Path, monkeypatch: pytest.MonkeyPatch) -> journal.Entry:
    """The journal of a change from OLD, with a line of others, to NEW, that is proven."""
    monkeypatch.setattr(change, "SAVE_TIMEOUT", 0.3)
    monkeypatch.setattr(change, "SAVE_PAUSE", 0.1)
    monkeypatch.setattr(programs, "running_text", lambda: ROUTE + NEW)
    monkeypatch.setattr(files.pwd, "getpwnam", lambda _name: pwd.getpwuid(0))
    return journal.Entry(
        "proving", "reload", "", 1, ROUTE + OLD, files.digest(written().file_text), "", OLD, NEW, True, True
    )


def written() -> transaction.Plan:
    return transaction.plan(state(file_text=ROUTE + OLD, running_text=ROUTE + OLD), NEW, "replace", "auto")


@pytest.mark.parametrize(
    ("found", "left"),
    [
        pytest.param(ROUTE + "!\n" + NEW, None, id="as it was written"),
        pytest.param(ROUTE + "log syslog\n" + NEW, None, id="with a line of others"),
        pytest.param(
            ROUTE + NEW.replace("exit", " neighbor 192.0.2.99 remote-as 64999\nexit"), None, id="a line in ours"
        ),
        pytest.param(ROUTE + "log syslog\n" + OLD, ROUTE + "log syslog\n" + NEW, id="the old configuration"),
        pytest.param(ROUTE + NEW.replace("exit", OLD.split("\n")[1] + "\nexit"), ROUTE + NEW, id="what was taken away"),
        pytest.param(ROUTE, ROUTE + NEW, id="no BGP"),
        pytest.param(None, ROUTE + NEW, id="no file"),
    ],
)
def test_what_the_change_made_stands_in_the_file_at_its_end(
    etc: Path, entry: journal.Entry, found: str | None, left: str | None
) -> None:
    (etc / "frr.conf").unlink()
    if found is not None:
        (etc / "frr.conf").write_text(found)
    warnings = change._keep_written(entry, written(), params(etc))
    now = (etc / "frr.conf").read_text()
    if left is None:
        assert (now, warnings) == (found, [])
        return
    assert frr.parse(now).objects == frr.parse(left).objects
    assert sorted(line for line in now.split("\n") if line[:2] in ("ip", "lo")) == sorted(
        line for line in left.split("\n") if line[:2] in ("ip", "lo")
    )
    (warning,) = warnings
    kept = [path for path in etc.iterdir() if path.name.startswith("frr.conf.2")]
    assert [path.read_text() for path in kept] == ([] if found is None else [found])
    assert warning.endswith(str(kept[0]) if kept else "it is there again")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(
            "log syslog\n", "it lacks what runs and is not ours: ip route 198.51.100.0/24 blackhole", id="half"
        ),
        pytest.param(OLD + "router bgp 7\n", "two BGP instances in the default VRF", id="what cannot be read"),
    ],
)
def test_a_file_of_others_that_cannot_be_completed_is_told_and_the_change_stays(
    etc: Path, entry: journal.Entry, found: str, said: str
) -> None:
    (etc / "frr.conf").write_text(found)
    (warning,) = change._keep_written(entry, written(), params(etc))
    assert warning.startswith("somebody else wrote /etc/frr/frr.conf while the change ran, so FRR may start with")
    assert said in warning
    assert (etc / "frr.conf").read_text() == found


def test_a_file_that_is_being_saved_is_waited_for(
    etc: Path, entry: journal.Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """vtysh empties the file first, and fills it when it has asked every daemon."""
    path = etc / "frr.conf"
    path.write_text("")
    saved = iter(["", "log syslog\n", ROUTE + "log syslog\n" + OLD])

    def save(_seconds: float) -> None:
        path.write_text(next(saved, path.read_text()))

    monkeypatch.setattr(rollback.time, "sleep", save)
    monkeypatch.setattr(change, "SAVE_TIMEOUT", 5)
    assert len(change._keep_written(entry, written(), params(etc))) == 1
    assert frr.parse(path.read_text()).objects == frr.parse(NEW).objects
    assert "log syslog" in path.read_text()
    assert ROUTE.strip() in path.read_text()


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("module", ["frr_config", "frr_persist"])
def test_a_lock_that_is_not_let_go_is_told_by_who_has_it_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, check: bool
) -> None:
    """A boot hook whose vtysh hung held every run up, without a word."""
    path = str(tmp_path / "lock")
    monkeypatch.setattr(lock, "PATH", path)
    monkeypatch.setattr(lock, "SECONDS", 0.3)
    with subprocess.Popen(["flock", path, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(b"here\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == b"here\n"
        said = refusal_of(module, tmp_path, monkeypatch, check)
        holder.stdin.close()
    # The program that flock started has the file open too.
    told = re.sub(rf"process {holder.pid} \(flock {path} cat\); process \d+ \(cat\)", "<holder>", said)
    wanted = (
        f"{path}: another process has held the lock of this router's FRR for 0.3 s: <holder> (look what it waits for"
        " (ps -ef --forest; systemctl status frr), end it, and run again)"
    )
    # A preview of what is kept writes nothing, and waits for nobody.
    waits = module == "frr_config" or not check
    assert told == (f"nothing was changed: {wanted}" if module == "frr_config" else wanted if waits else "done")


def refusal_of(module: str, folder: Path, monkeypatch: pytest.MonkeyPatch, check: bool) -> str:
    """Return what a module says on this router; "done" where it does its work."""
    if module == "frr_config":
        for name in ("setsid", "umask", "dup2"):
            monkeypatch.setattr(os, name, lambda *_arguments: None)
        monkeypatch.setattr(frr_config.signal, "signal", lambda *_arguments: None)
        read_end, write_end = os.pipe()
        frr_config.worker({"state_dir": str(folder)}, check, write_end)
        with os.fdopen(read_end) as pipe:
            return str(json.load(pipe)["msg"])

    class Module:
        """In the place of Ansible's."""

        check_mode = check
        params = {"state": "absent"}  # noqa: RUF012

        def fail_json(self, msg: str) -> None:
            raise SystemExit(msg)

        def exit_json(self, **_result: Any) -> None:
            raise SystemExit("done")

    monkeypatch.setattr(frr_persist, "AnsibleModule", lambda **_arguments: Module())
    monkeypatch.setattr(frr_persist.access, "require_root", lambda: None)
    monkeypatch.setattr(persist, "present", list)
    with pytest.raises(SystemExit) as caught:
        frr_persist.main()
    return str(caught.value)


def test_a_lock_that_is_let_go_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "lock")
    monkeypatch.setattr(lock, "PATH", path)
    with subprocess.Popen(["flock", path, "sh", "-c", "echo; sleep 0.5"], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with lock.held():
            assert holder.poll() is not None or holder.wait(1) == 0


# -- results -------------------------------------------------------------------------------------------------------
def test_sessions_that_frr_does_not_tell_do_not_hide_why_a_change_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off() -> None:
        raise EdgeError("show bgp neighbors json", "FRR did not answer with JSON")

    monkeypatch.setattr(programs, "sessions", cut_off)
    assert change._sessions_after() == {}


@pytest.mark.parametrize("check", [True, False])
def test_a_preview_leaves_the_result_of_the_last_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: bool
) -> None:
    """That of a run whose connection broke is told by this file alone."""
    monkeypatch.setattr(lock, "PATH", str(tmp_path / "lock"))
    monkeypatch.setattr(change, "transact", lambda *_arguments: {"changed": True})
    for name in ("setsid", "umask", "dup2"):
        monkeypatch.setattr(os, name, lambda *_arguments: None)
    monkeypatch.setattr(frr_config.signal, "signal", lambda *_arguments: None)
    folder = tmp_path / "state"
    read_end, write_end = os.pipe()
    frr_config.worker({"state_dir": str(folder)}, check, write_end)
    with os.fdopen(read_end) as pipe:
        assert pipe.read() == '{"changed": true}'
    assert (folder / "result.json").exists() is not check
    assert folder.exists() is not check


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("pending", [True, False])
def test_a_router_without_data_is_told_in_a_preview_too(
    etc: Path, monkeypatch: pytest.MonkeyPatch, pending: bool, check: bool
) -> None:
    monkeypatch.setattr(persist, "DATA", str(etc / "data"))
    with pytest.raises(EdgeError) as caught:
        frr_persist.keep(check, pending, str(etc))
    assert str(caught.value) == (
        f"{etc}/data: is no folder here, so nothing survives an upgrade (UniFi OS 2 or later has it)"
    )


def test_a_file_that_an_unfinished_change_wrote_is_not_kept(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persist, "DATA", str(etc))
    (etc / journal.NAME).write_text("{}")
    with pytest.raises(EdgeError, match="is not proven: a change of it was cut off"):
        frr_persist.keep(False, False, str(etc))


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: neighbor 192.0.2.11 password hushhush",
        '"ip ospf message-digest-key 1 md5 hushhush" we failed to remove this command: ERROR',
        "ERROR: isis password clear hushhush",
        "% ip rip authentication string hushhush",
        "% ipv6 ospf6 authentication key-id 1 hash-algo hmac-sha-256 key hushhush",
        "ERROR: key-string hushhush",
    ],
)
def test_a_complaint_shows_no_secret(line: str) -> None:
    said = programs.complaints(line)
    assert said
    assert "hushhush" not in said

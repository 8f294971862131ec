# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How ``./test`` runs its steps and counts them, and what its set-up sees to; the steps here are made up."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import CILIUM
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.minimal import PROCPS, path_without
from ansible_collections.hybridnet.cluster_edge.tests.support.yaml_text import read_yaml_file

SOURCES = f". {CHECKOUT}/scripts/setup.sh; . {CHECKOUT}/scripts/steps.sh"
HANGS = 60
"""Seconds after which a script that still keeps its output open is given up; each takes one or two."""
STEPS = """
step_good() { echo fine; }
step_bad() { echo wrong; return 3; }
step_empty() { edge_skip "no such interpreter"; return; }
step_last() { test "$1" = no; }
step_dies() { edge_die "the environment cannot be made"; }
"""


def bash(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script that has the functions of the set-up and of the steps."""
    command = ["bash", "-c", f"{SOURCES}\n{script}"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=HANGS)


def function_of(name: str) -> str:
    """Return a function of ``./test`` as it stands there."""
    found = re.search(rf"^{name}\(\) \{{\n.*?^\}}\n", (CHECKOUT / "test").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[0]


def line_of(pattern: str) -> str:
    """Return a line of ``./test``."""
    found = re.search(pattern, (CHECKOUT / "test").read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return found[0]


def run_steps(*names: str) -> tuple[int, list[str]]:
    """Run made-up steps; return the exit status and the lines."""
    done = bash(f"{STEPS}\nedge_run_steps {' '.join(names)}")
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    ("names", "status", "line", "closing"),
    [
        pytest.param(["good"], 0, r"1 steps in \d+ s", "1 passed, 0 failed, 0 skipped", id="passed"),
        pytest.param(["bad", "good"], 1, r"2 steps in \d+ s; failed: bad", "1 passed, 1 failed, 0 skipped", id="failed"),
        pytest.param(["good", "empty"], 0, r"2 steps in \d+ s; skipped: empty", "1 passed, 0 failed, 1 skipped", id="skipped"),
        pytest.param(["empty"], 0, r"1 steps in \d+ s; skipped: empty", "0 passed, 0 failed, 1 skipped", id="nothing ran"),
        pytest.param(["bad", "empty", "last"], 1, r"3 steps in \d+ s; failed: bad last; skipped: empty", "0 passed, 2 failed, 1 skipped", id="all"),
    ],
)  # fmt: skip
def test_the_last_line_counts_the_steps(names: list[str], status: int, line: str, closing: str) -> None:
    ended, lines = run_steps(*names)
    assert ended == status
    assert re.fullmatch(line, lines[-2])
    assert lines[-1] == closing


def test_each_step_says_what_became_of_it() -> None:
    _status, lines = run_steps("good", "bad", "empty")
    shown = [re.sub(r"\d+ s$", "N s", line) for line in lines if line]
    assert shown[:-2] == [
        "== good (1 of 3)",
        "fine",
        "== good: passed in N s",
        "== bad (2 of 3)",
        "wrong",
        "== bad: FAILED in N s",
        "== empty (3 of 3)",
        "   nothing to run: no such interpreter",
        "== empty: skipped in N s",
    ]


def test_steps_that_run_at_the_same_time() -> None:
    """The first one waits for the second one's word, so that neither can go before the other."""
    done = bash("""
        step_waits() { read -r -t 20 word <"$pipe" && echo "heard $word"; }
        step_speaks() { echo hello >"$pipe"; echo said; return 3; }
        step_after() { echo later; }
        pipe=$(mktemp -u); mkfifo "$pipe"
        edge_run_steps waits -- speaks after
        status=$?
        rm "$pipe"
        exit "$status"
    """)
    lines = [re.sub(r"\d+ s\b", "N s", line) for line in done.stdout.splitlines() if line]
    assert done.returncode == 1
    assert done.stderr == ""
    assert [line for line in lines[:-2] if "waits" in line or "heard" in line] == [
        *("== waits (1 of 1)", "heard hello", "== waits: passed in N s")
    ]
    assert [line for line in lines[:-2] if "waits" not in line and "heard" not in line] == [
        *("== speaks (1 of 2)", "speaks | said", "== speaks: FAILED in N s"),
        *("== after (2 of 2)", "after | later", "== after: passed in N s"),
    ]
    assert lines[-2:] == ["3 steps in N s; failed: speaks", "2 passed, 1 failed, 0 skipped"]


@pytest.mark.parametrize("beside", ["", "-- good"], ids=["alone", "beside others"])
def test_a_step_has_the_input_of_the_command(beside: str) -> None:
    """A debugger reads it. What runs beside a shell of its own accord has none."""
    done = bash(f"""{STEPS}
        step_reads() {{ read -r line && echo "read $line"; }}
        edge_run_steps reads {beside} <<<hello""")
    assert "read hello" in done.stdout.splitlines()


@pytest.mark.parametrize(
    ("names", "shown", "closing"),
    [
        pytest.param(
            "dies good",
            ["== dies (1 of 2)", "== dies: FAILED in N s"],
            ["2 steps in N s; failed: dies", "1 passed, 1 failed, 0 skipped"],
            id="alone",
        ),
        pytest.param(
            "empty -- dies good",
            ["== dies (1 of 2)", "dies | the environment cannot be made", "== dies: FAILED in N s"],
            ["3 steps in N s; failed: dies; skipped: empty", "1 passed, 1 failed, 1 skipped"],
            id="beside others",
        ),
    ],
)
def test_step_that_ends_its_shell_fails_and_the_next_one_runs(names: str, shown: list[str], closing: list[str]) -> None:
    """``edge_die`` exits; nothing may keep the output open then, for somebody reads it to its end."""
    done = bash(f"{STEPS}\nedge_run_steps {names}")
    lines = [re.sub(r"\d+ s\b", "N s", line) for line in done.stdout.splitlines() if line]
    assert [line for line in lines[:-2] if "dies" in line] == shown
    assert "== good: passed in N s" in lines
    assert lines[-2:] == closing
    assert done.stderr == ("the environment cannot be made\n" if names == "dies good" else "")
    assert done.returncode == 1


def test_step_of_which_no_verdict_came_failed() -> None:
    """The memory of the machine may end what runs a lane."""
    done = bash(f"""{STEPS}
        step_waits() {{ echo "begun $BASHPID" >"$pipe"; exec sleep 60; }}
        step_kills() {{ read -r _word pid <"$pipe"; kill -9 "$beside"; kill -9 "$pid"; }}
        pipe=$(mktemp -u); mkfifo "$pipe"
        edge_run_steps good kills -- waits last
        status=$?
        rm "$pipe"
        exit "$status"
    """)
    lines = [re.sub(r"\d+ s\b", "N s", line) for line in done.stdout.splitlines() if line]
    assert [line for line in lines if "no verdict" in line] == [
        *("== waits: FAILED, no verdict came: what ran it was killed", "== last: FAILED, no verdict came: what ran it was killed")
    ]  # fmt: skip
    assert lines[-2:] == ["4 steps in N s; failed: waits last", "2 passed, 2 failed, 0 skipped"]
    assert done.returncode == 1


@pytest.fixture(params=["all programs", "a minimal Debian"])
def programs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let scripts find every program, or all but those of Debian's procps."""
    if request.param == "all programs":
        return
    monkeypatch.setenv("PATH", path_without(tmp_path / "programs", *PROCPS))
    assert shutil.which("bash") is not None
    assert shutil.which("ps") is None


@pytest.mark.usefixtures("programs")
def test_no_line_comes_of_what_was_killed() -> None:
    """Whoever reads the output of a script that SIGKILL has ended reads to the end of it."""
    done = bash("EDGE_BEAT=1; ends() { kill -9 $$; }; edge_heartbeat label ends")
    assert done.stdout == ""
    assert done.returncode == -signal.SIGKILL


@pytest.mark.usefixtures("programs")
def test_a_line_says_how_long_a_command_runs() -> None:
    done = bash("EDGE_BEAT=1; edge_heartbeat label sleep 1.5")
    assert done.stdout == "   ... label: 1 s\n"


@pytest.mark.usefixtures("programs")
def test_processes_and_their_parents() -> None:
    """Not those that have ended: nobody may ever ask for their status."""
    done = bash("""
        sleep 60 & pid=$!
        (exec -a "a) S 1 (" sleep 60) & named=$!
        sleep 0 & ended=$!
        while [ "$(sed -n 's/^State:.\\(.\\).*/\\1/p' /proc/$ended/status)" = S ]; do :; done
        exec 3< <(edge_processes)
        found=$(edge_processes $pid $named $$ 4194305)
        [ "$found" = "$pid $$
$named $$
$$ $PPID" ] || echo "$found"
        grep -c -x -e "$pid $$" -e "$named $$" -e "$$ $PPID" <&3
        kill $pid $named
    """)
    assert done.stdout == "3\n", done.stderr


INTERRUPTED = ["", "interrupted: what runs ends itself; Ctrl-C again ends it at once"]
CLEANS_UP = """
import os, pathlib, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
try:
    (folder / f"begun-{os.getpid()}").touch()
    time.sleep(60)
except KeyboardInterrupt:
    sys.stdout.write("interrupted\\n")
    raise SystemExit(2)
finally:
    write = "import sys, time; time.sleep(0.3); open(sys.argv[1], 'w').close()"
    subprocess.run([sys.executable, "-c", write, folder / "work" / f"draft-{os.getpid()}"], check=True)
    sys.stdout.write("clean\\n")
    (folder / f"clean-{os.getpid()}").touch()
"""
"""A program that takes Ctrl-C as pytest does: it cleans up, by another program too, says so, and exits."""


@contextlib.contextmanager
def begun(folder: Path, script: str = "") -> Iterator[subprocess.Popen[str]]:
    """Run two lanes with the EXIT trap of ``./test``, until a program of each has begun; kill what is left of them.

    Args:
        folder: where the programs note what they do; the lanes' own temporary files are in its ``tmp``.
        script: what comes first.
    """
    (folder / "tmp").mkdir()
    text = f"""{script}
        {SOURCES}
        work={folder}/work; mkdir "$work"
        {line_of("^trap .* EXIT$")}
        program() {{ {sys.executable} -c {shlex.quote(CLEANS_UP)} {folder}; }}
        step_first() {{ program; program; }}
        step_second() {{ program; program; }}
        edge_run_steps first good -- second last
    """
    with subprocess.Popen(
        ["bash", "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(folder / "tmp")},
    ) as process:
        try:
            end = time.monotonic() + HANGS
            while len(list(folder.glob("begun-*"))) < 2:
                assert time.monotonic() < end, "the programs were not started"
                time.sleep(0.02)
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):  # none of its group is left
                os.killpg(process.pid, signal.SIGKILL)


def check_ended(folder: Path, shown: str) -> None:
    """Demand that both programs have cleaned up, that nothing came after them, and that no file of the run is left."""
    assert {path.name.replace("begun", "clean") for path in folder.glob("begun-*")} == {
        path.name for path in folder.glob("clean-*")
    }
    assert len(list(folder.glob("begun-*"))) == 2
    assert sorted(line.rpartition(" | ")[2] for line in shown.splitlines() if "clean" in line) == ["clean", "clean"]
    assert "(2 of 2)" not in shown
    assert not (folder / "work").exists()
    assert list((folder / "tmp").iterdir()) == []


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize(
    ("number", "whole_group", "said", "status"),
    [
        pytest.param(signal.SIGINT, True, INTERRUPTED, 130, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, False, [], -signal.SIGTERM, id="a CI cancels"),
        pytest.param(signal.SIGHUP, False, [], -signal.SIGHUP, id="the terminal goes"),
    ],
)
def test_a_signal_ends_all_steps(
    tmp_path: Path, number: signal.Signals, whole_group: bool, said: list[str], status: int
) -> None:
    """What runs cleans up, as pytest's fixtures do that have a twin, and writes meanwhile. No next step begins."""
    with begun(tmp_path) as process:
        (os.killpg if whole_group else os.kill)(process.pid, number)
        shown, told = process.communicate(timeout=HANGS)
    check_ended(tmp_path, shown)
    assert told.splitlines() == said
    assert process.returncode == status


def test_a_ci_that_interrupts_first_is_heard_at_once(tmp_path: Path) -> None:
    """GitHub's runner sends SIGINT, and SIGTERM some seconds later, to the first process alone."""
    with begun(tmp_path) as process:
        os.kill(process.pid, signal.SIGINT)
        assert process.stderr is not None
        assert [process.stderr.readline() for _line in INTERRUPTED] == [f"{line}\n" for line in INTERRUPTED]
        os.kill(process.pid, signal.SIGTERM)
        shown, told = process.communicate(timeout=HANGS)
    check_ended(tmp_path, shown)
    assert told == ""
    assert process.returncode == -signal.SIGTERM


def test_what_does_not_clean_up_is_ended() -> None:
    """A program that ignores Ctrl-C has its time, and one more for SIGTERM."""
    script = "step_deaf() { trap '' INT; sleep 60; }; step_ends() { sleep 0.5; kill $$; sleep 60; }"
    began = time.monotonic()
    done = bash(f"EDGE_GRACE=1; trap edge_end_children EXIT; {script}; edge_run_steps deaf -- ends")
    assert done.returncode == -signal.SIGTERM
    assert "FAILED" not in done.stdout
    assert time.monotonic() - began < HANGS / 2


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("cancelled", [False, True], ids=["green", "cancelled"])
def test_what_the_caller_has_started_runs_on(cancelled: bool, tmp_path: Path) -> None:
    """``server & exec ./test``: the server is a child of ``./test`` then."""
    script = tmp_path / "script"
    script.write_text(f"""{SOURCES}
        {STEPS}
        step_ends() {{ kill $$; sleep 60; }}
        trap edge_end_children EXIT
        edge_run_steps good {"-- ends" if cancelled else ""}
    """)
    caller = f"sleep 60 >/dev/null 2>&1 & echo $! >{tmp_path}/server; exec bash {script}"
    done = subprocess.run(["bash", "-c", caller], capture_output=True, text=True, check=False, timeout=HANGS)
    assert done.returncode == (-signal.SIGTERM if cancelled else 0)
    server = int((tmp_path / "server").read_text())
    assert Path(f"/proc/{server}/stat").read_text().rpartition(") ")[2][0] == "S"
    os.kill(server, signal.SIGKILL)


@pytest.mark.parametrize(
    ("steps", "markers"),
    [
        pytest.param(" unit", "not lab and not long", id="alone"),
        pytest.param(
            " library unit",
            "not lab and not long and not (not lab and not ansible and not thorough)",
            id="what library left",
        ),
    ],
)
def test_unit_runs_what_library_left(steps: str, markers: str) -> None:
    done = bash(f"""{line_of("^library=.*$")}
        steps="{steps}"
        {line_of("^library_ran=''$")}
        {line_of("^case .* library_ran=yes .*$")}
        {line_of("^step_library.*$")}
        {line_of("^step_unit.*$")}
        python() {{ echo "python $*"; }}
        edge_run_steps$steps""")
    assert done.stderr == ""
    ran = [line for line in done.stdout.splitlines() if line.startswith("python ")]
    assert ran[-1] == f"python -m pytest --numprocesses=auto -m {markers} tests"


def test_a_line_appears_when_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second command ends when it has read the first one's line, which goes on until then."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    done = bash(f"""
        coproc {sys.executable} -c "import os; print('first'); os.read(0, 1)"
        read -t 20 -r line <&"${{COPROC[0]}}" && echo "$line"
        echo >&"${{COPROC[1]}}"
    """)
    assert done.stdout == "first\n", done.stderr


def test_compiled_python_goes_to_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("CLUSTER_EDGE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "module.py").write_text("")
    done = bash(f"cd {tmp_path} && {sys.executable} -c 'import module'")
    assert done.returncode == 0, done.stderr
    assert [path.name.split(".")[0] for path in (tmp_path / "cache").rglob("module.*.pyc")] == ["module"]
    assert not (tmp_path / "__pycache__").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nosuch"], "no such step: nosuch"),
        (["--fast", "unit"], "--fast chooses the steps itself; name steps or say --fast, not both"),
        (["unit", "--long"], "--long chooses the steps itself; name steps or say --long, not both"),
        (["--long", "--fast"], "say --fast or --long, and once"),
    ],
)
def test_what_cannot_be_run_is_an_error_before_the_set_up(words: list[str], message: str) -> None:
    done = subprocess.run([CHECKOUT / "test", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == message
    assert "==" not in done.stdout


def test_help_names_every_step() -> None:
    text = Path(CHECKOUT / "test").read_text("utf-8")
    shown = subprocess.run([CHECKOUT / "test", "--help"], capture_output=True, text=True, check=True).stdout
    named = re.findall(r"^  (\w+)  +\S", shown, re.MULTILINE)
    steps = re.findall(r'^(?:all|long)_steps="(.*)"$', text, re.MULTILINE)
    assert named == " ".join(steps).split()
    assert set(named) == set(re.findall(r"^step_(\w+)\(\)", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("interpreters", "closing"),
    [
        pytest.param("return 1", "0 passed, 0 failed, 1 skipped", id="none"),
        pytest.param("[ $1 = 3.13 ]", "1 passed, 0 failed, 0 skipped", id="one"),
    ],
)
def test_a_matrix_without_another_interpreter_is_skipped(interpreters: str, closing: str) -> None:
    """``./test`` has a matrix of what is here: on a fresh Debian that is one Python, which the other steps run."""
    done = bash(f"""{function_of("on_other_cores")}
        python() {{ echo 3.11; }}
        edge_interpreter() {{ {interpreters}; }}
        on_other_core() {{ true; }}
        step_matrix() {{ on_other_cores "all tests"; }}
        edge_run_steps matrix""")
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == closing


@pytest.mark.parametrize("other", [0, 1, 77], ids=["other cores pass", "another core fails", "no other core"])
@pytest.mark.parametrize("sanity", [0, 1], ids=["sanity passes", "sanity fails"])
def test_cores_passes_where_nothing_failed(sanity: int, other: int) -> None:
    """Sanity has run then, so that no other core is no reason to say that nothing did."""
    done = bash(f"""{function_of("step_cores")}
        sanity() {{ return {sanity}; }}
        on_other_cores() {{ return {other}; }}
        edge_run_steps cores""")
    assert done.stderr == ""
    passes = sanity == 0 and other != 1
    assert done.stdout.splitlines()[-1] == f"{int(passes)} passed, {int(not passes)} failed, 0 skipped"


def test_long_run_without_anything_to_run_is_skipped() -> None:
    done = bash(f"""{function_of("step_further")}
        python() {{ true; }}
        edge_run_steps further""")
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "0 passed, 0 failed, 1 skipped"


@pytest.mark.parametrize(
    ("broken", "closing"),
    [
        pytest.param("none", [], id="good"),
        pytest.param("1.19.6", ["   failed on Cilium: 1.19.6"], id="one fails"),
    ],
)
def test_a_long_run_has_all_sites_on_each_release_of_the_twin(broken: str, closing: list[str]) -> None:
    lines = [*(f"all sites: {version}" for version in CILIUM), *closing]
    done = bash(f"""{function_of("step_releases")}
        cd {CHECKOUT} && python() {{ {sys.executable} "$@"; }}
        molecule() {{ [ "$*" = "test --scenario-name sites" ] && echo "all sites: $SITES_CILIUM"; [ "$SITES_CILIUM" != {broken} ]; }}
        step_releases""")
    assert done.stderr == ""
    assert [line for line in done.stdout.splitlines() if not line.startswith("   --")] == lines
    assert done.returncode == (broken != "none")


@pytest.mark.parametrize("path", sorted(CHECKOUT.glob("molecule/*/molecule.yml")), ids=lambda path: path.parent.name)
def test_molecule_takes_what_its_scenarios_say_of_the_environment(path: Path) -> None:
    """A default may not be empty, for one."""
    molecule = pytest.importorskip("molecule.interpolation", reason="the environments of the matrix have no molecule")
    molecule.Interpolator(molecule.TemplateWithDefaults, {}).interpolate(path.read_text("utf-8"))


@pytest.mark.parametrize("broken", ["none", "minimal"])
def test_a_long_run_has_every_further_site_though_one_fails(broken: str) -> None:
    done = bash(f"""{function_of("step_further")}
        cd {CHECKOUT} && python() {{ {sys.executable} "$@"; }}
        molecule() {{ [ "$*" = "test --scenario-name sites" ] && [ "$SITES_FURTHER" != {broken} ]; }}
        step_further""")
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    begun = [line.removeprefix("   -- ") for line in lines if line.startswith("   -- ")]
    run = [
        item["name"]
        for item in read_yaml_file(CHECKOUT / "molecule/sites/vars/sites.yml")["sites"]
        if "long" not in item
    ]
    assert sorted([*begun, *run]) == sorted(path.name for path in (CHECKOUT / "tests/sites").iterdir() if path.is_dir())
    assert lines[len(begun) :] == ([] if broken == "none" else [f"   failed: {broken}"])
    assert done.returncode == (broken != "none")


def test_our_scripts_start_python_without_a_buffer() -> None:
    command = '. scripts/setup.sh && python3 -c "import sys; print(sys.stdout.write_through)"'
    own = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    said = subprocess.run(["bash", "-c", command], cwd=CHECKOUT, env=own, capture_output=True, text=True, check=True)
    assert said.stdout == "True\n"


@pytest.mark.parametrize(
    ("report", "status"),
    [
        pytest.param("<testcase/>", 0, id="all ran"),
        pytest.param("<testcase><skipped/></testcase>", 1, id="one was skipped"),
    ],
)
def test_lab_tests_have_the_programs_and_none_is_skipped(report: str, status: int) -> None:
    """The drills as well as the lab tests of a full run."""
    python = f"""
work=$(mktemp -d) EDGE_CACHE=/made-up
trap 'rm -r "$work"' EXIT
python() {{
  case $* in
    *--path*) echo /made-up/programs ;;
    *pytest*) echo "$PATH $*"; echo '{report}' >"$work/lab.xml" ;;
  esac
}}
"""
    for step, marker, workers in (("lab", "lab and not long", 2), ("drills", "lab and (long or sequence)", 3)):
        line = line_of(f"^step_{step}.*$")
        done = bash(f"{python}\n{function_of('pytest_lab')}\n{line}\nstep_{step}")
        assert done.returncode == status, done.stderr
        assert f":/made-up/programs -m pytest --numprocesses={workers} --dist=loadfile -m {marker} -rs" in done.stdout


@pytest.mark.parametrize(
    ("node", "group"),
    [
        ("tests/lab/test_tenants.py::test_a_story", "tests/lab/test_tenants.py"),
        ("tests/lab/test_corpus.py::test_a_fault[kernel-leg-down]", "tests/lab/test_corpus.py"),
        ("tests/lab/test_router_drills.py::test_a_drill[FRR 10.3]", "tests/lab/test_router_drills.py FRR 10.3"),
        ("tests/lab/test_router_drills.py::test_a_drill[FRR 7.5-full etc]", "tests/lab/test_router_drills.py FRR 7.5"),
    ],
    ids=["file", "case", "version", "version and case"],
)
def test_what_shares_a_router_or_a_cluster_stays_together(
    node: str, group: str, request: pytest.FixtureRequest
) -> None:
    conftest = request.config.pluginmanager.get_plugin(str(CHECKOUT / "tests/conftest.py"))
    scheduling = conftest.LabScheduling
    assert scheduling._split_scope(object.__new__(scheduling), node) == group

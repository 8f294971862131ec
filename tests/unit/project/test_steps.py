# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How ``./test`` runs its steps and counts them, and what its set-up sees to; the steps here are made up."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import CILIUM
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.yaml_text import read_yaml_file

SOURCES = f". {CHECKOUT}/scripts/setup.sh; . {CHECKOUT}/scripts/steps.sh"
STEPS = """
step_good() { echo fine; }
step_bad() { echo wrong; return 3; }
step_empty() { edge_skip "no such interpreter"; return; }
step_last() { test "$1" = no; }
"""


def bash(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script that has the functions of the set-up and of the steps."""
    return subprocess.run(["bash", "-c", f"{SOURCES}\n{script}"], capture_output=True, text=True, check=False)


def function_of(name: str) -> str:
    """Return a function of ``./test`` as it stands there."""
    found = re.search(rf"^{name}\(\) \{{\n.*?^\}}\n", (CHECKOUT / "test").read_text("utf-8"), re.MULTILINE | re.DOTALL)
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
    test = (CHECKOUT / "test").read_text("utf-8")
    for step, marker, workers in (("lab", "lab and not long", 2), ("drills", "lab and (long or sequence)", 3)):
        line = re.search(rf"^step_{step}\(\) .*$", test, re.MULTILINE)
        assert line is not None
        done = bash(f"{python}\n{function_of('pytest_lab')}\n{line[0]}\nstep_{step}")
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

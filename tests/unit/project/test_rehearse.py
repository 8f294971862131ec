# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""./rehearse around Ansible: whose twin it builds and takes down, what it says, and which environment its runs have.

ansible-playbook is a stand-in that writes down how it is called; it makes and removes the twin's folder as the role does.
"""

from __future__ import annotations

import os
import pty
import shlex
import shutil
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.connections import sources
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT

STAND_IN = """\
#!/bin/bash
# Stands in for ansible-playbook.
twin=$(printf '%s\\n' "$@" | sed -n 's/^edge_twin_folder=//p')
# One write for each call: two rehearsals share the file, and the test reads it meanwhile.
line=$(printf '%q ' "$@"); printf '%s\n' "$line" >>"$STAND_IN/calls"
case "$*" in *edge_twin_state=absent*) env >"$STAND_IN/environment-down" ;; *) env >"$STAND_IN/environment" ;; esac
pause() { while [ -e "$STAND_IN/$1" ]; do read -r -t 0.05 <> <(:); done; }
case "$*" in
  *edge_twin_state=present*)
    pause wait-up
    [ -e "$STAND_IN/nothing" ] || mkdir -p "$twin/$(cat "$STAND_IN/part" 2>/dev/null || echo overlay)"
    [ ! -e "$STAND_IN/differences" ] || cp "$STAND_IN/differences" "$twin/differences.txt"
    exit "$(cat "$STAND_IN/status-up" 2>/dev/null || echo 0)"
    ;;
  *edge_twin_state=absent*) cat >"$STAND_IN/asked-down"; pause wait-down; [ -e "$STAND_IN/stays" ] || rm -rf "$twin" ;;
  *)
    [ ! -e "$STAND_IN/hides" ] || { stty -echo </dev/tty && touch "$STAND_IN/hidden"; }
    pause wait
    [ ! -e "$STAND_IN/ask" ] || cat >"$STAND_IN/answer"
    exit "$(cat "$STAND_IN/status" 2>/dev/null || echo 0)"
    ;;
esac
"""

SETUP = """\
. {setup}
edge_setup() {{ EDGE_VENV=/venv; PATH=$STAND_IN:$PATH; cd "$EDGE_ROOT"; }}
edge_is_root() {{ true; }}
edge_is_debian() {{ true; }}
"""


class Rehearse:
    """The script in a folder of its own, with a set-up that needs neither root nor a network."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script = folder / "rehearse"
        shutil.copy(CHECKOUT / "rehearse", self.script)
        (folder / "scripts").mkdir()
        setup = CHECKOUT / "scripts" / "setup.sh"
        (folder / "scripts" / "setup.sh").write_text(SETUP.format(setup=shlex.quote(str(setup))), "utf-8")
        (folder / "ansible-playbook").write_text(STAND_IN, "utf-8")
        (folder / "ansible-playbook").chmod(0o755)
        self.twins = folder / "state" / "cluster-edge" / "twins"
        self.environment = {
            **os.environ,
            "STAND_IN": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "CLUSTER_EDGE_CACHE": str(folder / "cache"),
        }

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start it as a shell does: in a process group of its own, which Ctrl-C is for."""
        return subprocess.Popen(
            [self.script, *arguments],
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def seen(self, name: str = "environment") -> dict[str, str]:
        """Return the environment of the last run; ``environment-down``: of the last take-down."""
        lines = (self.folder / name).read_text("utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def told(self, name: str, text: str = "") -> None:
        """Tell the stand-in something, as long as it is there."""
        (self.folder / name).write_text(text, "utf-8")

    def run(self, *arguments: str, status: int = 0, **environment: str) -> str:
        process = self.start(*arguments, **environment)
        output = process.communicate(timeout=60)[0]
        assert process.returncode == status, output
        return output

    def calls(self) -> list[list[str]]:
        return [shlex.split(line) for line in (self.folder / "calls").read_text("utf-8").splitlines()]

    def names(self) -> set[str]:
        return {path.name for path in self.twins.glob("*")}

    def wait_for(self, number: int, word: str = "site.yml") -> None:
        """Wait until so many calls with a word, as of site.yml, are there."""
        end = time.monotonic() + 30
        while not (self.folder / "calls").exists() or sum(word in call for call in self.calls()) < number:
            assert time.monotonic() < end, f"{word} was not started"
            time.sleep(0.02)


@pytest.fixture
def rehearse(tmp_path: Path) -> Iterator[Rehearse]:
    made = Rehearse(tmp_path)
    yield made
    for name in ("wait", "wait-up", "wait-down"):
        (tmp_path / name).unlink(missing_ok=True)


def test_rehearsal_builds_its_twin_runs_the_site_on_it_and_takes_it_down(rehearse: Rehearse) -> None:
    output = rehearse.run("--", "-e", "@vault.yml")
    up, site, down = rehearse.calls()
    (name,) = {word for word in up if word.startswith("edge_twin_name=")}
    assert name.startswith("edge_twin_name=rehearsal-")
    assert up[-2:] == site[-2:] == ["-e", "@vault.yml"]
    assert site[-4:-2] == ["-i", f"{rehearse.twins}/{name.removeprefix('edge_twin_name=')}/overlay"]
    assert name in down
    assert "edge_twin_state=absent" in down
    assert "@vault.yml" not in down
    assert rehearse.names() == set()
    assert "Rehearsal passed" in output
    assert list((rehearse.folder / "cache" / "logs").glob("twin-*")) == []


def test_two_at_once_do_not_take_each_other_down(rehearse: Rehearse) -> None:
    (rehearse.folder / "wait").touch()
    first, second = rehearse.start(), rehearse.start("--keep")
    rehearse.wait_for(2)
    assert rehearse.names() == {f"rehearsal-{first.pid}", f"rehearsal-{second.pid}"}
    listed = rehearse.run("--list")
    assert sorted(listed.splitlines()) == sorted(f"{name}  running" for name in rehearse.names())
    assert f"rehearsal-{first.pid} is still running" in rehearse.run("--down", f"rehearsal-{first.pid}", status=1)
    (rehearse.folder / "wait").unlink()
    for process in first, second:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert rehearse.names() == {f"rehearsal-{second.pid}"}


def test_name_that_a_killed_rehearsal_has_left_is_not_taken_again(rehearse: Rehearse) -> None:
    # Every process id that this rehearsal may have.
    script = f"mkdir -p {rehearse.twins}/rehearsal-$$/x && exec {rehearse.script}"
    done = subprocess.run(["sh", "-c", script], env=rehearse.environment, capture_output=True, text=True, check=True)
    (left,) = rehearse.names()
    assert f"edge_twin_name={left}-2" in rehearse.calls()[0]
    assert f"twin {left}-2 up" in done.stdout


def test_file_of_secrets_is_the_callers_wherever_the_checkout_is(rehearse: Rehearse, tmp_path: Path) -> None:
    (tmp_path / "vault.yml").touch()
    subprocess.run([rehearse.script, "--", "-e", "@vault.yml"], env=rehearse.environment, cwd=tmp_path, check=True)
    up, site, _down = rehearse.calls()
    assert up[-1] == site[-1] == f"@{tmp_path}/vault.yml"


FILE_OPTIONS = (
    *("--become-password-file", "--become-pass-file", "--connection-password-file", "--conn-pass-file", "--conn-pass"),
    *("--vault-password-file", "--vault-pass-file", "--vault-passw", "--private-key", "--key-file", "--inventory"),
)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["-e@vault.yml"], ["-e@{}/vault.yml"], id="in one word"),
        pytest.param(["--extra-vars=@vault.yml"], ["--extra-vars=@{}/vault.yml"], id="the long option"),
        pytest.param(
            ["--vault-password-file", "vault.yml"], ["--vault-password-file", "{}/vault.yml"], id="a password"
        ),
        pytest.param(["--vault-password-file=vault.yml"], ["--vault-password-file={}/vault.yml"], id="one in one word"),
        pytest.param(["--vault-id", "vault.yml"], ["--vault-id", "{}/vault.yml"], id="an identity"),
        pytest.param(["--vault-id", "me@vault.yml"], ["--vault-id", "me@{}/vault.yml"], id="one with a label"),
        pytest.param(["--vault-id=me@vault.yml"], ["--vault-id=me@{}/vault.yml"], id="one with a label, in one word"),
        pytest.param(["--vault-id", "me@prompt"], ["--vault-id", "me@prompt"], id="one that is asked for"),
        *(
            pytest.param([*words], [*expected], id=f"{option}, {form}")
            for option in FILE_OPTIONS
            for form, words, expected in (
                ("in two words", [option, "vault.yml"], [option, "{}/vault.yml"]),
                ("in one word", [f"{option}=vault.yml"], [f"{option}={{}}/vault.yml"]),
                ("not there", [option, "gone.yml"], [option, "gone.yml"]),
            )
        ),
        pytest.param(["-i", "vault.yml"], ["-i", "{}/vault.yml"], id="an inventory"),
        pytest.param(["-ivault.yml"], ["-i{}/vault.yml"], id="an inventory, in one word"),
        pytest.param(["-i", "udm,"], ["-i", "udm,"], id="a list of hosts"),
        pytest.param(
            ["--vault-id=me@prompt", "vault.yml"], ["--vault-id=me@prompt", "vault.yml"], id="behind one word"
        ),
        pytest.param(["-e", "a:-ib", "vault.yml"], ["-e", "a:-ib", "vault.yml"], id="a value with a colon"),
        pytest.param(["--forks", "vault.yml"], ["--forks", "vault.yml"], id="no file"),
    ],
)
def test_files_are_those_of_the_folder_in_which_it_is_typed(
    rehearse: Rehearse, tmp_path: Path, words: list[str], expected: list[str]
) -> None:
    (tmp_path / "vault.yml").write_text("{}")
    subprocess.run([rehearse.script, "--", *words], env=rehearse.environment, cwd=tmp_path, check=True)
    up, site, _down = rehearse.calls()
    wanted = [word.format(tmp_path) for word in expected]
    assert up[-len(wanted) :] == site[-len(wanted) :] == wanted


def test_twin_has_its_own_folder_and_goes_without_the_inventory_of_the_site(rehearse: Rehearse, tmp_path: Path) -> None:
    """The inventory may name another twin's folder, and have a vaulted file."""
    inventory = tmp_path / "site"
    inventory.mkdir()
    rehearse.run("-i", str(inventory))
    up, _site, down = rehearse.calls()
    (name,) = {word.partition("=")[2] for word in up if word.startswith("edge_twin_name=")}
    own = ["-e", f"edge_twin_name={name}", "-e", f"edge_twin_folder={rehearse.twins}/{name}"]
    assert up == ["playbooks/twin.yml", "-i", str(inventory), *own, "-e", "edge_twin_state=present"]
    assert down == ["playbooks/twin.yml", "-i", "localhost,", *own, "-e", "edge_twin_state=absent"]


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        pytest.param(["--tags", "cluster"], [], id="tags"),
        pytest.param(["--tags=cluster", "-v"], ["-v"], id="tags in one word"),
        pytest.param(["-t", "cluster", "-tverify"], [], id="tags, short"),
        pytest.param(["--tag", "cluster"], [], id="the beginning of the option"),
        pytest.param(["--skip-tags", "verify", "-e", "a=b"], ["-e", "a=b"], id="tags that are left out"),
        pytest.param(["--limit", "udm", "-l", "udm", "-ludm", "--limit=udm"], [], id="some hosts"),
        pytest.param(["--check", "--diff"], ["--diff"], id="check mode"),
        pytest.param(["-C", "-CD", "-vC"], ["-D", "-v"], id="check mode, short"),
        pytest.param(["-e@/Cluster.yml", "--forks", "3"], ["-e@/Cluster.yml", "--forks", "3"], id="neither"),
        pytest.param(["--start-at-task", "x", "--step"], [], id="from a task on"),
        pytest.param(["--list-tasks", "--list-hosts", "--list-tags", "--syntax-check"], [], id="what runs nothing"),
    ],
)
def test_twin_comes_up_whole_whatever_part_of_the_site_is_rehearsed(
    rehearse: Rehearse, words: list[str], kept: list[str]
) -> None:
    rehearse.run("--", *words)
    up, site, _down = rehearse.calls()
    assert up[up.index("edge_twin_state=present") + 1 :] == kept
    assert site[-len(words) :] == words


def test_twin_that_was_not_built_is_no_rehearsal(rehearse: Rehearse) -> None:
    rehearse.told("nothing")
    output = rehearse.run(status=1)
    assert "the twin was not built: ansible-playbook ended without an error and without " in output
    assert "Rehearsal FAILED" in output
    assert [call[0] for call in rehearse.calls()] == ["playbooks/twin.yml"] * 2


def test_what_the_twin_was_not_like_is_said_at_the_end(rehearse: Rehearse) -> None:
    assert "as the site is planned" not in rehearse.run()
    rehearse.told("differences", "udm: FRR 10.3 in place of 8.4\nk8s: the twin's own Helm values of devices\n")
    output = rehearse.run()
    assert output.partition("The twin was not as the site is planned in:\n")[2].splitlines()[:2] == [
        "  udm: FRR 10.3 in place of 8.4",
        "  k8s: the twin's own Helm values of devices",
    ]
    assert "Rehearsal passed" in output


def test_twin_that_stays_where_it_was_to_go_is_named(rehearse: Rehearse) -> None:
    rehearse.told("stays")
    output = rehearse.run(status=1)
    (name,) = rehearse.names()
    assert f"{rehearse.twins}/{name} is still there" in output
    assert f"The twin {name} stays. To take it down: ./rehearse --down {name}" in output
    assert "Rehearsal FAILED" in output
    assert "is still there" in rehearse.run("--down", name, status=1)
    (rehearse.folder / "stays").unlink()
    rehearse.run("--down", name)
    assert rehearse.names() == set()


def test_password_is_read_from_the_terminal(rehearse: Rehearse) -> None:
    """A command in the background has no standard input of its own accord."""
    rehearse.told("ask")
    subprocess.run([rehearse.script], env=rehearse.environment, input="sesame", text=True, check=True)
    assert (rehearse.folder / "answer").read_text("utf-8") == "sesame"


def test_kept_twin_is_named_with_the_exact_commands(rehearse: Rehearse, tmp_path: Path) -> None:
    inventory = tmp_path / "my site"
    inventory.mkdir()
    output = rehearse.run("--keep", "-i", str(inventory), "--", "-e", "edge_x_note=two words")
    (name,) = rehearse.names()
    shown = [shlex.split(line) for line in output.partition(f"The twin {name} stays.")[2].splitlines()[1:4]]
    assert shown[1] == ["ansible-playbook", *rehearse.calls()[1]]
    assert shown[2] == ["./rehearse", "--down", name]
    assert f"{name}  left (./rehearse --down {name})" in rehearse.run("--list")
    rehearse.run("--down", name)
    assert rehearse.names() == set()
    assert rehearse.run("--list") == ""


def test_failed_run_fails_and_its_twin_is_taken_down(rehearse: Rehearse) -> None:
    (rehearse.folder / "status").write_text("2", "utf-8")
    assert "Rehearsal FAILED" in rehearse.run(status=2)
    assert rehearse.names() == set()


SIGNALS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]


@pytest.mark.parametrize("group", [False, True], ids=["to it alone", "to its group"])
@pytest.mark.parametrize("sent", SIGNALS, ids=[sent.name for sent in SIGNALS])
@pytest.mark.parametrize(
    ("wait", "word"),
    [
        pytest.param("wait-up", "edge_twin_state=present", id="while the twin comes up"),
        pytest.param("wait", "site.yml", id="while site.yml runs"),
    ],
)
def test_ended_rehearsal_ends_its_run_and_takes_its_twin_down(
    rehearse: Rehearse, wait: str, word: str, sent: signal.Signals, group: bool
) -> None:
    """The run goes on for as long as the stand-in's file is there: it must not be waited for."""
    rehearse.told(wait)
    process = rehearse.start()
    rehearse.wait_for(1, word)
    (os.killpg if group else os.kill)(process.pid, sent)
    output = process.communicate(timeout=30)[0]
    assert process.returncode == 128 + sent
    assert "Rehearsal FAILED" in output
    assert rehearse.names() == set()
    assert "edge_twin_state=absent" in rehearse.calls()[-1]


@pytest.mark.parametrize("sent", SIGNALS, ids=[sent.name for sent in SIGNALS])
def test_second_signal_does_not_end_the_take_down(rehearse: Rehearse, sent: signal.Signals) -> None:
    rehearse.told("wait")
    rehearse.told("wait-down")
    process = rehearse.start()
    rehearse.wait_for(1)
    os.killpg(process.pid, sent)
    rehearse.wait_for(1, "edge_twin_state=absent")
    os.killpg(process.pid, sent)
    time.sleep(0.2)
    assert process.poll() is None
    (rehearse.folder / "wait-down").unlink()
    output = process.communicate(timeout=30)[0]
    assert process.returncode == 128 + sent
    assert "Rehearsal FAILED" in output
    assert rehearse.names() == set()


@pytest.mark.parametrize("keep", [[], ["--keep"]], ids=["taken down", "kept"])
def test_take_down_goes_on_where_nobody_reads_what_it_says(rehearse: Rehearse, keep: list[str]) -> None:
    """Ctrl-C is for the whole pipeline, as of ``./rehearse 2>&1 | tee log``: tee is gone first."""
    rehearse.told("wait")
    process = rehearse.start(*keep)
    rehearse.wait_for(1)
    assert process.stdout is not None
    process.stdout.close()
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=30) == 128 + signal.SIGINT
    name = f"rehearsal-{process.pid}"
    assert (name in rehearse.names()) == bool(keep)
    assert ("edge_twin_state=absent" in rehearse.calls()[-1]) != bool(keep)


def test_take_down_cannot_ask(rehearse: Rehearse, tmp_path: Path) -> None:
    """Its session has no terminal: a question would be in its log alone, and what it waits for would never come."""
    asking = {name: value for name, value in STAYING.items() if "VAULT" in name} | {"ANSIBLE_ASK_VAULT_PASS": "1"}
    given = {**STAYING, **asking, "ANSIBLE_CALLBACKS_ENABLED": "mine", "ANSIBLE_HOME": "/mine/home"}
    process = subprocess.run(
        [rehearse.script],
        env={**rehearse.environment, **given},
        input="sesame",
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert {name: rehearse.seen()[name] for name in given} == given
    seen = rehearse.seen("environment-down")
    assert set(given) - set(seen) == {*asking, "ANSIBLE_STDOUT_CALLBACK", "ANSIBLE_CALLBACKS_ENABLED"}
    assert seen["ANSIBLE_CONFIG"] == f"{CHECKOUT}/ansible.cfg"
    assert seen["ANSIBLE_HOME"] == "/mine/home"
    assert (tmp_path / "asked-down").read_text("utf-8") == ""


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_terminal_is_as_it_was_before_a_run_that_was_ended_while_it_asked(
    rehearse: Rehearse, sent: signal.Signals
) -> None:
    rehearse.told("wait")
    rehearse.told("hides")
    ours, its = pty.openpty()
    try:
        process = subprocess.Popen(
            ["setsid", "--ctty", rehearse.script],
            env=rehearse.environment,
            stdin=its,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 30
        while not (rehearse.folder / "hidden").exists():
            assert time.monotonic() < end, "nothing was asked"
            time.sleep(0.02)
        assert not termios.tcgetattr(its)[3] & termios.ECHO
        os.killpg(process.pid, sent)
        assert process.wait(timeout=30) == 128 + sent
        assert termios.tcgetattr(its)[3] & termios.ECHO
    finally:
        os.close(ours)
        os.close(its)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        pytest.param(None, "There is no twin to keep.", id="nothing"),
        pytest.param(
            "logs", "What was built of the twin {0} stays. To take it down: ./rehearse --down {0}", id="a part of it"
        ),
    ],
)
def test_twin_that_was_not_built_to_its_end_is_not_said_to_be_of_use(
    rehearse: Rehearse, part: str | None, text: str
) -> None:
    rehearse.told("status-up", "2")
    rehearse.told("nothing" if part is None else "part", part or "")
    output = rehearse.run("--keep", status=2)
    (name,) = {word.partition("=")[2] for word in rehearse.calls()[0] if word.startswith("edge_twin_name=")}
    assert f"\n{text.format(name)}\n" in output
    assert "To use it" not in output


@pytest.mark.parametrize("name", ["hybrid", "rehearsal-0", "rehearsal-../hybrid", ""])
def test_only_twins_of_rehearsals_are_taken_down(name: str, rehearse: Rehearse) -> None:
    (rehearse.twins / "hybrid").mkdir(parents=True)
    rehearse.run("--down", name, status=1)
    assert rehearse.names() == {"hybrid"}
    assert not (rehearse.folder / "calls").exists()


LEADING = sorted(
    {source.name for source in sources() if source.kind == "env"}
    | {"ANSIBLE_TRANSPORT", "ANSIBLE_STRATEGY", "ANSIBLE_INVENTORY", "ANSIBLE_BECOME", "ANSIBLE_CONNECTION_PLUGINS"}
    | {"ANSIBLE_VARS_ENABLED", "ANSIBLE_RUN_VARS_PLUGINS", "ANSIBLE_PRECEDENCE", "ANSIBLE_PLAYBOOK_VARS_ROOT"}
    | {"ANSIBLE_CACHE_PLUGIN", "ANSIBLE_EXECUTABLE", "ANSIBLE_REMOTE_TMP", "ANSIBLE_PYTHON_INTERPRETER"}
    | {"K8S_AUTH_HOST", "K8S_AUTH_KUBECONFIG", "K8S_AUTH_PROXY", "KUBECONFIG"}
    | {"HELM_KUBEAPISERVER", "HELM_KUBECONTEXT", "HELM_DRIVER", "HELM_DRIVER_SQL_CONNECTION_STRING"}
)
STAYING = {
    "ANSIBLE_VAULT_PASSWORD_FILE": "/mine/key",
    "ANSIBLE_VAULT_IDENTITY_LIST": "a@b",
    "ANSIBLE_STDOUT_CALLBACK": "minimal",
    "ANSIBLE_FORCE_COLOR": "0",
    "ANSIBLE_CONFIG": "/mine/ansible.cfg",
    "ANSIBLE_LOG_PATH": "/mine/log",
    "HTTPS_PROXY": "http://proxy.invalid",
    "HELM_CACHE_HOME": "/mine/helm",
}


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        pytest.param({"ANSIBLE_CONFIG": "site/mine.cfg"}, {"ANSIBLE_CONFIG": "{}/site/mine.cfg"}, id="configuration"),
        pytest.param({"ANSIBLE_CONFIG": "~/mine.cfg"}, {"ANSIBLE_CONFIG": "~/mine.cfg"}, id="of the home folder"),
        pytest.param({"ANSIBLE_LOG_PATH": "log"}, {"ANSIBLE_LOG_PATH": "{}/log"}, id="a file that is not there yet"),
        pytest.param(
            {"ANSIBLE_VAULT_PASSWORD_FILE": "key"}, {"ANSIBLE_VAULT_PASSWORD_FILE": "{}/key"}, id="a password"
        ),
        pytest.param(
            {"ANSIBLE_VAULT_IDENTITY_LIST": "a@key,key,b@prompt,/abs,c@/abs"},
            {"ANSIBLE_VAULT_IDENTITY_LIST": "a@{0}/key,{0}/key,b@prompt,/abs,c@/abs"},
            id="identities",
        ),
        pytest.param({"CLUSTER_EDGE_CACHE": "cached"}, {"CLUSTER_EDGE_CACHE": "{}/cached"}, id="the cache"),
    ],
)
def test_paths_in_the_environment_are_those_of_the_folder_in_which_it_is_typed(
    rehearse: Rehearse, tmp_path: Path, given: dict[str, str], seen: dict[str, str]
) -> None:
    own = tmp_path / "own"
    (own / "site").mkdir(parents=True)
    (own / "key").touch()
    environment = {**rehearse.environment, **given, "XDG_STATE_HOME": "state"}
    subprocess.run([rehearse.script], env=environment, cwd=own, check=True)
    found = rehearse.seen()
    assert {name: found[name] for name in seen} == {name: value.format(own) for name, value in seen.items()}
    assert any(word.startswith(f"edge_twin_folder={own}/state/cluster-edge/twins/") for word in rehearse.calls()[0])


def test_environment_that_leads_elsewhere_is_left_out_and_the_rest_stays(rehearse: Rehearse) -> None:
    output = rehearse.run(
        **dict.fromkeys(LEADING, "elsewhere"),
        **STAYING,
        ANSIBLE_COLLECTIONS_PATH="/mine/collections",
        no_proxy="",
        NO_PROXY="example.com",
    )
    seen = rehearse.seen()
    assert {name for name in LEADING if name in seen} == set()
    (said,) = [line for line in output.splitlines() if line.startswith("== left out of the environment:")]
    assert sorted(said.partition(":")[2].split()) == LEADING
    assert {name: seen[name] for name in STAYING} == STAYING
    assert seen["ANSIBLE_COLLECTIONS_PATH"] == f"{CHECKOUT}/collections:/mine/collections"
    assert seen["no_proxy"] == seen["NO_PROXY"] == "example.com,127.0.0.1"

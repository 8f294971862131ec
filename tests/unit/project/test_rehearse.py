# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""./rehearse around Ansible: whose twin it builds and takes down, what it says, and which environment its runs have.

ansible-playbook is a stand-in that writes down how it is called; it makes and removes the twin's folder as the role does.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.connections import sources
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT

STAND_IN = """\
#!/bin/bash
# Stands in for ansible-playbook.
name=$(printf '%s\\n' "$@" | sed -n 's/^edge_twin_name=//p')
# One write for each call: two rehearsals share the file, and the test reads it meanwhile.
line=$(printf '%q ' "$@"); printf '%s\n' "$line" >>"$STAND_IN/calls"
env >"$STAND_IN/environment"
case "$*" in
  *edge_twin_state=present*) mkdir -p "$XDG_STATE_HOME/cluster-edge/twins/$name" ;;
  *edge_twin_state=absent*) rm -r "$XDG_STATE_HOME/cluster-edge/twins/$name" ;;
  *) while [ -e "$STAND_IN/wait" ]; do read -r -t 0.05 <> <(:); done; exit "$(cat "$STAND_IN/status" 2>/dev/null || echo 0)" ;;
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
        return subprocess.Popen(
            [self.script, *arguments],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, status: int = 0, **environment: str) -> str:
        process = self.start(*arguments, **environment)
        output = process.communicate(timeout=60)[0]
        assert process.returncode == status, output
        return output

    def calls(self) -> list[list[str]]:
        return [shlex.split(line) for line in (self.folder / "calls").read_text("utf-8").splitlines()]

    def names(self) -> set[str]:
        return {path.name for path in self.twins.glob("*")}

    def wait_for(self, number: int) -> None:
        """Wait until so many runs of site.yml are there."""
        end = time.monotonic() + 30
        while not (self.folder / "calls").exists() or [call[0] for call in self.calls()].count("site.yml") < number:
            assert time.monotonic() < end, "site.yml was not started"
            time.sleep(0.02)


@pytest.fixture
def rehearse(tmp_path: Path) -> Iterator[Rehearse]:
    made = Rehearse(tmp_path)
    yield made
    (tmp_path / "wait").unlink(missing_ok=True)


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


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["-e@vault.yml"], ["-e@{}/vault.yml"], id="in one word"),
        pytest.param(["--extra-vars=@vault.yml"], ["--extra-vars=@{}/vault.yml"], id="the long option"),
        pytest.param(
            ["--vault-password-file", "vault.yml"], ["--vault-password-file", "{}/vault.yml"], id="a password"
        ),
        pytest.param(["--vault-password-file=vault.yml"], ["--vault-password-file={}/vault.yml"], id="one in one word"),
        pytest.param(["--tags", "vault.yml"], ["--tags", "vault.yml"], id="no file"),
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
    for call in (up, down):
        assert f"edge_twin_folder={rehearse.twins}/{name}" in call
    assert (str(inventory) in up, str(inventory) in down) == (True, False)


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


def test_ended_rehearsal_takes_its_twin_down(rehearse: Rehearse) -> None:
    (rehearse.folder / "wait").touch()
    process = rehearse.start()
    rehearse.wait_for(1)
    process.terminate()
    (rehearse.folder / "wait").unlink()
    process.communicate(timeout=60)
    assert process.returncode == 143
    assert rehearse.names() == set()


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


def test_environment_that_leads_elsewhere_is_left_out_and_the_rest_stays(rehearse: Rehearse) -> None:
    output = rehearse.run(
        **dict.fromkeys(LEADING, "elsewhere"),
        **STAYING,
        ANSIBLE_COLLECTIONS_PATH="/mine/collections",
        no_proxy="",
        NO_PROXY="example.com",
    )
    lines = (rehearse.folder / "environment").read_text("utf-8").splitlines()
    seen = dict(line.split("=", 1) for line in lines if "=" in line)
    assert {name for name in LEADING if name in seen} == set()
    (said,) = [line for line in output.splitlines() if line.startswith("== left out of the environment:")]
    assert sorted(said.partition(":")[2].split()) == LEADING
    assert {name: seen[name] for name in STAYING} == STAYING
    assert seen["ANSIBLE_COLLECTIONS_PATH"] == f"{CHECKOUT}/collections:/mine/collections"
    assert seen["no_proxy"] == seen["NO_PROXY"] == "example.com,127.0.0.1"

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of the documentation, typed in a fresh clone and in a folder with only the installed artifact.

``tests/support/commands.py`` has the rule for what cannot be done here. ``your/inventory`` is the page's own inventory, where it
has one, else the smallest site of docs/inventory.md; ``vault.yml`` is there and empty. Nothing of the caller's environment is kept but the cache of the
set-up; no Galaxy server is asked.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.commands import (
    Command,
    Place,
    commands_of,
    script,
    script_line,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import DOCS, Page, read_page

pytestmark = pytest.mark.ansible

LIMIT = 600
"""Seconds for the commands of one page; the first one may have to fill an empty cache."""
PATHS = [
    CHECKOUT / "README.md",
    *sorted(path for path in DOCS.rglob("*.md") if path.parent.name != "reference"),
    *sorted(CHECKOUT.glob("roles/*/README.md")),
]
PAGES = {str(path.relative_to(CHECKOUT)): read_page(path) for path in PATHS}
COMMANDS = {name: found for name, page in PAGES.items() if (found := commands_of(page, name))}
FIRST_PAGE = "README.md"
"""Its commands begin with nothing: no clone, no environment."""
PROGRAMS = str(Path(sys.executable).parent)
"""The environment of the tests, for where a user has Ansible already."""
UPSTREAM = "https://github.com/hybridnet/cluster_edge"


@dataclass(frozen=True, slots=True)
class Setting:
    """What all pages share."""

    repository: Path
    """What ``git clone`` takes."""
    artifact: Path
    """Built from it."""
    installed: Path
    """A home folder where the artifact is installed."""


def run(command: list[str], folder: Path, home: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command with an environment of its own; ``path`` goes before the system's programs."""
    environment = {
        "PATH": f"{path}:{os.defpath}:/usr/bin:/bin".lstrip(":"),
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "200",
        "ANSIBLE_NOCOLOR": "1",
        # Nobody listens there: a command that asks a Galaxy server fails.
        "ANSIBLE_GALAXY_SERVER": "http://127.0.0.1:9",
        "CLUSTER_EDGE_CACHE": os.environ.get("CLUSTER_EDGE_CACHE", str(Path.home() / ".cache" / "cluster-edge")),
        "CLUSTER_EDGE_PYTHON": base_python(),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
    }
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
    )


def base_python() -> str:
    """Return the interpreter that the tests' own environment was made of."""
    return str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")


def checked(command: list[str], folder: Path, home: Path, path: str = "") -> str:
    """Run a command that must succeed, and return its output."""
    done = run(command, folder, home, path)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def copy_files(target: Path) -> None:
    """Copy what git would commit of this checkout, or all of a folder without git but what the set-up made."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        ignored = shutil.ignore_patterns(".ansible", ".venv", ".cache", "kubernetes", "__pycache__")
        shutil.copytree(CHECKOUT, target, symlinks=True, ignore=ignored)
        return
    for name in filter(None, listed.stdout.split("\0")):
        if os.path.lexists(CHECKOUT / name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, target / name, follow_symlinks=False)


def new_home(folder: Path, repository: Path) -> Path:
    """Return a new home folder with kubernetes.core as its only collection, where the upstream address is ``repository``."""
    kubernetes = folder / ".ansible" / "collections" / "ansible_collections" / "kubernetes"
    kubernetes.mkdir(parents=True)
    (kubernetes / "core").symlink_to((CHECKOUT / "collections/ansible_collections/kubernetes/core").resolve())
    (folder / ".gitconfig").write_text(
        "[user]\nname = nobody\nemail = nobody@example.com\n[init]\ndefaultBranch = main\n"
        f'[url "{repository}"]\ninsteadOf = {UPSTREAM}\n'
    )
    return folder


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    """Make the repository, build its artifact and install it."""
    base = tmp_path_factory.mktemp("documented")
    repository = base / "repository"
    home = new_home(base / "home", repository)
    copy_files(repository)
    for command in (["git", "init", "-q"], ["git", "add", "-A"], ["git", "commit", "-q", "-m", "files"]):
        checked(command, repository, home)
    checked(["ansible-galaxy", "collection", "build", str(repository)], base, home, PROGRAMS)
    (artifact,) = base.glob("*.tar.gz")
    checked(["ansible-galaxy", "collection", "install", str(artifact)], base, home, PROGRAMS)
    return Setting(repository, artifact, home)


def clone(setting: Setting, folder: Path, home: Path) -> Path:
    """Clone into a folder, set the clone up as the README says, and return its path."""
    checked(["git", "clone", "-q", str(setting.repository), str(folder / "cluster_edge")], folder, home)
    checked(["./setup"], folder / "cluster_edge", home)
    return folder / "cluster_edge"


def own_inventory(page: Page) -> str:
    """Return the inventory that ``your/inventory`` stands for on a page."""
    shown = page.under("The inventory", "yaml") or read_page(DOCS / "inventory.md").under("The smallest site", "yaml")
    return shown[0]


def type_commands(name: str, place: Place, setting: Setting, folder: Path) -> None:
    """Type a page's commands in a new folder of the place."""
    folder.mkdir()
    if place is Place.INSTALLED:
        home, programs = setting.installed, PROGRAMS
        shutil.copy(setting.artifact, folder)
    else:
        home, programs = new_home(folder / "home", setting.repository), ""
        if name != FIRST_PAGE:
            folder = clone(setting, folder, home)
            programs = str(folder / ".venv" / "bin")
    inventory = folder / "your" / "inventory" / "hosts.yml"
    inventory.parent.mkdir(parents=True)
    inventory.write_text(own_inventory(PAGES[name]))
    (folder / "vault.yml").write_text("{}\n")
    checked(["bash", "-c", script(COMMANDS[name], place)], folder, home, programs)


@pytest.mark.parametrize("place", Place, ids=lambda place: place.name.lower())
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_works_as_it_stands(name: str, place: Place, setting: Setting, tmp_path: Path) -> None:
    type_commands(name, place, setting, tmp_path / "typed")


def test_a_clone_plans_without_setup_where_ansible_is(setting: Setting, tmp_path: Path) -> None:
    home = new_home(tmp_path / "home", setting.repository)
    checked(["git", "clone", "-q", UPSTREAM], tmp_path, home)
    for name in ("hybridnet.cluster_edge.plan", "playbooks/plan.yml"):
        plan = checked(["ansible-playbook", name, "-i", "inventory/hybrid"], tmp_path / "cluster_edge", home, PROGRAMS)
        assert "failed=0" in plan


def test_an_installed_copy_never_runs_in_place_of_the_checkout(setting: Setting, tmp_path: Path) -> None:
    """Not by name, not by path, not from another folder, not when it is named first by an environment variable."""
    home = new_home(tmp_path / "home", setting.repository)
    checkout = clone(setting, tmp_path, home)
    checked(["ansible-galaxy", "collection", "install", str(setting.artifact)], tmp_path, home, PROGRAMS)
    installed = home / ".ansible/collections"
    broken = installed / "ansible_collections/hybridnet/cluster_edge/roles/edge/tasks/plan.yml"
    broken.write_text("- ansible.builtin.fail: {msg: the installed copy}\n")
    inventory = str(checkout / "inventory/hybrid")
    by_path = ["ansible-playbook", str(checkout / "playbooks/plan.yml"), "-i", inventory]
    by_name = ["ansible-playbook", "hybridnet.cluster_edge.plan", "-i", inventory]
    for folder, command in ((checkout, by_name), (checkout, by_path), (tmp_path, by_path)):
        assert "failed=0" in checked(command, folder, home, PROGRAMS)
        first = ["env", f"ANSIBLE_COLLECTIONS_PATH={installed}", *by_path]
        assert "failed=0" in checked(first, folder, home, PROGRAMS)
    done = run(by_name, tmp_path, home, PROGRAMS)
    assert done.returncode != 0
    assert "the installed copy" in done.stdout


def test_an_installation_typed_in_the_checkout_leaves_it_as_it_is(setting: Setting, tmp_path: Path) -> None:
    home = new_home(tmp_path / "home", setting.repository)
    checkout = clone(setting, tmp_path, home)
    install = ["ansible-galaxy", "collection", "install", str(setting.artifact)]
    assert "already installed" in checked(install, checkout, home, PROGRAMS)
    assert run([*install, "--force", "--no-deps"], checkout, home, PROGRAMS).returncode != 0
    assert checked(["git", "status", "--short"], checkout, home) == ""
    assert "failed=0" in checked(
        ["bash", "-c", ". .venv/bin/activate; ansible-playbook site.yml -i inventory/hybrid --tags plan"],
        checkout,
        home,
    )


def test_another_collection_installed_in_the_checkout_is_used_by_setup(setting: Setting, tmp_path: Path) -> None:
    home = new_home(tmp_path / "home", setting.repository)
    checked(["git", "clone", "-q", UPSTREAM], tmp_path, home)
    own = tmp_path / "cluster_edge/collections/ansible_collections/kubernetes"
    shutil.copytree(CHECKOUT / "collections/ansible_collections/kubernetes/core", own / "core")
    assert "is the copy that was installed" in checked(["./setup"], tmp_path / "cluster_edge", home)
    assert not (own / "core").is_symlink()


def test_a_copy_in_place_of_the_link_is_refused_with_the_way_out(setting: Setting, tmp_path: Path) -> None:
    home = new_home(tmp_path / "home", setting.repository)
    checked(["git", "clone", "-q", UPSTREAM], tmp_path, home)
    checkout = tmp_path / "cluster_edge"
    link = checkout / "collections/ansible_collections/hybridnet/cluster_edge"
    link.unlink()
    link.mkdir()
    done = run(["./setup"], checkout, home)
    assert done.returncode == 1
    way_out = done.stderr.splitlines()[-1].strip()
    assert way_out == f"rm -r {link} && git -C {checkout} checkout -- collections"
    checked(["bash", "-c", way_out], checkout, home)
    checked(["./setup"], checkout, home)


@pytest.mark.parametrize(
    "text", ["frobnicate --all", "ansible-playbook hybridnet.cluster_edge.unknown -i your/inventory"]
)
def test_a_command_without_a_rule_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="no rule how to type"):
        script_line(Command("page.md", text))

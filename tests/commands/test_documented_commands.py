# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of the documentation, typed in a fresh clone and in a folder with only the installed artifact.

``tests/support/commands.py`` has the rule for what cannot be done here. ``your/inventory`` is the page's own inventory, where it
has one, else the smallest site of docs/inventory.md; ``vault.yml`` is there and empty. Nothing of the caller's environment is kept but the cache of the
set-up; no Galaxy server is asked.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.artifact import (
    PROGRAMS,
    UPSTREAM,
    build,
    checked,
    new_home,
    new_repository,
    run,
)
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

PATHS = [
    CHECKOUT / "README.md",
    CHECKOUT / "CONTRIBUTING.md",
    *sorted(path for path in DOCS.rglob("*.md") if path.parent.name != "reference"),
    *sorted(CHECKOUT.glob("roles/*/README.md")),
]
PAGES = {str(path.relative_to(CHECKOUT)): read_page(path) for path in PATHS}
ALL_COMMANDS = {name: commands_of(page, name) for name, page in PAGES.items()}
COMMANDS = {name: found for name, found in ALL_COMMANDS.items() if found}
FIRST_PAGE = "README.md"
"""Its commands begin with nothing: no clone, no environment."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What all pages share."""

    repository: Path
    """What ``git clone`` takes."""
    artifact: Path
    """Built from it."""
    installed: Path
    """A home folder where the artifact is installed."""


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    """Make the repository, build its artifact and install it."""
    base = tmp_path_factory.mktemp("documented")
    home = new_home(base / "home", base / "repository")
    repository = new_repository(base / "repository", home)
    artifact = build(repository, base, home)
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


@pytest.mark.parametrize(
    ("name", "place"),
    [
        pytest.param(
            name,
            place,
            id=f"{name}-{place.name.lower()}",
            # Beside the installed artifact a full run types those of the README.
            marks=() if place is Place.CLONE or name == "README.md" else pytest.mark.long,
        )
        for name in COMMANDS
        for place in Place
    ],
)
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


def test_the_project_of_automation_platform_needs_only_the_installed_artifact(setting: Setting, tmp_path: Path) -> None:
    (playbook,) = read_page(DOCS / "automation-platform.md").under("The project", "yaml")
    (tmp_path / "site.yml").write_text(playbook)
    (tmp_path / "hosts.yml").write_text(own_inventory(PAGES["README.md"]))
    command = ["ansible-playbook", "site.yml", "-i", "hosts.yml", "--tags", "plan"]
    assert "failed=0" in checked(command, tmp_path, setting.installed, PROGRAMS)


@pytest.mark.parametrize(
    "text", ["frobnicate --all", "ansible-playbook hybridnet.cluster_edge.unknown -i your/inventory"]
)
def test_a_command_without_a_rule_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="no rule how to type"):
        script_line(Command("page.md", text))

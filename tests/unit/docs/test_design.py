# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``docs/design.md`` says where things are, and every page that names a file of the checkout names one that is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.report import render
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.packages import ORDER
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import missing_lines, read_page

DESIGN = CHECKOUT / "docs" / "design.md"
PAGE = read_page(DESIGN)
FOLDERS = "benchmarks|docs|inventory|meta|molecule|module_utils|playbooks|plugin_utils|plugins|requirements|roles|scripts|tests"
PATH = re.compile(rf"(?:{FOLDERS})(?:/[\w.+-]+)+")
"""A path of the checkout, or of ``plugins/``; one with a pattern or a placeholder in it is none."""

PAGES = [
    path
    for pattern in ("*.md", "docs/**/*.md", "roles/*/README.md")
    for path in sorted(CHECKOUT.glob(pattern))
    if "reference" not in path.parts
]


def found(path: str) -> Path | None:
    """Return the file or folder that a page means, None if there is none."""
    return next((folder / path for folder in (CHECKOUT, CHECKOUT / "plugins") if (folder / path).exists()), None)


def names_of(path: Path) -> set[str]:
    """Return the functions, classes and constants of a Python file."""
    names: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def wrong_words(text: str) -> list[str]:
    """Return the words in backquotes that name a file, or something in a file, that is not there."""
    wrong = []
    for word in re.findall(r"`([^`\n]+)`", text):
        path, _colon, name = word.partition(":")
        if PATH.fullmatch(path):
            there = found(path) or found(f"{path}.py")
            if there is None or (name and (there.suffix != ".py" or name not in names_of(there))):
                wrong.append(word)
        elif re.fullmatch(r"\w+\.(py|j2|sh)", word) and word != "__init__.py":
            wrong.append(word)  # a file without its folder: nobody can tell whether it is there
    return wrong


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_file_that_a_page_names_is_there(path: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert wrong_words(text) == []


def test_the_packages_stand_in_the_order_of_their_imports() -> None:
    section = PAGE.text.split("\n## Packages\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `([^`]+)` \| \S", section, re.MULTILINE) == list(ORDER)


def test_it_says_where_many_behaviors_are() -> None:
    section = PAGE.text.split("\n## Where to find what\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", section, re.MULTILINE)[1:]
    assert len(rows) >= 20
    assert [behavior for behavior, where in rows if not PATH.search(where)] == []


def test_the_key_that_is_followed_is_in_the_files_of_its_table_and_in_no_other() -> None:
    table = PAGE.text.split("\n| step | `traffic_policy` |\n")[1].split("\n\n")[0]
    named = {f"plugins/{path}" for path in re.findall(r"`(plugin_utils/[\w/]+\.py):", table)}
    texts = ("plugins/plugin_utils/_findings/codes/", "plugins/plugin_utils/_versions/")
    found = {
        path.relative_to(CHECKOUT).as_posix()
        for path in (CHECKOUT / "plugins").rglob("*.*")
        if path.suffix in {".py", ".yml"} and "traffic_policy" in path.read_text("utf-8")
    }
    assert named == {path for path in found if not path.startswith(texts)}


TRAVEL = [block.text for block in PAGE.blocks if block.heading == "How one pool travels"]


@pytest.mark.parametrize(
    ("number", "file"),
    [
        (0, "inventory/hybrid/group_vars/all/edge.yml"),
        (1, "tests/golden/hybrid/udm-pro/frr.conf.golden"),
        (2, "tests/golden/hybrid/platform/manifests/lb.yaml.golden"),
    ],
    ids=["inventory", "router", "cluster"],
)
def test_the_pool_that_travels_is_as_its_files_have_it(number: int, file: str) -> None:
    assert f"`{file}`:" in PAGE.text
    assert missing_lines(TRAVEL[number], (CHECKOUT / file).read_text("utf-8")) is None


def test_the_pool_that_travels_is_as_verify_shows_it() -> None:
    shown = [re.sub(r" {2,}", "  ", line.strip()) for line in render(LiveSite().verify())]
    assert set(TRAVEL[3].splitlines()) <= set(shown)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param("`plugin_utils/_plan/plan.py:plan` and `plugins/plugin_utils/_plan`", [], id="there"),
        pytest.param("`plugin_utils/_plan/plan.py:nobody`", ["plugin_utils/_plan/plan.py:nobody"], id="a name"),
        pytest.param("`plugins/plugin_utils/_keys.py`", ["plugins/plugin_utils/_keys.py"], id="a file"),
        pytest.param("`_plan.py` beside `steps.sh`", ["_plan.py", "steps.sh"], id="without its folder"),
        pytest.param("`edge_pools`, `./test`, `plugins/plugin_utils/_*.py`, `docs/<page>.md`", [], id="no path"),
    ],
)
def test_what_is_not_there_is_told(text: str, wrong: list[str]) -> None:
    assert wrong_words(text) == wrong

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests share is used: each function, class and constant of ``tests/support`` by a name that some code reads."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT

SUPPORT = CHECKOUT / "tests" / "support"
FOLDERS = ("tests", "benchmarks", "scripts", "molecule", "playbooks")
"""Where what tests share may be used."""


def defined(tree: ast.Module) -> set[str]:
    """Return the names of the functions, classes and constants of a file."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def read(trees: Iterable[ast.Module]) -> set[str]:
    """Return the names that the code of some files reads; an import alone reads none."""
    names: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                names.add(node.id)
            elif isinstance(node, ast.Attribute):
                names.add(node.attr)
    return names


def parsed(path: Path) -> ast.Module:
    """Return the code of a file."""
    return ast.parse(path.read_text("utf-8"))


def test_each_helper_is_used() -> None:
    used = read(parsed(path) for folder in FOLDERS for path in sorted((CHECKOUT / folder).rglob("*.py")))
    unused = {
        f"{path.relative_to(CHECKOUT)}: {name}"
        for path in sorted(SUPPORT.glob("*.py"))
        for name in defined(parsed(path)) - used
    }
    assert sorted(unused) == []


@pytest.mark.parametrize(
    ("users", "unused"),
    [
        pytest.param("helper()", set(), id="a call"),
        pytest.param("fixture = [helper]", set(), id="a value"),
        pytest.param("support.helper()", set(), id="of the module"),
        pytest.param("from support import helper", {"helper"}, id="only imported"),
        pytest.param("", {"helper"}, id="nobody"),
    ],
)
def test_a_helper_that_nobody_uses_is_found(users: str, unused: set[str]) -> None:
    helpers = ast.parse("def helper() -> None: ...")
    assert defined(helpers) - read([helpers, ast.parse(users)]) == unused

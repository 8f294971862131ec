# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions stay short: what has more parameters lacks an object, and what has more lines is several functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT

MOST_PARAMETERS = 6
"""Without ``self`` and ``cls``."""
MOST_LINES = 60
"""From ``def`` to the last line, with its docstring."""

REASONS: dict[str, str] = {}
"""``file: function`` that may have more -> why, in one clause."""


def too_large(source: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each function that has too much of something, and how much."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        given = node.args
        each = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        parameters = [one.arg for one in each if one is not None and one.arg not in ("self", "cls")]
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if len(parameters) > MOST_PARAMETERS:
            yield node.name, f"{len(parameters)} parameters, {MOST_PARAMETERS} at most"
        if lines > MOST_LINES:
            yield node.name, f"{lines} lines, {MOST_LINES} at most"


def test_functions_of_plugins_are_short() -> None:
    found = {
        f"{path.relative_to(CHECKOUT)}: {name}": problem
        for path in sorted((CHECKOUT / "plugins").rglob("*.py"))
        for name, problem in too_large(path.read_text("utf-8"))
    }
    assert [f"{place} has {problem}" for place, problem in found.items() if place not in REASONS] == []
    assert sorted(REASONS) == sorted(place for place in REASONS if place in found), "a reason that nothing needs"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("def f(a, b, c, d, e, g): ...", [], id="six parameters"),
        pytest.param("def f(self, a, b, c, d, e, g): ...", [], id="six beside self"),
        pytest.param(
            "def f(a, b, /, c, *, d, e, g, **more): ...", [("f", "7 parameters, 6 at most")], id="seven of each kind"
        ),
        pytest.param("def f():\n" + 59 * "    1\n", [], id="sixty lines"),
        pytest.param(
            "class C:\n    async def f(self):\n" + 60 * "        1\n", [("f", "61 lines, 60 at most")], id="more"
        ),
    ],
)
def test_the_measure(source: str, expected: list[tuple[str, str]]) -> None:
    assert list(too_large(source)) == expected

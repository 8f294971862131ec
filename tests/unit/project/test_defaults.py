# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role hands to a module as it is has one default: that of the role, of its specification and of the module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys import VARIABLES
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT

OURS = "hybridnet.cluster_edge."
HANDED = re.compile(r"\{\{ (\w+) \}\}")
ROLES = sorted(path.name for path in (CHECKOUT / "roles").iterdir())


def tasks_in(items: Any) -> Iterator[dict[str, Any]]:
    """Yield the tasks of a list, and of the blocks in it."""
    for item in items or []:
        for inner in ("block", "rescue", "always"):
            yield from tasks_in(item.get(inner))
        yield item


def documented(module: str) -> dict[str, Any]:
    """Return the options of a module as its documentation has them."""
    tree = ast.parse((CHECKOUT / "plugins" / "modules" / f"{module}.py").read_text("utf-8"))
    (text,) = [
        node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and getattr(node.targets[0], "id", "") == "DOCUMENTATION"
        and isinstance(node.value, ast.Constant)
    ]
    options: dict[str, Any] = yaml.safe_load(str(text)).get("options", {})
    return options


def handed_over() -> Iterator[tuple[str, str, str, str]]:
    """Yield role, variable, module and option where a role hands a variable of its own on as it is."""
    for role in ROLES:
        for path in sorted((CHECKOUT / "roles" / role / "tasks").glob("*.yml")):
            for task in tasks_in(yaml.safe_load(path.read_text("utf-8"))):
                for name, options in task.items():
                    for option, value in options.items() if name.startswith(OURS) and isinstance(options, dict) else ():
                        handed = HANDED.fullmatch(str(value))
                        if handed and handed[1].startswith(f"{role}_"):
                            yield role, handed[1], name.removeprefix(OURS), option


PAIRS = sorted(set(handed_over()))


WAITS = {
    "wait": "a task by itself does not wait for what it has applied, a role does",
}
"""Option of a module that reads or writes a cluster -> why it has another default than the role's variable."""


@pytest.mark.parametrize(("role", "variable", "module", "option"), PAIRS, ids=[f"{v} {m}" for _r, v, m, _o in PAIRS])
def test_role_specification_and_module_have_one_default(role: str, variable: str, module: str, option: str) -> None:
    folder = CHECKOUT / "roles" / role
    specs = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text("utf-8"))["argument_specs"]
    specified = {name: found for entry in specs.values() for name, found in entry.get("options", {}).items()}
    defaults = yaml.safe_load((folder / "defaults" / "main.yml").read_text("utf-8")) or {}
    default = defaults.get(variable)
    if "{{" in str(default):  # computed: the specification says how in words
        return
    assert specified.get(variable, {}).get("default") == default
    taken = documented(module).get(option, {})  # one of a documentation fragment has no default
    if "default" in taken and variable in defaults and option not in WAITS:
        assert taken["default"] == default


def test_a_role_by_itself_assumes_the_version_that_the_plan_does() -> None:
    defaults = yaml.safe_load((CHECKOUT / "roles" / "udm_frr" / "defaults" / "main.yml").read_text("utf-8"))
    assert defaults["udm_frr_version"] == VARIABLES["edge_router_frr_version"].default


def test_there_are_defaults_to_compare() -> None:
    assert ("udm_frr", "udm_frr_session_timeout", "frr_config", "session_timeout") in PAIRS
    assert ("udm_frr", "udm_frr_state_dir", "frr_persist", "state_dir") in PAIRS

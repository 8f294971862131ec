# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each documented example of each filter, run by Ansible itself and compared with the result that stands below it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
SIDECARS = sorted((REPOSITORY / "plugins" / "filter").glob("*.yml"))
EXPRESSION = re.compile(r'(?:(?P<name>\w+): )?(?P<quoted>"\{\{.*\}\}")')
RESULT = re.compile(r"# [=-]> *(?P<text>.*)")
FAILED = re.compile(r"The filter plugin 'hybridnet\.cluster_edge\.(?P<filter>\w+)' failed: (?P<text>.*)", re.DOTALL)


@dataclass(frozen=True)
class Example:
    filter: str
    name: str
    expression: str
    result: str
    """As documented: JSON, or ``error: <text>``."""


def documented(sidecar: Path) -> list[Example]:
    """Read examples of the form ``[name: ]"{{ expression }}"``, each with its result in the comment lines below."""
    examples: list[Example] = []
    for line in yaml.safe_load(sidecar.read_text())["EXAMPLES"].splitlines():
        expression, result = EXPRESSION.fullmatch(line), RESULT.fullmatch(line)
        if expression:
            name = expression["name"] or f"example-{len(examples)}"
            examples.append(Example(sidecar.stem, name, yaml.safe_load(expression["quoted"]), ""))
        elif result:
            examples[-1] = replace(examples[-1], result=f"{examples[-1].result} {result['text']}".strip())
        else:
            assert not line, f"{sidecar.name}: neither an example nor a result: {line}"
    return examples


EXAMPLES = [example for sidecar in SIDECARS for example in documented(sidecar)]


VALUES = [example for example in EXAMPLES if not example.result.startswith("error: ")]
ERRORS = [example for example in EXAMPLES if example.result.startswith("error: ")]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run all examples in one playbook: one task for those with a value, one for each error."""
    folder = tmp_path_factory.mktemp("examples")
    outcome_file = folder / "outcomes.json"
    names = [f"value_{index}" for index in range(len(VALUES))], [f"error_{index}" for index in range(len(ERRORS))]
    tasks: list[dict[str, Any]] = [
        {"ansible.builtin.debug": {"msg": example.expression}, "register": name, "ignore_errors": True}
        for name, example in zip(names[1], ERRORS, strict=True)
    ]
    content = f"{{{{ {{'values': [{', '.join(names[0])}], 'errors': [{', '.join(names[1])}]}} | to_json }}}}"
    tasks.append({"ansible.builtin.copy": {"content": content, "dest": str(outcome_file), "mode": "0600"}})
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        **{name: example.expression for name, example in zip(names[0], VALUES, strict=True)},
    }
    play = {"hosts": "localhost", "gather_facts": False, "any_errors_fatal": False, "vars": variables, "tasks": tasks}
    (folder / "play.yml").write_text(json.dumps([play]))
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", str(folder / "play.yml")],
        cwd=REPOSITORY,
        env={**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    read: dict[str, Any] = json.loads(outcome_file.read_text())
    return read


@pytest.mark.parametrize("index", range(len(VALUES)), ids=[f"{e.filter}-{e.name}" for e in VALUES])
def test_example_gives_its_documented_value(index: int, outcomes: dict[str, Any]) -> None:
    assert outcomes["values"][index] == json.loads(VALUES[index].result)


@pytest.mark.parametrize("index", range(len(ERRORS)), ids=[f"{e.filter}-{e.name}" for e in ERRORS])
def test_example_gives_its_documented_error(index: int, outcomes: dict[str, Any]) -> None:
    told = FAILED.search(outcomes["errors"][index]["msg"])
    assert told is not None, outcomes["errors"][index]
    assert told["filter"] == ERRORS[index].filter
    assert told["text"] == ERRORS[index].result.removeprefix("error: ")


def test_every_filter_has_examples_with_results() -> None:
    assert {example.filter for example in EXAMPLES} == {sidecar.stem for sidecar in SIDECARS}
    assert [example for example in EXAMPLES if not example.result] == []


def test_every_pool_filter_has_a_sidecar() -> None:
    from ansible_collections.hybridnet.cluster_edge.plugins.filter.pools import FilterModule

    assert set(FilterModule().filters()) <= {sidecar.stem for sidecar in SIDECARS}

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each documented example of the filters, in their own documentation and the guide, run by Ansible itself."""

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

REPOSITORY = Path(__file__).parents[3]
GUIDE = REPOSITORY / "docs" / "filters.md"
SIDECARS = sorted((REPOSITORY / "plugins" / "filter").glob("*.yml"))
EXPRESSION = re.compile(r'(?:(?P<name>\w+): )?(?P<quoted>"\{\{.*\}\}")')
RESULT = re.compile(r"# [=-]> *(?P<text>.*)")
CONTINUED = re.compile(r"\n {2,}(?=\S)")
FAILED = re.compile(r"The filter plugin 'hybridnet\.cluster_edge\.(?P<filter>\w+)' failed: (?P<text>.*)", re.DOTALL)


@dataclass(frozen=True)
class Example:
    source: str
    """The filter, or ``guide``."""
    name: str
    expression: str
    result: str
    """As documented: JSON, or ``error: <text>``."""


def documented(source: str, text: str) -> list[Example]:
    """Read examples of the form ``[name: ]"{{ expression }}"``, each with its result in the comment lines below.

    A long one may go on in further lines, which are indented more.
    """
    examples: list[Example] = []
    for line in CONTINUED.sub(" ", text).splitlines():
        expression, result = EXPRESSION.fullmatch(line), RESULT.fullmatch(line)
        if expression:
            name = expression["name"] or f"example-{len(examples)}"
            examples.append(Example(source, name, yaml.safe_load(expression["quoted"]), ""))
        elif result:
            examples[-1] = replace(examples[-1], result=f"{examples[-1].result} {result['text']}".strip())
        else:
            assert not line, f"{source}: neither an example nor a result: {line}"
    return examples


def guide() -> str:
    """Return the examples of the guide: its YAML blocks with results, not those that show a task."""
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return "\n".join(block for block in blocks if not block.startswith("- name:"))


EXAMPLES = [
    *(example for path in SIDECARS for example in documented(path.stem, yaml.safe_load(path.read_text())["EXAMPLES"])),
    *documented("guide", guide()),
]
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


@pytest.mark.each_core
@pytest.mark.ansible
@pytest.mark.parametrize("index", range(len(VALUES)), ids=[f"{e.source}-{e.name}" for e in VALUES])
def test_example_gives_its_documented_value(index: int, outcomes: dict[str, Any]) -> None:
    assert outcomes["values"][index] == json.loads(VALUES[index].result)


@pytest.mark.ansible
@pytest.mark.parametrize("index", range(len(ERRORS)), ids=[f"{e.source}-{e.name}" for e in ERRORS])
def test_example_gives_its_documented_error(index: int, outcomes: dict[str, Any]) -> None:
    told = FAILED.search(outcomes["errors"][index]["msg"])
    assert told is not None, outcomes["errors"][index]
    assert f"hybridnet.cluster_edge.{told['filter']} " in ERRORS[index].expression.replace("(", " ")
    assert told["text"] == ERRORS[index].result.removeprefix("error: ")


def test_every_filter_has_examples_with_results() -> None:
    assert {example.source for example in EXAMPLES} - {"guide"} == {sidecar.stem for sidecar in SIDECARS}
    assert [example for example in EXAMPLES if not example.result] == []


def test_every_pool_filter_has_a_sidecar() -> None:
    from ansible_collections.hybridnet.cluster_edge.plugins.filter.pools import FilterModule

    assert set(FilterModule().filters()) <= {sidecar.stem for sidecar in SIDECARS}

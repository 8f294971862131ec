# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a first inventory out of a few answers on the control machine; no connection is opened."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.variables import given_variables
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.report import Report
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.extra_variables import (
    check_extra_variables,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._new_inventory.inventory import (
    VARIABLES,
    NewInventory,
    new_inventory,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._new_inventory.questions import (
    FOLDER,
    PREFIX,
    QUESTIONS,
    Wrong,
    command_line,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain

COLLECTION = Path(__file__).resolve().parents[2]
SCHEMA = COLLECTION / "docs" / "reference" / "inventory.schema.json"
OPTIONS: dict[str, dict[str, Any]] = {question.name: {"type": "raw"} for question in QUESTIONS}


@fails_once
class ActionModule(ActionBase):
    """Write the inventory, or fail with everything that is wrong with the answers."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return which files were written, and what to do next."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        if unknown := unknown_answers(task_vars or {}):
            return {**result, "failed": True, "msg": "\n".join(unknown)}
        answers = plain(self.validate_argument_spec(argument_spec=OPTIONS)[1])
        folder = Path(str(answers["folder"] or FOLDER.default)).expanduser()
        made = new_inventory(answers, schema_of(folder))
        wrong = [*found_there(folder), *made.wrong]
        if not wrong and not self._task.check_mode:
            wrong = write(folder, made.files)
        if wrong:
            return {**result, "failed": True, "msg": wrong_text(answers, wrong)}
        diff = [
            {"before_header": name, "after_header": str(folder / name), "before": "", "after": text}
            for name, text in made.files.items()
        ]
        return {
            **result,
            "changed": True,
            "files": [str(folder / name) for name in made.files],
            "text": done_text(folder, made, dry=self._task.check_mode),
            "diff": diff,
        }


def unknown_answers(task_vars: Mapping[str, Any]) -> list[str]:
    """Return a text for each ``-e edge_new_*`` that answers no question."""
    report = Report()
    answers = {name: value for name, value in given_variables(task_vars).items() if name.startswith(PREFIX)}
    check_extra_variables(answers, [f"{PREFIX}{question.name}" for question in QUESTIONS], report)
    return [f"{finding.text}; nothing was written" for finding in report.findings]


def schema_of(folder: Path) -> str:
    """Return where an editor finds the schema: relative below this collection, which may move, else the whole path."""
    start = (folder / VARIABLES).parent.absolute()
    if Path(os.path.realpath(start)).is_relative_to(COLLECTION):
        return os.path.relpath(SCHEMA, os.path.realpath(start))
    return str(SCHEMA)


def found_there(folder: Path) -> list[Wrong]:
    """Return that the folder is there already, if it is."""
    if not os.path.lexists(folder):
        return []
    return [Wrong(FOLDER, f"{folder} is there already, and nothing is ever overwritten", "name a new folder")]


def write(folder: Path, files: Mapping[str, str]) -> list[Wrong]:
    """Write the files into a folder that is made here and now; what cannot be finished is taken away again."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
    except FileExistsError:
        return found_there(folder) or [Wrong(FOLDER, f"{folder.parent} is no folder", "name a folder below a folder")]
    except OSError as error:
        return [Wrong(FOLDER, f"{folder} cannot be made: {error.strerror}", "name a folder that you may make")]
    try:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        return [Wrong(FOLDER, f"{folder} cannot be written: {error.strerror}", "mend that, or name another folder")]
    return []


def wrong_text(answers: Mapping[str, object], wrong: list[Wrong]) -> str:
    """Return what is wrong, and the command that asks only that again."""
    noun = "answer is" if len(wrong) == 1 else "answers are"
    return "\n".join(
        [
            f"{len(wrong)} {noun} wrong; nothing was written.",
            *(f"  {item.text}" for item in wrong),
            "To be asked again for that alone:",
            f"  {command_line(answers, [item.question for item in wrong])}",
        ]
    )


def done_text(folder: Path, made: NewInventory, dry: bool) -> str:
    """Return what was written, what the plan warns of, and the next command."""
    lines = [f"{'Would write' if dry else 'Wrote'} {folder / name}" for name in made.files]
    lines += [f"Warning: {finding.text} [{finding.code}]" for finding in made.warnings]
    lines += ["The inventory plans. Read the files, they are short; then see the plan, which connects to nothing:"]
    lines += [f"  ansible-playbook hybridnet.cluster_edge.plan -i {shlex.quote(str(folder))}"]
    return "\n".join(lines)

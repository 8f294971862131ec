# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures whose text is shown once.

ansible-core shows a failure twice: as an error with an excerpt of the task file, and as the result of the host. The
excerpt is of our own files, where a user has nothing to mend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.playbook.task import Task
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

Run = Callable[..., dict[str, Any]]
Action = TypeVar("Action", bound=type[ActionBase])

TRACEBACKS = 3
"""From this verbosity on everything is shown as ansible-core has it, with where it was raised."""

DEFAULT = ("default", "ansible.builtin.default")
"""The names of the default callback."""

FOLDED = 60
"""Characters from which a text of one line is folded, by width and place in the result."""


class ShownOnceFail(AnsibleActionFail):
    """A failure that is shown as the result of its host alone."""

    @property
    def message(self) -> str:
        """What ansible-core takes for the text of the host's result."""
        return unfolded(super().message)

    @property
    def omit_exception_key(self) -> bool:
        """ansible-core shows an error with an excerpt where the result has an exception."""
        return True


def unfolded(text: str) -> str:
    """Return a text in the form that is shown line by line, as it is.

    Of a result as YAML, a text of one long line is folded into pieces that nobody can search for, and its quotes are
    doubled; one with a line break is a block.
    """
    return text if "\n" in text or len(text) <= FOLDED or results_are_json() else f"{text}\n"


def results_are_json() -> bool:
    """Return whether the default callback shows results as JSON, where a text of several lines is one long string."""
    try:
        form = constants.config.get_config_value("result_format", plugin_type="callback", plugin_name="default")
    except AnsibleError:
        return False  # that callback was never loaded: another one shows results, in a form of its own
    return bool(form == "json") and str(constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK")) in DEFAULT


def failure(task: Task, text: str, data: Mapping[str, Any]) -> ShownOnceFail:
    """Return a failure; show its text first where its result would show several lines as one long string."""
    if "\n" in text.strip() and results_are_json() and not task.no_log:
        Display().display(text.rstrip(), color=str(constants.config.get_config_value("COLOR_ERROR")))
    return ShownOnceFail(text, result=dict(data))


def fails_once(action: Action) -> Action:
    """Let each failure of an action be shown as the result of its host alone. A class decorator."""
    run: Run = action.run

    @wraps(run)
    def shown_once(self: ActionBase, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        if Display().verbosity >= TRACEBACKS:
            return run(self, tmp, task_vars)
        try:
            result = run(self, tmp, task_vars)
        except AnsibleActionFail as error:
            # Without a cause: ansible-core would join both texts.
            raise failure(self._task, error.message, data_of(error.result)) from None
        if is_crash(result) or not result.get("failed"):
            return result
        raise failure(self._task, str(result.get("msg") or "no reason given"), data_of(result))

    action.run = shown_once
    return action


def data_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a failed result holds beside its text and its failure, which the exception says itself."""
    return {key: value for key, value in result.items() if key not in ("failed", "msg")}


def is_crash(result: dict[str, Any]) -> bool:
    """Return whether a module has ended without an answer: what it wrote in its place is a fault to report whole."""
    return bool(result.get("failed")) and ("module_stderr" in result or "module_stdout" in result)

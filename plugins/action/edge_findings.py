# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show each finding of a plan once, in color on a terminal, and fail where one of them is an error."""

from __future__ import annotations

from typing import Any, cast

from ansible import constants
from ansible.plugins.action import ActionBase
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.display import show
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.code import ERROR
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.finding import FindingEntry
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.text import (
    finding_lines,
    findings_line,
    refusal,
)


@fails_once
class ActionModule(ActionBase):
    """Show findings as lines of their own, and fail where one of them is an error."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return how many findings there are; each is displayed, not returned: the plan has them as data."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = self.validate_argument_spec(
            argument_spec={"findings": {"type": "list", "elements": "dict", "required": True}}
        )[1]
        findings = cast(list[FindingEntry], plain(options["findings"]))
        for finding, line in zip(findings, finding_lines(findings), strict=True):
            show(line, _color(finding))
        if any(finding["severity"] == ERROR for finding in findings):
            return {**result, "changed": False, "failed": True, "msg": refusal(findings)}
        return {**result, "changed": False, "msg": findings_line(findings)}


def _color(finding: FindingEntry) -> str | None:
    """Return the color in which Ansible shows its own errors and warnings; none for an accepted warning."""
    if finding["accepted"] is not None:
        return None
    name = "COLOR_ERROR" if finding["severity"] == ERROR else "COLOR_WARN"
    return str(constants.config.get_config_value(name))

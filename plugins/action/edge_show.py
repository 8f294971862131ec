# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show a text line by line, whatever form Ansible shows results in."""

from __future__ import annotations

import re
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.display import show
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain


@fails_once
class ActionModule(ActionBase):
    """Show a text line by line."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the text, which is displayed before the result; with ``no_log`` it is not displayed."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec={"msg": {"type": "raw", "required": True}})[1]
        given = plain(options["msg"])
        text = "\n".join(str(line) for line in given) if isinstance(given, list) else str(given)
        text = text.rstrip()
        host = str((task_vars or {}).get("inventory_hostname", ""))
        if text and not self._task.no_log:
            show(text if self._task.run_once else of_host(host, text))
        # Shown already: with -v the default callback would show it once more.
        return {**result, "changed": False, "msg": text, "_ansible_verbose_override": True}


def of_host(host: str, text: str) -> str:
    """Return a text that names its host: forks show theirs in any order, each before the results of all."""
    if re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w.-])", text.partition("\n")[0]):
        return text
    if "\n" not in text:
        return f"{host}: {text}"
    return "\n".join([f"{host}:", *(f"  {line}" if line else "" for line in text.split("\n"))])

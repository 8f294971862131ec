# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a router for the version of its FRR: the first thing that is asked of it, so it says why it cannot be reached."""

from __future__ import annotations

import re
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once

ASK = "/usr/lib/frr/bgpd --version"
_VERSION = re.compile(r"version ([0-9.]+)")


@fails_once
class ActionModule(ActionBase):
    """Return the version of a router's FRR."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the version, or fail with the reason why there is none."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self.validate_argument_spec(argument_spec={})
        try:
            # It needs no root; without sudo no terminal is asked for, which would mix both outputs.
            answer = self._low_level_execute_command(ASK, sudoable=False)
        except AnsibleConnectionFailure as error:
            # As a result: an exception is shown twice, with an excerpt of the task file.
            return {**result, "unreachable": True, "msg": out_of_reach(str(error))}
        found = _VERSION.search(answer["stdout"]) if answer["rc"] == 0 else None
        if found is None:
            said = " ".join(f"{answer['stderr']} {answer['stdout']}".split()) or f"status {answer['rc']}"
            raise AnsibleActionFail(
                f"FRR's bgpd does not run on this host: {said} (on Debian: apt install frr frr-pythontools; UniFi OS"
                " brings it from 3.1.15 on)"
            )
        return {**result, "changed": False, "version": found[1]}


def out_of_reach(reason: str) -> str:
    """Return why a router cannot be reached, and what to look at."""
    return (
        f"Cannot be reached: {' '.join(reason.split())}\n"
        "Look at ansible_host, ansible_port and ansible_user, and whether SSH is switched on there.\n"
        "A router that is never connected to from here has edge_router_managed: false."
    )

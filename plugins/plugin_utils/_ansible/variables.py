# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of a run, as Ansible has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain

FAILED = "Task failed: "


def given_variables(task_vars: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what ``-e`` gives, as written."""
    given: Mapping[str, Any] = task_vars["hostvars"]._variable_manager.extra_vars
    return given


def registered(planned: set[str], task_vars: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return what the planned hosts of the play registered under a name."""
    hostvars = task_vars["hostvars"]
    registered: dict[str, Any] = {}
    for host in sorted(set(task_vars.get("ansible_play_hosts_all") or ()) & planned):
        found = plain(hostvars[host].get(name) or {})
        if found.get("failed") or found.get("unreachable"):
            reason = " ".join(str(found.get("msg") or "no reason given").split())
            registered[host] = {"error": reason.removeprefix(FAILED)}  # ansible-core puts it before any reason
        elif found and not found.get("skipped"):
            registered[host] = found
    return registered

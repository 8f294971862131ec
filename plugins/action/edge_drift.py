# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say how far the live site is from the plan, from what the hosts of the play have registered."""

from __future__ import annotations

import datetime
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.drift import DriftDocument, WrittenDrift
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.saved import plan_of
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._drift.judge import (
    drift_lines,
    judge,
    reasons_unread,
    unknown,
    verdict,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._drift.metrics import metrics_text
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys import VARIABLES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain

ARGUMENTS: dict[str, Any] = {
    "plan": {"type": "dict"},
    "verified": {"type": "dict"},
    "compared_in": {"type": "list", "elements": "str", "default": []},
    "persisted_in": {"type": "str"},
    "site": {"type": "str"},
    "metrics_file": {"type": "path"},
    "file": {"type": "path"},
}


@fails_once
class ActionModule(ActionBase):
    """Say how far the live site is from the plan."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the drift as data and as text; write it as metrics."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=ARGUMENTS)[1]
        variables = task_vars or {}
        if options["plan"] is None:
            return {**result, **self._told(unknown(options["site"] or VARIABLES["edge_site_name"].default), options)}
        hosts = sorted(variables.get("ansible_play_hosts_all") or ())

        def registered(name: str) -> dict[str, dict[str, Any]]:
            found = {host: plain(variables["hostvars"][host].get(name) or {}) for host in hosts}
            return {host: value for host, value in found.items() if value and not value.get("skipped")}

        try:
            plan = plan_of(plain(options["plan"]), "edge_plan")
        except EdgeError as error:
            raise AnsibleActionFail(str(error)) from error
        persistence = registered(options["persisted_in"] or "")
        unpersisted = {
            host: str(found.get("msg") or "no reason given")
            for host, found in persistence.items()
            if found.get("failed") or found.get("unreachable")
        }
        persisted = {
            host: plan["routers"][host]["persist"]
            for host, found in persistence.items()
            if found.get("changed") and host not in unpersisted and host in plan["routers"]
        }
        compared = [found for name in options["compared_in"] for found in registered(name).values()]
        ends = (("router", plan["routers"]), ("cluster", plan["clusters"]))
        outside = [
            f"{kind} {host}"
            for kind, planned in ends
            for host, end in planned.items()
            if end["managed"] and host not in hosts
        ]
        drift = judge(plan["site"], plain(options["verified"]), compared, persisted, unpersisted, outside)
        return {**result, **self._told(drift, options)}

    def _told(self, drift: DriftDocument, options: dict[str, Any]) -> dict[str, Any]:
        """Return a document with its text; write it to the files that are asked for.

        Where nobody knows the state, a file that cannot be written is a warning: the run has no answer anyway.
        """
        now = time.time()
        looked_at = datetime.datetime.fromtimestamp(int(now), datetime.UTC).isoformat()
        written: WrittenDrift = {**drift, "looked_at": looked_at}
        texts = {
            "metrics_file": metrics_text(drift, now),
            "file": json.dumps(written, indent=4, ensure_ascii=False) + "\n",
        }
        tried = [_write(name, options[name], text) for name, text in texts.items() if options[name]]
        unwritten = [why for why in tried if why]
        if unwritten and options["plan"] is not None:
            raise AnsibleActionFail("; ".join(unwritten))
        return {
            **written,
            "changed": False,
            "unread": reasons_unread(drift),
            "text": "\n".join(drift_lines(drift)),
            "msg": verdict(drift),
            "warnings": unwritten,
        }


def _write(option: str, name: str, text: str) -> str:
    """Write a file in one step, so that who reads it meanwhile gets the old or the new one; return why it is not.

    The new one has another ending until then: node_exporter reads each file of the folder that ends in ``.prom``. Its
    name is nobody else's, so that two runs at a time do not write into one.
    """
    path = Path(name)
    new: str | None = None
    try:
        number, new = tempfile.mkstemp(".new", f".{path.name}.", path.parent)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(new, 0o644)
        os.replace(new, path)
    except OSError as error:
        if new is not None:
            Path(new).unlink(missing_ok=True)
        return f"edge_drift_{option}: {path} cannot be written: {error}"
    return ""

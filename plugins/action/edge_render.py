# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write every file of a plan below a folder of the control machine; no connection is opened."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import mask
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.frr_intent import FrrIntent
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import PlanDocument
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.saved import plan_of
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.files import cluster_files, secret_files

TEMPLATE = Path(__file__).parents[2] / "roles" / "udm_frr" / "templates" / "frr.conf.j2"
OPTIONS: dict[str, dict[str, Any]] = {
    "plan": {"type": "dict", "required": True},
    "dest": {"type": "path", "required": True},
    "secrets": {"type": "bool", "default": False},
}
OPEN_MODE = 0o644
SECRET_MODE = 0o600


class ActionModule(ActionBase):
    """Render the plan's files."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Write what differs; return which files there are, and differences of files without secrets."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=OPTIONS)[1]
        self._variables = task_vars or {}
        folder = Path(options["dest"]).expanduser()
        try:
            plan = plan_of(plain(options["plan"]), "plan")
            texts = {**self._router_files(plan, options["secrets"]), **cluster_files(plan)}
            secret = {path for path in texts if path.endswith("/frr.conf")} if options["secrets"] else set()
            if options["secrets"]:
                found = secret_files(plan, self._cluster_passwords(plan))
                texts.update(found)
                secret.update(found)
        except EdgeError as error:
            return {**result, "failed": True, "msg": str(error)}
        diffs = []
        changed = []
        for path, text in sorted(texts.items()):
            mode = SECRET_MODE if path in secret else OPEN_MODE
            before = write(folder / path, text, mode, dry=self._task.check_mode)
            if before is None:
                continue
            changed.append(path)
            if path not in secret:
                # The folder may have been rendered with secrets before.
                diffs.append({"before_header": path, "after_header": path, "before": mask(before), "after": text})
        return {**result, "changed": bool(changed), "files": sorted(texts), "written": changed, "diff": diffs}

    def _router_files(self, plan: PlanDocument, secrets: bool) -> dict[str, str]:
        """Return the frr.conf of each managed router, from the template of the role udm_frr."""
        files = {}
        for name, router in plan["routers"].items():
            if router["managed"]:
                passwords = self._passwords(router["passwords"]) if secrets else {}
                files[f"{name}/frr.conf"] = rendered_frr(self._lookup, router["frr"], router["frr_version"], passwords)
        return files

    def _cluster_passwords(self, plan: PlanDocument) -> dict[str, dict[str, str]]:
        return {
            name: self._passwords([f"{name}/{item}" for item in cluster["passwords"]], short=True)
            for name, cluster in plan["clusters"].items()
        }

    def _passwords(self, names: list[str], **options: Any) -> dict[str, str]:
        values: dict[str, str] = plain(self._lookup("hybridnet.cluster_edge.bgp_passwords", names, **options)[0])
        return values

    def _lookup(self, name: str, terms: list[str], **options: Any) -> list[Any]:
        plugin = lookup_loader.get(name, loader=self._loader, templar=self._templar)
        found: list[Any] = plugin.run(terms, variables=self._variables, **options)
        return found


def rendered_frr(
    lookup: Callable[..., list[Any]], intent: FrrIntent, version: str, passwords: Mapping[str, str]
) -> str:
    """Return the frr.conf of a router, from the template of the role udm_frr.

    Args:
        lookup: runs a lookup plugin: its name, its terms as a list, its options.
        intent: what the router's FRR must hold.
        version: of FRR.
        passwords: name -> password; one that is not in it becomes a placeholder.
    """
    values = {"__udm_frr_intent": intent, "__udm_frr_version": version, "__udm_frr_passwords": passwords}
    return str(lookup("ansible.builtin.template", [str(TEMPLATE)], template_vars=values)[0])


def write(path: Path, text: str, mode: int, dry: bool) -> str | None:
    """Bring one file to ``text`` and ``mode`` in one step; return what it was, or None where nothing had to change.

    The file is never readable by more than ``mode`` says, not even while it is written.
    """
    exists = path.exists()
    before = path.read_text("utf-8") if exists else ""
    if exists and before == text and path.stat().st_mode & 0o777 == mode:
        return None
    if not dry:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, SECRET_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
        temporary.replace(path)
    return before

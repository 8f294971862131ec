# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write every file of a plan below a folder of the control machine; no connection is opened."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import mask
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.chart_source import without_logins
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.roles import (
    lookup_of,
    release_source,
    rendered_frr,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import PlanDocument
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.saved import plan_of
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.files import (
    cluster_files,
    private_files,
    secret_files,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.gitops import (
    OTHERS,
    ReleaseSource,
    gitops_notes,
    masked_values,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.written import (
    DIRECTORY,
    check_ends,
    check_pruned,
    check_replaced,
    digest,
    gone_notes,
    is_changed,
    list_name,
    list_text,
    read_list,
    removal_notes,
)

OPTIONS: dict[str, dict[str, Any]] = {
    "plan": {"type": "dict", "required": True},
    "dest": {"type": "path", "required": True},
    "secrets": {"type": "bool", "default": False},
}
HELM_VALUES = ("values.yaml", "/helmrelease.yaml")
"""How the paths of files with Helm values end."""
OPEN_MODE = 0o644
SECRET_MODE = 0o600


@fails_once
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
        self._lookup = lookup_of(self, self._variables)
        folder = Path(options["dest"]).expanduser()
        try:
            plan = plan_of(plain(options["plan"]), "plan")
            if options["secrets"]:
                _refuse_secrets_in_git(folder)
            sources = self._release_sources(plan)
            texts, secret = self._texts(plan, sources, options["secrets"])
            private = secret | private_files(plan)
            place = folder / list_name(plan["site"])
            listed = _listed_before(place)
            check_ends(listed or {}, {*plan["routers"], *plan["clusters"]}, str(place))
            _refuse_foreign(folder, texts, listed)
            removed, kept = _stale(folder, set(texts), listed or {})
            check_pruned(removed, {*_files_below(folder, removed), *texts})
            changed, diffs = self._write_all(folder, texts, secret, private)
            if not self._task.check_mode:
                _remove(folder, removed)
            listing = write(place, list_text(texts), OPEN_MODE, dry=self._task.check_mode)
        except EdgeError as error:
            return {**result, "failed": True, "msg": str(error)}
        except OSError as error:
            why = f"{DIRECTORY}: {error.filename or folder} cannot be read or written: {error.strerror}"
            return {**result, "failed": True, "msg": why}
        absent = {name for ends in (plan["routers"], plan["clusters"]) for name, end in ends.items() if end["absent"]}
        notes = [*gitops_notes(plan, sources), *gone_notes(removed, texts, absent), *removal_notes(removed)]
        notes += [f"{path}: an earlier rendering wrote it, and it was changed since: it is left there" for path in kept]
        return {
            **result,
            "changed": bool(changed or removed or listing is not None),
            "folder": str(folder.resolve()),
            "files": sorted(texts),
            "written": changed,
            "removed": removed,
            "notes": notes,
            "diff": diffs,
        }

    def _texts(
        self, plan: PlanDocument, sources: Mapping[str, ReleaseSource], secrets: bool
    ) -> tuple[dict[str, str], set[str]]:
        """Return path -> text of each file, and the paths of those with secrets."""
        texts = {**self._router_files(plan, secrets), **cluster_files(plan, sources)}
        if not secrets:
            return texts, set()
        found = secret_files(plan, self._cluster_passwords(plan))
        return {**texts, **found}, {path for path in texts if path.endswith("/frr.conf")} | set(found)

    def _write_all(
        self, folder: Path, texts: Mapping[str, str], secret: set[str], private: set[str]
    ) -> tuple[list[str], list[dict[str, str]]]:
        """Write what differs; return the paths, and the differences of those without secrets.

        Args:
            folder: what is rendered into.
            texts: path -> text.
            secret: paths of files whose differences are not shown.
            private: paths of files that nobody else may read.
        """
        changed, diffs = [], []
        for path, text in sorted(texts.items()):
            mode = SECRET_MODE if path in private else OPEN_MODE
            before = write(folder / path, text, mode, dry=self._task.check_mode)
            if before is None:
                continue
            changed.append(path)
            if path not in secret:
                # The folder may have been rendered with secrets before.
                # Values may be secrets on both sides; a password of frr.conf, and a login in Flux's source, are
                # secrets on the first side alone.
                of_values = path.endswith(HELM_VALUES)
                first = masked_values(before) if of_values else without_logins(mask(before))
                second = masked_values(text) if of_values else text
                diffs.append({"before_header": path, "after_header": path, "before": first, "after": second})
        return changed, diffs

    def _release_sources(self, plan: PlanDocument) -> dict[str, ReleaseSource]:
        """Return where Cilium's chart comes from, for each cluster to which others apply."""
        return {
            name: release_source(self._loader, self._variables["hostvars"][name])
            for name, cluster in plan["clusters"].items()
            if cluster["apply"] == OTHERS
        }

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


def _refuse_secrets_in_git(folder: Path) -> None:
    """Refuse to write passwords where they would be committed, whoever applies: a cluster may have been Flux's before.

    Raises:
        EdgeError: the folder lies in a Git checkout.
    """
    place = folder.resolve()
    checkout = next((parent for parent in (place, *place.parents) if (parent / ".git").exists()), None)
    if checkout is not None:
        raise EdgeError(
            "edge_render_secrets",
            f"is true, but {folder} lies in the Git checkout {checkout}: passwords would be committed in plain",
            "render without it; for files with passwords, into a folder outside of Git",
        )


def _listed_before(path: Path) -> dict[str, str] | None:
    """Return what was rendered before, path -> digest; None where there is no list."""
    return read_list(path.read_text("utf-8", errors="replace"), str(path)) if path.exists() else None


def _refuse_foreign(folder: Path, texts: Mapping[str, str], listed: Mapping[str, str] | None) -> None:
    """Refuse to replace files that no rendering wrote, or that were changed since, before any file is written.

    Raises:
        EdgeError: there are some, with other content than would be written; all are named. Or a folder is in the place
            of a file, or a file in the place of a folder.
    """
    changed: list[str] = []
    foreign: list[str] = []
    for path, text in sorted(texts.items()):
        place = folder / path
        above = next((parent for parent in place.parents if os.path.lexists(parent)), folder)
        if place.is_dir() or not above.is_dir():
            found, wanted = (place, "a file") if place.is_dir() else (above, "a folder")
            raise EdgeError(DIRECTORY, f"{found} is in the place of {wanted} that is to be written", "move it")
        before = place.read_text("utf-8", errors="replace") if place.is_file() else None
        if before is not None and is_changed(path, before, text, listed or {}):
            changed.append(str(place))
        elif path not in (listed or {}) and os.path.lexists(place) and before != text:
            foreign.append(str(place))
    check_replaced(changed, foreign)


def _stale(folder: Path, current: set[str], listed: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return what an earlier rendering wrote and this one does not, and what of it somebody changed since, so it stays.

    Args:
        folder: what is rendered into.
        current: the files of this rendering.
        listed: those of the earlier one, with digests.
    """
    stale: list[str] = []
    kept: list[str] = []
    for path, known in sorted(listed.items()):
        place = folder / path
        if path in current or not place.is_file() or place.is_symlink():
            continue
        same = digest(path, place.read_text("utf-8", errors="replace")) == known
        (stale if same else kept).append(path)
    return stale, kept


def _files_below(folder: Path, stale: Sequence[str]) -> list[str]:
    """Return the paths of all files that lie in the folders of stale ones, and below these folders."""
    folders = {(folder / path).parent for path in stale}
    return [
        str(file.relative_to(folder)) for place in sorted(folders) for file in place.rglob("*") if not file.is_dir()
    ]


def _remove(folder: Path, stale: Sequence[str]) -> None:
    """Remove files, and folders that this leaves empty."""
    for path in stale:
        place = folder / path
        place.unlink()
        for parent in place.parents:
            if parent == folder or any(parent.iterdir()):
                break
            parent.rmdir()


def write(path: Path, text: str, mode: int, dry: bool) -> str | None:
    """Bring one file to ``text`` and ``mode`` in one step; return what it was, or None where its text stays.

    The file is never readable by more than ``mode`` says, not even while it is written. A mode is no change: Git keeps
    none, so each fresh checkout has others.
    """
    exists = path.exists()
    before = path.read_text("utf-8", errors="replace") if exists else ""
    if exists and before == text:
        open_to = path.stat().st_mode & 0o777
        if mode == SECRET_MODE and open_to & ~mode and not dry:
            path.chmod(open_to & mode)
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

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``playbooks/render.yml`` has written into a folder before: a list of files with digests, one for each site.

A file that an earlier rendering wrote and this one does not, such as that of a renamed cluster, is removed: Flux and
Argo CD apply whatever lies there. A file of the user's is never removed or replaced, and a Kustomization goes with its
whole folder alone: Flux and Argo CD make one of whatever is left there, and prune all else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ...module_utils._errors import EdgeError
from ...module_utils._frr.config import mask
from .._findings.wording import MOST_NAMES, some

FORMAT = 1
_AWAY = "take the file away; then what an earlier rendering left is yours to remove"
_HINT = f"where a merge left it so, take either side of it as a whole; else {_AWAY}"

DIRECTORY = "edge_render_dir"
"""The variable that names the folder."""

_KUSTOMIZATION = re.compile(r"(?P<folder>[^/]+/(manifests|flux))/kustomization\.yaml")
"""What a Kustomization of Flux, or an Application of Argo CD, points at."""
_COMPONENT = re.compile(r"(?P<folder>[^/]+/metadata/[^/]+/[^/]+)/kustomization\.yaml")
_CHART_VALUES = re.compile(r"[^/]+/charts/[^/]+/.+\.values\.yaml")

_PASSWORD = re.compile(r"(?m)^(\s+password: ).*$")


def list_name(site: str) -> str:
    """Return the name of the list of a site, in the folder that is rendered into."""
    return f".cluster-edge-{site}.json"


def digest(path: str, text: str) -> str:
    """Return a digest of a rendered file, of which passwords are no part: whoever reads it could try passwords."""
    name = path.rpartition("/")[2]
    known = mask(text) if name == "frr.conf" else _PASSWORD.sub(r"\1", text) if name == "secrets.yaml" else text
    return hashlib.sha256(known.encode()).hexdigest()


def list_text(texts: Mapping[str, str]) -> str:
    """Return the list of rendered files as JSON; the same files give the same bytes."""
    files = {path: digest(path, text) for path, text in sorted(texts.items())}
    return json.dumps({"format": FORMAT, "files": files}, indent=2) + "\n"


def read_list(text: str | None, source: str) -> dict[str, str]:
    """Return path -> digest of what was rendered before; nothing without a list.

    Args:
        text: the list's text; None = there is none.
        source: its path, for the error.

    Raises:
        EdgeError: it is no such list, or names a path that leaves the folder.
    """
    if text is None:
        return {}
    try:
        data: Any = json.loads(text)
    except ValueError as error:
        raise EdgeError(source, f"is no JSON: {error}", _HINT) from error
    files = data.get("files") if isinstance(data, dict) and data.get("format") == FORMAT else None
    if not isinstance(files, dict) or not all(isinstance(value, str) for value in files.values()):
        raise EdgeError(source, f"is no list of rendered files of format {FORMAT}", _HINT)
    for path in files:
        if {"", ".."} & set(path.split("/")):
            raise EdgeError(source, f"names {path!r}, which is outside its folder", _HINT)
    return files


def check_ends(listed: Mapping[str, str], ends: Collection[str], source: str) -> None:
    """Raise an error where the list of a folder is that of another inventory, whose files this one would remove.

    Every file of a list lies below the name of its router or cluster. A site that renames some keeps others.

    Args:
        listed: what was rendered before.
        ends: the plan's routers and clusters.
        source: path of the list, for the error.

    Raises:
        EdgeError: the list has files, and none of a router or a cluster of the plan.
    """
    before = sorted({path.partition("/")[0] for path in listed})
    if before and not set(before) & set(ends):
        raise EdgeError(
            DIRECTORY,
            f"{source} lists files of {some(before, MOST_NAMES)}, and none of a router or a cluster of this inventory:"
            " this rendering would remove what another inventory has rendered",
            "give one of the two inventories another edge_site_name, or render into another folder; where it is the"
            f" same site, with all of its ends renamed: {_AWAY}",
        )


def is_changed(path: str, found: str, text: str, listed: Mapping[str, str]) -> bool:
    """Return whether somebody changed a file since it was rendered, and it is not what is rendered now.

    Args:
        path: of the file.
        found: what it holds.
        text: what is rendered.
        listed: what was rendered before.
    """
    return path in listed and found != text and listed[path] != digest(path, found)


def check_replaced(changed: Sequence[str], foreign: Sequence[str]) -> None:
    """Raise an error where files would be replaced that are not as they were rendered; it names each.

    Args:
        changed: paths of those that were changed since.
        foreign: paths of those that no rendering wrote.

    Raises:
        EdgeError: there are some.
    """
    problems, hints = [], []
    if changed:
        problems.append(f"changed since rendered, and the change would be lost: {', '.join(changed)}")
        hints.append(
            "where a formatter or a hook of the repository changes files (prettier, yamlfmt, license headers), exclude"
            " this folder from it; move what you added yourself into files of your own. Then delete these: they are"
            " written anew"
        )
    if foreign:
        problems.append(f"there, and no rendering of this site wrote it: {', '.join(foreign)}")
        hints.append("move what is yours, or render into another folder")
    if problems:
        raise EdgeError(DIRECTORY, "; ".join(problems), ". ".join(hints))


def check_pruned(stale: Iterable[str], there: Iterable[str]) -> None:
    """Raise an error where a Kustomization would go, and files of its folder would stay.

    Args:
        stale: what is to be removed.
        there: all files in the folder that is rendered into, and those that are to be written.

    Raises:
        EdgeError: some would stay.
    """
    gone = set(stale)
    for path in sorted(gone):
        found = _KUSTOMIZATION.fullmatch(path)
        left = sorted(item for item in there if found and item.startswith(f"{found['folder']}/") and item not in gone)
        if found and left:
            raise EdgeError(
                DIRECTORY,
                f"{path} would go, and {some(left, MOST_NAMES)} would stay: Flux and Argo CD would take what is left"
                " for all that is wanted there, and prune everything else",
                f"move what stays out of {found['folder']}; or take Flux's Kustomization or Argo CD's Application of"
                f" this folder away, then delete {path} yourself",
            )


def gone_notes(removed: Iterable[str], written: Iterable[str], absent: Collection[str] = ()) -> list[str]:
    """Return a note for each router or cluster of which nothing is left: another inventory may have rendered it.

    Args:
        removed: what an earlier rendering wrote and this one does not.
        written: what this one writes.
        absent: those that leave by this inventory's word (``edge_state: absent``).
    """
    ends = {path.partition("/")[0] for path in removed} - {path.partition("/")[0] for path in written} - {*absent}
    return [
        f"{end}: all of its files are removed, as they are not of this rendering. If another inventory of the same"
        " edge_site_name has rendered them, take them back from Git, and give one of the two another edge_site_name"
        for end in sorted(ends)
    ]


def removal_notes(removed: Iterable[str]) -> list[str]:
    """Return what is to be done where files go that a user's own files name."""
    notes = []
    for path in removed:
        component = _COMPONENT.fullmatch(path)
        if component:
            notes.append(
                f"{component['folder']}: the Component is removed: take it out of components in its owner's"
                " kustomization.yaml in the same commit, or that build fails"
            )
        elif _CHART_VALUES.fullmatch(path):
            notes.append(
                f"{path}: the values of a chart are removed: take the file out of what names it in the same commit"
            )
    return notes

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``playbooks/render.yml`` has written into a folder before: a list of files with digests, one for each site.

A file that an earlier rendering wrote and this one does not, such as that of a renamed cluster, is removed: Flux and
Argo CD apply whatever lies there. A file of the user's is never removed or replaced.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from ...module_utils._errors import EdgeError
from ...module_utils._frr.config import mask

FORMAT = 1
_HINT = "take the file away; then what an earlier rendering left is yours to remove"

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

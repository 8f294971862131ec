# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of what UniFi Network held, on the control machine: they have passwords, so only their owner reads them."""

from __future__ import annotations

import datetime
import json
import os
import re
from typing import List

from . import api

KEEP = 10
"""Backups of one router."""


def write(folder: str, router: str, entry: api.Entry) -> str:
    """Write a backup, and take the oldest away where there are more than ``KEEP``; return its path.

    Raises:
        OSError: the folder takes no file.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
    path = os.path.join(folder, "{0}.{1}.json".format(router, now))
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(entry, stream, indent=1, sort_keys=True)
        stream.write("\n")
    older = [name for name in of_router(folder, router) if os.path.join(folder, name) != path]
    for name in older[: max(0, len(older) - KEEP + 1)]:
        os.unlink(os.path.join(folder, name))
    return path


def of_router(folder: str, router: str) -> List[str]:
    """Return the names of a router's backups, the oldest first; those of ``r1.2nd`` are none of ``r1``'s."""
    name_of = re.compile(re.escape(router) + r"\.[0-9]{8}T[0-9]{6}\.[0-9]+Z\.json")
    return sorted(name for name in os.listdir(folder) if name_of.fullmatch(name))

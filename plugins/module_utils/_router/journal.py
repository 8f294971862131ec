# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a change: on disk before the change begins, gone when its end is proven.

Whoever finds one knows that a change was cut off (the process was killed, the router rebooted), and what the router was
like before it. It holds the old running configuration, passwords with it, so it is for root only.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import json
import os
from typing import NamedTuple, Optional

from .files import remove, sync_folder, write_new

NAME = "journal.json"
STEPS = ("begun", "swapped", "applying", "proving", "restoring")


class Entry(NamedTuple):
    """One unfinished change."""

    step: str
    """The last step of :data:`STEPS` that it began."""
    method: str
    """``file``, ``reload`` or ``restart``."""
    boot: str
    """The kernel's boot id: another one means that the router was rebooted since."""
    session: int
    """The worker's process id, which is that of its session (setsid)."""
    old_file: Optional[str]
    """frr.conf before the change; None = there was none."""
    new_digest: Optional[str]
    """SHA-256 of the frr.conf that the change writes."""
    old_daemons: str
    old_running: Optional[str]
    target: str
    """Our objects as they must run afterwards, as text."""
    was_active: bool
    was_enabled: bool


def boot_id() -> str:
    """Return the kernel's id of this boot."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as handle:
        return handle.read().strip()


def write(folder: str, entry: Entry) -> None:
    """Put an entry on disk.

    Raises:
        OSError: it cannot be (full, read-only): then the change must not begin.
    """
    path = os.path.join(folder, NAME)
    draft = path + ".new"
    remove(draft)
    write_new(draft, json.dumps(entry._asdict(), indent=1, sort_keys=True), 0o600, 0, 0)
    os.rename(draft, path)
    sync_folder(path)


def advance(folder: str, entry: Entry, step: str) -> Entry:
    """Note that a step begins; return the entry with it. A disk that is full by now keeps the older note."""
    changed = entry._replace(step=step)
    try:
        write(folder, changed)
    except OSError:
        remove(os.path.join(folder, NAME) + ".new")
    return changed


def read(folder: str) -> Optional[Entry]:
    """Return the unfinished change, or None.

    Raises:
        ValueError: there is a journal that cannot be understood.
    """
    try:
        with open(os.path.join(folder, NAME), encoding="utf-8") as handle:
            text = handle.read()
    except FileNotFoundError:
        return None
    content = json.loads(text)
    if not isinstance(content, dict) or set(content) != set(Entry._fields):
        raise ValueError("its fields are not those of this version")
    return Entry(**content)


def close(folder: str) -> None:
    """Remove the entry: the change is proven, or taken back whole. A draft of it goes too, whose writer was killed."""
    for name in (NAME, NAME + ".new"):
        remove(os.path.join(folder, name))

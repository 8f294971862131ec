# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a router that one depends on: replaced whole, kept until the change is proven, put back without disk space.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import pwd
import re
import time
from typing import List, NamedTuple, Optional

KEPT_SUFFIX = ".cluster-edge.old"
DRAFT_SUFFIX = ".cluster-edge.new"
_BACKUP = re.compile(r"^frr\.conf\.[0-9]{8}T[0-9]{6}Z(?:\.[0-9]+)?$")
"""Names of our own backups; nothing else in their folder is ever removed."""


class Kept(NamedTuple):
    """A file as it was before a change."""

    path: str
    """The file itself; a symbolic link is followed."""
    text: Optional[str]
    """None = there was no such file."""
    link: Optional[str]
    """A hard link to the old file in the same folder: it comes back by a rename, with the disk full."""


def read(path: str) -> str:
    """Return a text file; bytes that are no UTF-8 survive a rewrite."""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as handle:
        return handle.read()


def read_or_none(path: str) -> Optional[str]:
    """Return a text file, or None where there is none."""
    try:
        return read(path)
    except FileNotFoundError:
        return None


def digest(text: Optional[str]) -> Optional[str]:
    """Return the SHA-256 of a file's text, by which a journal knows it again; None for no file."""
    if text is None:
        return None
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def write_new(path: str, text: str, mode: int, uid: int, gid: int) -> None:
    """Write a file that nobody else can have opened before it has its mode and owner; none is left after an error."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            os.fchown(handle, uid, gid)
            os.fchmod(handle, mode)
            stream.write(text)
            stream.flush()
            os.fsync(handle)
    except BaseException:
        remove(path)
        raise


def remove(path: str) -> None:
    """Remove a file that may be gone."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def sync_folder(path: str) -> None:
    """Make the names in the folder of ``path`` last through a power cut."""
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def keep(path: str) -> Kept:
    """Hold on to a file before it is replaced.

    Raises:
        OSError: its folder takes no new name (read-only), so that nothing could be replaced either.
    """
    target = os.path.realpath(path)
    text = read_or_none(target)
    if text is None:
        return Kept(target, None, None)
    link = target + KEPT_SUFFIX
    remove(link)
    try:
        os.link(target, link)
    except OSError as error:
        # A file that is a mount of its own, or a file system without hard links: the journal's copy has to do.
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            raise
        return Kept(target, text, None)
    return Kept(target, text, link)


def swap(path: str, text: str) -> None:
    """Replace a file's content; owner and mode stay. A new frr.conf gets those of Debian's package.

    It is one rename, so that a reader sees the old file or the new one. A file that is a mount of its own cannot be
    renamed over: it is written in place.

    Raises:
        OSError: it may be replaced all the same, or half of it where it was written in place. No draft (which may hold
            passwords) is left.
    """
    target = os.path.realpath(path)
    try:
        old = os.stat(target)
        mode, uid, gid = old.st_mode & 0o7777, old.st_uid, old.st_gid
    except FileNotFoundError:
        owner = pwd.getpwnam("frr")
        mode, uid, gid = 0o640, owner.pw_uid, owner.pw_gid
    draft = target + DRAFT_SUFFIX
    remove(draft)
    write_new(draft, text, mode, uid, gid)
    try:
        os.rename(draft, target)
    except OSError as error:
        remove(draft)
        if error.errno != errno.EBUSY:
            raise
        _write_in_place(target, text)
        return
    sync_folder(target)


def _write_in_place(path: str, text: str) -> None:
    with open(path, "r+", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        stream.write(text)
        stream.truncate()
        stream.flush()
        os.fsync(stream.fileno())


def put_back(kept: Kept) -> None:
    """Bring a file back to what :func:`keep` found.

    Raises:
        OSError: it could not be.
    """
    if kept.text is None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(kept.path)
        return
    if kept.link and os.path.exists(kept.link):
        if not (os.path.exists(kept.path) and os.path.samefile(kept.link, kept.path)):
            os.rename(kept.link, kept.path)
            sync_folder(kept.path)
        return
    if read_or_none(kept.path) != kept.text:
        swap(kept.path, kept.text)


def release(kept: Kept) -> None:
    """Let go of a file whose replacement is proven."""
    if kept.link:
        remove(kept.link)


def backup(folder: str, text: str, most: int) -> str:
    """Write a copy of frr.conf for root only, and remove the oldest of our own copies; return its path.

    Args:
        folder: where backups are.
        text: the file's content.
        most: how many backups stay; the new one always does, whatever the clock says.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    path = "{0}/frr.conf.{1}".format(folder, stamp)
    number = 1
    while os.path.exists(path):
        number += 1
        path = "{0}/frr.conf.{1}.{2}".format(folder, stamp, number)
    write_new(path, text, 0o600, 0, 0)
    others = [name for name in backups(folder) if name != os.path.basename(path)]
    for name in others[: len(others) - max(most - 1, 0)]:
        remove(os.path.join(folder, name))
    return path


def backups(folder: str) -> List[str]:
    """Return the names of our backups in a folder, the oldest first by the time that is in their names."""
    return sorted(name for name in os.listdir(folder) if _BACKUP.match(name))

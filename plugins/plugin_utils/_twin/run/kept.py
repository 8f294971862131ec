# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made once and kept for every later run: it is whole, and made from what is asked for now.

Beside each thing stands ``<name>.recipe``, the key of all that it was made from. It is written last: what was cut off
has none, and is made again. A lock on the folder keeps a second process waiting, which then takes what the first has
made.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from .lock import locked


def key_of(parts: Iterable[str], files: Iterable[Path] = ()) -> str:
    """Return the key of what a thing is made from: texts, and the content of files."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    digest.update("\0".join(parts).encode())
    return digest.hexdigest() + "\n"


def kept(
    target: Path,
    key: str,
    make: Callable[[Path], None],
    movable: bool = True,
    whole: Callable[[Path], bool] = lambda _target: False,
) -> Path:
    """Return a file or folder that is whole and made from what ``key`` stands for; make it where it is not.

    A folder that another one takes the place of stays beside it as ``.<name>.old`` until the next time, because a
    router or an agent may run from it.

    Args:
        target: where it is kept.
        key: :func:`key_of` what it is made from.
        make: makes it at the path that it is given.
        movable: made beside its place and renamed, so that nobody sees a part of it. A Python environment is not: its
            programs name the folder that they were made in.
        whole: whether a thing without a key is one of before there were keys, and made to its end from what ``key``
            stands for. It stays then: where nothing can be fetched, it could not be made again.

    Raises:
        EdgeError, OSError: what ``make`` raises; what is kept is as before then, but of what is not movable.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    stamp = target.with_name(f"{target.name}.recipe")
    with locked(target.parent):
        if target.exists() and stamp.is_file() and stamp.read_text(encoding="ascii", errors="replace") == key:
            return target
        if not stamp.exists() and target.exists() and whole(target):
            pass
        elif movable:
            draft = target.with_name(f".{target.name}.new")
            _remove(draft)
            make(draft)
            # Not before: where it cannot be made, the former one is still what its key says.
            stamp.unlink(missing_ok=True)
            _replace(target, draft)
        else:
            stamp.unlink(missing_ok=True)
            _remove(target)
            make(target)
        stamp.write_text(key, encoding="ascii")
    return target


def _replace(target: Path, draft: Path) -> None:
    """Give ``draft`` its place. A rename takes the place of a file, not of a folder with something in it."""
    if target.is_dir():
        old = target.with_name(f".{target.name}.old")
        _remove(old)
        target.rename(old)
    draft.rename(target)


def _remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; or nothing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

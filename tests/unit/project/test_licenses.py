# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each file says its license in its first lines; REUSE.toml covers those that cannot. `reuse lint` (./test lint) agrees."""

from __future__ import annotations

import fnmatch
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT

# REUSE-IgnoreStart
LINES = (
    "Copyright (c) 2026, the hybridnet.cluster_edge authors",
    "GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "SPDX-License-Identifier: GPL-3.0-or-later",
)
# REUSE-IgnoreEnd
FIRST = 8
"""Within how many lines they stand."""
COVERED = [
    pattern
    for annotation in tomllib.loads((CHECKOUT / "REUSE.toml").read_text("utf-8"))["annotations"]
    for pattern in annotation["path"]
]


def files() -> list[Path]:
    """Return the files that git keeps or would keep; no links."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("no git repository, so nobody knows which files are the project's")
    paths = [CHECKOUT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def is_covered(path: Path) -> bool:
    """Return whether REUSE.toml speaks for a file (there ``**`` stands for any number of folders)."""
    name = str(path.relative_to(CHECKOUT))
    return name.startswith("LICENSES/") or any(
        fnmatch.fnmatchcase(name, pattern.replace("/**/", "/*").replace("**", "*")) for pattern in COVERED
    )


def test_every_file_says_its_license_or_cannot() -> None:
    silent = []
    for path in files():
        head = path.read_text("utf-8").splitlines()[:FIRST]
        if not is_covered(path) and [line for line in LINES if not any(part.endswith(line) for part in head)]:
            silent.append(str(path.relative_to(CHECKOUT)))
    assert silent == []


def test_reuse_toml_names_nothing_that_is_not_there() -> None:
    names = [str(path.relative_to(CHECKOUT)) for path in files()]
    added = {"FILES.json", "MANIFEST.json"}  # by ansible-galaxy, to the artifact
    for pattern in COVERED:
        found = fnmatch.filter(names, pattern.replace("/**/", "/*").replace("**", "*"))
        assert found or pattern in added, f"{pattern}: no such file"


def test_the_license_stands_where_reuse_looks_for_it() -> None:
    assert (CHECKOUT / "LICENSES/GPL-3.0-or-later.txt").read_bytes() == (CHECKOUT / "LICENSE").read_bytes()
    assert {match for line in LINES for match in re.findall(r"GPL-[\w.-]+", line)} == {"GPL-3.0-or-later"}

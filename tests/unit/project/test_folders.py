# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folders of the unit tests are those of the library's packages, and the few others that CONTRIBUTING.md names."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.packages import ORDER
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import read_page

UNIT = CHECKOUT / "tests" / "unit"
WITHOUT_A_FOLDER = {"_ansible", "_plain", "_versions"}
"""Packages of ``plugin_utils`` that are tested by what reads them."""
OTHERS = {"module_utils", "plugins", "docs", "project", "data"}
"""Folders that are no package's of ``plugin_utils``."""
(ROW,) = [
    line for line in read_page(CHECKOUT / "CONTRIBUTING.md").text.splitlines() if line.startswith("| `tests/unit`")
]


def packages(layer: str) -> set[str]:
    """Return the names of the packages of ``plugin_utils`` or ``module_utils``, their parts left out."""
    return {name.split("/")[1] for name in ORDER if name.startswith(f"{layer}/")}


def folders(place: Path) -> set[str]:
    """Return the names of the folders in a place, without those that only a run has left."""
    kept = (path for path in place.iterdir() if path.is_dir())
    return {path.name for path in kept if any(file.suffix != ".pyc" for file in path.rglob("*.*"))}


def test_each_package_has_its_folder_and_no_other_is_there() -> None:
    wanted = {name.removeprefix("_") for name in packages("plugin_utils") - WITHOUT_A_FOLDER} | OTHERS
    assert folders(UNIT) == wanted
    assert folders(UNIT / "module_utils") == {name.removeprefix("_") for name in packages("module_utils") - {"_errors"}}


def test_the_map_names_what_has_no_folder_of_its_own() -> None:
    named = WITHOUT_A_FOLDER | OTHERS
    assert [name for name in sorted(named) if f"`{name}`" not in ROW] == []

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that come from the library's tables say what the tables say."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.generate import generate
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT


@pytest.mark.parametrize("name", sorted(generate.GENERATED))
def test_generated_file_is_up_to_date(name: str) -> None:
    written = (CHECKOUT / name).read_text(encoding="utf-8")
    assert written == generate.GENERATED[name](), f"run scripts/generate.py: {name} is older than the tables"

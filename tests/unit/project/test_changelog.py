# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fragments of the changelog are read while they are written, not only by ./test changelog."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT

FRAGMENTS = sorted((CHECKOUT / "changelogs" / "fragments").glob("*.yml"))


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda path: path.stem)
def test_a_fragment_is_lists_of_texts_by_section(fragment: Path) -> None:
    """A colon and a space in a text make it a mapping, or no YAML at all."""
    content = yaml.safe_load(fragment.read_text("utf-8"))
    config = yaml.safe_load((CHECKOUT / "changelogs" / "config.yaml").read_text("utf-8"))
    assert content.keys() <= {*(name for name, _title in config["sections"]), config["trivial_section_name"]}
    assert [text for texts in content.values() for text in texts if not isinstance(text, str)] == []

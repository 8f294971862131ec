# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tags of one end are those of each playbook: none of them does nothing and ends in success."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT


@pytest.mark.parametrize("name", ["compare", "render", "site", "verify"])
@pytest.mark.parametrize("tag", ["router", "cluster"])
def test_each_playbook_does_something_with_the_tag_of_one_end(name: str, tag: str) -> None:
    plays = yaml.safe_load((CHECKOUT / "playbooks" / f"{name}.yml").read_text("utf-8"))
    assert any(tag in play.get("tags", []) for play in plays if "hosts" in play)

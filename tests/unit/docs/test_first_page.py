# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""README.md: its inventory, what the plan prints of it, and its picture. That both are current, ``test_generated`` checks."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.tests.support.generate import generate
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, hybrid_plan
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import DOCS, broken_links, plan_page, read_page
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import run_playbook

PAGE = read_page(CHECKOUT / "README.md")
(INVENTORY,) = PAGE.under(generate.FIRST_SITE, "yaml")
(SHOWN,) = PAGE.under(generate.FIRST_SITE, "text")
PICTURE = (DOCS / "site.svg").read_text("utf-8")


def test_its_inventory_is_small_and_plans_without_a_finding() -> None:
    assert len(INVENTORY.splitlines()) <= 14
    assert plan_page(INVENTORY).findings == ()


def test_it_is_the_smallest_site_of_the_page_on_inventories() -> None:
    (other,) = read_page(DOCS / "inventory.md").under("The smallest site", "yaml")
    assert yaml.safe_load(INVENTORY) == yaml.safe_load(other)


@pytest.mark.ansible
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_the_plan_prints_exactly_what_it_shows(form: str, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts.yml"
    hosts.write_text(INVENTORY, "utf-8")
    result = run_playbook("plan.yml", hosts, environment={"ANSIBLE_CALLBACK_RESULT_FORMAT": form})
    result.check(0)
    assert f"\n{SHOWN.strip()}\nok: [udm]\n" in result.output


def test_its_links_lead_somewhere() -> None:
    assert broken_links(PAGE) == []


def test_the_picture_shows_both_ends_of_the_reference_site() -> None:
    root = ElementTree.fromstring(PICTURE.encode())
    words = " ".join(text for text in root.itertext() if text.strip())
    data = hybrid_plan().data
    assert data is not None
    nodes = {session["node"] for session in data["sessions"]} | {"control-01", "node04"}
    pools = [text for pool in data["pools"] for text in (pool["name"], *pool["addresses"])]
    for word in ("udm-pro", "AS 65000", "platform", *nodes, *pools):
        assert word in words
    assert len(root.findall("{*}line")) == len(data["sessions"])


def test_the_picture_can_be_read_in_light_and_in_dark() -> None:
    """Each color that it draws with has another one in the dark, and it has a background of its own."""
    light, _query, dark = PICTURE.partition("@media (prefers-color-scheme:dark)")
    for kind in ("page", "box", "c0", "c1", "c2"):
        colors = [re.search(rf"\.{kind}{{[^}}]*(#[0-9a-f]{{6}})", part) for part in (light, dark)]
        assert all(colors)
        assert colors[0][1] != colors[1][1]  # type: ignore[index]
    assert 'class="page" x="0" y="0" width="880"' in PICTURE
    assert len(PICTURE) < 10_000

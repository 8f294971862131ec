# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sites of ``tests/sites``, planned and rendered without Ansible's own machinery."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import Plan, plan

from .hybrid import CHECKOUT, inventory_from
from .planned import rendered
from .yaml_text import read_yaml_file

FOLDER = CHECKOUT / "tests" / "sites"
SITES = sorted(path.parent.name for path in FOLDER.glob("*/inventory.yml"))


@dataclass(frozen=True, slots=True)
class Site:
    """A site and its plan."""

    folder: Path
    plan: Plan
    passwords: dict[str, str]
    """By the name under ``edge_bgp_passwords``; every site here has them in the inventory of all hosts."""


def site(name: str) -> Site:
    """Return a site of ``tests/sites``."""
    folder = FOLDER / name
    document: dict[str, Any] = read_yaml_file(folder / "inventory.yml")
    passwords = (document["all"].get("vars") or {}).get("edge_bgp_passwords") or {}
    return Site(folder, plan(inventory_from(document)), passwords)


def by_hand(of: Site, router: str) -> str:
    """Return a router's configuration as its people wrote it."""
    return (of.folder / f"{router}.frr.conf").read_text("utf-8")


def frr_conf(of: Site, router: str) -> str:
    """Return the configuration that the role renders, with the site's passwords."""
    planned = of.plan.data["routers"][router]
    named = {group["password"] for group in planned["frr"]["peer_groups"] if group["password"]}
    passwords = {name: of.passwords[name.rpartition("/")[2]] for name in named}
    return rendered(planned["frr"], planned["frr_version"], passwords)


def rendered_objects(of: Site, cluster: str) -> list[dict[str, Any]]:
    """Return the objects of a cluster that we make, Services too."""
    planned = of.plan.data["clusters"][cluster]
    made = [item["object"] for item in planned["services"] if item["object"]]
    return [*planned["bgp"], *planned["lb"], *made]

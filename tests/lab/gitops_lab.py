# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page of docs/situations says of a tool that applies from Git: its inventory, and what it says to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import DOCS, plan_page, read_page, rendered_files


def inventory(page: str) -> dict[str, Any]:
    """Return the inventory of a page."""
    (text,) = read_page(DOCS / "situations" / page).under("The inventory", "yaml")
    read: dict[str, Any] = yaml.safe_load(text)
    return read


def written(page: str, kind: str) -> dict[str, dict[str, Any]]:
    """Return the objects of a kind that a page says to write, by name."""
    blocks = [block for block in read_page(DOCS / "situations" / page).blocks if block.language == "yaml"]
    texts = [block.text for block in blocks if block.file is None]  # the others are excerpts of what is rendered
    items = [item for text in texts for item in yaml.safe_load_all(text)]
    return {item["metadata"]["name"]: item for item in items if item.get("kind") == kind}


def render(checkout: Path, site: dict[str, Any]) -> None:
    """Write what is rendered for an inventory into ``edge`` of a checkout, and take out of it what no longer is."""
    folder = checkout / "edge"
    files = {folder / name: text for name, text in rendered_files(plan_page(yaml.safe_dump(site))).items()}
    for path in folder.rglob("*"):
        if path.is_file() and path not in files:
            path.unlink()
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def path_of(item: dict[str, Any]) -> str:
    """Return the path of an object of ``home/manifests`` at the API server."""
    name = item["metadata"]["name"]
    if item["kind"] == "Service":
        return f"/api/v1/namespaces/{item['metadata']['namespace']}/services/{name}"
    return f"/apis/{item['apiVersion']}/{item['kind'].lower()}s/{name}"

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invalid inventories, each an edit away from a valid one: the cases under ``tests/unit/data``, and how to make one."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_document, inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.yaml_text import read_yaml_file

DATA = Path(__file__).parents[1] / "unit" / "data"


CASES: list[dict[str, Any]] = [
    case for file in sorted((DATA / "invalid").glob("*.yml")) for case in read_yaml_file(file)
]


BASES = sorted(file.stem for file in (DATA / "bases").glob("*.yml"))


def base_document(name: str | None) -> dict[str, Any]:
    """Return a valid inventory as one document; None = the reference site."""
    if name is None:
        return hybrid_document()
    document: dict[str, Any] = read_yaml_file(DATA / "bases" / f"{name}.yml")
    return document


def edited(values: dict[str, Any], removed: Sequence[str] = (), base: str | None = None) -> dict[str, Any]:
    """Return a valid inventory with values set and taken away at ``|``-separated places.

    Places start at ``site`` (group_vars of all), at a host, or at ``groups``.
    """
    document = base_document(base)
    children = document["all"]["children"]
    roots: dict[str, Any] = {"site": document["all"]["vars"], "groups": children}
    for group in children.values():
        for host in group["hosts"]:
            group["hosts"][host] = group["hosts"][host] or {}
        roots.update(group["hosts"])
    for place, value in values.items():
        parents, last = _parent(roots, place)
        parents[last] = copy.deepcopy(value)
    for place in removed:
        parents, last = _parent(roots, place)
        del parents[last]
    return document


def _parent(roots: dict[str, Any], place: str) -> tuple[dict[str, Any], str]:
    *parents, last = place.split("|")
    target = roots
    for key in parents:
        target = target.setdefault(key, {})
    return target, last


def found(document: dict[str, Any], kept: dict[str, list[str]] | None = None) -> list[str]:
    """Return every finding of an inventory as ``CODE path: problem (hint)``; ``kept`` are planned addresses."""
    allocations = {name: tuple(addresses) for name, addresses in (kept or {}).items()}
    inventory = replace(inventory_from(document), allocations=allocations)
    return [f"{finding.code} {finding.text}" for finding in plan(inventory).findings]

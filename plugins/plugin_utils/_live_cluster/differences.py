# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The difference that a user sees of an object that changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from .._cilium.common import Object
from .live_objects import place, reference


def difference(item: Object, found: Mapping[str, Any] | None, state: str) -> dict[str, str]:
    """Return Ansible's difference of one object that changes.

    Args:
        item: the object as it was planned.
        found: the parts that differ, ``before`` and ``after``, where the API told them.
        state: ``present`` or ``absent``.
    """
    name = place(item)
    seen = found or {}
    before = _without_uid(seen.get("before")) or (reference(item) if state == "absent" else None)
    after = None if state == "absent" else _without_uid(seen.get("after") or item)
    return {"before_header": name, "after_header": name, "before": _yaml(before), "after": _yaml(after)}


def _without_uid(value: Any) -> Any:
    """Return an object, or a part of one, without its UID: the API server gives it, and nobody plans it."""
    if not value or "uid" not in (value.get("metadata") or {}):
        return value
    metadata = {key: item for key, item in value["metadata"].items() if key != "uid"}
    rest = {key: item for key, item in value.items() if key != "metadata"}
    return {**rest, "metadata": metadata} if metadata else rest


def _yaml(value: Any) -> str:
    """Return ``value`` as YAML; nothing for nothing."""
    text: str = yaml.safe_dump(value, sort_keys=True, allow_unicode=True, width=120) if value else ""
    return text

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain containers at the plugin edge: ansible-core 2.19 hands plugins lazy and tagged subclasses of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any


def plain(value: Any) -> Any:
    """Return a copy of ``value`` made of dict, list, str, int and float; None and booleans as they are.

    A generator becomes a list. A date, which YAML makes of unquoted ``2026-01-31``, becomes its text again.
    """
    if isinstance(value, str):  # built-in types first: what is abstract takes ten times as long to test
        return str(value)
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if isinstance(value, (dict, Mapping)):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, Iterator):
        return [plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    for kind in (float, int):
        if isinstance(value, kind) and not isinstance(value, bool):
            return kind(value)
    return value


def is_literal(value: Any) -> bool:
    """Return whether Ansible has nothing to compute in ``value``: no template, nothing encrypted, nothing lazy.

    Keys of maps are never computed. What a text means that only looks like a template is Ansible's to say.
    """
    if isinstance(value, str):
        return not ("{{" in value or "{%" in value or "{#" in value or value.startswith("#jinja2:"))
    if isinstance(value, dict):
        return all(is_literal(item) for item in value.values())
    if isinstance(value, list):
        return all(is_literal(item) for item in value)
    return value is None or isinstance(value, (bool, int, float, date))

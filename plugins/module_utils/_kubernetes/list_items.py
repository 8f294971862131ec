# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Items of lists as ``metadata.managedFields`` names them (Kubernetes documentation, "Server-Side Apply").

Whoever may write an object writes any name there: the API server keeps an index, keys that the list has not, and
values of any depth (measured on kube-apiserver 1.36.4). A name by which no item of a list can be found names none.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Tuple

KEYS, VALUE = "k:", "v:"
"""How a name begins that says the keys of an item, and one that says the item itself."""


def item_keys(name: str) -> Dict[str, Any]:
    """Return the keys of the item that a name such as ``k:{"port":80,"protocol":"TCP"}`` means; none, if it names none.

    Keys are texts, numbers and booleans.
    """
    found = _decoded(name) if name.startswith(KEYS) else None
    if not isinstance(found, dict) or not all(isinstance(value, (str, int, float)) for value in found.values()):
        return {}
    return found


def item_value(name: str) -> Tuple[Any, ...]:
    """Return the item that a name such as ``v:"a"`` means, alone; nothing, if it names none."""
    found = _decoded(name) if name.startswith(VALUE) else None
    # Items that are owned by their value are scalars (structured-merge-diff, "set" lists).
    return (found,) if isinstance(found, (str, int, float)) else ()


def _decoded(name: str) -> Any:
    """Return the value in a name; None where it has none that can be read."""
    try:
        return json.loads(name[2:])
    except (ValueError, RecursionError):
        return None

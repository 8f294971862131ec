# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON Schema (draft 2020-12) of a vars file: what an editor completes and checks while somebody writes.

It comes from the table of keys alone: every type says its own schema (``_inventory/types``), every key its text. What
it refuses, the plan reports too; what lies between keys, or behind a template, only the plan can see.
"""

from __future__ import annotations

from .keys import OTHER_NAMES, OWN_PREFIX, ROLE_PREFIXES, VARIABLES
from .types import Schema


def inventory_schema() -> Schema:
    """Return the schema of a file under ``group_vars`` or ``host_vars``.

    Variables of other products may stand there; one that starts with ``edge_`` must be ours or, as ``edge_x_*``, the
    user's. An unknown key inside one of our maps is refused.
    """
    keys = list(VARIABLES.values())
    layered = [key for key in keys if key.layered]
    layers = "|".join(key.name for key in layered)
    names = "|".join((*(key.name for key in keys), *OTHER_NAMES))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "description": "Variables of hybridnet.cluster_edge.",
        "type": ["object", "null"],
        "properties": {
            **{key.name: key.schema() for key in keys if not key.layered},
            **{
                key.name: {"description": key.schema()["description"], "anyOf": [_ref(key.name), {"type": "null"}]}
                for key in layered
            },
        },
        "patternProperties": {
            **{f"^{key.name}__": _ref(key.name) for key in layered},
            f"^(?!(?:{names})$|(?:{layers})__|{'|'.join((OWN_PREFIX, *ROLE_PREFIXES))})edge_": False,
        },
        "$defs": {
            "template": {"type": "string", "pattern": r"\{\{|\{%"},
            **{key.name: key.schema() for key in layered},
        },
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}

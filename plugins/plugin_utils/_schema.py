# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON Schema (draft 2020-12) of a vars file: what an editor completes and checks while somebody writes.

It comes from the table of keys alone: every type says its own schema (``_types``), every key its text. What it refuses,
the plan reports too; what lies between keys, or behind a template, only the plan can see.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ._keys import OTHER_NAMES, OTHER_PREFIXES, VARIABLES
from ._types import Schema

TEMPLATE_PATTERN = r"\{\{|\{%"


def inventory_schema() -> Schema:
    """Return the schema of a file under ``group_vars`` or ``host_vars``.

    Variables of other products may stand there; one that starts with ``edge_`` must be ours or, as ``edge_x_*``, the
    user's. An unknown key inside one of our maps is refused.
    """
    keys = [key for key in VARIABLES.values() if key.supported]
    layered = [key for key in keys if key.layered]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Variables of hybridnet.cluster_edge",
        "type": ["object", "null"],
        "properties": {
            **{key.name: key.schema() for key in keys if not key.layered},
            **{
                key.name: {"description": key.schema()["description"], "anyOf": [_ref(key.name), {"type": "null"}]}
                for key in layered
            },
        },
        "patternProperties": {f"^{re.escape(key.name)}__": _ref(key.name) for key in layered},
        "propertyNames": {
            "anyOf": [
                {"not": {"pattern": "^edge_"}},
                {"enum": [*(key.name for key in keys), *OTHER_NAMES]},
                {"pattern": f"^{_one_of([key.name for key in layered])}__"},
                {"pattern": f"^{_one_of(OTHER_PREFIXES)}"},
            ]
        },
        "$defs": {
            "template": {"description": "A template.", "type": "string", "pattern": TEMPLATE_PATTERN},
            **{key.name: key.schema() for key in layered},
        },
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _one_of(words: Sequence[str]) -> str:
    return f"(?:{'|'.join(words)})"

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of inventory keys: the one source of reading, defaults, validation, reference page, schema, argument_specs.

Each record has a file of its own, which is named after it; a file imports only from those whose records it holds.
"""

from __future__ import annotations

from ..types import Key
from .cluster import CLUSTER, CLUSTER_MAPS
from .hosts import ANY_HOST
from .node import NODE
from .router import ROUTER
from .run import RUN
from .site import SITE

GROUPS: tuple[tuple[str, tuple[Key, ...]], ...] = (
    ("Run", RUN),
    ("Any host", ANY_HOST),
    ("Site", SITE),
    ("Read from each cluster host (defaults and passwords also from each router host)", CLUSTER_MAPS),
    ("Router", ROUTER),
    ("Node", NODE),
    ("Cluster", CLUSTER),
)
"""Every variable, by who reads it, in the order of the reference page."""

VARIABLES: dict[str, Key] = {key.name: key for _title, keys in GROUPS for key in keys}

OTHER_NAMES = ("edge_new", "edge_plan", "edge_render", "edge_twin_overlay", "edge_twin_result")
"""Variables of a run that are not written by users: what roles register, and what the twin's overlay says."""

OWN_PREFIX = "edge_x_"
"""What the user's own variables begin with."""

ROLE_PREFIXES = ("edge_plan_", "edge_render_", "edge_verify_", "edge_twin_")
"""What variables begin with that roles take and the plan does not read: their argument_specs name them."""

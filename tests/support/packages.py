# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of the library in the order of their imports."""

from __future__ import annotations

ORDER = (
    "module_utils/_errors",
    "module_utils/_frr",
    "module_utils/_router",
    "module_utils/_unifi",
    "module_utils/_kubernetes",
    "plugin_utils/_plain",
    "plugin_utils/_addressing",
    "plugin_utils/_kubernetes",
    "plugin_utils/_versions",
    "plugin_utils/_findings",
    "plugin_utils/_document",
    "plugin_utils/_model",
    "plugin_utils/_inventory",
    "plugin_utils/_pools",
    "plugin_utils/_cilium",
    "plugin_utils/_live_cluster",
    "plugin_utils/_frr",
    "plugin_utils/_resolve",
    "plugin_utils/_resolve/pools",
    "plugin_utils/_resolve/services",
    "plugin_utils/_resolve/sessions",
    "plugin_utils/_resolve/routers",
    "plugin_utils/_resolve/peerings",
    "plugin_utils/_resolve/clusters",
    "plugin_utils/_resolve/names",
    "plugin_utils/_resolve/site",
    "plugin_utils/_plan",
    "plugin_utils/_new_inventory",
    "plugin_utils/_verify",
    "plugin_utils/_compare",
    "plugin_utils/_drift",
    "plugin_utils/_ansible",
    "plugin_utils/_twin/description",
    "plugin_utils/_twin/guard",
    "plugin_utils/_twin/run",
)
"""Lowest first: a file imports from its own package and from those before it. ``docs/design.md`` says what each is for."""

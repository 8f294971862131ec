# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster end of the plan: plain Kubernetes objects from the resolved site.

Lists come in the order in which they are applied: what others refer to comes first (advertisements, then peer configs,
then cluster configs). Names are those of the model; fields are those of the CRDs of Cilium 1.16 to 1.20. This is the
one place that others import from.
"""

from __future__ import annotations

from .bgp import bgp_objects, password_secret_name
from .common import BGP_KINDS, LB_KINDS, Object, api_version
from .lb import interface_regex, lb_objects
from .services import chart_values, node_labels, services

__all__ = [
    "BGP_KINDS",
    "LB_KINDS",
    "Object",
    "api_version",
    "bgp_objects",
    "chart_values",
    "interface_regex",
    "lb_objects",
    "node_labels",
    "password_secret_name",
    "services",
]

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Helm values of IPAM: the mode, the families of pods, and where the ranges of cluster-pool stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._addressing.families import Family
from .._kubernetes.values import truth, value_at

CLUSTER_POOL, MULTI_POOL = "cluster-pool", "multi-pool"
"""The modes of IPAM (``ipam.mode``) in which the operator cuts ranges into those of nodes; the first is the chart's."""
MADE_AT_START = "ipam.operator.autoCreateCiliumPodIPPools"
"""Path of the Helm value with the pod pools that the operator makes when it starts."""
KUBERNETES = "kubernetes"
"""The mode in which Kubernetes gives nodes their ranges."""


def ipam_mode(values: Mapping[str, Any]) -> str:
    """Return the IPAM mode of a release's values; the chart's own where they have none."""
    return str(value_at(values, "ipam.mode") or CLUSTER_POOL)


def is_on(family: Family, values: Mapping[str, Any]) -> bool:
    """Return whether pods get addresses of a family by a release's values: where none says it, of IPv4 alone."""
    written = value_at(values, enabled_path(family))
    return family is Family.IPV4 if written is None else truth(written) is True


def enabled_path(family: Family) -> str:
    """Return the path of the Helm value that switches a family on."""
    return f"{family.key}.enabled"


def list_path(family: Family) -> str:
    """Return the path of the Helm value that has the ranges of IPAM mode cluster-pool."""
    return f"ipam.operator.clusterPool{family.label}PodCIDRList"


def mask_path(family: Family) -> str:
    """Return the path of the Helm value that has the length of a node's part of them."""
    return f"ipam.operator.clusterPool{family.label}MaskSize"

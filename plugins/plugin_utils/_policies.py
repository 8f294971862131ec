# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, policies: the names in an ``import`` or ``export`` followed to the prefixes that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ._model import PodPool, Pool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the names in a policy refer to, by cluster."""

    pools: Mapping[str, Mapping[str, Pool]]
    """Cluster -> name -> pool."""
    pod_pools: Mapping[str, Mapping[str, PodPool]]
    """Cluster -> name -> pod pool."""
    pod_cidrs: Mapping[str, tuple[str, ...]]
    """Cluster -> its pod ranges."""
    pod_mask: Mapping[str, Mapping[str, int]]
    """Cluster -> family -> length of a node's pod CIDR."""

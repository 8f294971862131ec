# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a table names what clusters have: clusters may have things of one name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def cluster_prefixes(items: Iterable[Mapping[str, object]]) -> dict[str, str]:
    """Return what stands in front of a name, by cluster: the cluster and ``/``, or nothing where all are of one.

    Args:
        items: records of a table, each with the key ``cluster``.
    """
    clusters = {str(item["cluster"]) for item in items}
    return {cluster: f"{cluster}/" if len(clusters) > 1 else "" for cluster in clusters}

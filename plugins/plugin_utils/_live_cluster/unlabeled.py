# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels of nodes in a cluster to which Flux or Argo CD applies: commands set them, and no commit does.

An object whose selector matches no node is in effect nowhere: with a CiliumBGPClusterConfig all of its sessions end
(Cilium documentation, "BGP Control Plane Resources").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._errors import EdgeError
from .._document.plan import PlannedCluster
from .._findings.wording import MOST_NAMES, some
from .._kubernetes.labels import kubelet_labels
from .._kubernetes.selectors import selector_of
from .kubectl import kubectl
from .live_objects import object_key, place

SCRIPT = "node-labels.sh"
"""Name of the file with the commands, in the folder of the cluster."""

FOLLOWS = {"CiliumBGPClusterConfig": "none of its sessions is up"}
NO_ADDRESS = "no node announces its addresses"


def label_command(name: str, cluster: PlannedCluster) -> str:
    """Return the command that sets the labels of a cluster's nodes, with its kubeconfig and its context."""
    return f"sh {name}/{SCRIPT}{kubectl(cluster['kubeconfig'], cluster['context']).removeprefix('kubectl')}"


def unlabeled(state: Mapping[str, Any], cluster: PlannedCluster, name: str) -> Iterator[EdgeError]:
    """Yield an error for each live object that selects no node, and would with the planned labels of nodes.

    One that selects no node with these either is mended by a commit.

    Args:
        state: ``objects`` and ``nodes`` of module ``cluster_state_info``.
        cluster: the planned cluster.
        name: its name.
    """
    if cluster["apply"] != "others" or cluster["absent"]:
        return
    planned = {object_key(item) for item in (*cluster["bgp"], *cluster["lb"])}
    live = {node: {**kubelet_labels(node), **state["nodes"][node]["labels"]} for node in state["nodes"]}
    given = cluster["node_labels"] or {}
    for item in state["objects"]:
        asked = (item.get("spec") or {}).get("nodeSelector")
        if not asked or object_key(item) not in planned:
            continue
        selector = selector_of(asked)
        if any(map(selector.matches, live.values())):
            continue
        lacking = sorted(node for node, has in live.items() if selector.matches({**has, **given.get(node, {})}))
        if lacking:
            yield EdgeError(
                place(item),
                f"it selects no node, so {FOLLOWS.get(item['kind'], NO_ADDRESS)}: planned labels lack at"
                f" {some(lacking, MOST_NAMES)}, and no commit sets them",
                f"{label_command(name, cluster)} (playbooks/render.yml writes it)",
            )

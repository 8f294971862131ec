# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels of Nodes on their way to CiliumNodes: Cilium selects nodes by these.

Each agent copies the labels of its Node to its CiliumNode by itself, a moment later (``pkg/nodediscovery``). What
selects by a label before the copy is there selects nothing: the operator ends the sessions of such a node
(``operator/pkg/bgp``, ``deleteNodeConfigs``), and its agent answers for no address on L2 (``pkg/l2announcer``).
"""

from __future__ import annotations

import time
from typing import Any, Dict, List, Mapping

from .api import METADATA_ONLY, ClusterApi
from .cilium_kinds import NODE, READ_ONLY_PLURALS
from .observation import read_agents

PATH = "/apis/cilium.io/v2/{0}".format(READ_ONLY_PLURALS[NODE])
"""Each release serves CiliumNode in this version."""
POLL_SECONDS = 0.2


def await_copies(api: ClusterApi, wanted: Mapping[str, Mapping[str, str]], namespace: str, seconds: int) -> List[str]:
    """Wait until CiliumNodes have the labels that were written to their Nodes; return the nodes that lack any.

    Not waited for is a node without a CiliumNode, whose agent has never run, and one whose agent is not ready: it has
    no session that could end. Where the account may not list pods, every agent counts as ready.

    Args:
        api: the API server of the cluster.
        wanted: by node, the labels.
        namespace: where the agents' pods are.
        seconds: the limit.

    Raises:
        ClusterError: the server refuses, or is out of reach.
    """
    end = time.monotonic() + seconds
    while True:
        copies = {item["metadata"]["name"]: item["metadata"] for item in api.items(PATH, METADATA_ONLY)}
        behind = sorted(name for name in wanted if name in copies and _lacks(copies[name], wanted[name]))
        agents = read_agents(api, namespace) if behind else None
        behind = [name for name in behind if agents is None or agents.get(name)]
        if not behind or time.monotonic() >= end:
            return behind
        time.sleep(POLL_SECONDS)


def _lacks(metadata: Dict[str, Any], labels: Mapping[str, str]) -> bool:
    """Return whether an object lacks any of the labels, or has another value of one."""
    return not labels.items() <= (metadata.get("labels") or {}).items()

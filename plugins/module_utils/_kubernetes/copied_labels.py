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
from typing import Dict, List, Mapping

from .api import METADATA_ONLY, ClusterApi
from .cilium_kinds import NODE, READ_ONLY_PLURALS
from .observation import read_agents
from .pods import is_ready

PATH = "/apis/cilium.io/v2/{0}".format(READ_ONLY_PLURALS[NODE])
"""Each release serves CiliumNode in this version."""
NODES = "/api/v1/nodes"
POLL_SECONDS = 0.2
COPY_SECONDS = 30
"""Limit for agents to copy labels. They do it within a second, where the API server does not hold them back."""


def await_copies(api: ClusterApi, wanted: Mapping[str, Mapping[str, str]], namespace: str, seconds: int) -> List[str]:
    """Wait until CiliumNodes have labels; return ``NODE: KEY=VALUE, ...`` for each that lacks any.

    Not waited for is a node without a CiliumNode, whose agent has never run, and one whose agent is not ready: it has
    no session that could end.

    Args:
        api: the API server of the cluster.
        wanted: by node, the labels that it has or is about to have.
        namespace: where the agents' pods are.
        seconds: the limit.

    Raises:
        ClusterError: the server refuses, or is out of reach.
    """
    end = time.monotonic() + seconds
    while True:
        behind = _behind(api, wanted)
        ready = _ready(api, namespace) if behind else {}
        behind = {name: labels for name, labels in behind.items() if ready.get(name)}
        if not behind or time.monotonic() >= end:
            return ["{0}: {1}".format(name, ", ".join(behind[name])) for name in sorted(behind)]
        time.sleep(POLL_SECONDS)  # between two looks; the copies end the wait


def _behind(api: ClusterApi, wanted: Mapping[str, Mapping[str, str]]) -> Dict[str, List[str]]:
    """Return by node the labels that its CiliumNode lacks, or has with another value."""
    found = {}
    for item in api.items(PATH, METADATA_ONLY):
        labels = item["metadata"].get("labels") or {}
        name = item["metadata"]["name"]
        lacking = [
            "{0}={1}".format(key, value) for key, value in wanted.get(name, {}).items() if labels.get(key) != value
        ]
        if lacking:
            found[name] = lacking
    return found


def _ready(api: ClusterApi, namespace: str) -> Dict[str, bool]:
    """Return by node whether its agent is ready.

    The node's own word counts where the account may not list pods, and where the namespace has no agent: Cilium runs in
    another one then.
    """
    return read_agents(api, namespace) or {item["metadata"]["name"]: is_ready(item) for item in api.items(NODES)}

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What routers hear of services' addresses where all is well, as ``edge_probe`` returns it."""

from __future__ import annotations

import hashlib
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import probe_targets


def mac_of(node_address: str) -> str:
    """Return the MAC address that a node has here."""
    return "02:" + ":".join(hashlib.sha256(node_address.encode()).digest()[:5].hex(":").split(":"))


def heard(plan: dict[str, Any], observed: dict[str, Any]) -> dict[str, Any]:
    """Return what each router hears: the lease's holder alone answers, and every connection comes about."""
    return {
        router: {
            target["address"]: _answer(target) for target in probe_targets(plan, observed["clusters"], router, raw)
        }
        for router, raw in observed["routers"].items()
    }


def _answer(target: Any) -> dict[str, Any]:
    ports: list[dict[str, Any]] = [
        {"port": port, "protocol": "tcp", "source": "", "reasons": [], "answered": target["connections"]}
        for port in target["tcp"]
    ]
    ports += [{"port": port, "protocol": "udp", "source": "", "reasons": [], "silent": 1} for port in target["udp"]]
    paths = [{**hop, "port": port, "result": "answered"} for hop in target["paths"] for port in target["tcp"]]
    if not target["segment"]:
        return {"ports": ports, "paths": paths}
    holders = {address: [mac_of(address)] for address in target["holders"]}
    return {
        "ports": ports,
        "paths": paths,
        "interface": "br0",
        "macs": sorted(mac for macs in holders.values() for mac in macs),
        "holder_macs": holders,
    }

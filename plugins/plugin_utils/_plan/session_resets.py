# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which BGP sessions a change resets: compare two plans by what closes a session on either end.

Measured with Cilium 1.19.6 and FRR 10.3 (docs/cluster.md): a peer, instance or ClusterConfig of another name, other
timers, another restart time and another set of families close a session for about two seconds; an instance or peer that
comes or goes beside it, another selector for the same nodes, communities and filters do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .._document.plan import PlanDocument, PlannedSession

_Key = Literal[
    "node_asn",
    "router_asn",
    "node_address",
    "router_address",
    "cluster_config",
    "instance",
    "peer",
    "peer_group",
    "families",
    "hold",
    "keepalive",
    "graceful_restart",
    "multihop",
    "ttl_security",
    "password",
    "node_router_id",
    "listen_port",
    "dynamic",
]

_REASONS: tuple[tuple[_Key, str], ...] = (
    ("node_asn", "the node's AS number"),
    ("router_asn", "the router's AS number"),
    ("node_address", "the node's address"),
    ("router_address", "the router's address"),
    ("cluster_config", "the CiliumBGPClusterConfig"),
    ("instance", "the BGP instance"),
    ("peer", "the peer"),
    ("peer_group", "the peer group"),
    ("families", "the families"),
    ("hold", "the hold time"),
    ("keepalive", "the keepalive time"),
    ("graceful_restart", "the restart time"),
    ("multihop", "the number of hops"),
    ("ttl_security", "GTSM"),
    ("password", "the password's name"),
    ("node_router_id", "the node's router-id"),
    ("listen_port", "the port on which the node listens"),
    ("dynamic", "the way in which the router knows the node (listen range)"),
)
"""Keys of a planned session whose change closes it, in the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class Reset:
    """A session that is there before and after a change and closes in between."""

    cluster: str
    peering: str
    node: str
    router: str
    family: str
    reasons: tuple[str, ...]
    """``what: old -> new``."""

    @property
    def text(self) -> str:
        """The session and why it closes, in one line."""
        where = f"{self.node} - {self.router or 'speaker on the node'}"
        return f"{self.cluster}/{self.peering} {where} ({self.family}): {'; '.join(self.reasons)}"


def reset_sessions(before: PlanDocument, after: PlanDocument) -> list[Reset]:
    """Return the sessions of both plans that the change from one to the other closes, sorted.

    Sessions that only one plan has are no resets: they come or go.

    Args:
        before: a plan that was written earlier (``edge_plan_file``), perhaps by an older version: its sessions may lack
            keys, and a key that one of them lacks is not compared.
        after: the plan now.
    """
    old = {_key(session): session for session in before["sessions"]}
    routers = {
        host: f"router-id of {host}: {before['routers'][host]['router_id']} -> {router['router_id']}"
        for host, router in after["routers"].items()
        if host in before["routers"] and before["routers"][host]["router_id"] != router["router_id"]
    }
    found = []
    for session in after["sessions"]:
        earlier = old.get(_key(session))
        if earlier is None or earlier.get("shutdown"):
            continue
        reasons = [
            f"{what}: {_shown(earlier[key])} -> {_shown(session[key])}"
            for key, what in _REASONS
            if key in earlier and earlier[key] != session[key]
        ]
        reasons += [routers[session["router"]]] if session["router"] in routers else []
        reasons += ["it is shut down"] if session["shutdown"] else []
        if reasons:
            found.append(Reset(*_key(session), tuple(reasons)))
    return sorted(found, key=lambda reset: (reset.cluster, reset.peering, reset.router, reset.node, reset.family))


def _key(session: PlannedSession) -> tuple[str, str, str, str, str]:
    """Return what makes a session the same one in two plans."""
    return session["cluster"], session["peering"], session["node"], session["router"], session["family"]


def _shown(value: object) -> str:
    """Return a value as a reason names it."""
    if isinstance(value, list):
        return "+".join(map(str, value))
    return "none" if value is None or value == "" else str(value)

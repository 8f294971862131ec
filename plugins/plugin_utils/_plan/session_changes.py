# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sessions a change resets: two plans compared by what closes a BGP session on either end.

Measured with Cilium 1.19.6 and FRR 10.3 (docs/cluster.md): a peer, instance or ClusterConfig of another name, other
timers, another restart time and another set of families close a session for about two seconds; an instance or peer that
comes or goes beside it, another selector for the same nodes, communities and filters do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_REASONS = (
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
"""Keys of a planned session whose change closes it, in the order in which they are told."""


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


def reset_sessions(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Reset]:
    """Return the sessions of both plans that the change from one to the other closes, sorted.

    Sessions that only one plan has are no resets: they come or go.

    Args:
        before: a plan as JSON, written earlier (``edge_plan_file``).
        after: the plan now.
    """
    old = {_key(session): session for session in before.get("sessions", ())}
    routers = {
        host: f"router-id of {host}: {before['routers'][host]['router_id']} -> {router['router_id']}"
        for host, router in after.get("routers", {}).items()
        if host in before.get("routers", {}) and before["routers"][host]["router_id"] != router["router_id"]
    }
    found = []
    for session in after.get("sessions", ()):
        known = old.get(_key(session))
        if known is None or known.get("shutdown"):
            continue
        reasons = [
            f"{what}: {_shown(known[key])} -> {_shown(session[key])}"
            for key, what in _REASONS
            if key in known and known[key] != session[key]
        ]
        reasons += [routers[session["router"]]] if session["router"] in routers else []
        reasons += ["it is shut down"] if session["shutdown"] else []
        if reasons:
            found.append(Reset(*_key(session), tuple(reasons)))
    return sorted(found, key=lambda reset: (reset.cluster, reset.peering, reset.router, reset.node, reset.family))


def _key(session: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    return session["cluster"], session["peering"], session["node"], session["router"], session["family"]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "+".join(map(str, value))
    return "none" if value is None or value == "" else str(value)

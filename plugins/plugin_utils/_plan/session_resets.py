# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which BGP sessions a change resets: compare two plans by what closes a session on either end.

A node's end: measured with Cilium 1.19.6 and FRR 10.3 (docs/cluster.md), a peer, instance or ClusterConfig of another
name, other timers, another restart time and another set of families close a session for about two seconds; an instance
or peer that comes or goes beside it, another selector for the same nodes, communities and filters do not. GoBGP, which
Cilium is built on, closes a session whose transport changes: the port that it dials and the address that it dials from.

A router's end: what the run itself takes for closing (``session_lines`` of ``module_utils/_frr/config``), without three
things that FRR applies to a session that is up (``bgpd/bgpd.c``): the time between attempts to connect, next-hop-self
and a default route that it originates. A listen range that goes closes the sessions of those who dialed in from it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .._addressing.addresses import parse_address, parse_cidr
from .._addressing.intervals import contains
from .._document.frr_intent import PeerGroup, PeerGroupNeighbor
from .._document.plan import PlanDocument

_SessionKey = Literal[
    "cluster",
    "peering",
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
    "local_address",
    "listen_port",
    "dynamic",
]

_ROUTER_AS = "the router's AS number"
_HOPS, _GTSM = "the number of hops", "GTSM"

_OF_SESSION: tuple[tuple[_SessionKey, str], ...] = (
    ("cluster", "the cluster"),
    ("peering", "the peering"),
    ("node_asn", "the node's AS number"),
    ("router_asn", _ROUTER_AS),
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
    ("multihop", _HOPS),
    ("ttl_security", _GTSM),
    ("password", "the password's name"),
    ("node_router_id", "the node's router-id"),
    ("local_address", "the address from which the node dials"),
    ("listen_port", "the port on which the node listens"),
    ("dynamic", "the way in which the router knows the node (listen range)"),
)
"""Keys of a planned session whose change closes it, in the order in which they are listed."""

_NeighborKey = Literal["interface", "peer_group", "families", "hold", "keepalive", "password", "bfd"]

_OF_NEIGHBOR: tuple[tuple[_NeighborKey, str], ...] = (
    ("interface", "the interface"),
    ("peer_group", "the peer group"),
    ("families", "the families"),
    ("hold", "the hold time"),
    ("keepalive", "the keepalive time"),
    ("password", "the password's name"),
    ("bfd", "BFD"),
)
"""The same of a planned neighbor."""

_PORT = 179
"""BGP's own port, which a CiliumBGPPeerConfig does not name."""


@dataclass(frozen=True, slots=True)
class Reset:
    """A session that is there before and after a change and closes in between."""

    where: str
    """Both ends, and what tells the session from others between them."""
    reasons: tuple[str, ...]
    """``what: old -> new``."""

    @property
    def text(self) -> str:
        """The session and why it closes, in one line."""
        return f"{self.where}: {'; '.join(self.reasons)}"


@dataclass(frozen=True, slots=True)
class _Session:
    """A session as one plan has it."""

    keys: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    """What makes it the same one in two plans: its names; else the address by which the router knows the peer; else
    what stays where that address or the router's name is another."""
    where: str
    router: str
    """The router; empty for a speaker on the node itself."""
    values: Mapping[str, object]
    """What closes it where it changes, by the words of the reason; nothing of what the plan does not say."""
    shutdown: bool
    address: str
    """Of the router's peer; empty where the site does not know it."""
    ranges: Sequence[str]
    """From which the router lets the peer dial in; none where it names the peer."""


def reset_sessions(before: PlanDocument, after: PlanDocument) -> list[Reset]:
    """Return the sessions of both plans that the change from one to the other closes: of nodes, then of neighbors.

    A session under another name is still the same one where its ends are. Sessions that only one plan has are no
    resets: they come or go.

    Args:
        before: a plan that was written earlier (``edge_plan_file``), perhaps by an older version: its sessions may lack
            keys, and a key that one of them lacks is not compared.
        after: the plan now.
    """
    found = []
    for old, new in sorted(_pairs(_sessions(before), _sessions(after)), key=lambda pair: pair[1].keys):
        reasons = [*_reasons(old, new), *_router_reasons(before, after, old, new)]
        reasons += ["it is shut down"] if new.shutdown else []
        if reasons and not old.shutdown:
            found.append(Reset(new.where, tuple(reasons)))
    return found


def _pairs(before: Iterable[_Session], after: Iterable[_Session]) -> Iterator[tuple[_Session, _Session]]:
    """Yield each session that both plans have as (before, after)."""
    old, new = list(before), list(after)
    for which in range(3):
        waiting: dict[tuple[str, ...], list[_Session]] = defaultdict(list)
        for session in old:
            waiting[session.keys[which]].append(session)
        left = []
        for session in new:
            same = waiting[session.keys[which]]
            if same:
                yield same.pop(0), session
            else:
                left.append(session)
        old, new = [session for sessions in waiting.values() for session in sessions], left


def _reasons(old: _Session, new: _Session) -> Iterator[str]:
    """Yield what differs of the session itself."""
    for what, value in new.values.items():
        if what in old.values and old.values[what] != value:
            yield _reason(what, old.values[what], value)
    gone = [text for text in old.ranges if text not in new.ranges]
    # A range that comes beside it closes nothing, and one that goes nothing of those who dial in from elsewhere.
    if new.ranges and any(_may_hold(text, old.address) for text in gone):
        yield _reason("the listen range", list(old.ranges), list(new.ranges))


def _may_hold(cidr: str, address: str) -> bool:
    """Return whether a peer with this address, or one whose address is not known, may have dialed in from a range."""
    return not address or contains((parse_cidr(cidr, cidr).interval,), parse_address(address, address).interval)


def _router_reasons(before: PlanDocument, after: PlanDocument, old: _Session, new: _Session) -> Iterator[str]:
    """Yield what differs of the router's BGP instance: the router-id, and an AS number that its peers do not see."""
    earlier, now = before["routers"].get(old.router), after["routers"].get(new.router)
    if not (earlier and now):
        return
    if earlier["asn"] != now["asn"] and (earlier["asn"], now["asn"]) != (
        old.values.get(_ROUTER_AS),
        new.values[_ROUTER_AS],
    ):
        yield _reason(f"AS number of {new.router}", earlier["asn"], now["asn"])
    if earlier["router_id"] != now["router_id"]:
        yield _reason(f"router-id of {new.router}", earlier["router_id"], now["router_id"])


@dataclass(frozen=True, slots=True)
class _Group:
    """A peer group of a router, which may have hundreds of neighbors."""

    group: PeerGroup
    members: Mapping[str, PeerGroupNeighbor]
    """By address; none of those who dial in."""

    def values(self, address: str) -> dict[str, object]:
        """Return what FRR holds of the session with ``address`` that the plan's own record of it does not say."""
        families, member = self.group["families"], self.members.get(address)
        return {
            _HOPS: self.group["multihop"],
            _GTSM: self.group["ttl_security"],
            "the address from which the router dials": (member or self.group)["update_source"],
            "the families of which it reflects routes": [
                family for family in families if families[family]["route_reflector_client"]
            ],
        }


def _peer_groups(plan: PlanDocument) -> dict[tuple[str, str], _Group]:
    """Return the peer groups of all routers by router and name."""
    return {
        (host, group["name"]): _Group(group, {item["address"]: item for item in group["neighbors"]})
        for host, router in plan["routers"].items()
        for group in router["frr"]["peer_groups"]
    }


def _sessions(plan: PlanDocument) -> Iterator[_Session]:
    """Yield all sessions of a plan."""
    groups = _peer_groups(plan)
    yield from _node_sessions(plan, groups)
    yield from _neighbor_sessions(plan, groups)


def _node_sessions(plan: PlanDocument, groups: Mapping[tuple[str, str], _Group]) -> Iterator[_Session]:
    """Yield the sessions of nodes."""
    transports = _transports(plan)
    for session in plan["sessions"]:
        cluster, router, address = session["cluster"], session["router"], session["node_address"]
        values: dict[str, object] = {what: session[key] for key, what in _OF_SESSION if key in session}
        values |= transports.get((cluster, session["peer_config"]), {})
        group, ranges = groups.get((router, session["peer_group"])), []
        if group:
            values |= group.values(address)
        if group and session["dynamic"]:
            ranges = group.group["listen_ranges"]
            # A named node has its own AS number there; of all that dial in it is one, or any other than the router's.
            values["the AS number of the peer group"] = group.group["remote_as"]
        peering, node, family = session["peering"], session["node"], session["family"]
        yield _Session(
            keys=(
                ("node", cluster, peering, router, node, family),
                (router or node, address or f"{node} {family}"),
                ("node", node, family, address, session["router_address"]),
            ),
            where=f"{cluster}/{peering} {node} - {router or 'speaker on the node'} ({family})",
            router=router,
            values=values,
            shutdown=session["shutdown"],
            address=address,
            ranges=ranges,
        )


def _transports(plan: PlanDocument) -> dict[tuple[str, str], dict[str, object]]:
    """Return what each CiliumBGPPeerConfig says of the connection to the router, by cluster and its name."""
    return {
        (host, item["metadata"]["name"]): {
            "the port that the node dials": item["spec"].get("transport", {}).get("peerPort", _PORT),
            "the interface from which the node dials": item["spec"].get("transport", {}).get("sourceInterface"),
        }
        for host, cluster in plan["clusters"].items()
        for item in cluster["bgp"]
        if item["kind"] == "CiliumBGPPeerConfig"
    }


def _neighbor_sessions(plan: PlanDocument, groups: Mapping[tuple[str, str], _Group]) -> Iterator[_Session]:
    """Yield the sessions of routers with speakers that are no nodes; all that dial in to one peer group are one."""
    for neighbor in plan["neighbors"]:
        router, name = neighbor["router"], neighbor["name"]
        group = groups[router, neighbor["peer_group"]]
        values: dict[str, object] = {
            "the neighbor's AS number": neighbor["asn"],
            _ROUTER_AS: neighbor["local_as"] or plan["routers"][router]["asn"],
            **{what: neighbor[key] for key, what in _OF_NEIGHBOR},
        }
        for end in neighbor["addresses"] or [neighbor["interface"] or ", ".join(neighbor["listen_ranges"])]:
            member = group.members.get(end)
            told = {"the neighbor's address": end, "the port that the router dials": member["port"]} if member else {}
            yield _Session(
                keys=(("other", router, name, end), (router, end), ("other", router, name)),
                where=f"{router} - {name} ({end})",
                router=router,
                values={**values, **group.values(end), **told},
                shutdown=neighbor["shutdown"],
                address="",
                ranges=neighbor["listen_ranges"],
            )


def _reason(what: str, old: object, new: object) -> str:
    """Return one reason, with both values."""
    return f"{what}: {_shown(old)} -> {_shown(new)}"


def _shown(value: object) -> str:
    """Return a value as a reason names it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "+".join(map(str, value)) or "none"
    return "none" if value is None or value == "" else str(value)

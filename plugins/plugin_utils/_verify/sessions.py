# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify BGP sessions, as the routers and as the nodes report them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from .._document.plan import PlanDocument, PlannedSession
from .._findings.code import ERROR
from .._findings.wording import MOST_NAMES, count, some
from .advertised import node_count
from .dynamic import DialledIn, dialled_in
from .expected import (
    UNKNOWN_ADDRESS,
    UNKNOWN_NODE,
    Expectations,
    ExpectedCount,
    neighbor_path,
    node_name,
    prefix_path,
    session_key,
    session_neighbor,
)
from .observed import ClusterSeen, NeighborSeen, PeerSeen, RouterSeen, canonical, is_link_local
from .policies import check_policies
from .report import OK, UNKNOWN, VerifyReport, worst
from .timers import router_timers, timers_text

OPEN_CONFIRM = "open_confirm"
"""The state before ``established``, as Cilium writes it."""


def verify_router_sessions(
    report: VerifyReport, plan: PlanDocument, routers: Mapping[str, RouterSeen], clusters: Container[str]
) -> set[tuple[str, str]]:
    """Verify each planned session on the routers that were read.

    Args:
        report: takes rows and findings.
        plan: the plan, with the addresses of dynamic neighbors.
        routers: the routers that were read.
        clusters: the clusters that were read: of others nobody knows who of their nodes dialled in.

    Returns:
        (router, neighbor address) of the established sessions. Prefixes are expected over these alone: the others have
        a finding of their own.
    """
    up: set[tuple[str, str]] = set()
    for group in dialled_in(plan, routers, clusters):
        _check_dialled_in(report, group)
    for session in plan["sessions"]:
        router = session["router"]
        if router not in routers or not (session["node_address"] or session["cluster"] in clusters):
            continue
        address = canonical(session["node_address"])
        neighbor = routers[router].neighbors.get(address)
        subject = f"{router} <- {node_name(session)} {address or 'of unknown address'} ({session['peering']})"
        expected = "shut down" if session["shutdown"] else f"Established, {timers_text(*router_timers(session))}"
        if neighbor is None:
            if session["dynamic"]:  # it is a neighbor only while its session is up
                fields = {**_fields(session), "state": "not there", "reason": ""}
                level = OK if session["shutdown"] else report.find("EDGE811", neighbor_path(session), **fields)
                report.row("router_session", subject, expected, "not there", level)
                continue
            if routers[router].runs_bgp:
                report.find("EDGE810", neighbor_path(session))
            report.row("router_session", subject, expected, "not configured", ERROR)
            continue
        level = _check_router_session(report, session, neighbor)
        unread = level == UNKNOWN
        if level in (OK, UNKNOWN) and neighbor.established:
            policies = check_policies(report, plan["routers"][router], session, neighbor, neighbor_path(session))
            level = worst((level, policies))
        seen = "shut down" if neighbor.shut_down else _state(neighbor)
        if neighbor.established:
            seen += f", {timers_text(neighbor.hold, neighbor.keepalive)}"
            seen += ", graceful restart not known" if unread else ""
            up.add((router, address))
        report.row("router_session", subject, expected, seen, level)
    return up


def _check_dialled_in(report: VerifyReport, group: DialledIn) -> None:
    """Report sessions of nodes that nobody knows: fewer dialled in than are planned, so some are not there.

    Where as many did, nobody knows whether they are the planned nodes. Each of them is verified by itself.
    """
    session, live = group.like(None), len(group.live)
    planned = sum(not session["shutdown"] for session in group.sessions)
    cluster = session["cluster"]
    expected = f"{count(planned, 'session')}, {timers_text(*router_timers(session))}" if planned else "shut down"
    seen = f"{live} dialled in, not known which nodes: the cluster was not read"
    level = UNKNOWN if planned else OK
    if live < planned:
        fields = {"state": "not there", "reason": f"; {live} of {planned} nodes dialled in"}
        level = report.find("EDGE811", neighbor_path(session), **{**_fields(session), **fields})
    subject = f"{group.router} <- nodes of {cluster} {some(group.ranges, MOST_NAMES)} ({session['peering']})"
    report.row("router_session", subject, expected, seen, level)


def verify_node_sessions(
    report: VerifyReport,
    plan: PlanDocument,
    routers: Mapping[str, RouterSeen],
    clusters: Mapping[str, ClusterSeen],
    expectations: Expectations,
    up: Container[tuple[str, str]],
) -> None:
    """Verify each planned session as Cilium's agents report it, and how many prefixes they announce over it.

    A node's own count decides only where its router was not read; otherwise the routes that the router accepted do.

    Args:
        report: takes rows and findings.
        plan: the plan as JSON.
        routers: the routers that were read.
        clusters: the clusters that were read.
        expectations: of the plan and the live clusters.
        up: what :func:`verify_router_sessions` returned.
    """
    for session in plan["sessions"]:
        cluster = session["cluster"]
        if cluster not in clusters or session["shutdown"] or "CiliumBGPNodeConfig" in clusters[cluster].not_served:
            continue
        target = f"{session['router'] or 'itself'} {canonical(session['router_address'])}"
        subject = f"{session['node']} -> {target} ({session['peering']})"
        expected = f"established, {timers_text(session['hold'], session['keepalive'])}"
        peer = _peer(session, clusters)
        if session["node"] not in clusters[cluster].peers:
            level = report.find("EDGE820", f"{cluster} node {session['node']}", node=session["node"])
            seen = "no BGP configuration"
        elif peer is None:
            level = report.find("EDGE821", _peer_path(session), **_fields(session))
            seen = "not reported"
        else:
            there = (session["router"], canonical(session["node_address"])) in up
            up_on_router = there if session["router"] in routers else None
            level = _check_node_session(report, session, peer, up_on_router)
            if peer.established and session["router"] not in routers:
                level = _check_agent(report, session, clusters[cluster]) if level == OK else level
            doubted = level == UNKNOWN
            if level in (OK, UNKNOWN):
                cilium = plan["clusters"][cluster]["cilium_version"]
                router = routers.get(session["router"])
                level = worst((level, _check_route_count(report, session, peer, expectations, cilium, router)))
            seen = peer.state
            if peer.established:
                seen += f", {timers_text(peer.hold, peer.keepalive)}"
            if doubted:
                seen += ", not known whether its agent is ready" if up_on_router is None else ", not up on the router"
        report.row("node_session", subject, expected, seen, level)
    _verify_unread(report, plan, routers, clusters, expectations)


def verify_no_other_peers(report: VerifyReport, plan: PlanDocument, clusters: Mapping[str, ClusterSeen]) -> None:
    """Report peers of nodes with a planned session that no planned session has, in whatever instance.

    All that a node's BGP does comes from one CiliumBGPClusterConfig, so beside the plan's there is nobody's by right.
    Of nodes without a planned session others may do as they like.

    Args:
        report: takes rows and findings.
        plan: the plan as JSON.
        clusters: the clusters that were read.
    """
    planned: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for session in plan["sessions"]:
        if session["cluster"] in clusters:
            peers = planned.setdefault((session["cluster"], session["node"]), set())
            peers.add((session["instance"], session["peer"]))
    others: dict[str, list[str]] = {}
    for (cluster, node), known in sorted(planned.items()):
        seen = clusters[cluster].peers.get(node, {})
        for instance, name in sorted(seen.keys() - known):
            peer = seen[instance, name]
            other = f"AS {'unknown' if peer.asn is None else peer.asn} at {peer.address or 'an unknown address'}"
            fields = {"instance": instance, "node": node, "other": other, "state": peer.state}
            report.find("EDGE911", f"{cluster} node {node} peer {name}", **fields)
            others.setdefault(cluster, []).append(f"{name} of {node}")
    for cluster, names in others.items():
        subject = f"{cluster} nodes have as BGP peers"
        report.row("nothing_else", subject, "nobody else", some(names, MOST_NAMES), ERROR)


def _verify_unread(
    report: VerifyReport,
    plan: PlanDocument,
    routers: Mapping[str, RouterSeen],
    clusters: Mapping[str, ClusterSeen],
    expectations: Expectations,
) -> None:
    """Report prefixes that some node must announce to a router that was not read, and none does by its own count.

    A count that is not up to date, or that may stand for another prefix, proves nothing: the row says so.
    """
    for (router, family, prefix), expected in sorted(expectations.prefixes.items()):
        if not router or router in routers or not expected.needs_some:
            continue
        silent = []
        for session in plan["sessions"]:
            peer = _peer(session, clusters)
            own = session["router"] == router and session_neighbor(session) in expected.may
            if own and peer is not None and peer.established:
                cilium = plan["clusters"][session["cluster"]]["cilium_version"]
                announced = node_count(peer.advertised.get(family, 0), cilium, session["graceful_restart"])
                least = len(expectations.counts.get((session_key(session), family), ExpectedCount()).must)
                silent.append(announced.current and announced.most <= least)
        if not silent:
            continue  # a session that is not up has a finding of its own
        nodes = ", ".join(sorted(set(expected.may.values())))
        level, seen = UNKNOWN, "not known: the router was not read"
        if all(silent):
            level, seen = report.find("EDGE902", prefix_path(expected), nodes=nodes), "nobody, by the nodes' own count"
        report.row("accepted", f"{router} {prefix}", f"some of {nodes}", seen, level)


def _check_router_session(report: VerifyReport, session: PlannedSession, neighbor: NeighborSeen) -> str:
    """Report the first problem of a session on the router; further ones follow from it. Return the level of its row.

    It is ``unknown`` where all but the graceful restart is as planned, and that was not read.
    """
    path = neighbor_path(session)
    fields = _fields(session)
    hold, keepalive = router_timers(session)
    missing = [family for family in session["families"] if family not in neighbor.families]
    if session["shutdown"]:
        if neighbor.shut_down:
            return OK
        return report.find("EDGE814", path, state=neighbor.state, **fields)
    if neighbor.shut_down:
        return report.find("EDGE813", path, **fields)
    if neighbor.peer_state == "PfxCt":
        return report.find("EDGE812", path, **fields)
    if neighbor.remote_as not in (None, session["node_asn"]):
        return report.find("EDGE818", path, seen=neighbor.remote_as, expected=session["node_asn"], **fields)
    if session["password"] and not neighbor.has_password:
        return report.find("EDGE819", path, **fields)
    if not neighbor.established:
        reason = f"; last reason: {neighbor.reason}" if neighbor.reason else ""
        return report.find("EDGE811", path, state=_state(neighbor), reason=reason, **fields)
    if neighbor.without_policy & set(session["families"]):
        return report.find("EDGE816", path, **fields)
    if missing:
        return report.find("EDGE817", path, families=" and ".join(missing), **fields)
    if (neighbor.hold, neighbor.keepalive) != (hold, keepalive):
        return report.find(
            "EDGE815",
            path,
            seen=timers_text(neighbor.hold, neighbor.keepalive),
            expected=timers_text(hold, keepalive),
            **fields,
        )
    return _check_restart(report, session, neighbor)


def _check_restart(report: VerifyReport, session: PlannedSession, neighbor: NeighborSeen) -> str:
    """Report a graceful restart (RFC 4724) that is not the planned one. Return the level of the session's row.

    It is ``unknown`` where FRR does not show what the node asked for.
    """
    planned, seen = session["graceful_restart"], neighbor.restart
    if seen is None:
        return UNKNOWN
    refused = bool(planned) and not neighbor.restart_granted
    if seen == planned and not refused:
        return OK
    fields = {**_fields(session), "expected": _restart_text(planned), "seen": _restart_text(seen)}
    if refused:
        fields["seen"] += ", which the router does not take part in"
    return report.find("EDGE829", neighbor_path(session), peer_config=session["peer_config"], **fields)


def _restart_text(seconds: int) -> str:
    return f"{seconds} s" if seconds else "off"


def _check_node_session(
    report: VerifyReport, session: PlannedSession, peer: PeerSeen, up_on_router: bool | None
) -> str:
    """Report the first problem of a session on its node. Return the level of its row.

    ``up_on_router`` is None where the router was not read. Where it was, and does not have the session up, that has a
    finding at the router: the node's object may be behind, or its session with somebody else, so it is ``unknown``.

    A speaker is in OpenConfirm only after it took this router's OPEN, and at most for the hold time (RFC 4271, 8.2.2).
    Where the router has the session up meanwhile, the object is behind. In any other state the router's session may be
    with somebody else.
    """
    path = _peer_path(session)
    fields = _fields(session)
    if peer.state == OPEN_CONFIRM and up_on_router:
        return report.find("EDGE896", path, state=peer.state, **fields)
    if not peer.established:
        return report.find("EDGE822", path, state=peer.state, **fields)
    # What a node finds by itself, and a link-local address, which stands with its interface, the plan does not know.
    written = not session["discover"] and not is_link_local(peer.address)
    if written and peer.address not in ("", canonical(session["router_address"])):
        return report.find("EDGE822", path, state=f"{peer.state} with {peer.address}", **fields)
    if (peer.hold, peer.keepalive) != (session["hold"], session["keepalive"]):
        return report.find(
            "EDGE823",
            path,
            seen=timers_text(peer.hold, peer.keepalive),
            expected=timers_text(session["hold"], session["keepalive"]),
            **fields,
        )
    return UNKNOWN if up_on_router is False else OK


def verify_pods(report: VerifyReport, plan: PlanDocument, clusters: Mapping[str, ClusterSeen]) -> None:
    """Warn of nodes whose agent is not ready or not there, and of a cluster without an operator: others follow from it.

    An agent is missed on nodes with a session or L2 announcements. Where neither an agent nor an operator is found,
    they have other labels, or run in another namespace: a row says that nobody knows.
    """
    for cluster, seen in sorted(clusters.items()):
        if seen.operator is False:
            report.find("EDGE898", cluster)
        if seen.agents_read and not seen.agents and seen.operator is None and not plan["clusters"][cluster]["absent"]:
            namespace = report.namespace(cluster)
            told = f"the account may not list pods in {namespace}"
            if seen.agents is not None:
                told = f"no pod in {namespace} has the label k8s-app=cilium (edge_verify_cilium_namespace)"
            report.row(
                "ends", f"{cluster}: Cilium's agents", "they and an operator ready", f"not known: {told}", UNKNOWN
            )
        agents = seen.agents or {}
        needed = {session["node"] for session in plan["sessions"] if session["cluster"] == cluster}
        needed |= {node for item in plan["expect"]["l2"] if item["cluster"] == cluster for node in item["nodes"]}
        for node in plan["clusters"][cluster]["nodes"]:
            missed = node not in agents and node in needed and (agents or seen.operator is not None)
            if agents.get(node) is False or missed:
                report.find("EDGE897", f"{cluster} node {node}", node=node)


def _check_agent(report: VerifyReport, session: PlannedSession, seen: ClusterSeen) -> str:
    """Report a session that is up by the word of an agent that is not ready. Return the level of the session's row.

    What an agent wrote into its CiliumBGPNodeConfig stays there when it dies. Where neither an agent nor an operator is
    found, they run elsewhere or have other labels, and nobody knows.
    """
    if not seen.agents_read:
        return OK
    if seen.agents == {} and seen.operator is None:
        return UNKNOWN
    if seen.agents is None:
        reason = (
            "the account may not list pods in Cilium's namespace (grant it), so nobody knows whether its Cilium agent"
            " is ready"
        )
    elif session["node"] not in seen.agents:
        reason = "no Cilium agent runs there"
    elif not seen.agents[session["node"]]:
        reason = "its Cilium agent is not ready"
    else:
        return OK
    return report.find("EDGE838", _peer_path(session), reason=reason, **_fields(session))


def _check_route_count(
    report: VerifyReport,
    session: PlannedSession,
    peer: PeerSeen,
    expectations: Expectations,
    cilium: str,
    router: RouterSeen | None,
) -> str:
    """Compare how many prefixes the node says that it announces with the expected ones.

    Args:
        report: where findings go.
        session: the planned session, which is up on the node.
        peer: the session as the node reports it.
        expectations: the prefixes that are expected.
        cilium: the version of Cilium on the node.
        router: the session's router; None = it was not read, so that only the node's count is known.

    Returns:
        The level of the session's row.
    """
    key = session_key(session)
    level = OK
    for family in session["families"]:
        expected = expectations.counts.get((key, family), ExpectedCount())
        least, most = len(expected.must), len(expected.must | expected.may)
        seen = peer.advertised.get(family, 0)
        announced = node_count(seen, cilium, session["graceful_restart"])
        if not announced.current and router is not None:
            continue
        if announced.most < least:
            if router is not None and _accepts_all(router, session, family, expected.must):
                continue
            code = "EDGE827" if not announced.current else "EDGE824" if router is None else "EDGE826"
            found = report.find(
                code, _peer_path(session), seen=seen, expected=least, family=family, cilium=cilium, **_fields(session)
            )
        elif announced.least > most and expectations.advertised.countable(session, family):
            code = "EDGE825" if announced.current else "EDGE827"
            found = report.find(
                code, _peer_path(session), seen=seen, expected=most, family=family, cilium=cilium, **_fields(session)
            )
        else:
            continue
        level = found if level != ERROR else level
    return level


def _accepts_all(router: RouterSeen, session: PlannedSession, family: str, prefixes: Iterable[str]) -> bool:
    """Return whether the router accepted each of ``prefixes`` over the session."""
    neighbor = canonical(session["node_address"])
    return all(any(path.neighbor == neighbor for path in router.paths[family].get(prefix, ())) for prefix in prefixes)


def _state(neighbor: NeighborSeen) -> str:
    """Return the session's state with FRR's remark, as ``show bgp summary`` has it: ``Idle (NSF passive)``."""
    if neighbor.established or neighbor.peer_state in ("", "OK"):
        return neighbor.state
    return f"{neighbor.state} ({neighbor.peer_state})"


def _peer(session: PlannedSession, clusters: Mapping[str, ClusterSeen]) -> PeerSeen | None:
    """Return a session as its node reports it; None where it does not, or its cluster was not read."""
    peers = clusters[session["cluster"]].peers if session["cluster"] in clusters else {}
    return peers.get(session["node"], {}).get((session["instance"], session["peer"]))


def _peer_path(session: PlannedSession) -> str:
    """Return the path of a session in its cluster, for findings."""
    return f"{session['cluster']} node {session['node']} peer {session['peer']}"


def _fields(session: PlannedSession) -> dict[str, str]:
    """Return the fields that the texts of session findings may name."""
    return {
        "address": canonical(session["node_address"]) or UNKNOWN_ADDRESS,
        "node": session["node"] or UNKNOWN_NODE,
        "instance": session["instance"],
        "peer": session["peer"],
    }

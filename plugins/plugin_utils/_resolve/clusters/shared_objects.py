# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, objects: what sessions that share a Kubernetes object cannot have differently."""

from __future__ import annotations

from dataclasses import replace

from ..._cilium.bgp import peers_of
from ..._inventory.values import Items
from ..._model.site import Cluster, Session
from ..hosts import Context


def check_shared_objects(context: Context, cluster: Cluster) -> None:
    """Report objects that would have to say two things at once."""
    items: Items = context.parsed.clusters[cluster.host]["edge_peerings"]
    _check_advertisements(context, cluster, items)
    _check_peer_configs(context, cluster, items)
    if not context.report.failed:
        # Whatever makes nodes of a class differ has a finding of its own; this is for what that may have missed.
        _check_classes(context, cluster)


def _check_advertisements(context: Context, cluster: Cluster, items: Items) -> None:
    owners: dict[str, str] = {}
    for peering in cluster.peerings:
        first = owners.setdefault(peering.advertisement, peering.name)
        if first != peering.name:
            context.report.add(
                "EDGE608",
                items[peering.name].path,
                f"CiliumBGPAdvertisement {peering.advertisement!r} is that of {items[first].path} too",
                "write another names.advertisement",
            )


def _check_peer_configs(context: Context, cluster: Cluster, items: Items) -> None:
    """Report peer configs of two peerings, and of sessions that differ in what it says."""
    owners: dict[str, Session] = {}
    for session in cluster.sessions:
        first = owners.setdefault(session.peer_config, session)
        if first.peering != session.peering:
            context.report.add(
                "EDGE608",
                items[session.peering].path,
                f"CiliumBGPPeerConfig {session.peer_config!r} is that of {items[first.peering].path} too",
                "write another names.peer_config",
            )
        elif (first.keys, first.families) != (session.keys, session.families) and (
            _said_by_peer_config(first) != _said_by_peer_config(session)
        ):
            context.report.add(
                "EDGE608",
                items[session.peering].path,
                f"sessions of {first.node} and {session.node} share the CiliumBGPPeerConfig {session.peer_config!r},"
                " but differ in session keys or families",
                "split it into two peerings",
            )


def _said_by_peer_config(session: Session) -> tuple[object, ...]:
    return replace(session.keys, description=None, shutdown=False), session.families


def _check_classes(context: Context, cluster: Cluster) -> None:
    """Report nodes of one class with other instances or peers, and names that stand for two of them."""
    by_node: dict[str, list[Session]] = {}
    for session in cluster.sessions:
        by_node.setdefault(session.node, []).append(session)
    for item in cluster.classes:
        first = item.nodes[0]
        peers = peers_of(by_node.get(first, ()))
        path = f"{cluster.host}.edge_peerings"
        for node in item.nodes[1:]:
            if peers_of(by_node.get(node, ())) != peers:
                context.report.add(
                    "EDGE608",
                    path,
                    f"{first} and {node} share the CiliumBGPClusterConfig {item.name!r}, but differ in instances or"
                    " peers",
                    "let peerings select them by different labels",
                )
                break
        names = [(instance, peer) for instance, _asn, peer, *_rest in peers]
        for instance, peer in sorted(set(names)):
            if names.count((instance, peer)) > 1:
                context.report.add(
                    "EDGE608",
                    path,
                    f"peer {peer!r} of instance {instance!r} in CiliumBGPClusterConfig {item.name!r} would stand twice",
                    "write another names.peer",
                )

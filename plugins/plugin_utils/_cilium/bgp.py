# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of Cilium's BGP control plane: advertisements, peer configs, overrides of nodes, cluster configs.

Sessions that share an object agree on its fields (``_resolve/clusters/shared_objects`` checks it), so the values of the
first session are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .._addressing.addresses import Address
from .._addressing.families import Family
from .._kubernetes.labels import LABEL_PEERING, POD_POOL_NAME
from .._model.communities import Community
from .._model.site import Advertise, Cluster, Node, NodeClass, Peering, Pool, Session, Site
from .common import BGP_KINDS, Object, announced_selector, finish, new_object, select_all

_SECRET_PREFIX = "bgp-password-"  # noqa: S105 - a name
"""The Secrets stand in a namespace that others use too (kube-system by default), so their names have a prefix."""

_SERVICE_ADDRESSES = {"cluster_ips": "ClusterIP", "external_ips": "ExternalIP"}
"""Kinds of ``advertise`` that are addresses of services, as the CRD spells them."""
_COMMUNITY_KINDS = {"standard": "standard", "large": "large", "well-known": "wellKnown"}


def password_secret_name(password: str) -> str:
    """Return the name of the Secret that holds the BGP password of this name (``edge_bgp_passwords``)."""
    return _SECRET_PREFIX + password


def bgp_objects(site: Site, cluster: Cluster) -> list[Object]:
    """Return the BGP objects of ``cluster`` in the order of applying; none of a cluster that is absent."""
    if cluster.absent:
        return []
    configs: dict[str, Session] = {}
    by_node: dict[str, list[Session]] = {}
    external = {session.peer_config for session in cluster.sessions if session.node_asn != session.router_asn}
    for session in cluster.sessions:
        configs.setdefault(session.peer_config, session)
        by_node.setdefault(session.node, []).append(session)
    peerings = {peering.name: peering for peering in cluster.peerings}
    objects = [
        *_advertisements(cluster),
        *(
            _peer_config(name, session, peerings.get(session.peering), name in external)
            for name, session in sorted(configs.items())
        ),
        *_overrides(cluster.nodes, by_node),
        *(_cluster_config(item, by_node.get(item.nodes[0], ()), peerings) for item in cluster.classes),
    ]
    return finish(objects, BGP_KINDS, site, cluster)


def peers_of(sessions: Iterable[Session]) -> set[tuple[str, int, str, Address | None, int, str]]:
    """Return the peers that a CiliumBGPClusterConfig lists for a node's sessions, without the node's own addresses.

    Each is (instance, ASN, peer, address, peer's ASN, peer config); the address is None where nodes dial their gateway.
    """
    return {
        (
            session.instance,
            session.node_asn,
            session.peer,
            None if session.discover else session.router_address,
            session.router_asn,
            session.peer_config,
        )
        for session in sessions
    }


def _advertisements(cluster: Cluster) -> list[Object]:
    """Return the advertisement of each peering, one entry per pool and kind; none where nothing is advertised."""
    pools: dict[str, list[Pool]] = {}
    for pool in sorted(cluster.pools, key=lambda item: item.name):
        for name in pool.bgp:
            pools.setdefault(name, []).append(pool)
    objects = []
    for peering in cluster.peerings:
        entries = [_pool_entry(cluster, pool) for pool in pools.get(peering.name, ())]
        entries += [entry for item in peering.advertise for entry in _advertise_entries(cluster, item)]
        if entries:
            name = peering.advertisement or peering.name
            labels = {LABEL_PEERING: peering.name}
            objects.append(new_object("CiliumBGPAdvertisement", name, {"advertisements": entries}, labels))
    return objects


def _pool_entry(cluster: Cluster, pool: Pool) -> Object:
    selector = announced_selector(cluster, pool)
    return {
        "advertisementType": "Service",
        "service": {"addresses": ["LoadBalancerIP"], **_aggregation(pool.aggregate)},
        "selector": selector.label_selector() if selector else select_all(cluster.pool_label),
        **_attributes(pool.communities, pool.local_preference),
    }


def _advertise_entries(cluster: Cluster, item: Advertise) -> list[Object]:
    """Return the advertisement entries of routes beside pools; PodCIDR and Interface entries take no selector."""
    attributes = _attributes(item.communities, item.local_preference)
    if item.kind == "pod_cidrs":
        return [{"advertisementType": "PodCIDR", **attributes}]
    if item.kind == "interfaces":
        return [
            {"advertisementType": "Interface", "interface": {"name": name}, **attributes} for name in item.interfaces
        ]
    if item.kind == "pod_pools":
        selector = item.selector.label_selector() if item.selector else select_all(POD_POOL_NAME)
        return [{"advertisementType": "CiliumPodIPPool", "selector": selector, **attributes}]
    return [
        {
            "advertisementType": "Service",
            "service": {"addresses": [_SERVICE_ADDRESSES[item.kind]], **_aggregation(item.aggregate)},
            "selector": item.selector.label_selector() if item.selector else select_all(cluster.pool_label),
            **attributes,
        }
    ]


def _aggregation(lengths: Mapping[Family, int]) -> Object:
    return {f"aggregationLength{family.label}": lengths[family] for family in Family if family in lengths}


def _attributes(communities: Sequence[Community], local_preference: int | None) -> Object:
    by_kind: dict[str, list[str]] = {}
    for community in sorted(communities):
        by_kind.setdefault(_COMMUNITY_KINDS[community.kind], []).append(community.text)
    attributes: Object = {"communities": dict(sorted(by_kind.items()))} if by_kind else {}
    if local_preference is not None:
        attributes["localPreference"] = local_preference
    return {"attributes": attributes} if attributes else {}


def _peer_config(name: str, session: Session, peering: Peering | None, external: bool) -> Object:
    """Return the CiliumBGPPeerConfig of a peering's sessions of one transport family."""
    keys = session.keys
    spec: Object = {
        "timers": {
            "connectRetryTimeSeconds": keys.timers.connect_retry,
            "holdTimeSeconds": keys.timers.hold,
            "keepAliveTimeSeconds": keys.timers.keepalive,
        },
        "families": [
            {"afi": family.key, "safi": "unicast", "advertisements": {"matchLabels": {LABEL_PEERING: session.peering}}}
            for family in session.families
        ],
    }
    if keys.graceful_restart:
        spec["gracefulRestart"] = {"enabled": True, "restartTimeSeconds": keys.graceful_restart}
    if keys.password is not None:
        spec["authSecretRef"] = password_secret_name(keys.password)
    if external and (keys.ttl_security or keys.multihop):
        # Cilium does not check the TTL of what it receives (GTSM, RFC 5082): it sends with 255, and the router checks.
        spec["ebgpMultihop"] = 255 if keys.ttl_security else keys.multihop
    transport: Object = {}
    if keys.port != 179:
        transport["peerPort"] = keys.port
    if peering is not None and peering.source_interface:
        transport["sourceInterface"] = peering.source_interface
    if transport:
        spec["transport"] = transport
    return new_object("CiliumBGPPeerConfig", name, spec)


def _overrides(nodes: Iterable[Node], by_node: Mapping[str, Sequence[Session]]) -> list[Object]:
    """Return a CiliumBGPNodeConfigOverride for each node with a BGP identifier or source addresses of its own.

    Instances and peers are named as in the CiliumBGPClusterConfig: Cilium ignores other names without a message.
    """
    objects = []
    for node in nodes:
        instances: dict[str, Object] = {}
        sessions = sorted(by_node.get(node.host, ()), key=lambda item: (item.instance, item.peer))
        for session in sessions:
            if node.router_id is None and session.local_address is None:
                continue
            instance = instances.setdefault(session.instance, {"name": session.instance})
            if node.router_id is not None:
                instance["routerID"] = node.router_id.text
            if session.local_address is not None:
                peer = {"name": session.peer, "localAddress": session.local_address.text}
                instance.setdefault("peers", []).append(peer)
        if instances:
            spec = {"bgpInstances": list(instances.values())}
            objects.append(new_object("CiliumBGPNodeConfigOverride", node.host, spec))
    return objects


def _cluster_config(item: NodeClass, sessions: Sequence[Session], peerings: Mapping[str, Peering]) -> Object:
    """Return the CiliumBGPClusterConfig of a class of nodes: its instances, each with its peers.

    Args:
        item: the class of nodes.
        sessions: the sessions of one node of the class; all its nodes have the same.
        peerings: all peerings of the cluster by name.
    """
    families = {session.peer: session.family for session in sessions if session.discover}
    ports = {
        session.instance: port
        for session in sessions
        if session.peering in peerings and (port := peerings[session.peering].listen_port) is not None
    }
    instances: dict[tuple[str, int], list[Object]] = {}
    for instance, asn, name, address, peer_asn, peer_config in sorted(
        peers_of(sessions), key=lambda peer: (peer[:3], peer[3].text if peer[3] else "")
    ):
        peer: Object = {"name": name, "peerASN": peer_asn}
        if address is None:
            gateway = {"addressFamily": families[name].key}
            peer["autoDiscovery"] = {"mode": "DefaultGateway", "defaultGateway": gateway}
        else:
            peer["peerAddress"] = address.text
        peer["peerConfigRef"] = {"name": peer_config}
        instances.setdefault((instance, asn), []).append(peer)
    spec: Object = {}
    if item.selector is not None:
        spec["nodeSelector"] = item.selector.label_selector()
    spec["bgpInstances"] = [
        {"name": name, "localASN": asn, **({"localPort": ports[name]} if name in ports else {}), "peers": peers}
        for (name, asn), peers in sorted(instances.items())
    ]
    return new_object("CiliumBGPClusterConfig", item.name, spec)

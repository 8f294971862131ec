# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster end of the plan: plain Kubernetes objects from the resolved site.

Lists come in the order in which they are applied: what others refer to comes first (advertisements, then peer configs,
then cluster configs). Names are those of the model; fields are those of the CRDs of Cilium 1.16 to 1.20.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..module_utils._errors import EdgeError
from ._model import Cluster, Network, NodeClass, Pool, Service, Session, Site
from ._names import ANNOTATION_ADDRESSES, LABEL_CLASS, LABEL_PEERING, ownership_labels
from ._pools import cilium_spec
from ._selectors import parse_selector

Object = dict[str, Any]
"""A Kubernetes object as plain dicts, lists and scalars."""

GROUP = "cilium.io"
BGP_KINDS = ("CiliumBGPAdvertisement", "CiliumBGPPeerConfig", "CiliumBGPClusterConfig")
"""The kinds of :func:`bgp_objects`, in the order in which they are applied."""
LB_KINDS = ("CiliumLoadBalancerIPPool", "CiliumL2AnnouncementPolicy")
"""The kinds of :func:`lb_objects`, in the order in which they are applied."""

_SECRET_PREFIX = "bgp-password-"  # noqa: S105 - a name
"""Secrets of BGP passwords stand in a namespace that others use too (kube-system by default), so they have a prefix."""

_V2_SINCE: Mapping[str, tuple[int, int, int]] = dict.fromkeys((*BGP_KINDS, "CiliumLoadBalancerIPPool"), (1, 18, 0))
"""The first Cilium version that serves a kind as ``v2``; kinds that are absent are ``v2alpha1`` only (the CRDs of each
release, pkg/k8s/apis/cilium.io/client/crds)."""

_OLDEST_CILIUM = (1, 16, 0)
"""The oldest version whose fields these objects have (BGP advertisements changed incompatibly in 1.16)."""

_EVERY_SERVICE = "never-used-value"
"""``NotIn`` this value selects every service; an empty selector is easily lost on the way and then selects none (Cilium
documentation, "BGP Control Plane Resources")."""

_CHART_INGRESS_NGINX = "ingress-nginx"
_INGRESS_NGINX_SUFFIX = "-controller"
"""The chart ingress-nginx names its Service ``<fullname>-controller``."""

_FAMILY_NAMES = {"ipv4": "IPv4", "ipv6": "IPv6"}
"""Family names as Kubernetes spells them in ``ipFamilies``."""


def cilium_version(version: str) -> tuple[int, int, int]:
    """Return the three numbers of a Cilium version such as ``1.19.6``; a missing last one is 0.

    Raises:
        EdgeError: it is not a version, or one that is too old for the objects made here.
    """
    match = re.fullmatch(r"v?(\d+)\.(\d+)(?:\.(\d+))?([-+].*)?", version)
    if not match:
        raise EdgeError("edge_cilium_version", f"{version!r} is not a version", "write it whole, such as 1.19.6")
    found = int(match[1]), int(match[2]), int(match[3] or 0)
    if found < _OLDEST_CILIUM:
        raise EdgeError("edge_cilium_version", f"{version} is older than 1.16, the oldest version that is supported")
    return found


def api_version(kind: str, version: str) -> str:
    """Return the apiVersion that Cilium ``version`` stores ``kind`` in; ``cilium.io/v2alpha1`` for kinds without v2."""
    since = _V2_SINCE.get(kind)
    return f"{GROUP}/v2" if since and cilium_version(version) >= since else f"{GROUP}/v2alpha1"


def password_secret_name(password: str) -> str:
    """Return the name of the Secret that holds the BGP password of this name (``edge_bgp_passwords``)."""
    return _SECRET_PREFIX + password


def bgp_objects(site: Site, cluster: Cluster) -> list[Object]:
    """Return the CiliumBGPAdvertisements, CiliumBGPPeerConfigs and CiliumBGPClusterConfigs of ``cluster``.

    Raises:
        EdgeError: sessions that share a peer config or a class of nodes differ in what these hold for all of them.
    """
    peer_configs: dict[str, list[Session]] = {}
    for session in cluster.sessions:
        peer_configs.setdefault(session.peer_config, []).append(session)
    objects = [_advertisement(cluster, peering.name) for peering in cluster.peerings]
    objects += [_peer_config(name, peer_configs[name]) for name in sorted(peer_configs)]
    objects += [_cluster_config(cluster, item) for item in cluster.classes]
    return _finish([item for item in objects if item], BGP_KINDS, site, cluster)


def lb_objects(site: Site, cluster: Cluster) -> list[Object]:
    """Return the CiliumLoadBalancerIPPools and CiliumL2AnnouncementPolicies of ``cluster``."""
    networks = {network.name: network for network in site.networks}
    objects = [_ip_pool(cluster, pool) for pool in cluster.pools]
    objects += [_l2_policy(cluster, pool, networks[name]) for pool in cluster.pools for name in pool.l2]
    return _finish(objects, LB_KINDS, site, cluster)


def services(site: Site, cluster: Cluster) -> list[dict[str, Any]]:
    """Return what to do with each service, sorted by namespace and name.

    Each item has ``namespace``, ``name``, ``manage``, ``labels`` and ``annotations`` (ours alone), and ``object``: the
    whole Service where ``manage`` is ``service``, else None.
    """
    items = []
    for service in sorted(cluster.services, key=lambda item: (item.namespace, item.name)):
        items.append(
            {
                "namespace": service.namespace,
                "name": service.name,
                "manage": service.manage,
                "object": _service(site, cluster, service) if service.manage == "service" else None,
                "labels": {cluster.pool_label: service.pool},
                "annotations": _annotations(service),
            }
        )
    return items


def chart_values(site: Site, cluster: Cluster) -> list[dict[str, Any]]:
    """Return the Helm values of the charts that make services (``manage: values``), sorted by namespace and name.

    Each item has ``namespace``, ``service``, ``chart`` and ``values``. The values carry no ownership label: the objects
    are the chart's.

    Raises:
        EdgeError: the chart is not known, or does not name a Service so.
    """
    return [
        {
            "namespace": service.namespace,
            "service": service.name,
            "chart": service.chart,
            "values": _ingress_nginx_values(cluster, service),
        }
        for service in sorted(cluster.services, key=lambda item: (item.namespace, item.name))
        if service.manage == "values"
    ]


def node_labels(cluster: Cluster) -> dict[str, dict[str, str]]:
    """Return the labels of each node: ``edge_node_labels``, and its class where a label of ours selects the class.

    Every node of the inventory is there, also without labels, so that labels that left the inventory are removed.
    """
    labels = {
        node.host: dict(sorted(node.labels.items())) for node in sorted(cluster.nodes, key=lambda node: node.host)
    }
    for item in cluster.classes:
        if item.selector is not None and parse_selector(item.selector, "").text == f"{LABEL_CLASS}={item.name}":
            for host in item.nodes:
                labels[host] = dict(sorted({**labels[host], LABEL_CLASS: item.name}.items()))
    return labels


def pool_selector(cluster: Cluster, pool: Pool) -> Object | None:
    """Return the LabelSelector of the services that draw from ``pool``; None = all services.

    Disjoint by construction: each pool but the default one selects its own name, the default one all other values.
    """
    if pool.name != cluster.default_pool:
        return {"matchLabels": {cluster.pool_label: pool.name}}
    others = sorted(item.name for item in cluster.pools if item.name != pool.name)
    return {"matchExpressions": [_not_in(cluster.pool_label, others)]} if others else None


def interface_regex(name: str) -> str:
    """Return an interface name or glob (``*``, ``?``) as an anchored regex; Cilium's field is an unanchored one."""
    wild = {"*": ".*", "?": "."}
    return "^" + "".join(wild.get(char) or re.sub(r"([.+()|\[\]{}^$\\])", r"\\\1", char) for char in name) + "$"


def _finish(objects: Iterable[Object], kinds: Sequence[str], site: Site, cluster: Cluster) -> list[Object]:
    """Return the objects sorted by kind and name, each with its apiVersion and the ownership labels."""
    finished = []
    for item in sorted(objects, key=lambda found: (kinds.index(found["kind"]), found["metadata"]["name"])):
        labels = {**item["metadata"].get("labels", {}), **ownership_labels(site.name)}
        finished.append(
            {
                "apiVersion": api_version(item["kind"], cluster.cilium_version),
                "kind": item["kind"],
                "metadata": {"name": item["metadata"]["name"], "labels": dict(sorted(labels.items()))},
                "spec": item["spec"],
            }
        )
    return finished


def _object(kind: str, name: str, spec: Object, labels: Mapping[str, str] | None = None) -> Object:
    return {"kind": kind, "metadata": {"name": name, "labels": dict(labels or {})}, "spec": spec}


def _advertisement(cluster: Cluster, peering: str) -> Object | None:
    """Return the advertisement of a peering, one entry per pool; None where no pool is advertised over it."""
    entries = [
        {
            "advertisementType": "Service",
            "service": {"addresses": ["LoadBalancerIP"]},
            "selector": pool_selector(cluster, pool)
            or {"matchExpressions": [_not_in(cluster.pool_label, [_EVERY_SERVICE])]},
        }
        for pool in sorted(cluster.pools, key=lambda item: item.name)
        if peering in pool.bgp
    ]
    if not entries:
        return None
    return _object("CiliumBGPAdvertisement", peering, {"advertisements": entries}, {LABEL_PEERING: peering})


def _peer_config(name: str, sessions: Sequence[Session]) -> Object:
    """Return what the sessions of a peering and a transport family have in common."""
    session = sessions[0]
    for other in sessions:
        if (other.keys, other.families, other.peering) != (session.keys, session.families, session.peering):
            raise EdgeError(
                f"edge_peerings.{session.peering}",
                f"sessions of {session.node} and {other.node} share the CiliumBGPPeerConfig {name}, but differ in it",
            )
    keys = session.keys
    spec: Object = {
        "timers": {
            "connectRetryTimeSeconds": keys.timers.connect_retry,
            "holdTimeSeconds": keys.timers.hold,
            "keepAliveTimeSeconds": keys.timers.keepalive,
        },
        "families": [
            {"afi": family, "safi": "unicast", "advertisements": {"matchLabels": {LABEL_PEERING: session.peering}}}
            for family in session.families
        ],
    }
    if keys.graceful_restart:
        spec["gracefulRestart"] = {"enabled": True, "restartTimeSeconds": keys.graceful_restart}
    if keys.password is not None:
        spec["authSecretRef"] = password_secret_name(keys.password)
    external = any(other.node_asn != other.router_asn for other in sessions)
    if external and (keys.ttl_security or keys.multihop):
        # Cilium has no GTSM (RFC 5082): sending with TTL 255 is its half, the router checks it.
        spec["ebgpMultihop"] = 255 if keys.ttl_security else keys.multihop
    if keys.port != 179:
        spec["transport"] = {"peerPort": keys.port}
    return _object("CiliumBGPPeerConfig", name, spec)


def _cluster_config(cluster: Cluster, item: NodeClass) -> Object:
    """Return the CiliumBGPClusterConfig of a class of nodes: its instances, each with its peers."""
    by_node: dict[str, set[tuple[str, int, str, str, int, str]]] = {node: set() for node in item.nodes}
    for session in cluster.sessions:
        if session.cluster_config == item.name:
            peer = (session.peer, session.router_address, session.router_asn, session.peer_config)
            by_node.setdefault(session.node, set()).add((session.instance, session.node_asn, *peer))
    first = item.nodes[0]
    for node in item.nodes:
        if by_node[node] != by_node[first]:
            raise EdgeError(
                "edge_peerings",
                f"{first} and {node} share the CiliumBGPClusterConfig {item.name}, but differ in instances or peers",
            )
    instances: dict[tuple[str, int], list[Object]] = {}
    for instance, asn, peer_name, address, peer_asn, peer_config in sorted(by_node[first]):
        instances.setdefault((instance, asn), []).append(
            {"name": peer_name, "peerASN": peer_asn, "peerAddress": address, "peerConfigRef": {"name": peer_config}}
        )
    spec: Object = {}
    if item.selector is not None:
        spec["nodeSelector"] = parse_selector(item.selector, "").label_selector()
    spec["bgpInstances"] = [
        {"name": name, "localASN": asn, "peers": peers} for (name, asn), peers in sorted(instances.items())
    ]
    return _object("CiliumBGPClusterConfig", item.name, spec)


def _ip_pool(cluster: Cluster, pool: Pool) -> Object:
    spec: Object = cilium_spec(pool)
    selector = pool_selector(cluster, pool)
    if selector is not None:
        spec["serviceSelector"] = selector
    if pool.disabled:
        spec["disabled"] = True
    return _object("CiliumLoadBalancerIPPool", pool.name, spec)


def _l2_policy(cluster: Cluster, pool: Pool, network: Network) -> Object:
    """Return the policy that announces ``pool`` on ``network``: named with a dot, which neither name can have."""
    spec: Object = {
        "loadBalancerIPs": True,
        "externalIPs": False,
        "interfaces": [interface_regex(name) for name in network.interfaces],
    }
    selector = pool_selector(cluster, pool)
    if selector is not None:
        spec["serviceSelector"] = selector
    nodes = _l2_node_selector(cluster, network)
    if nodes is not None:
        spec["nodeSelector"] = nodes
    return _object("CiliumL2AnnouncementPolicy", f"{pool.name}.{network.name}", spec)


def _l2_node_selector(cluster: Cluster, network: Network) -> Object | None:
    """Return the selector of the nodes that announce on ``network``; None = all nodes of the cluster."""
    if network.l2_nodes is not None:
        return parse_selector(network.l2_nodes, f"edge_networks.{network.name}.l2_nodes").label_selector()
    hosts = sorted(node.host for node in cluster.nodes if node.addresses.get(network.name))
    if len(hosts) == len(cluster.nodes):
        return None
    return {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": hosts}]}


def _service(site: Site, cluster: Cluster, service: Service) -> Object:
    labels = {**ownership_labels(site.name), cluster.pool_label: service.pool}
    metadata: Object = {
        "name": service.name,
        "namespace": service.namespace,
        "labels": dict(sorted(labels.items())),
    }
    annotations = _annotations(service)
    if annotations:
        metadata["annotations"] = annotations
    spec: Object = {"type": "LoadBalancer", **_service_fields(service)}
    spec["ports"] = [
        {
            "name": port.name or f"{port.protocol.lower()}-{port.port}",
            "port": port.port,
            "protocol": port.protocol,
            "targetPort": port.target_port,
        }
        for port in service.ports
    ]
    if service.selector:
        spec["selector"] = dict(sorted(service.selector.items()))
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def _service_fields(service: Service) -> Object:
    """Return the fields that a whole Service and a chart's values share."""
    fields: Object = {}
    if service.traffic_policy:
        fields["externalTrafficPolicy"] = service.traffic_policy
    if service.families:
        fields["ipFamilies"] = [_FAMILY_NAMES[family] for family in service.families]
        fields["ipFamilyPolicy"] = "RequireDualStack" if len(service.families) > 1 else "SingleStack"
    return fields


def _annotations(service: Service) -> dict[str, str]:
    return {ANNOTATION_ADDRESSES: ",".join(service.addresses)} if service.addresses else {}


def _ingress_nginx_values(cluster: Cluster, service: Service) -> Object:
    """Return values for the chart ingress-nginx (kubernetes/ingress-nginx, charts/ingress-nginx/values.yaml)."""
    path = f"edge_services.{service.key}"
    if service.chart != _CHART_INGRESS_NGINX:
        raise EdgeError(f"{path}.chart", f"no values are known for the chart {service.chart!r}", "known: ingress-nginx")
    fullname = service.name.removesuffix(_INGRESS_NGINX_SUFFIX)
    if not fullname or fullname == service.name:
        raise EdgeError(path, "the chart ingress-nginx names its Service <fullname>-controller", "rename the entry so")
    chart_service: Object = {"enabled": True, "type": "LoadBalancer", "labels": {cluster.pool_label: service.pool}}
    annotations = _annotations(service)
    if annotations:
        chart_service["annotations"] = annotations
    chart_service.update(_service_fields(service))
    controller: Object = {"service": chart_service}
    if service.ingress_class:
        # A controller serves the classes that carry its own controllerValue: the default is the same for all releases.
        controller["ingressClassResource"] = {
            "name": service.ingress_class,
            "controllerValue": f"k8s.io/{service.ingress_class}",
        }
    return {"fullnameOverride": fullname, "controller": controller}


def _not_in(key: str, values: list[str]) -> Object:
    return {"key": key, "operator": "NotIn", "values": values}

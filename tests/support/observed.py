# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observations for verify, in the raw shapes of FRR 10.3's JSON and of Kubernetes, cut to what matters.

``hybrid_observed()`` is the reference site in good order: six sessions, .93 announced by node01 and node02 (where its
endpoints are ready), .94 by node02 and node03, two L2 services. Each call returns fresh data, free to break.
"""

from __future__ import annotations

from typing import Any

NOW = "2026-11-23T18:00:00Z"
POOL_LABEL = "cluster-edge.hybridnet/pool"
PUBLIC = {"node01": "10.121.0.11", "node02": "10.121.0.12", "node03": "10.121.0.13"}
PRIVATE = {"node01": "10.122.0.11", "node02": "10.122.0.12", "node03": "10.122.0.13"}
INGRESS, SERVICE = "203.0.113.93/32", "203.0.113.94/32"


def policies(peer_group: str, family: str = "ipv4") -> dict[str, str]:
    """Return the route-maps of a session of a cluster's peer group, as ``show bgp neighbors json`` has them."""
    return {
        "routeMapForIncomingAdvertisements": f"{peer_group}-{family}-in",
        "routeMapForOutgoingAdvertisements": f"{peer_group}-{family}-out",
    }


def neighbor(
    remote_as: int, peer_group: str = "platform-public-ingress", hold: int = 30, keepalive: int = 10, restart: int = 15
) -> dict[str, Any]:
    """Return an Established neighbor as ``show bgp neighbors json`` has it."""
    return {
        "remoteAs": remote_as,
        "localAs": 65000,
        "bgpState": "Established",
        "bgpTimerHoldTimeMsecs": hold * 1000,
        "bgpTimerKeepAliveIntervalMsecs": keepalive * 1000,
        "neighborCapabilities": {
            "multiprotocolExtensions": {"ipv4Unicast": {"advertisedAndReceived": True}},
            "gracefulRestart": "advertisedAndReceived",
        },
        "gracefulRestartInfo": {"timers": {"configuredRestartTimer": 120, "receivedRestartTimer": restart}},
        "addressFamilyInfo": {
            "ipv4Unicast": {"acceptedPrefixCounter": 1, "sentPrefixCounter": 0, **policies(peer_group)}
        },
    }


def summary_line(remote_as: int) -> dict[str, Any]:
    """Return the neighbor's line of ``show bgp summary json``."""
    return {"remoteAs": remote_as, "state": "Established", "peerState": "OK", "pfxRcd": 1, "pfxSnt": 0}


def path(address: str, as_path: str | None = None) -> dict[str, Any]:
    """Return one accepted path as ``show bgp ipv4 unicast json`` has it; None: without its AS path."""
    found = {"valid": True, "multipath": True, "pathFrom": "external", "peerId": address, "nexthops": [{"ip": address}]}
    return found if as_path is None else {**found, "path": as_path}


def interface(name: str, *addresses: str, over: str | None = None) -> dict[str, Any]:
    """Return one interface of a router, as ``frr_info`` has it."""
    return {"name": name, "addresses": list(addresses), "over": over}


def forwarding(*interfaces: str, ipv4: bool = True, ipv6: bool = True) -> dict[str, dict[str, bool]]:
    """Return what ``frr_info`` says of a kernel's forwarding, alike from each interface."""
    return {family: dict.fromkeys(("all", *interfaces), on) for family, on in (("ipv4", ipv4), ("ipv6", ipv6))}


def route(*addresses: str, by: str = "br0") -> list[dict[str, Any]]:
    """Return one entry of ``show ip route bgp json``."""
    hops = [{"fib": True, "active": True, "ip": address, "interfaceName": by} for address in addresses]
    return [{"protocol": "bgp", "selected": True, "installed": True, "nexthops": hops}]


def best(protocol: str) -> list[dict[str, Any]]:
    """Return one entry of ``show ip route CIDR longer-prefixes json``."""
    return [{"protocol": protocol, "selected": True, "installed": True}]


def peer(name: str, advertised: int) -> dict[str, Any]:
    """Return one session of a CiliumBGPNodeConfig's status."""
    return {
        "name": name,
        "peeringState": "established",
        "timers": {"appliedHoldTimeSeconds": 30, "appliedKeepaliveSeconds": 10},
        "routeCount": [{"afi": "ipv4", "safi": "unicast", "received": 0, "advertised": advertised}],
    }


def service(
    namespace: str, name: str, pool: str, address: str | None, policy: str = "Cluster", port: int = 80
) -> dict[str, Any]:
    """Return a Service of type LoadBalancer with one port of TCP."""
    return {
        "metadata": {"namespace": namespace, "name": name, "labels": {POOL_LABEL: pool}},
        "spec": {"type": "LoadBalancer", "externalTrafficPolicy": policy, "ports": [{"port": port, "protocol": "TCP"}]},
        "status": {"loadBalancer": {"ingress": [{"ip": address}] if address else []}},
    }


def endpoint(node: str | None, ready: bool = True, serving: bool = True, terminating: bool = False) -> dict[str, Any]:
    """Return one endpoint of an EndpointSlice."""
    conditions = {"ready": ready, "serving": serving, "terminating": terminating}
    return {"addresses": ["10.244.0.9"], "conditions": conditions, **({"nodeName": node} if node else {})}


def endpoint_slice(namespace: str, name: str, *endpoints: dict[str, Any]) -> dict[str, Any]:
    """Return an IPv4 EndpointSlice."""
    return {
        "metadata": {"namespace": namespace, "name": f"{name}-x", "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "endpoints": list(endpoints),
    }


def lease(namespace: str, name: str, holder: str) -> dict[str, Any]:
    """Return an L2 lease that was renewed two seconds ago."""
    metadata = {"namespace": "kube-system", "name": f"cilium-l2announce-{namespace}-{name}"}
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": "2026-11-23T17:59:58.000000Z"}
    return {"metadata": metadata, "spec": spec, "renewed": "2026-11-23T17:59:58Z"}


def hybrid_router() -> dict[str, Any]:
    """Return what ``frr_info`` returns for the reference site's router in good order."""
    asns = {**dict.fromkeys(PUBLIC.values(), 65001), **dict.fromkeys(PRIVATE.values(), 65002)}
    ingress = [PUBLIC["node01"], PUBLIC["node02"]]
    public_service = [PRIVATE["node02"], PRIVATE["node03"]]
    return {
        "summary": {"ipv4Unicast": {"as": 65000, "peers": {a: summary_line(asn) for a, asn in asns.items()}}},
        "neighbors": {
            address: neighbor(asn, f"platform-public-{'ingress' if asn == 65001 else 'service'}")
            for address, asn in asns.items()
        },
        "bgp": {
            "ipv4": {
                "routes": {
                    INGRESS: [{**path(a, "65001"), **({"bestpath": True} if a == ingress[0] else {})} for a in ingress],
                    SERVICE: [path(a, "65002") for a in public_service],
                }
            },
            "ipv6": {"routes": {}},
        },
        "routes": {"ipv4": {INGRESS: route(*ingress), SERVICE: route(*public_service)}, "ipv6": {}},
        "advertised": {"ipv4": {}, "ipv6": {}},
        "interfaces": [interface("lo", "127.0.0.1/8"), interface("br0", "10.121.0.1/24", "10.122.0.1/24")],
        "forwarding": forwarding("br0"),
        "best": {
            "ipv4": {
                "10.122.0.0/24": best("connected"),
                "10.122.0.1/32": best("local"),
                INGRESS: best("bgp"),
                SERVICE: best("bgp"),
            },
            "ipv6": {},
        },
    }


def hybrid_cluster(plan: dict[str, Any]) -> dict[str, Any]:
    """Return what ``cilium_info`` returns for the reference site's cluster in good order."""
    objects: dict[str, list[dict[str, Any]]] = {}
    conditions = {
        "CiliumBGPClusterConfig": "cilium.io/NoMatchingNode",
        "CiliumBGPPeerConfig": "cilium.io/MissingAuthSecret",
        "CiliumLoadBalancerIPPool": "cilium.io/PoolConflict",
        "CiliumL2AnnouncementPolicy": "io.cilium/bad-interface-regex",
    }
    for item in [*plan["clusters"]["platform"]["bgp"], *plan["clusters"]["platform"]["lb"]]:
        kind = item["kind"]
        healthy = {"type": conditions.get(kind), "status": "False", "reason": "Bad", "message": ""}
        status = {"conditions": [healthy]} if kind in conditions else {}
        objects.setdefault(kind, []).append({"metadata": {"name": item["metadata"]["name"]}, "status": status})
    announced = {"as65001": ("node01", "node02"), "as65002": ("node02", "node03")}
    objects["CiliumBGPNodeConfig"] = [
        {
            "metadata": {"name": node},
            "status": {
                "bgpInstances": [
                    {"name": instance, "peers": [peer(name, int(node in announced[instance]))]}
                    for instance, name in (("as65001", "public-ingress-udm-pro"), ("as65002", "public-service-udm-pro"))
                ]
            },
        }
        for node in PUBLIC
    ]
    ingress = "ingress-nginx-controller"
    return {
        "time": NOW,
        "resources": {
            **objects,
            "Service": [
                service("ingress-nginx-public", ingress, "public-ingress", "203.0.113.93", "Local"),
                service("dummy", "dummy-service", "public-service", "203.0.113.94", "Local", port=25565),
                service("affine", "affine-svc-lb", "private-service", "10.122.0.171", port=5432),
                service("ingress-nginx-private", ingress, "private-ingress", "10.122.0.129"),
            ],
            "EndpointSlice": [
                endpoint_slice("ingress-nginx-public", ingress, *(endpoint(n) for n in ("node01", "node02", "node04"))),
                endpoint_slice("dummy", "dummy-service", endpoint("node02"), endpoint("node03")),
                endpoint_slice("affine", "affine-svc-lb", endpoint("node04")),
                endpoint_slice("ingress-nginx-private", ingress, endpoint("node01")),
            ],
            "Lease": [
                lease("affine", "affine-svc-lb", "node02"),
                lease("ingress-nginx-private", ingress, "node04"),
            ],
        },
    }


def hybrid_observed(plan: dict[str, Any]) -> dict[str, Any]:
    """Return both ends of the reference site in good order."""
    return {"routers": {"udm-pro": hybrid_router()}, "clusters": {"platform": hybrid_cluster(plan)}}

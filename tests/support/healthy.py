# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any plan's site in good order, as verify would observe it: each pool has one live service that every node serves."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from .observed import (
    NOW,
    best,
    endpoint,
    endpoint_slice,
    forwarding,
    interface,
    lease,
    path,
    peer,
    policies,
    route,
    service,
    summary_line,
)

AFI = {"ipv4": "ipv4Unicast", "ipv6": "ipv6Unicast"}


def healthy(plan: dict[str, Any]) -> dict[str, Any]:
    """Return what verify observes of both ends of ``plan``."""
    return {
        "routers": {name: _router(plan, name) for name in plan["routers"]},
        "clusters": {name: _cluster(plan, name) for name in plan["clusters"]},
    }


def _addresses(plan: dict[str, Any], cluster: str, pool: str) -> dict[str, str]:
    """Return the lowest address of each family of a pool."""
    found = next(item for item in plan["pools"] if (item["cluster"], item["name"]) == (cluster, pool))
    lowest: dict[str, str] = {}
    for first, _last in found["ranges"]:
        lowest.setdefault("ipv6" if ":" in first else "ipv4", first)
    return lowest


def _prefix(address: str) -> str:
    return f"{address}/{128 if ':' in address else 32}"


def _router(plan: dict[str, Any], router: str) -> dict[str, Any]:
    sessions = [item for item in plan["sessions"] if item["router"] == router]
    neighbors = {
        item["node_address"]: {
            "remoteAs": item["node_asn"],
            "localAs": item["router_asn"],
            "bgpState": "Established",
            "bgpTimerHoldTimeMsecs": item["hold"] * 1000,
            "bgpTimerKeepAliveIntervalMsecs": item["keepalive"] * 1000,
            "neighborCapabilities": {
                "multiprotocolExtensions": {AFI[f]: {"advertisedAndReceived": True} for f in item["families"]},
                "gracefulRestart": "advertisedAndReceived" if item["graceful_restart"] else "advertised",
            },
            "gracefulRestartInfo": {"timers": {"receivedRestartTimer": item["graceful_restart"]}},
            "addressFamilyInfo": {
                AFI[f]: {"acceptedPrefixCounter": 1, "sentPrefixCounter": 0, **policies(item["peer_group"], f)}
                for f in item["families"]
            },
            **({"authenticationEnabled": 1} if item["password"] else {}),
        }
        for item in sessions
    }
    summary: dict[str, Any] = {}
    for item in sessions:
        for family in item["families"]:
            entry = summary.setdefault(AFI[family], {"as": item["router_asn"], "peers": {}})
            entry["peers"][item["node_address"]] = summary_line(item["node_asn"])
    as_paths = {
        item["node_address"]: "" if item["node_asn"] == item["router_asn"] else str(item["node_asn"])
        for item in sessions
    }
    paths: dict[str, dict[str, list[str]]] = {"ipv4": {}, "ipv6": {}}
    for item in plan["expect"]["announcements"]:
        if item["router"] == router:
            for family in item["families"]:
                prefix = _prefix(_addresses(plan, item["cluster"], item["pool"])[family])
                paths[family].setdefault(prefix, []).extend(item["nodes"].values())
    return {
        "summary": summary,
        "neighbors": neighbors,
        "bgp": {
            family: {"routes": {prefix: [path(a, as_paths[a]) for a in nodes] for prefix, nodes in found.items()}}
            for family, found in paths.items()
        },
        "routes": {
            family: {prefix: _installed(plan, router, nodes) for prefix, nodes in found.items()}
            for family, found in paths.items()
        },
        "advertised": {"ipv4": {}, "ipv6": {}},
        "interfaces": [
            interface(f"leg-{network}", *(f"{a}/{_subnet(plan, network, a).prefixlen}" for a in addresses))
            for network, addresses in plan["routers"][router]["addresses"].items()
        ],
        "forwarding": forwarding(*(f"leg-{network}" for network in plan["routers"][router]["addresses"])),
        "best": {family: {prefix: best("bgp") for prefix in found} for family, found in paths.items()},
    }


def _subnet(plan: dict[str, Any], network: str, address: str) -> IPv4Network | IPv6Network:
    """Return the subnet of a network that holds an address; of a loopback network the address alone."""
    if plan["networks"][network]["loopback"]:
        return ip_network(address)
    return next(
        subnet for subnet in map(ip_network, plan["networks"][network]["cidrs"]) if ip_address(address) in subnet
    )


def _installed(plan: dict[str, Any], router: str, nodes: list[str]) -> list[dict[str, Any]]:
    """Return a route to nodes, each by the leg on its network; elsewhere over the router's first leg."""
    entry = route(*nodes)[0]
    for hop in entry["nexthops"]:
        for network, addresses in plan["routers"][router]["addresses"].items():
            if any(ip_address(hop["ip"]) in _subnet(plan, network, address) for address in addresses):
                hop["interfaceName"] = f"leg-{network}"
    return [entry]


def _cluster(plan: dict[str, Any], cluster: str) -> dict[str, Any]:
    resources: dict[str, list[dict[str, Any]]] = {}
    for item in [*plan["clusters"][cluster]["bgp"], *plan["clusters"][cluster]["lb"]]:
        resources.setdefault(item["kind"], []).append({"metadata": {"name": item["metadata"]["name"]}})
    label = plan["clusters"][cluster]["pool_label"]
    nodes = list(plan["clusters"][cluster]["nodes"])
    for pool in (item for item in plan["pools"] if item["cluster"] == cluster):
        live = service("web", pool["name"], pool["name"], None)
        live["metadata"]["labels"] = {label: pool["name"]}
        addresses = _addresses(plan, cluster, pool["name"])
        live["status"]["loadBalancer"]["ingress"] = [{"ip": address} for address in addresses.values()]
        resources.setdefault("Service", []).append(live)
        for family in addresses:
            found = endpoint_slice("web", pool["name"], *(endpoint(node) for node in nodes))
            found["addressType"] = {"ipv4": "IPv4", "ipv6": "IPv6"}[family]
            resources.setdefault("EndpointSlice", []).append(found)
    for item in plan["expect"]["l2"]:
        if item["cluster"] == cluster:
            resources.setdefault("Lease", []).append(lease("web", item["pool"], item["nodes"][0]))
    resources["CiliumBGPNodeConfig"] = _node_configs(plan, cluster)
    return {"time": NOW, "resources": resources}


def _node_configs(plan: dict[str, Any], cluster: str) -> list[dict[str, Any]]:
    instances: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for item in plan["sessions"]:
        if item["cluster"] != cluster:
            continue
        seen = peer(item["peer"], 0)
        seen["timers"] = {"appliedHoldTimeSeconds": item["hold"], "appliedKeepaliveSeconds": item["keepalive"]}
        seen["routeCount"] = [
            {
                "afi": family,
                "safi": "unicast",
                "received": 0,
                "advertised": sum(
                    (known["cluster"], known["router"], known["peer_group"])
                    == (cluster, item["router"], item["peer_group"])
                    and family in known["families"]
                    for known in plan["expect"]["announcements"]
                ),
            }
            for family in item["families"]
        ]
        instances.setdefault(item["node"], {}).setdefault(item["instance"], []).append(seen)
    return [
        {
            "metadata": {"name": node},
            "status": {"bgpInstances": [{"name": name, "peers": own} for name, own in sorted(found.items())]},
        }
        for node, found in sorted(instances.items())
    ]

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any plan's site in good order, as verify would observe it: each pool has one live service that every node serves."""

from __future__ import annotations

import copy
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.filters import PlannedFilters

from .observed import (
    NOW,
    best,
    endpoint,
    endpoint_slice,
    forwarding,
    interface,
    lease,
    neighbor,
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
    plan = _dialled(plan)
    return {
        "routers": _linked(plan, {name: _router(plan, name) for name in plan["routers"]}),
        "clusters": {name: _cluster(plan, name) for name in plan["clusters"]},
    }


def _dialled(plan: dict[str, Any]) -> dict[str, Any]:
    """Return a plan in which each node that dials in from a listen range has an address there."""
    plan = copy.deepcopy(plan)
    found: dict[tuple[str, str, str], str] = {}
    taken: dict[str, int] = {}
    for item in plan["sessions"]:
        if item["node_address"]:
            continue
        groups = plan["routers"][item["router"]]["frr"]["peer_groups"]
        (cidr,) = next(group["listen_ranges"] for group in groups if group["name"] == item["peer_group"])
        taken[cidr] = taken.get(cidr, 5) + 1
        item["node_address"] = str(ip_network(cidr)[taken[cidr]])
        found[item["router"], item["peer_group"], item["node"]] = item["node_address"]
    for item in plan["expect"]["announcements"]:
        for node, address in item["nodes"].items():
            item["nodes"][node] = address or found[item["router"], item["peer_group"], node]
    return plan


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


def _linked(plan: dict[str, Any], routers: dict[str, Any]) -> dict[str, Any]:
    """Return the routers with both ends of each link, and with what passes over it of IPv4."""
    links = [item for item in plan["neighbors"] if item["link"] and (item["addresses"] or item["interface"])]
    for item in links:
        for key in item["addresses"] or [item["interface"]]:
            _add_link(plan, item, key, routers[item["router"]])
    for _further in routers:  # no way is longer
        for item in links:
            _pass_on(plan, item, routers[item["other"]], routers[item["router"]])
    return routers


def _transport(plan: dict[str, Any], item: dict[str, Any]) -> str:
    """Return the address of the other end of a link; of one over an interface a link-local one."""
    return item["addresses"][0] if item["addresses"] else f"fe80::{sorted(plan['routers']).index(item['other']) + 1}"


def _add_link(plan: dict[str, Any], item: dict[str, Any], key: str, seen: dict[str, Any]) -> None:
    """Let a router have the session of its end of a link, with the address or interface that names it."""
    found = neighbor(item["asn"], item["peer_group"], item["hold"], item["keepalive"], item["graceful_restart"])
    if not item["addresses"]:
        found["bgpNeighborAddr"] = _transport(plan, item)
    seen["neighbors"][key] = {
        **found,
        "localAs": plan["routers"][item["router"]]["asn"],
        **({"authenticationEnabled": 1} if item["password"] else {}),
    }
    for family in item["families"]:
        entry = seen["summary"].setdefault(AFI[family], {"as": plan["routers"][item["router"]]["asn"], "peers": {}})
        entry["peers"][key] = summary_line(item["asn"])


def _pass_on(plan: dict[str, Any], item: dict[str, Any], sender: dict[str, Any], seen: dict[str, Any]) -> None:
    """Let a router have what the other end of its link announces to it, as far as the filters of both let it.

    Args:
        plan: the plan.
        item: the link, as a neighbor of the router.
        sender: the router at its other end.
        seen: the router.
    """
    router, other = item["router"], item["other"]
    back = next(found for found in plan["neighbors"] if (found["router"], found["other"]) == (other, router))
    exports, imports = (PlannedFilters(plan["routers"][name]["frr"]) for name in (other, router))
    own, address, key = _transport(plan, back), _transport(plan, item), (back["addresses"] or [back["interface"]])[0]
    for prefix, paths in sender["bgp"]["ipv4"]["routes"].items():
        as_path, known = paths[0]["path"], seen["bgp"]["ipv4"]["routes"].get(prefix, [])
        passes = exports.exports(back["peer_group"], "ipv4", prefix) and imports.imports(
            item["peer_group"], "ipv4", prefix
        )
        if not passes or paths[0]["peerId"] == own or address in [found["peerId"] for found in known]:
            continue
        sender["advertised"]["ipv4"].setdefault(key, {"advertisedRoutes": {}})["advertisedRoutes"][prefix] = {
            "path": as_path
        }
        new = path(address, f"{item['asn']} {as_path}".strip())
        if known:  # a longer way
            del new["multipath"]
        else:
            seen["routes"]["ipv4"][prefix] = _installed(plan, router, [address], item["interface"])
            seen["best"]["ipv4"][prefix] = best("bgp")
        seen["bgp"]["ipv4"]["routes"][prefix] = [*known, new]


def _subnet(plan: dict[str, Any], network: str, address: str) -> IPv4Network | IPv6Network:
    """Return the subnet of a network that holds an address; of a loopback network the address alone."""
    if plan["networks"][network]["loopback"]:
        return ip_network(address)
    return next(
        subnet for subnet in map(ip_network, plan["networks"][network]["cidrs"]) if ip_address(address) in subnet
    )


def _installed(plan: dict[str, Any], router: str, nodes: list[str], by: str | None = None) -> list[dict[str, Any]]:
    """Return a route to nodes, each by the leg on its network; elsewhere ``by`` an interface."""
    entry = route(*nodes, by=by or "br0")[0]
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
    resources["CiliumNode"] = [
        {
            "metadata": {"name": item["node"]},
            "spec": {"addresses": [{"type": "InternalIP", "ip": item["node_address"]}]},
        }
        for item in plan["sessions"]
        if item["cluster"] == cluster and item["dynamic"]
    ]
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

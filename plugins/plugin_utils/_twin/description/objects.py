# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for what others own on a real cluster: Kubernetes objects, Helm values, listeners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from ..._cilium.distributions import HOST, PORT, api_addresses
from ..._document.plan import HelmValues, KubernetesObject, PlannedCluster, PlannedService, ServiceManifest
from ..._kubernetes.labels import kubelet_labels
from ..._kubernetes.values import truth, value_at
from .addresses import Network
from .model import LABEL_STAND_IN, MANAGED_BY, NODE_API_PORT, Listener

FIRST_LISTENER_PORT = 20000
"""Stand-in endpoints listen from here on, one port for each port of a service."""

_PROTOCOL = "TCP"
"""Of a port that says none (Kubernetes API, ServicePort)."""


def helm_values(devices: Sequence[str], pod_cidrs: Sequence[Network]) -> HelmValues:
    """Return the Helm values that let an agent run on a bare network namespace, without pods and CNI."""
    values: HelmValues = {
        "devices": " ".join(devices),
        "routingMode": "native",
        "kubeProxyReplacement": True,  # there is no kube-proxy
        "enableIPv4Masquerade": False,
        "enableIPv6Masquerade": False,
        "l7Proxy": False,
        "envoy": {"enabled": False},
        "hubble": {"enabled": False, "relay": {"enabled": False}, "ui": {"enabled": False}},
        "healthChecking": False,
        "endpointHealthChecking": {"enabled": False},
        "socketLB": {"enabled": False},
        "bpf": {"mapDynamicSizeRatio": 0.0005},
        "operator": {"replicas": 1},
        "cgroup": {"hostRoot": "/run/cilium/cgroupv2"},
    }
    for cidr in pod_cidrs:
        values[f"ipv{cidr.version}"] = {"enabled": True}
        values[f"ipv{cidr.version}NativeRoutingCIDR"] = str(cidr)
    if all(cidr.version == 6 for cidr in pod_cidrs):
        values["ipv4"] = {"enabled": False}
    return values


def api_address(planned: HelmValues, version: str) -> HelmValues:
    """Return where agents find the API server on the twin, where the planned Helm values have no address of it.

    A plan without one relies on kube-proxy, which the twin does not run; its nodes serve the API server themselves.
    """
    if any(value_at(planned, path) for path in api_addresses(version)):
        return {}
    return {HOST: "localhost", PORT: NODE_API_PORT}


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> HelmValues:
    """Return Helm values with ``over`` laid over ``base``, map by map."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(below, Mapping)
        merged[key] = merge(below, value) if both and below is not None else value
    return merged


def replaced_values(planned: HelmValues, over: HelmValues) -> tuple[str, ...]:
    """Return the paths at which ``over`` says something else than the planned Helm values, in their order.

    A value that the plan does not have is the chart's default: it is nobody's wish.
    """
    return tuple(
        path
        for path, value in _leaves(over)
        if (wanted := value_at(planned, path)) is not None and _words(wanted) != _words(value)
    )


def _leaves(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value that is no map, with its dotted path."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _words(value: Any) -> bool | list[str]:
    """Return a value as a chart hands it to the agent: true or false, else its words (``devices`` may be a list)."""
    known = truth(value)
    if known is not None:
        return known
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else str(value).split()


def service_key(service: PlannedService | ServiceManifest) -> str:
    """Return ``namespace/name``."""
    return f"{service['namespace']}/{service['name']}"


def namespaces(services: Sequence[PlannedService]) -> list[KubernetesObject]:
    """Return the namespaces that the services' owners would make."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {LABEL_STAND_IN: MANAGED_BY}}}
        for name in sorted({service["namespace"] for service in services} - {"default", "kube-system"})
    ]


def node_object(node: str, cidrs: Sequence[str]) -> KubernetesObject:
    """Return the Node that a kubelet would register, with the pod CIDRs that a controller would give it."""
    labels = {
        **kubelet_labels(node),
        "kubernetes.io/arch": "amd64",
        LABEL_STAND_IN: MANAGED_BY,
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node, "labels": labels},
        "spec": {"podCIDR": cidrs[0], "podCIDRs": list(cidrs)},
    }


def node_status(node: str, addresses: Mapping[int, str]) -> KubernetesObject:
    """Return the addresses in a Node's status; ``addresses`` are its InternalIPs by family (4 or 6)."""
    return {
        "addresses": [
            *({"type": "InternalIP", "address": address} for address in addresses.values()),
            {"type": "Hostname", "address": node},
        ],
    }


@dataclass(frozen=True, slots=True)
class StandInPort:
    """One port of a service, and where its stand-in endpoints listen."""

    name: str
    """Empty where the port has none."""
    port: int
    protocol: str
    listener: int
    """The port of the nodes on which the stand-ins answer."""


def ports(cluster: PlannedCluster, services: Sequence[PlannedService]) -> dict[str, list[StandInPort]]:
    """Return ``namespace/name`` -> the ports of each service, with listeners of their own."""
    numbers = count(FIRST_LISTENER_PORT)
    manifests = {service_key(item): item["object"] for item in cluster["services"]}
    charts = {f"{item['namespace']}/{item['service']}" for item in cluster["charts"]}
    result: dict[str, list[StandInPort]] = {}
    for service in sorted(services, key=service_key):
        key = service_key(service)
        result[key] = [
            StandInPort(port.get("name") or "", int(port["port"]), port.get("protocol") or _PROTOCOL, next(numbers))
            for port in _service_ports(service, manifests.get(key), key in charts)
        ]
    return result


def _service_ports(
    service: PlannedService, manifest: KubernetesObject | None, of_chart: bool
) -> Sequence[KubernetesObject]:
    """Return the ports of a service as Kubernetes has them: those that we make, those of its chart, or the planned."""
    own: list[KubernetesObject] = ((manifest or {}).get("spec") or {}).get("ports") or []
    if own:
        return own
    if of_chart:
        # What the ingress-nginx chart makes without further values.
        return [{"name": "http", "port": 80}, {"name": "https", "port": 443}]
    planned = service["ports"] or [{"port": 80, "protocol": _PROTOCOL}]
    if len(planned) == 1:
        return [{**planned[0]}]
    return [{**port, "name": f"{port['protocol']}-{port['port']}".lower()} for port in planned]


def listeners(
    ports: Mapping[str, Sequence[StandInPort]], placed: Mapping[str, Sequence[str]]
) -> dict[str, tuple[Listener, ...]]:
    """Return the listeners of each node: one per port of each service that has an endpoint there.

    Args:
        ports: result of :func:`ports`.
        placed: ``namespace/name`` of a service -> the nodes with an endpoint.
    """
    by_node: dict[str, list[Listener]] = {}
    for key, nodes in placed.items():
        for node in nodes:
            for port in ports[key]:
                by_node.setdefault(node, []).append(Listener(key, port.listener, port.protocol, port.port))
    return {node: tuple(sorted(by_node[node], key=lambda item: item.port)) for node in sorted(by_node)}


def stand_in_services(cluster: PlannedCluster, ports: Mapping[str, Sequence[StandInPort]]) -> list[KubernetesObject]:
    """Return the Services of ``manage: values`` and ``metadata`` as their chart or owner would make them."""
    charts = {f"{item['namespace']}/{item['service']}": item["values"] for item in cluster["charts"]}
    objects = []
    for item in sorted(cluster["services"], key=service_key):
        if item["manage"] == "service":
            continue
        values = ((charts.get(service_key(item)) or {}).get("controller") or {}).get("service") or {}
        metadata: KubernetesObject = {
            "name": item["name"],
            "namespace": item["namespace"],
            "labels": {**(values.get("labels") or {}), LABEL_STAND_IN: MANAGED_BY},
        }
        if values.get("annotations"):
            metadata["annotations"] = dict(values["annotations"])
        spec: KubernetesObject = {
            "type": "LoadBalancer",
            "ports": [
                {
                    **({"name": port.name} if port.name else {}),
                    "port": port.port,
                    "protocol": port.protocol,
                    "targetPort": port.listener,
                }
                for port in ports[service_key(item)]
            ],
        }
        for name in (
            "externalTrafficPolicy",
            "loadBalancerClass",
            "ipFamilies",
            "ipFamilyPolicy",
            "allocateLoadBalancerNodePorts",
        ):
            if values.get(name) not in (None, "", []):
                spec[name] = values[name]
        objects.append({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    return objects


def endpoint_slices(
    ports: Mapping[str, Sequence[StandInPort]],
    placed: Mapping[str, Sequence[str]],
    node_ips: Mapping[str, Mapping[int, str]],
) -> list[KubernetesObject]:
    """Return the slices that point at the listeners on the nodes, one for each service and family."""
    slices = []
    for key in sorted(placed):
        namespace, name = key.split("/", 1)
        for family in (4, 6):
            endpoints = [
                {"addresses": [node_ips[node][family]], "conditions": {"ready": True}, "nodeName": node}
                for node in placed[key]
                if family in node_ips[node]
            ]
            if not endpoints:
                continue
            slices.append(
                {
                    "apiVersion": "discovery.k8s.io/v1",
                    "kind": "EndpointSlice",
                    "metadata": {
                        "name": f"{name}-stand-in-ipv{family}",
                        "namespace": namespace,
                        "labels": {
                            "kubernetes.io/service-name": name,
                            "endpointslice.kubernetes.io/managed-by": MANAGED_BY,
                            LABEL_STAND_IN: MANAGED_BY,
                        },
                    },
                    "addressType": f"IPv{family}",
                    "ports": [
                        {"name": port.name, "port": port.listener, "protocol": port.protocol} for port in ports[key]
                    ],
                    "endpoints": endpoints,
                }
            )
    return slices

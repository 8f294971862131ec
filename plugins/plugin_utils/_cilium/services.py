# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services, the values of charts that make services, and the labels of nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from .._document.plan import ChartValues, ServiceManifest
from .._kubernetes.labels import (
    ANNOTATION_ADDRESSES,
    ANNOTATION_SHARING_KEY,
    ANNOTATION_SHARING_NAMESPACES,
    LABEL_CLASS,
    LOAD_BALANCER_CLASSES,
    ownership_labels,
)
from .._kubernetes.selectors import selector_of_label
from .._model.site import KUBERNETES_TRAFFIC_POLICY, Cluster, Service, Site
from .common import Object

INGRESS_NGINX, CILIUM_INGRESS, GATEWAY = "ingress-nginx", "cilium-ingress", "gateway"
"""Charts that make the Service of ``manage: values``; the last two are controllers of Cilium itself."""

_INGRESS_NGINX_SUFFIX = "-controller"
"""The chart ingress-nginx names its Service ``<fullname>-controller``."""
_GATEWAY_PREFIX = "cilium-gateway-"
"""Cilium names the Service of a Gateway ``cilium-gateway-<gateway>``."""
_CILIUM_INGRESS_CLASS = "cilium"
"""The name of the IngressClass is fixed in Cilium's chart (templates/cilium-ingress-class.yaml)."""


@dataclass(frozen=True, slots=True)
class ChartProblem:
    """A key of a service that its chart cannot follow."""

    service: str
    """``namespace/name``."""
    key: str | None
    """The key of the service that is wrong; None = the service as a whole."""
    problem: str
    hint: str


def services(site: Site, cluster: Cluster) -> list[ServiceManifest]:
    """Return what to do with each service, sorted by namespace and name; nothing in a cluster that is absent."""
    return [_manifest(site, cluster, service) for service in _sorted([] if cluster.absent else cluster.services)]


def chart_values(cluster: Cluster) -> list[ChartValues]:
    """Return the Helm values of the charts that make services (``manage: values``), sorted by namespace and name.

    The values carry no ownership label: the objects are the chart's. Those of ``cilium-ingress`` are a part of
    :func:`cilium_chart_values` too. For ``gateway`` they are no Helm values but a patch of the Gateway itself.
    """
    makers = {INGRESS_NGINX: _ingress_nginx_values, CILIUM_INGRESS: _cilium_ingress_values, GATEWAY: _gateway_patch}
    return [
        {
            "namespace": service.namespace,
            "service": service.name,
            "chart": service.chart,
            "values": makers[service.chart or ""](cluster, service),
        }
        for service in _of_charts(cluster)
    ]


def cilium_chart_values(cluster: Cluster) -> dict[str, Any]:
    """Return the values that Cilium's own controllers need in the Cilium release, for the services that they make."""
    values: dict[str, Any] = {}
    for service in _of_charts(cluster):
        if service.chart == CILIUM_INGRESS:
            values.update(_cilium_ingress_values(cluster, service))
        if service.chart == GATEWAY:
            gateway = values.setdefault("gatewayAPI", {"enabled": True})
            if service.traffic_policy:
                gateway["externalTrafficPolicy"] = service.traffic_policy
    return values


def chart_problems(cluster: Cluster) -> Iterator[ChartProblem]:
    """Yield what the charts cannot do for the cluster's services."""
    first_ingress: Service | None = None
    first_gateway: Service | None = None
    classes: dict[str, str] = {}
    for service in _of_charts(cluster):
        if service.chart == INGRESS_NGINX and service.ingress_class:
            first = classes.setdefault(service.ingress_class, service.key)
            if first != service.key:
                problem = (
                    f"{service.ingress_class!r} is the class of {first} too, and its release makes the IngressClass"
                )
                yield ChartProblem(service.key, "ingress_class", problem, "give each controller a class of its own")
        if service.chart not in (CILIUM_INGRESS, GATEWAY):
            continue
        yield from _cilium_problems(service)
        if service.chart == CILIUM_INGRESS:
            if first_ingress is not None:
                problem = f"Cilium's ingress controller has one shared Service, and that is {first_ingress.key}"
                yield ChartProblem(service.key, None, problem, "keep one of them")
            first_ingress = first_ingress or service
        else:
            first_gateway = first_gateway or service
            mine, others = (item.traffic_policy or KUBERNETES_TRAFFIC_POLICY for item in (service, first_gateway))
            if mine != others:
                problem = f"is {mine}, but that of {first_gateway.key} is {others}: Cilium has one for all Gateways"
                yield ChartProblem(service.key, "traffic_policy", problem, "write the same for all Gateways")


def _cilium_problems(service: Service) -> Iterator[ChartProblem]:
    """Yield what a controller of Cilium cannot do for one service."""
    if len(service.families) > 1 and not service.addresses:
        problem = f"{service.chart} cannot ask for two families"
        yield ChartProblem(service.key, "families", problem, "pin an address of each family")
    if service.chart == CILIUM_INGRESS:
        if service.ingress_class not in (None, _CILIUM_INGRESS_CLASS):
            problem = f"is {service.ingress_class!r}, but Cilium's class is always called {_CILIUM_INGRESS_CLASS!r}"
            yield ChartProblem(service.key, "ingress_class", problem, "leave it out")
        return
    if not service.name.removeprefix(_GATEWAY_PREFIX) or not service.name.startswith(_GATEWAY_PREFIX):
        problem = f"Cilium names the Service of a Gateway {_GATEWAY_PREFIX}<gateway>"
        yield ChartProblem(service.key, None, problem, "rename the entry so")
    if service.ingress_class is not None:
        yield ChartProblem(service.key, "ingress_class", "a Gateway has no ingress class", "remove it")
    if service.way is not None:
        problem = "a Gateway cannot say the loadBalancerClass of its Service"
        hint = "write it in the CiliumGatewayClassConfig of its GatewayClass, and leave class out here"
        yield ChartProblem(service.key, "class", problem, hint)


def node_labels(cluster: Cluster) -> dict[str, dict[str, str]] | None:
    """Return the labels of each node: ``edge_node_labels``, and its class where a label of ours selects the class.

    Every node of the inventory is there, also without labels, so that labels that left the inventory are removed; a
    node that is absent, or whose cluster is, has none. None = labels are not ours to write or to remove.
    """
    if not cluster.manage_labels:
        return None
    hosts = sorted({node.host for node in (*cluster.nodes, *cluster.absent_nodes)})
    labels: dict[str, dict[str, str]] = {host: {} for host in hosts}
    if cluster.absent:
        return labels
    for node in cluster.nodes:
        labels[node.host].update(node.labels)
    for item in cluster.classes:
        if item.selector == selector_of_label(LABEL_CLASS, item.name):
            for host in item.nodes:
                labels[host][LABEL_CLASS] = item.name
    for node in cluster.absent_nodes:
        labels[node.host] = {}
    return {host: dict(sorted(own.items())) for host, own in labels.items()}


def _of_charts(cluster: Cluster) -> list[Service]:
    return _sorted([] if cluster.absent else [item for item in cluster.services if item.manage == "values"])


def _sorted(services: Iterable[Service]) -> list[Service]:
    return sorted(services, key=attrgetter("namespace", "name"))


def _manifest(site: Site, cluster: Cluster, service: Service) -> ServiceManifest:
    annotations = _annotations(service)
    return {
        "namespace": service.namespace,
        "name": service.name,
        "manage": service.manage,
        "object": _service(site, cluster, service, annotations) if service.manage == "service" else None,
        "labels": {**service.labels, cluster.pool_label: service.pool},
        "annotations": annotations,
    }


def _service(site: Site, cluster: Cluster, service: Service, annotations: Mapping[str, str]) -> Object:
    """Return the Service that we create."""
    labels = {**service.labels, **ownership_labels(site.name), cluster.pool_label: service.pool}
    metadata: Object = {
        "name": service.name,
        "namespace": service.namespace,
        "labels": dict(sorted(labels.items())),
    }
    if annotations:
        metadata["annotations"] = dict(annotations)
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
        fields["ipFamilies"] = [family.label for family in service.families]
        fields["ipFamilyPolicy"] = "RequireDualStack" if len(service.families) > 1 else "SingleStack"
    if service.way:
        fields["loadBalancerClass"] = LOAD_BALANCER_CLASSES[service.way]
    return fields


def _annotations(service: Service) -> dict[str, str]:
    found = {}
    if service.addresses:
        found[ANNOTATION_ADDRESSES] = ",".join([address.text for address in service.addresses])
    if service.share_with:
        found[ANNOTATION_SHARING_NAMESPACES] = ",".join(service.share_with)
    if service.share:
        found[ANNOTATION_SHARING_KEY] = service.share
    return found


def _ingress_nginx_values(cluster: Cluster, service: Service) -> Object:
    """Return values for the chart ingress-nginx (kubernetes/ingress-nginx, charts/ingress-nginx/values.yaml)."""
    labels = {**service.labels, cluster.pool_label: service.pool}
    chart_service: Object = {"enabled": True, "type": "LoadBalancer", "labels": labels}
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
    return {"fullnameOverride": service.name.removesuffix(_INGRESS_NGINX_SUFFIX), "controller": controller}


def _cilium_ingress_values(cluster: Cluster, service: Service) -> Object:
    """Return values for Cilium's ingress controller (the chart cilium, values.yaml, ``ingressController``).

    Only the shared Service has a name that is known before: mode ``dedicated`` makes one for each Ingress.
    """
    chart_service: Object = {"name": service.name, "labels": {**service.labels, cluster.pool_label: service.pool}}
    annotations = _annotations(service)
    if annotations:
        chart_service["annotations"] = annotations
    if service.traffic_policy:
        chart_service["externalTrafficPolicy"] = service.traffic_policy
    if service.way:
        chart_service["loadBalancerClass"] = LOAD_BALANCER_CLASSES[service.way]
    return {"ingressController": {"enabled": True, "loadbalancerMode": "shared", "service": chart_service}}


def _gateway_patch(cluster: Cluster, service: Service) -> Object:
    """Return what a Gateway needs so that Cilium's Service of it draws from the pool (Gateway API, ``infrastructure``).

    Cilium copies these labels and annotations to the Service; labels of the Gateway itself it does not.
    """
    infrastructure: Object = {"labels": {**service.labels, cluster.pool_label: service.pool}}
    annotations = _annotations(service)
    if annotations:
        infrastructure["annotations"] = annotations
    return {"spec": {"infrastructure": infrastructure}}

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``edge_services``: Services of type LoadBalancer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._findings.report import Report
from ..._kubernetes.labels import SUBDOMAIN
from ..._model.site import KUBERNETES_TRAFFIC_POLICY
from ..types import DIGITS, INVALID, Boolean, Choice, Key, ListOf, MapOf, Name, Record, Schema, Text, describe
from .common import ADDRESS, FAMILY, LABEL_KEY, LABEL_VALUE, NAMESPACE_OR_ALL, PORT


class ServiceName(Text):
    """The namespace and name of a Service."""

    def __init__(self) -> None:
        super().__init__(
            "namespace/name",
            r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
            "NAMESPACE/NAME of a Service: lower-case letters, digits and hyphens, at most 63 each, "
            "the name starts with a letter",
            code="EDGE104",
        )

    def holds_services(self, name: str, value: object, path: str, report: Report) -> bool:
        """Return whether ``name`` is a namespace with services below it, and report that."""
        if "/" in name or not isinstance(value, Mapping) or "selector" in value or not value:
            return False
        if not all(isinstance(entry, Mapping) for entry in value.values()):
            return False
        hint = f"write {name}/{next(iter(value))}: ..."
        report.add("EDGE104", path, "holds services, but each has an entry of its own here", hint)
        return True


SERVICE_NAME = ServiceName()


class TargetPort(Text):
    """A port by number or by name (``targetPort`` of a Service)."""

    label = "port number or name"
    argument_type = "raw"

    def parse(self, value: object, path: str, report: Report) -> Any:
        digits = isinstance(value, str) and DIGITS.fullmatch(value)
        if digits or (isinstance(value, int) and not isinstance(value, bool)):
            return PORT.parse(value, path, report)
        if not isinstance(value, str):
            report.add("EDGE102", path, f"must be the number or name of a port, not {describe(value)}")
            return INVALID
        return super().parse(value, path, report)

    def schema(self) -> Schema:
        return {"anyOf": [PORT.schema(), super().schema()]}


SERVICE_PORT = Record(
    (
        Key("port", PORT, "Port of the Service.", required=True),
        Key(
            "target_port",
            TargetPort(
                None,
                r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?",
                "a container port's name: at most 15 lower-case letters, digits and single hyphens, with a letter",
            ),
            "The pods' port.",
            derived="port",
            also=("container_port",),
        ),
        Key("protocol", Choice("TCP", "UDP", "SCTP"), "Transport protocol.", default="TCP"),
        Key(
            "name",
            Text(
                "name",
                r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
                "a port's name: at most 63 lower-case letters, digits and hyphens",
            ),
            "Name of the port; needed where there are several.",
        ),
    ),
    {"node_port": "Kubernetes chooses node ports"},
)

SERVICE = Record(
    (
        Key("pool", Name(), "Pool that it draws from.", derived="edge_default_pool"),
        Key(
            "addresses",
            ListOf(ADDRESS, least=1),
            "Pinned addresses, at most one per family.",
            derived="Cilium's choice",
            also=("loadBalancerIP", "loadBalancerIPs", "ip", "ips"),
        ),
        Key(
            "manage",
            Choice("service", "metadata", "values"),
            "We create it, only label and annotate it, or only render the values of the chart that owns it.",
            derived="service if ports is given, else metadata",
        ),
        Key(
            "chart",
            Choice("ingress-nginx", "cilium-ingress", "gateway"),
            "What owns it; required with manage: values. cilium-ingress and gateway are Cilium's own controllers.",
        ),
        Key(
            "ingress_class",
            Text("text", rf"(?!.{{64}}){SUBDOMAIN}", "an RFC 1123 name"),
            "The chart's class.",
            also=("ingress_class_name",),
        ),
        Key("ports", ListOf(SERVICE_PORT, least=1), "Ports of a Service that we create."),
        Key(
            "selector",
            MapOf(
                LABEL_KEY,
                LABEL_VALUE,
                dict.fromkeys(("matchLabels", "matchExpressions"), "a Service selects by the labels alone: {app: web}"),
            ),
            "Labels of its pods.",
            derived="none: endpoints are made by others",
        ),
        Key(
            "families",
            ListOf(FAMILY, least=1),
            "Families that it asks for.",
            derived="those of its addresses, else the cluster's",
            also=("ip_families",),
        ),
        Key(
            "traffic_policy",
            Choice("Cluster", "Local"),
            "externalTrafficPolicy; L2 needs Cluster.",
            derived=f"{KUBERNETES_TRAFFIC_POLICY}, by Kubernetes",
            also=("external_traffic_policy",),
        ),
        Key(
            "class",
            Choice("bgp", "l2"),
            "loadBalancerClass: reached by this way only.",
            also=("load_balancer_class",),
        ),
        Key(
            "share",
            Text("text", r"[^\s,]{1,63}", "a key of at most 63 characters without blanks and ','"),
            "Key of services that share one address; their ports must differ.",
            also=("sharing_key",),
        ),
        Key(
            "share_with",
            ListOf(NAMESPACE_OR_ALL),
            "Namespaces whose services may share it; '*' for all.",
            derived="its own",
            also=("sharing_cross_namespace",),
        ),
        Key("may_move", Boolean(), "Its address may change.", default=False),
    ),
    {
        "type": "every service here is of type LoadBalancer",
        **dict.fromkeys(("name", "namespace"), "the entry's own name says it: NAMESPACE/NAME"),
        **dict.fromkeys(
            ("annotations", "labels"), "write them where the Service is made, and take manage: metadata here"
        ),
        "ip_family_policy": "it is derived from families",
        **dict.fromkeys(("bgp", "l2"), "its pool says how it becomes reachable: edge_pools.NAME"),
        **dict.fromkeys(
            ("port", "target_port", "protocol"), "it stands in ports: [{port, target_port, protocol, name}]"
        ),
    },
)

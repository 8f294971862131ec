# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that both ends and every layer share: ownership labels, the field manager, the pool label."""

from __future__ import annotations

from ...module_utils._kubernetes.cilium_kinds import ASKED_ADDRESSES

SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
"""Pattern of an RFC 1123 subdomain: the name of a Node and of most objects, and the prefix of a label key. Kubernetes
takes 253 characters of it (k8s.io/apimachinery, ``IsDNS1123Subdomain``)."""

FIELD_MANAGER = "hybridnet.cluster_edge"
"""Field manager of every server-side apply."""
UNNAMED_MANAGER = "without a name"
"""What messages call a field manager whose entry has no name: whoever may write an object may write such an entry."""

LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
LABEL_SITE = "cluster-edge.hybridnet/site"
"""Only objects with both labels are ever removed, and only objects that we create carry them."""

LABEL_POOL = "cluster-edge.hybridnet/pool"
"""How a service names its pool, unless ``edge_pool_label`` says otherwise."""

LABEL_PEERING = "cluster-edge.hybridnet/peering"
"""On a CiliumBGPAdvertisement: the peering whose CiliumBGPPeerConfig selects it."""

LABEL_HOSTNAME = "kubernetes.io/hostname"
"""On each Node, set by its kubelet: its name."""

LABEL_CLASS = "cluster-edge.hybridnet/bgp-class"
"""On a Node: its class (one CiliumBGPClusterConfig), where no selector of the inventory fits the class exactly."""

ANNOTATION_ADDRESSES = ASKED_ADDRESSES[0]
"""Requests addresses for a Service (Cilium LB-IPAM; the ``io.cilium/`` form is a legacy alias)."""

ANNOTATION_SHARING_KEY = "lbipam.cilium.io/sharing-key"
ANNOTATION_SHARING_NAMESPACES = "lbipam.cilium.io/sharing-cross-namespace"
"""Services with one key share one address; across namespaces only where both sides name each other (LB-IPAM)."""

POD_POOL_NAME = "io.cilium.podippool.name"
"""Label key by which a selector names a CiliumPodIPPool; Cilium adds it."""

LOAD_BALANCER_CLASSES = {"bgp": "io.cilium/bgp-control-plane", "l2": "io.cilium/l2-announcer"}
"""``loadBalancerClass`` by the way in which a service shall be reached; without a class it is announced both ways."""

CILIUM_CLASSES = (None, *LOAD_BALANCER_CLASSES.values())
"""``loadBalancerClass`` of the services that Cilium's LoadBalancer IPAM serves."""

SERVICE_NAME, SERVICE_NAMESPACE = "io.kubernetes.service.name", "io.kubernetes.service.namespace"
"""Keys that selectors of pools and advertisements may use as if they were labels of the Service (Cilium documentation,
"LB IPAM")."""

NEVER_USED_VALUE = "never-used-value"
"""``NotIn`` this value selects everything; an empty selector is easily lost on the way and then selects nothing (Cilium
documentation, "BGP Control Plane Resources")."""


def service_labels(namespace: str, name: str) -> dict[str, str]:
    """Return what selectors see of a Service beside its own labels."""
    return {SERVICE_NAME: name, SERVICE_NAMESPACE: namespace}


def kubelet_labels(node: str) -> dict[str, str]:
    """Return the labels that each kubelet sets on its Node, which nobody has to write down."""
    return {LABEL_HOSTNAME: node, "kubernetes.io/os": "linux"}


def ownership_labels(site: str) -> dict[str, str]:
    """Return the two labels that mark an object as made by this collection for ``site``."""
    return {LABEL_MANAGED_BY: FIELD_MANAGER, LABEL_SITE: site}


def ownership_selector(site: str) -> str:
    """Return the label selector of the objects that this collection made for ``site``, as the API takes it."""
    return ",".join(f"{key}={value}" for key, value in sorted(ownership_labels(site).items()))

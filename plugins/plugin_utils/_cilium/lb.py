# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of LoadBalancer IPAM, pod IP pools and L2 announcements."""

from __future__ import annotations

import re

from .._addressing.families import Family
from .._kubernetes.labels import LABEL_HOSTNAME
from .._kubernetes.selectors import IN, NOT_IN, Requirement, Selector, selector_of_both
from .._model.site import Cluster, Network, PodPool, Pool, Site
from .._pools.capacity import cilium_spec
from .common import LB_KINDS, Object, announced_selector, finish, new_object, pool_selector

DEFAULT_POD_POOL = "default"
"""The pool of pods that name none. Agents do not start without it, so Cilium's operator makes it from a Helm value
(``ipam.operator.autoCreateCiliumPodIPPools``) before any object of ours is made; it never changes it afterwards."""


def lb_objects(site: Site, cluster: Cluster) -> list[Object]:
    """Return the pod IP pools, LoadBalancer IP pools and L2 policies of ``cluster``; none of one that is absent."""
    if cluster.absent:
        return []
    networks = {network.name: network for network in site.networks}
    objects = [_pod_pool(pool) for pool in cluster.pod_pools if pool.name != DEFAULT_POD_POOL]
    objects += [_ip_pool(cluster, pool) for pool in cluster.pools]
    announcers = {
        name: _l2_node_selector(cluster, networks[name])
        for name in {name for pool in cluster.pools for name in pool.l2}
    }
    objects += [
        _l2_policy(cluster, pool, networks[name], announcers[name]) for pool in cluster.pools for name in pool.l2
    ]
    return finish(objects, LB_KINDS, site, cluster)


def interface_regex(name: str) -> str:
    """Return an interface name or glob (``*``, ``?``) as an anchored regex; Cilium's field is an unanchored one."""
    wild = {"*": ".*", "?": "."}
    return "^" + "".join(wild.get(char) or re.sub(r"([.+()|\[\]{}^$\\])", r"\\\1", char) for char in name) + "$"


def pod_pool_spec(pool: PodPool) -> Object:
    """Return ``spec`` of a CiliumPodIPPool; the Helm value for the pool ``default`` has the same form."""
    spec: Object = {}
    for family in Family:
        cidrs = [cidr.text for cidr in pool.cidrs if cidr.family is family]
        if cidrs:
            spec[family.key] = {"cidrs": cidrs, "maskSize": pool.mask[family]}
    return spec


def _pod_pool(pool: PodPool) -> Object:
    return new_object("CiliumPodIPPool", pool.name, pod_pool_spec(pool), pool.labels)


def _ip_pool(cluster: Cluster, pool: Pool) -> Object:
    spec: Object = cilium_spec(pool)
    selector = pool_selector(cluster, pool)
    if selector is not None:
        spec["serviceSelector"] = selector.label_selector()
    if pool.disabled:
        spec["disabled"] = True
    return new_object("CiliumLoadBalancerIPPool", pool.name, spec)


def _l2_policy(cluster: Cluster, pool: Pool, network: Network, nodes: Object | None) -> Object:
    """Return the policy that announces ``pool`` on ``network``: named with a dot, which neither name can have."""
    spec: Object = {
        "loadBalancerIPs": True,
        "externalIPs": pool.external_ips,
        "interfaces": [interface_regex(name) for name in network.interfaces],
    }
    selector = announced_selector(cluster, pool)
    if selector is not None:
        spec["serviceSelector"] = selector.label_selector()
    if nodes is not None:
        spec["nodeSelector"] = nodes
    return new_object("CiliumL2AnnouncementPolicy", f"{pool.name}.{network.name}", spec)


def _l2_node_selector(cluster: Cluster, network: Network) -> Object | None:
    """Return the selector of the nodes that announce on ``network``; None = all nodes of the cluster.

    An absent node lives in the cluster, perhaps for long, and could take a lease: one that would match is left out by
    its name.
    """
    chosen = network.l2_nodes
    if chosen is None:
        hosts = sorted(node.host for node in cluster.nodes if node.addresses.get(network.name))
        if len(hosts) < len(cluster.nodes):
            return {"matchExpressions": [{"key": LABEL_HOSTNAME, "operator": IN, "values": hosts}]}
    absent = tuple(node.host for node in cluster.absent_nodes if node.may_match(chosen))
    if absent:
        chosen = selector_of_both(chosen, Selector((Requirement(LABEL_HOSTNAME, NOT_IN, absent),)))
    return None if chosen is None else chosen.label_selector()

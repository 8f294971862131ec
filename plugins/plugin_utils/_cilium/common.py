# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all Kubernetes objects of the plan share: kinds, API versions, ownership labels, and the selectors of pools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .._document.plan import KubernetesObject
from .._kubernetes.labels import NEVER_USED_VALUE, ownership_labels
from .._kubernetes.selectors import NOT_IN, Requirement, Selector, negation, selector_of_both, selector_of_label
from .._model.site import Cluster, Pool, Site
from .._versions.cilium import V2_SINCE, parse_version

Object = KubernetesObject

GROUP = "cilium.io"
BGP_KINDS = (
    "CiliumBGPAdvertisement",
    "CiliumBGPPeerConfig",
    "CiliumBGPNodeConfigOverride",
    "CiliumBGPClusterConfig",
)
"""The kinds of :func:`bgp_objects`, in the order in which they are applied."""
LB_KINDS = ("CiliumPodIPPool", "CiliumLoadBalancerIPPool", "CiliumL2AnnouncementPolicy")
"""The kinds of :func:`lb_objects`, in the order in which they are applied."""


def api_version(kind: str, version: str) -> str:
    """Return the apiVersion that Cilium ``version`` stores ``kind`` in; ``cilium.io/v2alpha1`` for kinds without v2."""
    since = V2_SINCE.get(kind)
    return f"{GROUP}/v2" if since and parse_version(version) >= since else f"{GROUP}/v2alpha1"


def new_object(kind: str, name: str, spec: Object, labels: Mapping[str, str] | None = None) -> Object:
    """Return an object without apiVersion and ownership labels; :func:`finish` adds them."""
    return {"kind": kind, "metadata": {"name": name, "labels": dict(labels or {})}, "spec": spec}


def finish(objects: Iterable[Object], kinds: Sequence[str], site: Site, cluster: Cluster) -> list[Object]:
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


def select_all(key: str) -> Object:
    """Return a LabelSelector that matches everything; ``key`` is any label key."""
    return Selector((Requirement(key, NOT_IN, (NEVER_USED_VALUE,)),)).label_selector()


def pool_selector(cluster: Cluster, pool: Pool) -> Selector | None:
    """Return the selector of the services that draw from ``pool``; None = all services.

    The selectors of a cluster's pools are disjoint. A pool selects by its ``services``, or by its name in the pool
    label. The default pool selects what no other pool does: it excludes their names, and negates each ``services``,
    which is a single requirement where there is a default pool.
    """
    if pool.services is not None:
        return pool.services
    if pool.name != cluster.default_pool:
        return selector_of_label(cluster.pool_label, pool.name)
    others = [item for item in cluster.pools if item.name != pool.name]
    named = tuple(sorted(item.name for item in others if item.services is None))
    found = {Requirement(cluster.pool_label, NOT_IN, named)} if named else set()
    for other in others:
        if other.services is not None:
            found |= {negation(item) for item in other.services.requirements}
    return _sorted_selector(found) if found else None


def announced_selector(cluster: Cluster, pool: Pool) -> Selector | None:
    """Return the selector of the pool's services that are advertised and announced; None = all services."""
    return selector_of_both(pool_selector(cluster, pool), pool.announce_only)


def _sorted_selector(requirements: Iterable[Requirement]) -> Selector:
    return Selector(tuple(sorted(requirements, key=lambda item: (item.key, item.operator, item.values))))

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm values of the Cilium release: what the inventory needs, the distribution's base, and the user's over both.

``_cilium/helm_checks`` checks the user's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

from ...module_utils._errors import MASK
from .._addressing.addresses import Cidr
from .._addressing.families import Family
from .._kubernetes.values import nested, value_at
from .._model.site import Cluster, L2Lease
from .distributions import (
    AGENT_CAPABILITIES,
    HOST,
    LOCAL_HOSTS,
    PORT,
    BaseValue,
    api_addresses,
    distribution_of,
)
from .ipam import CLUSTER_POOL, MADE_AT_START, MULTI_POOL, list_path, mask_path
from .lb import DEFAULT_POD_POOL, pod_pool_spec
from .services import cilium_chart_values

BIND_LOW_PORTS = "NET_BIND_SERVICE"
"""The capability without which no agent can listen on a port below 1024."""

REPLICAS = "operator.replicas"
"""How many operators there are."""

_OTHER_QPS = 10
"""Requests per second that are left to an agent beside leases: Cilium's default limit for everything."""

_RESTART_ON_CHANGE: Mapping[str, Any] = {"operator": {"rollOutPods": True}, "rollOutCiliumPods": True}
"""Agents and operator read their configuration once, at start: without these a changed value does nothing."""


def helm_values(cluster: Cluster) -> dict[str, Any]:
    """Return the values of the Cilium release: those of one node, the distribution's, the plan's, and the user's.

    Maps are merged key by key; lists and scalars of the upper layer replace those below. Sorted, so byte-stable.
    """
    result: dict[str, Any] = _sorted(_merge(planned_values(cluster), cluster.values))
    return result


def planned_values(cluster: Cluster) -> dict[str, Any]:
    """Return the values below the user's: the distribution's, and over them the plan's."""
    merged: dict[str, Any] = {}
    for layer in (_RESTART_ON_CHANGE, _nested(one_node_values(cluster)), _base_values(cluster), needed_values(cluster)):
        merged = _merge(merged, layer)
    return merged


def one_node_values(cluster: Cluster) -> list[BaseValue]:
    """Return the values of a cluster of one node, where the user says no other.

    The chart has two operators, and no node takes both (``operator.affinity`` of its ``values.yaml``, 1.16 to 1.20): a
    release on one node would never be complete. The inventory counts, as the plan knows no other nodes; where more
    live, one operator does the work, and the look says that none stands by.
    """
    if len(cluster.nodes) != 1 or value_at(cluster.values, REPLICAS) is not None:
        return []
    return [BaseValue(REPLICAS, 1, "the inventory has one node of the cluster, and a node takes one operator")]


def secrets_namespace(cluster: Cluster) -> str:
    """Return the namespace in which Cilium looks for BGP passwords (``bgpControlPlane.secretsNamespace.name``)."""
    return value_at(cluster.values, "bgpControlPlane.secretsNamespace.name") or "kube-system"


def needed_values(cluster: Cluster) -> dict[str, Any]:
    """Return the values without which the inventory's peerings, pools and services would do nothing."""
    values: dict[str, Any] = cilium_chart_values(cluster)
    if cluster.peerings:
        values["bgpControlPlane"] = {"enabled": True}
        if cluster.router_ids is not None:
            values["bgpControlPlane"]["routerIDAllocation"] = {"mode": "ip-pool", "ipPool": cluster.router_ids.text}
    if _without_ipv4(cluster):
        # An agent with IPv4 switched on waits for an IPv4 range of its own and serves nothing.
        values["ipv4"] = {"enabled": False}
    if _without_ipv4(cluster) or (family_reason(cluster, Family.IPV6) and Family.IPV6 in pod_families(cluster)):
        # The chart's default is IPv4 alone; without it no service gets an IPv6 address, and none is advertised.
        values["ipv6"] = {"enabled": True}
    if any(pool.l2 for pool in cluster.pools):
        # L2 announcements answer for addresses that only Cilium's own service load balancing knows.
        values["kubeProxyReplacement"] = True
        values["l2announcements"] = {"enabled": True, **_lease_values(cluster.l2_lease)}
        values["k8sClientRateLimit"] = _client_rate_limit(cluster)
    if cluster.pod_pools:
        values |= nested("ipam.mode", MULTI_POOL)
        first = [pool for pool in cluster.pod_pools if pool.name == DEFAULT_POD_POOL]
        if first:
            made = {pool.name: pod_pool_spec(pool) for pool in first}
            values = _merge(values, nested(MADE_AT_START, made))
    return values


SECRET_NAMES = re.compile(
    r"(?i:passw|passphrase|token|secret|credential|private[-_]?key|cabundle|(^|[._-])(psk|auth)$|(^|[._-])(key|crt|cert)$)|[a-z]Key$"
)
"""Names of values that are not printed, whatever they hold."""
_TELLS_SECRET = re.compile(r"(?i)://[^/@\s]*@|(passw(or)?d|passphrase|token|secret|credentials?|psk)\s*[=:]\s*\S")
"""Text that names a secret itself: a URL with a login, an argument, or a file of settings."""
SHORTEST_NUMBER = 4
"""Digits of a number that is taken out of a text; with fewer it is no secret, and stands for much else there."""
HIDDEN = "(not shown)"
ABSENT = "(absent)"


_SELECTOR = {"key", "operator", "value", "values", "effect", "tolerationSeconds"}
"""What a toleration, or an expression of a label selector, consists of: its ``key`` is a label's or a taint's name."""


def is_secret(path: Sequence[str]) -> bool:
    """Return whether a value may be a secret: by its own name, or by that of a map above it.

    The name of a namespace (``bgpControlPlane.secretsNamespace.name``), of a Secret (``encryption.ipsec.secretName``)
    or of a label (``topologyKey``) is none.
    """
    return any(SECRET_NAMES.search(name) and not _is_name(name) for name in path)


_NAMES = ("namespace", "secretname", "secretref", "existingsecret", "pullsecrets")
"""How keys end that hold a name (values.yaml of Cilium's charts, 1.16 to 1.20)."""


def _is_name(key: str) -> bool:
    """Return whether a key that reads as a secret's holds the name of a namespace, of a Secret or of a label."""
    return key == "topologyKey" or key.lower().endswith(_NAMES)


def shown(path: Sequence[str], value: Any) -> Any:
    """Return a value as it may be printed: text or a number under the name of a secret is not, at whatever depth."""
    if isinstance(value, Mapping):
        if set(value) == {"name", "value"}:  # of an environment variable
            return {"name": value["name"], "value": HIDDEN}
        return {key: shown((*path, str(key)), item) for key, item in value.items()}
    if isinstance(value, (str, int, float)) and not isinstance(value, bool) and is_secret(path):
        return HIDDEN
    if isinstance(value, str) and _TELLS_SECRET.search(value):
        return HIDDEN
    return [_shown_item(path, item) for item in value] if isinstance(value, (list, tuple)) else value


def has_secrets(values: Mapping[str, Any]) -> bool:
    """Return whether any of a release's values may be a secret."""
    return bool(shown((), values) != values)


def _selects(item: Any, path: Sequence[str]) -> bool:
    """Return whether an item of a list is a toleration or an expression of a label selector."""
    return isinstance(item, Mapping) and "key" in item and set(item) <= _SELECTOR and not is_secret(path)


def _shown_item(path: Sequence[str], item: Any) -> Any:
    """Return an item of a list as it may be printed: the ``key`` of what selects is the name of a label or a taint."""
    if _selects(item, path):
        return {key: value if key == "key" else shown((*path, key), value) for key, value in item.items()}
    return shown(path, item)


def without_secrets(text: str, values: Any, path: tuple[str, ...] = ()) -> str:
    """Return a text without what stands in values under the names of secrets."""
    if isinstance(values, Mapping):
        environment = set(values) == {"name", "value"}
        for key, item in values.items():
            below = (*path, "secret" if environment and key == "value" else str(key))
            text = without_secrets(text, item, below)
    elif isinstance(values, (list, tuple)):
        for item in values:
            rest = {key: item[key] for key in item if key != "key"} if _selects(item, path) else item
            text = without_secrets(text, rest, path)
    elif isinstance(values, str) and values and shown(path, values) != values:
        for line in (values, *values.splitlines()):
            if len(line.strip()) >= SHORTEST_NUMBER:
                text = text.replace(line, MASK)
            elif line.strip():
                text = re.sub(rf"(?<!\w){re.escape(line)}(?!\w)", MASK, text)
    elif len(str(values)) >= SHORTEST_NUMBER and shown(path, values) == HIDDEN:
        text = re.sub(rf"(?<!\w){re.escape(str(values))}(?!\w)", MASK, text)
    return text


def as_helm_keeps(value: Any) -> Any:
    """Return a value as it comes back out of Helm's record: its JSON writes 1.0 as 1."""
    if isinstance(value, Mapping):
        return {key: as_helm_keeps(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_helm_keeps(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def same_value(one: Any, other: Any) -> bool:
    """Return whether two values are one for Helm: ``true`` is not 1 there, as it is in Python."""
    return json.dumps(as_helm_keeps(one), sort_keys=True) == json.dumps(as_helm_keeps(other), sort_keys=True)


def changed_values(live: Mapping[str, Any], planned: Mapping[str, Any]) -> list[str]:
    """Return the paths at which the planned values differ from the live ones, each as ``path: old -> new``."""
    return [f"{below}: {old or ABSENT} -> {new or ABSENT}" for below, old, new in differing_values(live, planned)]


def differing_values(
    live: Mapping[str, Any], planned: Mapping[str, Any], path: tuple[str, ...] = ()
) -> list[tuple[str, str | None, str | None]]:
    """Return path, live and planned value of what differs, as they may be printed; None where there is none."""
    found: list[tuple[str, str | None, str | None]] = []
    for name in sorted({*live, *planned}):
        below = (*path, name)
        old, new = live.get(name), planned.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping) and not set(old) == set(new) == {"name", "value"}:
            found += differing_values(old, new, below)
        elif not same_value(old, new) or (name in live) != (name in planned):
            texts = [json.dumps(shown(below, layer[name])) if name in layer else None for layer in (live, planned)]
            found.append((".".join(below), texts[0], texts[1]))
    return found


def family_reason(cluster: Cluster, family: Family) -> str | None:
    """Return the reason why Cilium must run this family, as text; None where nothing needs it."""
    pools = sorted(pool.name for pool in cluster.pools if family in pool.families)
    if pools:
        return f"pools have {family.label} addresses: {', '.join(pools)}"
    peerings = sorted(peering.name for peering in cluster.peerings if family in peering.families)
    return f"peerings carry {family.label} routes: {', '.join(peerings)}" if peerings else None


def pod_families(cluster: Cluster) -> set[Family]:
    """Return the families of the pod CIDRs that the inventory names."""
    ranges = (*cluster.pod_cidrs, *(cidr for pool in cluster.pod_pools for cidr in pool.cidrs))
    return {cidr.family for cidr in ranges}


def low_ports(cluster: Cluster) -> list[int]:
    """Return the ports below 1024 on which agents listen."""
    ports = {peering.listen_port for peering in cluster.peerings}
    return sorted(port for port in ports if port is not None and port < 1024)


def _without_ipv4(cluster: Cluster) -> bool:
    """Return whether the cluster's pod CIDRs are known and nothing in it has an IPv4 address."""
    families = {cidr.family for cidr in (*cluster.service_cidrs, *cluster.external_cidrs)}
    families |= {address.family for node in cluster.nodes for own in node.addresses.values() for address in own}
    return (
        pod_families(cluster) == {Family.IPV6}
        and not family_reason(cluster, Family.IPV4)
        and Family.IPV4 not in families
    )


def _of_its_families(cluster: Cluster, values: Iterable[BaseValue]) -> Iterator[BaseValue]:
    """Yield values as a cluster without IPv4 has them."""
    for item in values:
        other = item.without_ipv4 if item.without_ipv4 is not None and _without_ipv4(cluster) else item.value
        yield replace(item, value=other)


def distribution_values(cluster: Cluster) -> list[BaseValue]:
    """Return the values that are the distribution's: neither the inventory's needs nor the user say otherwise.

    A user who writes another address of the API server, in whichever form, takes the distribution's host and port away.
    """
    distribution = distribution_of(cluster.distribution)
    written = [value_at(cluster.values, path) for path in api_addresses(cluster.cilium_version)]
    own_address = any(value and value not in LOCAL_HOSTS for value in written)
    needed = needed_values(cluster)
    values = [
        replace(item, value=[*item.value, BIND_LOW_PORTS])
        if item.path == AGENT_CAPABILITIES and low_ports(cluster)
        else item
        for item in _of_its_families(cluster, distribution.values)
        if value_at(cluster.values, item.path) is None
        and value_at(needed, item.path) in (None, item.value)
        and not (own_address and item.path in (HOST, PORT))
    ]
    if cluster.pod_cidrs or not distribution.pod_cidrs:
        return values
    ranges = _cluster_pool(cluster, distribution.pod_cidrs)
    reason = f"the pod CIDR of {distribution.name} where it is told no other"
    return values + [
        BaseValue(path, value_at(ranges, path), reason)
        for path in map(list_path, Family)
        if value_at(ranges, path) is not None and value_at(cluster.values, path) is None
    ]


def _base_values(cluster: Cluster) -> Mapping[str, Any]:
    distribution = distribution_of(cluster.distribution)
    base = _nested(distribution_values(cluster))
    mode = value_at(cluster.values, "ipam.mode") or distribution.value_of("ipam.mode") or CLUSTER_POOL
    if mode == CLUSTER_POOL:
        base = _merge(base, _cluster_pool(cluster, distribution.pod_cidrs))
    return base


def _nested(values: Iterable[BaseValue]) -> dict[str, Any]:
    """Return values by path as the map that the chart takes."""
    found: dict[str, Any] = {}
    for item in values:
        found = _merge(found, nested(item.path, item.value))
    return found


def _cluster_pool(cluster: Cluster, usual: tuple[Cidr, ...]) -> dict[str, Any]:
    """Return the values of IPAM mode cluster-pool; ``usual`` is the distribution's pod CIDR.

    They are written without a distribution too: by the chart's own, nodes would get theirs out of 10.0.0.0/8, whatever
    the inventory says. The lengths of nodes' ranges are always written: the chart's own for IPv6 (120) is not ours.
    """
    if cluster.pod_pools or value_at(cluster.values, "ipam.mode") not in (None, CLUSTER_POOL):
        return {}
    values: dict[str, Any] = {}
    for family in Family:
        cidrs = [cidr.text for cidr in cluster.pod_cidrs or usual if cidr.family is family]
        if cidrs:
            values = _merge(values, nested(list_path(family), cidrs))
            values = _merge(values, nested(mask_path(family), cluster.pod_mask[family]))
    return _merge(values, nested("ipam.mode", CLUSTER_POOL)) if values else {}


def _lease_values(lease: L2Lease) -> dict[str, str]:
    """Return the timings of leases; always written, because the client rate limit is computed from them."""
    return {
        "leaseDuration": f"{lease.duration}s",
        "leaseRenewDeadline": f"{lease.renew}s",
        "leaseRetryPeriod": f"{lease.retry}s",
    }


def lease_requests(cluster: Cluster) -> int:
    """Return the API requests per second that leases cost an agent: one per L2 service and retry period."""
    announced = {pool.name for pool in cluster.pools if pool.l2}
    count = sum(service.pool in announced and service.way != "bgp" for service in cluster.services)
    return ceil(count * 10 / round(cluster.l2_lease.retry * 10))


def _client_rate_limit(cluster: Cluster) -> dict[str, int]:
    """Return the agents' limit of API requests."""
    qps = lease_requests(cluster) + _OTHER_QPS
    return {"qps": qps, "burst": 2 * qps}


def _merge(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(lower)
    for name, value in upper.items():
        below = merged.get(name)
        merged[name] = _merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, (list, tuple)) else value

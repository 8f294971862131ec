# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the user's Helm values: against the values that the Cilium version has, and against the inventory.

The chart accepts misspelt and removed values in silence (its schema allows unknown keys), so they are checked here.
An error refuses the plan (EDGE604), a warning does not (EDGE605, EDGE617).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from typing import Any

from ...module_utils._errors import EdgeError
from .._addressing.addresses import LAST_PORT, Address, parse_address, url_addresses
from .._addressing.families import Family
from .._addressing.intervals import contains
from .._kubernetes.values import in_maps, is_false, is_true, truth, value_at
from .._model.site import Cluster
from .._versions.cilium import Version, parse_version, text_of
from .._versions.cilium_chart import HELM_VALUES, KNOWN_CHILDREN, KNOWN_NAMES, NEVER, HelmValue
from .distributions import (
    AGENT_CAPABILITIES,
    API_URLS,
    CAPABILITIES,
    HOST,
    HOST_LOOKED_UP,
    HOST_REFERENCE,
    LOCAL_HOSTS,
    PORT,
    api_addresses,
    distribution_of,
)
from .helm_values import (
    BIND_LOW_PORTS,
    distribution_values,
    family_reason,
    helm_values,
    lease_requests,
    low_ports,
    needed_values,
    planned_values,
    pod_families,
    shown,
)
from .ipam import CLUSTER_POOL, MULTI_POOL, enabled_path, list_path, mask_path
from .pod_ranges import written_ranges
from .services import CILIUM_INGRESS, GATEWAY

ERROR, WARNING = "error", "warning"
NOTHING = (None, "")
"""Values that say nothing: for Helm null is "not there", and the chart's templates take empty text as that."""
_HOST_NETWORK, _SERVICE = "ingressController.hostNetwork", "ingressController.service"
_TEXT_MAPS = ("commonLabels", f"{_SERVICE}.annotations", f"{_SERVICE}.labels")
_MAPS = ("ingressController", _HOST_NETWORK, _SERVICE, *_TEXT_MAPS)
_TEXTS = (
    "bgpControlPlane.secretsNamespace.name",
    *(
        f"{_SERVICE}.{name}"
        for name in ("externalTrafficPolicy", "loadBalancerClass", "loadBalancerIP", "name", "type")
    ),
    "namespaceOverride",
)
"""Values that are read here and of which the chart takes one type alone (its ``values.schema.json``)."""
_TO_GIVE: Mapping[str, str] = {
    HOST: "write the address of the control plane; without the key it is {}",
    PORT: "write the port of the API server; without the key it is {}",
}
"""Path -> the way out of a value that says nothing, where the user means that the distribution's does not fit."""


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """A Helm value that does nothing, or not what it seems to."""

    path: str
    """Below the chart's values, such as ``bgpControlPlane.enabled``."""
    problem: str
    hint: str | None = None
    severity: str = ERROR
    """``error``, or ``warning`` for left-overs without effect and for names that are merely close to a known one."""
    against_distribution: bool = False
    """Whether the value has an effect, and one that the distribution's nodes do not bear out: a warning."""

    @property
    def code(self) -> str:
        """Return the code of its finding."""
        if self.against_distribution:
            return "EDGE617"
        return "EDGE604" if self.severity == ERROR else "EDGE605"


def check_helm_values(
    values: Mapping[str, Any], version: str, release: Mapping[str, Any] | None = None
) -> list[ValueProblem]:
    """Return what is wrong with the user's ``values`` for Cilium ``version``, sorted by path.

    Errors are values that this version does not have, and values that exclude each other. Warnings are left-overs that
    a cluster cannot miss, and names that are close to a known one: newer charts have values that are not known here.

    Args:
        values: the user's.
        version: of Cilium.
        release: all values of the release, in which what does the same as a left-over may stand too; None: ``values``.
    """
    beside = values if release is None else release
    found = [problem for rule in HELM_VALUES if (problem := _check_rule(rule, values, version, beside))]
    paths = {problem.path for problem in found}
    found += [problem for problem in _unknown_names(values) if problem.path not in paths]
    if value_at(values, HOST) and value_at(values, HOST_REFERENCE):
        found.append(
            ValueProblem("k8sServiceHostRef", "it excludes k8sServiceHost, which is set too", "set one of them")
        )
    replacement = value_at(values, "kubeProxyReplacement")
    if replacement not in (None, True, False, "true", "false"):
        found.append(ValueProblem("kubeProxyReplacement", f"{replacement!r} is neither true nor false", "write true"))
    found += _other_types(values)
    return sorted(found, key=lambda problem: problem.path)


def check_cluster_values(cluster: Cluster) -> list[ValueProblem]:
    """Return what is wrong with the user's values, also against what the inventory needs, sorted by path."""
    silent = replace(cluster, values=_said(cluster.values))
    below = planned_values(silent) if cluster.cilium_managed else needed_values(silent)
    by_whom = "the plan writes" if cluster.cilium_managed else "the inventory needs"
    found = [
        *check_helm_values(cluster.values, cluster.cilium_version, helm_values(cluster)),
        *_no_addresses(cluster),
        *_no_load_balancer(cluster),
        *_stopped(cluster),
        *_low_rate_limit(cluster),
        *_missing_families(cluster),
        *_ipam_problems(cluster),
        *_listen_problems(cluster),
        *_lease_problems(cluster),
        *_api_address_problems(cluster),
        *_distribution_problems(cluster),
    ]
    for check in (_switched_off(cluster), _taken_away(cluster.values, below, by_whom)):
        paths = {problem.path for problem in found}
        found += [problem for problem in check if problem.path not in paths]
    return sorted(found, key=lambda problem: problem.path)


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values without those that say nothing, so that the plan writes its own there."""
    found = {name: _said(value) if isinstance(value, Mapping) else value for name, value in values.items()}
    return {name: value for name, value in found.items() if value not in NOTHING}


def _taken_away(
    written: Mapping[str, Any], planned: Mapping[str, Any], by_whom: str, path: tuple[str, ...] = ()
) -> Iterator[ValueProblem]:
    """Yield what the user writes over planned values so that they are gone: null, empty text, no map over a map.

    A key without a value is null in YAML. Helm takes null as "this value is not there", and removes the chart's own too
    (Helm documentation, "Deleting a default key").

    Args:
        written: the user's values at ``path``.
        planned: those below them; of a Cilium that others install, what the inventory needs of it.
        by_whom: who has those below, as it is told.
        path: where both stand.
    """
    for name, lower in planned.items():
        if name not in written:
            continue
        upper, below = written[name], (*path, name)
        if isinstance(upper, Mapping) and isinstance(lower, Mapping):
            yield from _taken_away(upper, lower, by_whom, below)
        elif upper in NOTHING or isinstance(lower, Mapping) or isinstance(upper, Mapping):
            kind = _as_json(shown(below, upper))
            if upper not in NOTHING:
                kind += ", which is no map" if isinstance(lower, Mapping) else ", which is a map"
            told = _as_json(shown(below, lower))
            problem = f"it is {kind}, and takes away what {by_whom} there: {told}"
            whole = ".".join(below)
            hint = _TO_GIVE.get(whole, "remove the key, or give it a value").format(told)
            yield ValueProblem(whole, problem, hint)


def _switched_off(cluster: Cluster) -> Iterator[ValueProblem]:
    """Yield what the user switches off although the inventory needs it."""
    for path, reason in (
        ("bgpControlPlane.enabled", "the cluster has peerings" if cluster.peerings else None),
        ("enableLBIPAM", _pool_reason(cluster)),
        *((enabled_path(family), family_reason(cluster, family)) for family in Family),
        ("l2announcements.enabled", _l2_reason(cluster)),
        ("kubeProxyReplacement", _l2_reason(cluster)),
        ("ingressController.enabled", _chart_reason(cluster, CILIUM_INGRESS)),
        ("gatewayAPI.enabled", _chart_reason(cluster, GATEWAY)),
    ):
        written = value_at(cluster.values, path)
        if reason and written is not None and not isinstance(written, Mapping) and truth(written) is not True:
            printed = "false" if written is False else written or _as_json(written)
            yield ValueProblem(path, f"it is {printed}, but {reason}", "remove it")


def _pool_reason(cluster: Cluster) -> str | None:
    names = sorted(pool.name for pool in cluster.pools)
    return f"services draw from pools: {', '.join(names)}" if names else None


def _no_addresses(cluster: Cluster) -> Iterator[ValueProblem]:
    """Yield a default other than LB-IPAM, which then gives addresses to services with a ``loadBalancerClass`` alone.

    Nothing where the inventory names no service: those that it does not name may have a class.
    """
    path, other = "defaultLBServiceIPAM", value_at(cluster.values, "defaultLBServiceIPAM")
    plain = sorted(service.key for service in cluster.services if service.way is None)
    if not cluster.pools or other in (None, "lbipam") or not plain:
        return
    yield ValueProblem(
        path,
        f"it is {other}, so pools serve only services with a class, and {plain[0]} names none",
        "remove it, or write the class of each service",
    )


def _no_load_balancer(cluster: Cluster) -> Iterator[ValueProblem]:
    """Yield values by which the Service of Cilium's ingress controller gets no address, though the inventory has it."""
    names = ", ".join(_of_chart(cluster, CILIUM_INGRESS))
    in_host, kind = f"{_HOST_NETWORK}.enabled", f"{_SERVICE}.type"
    for path, usual in ((in_host, False), (kind, "LoadBalancer")):
        written = value_at(cluster.values, path)
        if names and written is not None and usual not in (written, truth(written)):
            shown = "true" if written is True else written
            problem = (
                f"it is {shown}, but edge_services has {names}: only a Service of type LoadBalancer gets addresses"
            )
            yield ValueProblem(path, problem, "remove it")


def _stopped(cluster: Cluster) -> Iterator[ValueProblem]:
    """Yield values that leave out agents or operator, without which nothing of the plan takes effect."""
    if not (cluster.peerings or cluster.pools):
        return
    for path in ("agent", "operator.enabled"):
        if is_false(cluster.values, path):
            yield ValueProblem(path, "it is false, but peerings and pools are its work", "remove it")
    if value_at(cluster.values, "operator.replicas") in (0, "0"):
        yield ValueProblem(
            "operator.replicas",
            "it is 0, but the operator hands out addresses and configures the nodes' BGP",
            "remove it",
        )


def _low_rate_limit(cluster: Cluster) -> Iterator[ValueProblem]:
    """Yield a client rate limit that is no higher than what L2 leases need, so that leases would expire."""
    written, needed = value_at(cluster.values, "k8sClientRateLimit.qps"), lease_requests(cluster)
    if isinstance(written, int) and not isinstance(written, bool) and written <= needed:
        yield ValueProblem(
            "k8sClientRateLimit.qps",
            f"it is {written}, but the leases of L2 services alone cost {needed} a second",
            "remove it: it follows from the services and edge_l2_lease",
        )


def _missing_families(cluster: Cluster) -> Iterator[ValueProblem]:
    """Yield ``ipv6.enabled`` where the inventory needs IPv6 and the plan cannot switch it on without IPv6 pod CIDRs."""
    reason = family_reason(cluster, Family.IPV6)
    if (
        cluster.cilium_managed
        and reason
        and Family.IPV6 not in pod_families(cluster)
        and value_at(cluster.values, "ipv6.enabled") is None
    ):
        yield ValueProblem(
            "ipv6.enabled",
            f"it is missing, but {reason}",
            "write true once pods have an IPv6 range (and edge_cluster_pod_cidrs names it): an agent without one"
            " waits for it and serves nothing",
        )


def _ipam_problems(cluster: Cluster) -> Iterator[ValueProblem]:
    """Yield IPAM values that contradict the inventory's pod CIDRs, from which the router's filter is made."""
    mode = value_at(cluster.values, "ipam.mode")
    if cluster.pod_pools and mode not in (None, MULTI_POOL):
        yield ValueProblem("ipam.mode", f"it is {mode}, but edge_cluster_pod_pools needs {MULTI_POOL}", "remove it")
    if mode in (None, CLUSTER_POOL):
        yield from _other_ranges(cluster)
    if not any(item.kind == "pod_cidrs" for peering in cluster.peerings for item in peering.advertise):
        return
    for family in Family:
        path = mask_path(family)
        written = value_at(cluster.values, path)
        if written is not None and written != cluster.pod_mask[family]:
            yield ValueProblem(
                path,
                f"it is {written}, but edge_cluster_pod_mask is {cluster.pod_mask[family]} for {family.key}, and"
                " routers accept no other length",
                "say it once: in edge_cluster_pod_mask",
            )


def _other_ranges(cluster: Cluster) -> Iterator[ValueProblem]:
    """Yield pod CIDRs that differ from those of the inventory."""
    for family in Family:
        path = list_path(family)
        written = value_at(cluster.values, path)
        ours = [cidr.text for cidr in cluster.pod_cidrs if cidr.family is family]
        if written is None or not ours:
            continue
        if written_ranges(written) != ours:
            yield ValueProblem(
                path,
                f"it is {written}, but edge_cluster_pod_cidrs says {', '.join(ours)}",
                "say it once: in edge_cluster_pod_cidrs",
            )


def _listen_problems(cluster: Cluster) -> Iterator[ValueProblem]:
    """Yield the agents' capabilities where they listen on a port below 1024 and NET_BIND_SERVICE is not among them.

    The chart's own list does not have it.
    """
    ports = low_ports(cluster)
    if not ports or not cluster.cilium_managed or is_true(cluster.values, "securityContext.privileged"):
        return
    written = value_at(cluster.values, AGENT_CAPABILITIES)
    if written is None and cluster.distribution == "talos":
        return
    if not isinstance(written, (list, tuple)) or BIND_LOW_PORTS not in written:
        lack = "is missing" if written is None else f"has no {BIND_LOW_PORTS}"
        yield ValueProblem(
            AGENT_CAPABILITIES,
            f"it {lack}, but agents listen on port {ports[0]}",
            f"write the chart's list with {BIND_LOW_PORTS} in it, or a listen_port from 1024 on",
        )


def _lease_problems(cluster: Cluster) -> Iterator[ValueProblem]:
    """Yield L2 lease timings that are written as Helm values: neither their check nor the rate limit would see them."""
    keys = {"leaseDuration": "duration", "leaseRenewDeadline": "renew", "leaseRetryPeriod": "retry"}
    for name, key in keys.items():
        if _has(cluster.values, f"l2announcements.{name}") and any(pool.l2 for pool in cluster.pools):
            hint = f"edge_l2_lease: {{{key}: ...}}, in seconds"
            yield ValueProblem(f"l2announcements.{name}", "edge_l2_lease says it", hint)


def _api_address_problems(cluster: Cluster) -> Iterator[ValueProblem]:
    """Yield an address of the API server that agents cannot take: one without a port, or one that they serve.

    Source: k8s.io/client-go, rest.InClusterConfig: without host or port it is not in a cluster.
    """
    for path, address in _api_addresses(cluster):
        for pool in (pool for pool in cluster.pools if contains(pool.intervals, address.interval)):
            yield ValueProblem(
                path,
                f"it is {address.text} of pool {pool.name}, which agents serve: none would start without another that"
                " runs",
                "write an address of the control plane's nodes, or of a load balancer outside of the cluster",
            )
    port = value_at(cluster.values, PORT)
    if port is not None and not _is_port(port):
        yield ValueProblem(PORT, f"it is {port!r}, which is no port", "write a number: 6443 on most clusters")
    known = port is not None or PORT in {item.path for item in distribution_values(cluster)}
    for path in (HOST, HOST_REFERENCE):
        host = value_at(cluster.values, path)
        if host and host != HOST_LOOKED_UP and not known:
            yield ValueProblem(PORT, f"it is missing, but {path} is {host}", "write it: 6443 on most clusters")


def _is_port(value: Any) -> bool:
    """Return whether a value is a TCP port, as a number or as text."""
    text = str(value)
    return not isinstance(value, bool) and text.isascii() and text.isdigit() and 0 < int(text) <= LAST_PORT


def _api_addresses(cluster: Cluster) -> Iterator[tuple[str, Address]]:
    """Yield the values that name the API server with an address, not with a host's name, and which one."""
    urls = value_at(cluster.values, API_URLS)
    yield from ((API_URLS, address) for address in url_addresses(urls if isinstance(urls, str) else ""))
    with suppress(EdgeError):  # a host's name
        yield HOST, parse_address(value_at(cluster.values, HOST), HOST)


def _distribution_problems(cluster: Cluster) -> Iterator[ValueProblem]:
    """Yield values that contradict what the distribution's nodes are, by the table in ``distributions``."""
    distribution, values = distribution_of(cluster.distribution), cluster.values
    host, port = value_at(values, HOST), value_at(values, PORT)
    local = distribution.local_port
    at_node = (host or distribution.value_of(HOST)) in LOCAL_HOSTS and not any(
        value_at(values, path) for path in api_addresses(cluster.cilium_version) if path != HOST
    )
    if local is not None and at_node and port is not None and str(port) != str(local):
        yield ValueProblem(
            PORT,
            f"it is {port}, but the load balancer for the API server on each {distribution.name} node listens on"
            f" {local}",
            "remove it, if its port was not changed on every node",
            against_distribution=True,
        )
    if cluster.distribution != "talos":
        return
    for path in CAPABILITIES:
        written = value_at(values, path)
        if isinstance(written, (list, tuple)) and "SYS_MODULE" in written:
            problem = "it has SYS_MODULE, which Talos gives no pod: the container would not start"
            yield ValueProblem(path, problem, "take SYS_MODULE out of the list")
    if is_true(values, "cgroup.autoMount.enabled"):
        yield ValueProblem(
            "cgroup.autoMount.enabled",
            "it is true, but Talos has mounted cgroup v2 at /sys/fs/cgroup, and its root file system is read-only",
            "remove it",
            against_distribution=True,
        )
    root = value_at(values, "cgroup.hostRoot")
    if root not in (*NOTHING, distribution.value_of("cgroup.hostRoot")):
        yield ValueProblem(
            "cgroup.hostRoot",
            f"it is {root}, but Talos mounts cgroup v2 at /sys/fs/cgroup",
            "remove it",
            against_distribution=True,
        )


def _l2_reason(cluster: Cluster) -> str | None:
    names = sorted(pool.name for pool in cluster.pools if pool.l2)
    return f"pools are announced by L2: {', '.join(names)}" if names else None


def _chart_reason(cluster: Cluster, chart: str) -> str | None:
    names = _of_chart(cluster, chart)
    return f"it makes the Service of {', '.join(names)}" if names else None


def _of_chart(cluster: Cluster, chart: str) -> list[str]:
    """Return the keys of the services that a chart makes, sorted."""
    return sorted(service.key for service in cluster.services if service.chart == chart)


def _other_types(values: Mapping[str, Any]) -> Iterator[ValueProblem]:
    """Yield values at which Helm fails, as they have another type than the chart or Kubernetes takes.

    Labels and annotations are text for Kubernetes (``metav1.ObjectMeta``), which sees those of the ingress controller
    where that is on. What is null stands for no value.
    """
    is_off = is_false(values, "ingressController.enabled")
    texts = {tuple(path.split(".")): value_at(values, path) for path in _TEXTS}
    for path in _MAPS:
        found, parts = value_at(values, path), tuple(path.split("."))
        if found is not None and not isinstance(found, Mapping):
            problem = f"it is {_as_json(shown(parts, found))}, which is no map"
            yield ValueProblem(path, problem, "give each entry its name: NAME: ...")
        elif path in _TEXT_MAPS and not (is_off and path.startswith(_SERVICE)):
            texts |= {(*parts, str(name)): value for name, value in (found or {}).items()}
    for parts, value in texts.items():
        if value is not None and not isinstance(value, str):
            printed = shown(parts, value)
            problem = f"it is {_as_json(printed)}, which is no text"
            yield ValueProblem(".".join(parts), problem, _text_hint(printed))


def _as_json(value: Any) -> str:
    """Return a value as JSON, and what JSON has not, such as a date of YAML, without quotes."""
    return str(value) if isinstance(value, date) else json.dumps(value, default=str)


def _text_hint(value: Any) -> str:
    """Return the way out for a value that is no text where one was needed."""
    if not isinstance(value, (Mapping, list, tuple)):
        return "quote it, so that YAML leaves it as you wrote it"
    if value and not isinstance(value, Mapping) and all(isinstance(item, str) for item in value):
        return f"write one text: {','.join(value)!r}"
    return "write one text"


def _version(text: str) -> Version | None:
    """Return the version's numbers; None for one that is refused elsewhere."""
    try:
        return parse_version(text)
    except EdgeError:
        return None


def _check_rule(
    rule: HelmValue, values: Mapping[str, Any], version: str, release: Mapping[str, Any]
) -> ValueProblem | None:
    found = _version(version)
    if not _has(values, rule.path) or found is None:
        return None
    if rule.since and found < rule.since:
        return ValueProblem(
            rule.path, f"Cilium {version} does not have it yet: it came with {text_of(rule.since)}", rule.hint
        )
    severity = WARNING if _is_left_over(rule, value_at(values, rule.path), release) else ERROR
    if rule.until == NEVER:
        return ValueProblem(rule.path, "no version of Cilium has it", rule.hint, severity)
    if rule.until and found >= rule.until:
        gone = text_of(rule.until)
        return ValueProblem(
            rule.path, f"Cilium {version} ignores it: it is gone since {gone}", rule.hint or "remove it", severity
        )
    return None


def _is_left_over(rule: HelmValue, written: Any, release: Mapping[str, Any]) -> bool:
    """Return whether nothing is missed where the chart ignores what is written."""
    beside = rule.left_over_with is not None and is_true(release, rule.left_over_with)
    as_it_is = str(written).lower() in {str(value).lower() for value in rule.left_over_as}
    return rule.left_over or as_it_is or beside


def _unknown_names(values: Mapping[str, Any]) -> Iterator[ValueProblem]:
    for name in values:
        if (top := name.partition(".")[0]) != name and top in KNOWN_NAMES:
            hint = f"write {in_maps(name, '...')}"
            yield ValueProblem(name, "a name with dots is one name for Helm, and no chart has it", hint)
            continue
        if name == "cilium" and isinstance(values[name], Mapping):
            yield ValueProblem(name, "no chart known here has it", "write what is below it one level up")
            continue
        close = get_close_matches(name, KNOWN_NAMES, n=1, cutoff=0.8)
        if name not in KNOWN_NAMES and close:
            yield ValueProblem(name, "no chart known here has it", f"did you mean {close[0]}?", WARNING)
    for parent, children in KNOWN_CHILDREN.items():
        section = values.get(parent)
        for name in section if isinstance(section, Mapping) else ():
            if name not in children:
                near = get_close_matches(name, children, n=1, cutoff=0.6)
                hint = f"did you mean {parent}.{near[0]}?" if near else f"known: {', '.join(children)}"
                yield ValueProblem(f"{parent}.{name}", "no version of Cilium has it", hint)


def _has(values: Mapping[str, Any], path: str) -> bool:
    parent, _dot, name = path.rpartition(".")
    section = value_at(values, parent) if parent else values
    return isinstance(section, Mapping) and name in section

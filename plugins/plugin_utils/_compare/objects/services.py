# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The properties of a Service of type LoadBalancer, with the API's defaults filled in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from ....module_utils._kubernetes.cilium_kinds import ASKED_ADDRESSES, RANGES_POLICY
from ..._addressing.intervals import Interval, merge
from ..._cilium.lb_ipam import OLDER_NAMES
from ..._kubernetes.labels import ANNOTATION_SHARING_KEY, ANNOTATION_SHARING_NAMESPACES, service_labels
from ..._kubernetes.selectors import Selector
from ..._live_cluster.as_it_lives import ALLOTTED, SERVICE_DEFAULTS
from ..._versions.cilium import RANGES_POLICY_SINCE, Version
from .pools import interval_text

_SHARING = {
    what: (key, OLDER_NAMES[key])
    for what, key in (
        ("sharing key", ANNOTATION_SHARING_KEY),
        ("shared with namespaces", ANNOTATION_SHARING_NAMESPACES),
    )
}
"""What is told -> the annotation that says it, and its older name."""
COMPARED_ANNOTATIONS = frozenset(
    {RANGES_POLICY, *ASKED_ADDRESSES, *(key for keys in _SHARING.values() for key in keys)}
)
"""The annotations that :func:`service_facts` tells."""
_OTHERWISE_COMPARED = ("ports", "loadBalancerIP", "selector")


def ranges_are_kept_out(item: Mapping[str, Any], version: Version) -> bool:
    """Return whether the source ranges of a Service are those that may not reach it.

    The word counts in whatever case; without ranges, and before Cilium 1.17, it does nothing (Cilium,
    ``pkg/loadbalancer/service.go``).

    Args:
        item: the Service.
        version: of Cilium.
    """
    said = str((item["metadata"].get("annotations") or {}).get(RANGES_POLICY)).lower()
    ranges = (item.get("spec") or {}).get("loadBalancerSourceRanges")
    return said == "deny" and bool(ranges) and version >= RANGES_POLICY_SINCE


def service_facts(
    item: Mapping[str, Any],
    name: str,
    pools: Iterable[tuple[Selector, bool, tuple[Interval, ...]]],
    first_family: str,
    version: Version,
) -> dict[str, str]:
    """Return the properties of a Service: addresses, ports, endpoints and policies.

    Args:
        item: the Service.
        name: ``namespace/name``.
        pools: selector, whether it is disabled, and addresses of each pool: labels matter by what they draw from.
        first_family: of the cluster, ``IPv4`` or ``IPv6``: what a Service gets that names none.
        version: of the Cilium that serves it.
    """
    metadata, spec = item["metadata"], item["spec"]
    if metadata.get("uid"):
        spec = _as_asked(spec)
    annotations = metadata.get("annotations") or {}
    namespace, _slash, bare = name.rpartition("/")
    labels = {
        **(metadata.get("labels") or {}),
        **service_labels(namespace or "default", bare),
    }
    drawn = merge(part for matched, off, parts in pools if not off and matched.matches(labels) for part in parts)
    facts = {"draws from": interval_text(drawn), "asks for": _addresses(spec, annotations)}
    for what, keys in _SHARING.items():
        facts[what] = _one_order(next((str(annotations[key]) for key in keys if key in annotations), ""), what)
    facts["source ranges"] = "are kept out" if ranges_are_kept_out(item, version) else ""
    facts["ports"] = _ports(spec.get("ports") or [])
    facts["endpoints"] = ", ".join(f"{key}={value}" for key, value in sorted((spec.get("selector") or {}).items()))
    defaults = {**SERVICE_DEFAULTS, "ipFamilies": [first_family]}
    for key in sorted({**defaults, **spec}):
        value = spec.get(key, defaults.get(key))
        if key not in _OTHERWISE_COMPARED and value != defaults.get(key):
            facts[key] = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return {key: "\\n".join(value.splitlines()) for key, value in facts.items() if value}


def _as_asked(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the spec of a Service that was read from a cluster without what the API server has chosen.

    A node port that was asked for looks the same there and is left out too; a headless Service asks for no cluster IP.
    """
    headless = spec.get("clusterIP") == "None"
    kept = {key: value for key, value in spec.items() if headless or key not in ALLOTTED}
    ports = [{key: value for key, value in port.items() if key != "nodePort"} for port in spec.get("ports") or []]
    return {**kept, "ports": ports}


def _one_order(value: str, what: str) -> str:
    """Return the value of an annotation in one order, where it is a list of which the order means nothing.

    Blanks mean something: Cilium takes them for a part of a namespace's name (``operator/pkg/lbipam``).
    """
    return ",".join(sorted(set(value.split(",")))) if what == "shared with namespaces" else value


def _addresses(spec: Mapping[str, Any], annotations: Mapping[str, Any]) -> str:
    """Return the addresses that a Service asks for.

    A word that is no address stays as it is: other controllers take names, and LB-IPAM passes over them
    (``_cilium/lb_ipam``).
    """
    written = next((str(annotations[key]) for key in ASKED_ADDRESSES if key in annotations), "")
    texts = [text.strip() for text in written.split(",") if text.strip()]
    if spec.get("loadBalancerIP"):
        texts.append(str(spec["loadBalancerIP"]))
    found: set[IPv4Address | IPv6Address] = set()
    strange: set[str] = set()
    for text in texts:
        try:
            found.add(ip_address(text))
        except ValueError:
            strange.add(f"{text} (no address)")
    ordered = sorted(found, key=lambda address: (address.version, int(address)))
    return ", ".join([*map(str, ordered), *sorted(strange)])


def _ports(ports: Iterable[Mapping[str, Any]]) -> str:
    """Return the ports in one order; the name of an only port means nothing."""
    held = list(ports)
    texts = []
    for port in held:
        protocol = port.get("protocol") or "TCP"
        target = port.get("targetPort") or port.get("port")
        named = f" ({port['name']})" if len(held) > 1 and port.get("name") else ""
        fixed = f" at node port {port['nodePort']}" if port.get("nodePort") else ""
        spoken = f" for {port['appProtocol']}" if port.get("appProtocol") else ""
        texts.append(f"{port.get('port')}/{protocol} to {target}{named}{spoken}{fixed}")
    return ", ".join(sorted(texts))

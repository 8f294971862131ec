# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Cilium's chart makes by a value, beside what it always holds.

Source: the conditions at the heads of the chart's templates, 1.16 to 1.20.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._kubernetes.values import is_false, is_true, value_at

_RBAC = "rbac.authorization.k8s.io"
_APPS = ("apps", "deployments"), ("", "services"), ("", "serviceaccounts"), ("", "configmaps")


@dataclass(frozen=True, slots=True)
class ChartAdds:
    """One thing that values switch on, and what the chart makes for it."""

    wanted: tuple[str, ...]
    """Paths that are off by themselves; ``path=text`` where the value is a word."""
    usual: tuple[str, ...]
    """Paths that are on by themselves."""
    resources: tuple[tuple[str, str], ...]
    """API group and resource."""
    namespace: str = ""
    """Path of the namespace; the release's own where it is empty, or has no value."""

    def is_made(self, values: Mapping[str, Any]) -> bool:
        """Return whether the chart makes it by these values."""
        return all(_is_on(values, path) for path in self.wanted) and not any(
            _is_off(values, path) for path in self.usual
        )


def _is_on(values: Mapping[str, Any], condition: str) -> bool:
    path, equals, text = condition.partition("=")
    found = value_at(values, path)
    return found == text if equals else is_true(values, path) or (isinstance(found, list) and bool(found))


def _is_off(values: Mapping[str, Any], path: str) -> bool:
    return is_false(values, path) or value_at(values, path) == ""


_DISRUPTION = (("policy", "poddisruptionbudgets"),)
_MONITOR = (("monitoring.coreos.com", "servicemonitors"),)
_CERTIFICATE = (("cert-manager.io", "certificates"),)
_HUBBLE = ("hubble.enabled",)
_HUBBLE_TLS = (*_HUBBLE, "hubble.tls.enabled", "hubble.tls.auto.enabled")
_MESH, _MESH_TLS = "clustermesh.useAPIServer", "clustermesh.apiserver.tls.auto"
_MESH_MONITOR = "clustermesh.apiserver.metrics.serviceMonitor"
_RELAY, _UI = "hubble.relay.enabled", "hubble.ui.enabled"

CHART_ADDS: tuple[ChartAdds, ...] = (
    ChartAdds((_RELAY,), _HUBBLE, _APPS),
    ChartAdds((_UI,), _HUBBLE, (*_APPS, (_RBAC, "clusterroles"), (_RBAC, "clusterrolebindings"))),
    ChartAdds((_UI, "hubble.ui.ingress.enabled"), _HUBBLE, (("networking.k8s.io", "ingresses"),)),
    ChartAdds(("hubble.tls.auto.method=cronJob",), _HUBBLE_TLS, (("batch", "jobs"),)),
    ChartAdds(
        ("hubble.tls.auto.method=cronJob",), (*_HUBBLE_TLS, "hubble.tls.auto.schedule"), (("batch", "cronjobs"),)
    ),
    ChartAdds(("hubble.tls.auto.method=certmanager",), _HUBBLE_TLS, _CERTIFICATE),
    ChartAdds((_MESH, f"{_MESH_TLS}.method=cronJob"), (f"{_MESH_TLS}.enabled",), (("batch", "jobs"),)),
    ChartAdds(
        (_MESH, f"{_MESH_TLS}.method=cronJob"),
        (f"{_MESH_TLS}.enabled", f"{_MESH_TLS}.schedule"),
        (("batch", "cronjobs"),),
    ),
    ChartAdds((_MESH, f"{_MESH_TLS}.method=certmanager"), (f"{_MESH_TLS}.enabled",), _CERTIFICATE),
    ChartAdds(("operator.podDisruptionBudget.enabled",), ("operator.enabled",), _DISRUPTION),
    ChartAdds((_RELAY, "hubble.relay.podDisruptionBudget.enabled"), _HUBBLE, _DISRUPTION),
    ChartAdds((_UI, "hubble.ui.podDisruptionBudget.enabled"), _HUBBLE, _DISRUPTION),
    ChartAdds((_MESH, "clustermesh.apiserver.podDisruptionBudget.enabled"), (), _DISRUPTION),
    ChartAdds(("resourceQuotas.enabled",), ("agent",), (("", "resourcequotas"),)),
    ChartAdds(
        ("prometheus.enabled", "prometheus.serviceMonitor.enabled"),
        ("agent",),
        _MONITOR,
        "prometheus.serviceMonitor.namespace",
    ),
    ChartAdds(
        ("operator.prometheus.serviceMonitor.enabled",),
        ("operator.enabled", "operator.prometheus.enabled"),
        _MONITOR,
        "operator.prometheus.serviceMonitor.namespace",
    ),
    ChartAdds(
        ("envoy.prometheus.serviceMonitor.enabled",),
        ("envoy.enabled", "envoy.prometheus.enabled"),
        _MONITOR,
        "envoy.prometheus.serviceMonitor.namespace",
    ),
    ChartAdds(
        (_RELAY, "hubble.relay.prometheus.enabled", "hubble.relay.prometheus.serviceMonitor.enabled"),
        _HUBBLE,
        _MONITOR,
        "hubble.relay.prometheus.serviceMonitor.namespace",
    ),
    ChartAdds(
        ("hubble.metrics.enabled", "hubble.metrics.serviceMonitor.enabled"),
        _HUBBLE,
        _MONITOR,
        "prometheus.serviceMonitor.namespace",
    ),
    ChartAdds((_MESH, f"{_MESH_MONITOR}.enabled"), (), _MONITOR, f"{_MESH_MONITOR}.namespace"),
)


def chart_adds(namespace: str, values: Mapping[str, Any]) -> Iterator[tuple[int, str, str, str]]:
    """Yield the row's number, API group, resource and namespace of what values add to the chart.

    Args:
        namespace: of the release.
        values: all its values.
    """
    for number, row in enumerate(CHART_ADDS):
        if row.is_made(values):
            where = str((row.namespace and value_at(values, row.namespace)) or namespace)
            for group, resource in row.resources:
                yield number, group, resource, where

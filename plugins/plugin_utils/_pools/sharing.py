# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that share one address, by the rules of Cilium's LB-IPAM (``operator/pkg/lbipam/service_store.go``).

Two services can share when they have the same key, are in one namespace or both name each other's, have no port in
common and the same ``externalTrafficPolicy``; with ``Local`` their selectors must be equal and not empty. What only
the cluster knows (the ports of a Service that others make) is taken to fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .._model.site import KUBERNETES_TRAFFIC_POLICY, Service

ALL = "*"


def obstacle(one: Service, other: Service) -> str | None:
    """Return why two services cannot have one address; None = they can, as far as the inventory tells."""
    if one.share is None or one.share != other.share:
        return "they have no sharing key in common"
    if one.pool != other.pool:
        return f"they draw from pools {one.pool!r} and {other.pool!r}"
    return _stranger(one, other) or _stranger(other, one) or same_port(one, other) or other_traffic(one, other)


def names(service: Service, namespace: str) -> bool:
    """Return whether ``service`` lets services of ``namespace`` share its address."""
    return service.namespace == namespace or ALL in service.share_with or namespace in service.share_with


def same_port(left: Service, right: Service) -> str | None:
    """Return which port both services have."""
    common = {(port.port, port.protocol) for port in left.ports} & {(port.port, port.protocol) for port in right.ports}
    if not common:
        return None
    port, protocol = min(common)
    return f"both have {protocol} port {port}"


def other_traffic(left: Service, right: Service) -> str | None:
    """Return why the traffic policies of two services do not fit."""
    policies = _policy(left), _policy(right)
    if None in policies:
        return None
    if policies[0] != policies[1]:
        return f"one has traffic_policy {policies[0]}, the other {policies[1]}"
    selected = policies[0] == "Local" and left.manage == right.manage == "service"
    if selected and (left.selector != right.selector or not left.selector):
        return "with traffic_policy Local both need the same selector"
    return None


@dataclass(slots=True)
class _Party:
    """Services that share one address, as far as the next one must fit them all."""

    first: Service
    namespaces: set[str] = field(default_factory=set)
    admitted: set[str] | None = None
    """Namespaces that all of them name; None = all."""
    ports: set[tuple[int, str]] = field(default_factory=set)
    policies: set[str] = field(default_factory=set)
    created: Service | None = None
    """One that we create, whose selector is known."""

    def fits(self, service: Service) -> bool:
        """Return whether ``service`` can share with every one of them."""
        policy = _policy(service)
        return (
            service.pool == self.first.pool
            and (self.admitted is None or service.namespace in self.admitted)
            and (ALL in service.share_with or self.namespaces <= {service.namespace, *service.share_with})
            and self.ports.isdisjoint((port.port, port.protocol) for port in service.ports)
            and (policy is None or self.policies <= {policy})
            and (self.created is None or other_traffic(self.created, service) is None)
        )

    def join(self, service: Service) -> None:
        """Add ``service``."""
        self.namespaces.add(service.namespace)
        if ALL not in service.share_with:
            own = {service.namespace, *service.share_with}
            self.admitted = own if self.admitted is None else self.admitted & own
        self.ports |= {(port.port, port.protocol) for port in service.ports}
        self.policies |= {policy for policy in (_policy(service),) if policy}
        if service.manage == "service":
            self.created = self.created or service


def groups(services: Iterable[Service]) -> dict[str, str]:
    """Return the group of each service that has a sharing key: ``namespace/name`` -> that of its first member.

    Services come in the order of their names, and each joins the first group all of whose members it can share with.
    Without ``share_with`` only its own namespace counts, so that a key in many namespaces costs nothing.
    """
    found: dict[str, str] = {}
    parties: dict[tuple[str, str], list[_Party]] = {}
    for service in services:
        if service.share is None:
            continue
        scope = ALL if service.share_with else service.namespace
        candidates = parties.setdefault((service.share, scope), [])
        party = next((own for own in candidates if own.fits(service)), None)
        if party is None:
            party = _Party(service)
            candidates.append(party)
        party.join(service)
        found[service.key] = party.first.key
    return found


def _stranger(left: Service, right: Service) -> str | None:
    if names(left, right.namespace):
        return None
    return f"share_with of {left.key} does not name {right.namespace}"


def _policy(service: Service) -> str | None:
    """Return the traffic policy as far as it is known: what others make may have any."""
    return (
        service.traffic_policy if service.manage == "metadata" else service.traffic_policy or KUBERNETES_TRAFFIC_POLICY
    )

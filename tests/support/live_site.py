# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference site, planned and observed in good order, to break one thing in it; and faults with what verify finds."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.counters import Earlier
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.report import VerifyReport
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import verify

from .hybrid import hybrid_plan
from .observed import hybrid_observed

PLAN: dict[str, Any] = hybrid_plan().data


class LiveSite:
    """The plan of the reference site and what was observed of it, free to break."""

    def __init__(self) -> None:
        self.plan: dict[str, Any] = copy.deepcopy(PLAN)
        self.observed: dict[str, Any] = hybrid_observed(self.plan)
        self.strict = False
        self.earlier: Earlier = {}

    @property
    def router(self) -> dict[str, Any]:
        """The router's output, by command."""
        return self.observed["routers"]["udm-pro"]

    @property
    def resources(self) -> dict[str, Any]:
        """The cluster's objects, by kind."""
        return self.observed["clusters"]["platform"]["resources"]

    def neighbor(self, address: str = "10.121.0.11") -> dict[str, Any]:
        """Return a neighbor of the router."""
        return self.router["neighbors"][address]

    def line(self, address: str = "10.121.0.11") -> dict[str, Any]:
        """Return a neighbor's line of the summary."""
        return self.router["summary"]["ipv4Unicast"]["peers"][address]

    def family(self, address: str = "10.121.0.11") -> dict[str, Any]:
        """Return what a neighbor's IPv4 family shows."""
        return self.neighbor(address)["addressFamilyInfo"]["ipv4Unicast"]

    @property
    def routes(self) -> dict[str, Any]:
        """The IPv4 paths that the router accepted, by prefix."""
        return self.router["bgp"]["ipv4"]["routes"]

    @property
    def kernel(self) -> dict[str, Any]:
        """The router's IPv4 routes, by prefix."""
        return self.router["routes"]["ipv4"]

    def item(self, kind: str, name: str) -> dict[str, Any]:
        """Return an object of the cluster."""
        return next(item for item in self.resources[kind] if item["metadata"]["name"] == name)

    def service(self, name: str, namespace: str | None = None) -> dict[str, Any]:
        """Return a Service; the namespace where the name stands in several."""
        return next(
            item
            for item in self.resources["Service"]
            if item["metadata"]["name"] == name and namespace in (None, item["metadata"]["namespace"])
        )

    def slice(self, namespace: str) -> dict[str, Any]:
        """Return the EndpointSlice of a namespace."""
        return next(item for item in self.resources["EndpointSlice"] if item["metadata"]["namespace"] == namespace)

    def peer(self, node: str = "node01", instance: int = 0) -> dict[str, Any]:
        """Return a node's session with the router."""
        return self.item("CiliumBGPNodeConfig", node)["status"]["bgpInstances"][instance]["peers"][0]

    def lease(self, namespace: str) -> dict[str, Any]:
        """Return the L2 lease of a namespace's service."""
        return next(item for item in self.resources["Lease"] if f"-{namespace}-" in item["metadata"]["name"])

    def complain(self, kind: str, name: str, condition: str, message: str) -> None:
        """Let Cilium report a problem at an object."""
        entry = {"type": condition, "status": "True", "reason": "Whatever", "message": message}
        self.item(kind, name)["status"]["conditions"] = [entry]

    def verify(self) -> VerifyReport:
        """Compare both ends with the plan."""
        return verify(self.plan, self.observed, self.strict, self.earlier)

    def texts(self) -> list[str]:
        """Return every finding as ``CODE path: problem (hint)``."""
        return [f"{finding.code} {finding.text}" for finding in self.verify().findings]

    def codes(self) -> list[str]:
        """Return the code of every finding."""
        return [finding.code for finding in self.verify().findings]

    def rows(self, step: str) -> list[tuple[str, str, str, str]]:
        """Return the rows of one step: subject, expected, seen, level."""
        return [(row.subject, row.expected, row.seen, row.level) for row in self.verify().rows if row.step == step]


Break = Callable[[LiveSite], None]


@dataclass(frozen=True)
class Fault:
    """Something that can be broken in a site."""

    apply: Break
    texts: tuple[str, ...]
    """What verify finds then, as ``CODE path: problem (hint)``."""
    prepare: Break | None = None

    def __str__(self) -> str:
        return self.apply.__name__

    def check(self) -> None:
        """Break a site and compare what verify finds."""
        site = LiveSite()
        if self.prepare:
            self.prepare(site)
            assert site.texts() == []
        self.apply(site)
        report = site.verify()
        assert [f"{finding.code} {finding.text}" for finding in report.findings] == list(self.texts)
        if any(row.level == "error" for row in report.rows):
            assert report.errors, "a row is unmet, and nothing says why"


class Faults(list[Fault]):
    """The faults of one part of verify, each written beside its texts.

    Args:
        prepare: what the site gets before it is broken; it must be in good order with it.
    """

    def __init__(self, prepare: Break | None = None) -> None:
        super().__init__()
        self._prepare = prepare

    def finds(self, *texts: str) -> Callable[[Break], Break]:
        """Register a function that breaks a site, after which verify finds exactly ``texts``."""

        def register(apply: Break) -> Break:
            self.append(Fault(apply, texts, self._prepare))
            return apply

        return register

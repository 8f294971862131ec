# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Upstream on the wire of a provider: it asks for each address by ARP, and the twin's router answers where the site says so.

As in test_firewall, a static route and addresses on the nodes' loopbacks stand for FRR and Cilium.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.platforms import RouterSettings
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import ask as asking
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import listener, network
from ansible_collections.hybridnet.cluster_edge.tests.support import sites

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="makes network namespaces: needs root")]

ADDRESS = "203.0.113.90"
NODES = {"n1": "10.12.0.11", "n2": "10.12.0.12"}


class Wire:
    """The wiring of the site slash-29-on-link, with two nodes behind one address."""

    def __init__(self) -> None:
        self.name = f"wire-{os.getpid()}"
        self.prefix = _twin.prefix(self.name)
        self.listeners: list[subprocess.Popen[bytes]] = []
        self.described: dict[str, Any] = {}

    def build(self, *proxy_arp: str) -> None:
        """Make the wiring, or change it."""
        planned = sites.site("slash-29-on-link").plan.data
        assert planned is not None
        twin = _twin.describe(planned, self.name, settings=RouterSettings(proxy_arp=proxy_arp))
        self.described = json.loads(json.dumps(dataclasses.asdict(twin)))
        network.build(twin)

    def serve(self) -> None:
        """Let the router lead to both nodes, and both answer."""
        hops = [word for address in NODES.values() for word in ("nexthop", "via", address)]
        self._run("udm", "ip", "route", "replace", f"{ADDRESS}/32", *hops)
        port = json.dumps([{"service": "web/ingress", "port": 80, "protocol": "TCP", "service_port": 80}])
        for node in NODES:
            self._run(node, "ip", "address", "replace", f"{ADDRESS}/32", "dev", "lo")
            inside = ["nsenter", f"--net=/run/netns/{self.prefix}.host.{node}", "--"]
            self.listeners.append(subprocess.Popen([*inside, sys.executable, listener.__file__, node, port]))

    def _run(self, host: str, *command: str) -> None:
        subprocess.run(["nsenter", f"--net=/run/netns/{self.prefix}.host.{host}", "--", *command], check=True)

    def ask(self) -> list[str]:
        """Return what upstream hears, by the router's choice and over each next hop: the node, or the error."""
        (leg,) = [
            leg["interface"]
            for host in self.described["hosts"]
            if host["name"] == "udm"
            for leg in host["legs"]
            if "10.12.0.1/24" in leg["addresses"]
        ]
        paths = [{"router": "udm", "gateway": gateway, "interface": leg} for gateway in NODES.values()]
        target = {"client": "upstream", "address": ADDRESS, "to": ADDRESS, "tcp": [80], "udp": [], "paths": paths}
        answers = asking.ask(self.described, [target])["answers"]
        assert [item.get("gateway") for item in answers] == [None, *NODES.values()]
        return [item.get("node") or item["error"] for item in answers]

    def remove(self) -> None:
        """End what runs and remove the namespaces."""
        for process in self.listeners:
            process.kill()
            process.wait()
        network.remove(network.namespaces(self.prefix))


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    try:
        yield made
    finally:
        made.remove()


def test_the_router_answers_arp_where_the_site_says_so_and_no_longer_when_it_does_not(wire: Wire) -> None:
    wire.build("wan")
    wire.serve()
    heard: list[str] = []
    for _time in range(20):  # until both listen
        heard = wire.ask()
        if heard[1:] == ["n1", "n2"]:
            break
    assert heard[0] in NODES
    assert heard[1:] == ["n1", "n2"]
    (upstream,) = [item for item in asking.clients(wire.described) if item["name"] == "upstream"]
    assert (upstream["routers"], upstream["on_link"], upstream["proxies"]) == ([], ["udm"], ["udm"])
    wire.build()
    subprocess.run(["ip", "-n", f"{wire.prefix}.client.upstream", "neigh", "flush", "all"], check=True)
    # Only what asks for the address on the wire is in vain; the router leads to the nodes as before.
    assert wire.ask()[1:] == ["n1", "n2"]
    assert wire.ask()[0] in ("time-out", "No route to host")

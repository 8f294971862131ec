#!/usr/bin/env python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let each kind of failure happen on the twin of the reference site; print what the plan predicts, and what it lasted.

It needs root, as ./rehearse does, and about five minutes for each round. A row that lies outside the prediction by more
than a second is marked, and counts in the exit status.

Usage: ``python benchmarks/failures.py [ROUNDS]``, with the packages of the tests (``./test pytest`` sets them up).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "collections"))

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.cilium_kinds import (
    LEASE_PREFIX,
    lease_name,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.arp_client import Questions
from ansible_collections.hybridnet.cluster_edge.tests.support.corpus import (
    ROUTER,
    Site,
    rehearsed,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.faults import FOLDER, made_fault, read_fault
from ansible_collections.hybridnet.cluster_edge.tests.support.tcp_client import Connections

CLIENT, CARD = "client.private", "eth0"
"""A machine on the network of the L2 pool, and its interface."""
NODE = "node01"
"""The one whose cable the corpus pulls."""
TARGETS = ("203.0.113.93:443", "203.0.113.94:25565")
"""Services behind BGP that upstream reaches; both have endpoints on several nodes."""
LIMIT = 120.0
"""Seconds until a failure is given up."""
TOLERANCE = 1.0
"""Seconds by which a measurement may lie outside: the machine's, not the site's."""
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"


def seconds_until(happened: Callable[[], bool]) -> float:
    """Return after how many seconds a condition holds."""
    begin = time.monotonic()
    while not happened():
        if time.monotonic() - begin > LIMIT:
            return float("inf")
        time.sleep(0.05)  # between two polls
    return time.monotonic() - begin


def node_dies(site: Site) -> float:
    """Return how long the router's kernel has a route over a node that is cut off."""
    address = site.plan["clusters"]["platform"]["nodes"][NODE]["addresses"]["public"][0]
    with site.broken(read_fault(FOLDER / "kernel-node-cut-off.yml")):
        return seconds_until(lambda: all(gateway != address for _prefix, gateway in routes_of(site)))


def routes_of(site: Site) -> set[tuple[str, str]]:
    """Return prefix and next hop of each route that the router's kernel has from BGP."""
    routes = json.loads(site.run_in("router", "ip -json route show proto bgp"))
    return {(route["dst"], hop["gateway"]) for route in routes for hop in route.get("nexthops", [route])}


def agent_dies(site: Site) -> float:
    """Return how long at most an address behind BGP takes no connection, until all is well again."""
    clients = Connections(Path(site.namespace("client.upstream")).name, *TARGETS)
    try:
        site.cgroup(f"node.{NODE}/agent").kill()
        healed, left = site.healed()
    finally:
        lost = clients.stop()
    if healed is None:
        print("\n".join(left))
    return max(losses.longest_gap for losses in lost.values())


def frr_restarts(site: Site) -> float:
    """Return how long a route of BGP is missing while FRR restarts."""
    before = routes_of(site)
    begin = time.monotonic()
    site.on_router("systemctl restart --no-block frr")
    gone = seconds_until(lambda: routes_of(site) != before)
    back = seconds_until(lambda: routes_of(site) == before)
    return back if gone < LIMIT else time.monotonic() - begin


def lease_of(site: Site) -> tuple[str, str]:
    """Return name and holder of the first lease of an address on L2."""
    leases = [
        item for item in site.request("GET", LEASES)["items"] if item["metadata"]["name"].startswith(LEASE_PREFIX)
    ]
    return leases[0]["metadata"]["name"], leases[0]["spec"]["holderIdentity"]


def holder_hangs(site: Site, holder: str) -> AbstractContextManager[None]:
    """Let the agent hang that holds a lease, for the time of a ``with`` block."""
    return site.broken(made_fault({"freeze": f"node.{holder}/agent"}))


def until_another_has(site: Site, name: str, holder: str) -> float:
    """Return after how many seconds a lease has another holder."""
    return seconds_until(lambda: site.request("GET", f"{LEASES}/{name}")["spec"]["holderIdentity"] not in ("", holder))


def lease_moves(site: Site) -> float:
    """Return how long a lease stays with a holder whose agent hangs."""
    name, holder = lease_of(site)
    with holder_hangs(site, holder):
        return until_another_has(site, name, holder)


def nobody_answers(site: Site) -> float:
    """Return how long nobody answers ARP for an address whose lease's holder hangs; its kernel goes on for a while."""
    name, holder = lease_of(site)
    address = address_of(site, name)
    with holder_hangs(site, holder):
        questions = Questions(Path(site.namespace(CLIENT)).name, CARD, address)
        try:
            until_another_has(site, name, holder)
        finally:
            lost = questions.stop()
    return lost.longest_gap


def address_of(site: Site, lease: str) -> str:
    """Return the address of the service that a lease is named after."""
    services = {
        lease_name(item["metadata"]["namespace"], item["metadata"]["name"]): item["status"]["loadBalancer"]
        for item in site.request("GET", "/api/v1/services")["items"]
    }
    address: str = services[lease]["ingress"][0]["ip"]
    return address


MEASURED: tuple[tuple[str, str, str, Callable[[Site], float]], ...] = (
    ("a node is cut off", "node", "BGP", node_dies),
    ("an agent dies", "agent", "BGP", agent_dies),
    ("the router's FRR restarts", "frr", "BGP", frr_restarts),
    ("the holder of a lease hangs", "node", "L2", lease_moves),
    ("the same, asked by ARP", "agent", "L2", nobody_answers),
)


def main(rounds: int) -> int:
    """Print a row for each failure and round; return how many lie outside their prediction."""
    outside = 0
    with rehearsed(lambda text: print(text, flush=True)) as site:
        print(f"{'failure':<30}{'predicted':>16}{'measured':>12}")
        for _round in range(rounds):
            for what, failure, way, measure in MEASURED:
                planned = [
                    item
                    for item in site.plan["failures"]
                    if item["failure"] == failure
                    and item["way"].startswith(way)
                    and item["router"] in (ROUTER, None)
                    and item["traffic_policy"] == "Cluster"
                ]
                least = min(item["least"] for item in planned)
                most = max(item["most"] for item in planned)
                seconds = measure(site)
                wrong = not least - TOLERANCE <= seconds <= most + TOLERANCE
                outside += wrong
                mark = "  outside" if wrong else ""
                print(f"{what:<30}{f'{least:g} to {most:g} s':>16}{seconds:>10.1f} s{mark}", flush=True)
                healed, left = site.healed()
                if healed is None:
                    print("\n".join(("the site is not as planned again:", *left)))
                    return outside + 1
    return outside


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))

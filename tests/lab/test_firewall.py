# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The router of a twin drops what the real one would: the reference site's wiring, with an address of its pool on a node.

Neither FRR nor Cilium is there: a static route and an address on the node's loopback stand for them, and the kernel does
the rest, which is what is tried.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.firewall import TABLE
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.platforms import RouterSettings
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import ask as asking
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import listener, network, paths
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_document, inventory_from

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="makes network namespaces: needs root")]

ROUTED, ON_LINK, OTHER = "203.0.113.94", "10.122.0.171", "203.0.113.93"
"""Addresses of a BGP pool and an L2 pool that are reached over ``private``, and of a BGP pool over ``public``, which has the
nodes' default route."""
UPSTREAM_RULE = {"from": "upstream", "to": ["public-service", "public-ingress"]}


class Site:
    """The wiring of the reference site, with node01 alone behind both addresses."""

    def __init__(self) -> None:
        self.name = f"fw-{os.getpid()}"
        self.prefix = _twin.prefix(self.name)
        self.listeners: dict[str, subprocess.Popen[bytes]] = {}
        self.described: dict[str, Any] = {}

    def build(self, *, return_path: bool, **settings: Any) -> None:
        """Make the wiring, or change it to another description."""
        document = hybrid_document()
        if not return_path:
            for item in document["all"]["vars"]["edge_networks"].values():
                del item["return_path"]
        planned = plan(inventory_from(document)).data
        assert planned is not None
        twin = _twin.describe(planned, self.name, settings=RouterSettings(**settings))
        self.described = json.loads(json.dumps(dataclasses.asdict(twin)))
        network.build(twin)
        self.ip("host.udm-pro", "route", "replace", f"{ROUTED}/32", "via", "10.122.0.11")
        self.ip("host.udm-pro", "route", "replace", f"{OTHER}/32", "via", "10.121.0.11")
        self.serve("node01", ROUTED, ON_LINK, OTHER)

    def serve(self, node: str, *addresses: str) -> None:
        """Let a node answer on addresses."""
        for address in addresses:
            self.ip(f"host.{node}", "address", "replace", f"{address}/32", "dev", "lo")
        if node not in self.listeners:
            ports = [
                {"service": "lab/web", "port": 8080, "protocol": protocol, "service_port": 8080}
                for protocol in ("TCP", "UDP")
            ]
            command = [*self.inside(f"host.{node}"), sys.executable, listener.__file__, node, json.dumps(ports)]
            self.listeners[node] = subprocess.Popen(command)  # ended in `remove`
            assert self.ask("private", f"10.122.0.1{node[-1]}", tries=50)
            # As BGP does: the node knows its routers' MAC addresses. An ARP request with a pool's address as its sender,
            # which an answer would begin with, is dropped by a strict reverse path.
            for gateway in ("10.121.0.1", "10.122.0.1"):
                command = [*self.inside(f"host.{node}"), "curl", "--silent", "--max-time", "1", f"http://{gateway}:9/"]
                assert subprocess.run(command, check=False).returncode == 7  # refused, so it was reached

    def remove(self) -> None:
        """End what runs and remove the namespaces."""
        for process in self.listeners.values():
            process.kill()
            process.wait()
        network.remove(network.namespaces(self.prefix))

    def inside(self, host: str) -> list[str]:
        """Return the start of a command in a host's namespace."""
        return ["nsenter", f"--net=/run/netns/{self.prefix}.{host}", "--"]

    def ip(self, host: str, *arguments: str) -> None:
        """Run ip in a host's namespace."""
        subprocess.run([*self.inside(host), "ip", *arguments], check=True)

    def ask(self, client: str, address: str, tries: int = 1, port: int = 8080) -> str | None:
        """Return the source that the service saw of a client, or None where no answer came."""
        url = f"http://{address}:{port}/"
        command = [*self.inside(f"client.{client}"), "curl", "--silent", "--max-time", "1", url]
        for _time in range(tries):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return str(json.loads(done.stdout)["client"])
        return None

    def noted(self, name: str) -> list[tuple[str, str]]:
        """Return the (source, destination) that the router noted when it dropped."""
        command = [*self.inside("host.udm-pro"), "nft", "-j", "list", "set", "inet", TABLE, f"{name}4"]
        (found,) = [
            item["set"]
            for item in json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["nftables"]
            if "set" in item
        ]
        return sorted({tuple(entry["elem"]["val"]["concat"][:2]) for entry in found.get("elem", ())})


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    try:
        yield made
    finally:
        made.remove()


CLIENTS = {"public": "10.121.0.254", "private": "10.122.0.254", "upstream": "198.51.100.2"}


def target(client: str, address: str, **others: Any) -> dict[str, Any]:
    """Return what a client asks of an address: TCP 8080, unless it is said otherwise."""
    return {"client": client, "address": address, "to": address, "tcp": [8080], "udp": [], "paths": [], **others}


def test_a_kind_router_hides_that_answers_take_another_way(site: Site) -> None:
    site.build(return_path=False, platforms={"udm-pro": "linux"})
    for client, source in CLIENTS.items():
        assert site.ask(client, ROUTED) == source


def test_half_a_connection_is_dropped_by_unifi_and_by_no_other(site: Site) -> None:
    """A client in one network of the nodes asks an address behind the other; they answer it directly."""
    site.build(return_path=False, firewall_rules=[UPSTREAM_RULE])
    assert site.ask("public", ROUTED) is None
    assert site.noted("half") == [(CLIENTS["public"], ROUTED)]
    assert site.ask("private", OTHER) is None
    # The answer passes the router, though by another leg: it has seen both halves.
    assert site.ask("upstream", ROUTED) == CLIENTS["upstream"]
    # Between networks of its own UniFi lets invalid packets through; a firewall that follows everything does not.
    assert site.ask("public", ON_LINK) == CLIENTS["public"]
    site.build(return_path=False, firewall="stateful", firewall_rules=[UPSTREAM_RULE])
    assert site.ask("public", ON_LINK) is None


@pytest.mark.parametrize("firewall", ["platform", "stateful"])
@pytest.mark.parametrize("reverse_path", ["loose", "strict"])
def test_with_return_paths_every_client_is_answered(site: Site, firewall: str, reverse_path: str) -> None:
    site.build(return_path=True, firewall=firewall, reverse_path=reverse_path, firewall_rules=[UPSTREAM_RULE])
    for client, source in CLIENTS.items():
        assert site.ask(client, ROUTED) == site.ask(client, OTHER) == source
    for client in ("public", "private"):
        assert site.ask(client, ON_LINK) == CLIENTS[client]
    # In the nodes' own network the router sends a client on to the node (ICMP redirect): a packet of before is half seen.
    assert set(site.noted("half")) <= {(CLIENTS["private"], ROUTED), (CLIENTS["public"], OTHER)}
    assert site.noted("blocked") == []


def test_strict_reverse_path_notes_what_the_kernel_drops(site: Site) -> None:
    site.build(return_path=False, reverse_path="strict", firewall_rules=[UPSTREAM_RULE])
    assert site.ask("upstream", ROUTED) is None
    assert (ROUTED, CLIENTS["upstream"]) in site.noted("reverse")


def test_unifi_lets_nothing_in_that_no_rule_allows(site: Site) -> None:
    site.build(return_path=True)
    assert site.ask("upstream", ROUTED) is None
    assert site.noted("blocked") == [(CLIENTS["upstream"], ROUTED)]
    assert site.ask("private", ROUTED) == CLIENTS["private"]


def test_the_sites_rules_block_and_a_switched_off_firewall_is_gone(site: Site) -> None:
    rule = {"from": "public", "to": "public-service", "action": "block"}
    site.build(return_path=True, firewall_rules=[rule])
    assert site.ask("public", ROUTED) is None
    assert site.noted("blocked") == [(CLIENTS["public"], ROUTED)]
    site.build(return_path=True, firewall="off", firewall_rules=[rule])
    assert site.ask("public", ROUTED) == CLIENTS["public"]


def test_clients_ask_all_at_once_and_say_what_they_got_and_why_not(site: Site) -> None:
    """What verify takes of a rehearsal: answers over TCP and UDP, and what the router dropped since."""
    site.build(return_path=False, firewall_rules=[UPSTREAM_RULE])
    assert asking.clients(site.described) == [
        {
            "name": name,
            "addresses": [CLIENTS[name]],
            "routers": ["udm-pro"],
            "on_link": ["udm-pro"],
            "proxies": [],
            "forwards": [],
        }
        for name in ("private", "public", "upstream")
    ]
    # A datagram's answer has the node's own address here: it is Cilium that would give it the service's.
    own = "10.122.0.11"
    targets = [
        target(client, address, udp=[8080] if address == own else [])
        for client, address in (("public", ROUTED), ("upstream", ROUTED), ("upstream", ON_LINK), ("private", own))
    ]
    heard = asking.ask(site.described, targets)
    got = {
        (item["client"], item["address"], item["protocol"]): item.get("error") or (item["service"], item["source"])
        for item in heard["answers"]
    }
    assert got == {
        ("public", ROUTED, "tcp"): "time-out",
        ("upstream", ROUTED, "tcp"): ("lab/web", CLIENTS["upstream"]),
        ("upstream", ON_LINK, "tcp"): "Network is unreachable",
        ("private", own, "tcp"): ("lab/web", CLIENTS["private"]),
        ("private", own, "udp"): ("lab/web", CLIENTS["private"]),
    }
    (port,) = {
        item["from_port"] for item in heard["answers"] if (item["client"], item["address"]) == ("public", ROUTED)
    }
    assert [CLIENTS["public"], ROUTED, port, 8080] in heard["dropped"]["udm-pro"]["half"]
    # What was dropped before does not count the next time.
    site.build(return_path=True, firewall_rules=[UPSTREAM_RULE])
    again = asking.ask(site.described, [target("public", ON_LINK, tcp=[8080, 9])])
    assert [item.get("error", item.get("node")) for item in again["answers"]] == ["node01", "Connection refused"]


def test_a_twin_that_is_gone_cannot_ask(site: Site, tmp_path: Path) -> None:
    site.build(return_path=True, platforms={"udm-pro": "linux"})
    site.remove()
    with pytest.raises(EdgeError, match=r"namespace twin-\S+\.client\.public: is not there"):
        asking.ask(site.described, [target("public", ROUTED)])
    with pytest.raises(EdgeError, match="is no overlay of a twin that is up"):
        asking.read_description(tmp_path / "overlay")


def test_sources_are_translated_upstream_and_on_request_towards_pools(site: Site) -> None:
    site.build(return_path=True, firewall_rules=[UPSTREAM_RULE])
    assert site.ask("public", ROUTED) == CLIENTS["public"]
    assert site.ask("upstream", ROUTED) == CLIENTS["upstream"]
    port = {"service": "lab/outside", "port": 8080, "protocol": "TCP", "service_port": 8080}
    command = [*site.inside("client.upstream"), sys.executable, listener.__file__, "upstream", json.dumps([port])]
    with subprocess.Popen(command) as outside:
        try:
            assert site.ask("public", CLIENTS["upstream"], tries=50) == "198.51.100.1"
            # A pool's address is in none of the router's networks: it is not translated.
            command = [*site.inside("host.node01"), "curl", "--silent", "--max-time", "2", "--interface", ROUTED]
            seen = subprocess.run([*command, f"http://{CLIENTS['upstream']}:8080/"], capture_output=True, check=True)
            assert json.loads(seen.stdout)["client"] == ROUTED
        finally:
            outside.kill()
    site.build(return_path=True, nat="unknown_ranges", firewall_rules=[UPSTREAM_RULE])
    assert site.ask("public", ROUTED) == "10.122.0.1"
    assert site.ask("public", ON_LINK) == CLIENTS["public"]
    assert site.ask("upstream", ROUTED) == CLIENTS["upstream"]


def over_both(site: Site, firewall: str = "platform", **settings: Any) -> tuple[set[Any], dict[str, Any]]:
    """Let node02 announce the routed address too; return (client, node, error) of each path, and what was dropped."""
    site.build(return_path=True, firewall=firewall, firewall_rules=[UPSTREAM_RULE], **settings)
    site.serve("node02", ROUTED)
    hops = [f"via 10.122.0.1{number}" for number in (1, 2)]
    site.ip("host.udm-pro", "route", "replace", f"{ROUTED}/32", *" ".join(f"nexthop {hop}" for hop in hops).split())
    return each_path(site)


def each_path(site: Site, address: str = ROUTED, port: int = 8080) -> tuple[set[Any], dict[str, Any]]:
    """Ask the routed address over both nodes, or another one that leads there."""
    (leg,) = [
        leg["interface"]
        for host in site.described["hosts"]
        if host["name"] == "udm-pro"
        for leg in host["legs"]
        if "10.122.0.1/24" in leg["addresses"]
    ]
    hops = [{"router": "udm-pro", "gateway": f"10.122.0.1{number}", "interface": leg} for number in (1, 2)]
    heard = asking.ask(
        site.described,
        [target(client, address, to=ROUTED, tcp=[port], paths=hops) for client in CLIENTS],
    )
    answers = {
        (item["client"], item["gateway"][-1], item.get("error") or (item["node"], item["source"]))
        for item in heard["answers"]
        if "gateway" in item
    }
    assert len(heard["answers"]) == 3 * len(CLIENTS)
    return answers, heard


def left(site: Site) -> list[str]:
    """Return what a choice of paths is made of, on router and clients."""
    found = []
    for host in ("host.udm-pro", *(f"client.{client}" for client in CLIENTS)):
        for command in ("ip rule", "ip route show table all", "nft list tables"):
            done = subprocess.run([*site.inside(host), *command.split()], capture_output=True, text=True, check=True)
            found += [line for line in done.stdout.splitlines() if re.search(r"fwmark|table 30|edge_paths", line)]
    return found


@pytest.mark.parametrize("firewall", ["platform", "stateful"])
@pytest.mark.parametrize("reverse_path", ["loose", "strict"])
def test_each_client_asks_over_each_next_hop_and_no_trace_is_left(site: Site, firewall: str, reverse_path: str) -> None:
    answers, _heard = over_both(site, firewall, reverse_path=reverse_path)
    assert answers == {
        (client, number, (f"node0{number}", source)) for client, source in CLIENTS.items() for number in "12"
    }
    assert left(site) == []


def test_the_node_whose_answers_take_another_way_is_the_one_that_is_silent(site: Site) -> None:
    """Whatever the hash picks: node02 answers clients in public directly, and the router drops what follows."""
    over_both(site)
    site.ip("host.node02", "rule", "delete", "from", ROUTED)
    answers, heard = each_path(site)
    assert answers == {
        (client, number, (f"node0{number}", source))
        for client, source in CLIENTS.items()
        for number in "12"
        if (client, number) != ("public", "2")
    } | {("public", "2", "time-out")}
    (silent,) = [item for item in heard["answers"] if item.get("gateway") == "10.122.0.12" and "error" in item]
    assert [CLIENTS["public"], ROUTED, silent["from_port"], 8080] in heard["dropped"]["udm-pro"]["half"]


def test_what_an_ask_left_that_was_killed_goes_with_the_next(site: Site) -> None:
    over_both(site)
    hop = paths.Hop("udm-pro", "10.122.0.11", "eth1")
    unfinished = paths.Paths(site.described, [paths.Wanted("public", ROUTED, ROUTED, hop)]).opened()
    unfinished.__enter__()
    assert len(left(site)) >= 5  # two rules, two routes, a table of nftables
    answers, _heard = each_path(site)
    assert {error for _client, _number, error in answers} == {
        (f"node0{number}", source) for number in "12" for source in CLIENTS.values()
    }
    assert left(site) == []
    with pytest.raises(EdgeError):  # what it would take away itself is not there
        unfinished.__exit__(None, None, None)


WAN = "198.51.100.1"
FORWARDS = [
    {"to": ROUTED, "port": 8080, "outside_port": 443},
    {"to": ON_LINK, "port": 8080, "outside_port": 444},
]


def forwarded(site: Site, port: int) -> dict[str, str | None]:
    """Return what source a service saw of each client that asked the router's outside address."""
    return {client: site.ask(client, WAN, port=port) for client in CLIENTS}


def test_a_port_forward_of_unifi_is_asked_from_everywhere_but_where_nodes_answer_past_it(site: Site) -> None:
    """No rule but the port forward lets upstream in. In the network that holds the target UniFi translates clients."""
    site.build(return_path=True, port_forwards=FORWARDS)
    assert forwarded(site, 443) == {**CLIENTS, "private": None}
    assert forwarded(site, 444) == {**CLIENTS, "private": "10.122.0.1"}
    assert site.ask("upstream", ROUTED) is None
    heard = asking.ask(site.described, [target("private", WAN, tcp=[443, 444])])
    assert [item.get("source") for item in heard["answers"]] == [None, "10.122.0.1"]
    # Its reset of an answer that it did not expect belongs to no connection.
    port = heard["answers"][0]["from_port"]
    assert [CLIENTS["private"], ROUTED, port, 8080] in heard["dropped"]["udm-pro"]["half"]
    assert [item["to"] for client in asking.clients(site.described) for item in client["forwards"]] == [
        ROUTED,
        ON_LINK,
    ] * 3


@pytest.mark.parametrize("reverse_path", ["loose", "strict"])
def test_a_port_forward_is_asked_over_each_next_hop(site: Site, reverse_path: str) -> None:
    """In the nodes' own network they answer the client past the router, whichever it is."""
    over_both(site, reverse_path=reverse_path, port_forwards=FORWARDS)
    answers, _heard = each_path(site, WAN, 443)
    assert answers == {
        (client, number, (f"node0{number}", source) if client != "private" else "time-out")
        for client, source in CLIENTS.items()
        for number in "12"
    }
    assert left(site) == []
    site.ip("host.node02", "rule", "delete", "from", ROUTED)
    answers, _heard = each_path(site, WAN, 443)
    silent = {(client, number) for client, number, answer in answers if answer == "time-out"}
    # A strict reverse path refuses what comes back by another interface, whoever it is for.
    assert silent - {("upstream", "2")} == {("private", "1"), ("private", "2"), ("public", "2")}
    assert (("upstream", "2") in silent) is (reverse_path == "strict")


def test_a_port_forward_of_linux_translates_no_source_and_goes_with_its_description(site: Site) -> None:
    site.build(return_path=True, platforms={"udm-pro": "linux"}, port_forwards=FORWARDS)
    assert forwarded(site, 444) == {**CLIENTS, "private": None}
    site.build(return_path=True, platforms={"udm-pro": "linux"})
    assert forwarded(site, 444) == dict.fromkeys(CLIENTS)

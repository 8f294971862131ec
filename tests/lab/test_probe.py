# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router's questions about addresses, put to real kernels: who has it, and does it take a connection.

Three namespaces on one bridge: the asker, a node, and another machine. What each has decides what the asker must see.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router.probe import CONNECT_SECONDS
from ansible_collections.hybridnet.cluster_edge.tests.support.asker import GIVEN_UP_SECONDS, ask

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
]

LISTENER = """
import socket, sys
made = []
for address, port in (word.rsplit("/", 1) for word in sys.argv[1:]):
    made.append(socket.create_server((address, int(port)), family=socket.AF_INET6 if ":" in address else socket.AF_INET))
print("listening", flush=True)
sys.stdin.read()
"""

NODE, OTHER = "02:00:00:00:00:0a", "02:00:00:00:00:0b"


class Segment:
    """A bridge in a namespace of its own, with legs into others."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._names = {name: f"probe-{os.getpid()}-{name}" for name in ("lan", "asker", "node", "other")}
        for name in self._names.values():
            subprocess.run(["ip", "netns", "add", name], check=True)
            stack.callback(subprocess.run, ["ip", "netns", "delete", name], check=True)
        self.ip("lan", "link", "add", "br0", "type", "bridge")
        self.ip("lan", "link", "set", "br0", "up")
        for last, (name, mac) in enumerate({"asker": "02:00:00:00:00:01", "node": NODE, "other": OTHER}.items(), 1):
            self.ip("lan", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", self._names[name])
            self.ip("lan", "link", "set", name, "master", "br0", "up")
            self.ip(name, "link", "set", "eth0", "address", mac, "up")
            self.ip(name, "address", "add", f"192.0.2.{last}/24", "dev", "eth0")
            self.ip(name, "address", "add", f"2001:db8::{last}/64", "dev", "eth0", "nodad")
            self.ip(name, "link", "set", "lo", "up")
        end = time.monotonic() + 10
        while "tentative" in self.ip("asker", "-6", "address", "show"):  # its link-local address, which asks
            assert time.monotonic() < end
            time.sleep(0.05)

    def ip(self, name: str, *words: str) -> str:
        command = ["ip", "-netns", self._names[name], *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def run(self, name: str, *command: str) -> str:
        """Run a program in a machine's namespace; return what it prints."""
        inside = ["nsenter", f"--net=/run/netns/{self._names[name]}", *command]
        return subprocess.run(inside, check=True, capture_output=True, text=True).stdout

    def has(self, name: str, address: str) -> None:
        """Give a machine an address, as L2 announcements do: it answers for it."""
        self.ip(name, "address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))

    def listen(self, name: str, *places: str) -> None:
        """Listen at ``address/port`` until the test ends."""
        process = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self._names[name]}", sys.executable, "-c", LISTENER, *places],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._stack.callback(process.communicate)
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"

    def ask(self, *targets: dict[str, Any]) -> dict[str, Any]:
        """Return what the asker sees."""
        return ask(f"/run/netns/{self._names['asker']}", targets)


@pytest.fixture
def segment() -> Iterator[Segment]:
    with contextlib.ExitStack() as stack:
        yield Segment(stack)


@pytest.mark.parametrize(
    ("address", "known", "holder"),
    [
        pytest.param("192.0.2.171", ["192.0.2.1"], "192.0.2.2", id="ARP, from the router's own address"),
        pytest.param("192.0.2.171", ["192.0.2.2"], "192.0.2.2", id="ARP, from the node's address"),
        pytest.param("198.51.100.7", ["192.0.2.2"], "192.0.2.2", id="ARP, for a range that is no subnet there"),
        pytest.param("2001:db8::aa", ["2001:db8::1"], "2001:db8::2", id="NDP"),
    ],
)
def test_the_node_that_answers_is_named_by_its_mac(
    segment: Segment, address: str, known: list[str], holder: str
) -> None:
    target = {"address": address, "segment": known, "holders": [holder]}
    asleep = segment.ask(target)
    assert (asleep[address]["macs"], asleep[address]["holder_macs"]) == ([], {holder: [NODE]})
    segment.has("node", f"{address}/{128 if ':' in address else 32}")
    awake = segment.ask(target)
    assert (awake[address]["interface"], awake[address]["macs"]) == ("eth0", [NODE])
    segment.has("other", f"{address}/{128 if ':' in address else 32}")
    both = segment.ask(target)
    assert both[address]["macs"] == [NODE, OTHER]


def test_an_interface_without_the_segment_asks_nobody(segment: Segment) -> None:
    seen = segment.ask({"address": "192.0.2.171", "segment": ["198.51.100.9"]})
    assert seen == {"192.0.2.171": {"ports": [], "paths": []}}


@pytest.mark.parametrize("address", ["192.0.2.2", "2001:db8::2"])
def test_ports_answer_refuse_or_are_silent(segment: Segment, address: str) -> None:
    segment.listen("node", f"{address}/80")
    nobody = "192.0.2.99" if "." in address else "2001:db8::99"
    far = "203.0.113.1" if "." in address else "2001:db8:1::1"
    seen = segment.ask(
        {"address": address, "tcp": [80, 81], "udp": [53], "connections": 3},
        {"address": nobody, "tcp": [80], "udp": [53]},
        {"address": far, "tcp": [80]},
    )
    counts = {
        (target, entry["protocol"], entry["port"]): {
            key: entry[key] for key in ("answered", "refused", "timed_out", "unreachable", "silent") if key in entry
        }
        for target, found in seen.items()
        for entry in found["ports"]
    }
    assert counts == {
        (address, "tcp", 80): {"answered": 3},
        (address, "tcp", 81): {"refused": 3},
        (address, "udp", 53): {"refused": 1},
        (nobody, "tcp", 80): {"timed_out": 1},
        (nobody, "udp", 53): {"silent": 1},
        (far, "tcp", 80): {"unreachable": 1},
    }
    assert {entry["source"] for entry in seen[address]["ports"]} == {"192.0.2.1" if "." in address else "2001:db8::1"}
    assert seen[far]["ports"][0]["reasons"] == ["ENETUNREACH"]


def test_two_hundred_addresses_are_asked_and_one_of_them_is_silent(segment: Segment) -> None:
    addresses = [f"192.0.2.{last}" for last in range(20, 220)]
    for address in addresses[:-1]:
        segment.has("node", f"{address}/32")
    segment.listen("node", *(f"{address}/80" for address in addresses[:-1]))
    target = {"tcp": [80], "connections": 3, "segment": ["192.0.2.1"], "holders": ["192.0.2.2"]}
    seen = segment.ask(*({"address": address, **target} for address in addresses))
    assert {address for address in addresses if seen[address]["macs"] == [NODE]} == set(addresses[:-1])
    answered = [address for address in addresses if seen[address]["ports"][0].get("answered") == 3]
    assert answered == addresses[:-1]
    assert seen[addresses[-1]]["ports"][0]["timed_out"] == 3


def routed(segment: Segment, address: str) -> dict[str, Any]:
    """Route an address over the node and the other machine; return what to ask."""
    version = "6" if ":" in address else "4"
    hops = ["2001:db8::2", "2001:db8::3"] if version == "6" else ["192.0.2.2", "192.0.2.3"]
    length = "128" if version == "6" else "32"
    words = [word for hop in hops for word in ("nexthop", "via", hop, "dev", "eth0")]
    segment.ip("asker", f"-{version}", "route", "add", f"{address}/{length}", *words)
    for name in ("node", "other"):
        segment.ip(name, "address", "add", f"{address}/{length}", "dev", "lo", *(["nodad"] if version == "6" else []))
    paths = [{"gateway": hop, "interface": "eth0"} for hop in hops]
    return {"address": address, "tcp": [80], "paths": paths}


def by_path(seen: dict[str, Any], address: str) -> dict[str, str]:
    return {entry["gateway"]: entry["result"] for entry in seen[address]["paths"]}


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8:7::7"])
def test_each_next_hop_is_asked_whichever_the_hash_picks(segment: Segment, address: str) -> None:
    target = routed(segment, address)
    first, second = (hop["gateway"] for hop in target["paths"])
    segment.listen("node", f"{address}/80")
    assert by_path(segment.ask(target), address) == {first: "answered", second: "refused"}
    half_open = segment.run("node", "ss", "--tcp", "--no-header", "state", "syn-recv")
    assert half_open == "", "a question over a path leaves a connection half open"
    segment.run(
        "lan", "ebtables", "-A", "FORWARD", "-d", OTHER, "-p", "IPv6" if ":" in address else "IPv4", "-j", "DROP"
    )
    assert by_path(segment.ask(target), address) == {first: "answered", second: "timed_out"}
    segment.ip("other", "link", "set", "eth0", "down")
    assert by_path(segment.ask(target), address) == {first: "answered", second: "unresolved"}


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8:7::7"])
def test_next_hop_that_sends_packets_back_is_no_way_though_they_arrive_over_another(
    segment: Segment, address: str
) -> None:
    """A node that does not know the address forwards by its default route, and the router then picks the good path."""
    version, own, good, bad = "4", "192.0.2.1", "192.0.2.2", "192.0.2.3"
    if ":" in address:
        version, own, good, bad = "6", "2001:db8::1", "2001:db8::2", "2001:db8::3"
    length = "128" if version == "6" else "32"
    segment.ip("node", "address", "add", f"{address}/{length}", "dev", "lo", *(["nodad"] if version == "6" else []))
    segment.listen("node", f"{address}/80")
    segment.ip("asker", f"-{version}", "route", "add", f"{address}/{length}", "via", good)
    segment.ip("other", f"-{version}", "route", "add", "default", "via", own)
    for name in ("asker", "other"):
        forwarding = "net.ipv6.conf.all.forwarding" if version == "6" else "net.ipv4.ip_forward"
        segment.run(name, "sysctl", "-qw", f"{forwarding}=1")
    paths = [{"gateway": hop, "interface": "eth0"} for hop in (good, bad)]
    seen = segment.ask({"address": address, "tcp": [80], "paths": paths})
    assert by_path(seen, address) == {good: "answered", bad: "sent_back"}


def test_an_address_over_next_hops_of_the_other_family_is_asked(segment: Segment) -> None:
    target = {"address": "203.0.113.7", "tcp": [80], "paths": []}
    for name, last in (("node", 2), ("other", 3)):
        segment.ip(name, "address", "add", "203.0.113.7/32", "dev", "lo")
        segment.listen(name, "203.0.113.7/80")
        target["paths"].append({"gateway": f"2001:db8::{last}", "interface": "eth0"})
    words = [word for last in (2, 3) for word in ("nexthop", "via", "inet6", f"2001:db8::{last}", "dev", "eth0")]
    segment.ip("asker", "route", "add", "203.0.113.7/32", *words)
    seen = by_path(segment.ask(target), "203.0.113.7")
    assert seen == {"2001:db8::2": "answered", "2001:db8::3": "answered"}


def test_a_next_hop_on_an_interface_that_is_away_is_not_asked(segment: Segment) -> None:
    target = routed(segment, "203.0.113.7")
    target["paths"][1]["interface"] = "tun0"
    segment.listen("node", "203.0.113.7/80")
    assert by_path(segment.ask(target), "203.0.113.7") == {"192.0.2.2": "answered", "192.0.2.3": "not_asked"}


def test_two_hundred_addresses_over_two_next_hops_are_asked_at_the_same_time(segment: Segment) -> None:
    """One after the other the silent ones would take CONNECT_SECONDS each: minutes, and ``ask`` gives up before."""
    assert 200 * CONNECT_SECONDS > 2 * GIVEN_UP_SECONDS
    addresses = [f"203.0.113.{last}" for last in range(20, 220)]
    targets = [{**routed(segment, address), "connections": 4} for address in addresses]
    for name in ("node", "other"):
        segment.listen(name, *(f"{address}/80" for address in addresses))
    both = {"192.0.2.2": "answered", "192.0.2.3": "answered"}
    seen = segment.ask(*targets)
    assert [address for address in addresses if by_path(seen, address) != both] == []
    segment.run("lan", "ebtables", "-A", "FORWARD", "-d", OTHER, "-p", "IPv4", "-j", "DROP")
    seen = segment.ask(*targets)
    assert {tuple(by_path(seen, address).values()) for address in addresses} == {("answered", "timed_out")}

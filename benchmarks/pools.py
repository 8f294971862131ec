#!/usr/bin/env python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pool math beside ansible.utils, netaddr and the standard library: the same question, timed in the same run.

    python benchmarks/pools.py

ansible.utils is unpacked once, into the cache folder, from a package of PyPI (``ansible``, of the version in
requirements/constraints.txt), which is not installed. Every answer is checked against ours before it is timed. Times
are the best of five; a ratio over 1 means that ours is faster. Ours includes reading the texts strictly, as the filters
do.
"""

from __future__ import annotations

import argparse
import importlib
import ipaddress
import os
import subprocess
import sys
import tempfile
import timeit
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import netaddr

sys.path.insert(0, str(Path(__file__).parents[1] / "collections"))

from ansible_collections.hybridnet.cluster_edge.plugins.filter.pools import FilterModule

FILTERS = FilterModule().filters()
CHECKOUT = Path(__file__).resolve().parents[1]
BASELINES = ("ansible.utils", "netaddr", "ipaddress")
BLOCKS = [f"10.{number // 256}.{number % 256}.0/24" for number in range(0, 2000, 2)]
NEIGHBOURS = [f"10.{number // 256}.{number % 256}.0/24" for number in range(1024)]
USED = [f"10.0.0.{number}" for number in range(200)]
MANY_USED = [f"10.0.{number // 256}.{number % 256}" for number in range(10000)]
ADDRESSES = [f"10.{number // 256}.{number % 256}.7" for number in range(0, 4000, 4)]
"""One in every other of BLOCKS, then as many in none of them."""
FEW = 40
"""Pools and addresses of the question that ansible.utils answers pair by pair: a thousand would take it minutes."""
UNALIGNED = "10.0.0.1-10.255.255.254"

HALVES = [text.replace("/24", "/25") for text in BLOCKS]
"""Each in one of BLOCKS."""

Call = Callable[[], Any]


@dataclass(frozen=True)
class Question:
    """One question, our answer and that of each baseline that can answer it."""

    text: str
    ours: Call
    baselines: dict[str, Call] = field(default_factory=dict)


def utils_folder() -> Path:
    """Return the folder that holds ansible.utils, unpacked into the cache where it is not there yet."""
    pinned = (CHECKOUT / "requirements" / "constraints.txt").read_text("utf-8")
    version = next(line.partition("==")[2] for line in pinned.splitlines() if line.startswith("ansible=="))
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = (
        Path(os.environ.get("CLUSTER_EDGE_CACHE") or Path(home, "cluster-edge"))
        / "collections"
        / f"ansible-{version}-utils"
    )
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        wanted = ["--python-version", "3.12", "-d", work, "-c", "constraints.txt", "ansible"]
        subprocess.run([*pip, *wanted], check=True, cwd=CHECKOUT / "requirements")
        (wheel,) = Path(work).glob("ansible-*.whl")
        unpacked = Path(work) / "unpacked"
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.startswith("ansible_collections/ansible/utils/")]
            archive.extractall(unpacked, names)
        unpacked.rename(folder)
    return folder


def utils_filters() -> dict[str, Callable[..., Any]]:
    """Return ansible.utils' filters of the same kind."""
    sys.path.append(str(utils_folder()))
    found: dict[str, Callable[..., Any]] = {}
    for name in ("ipaddr", "cidr_merge", "network_in_network"):
        module = importlib.import_module(f"ansible_collections.ansible.utils.plugins.filter.{name}")
        found[name] = module.FilterModule().filters()[name]
    return found


def first_free_netaddr(pool: str, used: list[str]) -> str:
    """Ask one address after the other."""
    taken = netaddr.IPSet(used)
    return str(next(address for address in netaddr.IPNetwork(pool) if address not in taken))


def first_free_ipaddress(pool: str, used: list[str]) -> str:
    """Ask one address after the other."""
    taken = {ipaddress.ip_address(text) for text in used}
    return str(next(address for address in ipaddress.ip_network(pool) if address not in taken))


def overlapping_pairs_netaddr(blocks: list[str]) -> int:
    """Compare every pair."""
    networks = [netaddr.IPNetwork(text) for text in blocks]
    return sum(1 for left, right in combinations(networks, 2) if left.first <= right.last and right.first <= left.last)


def overlapping_pairs_ipaddress(blocks: list[str]) -> int:
    """Compare every pair."""
    networks = [ipaddress.ip_network(text) for text in blocks]
    return sum(1 for left, right in combinations(networks, 2) if left.overlaps(right))


def holders_ours(blocks: list[str], addresses: list[str]) -> int:
    """Ask once: an address is a pool of one, and what it shares with another pool is that it lies inside."""
    found = FILTERS["pool_overlaps"]({**{text: text for text in blocks}, **{text: text for text in addresses}})
    return len(found)


def holders_netaddr(blocks: list[str], addresses: list[str]) -> int:
    """Ask for every pair."""
    networks = [netaddr.IPNetwork(text) for text in blocks]
    return sum(netaddr.IPAddress(text) in network for text in addresses for network in networks)


def holders_ipaddress(blocks: list[str], addresses: list[str]) -> int:
    """Ask for every pair."""
    networks = [ipaddress.ip_network(text) for text in blocks]
    wanted = [ipaddress.ip_address(text) for text in addresses]
    return sum(address in network for address in wanted for network in networks)


def holders_utils(ask: Callable[..., Any], blocks: list[str], addresses: list[str]) -> int:
    """Ask for every pair, as a template does with a loop."""
    return sum(ask(None, block, address) for address in addresses for block in blocks)


def overlapping_pairs_utils(ask: Callable[..., Any], blocks: list[str]) -> int:
    """Ask of every pair in both directions: that one CIDR is in the other is all that two can share."""
    return sum(bool(ask(None, left, right) or ask(None, right, left)) for left, right in combinations(blocks, 2))


def range_netaddr(text: str) -> list[str]:
    """Return the CIDRs of FIRST-LAST."""
    return [str(cidr) for cidr in netaddr.iprange_to_cidrs(*text.split("-"))]


def range_ipaddress(text: str) -> list[str]:
    """Return the CIDRs of FIRST-LAST."""
    first, last = map(ipaddress.ip_address, text.split("-"))
    return [str(cidr) for cidr in ipaddress.summarize_address_range(first, last)]


def questions(utils: dict[str, Callable[..., Any]]) -> list[Question]:
    """Return the questions, with the baselines that can answer them."""
    some = [*BLOCKS[: FEW - 4], *HALVES[:4]]
    many = [*BLOCKS[:900], *HALVES[:100]]
    return [
        Question(
            "addresses of a /29",
            lambda: FILTERS["pool_capacity"]("203.0.113.88/29")["ipv4"],
            {
                "netaddr": lambda: netaddr.IPNetwork("203.0.113.88/29").size,
                "ipaddress": lambda: ipaddress.ip_network("203.0.113.88/29").num_addresses,
                "ansible.utils": lambda: utils["ipaddr"](None, "203.0.113.88/29", "size"),
            },
        ),
        Question(
            "an address in a /8",
            lambda: FILTERS["pool_contains"]("10.0.0.0/8", "10.1.2.3"),
            {
                "netaddr": lambda: netaddr.IPAddress("10.1.2.3") in netaddr.IPNetwork("10.0.0.0/8"),
                "ipaddress": lambda: ipaddress.ip_address("10.1.2.3") in ipaddress.ip_network("10.0.0.0/8"),
                "ansible.utils": lambda: utils["network_in_network"](None, "10.0.0.0/8", "10.1.2.3"),
            },
        ),
        Question(
            "first free of a /8, 200 used",
            lambda: FILTERS["pool_free"]("10.0.0.0/8", USED)[0],
            {
                "netaddr": lambda: first_free_netaddr("10.0.0.0/8", USED),
                "ipaddress": lambda: first_free_ipaddress("10.0.0.0/8", USED),
            },
        ),
        Question(
            "1024 neighbours to one CIDR",
            lambda: FILTERS["pool_cidrs"](NEIGHBOURS),
            {
                "netaddr": lambda: [str(cidr) for cidr in netaddr.cidr_merge(NEIGHBOURS)],
                "ipaddress": lambda: [
                    str(cidr) for cidr in ipaddress.collapse_addresses([ipaddress.ip_network(t) for t in NEIGHBOURS])
                ],
                "ansible.utils": lambda: utils["cidr_merge"](None, NEIGHBOURS),
            },
        ),
        Question(
            "first free of a /8, 10000 used",
            lambda: FILTERS["pool_free"]("10.0.0.0/8", MANY_USED)[0],
            {
                "netaddr": lambda: first_free_netaddr("10.0.0.0/8", MANY_USED),
                "ipaddress": lambda: first_free_ipaddress("10.0.0.0/8", MANY_USED),
            },
        ),
        Question(
            "CIDRs of a range",
            lambda: FILTERS["pool_cidrs"](UNALIGNED),
            {"netaddr": lambda: range_netaddr(UNALIGNED), "ipaddress": lambda: range_ipaddress(UNALIGNED)},
        ),
        Question(
            f"which of {FEW} pools hold {FEW} addresses",
            lambda: holders_ours(BLOCKS[:FEW], ADDRESSES[:FEW]),
            {
                "netaddr": lambda: holders_netaddr(BLOCKS[:FEW], ADDRESSES[:FEW]),
                "ipaddress": lambda: holders_ipaddress(BLOCKS[:FEW], ADDRESSES[:FEW]),
                "ansible.utils": lambda: holders_utils(utils["network_in_network"], BLOCKS[:FEW], ADDRESSES[:FEW]),
            },
        ),
        Question(
            "which of 1000 hold 1000 addresses",
            lambda: holders_ours(BLOCKS, ADDRESSES),
            {
                "netaddr": lambda: holders_netaddr(BLOCKS, ADDRESSES),
                "ipaddress": lambda: holders_ipaddress(BLOCKS, ADDRESSES),
            },
        ),
        Question(
            f"overlaps of {FEW} pools",
            lambda: len(FILTERS["pool_overlaps"]({text: text for text in some})),
            {
                "netaddr": lambda: overlapping_pairs_netaddr(some),
                "ipaddress": lambda: overlapping_pairs_ipaddress(some),
                "ansible.utils": lambda: overlapping_pairs_utils(utils["network_in_network"], some),
            },
        ),
        Question(
            "overlaps of 1000 pools",
            lambda: len(FILTERS["pool_overlaps"]({text: text for text in many})),
            {
                "netaddr": lambda: overlapping_pairs_netaddr(many),
                "ipaddress": lambda: overlapping_pairs_ipaddress(many),
            },
        ),
    ]


def race(calls: list[Call]) -> list[float]:
    """Return the seconds of one call of each: the best of five rounds of about 50 ms, in turns."""
    numbers = [max(1, int(0.05 / max(timeit.timeit(call, number=1), 1e-7))) for call in calls]
    rounds = [
        [timeit.timeit(call, number=number) / number for call, number in zip(calls, numbers, strict=True)]
        for _round in range(5)
    ]
    return [min(times) for times in zip(*rounds, strict=True)]


def duration(seconds: float) -> str:
    """Return ``seconds`` in a unit that fits."""
    return f"{seconds * 1e6:.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"


def print_comparison(asked: list[Question]) -> None:
    """Print one row per question: our time, theirs, and theirs as a multiple of ours."""
    print(f"{'question':38}{'ours':>12}" + "".join(f"{name:>24}" for name in BASELINES))
    for question in asked:
        answers = {name: call() for name, call in question.baselines.items()}
        expected = question.ours()
        for name, answer in answers.items():
            if answer != expected:
                sys.exit(f"{question.text}: {name} answers {answer!r}, we {expected!r}")
        ours, *others = race([question.ours, *question.baselines.values()])
        theirs = dict(zip(question.baselines, others, strict=True))
        cells = [f"{duration(theirs[n])} ({theirs[n] / ours:.2f}x)" if n in theirs else "-" for n in BASELINES]
        print(f"{question.text:38}{duration(ours):>12}" + "".join(f"{cell:>24}" for cell in cells))


def print_growth() -> None:
    """Print what a question costs of larger pools."""
    print("\nThe same question of larger pools, as a multiple of the /30:")
    asked: dict[str, Callable[[str], Any]] = {
        "pool_capacity": FILTERS["pool_capacity"],
        "pool_free": FILTERS["pool_free"],
        "pool_allocate": lambda pool: FILTERS["pool_allocate"](pool, ["a", "b", "c"]),
    }
    for name, ask in asked.items():
        pools = ("10.0.0.0/30", "10.0.0.0/8", "2001:db8::/126", "2001:db8::/64")
        times = race([partial(ask, pool) for pool in pools])
        cells = ", ".join(f"{pool} {time / times[0]:.2f}x" for pool, time in zip(pools[1:], times[1:], strict=True))
        print(f"{name:38}{duration(times[0]):>12}   {cells}")


def main() -> None:
    """Run all comparisons."""
    argparse.ArgumentParser(description="Time pool math beside its alternatives.").parse_args()
    print_comparison(questions(utils_filters()))
    print_growth()


if __name__ == "__main__":
    main()

#!/usr/bin/env python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan of a site costs, from 5 nodes, 1 pool and 100 services to a thousand times as many.

    python benchmarks/scale.py [--times 1 10 100 1000] [--repeat 3] [--ansible]

Every size runs in a process of its own, so that its memory is its own too: the best time of some runs, and the highest
memory of the process, inventory and Python included. Beside the plan stands, in the same process, what any program must
do with so much data: build each node, pool and service as plain maps of the plan's shape and write them as JSON. That
ratio holds on a busy machine too. The inventory is tests/support/large.py's.

With ``--ansible`` the same for playbooks/plan.yml and an inventory of YAML files, beside an empty play that loads it.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "collections"))

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.large import large_document

CHECKOUT = Path(__file__).resolve().parents[1]
NODES, POOLS, SERVICES = 5, 1, 100
"""The smallest site."""
THROUGH_ANSIBLE = 1000, 20, 2000
"""Nodes, pools and services of the site that Ansible loads."""


@dataclass(frozen=True)
class Cost:
    """What one size costs."""

    times: int
    seconds: float
    baseline: float
    megabytes: float
    sessions: int


def seconds(call: Callable[[], Any]) -> float:
    """Return the processor time of one call: other programs on the machine count little in it."""
    start = time.process_time()
    call()
    return time.process_time() - start


def plain_data(times: int) -> str:
    """Return as many plain maps as the plan has nodes, pools and services, as JSON."""
    items = [
        {
            "cluster": f"c{number % 4}",
            "namespace": f"team{number % 100}",
            "name": f"svc{number:06}",
            "pool": f"pool{number % 100:04}",
            "addresses": [f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"],
            "families": ["ipv4"],
            "reach": ["bgp"],
            "via": ["lan"],
            "labels": {"a": "b", "pool": f"pool{number % 100:04}"},
            "ports": [{"port": 443, "protocol": "TCP"}],
        }
        for number in range((NODES + POOLS + SERVICES) * times)
    ]
    return json.dumps(items)


def measure(times: int, repeat: int) -> Cost:
    """Plan a site of ``times`` the smallest one, and return what that costs."""
    inventory = inventory_from(large_document(NODES * times, POOLS * times, SERVICES * times))
    computed = plan(inventory)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if computed.failed or len(computed.data["services"]) != SERVICES * times:
        sys.exit(f"no plan: {[finding.as_dict() for finding in computed.findings[:3]]}")
    sessions = len(computed.data["sessions"])
    del computed
    ours = min(seconds(lambda: plan(inventory)) for _run in range(repeat))
    baseline = min(seconds(lambda: plain_data(times)) for _run in range(repeat))
    return Cost(times, ours, baseline, megabytes, sessions)


def print_table(costs: list[Cost]) -> None:
    """Print one row per size."""
    print(f"{'nodes':>7}{'pools':>7}{'services':>10}{'sessions':>10}{'time':>12}{'growth':>9}", end="")
    print(f"{'plain data':>13}{'ratio':>8}{'memory':>10}")
    for index, cost in enumerate(costs):
        before = costs[index - 1] if index else None
        growth = f"{cost.seconds / before.seconds:.1f}x" if before else "-"
        print(
            f"{NODES * cost.times:>7}{POOLS * cost.times:>7}{SERVICES * cost.times:>10}{cost.sessions:>10}"
            f"{cost.seconds * 1e3:>9.0f} ms{growth:>9}{cost.baseline * 1e3:>10.1f} ms"
            f"{cost.seconds / cost.baseline:>8.1f}{cost.megabytes:>7.0f} MB"
        )


def write_inventory(folder: Path) -> None:
    """Write the site as users do: hosts in one file, what they share under group_vars."""
    document = large_document(*THROUGH_ANSIBLE)
    shared = folder / "group_vars" / "all.yml"
    shared.parent.mkdir()
    shared.write_text(yaml.dump(document["all"].pop("vars"), Dumper=yaml.CSafeDumper), "utf-8")
    (folder / "hosts.yml").write_text(yaml.dump(document, Dumper=yaml.CSafeDumper), "utf-8")


def run_playbook(path: Path, inventory: Path) -> float:
    """Return the processor time of a playbook and all its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ansible = Path(sys.executable).with_name("ansible-playbook")
    run = subprocess.run(
        [str(ansible), str(path), "-i", str(inventory)], cwd=CHECKOUT, check=False, capture_output=True, text=True
    )
    if run.returncode:
        sys.exit(run.stdout[-2000:] + run.stderr[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def print_ansible() -> None:
    """Print what loading the inventory costs Ansible, and what the plan adds to it."""
    with tempfile.TemporaryDirectory() as name:
        write_inventory(Path(name))
        empty = Path(name) / "empty.yml"
        empty.write_text("- hosts: all\n  gather_facts: false\n  tasks: []\n", "utf-8")
        loading = run_playbook(empty, Path(name) / "hosts.yml")
        whole = run_playbook(CHECKOUT / "playbooks" / "plan.yml", Path(name) / "hosts.yml")
    nodes, pools, services = THROUGH_ANSIBLE
    print(f"\nThrough Ansible, {nodes} nodes, {pools} pools, {services} services:")
    print(f"an empty play {loading:.1f} s, plan.yml {whole:.1f} s: planning adds {whole - loading:.1f} s")


def main() -> None:
    """Measure each size in a process of its own."""
    parser = argparse.ArgumentParser(description="Time the plan of larger and larger sites.")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10, 100, 1000], help="sizes to measure")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each, of which the best counts")
    parser.add_argument("--ansible", action="store_true", help="run playbooks/plan.yml too")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(asdict(measure(options.one, options.repeat))))
        return
    costs = []
    for times in options.times:
        command = [sys.executable, __file__, "--one", str(times), "--repeat", str(options.repeat)]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        costs.append(Cost(**json.loads(answer)))
    print_table(costs)
    if options.ansible:
        print_ansible()


if __name__ == "__main__":
    main()

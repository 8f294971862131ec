#!/usr/bin/env python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``ansible-playbook playbooks/plan.yml`` costs on large inventories, beside what Ansible costs without us.

    benchmarks/plan.py [--sizes 10 100 1000] [--repeat 3]

A site of size N has N nodes, 2 N services, two routers, four clusters and a pool for each 25 nodes; its inventory is
YAML files as users write them (tests/unit/support/large.py). In turns with plan.yml run two baselines on the same
inventory: a play without a task, which reads the hosts but not the clusters' own files, and ansible-inventory --list,
which reads and prints every variable. Times are processor seconds of all processes, the least of some runs.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / ".ansible" / "collections"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "unit"))

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan import plan
from support.hybrid import inventory_from
from support.large import large_document

CHECKOUT = Path(__file__).resolve().parents[1]
IDLE = "- {hosts: all, gather_facts: false, tasks: []}\n"


def sized(size: int) -> dict[str, Any]:
    """Return the site of one size."""
    return large_document(size, max(4, size // 25), 2 * size)


def write_inventory(folder: Path, size: int) -> None:
    """Write a site as users do: hosts in one file, what they share under group_vars, each cluster's services apart."""
    document = sized(size)
    files: dict[str, Any] = {"group_vars/all/edge.yml": document["all"].pop("vars")}
    for host, variables in document["all"]["children"]["edge_clusters"]["hosts"].items():
        files[f"host_vars/{host}/services.yml"] = {"edge_services": variables.pop("edge_services")}
    files["hosts.yml"] = document
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(yaml.dump(content, Dumper=yaml.CSafeDumper), "utf-8")


def run(program: str, *words: str) -> float:
    """Return the processor seconds of one run, those of its children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(Path(sys.executable).with_name(program)), *words]
    done = subprocess.run(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stdout[-4000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def library(size: int) -> float:
    """Return the processor seconds of the pure function alone."""
    inventory = inventory_from(sized(size))
    start = time.process_time()
    plan(inventory)
    return time.process_time() - start


def print_row(size: int, repeat: int) -> None:
    """Print what one size costs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inventory(folder / "site", size)
        (folder / "idle.yml").write_text(IDLE, "utf-8")
        inventory = ("-i", str(folder / "site"))
        rounds = [
            (
                run("ansible-playbook", str(folder / "idle.yml"), *inventory),
                run("ansible-inventory", "--list", *inventory),
                run("ansible-playbook", "playbooks/plan.yml", *inventory),
                library(size),
            )
            for _round in range(repeat)
        ]
    idle, listed, planned, alone = (min(times) for times in zip(*rounds, strict=True))
    print(
        f"{size:>7}{2 * size:>10}{idle:>10.1f} s{listed:>10.1f} s{planned:>10.1f} s{planned - idle:>10.1f} s"
        f"{alone:>10.2f} s{planned / listed:>10.2f}",
        flush=True,
    )


def main() -> None:
    """Measure each size."""
    parser = argparse.ArgumentParser(description="Time plan.yml on large inventories.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000], help="nodes of each site")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each, of which the best counts")
    options = parser.parse_args()
    print(
        f"{'nodes':>7}{'services':>10}{'no task':>12}{'--list':>12}{'plan.yml':>12}{'planning':>12}{'library':>12}",
        end="",
    )
    print(f"{'/ --list':>10}")
    for size in options.sizes:
        print_row(size, options.repeat)
    print("planning = plan.yml - no task; library = the pure function inside it")


if __name__ == "__main__":
    main()

#!/usr/bin/env python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a site takes: the plan, the twin from nothing, site.yml the first and the second time, and a script by hand.

    benchmarks/site.py [INVENTORY] [--repeat 3]

Run it as root after ./rehearse has set everything up, with that set-up's Python. The second run of site.yml stands
beside benchmarks/by_hand.sh, which does what a careful person's script does with ssh, helm and kubectl (kubectl from
Debian's kubernetes-client); both are run in turn in this one call, so that their ratio holds on a busy machine too.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
TWIN = "benchmark"
LIMIT = 900
"""Seconds until a part is given up."""


@dataclass
class Run:
    """One finished playbook: seconds in all and by play."""

    seconds: float
    plays: dict[str, float] = field(default_factory=dict)


def playbook(name: str, *words: str) -> Run:
    """Run a playbook and take the time of each play from its output as it comes."""
    ansible = Path(sys.executable).with_name("ansible-playbook")
    start = now = time.monotonic()
    run = Run(0.0)
    play = "start"
    with subprocess.Popen(
        [str(ansible), name, *words], cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        output = []
        for line in process.stdout or ():
            output.append(line)
            if line.startswith("PLAY "):
                run.plays[play] = run.plays.get(play, 0.0) + time.monotonic() - now
                play, now = line.partition("[")[2].partition("]")[0] or "recap", time.monotonic()
        process.wait(LIMIT)
    if process.returncode:
        sys.exit("".join(output[-60:]))
    run.plays.pop("start", None)
    run.seconds = time.monotonic() - start
    return run


def plan_alone(inventory: str) -> tuple[float, float]:
    """Return the seconds of plan.yml as a whole, and of the pure function inside it on the reference site."""
    whole = playbook("playbooks/plan.yml", "-i", inventory).seconds
    sys.path[:0] = [str(CHECKOUT / "collections")]
    from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
    from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_inventory

    known = hybrid_inventory()
    times = []
    for _attempt in range(20):
        start = time.perf_counter()
        plan(known)
        times.append(time.perf_counter() - start)
    return whole, statistics.median(times)


def by_hand(folder: Path, overlay: Path, plan: dict[str, Any]) -> float | None:
    """Return the seconds of the script, or None where kubectl is missing."""
    if shutil.which("kubectl") is None:
        return None
    router, cluster = next(iter(plan["routers"])), next(iter(plan["clusters"]))
    at_router = json.loads((overlay / "host_vars" / f"{router}.yml").read_text("utf-8"))
    at_cluster = json.loads((overlay / "host_vars" / f"{cluster}.yml").read_text("utf-8"))
    environment = {
        **os.environ,
        "OUT": str(folder),
        "ROUTER": router,
        "CLUSTER": cluster,
        "SSH_COMMAND": f"ssh -i {shlex.quote(at_router['ansible_ssh_private_key_file'])}"
        f" {at_router['ansible_ssh_args']} root@{at_router['ansible_host']}",
        "HELM": at_cluster["cilium_net_release_binary"],
        "CHART": at_cluster["cilium_net_release_chart"],
        "KUBECONFIG": at_cluster["edge_cluster_kubeconfig"],
        "CONTEXT": at_cluster["edge_cluster_context"],
        "SESSIONS": str(len(plan["sessions"])),
    }
    start = time.monotonic()
    subprocess.run([str(CHECKOUT / "benchmarks" / "by_hand.sh")], env=environment, check=True, timeout=LIMIT)
    return time.monotonic() - start


def line(what: str, seconds: float, note: str = "") -> None:
    """Print one row."""
    print(f"  {what:<48} {seconds:8.2f} s  {note}".rstrip(), flush=True)


def parts(run: Run) -> None:
    """Print the plays of a run that took noticeable time."""
    for play, seconds in run.plays.items():
        if seconds >= 0.05:
            line(f"  {play}", seconds)


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inventory", nargs="?", default="inventory/hybrid")
    parser.add_argument("--repeat", type=int, default=3, help="second runs, and scripts by hand, in turn")
    options = parser.parse_args()
    inventory = options.inventory
    print(f"{inventory}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    whole, pure = plan_alone(inventory)
    line("playbooks/plan.yml", whole)
    line("  the plan itself (reference site, median of 20)", pure)
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        name = ("-e", f"edge_twin_name={TWIN}", "-e", f"edge_twin_folder={folder / 'twin'}")
        overlay = folder / "twin" / "overlay"
        site = ("-i", inventory, "-i", str(overlay))
        try:
            line("twin from nothing (warm cache)", playbook("playbooks/twin.yml", "-i", inventory, *name).seconds)
            first = playbook("site.yml", *site)
            line("site.yml, first run", first.seconds)
            parts(first)
            rendered, plan_file = folder / "rendered", folder / "plan.json"
            playbook(
                "playbooks/render.yml", *site, "-e", f"edge_render_dir={rendered}", "-e", f"edge_plan_file={plan_file}"
            )
            plan = json.loads(plan_file.read_text("utf-8"))
            ratios = []
            for number in range(1, options.repeat + 1):
                second = playbook("site.yml", *site)
                line(f"site.yml, nothing to change ({number})", second.seconds)
                hand = by_hand(rendered, overlay, plan)
                if hand is None:
                    print("  no kubectl, so no script by hand to compare with (Debian's kubernetes-client)")
                    continue
                ratios.append(second.seconds / hand)
                line(
                    f"script by hand, nothing to change ({number})",
                    hand,
                    f"site.yml takes {ratios[-1]:.1f} times as long",
                )
            parts(second)
            if ratios:
                print(f"  ratio site.yml / script by hand: median {statistics.median(ratios):.1f}")
        finally:
            state = ("-e", "edge_twin_state=absent")
            line("twin down", playbook("playbooks/twin.yml", "-i", inventory, *name, *state).seconds)


if __name__ == "__main__":
    main()

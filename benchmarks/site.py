#!/usr/bin/env python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a site takes: the plan, the twin from nothing, site.yml the first and the second time, and a script by hand.

The first run stands beside Helm's own rollout of the same values on a twin from nothing, the second, with and without
verify's probes, beside the script. A row that misses its aim says so.

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
VERIFY = "Verify"
"""The play of site.yml that verifies."""
VERIFY_AIM = 4.0
"""Seconds that it may take where nothing is wrong."""
HAND_AIM = 1.3
"""How many times as long as the script by hand site.yml may take without verify's probes."""
ROLLOUT_AIM = 10.0
"""Seconds that the first run may take longer than Helm's own rollout."""


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


def helm_alone(folder: Path, overlay: Path, plan: dict[str, Any]) -> float:
    """Return the seconds until the planned values are installed by Helm alone, and every agent and the operator runs.

    Helm's own ``--wait`` is content while up to ``maxUnavailable`` agents are missing; site.yml waits for all of them.
    """
    cluster = next(iter(plan["clusters"]))
    own = json.loads((overlay / "host_vars" / f"{cluster}.yml").read_text("utf-8"))
    command = [own["cilium_net_release_binary"], "install", "cilium", own["cilium_net_release_chart"]]
    command += ["--namespace", "kube-system", "--values", folder / cluster / "values.yaml", "--wait"]
    environment = {**os.environ, "KUBECONFIG": own["edge_cluster_kubeconfig"]}
    start = time.monotonic()
    subprocess.run(command, env=environment, check=True, timeout=LIMIT, stdout=subprocess.DEVNULL)
    for workload in ("daemonset/cilium", "deployment/cilium-operator"):
        waiting = ["kubectl", "--namespace", "kube-system", "rollout", "status", workload]
        subprocess.run(waiting, env=environment, check=True, timeout=LIMIT, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


def by_hand(folder: Path, overlay: Path, plan: dict[str, Any]) -> float:
    """Return the seconds of the script."""
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


def missed(value: float, aim: float, unit: str) -> str:
    """Return what a row says where its value is more than its aim."""
    return "" if value <= aim else f"  MISSED: at most {aim:g}{unit}"


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
    if shutil.which("kubectl") is None:
        sys.exit("missing: kubectl, for the script by hand (Debian's kubernetes-client)")
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        rendered, plan_file = folder / "rendered", folder / "plan.json"
        name = ("-e", f"edge_twin_name={TWIN}", "-e", f"edge_twin_folder={folder / 'twin'}")
        overlay = folder / "twin" / "overlay"
        site = ("-i", inventory, "-i", str(overlay))
        down = ("playbooks/twin.yml", "-i", inventory, *name, "-e", "edge_twin_state=absent")
        try:
            line("twin from nothing (warm cache)", playbook("playbooks/twin.yml", "-i", inventory, *name).seconds)
            written = ("-e", f"edge_render_dir={rendered}", "-e", f"edge_plan_file={plan_file}")
            playbook("playbooks/render.yml", *site, *written)
            plan = json.loads(plan_file.read_text("utf-8"))
            rollout = helm_alone(rendered, overlay, plan)
            line("Helm alone: the same values, until all runs", rollout)
            playbook(*down)
            playbook("playbooks/twin.yml", "-i", inventory, *name)
            first = playbook("site.yml", *site)
            longer = first.seconds - rollout
            line("site.yml, first run", first.seconds, f"{longer:+.1f} s{missed(longer, ROLLOUT_AIM, ' s')}")
            parts(first)
            ratios: dict[str, list[float]] = {"with": [], "without": []}
            for number in range(1, options.repeat + 1):
                second = playbook("site.yml", *site)
                told = missed(second.plays[VERIFY], VERIFY_AIM, " s")
                note = f"verify {second.plays[VERIFY]:.1f} s{told}"
                line(f"site.yml, nothing to change ({number})", second.seconds, note)
                without = playbook("site.yml", *site, "-e", "edge_verify_probe=false")
                line(f"the same without verify's probes ({number})", without.seconds)
                hand = by_hand(rendered, overlay, plan)
                line(f"script by hand, nothing to change ({number})", hand)
                ratios["with"].append(second.seconds / hand)
                ratios["without"].append(without.seconds / hand)
            parts(second)
            for what, found in ratios.items():
                median = statistics.median(found)
                told = missed(median, HAND_AIM, "") if what == "without" else ""
                print(f"  ratio site.yml {what} probes / script by hand: median {median:.1f}{told}")
        finally:
            line("twin down", playbook(*down).seconds)


if __name__ == "__main__":
    main()

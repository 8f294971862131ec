#!/usr/bin/env python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of a router's BGP costs: this collection's transaction, frr-reload.py alone, a restart of FRR.

    benchmarks/router.py [--neighbors 10 100 500] [--changes "a neighbor" "a timer"] [--suite trixie]

Run it as root after ./rehearse has set everything up, with that set-up's Python. One router in namespaces of its own;
the neighbors are FRR's bgpd as well, one process with a view for each. The configurations are those of a planned site
(tests/support/many_neighbors.py), rendered by the role's template. All three ways make the same change in turn. Printed
for each: seconds on the router until the command is done, and how many of them its programs and FRR computed (other
programs on the machine change these little, so the ratio is of them), sessions that were reset (of the neighbors that
the change does not concern, and of those that it does), and probes (one every 10 ms, of an address that no change
concerns) that were lost until all sessions are up again. The transaction also checks before and proves afterwards,
within its seconds; the others do not.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "collections"), str(CHECKOUT / "tests" / "lab")]

from ansible_collections.hybridnet.cluster_edge.tests.support.many_neighbors import (  # noqa: E402 - after the path is set
    APART,
    APART_ASN,
    AT_FIRST,
    CHANGES,
    FEWEST,
    LENGTH,
    NODES_ASN,
    PROBED,
    ROUTER,
    UPSTREAM,
    UPSTREAM_ASN,
    Change,
    Wish,
    configuration,
    nodes_of,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.probe_client import Losses, Probes  # noqa: E402
from router_lab import RouterLab, missing, run, wait_for  # noqa: E402

WAYS = ("transaction", "reload", "restart")
HEADER = "frr defaults traditional\nlog syslog informational\nservice integrated-vtysh-config\n!\n"
LIBRARY = "ansible_collections/hybridnet/cluster_edge/plugins/module_utils"
TRANSACTION = f"""\
import json, sys
sys.path.insert(0, "/run/library.zip")
from {LIBRARY.replace("/", ".")}._router import change
candidate = open("/run/candidate").read()
result = change.transact(dict(content=candidate, stage="replace", apply="auto", platform="linux", take_over=[],
    both_stages=False, session_timeout=150, state_dir="/var/lib/hybridnet-cluster-edge", backup_keep=3), False)
sys.exit(json.dumps(result) if result.get("failed") else 0)
"""


class Cost(NamedTuple):
    """What one change cost by one way."""

    seconds: float
    processor: float
    """Seconds that the router's programs and FRR computed: other programs on the machine count little in it."""
    reset: int
    """Sessions that closed although the change does not concern their neighbors."""
    unconcerned: int
    """Neighbors that it does not concern."""
    reset_concerned: int
    concerned: int
    probes: Losses

    def text(self, reload: float) -> str:
        """Return the costs as one row; ``reload`` is what frr-reload.py alone computed."""
        unconcerned = f"{self.reset:3} of {self.unconcerned:3} unconcerned"
        others = f"{self.reset_concerned} of {self.concerned} others"
        took = f"{self.seconds:7.2f} s ({self.processor:5.2f} s computed) {self.processor / reload:5.1f} x reload"
        return f"{took}  reset: {unconcerned}, {others};  {self.probes}"


class Bench:
    """One router and its neighbors."""

    def __init__(self, lab: RouterLab, neighbors: int) -> None:
        self.lab = lab
        self.count = neighbors
        self.version = lab.sh("/usr/lib/frr/bgpd --version").stdout.split()[2]
        self.start_neighbors()
        self.client = lab.add_client()
        lab.answer(2, PROBED)
        self.ship_library()
        self.restart(self.configuration(AT_FIRST))
        self.wait_up(neighbors)

    def start_neighbors(self) -> None:
        """Start one bgpd with a view for each neighbor that a change may want; the first announces the probed address.

        It does not listen, as Cilium's agents do not: who dials which view could not be told.
        """
        ends = dict.fromkeys(nodes_of(self.count, Wish(more_nodes=1)), NODES_ASN)
        ends.update(dict.fromkeys(APART, APART_ASN))
        ends[UPSTREAM] = UPSTREAM_ASN
        views = "".join(
            f"router bgp {asn} view n{number}\n bgp router-id {address}\n no bgp ebgp-requires-policy\n"
            f" no bgp network import-check\n neighbor {ROUTER} remote-as 65000\n"
            f" neighbor {ROUTER} update-source {address}\n neighbor {ROUTER} timers connect 1\n"
            f" neighbor {ROUTER} disable-connected-check\n"
            f" address-family ipv4 unicast\n{'' if number else f'  network {PROBED}/32'}\n exit-address-family\nexit\n"
            for number, (address, asn) in enumerate(ends.items())
        )
        self.lab.add_peer(2, NODES_ASN, [], config=views, port=0)
        batch = "".join(f"addr add {address}/32 dev eth0\n" for address in ends)
        run("ip", "-n", f"{self.lab.name}-n2", "-batch", "-", stdin=batch)
        run("ip", "-n", f"{self.lab.name}-rtr", "addr", "add", f"10.121.15.254/{LENGTH}", "dev", "eth0")

    def ship_library(self) -> None:
        """Put the transaction on the router as Ansible brings a module: in a zip file, compiled anew by each run."""
        archive = self.lab.dir / "library.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as library:
            for file in sorted((CHECKOUT / "plugins" / "module_utils").rglob("*.py")):
                library.write(file, f"{LIBRARY}/{file.relative_to(CHECKOUT / 'plugins' / 'module_utils')}")
            for package in (Path(LIBRARY), *Path(LIBRARY).parents[:-1]):
                library.writestr(f"{package}/__init__.py", "")
        self.lab.sh("mkdir -p /var/lib/hybridnet-cluster-edge")
        run("sh", "-c", " ".join([*self.lab._enter(), "dd", "status=none", "of=/run/library.zip", "<", str(archive)]))
        self.lab.write("/run/transaction.py", TRANSACTION, owner="root:root")

    def configuration(self, wish: Wish) -> str:
        """Return the router's planned configuration."""
        return configuration(self.count, wish, self.version)

    # -- the three ways ------------------------------------------------------------------------------------------------
    def transaction(self, text: str) -> None:
        """Apply a candidate by this collection's transaction."""
        self.lab.sh("cat > /run/candidate; python3 /run/transaction.py", stdin=text, timeout=300)

    def reload(self, text: str) -> None:
        """Apply a candidate by frr-reload.py alone."""
        self.lab.write("/etc/frr/frr.conf", HEADER + text)
        self.lab.sh("/usr/lib/frr/frr-reload.py --reload /etc/frr/frr.conf >/run/reload.log 2>&1", timeout=300)

    def restart(self, text: str) -> None:
        """Apply a candidate by a restart of FRR."""
        self.lab.sh("sed -i s/^bgpd=no/bgpd=yes/ /etc/frr/daemons")
        self.lab.write("/etc/frr/frr.conf", HEADER + text)
        self.lab.sh("systemctl reset-failed frr; systemctl restart frr", timeout=300)

    # -- what is counted -----------------------------------------------------------------------------------------------
    def undo(self) -> None:
        """Bring the router back to the state that every change begins from."""
        self.transaction(self.configuration(AT_FIRST))
        self.wait_up(self.count)

    def computed(self) -> float:
        """Return the processor seconds of the programs that were run on the router so far, and of its FRR."""
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        daemons = dict(line.split() for line in (self.lab.cgroup / "rtr" / "cpu.stat").read_text().splitlines())
        return ended.ru_utime + ended.ru_stime + int(daemons["usage_usec"]) / 1e6

    def drops(self) -> dict[str, int]:
        """Return for each neighbor how often its session closed."""
        return {name: data["connectionsDropped"] for name, data in self.lab.neighbors().items() if "bgpState" in data}

    def wait_up(self, wanted: int) -> None:
        """Wait until sessions are up, and the probed address is installed."""

        def up() -> bool:
            peers = self.lab.show("show bgp ipv4 unicast summary json").get("peers", {}).values()
            return sum(peer["state"] == "Established" for peer in peers) >= wanted

        wait_for(f"{wanted} sessions", up, 240, 0.3)
        routes = f"ip -n {self.lab.name}-rtr route".split()
        wait_for("the probed address's route", lambda: PROBED in run(*routes).stdout, 60)

    def measure(self, way: str, change: Change) -> Cost:
        """Make a change by one of the three methods; return what it cost."""
        text = self.configuration(change.wish)
        before = self.drops()
        probes = Probes(self.client, PROBED)
        start, computed = time.monotonic(), self.computed()
        getattr(self, way)(text)
        seconds, computed = time.monotonic() - start, self.computed() - computed
        self.wait_up(len(nodes_of(self.count, change.wish)) + len(APART) + 1 - change.silent)
        losses = probes.stop()[PROBED]
        after = self.drops()
        kept = [name for name in before if name in after]
        # A restart closes them all, and FRR counts from 0 again.
        reset = [name for name in kept if way == "restart" or after[name] != before[name]]
        concerned = [name for name in kept if name in change.concerned]
        reset_concerned = [name for name in reset if name in concerned]
        return Cost(
            seconds,
            computed,
            len(reset) - len(reset_concerned),
            len(kept) - len(concerned),
            len(reset_concerned),
            len(concerned),
            losses,
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--neighbors", type=int, nargs="+", default=[10, 100, 500], help=f"from {FEWEST} on")
    parser.add_argument("--changes", nargs="+", choices=list(CHANGES), default=list(CHANGES), metavar="CHANGE",
                        help="of: " + ", ".join(CHANGES))  # fmt: skip
    parser.add_argument("--suite", default="trixie", help="Debian's name for the router's release")
    options = parser.parse_args()
    if min(options.neighbors) < FEWEST:
        parser.error(f"--neighbors: {min(options.neighbors)} are fewer than {FEWEST}")
    reason = missing(options.suite)
    if reason:
        sys.exit(f"a router cannot start here: {reason}")
    for count in options.neighbors:
        with RouterLab(options.suite) as lab:
            bench = Bench(lab, count)
            print(f"{count} neighbors, FRR {bench.version}", flush=True)
            for name in options.changes:
                costs = {}
                for way in WAYS:
                    costs[way] = bench.measure(way, CHANGES[name])
                    bench.undo()
                for way, cost in costs.items():
                    print(f"  {name:<18} {way:<12}{cost.text(costs['reload'].processor)}", flush=True)


if __name__ == "__main__":
    main()

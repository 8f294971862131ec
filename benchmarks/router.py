#!/usr/bin/env python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of a router's BGP costs: this collection's transaction, frr-reload.py alone, a restart of FRR.

    benchmarks/router.py [--neighbors 10 100 500] [--suite trixie]

Run it as root after ./rehearse has set everything up, with that set-up's Python. One router in namespaces of its own;
the neighbors are FRR's bgpd as well, one process with a view for each. All three ways make the same change in turn,
from the same file. Printed for each: seconds on the router until the command is done, sessions that were reset, and
probes (one every 10 ms, of an address behind the first neighbor) that were lost until all sessions are up again. The
transaction also checks before and proves afterwards, within its seconds; the others do not.
"""

from __future__ import annotations

import argparse
import io
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "collections"), str(CHECKOUT / "tests" / "lab")]

from ansible_collections.hybridnet.cluster_edge.tests.support.probe_client import Probes  # noqa: E402 - after the path is set
from router_lab import RouterLab, missing, run, wait_for  # noqa: E402 - after the path is set

PROBED = "203.0.113.81"
HEADER = "frr defaults traditional\nlog syslog informational\nservice integrated-vtysh-config\n!\n"
LIBRARY = "ansible_collections/hybridnet/cluster_edge/plugins/module_utils"
TRANSACTION = f"""\
import json, sys
sys.path.insert(0, "/run/library")
from {LIBRARY.replace("/", ".")}._router import change
candidate = open("/run/candidate").read()
result = change.transact(dict(content=candidate, stage="replace", apply="auto", platform="linux", take_over=[],
    session_timeout=150, state_dir="/var/lib/hybridnet-cluster-edge", backup_keep=3), False)
sys.exit(json.dumps(result) if result.get("failed") else 0)
"""


def address(number: int) -> str:
    """Return the address of the n-th neighbor, from 0."""
    return f"10.121.{1 + number // 250}.{1 + number % 250}"


def candidate(
    neighbors: int,
    prefixes: tuple[str, ...] = ("203.0.113.80/30",),
    timers: str = "3 9",
    preference: int = 100,
    password: str = "",
) -> str:
    """Return a router's BGP as the role renders it."""
    members = "".join(
        f" neighbor {address(n)} peer-group nodes\n neighbor {address(n)} description node {n}\n"
        for n in range(neighbors)
    )
    entries = "".join(
        f"ip prefix-list nodes-ipv4 seq {5 * number} permit {prefix} ge 32\n"
        for number, prefix in enumerate(prefixes, 1)
    )
    return f"""router bgp 65000
 bgp router-id 10.121.0.1
 bgp log-neighbor-changes
 bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 neighbor nodes peer-group
 neighbor nodes remote-as 65001
 neighbor nodes passive
 neighbor nodes timers {timers}
{members}{f" neighbor {address(1)} password {password}" if password else " !"}
 !
 address-family ipv4 unicast
  neighbor nodes activate
  neighbor nodes route-map nodes-ipv4-in in
  neighbor nodes route-map nodes-ipv4-out out
 exit-address-family
exit
!
{entries}!
route-map nodes-ipv4-in permit 10
 match ip address prefix-list nodes-ipv4
 set local-preference {preference}
exit
!
route-map nodes-ipv4-out deny 10
exit
!
"""


CHANGES: dict[str, Callable[[int], str]] = {
    "nothing to do": candidate,
    "a neighbor more": lambda count: candidate(count + 1),
    "a prefix more": lambda count: candidate(count, ("203.0.113.80/30", "203.0.113.92/30")),
    "a policy": lambda count: candidate(count, preference=200),
    "a timer": lambda count: candidate(count, timers="4 12"),
    "a password": lambda count: candidate(count, password="secret"),
    "a neighbor less": lambda count: candidate(count - 1),
}


class Bench:
    """One router and its neighbors."""

    def __init__(self, lab: RouterLab, neighbors: int) -> None:
        self.lab = lab
        self.count = neighbors
        self.start_neighbors()
        self.client = lab.add_client()
        lab.answer(2, PROBED)
        self.ship_library()
        self.restart(candidate(neighbors))
        self.wait_up()

    def start_neighbors(self) -> None:
        """Start one bgpd with a view for each neighbor, the first of which announces the probed address."""
        views = "".join(
            f"router bgp 65001 view n{n}\n bgp router-id {address(n)}\n no bgp ebgp-requires-policy\n"
            f" no bgp network import-check\n neighbor 10.121.0.1 remote-as 65000\n"
            f" neighbor 10.121.0.1 update-source {address(n)}\n neighbor 10.121.0.1 timers connect 1\n"
            f" neighbor 10.121.0.1 disable-connected-check\n"
            f" address-family ipv4 unicast\n{f'  network {PROBED}/32' if n == 0 else ''}\n exit-address-family\nexit\n"
            for n in range(self.count)
        )
        namespace = f"{self.lab.name}-n2"
        self.lab.add_peer(2, 65001, [], config=views)
        batch = "".join(f"addr add {address(n)}/32 dev eth0\n" for n in range(self.count))
        run("ip", "-n", namespace, "-batch", "-", stdin=batch)
        run("ip", "-n", f"{self.lab.name}-rtr", "addr", "add", "10.121.7.254/21", "dev", "eth0")

    def ship_library(self) -> None:
        """Put the transaction on the router as its module brings it."""
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            archive.add(
                CHECKOUT / "plugins" / "module_utils",
                LIBRARY,
                filter=lambda entry: None if "__pycache__" in entry.name else entry,
            )
        (self.lab.dir / "library.tar").write_bytes(stream.getvalue())
        self.lab.sh("mkdir -p /run/library /var/lib/hybridnet-cluster-edge")
        run(
            "sh",
            "-c",
            " ".join([*self.lab._enter(), "tar", "-C", "/run/library", "-xf", "-", "<", f"{self.lab.dir}/library.tar"]),
        )
        self.lab.write("/run/transaction.py", TRANSACTION, owner="root:root")

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
    def drops(self) -> dict[str, int]:
        """Return for each neighbor how often its session closed."""
        return {name: data["connectionsDropped"] for name, data in self.lab.neighbors().items() if "bgpState" in data}

    def wait_up(self, wanted: int | None = None) -> None:
        """Wait until sessions are up, and the probed address is installed."""
        wanted = self.count if wanted is None else wanted

        def up() -> bool:
            peers = self.lab.show("show bgp ipv4 unicast summary json").get("peers", {}).values()
            return sum(peer["state"] == "Established" for peer in peers) >= wanted

        wait_for(f"{wanted} sessions", up, 240, 0.3)
        routes = f"ip -n {self.lab.name}-rtr route".split()
        wait_for("the probed address's route", lambda: PROBED in run(*routes).stdout, 60)

    def measure(self, way: str, text: str, down: int) -> tuple[float, int, str]:
        """Apply a candidate; return (seconds, sessions reset, what the probes say).

        Args:
            way: the name of one of the three methods.
            text: the candidate.
            down: sessions that are not up afterwards, because the other end does not change.
        """
        before = self.drops()
        probes = Probes(self.client, PROBED)
        start = time.monotonic()
        getattr(self, way)(text)
        seconds = time.monotonic() - start
        self.wait_up(self.count - down)
        losses = probes.stop()[PROBED]
        after = self.drops()
        kept = [name for name in before if name in after]
        reset = len(kept) if way == "restart" else sum(after[name] != before[name] for name in kept)
        return seconds, reset, str(losses)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--neighbors", type=int, nargs="+", default=[10, 100, 500])
    parser.add_argument("--suite", default="trixie")
    options = parser.parse_args()
    reason = missing(options.suite)
    if reason:
        sys.exit(f"a router cannot start here: {reason}")
    for count in options.neighbors:
        with RouterLab(options.suite) as lab:
            bench = Bench(lab, count)
            print(f"{count} neighbors, FRR of {options.suite}", flush=True)
            for name, changed in CHANGES.items():
                down = {"a password": 1, "a neighbor less": 1}.get(name, 0)
                rows = {}
                for way in ("transaction", "reload", "restart"):
                    rows[way] = bench.measure(way, changed(count), down)
                    if name != "nothing to do":
                        bench.restart(candidate(count))
                        bench.wait_up()
                for way, (seconds, reset, probes) in rows.items():
                    ratio = seconds / rows["reload"][0]
                    print(
                        f"  {name:<16} {way:<12} {seconds:6.2f} s {ratio:5.1f} x reload  {reset:4} reset  {probes}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()

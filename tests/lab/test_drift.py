# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a site behind its owner's back, told by playbooks/drift.yml on a twin, which changes nothing."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.corpus import (
    CLUSTER,
    INVENTORIES,
    ROUTER,
    Site,
    rehearsed,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.faults import made_fault
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.yaml_text import read_yaml_file

pytestmark = [
    pytest.mark.lab,
    pytest.mark.long,
    pytest.mark.skipif(os.geteuid() != 0, reason="a twin needs root"),
]

POOL = "/apis/cilium.io/v2/ciliumloadbalancerippools/public-service"
KEEP = "cp -a /etc/frr/frr.conf /root/frr.conf.kept"
# systemd starts FRR three times in three minutes and no more, unless it is told to forget them.
RESTART = "systemctl reset-failed frr && systemctl restart frr"
PUT_BACK = f"cp -a /root/frr.conf.kept /etc/frr/frr.conf && {RESTART}"
OTHERS = "router bgp 64999\\n neighbor 10.121.0.13 remote-as 64998\\nexit"
"""What a controller that knows nothing of this site provisions."""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with rehearsed(print) as made:
        yield made


def wiped(site: Site) -> AbstractContextManager[None]:
    """A firmware upgrade: FRR is there, and has no configuration."""
    run = f"{KEEP} && echo >/etc/frr/frr.conf && {RESTART}"
    return site.broken(made_fault({"router": run, "undo": PUT_BACK}))


def emptied(site: Site) -> AbstractContextManager[None]:
    """Somebody emptied the file while FRR runs: nothing shows until the next start."""
    return site.broken(made_fault({"router": f"{KEEP} && echo >/etc/frr/frr.conf", "undo": PUT_BACK}))


def bgpd_off(site: Site) -> AbstractContextManager[None]:
    """A package of FRR brought its own list of daemons."""
    run = "sed -i s/^bgpd=yes/bgpd=no/ /etc/frr/daemons"
    return site.broken(made_fault({"router": run, "undo": "sed -i s/^bgpd=no/bgpd=yes/ /etc/frr/daemons"}))


def not_at_boot(site: Site) -> AbstractContextManager[None]:
    """Somebody switched FRR off for the next boot."""
    return site.broken(made_fault({"router": "systemctl disable frr", "undo": "systemctl enable frr"}))


def stopped(site: Site) -> AbstractContextManager[None]:
    """A firmware upgrade switched FRR off: the router answers, and there is nothing to compare."""
    return site.broken(made_fault({"router": "systemctl stop frr", "undo": RESTART}))


def provisioned_over(site: Site) -> AbstractContextManager[None]:
    """A controller wrote a configuration of its own."""
    run = f"{KEEP} && printf '{OTHERS}\\n' >/etc/frr/frr.conf && {RESTART}"
    return site.broken(made_fault({"router": run, "undo": PUT_BACK}))


def object_deleted(site: Site) -> AbstractContextManager[None]:
    """Somebody deleted a pool."""
    return site.broken(made_fault({"delete": POOL}))


@contextlib.contextmanager
def value_changed(site: Site) -> Iterator[None]:
    """Somebody upgraded the release with another value."""
    own = read_yaml_file(site.folder / "overlay" / "host_vars" / f"{CLUSTER}.yml")
    place = ["--namespace", "kube-system", "--kubeconfig", own["edge_cluster_kubeconfig"], "--wait"]
    helm = [own["cilium_net_release_binary"]]
    change = ["upgrade", "cilium", own["cilium_net_release_chart"], "--reuse-values", "--set", "debug.enabled=true"]
    subprocess.run([*helm, *change, *place], check=True, capture_output=True, timeout=300)
    try:
        yield
    finally:
        subprocess.run([*helm, "rollback", "cilium", *place], check=True, capture_output=True, timeout=300)


def drift(site: Site, written: Path) -> tuple[int, dict[str, Any]]:
    """Run the playbook; return its exit status, and what it has written."""
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "playbooks/drift.yml"]
    for inventory in (*INVENTORIES, site.folder / "overlay"):
        command += ["-i", str(inventory)]
    command += ["-e", "edge_verify_timeout=0", "-e", f"edge_drift_file={written}"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=300, check=False)
    assert written.is_file(), done.stdout + done.stderr
    return done.returncode, json.loads(written.read_text("utf-8"))


def drifted(told: dict[str, Any]) -> set[str]:
    """Return the hosts of the ends that differ from the plan."""
    return {end["host"] for end in told["ends"] if end["differences"]}


@pytest.mark.parametrize(
    ("happens", "where", "names"),
    [
        pytest.param(wiped, {ROUTER}, '"what": "BGP runs"', id="the router was wiped"),
        pytest.param(emptied, {ROUTER}, "frr.conf on disk: a BGP instance", id="the file was emptied"),
        pytest.param(bgpd_off, {ROUTER}, "bgpd at FRR's next start", id="bgpd is off at the next start"),
        pytest.param(not_at_boot, {ROUTER}, "FRR at boot", id="FRR does not start at boot"),
        pytest.param(stopped, {ROUTER}, "FRR: it does not run", id="FRR was switched off"),
        pytest.param(provisioned_over, {ROUTER}, "64999", id="a controller provisioned over it"),
        pytest.param(object_deleted, {CLUSTER}, "public-service", id="an object was deleted"),
        pytest.param(value_changed, {CLUSTER}, "Helm release: debug", id="a Helm value was changed"),
    ],
)
def test_drift_is_told_by_its_end_and_its_end_by_the_next_look(
    site: Site,
    tmp_path: Path,
    happens: Callable[[Site], AbstractContextManager[None]],
    where: set[str],
    names: str,
) -> None:
    with happens(site):
        status, told = drift(site, tmp_path / "drift.json")
    assert (status, told["state"], drifted(told)) == (2, "drift", where)
    assert all(end["error"] is None for end in told["ends"])
    (end,) = [end for end in told["ends"] if end["host"] in where]
    assert names in json.dumps(end)
    seconds, left = site.healed()
    assert seconds is not None, left
    status, told = drift(site, tmp_path / "after.json")
    assert (status, told["state"], drifted(told)) == (0, "none", set())

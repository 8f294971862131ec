# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An upgrade of Cilium by site.yml, from one minor version to the next, while clients use the services."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import kubernetes
import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, HYBRID
from ansible_collections.hybridnet.cluster_edge.tests.support.tcp_client import Connections

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="a twin needs root"),
]

TWIN = "upgrade"
CLIENT = f"twin-{TWIN}.client.upstream"
TARGETS = ("203.0.113.93:443", "203.0.113.94:25565")
"""Services behind BGP that upstream reaches."""


def playbook(name: str, *options: str) -> str:
    """Run a playbook with the reference site, and return its output."""
    command = ["ansible-playbook", f"playbooks/{name}", "-i", str(HYBRID), *options]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def addresses(folder: Path) -> dict[str, list[str]]:
    """Return by Service the addresses that the cluster gives it."""
    client = kubernetes.config.new_client_from_config(str(folder / "clusters" / "platform" / "kubeconfig"))
    found = kubernetes.client.CoreV1Api(client).list_service_for_all_namespaces().items
    return {
        item.metadata.name: [entry.ip for entry in item.status.load_balancer.ingress or ()]
        for item in found
        if item.spec.type == "LoadBalancer"
    }


def take_helm_4(overlay: Path) -> None:
    """Write Helm 4 into an overlay, in the place of the twin's Helm; an extra variable would leave the twin."""
    file = overlay / "host_vars" / "platform.yml"
    variables = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert "cilium_net_release_binary" in variables
    file.write_text(
        json.dumps({**variables, "cilium_net_release_binary": str(cluster_lab.built_program("helm-4"))}),
        encoding="utf-8",
    )


@pytest.mark.parametrize(
    ("old", "new", "helm_4"),
    [
        pytest.param("1.16.19", "1.17.16", False, id="1.16.19 to 1.17.16", marks=pytest.mark.long),
        pytest.param("1.17.16", "1.18.0", False, id="1.17.16 to 1.18.0", marks=pytest.mark.long),
        pytest.param("1.18.0", "1.19.6", False, id="1.18.0 to 1.19.6", marks=pytest.mark.long),
        pytest.param("1.19.6", "1.20.2", False, id="1.19.6 to 1.20.2"),
        pytest.param("1.19.6", "1.20.2", True, id="1.19.6 to 1.20.2 by Helm 4", marks=pytest.mark.long),
    ],
)
def test_an_upgrade_keeps_every_address_and_every_connection(
    old: str, new: str, helm_4: bool, tmp_path: Path, told_by_probes: Callable[[str], None]
) -> None:
    folder = tmp_path / "twin"
    own = ("-e", f"edge_twin_name={TWIN}", "-e", f"edge_twin_folder={folder}")
    overlay = ("-i", str(folder / "overlay"))
    try:
        playbook("twin.yml", *own, "-e", f"edge_cilium_version={old}")
        if helm_4:
            take_helm_4(folder / "overlay")
        playbook("site.yml", *overlay, "-e", f"edge_cilium_version={old}")
        if helm_4:
            again = playbook("site.yml", *overlay, "-e", f"edge_cilium_version={old}")
            assert "0 of 2 ends changed" in again, again
        before = addresses(folder)
        playbook("twin.yml", *own, "-e", f"edge_cilium_version={new}")
        if helm_4:
            take_helm_4(folder / "overlay")
        clients = Connections(CLIENT, *TARGETS)
        try:
            playbook("site.yml", *overlay, "-e", f"edge_cilium_version={new}")
        finally:
            lost = clients.stop()
        assert addresses(folder) == before
        if helm_4:
            again = playbook("site.yml", *overlay, "-e", f"edge_cilium_version={new}")
            assert "0 of 2 ends changed" in again, again
    finally:
        playbook("twin.yml", *own, "-e", "edge_twin_state=absent")
    for target, losses in lost.items():
        told_by_probes(f"{old} to {new}, {target}: {losses}")
    assert {target: losses.lost for target, losses in lost.items()} == dict.fromkeys(TARGETS, 0)

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An upgrade of Cilium by site.yml, from one minor version to the next, while clients use the services."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import kubernetes
import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.kube import Kube
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._versions.cilium import V2_SINCE
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, HYBRID
from ansible_collections.hybridnet.cluster_edge.tests.support.lab_twins import lab_twin
from ansible_collections.hybridnet.cluster_edge.tests.support.probe_client import Losses
from ansible_collections.hybridnet.cluster_edge.tests.support.session_watch import SessionWatch
from ansible_collections.hybridnet.cluster_edge.tests.support.tcp_client import Connections

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from releases_lab import RELEASES  # noqa: E402

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="a twin needs root"),
]

TWIN = lab_twin("upgrade")
CLIENT = f"{TWIN.prefix}.client.upstream"
TARGETS = ("203.0.113.93:443", "203.0.113.94:25565")
"""Services behind BGP that upstream reaches."""
ROUTER = "udm-pro"
PATHS = {"203.0.113.93/32": 3, "203.0.113.94/32": 3}
"""Prefix of each -> how many nodes the router has it from."""


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


LAST = RELEASES[-2:]
UNVERIFIED = ("1.17.16",)
"""Where nodes without the lease of an address go on answering ARP beside its holder, which verify says (EDGE884)."""


def stored_versions(folder: Path) -> dict[str, list[str]]:
    """Return by kind in which versions the API server may still store objects: of those that moved to ``v2``."""
    client = kubernetes.config.new_client_from_config(str(folder / "clusters" / "platform" / "kubeconfig"))
    found = kubernetes.client.ApiextensionsV1Api(client).list_custom_resource_definition().items
    return {item.spec.names.kind: item.status.stored_versions for item in found if item.spec.names.kind in V2_SINCE}


@pytest.mark.parametrize(
    ("releases", "helm_4", "again"),
    [
        pytest.param(LAST, False, False, id="to the newest"),
        pytest.param(LAST, True, True, id="to the newest by Helm 4", marks=pytest.mark.long),
        pytest.param(
            RELEASES, False, True, id="from the oldest, one minor version after the other", marks=pytest.mark.long
        ),
    ],
)
def test_an_upgrade_keeps_every_address_and_every_connection(
    releases: tuple[str, ...], helm_4: bool, again: bool, tmp_path: Path, told_by_probes: Callable[[str], None]
) -> None:
    folder, own = TWIN.folder, TWIN.options
    overlay = ("-i", str(folder / "overlay"))
    lost: dict[str, Losses] = {}

    def take(release: str) -> tuple[str, ...]:
        """Let the twin have the programs of a release, and return the options of a run that plans it."""
        playbook("twin.yml", *own, "-e", f"edge_cilium_version={release}")
        if helm_4:
            take_helm_4(folder / "overlay")
        skipped = ("--skip-tags", "verify") if release in UNVERIFIED else ()
        return (*overlay, "-e", f"edge_cilium_version={release}", *skipped)

    def run_again(options: tuple[str, ...]) -> None:
        """Demand of a second run, where ``again`` asks for it, that it changes nothing."""
        told = playbook("site.yml", *options) if again else ""
        assert not again or "0 of 2 ends changed" in told, told

    try:
        options = take(releases[0])
        playbook("site.yml", *options)
        run_again(options)
        before = addresses(folder)
        for old, new in itertools.pairwise(releases):
            options = take(new)
            clients, sessions = Connections(CLIENT, *TARGETS), SessionWatch(folder, ROUTER)
            try:
                playbook("site.yml", *options)
            finally:
                found, seen = clients.stop(), sessions.stop()
            told_by_probes(f"{old} to {new}: {len(seen.down)} sessions went down, for {seen.longest:.1f} s at most")
            # Each session is back before the router lets go of its node's paths (RFC 4724: the restart time).
            assert seen.fewest == seen.first == PATHS
            for target, losses in found.items():
                told_by_probes(f"{old} to {new}, {target}: {losses}")
                lost[f"{old} to {new}, {target}"] = losses
            assert addresses(folder) == before
            run_again(options)
        # What Cilium 1.16 stored as v2alpha1 is stored as v2 before 1.21 takes that version away: by Cilium's operator,
        # and pools by the run.
        assert stored_versions(folder) == {kind: ["v2"] for kind in V2_SINCE}
    finally:
        playbook("twin.yml", *own, "-e", "edge_twin_state=absent")
    assert {what: losses.lost for what, losses in lost.items()} == dict.fromkeys(lost, 0)


def helm_of(run: subprocess.Popen[str]) -> list[int]:
    """Return the processes of Helm that a run has started."""
    parents, names = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            head, _bracket, tail = path.read_text().rpartition(") ")
            parents[int(path.parent.name)], names[int(path.parent.name)] = int(tail.split()[1]), head.partition("(")[2]
    found = []
    for pid in [pid for pid, name in names.items() if name == "helm"]:
        above = pid
        while above in parents and above != run.pid:
            above = parents[above]
        if above == run.pid:
            found.append(pid)
    return found


def wait_until_helm_begins(kube: Kube) -> None:
    """Wait until a Helm has noted that it upgrades the release.

    Raises:
        AssertionError: none did.
    """
    secrets = "/api/v1/namespaces/kube-system/secrets"
    version = kube.request("GET", secrets)["metadata"]["resourceVersion"]
    for kind, item in kube.watch(secrets, version, 300):
        if kind == "ADDED" and item["metadata"].get("labels", {}).get("status") == "pending-upgrade":
            return
    raise AssertionError("the run never called Helm")


def kill_helm_at_work(kube: Kube, run: subprocess.Popen[str]) -> None:
    """Kill a run's Helm as soon as it upgrades the release."""
    wait_until_helm_begins(kube)
    killed = helm_of(run)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    assert killed, "Helm had ended before it could be killed"


def release_status(kube: Kube) -> list[str]:
    """Return the status of each revision of the release, oldest first."""
    found = kube.request("GET", "/api/v1/namespaces/kube-system/secrets?labelSelector=owner=helm")["items"]
    labels = sorted((item["metadata"]["labels"] for item in found), key=lambda label: int(label["version"]))
    return [label["status"] for label in labels]


def end_the_operator(kube: Kube, own: tuple[str, ...]) -> None:
    """Let no operator get ready from the moment on at which Helm begins."""
    wait_until_helm_begins(kube)
    playbook("twin.yml", *own, "-e", '{"edge_twin_stopped_operators": ["platform"]}')


@dataclasses.dataclass(frozen=True)
class Cut:
    """What comes into the middle of an upgrade, and what is seen of it."""

    come: Callable[[Kube, subprocess.Popen[str], tuple[str, ...]], None]
    """Waits for Helm to begin, and comes into it; is given the run and the options of the twin."""
    told: tuple[str, ...]
    """In the output of the run that was cut off."""
    told_next: tuple[str, ...]
    """In the output of the next one."""
    left: tuple[str, ...]
    """The status of each revision of the release after the cut."""
    completed: tuple[str, ...]
    """The same after the next run."""
    rollout_seconds: int = 300
    """How long the run waits for agents and operator."""


HELM_KILLED = Cut(  # as the kernel does where memory is short
    come=lambda kube, run, _own: kill_helm_at_work(kube, run),
    told=(
        "helm upgrade was ended by somebody else (signal 9: Killed)",
        "Run again: a release that Helm has left pending is freed then",
    ),
    told_next=("the Helm release cilium is pending-upgrade: a run was cut off in the middle of it",),
    left=("deployed", "pending-upgrade"),
    completed=("superseded", "failed", "deployed"),
)
NO_OPERATOR = Cut(
    come=lambda kube, _run, own: end_the_operator(kube, own),
    told=(
        "Cilium's operator (Deployment kube-system/cilium-operator): ",
        "Mend it and run again: the run goes on there.",
    ),
    told_next=(),
    left=("superseded", "deployed"),
    completed=("superseded", "deployed"),
    rollout_seconds=90,
)


@pytest.mark.long
@pytest.mark.parametrize("cut", [HELM_KILLED, NO_OPERATOR], ids=["Helm is killed", "the operator does not come up"])
def test_an_upgrade_that_is_cut_off_in_the_middle(
    cut: Cut, tmp_path: Path, told_by_probes: Callable[[str], None]
) -> None:
    """The next run completes the upgrade, and the one after it changes nothing."""
    (old, new), folder, own = LAST, TWIN.folder, TWIN.options
    limits = ("-e", "cilium_net_release_helm_timeout=60", "-e", f"cilium_net_release_timeout={cut.rollout_seconds}")
    options = ("-i", str(folder / "overlay"), *limits, "-e")
    upgraded = f"edge_cilium_version={new}"
    try:
        playbook("twin.yml", *own, "-e", f"edge_cilium_version={old}")
        playbook("site.yml", "-i", str(folder / "overlay"), "-e", f"edge_cilium_version={old}")
        before = addresses(folder)
        playbook("twin.yml", *own, "-e", upgraded)
        kube = Kube(folder / "clusters" / "platform" / "kubeconfig")
        clients = Connections(CLIENT, *TARGETS)
        try:
            command = ["ansible-playbook", "playbooks/site.yml", "-i", str(HYBRID), *options, upgraded]
            with subprocess.Popen(
                command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            ) as run:
                cut.come(kube, run, (*own, "-e", upgraded))
                output = run.communicate(timeout=600)[0]
            assert run.returncode != 0, output
            for text in cut.told:
                assert text in " ".join(output.split()), output
            assert "Traceback" not in output
            assert release_status(kube) == list(cut.left)
            assert addresses(folder) == before
            playbook("twin.yml", *own, "-e", upgraded)
            completed = playbook("site.yml", *options, upgraded)
            again = playbook("site.yml", *options, upgraded)
        finally:
            lost = clients.stop()
        for text in cut.told_next:
            assert text in " ".join(completed.split()), completed
        assert release_status(kube) == list(cut.completed)
        assert "0 of 2 ends changed" in again, again
        assert addresses(folder) == before
    finally:
        playbook("twin.yml", *own, "-e", "edge_twin_state=absent")
    for target, losses in lost.items():
        told_by_probes(f"cut off in the middle, {old} to {new}, {target}: {losses}")
    assert {target: losses.lost for target, losses in lost.items()} == dict.fromkeys(TARGETS, 0)

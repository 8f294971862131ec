# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster's control plane: etcd, API server and controller manager in a namespace that has nothing but loopback.

Nothing of it stands on the site's networks. It is reached through loopback ports: one on the machine, for Ansible and
Helm, and one in each node's namespace (``systemd-socket-activate`` listens on one side, ``systemd-socket-proxyd``
connects on the other).
"""

from __future__ import annotations

import json
import secrets
import socket
from pathlib import Path

from ..description import twin as _twin
from .kube import ApiError, Kube, kubeconfig
from .runtime import NETNS, Runtime, run, write

_API_PORT = 6443
_API_LIMIT = 120.0
_CONTROLLERS = (
    "daemonset-controller",
    "deployment-controller",
    "replicaset-controller",
    "endpointslice-controller",
    "namespace-controller",
    "garbage-collector-controller",
    "serviceaccount-controller",
)
_ACTIVATE = "/usr/bin/systemd-socket-activate"
_PROXY = "/lib/systemd/systemd-socket-proxyd"


class ControlPlane:
    """One cluster's API server and what belongs to it."""

    def __init__(self, runtime: Runtime, cluster: _twin.Cluster) -> None:
        self.runtime = runtime
        self.cluster = cluster
        self.folder = runtime.folder / "clusters" / cluster.host
        self.kubeconfig = self.folder / "kubeconfig"
        self.authority = self.folder / "pki" / "apiserver.crt"
        self.kube: Kube | None = None

    def _program(self, name: str) -> str:
        return f"{name}.{self.cluster.host}"

    def start(self, etcd: Path, api_server: Path) -> None:
        """Start etcd, the API server and the way to it; does not wait."""
        for name in ("pki", "etcd"):
            (self.folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        key = self.folder / "pki" / "sa.key"
        if not key.exists():
            run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-C", "", "-f", key])
        self._write_credentials()
        if not self.runtime.running(self._program("etcd")):
            self.runtime.start(self._program("etcd"), self._etcd(etcd), self.cluster.namespace)
        if not self.runtime.running(self._program("kube-apiserver")):
            self.runtime.start(self._program("kube-apiserver"), self._api_server(api_server), self.cluster.namespace)
        self.forward(self._program("api-port"), None, int((self.folder / "port").read_text(encoding="ascii")))

    def _etcd(self, program: Path) -> list[str]:
        client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
        return [
            str(program),
            "--name=twin",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=twin={peer}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]

    def _api_server(self, program: Path) -> list[str]:
        pki = self.folder / "pki"
        return [
            str(program),
            "--etcd-servers=http://127.0.0.1:2379",
            # Bound to loopback, its own certificate is for this address, as which every proxy reaches it.
            "--bind-address=127.0.0.1",
            f"--secure-port={_API_PORT}",
            f"--advertise-address={self.cluster.advertise_address}",
            f"--cert-dir={pki}",
            f"--service-cluster-ip-range={','.join(self.cluster.service_cidrs)}",
            f"--service-account-key-file={pki / 'sa.key'}",
            f"--service-account-signing-key-file={pki / 'sa.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--token-auth-file={pki / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            "--endpoint-reconciler-type=none",
            "--profiling=false",
        ]

    def _write_credentials(self) -> None:
        """Choose a token and a free port once; both stay as long as the twin does."""
        if self.kubeconfig.exists():
            return
        token = secrets.token_hex(24)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        write(self.folder / "port", f"{port}\n")
        write(self.folder / "pki" / "tokens.csv", f'{token},twin-admin,1,"system:masters"\n')
        internal = kubeconfig(f"https://127.0.0.1:{_API_PORT}", self.authority, token, self.runtime.name)
        write(self.folder / "kubeconfig.internal", internal)
        write(self.kubeconfig, kubeconfig(f"https://127.0.0.1:{port}", self.authority, token, self.runtime.name))

    def forward(self, program: str, namespace: str | None, port: int) -> None:
        """Make the API server answer on loopback ``port`` of ``namespace`` (None: of the machine)."""
        if self.runtime.running(program):
            return
        argv = [_ACTIVATE, "-l", f"127.0.0.1:{port}", "nsenter", f"--net={NETNS / self.cluster.namespace}"]
        self.runtime.start(program, [*argv, "--", _PROXY, f"127.0.0.1:{_API_PORT}"], namespace)

    def wait(self) -> Kube:
        """Wait for the API server and return its client."""
        program = self._program("kube-apiserver")
        self.runtime.wait(f"{program} has its certificate", self.authority.exists, _API_LIMIT, program, quiet=True)
        self.kube = kube = Kube(self.kubeconfig)
        self.runtime.wait(f"the API server of {self.cluster.host} is ready", kube.ready, _API_LIMIT, program)
        return kube

    def start_controllers(self, controller_manager: Path) -> None:
        """Start the controllers that a network edge needs."""
        program = self._program("kube-controller-manager")
        if not self.runtime.running(program):
            self.runtime.start(
                program,
                [
                    str(controller_manager),
                    f"--kubeconfig={self.folder / 'kubeconfig.internal'}",
                    f"--controllers={','.join(_CONTROLLERS)}",
                    "--leader-elect=false",
                    f"--service-account-private-key-file={self.folder / 'pki' / 'sa.key'}",
                    "--secure-port=0",
                    "--profiling=false",
                ],
                self.cluster.namespace,
            )

    def apply_objects(self) -> None:
        """Apply the objects that others own on a real cluster, and remove those that have left the description."""
        kube = self.kube or self.wait()
        for item in self.cluster.objects:
            kube.apply(item)
        for node, status in self.cluster.node_status.items():
            condition = {"type": "Ready", "status": "True", "reason": "TwinNode", "message": "a stand-in of the twin"}
            # The list's merge key is the type, of which dual stack has two: replaced whole, as the kubelet does it.
            addresses = [{"$patch": "replace"}, *status["addresses"]]
            kube.patch_status(f"/api/v1/nodes/{node}", {"addresses": addresses, "conditions": [condition]})
        wanted = {
            (item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in self.cluster.objects
        }
        selector = f"labelSelector={_twin.LABEL_STAND_IN}%3D{_twin.MANAGED_BY}"
        for kind, path in (
            ("EndpointSlice", "/apis/discovery.k8s.io/v1/endpointslices"),
            ("Service", "/api/v1/services"),
            ("Namespace", "/api/v1/namespaces"),
            ("Node", "/api/v1/nodes"),
        ):
            group = path.rpartition("/")[0]
            for item in kube.request("GET", f"{path}?{selector}")["items"]:
                metadata = item["metadata"]
                if (kind, metadata.get("namespace"), metadata["name"]) in wanted:
                    continue
                namespace = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
                self._delete(kube, f"{group}{namespace}/{path.rpartition('/')[2]}/{metadata['name']}")

    def install_release(self, helm: Path, chart: Path) -> None:
        """Install Cilium in its owner's place, where it is not ours; ``site.yml`` leaves such a release alone."""
        if self.cluster.owners_release is None:
            return
        text = json.dumps({"chart": str(chart), "values": self.cluster.owners_release}, indent=1) + "\n"
        installed, values = self.folder / "owners-release.json", self.folder / "owners-values.json"
        if installed.exists() and installed.read_text(encoding="utf-8") == text:
            return
        write(values, json.dumps(self.cluster.owners_release, indent=1) + "\n")
        target = ["--kubeconfig", str(self.kubeconfig), "--namespace", "kube-system"]
        run([helm, *target, "upgrade", "--install", "cilium", chart, "--values", values])
        write(installed, text)
        self.runtime.progress.step(f"Cilium's release is on {self.cluster.host}, as its owner would have it")

    @staticmethod
    def _delete(kube: Kube, path: str) -> None:
        try:
            kube.request("DELETE", path)
        except ApiError as error:
            if error.status != 404:  # gone with its owner meanwhile
                raise

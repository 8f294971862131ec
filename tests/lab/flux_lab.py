# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flux's own controllers beside a cluster of the lab, fed without Git: what is committed is an archive on loopback."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.server
import io
import os
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cluster_lab
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import programs
from cluster_lab import Cluster, wait_for

NAMESPACE = "flux-system"
SOURCE_CONTROLLER = "1.7.0"
"""The one of Flux 2.7. It does not run: it fetches over the network. Its part is to say where an archive is."""
SOURCES = "/apis/source.toolkit.fluxcd.io/v1"
KUSTOMIZATIONS = f"/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/{NAMESPACE}/kustomizations"
MERGE = "application/merge-patch+json"


def add_kinds(cluster: Cluster) -> None:
    """Register the kinds of Flux, and its namespace."""
    versions = {name: recipe.version.removeprefix("v") for name, recipe in programs.FLUX.items()}
    for name, version in {**versions, "source-controller": SOURCE_CONTROLLER}.items():
        folder = cluster_lab.go_module(f"github.com/fluxcd/{name}", version) / "config" / "crd" / "bases"
        cluster.add_kinds(*folder.glob("*.yaml"))
    cluster.add_namespace(NAMESPACE)


@contextlib.contextmanager
def controller(cluster: Cluster, name: str, *options: str) -> Iterator[None]:
    """Run a controller of Flux for the block, and end it."""
    command = [
        cluster_lab.built_program(name),
        *("--watch-all-namespaces", "--metrics-addr=0", "--health-addr=0", "--enable-leader-election=false"),
        *(
            "--requeue-dependency=1s",
            "--min-retry-delay=250ms",
            "--max-retry-delay=1s",
            "--interval-jitter-percentage=0",
        ),
        *options,
    ]
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "RUNTIME_NAMESPACE": NAMESPACE}
    with (cluster.folder / f"{name}.log").open("ab") as log:
        bound = ("setpriv", "--pdeathsig", "KILL", *command)
        process = subprocess.Popen(bound, env=environment, stdout=log, stderr=log, cwd=cluster.folder)
        try:
            yield
            assert process.poll() is None, f"{name} ended (its log is in {cluster.folder})"
        finally:
            process.kill()
            process.wait()


class Fleet:
    """What stands in Git: ``folder`` is the checkout."""

    def __init__(self, cluster: Cluster, folder: Path, url: str, archives: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self._url = url
        self._archives = archives

    def commit(self) -> str:
        """Make what is in the folder known as the GitRepository ``flux-system``, and return its revision."""
        digest = self._keep(archive(self.folder))
        revision = f"main@sha1:{digest[:40]}"
        metadata = {"name": "flux-system", "namespace": NAMESPACE}
        source = {
            "kind": "GitRepository",
            "metadata": metadata,
            "spec": {"interval": "1h", "url": "https://git.invalid"},
        }
        path = f"{SOURCES}/namespaces/{NAMESPACE}/gitrepositories/flux-system"
        self.cluster.apply(path, {"apiVersion": SOURCES.removeprefix("/apis/"), **source})
        self._say_where(path, digest, revision)
        return revision

    def publish_chart(self, path: str, chart: Path) -> None:
        """Do source-controller's part for the HelmChart that helm-controller has made at ``path``."""
        self._say_where(path, self._keep(chart.read_bytes()), chart.name.removesuffix(".tgz").rpartition("-")[2])

    def _keep(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        (self._archives / f"{digest}.tar.gz").write_bytes(content)
        return digest

    def _say_where(self, path: str, digest: str, revision: str) -> None:
        """Write the status of a source."""
        now = "2026-01-01T00:00:00Z"
        generation = self.cluster.get(path)["metadata"]["generation"]
        artifact = {
            "digest": f"sha256:{digest}",
            "lastUpdateTime": now,
            "path": f"{digest}.tar.gz",
            "revision": revision,
            "url": f"{self._url}/{digest}.tar.gz",
        }
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "Succeeded",
            "message": "stored",
            "lastTransitionTime": now,
            "observedGeneration": generation,
        }
        status = {"observedGeneration": generation, "artifact": artifact, "conditions": [ready]}
        self.cluster.request("PATCH", f"{path}/status", {"status": status}, MERGE)

    def applied(self, name: str, revision: str) -> None:
        """Wait until a Kustomization says that it has applied a revision."""

        def done() -> bool:
            item = self.cluster.get(f"{KUSTOMIZATIONS}/{name}")
            return (
                condition(item, "Ready")["status"] == "True" and item["status"].get("lastAppliedRevision") == revision
            )

        wait_for(f"Kustomization {name} has applied {revision} (log in {self.cluster.folder})", done, 120)


def condition(item: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return a condition of an object; with the status Unknown where it is not there, or is about an older generation."""
    for found in item.get("status", {}).get("conditions") or []:
        if found["type"] == kind and found.get("observedGeneration", 0) >= item["metadata"]["generation"]:
            return dict(found)
    return {"status": "Unknown", "reason": "", "message": ""}


def archive(folder: Path) -> bytes:
    """Return a folder's files as source-controller keeps them."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive_:
        for path in sorted(folder.rglob("*")):
            archive_.add(path, str(path.relative_to(folder)), recursive=False)
    return content.getvalue()


@contextlib.contextmanager
def fleet(cluster: Cluster, folder: Path) -> Iterator[Fleet]:
    """Serve what is committed of ``folder/fleet`` for the block."""
    archives, checkout = folder / "archives", folder / "fleet"
    archives.mkdir()
    checkout.mkdir()
    handler = functools.partial(_Quiet, directory=str(archives))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Fleet(cluster, checkout, f"http://127.0.0.1:{server.server_address[1]}", archives)
        finally:
            server.shutdown()
            thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_message: Any) -> None:
        """Say nothing: a request is no news."""

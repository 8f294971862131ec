# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argo CD beside a cluster of the lab: its application controller and repo server, fed from a Git repository on disk."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cluster_lab
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import programs
from cluster_lab import Cluster, free_ports, wait_for

NAMESPACE = "argocd"
APPLICATIONS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications"
FINALIZER = "resources-finalizer.argocd.argoproj.io"
MERGE = "application/merge-patch+json"
REFRESH = "argocd.argoproj.io/refresh"


def add_kinds(cluster: Cluster) -> None:
    """Register the kinds of Argo CD, its namespace, its settings, and the project ``default``, which allows all."""
    version = programs.ARGO_CD.version.removeprefix("v")
    folder = cluster_lab.go_module(programs.ARGO_CD.module, version) / "manifests" / "crds"
    cluster.add_kinds(*(folder / f"{kind}-crd.yaml" for kind in ("application", "applicationset", "appproject")))
    cluster.add_namespace(NAMESPACE)
    labels = {"app.kubernetes.io/part-of": "argocd"}
    for name in ("argocd-cm", "argocd-rbac-cm", "argocd-ssh-known-hosts-cm", "argocd-tls-certs-cm"):
        metadata = {"name": name, "labels": labels}
        cluster.request("POST", f"/api/v1/namespaces/{NAMESPACE}/configmaps", {"metadata": metadata})
    secret = {"metadata": {"name": "argocd-secret", "labels": labels}, "stringData": {"server.secretkey": "lab-only"}}
    cluster.request("POST", f"/api/v1/namespaces/{NAMESPACE}/secrets", secret)
    project = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "default"},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"namespace": "*", "server": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        },
    }
    cluster.request("POST", f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/appprojects", project)


@contextlib.contextmanager
def running(cluster: Cluster, folder: Path) -> Iterator[None]:
    """Run the repo server, the application controller, and what they need, for the block, and end them.

    Args:
        cluster: what they read and write.
        folder: of their files and logs.
    """
    program = cluster_lab.built_program("argocd")
    redis, repo, collector, *metrics = free_ports(5)
    common = (f"--redis=127.0.0.1:{redis}", "--loglevel=info", "--logformat=text")
    environment = {
        **os.environ,
        "PATH": f"{cluster_lab.built_program('kustomize').parent}:{cluster_lab.HELM.parent}:{os.environ['PATH']}",
        # Settings of Git, Helm and Argo CD of whoever starts the tests change nothing.
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "ARGOCD_GPG_ENABLED": "false",
        # The cluster in which Argo CD runs, https://kubernetes.default.svc, is that of the kubeconfig.
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "KUBECONFIG": str(cluster.kubeconfig),
    }
    commands: dict[str, Sequence[str]] = {
        # Debian has the server and this tool as one program, which goes by the name it is called by; only the package
        # of the tool starts no service.
        "redis-server": ("redis-check-rdb", f"--port {redis}", "--bind 127.0.0.1", "--save ''"),
        "argocd-repo-server": (
            str(program),
            *common,
            "--disable-tls",
            # How long it takes a branch to be what it was.
            "--revision-cache-expiration=1s",
            "--address=127.0.0.1",
            f"--port={repo}",
            "--metrics-address=127.0.0.1",
            f"--metrics-port={metrics[0]}",
        ),
        "argocd-application-controller": (
            str(program),
            *common,
            f"--kubeconfig={cluster.kubeconfig}",
            f"--namespace={NAMESPACE}",
            f"--repo-server=127.0.0.1:{repo}",
            "--repo-server-plaintext",
            f"--metrics-port={metrics[1]}",
            "--app-resync=2",
            "--app-resync-jitter=0",
            "--self-heal-timeout-seconds=1",
            # How long a folder that is gone from Git counts as a fault of the moment.
            "--repo-error-grace-period-seconds=1",
        ),
        # Argo CD deletes in the foreground, which the garbage collector brings to its end.
        "kube-controller-manager": (
            str(cluster_lab.KUBERNETES / "kube-controller-manager"),
            f"--kubeconfig={cluster.kubeconfig}",
            "--controllers=garbage-collector-controller",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            f"--secure-port={collector}",
            f"--cert-dir={folder}",
        ),
    }
    with contextlib.ExitStack() as stack:
        for name, (path, *options) in commands.items():
            stack.enter_context(_program(name, path, options, environment, folder))
        yield


@contextlib.contextmanager
def _program(name: str, path: str, options: Sequence[str], environment: dict[str, str], folder: Path) -> Iterator[None]:
    log_file = folder / f"{name}.log"
    with log_file.open("ab") as log:
        # They end with pytest, also when it is killed; bash starts a program by another name.
        command = ["setpriv", "--pdeathsig", "KILL", "bash", "-c", 'exec -a "$0" "$@"', name, path, *options]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
        try:
            yield
            assert process.poll() is None, f"{name} ended ({log_file})"
        finally:
            process.kill()
            process.wait()


class Repository:
    """A Git repository: ``folder`` is its checkout, ``url`` what an Application takes as ``repoURL``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"file://{folder}"
        folder.mkdir()
        self._git("init", "--quiet", "--initial-branch=main")

    def commit(self) -> str:
        """Commit what is in the folder, and return the revision."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message=change")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        who = ("-c", "user.name=lab", "-c", "user.email=lab@example.org", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(self.folder), *who, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Apps:
    """The Applications of a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def get(self, name: str) -> dict[str, Any] | None:
        """Return an Application; None: there is none."""
        found: dict[str, Any] | None = self.cluster.get(f"{APPLICATIONS}/{name}")
        return found

    def write(self, item: dict[str, Any]) -> None:
        """Make an Application."""
        self.cluster.request("POST", APPLICATIONS, item)

    def refresh(self, name: str) -> None:
        """Ask Argo CD to look at Git and at the cluster anew, without its caches."""
        patch = {"metadata": {"annotations": {REFRESH: "hard"}}}
        self.cluster.request("PATCH", f"{APPLICATIONS}/{name}", patch, MERGE)
        wait_for(f"Argo CD has looked at {name} anew", lambda: self._refreshed(name))

    def _refreshed(self, name: str) -> bool:
        return REFRESH not in ((self.get(name) or {})["metadata"].get("annotations") or {})

    def sync(self, name: str, revision: str, *, prune: bool = False) -> None:
        """Do what ``argocd app sync`` asks for."""
        item = self.get(name) or {}
        options = item["spec"].get("syncPolicy", {}).get("syncOptions", [])
        operation = {"sync": {"revision": revision, "prune": prune, "syncOptions": options}}
        if "sources" in item["spec"]:
            operation["sync"] = {"prune": prune, "syncOptions": options}
        self.cluster.request("PATCH", f"{APPLICATIONS}/{name}", {"operation": operation}, MERGE)

    def synced(self, name: str, revision: str) -> None:
        """Wait until an Application is as a revision of Git has it."""

        def done() -> bool:
            status = (self.get(name) or {}).get("status", {})
            found, last = status.get("sync", {}), status.get("operationState", {})
            revisions = found.get("revisions") or [found.get("revision")]
            return found.get("status") == "Synced" and revision in revisions and last.get("phase") == "Succeeded"

        wait_for(f"the Application {name} is synced to {revision} ({self.said(name)})", done, 120)

    def said(self, name: str) -> str:
        """Return what the last synchronization of an Application came to, and its conditions."""
        status = (self.get(name) or {}).get("status", {})
        conditions = [item["message"] for item in status.get("conditions") or []]
        return " | ".join([status.get("operationState", {}).get("message", ""), *conditions])


@contextlib.contextmanager
def chart_repository(folder: Path) -> Iterator[str]:
    """Serve a chart repository on loopback for the block, and yield its address."""
    subprocess.run([cluster_lab.HELM, "repo", "index", str(folder)], check=True, capture_output=True)
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_message: Any) -> None:
        """Say nothing: a request is no news."""

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A chart repository that asks for a login, and the real Helm: it gets the chart, and nobody else the login."""

from __future__ import annotations

import base64
import functools
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan  # noqa: E402
from cluster_lab import Cluster, Run, run_roles  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]

SECRET = f"of-this-process-{os.getpid()}"
"""Of no other test that runs at the same time: all processes of the machine are looked at."""
USER, PASSWORD = "me", f"{SECRET}/@:%"
ENCODED = f"{SECRET}%2F%40%3A%25"
TOKEN = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class ChartServer(http.server.ThreadingHTTPServer):
    """Serves a folder on loopback, to whoever has the login."""

    def __init__(self, folder: Path) -> None:
        handler = functools.partial(Handler, directory=str(folder))
        super().__init__(("127.0.0.1", 0), handler)
        self.served: list[str] = []
        self.refused: list[str] = []

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class Handler(http.server.SimpleHTTPRequestHandler):
    server: ChartServer

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == f"Basic {TOKEN}"
        (self.server.served if known else self.server.refused).append(self.path)
        if known:
            super().do_GET()
        else:
            self.send_error(401)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChartServer]:
    """A repository with Cilium's own chart."""
    folder = tmp_path_factory.mktemp("charts")
    package = ["package", str(cluster_lab.chart()), "--destination", str(folder)]
    for command in (package, ["repo", "index", str(folder)]):
        subprocess.run([cluster_lab.HELM, *command], check=True, capture_output=True)
    server = ChartServer(folder)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    for cluster in cluster_lab.started(tmp_path_factory.mktemp("cluster")):
        cluster.add_nodes("node01")
        yield cluster


def release(cluster: Cluster, repository: str, helm: Path, *options: str, **values: Any) -> Run:
    """Run the role with the chart of a repository, with everything shown that Ansible shows."""
    own = {
        "site": "lab",
        "values": {**hybrid_plan().data["clusters"]["platform"]["helm_values"], "operator": {"replicas": 1}, **values},
        "version": cluster_lab.CILIUM,
        "chart_repo": repository,
        "binary": str(helm),
        "timeout": 120,
    }
    return run_roles(cluster, ("cilium_net_release", own), options=("--diff", "-vvv", *options))


def install(cluster: Cluster, charts: ChartServer, helm: Path, folder: Path) -> None:
    """Preview, install and upgrade with the login; nobody sees it, and nothing of it is left."""
    url = f"http://{USER}:{ENCODED}@{charts.place}"
    with (
        cluster_lab.rollouts_complete_by_themselves(cluster),
        cluster_lab.seen_of_processes("cmdline", "environ") as seen,
    ):
        preview = release(cluster, url, helm, "--check")
        first = release(cluster, url, helm)
        second = release(cluster, url, helm)
        third = release(cluster, url, helm, debug={"enabled": True})
    for run, changed in ((preview, 2), (first, 2), (second, 0), (third, 2)):
        assert run.returncode == 0, run.output
        assert run.changed == changed, run.output
        assert SECRET not in run.output
    archive = f"/cilium-{cluster_lab.CILIUM}.tgz"
    assert charts.served.count("/index.yaml") == 3  # the second run calls no Helm
    assert set(charts.served) == {"/index.yaml", archive}
    assert charts.refused == []
    assert any("repo update cluster-edge" in text for text in seen)  # what is watched is there to be seen
    assert any("upgrade --install" in text for text in seen)
    assert not [text for text in seen if SECRET in text or TOKEN in text]
    assert list(folder.glob("cluster-edge-helm-*")) == []


@pytest.mark.long
def test_helm_gets_the_chart_and_nobody_the_login(
    cluster: Cluster, charts: ChartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    install(cluster, charts, cluster_lab.HELM, tmp_path)


@pytest.mark.parametrize("option", ["--check", "--diff"])
def test_login_that_is_refused_is_told_without_it(cluster: Cluster, charts: ChartServer, option: str) -> None:
    run = release(cluster, f"http://{USER}:{ENCODED}x@{charts.place}", cluster_lab.HELM, option, debug={"verbose": "x"})
    told = " ".join(run.output.split())
    assert run.returncode != 0
    assert f"the chart repository http://{charts.place} cannot be read" in told
    assert "401" in told
    assert SECRET not in run.output

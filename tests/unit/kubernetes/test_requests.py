# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a request is sent whose answer is lost, by a server on loopback. With a real one: tests/lab/api_gate.py."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes import reader as reader_module
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.client import open_cluster
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.reader import (
    RETRIES,
    ClusterReader,
    ClusterReadError,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.removal import remove_objects

POOL = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumLoadBalancerIPPool",
    "metadata": {"name": "old", "uid": "u", "resourceVersion": "1"},
}


class Server(ThreadingHTTPServer):
    """Has a pool until it is deleted, and loses the answer to the first request by ``method``, as ``how`` says."""

    daemon_threads = True

    def __init__(self, method: str, how: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.method, self.how = method, how
        self.asked: list[str] = []
        self.there = True
        self.ended = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        server = self.server
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        there, server.there = server.there, server.there and self.command != "DELETE"
        server.asked.append(self.command)
        if self.command == server.method and (server.how == "never" or server.asked.count(self.command) == 1):
            self.close_connection = True
            if server.how != "closed":
                server.ended.wait()
            return
        body = json.dumps(POOL if there else {"kind": "Status", "code": 404}).encode()
        self.send_response(200 if there else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names are http.server's


@pytest.fixture
def reader(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[ClusterReader, Server]]:
    """A reader of a server that loses an answer; it waits half a second."""
    monkeypatch.setattr(reader_module, "REQUEST_SECONDS", 0.5)
    monkeypatch.setattr(reader_module, "WRITE_SECONDS", 0.5)
    with Server(*request.param) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        config = tmp_path / "kubeconfig"
        cluster = {"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}
        context = {"name": "c", "context": {"cluster": "c", "user": "c"}}
        users = [{"name": "c", "user": {}}]
        content = {"current-context": "c", "clusters": [cluster], "contexts": [context], "users": users}
        config.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **content}))
        try:
            with open_cluster(str(config), None, {}) as opened:
                yield opened, server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "reader",
    [
        pytest.param((method, how), id=f"{method} {how}")
        for method in ("DELETE", "PATCH", "POST", "PUT")
        for how in ("late", "closed")
    ],
    indirect=True,
)
def test_what_changes_something_is_not_sent_again(reader: tuple[ClusterReader, Server]) -> None:
    opened, server = reader
    with pytest.raises(ClusterReadError, match="is out of reach"):
        opened.send(server.method.lower(), "/apis/cilium.io/v2/ciliumloadbalancerippools/old", {}, "us")
    assert server.asked == [server.method]


@pytest.mark.parametrize("reader", [("DELETE", "late"), ("DELETE", "closed")], ids=["late", "closed"], indirect=True)
def test_removal_whose_answer_is_lost_is_not_said_to_have_found_nothing(reader: tuple[ClusterReader, Server]) -> None:
    """Sent again it is answered 404, and the run would say that it has changed nothing."""
    opened, server = reader
    with pytest.raises(ClusterReadError, match="is out of reach"):
        remove_objects(opened, {"objects": [POOL], "labels": {}, "continue_on_error": False, "dry_run": False})
    assert (server.asked, server.there) == (["GET", "DELETE"], False)


@pytest.mark.parametrize("reader", [("GET", "late"), ("GET", "closed")], ids=["late", "closed"], indirect=True)
def test_reading_is_tried_again(reader: tuple[ClusterReader, Server]) -> None:
    opened, server = reader
    assert opened.get("/api") == POOL
    assert server.asked == ["GET"] * 2


@pytest.mark.parametrize("reader", [("GET", "never")], ids=["never"], indirect=True)
def test_reading_ends(reader: tuple[ClusterReader, Server]) -> None:
    opened, server = reader
    with pytest.raises(ClusterReadError, match="is out of reach"):
        opened.get("/api")
    assert server.asked == ["GET"] * (1 + RETRIES)

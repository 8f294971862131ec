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
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes import api as reader_module
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.api import (
    RETRIES,
    ClusterApi,
    ClusterError,
    RefusedError,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.client import (
    _retries,
    open_cluster,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.removal import remove_objects
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProtocolError, ProxyError, SSLError

POOL = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumLoadBalancerIPPool",
    "metadata": {"name": "old", "uid": "u", "resourceVersion": "1"},
}


class Server(ThreadingHTTPServer):
    """Has a pool until it is deleted, and loses the answer to the first request by ``method``, as ``how`` says.

    A status of HTTP as ``how``: so many requests as ``lost`` says are answered by it, and nothing comes of them.
    """

    daemon_threads = True

    def __init__(self, method: str, how: str, lost: int = 1, says_when: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.method, self.how, self.lost, self.says_when = method, how, lost, says_when
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
        server.asked.append(self.command)
        if server.how.isdecimal() and server.asked.count(self.command) <= server.lost:
            self.send_response(int(server.how))
            if server.says_when:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        there, server.there = server.there, server.there and self.command != "DELETE"
        lost = server.how == "never" or server.asked.count(self.command) == 1
        if self.command == server.method and lost and not server.how.isdecimal():
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
def api(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[ClusterApi, Server]]:
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
    "api",
    [
        pytest.param((method, how), id=f"{method} {how}")
        for method in ("DELETE", "PATCH", "POST", "PUT")
        for how in ("late", "closed")
    ],
    indirect=True,
)
def test_what_changes_something_is_not_sent_again(api: tuple[ClusterApi, Server]) -> None:
    opened, server = api
    with pytest.raises(ClusterError, match="is out of reach"):
        opened.send(server.method.lower(), "/apis/cilium.io/v2/ciliumloadbalancerippools/old", {}, "us")
    assert server.asked == [server.method]


@pytest.mark.parametrize("api", [("DELETE", "late"), ("DELETE", "closed")], ids=["late", "closed"], indirect=True)
def test_removal_whose_answer_is_lost_is_not_said_to_have_found_nothing(api: tuple[ClusterApi, Server]) -> None:
    """Sent again it is answered 404, and the run would say that it has changed nothing."""
    opened, server = api
    with pytest.raises(ClusterError, match="is out of reach"):
        remove_objects(opened, {"objects": [POOL], "labels": {}, "continue_on_error": False, "dry_run": False})
    assert (server.asked, server.there) == (["GET", "DELETE"], False)


@pytest.mark.parametrize("api", [("GET", "late"), ("GET", "closed")], ids=["late", "closed"], indirect=True)
def test_reading_is_tried_again(api: tuple[ClusterApi, Server]) -> None:
    opened, server = api
    assert opened.get("/api") == POOL
    assert server.asked == ["GET"] * 2


@pytest.mark.parametrize("api", [("GET", "never")], ids=["never"], indirect=True)
def test_reading_ends(api: tuple[ClusterApi, Server]) -> None:
    opened, server = api
    with pytest.raises(ClusterError, match="is out of reach"):
        opened.get("/api")
    assert server.asked == ["GET"] * (1 + RETRIES)


@pytest.mark.parametrize(
    "api", [pytest.param(("DELETE", how, RETRIES), id=how) for how in ("429", "503")], indirect=True
)
def test_removal_that_the_server_puts_off_is_sent_again(api: tuple[ClusterApi, Server]) -> None:
    """The server has said when, so it has removed nothing."""
    opened, server = api
    opened.send("delete", "/apis/cilium.io/v2/ciliumloadbalancerippools/old", {}, "us")
    assert (server.asked, server.there) == (["DELETE"] * (1 + RETRIES), False)


@pytest.mark.parametrize(
    "api",
    [
        pytest.param(("DELETE", "500"), id="an error of the server"),
        pytest.param(("DELETE", "429", 1, False), id="it does not say when"),
        pytest.param(("PATCH", "429"), id="a write that is no removal"),
    ],
    indirect=True,
)
def test_other_refusals_are_answers(api: tuple[ClusterApi, Server]) -> None:
    opened, server = api
    with pytest.raises(RefusedError, match=f"refused: {server.how}"):
        opened.send(server.method.lower(), "/apis/cilium.io/v2/ciliumloadbalancerippools/old", {}, "us")
    assert server.asked == [server.method]


@pytest.mark.parametrize(
    ("method", "error", "again"),
    [
        pytest.param("DELETE", SSLError("bad record"), False, id="removal, TLS breaks off"),
        pytest.param("PATCH", SSLError("bad record"), False, id="write, TLS breaks off"),
        pytest.param("GET", SSLError("bad record"), True, id="reading, TLS breaks off"),
        pytest.param("DELETE", ConnectTimeoutError("no answer"), True, id="removal, not sent"),
        pytest.param("PATCH", NewConnectionError(None, "refused"), True, id="write, not sent"),  # type: ignore[arg-type]
        pytest.param("PATCH", ProxyError("no", ConnectTimeoutError("no answer")), True, id="write, no proxy"),
        pytest.param("PATCH", ProxyError("no", OSError("closed")), False, id="write, the proxy breaks off"),
        pytest.param("PATCH", ProtocolError("closed"), False, id="write, closed"),
    ],
)
def test_write_is_sent_again_where_it_was_not_sent(method: str, error: Exception, again: bool) -> None:
    retries = _retries()
    if again:
        assert retries.increment(method, "/api", error=error).total == RETRIES - 1
    else:
        with pytest.raises(type(error)):
            retries.increment(method, "/api", error=error)

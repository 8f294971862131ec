# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gate before a real API server, at which it goes away at one request of a run, or takes its time.

To a run, an API server that dies before a request, or between the write and its answer, looks like this; only here the
moment can be chosen.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

BEFORE, AFTER = "before", "after"
"""When the server goes away: before it has read the request, or after it has done what was asked, without an answer."""
HANGS, STALLS = "hangs", "stalls"
"""It takes this request and all that follow, and never answers; or it stops in the middle of its answer."""
HOP = {"connection", "transfer-encoding", "content-length", "host"}


class Served(Protocol):
    """A cluster whose API server has the gate before it: a ``Cluster`` of cluster_lab, or one of a twin."""

    url: str
    certificate: Path
    """Of the server; its key is beside it."""
    kubeconfig: Path
    """As JSON."""
    folder: Path
    """Where the gate's own kubeconfig is written."""


class Gate(ThreadingHTTPServer):
    """Forwards requests to a cluster; ``kubeconfig`` leads to it."""

    daemon_threads = True

    def __init__(self, cluster: Served) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(cluster.url)
        self.delay = 0.0
        """Seconds before each answer."""
        self.hidden: re.Pattern[str] | None = None
        """Paths of which the server has nothing."""
        self.down = False
        self.hits = 0
        self.mended = threading.Event()
        self.on_down: Callable[[], object] = lambda: None
        """What else happens at that moment, such as the end of the real server."""
        self._cut: tuple[str, re.Pattern[str], str, int] | None = None
        self._lock = threading.Lock()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(cluster.certificate, cluster.certificate.with_suffix(".key"))
        config = json.loads(cluster.kubeconfig.read_text())
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{self.server_port}"
        self.kubeconfig: Path = cluster.folder / f"gate-{self.server_port}"
        self.kubeconfig.write_text(json.dumps(config))
        self.kubeconfig.chmod(0o600)

    def cut_at(self, method: str, path: str, when: str, number: int = 1) -> None:
        """Let the server go away at the numbered request whose method is this pattern, and whose path has that in it."""
        self._cut, self.hits, self.down = (method, re.compile(path), when, number), 0, False
        self.mended.clear()

    def mend(self) -> None:
        """Let the server be back."""
        self._cut, self.down, self.delay, self.on_down = None, False, 0.0, lambda: None
        self.hidden = None
        self.mended.set()

    def fell(self) -> None:
        """Do once what else happens when the server goes away."""
        with self._lock:
            act, self.on_down = self.on_down, lambda: None
        act()

    def moment(self, method: str, path: str) -> str:
        """Return when the server goes away at this request; nothing where it does not."""
        with self._lock:
            if self.down and self._cut:
                return self._cut[2] if self._cut[2] in (HANGS, STALLS) else BEFORE
            if self._cut is None or not re.fullmatch(self._cut[0], method) or not self._cut[1].search(path):
                return ""
            self.hits += 1
            self.down = self.hits == self._cut[3]
            return self._cut[2] if self.down else ""

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Speak TLS in the connection's own thread."""
        with contextlib.suppress(OSError):
            super().finish_request(self._tls.wrap_socket(request, server_side=True), client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that were cut."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gate

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        moment = self.server.moment(self.command, self.path)
        self.close_connection = bool(moment)
        if moment == HANGS:
            self.server.mended.wait()
        if moment in (BEFORE, HANGS):
            self.server.fell()
            return
        if self.server.hidden and self.server.hidden.search(self.path):
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        time.sleep(self.server.delay)  # the fault itself: a slow server
        target = self.server.target
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(target.hostname or "", target.port, context=context, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        connection.request(self.command, self.path, body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if moment == AFTER:
            self.server.fell()
            return
        self.send_response_only(answer.status)  # with the server's own headers alone
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if moment == STALLS:
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self.server.mended.wait()
            return
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _forward  # noqa: N815 - the names are http.server's


@contextlib.contextmanager
def gate(cluster: Served) -> Iterator[Gate]:
    """Open a gate before a cluster."""
    with Gate(cluster) as opened:
        thread = threading.Thread(target=opened.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield opened
        finally:
            opened.mend()
            opened.shutdown()
            thread.join()

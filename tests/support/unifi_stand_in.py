# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for UniFi Network's API for BGP, on loopback with TLS. No UniFi device or controller can run here.

It keeps the contract that is known of the real one, and nothing else: one entry per site; GET answers a list of none or
one; POST creates or replaces, and replaces whole (``enabled`` left out is false); ``frr_bgpd_config`` and
``uploaded_file_name`` are required (400); the text is stored unread; DELETE removes. A login by cookie must show its
CSRF token with each write (403 with an empty body without it), an API key stands in ``X-API-KEY``. What is written is
handed to ``provision``, as the real one pushes it into the gateway's bgpd.

Faults are set by name while it runs: ``Standin.fault``.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

KEY = "standin-key-7d1c"
READ_ONLY_KEY = "standin-cloud-key"
USER, PASSWORD = "edge", "standin pass wörd"
PREFIX = "/proxy/network/v2/api/site/"
UNSUPPORTED = {"code": "api.err.BgpUnsupportedDevice", "errorCode": 404, "message": "Device doesn't support BGP"}


class StandIn:
    """What the server holds, and what it does wrong on demand."""

    def __init__(self, provision: Callable[[str | None], None] | None = None) -> None:
        self.sites: dict[str, dict[str, Any]] = {}
        self.provision = provision or (lambda text: None)
        self.fault = ""
        """``unsupported``, ``refuse``, ``fault 500``, ``fault after`` (done, then 500), ``silent before``, ``silent after``
        (done, no answer), ``late`` (no answer, done when ``released`` is set), ``truncate`` (half of the text is kept), ``disable``,
        ``expire`` (ends all sessions once),
        ``two`` (two entries), ``html``, ``redirect``, ``no provision``."""
        self.asked: list[tuple[str, str]] = []
        """(method, path) of each request that was let in."""
        self.headers: list[dict[str, str]] = []
        self.sessions: dict[str, str] = {}
        """Cookie -> CSRF token."""
        self.released = threading.Event()
        self.writes = 0

    def text(self, site: str = "default") -> str | None:
        """Return what a site holds."""
        entry = self.sites.get(site)
        return None if entry is None else str(entry["frr_bgpd_config"])

    def upload(self, text: str, site: str = "default") -> None:
        """Do what the upload in the UI does."""
        self.sites[site] = {
            "_id": "65f0c0ffee", "site_id": "65f0", "enabled": True, "frr_bgpd_config": text,
            "uploaded_file_name": "mine.conf", "description": "by hand", "device_mac": "02:00:00:00:00:01",
        }  # fmt: skip
        self.provision(text)


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    stand_in: StandIn

    def log_message(self, *args: Any) -> None:
        """Say nothing: a log would hold keys."""

    def _reply(self, status: int, body: Any = None, **headers: str) -> None:
        data = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _session(self) -> str | None:
        cookie = self.headers.get("Cookie", "").partition("TOKEN=")[2]
        return cookie if cookie in self.stand_in.sessions else None

    def _may(self, write: bool) -> bool:
        """Answer whoever may not, and return whether the request may go on."""
        key, session = self.headers.get("X-API-KEY"), self._session()
        if (key is None and session is None) or key not in (None, KEY, READ_ONLY_KEY):
            self._reply(401, {"error": {"code": 401, "message": "Unauthorized"}})
        elif write and key == READ_ONLY_KEY:
            self._reply(403, {"code": "api.err.NoPermission", "errorCode": 403})
        elif write and key is None and self.headers.get("X-CSRF-Token") != self.stand_in.sessions[str(session)]:
            self._reply(403)
        else:
            return True
        return False

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")

    def do_GET(self) -> None:
        self._bgp("GET", None)

    def do_DELETE(self) -> None:
        self._bgp("DELETE", None)

    def do_POST(self) -> None:
        body = self._body()
        if self.path == "/api/auth/login":
            return self._login(body)
        if self.path == "/api/auth/logout":
            self.stand_in.sessions.pop(str(self._session()), None)
            return self._reply(200, {})
        return self._bgp("POST", body)

    def _login(self, body: dict[str, str]) -> None:
        if (body.get("username"), body.get("password")) != (USER, PASSWORD):
            return self._reply(403, {"code": "AUTHENTICATION_FAILED_INVALID_CREDENTIALS"})
        cookie, token = secrets.token_hex(8), secrets.token_hex(8)
        self.stand_in.sessions[cookie] = token
        return self._reply(200, {}, Set_Cookie=f"TOKEN={cookie}; path=/; secure; httponly", X_CSRF_Token=token)

    def _bgp(self, method: str, body: Any) -> None:
        held, fault, write = self.stand_in, self.stand_in.fault, method != "GET"
        held.headers.append(dict(self.headers))
        if fault == "expire" and write:
            held.fault = ""
            held.sessions.clear()
        if fault == "redirect":
            return self._reply(302, Location="https://127.0.0.2/")
        if not self._may(write):
            return None
        held.asked.append((method, self.path))
        site, _slash, rest = self.path.removeprefix(PREFIX).partition("/")
        if not self.path.startswith(PREFIX) or rest != "bgp/config":
            return self._reply(404, {"code": "api.err.NotFound"})
        if fault == "html":
            return self._reply(200, "<html>a portal</html>")
        if fault == "unsupported":
            return self._reply(404, UNSUPPORTED)
        if not write:
            found = [held.sites[site]] if site in held.sites else []
            return self._reply(200, found * 2 if fault == "two" else found)
        return self._write(method, site, body)

    def _write(self, method: str, site: str, body: Any) -> None:
        held, fault = self.stand_in, self.stand_in.fault
        if fault == "refuse":
            return self._reply(400, {"code": "api.err.InvalidPayload", "errorCode": 400})
        if fault == "fault 500":
            return self._reply(500, {"code": "api.err.Internal"})
        if fault == "silent before":
            held.released.wait(30)
            return None
        if fault == "late":
            held.fault = ""
            held.released.wait(30)
        if method == "POST" and not {"frr_bgpd_config", "uploaded_file_name"} <= set(body or {}):
            return self._reply(400, {"code": "api.err.MissingParameter", "errorCode": 400})
        held.writes += 1
        if method == "DELETE":
            held.sites.pop(site, None)
        else:
            entry = {"enabled": False, "_id": "65f0c0ffee", "site_id": "65f0", **body}
            if fault == "truncate":
                entry["frr_bgpd_config"] = body["frr_bgpd_config"][: len(body["frr_bgpd_config"]) // 2]
            if fault == "disable":
                entry["enabled"] = False
            held.sites[site] = entry
        if fault in ("truncate", "disable"):
            held.fault = ""  # once: the way back is not broken
        if fault != "no provision":
            held.provision(held.text(site))
        else:
            held.fault = ""
        if fault == "fault after":
            held.fault = ""
            return self._reply(502, "<html>bad gateway</html>")
        if fault == "silent after":
            held.fault = ""
            held.released.wait(30)
            return None
        return self._reply(200, held.sites.get(site, {}))


class Server:
    """A running stand-in."""

    def __init__(self, stand_in: StandIn, port: int, certificate: Path, names: str) -> None:
        self.held = stand_in
        self.url = f"https://127.0.0.1:{port}"
        self.certificate = certificate
        self.names = names
        der = ssl.PEM_cert_to_DER_cert(certificate.read_text("ascii"))
        self.fingerprint = hashlib.sha256(der).hexdigest()


@contextmanager
def serve(
    folder: Path, provision: Callable[[str | None], None] | None = None, names: str = "IP:127.0.0.1"
) -> Iterator[Server]:
    """Run a stand-in on loopback.

    Args:
        folder: takes its certificate.
        provision: gets each text that is held from then on, None where nothing is.
        names: what the certificate is for; UniFi's own is for ``DNS:unifi.local``.
    """
    key, certificate = folder / "standin.key", folder / "standin.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=unifi.local", "-addext", f"subjectAltName={names}", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    stand_in = StandIn(provision)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"stand_in": stand_in}))
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Server(stand_in, server.server_address[1], certificate, names)
    finally:
        stand_in.released.set()
        server.shutdown()
        server.server_close()
        thread.join(10)

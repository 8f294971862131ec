# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A validating webhook on loopback of a network namespace: it refuses the objects of one name, and lets all others pass.

``webhook(namespace, certificate, name)`` runs this file in the namespace of an API server, which asks the URL that it yields.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ansible_collections.hybridnet.cluster_edge.tests.support.probe_client import inside, with_collection

MESSAGE = "not in this house"
"""What it says of an object that it refuses."""


@contextlib.contextmanager
def webhook(namespace: str, certificate: Path, name: str) -> Iterator[str]:
    """Yield the URL of a webhook that refuses objects of this name.

    Args:
        namespace: the network namespace.
        certificate: for 127.0.0.1, as PEM; its key is beside it.
        name: ``metadata.name`` of what is refused.
    """
    command = inside(namespace, __file__, str(certificate), name)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=with_collection()) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port, "the webhook has not begun"
        try:
            yield f"https://127.0.0.1:{port}/"
        finally:
            process.terminate()


class _Handler(BaseHTTPRequestHandler):
    """Answers an AdmissionReview (admission.k8s.io/v1)."""

    refused = ""

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        response: dict[str, object] = {"uid": request["uid"], "allowed": request["name"] != self.refused}
        if not response["allowed"]:
            response["status"] = {"code": 403, "message": MESSAGE}
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
        answer = json.dumps(review).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def main(certificate: str, name: str) -> None:
    """Print the port, and answer until the process is ended."""
    _Handler.refused = name
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, Path(certificate).with_suffix(".key"))
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])

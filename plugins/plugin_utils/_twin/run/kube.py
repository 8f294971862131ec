# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small client of the Kubernetes API for the twin's own loopback ports: JSON over TLS, a token, nothing else."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ....module_utils._errors import EdgeError

_PLURALS = {"Namespace": "namespaces", "Node": "nodes", "Service": "services", "EndpointSlice": "endpointslices"}
_FIELD_MANAGER = "cluster-edge-twin"
_TIMEOUT = 10.0


class ApiError(EdgeError):
    """The API server refused; ``status`` is its HTTP status."""

    def __init__(self, path: str, problem: str, status: int) -> None:
        super().__init__(path, problem)
        self.status = status


def kubeconfig(server: str, authority: Path, token: str, name: str) -> str:
    """Return a kubeconfig as JSON (which is YAML)."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority": str(authority)}}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return json.dumps(content, indent=2) + "\n"


def object_path(item: Mapping[str, Any]) -> str:
    """Return the URL path of an object of one of the kinds that the twin makes."""
    version, metadata = item["apiVersion"], item["metadata"]
    base = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    namespace = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    return f"{base}{namespace}/{_PLURALS[item['kind']]}/{metadata['name']}"


class Kube:
    """The API server behind a kubeconfig of :func:`kubeconfig`."""

    def __init__(self, config: Path) -> None:
        content = json.loads(config.read_text(encoding="utf-8"))
        cluster = content["clusters"][0]["cluster"]
        host, _colon, port = cluster["server"].removeprefix("https://").rpartition(":")
        self._address = (host, int(port))
        self._authority = cluster["certificate-authority"]
        self._token = content["users"][0]["user"]["token"]
        self._context: ssl.SSLContext | None = None
        self._connection: http.client.HTTPSConnection | None = None

    def _connect(self, timeout: float) -> http.client.HTTPSConnection:
        if self._context is None:
            # Made late: the API server writes its own certificate when it starts.
            self._context = ssl.create_default_context(cafile=self._authority)
        return http.client.HTTPSConnection(*self._address, timeout=timeout, context=self._context)

    def _headers(self, content: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", "Content-Type": content, "Accept": "application/json"}

    def request(self, method: str, path: str, body: Any = None, content: str = "application/json") -> Any:
        """Send one request and return the decoded answer (text where it is not JSON).

        Raises:
            ApiError: the server refused.
            OSError, http.client.HTTPException: it cannot be reached.
        """
        data = None if body is None else json.dumps(body)
        reused = self._connection is not None
        connection = self._connection or self._connect(_TIMEOUT)
        self._connection = connection
        try:
            connection.request(method, path, data, self._headers(content))
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            connection.close()
            self._connection = None
            if reused:  # a kept connection that the server has closed meanwhile
                return self.request(method, path, body, content)
            raise
        if answer.status >= 400:
            raise ApiError(f"{method} {path}", f"the API server says {answer.status}: {_message(text)}", answer.status)
        return json.loads(text) if text.startswith(("{", "[")) else text

    def ready(self) -> bool:
        """Return whether ``/readyz`` says ok."""
        try:
            return bool(self.request("GET", "/readyz") == "ok")
        except (OSError, http.client.HTTPException, EdgeError):
            return False

    def apply(self, item: Mapping[str, Any]) -> Any:
        """Apply an object (server-side, as the twin's own field manager)."""
        path = f"{object_path(item)}?fieldManager={_FIELD_MANAGER}&force=true"
        return self.request("PATCH", path, item, "application/apply-patch+yaml")

    def patch_status(self, path: str, status: Mapping[str, Any]) -> Any:
        """Patch ``status`` by strategic merge."""
        return self.request("PATCH", f"{path}/status", {"status": status}, "application/strategic-merge-patch+json")

    def watch(self, path: str, version: str, seconds: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (type, object) of changes since ``version``, for at most ``seconds``."""
        connection = self._connect(seconds + _TIMEOUT)
        try:
            query = f"{path}?watch=1&resourceVersion={version}&timeoutSeconds={seconds}"
            connection.request("GET", query, None, self._headers("application/json"))
            answer = connection.getresponse()
            if answer.status >= 400:
                raise ApiError(
                    f"GET {query}",
                    f"the API server says {answer.status}: {_message(answer.read().decode())}",
                    answer.status,
                )
            while line := answer.readline():
                event = json.loads(line)
                yield event["type"], event["object"]
        finally:
            if isinstance(connection.sock, socket.socket):
                connection.close()


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text[:300]

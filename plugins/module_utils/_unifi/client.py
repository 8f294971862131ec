# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send requests to UniFi Network, over TLS that is checked. Nothing is followed elsewhere, and no proxy is asked."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import re
import ssl
from typing import Dict, NamedTuple, Optional

from .._errors import EdgeError
from . import api

TIMEOUT = 20
"""Seconds for one request."""
LONGEST = 4 * 1024 * 1024
"""Bytes of a reply that are read."""
_HOW = "openssl s_client -connect {0}:{1} </dev/null | openssl x509 -noout -fingerprint -sha256"


class UnknownOutcomeError(Exception):
    """No reply, or one of a fault (5xx): whether a write was done is not known."""


class Trust(NamedTuple):
    """What makes a certificate good."""

    ca_path: Optional[str] = None
    fingerprint: Optional[str] = None
    validate: bool = True


class Credentials(NamedTuple):
    """Who asks: a key, or a name with its password."""

    api_key: Optional[str] = None
    username: Optional[str] = None
    password: Optional[str] = None


def context_of(trust: Trust) -> ssl.SSLContext:
    """Return how a certificate is checked.

    Raises:
        EdgeError: the file of authorities cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=trust.ca_path)
    except (OSError, ssl.SSLError) as error:
        raise EdgeError(
            api.VARIABLE + ".ca_path", "{0} cannot be read: {1}".format(trust.ca_path, error), "a PEM file"
        ) from None
    if trust.fingerprint or not trust.validate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Client:
    """One login at one UniFi Network."""

    def __init__(self, place: api.Place, trust: Trust, credentials: Credentials, timeout: float = TIMEOUT) -> None:
        if credentials.api_key is not None and not re.match(r"^[!-~]+\Z", credentials.api_key):
            # http.client would quote the whole key in its complaint.
            raise EdgeError(
                "edge_router_controller_api_key",
                "has a character that is in no key, such as a line feed at its end",
                "a value that a pipe gave to ansible-vault encrypt_string ends in a line feed: use printf %s",
            )
        self.place = place
        self._trust = trust
        self._context = context_of(trust)
        self._credentials = credentials
        self._timeout = timeout
        self._cookie = ""
        self._csrf = ""

    def get(self) -> Optional[api.Entry]:
        """Return the site's BGP entry, None where there is none.

        Raises:
            EdgeError: it refuses, or is not who it should be.
            UnknownOutcomeError: it does not answer.
        """
        return api.read_entry(self._ask(api.Request("GET", self.place.path)))

    def post(self, entry: api.Entry) -> None:
        """Create or replace the site's BGP entry; raises as ``get``, and what is unknown may be done."""
        self._ask(api.Request("POST", self.place.path, entry))

    def delete(self) -> None:
        """Remove the site's BGP entry; raises as ``post``."""
        self._ask(api.Request("DELETE", self.place.path))

    def close(self) -> None:
        """End the session, where there is one."""
        if self._cookie:
            with contextlib.suppress(EdgeError, UnknownOutcomeError):  # it ends by itself
                self._send(api.Request("POST", api.LOGOUT))
            self._cookie = self._csrf = ""

    def _ask(self, request: api.Request) -> api.Reply:
        by_key = self._credentials.api_key is not None
        if not by_key and not self._cookie:
            self._login()
        reply = self._send(request)
        if reply.status == 401 and not by_key:
            self._login()  # the session is over: what was refused was not done
            reply = self._send(request)
        return self._good(reply, request)

    def _login(self) -> None:
        self._cookie = self._csrf = ""
        body = {"username": self._credentials.username, "password": self._credentials.password}
        request = api.Request("POST", api.LOGIN, body)
        reply = self._good(self._send(request), request)
        self._cookie = api.cookie(reply)
        self._csrf = api.csrf(reply, self._cookie)
        if not self._cookie:
            raise EdgeError(api.VARIABLE + ".url", "the login gave no session", "the address of a UniFi OS console")

    def _good(self, reply: api.Reply, request: api.Request) -> api.Reply:
        if reply.status >= 500:
            raise UnknownOutcomeError("UniFi Network answered {0} to {1}".format(reply.status, request.method))
        if reply.status >= 300:
            raise api.refusal(reply, request, self._credentials.api_key is not None)
        return reply

    def _send(self, request: api.Request) -> api.Reply:
        body = None if request.body is None else json.dumps(request.body).encode("utf-8")
        connection = http.client.HTTPSConnection(
            self.place.host, self.place.port, timeout=self._timeout, context=self._context
        )
        try:
            connection.connect()
            self._check_certificate(connection)
            connection.request(request.method, request.path, body, self._headers(body is not None))
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            reply = api.Reply(answer.status, headers, answer.read(LONGEST))
        except ssl.SSLCertVerificationError as error:
            raise EdgeError(
                api.VARIABLE,
                "the certificate of {0} is not trusted: {1}".format(self.place, error.verify_message),
                "fingerprint: takes the one that is there: " + _HOW.format(self.place.host, self.place.port),
            ) from None
        except (OSError, http.client.HTTPException) as error:
            what = "no answer of {0} to {1}: {2}".format(self.place, request.method, error or type(error).__name__)
            raise UnknownOutcomeError(what) from None
        finally:
            connection.close()
        if self._cookie:
            self._csrf = api.csrf(reply) or self._csrf
        return reply

    def _headers(self, has_body: bool) -> Dict[str, str]:
        headers = {"Accept": "application/json"}
        if has_body:
            headers["Content-Type"] = "application/json"
        if self._credentials.api_key is not None:
            headers["X-API-KEY"] = self._credentials.api_key
        if self._cookie:
            headers["Cookie"] = self._cookie
        if self._csrf:
            headers["X-CSRF-Token"] = self._csrf
        return headers

    def _check_certificate(self, connection: http.client.HTTPSConnection) -> None:
        """Refuse another certificate than the one that is named, before anything is sent."""
        if not self._trust.fingerprint:
            return
        wanted = re.sub("[^0-9a-f]", "", self._trust.fingerprint.lower())
        given = connection.sock.getpeercert(binary_form=True) if isinstance(connection.sock, ssl.SSLSocket) else None
        found = hashlib.sha256(given or b"").hexdigest()
        if found != wanted:
            raise EdgeError(
                api.VARIABLE + ".fingerprint",
                "{0} shows a certificate of SHA-256 {1}, not {2}".format(self.place, found, wanted),
                "nothing was sent. Where it was renewed, look at it on the console, and write the new one",
            )

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UniFi Network's API for BGP, as requests and replies: built and read here, sent by ``client``.

The API is private: the one that the page Settings > Routing > BGP uses. What is known of it: one entry per site, at
``/proxy/network/v2/api/site/SITE/bgp/config``; GET gives a list of none or one; POST creates or replaces, and replaces
whole (``enabled`` left out is false); DELETE removes; the text is stored without a check of its syntax
(ubiquiti-community/go-unifi, TestIntegrationBGPConfigWriteContract). A login by cookie needs the token of
``X-CSRF-Token`` for each write; an API key stands in ``X-API-KEY``.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional
from urllib.parse import urlsplit

from .._errors import EdgeError

Entry = Dict[str, Any]
"""What UniFi Network holds for a site: ``frr_bgpd_config``, ``enabled``, ``uploaded_file_name``, and more."""

TEXT = "frr_bgpd_config"
FILE_NAME = "uploaded_file_name"
VARIABLE = "edge_router_controller"
LOGIN = "/api/auth/login"
LOGOUT = "/api/auth/logout"
_CSRF = ("x-updated-csrf-token", "x-csrf-token")
_WORDS = {
    "api.err.BgpUnsupportedDevice": (
        "this site's gateway cannot do BGP by UniFi Network",
        "UniFi OS 4.1.13 or later; on older ones edge_router_bgp_owner: file",
    ),
    "api.err.NoPermission": ("the admin may not change this", "give its key or account the right to change the site"),
}
"""UniFi's own error -> (what it means, the way out)."""


class Place(NamedTuple):
    """Where the API is."""

    host: str
    port: int
    site: str

    @property
    def path(self) -> str:
        """The path of the site's BGP."""
        return "/proxy/network/v2/api/site/{0}/bgp/config".format(self.site)

    def __str__(self) -> str:
        return "https://{0}:{1} site {2}".format(self.host, self.port, self.site)


class Request(NamedTuple):
    """One request, without what says who asks."""

    method: str
    path: str
    body: Optional[Any] = None


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case; of several of one name the last."""
    body: bytes = b""


def place(url: str, site: str) -> Place:
    """Return where the API of a site is.

    Raises:
        EdgeError: the URL is none, or not of https, or the site's name would change the path.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError as error:
        raise EdgeError(VARIABLE + ".url", "{0!r} is no URL: {1}".format(url, error)) from None
    if parts.scheme != "https" or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.username:
        raise EdgeError(
            VARIABLE + ".url", "{0!r} is not https:// with an address alone".format(url), "such as https://192.0.2.1"
        )
    if not re.match(r"^[A-Za-z0-9_-]+\Z", site):
        raise EdgeError(VARIABLE + ".site", "{0!r} is not the id of a site".format(site), "as in the UI's address")
    return Place(parts.hostname, port, site)


def entry_with(old: Optional[Entry], text: str, name: str) -> Entry:
    """Return the entry to write: the old one's fields, for a write replaces them all, with another text.

    Args:
        old: what is there; None = nothing.
        text: the FRR configuration.
        name: the name of the file, which the UI shows.
    """
    entry: Entry = dict(old or {})
    entry.update({TEXT: text, FILE_NAME: name, "enabled": True})
    return entry


def restored(old: Entry) -> Entry:
    """Return the entry that brings an old one back: all of it, with both fields that a write must have."""
    entry: Entry = {TEXT: "", FILE_NAME: "", "enabled": False}
    entry.update(old)
    return entry


def same(one: Optional[Entry], other: Optional[Entry]) -> bool:
    """Return whether two entries are the same: text, and whether it is in force. Line ends are the controller's."""
    if one is None or other is None:
        return one is other
    return _lines(one) == _lines(other) and bool(one.get("enabled")) == bool(other.get("enabled"))


def _lines(entry: Entry) -> List[str]:
    lines = [line.rstrip() for line in str(entry.get(TEXT) or "").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def read_entry(reply: Reply) -> Optional[Entry]:
    """Return the entry of a reply to GET; None = there is none.

    Raises:
        EdgeError: it is no list of entries, or more than one, of which nobody knows which one counts.
    """
    try:
        found = json.loads(reply.body.decode("utf-8"))
    except ValueError:
        raise EdgeError(
            VARIABLE + ".url",
            "what answers there is not UniFi Network's API: no JSON",
            "the address of the console itself, whose UI you use",
        ) from None
    if isinstance(found, dict) and isinstance(found.get("data"), list):
        found = found["data"]
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise EdgeError(VARIABLE, "UniFi Network answered with something else than a list of BGP entries")
    if len(found) > 1:
        raise EdgeError(
            VARIABLE,
            "UniFi Network holds {0} BGP entries for this site, so it is not clear which one is this router's".format(
                len(found)
            ),
            "edge_router_bgp_owner: none leaves them alone",
        )
    return found[0] if found else None


def error_key(reply: Reply) -> str:
    """Return UniFi's own word for an error (``api.err...``), or an empty text."""
    try:
        said = json.loads(reply.body.decode("utf-8"))
    except ValueError:
        return ""
    if not isinstance(said, dict):
        return ""
    meta = said.get("meta")
    found = said.get("code") or said.get("errorCode") or (meta.get("msg") if isinstance(meta, dict) else "")
    return str(found)[:80] if isinstance(found, str) and re.match(r"^[\w.:-]+\Z", found) else ""


def refusal(reply: Reply, request: Request, by_key: bool) -> EdgeError:
    """Return why UniFi Network refused a request (4xx, or a redirect), with the way out, without its body.

    Args:
        reply: what it said.
        request: what was asked.
        by_key: whether an API key was shown, else a cookie.
    """
    key = error_key(reply)
    said = "UniFi Network answered {0} to {1}{2}".format(
        reply.status, request.method, " ({0})".format(key) if key else ""
    )
    if key in _WORDS:
        problem, hint = _WORDS[key]
        return EdgeError(VARIABLE, "{0}: {1}".format(said, problem), hint)
    if request.path == LOGIN:
        return _login_refusal(reply, said)
    if reply.status == 401:
        what = "the API key is not known there" if by_key else "the login is not taken"
        return EdgeError(
            VARIABLE, "{0}: {1}".format(said, what), "make a key on this console: Settings > Control Plane"
        )
    if reply.status == 403:
        return EdgeError(
            VARIABLE,
            "{0}: {1} may not do this".format(said, "the API key" if by_key else "the admin"),
            "it must be of an admin who may change the site; keys made in the cloud portal read only",
        )
    if reply.status == 404:
        return EdgeError(VARIABLE, "{0}: there is no such site, or no BGP".format(said), "site: as in the UI's address")
    if 300 <= reply.status < 400:
        return EdgeError(
            VARIABLE + ".url", "{0}: a redirect, and none is followed".format(said), "the console's address"
        )
    return EdgeError(VARIABLE, "{0}: it refuses this".format(said))


def _login_refusal(reply: Reply, said: str) -> EdgeError:
    """Return why nobody is let in."""
    if reply.status == 429:
        return EdgeError(VARIABLE, said + ": too many logins", "wait some minutes; an API key needs none")
    if reply.status == 499:
        return EdgeError(
            VARIABLE, said + ": the account asks for a second factor", "a local admin without one, or a key"
        )
    return EdgeError(
        "edge_router_controller_password",
        said + ": user name or password is wrong",
        "a local admin, not a cloud account",
    )


def cookie(reply: Reply) -> str:
    """Return the session's cookie of a login's reply, as ``NAME=VALUE``; empty where there is none."""
    found = re.match(r"\s*([^=;\s]+=[^;\s]+)", reply.headers.get("set-cookie", ""))
    return found.group(1) if found else ""


def csrf(reply: Reply, session: str = "") -> str:
    """Return the token that writes must show: of a header, else of the session's cookie, else an empty text."""
    for name in _CSRF:
        if reply.headers.get(name):
            return reply.headers[name]
    parts = session.partition("=")[2].split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return ""
    return str(claims.get("csrfToken", "")) if isinstance(claims, dict) else ""

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a chart comes from, and what of that nobody may read: for Helm, and for the files that Flux takes.

A repository's URL may hold a login (RFC 3986 3.2.1), or a token in its query. Every process of the machine can read
Helm's arguments, and Helm repeats the URL in its errors.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from .._errors import MASK, EdgeError

CHART = "cilium_net_release_chart"
REPOSITORY = "cilium_net_release_chart_repo"

OCI = "oci"
ALIAS = "cluster-edge"
"""The repository's name in the file that Helm is given."""

_MARKS = "@?#"
"""Beside these a URL may have a secret; beside ``#``, and ``@`` in a path, one that was not encoded."""
_DIGEST = re.compile(r"@sha\d+:[0-9a-f]+$")
_LOGIN = re.compile(r"(?<=://)[^/\s\"']+(?=@)")
"""Up to the last ``@``: one before it was not encoded."""
_QUERY = re.compile(r"(://[^\s\"'?]*\?)[^\s\"']+")
_MISTYPED = re.compile(r"\s*(?:[^/.~\s][^/]*:|//).*@")
"""A login in what was meant to be a URL and has no ``://``. A path begins otherwise."""


class ChartSource:
    """A chart, and its repository where it has one.

    Args:
        chart: its name in the repository, or its folder, archive or reference.
        repository: URL of the repository; empty or None where the chart says all.

    Raises:
        EdgeError: a URL holds a secret that Helm can be given in no safe way. The text does not hold it.
    """

    def __init__(self, chart: str, repository: Optional[str]) -> None:
        self.chart = chart
        self.repository = repository or ""
        self.entry: Optional[Dict[str, str]] = None
        """The repository as Helm's file of repositories has it; None where its URL may be an argument."""
        self._secrets: List[str] = []
        if may_hold_secret(chart):
            raise EdgeError(CHART, "holds a login or a query, which Helm would show", _way_out(chart))
        if may_hold_secret(self.repository):
            self._keep_secret()

    @property
    def open_repository(self) -> str:
        """The repository's URL without what may be a secret."""
        if not self.entry:
            return self.repository
        parts = urlsplit(self.repository)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    @property
    def has_login(self) -> bool:
        """Whether the repository asks for user and password, and all else of its URL may be read."""
        return self.entry is not None and "password" in self.entry and not may_hold_secret(self.entry["url"])

    @property
    def reference(self) -> str:
        """The chart as Helm is told it."""
        return "{0}/{1}".format(ALIAS, self.chart) if self.entry else self.chart

    def repositories(self) -> Dict[str, Any]:
        """Return the content of Helm's file of repositories (``HELM_REPOSITORY_CONFIG``)."""
        return {"apiVersion": "", "repositories": [self.entry] if self.entry else []}

    def masked(self, text: str) -> str:
        """Return a text of Helm's without a secret of the repository's URL."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return without_logins(text)

    def _keep_secret(self) -> None:
        try:
            parts = urlsplit(self.repository)
            parts.port  # noqa: B018 - is read when it is asked for
        except ValueError:
            parts = SplitResult("", "", "", "", "")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment or "@" in parts.path:
            raise EdgeError(
                REPOSITORY,
                "holds a login or a query, and is not the URL of a chart repository over http or https",
                _way_out(self.repository),
            )
        login, _at, place = parts.netloc.rpartition("@")
        user, _colon, password = login.partition(":")
        self.entry = {"name": ALIAS, "url": self.repository}
        if user and password:
            self.entry["url"] = urlunsplit(parts._replace(netloc=place))
            self.entry.update(username=unquote(user), password=unquote(password))
        found = [login, password, unquote(password), parts.query]
        if not password:
            found += [user, unquote(user)]
        self._secrets = [secret for secret in found if secret]


def without_logins(text: str) -> str:
    """Return a text in which no URL has a login or a query."""
    return _QUERY.sub(r"\g<1>" + MASK, _LOGIN.sub(MASK, text))


def chart_refusals(chart: str, repository: str) -> List[str]:
    """Return why Helm cannot be given this chart and repository; the texts hold no secret of them."""
    try:
        ChartSource(chart, repository)
    except EdgeError as error:
        return [str(error)]
    return []


def may_hold_secret(reference: str) -> bool:
    """Return whether a URL may hold a secret: a login, a query, or something that was meant to be one of them.

    A name, a path and the digest of an ``oci://`` reference are none.
    """
    scheme, colon, rest = reference.partition("://")
    if not colon:
        return bool(_MISTYPED.match(reference))
    if scheme.lower() == OCI:
        rest = _DIGEST.sub("", rest)
    return any(character in rest for character in _MARKS)


def _way_out(reference: str) -> str:
    if reference.lower().startswith(OCI):
        return "take it out, and log in where Ansible runs: helm registry login HOST"
    return (
        "name the chart in {0}, and its repository in {1}: https://USER:PASSWORD@HOST/PATH, with %2F %3F %23 %40 %3A "
        "for / ? # @ : in USER and PASSWORD; or name an archive that was downloaded".format(CHART, REPOSITORY)
    )

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a chart comes from: what of it Helm is given as an argument, what in a file, and what is refused."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.chart_source import (
    ChartSource,
    chart_refusals,
    may_hold_secret,
    without_logins,
)

SECRETS = ("geheim", "not-to-be-seen")


@pytest.mark.parametrize(
    ("chart", "repository"),
    [
        ("cilium", "https://helm.cilium.io"),
        ("/srv/charts/cilium@home?", ""),
        ("./cilium-1.20.2.tgz", None),
        ("~/charts/a:b@c", ""),
        ("charts/a:b@c", ""),
        ("oci://charts.example/cilium", ""),
        (f"oci://charts.example/cilium@sha256:{'0' * 64}", ""),
        ("https://charts.example/cilium-1.20.2.tgz", ""),
    ],
)
def test_what_holds_no_secret_stays_as_it_is(chart: str, repository: str | None) -> None:
    source = ChartSource(chart, repository)
    assert (source.entry, source.reference, source.has_login) == (None, chart, False)
    assert source.open_repository == source.repository == (repository or "")
    assert chart_refusals(chart, repository or "") == []


@pytest.mark.parametrize(
    ("url", "entry", "open_url", "has_login"),
    [
        pytest.param(
            "https://me:not-to-be-seen@charts.example:8443/stable",
            {"url": "https://charts.example:8443/stable", "username": "me", "password": "not-to-be-seen"},
            "https://charts.example:8443/stable",
            True,
            id="user and password",
        ),
        pytest.param(
            "https://robot%24me:not-to-be-seen%2F%40%25@charts.example",
            {"url": "https://charts.example", "username": "robot$me", "password": "not-to-be-seen/@%"},
            "https://charts.example",
            True,
            id="encoded",
        ),
        pytest.param(
            "https://me:not-to-be-seen@[2001:db8::1]:8443/",
            {"url": "https://[2001:db8::1]:8443/", "username": "me", "password": "not-to-be-seen"},
            "https://[2001:db8::1]:8443/",
            True,
            id="IPv6",
        ),
        # Helm's file of repositories sends no login without a password; in the URL it is one of HTTP.
        pytest.param(
            "https://not-to-be-seen@charts.example/a",
            {"url": "https://not-to-be-seen@charts.example/a"},
            "https://charts.example/a",
            False,
            id="a token in the user's place",
        ),
        pytest.param(
            "https://me:geheim@charts.example/a?sig=not-to-be-seen",
            {"url": "https://charts.example/a?sig=not-to-be-seen", "username": "me", "password": "geheim"},
            "https://charts.example/a",
            False,
            id="a query",
        ),
    ],
)
def test_what_holds_a_secret_goes_into_the_file(
    url: str, entry: dict[str, str], open_url: str, has_login: bool
) -> None:
    source = ChartSource("cilium", url)
    assert source.entry == {"name": "cluster-edge", **entry}
    assert source.repositories() == {"apiVersion": "", "repositories": [source.entry]}
    assert source.reference == "cluster-edge/cilium"
    assert source.open_repository == open_url
    assert source.has_login is has_login
    for text in (url, entry["url"], entry.get("password", ""), f'Get "{url}/index.yaml": 401', f"a {url}, b {url}"):
        assert not any(secret in source.masked(text) for secret in SECRETS)
    assert source.masked("chart not found in charts.example") == "chart not found in charts.example"


@pytest.mark.parametrize(
    ("chart", "repository", "told"),
    [
        pytest.param("oci://me:geheim@charts.example/cilium", "", "helm registry login HOST", id="OCI"),
        pytest.param("cilium", "oci://me:geheim@charts.example/", "helm registry login HOST", id="OCI repository"),
        pytest.param(
            "https://me:geheim@charts.example/c.tgz", "", "name the chart in cilium_net_release", id="archive"
        ),
        pytest.param("https://charts.example/c.tgz?sig=geheim", "", "archive that was downloaded", id="archive, query"),
        pytest.param("cilium", "s3://me:geheim@bucket/charts", "over http or https", id="a plugin's scheme"),
        pytest.param("cilium", "https://me:geheim/x@charts.example/", "%2F", id="a slash that was not encoded"),
        pytest.param("cilium", "https://me:12/geheim@charts.example/", "%2F", id="a slash after digits"),
        pytest.param("cilium", "https://me:12#geheim@charts.example/", "%23", id="a hash that was not encoded"),
        pytest.param("cilium", "https://me:geheim@[charts.example/", "over http or https", id="no URL"),
        pytest.param("cilium", "me:geheim@charts.example/stable", "https://USER", id="no scheme"),
        pytest.param("cilium", "//me:geheim@charts.example/stable", "https://USER", id="no scheme, two slashes"),
        pytest.param("cilium", "https:/geheim@charts.example/stable", "https://USER", id="one slash"),
        pytest.param("me:geheim@charts.example/c.tgz", "", "https://USER", id="archive, no scheme"),
    ],
)
def test_what_helm_cannot_be_given_is_refused_with_the_way_out(chart: str, repository: str, told: str) -> None:
    with pytest.raises(EdgeError, match=r"^cilium_net_release_chart") as caught:
        ChartSource(chart, repository)
    assert told in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert chart_refusals(chart, repository) == [str(caught.value)]
    assert may_hold_secret(chart) or may_hold_secret(repository)


def test_logins_leave_a_text_and_nothing_else() -> None:
    text = "url: https://me:geheim@charts.example/a\nmail: me@example.com http://a/b@c why?"
    assert without_logins(text) == "url: https://********@charts.example/a\nmail: me@example.com http://a/b@c why?"
    # An `@` that was not encoded is part of the login, and a token may stand in the query.
    assert without_logins("https://me@home:ge@heim@charts.example/a") == "https://********@charts.example/a"
    assert without_logins('"https://charts.example/a?sig=geheim" b') == '"https://charts.example/a?********" b'

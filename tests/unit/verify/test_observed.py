# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaps in what was observed."""

from __future__ import annotations

import copy
import functools
import operator
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.observed import canonical
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import LiveSite

ALWAYS_THERE = ("metadata", "name", "namespace", "kubernetes.io/service-name")
"""What no object of the API server lacks."""


IN_DETAIL = {
    "community": {"string": "65000:1"},
    "largeCommunity": {"string": "65000:1:1"},
    "aspath": {"string": "65001"},
}
DETAILS = {
    "advertised": {
        "ipv4": {
            "10.121.0.11": {
                "advertisedRoutes": {
                    "10.9.0.0/24": {"network": "10.9.0.0/24", "metric": 0, "path": "65001"},
                    "10.8.0.0/24": {"paths": [{**IN_DETAIL, "metric": 0}]},
                }
            }
        }
    },
    "details": {
        "ipv4": {
            "routes": {
                "203.0.113.93/32": {"paths": [{"peer": {"peerId": "10.121.0.11"}, **IN_DETAIL}]},
                "203.0.113.94/32": [{"prefix": "203.0.113.94/32"}, {"peer": {"peerId": "10.122.0.12"}, **IN_DETAIL}],
            }
        }
    },
}
"""What a router is asked for beside, in the forms of FRR 7.5 to 10."""


def live_site() -> LiveSite:
    """Return a site of which all is read that can be."""
    site = LiveSite()
    site.observed["routers"]["udm-pro"].update(copy.deepcopy(DETAILS))
    return site


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything inside ``value``."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((*path, key), *places(item, (*path, key)))]


@pytest.mark.parametrize(
    "end", [("routers", "udm-pro"), ("clusters", "platform", "resources")], ids=["router", "cluster"]
)
def test_whatever_is_missing_in_what_was_seen_is_never_a_crash(end: tuple[str, ...]) -> None:
    good = live_site()
    for place in places(functools.reduce(operator.getitem, end, good.observed)):
        if place[-1] in ALWAYS_THERE and "peers" not in place:
            continue
        site = live_site()
        holder = functools.reduce(operator.getitem, (*end, *place[:-1]), site.observed)
        del holder[place[-1]]
        report = site.verify()
        unmet = [row for row in report.rows if row.level == "error"]
        assert not unmet or report.errors, f"{place}: a row is unmet, and nothing says why"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.122.0.171", "10.122.0.171"),
        ("010.122.000.171", "10.122.0.171"),
        ("::ffff:10.122.0.171", "10.122.0.171"),
        ("FD00:0122::00a0", "fd00:122::a0"),
        ("fe80::1%br0", "fe80::1%br0"),
        ("br0", "br0"),
        ("", ""),
    ],
)
def test_an_address_has_one_spelling(text: str, expected: str) -> None:
    assert canonical(text) == expected


def test_an_address_in_a_spelling_of_its_own_is_the_planned_one() -> None:
    site = LiveSite()
    site.service("affine-svc-lb")["status"]["loadBalancer"]["ingress"] = [{"ip": "010.122.000.171"}]
    assert site.texts() == []

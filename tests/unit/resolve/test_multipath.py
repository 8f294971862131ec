# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where neighbors of different ASes may announce one prefix, so that FRR must be told to use both."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from

SITE = """
all:
  vars:
    edge_networks: {wan: {cidr: [198.51.100.0/24, "2001:db8:1::/64"]}}
  children:
    edge_routers:
      hosts: {gw: {edge_router_asn: 64700, edge_addresses: {wan: [198.51.100.1, "2001:db8:1::1"]}}}
"""
A, B = {"address": "198.51.100.2", "asn": 64710}, {"address": "198.51.100.3", "asn": 64720}
SIX = {"address": "2001:db8:1::3", "asn": 64720}
DEFAULT: dict[str, Any] = {"default_route": True}
TEN: dict[str, Any] = {"prefixes": "10.0.0.0/8"}


def within(prefix: str, ge: int, le: int) -> dict[str, Any]:
    return {"prefixes": [{"prefix": prefix, "ge": ge, "le": le}]}


def relaxed(first: dict[str, Any], second: dict[str, Any], **router: Any) -> tuple[bool, list[str]]:
    """Return whether the router relaxes, and the reasons that the plan gives."""
    document = yaml.safe_load(SITE)
    host = document["all"]["children"]["edge_routers"]["hosts"]["gw"]
    host |= {"edge_router_neighbors": {"a": first, "b": second}, **router}
    done = plan(inventory_from(document))
    assert [finding.text for finding in done.findings if finding.code not in ("EDGE332", "EDGE333", "EDGE335")] == []
    reasons = [item["reason"] for item in done.data["derived"] if item["path"] == "gw.multipath_relax"]
    return done.data["routers"]["gw"]["frr"]["multipath_relax"], reasons


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        pytest.param(A | {"import": DEFAULT}, B | {"import": DEFAULT}, "0.0.0.0/0", id="two upstreams"),
        pytest.param(A | {"import": TEN}, B | {"import": TEN}, "10.0.0.0/8", id="one prefix"),
        pytest.param(A | {"import": "all"}, B | {"import": TEN}, "10.0.0.0/8", id="everything and a prefix"),
        pytest.param(
            A | {"import": within("10.0.0.0/8", 24, 32)},
            B | {"import": within("10.1.0.0/16", 20, 24)},
            "10.1.0.0/16",
            id="inside a wider one, one length shared",
        ),
        pytest.param(
            A | {"asn": "external", "import": TEN}, B | {"import": TEN}, "10.0.0.0/8", id="any AS and a known one"
        ),
        pytest.param(
            A | {"import": {**TEN, "local_preference": 100}}, B | {"import": TEN}, "10.0.0.0/8", id="FRR's preference"
        ),
    ],
)
def test_relaxes_and_says_why(first: dict[str, Any], second: dict[str, Any], shared: str) -> None:
    reason = f"a and b, which may be of different ASes, are equally preferred and may both announce {shared}"
    assert relaxed(first, second) == (True, [reason])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(A | {"import": TEN}, B | {"asn": 64710, "import": TEN}, id="one AS"),
        pytest.param(A | {"import": TEN}, B | {"import": {"prefixes": "10.0.0.0/9"}}, id="other lengths"),
        pytest.param(
            A | {"import": within("10.0.0.0/8", 25, 32)},
            B | {"import": within("10.0.0.0/8", 8, 24)},
            id="lengths apart",
        ),
        pytest.param(A | {"import": TEN}, B | {"import": {"prefixes": "11.0.0.0/8"}}, id="addresses apart"),
        pytest.param(A | {"import": TEN}, B | {"import": {**TEN, "local_preference": 50}}, id="primary and backup"),
        pytest.param(A | {"import": TEN}, B | {"asn": "internal", "import": TEN}, id="inside the AS"),
        pytest.param(A | {"import": DEFAULT}, SIX | {"import": DEFAULT}, id="one family each"),
        pytest.param(A | {"import": TEN}, B | {"export": {"networks": "wan"}}, id="nothing accepted"),
    ],
)
def test_stays_strict(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert relaxed(first, second) == (False, [])


@pytest.mark.parametrize(("paths", "expected"), [(1, False), (2, True)])
def test_one_path_alone_needs_no_relaxing(paths: int, expected: bool) -> None:
    found, reasons = relaxed(A | {"import": TEN}, B | {"import": TEN}, edge_router_maximum_paths=paths)
    assert (found, bool(reasons)) == (expected, expected)


@pytest.mark.parametrize(("second", "expected"), [("10.1.0.0/16", True), ("10.2.0.0/16", False)])
def test_of_a_link_counts_what_the_other_end_sends(second: str, expected: bool) -> None:
    document = yaml.safe_load(SITE)
    accepted = {"prefixes": ["10.1.0.0/16", "10.2.0.0/16"]}
    ends = {
        "gw": {"network": "wan", "import": accepted},
        "s1": {"export": {"prefixes": "10.1.0.0/16"}},
        "s2": {"export": {"prefixes": second}},
    }
    document["all"]["vars"]["edge_links"] = {"star": {"hub": "gw", "ends": ends}}
    document["all"]["children"]["edge_routers"]["hosts"] |= {
        f"s{n}": {"edge_router_asn": 64700 + n, "edge_addresses": {"wan": f"198.51.100.1{n}"}} for n in (1, 2)
    }
    done = plan(inventory_from(document))
    assert [finding.text for finding in done.findings] == []
    assert done.data["routers"]["gw"]["frr"]["multipath_relax"] is expected

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RFC 1123 subdomains: each key that becomes a name or a label's prefix takes what an API server takes, and no more."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.report import Report
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys import VARIABLES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.common import (
    LABEL_KEY,
    OBJECT_NAME,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.services import SERVICE
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.types import INVALID, ValueType
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.selectors import parse_selector

TYPES: dict[str, tuple[ValueType, str]] = {
    "label key": (LABEL_KEY, "{}/name"),
    "pool label": (VARIABLES["edge_pool_label"].type, "{}/name"),
    "name of an object": (OBJECT_NAME, "{}"),
    "ingress class": (SERVICE.keys["ingress_class"].type, "{}"),
}
"""What is read -> its type, and a text of it in which ``{}`` is the subdomain."""

GOOD = ("a", "0", "a.b", "a-b.c--d", "a.0")
BAD = ("", ".", "a.", ".a", "a..b", "a.-b", "a-.b", "-a", "a-", "A.b", "a_b")


@pytest.mark.parametrize("what", TYPES)
@pytest.mark.parametrize("text", GOOD)
def test_a_subdomain_is_taken(what: str, text: str) -> None:
    kind, form = TYPES[what]
    report = Report()
    assert kind.parse(form.format(text), "path", report) == form.format(text)
    assert list(report.findings) == []


@pytest.mark.parametrize("what", TYPES)
@pytest.mark.parametrize("text", BAD)
def test_what_is_no_subdomain_is_refused(what: str, text: str) -> None:
    kind, form = TYPES[what]
    report = Report()
    assert kind.parse(form.format(text), "path", report) is INVALID
    assert len(list(report.findings)) == 1


@pytest.mark.parametrize("text", [*GOOD, *BAD])
def test_selectors_take_the_same_prefixes_as_label_keys(text: str) -> None:
    report = Report()
    taken = LABEL_KEY.parse(f"{text}/name", "path", report) is not INVALID
    try:
        parse_selector(f"{text}/name", "path")
        selected = True
    except EdgeError:
        selected = False
    assert selected == taken


@pytest.mark.parametrize(("what", "longest"), [("label key", 253), ("name of an object", 253), ("ingress class", 63)])
def test_a_subdomain_has_an_end(what: str, longest: int) -> None:
    kind, form = TYPES[what]
    for length in (longest, longest + 1):
        taken = kind.parse(form.format("a" * length), "path", Report())
        assert (taken is not INVALID) == (length == longest)

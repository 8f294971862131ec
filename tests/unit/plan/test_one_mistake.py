# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One mistake in a good inventory, one finding: nothing that follows from it is told beside it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.drawn import examples, places
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_document, inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.invalid import BASES, base_document
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import FOLDER, SITES
from ansible_collections.hybridnet.cluster_edge.tests.support.yaml_text import read_yaml_file
from hypothesis import event, given, settings
from hypothesis import strategies as st

Place = tuple[str | int, ...]

MISSPELT, OF_ANOTHER_TYPE = "misspelt", "of another type"
WRONG_VALUE = 3.25
"""No key takes it."""

ALLOWED = {
    (MISSPELT, "ansible_host"): "it is Ansible's own, so what it would have said is missing at two places",
    (MISSPELT, "cable"): "edge_accept names warnings of this link by their paths, which are others now",
}
"""(mistake, key) -> why more than one finding is told."""


@cache
def document(site: str) -> dict[str, Any]:
    """Return a good inventory; nobody changes it."""
    if site == "hybrid":
        return hybrid_document()
    if site in BASES:
        return base_document(site)
    found: dict[str, Any] = read_yaml_file(FOLDER / site / "inventory.yml")
    return found


@cache
def told_already(site: str) -> frozenset[str]:
    """Return what is told of the site without a mistake."""
    return frozenset(finding.text for finding in plan(inventory_from(document(site))).findings)


def is_a_variable(place: Place) -> bool:
    """Return whether a place is a variable or below one: of all hosts, or of one host."""
    return (place[1:2] == ("vars",) and len(place) > 2) or (place[1:2] == ("children",) and len(place) > 5)


def misspelt(word: str) -> str:
    """Return the word with its last two letters the other way round."""
    return f"{word[:-2]}{word[-1]}{word[-2]}"


def mistakes(site: str) -> Iterator[tuple[str, str, Place]]:
    """Yield (site, mistake, place) of each mistake that can be made."""
    for place in filter(is_a_variable, places(document(site))):
        key = place[-1]
        yield site, OF_ANOTHER_TYPE, place
        if isinstance(key, str) and len(key) > 3 and misspelt(key) != key and (MISSPELT, key) not in ALLOWED:
            yield site, MISSPELT, place


def with_mistake(site: str, mistake: str, place: Place) -> dict[str, Any]:
    """Return the inventory with one mistake."""
    result = copy.deepcopy(document(site))
    above: Any = result
    for key in place[:-1]:
        above = above[key]
    if mistake == MISSPELT:
        above[misspelt(str(place[-1]))] = above.pop(place[-1])
    else:
        above[place[-1]] = WRONG_VALUE
    return result


def told(site: str, mistake: str, place: Place) -> list[str]:
    """Return what is told of a mistake."""
    findings = plan(inventory_from(with_mistake(site, mistake, place))).findings
    return [f"{item.code} {item.text}" for item in findings if item.text not in told_already(site)]


ALL = [mistake for site in (*SITES, *BASES, "hybrid") for mistake in mistakes(site)]


@pytest.mark.thorough
@settings(max_examples=examples(200), deadline=None)
@given(mistake=st.sampled_from(ALL))
def test_one_mistake_is_told_once(mistake: tuple[str, str, Place]) -> None:
    event(mistake[1])
    found = told(*mistake)
    assert len(found) <= 1, f"{mistake[1]} at {mistake[2]} of {mistake[0]}: {found}"


HOSTS = {"routers": "edge_routers", "clusters": "edge_clusters", "nodes": "edge_nodes"}


@pytest.mark.parametrize(
    ("site", "mistake", "place", "code"),
    [
        ("border", MISSPELT, "vars edge_networks wire", "EDGE120"),
        ("border", OF_ANOTHER_TYPE, "vars edge_networks wire cidr", "EDGE201"),
        ("border", OF_ANOTHER_TYPE, "routers gw edge_addresses wire", "EDGE201"),
        ("border", MISSPELT, "vars edge_bgp_passwords guests", "EDGE120"),
        ("border", OF_ANOTHER_TYPE, "clusters home edge_cilium_version", "EDGE106"),
        ("racks", MISSPELT, "vars edge_networks", "EDGE101"),
        ("firewall-and-vpn", MISSPELT, "vars edge_networks", "EDGE101"),
        ("dual-stack", MISSPELT, "clusters home edge_cluster_pod_cidrs", "EDGE101"),
        ("one-session-two-families", MISSPELT, "clusters home edge_cluster_pod_pools", "EDGE101"),
        ("pools", OF_ANOTHER_TYPE, "clusters lab edge_pools lab", "EDGE102"),
        ("pools", OF_ANOTHER_TYPE, "nodes k1 edge_addresses", "EDGE102"),
        ("hybrid", MISSPELT, "vars edge_bgp_defaults nodes", "EDGE101"),
        ("fabric", MISSPELT, "clusters test edge_peerings", "EDGE101"),
        ("fabric", MISSPELT, "routers tor-a edge_addresses rack-a", "EDGE104"),
        ("hub-of-three", MISSPELT, "vars edge_links core ends core", "EDGE120"),
        ("hub-of-three", MISSPELT, "vars edge_links core ends floor-1", "EDGE120"),
        ("hub-of-three", MISSPELT, "routers floor-1 edge_router_asn", "EDGE101"),
        ("unnumbered-link", MISSPELT, "vars edge_links cable ends gw interfaces border", "EDGE120"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_follows_from_a_mistake_is_not_told(site: str, mistake: str, place: str, code: str) -> None:
    first, *rest = place.split()
    steps: Place = ("all", "children", HOSTS[first], "hosts") if first in HOSTS else ("all", first)
    found = told(site, mistake, (*steps, *rest))
    assert [text.split()[0] for text in found] == [code], found


@pytest.mark.parametrize("mistake", ALLOWED)
def test_an_exception_is_one(mistake: tuple[str, str]) -> None:
    kind, key = mistake
    found = [
        told(site, kind, place)
        for site in (*SITES, *BASES)
        for place in places(document(site))
        if place[-1] == key and is_a_variable(place)
    ]
    assert max(map(len, found)) > 1


def test_a_hub_that_is_no_end_is_told_alone() -> None:
    inventory = copy.deepcopy(document("hub-of-three"))
    inventory["all"]["vars"]["edge_links"]["core"]["hub"] = "coer"
    found = [f"{item.code} {item.path}" for item in plan(inventory_from(inventory)).findings]
    assert found == ["EDGE120 edge_links.core.hub"]

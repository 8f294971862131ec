# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From which routers a pool is heard over links: against a search of each pool by itself, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.report import Report
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.parse import parse
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.prefix_rules import pool_rules
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import Neighbor, Policy, Pool, Site
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan import next_hops
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.next_hops import Links
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._resolve.site import resolve
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import good
from ansible_collections.hybridnet.cluster_edge.tests.support.yaml_text import read_yaml
from hypothesis import given
from hypothesis import strategies as st

LEAVES = ("leaf1", "leaf2", "leaf3")
SPINES = ("spine1", "spine2")
ENDS = tuple((leaf, spine) for leaf in LEAVES for spine in SPINES)
WAYS = tuple(way for end in ENDS for way in (end, end[::-1]))
POOLS = ("p1", "p2", "p3")

Passes = dict[tuple[str, str], frozenset[str]]
"""(from, to) of a link -> the pools that pass."""


def fabric(pools: Sequence[str]) -> str:
    """Return a site of leaves, each with a node of its own that announces every pool, and spines between them.

    Each link lets every pool through.
    """
    routers = {
        name: {"edge_router_asn": 64600 + at, "edge_addresses": {"lan": f"10.0.0.{at + 1}"}}
        for at, name in enumerate((*LEAVES, *SPINES))
    }
    all_of_them = {"export": {"pools": list(pools)}, "import": {"pools": list(pools)}}
    links = {f"{leaf}-{spine}": {"ends": {leaf: all_of_them, spine: all_of_them}} for leaf, spine in ENDS}
    peerings = {leaf: {"network": "lan", "nodes": f"rack={leaf}", "routers": leaf} for leaf in LEAVES}
    nodes = {
        f"n{at}": {"edge_addresses": {"lan": f"10.0.0.{at + 11}"}, "edge_node_labels": {"rack": leaf}}
        for at, leaf in enumerate(LEAVES)
    }
    cluster = {
        "edge_cluster_asn": 64513,
        "edge_cilium_version": "1.20.2",
        "edge_cluster_pod_cidrs": "10.244.0.0/16",
        "edge_default_pool": pools[0],
    }
    return yaml.safe_dump(
        {
            "all": {
                "vars": {
                    "edge_networks": {"lan": {"cidr": "10.0.0.0/24"}},
                    "edge_links": links,
                    "edge_peerings": peerings,
                    "edge_pools": {
                        name: {"addresses": f"10.9.{at}.0/28", "bgp": list(LEAVES)} for at, name in enumerate(pools)
                    },
                },
                "children": {
                    "edge_routers": {"hosts": routers},
                    "edge_clusters": {"hosts": {"home": cluster}},
                    "edge_nodes": {"hosts": nodes},
                },
            }
        }
    )


def heard(text: str) -> dict[tuple[str, str], set[str]]:
    """Return pool and router -> the others from which the plan says that it hears the pool."""
    return {
        (item["pool"], item["router"]): set(item["over_links"])
        for item in good(text)["failures"]
        if item["failure"] == "node" and item["router"]
    }


def reached(passes: Passes, pool: str, start: str) -> set[str]:
    """Return where the routes of a pool get to from a router, link by link."""
    found: set[str] = set()
    ahead = {start}
    while ahead:
        found |= ahead
        ahead = {to for (at, to), pools in passes.items() if at in ahead and pool in pools} - found
    return found


def only(policy: Policy, pools: Iterable[Pool]) -> Policy:
    """Return a policy that lets these pools through, and nothing else."""
    return replace(policy, prefixes=tuple(rule for pool in pools for rule in pool_rules(pool)))


@pytest.fixture(scope="module", name="site")
def _site() -> Site:
    """The fabric as it is resolved."""
    report = Report()
    site = resolve(parse(inventory_from(read_yaml(fabric(POOLS))), report), report)
    assert not report.findings
    return site


PASSING = st.fixed_dictionaries({way: st.frozensets(st.sampled_from(POOLS)) for way in WAYS})


@given(sent=PASSING, taken=PASSING)
def test_a_pool_is_heard_from_where_its_routes_get_to(site: Site, sent: Passes, taken: Passes) -> None:
    pools = {pool.name: pool for pool in site.clusters[0].pools}

    def limited(host: str, neighbor: Neighbor) -> Neighbor:
        other = str(neighbor.other)
        export = only(neighbor.export, [pools[name] for name in sorted(sent[host, other])])
        return replace(
            neighbor,
            export=export,
            import_=only(neighbor.import_, [pools[name] for name in sorted(taken[other, host])]),
        )

    links = Links(
        replace(router, neighbors=tuple(limited(router.host, neighbor) for neighbor in router.neighbors))
        for router in site.routers
    )
    passes = {way: sent[way] & taken[way] for way in WAYS}
    for name, pool in pools.items():
        assert links.behind(pool, LEAVES) == {
            leaf: tuple(other for other in LEAVES if other != leaf and leaf in reached(passes, name, other))
            for leaf in LEAVES
        }


def counted(monkeypatch: pytest.MonkeyPatch, pools: int) -> Counter[str]:
    """Return how often each step is taken for a site with so many pools, all of which every link lets through."""
    calls: Counter[str] = Counter()

    def counting(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any) -> Any:
            calls[name] += 1
            return call(*args)

        return wrapped

    with monkeypatch.context() as patch:
        patch.setattr(next_hops, "pool_rules", counting("rules", next_hops.pool_rules))
        patch.setattr(next_hops.Links, "_search", counting("searches", next_hops.Links._search))
        patch.setattr(next_hops._Passing, "all_of", counting("questions", next_hops._Passing.all_of))
        names = tuple(f"p{at}" for at in range(pools))
        found = heard(fabric(names))
    assert found == {(pool, leaf): set(LEAVES) - {leaf} for pool in names for leaf in LEAVES}
    return calls


@pytest.mark.parametrize("pools", [1, 2, 20])
def test_more_pools_take_no_more_searches(monkeypatch: pytest.MonkeyPatch, pools: int) -> None:
    """Each pool is one question to each policy that differs from the others, not one for each router and link."""
    assert counted(monkeypatch, pools) == {"rules": pools, "questions": pools, "searches": len(LEAVES)}

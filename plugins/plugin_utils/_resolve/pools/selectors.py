# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, pools: which services each of them selects, so that no service is selected by two."""

from __future__ import annotations

from collections.abc import Sequence

from ..._kubernetes.selectors import IN, Selector, selector_of_label
from ..._pools.selectors import first_overlaps
from ..hosts import Context
from .pools import OwnedPool

ATTRIBUTES = ("communities", "local_preference", "aggregate")
"""Keys of a pool that only its routes have."""


def check_selectors(context: Context, cluster: str, pools: Sequence[OwnedPool], fallback: str | None) -> None:
    """Report pools of one cluster that select one service twice, or whose selectors select nothing.

    Args:
        context: takes the findings.
        cluster: the cluster's host.
        pools: its pools.
        fallback: its default pool.
    """
    label = context.parsed.clusters[cluster]["edge_pool_label"]
    own = [(owned, owned.pool.services) for owned in pools if owned.pool.services is not None]
    for index, other in first_overlaps([selector for _owned, selector in own]):
        left, right = own[other][0], own[index][0]
        context.report.add(
            "EDGE413",
            right.item.at("services"),
            f"{own[index][1].text!r} and {own[other][1].text!r} of pool {left.pool.name!r} can select one service",
            "let them ask for different values of one label",
        )
    named = {owned.pool.name for owned in pools if owned.pool.services is None}
    for owned, selector in own:
        _check_pool_label(context, owned, selector, label, named)
    if len(pools) > 1:
        _check_default(context, own, fallback)
    for owned in pools:
        _check_narrowed(context, owned, label, fallback)
        _check_attributes(context, owned)


def _check_pool_label(context: Context, owned: OwnedPool, selector: Selector, label: str, named: set[str]) -> None:
    """Report a selector that asks for the name of another pool, whose services carry it."""
    for requirement in selector.requirements:
        if requirement.key == label and requirement.operator == IN:
            for name in sorted(named & set(requirement.values)):
                context.report.add(
                    "EDGE413",
                    owned.item.at("services"),
                    f"{selector.text!r} selects the services that name pool {name!r}",
                    f"use another label than {label}",
                )


def _check_default(context: Context, own: Sequence[tuple[OwnedPool, Selector]], fallback: str | None) -> None:
    """Report selectors that leave the default pool without one: it selects what no other pool does."""
    for owned, selector in own:
        if owned.pool.name == fallback:
            context.report.add(
                "EDGE414",
                owned.item.at("services"),
                "stands in the default pool, which selects the services that no other pool selects",
                "remove it, or edge_default_pool: none",
            )
        elif fallback is not None and len(selector.requirements) > 1:
            context.report.add(
                "EDGE414",
                owned.item.at("services"),
                f"{selector.text!r} has {len(selector.requirements)} requirements, and the default pool"
                f" {fallback!r} cannot select just the services that miss one of them",
                "write one requirement, such as a label of your own, or edge_default_pool: none",
            )


def _check_narrowed(context: Context, owned: OwnedPool, label: str, fallback: str | None) -> None:
    """Report ``announce_only`` that none of the pool's services can match."""
    if owned.pool.announce_only is None:
        return
    narrowed = owned.pool.announce_only
    if owned.pool.services is not None:
        selector = owned.pool.services
    elif owned.pool.name != fallback:
        selector = selector_of_label(label, owned.pool.name)
    else:
        return
    if selector.disjoint(narrowed):
        context.report.add(
            "EDGE426",
            owned.item.at("announce_only"),
            f"{narrowed.text!r} matches no service of the pool, which are selected by {selector.text!r}",
            "leave it out to announce all of them",
        )


def _check_attributes(context: Context, owned: OwnedPool) -> None:
    """Report attributes of routes on a pool that has none, and what needs L2 without it."""
    if owned.pool.external_ips and not owned.item["l2"]:
        context.report.add(
            "EDGE428",
            owned.item.at("external_ips"),
            "needs L2, and the pool is announced on no network",
            "write l2, or advertise: {external_ips: {}} at its peering",
        )
    if owned.pool.bgp or owned.item["bgp"] or ("bgp" not in owned.item and "l2" not in owned.item):
        return
    for key in ATTRIBUTES:
        if key in owned.item:
            context.report.add(
                "EDGE425",
                owned.item.at(key),
                "needs routes, and no peering advertises this pool",
                "write bgp, or remove it",
            )

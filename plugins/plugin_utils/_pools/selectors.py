# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services a pool's own selector (``edge_pools.N.services``) picks, and whether two can pick one service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from .._kubernetes.labels import SERVICE_NAME, SERVICE_NAMESPACE
from .._kubernetes.selectors import EXISTS, IN, Requirement, Selector
from .._model.site import Pool


def labels_to_meet(pool: Pool) -> dict[str, str]:
    """Return the labels, sorted, that a Service needs so that the pool's own selector picks it.

    These are keys with one value, and keys that must exist. The second pass refuses selectors that leave a choice.
    """
    labels: dict[str, str] = {}
    for requirement in pool.services.requirements if pool.services else ():
        if requirement.key in (SERVICE_NAME, SERVICE_NAMESPACE):
            continue
        if requirement.operator == EXISTS:
            labels.setdefault(requirement.key, "")
        elif requirement.operator == IN and len(requirement.values) == 1:
            labels[requirement.key] = requirement.values[0]
    return dict(sorted(labels.items()))


def unmet(selector: Selector, labels: Mapping[str, str], complete: bool) -> Requirement | None:
    """Return the first requirement that ``labels`` do not meet.

    Args:
        selector: of a pool.
        labels: what is known of a service, its name and namespace among it.
        complete: False if it may carry other labels too; then only keys that are known count.
    """
    for requirement in selector.requirements:
        if (complete or requirement.key in labels) and not requirement.matches(labels):
            return requirement
    return None


class OwnSelectors:
    """The pools of one cluster that have their own selector, found by the labels of a service without a look at all."""

    def __init__(self, pools: Iterable[Pool]) -> None:
        self._by_value: dict[tuple[str, str], list[tuple[str, Selector]]] = {}
        self._by_key: dict[str, list[tuple[str, Selector]]] = {}
        self._rest: list[tuple[str, Selector]] = []
        for pool in pools:
            selector = pool.services
            if selector is None:
                continue
            handle = _handle(selector)
            if handle is None:
                self._rest.append((pool.name, selector))
            elif handle.operator == EXISTS:
                self._by_key.setdefault(handle.key, []).append((pool.name, selector))
            for value in handle.values if handle else ():
                self._by_value.setdefault((handle.key if handle else "", value), []).append((pool.name, selector))

    @property
    def empty(self) -> bool:
        """True if no pool has its own."""
        return not (self._by_value or self._by_key or self._rest)

    def picking(self, labels: Mapping[str, str], complete: bool, besides: str) -> tuple[str, Selector] | None:
        """Return a pool other than ``besides`` that certainly picks a service with these labels, and its selector.

        Args:
            labels: what is known of the service, its name and namespace among it.
            complete: False if it may carry other labels too.
            besides: the pool that it draws from.
        """
        for name, selector in self._candidates(labels):
            known = complete or all(requirement.key in labels for requirement in selector.requirements)
            if name != besides and known and selector.matches(labels):
                return name, selector
        return None

    def _candidates(self, labels: Mapping[str, str]) -> Iterator[tuple[str, Selector]]:
        for pair in labels.items():
            yield from self._by_value.get(pair, ())
            yield from self._by_key.get(pair[0], ())
        yield from self._rest[:2]  # any two of them pick a common service, which is an error of its own


def first_overlaps(selectors: Sequence[Selector]) -> Iterator[tuple[int, int]]:
    """Yield, for each selector, the first one before it that can pick the same service as it does (indexes).

    Selectors that name values of one key are only compared where they share a value.
    """
    by_key: dict[str, dict[str, list[int]]] = {}
    all_of: dict[str, list[int]] = {}
    rest: list[int] = []
    for index, selector in enumerate(selectors):
        candidates = list(rest)
        for key, buckets in by_key.items():
            values = _values(selector, key)
            found = all_of[key] if values is None else [other for value in values for other in buckets.get(value, ())]
            candidates += found
        first = next((other for other in candidates if not selector.disjoint(selectors[other])), None)
        if first is not None:
            yield index, first
        handle = _handle(selector)
        if handle is None or handle.operator == EXISTS:
            rest.append(index)
            continue
        all_of.setdefault(handle.key, []).append(index)
        for value in handle.values:
            by_key.setdefault(handle.key, {}).setdefault(value, []).append(index)


def _handle(selector: Selector) -> Requirement | None:
    """Return the requirement by which a selector is looked up: one with values, the service's name before all."""
    positive = [requirement for requirement in selector.requirements if requirement.operator in (IN, EXISTS)]
    ranks = {SERVICE_NAME: 0, SERVICE_NAMESPACE: 1}
    return min(positive, key=lambda item: (item.operator != IN, ranks.get(item.key, 2), item.key), default=None)


def _values(selector: Selector, key: str) -> tuple[str, ...] | None:
    """Return the values that ``selector`` demands of ``key``; None = any."""
    return next((item.values for item in selector.requirements if item.key == key and item.operator == IN), None)

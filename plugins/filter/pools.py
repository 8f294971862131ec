# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pool math as filters: each converts its input, asks the library, and returns plain data."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.addresses import (
    interval_text,
    parse_address,
    to_cidrs,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.families import parse_family
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.intervals import contains
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import Pool
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._pools import capacity as _pools


def pool_parse(value: Any) -> dict[str, Any]:
    """Return the pool in its canonical form."""
    pool = _pool(value)
    return {
        "addresses": [entry.text for entry in pool.entries],
        "exclude": [entry.text for entry in pool.exclude],
        "first_last": pool.first_last,
        "families": [family.key for family in pool.families],
        "ranges": [interval_text(interval) for interval in pool.intervals],
    }


def pool_capacity(value: Any) -> dict[str, int]:
    """Return how many addresses of each family services can get."""
    return {family.key: count for family, count in _pools.capacity(_pool(value).intervals).items()}


def pool_contains(value: Any, addresses: Any) -> bool:
    """Say whether the pool can hand out each of the addresses."""
    entries = _pools.parse_entries(addresses, "addresses")
    if not entries:
        raise EdgeError("addresses", "the list is empty, so there is nothing to look for")
    intervals = _pool(value).intervals
    return all(contains(intervals, entry.interval) for entry in entries)


def pool_overlaps(value: Any) -> list[dict[str, Any]]:
    """Return which pools share which addresses."""
    if not isinstance(value, dict):
        raise EdgeError("", "the input is not a map of pools", "write {name: pool, ...}")
    pools = [_pools.parse_pool(item, name, name) for name, item in value.items()]

    def side(pool: int, entry: int) -> dict[str, str]:
        return {"pool": pools[pool].name, "entry": pools[pool].entries[entry].text}

    return [
        {
            "left": side(found.left, found.left_entry),
            "right": side(found.right, found.right_entry),
            "addresses": interval_text(found.interval),
            "count": found.interval.size,
        }
        for found in _pools.overlaps(pools)
    ]


def pool_free(value: Any, used: Any = None, count: Any = 1, family: Any = None, after: Any = None) -> list[str]:
    """Return the lowest addresses that are not used."""
    found = _pools.free_addresses(
        _pool(value).intervals,
        used=_pools.parse_addresses(used, "used"),
        count=count,
        family=None if family is None else parse_family(family, "family"),
        after=None if after is None else parse_address(after, "after"),
    )
    return [address.text for address in found]


def pool_allocate(value: Any, services: Any, assigned: Any = None) -> dict[str, list[str]]:
    """Return the addresses of each service."""
    if not isinstance(assigned, dict | None):
        raise EdgeError("assigned", "the value is not a map", "write {service: [address, ...]}")
    kept = {name: _pools.parse_addresses(held, f"assigned.{name}") for name, held in (assigned or {}).items()}
    given = _pools.allocate(_pool(value).intervals, _pools.parse_requests(services, "services"), kept)
    return {name: [address.text for address in addresses] for name, addresses in given.items()}


def pool_cilium_spec(value: Any) -> dict[str, Any]:
    """Return ``allowFirstLastIPs`` and ``blocks`` of a CiliumLoadBalancerIPPool."""
    return _pools.cilium_spec(_pool(value))


def pool_cidrs(value: Any) -> list[str]:
    """Return the fewest CIDRs that hold exactly the pool's addresses."""
    return [cidr.text for cidr in to_cidrs(_pool(value).intervals)]


def pool_prefix_list(value: Any) -> dict[str, list[dict[str, Any]]]:
    """Return, by family, what an FRR prefix-list must permit."""
    pool = _pool(value)
    return {
        family.key: _pools.prefix_list_entries(_pools.of_family(pool.intervals, family)) for family in pool.families
    }


def _pool(value: Any) -> Pool:
    pool = _pools.parse_pool(value, "pool", "")
    _pools.refuse_self_overlap(pool, "addresses" if isinstance(value, dict) else "")
    return pool


def _filter(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``function`` plain containers, and its one error class Ansible's form."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*map(plain, args), **{name: plain(value) for name, value in kwargs.items()})
        except EdgeError as error:
            raise AnsibleFilterError(str(error)) from error

    return call


class FilterModule:
    """Pool math."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        functions = (
            pool_parse,
            pool_capacity,
            pool_contains,
            pool_overlaps,
            pool_free,
            pool_allocate,
            pool_cilium_spec,
            pool_cidrs,
            pool_prefix_list,
        )
        return {function.__name__: _filter(function) for function in functions}

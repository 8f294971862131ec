# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of the resolved site made by hand: addresses, prefixes, families and selectors may be given as text."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.addresses import (
    Address,
    Cidr,
    PoolEntry,
    parse_address,
    parse_cidr,
    parse_pool_entry,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.families import Family, parse_family
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.selectors import (
    Selector,
    parse_selector,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import (
    Cluster,
    L2Lease,
    Neighbor,
    Peering,
    Policy,
    Pool,
    Router,
    SessionKeys,
)

T = TypeVar("T")

_PARSERS: Mapping[Any, Callable[[object, str], Any]] = {
    Address: parse_address,
    Cidr: parse_cidr,
    Family: parse_family,
    PoolEntry: parse_pool_entry,
    Selector: parse_selector,
}
_NO_POLICY = Policy(restart=300)
_USUAL: Mapping[type, Mapping[str, Any]] = {
    SessionKeys: {"port": 179},
    Policy: {"restart": 300},
    Neighbor: {"asn": "external", "import_": _NO_POLICY, "export": _NO_POLICY},
    Router: {"managed": True, "import_check": True},
    Peering: {"accept": "pools", "import_": _NO_POLICY, "export": _NO_POLICY},
    Pool: {"first_last": True},
    Cluster: {
        "managed": True,
        "cilium_managed": True,
        "manage_labels": True,
        "pod_mask": {"ipv4": 24, "ipv6": 64},
        "l2_lease": L2Lease(15, 5, 2),
    },
}
"""What the inventory's keys give by default and the model wants to be told."""


def made(cls: type[T], *values: Any, **named: Any) -> T:
    """Return ``cls(*values, **named)``, with texts parsed and the usual values where nothing is given."""
    names = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
    given = {**_USUAL.get(cls, {}), **dict(zip(names, values, strict=False)), **named}
    return cls(**_parsed_fields(cls, given))


def replace(item: T, **changes: Any) -> T:
    """Return ``dataclasses.replace(item, **changes)``, with texts parsed."""
    return dataclasses.replace(item, **_parsed_fields(type(item), changes))  # type: ignore[type-var]


def _parsed_fields(cls: type, given: Mapping[str, Any]) -> dict[str, Any]:
    kinds = _kinds(cls)
    return {name: _parsed(kinds[name], value) for name, value in given.items()}


@cache
def _kinds(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _parsed(kind: Any, value: Any) -> Any:
    """Return a value with each text parsed for which its annotation wants a parsed object."""
    if isinstance(value, str):
        parser = next((_PARSERS[item] for item in (kind, *get_args(kind)) if item in _PARSERS), None)
        return value if parser is None else parser(value, "a test's value")
    items = get_args(kind)
    if isinstance(value, Mapping) and get_origin(kind) is Mapping:
        return {_parsed(items[0], key): _parsed(items[1], item) for key, item in value.items()}
    # A NamedTuple is one value: it has been made already.
    if isinstance(value, tuple) and not hasattr(value, "_fields") and get_origin(kind) is tuple:
        return tuple(_parsed(items[0], item) for item in value)
    if get_origin(kind) is UnionType:
        return next((_parsed(item, value) for item in items if isinstance(value, get_origin(item) or item)), value)
    return value

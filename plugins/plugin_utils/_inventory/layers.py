# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers: ``edge_pools__media`` is one more layer of ``edge_pools``.

Layers are merged in sorted order of their suffix. The same entry in two layers is an error that names both, because
otherwise their names would decide; only the layer ``__twin`` may override. An entry is a first-level key; in
``edge_cilium_values`` it is a leaf, so that layers merge deeply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._findings.report import Report
from .._plain import is_literal
from .types import describe, map_hint, text_entries

OVERRIDING_LAYER = "twin"
DEEP = "edge_cilium_values"
SECRETS = "edge_bgp_passwords"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a merged map, with the variable that it was written in."""

    variable: str
    value: Any


def base_name(variable: str) -> str:
    """Return ``edge_pools`` for ``edge_pools__media``."""
    return variable.partition("__")[0]


def layer_names(variables: Mapping[str, Any], base: str) -> list[str]:
    """Return the variables that make up ``base``: itself, then its layers in sorted order of their suffix."""
    layers = sorted((name for name in variables if name.startswith(f"{base}__")), key=_suffix)
    layers.sort(key=lambda name: _suffix(name) == OVERRIDING_LAYER)  # the one that may override comes last
    return ([base] if base in variables else []) + layers


def merge_layers(variables: Mapping[str, Any], base: str, prefix: str, report: Report) -> tuple[dict[str, Entry], bool]:
    """Return the entries of all layers of ``base``, and whether all layers could be read.

    Args:
        variables: one host's variables.
        base: the variable without suffix.
        prefix: what stands before the variable in a finding's path (``host.`` or nothing).
        report: takes what is wrong.
    """
    merged: dict[str, Entry] = {}
    complete = True
    for name in layer_names(variables, base):
        value = variables[name]
        if value is None and name == base:
            continue  # `edge_pools:` with nothing below it
        if not isinstance(value, Mapping):
            if base == SECRETS:  # what stands there may be a password
                report.add("EDGE102", f"{prefix}{name}", *_no_names(value))
            else:
                report.add("EDGE102", f"{prefix}{name}", f"must be a map, not {describe(value)}", map_hint(value))
            complete = False
            continue
        for key, item in text_entries(value, f"{prefix}{name}", report):
            if key is None:
                complete = False
                continue
            before = merged.get(key)
            if before is None or (_suffix(name) == OVERRIDING_LAYER and base != DEEP):
                merged[key] = Entry(name, item)
            elif base == DEEP:
                merged[key] = Entry(name, _merge_leaves(before, Entry(name, item), key, prefix, report))
            else:
                _report_twice(f"{prefix}{name}.{key}", before.variable, report)
    return merged, complete


def _no_names(value: object) -> tuple[str, str]:
    """Return problem and hint for passwords that do not stand in a map; what stands there is not shown."""
    if isinstance(value, str) and not is_literal(value):
        return (
            "is a template, which the plan does not compute: it reads the names without Vault, and never the passwords",
            'write the names here, each with a template of its own: {k8s: "{{ vault_k8s }}"}',
        )
    return "must be a map", "give each password the name of its peering"


def _merge_leaves(before: Entry, after: Entry, path: str, prefix: str, report: Report) -> Any:
    """Return two values of one key of ``edge_cilium_values`` merged; a leaf in both is reported."""
    if isinstance(before.value, Mapping) and isinstance(after.value, Mapping):
        result = dict(before.value)
        for key, item in after.value.items():
            if key in result:
                inner = Entry(before.variable, result[key]), Entry(after.variable, item)
                result[key] = _merge_leaves(*inner, f"{path}.{key}", prefix, report)
            else:
                result[key] = item
        return result
    if _suffix(after.variable) != OVERRIDING_LAYER:
        _report_twice(f"{prefix}{after.variable}.{path}", before.variable, report)
    return after.value


def _report_twice(path: str, other: str, report: Report) -> None:
    report.add("EDGE107", path, f"stands in {other} too", "keep it in one layer")


def _suffix(variable: str) -> str:
    return variable.partition("__")[2]

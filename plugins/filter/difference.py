# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that tell how two configurations of one end differ in meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.frr.compare import frr_difference
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.objects.compare import objects_difference
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain


def compare_frr(first: Any, second: Any, version: Any = None) -> list[str]:
    """Return the differences between two FRR configurations in what they set up."""
    for text in (first, second):
        if not isinstance(text, str):
            raise AnsibleFilterError(f"an FRR configuration is text, not {type(text).__name__}")
    try:
        return frr_difference(str(first), str(second), None if version is None else str(version))
    except EdgeError as error:
        raise AnsibleFilterError(str(error)) from error


def compare_objects(first: Any, second: Any, version: Any, nodes: Any = None, first_family: Any = "IPv4") -> Any:
    """Return the differences between two sets of Kubernetes objects in what they set up."""
    sides = [plain(items) for items in (first, second)]
    for items in sides:
        if not isinstance(items, list):
            raise AnsibleFilterError(f"objects are a list, not {type(items).__name__}")
    try:
        return objects_difference(sides[0], sides[1], str(version), plain(nodes or {}), str(first_family))
    except EdgeError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"frr_difference": compare_frr, "objects_difference": compare_objects}

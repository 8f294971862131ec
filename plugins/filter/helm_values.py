# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter of role cilium_net_release: Helm values that differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_values import changed_values
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain


def values_differences(live: Any, planned: Any) -> list[str]:
    """Return the Helm values that differ, one text each."""
    return changed_values(plain(live), plain(planned))


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"values_differences": values_differences}

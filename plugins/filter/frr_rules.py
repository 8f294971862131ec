# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a version of FRR does, from the one table of versions."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.state import version_tuple
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.versions import rules_of


def frr_rules(version: str) -> dict[str, bool]:
    """Return which rules hold for a version such as ``10.3``, by name."""
    return rules_of(version_tuple(version))


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., dict[str, bool]]]:
        """Return it by name."""
        return {"frr_rules": frr_rules}

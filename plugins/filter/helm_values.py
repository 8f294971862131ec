# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter of role cilium_net_release: Helm values that differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_values import changed_values
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.takeover import (
    Consent,
    Release,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.takeover import (
    cluster_refusals as wrong_cluster,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.takeover import (
    release_refusals as decide,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain


def values_differences(live: Any, planned: Any) -> list[str]:
    """Return the Helm values that differ, one text each."""
    return changed_values(plain(live), plain(planned))


def release_digest(values: Any, version: Any) -> str:
    """Return what a site notes of a release that it has made."""
    return Release("", str(plain(version)), plain(values)).digest


def release_refusals(live: Any, planned: Any, made: Any = "", take_over: Any = None) -> list[str]:
    """Return why a planned release must not be applied to the live one."""
    found, wanted, said = plain(live), plain(planned), plain(take_over) or {}
    lives = found and found.get("status") != "uninstalled"  # kept by helm uninstall --keep-history
    consent = Consent(said.get("release"), tuple(said.get("unset") or ()))
    before = Release(wanted["name"], found["version"], found["values"]) if lives else None
    after = Release(wanted["name"], wanted["version"], wanted["values"])
    return decide(before, after, str(plain(made) or "").split(), consent)


def cluster_refusals(live: Any, planned: Any) -> list[str]:
    """Return why a cluster is not the planned one."""
    return wrong_cluster(plain(planned), plain(live))


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "cluster_refusals": cluster_refusals,
            "release_digest": release_digest,
            "release_refusals": release_refusals,
            "values_differences": values_differences,
        }

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter of role cilium_net_release: Helm values that differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium import takeover
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_values import changed_values
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import TakeOver
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain


def values_differences(live: Any, planned: Any) -> list[str]:
    """Return the Helm values that differ, one text each."""
    return changed_values(plain(live), plain(planned))


def release_refusals(live: Any, planned: Any, made: Any = "", take_over: Any = None) -> list[str]:
    """Return why a planned release must not be applied to the live one."""
    return takeover.release_refusals(*_releases(live, planned), plain(made).split(), TakeOver.of(plain(take_over)))


def release_note(planned: Any, live: Any, made: Any, site: Any, name: Any) -> dict[str, Any]:
    """Return the ConfigMap that notes whose release it is."""
    digests = takeover.release_note(*_releases(live, planned), plain(made).split())
    return takeover.note_config_map(digests, plain(site), plain(name), plain(planned)["namespace"])


def _releases(live: Any, planned: Any) -> tuple[takeover.Release | None, takeover.Release]:
    """Return the live release, None where there is none, and the planned one."""
    found, wanted = plain(live), plain(planned)
    lives = found and found.get("status") != "uninstalled"  # kept by helm uninstall --keep-history
    return (
        takeover.Release(wanted["name"], found["version"], found["values"]) if lives else None,
        takeover.Release(wanted["name"], wanted["version"], wanted["values"]),
    )


def cluster_refusals(live: Any, planned: Any) -> list[str]:
    """Return why a cluster is not the planned one."""
    return takeover.cluster_refusals(plain(planned), plain(live))


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "cluster_refusals": cluster_refusals,
            "release_note": release_note,
            "release_refusals": release_refusals,
            "values_differences": values_differences,
        }

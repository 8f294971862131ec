# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of role cilium_net_release: the live Helm release and the planned one, and what is noted of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_values import changed_values
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster import (
    range_changes,
    takeover,
    workloads,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.note import note_name
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import TakeOver
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain


def values_differences(live: Any, planned: Any) -> list[str]:
    """Return the Helm values that differ, one text each."""
    return changed_values(plain(live), plain(planned))


def release_refusals(live: Any, planned: Any, made: Any = "", take_over: Any = None, nodes: Any = ()) -> list[str]:
    """Return why a planned release must not be applied to the live one."""
    judged = *_releases(live, planned), plain(made).split(), TakeOver.of(plain(take_over))
    return takeover.release_refusals(*judged) + takeover.range_refusals(*judged, plain(nodes))


def release_usage(values: Any) -> list[str]:
    """Return the kinds of which :func:`release_refusals` wants the live objects."""
    return range_changes.usage(plain(values))


def release_note(planned: Any, live: Any, made: Any, site: Any, take_over: Any = None) -> dict[str, Any]:
    """Return the ConfigMap that notes whose release it is."""
    noted = takeover.release_note(*_releases(live, planned), plain(made).split(), TakeOver.of(plain(take_over)))
    return takeover.note_config_map(noted, plain(site), plain(planned)["namespace"])


def release_as_planned(live: Any, planned: Any) -> bool:
    """Return whether the live release is the planned one and runs."""
    return takeover.is_as_planned(plain(live), _releases(live, planned)[1])


def release_rollouts(namespace: Any, wait_for: Any = tuple(workloads.WORKLOADS)) -> list[str]:
    """Return the workloads of Cilium's chart whose rollout is waited for."""
    return workloads.rollouts(plain(namespace), plain(wait_for))


def release_lacks(state: Any, rolled_out: Any) -> dict[str, list[str]]:
    """Return what Cilium's agents and operator lack: errors, and notes about single pods."""
    return dataclasses.asdict(workloads.lacks(plain(state), bool(plain(rolled_out))))


def site_note(site: Any) -> str:
    """Return the name of the ConfigMap in which a site notes what it made."""
    return note_name(plain(site))


def _releases(live: Any, planned: Any) -> tuple[takeover.Release | None, takeover.Release]:
    """Return the live release, None where there is none, and the planned one."""
    wanted = plain(planned)
    return (
        takeover.Release.live(wanted["name"], plain(live)),
        takeover.Release(wanted["name"], wanted["version"], wanted["values"]),
    )


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "release_as_planned": release_as_planned,
            "release_lacks": release_lacks,
            "release_note": release_note,
            "release_refusals": release_refusals,
            "release_rollouts": release_rollouts,
            "release_usage": release_usage,
            "site_note": site_note,
            "values_differences": values_differences,
        }

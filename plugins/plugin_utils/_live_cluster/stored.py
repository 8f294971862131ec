# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which versions a cluster may still store objects that Cilium is to serve in another one alone.

Source: cilium/cilium#47242 (``v2alpha1`` goes), #46763 (what Cilium's operator rewrites itself).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...module_utils._kubernetes.cilium_kinds import PLURALS
from .._cilium.common import GROUP, LB_KINDS
from .._versions.cilium import V2_SINCE, V2ALPHA1_MIGRATED, V2ALPHA1_UNTIL, parse_version, text_of
from .preflight import Right, rights

OURS_TO_STORE = tuple(kind for kind in LB_KINDS if kind in V2_SINCE)
"""The kinds with a newer version that Cilium's operator does not rewrite."""
_LASTS = "cilium.io/v2alpha1, which Cilium {until} no longer serves (cilium/cilium#47242)"
LEFT = (
    "{what} may be stored as " + _LASTS + ", and the run leaves that as it is: {why}. Before {until}, let an account"
    ' that may do it run once (docs/cluster.md, "Stored versions")'
)
REFUSED = (
    "{what} may be stored as " + _LASTS + ": the API server would refuse the definition that {planned} brings"
    " (status.storedVersions). Run site.yml once with edge_cilium_version: {migrated}.x (its newest), which stores them"
    " anew, by an account that may patch customresourcedefinitions/status"
)


def _old(kinds: Mapping[str, Any], of: Iterable[str]) -> list[str]:
    """Return which kinds may have objects that are stored in another version than the one that is written now.

    Args:
        kinds: those of the result of module ``cluster_state_info``; the stored version comes first of the served ones.
        of: the kinds that are of interest.
    """
    there = {kind: kinds[kind] for kind in of if kind in kinds}
    return [kind for kind, found in there.items() if {*found.get("stored", ())} - {found["versions"][0]}]


def kinds_to_store(kinds: Mapping[str, Any], version: str | None) -> list[str]:
    """Return the kinds whose objects the run stores anew.

    From the version on whose operator does the same with the kinds for BGP: nobody goes back below it any more.

    Args:
        kinds: those of the result of module ``cluster_state_info``.
        version: Cilium's, once the run has brought it to the plan; None: not known.
    """
    if version is None or parse_version(version) < V2ALPHA1_MIGRATED:
        return []
    return _old(kinds, OURS_TO_STORE)


def storing_rights(kinds: Iterable[str]) -> set[Right]:
    """Return the rights that storing kinds anew needs. A run that lacks them does all else."""
    plurals = [PLURALS[kind] for kind in kinds]
    if not plurals:
        return set()
    definitions = rights("apiextensions.k8s.io", "customresourcedefinitions/status", ["patch"])
    return definitions.union(*(rights(GROUP, plural, ["list", "patch"]) for plural in plurals))


def left_as_stored(kinds: Iterable[str], why: str) -> str:
    """Return what is said of kinds that are not stored anew.

    Args:
        kinds: their names.
        why: what the account lacks, or what the API server says.
    """
    return LEFT.format(what=", ".join(kinds), until=text_of(V2ALPHA1_UNTIL), why=why)


def still_stored(kinds: Mapping[str, Any], planned: str) -> list[str]:
    """Return why a version of Cilium must not come yet: its definitions would be refused.

    Args:
        kinds: those of the result of module ``cluster_state_info``.
        planned: the version.
    """
    if parse_version(planned) < V2ALPHA1_UNTIL:
        return []
    old = _old(kinds, V2_SINCE)
    told = {"until": text_of(V2ALPHA1_UNTIL), "planned": planned, "migrated": text_of(V2ALPHA1_MIGRATED)}
    return [REFUSED.format(what=", ".join(old), **told)] if old else []

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else lacks where a cluster cannot be looked at: so one run tells all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._cilium.common import Object
from .look import Target, rights_to_verify
from .note import note_name
from .preflight import Right, helm_rights, lacking_rights, rights, writing_rights

UNLESS_THERE = "unless all of it is there as planned, which could not be seen: "
"""Before what a run needs to write: of what lives as planned it writes nothing."""


def unseen_lacks(target: Target, rules: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the rights that lack beside those to look: first those of any run, then those of one that writes.

    Args:
        target: the cluster.
        rules: what the account may do, by namespace.
    """
    sure = rights_to_verify(target) - target.rights_to_look
    written = _rights_to_write(target) - sure - target.rights_to_look
    return [*lacking_rights(sure, rules), *(f"{UNLESS_THERE}{text}" for text in lacking_rights(written, rules))]


def _rights_to_write(target: Target) -> set[Right]:
    """Return what it needs to write all of the plan into a cluster that has nothing of it."""
    cluster = target.cluster
    if not target.is_written or cluster["absent"]:  # what is removed is what lives
        return set()
    wanted = writing_rights([*cluster["bgp"], *cluster["lb"], *_marked(target)], [])
    if target.looks_at_release:
        wanted |= helm_rights(target.namespace, cluster["helm_values"], cluster["cilium_version"])
    for name in {item["spec"].get("authSecretRef", "") for item in cluster["bgp"]} - {""}:
        wanted |= rights("", "secrets", ["get", "create", "patch"], cluster["secrets_namespace"], name)
    if wanted:  # what is made is noted
        wanted |= rights("", "configmaps", ["get", "patch"], target.namespace, note_name(target.site))
        wanted |= rights("", "configmaps", ["create"], target.namespace)
    return wanted


def _marked(target: Target) -> Iterator[Object]:
    """Yield the planned services, and the nodes that get labels."""
    for name, labels in (target.cluster["node_labels"] or {}).items():
        if labels:
            yield {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
    for item in target.cluster["services"]:
        if item["object"] is not None:
            whole: Any = item["object"]
            yield whole

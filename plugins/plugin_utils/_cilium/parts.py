# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a cluster that one role each brings to the plan: what is read for a part, and how it is compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...module_utils._kubernetes.cilium_kinds import PLURALS
from .._kubernetes.labels import FIELD_MANAGER, ownership_labels
from .changes import Changes, bgp_changes, lb_changes, service_changes
from .held_addresses import LbIpam
from .note import Claims, note_name
from .objects import BGP_KINDS, LB_KINDS

PART_KINDS: Mapping[str, tuple[str, ...]] = {"bgp": BGP_KINDS, "lb": LB_KINDS, "services": ()}
"""By part, the kinds whose objects belong to it as a whole."""


def state_request(part: str, options: Mapping[str, Any], wait: int) -> dict[str, Any]:
    """Return the options of module ``cluster_state_info`` that read what a part is compared with.

    Args:
        part: a key of :data:`PART_KINDS`.
        options: those of module ``cluster_objects``.
        wait: seconds to wait until the cluster serves the kinds of ``objects``. A kind that nothing is planned of is
            not waited for, as not every Cilium has it.
    """
    owned = ",".join(f"{key}={value}" for key, value in sorted(ownership_labels(options["site"]).items()))
    planned = {item["kind"] for item in options["objects"]}
    return {
        "wait_plurals": [PLURALS[kind] for kind in PART_KINDS[part] if kind in planned],
        "plurals": [PLURALS[kind] for kind in PART_KINDS[part]],
        "nodes": part == "bgp",
        "namespaces": part in ("bgp", "services"),
        "services": part in ("lb", "services"),
        "service_names": [f"{item['namespace']}/{item['name']}" for item in options["services"]],
        "config_map": f"{options['namespace']}/{note_name(options['site'])}",
        "secrets_namespace": options["secrets_namespace"] if part == "bgp" else None,
        "selector": owned,
        "manager": FIELD_MANAGER,
        "wait": wait,
    }


def part_changes(
    part: str, options: Mapping[str, Any], passwords: Iterable[str], state: Mapping[str, Any], claims: Claims
) -> Changes:
    """Return what to do for a part.

    Args:
        part: a key of :data:`PART_KINDS`.
        options: those of module ``cluster_objects``.
        passwords: names of the BGP passwords that are given.
        state: what :func:`state_request` asked for.
        claims: what the site made; takes what is to be noted of it.
    """
    objects = options["objects"]
    if part == "bgp":
        namespace = options["secrets_namespace"]
        return bgp_changes(objects, options["node_labels"], passwords, namespace, state, claims)
    if part == "lb":
        lb_ipam = LbIpam(options["cilium_version"], options["serves_classless"])
        return lb_changes(objects, options["may_move"], state, claims, lb_ipam)
    return service_changes(options["services"], state, claims)

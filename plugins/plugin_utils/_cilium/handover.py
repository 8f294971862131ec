# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs of before still hold in a cluster to which Flux or Argo CD applies now.

Server-side apply keeps a field as long as any field manager holds it (Kubernetes documentation, "Server-Side Apply").
What left the inventory and so left Git then stays in the cluster, and no commit takes it away.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...module_utils._errors import EdgeError
from .._document.plan import PlannedCluster
from .._findings.wording import MOST_NAMES, count, some
from .._kubernetes.labels import FIELD_MANAGER
from .common import Object
from .field_owners import own_fields
from .live_objects import object_key, place, reference

FLUX_FLAG = f"--override-manager={FIELD_MANAGER}"
"""Flag of Flux's kustomize-controller: it takes over what this field manager holds, by apply and by update."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What our field manager holds of what others apply."""

    stuck: tuple[EdgeError, ...] = ()
    """Objects with fields that the plan does not have, and that no commit takes away."""
    held: tuple[str, ...] = ()
    """Further objects with fields of ours, as :func:`.live_objects.place` names them."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known before something leaves the inventory."""
        if not self.held:
            return ()
        objects = f"{count(len(self.held), 'object')} ({some(self.held)})"
        return (
            f"the field manager {FIELD_MANAGER}, of runs of before, still holds fields of {objects}: what leaves the"
            " inventory would stay there. Give them up once Flux or Argo CD has applied (docs/situations/flux.md, the"
            " handover)",
        )


def handover(state: Mapping[str, Any], cluster: PlannedCluster) -> Handover:
    """Return what runs of before hold of what the plan has in a cluster; nothing where runs apply.

    Args:
        state: ``objects`` and ``services`` of module ``cluster_state_info``.
        cluster: the planned cluster.
    """
    if cluster["apply"] != "others" or cluster["absent"]:
        return Handover()
    planned = {object_key(item): item for item in _planned(cluster)}
    stuck, held = [], []
    for found in [*state["objects"], *state["services"]]:
        wanted = planned.get(object_key(found))
        if wanted is None:  # it goes as a whole
            continue
        own = own_fields(wanted, found)
        if own.beside:
            stuck.append(_error(found, own.beside, own.nobody_else))
        elif own.planned:
            held.append(place(found))
    return Handover(tuple(stuck), tuple(sorted(held)))


def _planned(cluster: PlannedCluster) -> Iterator[Object]:
    """Yield what the plan has of a cluster: whole objects, and of Services of others our keys."""
    yield from cluster["bgp"]
    yield from cluster["lb"]
    for item in cluster["services"]:
        if item["object"] is not None:
            yield item["object"]
        else:
            metadata = {name: item[name] for name in ("namespace", "name", "labels", "annotations")}
            yield {"apiVersion": "v1", "kind": "Service", "metadata": metadata}


def _error(found: Object, beside: list[str], alone: list[str]) -> EdgeError:
    """Return why what others apply cannot become what is planned, and the ways out.

    Args:
        found: the live object.
        beside: fields that we hold and the plan does not have.
        alone: fields that the plan has and nobody else holds.
    """
    nothing = shlex.quote(json.dumps(reference(found)))
    command = f"echo {nothing} | kubectl apply --server-side --field-manager={FIELD_MANAGER} -f -"
    first = (
        f"first let Flux or Argo CD apply it, as nobody else holds {some(alone, MOST_NAMES)}; then " if alone else ""
    )
    return EdgeError(
        place(found),
        f"the field manager {FIELD_MANAGER}, of runs of before, holds {some(beside, MOST_NAMES)}, which the plan does"
        " not have: no commit takes that away, as the API server keeps what any manager holds",
        f"{first}give up what it holds: {command}. What nobody else holds goes at once: to keep it until the routers"
        " take the plan, let Flux or Argo CD apply the inventory of before first. Or start Flux's kustomize-controller"
        f" with {FLUX_FLAG}",
    )

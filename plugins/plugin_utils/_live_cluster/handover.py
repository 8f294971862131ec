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
from .._cilium.common import Object
from .._document.plan import PlannedCluster
from .._findings.wording import MOST_NAMES, count, some
from .._kubernetes.labels import FIELD_MANAGER
from .field_owners import OwnFields, own_fields
from .kubectl import kubectl
from .live_objects import is_of_a_site, is_ours, object_key, place

FLUX_FLAG = f"--override-manager={FIELD_MANAGER}"
"""Flag of Flux's kustomize-controller: it takes over what this field manager holds, by apply and by update."""

_CLASS = "spec.loadBalancerClass"
"""The API server refuses to change it (Kubernetes API validation, ``ValidateServiceUpdate``)."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What our field manager holds of what others apply."""

    stuck: tuple[EdgeError, ...] = ()
    """Objects with fields that the plan does not have, and that no commit takes away."""
    held: tuple[str, ...] = ()
    """Further objects whose fields others hold as we do, as :func:`.live_objects.place` names them."""
    left: tuple[EdgeError, ...] = ()
    """Services of others that are not in the inventory. Another site of the cluster may have set what we hold there."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known before something leaves the inventory."""
        left = tuple(map(str, self.left))
        if not self.held:
            return left
        objects = f"{count(len(self.held), 'object')} ({some(self.held)})"
        return (
            f"the field manager {FIELD_MANAGER}, of runs of before, still holds fields of {objects}, which Flux or Argo"
            " CD holds too: what leaves the inventory would stay there. Give them up (docs/situations/flux.md, the"
            " handover)",
            *left,
        )


def handover(state: Mapping[str, Any], cluster: PlannedCluster, site: str) -> Handover:
    """Return what runs of before hold in a cluster to which others apply; nothing where runs apply.

    Args:
        state: ``objects`` and ``services`` of module ``cluster_state_info``.
        cluster: the planned cluster.
        site: name of the site.
    """
    if cluster["apply"] != "others" or cluster["absent"]:
        return Handover()
    planned = {object_key(item): item for item in _planned(cluster)}
    stuck, held, left = [], [], []
    for found in [*state["objects"], *state["services"]]:
        wanted = planned.get(object_key(found))
        own = own_fields(wanted or {"metadata": {}}, found)
        if not (own.planned or own.beside):
            continue
        if wanted is not None:
            if "spec" in wanted and _CLASS in own.beside and found["spec"].get("type") == "LoadBalancer":
                stuck.append(_class_stays(found, cluster))
            elif own.beside:
                stuck.append(_error(found, own, cluster))
            elif not own.nobody_else:  # else nobody has applied it yet, or none does who holds what was there before
                held.append(place(found))
        elif is_ours(found["metadata"], site):
            if not own.has_others:  # else it goes as a whole
                stuck.append(_never_pruned(found, cluster))
        elif found["kind"] == "Service" and not is_of_a_site(found["metadata"]):
            error = _error(found, own, cluster)
            hint = f"{error.hint}. Leave it, where another site of this cluster has set it"
            left.append(EdgeError(error.path, error.problem, hint))
    return Handover(tuple(stuck), tuple(sorted(held)), tuple(left))


def is_held(found: Object) -> bool:
    """Return whether our field manager holds a field of a live object."""
    return bool(own_fields({"metadata": {}}, found).beside)


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


def _error(found: Object, own: OwnFields, cluster: PlannedCluster) -> EdgeError:
    """Return why what others apply cannot become what is planned, and the ways out.

    Args:
        found: the live object.
        own: what we hold of it, some of it beside the plan.
        cluster: where it is.
    """
    patch = shlex.quote(json.dumps(own.patch, separators=(",", ":")))
    hint = f"give that up: {_command(cluster, 'patch', found)} --type=json -p {patch}"
    if own.going:
        hint += (
            f". {some(own.going, MOST_NAMES)} goes at once, as nobody else holds it: to keep it until the routers take"
            " the plan, let Flux or Argo CD apply the inventory of before first, and run again"
        )
    if len(own.going) < len(own.beside):
        hint += ". What others hold too, or hold a part of, stays until they take it away"
    return EdgeError(
        place(found),
        f"the field manager {FIELD_MANAGER}, of runs of before, holds {some(own.beside, MOST_NAMES)}, which the plan"
        " does not have: no commit takes that away, as the API server keeps what any manager holds",
        f"{hint}. Or start Flux's kustomize-controller with {FLUX_FLAG}",
    )


def _class_stays(found: Object, cluster: PlannedCluster) -> EdgeError:
    """Return what is to be done where a Service has a class and the plan has none: no patch takes it off."""
    return EdgeError(
        place(found),
        f"it has the class {found['spec'].get('loadBalancerClass')} by runs of before, and the plan has none: no commit"
        f" takes that away, as the API server keeps {_CLASS} while the type is LoadBalancer",
        "keep class in edge_services. Or delete the Service once, so that Flux or Argo CD makes it anew; it loses its"
        f" addresses at once: {_command(cluster, 'delete', found)}",
    )


def _never_pruned(found: Object, cluster: PlannedCluster) -> EdgeError:
    """Return what is to be done with an object that the plan lacks, and that Flux or Argo CD never had."""
    return EdgeError(
        place(found),
        f"the field manager {FIELD_MANAGER}, of runs of before, has made it, the plan does not have it, and nobody else"
        " has applied it: Flux and Argo CD prune only what they have applied",
        f"delete it, and what uses it loses that at once: {_command(cluster, 'delete', found)}. Or let Flux or Argo CD"
        " apply the inventory of before first",
    )


def _command(cluster: PlannedCluster, verb: str, item: Object) -> str:
    """Return the beginning of a command of kubectl that writes an object."""
    namespace = item["metadata"].get("namespace")
    words = [verb, item["kind"].lower(), item["metadata"]["name"], *(["-n", namespace] if namespace else [])]
    return f"{kubectl(cluster['kubeconfig'], cluster['context'])} {shlex.join(words)}"

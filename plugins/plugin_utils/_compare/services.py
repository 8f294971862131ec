# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Services of a cluster as a run of the plan leaves them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._kubernetes.cilium_kinds import RANGES_POLICY
from .._cilium.common import Object
from .._cilium.lb_ipam import service_name
from .._document.plan import PlannedCluster, ServiceManifest
from .._findings.wording import count, some
from .._kubernetes.labels import FIELD_MANAGER, ownership_labels
from .._live_cluster.as_it_lives import SERVICE_DEFAULTS
from .._live_cluster.handover import is_held
from .._live_cluster.live_objects import is_ours
from .._live_cluster.note import Claims, fields_in_our_name, note_name
from .._live_cluster.service_writes import METADATA, SERVICES, service_writes, written
from .._versions.cilium import parse_version
from .objects.services import COMPARED_ANNOTATIONS, ranges_are_kept_out

_POLICY = "ipFamilyPolicy"


@dataclass(frozen=True, slots=True)
class ServicesAfter:
    """What a run makes of a cluster's Services."""

    services: tuple[Mapping[str, Any], ...]
    """Each as the plan leaves it."""
    missing: tuple[str, ...]
    """``namespace/name`` of those that their owners have not made yet."""
    given_back: tuple[str, ...]
    """Labels and annotations that a run takes off again, and that are compared nowhere else, as rows name them."""
    notes: tuple[str, ...]
    """What a run leaves on them, though the inventory does not say it."""


def takes_part(service: Object, cluster: PlannedCluster, site: str) -> bool:
    """Return whether a live Service gets addresses, is one of the inventory's, or holds what runs of before have set.

    One of another type takes part too where a run would take something off it.

    Args:
        service: the Service.
        cluster: the planned cluster.
        site: name of the site.
    """
    planned = ((item["namespace"], item["name"]) for item in cluster["services"])
    return (
        (service.get("spec") or {}).get("type") == "LoadBalancer"
        or service_key(service) in planned
        or is_ours(service["metadata"], site)
        or is_held(service)
    )


def with_namespace(service: Mapping[str, Any]) -> Object:
    """Return a Service that names its namespace."""
    metadata = service["metadata"]
    return {**service, "metadata": {**metadata, "namespace": metadata.get("namespace") or "default"}}


def service_key(service: Mapping[str, Any]) -> tuple[str, str]:
    """Return namespace and name."""
    return service["metadata"].get("namespace") or "default", service["metadata"]["name"]


def site_claims(state: Mapping[str, Any], site: str) -> Claims | None:
    """Return what a site has noted in a cluster, of Services and of labels of nodes; None: its ConfigMap was not read.

    Args:
        state: ``config_map`` of module ``cluster_state_info``, and the ``namespace`` where it stands.
        site: name of the site.

    Raises:
        EdgeError: the ConfigMap holds what no run has written.
    """
    data = state.get("config_map")
    return None if data is None else Claims(SERVICES, site, data, state["namespace"])


def services_after(
    live: Sequence[Object], cluster: PlannedCluster, site: str, state: Mapping[str, Any], claims: Claims | None
) -> ServicesAfter:
    """Return the Services as the plan leaves them.

    One that is not in the inventory stays, unless this site made it. Labels and annotations that earlier runs set on
    it, and that nobody else sets, are given back where the site has noted them.

    Args:
        live: those that take part, each with its namespace.
        cluster: the planned cluster.
        site: name of the site.
        state: as for :func:`site_claims`.
        claims: what that function returns of it.
    """
    found = {service_key(item): item for item in live}
    planned = {(item["namespace"], item["name"]): item for item in cluster["services"]}
    runs = cluster["apply"] != "others"
    unset = [item for key, item in found.items() if _is_left(planned.get(key))]
    left = _given_up(unset, state, claims) if runs and claims is not None else {}
    after: dict[tuple[str, str], Mapping[str, Any]] = {}
    given_back: list[str] = []
    for key, item in found.items():
        wanted = planned.get(key)
        if wanted is not None and wanted["object"] is not None:
            after[key] = _whole(wanted["object"], item)
            given_back += _given_back(item, written(wanted["object"], item), site) if runs else ()
        elif wanted is not None or not is_ours(item["metadata"], site):
            after[key] = _with_keys(item, wanted, left.get(key, item), runs)
            given_back += _given_back(item, after[key], site)
    missing = []
    for key, wanted in planned.items():
        if key not in found and wanted["object"] is not None:
            after[key] = wanted["object"]
        elif key not in found:
            missing.append("/".join(key))
    notes = [*_kept_out(found, planned, cluster["cilium_version"])]
    if runs:
        stay = [item for key, item in found.items() if key in after and key not in left and _is_left(planned.get(key))]
        notes += _not_noted(stay, site, read=claims is not None)
    return ServicesAfter(tuple(after.values()), tuple(missing), tuple(given_back), tuple(notes))


def _is_left(planned: ServiceManifest | None) -> bool:
    """Return whether a run sets no key on a live Service: it is not in the inventory, or its chart sets them."""
    return planned is None or planned["manage"] == "values"


def _given_up(live: Sequence[Object], state: Mapping[str, Any], claims: Claims) -> dict[tuple[str, str], Object]:
    """Return the Services from which a run takes its keys back, without them, by namespace and name.

    The run's own forecast decides it.

    Args:
        live: Services on which the plan sets nothing.
        state: as for :func:`site_claims`.
        claims: what the site has noted.
    """
    after = service_writes([], {"services": live, "config_map": state["config_map"]}, claims).after
    return {service_key(item): after[service_name(item)] for item in live if service_name(item) in after}


def _whole(planned: Mapping[str, Any], live: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a planned Service with the one family that the API server chose where the plan names none."""
    spec, lives = planned["spec"], live.get("spec") or {}
    single = SERVICE_DEFAULTS[_POLICY]
    if "ipFamilies" in spec or {item.get(_POLICY, single) for item in (spec, lives)} != {single}:
        return planned
    chosen = {"ipFamilies": lives["ipFamilies"]} if lives.get("ipFamilies") else {}
    return {**planned, "spec": {**spec, **chosen}}


def _with_keys(live: Object, planned: ServiceManifest | None, left: Object, runs: bool) -> Object:
    """Return a live Service of others with the plan's labels and annotations, and without those that it gives back.

    What a chart's values set arrives with the chart; labels and annotations of both are known. But what a run takes off
    is gone until then. Others take no key off that we hold, and where our field manager holds more than keys the run
    leaves all as it is.

    Args:
        live: the Service.
        planned: what the plan sets on it; None: it is not in the inventory.
        left: the Service as a run leaves it that sets nothing on it.
        runs: whether runs apply, and not others.
    """
    keys = {"labels": planned["labels"], "annotations": planned["annotations"]} if planned else {}
    if runs and planned is not None and planned["manage"] == "metadata" and not fields_in_our_name(live)[1]:
        return written({"metadata": keys}, live)
    merged = {}
    for kind in METADATA:
        had, has = (item["metadata"].get(kind) or {} for item in (live, left))
        gone = set(had) - set(has)
        merged[kind] = {**has, **{key: value for key, value in keys.get(kind, {}).items() if key not in gone}}
    return {**live, "metadata": {**live["metadata"], **merged}}


def _given_back(live: Mapping[str, Any], after: Mapping[str, Any], site: str) -> Iterator[str]:
    """Yield the labels and annotations that a Service loses.

    Left out are the annotations whose meaning is compared, and the labels that say whose the Service is. The value of
    an annotation is not shown: it may be a secret, and of many lines.

    Args:
        live: the Service.
        after: the same as a run leaves it.
        site: name of the site.
    """
    name = "/".join(service_key(live))
    passed_over = COMPARED_ANNOTATIONS.union(ownership_labels(site))
    for kind, key in _lost(live, after):
        if key not in passed_over and kind == "labels":
            yield f"service {name}: label {key}={live['metadata'][kind][key]}"
        elif key not in passed_over:
            yield f"service {name}: annotation {key}"


def _lost(live: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield ``labels`` or ``annotations``, and a key, of those that a Service has and ``after`` has not."""
    for kind in METADATA:
        held, left = (item["metadata"].get(kind) or {} for item in (live, after))
        for key in sorted(set(held) - set(left)):
            yield kind, key


def _not_noted(live: Sequence[Object], site: str, *, read: bool) -> Iterator[str]:
    """Yield what is to be known of Services that hold labels or annotations in the name of our field manager.

    Args:
        live: Services from which a run takes nothing.
        site: name of the site.
        read: whether the site's ConfigMap was read.
    """
    names = [
        "/".join(service_key(item))
        for item in live
        if not fields_in_our_name(item)[1] and any(_lost(item, written({"metadata": {}}, item)))
    ]
    if names:
        why = "which notes none of these: another site may have set them" if read else "which was not read"
        yield (
            f"{count(len(names), 'service')} with labels or annotations that the field manager {FIELD_MANAGER} holds"
            f" and the inventory does not have ({some(sorted(names))}): site.yml gives back what the ConfigMap"
            f" {note_name(site)} notes, {why}"
        )


def without_policy_of_ranges(service: Mapping[str, Any]) -> Object:
    """Return a Service without the annotation that turns its source ranges round: no key of the inventory sets it."""
    metadata = service["metadata"]
    kept = {key: value for key, value in (metadata.get("annotations") or {}).items() if key != RANGES_POLICY}
    return {**service, "metadata": {**metadata, "annotations": kept}}


def _kept_out(
    live: Mapping[tuple[str, str], Object], planned: Mapping[tuple[str, str], ServiceManifest], version: str
) -> Iterator[str]:
    """Yield the whole Services of the plan whose source ranges are kept out, by an annotation that no run takes off.

    Args:
        live: the Services that are there.
        planned: those of the inventory.
        version: of the planned Cilium.
    """
    for key, item in sorted(live.items()):
        if key in planned and planned[key]["object"] and ranges_are_kept_out(item, parse_version(version)):
            yield (
                f"service {'/'.join(key)}: its source ranges are kept out and not let in, by the annotation"
                f" {RANGES_POLICY}, which the inventory does not set and no run takes off"
            )

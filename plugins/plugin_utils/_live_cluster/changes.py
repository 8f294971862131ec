# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role does to a live cluster: planned objects against what module ``cluster_state_info`` has read.

Three rules: ours is what this site has made, as it noted (``note``), whatever labels say; only the role's own kinds are
removed; nothing is applied when any of it would take over a foreign object, lose a field, or move a service's address.
Services are the exception to the last one: tenants write them, so a Service that is in the way stays as it is and is
reported, and all else goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from ...module_utils._errors import EdgeError
from ...module_utils._kubernetes.cilium_kinds import OTHERS_PLURALS, PLURALS
from ...module_utils._kubernetes.note import NOTED
from ...module_utils._kubernetes.removal import ending
from ...module_utils._kubernetes.service_ports import going_ports
from .._cilium.bgp import password_secret_name
from .._cilium.common import BGP_KINDS, LB_KINDS, Object
from .._cilium.lb_ipam import LbIpam
from .._findings.wording import MOST_NAMES, some
from .._kubernetes.labels import FIELD_MANAGER, LABEL_SITE, UNNAMED_MANAGER
from .as_it_lives import other_fields, with_defaults
from .field_owners import fields_of_others, is_applied
from .held_addresses import MayMove, ServiceWrites, moved_addresses
from .live_objects import is_of_a_site, object_key, place, reference
from .note import Claims, fields_in_our_name

NOT_SERVED = "the cluster does not serve this kind"


@dataclass(slots=True)
class Changes:
    """What to do to a cluster, or why not."""

    apply: list[Object] = field(default_factory=list)
    """What an apply would change, in the order of applying, in the apiVersion that the cluster serves."""
    relabel: list[Object] = field(default_factory=list)
    """Nodes that get another value of a label, once what selects them by it is applied."""
    remove: list[Object] = field(default_factory=list)
    """apiVersion, kind, name and namespace of what left the inventory, in the order of removing."""
    unlabel: list[Object] = field(default_factory=list)
    """Nodes that lose a label, once no object selects by it or by its absence: after the removals."""
    store: list[str] = field(default_factory=list)
    """Kinds whose objects are to be stored anew, whoever made them (:mod:`.stored`)."""
    later: list[str] = field(default_factory=list)
    """What cannot be compared yet, because the cluster lacks its kind, its namespace or its node."""
    errors: list[EdgeError] = field(default_factory=list)
    """Why nothing may be applied."""
    pruned: list[EdgeError] = field(default_factory=list)
    """Errors too: fields that the API server would drop. An upgrade of Cilium may bring them."""
    absent: list[EdgeError] = field(default_factory=list)
    """Why ``later`` is not empty: errors too, except in check mode."""
    faults: list[EdgeError] = field(default_factory=list)
    """Services that are not as planned and that the run leaves as they are: reported, and no reason to stop."""
    warnings: list[str] = field(default_factory=list)

    @property
    def writes(self) -> bool:
        """Whether anything is to be written or removed, now or once the cluster has its place."""
        return bool(self.applied or self.remove or self.later)

    @property
    def applied(self) -> list[Object]:
        """All that is applied, in the order of applying. A node may be there up to three times, as it is then."""
        return [*self.apply, *self.relabel, *self.unlabel]

    @property
    def nodes_to_come(self) -> list[EdgeError]:
        """Of :attr:`absent`, the nodes that shall have labels and are not in the cluster."""
        return [error for error in self.absent if error.path.startswith("Node ")]

    @property
    def kinds_to_come(self) -> list[EdgeError]:
        """Of :attr:`absent`, the kinds that the cluster does not serve."""
        return [error for error in self.absent if error.problem == NOT_SERVED]

    @property
    def are_none(self) -> bool:
        """Whether there is nothing to do, and nothing to say."""
        return not any(getattr(self, item.name) for item in fields(self))


def bgp_changes(
    planned: Sequence[Object],
    passwords: Iterable[str],
    secrets_namespace: str,
    state: Mapping[str, Any],
    claims: Claims,
) -> Changes:
    """Return what to do for BGP. Secrets are applied by the caller.

    Args:
        planned: the objects of :func:`.bgp.bgp_objects`.
        passwords: the names under which secrets were given.
        secrets_namespace: where Cilium reads BGP passwords.
        state: the result of module ``cluster_state_info``. ``found``, where it is there, is the metadata of live
            Secrets that carry no labels of ours and have the name of a planned one.
        claims: what this site made.
    """
    changes = Changes()
    _apply_and_remove(changes, planned, BGP_KINDS, state, claims)
    given = {password_secret_name(name): name for name in passwords}
    wanted = {item["spec"]["authSecretRef"]: item for item in planned if "authSecretRef" in item["spec"]}
    for name, item in sorted(wanted.items()):
        if name not in given:
            changes.errors.append(
                EdgeError(
                    place(item),
                    f"it refers to the Secret {name}, but no password was given for it",
                    f"add {name.removeprefix(password_secret_name(''))} to edge_bgp_passwords",
                )
            )
    if wanted and secrets_namespace not in state["namespaces"]:
        changes.later += [f"Secret {secrets_namespace}/{name}" for name in sorted(wanted)]
        changes.absent.append(
            EdgeError(
                "bgpControlPlane.secretsNamespace.name",
                f"the namespace {secrets_namespace} does not exist",
                "create it, or let the chart do it: bgpControlPlane.secretsNamespace.create",
            )
        )
    live = [{"apiVersion": "v1", "kind": "Secret", "metadata": metadata} for metadata in state["secrets"]]
    changes.warnings += [_secret_elsewhere(name, claims) for name in state["secrets_elsewhere"]]
    claims.forget_gone([f"Secret {secrets_namespace}/"], live)
    claims.forget_places(state["secrets_gone"])
    for item in live:
        ours = claims.made(item)
        if item["metadata"]["name"] in wanted:
            if not ours:
                changes.errors.append(_foreign_object(item, item, claims))
            elif ending(item["metadata"]):
                changes.errors.append(_ending(item))
        else:
            _remove(changes, item, claims)
    return changes


def _secret_elsewhere(name: str, claims: Claims) -> str:
    """Return what is said of a noted Secret of another namespace, where Cilium read passwords before its value changed.

    It is left there: agents read it until the new value is rolled out, which nobody sees here.
    """
    namespace, _slash, own = name.partition(" ")[2].partition("/")
    problem = "this site made it, and Cilium is to read passwords in another namespace now; it was left"
    return str(EdgeError(name, problem, f"once no agent reads it: {claims.kubectl} -n {namespace} delete secret {own}"))


def another_inventory(nodes: Sequence[str], live: Iterable[str], claims: Claims) -> Iterator[EdgeError]:
    """Yield an error where an inventory with other nodes, which live, has provisioned the site in the cluster.

    Args:
        nodes: the planned ones; none: not told.
        live: those of the cluster.
        claims: what was noted.
    """
    others = sorted(claims.note.nodes.intersection(live))
    if nodes and others and not claims.note.nodes.intersection(nodes):
        yield EdgeError(
            f"site {claims.site}",
            f"an inventory with other nodes ({some(others, MOST_NAMES)}), which live, has provisioned the site in this"
            " cluster: this run would remove what that one made",
            "give one of the two inventories another edge_site_name; where these nodes were replaced, keep one in"
            " edge_nodes for this run, or let them leave the cluster first",
        )


def lb_changes(
    planned: Sequence[Object],
    may_move: MayMove,
    state: Mapping[str, Any],
    claims: Claims,
    lb_ipam: LbIpam = LbIpam(),  # noqa: B008 - it is immutable
    writes: ServiceWrites = ServiceWrites(),  # noqa: B008 - it is immutable
) -> Changes:
    """Return what to do for pools and L2 policies.

    Args:
        planned: the objects of :func:`.lb.lb_objects`.
        may_move: services that may get another address by the run.
        state: the result of module ``cluster_state_info``, with services.
        claims: what this site made.
        lb_ipam: the LB-IPAM that serves the pools.
        writes: what the same run does to services. One that leaves keeps no pool.
    """
    changes = Changes()
    _apply_and_remove(changes, planned, LB_KINDS, state, claims)
    changes.errors += moved_addresses(planned, may_move, state, claims.made, lb_ipam, writes)
    return changes


def service_changes(items: Sequence[Mapping[str, Any]], state: Mapping[str, Any], claims: Claims) -> Changes:
    """Return what to do for services: whole objects, single labels and annotations, and what to give back.

    Args:
        items: the result of :func:`.services.services`.
        state: the result of module ``cluster_state_info``, with services and namespaces.
        claims: what this site made.
    """
    changes = Changes()
    live = {(item["metadata"]["namespace"], item["metadata"]["name"]): item for item in state["services"]}
    claims.forget_gone(["Service"], state["services"])
    handled: set[tuple[str, str]] = set()
    for item in items:
        key = item["namespace"], item["name"]
        found = live.get(key)
        if item["manage"] == "service":
            handled.add(key)
            _whole_service(changes, item, found, state["namespaces"], claims)
        elif found is None:
            changes.warnings.append(f"{_service_place(item)}: the Service is not there yet")
        elif found["metadata"].get("uid") in claims.note.made:
            handled.add(key)
            changes.errors.append(
                EdgeError(
                    _service_place(item),
                    f"this collection made the Service, so manage: {item['manage']} would take its ports away",
                    "keep manage: service, or delete the Service once",
                )
            )
        elif item["manage"] == "metadata":
            handled.add(key)
            _set_keys(changes, item, found, claims)
    for key, found in sorted(live.items()):
        if key not in handled:
            _left_service(changes, found, claims)
    return changes


def _set_keys(changes: Changes, item: Mapping[str, Any], found: Object, claims: Claims) -> None:
    """Set our labels and annotations on a Service of others, unless that would take away what it has in our name."""
    if fields_in_our_name(found)[1]:
        changes.faults.append(_written_in_our_name(found))
        return
    claims.note_keys(found)
    _apply(changes, _metadata_patch(item), found)


def _left_service(changes: Changes, found: Object, claims: Claims) -> None:
    """Take back what is ours of a live Service that the plan does not have, and report what only looks like ours."""
    before = claims.first
    metadata = found["metadata"]
    keys, more = fields_in_our_name(found)
    if claims.made(found):
        if before and metadata.get("uid") not in claims.note.made:
            problem = "it carries this site's labels and its field manager, and the plan does not have it"
            hint = f"the next run removes it; to keep it, take its UID out of the ConfigMap {claims.where}"
            changes.faults.append(EdgeError(place(found), problem, hint))
        else:
            _remove(changes, found, claims)
    elif claims.carries_labels(found):
        changes.faults.append(_copied_labels(found))
    elif claims.set_keys(found) and keys and not more:
        # Applying nothing gives back the keys that only we own, and no other.
        names = {"namespace": metadata["namespace"], "name": metadata["name"]}
        changes.apply.append(_metadata_patch({**names, "labels": {}, "annotations": {}}))
        claims.forget(found)
    elif claims.set_keys(found) and not (keys or more):
        claims.forget(found)  # somebody took our keys off it
    elif (keys or more) and (claims.set_keys(found) or not is_of_a_site(metadata)):
        changes.faults.append(_written_in_our_name(found))


def _written_in_our_name(found: Object) -> EdgeError:
    return EdgeError(
        place(found),
        f"the field manager {FIELD_MANAGER} holds fields of it that this site has not set; it was left as it is",
        "that name is this collection's: apply it with another one (kubectl apply --server-side --field-manager)",
    )


def _copied_labels(found: Object) -> EdgeError:
    return EdgeError(
        place(found),
        "it carries this site's labels, and this site did not make it; it was left as it is",
        f"take the label {LABEL_SITE} off it",
    )


def _remove(changes: Changes, found: Object, claims: Claims) -> None:
    """Remove an object that the plan does not have and that this site made; report what only looks like ours.

    One whose labels somebody took off is left to whoever did that.
    """
    if not claims.made(found):
        if claims.carries_labels(found):
            changes.warnings.append(str(_copied_labels(found)))
    elif ending(found["metadata"]):
        changes.warnings.append(str(_ending(found)))
    elif claims.carries_labels(found):
        changes.remove.append(reference(found))
        claims.forget(found)
    else:
        error = EdgeError(
            place(found),
            "this site made it, the plan lacks it, and somebody took the site's labels off; it was left as it is",
            "delete it, if nobody wants it",
        )
        changes.warnings.append(str(error))


def _ending(found: Object) -> EdgeError:
    """Return the error of an object that was deleted and whose finalizers are not done."""
    return EdgeError(
        place(found),
        f"it was {ending(found['metadata'])}",
        "let whoever has set them end, or take them off; then run again",
    )


def _apply(changes: Changes, planned: Object, found: Object | None) -> None:
    """Add an object to what is applied, unless that would change nothing."""
    if found is None or not is_applied(planned, found):
        changes.apply.append(planned)


def _apply_and_remove(
    changes: Changes, planned: Sequence[Object], kinds: Sequence[str], state: Mapping[str, Any], claims: Claims
) -> None:
    """Add to ``changes`` what to apply, and what to remove from the cluster.

    Removed is every live object that this site made and that is not planned.

    Args:
        changes: takes the result, and the errors.
        planned: whole objects.
        kinds: those that the caller owns; they are removed in the reverse of this order.
        state: what module ``cluster_state_info`` has read of these kinds.
        claims: what this site made.
    """
    # Of a kind without a definition nothing is left: the API server removes the objects with it.
    claims.forget_gone([*state["kinds"], *map(_kind_of_plural, state.get("unknown", ()))], state["objects"])
    live = {object_key(item): item for item in state["objects"]}
    for item in planned:
        served = state["kinds"].get(item["kind"])
        if served is None:
            changes.later.append(place(item))
            continue
        found = live.get(object_key(item))
        if found is not None:
            changes.errors += _takeover_errors(item, found, claims)
        _apply(changes, _in_served_version(item, served, changes), found)
    for kind in sorted({item["kind"] for item in planned if item["kind"] not in state["kinds"]}):
        changes.absent.append(
            EdgeError(
                kind,
                NOT_SERVED,
                f"Cilium's operator registers it: kubectl -n {claims.namespace} logs deployment/cilium-operator. It"
                " does so when it starts; where somebody deleted the definition since, start it anew: kubectl -n"
                f" {claims.namespace} rollout restart deployment/cilium-operator",
            )
        )
    names = {object_key(item) for item in planned}
    unplanned = [item for key, item in live.items() if key not in names and item["kind"] in kinds]
    for item in sorted(unplanned, key=lambda item: (-kinds.index(item["kind"]), item["metadata"]["name"])):
        _remove(changes, item, claims)


def _kind_of_plural(plural: str) -> str:
    """Return the kind of Cilium's that the API's paths spell so."""
    return next(kind for kind, name in {**PLURALS, **OTHERS_PLURALS}.items() if name == plural)


def _in_served_version(item: Object, served: Mapping[str, Any], changes: Changes) -> Object:
    """Return the object in its planned apiVersion where that is served, else in the stored one; report lost fields."""
    group, _slash, version = item["apiVersion"].partition("/")
    if version not in served["versions"]:
        warning = (
            f"{item['kind']}: the cluster serves {', '.join(served['versions'])}, not the planned {version} "
            "(compare edge_cilium_version with the Cilium that runs there)"
        )
        changes.warnings += [warning] if warning not in changes.warnings else []
        version = served["versions"][0]
    lost = sorted(set(_lost_fields({"spec": item["spec"]}, served["fields"][version])))
    if lost:
        changes.pruned.append(
            EdgeError(
                place(item),
                f"the cluster's {group}/{version} does not know {', '.join(lost)}",
                "compare edge_cilium_version with the Cilium that runs there",
            )
        )
    return {**item, "apiVersion": f"{group}/{version}"}


def _lost_fields(value: Any, fields: Mapping[str, Any] | None, path: str = "") -> Iterator[str]:
    """Yield the paths that the API server would prune: those that its schema does not have."""
    if isinstance(value, list):
        for item in value:
            yield from _lost_fields(item, fields, f"{path}[]")
    elif isinstance(value, Mapping) and fields is not None:
        for name, item in value.items():
            below = f"{path}.{name}" if path else name
            if name not in fields:
                yield below
            else:
                yield from _lost_fields(item, fields[name], below)


def _whole_service(
    changes: Changes, item: Mapping[str, Any], live: Object | None, namespaces: Iterable[str], claims: Claims
) -> None:
    if item["namespace"] not in namespaces:
        changes.later.append(f"Service {item['namespace']}/{item['name']}")
        changes.absent.append(
            EdgeError(
                _service_place(item),
                f"the namespace {item['namespace']} does not exist",
                "create it first; this collection never makes namespaces",
            )
        )
        return
    if live is not None and not claims.made(live):
        error = _foreign_object(item["object"], live, claims)
        problem = f"{error.problem}; it was left as it is"
        changes.faults.append(EdgeError(_service_place(item), problem, f"{error.hint}, or use manage: metadata"))
        return
    if live is not None and ending(live["metadata"]):
        changes.faults.append(_ending(live))
        return
    if live is not None:
        for error in _fields_beside_the_plan(_with_going_ports(item["object"], live), live):
            changes.faults.append(EdgeError(_service_place(item), error.problem, error.hint))
    _apply(changes, item["object"], live)


def _with_going_ports(planned: Object, live: Object) -> Object:
    """Return a planned Service with the ports that its apply takes away: they stay beside nothing."""
    going = going_ports(planned, live, FIELD_MANAGER)
    ports = [*(planned["spec"].get("ports") or []), *going]
    return {**planned, "spec": {**planned["spec"], "ports": ports}} if going else planned


def _metadata_patch(item: Mapping[str, Any]) -> Object:
    """Return the Service with our keys alone; applied by our field manager, it changes no other key."""
    metadata = {"name": item["name"], "namespace": item["namespace"]}
    keys = {name: dict(item[name]) for name in ("annotations", "labels") if item[name]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {**metadata, **keys}}


def _takeover_errors(planned: Object, found: Object, claims: Claims) -> list[EdgeError]:
    """Return why ``planned`` must not be applied over ``found``."""
    if not claims.made(found):
        return [_foreign_object(planned, found, claims)]
    if ending(found["metadata"]):
        return [_ending(found)]
    return _fields_beside_the_plan(planned, found)


def _fields_beside_the_plan(planned: Object, found: Object) -> list[EdgeError]:
    """Return an error for each field manager that owns fields which the plan does not have.

    Server-side apply does not remove what another field manager owns too, so an entry of its own would stay. Defaults
    are no such fields, nor is anything of an object that already is as planned.
    """
    beside = fields_of_others(with_defaults(planned, found), found)
    if not beside or not other_fields(planned, found):
        return []
    return [
        EdgeError(
            place(planned),
            f"the field manager {manager} holds {some(fields, MOST_NAMES)}, which would stay beside the plan",
            "remove them there, or delete the object once so that it is made anew",
        )
        for manager, fields in sorted(beside.items())
    ]


def _foreign_object(planned: Object, found: Object, claims: Claims) -> EdgeError:
    labels = found["metadata"].get("labels") or {}
    site = labels.get(LABEL_SITE)
    managers = sorted({item.get("manager") or UNNAMED_MANAGER for item in found["metadata"].get("managedFields") or []})
    made_by = f"; its field managers: {', '.join(managers)}" if managers else ""
    if claims.carries_labels(found):
        return EdgeError(
            place(planned),
            "it carries this site's labels, and the site did not make it: its UID is not in the ConfigMap"
            f" {claims.where}{made_by}",
            f"{_take_it(planned, found, claims)}; after a restore from a backup, which gives new UIDs, delete that"
            " ConfigMap",
        )
    if is_of_a_site(found["metadata"]):
        return EdgeError(place(planned), f"it belongs to the site {site}", "give one of the two another name")
    problem = f"it exists already and this collection did not make it{made_by}"
    return EdgeError(place(planned), problem, _take_it(planned, found, claims))


def _take_it(planned: Object, found: Object, claims: Claims) -> str:
    """Return how an object that others made becomes this site's: nothing that lives is interrupted, or it is deleted.

    While nothing of the part is noted, a run takes what carries the labels and was applied by the field manager. The
    command writes the plan, past consent and before the routers take it: it is told only where the plan is what lives.
    """
    other = other_fields(planned, found)
    if other:
        return (
            f"it is not as planned ({some(other, MOST_NAMES)}): to take it over as it lives, let the inventory say what"
            " lives there first; or delete it once"
        )
    namespace, _slash, name = claims.where.partition("/")
    forget = json.dumps({"data": {f"{NOTED}{claims.part}": None}}, separators=(",", ":"))
    unnote = f" and then {claims.kubectl} -n {namespace} patch configmap {name} --type=merge -p '{forget}'"
    command = (
        f"{claims.kubectl} apply --server-side --force-conflicts --field-manager={FIELD_MANAGER} -f FILE"
        f"{'' if claims.first else unnote}; or delete it once"
    )
    if planned["kind"] == "Secret":  # in no file that is rendered for Git
        return (
            "to take it over, render with edge_render_secrets into a folder outside of Git, and apply its"
            f" manifests/secrets.yaml in this site's name: {command}: the run makes it anew"
        )
    return (
        "to take it over as it lives, once compare.yml has no difference in the cluster: render, and apply the rendered"
        f" file in this site's name: {command}"
    )


def _service_place(item: Mapping[str, Any]) -> str:
    return f"edge_services.{item['namespace']}/{item['name']}"

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first look at a cluster: all reasons why a run must not change it, before a router or the cluster is changed.

The roles judge by the same functions, each for its own part, when their turn comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...module_utils._errors import EdgeError
from ...module_utils._kubernetes.cilium_kinds import NODE, PEERING_POLICY, READ_ONLY_PLURALS
from ...module_utils._kubernetes.state import HELM_KEYS, MISSING, NOT_SEEN
from .._cilium.common import GROUP, Object
from .._cilium.helm_values import REPLICAS
from .._cilium.ipam import CLUSTER_POOL, ipam_mode
from .._cilium.lb_ipam import ALL, CLASSED, NONE, LbIpam, read_service, served_by, service_name
from .._document.plan import PlanDocument, PlannedCluster, PlannedRoutes
from .._findings.wording import MOST_NAMES, some
from .._kubernetes.labels import FIELD_MANAGER
from .._kubernetes.values import is_true, value_at
from .._model.site import TakeOver
from .._versions.cilium import OLDEST, PEERING_POLICY_UNTIL, parse_version, text_of
from .announced_pods import OF_NODES, OF_POOLS, not_accepted
from .changes import Changes
from .consent import ConsentError, told_refusals
from .distribution_look import distribution_lacks
from .field_owners import is_applied
from .held_addresses import EVERY_SERVICE, ServiceWrites, lost_at_a_start, lost_by_a_release, no_longer_served
from .kubectl import kubectl
from .live_objects import live_uids, place
from .node_labels import selects
from .note import RELEASE, Claims, note_name
from .others_objects import ended_policies
from .parts import (
    PART_KINDS,
    labels_of_nodes,
    may_move_of,
    part_changes,
    state_request,
    usage_plurals,
)
from .preflight import (
    EVERYWHERE,
    Right,
    helm_rights,
    kind_rights,
    lacking_rights,
    load_balancers,
    reading_rights,
    rights,
    verifying_rights,
    writing_rights,
)
from .range_changes import usage
from .service_writes import SERVICES, release_writes, service_writes
from .stored import left_as_stored, still_stored, storing_rights
from .takeover import (
    CHANGE,
    Release,
    cluster_refusals,
    is_as_planned,
    range_notes,
    range_refusals,
    release_note,
    release_refusals,
    release_word,
)
from .workloads import AGENTS, lacks, operator_version, rollouts

NO_EFFECT = (
    "Nobody waits for Cilium here (edge_cilium_managed: false), so the routers would let go of the old routes before"
    " the cluster has the new ones. Mend it and run again."
)
WAITS = "This run waits for it, for cilium_net_release_timeout seconds, before anything is written to the cluster."
AWAITED = "This run waits for it, for cilium_net_{0}_wait seconds, after the routers have let in what is new."
PARTS = ("bgp", "lb")
"""The parts that are judged as a whole. Services are written one by one, and each is judged when its turn comes."""


UNREAD_OF_OTHERS = "other load balancers, whether Cilium runs, and in which version"
"""What is not judged without DaemonSets and Deployments, where others install Cilium."""
UNREAD_OURS = "other load balancers and CNIs, kube-proxy, agents that Helm has no release of, and whether Cilium runs"
"""The same where this site installs it."""
TOO_OLD = (
    "{0}: its image {1} is Cilium {2}, and {3} is the oldest version that is supported (let whoever installs Cilium"
    " bring it to edge_cilium_version first)"
)
ONE_OPERATOR = (
    "operator.replicas is 1, so no operator stands by (add the nodes to edge_nodes, or write operator: {replicas: 2}"
    " in edge_cilium_values)"
)
WITHOUT_RELEASE = (
    "Cilium runs ({0}), and Helm knows no release {1} in the namespace {2}: {3}, or leave Cilium to whoever installs"
    " it: edge_cilium_managed: false)"
)
_REFUSED = 'Helm would refuse its objects ("invalid ownership metadata"), after routers were changed'
OTHER_RELEASE = (
    f"{_REFUSED} (name the release that it belongs to: cilium_net_release_name: {{0}},"
    " cilium_net_release_namespace: {1}"
)
LOST_RELEASE = (
    "its objects say that this release made them, so the record of it is gone, and with it the values that Helm would"
    " unset (bring the record back, or make a new one with the values that run: helm upgrade --install"
)
NO_RELEASE = (
    f"{_REFUSED} (make a release of it with the values that run: helm upgrade --install --take-ownership, from Helm"
    " 3.17 on"
)
NO_NAMESPACE = (
    "cilium_net_release_namespace: the cluster has no namespace {0}, in which Cilium's release and the note of what"
    " this site made are kept ({1} create namespace {0}, closed to tenants; or leave the variable out)"
)


@dataclass(frozen=True, slots=True)
class Target:
    """The cluster as the plan has it, and where its Helm release stands."""

    site: str
    cluster: PlannedCluster
    release: str
    """Name of the release."""
    namespace: str
    """Its namespace."""
    leaving_routers: tuple[str, ...] = ()
    """Addresses of routers that are ``edge_state: absent``: sessions with them end by that word."""
    verifies: bool = False
    """Whether the run verifies the cluster at its end."""
    agents_witness: bool = False
    """Whether the router of a session is not ours to read: what a node says counts while its agent is ready."""
    previews: bool = False
    """Whether the run changes nothing (check mode): what is made until then by hand may lack."""
    now: float | None = None
    """Seconds of Unix time at the look; None: not told."""
    routes: tuple[PlannedRoutes, ...] = ()
    """What nodes announce to routers beside pools, as the plan has it."""

    @property
    def kubectl(self) -> str:
        """How a printed command begins that writes to it."""
        return kubectl(self.cluster["kubeconfig"], self.cluster["context"])

    @property
    def planned_nodes(self) -> list[str]:
        """The names of its nodes in the inventory, with those that leave it."""
        return [*self.cluster["nodes"], *self.cluster["absent_nodes"]]

    @property
    def is_written(self) -> bool:
        """Whether the run writes to it at all; else others do, and nothing counts but that it is the right one."""
        return self.cluster["apply"] == "ours"

    @property
    def looks_at_release(self) -> bool:
        """Whether the run would install or upgrade Cilium."""
        return self.is_written and self.cluster["cilium_managed"] and not self.cluster["absent"]

    @property
    def namespaces(self) -> list[str]:
        """The namespaces in which rights are of interest."""
        found = {item["namespace"] for item in self.cluster["services"]}
        if self.looks_at_release:
            release = self.namespace, self.cluster["helm_values"], self.cluster["cilium_version"]
            found |= {right.namespace for right in helm_rights(*release)} - {EVERYWHERE}
        return sorted({self.namespace, self.cluster["secrets_namespace"], *found})

    @property
    def rights_to_look(self) -> set[Right]:
        """The rights without which there is no look."""
        if not self.is_written:
            return rights("", "nodes", ["list"]).union(*map(kind_rights, self.pod_usage))
        secrets = {item["spec"]["authSecretRef"] for item in self.cluster["bgp"] if "authSecretRef" in item["spec"]}
        where = self.namespace, self.cluster["secrets_namespace"]
        wanted = reading_rights(*where, self.looks_at_release, note_name(self.site), secrets)
        return wanted.union(*map(kind_rights, {*self.release_usage, *self.pod_usage}))

    @property
    def release_usage(self) -> list[str]:
        """The kinds of which the look at the release wants the live objects (:func:`.range_changes.usage`)."""
        return usage(self.cluster["helm_values"]) if self.looks_at_release else []

    @property
    def pod_routes(self) -> list[PlannedRoutes]:
        """The planned routes to pods by which live pod CIDRs are judged, as nothing else judges them.

        Those that a release of ours cuts are judged with it, and pods' pools that the run writes with these.
        """
        cut = self.looks_at_release and ipam_mode(self.cluster["helm_values"]) == CLUSTER_POOL
        kinds = {*(() if cut else (OF_NODES,)), *(() if self.is_written else (OF_POOLS,))}
        return [] if self.cluster["absent"] else [route for route in self.routes if route["kind"] in kinds]

    @property
    def pod_usage(self) -> list[str]:
        """The kinds of which these routes want the live objects."""
        return [READ_ONLY_PLURALS[NODE]] if self.pod_routes else []

    @property
    def serves(self) -> str:
        """Which services LB-IPAM serves (:func:`.lb_ipam.served_by`)."""
        return served_by(self.cluster["cilium_version"], self.cluster["helm_values"])

    @property
    def serves_classless(self) -> bool:
        """Whether LB-IPAM serves services without a class."""
        return self.serves == ALL

    @property
    def serves_by_nodes(self) -> bool:
        """Whether Cilium's node IPAM serves services without a class (``operator/pkg/nodeipam``)."""
        values = self.cluster["helm_values"]
        by_default = value_at(values, "defaultLBServiceIPAM") == "nodeipam"
        return by_default and is_true(values, "nodeIPAM.enabled")

    @property
    def lb_ipam(self) -> LbIpam:
        """The LB-IPAM that the plan assumes."""
        return LbIpam(self.cluster["cilium_version"], self.serves_classless)

    def options(self, part: str, live: LbIpam | None = None) -> dict[str, Any]:
        """Return the options of module ``cluster_objects`` for a part.

        Args:
            part: its name.
            live: the result of :func:`live_lb_ipam`; None: the plan's word counts.
        """
        cluster = self.cluster
        lb_ipam = live or self.lb_ipam
        return {
            "site": self.site,
            "kubeconfig": cluster["kubeconfig"],
            "context": cluster["context"],
            "namespace": self.namespace,
            "objects": {"bgp": cluster["bgp"], "lb": cluster["lb"]}.get(part, []),
            "nodes": self.planned_nodes,
            "node_labels": cluster["node_labels"],
            "labels_go": False,
            "forget": cluster["absent"],
            "secrets_namespace": cluster["secrets_namespace"],
            "may_move": [EVERY_SERVICE] if cluster["absent"] else cluster["may_move"],
            "take_over": cluster["take_over"],
            "cilium_version": lb_ipam.version if part == "lb" else cluster["cilium_version"],
            "serves_classless": lb_ipam.serves_classless,
            "served_before": lb_ipam.served_before,
            "services": cluster["services"],
            "leaving_routers": list(self.leaving_routers),
        }


def identity_of(state: Mapping[str, Any]) -> str | None:
    """Return what tells a cluster from another one; None where nobody asked for it.

    Args:
        state: what :func:`look_request` asked for.
    """
    uid = state.get("cluster_uid")
    return " ".join([uid, *sorted(state["nodes"])]) if uid else None


def target_of(
    plan: PlanDocument, cluster: str, release: str, namespace: str, verifies: bool, previews: bool = False
) -> Target:
    """Return a cluster of a plan as a look takes it; the last four are fields of :class:`Target`."""
    routers = plan["routers"]
    read = {name for name, router in routers.items() if router["managed"]}
    return Target(
        plan["site"],
        plan["clusters"][cluster],
        release,
        namespace,
        leaving_routers=tuple(
            address
            for _name, router in sorted(routers.items())
            if router["absent"]
            for addresses in router["addresses"].values()
            for address in addresses
        ),
        verifies=verifies,
        previews=previews,
        routes=tuple(route for route in plan["expect"]["routes"] if route["cluster"] == cluster),
        agents_witness=any(
            session["cluster"] == cluster and session["router"] not in read for session in plan["sessions"]
        ),
    )


@dataclass(slots=True)
class Look:
    """What a look at a cluster has found."""

    refusals: list[str] = field(default_factory=list)
    """Why nothing may be changed."""
    notes: list[str] = field(default_factory=list)
    """What else is worth a line."""
    pending: list[str] = field(default_factory=lambda: [RELEASE, *PART_KINDS])
    """Parts of which a role has something to do or to tell: all, where that was not looked at."""
    first_install: bool = False
    """Whether nothing of any Cilium is there, nor another load balancer: there is nothing to disturb."""
    lb_ipam: LbIpam = field(default_factory=LbIpam)
    """By whose rules services keep their addresses."""


def look_request(target: Target, workloads: bool) -> dict[str, Any]:
    """Return the options of module ``cluster_state_info`` that read all that :func:`look` needs.

    Args:
        target: the cluster.
        workloads: whether the account may read DaemonSets and Deployments everywhere.
    """
    if not target.is_written:
        return {"nodes": True}
    requests = [state_request(part, target.options(part), 0) for part in PARTS]
    wanted = {**requests[0], "plurals": sorted({plural for item in requests for plural in item["plurals"]})}
    wanted.update(services=True, namespaces=True, manager=FIELD_MANAGER, workloads=workloads)
    if target.looks_at_release:
        wanted.update(release=f"{target.namespace}/{target.release}", node_info=True)
    if workloads and not target.cluster["absent"]:
        wanted["rollouts"] = rollouts(target.namespace)
    return wanted


def usage_request(target: Target, state: Mapping[str, Any]) -> list[str]:
    """Return the kinds to be read beside the state: what nodes use of an object that leaves the plan, or of ranges."""
    if not target.is_written:
        return target.pod_usage
    found = [plural for part in PARTS for plural in usage_plurals(part, target.options(part), state["objects"])]
    return list(dict.fromkeys([*found, *target.release_usage, *target.pod_usage]))


def look(target: Target, state: Mapping[str, Any], rules: Mapping[str, Mapping[str, Any]]) -> Look:
    """Return why a cluster must not be changed, and what else is worth a line.

    Args:
        target: the cluster.
        state: what :func:`look_request` asked for.
        rules: what the account may do, by namespace.
    """
    found = Look()
    cluster = target.cluster
    other = cluster_refusals(target.planned_nodes, state["nodes"])
    if other:  # what it has is then of no interest
        found.refusals = other
        return found
    _look_at_pods(target, state, found)
    if not target.is_written:
        found.refusals += lacking_rights(rights_to_verify(target), rules)
        return found
    if target.namespace not in state["namespaces"]:
        found.refusals.append(NO_NAMESPACE.format(target.namespace, target.kubectl))
    if not target.looks_at_release and not cluster["absent"] and _too_old(state):
        found.refusals.append(_too_old(state))
    found.lb_ipam = live_lb_ipam(target, state)
    live, planned = releases(target, state)
    revisions = live.revisions if live is not None else ()
    others = any(revision.version != planned.version for revision in revisions)
    upgrades = target.looks_at_release and (live is None or others)
    waiting: list[EdgeError] = []
    word: dict[str, Any] = {}
    if target.looks_at_release:
        word = _look_at_release(target, state, found)
        ending = (_policies_that_end(target, state, revision.version) for revision in revisions)
        waiting += next(filter(None, ending), [])
    helm = _helm_writes(target, state)
    after_helm = _after_helm(state, helm)
    waiting += _lost_by_helm(target, state, found.lb_ipam, helm)
    changes, claims = {}, {}
    for part in PARTS:
        claims[part] = Claims(part, target.site, state["config_map"], target.namespace, target.now, target.kubectl)
        options = target.options(part, found.lb_ipam)
        changes[part] = part_changes(part, options, cluster["passwords"], after_helm, claims[part])
        # A field that the API lacks today may come with the upgrade.
        waiting += [*changes[part].errors, *(() if upgrades else changes[part].pruned)]
        found.notes += [] if upgrades else _awaited(part, changes[part])
    waiting += _lost_at_the_start(target, after_helm, found.lb_ipam, claims["lb"], helm)
    claims[SERVICES] = Claims(SERVICES, target.site, state["config_map"], target.namespace, target.now, target.kubectl)
    changes[SERVICES] = _look_at_services(target, after_helm, claims[SERVICES])
    absent = _absent(changes)
    found.notes += map(str, absent if target.previews else ())
    waiting += [*changes[SERVICES].errors, *(() if target.previews else absent)]
    found.refusals += told_refusals(_each_address_once(waiting), cluster["take_over"], word)
    wanted = rights_to_verify(target) | _needed(target, state, changes, helm=calls_helm(target, state))
    found.refusals += lacking_rights(wanted, rules)
    _look_at_storage(changes["lb"], rules, found)
    if not target.cluster["cilium_managed"] and any(item.writes for item in changes.values()):
        found.refusals += _without_effect(target, state)
    found.notes += [*_left_out(changes, state["services"], helm), *_no_load_balancers(state["services"], helm)]
    found.notes += [*_notes(target, state), *_not_looked_at(target, rules)]
    found.pending = list(_pending(target, state, changes, claims))
    return found


def _look_at_pods(target: Target, state: Mapping[str, Any], found: Look) -> None:
    """Add which pod CIDRs routers with the plan would refuse; a note where the user's word lets ranges change."""
    judged = target.pod_routes
    text = not_accepted(judged, target.routes, target.cluster, state["objects"]) if judged else ""
    lifted = target.looks_at_release and CHANGE in (target.cluster["take_over"]["release"] or "")
    if text:
        (found.notes if lifted else found.refusals).append(text)


def _awaited(part: str, changes: Changes) -> list[str]:
    """Return what is said of the kinds that the cluster does not serve, and that no upgrade of this run may bring."""
    return [f"{kind}\n{AWAITED.format(part)}" for kind in changes.kinds_to_come]


def _look_at_storage(changes: Changes, rules: Mapping[str, Mapping[str, Any]], found: Look) -> None:
    """Leave out of changes what the account may not store anew, and add a note: all else is done."""
    lacking = lacking_rights(storing_rights(changes.store), rules)
    if lacking:
        found.notes.append(left_as_stored(changes.store, "; ".join(lacking)))
        changes.store = []


def live_lb_ipam(target: Target, state: Mapping[str, Any]) -> LbIpam:
    """Return the LB-IPAM that will serve the pools, and whom the one served that runs.

    Of a Cilium that others install the older of its version and the planned one counts, as it has the faults of both.
    """
    planned = target.lb_ipam
    if not target.looks_at_release:
        versions = [planned.version or "", "" if _too_old(state) else operator_version(state.get("images") or {}) or ""]
        return replace(planned, version=min(filter(None, versions), key=parse_version))
    live = releases(target, state)[0]
    if live is not None:
        return replace(planned, served_before=_served_by_live(target, state)[-1])
    return planned if _runs_agents(state) else replace(planned, served_before=NONE)


def _too_old(state: Mapping[str, Any]) -> str:
    """Return why a Cilium that others install is too old for this collection; nothing where it is not."""
    for rollout, images in (state.get("images") or {}).items():
        version = operator_version({rollout: images})
        try:
            parse_version(version or text_of(OLDEST))
        except EdgeError:
            kind, _slash, name = rollout.partition("/")
            return TOO_OLD.format(f"{kind} {name}", ", ".join(images), version, text_of(OLDEST))
    return ""


def _served_by_live(target: Target, state: Mapping[str, Any]) -> list[str]:
    """Return which services the revisions of the release serve of which parts may run: the most of them first."""
    live = releases(target, state)[0]
    served = {served_by(revision.version, revision.values) for revision in live.revisions} if live else set()
    return [which for which in (ALL, CLASSED, NONE) if which in served]


def _runs_agents(state: Mapping[str, Any]) -> bool:
    """Return whether agents are there, whoever installed them; not where nobody may look."""
    return any(item["metadata"]["name"] == AGENTS for item in state["workloads"] or [])


def _helm_writes(target: Target, state: Mapping[str, Any]) -> ServiceWrites:
    """Return what the run's call of Helm does to live services; nothing where it makes none."""
    if not calls_helm(target, state):
        return ServiceWrites()
    live, planned = releases(target, state)
    values = live.running.values if live else None
    return release_writes(target.cluster["services"], state["services"], target.namespace, values, planned.values)


def _after_helm(state: Mapping[str, Any], helm: ServiceWrites) -> dict[str, Any]:
    """Return a cluster with its services as Helm leaves them: so the parts find them."""
    kept = [item for item in state["services"] if not helm.leaves(item)]
    return {**state, "services": [helm.after.get(service_name(item), item) for item in kept]}


def _lost_by_helm(
    target: Target, state: Mapping[str, Any], lb_ipam: LbIpam, helm: ServiceWrites
) -> Iterator[EdgeError]:
    """Yield an error for each address that a service loses as Helm writes it. Pools are written after that."""
    return lost_by_a_release(state, may_move_of(target.options("lb")), lb_ipam, helm)


def _lost_at_the_start(
    target: Target, state: Mapping[str, Any], lb_ipam: LbIpam, claims: Claims, helm: ServiceWrites
) -> Iterator[EdgeError]:
    """Yield an error for each address that a service loses as Helm starts the operator anew.

    Its pods are replaced by a change of version or values (``operator.rollOutPods``). Pools are written after that.

    Args:
        target: the cluster.
        state: the cluster once Helm has written services.
        lb_ipam: the result of :func:`live_lb_ipam`.
        claims: of another part than services.
        helm: what it has written.
    """
    if not calls_helm(target, state):
        return
    options = target.options("lb", lb_ipam)
    may_move = may_move_of(options)
    leaves = service_writes(options["services"], state, claims).leaves
    yield from lost_at_a_start(state, may_move, lb_ipam, leaves, helm.after)
    if target.serves != NONE or target.serves_by_nodes:  # else nobody gives addresses away
        most = replace(lb_ipam, served_before=next(iter(_served_by_live(target, state)), None))
        yield from no_longer_served(state, may_move, most, leaves, target.serves_by_nodes)


def _each_address_once(errors: Iterable[EdgeError]) -> Iterator[EdgeError]:
    """Yield errors, and of several that tell of one service and address the first: it comes first in the run too."""
    told = set()
    for error in errors:
        word = error.word if isinstance(error, ConsentError) and error.key == "services" else None
        if word is None or word not in told:
            yield error
        told.add(word)


def _left_out(changes: Mapping[str, Changes], services: Iterable[Object], helm: ServiceWrites) -> Iterator[str]:
    """Yield what the run removes, and on which services of others it takes back what it set."""
    removed = [place(item) for part in (*PARTS, SERVICES) for item in changes[part].remove]
    if removed:
        yield f"removed, as the inventory lacks it: {', '.join(removed)}"
    chart = [place(item) for item in services if helm.leaves(item)]
    if chart:
        yield f"removed by Helm, as the planned values lack it: {', '.join(chart)}"
    left = [place(item) for item in changes[SERVICES].apply if set(item["metadata"]) == {"name", "namespace"}]
    if left:
        yield f"our labels and annotations are taken back, as the inventory lacks it: {', '.join(left)}"


def _no_load_balancers(services: Iterable[Object], helm: ServiceWrites) -> Iterator[str]:
    """Yield which live services lose all of their addresses, as Helm makes them another type than LoadBalancer."""
    for item in services:
        after = helm.after.get(service_name(item), item)["spec"].get("type")
        held = ", ".join(address.text for address in read_service(item).held)
        if held and item["spec"].get("type") == "LoadBalancer" != after:
            yield f"Helm makes it {after}, as the planned values say, so it loses {held}: {place(item)}"


def _look_at_services(target: Target, state: Mapping[str, Any], claims: Claims) -> Changes:
    """Return what is to be done to services. The namespace of BGP passwords may be the chart's to make."""
    made = [target.cluster["secrets_namespace"]] if calls_helm(target, state) else []
    there = {**state, "namespaces": [*state["namespaces"], *made]}
    return part_changes(SERVICES, target.options(SERVICES), (), there, claims)


def _look_at_release(target: Target, state: Mapping[str, Any], found: Look) -> dict[str, Any]:
    """Add what is found of the Helm release; return the words of ``edge_cluster_take_over`` that it asks for."""
    live, planned = releases(target, state)
    made = state["config_map"].get(RELEASE, "").split()
    consent = TakeOver.of(target.cluster["take_over"])
    found.refusals += release_refusals(live, planned, made, consent)
    found.refusals += still_stored(state["kinds"], planned.version)
    found.refusals += range_refusals(live, planned, made, consent, state["objects"])
    found.notes += range_notes(live, planned, made, consent, state["objects"])
    found.refusals += _without_release(target, state) if live is None else []
    if live is not None and live.pending and live.digest in made:
        found.notes.append(
            f"the Helm release {live.name} is {live.pending}: a run was cut off in the middle of it, or Helm is at"
            " work. This run waits until none is any more (cilium_net_release_helm_timeout), marks it as failed and"
            " goes on from there"
        )
    if not calls_helm(target, state):
        found.notes += [f"{text}\n{WAITS}" for text in lacks(state, rolled_out=False, kubectl=target.kubectl).errors]
    runs = live is not None or _runs_agents(state)
    found.first_install = not runs and _is_bare(state)
    running = live.running if live else None
    unset = () if running is None or running.digest in made else consent.unset
    for lack in distribution_lacks(target.cluster, state["nodes"], state["workloads"], runs, running, unset):
        (found.refusals if lack.refusal else found.notes).append(lack.text)
    return release_word(live, planned, made, consent)


def _without_release(target: Target, state: Mapping[str, Any]) -> Iterator[str]:
    """Yield why Helm must not install Cilium over agents that it has no release of, as far as the account may look.

    Helm writes on an object which release made it, and refuses what another one made, or none (helm.sh/helm,
    ``pkg/action/validate.go``).
    """
    for item in state["workloads"] or []:
        metadata = item["metadata"]
        if (item["kind"], metadata["name"]) != ("DaemonSet", AGENTS):
            continue
        told = metadata.get("helm") or {}
        named = tuple(told.get(key) for key in HELM_KEYS)
        way_out = NO_RELEASE
        if named == (target.release, target.namespace):
            way_out = LOST_RELEASE
        elif all(named):
            way_out = OTHER_RELEASE.format(*named)
        yield WITHOUT_RELEASE.format(place(item), target.release, target.namespace, way_out)


def _absent(changes: Mapping[str, Changes]) -> list[EdgeError]:
    """Return what lacks in the cluster and that no Helm brings: the run would end at it, half done."""
    return [*changes["bgp"].nodes_to_come, *changes[SERVICES].absent]


def _is_bare(state: Mapping[str, Any]) -> bool:
    """Return whether a cluster serves no kind of Cilium's and runs no load balancer; not where nobody may look.

    Kinds stay where a Cilium was uninstalled, in its version: what is applied before the new operator brings its own
    would be compared with them.
    """
    workloads = state["workloads"]
    return workloads is not None and not load_balancers(workloads, state["services"]) and not state["kinds"]


def rights_to_verify(target: Target) -> set[Right]:
    """Return the rights that the verification at the end of the run needs."""
    if not target.verifies:
        return set()
    return verifying_rights(target.namespace, note_name(target.site), target.agents_witness)


def releases(target: Target, state: Mapping[str, Any]) -> tuple[Release | None, Release]:
    """Return the live release, None where there is none, and the planned one."""
    return (
        Release.live(target.release, state["release"]),
        Release(target.release, target.cluster["cilium_version"], target.cluster["helm_values"]),
    )


def calls_helm(target: Target, state: Mapping[str, Any]) -> bool:
    """Return whether the run would install or upgrade Cilium, as the live release is not the planned one."""
    return target.looks_at_release and not is_as_planned(state["release"], releases(target, state)[1])


def _without_effect(target: Target, state: Mapping[str, Any]) -> list[str]:
    """Return why what is written to the cluster would not take effect.

    A Cilium that others install may have its workloads in another namespace: what is not there says nothing. Nor does a
    change of a moment ago, of which no controller has said yet what runs.
    """
    there = {rollout: lack for rollout, lack in state["rollouts"].items() if lack not in (MISSING, NOT_SEEN)}
    found = lacks({**state, "rollouts": there}, rolled_out=False, kubectl=target.kubectl, old_suffice=True)
    return [f"{text}\n{NO_EFFECT}" for text in found.errors]


def _pending(
    target: Target, state: Mapping[str, Any], changes: Mapping[str, Changes], claims: Mapping[str, Claims]
) -> Iterator[str]:
    """Yield the parts whose role would find anything to do or to tell.

    What this look cannot tell counts as pending: whether passwords are the planned ones, and what the kinds of another
    Cilium make of any part.
    """
    if target.looks_at_release and not _release_is_as_planned(target, state):
        yield RELEASE
    other_kinds = calls_helm(target, state)
    passwords = state["secrets"] or any("authSecretRef" in item["spec"] for item in target.cluster["bgp"])
    for part, found in changes.items():
        unseen = other_kinds or target.cluster["absent"] or (part == "bgp" and passwords)
        if unseen or claims[part].delta or not found.are_none:
            yield part


def _release_is_as_planned(target: Target, state: Mapping[str, Any]) -> bool:
    """Return whether the release is the planned one, is noted as this site's, and its workloads run."""
    live, planned = releases(target, state)
    made = state["config_map"].get(RELEASE, "").split()
    running = bool(state["rollouts"]) and not any(state["rollouts"].values())
    noted = list(release_note(live, planned, made, TakeOver.of(target.cluster["take_over"]))) == made
    return is_as_planned(state["release"], planned) and noted and running


def _policies_that_end(target: Target, state: Mapping[str, Any], live_version: str) -> list[Any]:
    """Return an error for each CiliumBGPPeeringPolicy that an upgrade of Cilium would end."""
    if parse_version(target.cluster["cilium_version"]) < PEERING_POLICY_UNTIL:
        return []
    policies = [item for item in state["objects"] if item["kind"] == PEERING_POLICY]
    consent = target.cluster["take_over"]["objects"]
    nodes = labels_of_nodes(state["nodes"], target.cluster["node_labels"] or {})
    return ended_policies(policies, nodes, live_version, target.cluster["cilium_version"], consent)


def _needed(target: Target, state: Mapping[str, Any], changes: Mapping[str, Changes], helm: bool) -> set[Right]:
    """Return the rights that this run needs to write."""
    cluster = target.cluster
    there = live_uids(state)
    release = target.namespace, cluster["helm_values"], cluster["cilium_version"]
    runs = releases(target, state)[0]
    live = runs.running.values if runs else {}
    wanted = helm_rights(*release, there, live) if helm else set()
    known = EVERYWHERE, *target.namespaces  # of no other namespace the rules are known
    wanted = {right for right in wanted if right.namespace in known}
    for part in PARTS:
        found, objects = changes[part], target.options(part)["objects"]
        later = [item for item in objects if item["kind"] in PART_KINDS[part] and item["kind"] not in state["kinds"]]
        wanted |= writing_rights([*found.applied, *later], found.remove, there)
        # Where nodes may leave a selection, the run waits for the labels of CiliumNodes.
        changed = [item for item in found.apply if place(item) in there]
        if any(map(selects, [*changed, *found.remove])):
            wanted |= rights(GROUP, READ_ONLY_PLURALS[NODE], ["list"])
    for name in {item["spec"].get("authSecretRef", "") for item in cluster["bgp"]} - {""}:
        if f"Secret {cluster['secrets_namespace']}/{name}" not in there:
            wanted |= rights("", "secrets", ["get", "create", "patch"], cluster["secrets_namespace"], name)
    wanted |= writing_rights(_services_to_write(target, state), [], there)
    if wanted:  # what is made is noted
        wanted |= rights("", "configmaps", ["get", "patch"], target.namespace, note_name(target.site))
        if not state["config_map"]:
            wanted |= rights("", "configmaps", ["create"], target.namespace)
    if cluster["absent"] and state["config_map"]:
        wanted |= rights("", "configmaps", ["get", "delete"], target.namespace, note_name(target.site))
    return wanted


def _services_to_write(target: Target, state: Mapping[str, Any]) -> Iterator[Object]:
    """Yield the planned services that are to be made, or that lack a label or an annotation."""
    live = {(item["metadata"]["namespace"], item["metadata"]["name"]): item for item in state["services"]}
    for item in target.cluster["services"]:
        found = live.get((item["namespace"], item["name"]))
        whole: Any = item["object"]
        if whole is not None and (found is None or not is_applied(whole, found)):
            yield whole
        elif whole is None and found is not None and item["manage"] == "metadata":
            metadata = found["metadata"]
            planned = {"labels": item["labels"], "annotations": item["annotations"]}
            if any(not keys.items() <= (metadata.get(name) or {}).items() for name, keys in planned.items()):
                named = {"namespace": item["namespace"], "name": item["name"]}
                yield {"apiVersion": "v1", "kind": "Service", "metadata": named}


def _notes(target: Target, state: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is worth a line although it keeps nothing from being changed."""
    cluster = target.cluster
    more = sorted(set(state["nodes"]) - set(target.planned_nodes))
    if more:
        alone = target.looks_at_release and value_at(cluster["helm_values"], REPLICAS) == 1
        spare = f"; {ONE_OPERATOR}" if alone and len(cluster["nodes"]) == 1 else ""
        yield f"nodes that the inventory does not have: {some(more, MOST_NAMES)}{spare}"
    missing = sorted(set(cluster["nodes"]) - set(state["nodes"]))
    if missing and state["nodes"]:
        yield f"nodes of the inventory that have not joined: {some(missing, MOST_NAMES)}"
    others = load_balancers(state["workloads"] or [], state["services"])
    pools = any(item["kind"] == "CiliumLoadBalancerIPPool" for item in cluster["lb"])
    if others and pools:
        shared = (
            "; services without a loadBalancerClass are served by it and by Cilium" if target.serves_classless else ""
        )
        yield f"another load balancer runs here: {', '.join(others)}{shared}"


def _not_looked_at(target: Target, rules: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield what is not judged, as the account may not read all DaemonSets and Deployments."""
    lacking = _lacks_of_workloads(rules)
    if target.cluster["absent"] or not lacking:
        return
    resources, verbs = sorted({right.resource for right in lacking}), sorted({right.verb for right in lacking})
    unseen = UNREAD_OURS if target.looks_at_release else UNREAD_OF_OTHERS
    yield (
        f"not looked at: {unseen}, as no rule that is known lets the account {' and '.join(verbs)} all"
        f" {' and '.join(resources)} (grant it by a ClusterRole: apiGroups: ['apps'], resources:"
        f" [{', '.join(resources)}], verbs: [{', '.join(verbs)}])"
    )


def reads_workloads(rules: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether the account may surely read all DaemonSets and Deployments.

    Nobody is refused a run for that: what is not judged without them is noted.
    """
    return not _lacks_of_workloads(rules)


def _lacks_of_workloads(rules: Mapping[str, Mapping[str, Any]]) -> list[Right]:
    """Return the rights to read workloads that no rule grants. One that could not be listed grants none here."""
    wanted = rights("apps", "daemonsets", ["list", "get"]) | rights("apps", "deployments", ["list", "get"])
    known = {EVERYWHERE: {**(rules.get(EVERYWHERE) or {}), "incomplete": False}}
    return [right for right in sorted(wanted) if not right.granted(known)]

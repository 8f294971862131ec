# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what an end holds with what the plan sets up there: the rows that ``playbooks/compare.yml`` shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import yaml

from ...module_utils._errors import MASK, EdgeError
from ...module_utils._frr.config import mask
from ...module_utils._frr.state import version_tuple
from ...module_utils._kubernetes.cilium_kinds import PEERING_POLICY
from .._addressing.live import as_text
from .._cilium.common import BGP_KINDS, LB_KINDS, Object
from .._cilium.helm_values import changed_values, differing_values
from .._document.plan import PlanDocument, PlannedCluster
from .._findings.wording import count
from .._kubernetes.labels import kubelet_labels
from .._kubernetes.manifests import document_of, documents_of
from .._kubernetes.selectors import selector_of
from .._live_cluster.handover import handover, is_held
from .._live_cluster.live_objects import is_of_a_site, is_ours, object_key, place
from .._live_cluster.takeover import running
from .._live_cluster.unlabeled import label_command, unlabeled
from .._versions.cilium import OLDEST, PEERING_POLICY_UNTIL, parse_version, text_of
from .frr.compare import (
    HIDDEN_NOT_COMPARED,
    OWN_NEXT_HOPS,
    bgp_config,
    frr_difference,
    moved_between_groups,
    written_by,
)
from .objects.compare import objects_difference
from .objects.policies import policies_are_read, policies_of
from .objects.shape import read_as_the_api_has_it
from .services import service_key, services_after, site_claims, takes_part, with_namespace, without_policy_of_ranges

ONLY_LIVE = "only live"
ONLY_PLANNED = "only planned"
DIFFERS = "differs"
NOT_COMPARED = "not compared"
TIGHTENED = "tightened"
NO_DIFFERENCE = (NOT_COMPARED, TIGHTENED)
"""States of rows that are no differences."""

_CILIUM_KINDS = (*BGP_KINDS, *LB_KINDS, PEERING_POLICY)
"""The kinds of a saved copy that are compared, beside Nodes and Services."""

SAVE_ROUTER = "save it again: ssh ROUTER vtysh -c \"'show running-config'\""
RELEASE_NOT_COPIED = "Helm release: not compared, as the copy has none (helm get values ... > CLUSTER/values.yaml)"
SAVE_CLUSTER = "save it again with kubectl get ... -o yaml"
KEEP_ONE = "keep the one that lives"

_FRR_LINE = re.compile(
    r"(?m)^(frr (version|defaults)|(router|interface|vrf|route-map|hostname|log|line vty|(ip|ipv6) (route|prefix-list"
    r"|forwarding|nht)|no (ip|ipv6) forwarding|service integrated-vtysh-config|bgp (as-path|community-list))\b)"
)
"""A line at the left edge that an FRR configuration has: a running one always names its version."""

_BGP_LINE = re.compile(r"router bgp(?!\S)\s*(?P<asn>\S*)")
"""A BGP instance at the left edge."""

_NAMED_SECRET = re.compile(r"(?i)((?:password|passphrase|passwd|secret|token|key|community)\w*\W+).*")
"""A line with a word that names a secret: the word, and all that follows."""
_QUOTED = re.compile(r"'(?!<)[^']{2,}'")
"""A part of the text in a message of PyYAML, whose own words stand in angle brackets."""
_KEYS, _KEY_LENGTH = 8, 40
"""How many keys of a map are named, and how much of each."""

_ONLY = re.compile(r"(?P<what>.*?):? only in the (?P<side>first|second)")
_TIGHTENED = tuple(f"{meaning} only in the second" for meaning in OWN_NEXT_HOPS.values())
_BOTH = re.compile(r"(?P<first>.*) in the first, (?P<second>.*) in the second")

_KEYS_THAT_KEEP = tuple(
    (re.compile(pattern), keys)
    for pattern, keys in (
        (r"neighbors? (range )?[^ ,]+(, (range )?[^ ,]+)*", "edge_peerings, edge_router_neighbors or edge_links"),
        (r"ipv[46]: network .*", "export of edge_router_neighbors, edge_links or edge_peerings"),
        (r"ipv[46]: redistribute .*", "edge_router_redistribute"),
        (r"addresses: .*", "edge_pools"),
        (r"nodes? [^:]*, peer \S+ from AS [0-9]+", "edge_peerings"),
        (r"node \S+: label .*", "edge_node_labels"),
        (r"pod IP pool .*", "edge_cluster_pod_pools"),
        (
            r"service [^:\s]+( and service [^:\s]+)*(: (draws from|asks for|sharing key|shared with namespaces|ports"
            r"|endpoints|externalTrafficPolicy|loadBalancerClass|ipFamilies|ipFamilyPolicy): .*)?",
            "edge_services",
        ),
        (r"Helm release: .*", "edge_cilium_values"),
    )
)
"""What a row of what is only live says -> the keys of the inventory that would keep it."""

DEFAULT_POD_POOL = "default"
"""Cilium's operator makes the CiliumPodIPPool of this name from a Helm value; nobody wrote it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One difference."""

    state: str
    """One of the five words above."""
    what: str
    """The subject, and where both ends have it, the live value before the planned one."""

    @property
    def keys_that_keep(self) -> str:
        """The keys of the inventory that would keep what is only live; empty where no table knows them."""
        if self.state != ONLY_LIVE:
            return ""
        return next((keys for said, keys in _KEYS_THAT_KEEP if said.fullmatch(self.what)), "")

    @property
    def text(self) -> str:
        """The row as a table has it, behind its state."""
        return f"{self.what} (to keep it: {self.keys_that_keep})" if self.keys_that_keep else self.what


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs at one end."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    """What is to be known of the rows and is no difference itself."""
    refusals: tuple[str, ...] = ()
    """Why ``site.yml`` would end before it changes anything: what no commit mends in a cluster of others."""
    bgp_is_away: bool = False
    """Whether a router runs nothing of the planned BGP: no FRR, or no instance. Then there is none to ask."""

    @property
    def differences(self) -> int:
        """How many rows are differences."""
        return sum(row.state not in NO_DIFFERENCE for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        rows = [asdict(row) for row in self.rows]
        told = {"notes": list(self.notes), "refusals": list(self.refusals)}
        return {"differences": self.differences, "rows": rows, **told, "bgp_is_away": self.bgp_is_away}

    def text(self, title: str) -> list[str]:
        """Return it as lines for a terminal."""
        counted = count(self.differences, "difference") if self.differences else "no difference"
        width = max((len(row.state) for row in self.rows), default=0)
        lines = [f"{title}: {counted}"]
        lines += [f"  {row.state:<{width}}  {row.text}" for row in self.rows]
        lines += [f"  refused: {refusal}" for refusal in self.refusals]
        return lines + [f"  note: {note}" for note in self.notes]


def row_of(line: str) -> Row:
    """Return a line of the comparison filters, which take live first and planned second, as a row."""
    if line.endswith(HIDDEN_NOT_COMPARED):
        return Row(NOT_COMPARED, line)
    only = _ONLY.fullmatch(line)
    if only is not None and line.endswith(_TIGHTENED):
        return Row(TIGHTENED, only["what"])
    if only is not None:
        return Row(ONLY_LIVE if only["side"] == "first" else ONLY_PLANNED, only["what"])
    both = _BOTH.fullmatch(line)
    return Row(DIFFERS, f"{both['first']} live, {both['second']} planned" if both else line)


def router_comparison(live: str, planned: str, version: str, live_version: str | None = None) -> Comparison:
    """Return what differs between what a router runs and what it would run.

    Args:
        live: its running configuration, or a saved file.
        planned: the rendered configuration, with passwords in the same form as in ``live``.
        version: of the FRR that would run the plan; defaults differ between versions.
        live_version: of the FRR that runs ``live``; None: the same.

    Raises:
        EdgeError: a configuration cannot be read.
    """
    notes = []
    for (old, new), names in moved_between_groups(live, planned).items():
        one = len(names) == 1
        who = f"neighbor {names[0]} moves" if one else f"neighbors {', '.join(names)} move"
        way = f"from peer group {old} to {new}" if old else f"to peer group {new}"
        notes.append(f"{who} {way}: {'its session is' if one else 'their sessions are'} reset once")
    seen, wanted = bgp_config(live, live_version or version), bgp_config(planned, version)
    away = seen.asn is None and wanted.asn is not None
    rows = tuple(row_of(line) for line in frr_difference(seen, wanted))
    return Comparison(rows, tuple(notes), bgp_is_away=away)


def saved_router_comparison(live: str, planned: str, version: str) -> tuple[Comparison, str]:
    """Return what differs between a saved configuration and the plan, and by which FRR the copy was read.

    Each side has the defaults of its own FRR: a copy names the one that wrote it.

    Args:
        live: the text of the copy.
        planned: as for :func:`router_comparison`.
        version: of the FRR that the plan assumes.

    Raises:
        EdgeError: a configuration cannot be read.
    """
    named = written_by(live)
    found = router_comparison(live, planned, version, named)
    notes = [*found.notes]
    if named is None:
        notes.append(
            f"the copy has no line frr version: it is read with the defaults of FRR {version} (edge_router_frr_version)"
        )
    elif version_tuple(named)[:2] != version_tuple(version)[:2]:
        notes.append(f"the copy is of FRR {named}, the plan for FRR {version} (edge_router_frr_version)")
    return replace(found, notes=tuple(notes)), named or version


def saved_configuration(text: str, path: str) -> str:
    """Return the text of a saved configuration of FRR, which need not set up BGP.

    Raises:
        EdgeError: it is none, or its BGP instance cannot be read: every session would be told as planned only.
    """
    if not text.strip():
        raise EdgeError(path, "is empty", SAVE_ROUTER)
    for number, line in enumerate(text.splitlines(), 1):
        found = _BGP_LINE.match(line)
        if found and not (found["asn"].isdecimal() and 0 < int(found["asn"]) < 2**32):
            raise EdgeError(
                path,
                f"line {number}, '{line.strip()}', has no AS number between 1 and 4294967295: its BGP cannot be read",
                f"{SAVE_ROUTER}; a router whose AS numbers stand in two parts, such as 1.10, needs as-notation plain",
            )
    if not _FRR_LINE.search(text):
        first = _beginning(text)
        raise EdgeError(path, f"has no line of an FRR configuration; it begins with: {first}", SAVE_ROUTER)
    return text


def _beginning(text: str) -> str:
    """Return the first words of a text that is none of FRR's, without what may be a secret.

    A text of any kind may stand there: besides FRR's own lines, what follows a key with the name of a secret is hidden.
    """
    lines = (_NAMED_SECRET.sub(rf"\g<1>{MASK}", line) for line in mask(text).splitlines())
    return " ".join(" ".join(lines).split())[:60]


def _not_yaml(error: yaml.YAMLError | ValueError) -> str:
    """Return in a line where a text is no YAML, and why; words of the text are left out, as they may be secrets."""
    place, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    where = f" in line {place.line + 1}" if place else ""
    why = _QUOTED.sub("'...'", problem) if problem else "a value in it cannot be read"
    return f"is no YAML{where}: {why}"


def _shape(value: Any) -> str:
    """Return what a YAML value is, in words that quote none of its values."""
    if isinstance(value, Mapping):
        keys = sorted(str(key)[:_KEY_LENGTH] for key in value)
        more = f" and {len(keys) - _KEYS} more" if len(keys) > _KEYS else ""
        return f"a map with the keys {', '.join(keys[:_KEYS])}{more}" if keys else "an empty map"
    return {str: "text", list: "a list", bool: "a boolean"}.get(type(value), "a number")


def saved_values(text: str, path: str) -> dict[str, Any]:
    """Return saved Helm values.

    Raises:
        EdgeError: it is no map in YAML.
    """
    try:
        values = document_of(text)
    except (yaml.YAMLError, ValueError) as error:
        raise EdgeError(path, _not_yaml(error), "save it again with helm get values ... -o yaml") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise EdgeError(path, "is no map of Helm values", "save it again with helm get values ... -o yaml")
    return values


def saved_state(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return what saved YAML files of a cluster hold, as :func:`state_of`.

    Args:
        texts: path -> text.

    Raises:
        EdgeError: one is no YAML or JSON, or holds something else than objects, or nothing at all; or an object stands
            in them twice.
    """
    items: dict[str, list[Any]] = {}
    for path, text in texts.items():
        try:
            found = documents_of(text)
        except (yaml.YAMLError, ValueError) as error:  # the latter for a date that there is not
            raise EdgeError(path, _not_yaml(error), SAVE_CLUSTER) from None
        for item in found:
            # What kubectl says of an error is YAML, too; an empty document is one between two separators.
            if item is not None and not (isinstance(item, dict) and isinstance(item.get("kind"), str)):
                hint = f"{SAVE_CLUSTER}; Helm values belong in CLUSTER/values.yaml, beside CLUSTER/manifests"
                raise EdgeError(path, f"holds something else than Kubernetes objects: {_shape(item)}", hint)
        items[path] = found
    if not any(map(any, items.values())):
        raise EdgeError(", ".join(texts), "holds no object", SAVE_CLUSTER)
    return _joined({path: state_of(found) for path, found in items.items()})


def _joined(states: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what several files hold, each as :func:`state_of`, by path.

    Raises:
        EdgeError: an object stands in them twice: nobody knows which of the two lives.
    """
    whole: dict[str, Any] = {"objects": [], "services": [], "nodes": {}}
    seen: dict[str, str] = {}
    for path, state in states.items():
        nodes = ({"kind": "Node", "metadata": {"name": name}} for name in state["nodes"])
        for item in (*state["objects"], *map(with_namespace, state["services"]), *nodes):
            name = place(item)
            if name in seen:
                also = "" if seen[name] == path else f", and in {seen[name]}"
                raise EdgeError(path, f"{name} stands {'here' if also else 'twice'} in the saved copy{also}", KEEP_ONE)
            seen[name] = path
        whole["objects"] += state["objects"]
        whole["services"] += state["services"]
        whole["nodes"].update(state["nodes"])
    return whole


def state_of(items: Iterable[Any]) -> dict[str, Any]:
    """Return saved objects in the form of module ``cluster_state_info``: ``objects``, ``services`` and ``nodes``.

    Lists, as ``kubectl get -o yaml`` writes them, are opened; objects of other kinds are left out.

    Raises:
        EdgeError: an object is not as the API has it.
    """
    state: dict[str, Any] = {"objects": [], "services": [], "nodes": {}}
    for item in _opened(items):
        kind = item.get("kind")
        if kind not in ("Node", "Service", *_CILIUM_KINDS):
            continue
        with read_as_the_api_has_it(f"a {kind} in the saved copy"):
            metadata = {**item["metadata"], "name": as_text(item["metadata"]["name"])}
        with read_as_the_api_has_it(f"{kind} {metadata['name']} in the saved copy"):
            for part in ("labels", "annotations"):
                for key, value in (metadata.get(part) or {}).items():
                    as_text(key), as_text(value)
            as_text(metadata.get("namespace") or "")
            if kind != "Node":
                (item.get("spec") or {}).items()
        if kind == "Node":
            state["nodes"][metadata["name"]] = {"labels": metadata.get("labels") or {}, "owned": []}
        elif kind == "Service":
            state["services"].append(item)
        else:
            state["objects"].append(item)
    return state


def _opened(items: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    for item in items:
        if isinstance(item, Mapping) and isinstance(item.get("items"), list):
            yield from _opened(item["items"])
        elif isinstance(item, Mapping):
            yield item


def planned_part(state: Mapping[str, Any], plan: PlanDocument, name: str) -> dict[str, Any]:
    """Return what a cluster holds of the plan: objects and Services that it names, or that carry this site's labels.

    And Services that hold what runs of before have set: nobody else would take that away.
    What else lives there is nobody's to wait for. Who applied an object, and so owns its fields, does not matter.

    Args:
        state: ``objects`` and ``services`` of module ``cluster_state_info``, and more.
        plan: the plan.
        name: of the cluster.
    """
    cluster, site = plan["clusters"][name], plan["site"]
    names = {object_key(item) for item in [*cluster["bgp"], *cluster["lb"]]}
    services = {(item["namespace"], item["name"]) for item in cluster["services"]}
    return {
        **state,
        "objects": [i for i in state["objects"] if object_key(i) in names or is_ours(i["metadata"], site)],
        "services": [
            item
            for item in state["services"]
            if service_key(item) in services or is_ours(item["metadata"], site) or is_held(item)
        ],
    }


def release_notes(release: Mapping[str, Any] | None, cluster: PlannedCluster) -> tuple[str, ...]:
    """Return how a live Helm release differs from the planned one; nothing without one, as Argo CD makes none.

    Args:
        release: ``version`` and ``values``, as module ``cluster_state_info`` has read them.
        cluster: the planned cluster.
    """
    if release is None or not cluster["cilium_managed"] or cluster["absent"]:
        return ()
    live, version = running(release), cluster["cilium_version"]
    changed = changed_values(live["values"], cluster["helm_values"])
    notes = [] if live["version"] == version else [f"Helm release: {live['version']} live, {version} planned"]
    if changed:
        notes.append(f"Helm release: values that are not the planned ones: {len(changed)}")
    return tuple(notes)


def cluster_comparison(state: Mapping[str, Any], plan: PlanDocument, name: str) -> Comparison:
    """Return what differs between what a cluster holds and what the plan makes of it.

    Args:
        state: ``objects``, ``services`` and ``nodes`` of module ``cluster_state_info``; and ``release``, with
            ``version`` (None: not known) and ``values``. Without this key the Helm release is not compared. And
            ``config_map``, what the site has noted, with the ``namespace`` where it stands; without them it is not
            known which labels and annotations of Services a run takes off.
        plan: the plan.
        name: of the cluster.

    Raises:
        EdgeError: an object cannot be read, or the site's note.
    """
    cluster, site = plan["clusters"][name], plan["site"]
    live = [item for item in state["objects"] if not _is_default_pod_pool(item)]
    services = [with_namespace(item) for item in state["services"] if takes_part(item, cluster, site)]
    claims, runs = site_claims(state, site), _live_version(state)
    after = services_after(services, cluster, site, state, claims)
    absent = sorted(set(cluster["nodes"]) - set(state["nodes"]))
    rows, notes = _release_rows(state, cluster)
    labels, labelled = _node_labels(state["nodes"], cluster, None if claims is None else claims.note.labels)
    lines = objects_difference(
        [*_without_other_sites(live, cluster, site), *map(without_policy_of_ranges, services)],
        [*cluster["bgp"], *cluster["lb"], *map(without_policy_of_ranges, after.services)],
        cluster["cilium_version"],
        labels,
        _first_family(cluster),
        runs or cluster["cilium_version"],
    )
    notes += _policy_notes(live, labels, runs, cluster["cilium_version"])
    others = sorted(place(item) for item in live if not is_ours(item["metadata"], site))
    if cluster["nodes"] and not state["nodes"]:
        notes.append("there is no Node: labels of nodes are not compared")
    elif absent:
        notes.append(f"nodes of the inventory that are not there: {', '.join(absent)}")
    if after.missing:
        notes.append(f"services that others make and that are not there: {', '.join(after.missing)}")
    if others:
        notes.append(
            f"not made by this site ({len(others)}): {', '.join(others)}; site.yml never removes such objects, and"
            " refuses what would meet them"
        )
    notes += [*after.notes, *_label_notes(labelled, cluster, name)]
    held = handover(state, cluster, site)
    refused = (*held.stuck, *unlabeled(state, cluster, name))
    given_back = (Row(ONLY_LIVE, what) for what in after.given_back)
    compared = (*rows, *labelled, *given_back, *(row_of(line) for line in lines))
    return Comparison(compared, (*notes, *held.notes), tuple(map(str, refused)))


def _without_other_sites(live: Iterable[Object], cluster: PlannedCluster, site: str) -> list[Object]:
    """Return live objects without those of other sites of the cluster, which no run of this one changes.

    One that has the name of a planned object stays: there the two sites meet.

    Args:
        live: the objects.
        cluster: the planned cluster.
        site: name of the site.
    """
    names = {object_key(item) for item in [*cluster["bgp"], *cluster["lb"]]}
    return [
        item
        for item in live
        if object_key(item) in names or is_ours(item["metadata"], site) or not is_of_a_site(item["metadata"])
    ]


def _live_version(state: Mapping[str, Any]) -> str | None:
    """Return the version of the Helm release that lives in a cluster; None where it is not known."""
    version = running(state.get("release") or {}).get("version")
    if version is None:
        return None
    try:
        parse_version(version)
    except EdgeError:  # older than what is known here
        return text_of(OLDEST)
    return str(version)


def _policy_notes(
    live: Iterable[Mapping[str, Any]], nodes: Mapping[str, Mapping[str, str]], runs: str | None, planned: str
) -> list[str]:
    """Return what each CiliumBGPPeeringPolicy means for the plan, as it is never removed.

    Args:
        live: the objects.
        nodes: name -> labels.
        runs: the version of Cilium that lives there; None: not known.
        planned: the version that is to follow.
    """
    policies = {
        item["metadata"]["name"]: {"spec": item.get("spec") or {}} for item in live if item["kind"] == PEERING_POLICY
    }
    until, notes = text_of(PEERING_POLICY_UNTIL), []
    for name, item in sorted(policies.items()):
        selected = [
            n for n in sorted(nodes) if policies_of({PEERING_POLICY: {name: item}}, {**kubelet_labels(n), **nodes[n]})
        ]
        said = f"{PEERING_POLICY} {name} selects {', '.join(selected) or 'no node'}"
        if selected and policies_are_read(parse_version(planned)):
            said += f": before Cilium {until} it wins there over each CiliumBGPClusterConfig"
        elif selected and runs is None:
            said += f": before Cilium {until} it gives sessions there, which end with an upgrade to {planned}"
        elif selected and runs is not None and policies_are_read(parse_version(runs)):
            said += f": its sessions end with the upgrade to Cilium {planned}, which does not read it"
        elif selected:
            said += f": Cilium {runs} does not read it"
        notes.append(said)
    return notes


def _release_rows(state: Mapping[str, Any], cluster: PlannedCluster) -> tuple[list[Row], list[str]]:
    """Return what differs of Cilium's Helm release, version and values, and what is to be known of it."""
    name = "Helm release"
    if cluster["absent"] or "release" not in state:
        return [], []
    if not cluster["cilium_managed"]:
        return [], [f"{name}: not compared, as it is not managed here (edge_cilium_managed)"]
    live = state["release"]
    if live is None:
        if cluster["apply"] == "others":
            return [], [
                f"{name}: there is none, as where Argo CD applies what the chart renders; values are not compared"
            ]
        return [Row(ONLY_PLANNED, f"{name} {cluster['cilium_version']}")], []
    rows, notes = [], []
    for key, wanted in (("status", "deployed"), ("chart", "cilium")):
        if live.get(key, wanted) != wanted:  # a copy does not tell it
            rows.append(Row(DIFFERS, f"{name}: {key}: {live[key]} live, {wanted} planned"))
    live = running(live)
    if live["version"] is None:
        notes.append(f"{name}: values are compared, its version is not known from a copy")
    elif live["version"] != cluster["cilium_version"]:
        rows.append(Row(DIFFERS, f"{name}: version: {live['version']} live, {cluster['cilium_version']} planned"))
    for path, before, after in differing_values(live["values"], cluster["helm_values"]):
        if before is None:
            rows.append(Row(ONLY_PLANNED, f"{name}: {path}: {after}"))
        elif after is None:
            rows.append(Row(ONLY_LIVE, f"{name}: {path}: {before}"))
        else:
            rows.append(Row(DIFFERS, f"{name}: {path}: {before} live, {after} planned"))
    return rows, notes


def _is_default_pod_pool(item: Mapping[str, Any]) -> bool:
    return (item["kind"], item["metadata"]["name"]) == ("CiliumPodIPPool", DEFAULT_POD_POOL)


def _node_labels(
    live: Mapping[str, Any], cluster: PlannedCluster, noted: Mapping[str, frozenset[str]] | None
) -> tuple[dict[str, dict[str, str]], list[Row]]:
    """Return the labels of each node as the plan leaves them, and the rows of what it changes of them.

    Both sides are compared under these labels: a label that is missing today is one difference, and not one for each
    session that its selector would have picked.

    Args:
        live: the nodes, by name.
        cluster: the planned cluster.
        noted: node -> keys that the site has set, as it noted; other sites set theirs as the same field manager. None:
            not known.
    """
    rows = []
    labels = {name: dict(node["labels"]) for name, node in live.items()}
    for name in cluster["nodes"]:
        labels.setdefault(name, {})
    given = cluster["node_labels"] or {}
    left = [] if cluster["node_labels"] is None else set(noted or ()).intersection(live)
    for name in sorted({*given, *left}):
        wanted = given.get(name, {})
        has = labels.setdefault(name, {})
        for key, value in sorted(wanted.items()):
            if name in live and has.get(key) != value:
                said = f"node {name}: label {key}"
                if key in has:
                    rows.append(Row(DIFFERS, f"{said}: {has[key]} live, {value} planned"))
                else:
                    rows.append(Row(ONLY_PLANNED, f"{said}={value}"))
            has[key] = value
        owned = set(live.get(name, {}).get("owned", ()))
        owned &= owned if noted is None else noted.get(name, frozenset())
        for key in sorted(owned | _left_keys(name, has, cluster)):
            if key not in wanted and key in has:
                rows.append(Row(ONLY_LIVE, f"node {name}: label {key}={has.pop(key)}"))
    return labels, rows


def _label_notes(rows: Iterable[Row], cluster: PlannedCluster, name: str) -> Iterator[str]:
    """Yield what is to be done before a commit where nodes of a cluster of others lack planned labels.

    Args:
        rows: those of the labels of its nodes.
        cluster: the planned cluster.
        name: its name.
    """
    states = {row.state for row in rows} & {ONLY_PLANNED, DIFFERS}
    if states and cluster["apply"] == "others":
        at_once = (
            ". A label that gets another value takes its node from what selects by the old one: commit right after it"
        )
        yield (
            f"labels of nodes: before you commit, run {label_command(name, cluster)} (playbooks/render.yml writes it)."
            " No commit sets them, and what is applied selects nodes by them: those without them lose their sessions"
            f"{at_once if DIFFERS in states else ''}"
        )


def _left_keys(node: str, labels: Mapping[str, str], cluster: PlannedCluster) -> set[str]:
    """Return keys of a node's labels that decide whether the plan selects it, and that the plan gives others alone.

    Where others apply, labels of nodes are set by commands, which take none off: no field manager tells whose they are.

    Args:
        node: its name.
        labels: its live labels.
        cluster: the planned cluster.
    """
    given = cluster["node_labels"] or {}
    if cluster["apply"] != "others" or node not in given:
        return set()
    keys = {key for own in given.values() for key in own}.intersection(labels).difference(given[node])
    specs = [item["spec"] for item in (*cluster["bgp"], *cluster["lb"])]
    selectors = [selector_of(spec["nodeSelector"]) for spec in specs if spec.get("nodeSelector")]
    whole = {**kubelet_labels(node), **labels}
    without = {key: {name: value for name, value in whole.items() if name != key} for key in keys}
    return {key for key in keys if any(item.matches(whole) != item.matches(without[key]) for item in selectors)}


def _first_family(cluster: PlannedCluster) -> str:
    """Return the family of a Service that names none: that of the first range of cluster IPs or pods."""
    first = next(iter([*cluster["service_cidrs"], *cluster["pod_cidrs"]]), "")
    return "IPv6" if ":" in first else "IPv4"

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that Flux or Argo CD take as they are, for a cluster with ``edge_cluster_apply: others``.

No file holds a Node: both tools delete what leaves Git, and a deleted Node is a lost one. Labels of nodes are commands.
No file holds a Secret: Git is no place for a password in plain.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from ...module_utils._errors import EdgeError
from ...module_utils._kubernetes.chart_source import REPOSITORY, ChartSource
from .._cilium.bgp import password_secret_name
from .._cilium.helm_values import shown
from .._document.plan import PlanDocument, PlannedCluster, ServiceManifest
from .._findings.wording import some
from .._kubernetes.manifests import documents_of
from .._live_cluster.takeover import leaves
from .._live_cluster.unlabeled import SCRIPT, label_command

OTHERS = "others"
"""``edge_cluster_apply`` of a cluster to which Flux or Argo CD applies."""

_OCI = "oci://"
_DIGEST = re.compile(r"@(sha256:[0-9a-f]+)$")
_REFERENCE = re.compile(r"(:[^/:@]+)?(@sha256:[0-9a-f]+)?$")
"""What may end an OCI reference: a tag and a digest, which Flux takes apart from the URL."""
_NO_NAME = re.compile(r"/|\.tgz$|://")
"""What the name of a chart in a repository does not have."""
_INTERVAL = "10m"
"""How often Flux looks whether the release, and the chart's source, are as written."""


@dataclass(frozen=True, slots=True)
class ReleaseSource:
    """Where Cilium's chart comes from and which release it becomes: the variables of role ``cilium_net_release``."""

    name: str
    namespace: str
    chart: str
    repository: str
    """URL of the chart's repository, without its login; empty where ``chart`` says all."""
    has_login: bool = False
    """Whether the repository asks for user and password."""
    unusable: str = ""
    """Why Flux cannot be told it: it does not read such a chart, or none of its Secrets can hold what the URL holds."""

    @classmethod
    def of(cls, variables: Mapping[str, Any]) -> ReleaseSource:
        """Return it from the variables of role ``cilium_net_release``, which are all there."""
        parts = ("name", "namespace", "chart", "chart_repo")
        name, namespace, chart, repository = (str(variables[f"cilium_net_release_{part}"] or "") for part in parts)
        try:
            source = ChartSource(chart, repository)
        except EdgeError as error:
            return cls(name, namespace, "", "", unusable=str(error))
        if not _is_oci(chart) and (not repository or _NO_NAME.search(chart)):
            why = (
                f"cilium_net_release_chart is {chart}, and Flux reads a chart by its name in a repository, or an OCI"
                " artifact (a chart's name with cilium_net_release_chart_repo, or an oci:// reference)"
            )
            return cls(name, namespace, "", "", unusable=why)
        if source.entry and not source.has_login:
            why = (
                f"{REPOSITORY}: its URL holds more than a user and a password, and Flux keeps nothing else in a Secret"
            )
            return cls(name, namespace, "", "", unusable=why)
        return cls(name, namespace, chart, source.open_repository, source.has_login)

    @property
    def secret_name(self) -> str:
        """Name of the Secret that has the login, with the keys ``username`` and ``password``."""
        return f"{self.name}-chart-repository"

    def flux_kind(self) -> str | None:
        """Return the kind of Flux's source for it; None for a folder, an archive, and what is ``unusable``."""
        if _is_oci(self.chart) or _is_oci(self.repository):
            return "OCIRepository"
        return "HelmRepository" if self.repository else None

    def url(self) -> str:
        """Return the URL of Flux's source: of an OCI artifact without tag and digest, else the repository."""
        if _is_oci(self.chart):
            return _OCI + _REFERENCE.sub("", self.chart[len(_OCI) :])
        base = self.repository.rstrip("/")
        return f"{_OCI}{base[len(_OCI) :]}/{self.chart}" if _is_oci(base) else base

    @property
    def digest(self) -> str:
        """The digest of an OCI artifact, where its reference has one; else nothing."""
        found = _DIGEST.search(self.chart) if _is_oci(self.chart) else None
        return found[1] if found else ""


def _is_oci(reference: str) -> bool:
    return reference.lower().startswith(_OCI)


class _Literal(str):
    """Text that YAML shows in lines, as it was written."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes :class:`_Literal` as a literal block, and in quotes what another reader would not take for text.

    PyYAML knows YAML 1.1. Readers in Go, as of kustomize, Flux and Argo CD, take numbers of YAML 1.2 and of Go too
    (go-yaml, ``resolve``), so that ``rack: 08`` would become a number, which no label may be.
    """


def _as_block(dumper: yaml.SafeDumper, text: _Literal) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")


_OTHERWISE = re.compile(
    r"""
    [-+]?(\.[0-9][0-9_]*|[0-9][0-9_,]*(\.[0-9_]*)?)(e[-+]?[0-9]+)?
    |[-+]?0[xob][0-9a-f_]+
    |[-+]?0x[0-9a-f_]*(\.[0-9a-f_]*)?p[-+]?[0-9]+  # strconv.ParseFloat
    |[-+]?\.?(inf|infinity|nan)
    |[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([t\ ].*)?  # a time, with days and months of one digit too
    |[yn]|~|<<|=
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
"""Text that some reader of YAML takes for a number, a time, a truth value or a sign: in quotes it is text for all."""


def _as_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # go-yaml takes every "_" off before it looks for a number.
    otherwise = _OTHERWISE.fullmatch(text) or _OTHERWISE.fullmatch(text.replace("_", ""))
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'" if otherwise else None)


_Dumper.add_representer(_Literal, _as_block)
_Dumper.add_representer(str, _as_text)


def documents(objects: Sequence[Mapping[str, Any]]) -> str:
    """Return objects as YAML documents; keys keep their order, so that the same plan gives the same bytes."""
    text: str = yaml.dump_all(
        objects, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, explicit_start=True
    )
    return text


def masked_values(text: str) -> str:
    """Return a rendered file with Helm values, or what was found in its place, as a difference may show it.

    What cannot be read is shown as nothing: nobody knows what in it is a secret.
    """
    try:
        return documents([shown((), item) for item in documents_of(text) if item is not None]) if text else ""
    except (yaml.YAMLError, ValueError):
        return ""


def gitops_files(cluster: PlannedCluster, manifests: Sequence[str], source: ReleaseSource | None) -> dict[str, str]:
    """Return the text of each file that a cluster has beside its manifests and values, by its path below the cluster.

    Args:
        cluster: the cluster.
        manifests: names of its files below ``manifests``; without any there is nothing to apply.
        source: of Cilium's chart; None = no HelmRelease.
    """
    files = {}
    if manifests:
        files["manifests/kustomization.yaml"] = documents([_kustomization(manifests)])
    kind = source.flux_kind() if source and cluster["cilium_managed"] and not cluster["absent"] else None
    if source is not None and kind is not None:
        files["flux/source.yaml"] = documents([_flux_source(kind, source, cluster["cilium_version"])])
        files["flux/helmrelease.yaml"] = documents([_helm_release(kind, source, cluster)])
        files["flux/kustomization.yaml"] = documents([_kustomization(["source.yaml", "helmrelease.yaml"])])
    ambiguous = _ambiguous(cluster)
    for item in cluster["services"]:
        if item["manage"] == "metadata":
            path = f"metadata/{item['namespace']}/{item['name']}/kustomization.yaml"
            files[path] = documents([_metadata_component(item, ambiguous.get(item["name"], set()))])
    commands = _label_commands(cluster)
    if commands:
        files[SCRIPT] = commands
    return files


def hidden_values(cluster: PlannedCluster) -> list[str]:
    """Return the paths of a cluster's Helm values that may be secrets; none where its values are not rendered."""
    if not cluster["managed"] or (cluster["apply"] == OTHERS and cluster["absent"]):
        return []
    found = leaves(cluster["helm_values"]).items()
    return sorted(".".join(path) for path, value in found if shown(path, value) != value)


def gitops_notes(plan: PlanDocument, sources: Mapping[str, ReleaseSource]) -> list[str]:
    """Return what is to be known of the rendered files, and what else is to be done.

    Args:
        plan: the plan.
        sources: cluster -> where its chart comes from, for each cluster to which others apply.
    """
    notes = []
    for name, cluster in plan["clusters"].items():
        others = cluster["managed"] and cluster["apply"] == OTHERS
        if others and cluster["passwords"]:
            secrets = some([password_secret_name(password) for password in cluster["passwords"]])
            notes.append(
                f"{name}: Secrets of BGP passwords are not rendered for Git: {secrets} in namespace"
                f" {cluster['secrets_namespace']}, each with the key password. Give them to Flux or Argo CD encrypted"
                " (SOPS, External Secrets), in a folder of their own: without them these sessions do not come up"
            )
        hidden = hidden_values(cluster)
        if hidden:
            notes.append(
                f"{name}: Helm values are rendered in plain, and these may be secrets: {some(hidden)}. Take them out of"
                " the inventory, and name Secrets of the cluster in their place where the chart takes one"
            )
        if others:
            notes += _notes_for_others(name, cluster)
        source = sources.get(name)
        if others and source and cluster["cilium_managed"] and not cluster["absent"]:
            notes += _source_notes(name, source)
    return notes


def _notes_for_others(name: str, cluster: PlannedCluster) -> list[str]:
    """Return what the manifests of a cluster lack to which others apply."""
    notes = []
    if any((cluster["node_labels"] or {}).values()):
        notes.append(
            f"{name}: labels of its nodes are commands ({name}/{SCRIPT}), because a Node that is pruned is lost:"
            f" before each commit that changes that file run {label_command(name, cluster)}, or set the labels where"
            " the nodes are made. An object that selects nodes by them ends the sessions of nodes without them"
        )
    namespaces = sorted({item["namespace"] for item in cluster["services"] if item["object"] is not None})
    if namespaces and not cluster["absent"]:
        notes.append(
            f"{name}: Services are rendered into {some(namespaces)}, and no namespace is: one that is not there"
            " keeps Flux and Argo CD from applying anything of the folder, pools and sessions too"
        )
    if cluster["absent"]:
        notes.append(
            f"{name}: nothing is rendered, as it leaves (edge_state: absent): nobody prunes what Git lacks as a whole."
            f" Delete Flux's Kustomization of {name}/manifests, which has prune: true, or Argo CD's Application of it"
            " (argocd app delete), in the commit that removes the files; then run site.yml"
        )
    for service, found in _ambiguous(cluster).items():
        notes.append(
            f"{name}: Services of the name {service} are in {some(sorted(found))}: each Component finds its own by the"
            " namespace in the Service's file. Where a base sets the namespaces, name the Component in that base"
        )
    if not (cluster["absent"] or cluster["bgp"] or cluster["lb"] or namespaces):
        notes.append(
            f"{name}: nothing is left to be applied, so its folder manifests goes: Flux and Argo CD then prune"
            " nothing. Delete what they applied before, or leave the cluster to edge_state: absent first"
        )
    return notes


def _ambiguous(cluster: PlannedCluster) -> dict[str, set[str]]:
    """Return names of Services that get a Component, and that are in several namespaces: name -> namespaces."""
    found: dict[str, set[str]] = {}
    for item in cluster["services"]:
        if item["manage"] == "metadata":
            found.setdefault(item["name"], set()).add(item["namespace"])
    return {name: namespaces for name, namespaces in found.items() if len(namespaces) > 1}


def _source_notes(name: str, source: ReleaseSource) -> list[str]:
    """Return what a cluster's release for Flux lacks because of where its chart comes from."""
    if source.has_login:
        return [
            f"{name}: the login of the chart's repository is not rendered for Git: give Flux the Secret"
            f" {source.secret_name} in namespace {source.namespace}, with the keys username and password, encrypted"
            " (SOPS, External Secrets)"
        ]
    if source.unusable:
        return [f"{name}: no HelmRelease is rendered: {source.unusable}"]
    return []


def _kustomization(resources: Sequence[str]) -> dict[str, Any]:
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(resources),
    }


def _flux_source(kind: str, source: ReleaseSource, version: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"interval": _INTERVAL, "url": source.url()}
    if kind == "OCIRepository":
        # Without it Flux takes the first layer of the artifact, whatever that is.
        layer = {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "operation": "copy"}
        spec.update(ref={"digest": source.digest} if source.digest else {"tag": version}, layerSelector=layer)
    if source.has_login:
        spec["secretRef"] = {"name": source.secret_name}
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": kind,
        "metadata": {"name": source.name, "namespace": source.namespace},
        "spec": spec,
    }


def _helm_release(kind: str, source: ReleaseSource, cluster: PlannedCluster) -> dict[str, Any]:
    """Return the HelmRelease: in the release's own namespace and under its name, so that Flux takes a live one over."""
    reference = {"kind": kind, "name": source.name}
    if kind == "OCIRepository":
        chart: dict[str, Any] = {"chartRef": reference}
    else:
        spec = {"chart": source.chart, "version": cluster["cilium_version"], "sourceRef": reference}
        chart = {"chart": {"spec": spec}}
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": source.name, "namespace": source.namespace},
        "spec": {"interval": _INTERVAL, "releaseName": source.name, **chart, "values": cluster["helm_values"]},
    }


def _metadata_component(item: ServiceManifest, namespaces: set[str]) -> dict[str, Any]:
    """Return a Component that adds our labels and annotations to a Service where its owner's Kustomization has it.

    A part of the Service, applied beside its owner, would be a second owner of one object: Flux has one field manager
    for all its Kustomizations, so each would take the other's fields away, and Argo CD refuses shared resources or
    reports them. A patch in the owner's own build works with both. It is found by kind and name alone: the namespace
    may be set later in that build.

    Args:
        item: the Service.
        namespaces: those with a Service of this name that gets a Component; empty where it is the only one.
    """
    keys = {name: dict(item[name]) for name in ("labels", "annotations") if item[name]}
    part = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": item["name"], **keys}}
    patch = yaml.dump(part, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    target = {"version": "v1", "kind": "Service", "name": item["name"]}
    if namespaces:
        # A Service without one, whose namespace is set later in the build, is found as one of "default".
        other = [] if "default" in namespaces else ["default"]
        target["namespace"] = f"({'|'.join([item['namespace'], *other])})" if other else item["namespace"]
    return {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "patches": [{"target": target, "patch": _Literal(patch)}],
    }


def _label_commands(cluster: PlannedCluster) -> str:
    """Return a script that labels the nodes; empty where none has a label of ours."""
    lines = [
        shlex.join(["label", "node", node, "--overwrite", *(f"{key}={value}" for key, value in labels.items())])
        for node, labels in (cluster["node_labels"] or {}).items()
        if labels
    ]
    if not lines:
        return ""
    head = (
        "#!/bin/sh",
        f"# Labels of the nodes: sh {SCRIPT} [options of kubectl, such as --context NAME].",
        "# Run it before it is committed: what is committed with it selects nodes by them.",
        "# They are no manifests: a Node that is pruned is lost.",
        "set -eu",
    )
    return "\n".join([*head, *(f'kubectl "$@" {line}' for line in lines), ""])

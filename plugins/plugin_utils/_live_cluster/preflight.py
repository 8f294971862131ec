# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run needs before it may change a cluster: programs on the control machine, rights in the cluster.

All that lacks is told at once, each with what to install, or which rule an administrator has to grant.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._kubernetes.cilium_kinds import (
    NODE_CONFIG,
    OTHERS_PLURALS,
    PLURALS,
    READ_ONLY_PLURALS,
    plural_of,
)
from .._cilium.common import GROUP, Object
from .._findings.wording import MOST_NAMES, some
from .._kubernetes.values import is_false, is_true, truth, value_at
from .._versions.cilium import parse_version
from .._versions.cilium_chart import ADMISSION_SINCE, ENDPOINT_SLICE_SINCE, JOBS_SINCE, TLS_NAMESPACE_SINCE
from .._versions.controller import OLDEST, TOO_NEW, version_text
from .chart_adds import chart_adds
from .live_objects import place

EVERYWHERE = ""
"""In place of a namespace: the rules that hold in all of them, and for what has none."""

ALL = ""
"""In place of a name: the right to each object of the resource. A rule for single ones does not suffice."""
UNKNOWN = "*"
"""In place of a name: objects whose names are not known before. A rule for single ones may suffice."""

_WRITE = ("get", "create", "patch")
"""Verbs of a server-side apply: the writer reads first, and an object that is not there is created."""

HELM_WRITES: tuple[tuple[str, str, bool], ...] = (
    ("", "configmaps", True),
    ("", "secrets", True),
    ("", "serviceaccounts", True),
    ("", "services", True),
    ("apps", "daemonsets", True),
    ("apps", "deployments", True),
    ("rbac.authorization.k8s.io", "clusterrolebindings", False),
    ("rbac.authorization.k8s.io", "clusterroles", False),
    ("rbac.authorization.k8s.io", "rolebindings", True),
    ("rbac.authorization.k8s.io", "roles", True),
)
"""API group and resource of what Cilium's chart always holds, and whether it stands in the release's namespace."""

_SECRETS_NAMESPACE = "cilium-secrets"
SECRETS_NAMESPACES: Mapping[str, tuple[str, bool]] = {
    "bgpControlPlane": ("kube-system", False),
    "envoyConfig": (_SECRETS_NAMESPACE, True),
    "gatewayAPI": (_SECRETS_NAMESPACE, True),
    "ingressController": (_SECRETS_NAMESPACE, True),
}
"""Section of the chart's values, ``secretsNamespace`` of which has name and ``create`` where ``enabled`` is true."""


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One thing to be allowed."""

    group: str
    resource: str
    namespace: str
    """:data:`EVERYWHERE` where it must hold in all namespaces."""
    verb: str
    name: str = ALL
    """Of the one object that it is about; :data:`ALL` or :data:`UNKNOWN`."""

    def granted(self, rules: Mapping[str, Mapping[str, Any]]) -> bool:
        """Return whether the rules grant it.

        Args:
            rules: the ``status`` of a SelfSubjectRulesReview, by namespace. One that is incomplete may grant anything:
                an authorizer beside RBAC could not list its rules.
        """
        for namespace in (EVERYWHERE, self.namespace):
            found = rules.get(namespace)
            if found and (found.get("incomplete") or any(map(self._in, found.get("resourceRules") or []))):
                return True
        return False

    def _in(self, rule: Mapping[str, Any]) -> bool:
        wanted = {"apiGroups": self.group, "resources": self.resource, "verbs": self.verb}
        return self._is_named_in(rule) and all({"*", value} & set(rule.get(key) or []) for key, value in wanted.items())

    def _is_named_in(self, rule: Mapping[str, Any]) -> bool:
        """Return whether a rule is not for single objects, or for this one.

        A list, and a creation by POST, are requests without a name; one by server-side apply has a name
        (Kubernetes documentation, "Using RBAC Authorization", "Referring to resources").
        """
        names = rule.get("resourceNames") or []
        return not names or (self.name != ALL and self.name in (UNKNOWN, *names))


def rights(group: str, resource: str, verbs: Iterable[str], namespace: str = EVERYWHERE, name: str = ALL) -> set[Right]:
    """Return the rights to do several things to one resource, or to one object of it."""
    return {Right(group, resource, namespace, verb, name) for verb in verbs}


def kind_rights(plural: str) -> set[Right]:
    """Return what it needs to read all objects of a kind of Cilium's, and in which versions the cluster has it."""
    kind = rights("apiextensions.k8s.io", "customresourcedefinitions", ["get"], name=f"{plural}.{GROUP}")
    return kind | rights(GROUP, plural, ["list"])


def reading_rights(
    release_namespace: str, secrets_namespace: str, helm: bool, note: str, secrets: Iterable[str]
) -> set[Right]:
    """Return what reading needs, whatever is to be changed.

    Args:
        release_namespace: where the Helm release stands, with what this site noted of it.
        secrets_namespace: where Cilium reads BGP passwords.
        helm: whether the release is this site's to look at.
        note: the name of the ConfigMap in which the site notes what it made.
        secrets: names of the Secrets with planned passwords.
    """
    wanted = set()
    for plural in (*PLURALS.values(), *OTHERS_PLURALS.values(), READ_ONLY_PLURALS[NODE_CONFIG]):
        wanted |= kind_rights(plural)
    for resource in ("namespaces", "nodes", "services"):
        wanted |= rights("", resource, ["list"])
    wanted |= rights("", "secrets", ["list"], secrets_namespace)
    for name in secrets:
        wanted |= rights("", "secrets", ["get"], secrets_namespace, name)
    wanted |= rights("", "configmaps", ["get"], release_namespace, note)
    if helm:
        wanted |= rights("", "secrets", ["list"], release_namespace)
        wanted |= rights("", "secrets", ["get"], release_namespace, UNKNOWN)
        wanted |= rights("", "configmaps", ["list"], release_namespace)
    return wanted


def verifying_rights(namespace: str, note: str, agents: bool) -> set[Right]:
    """Return what the verification at the end of a run reads.

    Args:
        namespace: of Cilium, where its leases and its agents' pods are.
        note: the name of the ConfigMap in which the site notes what it made.
        agents: whether the word of an agent counts, because a router cannot be read.
    """
    wanted = rights("", "services", ["list"]) | rights("discovery.k8s.io", "endpointslices", ["list"])
    wanted |= rights("coordination.k8s.io", "leases", ["list"], namespace)
    wanted |= rights("", "configmaps", ["get"], namespace, note)
    for plural in (*PLURALS.values(), *READ_ONLY_PLURALS.values()):
        wanted |= rights(GROUP, plural, ["list"])
    return wanted | (rights("", "pods", ["list"], namespace) if agents else set())


def secrets_namespaces(values: Mapping[str, Any], version: str) -> dict[str, bool]:
    """Return the namespaces in which Cilium's chart has roles for Secrets, and whether it makes each of them.

    Args:
        values: all values of the release.
        version: of Cilium.

    Source: the chart's templates cilium-secrets-namespace.yaml, cilium-agent/role.yaml and cilium-operator/role.yaml.
    """
    asked = {section: usual for section, usual in SECRETS_NAMESPACES.items() if is_true(values, f"{section}.enabled")}
    if parse_version(version) >= TLS_NAMESPACE_SINCE:
        asked["tls"] = (_SECRETS_NAMESPACE, True)
    found: dict[str, bool] = {}
    for section, (usual, usually_made) in asked.items():
        written = value_at(values, f"{section}.secretsNamespace")
        written = written if isinstance(written, Mapping) else {}
        name = str(written.get("name", usual) or "")
        if name:
            found[name] = found.get(name, False) or truth(written.get("create", usually_made)) is True
    return found


def helm_rights(
    namespace: str,
    values: Mapping[str, Any],
    version: str,
    there: Container[str] = (),
    live: Mapping[str, Any] | None = None,
) -> set[Right]:
    """Return what an installation or upgrade of Cilium's chart needs.

    It is what the chart holds whatever the values are, and what values add (:data:`.chart_adds.CHART_ADDS`, the BGP
    control plane, the ingress controller and the Gateway API). SPIRE's server and the set-up of CoreDNS for
    ClusterMesh are left to Helm to tell. What live values add and planned ones do not, Helm deletes.
    Helm keeps its records in Secrets: it writes them again at its end, and deletes the oldest of them.

    Args:
        namespace: of the release.
        values: all its values.
        version: of Cilium.
        there: the objects that live, as :func:`.live_objects.place` names them; no namespace is to be made of these.
        live: all values of the release that runs; None: there is none.
    """
    wanted: set[Right] = set()
    for group, resource, where in _chart_objects(namespace, values, version):
        wanted |= rights(group, resource, ("get", "patch"), where, UNKNOWN)
        wanted |= rights(group, resource, ("create",), where)
    wanted |= _rights_to_added(namespace, values, version, live or {})
    for name, made in secrets_namespaces(values, version).items():
        if made:
            wanted |= rights("", "namespaces", ("get", "patch"), name=name)
            wanted |= set() if f"Namespace {name}" in there else rights("", "namespaces", ("create",))
    return wanted | rights("", "secrets", ("update", "delete"), namespace, UNKNOWN)


def _rights_to_added(namespace: str, values: Mapping[str, Any], version: str, live: Mapping[str, Any]) -> set[Right]:
    """Return what Helm needs for what values add to the chart, and to delete what live values alone add.

    Before 1.19 the chart's Jobs are hooks. Helm deletes a hook, makes it anew and watches it to its end. Since then
    they have another name when their content changes, and the one before is deleted.
    """
    wanted: set[Right] = set()
    planned = set(chart_adds(namespace, values))
    for _row, group, resource, where in planned:
        named: tuple[str, ...] = ("get", "patch")
        if resource == "jobs":
            hook = parse_version(version) < JOBS_SINCE
            named = ("get", "delete") if hook else ("get", "patch", "delete")
            wanted |= rights(group, resource, ("list", "watch") if hook else (), where)
        wanted |= rights(group, resource, named, where, UNKNOWN)
        wanted |= rights(group, resource, ("create",), where)
    for _row, group, resource, where in set(chart_adds(namespace, live)) - planned:
        wanted |= rights(group, resource, ("get", "delete"), where, UNKNOWN)
    return wanted


def _chart_objects(namespace: str, values: Mapping[str, Any], version: str) -> Iterator[tuple[str, str, str]]:
    """Yield API group, resource and namespace of what the chart holds, but the namespaces that it makes."""
    for group, resource, own in HELM_WRITES:
        yield group, resource, namespace if own else EVERYWHERE
    for where in secrets_namespaces(values, version):
        yield "rbac.authorization.k8s.io", "rolebindings", where
        yield "rbac.authorization.k8s.io", "roles", where
    if is_true(values, "ingressController.enabled"):
        slices = parse_version(version) >= ENDPOINT_SLICE_SINCE
        yield *(("discovery.k8s.io", "endpointslices") if slices else ("", "endpoints")), namespace
        yield "networking.k8s.io", "ingressclasses", EVERYWHERE
    if is_true(values, "gatewayAPI.enabled") and not is_false(values, "gatewayAPI.gatewayClass.create"):
        yield "gateway.networking.k8s.io", "gatewayclasses", EVERYWHERE
        if parse_version(version) >= ADMISSION_SINCE:
            yield "admissionregistration.k8s.io", "validatingadmissionpolicies", EVERYWHERE
            yield "admissionregistration.k8s.io", "validatingadmissionpolicybindings", EVERYWHERE


def writing_rights(apply: Iterable[Object], remove: Iterable[Object], there: Container[str] = ()) -> set[Right]:
    """Return what it needs to apply and to remove these objects.

    Args:
        apply: what is applied.
        remove: what is removed.
        there: the objects that live, as :func:`.live_objects.place` names them; nothing is to be made of these.
    """
    wanted: set[Right] = set()
    for verbs, objects in ((_WRITE, apply), (("get", "delete"), remove)):
        for item in objects:
            group = item["apiVersion"].rpartition("/")[0]
            resource = plural_of(item["kind"])
            lives = item["kind"] == "Node" or place(item) in there  # nodes are labelled, never made
            needed = tuple(verb for verb in verbs if not (lives and verb == "create"))
            metadata = item["metadata"]
            wanted |= rights(group, resource, needed, metadata.get("namespace") or EVERYWHERE, metadata["name"])
    return wanted


def lacking_rights(wanted: Iterable[Right], rules: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what is not granted, one text for each resource and place.

    Where the same is granted for some of the objects, those that lack it are named.
    """
    lacking: dict[tuple[str, str, str], list[Right]] = {}
    granted = set()
    for right in sorted(wanted):
        of = right.group, right.resource, right.namespace
        if right.granted(rules):
            granted.add((*of, right.verb))
        else:
            lacking.setdefault(of, []).append(right)
    texts = []
    for (group, resource, namespace), missing in lacking.items():
        verbs = ", ".join(dict.fromkeys(right.verb for right in missing))
        some_are = any((group, resource, namespace, right.verb) in granted for right in missing)
        names = list(dict.fromkeys(right.name for right in missing)) if some_are else []
        single = bool(names) and not {ALL, UNKNOWN} & set(names)
        name = f"{resource}.{group}" if group else resource
        what = f" ({some(names, MOST_NAMES)})" if single else ""
        where = f" in the namespace {namespace}" if namespace else ""
        by_name = f", resourceNames: [{', '.join(names)}]" if single and len(names) <= MOST_NAMES else ""
        texts.append(
            f"the account may not {verbs} {name}{what}{where}: grant it by a"
            f" {'Role' if namespace else 'ClusterRole'} (apiGroups: ['{group}'], resources: [{resource}],"
            f" verbs: [{verbs}]{by_name}), or name another account's kubeconfig (edge_cluster_kubeconfig)"
        )
    return texts


# -- programs ---------------------------------------------------------------------------------------------------------
_WAYS_OUT: Mapping[str, str] = {
    "ansible-core": "pip install 'ansible-core>={oldest}'",
    "kubernetes": "pip install 'kubernetes>={oldest}', into the Python that edge_cluster_python names",
    "helm": "install it (https://helm.sh/docs/intro/install/), or name another one: cilium_net_release_binary",
}


def lacking_programs(found: Mapping[str, str | None]) -> list[str]:
    """Return which programs and libraries are absent, too old or too new.

    Args:
        found: by name, the version; empty where it is there and its version is not known, None where it is absent.
    """
    return [text for name, version in found.items() for text in _program(name, version)]


def _program(name: str, version: str | None) -> Iterator[str]:
    oldest, newest = OLDEST[name], TOO_NEW.get(name)
    wanted = f"{version_text(oldest)} or newer" + (f", before {version_text(newest)}" if newest else "")
    way_out = _WAYS_OUT[name].format(oldest=version_text(oldest))
    if version is None:
        yield f"{name} is not there: {wanted} is needed ({way_out})"
        return
    numbers = _numbers(version)
    if numbers and (numbers < oldest or (newest and numbers >= newest)):
        yield f"{name} {version}: {wanted} is needed ({way_out})"


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers at the beginning of a version; none where it has none."""
    match = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return tuple(int(number) for number in match[1].split(".")) if match else ()


# -- other load balancers ---------------------------------------------------------------------------------------------
LOAD_BALANCERS: tuple[tuple[str, str], ...] = (
    # config/manifests of metallb/metallb: the label app
    (r"metallb", "MetalLB"),
    # k3s, pkg/cloudprovider/servicelb.go
    (r"svclb-", "servicelb of k3s"),
    # kube-vip's generated manifests, and manifest/kube-vip-cloud-controller.yaml of kube-vip-cloud-provider
    (r"kube-vip", "kube-vip"),
    # charts of purelb/purelb: the label app.kubernetes.io/name
    (r"purelb", "PureLB"),
    # deploy/openelb.yaml of openelb/openelb: openelb-manager, later openelb-controller and openelb-speaker
    (r"openelb", "OpenELB"),
    # OpenELB before it had this name (openelb/openelb #135)
    (r"porter-manager", "OpenELB"),
    # README.md and manifest of loxilb-io/kube-loxilb
    (r"kube-loxilb", "LoxiLB"),
    # chart of kubernetes-sigs/aws-load-balancer-controller
    (r"aws-load-balancer-controller", "the AWS Load Balancer Controller"),
    # chart of harvester/charts, which RKE2 holds too
    (r"harvester-cloud-provider", "the Harvester cloud provider"),
    # templates/daemonset.yaml of linode/linode-cloud-controller-manager's chart
    (r"ccm-linode", "a cloud controller"),
    # deployment.yaml of equinix/cloud-provider-equinix-metal
    (r"cloud-provider-equinix-metal", "a cloud controller"),
    # chart of kubernetes/cloud-provider-vsphere: the label app
    (r"vsphere-cpi", "a cloud controller"),
    # hcloud, digitalocean, cloudscale, openstack, vsphere and others: each one's manifests. Those of Talos and of
    # Proxmox know nodes alone (README.md of siderolabs/talos-cloud-controller-manager and of
    # sergelogvinov/proxmox-cloud-controller-manager)
    (r"(?!talos-|proxmox-).*cloud-controller-manager", "a cloud controller"),
)
"""How the names of their DaemonSets and Deployments, or the ``app`` labels of these, begin -> the load balancer."""
SERVICE_KEYS: Mapping[str, str] = {"kube-vip.io/": "kube-vip"}
"""How annotations begin by which a load balancer is known that may run as static pods alone -> the load balancer.

Source: kube-vip/kube-vip, ``pkg/manager``: it writes ``kube-vip.io/vipHost`` on each Service that it serves.
"""


def load_balancers(workloads: Sequence[Mapping[str, Any]], services: Iterable[Object] = ()) -> list[str]:
    """Return the load balancers beside Cilium that a cluster runs, each with one object by which it is known.

    Args:
        workloads: ``kind`` and ``metadata`` of DaemonSets and Deployments.
        services: the live Services.
    """
    found: dict[str, str] = {}
    for item in sorted(workloads, key=lambda item: (item["metadata"]["namespace"], item["metadata"]["name"])):
        metadata = item["metadata"]
        labels = metadata.get("labels") or {}
        words = [metadata["name"], labels.get("app") or "", labels.get("app.kubernetes.io/name") or ""]
        for pattern, name in LOAD_BALANCERS:
            if any(re.match(pattern, word) for word in words):
                found.setdefault(name, f"{name} ({item['kind']} {metadata['namespace']}/{metadata['name']})")
    for item in sorted(services, key=place):
        annotations = item["metadata"].get("annotations") or {}
        for prefix, name in SERVICE_KEYS.items():
            key = min((key for key in annotations if key.startswith(prefix)), default=None)
            if key is not None:
                found.setdefault(name, f"{name} (annotation {key} of {place(item)})")
    return sorted(found.values())

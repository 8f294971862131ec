# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run needs before it may change a cluster: rights, programs; and which other load balancers it names."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.preflight import (
    ALL,
    UNKNOWN,
    Right,
    helm_rights,
    lacking_programs,
    lacking_rights,
    load_balancers,
    reading_rights,
    rights,
    secrets_namespaces,
    writing_rights,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._versions.controller import OLDEST
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT


def rule(groups: str, resources: str, verbs: str, **more: Any) -> dict[str, Any]:
    return {"apiGroups": groups.split(","), "resources": resources.split(","), "verbs": verbs.split(","), **more}


def review(*rules: dict[str, Any], incomplete: bool = False) -> dict[str, Any]:
    return {"resourceRules": list(rules), "incomplete": incomplete}


ADMIN = {"": review(rule("*", "*", "*"))}


@pytest.mark.parametrize(
    ("rules", "granted"),
    [
        pytest.param(ADMIN, True, id="administrator"),
        pytest.param({"": review(rule("", "secrets", "get,list"))}, True, id="everywhere"),
        pytest.param({"": review(), "kube-system": review(rule("", "secrets", "get"))}, True, id="in the namespace"),
        pytest.param({"": review(), "media": review(rule("", "secrets", "get"))}, False, id="in another namespace"),
        pytest.param({"": review(rule("apps", "secrets", "get"))}, False, id="another group"),
        pytest.param({"": review(rule("", "secrets", "list"))}, False, id="another verb"),
        pytest.param({"": review(rule("", "configmaps", "get"))}, False, id="another resource"),
        pytest.param({"": review(rule("", "secrets", "get", resourceNames=["one"]))}, False, id="one object alone"),
        pytest.param({"": review(incomplete=True)}, True, id="an authorizer that cannot list its rules may grant it"),
    ],
)
def test_when_a_right_is_granted(rules: dict[str, Any], granted: bool) -> None:
    assert Right("", "secrets", "kube-system", "get").granted(rules) is granted


@pytest.mark.parametrize(
    ("name", "names", "granted"),
    [
        pytest.param("one", ["one"], True, id="the very object"),
        pytest.param("one", ["two", "one"], True, id="one of several"),
        pytest.param("one", ["two"], False, id="another object"),
        pytest.param(UNKNOWN, ["two"], True, id="a name that is not known may be the one"),
        pytest.param(ALL, ["one"], False, id="all objects"),
        pytest.param(ALL, [], True, id="a rule for all"),
    ],
)
def test_when_a_rule_for_single_objects_suffices(name: str, names: list[str], granted: bool) -> None:
    rules = {"": review(rule("", "secrets", "get", resourceNames=names))}
    assert Right("", "secrets", "kube-system", "get", name).granted(rules) is granted


def test_objects_that_lack_what_others_of_their_kind_have_are_named() -> None:
    wanted = {right for name in ("a", "b", "c") for right in rights("cilium.io", "pools", ["get", "patch"], name=name)}
    rules = {"": review(rule("cilium.io", "pools", "get,patch", resourceNames=["a"]))}
    assert lacking_rights(wanted, rules) == [
        "the account may not get, patch pools.cilium.io (b, c): grant it by a ClusterRole (apiGroups: ['cilium.io'],"
        " resources: [pools], verbs: [get, patch], resourceNames: [b, c]), or name another account's kubeconfig"
        " (edge_cluster_kubeconfig)"
    ]
    many = rights("", "secrets", ["get"], name="a")
    for number in range(9):
        many |= rights("", "secrets", ["get"], name=f"n{number}")
    (text,) = lacking_rights(many, {"": review(rule("", "secrets", "get", resourceNames=["a"]))})
    assert "secrets (n0, n1, n2, n3, n4 and 4 more): grant" in text
    assert "resourceNames" not in text


def test_lacking_rights_are_told_by_resource_and_place() -> None:
    wanted = rights("cilium.io", "ciliumloadbalancerippools", ["get", "patch"]) | rights(
        "", "secrets", ["get"], "kube-system"
    )
    rules = {"": review(rule("cilium.io", "*", "get"))}
    assert lacking_rights(wanted, rules) == [
        "the account may not get secrets in the namespace kube-system: grant it by a Role (apiGroups: [''], resources:"
        " [secrets], verbs: [get]), or name another account's kubeconfig (edge_cluster_kubeconfig)",
        "the account may not patch ciliumloadbalancerippools.cilium.io: grant it by a ClusterRole (apiGroups:"
        " ['cilium.io'], resources: [ciliumloadbalancerippools], verbs: [patch]), or name another account's kubeconfig"
        " (edge_cluster_kubeconfig)",
    ]
    assert lacking_rights(wanted, ADMIN) == []


def test_what_is_written_needs_its_rights() -> None:
    pool = {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", "metadata": {"name": "lb"}}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "p", "namespace": "kube-system"}}
    assert writing_rights([pool, node], [secret]) == (
        rights("cilium.io", "ciliumloadbalancerippools", ["get", "create", "patch"], name="lb")
        | rights("", "nodes", ["get", "patch"], name="n1")
        | rights("", "secrets", ["get", "delete"], "kube-system", "p")
    )
    assert writing_rights([pool], [], ["CiliumLoadBalancerIPPool lb"]) == rights(
        "cilium.io", "ciliumloadbalancerippools", ["get", "patch"], name="lb"
    )
    assert writing_rights([], []) == set()


def test_the_release_is_read_where_it_is_this_sites_alone() -> None:
    def reading(helm: bool) -> set[Right]:
        return reading_rights("cilium", "kube-system", helm, "cluster-edge-home", ["bgp-password-a"])

    secrets = rights("", "secrets", ["list"], "kube-system")
    single = rights("", "secrets", ["get"], "kube-system", "bgp-password-a")
    note = rights("", "configmaps", ["get"], "cilium", "cluster-edge-home")
    configmaps = rights("", "configmaps", ["list"], "cilium")
    assert secrets | single | note <= reading(helm=False)
    assert not configmaps & reading(helm=False)
    assert configmaps <= reading(helm=True)
    wanted = helm_rights("cilium", {}, "1.20.2")
    assert Right("apps", "daemonsets", "cilium", "patch", UNKNOWN) in wanted
    assert Right("apps", "daemonsets", "cilium", "create") in wanted


ROLES = "rbac.authorization.k8s.io"
ON = {"enabled": True}


@pytest.mark.parametrize(
    ("values", "version", "places"),
    [
        pytest.param({}, "1.16.19", {}, id="none before 1.17"),
        pytest.param({}, "1.17.0", {"cilium-secrets": True}, id="always from 1.17 on"),
        pytest.param({"tls": {"secretsNamespace": {"name": ""}}}, "1.20.2", {}, id="switched off"),
        pytest.param(
            {
                "bgpControlPlane": ON,
                "ingressController": {**ON, "secretsNamespace": {"name": "tls", "create": "false"}},
            },
            "1.20.2",
            {"cilium-secrets": True, "kube-system": False, "tls": False},
            id="of controllers",
        ),
        pytest.param(
            {"bgpControlPlane": {**ON, "secretsNamespace": {"create": True, "name": "bgp"}}, "gatewayAPI": ON},
            "1.16.0",
            {"bgp": True, "cilium-secrets": True},
            id="made by it",
        ),
        pytest.param({"bgpControlPlane": {"secretsNamespace": {"create": True}}}, "1.16.0", {}, id="off"),
    ],
)
def test_namespaces_in_which_the_chart_has_roles_for_secrets(
    values: dict[str, Any], version: str, places: dict[str, bool]
) -> None:
    assert secrets_namespaces(values, version) == places
    wanted = helm_rights("cilium", values, version)
    for name, made in places.items():
        assert Right(ROLES, "rolebindings", name, "create") in wanted
        assert (Right("", "namespaces", "", "patch", name) in wanted) is made


def test_a_namespace_that_is_there_is_not_to_be_made() -> None:
    create = Right("", "namespaces", "", "create", ALL)
    assert create in helm_rights("cilium", {}, "1.20.2")
    there = helm_rights("cilium", {}, "1.20.2", ["Namespace cilium-secrets"])
    assert create not in there
    assert Right("", "namespaces", "", "get", "cilium-secrets") in there


@pytest.mark.parametrize(
    ("values", "version", "resources"),
    [
        pytest.param({}, "1.20.2", set(), id="none"),
        pytest.param({"ingressController": ON}, "1.18.0", {"endpoints", "ingressclasses"}, id="ingress before 1.19"),
        pytest.param({"ingressController": ON}, "1.19.6", {"endpointslices", "ingressclasses"}, id="ingress"),
        pytest.param({"gatewayAPI": ON}, "1.19.6", {"gatewayclasses"}, id="Gateway API before 1.20"),
        pytest.param(
            {"gatewayAPI": ON},
            "1.20.2",
            {"gatewayclasses", "validatingadmissionpolicies", "validatingadmissionpolicybindings"},
            id="Gateway API",
        ),
        pytest.param({"gatewayAPI": {**ON, "gatewayClass": {"create": "false"}}}, "1.20.2", set(), id="no class"),
    ],
)
def test_what_controllers_add_to_the_chart(values: dict[str, Any], version: str, resources: set[str]) -> None:
    usual = {right.resource for right in helm_rights("cilium", {}, version)}
    assert {right.resource for right in helm_rights("cilium", values, version)} - usual - {"namespaces"} == resources


@pytest.mark.parametrize(
    ("name", "version", "told"),
    [
        pytest.param("helm", "v3.14.4", None, id="old enough"),
        pytest.param("helm", "v4.0.0", None, id="Helm 4"),
        pytest.param("helm", "v3.13.9", "helm v3.13.9: 3.14 or newer, before 5 is needed", id="too old"),
        pytest.param("helm", "v5.0.0-rc.1", "helm v5.0.0-rc.1: 3.14 or newer, before 5 is needed", id="too new"),
        pytest.param("helm", None, "helm is not there: 3.14 or newer, before 5 is needed", id="absent"),
        pytest.param("kubernetes", "", None, id="a version that its files do not tell"),
        pytest.param("kubernetes", "24.1.0", "kubernetes 24.1.0: 24.2 or newer is needed", id="a library"),
        pytest.param("ansible-core", "2.18.9", "ansible-core 2.18.9: 2.19 or newer is needed", id="Ansible"),
        pytest.param("ansible-core", "2.22.0rc1", None, id="a release candidate"),
    ],
)
def test_programs_that_are_too_old(name: str, version: str | None, told: str | None) -> None:
    assert [text.partition(" (")[0] for text in lacking_programs({name: version})] == ([told] if told else [])


def test_the_way_out_names_the_variable_or_the_package() -> None:
    texts = "\n".join(lacking_programs(dict.fromkeys(OLDEST)))
    for word in ("cilium_net_release_binary", "ansible-core>=2.19", "edge_cluster_python"):
        assert word in texts


def test_oldest_versions_are_those_that_the_collection_declares() -> None:
    written = {name: ".".join(map(str, numbers)) for name, numbers in OLDEST.items()}
    runtime = yaml.safe_load((CHECKOUT / "meta/runtime.yml").read_text("utf-8"))
    assert runtime["requires_ansible"] == f">={written['ansible-core']}.0"
    packages = (CHECKOUT / "meta/ee-requirements.txt").read_text("utf-8").splitlines()
    assert f"kubernetes>={written['kubernetes']}.0" in packages


def workload(kind: str, name: str, **labels: str) -> dict[str, Any]:
    namespace, _slash, own = name.partition("/")
    return {"kind": kind, "metadata": {"namespace": namespace, "name": own, "labels": labels}}


@pytest.mark.parametrize(
    ("workloads", "named"),
    [
        pytest.param(
            [
                workload("DaemonSet", "metallb-system/speaker", app="metallb"),
                workload("Deployment", "metallb-system/controller", app="metallb"),
            ],
            ["MetalLB (Deployment metallb-system/controller)"],
            id="MetalLB once",
        ),
        pytest.param(
            [workload("DaemonSet", "kube-system/svclb-traefik-1a2b")],
            ["servicelb of k3s (DaemonSet kube-system/svclb-traefik-1a2b)"],
            id="servicelb",
        ),
        pytest.param(
            [workload("DaemonSet", "kube-system/kube-vip-ds")],
            ["kube-vip (DaemonSet kube-system/kube-vip-ds)"],
            id="kube-vip",
        ),
        pytest.param(
            [workload("Deployment", "kube-system/hcloud-cloud-controller-manager")],
            ["a cloud controller (Deployment kube-system/hcloud-cloud-controller-manager)"],
            id="a cloud",
        ),
        pytest.param([workload("DaemonSet", "kube-system/cilium"), workload("Deployment", "apps/web")], [], id="none"),
    ],
)
def test_other_load_balancers_are_named(workloads: list[dict[str, Any]], named: list[str]) -> None:
    assert load_balancers(workloads) == named


@pytest.mark.parametrize(
    ("found", "named"),
    [
        pytest.param(
            "Deployment kube-system/aws-load-balancer-controller", "the AWS Load Balancer Controller", id="AWS"
        ),
        pytest.param("Deployment kube-system/harvester-cloud-provider", "the Harvester cloud provider", id="Harvester"),
        pytest.param("Deployment kube-system/kube-loxilb", "LoxiLB", id="LoxiLB"),
        pytest.param("Deployment porter-system/porter-manager", "OpenELB", id="OpenELB's older name"),
        pytest.param("DaemonSet openelb-system/openelb-speaker", "OpenELB", id="OpenELB"),
        pytest.param("Deployment kube-system/kube-vip-cloud-provider", "kube-vip", id="kube-vip's addresses"),
        pytest.param("DaemonSet kube-system/ccm-linode", "a cloud controller", id="Linode"),
        pytest.param("DaemonSet kube-system/vsphere-cpi", "a cloud controller", id="vSphere, the chart"),
        pytest.param("Deployment kube-system/cloud-provider-equinix-metal", "a cloud controller", id="Equinix Metal"),
        pytest.param("DaemonSet kube-system/vsphere-cloud-controller-manager", "a cloud controller", id="vSphere"),
        pytest.param(
            "DaemonSet kube-system/cloudscale-cloud-controller-manager", "a cloud controller", id="cloudscale"
        ),
        pytest.param(
            "Deployment kube-system/digitalocean-cloud-controller-manager", "a cloud controller", id="DigitalOcean"
        ),
        pytest.param("DaemonSet kube-system/cloud-controller-manager", "a cloud controller", id="of any name"),
        pytest.param(
            "Deployment kube-system/talos-cloud-controller-manager", None, id="Talos, which knows nodes alone"
        ),
        pytest.param("Deployment kube-system/proxmox-cloud-controller-manager", None, id="Proxmox, the same"),
    ],
)
def test_names_of_other_load_balancers(found: str, named: str | None) -> None:
    kind, _space, name = found.partition(" ")
    assert load_balancers([workload(kind, name)]) == ([f"{named} ({found})"] if named else [])


def service(name: str, **annotations: str) -> dict[str, Any]:
    return {"kind": "Service", "metadata": {"namespace": "apps", "name": name, "annotations": annotations}}


def test_a_load_balancer_of_static_pods_is_known_by_the_annotations_of_its_services() -> None:
    by_hand = service("web", **{"kube-vip.io/loadbalancerIPs": "10.0.0.9", "kube-vip.io/vipHost": "n1"})
    named = ["kube-vip (annotation kube-vip.io/loadbalancerIPs of Service apps/web)"]
    assert load_balancers([], [service("none"), service("other", **{"metallb.io/x": "y"}), by_hand]) == named
    daemon_set = [workload("DaemonSet", "kube-system/kube-vip-ds")]
    assert load_balancers(daemon_set, [by_hand]) == ["kube-vip (DaemonSet kube-system/kube-vip-ds)"]


RELAY_AND_UI = {"hubble": {"relay": ON, "ui": ON}}


@pytest.mark.parametrize(
    ("values", "group", "resource", "namespace"),
    [
        pytest.param({"hubble": {"tls": {"auto": {"method": "cronJob"}}}}, "batch", "cronjobs", "cilium", id="CronJob"),
        pytest.param(
            {"hubble": {"tls": {"auto": {"method": "certmanager"}}}},
            "cert-manager.io",
            "certificates",
            "cilium",
            id="cert-manager",
        ),
        pytest.param(
            {"operator": {"podDisruptionBudget": ON}}, "policy", "poddisruptionbudgets", "cilium", id="budget"
        ),
        pytest.param(
            {"hubble": {"ui": {**ON, "ingress": ON}}}, "networking.k8s.io", "ingresses", "cilium", id="Hubble UI"
        ),
        pytest.param(
            {"prometheus": {**ON, "serviceMonitor": {**ON, "namespace": "watch"}}},
            "monitoring.coreos.com",
            "servicemonitors",
            "watch",
            id="a monitor elsewhere",
        ),
    ],
)
def test_what_a_value_adds_is_made_and_deleted_with_it(
    values: dict[str, Any], group: str, resource: str, namespace: str
) -> None:
    of = group, resource, namespace
    added = {Right(*of, "patch", UNKNOWN), Right(*of, "create")}
    assert added <= helm_rights("cilium", values, "1.20.2")
    assert not added & helm_rights("cilium", {}, "1.20.2", live=values)
    delete = Right(*of, "delete", UNKNOWN)
    assert delete in helm_rights("cilium", {}, "1.20.2", live=values)
    assert delete not in helm_rights("cilium", values, "1.20.2", live=values)


def test_nothing_is_added_by_what_is_switched_off_above() -> None:
    off = {"hubble": {"enabled": False, "ui": {**ON, "ingress": ON}, "tls": {"auto": {"method": "cronJob"}}}}
    assert helm_rights("cilium", off, "1.20.2") == helm_rights("cilium", {}, "1.20.2")
    delete = Right("apps", "deployments", "cilium", "delete", UNKNOWN)
    assert delete in helm_rights("cilium", {}, "1.20.2", live=RELAY_AND_UI)
    assert delete not in helm_rights("cilium", RELAY_AND_UI, "1.20.2", live={})


@pytest.mark.parametrize(("version", "hook"), [("1.18.0", True), ("1.19.6", False)])
def test_jobs_of_certificates(version: str, hook: bool) -> None:
    wanted = helm_rights("cilium", {"hubble": {"tls": {"auto": {"method": "cronJob"}}}}, version)
    assert Right("batch", "jobs", "cilium", "delete", UNKNOWN) in wanted
    assert (Right("batch", "jobs", "cilium", "watch") in wanted) is hook
    assert (Right("batch", "jobs", "cilium", "patch", UNKNOWN) in wanted) is not hook

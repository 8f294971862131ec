# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is rendered for a cluster to which Flux or Argo CD applies."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.files import cluster_files, secret_files
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.gitops import (
    ReleaseSource,
    _flux_source,
    documents,
    gitops_notes,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.written import (
    digest,
    list_name,
    list_text,
    read_list,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_document, inventory_from

SOURCE = ReleaseSource("cilium", "kube-system", "cilium", "https://charts.invalid/")
SOURCES = {"platform": SOURCE}


def others(**changes: Any) -> Any:
    """Return the plan of the reference site, to whose cluster others apply; ``changes`` are variables of the cluster."""
    document = hybrid_document()
    cluster = document["all"]["children"]["edge_clusters"]["hosts"]["platform"]
    cluster.update({"edge_cluster_apply": "others", **changes})
    services = document["all"]["vars"]["edge_services"]
    services["media/jellyfin"] = {"pool": "private-service", "addresses": "10.122.0.172", "manage": "metadata"}
    return plan(inventory_from(document)).data


def loaded(text: str) -> dict[str, Any]:
    """Return the only document of a file."""
    (document,) = yaml.safe_load_all(text)
    return dict(document)


def test_the_whole_tree() -> None:
    assert sorted(cluster_files(others(), SOURCES)) == [
        "platform/charts/ingress-nginx-private/ingress-nginx-controller.values.yaml",
        "platform/charts/ingress-nginx-public/ingress-nginx-controller.values.yaml",
        "platform/flux/helmrelease.yaml",
        "platform/flux/kustomization.yaml",
        "platform/flux/source.yaml",
        "platform/manifests/bgp.yaml",
        "platform/manifests/kustomization.yaml",
        "platform/manifests/lb.yaml",
        "platform/manifests/services.yaml",
        "platform/metadata/media/jellyfin/kustomization.yaml",
        "platform/node-labels.sh",
        "platform/talos-patch-documents.yaml",
        "platform/talos-patch.yaml",
        "platform/values.yaml",
    ]


def test_its_bytes() -> None:
    files = cluster_files(others(), SOURCES)
    assert files["platform/manifests/kustomization.yaml"] == (
        "---\n"
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources:\n"
        "- bgp.yaml\n"
        "- lb.yaml\n"
        "- services.yaml\n"
    )
    assert files["platform/metadata/media/jellyfin/kustomization.yaml"] == (
        "---\n"
        "apiVersion: kustomize.config.k8s.io/v1alpha1\n"
        "kind: Component\n"
        "patches:\n"
        "- target:\n"
        "    version: v1\n"
        "    kind: Service\n"
        "    name: jellyfin\n"
        "  patch: |\n"
        "    apiVersion: v1\n"
        "    kind: Service\n"
        "    metadata:\n"
        "      name: jellyfin\n"
        "      labels:\n"
        "        cluster-edge.hybridnet/pool: private-service\n"
        "      annotations:\n"
        "        lbipam.cilium.io/ips: 10.122.0.172\n"
    )
    assert files["platform/node-labels.sh"].splitlines()[3:] == [
        "set -eu",
        'kubectl "$@" label node node01 --overwrite private= public=true',
        'kubectl "$@" label node node02 --overwrite private= public=true',
        'kubectl "$@" label node node03 --overwrite private= public=true',
        'kubectl "$@" label node node04 --overwrite private=',
    ]
    assert cluster_files(others(), SOURCES) == files


def test_the_helm_release_has_the_planned_version_and_values() -> None:
    data = others(edge_cilium_version="1.19.6")
    files = cluster_files(data, SOURCES)
    release = loaded(files["platform/flux/helmrelease.yaml"])
    assert release["apiVersion"] == "helm.toolkit.fluxcd.io/v2"
    assert release["metadata"] == {"name": "cilium", "namespace": "kube-system"}
    assert release["spec"] == {
        "interval": "10m",
        "releaseName": "cilium",
        "chart": {
            "spec": {
                "chart": "cilium",
                "version": "1.19.6",
                "sourceRef": {"kind": "HelmRepository", "name": "cilium"},
            }
        },
        "values": loaded(files["platform/values.yaml"]),
    }
    source = loaded(files["platform/flux/source.yaml"])
    assert (source["kind"], source["spec"]["url"]) == ("HelmRepository", "https://charts.invalid")


@pytest.mark.parametrize(
    ("chart", "repository"), [("oci://charts.invalid/cilium", ""), ("cilium", "oci://charts.invalid/")]
)
def test_a_chart_of_an_oci_registry(chart: str, repository: str) -> None:
    source = ReleaseSource("cilium", "kube-system", chart, repository)
    files = cluster_files(others(edge_cilium_version="1.19.6"), {"platform": source})
    spec = loaded(files["platform/flux/helmrelease.yaml"])["spec"]
    assert spec["chartRef"] == {"kind": "OCIRepository", "name": "cilium"}
    assert "chart" not in spec
    found = loaded(files["platform/flux/source.yaml"])
    assert found["kind"] == "OCIRepository"
    assert found["spec"]["url"] == "oci://charts.invalid/cilium"
    assert found["spec"]["ref"] == {"tag": "1.19.6"}


def test_a_chart_in_a_folder_is_nothing_for_flux() -> None:
    sources = {"platform": source_of("/srv/cilium", "")}
    assert not [path for path in cluster_files(others(), sources) if "/flux/" in path]
    assert any(
        note == "platform: no HelmRelease is rendered: cilium_net_release_chart is /srv/cilium, and Flux reads a"
        " chart by its name in a repository, or an OCI artifact (a chart's name with cilium_net_release_chart_repo, or an"
        " oci:// reference)"
        for note in gitops_notes(others(), sources)
    )


def source_of(chart: str, repository: str) -> ReleaseSource:
    """Return the source of variables of the role, as a user writes them."""
    own = {"name": "cilium", "namespace": "kube-system", "chart": chart, "chart_repo": repository}
    return ReleaseSource.of({f"cilium_net_release_{key}": value for key, value in own.items()})


def test_login_of_a_chart_repository_is_in_no_file_and_a_secret_is_named() -> None:
    sources = {"platform": source_of("cilium", "https://me:geheim@charts.invalid/stable")}
    files = cluster_files(others(), sources)
    assert loaded(files["platform/flux/source.yaml"])["spec"] == {
        "interval": "10m",
        "url": "https://charts.invalid/stable",
        "secretRef": {"name": "cilium-chart-repository"},
    }
    notes = gitops_notes(others(), sources)
    assert (
        "platform: the login of the chart's repository is not rendered for Git: give Flux the Secret"
        " cilium-chart-repository in namespace kube-system, with the keys username and password, encrypted (SOPS, External"
        " Secrets)"
    ) in notes
    assert "geheim" not in json.dumps([files, notes])
    assert source_of("cilium", "https://charts.invalid/stable").has_login is False


@pytest.mark.parametrize(
    ("chart", "repository", "why"),
    [
        (
            "cilium",
            "https://geheim@charts.invalid/",
            "cilium_net_release_chart_repo: its URL holds more than a user and a",
        ),
        (
            "cilium",
            "https://charts.invalid/?sig=geheim",
            "cilium_net_release_chart_repo: its URL holds more than a user",
        ),
        ("oci://me:geheim@charts.invalid/cilium", "", "cilium_net_release_chart: holds a login or a query"),
        ("https://me:geheim@charts.invalid/cilium.tgz", "", "cilium_net_release_chart: holds a login or a query"),
    ],
)
def test_what_no_secret_of_flux_can_hold_is_not_rendered(chart: str, repository: str, why: str) -> None:
    sources = {"platform": source_of(chart, repository)}
    files, notes = cluster_files(others(), sources), gitops_notes(others(), sources)
    assert not [path for path in files if "/flux/" in path]
    assert any(note.startswith(f"platform: no HelmRelease is rendered: {why}") for note in notes)
    assert "geheim" not in json.dumps([files, notes])


def test_a_release_of_somebody_else_is_values_alone() -> None:
    files = cluster_files(others(edge_cilium_managed=False), SOURCES)
    assert "platform/values.yaml" in files
    assert not [path for path in files if "/flux/" in path]


def test_no_secret_and_what_to_do_instead() -> None:
    data = others(edge_bgp_passwords={"public-ingress": "geheim"})
    assert secret_files(data, {"platform": {"public-ingress": "geheim"}}) == {}
    assert gitops_notes(data, SOURCES)[0] == (
        "platform: Secrets of BGP passwords are not rendered for Git: bgp-password-public-ingress in namespace"
        " kube-system, each with the key password. Give them to Flux or Argo CD encrypted (SOPS, External Secrets):"
        " without them these sessions do not come up"
    )


def test_labels_that_are_not_ours_are_no_commands() -> None:
    data = others(edge_cluster_manage_labels=False)
    assert "platform/node-labels.sh" not in cluster_files(data, SOURCES)
    assert not any("node-labels.sh" in note for note in gitops_notes(data, SOURCES))


def test_namespaces_that_somebody_has_to_make_are_named() -> None:
    """Flux tries all objects of a Kustomization before it applies any."""
    (note,) = [text for text in gitops_notes(others(), SOURCES) if "namespace is" in text]
    assert note.startswith("platform: Services are rendered into affine, dummy, and no namespace is")


def test_a_folder_that_goes_is_told() -> None:
    """The last pool and the last peering leave: nobody prunes what is not in Git at all any more."""
    data = others()
    data["clusters"]["platform"].update(bgp=[], lb=[], services=[])
    assert any("its folder manifests goes" in note for note in gitops_notes(data, SOURCES))
    assert not any("its folder manifests goes" in note for note in gitops_notes(others(), SOURCES))


def test_an_absent_cluster_has_no_file() -> None:
    """Whoever applies prunes what is gone from Git."""
    assert cluster_files(others(edge_state="absent"), SOURCES) == {}


def test_to_a_cluster_of_ours_nothing_is_added() -> None:
    data = others(edge_cluster_apply="ours")
    assert sorted(cluster_files(data, SOURCES)) == [
        "platform/charts/ingress-nginx-private/ingress-nginx-controller.values.yaml",
        "platform/charts/ingress-nginx-public/ingress-nginx-controller.values.yaml",
        "platform/manifests/bgp.yaml",
        "platform/manifests/lb.yaml",
        "platform/manifests/nodes.yaml",
        "platform/manifests/services.yaml",
        "platform/talos-patch-documents.yaml",
        "platform/talos-patch.yaml",
        "platform/values.yaml",
    ]
    assert gitops_notes(data, SOURCES) == []


# -- what was rendered before --------------------------------------------------------------------------------------
def test_the_list_is_read_as_it_was_written() -> None:
    texts = {"home/values.yaml": "a: 1\n", "gw/frr.conf": "router bgp 1\n"}
    assert list_name("edge") == ".cluster-edge-edge.json"
    assert read_list(list_text(texts), "list") == {path: digest(path, text) for path, text in texts.items()}
    assert list_text(dict(reversed(texts.items()))) == list_text(texts)
    assert read_list(None, "list") == {}


def test_a_password_is_no_part_of_a_digest() -> None:
    """A list stands in Git: with a digest of it, a password could be tried."""
    lines = "router bgp 1\n neighbor a password {}\n"
    assert digest("gw/frr.conf", lines.format("one")) == digest("gw/frr.conf", lines.format("two"))
    secret = "kind: Secret\ndata:\n  password: {}\n"
    path = "home/manifests/secrets.yaml"
    assert digest(path, secret.format("b25l")) == digest(path, secret.format("dHdv"))
    assert digest(path, secret.format("b25l")) != digest(path, secret.format("b25l") + "more: 1\n")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "list: is no JSON: "),
        ("[]", "list: is no list of rendered files of format 1"),
        ('{"format": 2, "files": {}}', "list: is no list of rendered files of format 1"),
        (json.dumps({"format": 1, "files": {"a": 1}}), "list: is no list of rendered files of format 1"),
        (json.dumps({"format": 1, "files": {"../a": ""}}), "list: names '../a', which is outside its folder"),
        (json.dumps({"format": 1, "files": {"/etc/a": ""}}), "list: names '/etc/a', which is outside its folder"),
        (json.dumps({"format": 1, "files": {"": ""}}), "list: names '', which is outside its folder"),
    ],
)
def test_a_damaged_list_is_refused(text: str, problem: str) -> None:
    with pytest.raises(EdgeError) as caught:
        read_list(text, "list")
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    "text", ["08", "09", "1e3", "12e5", "0o17", "0x1f", "y", "N", "1_000", "1,000", ".5", "-.inf", "~"]
)
def test_text_stays_text_for_every_reader(text: str) -> None:
    """Readers in Go take some of these for numbers, and a label that is no text is refused with all beside it."""
    rendered = documents([{"metadata": {"labels": {"rack": text}}}])
    assert f"rack: '{text}'" in rendered
    assert yaml.safe_load(rendered)["metadata"]["labels"] == {"rack": text}


@pytest.mark.parametrize("text", ["192.0.2.1", "a08", "1.19.6", "08-a", "2001:db8::1", "rack 8"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert f"rack: {text}\n" in documents([{"rack": text}])


DIGEST = f"sha256:{'ab' * 32}"


@pytest.mark.parametrize(
    ("chart", "repository", "kind", "url", "ref"),
    [
        ("cilium", "https://charts.example.org", "HelmRepository", "https://charts.example.org", None),
        ("oci://r.example.org/c/cilium", "", "OCIRepository", "oci://r.example.org/c/cilium", {"tag": "1.20.2"}),
        ("OCI://r.example.org/c/cilium:1.20.2", "", "OCIRepository", "oci://r.example.org/c/cilium", {"tag": "1.20.2"}),
        (
            f"oci://r.example.org:5000/cilium@{DIGEST}",
            "",
            "OCIRepository",
            "oci://r.example.org:5000/cilium",
            {"digest": DIGEST},
        ),
        ("cilium", "oci://r.example.org/c", "OCIRepository", "oci://r.example.org/c/cilium", {"tag": "1.20.2"}),
    ],
    ids=["a repository", "an artifact", "with a tag", "with a digest", "a repository of artifacts"],
)
def test_flux_is_told_where_the_chart_is(chart: str, repository: str, kind: str, url: str, ref: Any) -> None:
    source = source_of(chart, repository)
    assert (source.unusable, source.flux_kind(), source.url()) == ("", kind, url)
    assert _flux_source(kind, source, "1.20.2")["spec"].get("ref") == ref


@pytest.mark.parametrize(
    "chart", ["/srv/charts/cilium", "./cilium", "cilium-1.20.2.tgz", "https://example.org/cilium.tgz"]
)
def test_a_chart_that_flux_cannot_read_is_told_with_the_repository_at_its_default(chart: str) -> None:
    source = source_of(chart, "https://charts.example.org")
    assert (chart in source.unusable, source.flux_kind()) == (True, None)

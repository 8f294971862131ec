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
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.files import (
    cluster_files,
    private_files,
    secret_files,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.gitops import (
    ReleaseSource,
    _flux_source,
    documents,
    gitops_notes,
    masked_values,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.written import (
    check_ends,
    check_pruned,
    digest,
    gone_notes,
    is_changed,
    list_name,
    list_text,
    read_list,
    removal_notes,
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
    assert files["platform/node-labels.sh"].splitlines()[4:] == [
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
        " kube-system, each with the key password. Give them to Flux or Argo CD encrypted (SOPS, External Secrets),"
        " in a folder of their own: without them these sessions do not come up"
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


def test_services_of_one_name_do_not_patch_each_other() -> None:
    """kustomize finds a Service without a namespace as one of "default" (api/resmap, Select)."""
    data = others()
    (jellyfin,) = [item for item in data["clusters"]["platform"]["services"] if item["name"] == "jellyfin"]
    data["clusters"]["platform"]["services"].append({**jellyfin, "namespace": "web"})
    files = cluster_files(data, SOURCES)
    targets = [
        loaded(files[f"platform/metadata/{namespace}/jellyfin/kustomization.yaml"])["patches"][0]["target"]
        for namespace in ("media", "web")
    ]
    assert [item["namespace"] for item in targets] == ["(media|default)", "(web|default)"]
    (note,) = [text for text in gitops_notes(data, SOURCES) if "of the name" in text]
    assert note == (
        "platform: Services of the name jellyfin are in media, web: each Component finds its own by the namespace in"
        " the Service's file. Where a base sets the namespaces, name the Component in that base"
    )
    data["clusters"]["platform"]["services"].append({**jellyfin, "namespace": "default"})
    target = loaded(cluster_files(data, SOURCES)["platform/metadata/media/jellyfin/kustomization.yaml"])
    assert target["patches"][0]["target"]["namespace"] == "media"


@pytest.mark.parametrize(
    ("changes", "private"),
    [
        pytest.param({}, set(), id="no value that may be a secret"),
        pytest.param(
            {"edge_cilium_values": {"hubble": {"tls": {"ca": {"key": "geheim"}}}}},
            {"platform/values.yaml", "platform/flux/helmrelease.yaml"},
            id="one",
        ),
        pytest.param(
            {"edge_cilium_values": {"hubble": {"tls": {"ca": {"key": "geheim"}}}}, "edge_cluster_apply": "ours"},
            {"platform/values.yaml", "platform/flux/helmrelease.yaml"},
            id="one, in a cluster of ours",
        ),
    ],
)
def test_values_that_may_be_secrets_are_named_and_private(changes: dict[str, Any], private: set[str]) -> None:
    data = others(**changes)
    assert private_files(data) == private
    told = [note for note in gitops_notes(data, SOURCES) if "may be secrets" in note]
    said = "platform: Helm values are rendered in plain, and these may be secrets: hubble.tls.ca.key"
    assert [note.partition(". ")[0] for note in told] == ([said] if private else [])


def test_an_absent_cluster_has_no_file() -> None:
    """Flux fails on a path that is gone, and prunes nothing: what is to be done is said."""
    data = others(edge_state="absent")
    assert cluster_files(data, SOURCES) == {}
    assert gitops_notes(data, SOURCES) == [
        "platform: nothing is rendered, as it leaves (edge_state: absent): nobody prunes what Git lacks as a whole. Delete"
        " Flux's Kustomization of platform/manifests, which has prune: true, or Argo CD's Application of it (argocd app"
        " delete), in the commit that removes the files; then run site.yml"
    ]
    assert not any("it leaves" in note for note in gitops_notes(others(), SOURCES))
    assert gone_notes(["platform/values.yaml"], ["udm-pro/frr.conf"], {"platform"}) == []


def test_labels_are_to_be_set_before_a_commit() -> None:
    """The selector that is committed asks for them, and matches no node until they are set."""
    data = others(edge_cluster_context="home")
    (note,) = [text for text in gitops_notes(data, SOURCES) if "node-labels.sh" in text]
    assert "before each commit that changes that file run sh platform/node-labels.sh --" in note
    assert " --context home, or set the labels where the nodes are made" in note
    assert "# Run it before it is committed: " in cluster_files(data, SOURCES)["platform/node-labels.sh"]


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
    assert str(caught.value).endswith(
        "(where a merge left it so, take either side of it as a whole; else take the file away; then what an earlier"
        " rendering left is yours to remove)"
    )


@pytest.mark.parametrize(
    "text",
    [
        *("08", "09", "1e3", "12e5", "0o17", "0x1f", "y", "N", "1_000", "1,000", ".5", "-.inf", "~"),
        *("2001-1-1", "2001-01-1", "2001-1-1 10:2:3", "2001-1-1T10:2:3Z", "0x1p-2", "-0X1.8P+3", "Infinity", "NaN"),
        *("0_x1f", "0_o7", "0_b1", "1e_3", "-_5", "_.5e1"),  # go-yaml takes each "_" off first
    ],
)
def test_text_stays_text_for_every_reader(text: str) -> None:
    """Readers in Go take some of these for numbers, and a label that is no text is refused with all beside it."""
    rendered = documents([{"metadata": {"labels": {"rack": text}}}])
    assert f"rack: '{text}'" in rendered
    assert yaml.safe_load(rendered)["metadata"]["labels"] == {"rack": text}


@pytest.mark.parametrize(
    "text", ["192.0.2.1", "a08", "1.19.6", "08-a", "2001:db8::1", "rack 8", "2001-1", "info", "rack_8", "_"]
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert f"rack: {text}\n" in documents([{"rack": text}])


@pytest.mark.parametrize(
    ("found", "told"),
    [
        pytest.param("peer: 65001:10\n", "---\npeer: '65001:10'\n", id="no number in base 60"),
        pytest.param("password: hunter2\n", "---\npassword: (not shown)\n", id="a secret"),
        pytest.param("since: 2024-13-45\n", "", id="a date that there is not"),
        pytest.param("a: [\n", "", id="no YAML"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_values_that_were_found_are_told_as_kubectl_reads_them(found: str, told: str) -> None:
    assert masked_values(found) == told


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


# -- what a rendering must not take away -----------------------------------------------------------------------------
def refused(check: Any, *arguments: Any) -> str:
    """Return why a check refuses; empty where it does not."""
    try:
        check(*arguments)
    except EdgeError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("listed", "ends", "is_refused"),
    [
        pytest.param([], {"home"}, False, id="no list"),
        pytest.param(["home-a/values.yaml", "gw/frr.conf"], {"gw", "home-a"}, False, id="the same ends"),
        pytest.param(["home-a/values.yaml", "gw/frr.conf"], {"gw", "house"}, False, id="a renamed cluster"),
        pytest.param(["home-a/values.yaml", "gw-a/frr.conf"], {"gw-b", "home-b"}, True, id="another inventory"),
        pytest.param(["home-a/manifests/lb.yaml"], {"home"}, True, id="a name that begins the same"),
    ],
)
def test_another_inventory_does_not_remove_what_one_has_rendered(
    listed: list[str], ends: set[str], is_refused: bool
) -> None:
    error = refused(check_ends, dict.fromkeys(listed, ""), ends, "out/list")
    names = ", ".join(sorted({path.split("/")[0] for path in listed}))
    assert error == (
        ""
        if not is_refused
        else f"edge_render_dir: out/list lists files of {names}, and none of a router or a cluster of this inventory: this"
        " rendering would remove what another inventory has rendered (give one of the two inventories another"
        " edge_site_name, or render into another folder; where it is the same site, with all of its ends renamed: take"
        " the file away; then what an earlier rendering left is yours to remove)"
    )


MANIFESTS = ["home/manifests/bgp.yaml", "home/manifests/kustomization.yaml"]


@pytest.mark.parametrize(
    ("stale", "there", "left"),
    [
        pytest.param(MANIFESTS, MANIFESTS, "", id="the folder goes"),
        pytest.param(MANIFESTS, [*MANIFESTS, "home/values.yaml"], "", id="a file beside the folder"),
        pytest.param(
            MANIFESTS, [*MANIFESTS, "home/manifests/mine.yaml"], "home/manifests/mine.yaml", id="a file of mine"
        ),
        pytest.param(MANIFESTS, [*MANIFESTS, "home/manifests/a/b.yaml"], "home/manifests/a/b.yaml", id="one below"),
        pytest.param(MANIFESTS[1:], MANIFESTS, "home/manifests/bgp.yaml", id="the run applies from now on"),
        pytest.param(MANIFESTS[:1], [*MANIFESTS, "home/manifests/mine.yaml"], "", id="the Kustomization stays"),
        pytest.param(
            ["home/flux/kustomization.yaml"],
            ["home/flux/kustomization.yaml", "home/flux/mine.yaml"],
            "home/flux/mine.yaml",
            id="Cilium's",
        ),
        pytest.param(
            ["home/metadata/a/b/kustomization.yaml"],
            ["home/metadata/a/b/kustomization.yaml", "home/metadata/a/b/mine.yaml"],
            "",
            id="a Component, which nothing prunes",
        ),
    ],
)
def test_a_kustomization_goes_with_its_whole_folder_alone(stale: list[str], there: list[str], left: str) -> None:
    error = refused(check_pruned, stale, there)
    folder = stale[-1].rpartition("/")[0]
    assert error == (
        ""
        if not left
        else f"edge_render_dir: {folder}/kustomization.yaml would go, and {left} would stay: Flux and Argo CD would take"
        " what is left for all that is wanted there, and prune everything else"
        f" (move what stays out of {folder}; or take Flux's Kustomization or Argo CD's Application of this folder away,"
        f" then delete {folder}/kustomization.yaml yourself)"
    )


@pytest.mark.parametrize(
    ("found", "text", "listed", "changed"),
    [
        pytest.param("a", "a", "a", False, id="nothing changed"),
        pytest.param("a", "b", "a", False, id="the inventory changed"),
        pytest.param("mine", "a", "a", True, id="the user changed it"),
        pytest.param("mine", "b", "a", True, id="both changed"),
        pytest.param("b", "b", "a", False, id="a rendering was cut off before its list"),
        pytest.param("mine", "a", None, False, id="never rendered"),
    ],
)
def test_a_file_that_the_user_changed_is_told_from_a_rendered_one(
    found: str, text: str, listed: str | None, changed: bool
) -> None:
    path = "home/manifests/bgp.yaml"
    known = {} if listed is None else {path: digest(path, listed)}
    assert is_changed(path, found, text, known) is changed


def test_what_a_user_s_own_files_name_is_told_when_it_goes() -> None:
    removed = [
        "home/charts/media/jellyfin.values.yaml",
        "home/manifests/kustomization.yaml",
        "home/metadata/media/jellyfin/kustomization.yaml",
    ]
    assert removal_notes(removed) == [
        "home/charts/media/jellyfin.values.yaml: the values of a chart are removed: take the file out of what names it in"
        " the same commit",
        "home/metadata/media/jellyfin: the Component is removed: take it out of components in its owner's"
        " kustomization.yaml in the same commit, or that build fails",
    ]


@pytest.mark.parametrize(
    ("removed", "written", "ends"),
    [
        pytest.param(
            ["home-a/values.yaml"], ["udm/frr.conf", "home-b/values.yaml"], ["home-a"], id="of another inventory"
        ),
        pytest.param(["home/flux/source.yaml"], ["home/values.yaml"], [], id="a part of a cluster"),
        pytest.param([], ["home/values.yaml"], [], id="nothing"),
    ],
)
def test_an_end_of_which_nothing_is_left_is_told(removed: list[str], written: list[str], ends: list[str]) -> None:
    """Both inventories have a router of this name, so the list does not tell them apart."""
    assert gone_notes(removed, written) == [
        f"{end}: all of its files are removed, as they are not of this rendering. If another inventory of the same"
        " edge_site_name has rendered them, take them back from Git, and give one of the two another edge_site_name"
        for end in ends
    ]

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder that playbooks/render.yml writes into again and again, beside files of the user's."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.action import edge_render
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import DOCS
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import PlaybookRun, run_playbook

pytestmark = pytest.mark.ansible

SITE: dict[str, Any] = {
    "edge_networks": {"lan": {"cidr": "192.0.2.0/25"}},
    "edge_peerings": {"k8s": {}},
    "edge_pools": {"lb": {"addresses": "192.0.2.128/25"}},
    "edge_bgp_passwords": {"k8s": "geheim"},
}


def render(
    tmp_path: Path, folder: Path, cluster: str, *options: str, router: str = "udm", **variables: Any
) -> PlaybookRun:
    """Render the smallest site, to whose cluster others apply, into a folder."""
    inventory = tmp_path / "hosts.yml"
    own = {"edge_cluster_asn": 64701, "edge_cilium_version": "1.20.2", "edge_cluster_apply": "others", **variables}
    groups = {
        "edge_routers": {"hosts": {router: {"ansible_host": "192.0.2.1", "edge_router_asn": 64700}}},
        "edge_clusters": {"hosts": {cluster: own}},
        "edge_nodes": {"hosts": {"k1": {"ansible_host": "192.0.2.11", "edge_node_labels": {"rack": "a"}}}},
    }
    inventory.write_text(json.dumps({"all": {"vars": SITE, "children": groups}}), encoding="utf-8")
    return run_playbook("render.yml", inventory, f"edge_render_dir={folder}", options=options)


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


OURS = [
    "flux/helmrelease.yaml",
    "flux/kustomization.yaml",
    "flux/source.yaml",
    "manifests/bgp.yaml",
    "manifests/kustomization.yaml",
    "manifests/lb.yaml",
    "node-labels.sh",
    "values.yaml",
]


@pytest.mark.long
def test_the_documented_comparison_of_two_renderings_names_the_changed_files_alone(tmp_path: Path) -> None:
    render(tmp_path, tmp_path / "before", "home").check(0)
    render(tmp_path, tmp_path / "after", "home", edge_cilium_version="1.20.1").check(0)
    (command,) = [
        line for line in (DOCS / "change-control.md").read_text("utf-8").splitlines() if line.startswith("diff ")
    ]
    shown = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    named = {line.split()[1] for line in shown.stdout.splitlines() if line.startswith("+++ ")}
    assert named == {"after/home/flux/helmrelease.yaml"}
    assert shown.returncode == 1


def test_a_renamed_cluster_leaves_nothing_but_the_user_s_own_files(tmp_path: Path) -> None:
    folder = tmp_path / "clusters"
    render(tmp_path, folder, "old").check(0)
    assert sorted(tree(folder)) == sorted(
        [".cluster-edge-edge.json", "udm/frr.conf", *(f"old/{path}" for path in OURS)]
    )
    (folder / "old/mine").mkdir()
    (folder / "old/mine/secret.yaml").write_text("kind: Secret\n")
    (folder / "old/values.yaml").write_text("debug: {enabled: true}\n")
    preview = render(tmp_path, folder, "new", "--check")
    preview.check(0)
    assert "old/manifests/bgp.yaml" in tree(folder)
    assert "removed: old/manifests/bgp.yaml" in preview.output
    assert f"These files would be in {folder}" in preview.output
    run = render(tmp_path, folder, "new")
    run.check(0)
    assert f"These files are in {folder}" in run.output
    lines = [line.strip() for line in run.output.splitlines()]
    place = lines.index(f"These files are in {folder}")
    assert lines[place - 2 : place] == ["- new/values.yaml", "- udm/frr.conf"]
    assert "old/values.yaml: an earlier rendering wrote it, and it was changed since: it is left there" in " ".join(
        run.output.split()
    )
    kept = ["old/mine/secret.yaml", "old/values.yaml"]
    assert sorted(tree(folder)) == sorted(
        [".cluster-edge-edge.json", "udm/frr.conf", *kept, *(f"new/{path}" for path in OURS)]
    )
    assert not (folder / "old/flux").exists()
    before = tree(folder)
    again = render(tmp_path, folder, "new")
    again.check(0)
    assert tree(folder) == before
    assert "changed=0" in again.output
    assert "geheim" not in run.output + "".join(text.decode() for text in before.values())


@pytest.mark.parametrize("change", ["file of the user's", "changed file"])
def test_a_kustomization_does_not_go_alone(tmp_path: Path, change: str) -> None:
    """Flux makes one of the files that are left, and prunes the pools, the sessions and the services."""
    folder = tmp_path / "clusters"
    render(tmp_path, folder, "old").check(0)
    name = "mine.yaml" if change == "file of the user's" else "bgp.yaml"
    (folder / "old/manifests" / name).write_text("kind: ConfigMap\n")
    before = tree(folder)
    run = render(tmp_path, folder, "new")
    run.check(2)
    assert f"old/manifests/kustomization.yaml would go, and old/manifests/{name} would stay" in " ".join(
        run.output.split()
    )
    assert tree(folder) == before


def test_a_changed_file_is_not_replaced(tmp_path: Path) -> None:
    """The user names a Secret beside what is rendered; without it the sessions go down at their next reset."""
    folder = tmp_path / "clusters"
    render(tmp_path, folder, "home").check(0)
    place = folder / "home/manifests/kustomization.yaml"
    place.write_text(place.read_text() + "- secret.sops.yaml\n")
    formatted = folder / "home/manifests/lb.yaml"
    formatted.write_text(formatted.read_text() + "# formatted\n")
    before = tree(folder)
    run = render(tmp_path, folder, "home")
    run.check(2)
    assert (
        f"edge_render_dir: changed since rendered, and the change would be lost: {place}, {formatted} (where a formatter or"
        " a hook of the repository changes files (prettier, yamlfmt, license headers), exclude this folder from it; move"
        " what you added yourself into files of your own. Then delete these: they are written anew)"
    ) in " ".join(run.output.split())
    assert tree(folder) == before
    place.unlink()
    formatted.unlink()
    render(tmp_path, folder, "home").check(0)
    assert "secret.sops.yaml" not in place.read_text()


@pytest.mark.long
def test_two_inventories_do_not_remove_each_other_s_files(tmp_path: Path) -> None:
    folder = tmp_path / "clusters"
    render(tmp_path, folder, "home-a").check(0)
    before = tree(folder)
    run = render(tmp_path, folder, "home-b", router="gw")
    run.check(2)
    assert "lists files of home-a, udm, and none of a router or a cluster of this inventory" in " ".join(
        run.output.split()
    )
    assert tree(folder) == before


def test_a_component_that_goes_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "clusters"
    service = {"media/jellyfin": {"addresses": "192.0.2.131", "manage": "metadata"}}
    render(tmp_path, folder, "home", edge_services=service).check(0)
    assert "home/metadata/media/jellyfin/kustomization.yaml" in tree(folder)
    run = render(tmp_path, folder, "home")
    run.check(0)
    assert "home/metadata/media/jellyfin: the Component is removed: take it out of components" in " ".join(
        run.output.split()
    )


def test_a_file_that_was_not_rendered_is_not_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "clusters"
    mine = folder / "home" / "manifests" / "kustomization.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("resources: [mine.yaml]\n")
    run = render(tmp_path, folder, "home")
    run.check(2)
    assert (
        f"edge_render_dir: there, and no rendering of this site wrote it: {mine} (move what is yours, or render into another"
        " folder)"
    ) in " ".join(run.output.split())
    assert list(tree(folder)) == ["home/manifests/kustomization.yaml"]


VALUES = {"home/values.yaml": "a: 1\n"}


@pytest.mark.parametrize("listed", [None, {}, {"home/values.yaml": ""}], ids=["no list", "empty list", "listed"])
def test_a_folder_or_a_file_in_the_way_is_named(tmp_path: Path, listed: dict[str, str] | None) -> None:
    place = tmp_path / "home" / "values.yaml"
    place.mkdir(parents=True)
    with pytest.raises(EdgeError, match="is in the place of a file that is to be written"):
        edge_render._refuse_foreign(tmp_path, VALUES, listed)
    place.rmdir()
    place.parent.rmdir()
    place.parent.write_text("mine")
    with pytest.raises(EdgeError, match="home is in the place of a folder that is to be written"):
        edge_render._refuse_foreign(tmp_path, VALUES, listed)
    place.parent.unlink()
    edge_render._refuse_foreign(tmp_path / "not" / "there", VALUES, listed)


def test_a_link_that_leads_nowhere_is_the_user_s(tmp_path: Path) -> None:
    place = tmp_path / "home" / "values.yaml"
    place.parent.mkdir()
    place.symlink_to(tmp_path / "nowhere")
    with pytest.raises(EdgeError, match="no rendering of this site wrote it"):
        edge_render._refuse_foreign(tmp_path, VALUES, {})
    edge_render._refuse_foreign(tmp_path, VALUES, {"home/values.yaml": ""})


def test_files_that_are_no_text(tmp_path: Path) -> None:
    place = tmp_path / "values.yaml"
    place.write_bytes(b"\xff")
    with pytest.raises(EdgeError, match="is no JSON"):
        edge_render._listed_before(place)
    assert edge_render.write(place, "a: 1\n", 0o644, dry=False) == "\N{REPLACEMENT CHARACTER}"
    assert place.read_text() == "a: 1\n"


def test_a_list_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    listing = tmp_path / "clusters" / ".cluster-edge-edge.json"
    listing.mkdir(parents=True)
    run = render(tmp_path, listing.parent, "home")
    run.check(2)
    said = " ".join(run.output.split())
    assert f"edge_render_dir: {listing} cannot be read or written: Is a directory" in said
    assert tree(listing.parent) == {}


@pytest.mark.each_core
@pytest.mark.parametrize("apply", ["others", "ours"])
def test_a_secret_among_helm_values_is_named_and_not_shown(tmp_path: Path, apply: str) -> None:
    values = {
        "hubble": {"tls": {"ca": {"key": "hushhush"}}},
        "tolerations": [{"key": "edge"}],
        "debug": {"enabled": True},
    }
    folder = tmp_path / "clusters"
    run = render(tmp_path, folder, "home", "--diff", edge_cilium_values=values, edge_cluster_apply=apply)
    run.check(0)
    said = " ".join(run.output.split())
    assert "home: Helm values are rendered in plain, and these may be secrets: hubble.tls.ca.key." in said
    assert "hushhush" not in run.output
    assert "+ key: (not shown)" in said
    with_values = {path for path, text in tree(folder).items() if b"hushhush" in text}
    assert with_values == {"home/values.yaml"} | ({"home/flux/helmrelease.yaml"} if apply == "others" else set())
    modes = {path: (folder / path).stat().st_mode & 0o777 for path in tree(folder)}
    assert {path for path, mode in modes.items() if mode == 0o600} == with_values


@pytest.mark.parametrize(
    ("before", "mode", "after"),
    [
        pytest.param(0o644, 0o600, 0o600, id="a fresh checkout of a file that may hold secrets"),
        pytest.param(0o664, 0o600, 0o600, id="the same, of a group"),
        pytest.param(0o400, 0o600, 0o400, id="one that is closed further"),
        pytest.param(0o664, 0o644, 0o664, id="a fresh checkout of an open file"),
        pytest.param(0o600, 0o644, 0o600, id="one that was rendered with secrets"),
    ],
)
def test_a_mode_alone_is_no_change(tmp_path: Path, before: int, mode: int, after: int) -> None:
    """Git keeps no mode: a pipeline that asks whether a rendering changes anything would be red for ever."""
    place = tmp_path / "values.yaml"
    place.write_text("a: 1\n")
    place.chmod(before)
    assert edge_render.write(place, "a: 1\n", mode, dry=True) is None
    assert place.stat().st_mode & 0o777 == before
    assert edge_render.write(place, "a: 1\n", mode, dry=False) is None
    assert place.stat().st_mode & 0o777 == after


@pytest.mark.parametrize("apply", ["others", "ours"])
def test_no_password_is_rendered_into_git(tmp_path: Path, apply: str) -> None:
    """Nor where runs apply: the cluster may have been Flux's before, and the folder is its checkout still."""
    folder = tmp_path / "checkout" / "clusters"
    (tmp_path / "checkout" / ".git").mkdir(parents=True)
    run = render(tmp_path, folder, "home", "-e", "edge_render_secrets=true", edge_cluster_apply=apply)
    run.check(2)
    assert "edge_render_secrets: is true, but" in run.output
    assert tree(tmp_path / "checkout") == {}
    outside = tmp_path / "outside"
    render(tmp_path, outside, "home", "-e", "edge_render_secrets=true").check(0)
    assert "password geheim" in (outside / "udm" / "frr.conf").read_text()
    assert "home/manifests/secrets.yaml" not in tree(outside)


def test_the_chart_comes_from_where_the_user_says(tmp_path: Path) -> None:
    folder = tmp_path / "clusters"
    render(tmp_path, folder, "home", cilium_net_release_chart_repo="https://charts.invalid/mirror").check(0)
    assert "url: https://charts.invalid/mirror\n" in (folder / "home/flux/source.yaml").read_text()

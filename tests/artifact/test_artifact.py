# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the built artifact holds, and that it runs in the environment that its own metadata asks for (./test build)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.tests.support.artifact import (
    PROGRAMS,
    UPSTREAM,
    build,
    checked,
    new_home,
    new_repository,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import broken_links, read_page

pytestmark = pytest.mark.ansible

TOP = {
    "CHANGELOG.rst", "CODE_OF_CONDUCT.md", "FILES.json", "LICENSE", "LICENSES", "MANIFEST.json", "README.md", "REUSE.toml",
    "changelogs", "docs", "inventory", "meta", "playbooks", "plugins", "roles",
}  # fmt: skip
"""All that stands on the artifact's first level."""
PARTS = {
    "LICENSES": {"GPL-3.0-or-later.txt"},
    "changelogs": {"changelog.yaml"},
    "inventory": {"hybrid"},
    "meta": {"ee-bindep.txt", "ee-requirements.txt", "execution-environment.yml", "runtime.yml"},
    "plugins": {"action", "connection", "doc_fragments", "filter", "lookup", "module_utils", "modules", "plugin_utils"},
    "roles": {
        "cilium_net_bgp", "cilium_net_lb", "cilium_net_release", "cilium_net_services", "edge", "edge_twin", "edge_verify", "udm_frr",
    },
}  # fmt: skip
"""All that stands on the second level, for the folders that do not grow with each page or playbook."""
LEFT_OUT = {"docs/design.md", "playbooks/collections", "changelogs/config.yaml"}
"""What stays in the repository of the folders that are shipped (and the fragments)."""
TEXT = {".md", ".rst", ".yml", ".yaml", ".txt", ".py", ".j2", ".toml"}


@dataclass(frozen=True, slots=True)
class Built:
    """The artifact, built from a commit of this checkout and unpacked."""

    files: Path
    """Where it is unpacked."""
    artifact: Path
    repository: Path
    home: Path

    @property
    def names(self) -> set[str]:
        """Return the path of each file in it."""
        return {str(path.relative_to(self.files)) for path in self.files.rglob("*") if not path.is_dir()}

    def texts(self) -> dict[str, str]:
        """Return each file of text."""
        return {name: (self.files / name).read_text("utf-8") for name in self.names if Path(name).suffix in TEXT}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build and unpack the artifact."""
    base = tmp_path_factory.mktemp("artifact")
    home = new_home(base / "home", base / "repository")
    repository = new_repository(base / "repository", home)
    artifact = build(repository, base, home)
    with tarfile.open(artifact) as archive:
        archive.extractall(base / "files", filter="data")
    return Built(base / "files", artifact, repository, home)


@pytest.fixture(scope="module")
def environment() -> str:
    """Return the programs of the environment that meta/ee-requirements.txt asks for."""
    found = os.environ.get("EDGE_EE")
    assert found, "EDGE_EE names no environment: run ./test build, which makes it"
    return f"{found}/bin"


def test_it_holds_what_users_need_and_nothing_else(built: Built) -> None:
    assert {path.name for path in built.files.iterdir()} == TOP
    for folder, parts in PARTS.items():
        assert {path.name for path in (built.files / folder).iterdir()} == parts, folder


def test_every_file_of_the_folders_that_are_shipped_is_in_it(built: Built) -> None:
    kept = checked(["git", "ls-files"], built.repository, built.home).splitlines()
    wanted = {
        name
        for name in kept
        if name.split("/")[0] in TOP and name not in LEFT_OUT and not name.startswith("changelogs/fragments/")
    }
    assert built.names - {"FILES.json", "MANIFEST.json"} == wanted


def test_no_link_is_dead(built: Built) -> None:
    pages = [read_page(built.files / name) for name in sorted(built.names) if name.endswith(".md")]
    assert len(pages) > 40
    assert {str(page.path): broken_links(page) for page in pages if broken_links(page)} == {}


def test_links_to_the_repository_lead_to_files_of_it(built: Built) -> None:
    targets = {
        target
        for text in built.texts().values()
        for target in re.findall(rf"{re.escape(UPSTREAM)}/(?:blob|tree)/main/([^)\s#>`'\"]+)", text)
    }
    assert len(targets) > 20
    assert [target for target in sorted(targets) if not (built.repository / target).exists()] == []


def test_it_says_nothing_of_what_only_the_repository_has(built: Built) -> None:
    said = {
        name: found
        for name, text in built.texts().items()
        if (found := re.findall(r"(?<![\w./])\./test\b|changelogs/fragments|\bmolecule test\b", text))
    }
    assert said == {}


def test_its_changelog_tells_of_its_version(built: Built) -> None:
    info = json.loads((built.files / "MANIFEST.json").read_text("utf-8"))["collection_info"]
    told = yaml.safe_load((built.files / "changelogs/changelog.yaml").read_text("utf-8"))["releases"]
    assert info["version"] in told
    assert f"v{info['version']}\n=" in (built.files / "CHANGELOG.rst").read_text("utf-8")


def test_its_metadata_name_pages_and_files_that_are_there(built: Built) -> None:
    info = json.loads((built.files / "MANIFEST.json").read_text("utf-8"))["collection_info"]
    assert [info[key] for key in ("repository", "homepage", "issues", "documentation")] == [
        UPSTREAM,
        UPSTREAM,
        f"{UPSTREAM}/issues",
        f"{UPSTREAM}/blob/main/docs/README.md",
    ]
    assert (built.files / info["readme"]).is_file()
    assert (built.files / info["license_file"]).is_file()
    described = yaml.safe_load((built.files / "meta/execution-environment.yml").read_text("utf-8"))
    assert sorted(described["dependencies"]) == ["python", "system"]
    for name in described["dependencies"].values():
        assert (built.files / name).is_file()


def test_every_file_of_it_says_its_license(built: Built) -> None:
    environment = {**os.environ, "REUSE_ENCODING_MODULE": "charset_normalizer"}
    done = subprocess.run(
        [f"{PROGRAMS}/reuse", "--root", str(built.files), "lint"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_system_packages_are_told_as_bindep_reads_them(built: Built) -> None:
    lines = [
        line.partition("#")[0].strip() for line in (built.files / "meta/ee-bindep.txt").read_text("utf-8").splitlines()
    ]
    found = dict(
        re.fullmatch(r"([a-z0-9.+-]+) \[((?:platform:[a-z0-9]+ ?)+)\]", line).groups() for line in lines if line
    )  # type: ignore[union-attr]
    assert found["helm"] == "platform:fedora platform:apk"
    assert {"openssh-clients", "openssh-client", "sshpass", "helm"} == set(found)


def test_the_environment_has_what_the_metadata_ask_for_and_none_of_the_tests_tools(environment: str) -> None:
    code = "import importlib.util as u, sys; print([n for n in sys.argv[1:] if u.find_spec(n)])"
    asked = ["ansible", "jinja2", "kubernetes", "netaddr", "paramiko", "yaml"]
    tools = ["hypothesis", "jsonschema", "molecule", "pytest", "ruamel", "ansiblelint"]
    done = subprocess.run(
        [f"{environment}/python", "-I", "-c", code, *asked, *tools], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(asked)


def test_it_runs_in_that_environment(built: Built, environment: str, tmp_path: Path) -> None:
    """From an empty folder; where it is installed is no other collection, and no server that has one."""
    checked(["ansible-galaxy", "collection", "install", str(built.artifact)], tmp_path, built.home, environment)
    root = built.home / ".ansible/collections"
    assert [path.name for path in (root / "ansible_collections").iterdir() if path.is_dir()] == ["hybridnet"]
    installed = root / "ansible_collections/hybridnet/cluster_edge"
    names = sorted(
        ".".join(("ansible_collections.hybridnet.cluster_edge.plugins", *path.relative_to(installed / "plugins").with_suffix("").parts))
        for path in (installed / "plugins").rglob("*.py")
        if path.stem != "__init__"
    )  # fmt: skip
    assert len(names) > 150
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    checked(
        ["env", f"PYTHONPATH={root}", "python", "-W", "error::ImportWarning", "-c", code, *names],
        tmp_path,
        built.home,
        environment,
    )
    for kind in ("module", "filter", "lookup", "connection", "role"):
        listed = checked(["ansible-doc", "-t", kind, "-l", "hybridnet.cluster_edge"], tmp_path, built.home, environment)
        assert "hybridnet.cluster_edge." in listed
    inventory = str(installed / "inventory/hybrid")
    for playbook, words in (
        ("plan", []),
        ("render", ["-e", "edge_render_dir=out"]),
        ("site", ["--tags", "plan"]),
        ("verify", ["--syntax-check"]),
        ("twin", ["--syntax-check"]),
    ):
        checked(
            ["ansible-playbook", f"hybridnet.cluster_edge.{playbook}", "-i", inventory, *words],
            tmp_path, built.home, environment,
        )  # fmt: skip
    assert (tmp_path / "out/udm-pro/frr.conf").is_file()


def test_the_requirements_allow_the_versions_that_are_tested() -> None:
    """Each has a lower bound, and requirements/constraints.txt pins a version above it."""
    pins = dict(
        re.findall(r"^([\w.-]+)==([\d.]+)", (CHECKOUT / "requirements/constraints.txt").read_text("utf-8"), re.M)
    )
    asked = (CHECKOUT / "meta/ee-requirements.txt").read_text("utf-8")
    bounds = dict(re.findall(r"^([\w-]+)>=([\d.]+)$", asked, re.M))
    used = set(re.findall(r"^(\w+)$", (CHECKOUT / "requirements/libraries.txt").read_text("utf-8"), re.M))
    assert set(bounds) == used
    assert [line for line in asked.splitlines() if line and line[0] not in "#" and ">=" not in line] == []
    for name, bound in bounds.items():
        assert [int(part) for part in pins[name].split(".")] >= [int(part) for part in bound.split(".")], name


def test_the_interpreter_of_the_environment_is_the_one_of_the_tests(environment: str) -> None:
    done = subprocess.run([f"{environment}/python", "-V"], capture_output=True, text=True, check=True)
    assert done.stdout.split()[1].split(".")[:2] == [str(part) for part in sys.version_info[:2]]

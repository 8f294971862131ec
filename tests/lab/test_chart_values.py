# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down of Cilium's chart, against the charts of all releases: values, their defaults, its objects."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.pod_ranges import (  # noqa: E402
    CHART_RANGES,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.values import value_at  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.preflight import (  # noqa: E402
    ALL,
    UNKNOWN,
    Right,
    helm_rights,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import CILIUM, KUBERNETES  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._versions.cilium import (  # noqa: E402
    NEWEST,
    parse_version,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._versions.cilium_chart import (  # noqa: E402
    HELM_VALUES,
    NEVER,
)

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(shutil.which("go") is None, reason="needs the program go, for Cilium's own files"),
]

HARMLESS = {
    "hubble.export.fileMaxBackups": "still read by the templates, before that of export.static",
    "hubble.export.fileMaxSizeMb": "still read by the templates, before that of export.static",
}
"""Value that left ``values.yaml`` and is no row of ``HELM_VALUES`` -> why nothing is missed."""
_REFERENCE = re.compile(r"\.Values\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)")
"""A template's use of a value: some stand in no ``values.yaml``."""


def folder(version: str) -> Path:
    return cluster_lab.cilium_module(version) / "install/kubernetes/cilium"


@cache
def values_of(version: str) -> Any:
    return yaml.safe_load((folder(version) / "values.yaml").read_text("utf-8"))


@cache
def known(version: str) -> frozenset[str]:
    """Return the paths that a chart has: in its values, and in its templates."""
    found = set(paths(values_of(version)))
    for path in (folder(version) / "templates").rglob("*"):
        if path.is_file():
            found |= set(_REFERENCE.findall(path.read_text("utf-8")))
    return frozenset(part for path in found for part in above(path))


def paths(value: Any, path: str = "") -> Iterator[str]:
    """Yield the path of each leaf; what is an empty map is a leaf."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from paths(item, f"{path}.{name}" if path else str(name))
    else:
        yield path


def above(path: str) -> list[str]:
    """Return a path and all above it."""
    parts = path.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


@pytest.mark.parametrize(("old", "new"), list(pairwise(CILIUM)))
def test_every_value_that_a_chart_lost_is_known(old: str, new: str) -> None:
    """What a chart does not have any more it ignores in silence: a plan for it must say so."""
    version = parse_version(new)
    gone = {rule.path for rule in HELM_VALUES if rule.until and NEVER < rule.until <= version}
    lost = [path for path in paths(values_of(old)) if path not in known(new) and not gone & set(above(path))]
    assert [path for path in lost if path not in HARMLESS] == []


@pytest.mark.parametrize("version", CILIUM)
def test_what_a_rule_says_of_a_version_is_so(version: str) -> None:
    """A value has been there from its first version on, and is not there from the one that lost it on."""
    numbers = parse_version(version)
    wrong = []
    for rule in HELM_VALUES:
        there = rule.path in known(version)
        gone = rule.until is not None and rule.until != NEVER and numbers >= rule.until
        early = rule.since is not None and numbers < rule.since
        if there and (early or (rule.since and gone)):
            wrong.append(f"{rule.path} is in {version}")
        if rule.since and not there and not early and not gone:
            wrong.append(f"{rule.path} is not in {version}")
    assert wrong == []


def test_the_newest_release_is_the_newest_minor_version() -> None:
    assert parse_version(next(reversed(CILIUM)))[:2] == NEWEST[:2]


@pytest.mark.parametrize("version", CILIUM)
def test_the_chart_s_own_pod_ranges(version: str) -> None:
    for family, (cidr, length) in CHART_RANGES.items():
        operator = values_of(version)["ipam"]["operator"]
        assert operator[f"clusterPool{family.label}PodCIDRList"] == [cidr]
        assert operator[f"clusterPool{family.label}MaskSize"] == length


ON = {"enabled": True}
REPLACED = {"kubeProxyReplacement": True}
RELEASES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "BGP": {"bgpControlPlane": ON},
    "BGP, in a namespace that it makes": {
        "bgpControlPlane": {**ON, "secretsNamespace": {"create": True, "name": "bgp"}}
    },
    "L2": {**REPLACED, "l2announcements": ON},
    "ingress": {**REPLACED, "ingressController": ON},
    "Gateway API": {**REPLACED, "gatewayAPI": {**ON, "gatewayClass": {"create": "true"}}},
    "Envoy": {"envoyConfig": ON},
    "Hubble": {"hubble": {"relay": ON, "ui": ON}},
}
PLURALS = {"Endpoints": "endpoints", "IngressClass": "ingressclasses", "GatewayClass": "gatewayclasses"}


@pytest.mark.skipif(not cluster_lab.HELM.exists(), reason=f"needs the program {cluster_lab.HELM}")
@pytest.mark.parametrize("values", [pytest.param(values, id=name) for name, values in RELEASES.items()])
@pytest.mark.parametrize("version", CILIUM)
def test_the_right_to_each_object_of_the_chart_is_asked_for(
    version: str, values: dict[str, Any], tmp_path: Path
) -> None:
    written = tmp_path / "values.json"
    written.write_text(json.dumps(values))
    command = [cluster_lab.HELM, "template", "cilium", folder(version), "--namespace", "cilium", "--values", written]
    done = subprocess.run(
        [*command, "--kube-version", KUBERNETES.version[1:]], check=True, capture_output=True, text=True
    )
    wanted = helm_rights("cilium", values, version)
    objects = [item for item in yaml.safe_load_all(done.stdout) if item]
    assert len(objects) >= 15
    lacking = []
    for item in objects:
        group = item["apiVersion"].rpartition("/")[0]
        kind, metadata = item["kind"], item["metadata"]
        plural = PLURALS.get(kind) or f"{kind.lower().removesuffix('y')}{'ies' if kind.endswith('y') else 's'}"
        where = metadata.get("namespace", "")
        rights = {Right(group, plural, where, "patch", name) for name in (UNKNOWN, metadata["name"])}
        if not rights & wanted or Right(group, plural, where, "create", ALL) not in wanted:
            lacking.append(f"{kind} {where}/{metadata['name']}")
    assert lacking == []


def test_a_value_that_is_there_is_found() -> None:
    """The reader of the charts itself: what all of these tests rest on."""
    assert value_at(values_of("1.19.6"), "encryption.strictMode.enabled") is False
    assert "encryption.strictMode.enabled" in known("1.19.6")
    assert "encryption.strictMode.enabled" not in known("1.20.2")
    assert "k8s.apiServerURLs" in known("1.18.0")

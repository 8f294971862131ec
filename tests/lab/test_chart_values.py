# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down of Cilium's chart, against the charts of all releases: values, their defaults, its objects."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path[:0] = [str(Path(__file__).parent)]

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
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._versions.cilium import (  # noqa: E402
    NEWEST,
    parse_version,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._versions.cilium_chart import (  # noqa: E402
    HELM_VALUES,
    NEVER,
)
from cluster_lab import HELM, chart, chart_objects  # noqa: E402
from releases_lab import RELEASES, needs_go, require  # noqa: E402

pytestmark = [pytest.mark.lab, needs_go]

HARMLESS = {
    "hubble.export.fileMaxBackups": "still read by the templates, before that of export.static",
    "hubble.export.fileMaxSizeMb": "still read by the templates, before that of export.static",
}
"""Value that left ``values.yaml`` and is no row of ``HELM_VALUES`` -> why nothing is missed."""
_REFERENCE = re.compile(r"\.Values\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)")
"""A template's use of a value: some stand in no ``values.yaml``."""


@cache
def values_of(version: str) -> Any:
    return yaml.safe_load((chart(version) / "values.yaml").read_text("utf-8"))


@cache
def known(version: str) -> frozenset[str]:
    """Return the paths that a chart has: in its values, and in its templates."""
    found = set(paths(values_of(version)))
    for path in (chart(version) / "templates").rglob("*"):
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


@pytest.mark.parametrize(("old", "new"), list(pairwise(RELEASES)))
def test_every_value_that_a_chart_lost_is_known(old: str, new: str) -> None:
    """What a chart does not have any more it ignores in silence: a plan for it must say so."""
    version = parse_version(new)
    gone = {rule.path for rule in HELM_VALUES if rule.until and NEVER < rule.until <= version}
    lost = [path for path in paths(values_of(old)) if path not in known(new) and not gone & set(above(path))]
    assert [path for path in lost if path not in HARMLESS] == []


@pytest.mark.parametrize("version", RELEASES)
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
    assert parse_version(RELEASES[-1])[:2] == NEWEST[:2]


@pytest.mark.parametrize("version", RELEASES)
def test_the_chart_s_own_pod_ranges(version: str) -> None:
    for family, (cidr, length) in CHART_RANGES.items():
        operator = values_of(version)["ipam"]["operator"]
        assert operator[f"clusterPool{family.label}PodCIDRList"] == [cidr]
        assert operator[f"clusterPool{family.label}MaskSize"] == length


ON = {"enabled": True}
REPLACED = {"kubeProxyReplacement": True}
VALUES: dict[str, dict[str, Any]] = {
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
    "certificates by a CronJob": {"hubble": {"relay": ON, "tls": {"auto": {"method": "cronJob"}}}},
    "certificates by cert-manager": {
        "hubble": {
            "relay": ON,
            "tls": {"auto": {"method": "certmanager", "certManagerIssuerRef": {"kind": "Issuer", "name": "ca"}}},
        }
    },
    "disruption budgets": {
        "operator": {"podDisruptionBudget": ON},
        "hubble": {"relay": {**ON, "podDisruptionBudget": ON}, "ui": {**ON, "podDisruptionBudget": ON}},
    },
    "an ingress of Hubble UI": {"hubble": {"relay": ON, "ui": {**ON, "ingress": ON}}},
    "quotas": {"resourceQuotas": ON},
    "monitors": {
        "prometheus": {**ON, "serviceMonitor": {**ON, "trustCRDsExist": True, "namespace": "watch"}},
        "operator": {"prometheus": {"serviceMonitor": ON}},
        "envoy": {"prometheus": {"serviceMonitor": ON}},
        "hubble": {
            "relay": {**ON, "prometheus": {**ON, "serviceMonitor": ON}},
            "metrics": {"enabled": ["drop"], "serviceMonitor": ON},
        },
    },
    "a mesh of clusters": {
        "cluster": {"name": "home", "id": 1},
        "clustermesh": {
            "useAPIServer": True,
            "apiserver": {"tls": {"auto": {"method": "cronJob"}}, "podDisruptionBudget": ON},
        },
    },
}
PLURALS = {
    "Endpoints": "endpoints",
    "IngressClass": "ingressclasses",
    "GatewayClass": "gatewayclasses",
    "Ingress": "ingresses",
}


@pytest.mark.parametrize("values", [pytest.param(values, id=name) for name, values in VALUES.items()])
@pytest.mark.parametrize("version", RELEASES)
def test_the_right_to_each_object_of_the_chart_is_asked_for(
    version: str, values: dict[str, Any], tmp_path: Path
) -> None:
    require(HELM)
    wanted = helm_rights("cilium", values, version)
    objects = chart_objects(version, values, "cilium", tmp_path)
    assert len(objects) >= 15
    lacking = []
    for item in objects:
        group = item["apiVersion"].rpartition("/")[0]
        kind, metadata = item["kind"], item["metadata"]
        plural = PLURALS.get(kind) or f"{kind.lower().removesuffix('y')}{'ies' if kind.endswith('y') else 's'}"
        where = metadata.get("namespace", "")
        hook = "helm.sh/hook" in (metadata.get("annotations") or {})
        verb = "delete" if hook else "patch"
        rights = {Right(group, plural, where, verb, name) for name in (UNKNOWN, metadata["name"])}
        if not rights & wanted or Right(group, plural, where, "create", ALL) not in wanted:
            lacking.append(f"{kind} {where}/{metadata['name']}")
    assert lacking == []


def test_a_value_that_is_there_is_found() -> None:
    """The reader of the charts itself: what all of these tests rest on."""
    assert value_at(values_of("1.19.6"), "encryption.strictMode.enabled") is False
    assert "encryption.strictMode.enabled" in known("1.19.6")
    assert "encryption.strictMode.enabled" not in known("1.20.2")
    assert "k8s.apiServerURLs" in known("1.18.0")

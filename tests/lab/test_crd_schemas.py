# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every object that the plan can make, against the schemas of Cilium's own CRDs: no field that would be pruned."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.bgp import bgp_objects
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.common import BGP_KINDS, LB_KINDS
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_values import helm_values
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.lb import lb_objects
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.communities import Community
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import (
    Advertise,
    PodPool,
    Service,
    Site,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.resolved import made, replace
from jsonschema import Draft202012Validator

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.tests.support.small_model import KEYS, pool, small_site  # noqa: E402
from releases_lab import needs_go  # noqa: E402

pytestmark = [pytest.mark.lab, needs_go]

COMMUNITIES = (
    Community("64700:1", "standard"),
    Community("64700:0:1", "large"),
    Community("no-export", "well-known"),
)
ADVERTISE = (
    made(Advertise, "pod_cidrs", communities=COMMUNITIES),
    made(Advertise, "pod_pools", "tier=a"),
    made(Advertise, "cluster_ips", aggregate={"ipv4": 24, "ipv6": 112}),
    made(Advertise, "external_ips", "app=web,!old", COMMUNITIES, 150),
    made(Advertise, "interfaces", interfaces=("dummy0",)),
)
POOLS = (
    pool("lb", "203.0.113.0/28", bgp=("k8s",), communities=COMMUNITIES, local_preference=200, aggregate={"ipv4": 28}),
    pool(
        "media",
        "10.0.1.240/29",
        bgp=("k8s",),
        l2=("lan",),
        services="tier=media",
        announce_only="public",
        disabled=True,
    ),
    pool("range", "203.0.113.64 - 203.0.113.70", bgp=("k8s",), first_last=False),
)
POD_POOLS = (made(PodPool, "blue", ("10.50.0.0/20", "fd00:50::/56"), {"ipv4": 26, "ipv6": 64}, {"tier": "a"}),)


def whole(**sessions: Any) -> Site:
    """Return a site with every field of every object."""
    keys = replace(KEYS, multihop=3, port=1790, password="k8s")
    of_peering = {"advertise": ADVERTISE, "listen_port": 1179, "source_interface": "bond0"}
    site = small_site(
        {"keys": keys, "families": ("ipv4", "ipv6"), "local_address": "10.9.0.1", **sessions},
        of_peering,
        pools=POOLS,
        pod_pools=POD_POOLS,
    )
    cluster = site.clusters[0]
    nodes = tuple(replace(node, router_id=f"10.255.0.{number}") for number, node in enumerate(cluster.nodes, 1))
    return replace(site, clusters=(replace(cluster, nodes=nodes),))


@pytest.fixture(scope="module")
def schemas() -> dict[tuple[str, str], dict[str, Any]]:
    """Return (apiVersion, kind) -> the schema of the CRD."""
    found = {}
    for path in (cluster_lab.cilium_module() / "pkg/k8s/apis/cilium.io/client/crds").glob("v2*/cilium*.yaml"):
        definition = yaml.safe_load(path.read_text("utf-8"))["spec"]
        for version in definition["versions"]:
            key = f"cilium.io/{version['name']}", definition["names"]["kind"]
            found[key] = closed(version["schema"]["openAPIV3Schema"])
    return found


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema without room for fields that it does not name: the API server drops those in silence."""
    result: dict[str, Any] = {}
    for name, value in schema.items():
        if name == "properties":
            result[name] = {key: closed(below) for key, below in value.items()}
        elif name in ("items", "additionalProperties") and isinstance(value, dict):
            result[name] = closed(value)
        else:
            result[name] = value
    if "properties" in result and "additionalProperties" not in result:
        result["additionalProperties"] = False
    return result


def problems(item: dict[str, Any], schemas: dict[tuple[str, str], dict[str, Any]]) -> Iterator[str]:
    schema = schemas[item["apiVersion"], item["kind"]]
    schema = {**schema, "properties": {**schema["properties"], "metadata": {"type": "object"}}}
    for error in Draft202012Validator(schema).iter_errors(item):
        yield f"{item['kind']} {item['metadata']['name']} {error.json_path}: {error.message}"


@pytest.mark.parametrize(
    "site",
    [
        pytest.param(whole(), id="everything"),
        pytest.param(whole(discover=True, peer="k8s-gateway"), id="default gateway"),
    ],
)
def test_every_object_fits_its_schema(site: Site, schemas: dict[tuple[str, str], dict[str, Any]]) -> None:
    cluster = site.clusters[0]
    objects = [*bgp_objects(site, cluster), *lb_objects(site, cluster)]
    assert {item["kind"] for item in objects} == {*BGP_KINDS, *LB_KINDS}
    assert [problem for item in objects for problem in problems(item, schemas)] == []


def test_a_field_that_would_be_dropped_is_noticed(schemas: dict[tuple[str, str], dict[str, Any]]) -> None:
    site = small_site()
    item = bgp_objects(site, site.clusters[0])[-1]
    item["spec"]["bgpInstances"][0]["peers"][0]["colour"] = "blue"
    assert len(list(problems(item, schemas))) == 1


def test_the_chart_knows_every_value() -> None:
    """Each path that the plan writes is in the chart's own values."""
    chart = yaml.safe_load((cluster_lab.chart() / "values.yaml").read_text("utf-8"))
    services = (
        made(
            Service,
            "kube-system",
            "cilium-ingress",
            "lb",
            ("203.0.113.1",),
            "values",
            chart="cilium-ingress",
            way="bgp",
        ),
        made(Service, "web", "cilium-gateway-web", "lb", (), "values", chart="gateway", traffic_policy="Cluster"),
    )
    changes: dict[str, Any] = {"services": services, "router_ids": "10.255.0.0/24", "pools": POOLS}
    pods = {"pod_cidrs": ("10.244.0.0/16", "fd00:244::/56")}
    for more in (
        {"distribution": "talos", "pod_pools": (*POD_POOLS, replace(POD_POOLS[0], name="default"))},
        {"distribution": "k3s", **pods},
        {"distribution": "kubeadm", **pods},
    ):
        values = helm_values(small_site(**changes, **more).clusters[0])
        assert [path for path in leaves(values) if not known(chart, path)] == []


FREE = ("ingressController.service.labels", "ingressController.service.annotations")
LEASE = ("leaseDuration", "leaseRenewDeadline", "leaseRetryPeriod")
"""Read by the chart's templates, but only described in its values (``@schema`` comments)."""


def leaves(values: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, value in values.items():
        below = f"{path}.{name}" if path else name
        if isinstance(value, dict) and below not in FREE and not below.endswith("autoCreateCiliumPodIPPools"):
            yield from leaves(value, below)
        else:
            yield below


def known(chart: dict[str, Any], path: str) -> bool:
    found: Any = chart
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            return path.startswith("l2announcements.") and name in LEASE
        found = found[name]
    return True

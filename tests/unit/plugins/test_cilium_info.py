# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module cilium_info: which lists it asks for, and what it keeps of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.api import (
    JSON,
    METADATA_ONLY,
    RefusedError,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.cilium_kinds import PLURALS
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.observation import (
    AGENTS,
    KINDS,
    OPERATORS,
    cut,
    endpoint_slices,
    read_agents,
    read_pods,
    read_resources,
    renewed,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.common import BGP_KINDS, LB_KINDS
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import endpoint_slice, lease, service

V2 = [
    {"name": plural} for kind, plural in KINDS.items() if kind not in ("CiliumL2AnnouncementPolicy", "CiliumPodIPPool")
]
V2ALPHA1 = [{"name": plural} for plural in KINDS.values()]


class FakeReader:
    """Stands in for the API server: paths and what they answer; others answer like a server that does not have them."""

    def __init__(self, answers: dict[str, list[dict[str, Any]]], served: dict[str, list[dict[str, str]]]) -> None:
        self.answers = answers
        self.served = served
        self.asked: list[tuple[str, str | None]] = []
        self.accepted: dict[str, str] = {}
        self.refused: dict[str, int] = {}

    def get(self, path: str, selector: str | None = None) -> dict[str, Any] | None:
        self.asked.append((path, selector))
        version = path.rpartition("/")[2]
        return {"resources": self.served[version]} if version in self.served else None

    def items(self, path: str, selector: str | None = None, accept: str = JSON) -> list[dict[str, Any]]:
        self.asked.append((path, selector))
        self.accepted[path] = accept
        if path in self.refused:
            raise RefusedError("here", SimpleNamespace(status=self.refused[path], reason="no", body=""))
        return self.answers.get(path, [])


PARAMS = {"namespace": "kube-system", "services": ["db/postgres"]}


def test_kinds_are_read_in_the_best_version_that_is_served() -> None:
    reader = FakeReader({}, {"v2": V2, "v2alpha1": V2ALPHA1})
    read_resources(reader, PARAMS)
    paths = [path for path, _selector in reader.asked if path.startswith("/apis/cilium.io/v2") and path.count("/") == 4]
    assert paths == [
        "/apis/cilium.io/v2/ciliumbgpadvertisements",
        "/apis/cilium.io/v2/ciliumbgpclusterconfigs",
        "/apis/cilium.io/v2/ciliumbgpnodeconfigs",
        "/apis/cilium.io/v2/ciliumbgpnodeconfigoverrides",
        "/apis/cilium.io/v2/ciliumbgppeerconfigs",
        "/apis/cilium.io/v2alpha1/ciliuml2announcementpolicies",
        "/apis/cilium.io/v2/ciliumloadbalancerippools",
        "/apis/cilium.io/v2/ciliumnodes",
        "/apis/cilium.io/v2alpha1/ciliumpodippools",
    ]


def test_every_kind_that_the_plan_has_is_read() -> None:
    """What is not read would be missing from the cluster in every verification."""
    assert {*BGP_KINDS, *LB_KINDS} == set(PLURALS)
    assert set(KINDS) > set(PLURALS)


def test_kinds_of_a_cluster_without_cilium_are_null() -> None:
    resources = read_resources(FakeReader({}, {}), PARAMS)
    assert {kind: resources[kind] for kind in KINDS} == dict.fromkeys(KINDS)


def test_services_endpoints_and_leases_are_cut_to_what_matters() -> None:
    web, postgres = service("media", "web", "lb", "192.0.2.7"), service("db", "postgres", "lb", None)
    postgres["spec"]["type"] = "ClusterIP"
    other = service("db", "other", "lb", None)
    other["spec"]["type"] = "ClusterIP"
    slices = [endpoint_slice("media", "web"), endpoint_slice("elsewhere", "web")]
    leases = [lease("media", "web", "node01"), {"metadata": {"name": "cilium-operator-resource-lock"}}]
    written = {"time": "2026-11-23T17:59:58Z", "fieldsV1": {"f:spec": {"f:renewTime": {}}}}
    held = {**leases[0], "metadata": {**leases[0]["metadata"], "managedFields": [written]}}
    reader = FakeReader(
        {
            "/api/v1/services": [web, other, postgres],
            "/apis/discovery.k8s.io/v1/endpointslices": slices,
            "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases": [held, leases[1]],
        },
        {},
    )
    resources = read_resources(reader, PARAMS)
    assert resources["Service"] == [web, postgres]
    assert resources["EndpointSlice"] == slices[:1]
    assert resources["Lease"] == leases[:1]
    assert ("/apis/discovery.k8s.io/v1/endpointslices", "kubernetes.io/service-name in (postgres,web)") in reader.asked


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (None, None),
        ([{"fieldsV1": {"f:spec": {"f:renewTime": {}}}}], None),
        ([{"time": "2026-11-23T18:00:00Z", "fieldsV1": {"f:metadata": {"f:labels": {}}}}], None),
        ([{"time": "2026-11-23T18:00:00Z", "fieldsType": "FieldsV1"}], None),
        (
            [
                {"time": "2026-11-23T18:00:09Z", "fieldsV1": {"f:metadata": {"f:labels": {}}}},
                {"time": "2026-11-23T18:00:02Z", "fieldsV1": {"f:spec": {"f:holderIdentity": {}, "f:renewTime": {}}}},
                {"time": "2026-11-23T18:00:00Z", "fieldsV1": {"f:spec": {"f:renewTime": {}}}},
            ],
            "2026-11-23T18:00:02Z",
        ),
    ],
)
def test_a_lease_is_renewed_when_the_server_says_that_it_wrote_the_time(
    entries: list[dict[str, Any]] | None, expected: str | None
) -> None:
    assert renewed({"metadata": {"managedFields": entries}}) == expected


def test_of_others_that_take_addresses_by_themselves_the_addresses_are_kept() -> None:
    web, taking, empty = (service("media", name, "lb", None) for name in ("web", "taking", "empty"))
    web["spec"]["externalIPs"] = ["192.0.2.9"]
    taking["spec"].update(type="ClusterIP", externalIPs=["192.0.2.7"])
    empty["spec"].update(type="ClusterIP", externalIPs=[])
    reader = FakeReader({"/api/v1/services": [taking, empty, web]}, {})
    assert read_resources(reader, PARAMS)["Service"] == [
        web,
        {
            "metadata": {"namespace": "media", "name": "taking"},
            "spec": {"type": "ClusterIP", "externalIPs": ["192.0.2.7"]},
        },
    ]
    assert ("/apis/discovery.k8s.io/v1/endpointslices", "kubernetes.io/service-name in (web)") in reader.asked


OWNED_BY = "managed-by=us,site=home"
OURS = {"managed-by": "us", "site": "home", "more": "x"}
SECRETS = "/api/v1/namespaces/kube-system/secrets"
LEFT = {**PARAMS, "owned_by": OWNED_BY, "secrets_namespace": "kube-system"}


@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        pytest.param(OURS, ["web"], id="each label"),
        pytest.param({**OURS, "site": "cabin"}, [], id="another site"),
        pytest.param({"site": "home"}, [], id="one of them"),
        pytest.param({}, [], id="none"),
    ],
)
def test_services_that_carry_the_labels_are_kept_whatever_their_type(labels: dict[str, str], kept: list[str]) -> None:
    web = service("media", "web", "lb", None)
    web["spec"]["type"], web["metadata"]["labels"] = "ClusterIP", labels
    reader = FakeReader({"/api/v1/services": [web]}, {})
    assert [item["metadata"]["name"] for item in read_resources(reader, LEFT)["Service"]] == kept
    assert read_resources(reader, PARAMS)["Service"] == []


def test_of_secrets_the_metadata_is_asked_for_alone() -> None:
    metadata = {"name": "bgp-password-k8s", "namespace": "kube-system", "labels": OURS}
    reader = FakeReader({SECRETS: [{"metadata": {**metadata, "managedFields": []}}]}, {})
    assert read_resources(reader, LEFT)["Secret"] == [{"metadata": metadata}]
    assert (SECRETS, OWNED_BY) in reader.asked
    assert reader.accepted[SECRETS] == METADATA_ONLY


@pytest.mark.parametrize("left_out", ["owned_by", "secrets_namespace"])
def test_secrets_are_not_listed_unasked(left_out: str) -> None:
    reader = FakeReader({}, {})
    assert "Secret" not in read_resources(reader, {**LEFT, left_out: None})
    assert SECRETS not in reader.accepted


def test_secrets_that_the_account_may_not_list_are_left_out() -> None:
    reader = FakeReader({}, {})
    reader.refused[SECRETS] = 403
    assert "Secret" not in read_resources(reader, LEFT)
    reader.refused[SECRETS] = 500
    with pytest.raises(RefusedError):
        read_resources(reader, LEFT)


def test_no_service_no_request_for_endpoints() -> None:
    reader = FakeReader({}, {})
    assert endpoint_slices(reader, []) == []
    assert reader.asked == []


def test_names_that_would_make_a_long_url_are_not_sent() -> None:
    """A slice of no service is left out as well."""
    many = [service("media", f"a-service-of-a-large-cluster-{number}", "lb", "192.0.2.1") for number in range(200)]
    loose = endpoint_slice("media", "loose")
    del loose["metadata"]["labels"]
    slices = [endpoint_slice("media", "a-service-of-a-large-cluster-7"), endpoint_slice("media", "other"), loose]
    reader = FakeReader({"/apis/discovery.k8s.io/v1/endpointslices": slices}, {})
    found = endpoint_slices(reader, many)  # type: ignore[arg-type]
    assert [item["metadata"]["name"] for item in found] == [slices[0]["metadata"]["name"]]
    assert reader.asked == [("/apis/discovery.k8s.io/v1/endpointslices", None)]


def test_object_without_what_nobody_compares() -> None:
    item = {
        "metadata": {
            "name": "a",
            "namespace": "b",
            "labels": {"c": "d"},
            "annotations": {"e": "f"},
            "managedFields": [],
        },
        "spec": {"g": 1},
        "data": {"secret": "x"},
    }
    assert cut(item) == {"metadata": {"name": "a", "namespace": "b", "labels": {"c": "d"}}, "spec": {"g": 1}}


def test_of_annotations_those_that_verify_reads_are_kept() -> None:
    asked = ("lbipam.cilium.io/ips", "io.cilium/lb-ipam-ips")
    kept = {"service.cilium.io/src-ranges-policy": "deny", **dict.fromkeys(asked, "192.0.2.5")}
    item = {"metadata": {"name": "a", "annotations": {**kept, "e": "f"}}}
    assert cut(item)["metadata"] == {"name": "a", "annotations": kept}


def agent(node: str | None, ready: str = "True", **metadata: str) -> dict[str, Any]:
    """Return a pod of Cilium's DaemonSet."""
    conditions = [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": ready}]
    return {"metadata": metadata, "spec": {"nodeName": node} if node else {}, "status": {"conditions": conditions}}


def test_an_agent_is_ready_where_one_of_its_nodes_pods_is() -> None:
    going = {"deletionTimestamp": "2026-11-23T18:00:00Z"}
    pods = [
        *(agent("node01"), agent("node02", "False"), agent("node03", **going)),
        *(
            agent("node04", **going),
            agent("node04"),
            agent(None, "False"),
            {"metadata": {}, "spec": {"nodeName": "node05"}},
        ),
    ]
    reader = FakeReader({"/api/v1/namespaces/kube-system/pods": pods}, {})
    assert read_agents(reader, "kube-system") == {  # type: ignore[arg-type]
        "node01": True,
        "node02": False,
        "node03": False,
        "node04": True,
        "node05": False,
    }
    assert reader.asked == [("/api/v1/namespaces/kube-system/pods", "k8s-app=cilium")]


@pytest.mark.parametrize(
    ("agents", "operators", "told"),
    [
        ([agent("node01")], [agent("node01"), agent("node02", "False")], True),
        ([agent("node01")], [agent("node01", "False")], False),
        pytest.param([agent("node01")], [], False, id="scaled to 0"),
        pytest.param([], [], None, id="no Cilium, or under other labels"),
        pytest.param([], [agent("node01")], True, id="no agent, and an operator"),
    ],
)
def test_an_operator_is_ready_where_one_is(
    agents: list[dict[str, Any]], operators: list[dict[str, Any]], told: bool | None
) -> None:
    class Labeled:
        def items(self, _path: str, selector: str, accept: str = JSON) -> list[dict[str, Any]]:
            return {AGENTS: agents, OPERATORS: operators}[selector]

    assert read_pods(Labeled(), "kube-system")["operator"] is told  # type: ignore[arg-type]


class Refusing:
    """An API server that refuses every list."""

    def __init__(self, status: int) -> None:
        self.status = status

    def items(self, _path: str, selector: str | None = None, accept: str = JSON) -> list[dict[str, Any]]:
        raise RefusedError("~/.kube/config", SimpleNamespace(status=self.status, reason=selector, body=b""))


def test_account_that_may_not_list_pods_does_not_know_the_agents() -> None:
    assert read_pods(Refusing(403), "kube-system") == {"agents": None, "operator": None}  # type: ignore[arg-type]
    with pytest.raises(RefusedError):
        read_agents(Refusing(503), "kube-system")  # type: ignore[arg-type]

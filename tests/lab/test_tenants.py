# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tenant who writes every label and every field manager on Services, against a real API server.

One story in the order of the file. All cases: tests/unit/live_cluster/test_note.py.
"""

from __future__ import annotations

import copy
import json
import ssl
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

import cluster_lab  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.client import (  # noqa: E402
    open_cluster,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.note import (  # noqa: E402
    ARGUMENTS,
    write_note,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.note import making_key  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan  # noqa: E402
from cluster_lab import Cluster, Run, run_refused, run_roles  # noqa: E402

LACKING = cluster_lab.missing()
pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.skipif(LACKING is not None, reason=str(LACKING))]

MANAGER = "hybridnet.cluster_edge"
MARKS = {"app.kubernetes.io/managed-by": MANAGER, "cluster-edge.hybridnet/site": "hybrid"}
NOTE = "/api/v1/namespaces/kube-system/configmaps/cluster-edge-hybrid"
POOLS = "/apis/cilium.io/v2/ciliumloadbalancerippools"
DUMMY = "/api/v1/namespaces/dummy/services/dummy-service"
AFFINE = "/api/v1/namespaces/affine/services/affine-svc-lb"
FORGED = "/api/v1/namespaces/dummy/services/forged"
MERGE_PATCH = "application/merge-patch+json"
PLATFORM: dict[str, Any] = hybrid_plan().data["clusters"]["platform"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    for cluster in cluster_lab.started(tmp_path_factory.mktemp("cluster")):
        cluster.add_cilium_kinds()
        cluster.add_namespace("dummy")
        cluster.add_namespace("affine")
        yield cluster


def service(name: str, labels: dict[str, str]) -> dict[str, Any]:
    spec = {"type": "LoadBalancer", "ports": [{"port": 25565}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": labels}, "spec": spec}


def run(cluster: Cluster, *options: str, items: Any = None, objects: Any = None, **changes: Any) -> Run:
    """Run both roles that write what a tenant could be in the way of."""
    own = {"site": "hybrid", **changes}
    pools = {"objects": PLATFORM["lb"] if objects is None else objects, "may_move": ["*"], "wait": 10}
    return run_roles(
        cluster,
        ("cilium_net_lb", {**own, **pools}),
        ("cilium_net_services", {**own, "items": PLATFORM["services"] if items is None else items}),
        options=options,
    )


def words(found: Run) -> str:
    return " ".join(found.output.split())


def noted(cluster: Cluster) -> dict[str, str]:
    return dict((cluster.get(NOTE) or {}).get("data") or {})


def uid(cluster: Cluster, path: str) -> str:
    return str(cluster.get(path)["metadata"]["uid"])


def test_service_of_a_planned_name_stays_and_all_else_goes_on(cluster: Cluster) -> None:
    """The tenant was there first, with our labels, our field manager and type ClusterIP, which no list of ours had."""
    theirs = service("dummy-service", {**MARKS, "mine": "yes"})
    theirs["spec"]["type"] = "ClusterIP"
    before = cluster.apply(DUMMY, theirs, "kubectl")
    found = run(cluster)
    assert found.returncode == 0, found.output
    assert "edge_services.dummy/dummy-service: it carries this site's labels, and the site did not make it" in words(
        found
    )
    assert cluster.get(DUMMY) == before
    assert noted(cluster)[uid(cluster, AFFINE)] == "Service affine/affine-svc-lb"
    assert noted(cluster)[uid(cluster, f"{POOLS}/private-ingress")] == "CiliumLoadBalancerIPPool private-ingress"
    assert [key for key in noted(cluster) if key.startswith("making")] == []


def test_copied_marks_are_worth_nothing(cluster: Cluster) -> None:
    cluster.apply(FORGED, service("forged", MARKS), MANAGER)
    pool = copy.deepcopy(next(item for item in PLATFORM["lb"] if item["metadata"]["name"] == "private-ingress"))
    pool["metadata"]["name"], pool["spec"]["blocks"] = "copied", [{"cidr": "198.51.100.0/28"}]
    cluster.apply(f"{POOLS}/copied", pool, "kubectl")
    before = cluster.get(FORGED), cluster.get(f"{POOLS}/copied")
    written = len(cluster.asked())
    found = run(cluster)
    assert (found.returncode, found.changed) == (0, 0), found.output
    assert cluster.writes_since(written) == []
    for name in ("Service dummy/forged", "CiliumLoadBalancerIPPool copied"):
        assert f"{name}: it carries this site's labels, and this site did not make it; it was left as it is" in words(
            found
        )
    assert (cluster.get(FORGED), cluster.get(f"{POOLS}/copied")) == before


def test_service_that_a_tenant_changed_is_reported_and_follows_the_plan(cluster: Cluster) -> None:
    patch = {"metadata": {"labels": dict.fromkeys(MARKS)}, "spec": {"externalIPs": ["192.0.2.9"]}}
    cluster.request("PATCH", f"{AFFINE}?fieldManager=kubectl-edit", patch, MERGE_PATCH)
    found = run(cluster)
    assert found.returncode == 0, found.output
    assert "the field manager kubectl-edit holds spec.externalIPs" in words(found)
    assert MARKS.items() <= cluster.get(AFFINE)["metadata"]["labels"].items()
    cluster.request("PATCH", f"{AFFINE}?fieldManager=kubectl-edit", {"spec": {"externalIPs": None}}, MERGE_PATCH)


def test_what_the_api_server_refuses_of_a_service_stops_nothing(cluster: Cluster) -> None:
    """A tenant holds a port that the plan changes."""
    items = copy.deepcopy([item for item in PLATFORM["services"] if item["namespace"] == "affine"])
    port = items[0]["object"]["spec"]["ports"][0]
    key = {name: port[name] for name in ("port", "protocol") if name in port}
    theirs = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "affine-svc-lb"}}
    held = {
        "ports": [{"protocol": "TCP", **key, "targetPort": 7777, **({"name": port["name"]} if "name" in port else {})}]
    }
    cluster.request(
        "PATCH", f"{AFFINE}?fieldManager=tenant&force=true", {**theirs, "spec": held}, "application/apply-patch+yaml"
    )
    new = copy.deepcopy(items[0])
    new["name"] = new["object"]["metadata"]["name"] = "new"
    port["targetPort"] = 8888
    found = run(cluster, items=[*items, new])
    assert found.returncode == 0, found.output
    assert "Service affine/affine-svc-lb: " in words(found)
    assert 'conflict with "tenant"' in words(found)
    made = cluster.get("/api/v1/namespaces/affine/services/new")
    assert noted(cluster)[made["metadata"]["uid"]] == "Service affine/new"
    cluster.request("DELETE", AFFINE)
    assert run(cluster).returncode == 0
    assert cluster.get("/api/v1/namespaces/affine/services/new") is None


STRANGE = {
    "an index": '{"f:spec":{"f:ports":{"i:0":{"f:name":{}}}}}',
    "a value": '{"f:spec":{"f:ports":{"v:1":{"f:name":{}}}}}',
    "keys of no port": '{"f:spec":{"f:ports":{"k:{\\"name\\":\\"x\\"}":{"f:name":{}}}}}',
    "a map as number": '{"f:spec":{"f:ports":{"k:{\\"port\\":{\\"a\\":1},\\"protocol\\":5}":{"f:name":{}}}}}',
    "a deep value": '{"f:spec":{"f:ports":{"v:' + "[" * 3000 + "]" * 3000 + '":{"f:name":{}}}}}',
}


def write_managed_fields(cluster: Cluster, path: str, fields: str, manager: str, operation: str = "Update") -> str:
    """Write an entry of managed fields, as whoever may write an object can; return what the API server keeps, as text."""
    entries = [item for item in cluster.get(path)["metadata"]["managedFields"] if item["operation"] == "Apply"]
    entry = {"manager": manager, "operation": operation, "apiVersion": "v1", "time": "2026-01-01T00:00:00Z"}
    entries.append({**entry, "fieldsType": "FieldsV1", "fieldsV1": "@"})
    body = json.dumps({"metadata": {"managedFields": entries}}).replace('"@"', fields)
    headers = {"Authorization": f"Bearer {cluster.token}", "Content-Type": MERGE_PATCH}
    request = urllib.request.Request(f"{cluster.url}{path}?fieldManager=x", body.encode(), headers, method="PATCH")
    with urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=60) as answer:
        answer.read()
    return str(cluster.request("GET", path, raw=True).decode())


def test_managed_fields_that_no_program_writes_stop_nothing(cluster: Cluster) -> None:
    """The API server keeps them: names of items that its lists have not, and thousands of levels, on any Service."""
    for name, fields in STRANGE.items():
        kept = write_managed_fields(cluster, AFFINE, fields, MANAGER)
        assert fields in kept, name
        found = run(cluster)
        assert (found.returncode, found.changed) == (0, 0), f"{name}: {found.output}"
    theirs = "/api/v1/namespaces/dummy/services/deep"
    spec = {"type": "ClusterIP", "ports": [{"port": 80}]}
    cluster.apply(theirs, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "deep"}, "spec": spec}, "tenant")
    for path, name in ((theirs, "dummy/deep"), (AFFINE, "affine/affine-svc-lb")):
        fields = '{"f:metadata":{"f:annotations":{"f:b":' + '{"f:a":' * 2000 + "{}" + "}" * 2000 + "}}}"
        assert fields in write_managed_fields(cluster, path, fields, "tenant")
        found = run(cluster)
        assert (found.returncode, found.changed) == (0, 0), found.output
        assert f"/api/v1/services: {name} is nested more than 100 levels deep" in words(found)
    cluster.request("DELETE", theirs, raw=True)
    cluster.request("PATCH", AFFINE, {"metadata": {"managedFields": [{}]}}, MERGE_PATCH)
    assert run(cluster).returncode == 0


def test_service_made_anew_by_a_tenant_is_not_ours(cluster: Cluster) -> None:
    """Deleted and made again with the very fields, labels and field manager."""
    ours = uid(cluster, AFFINE)
    cluster.request("DELETE", AFFINE)
    item = next(item for item in PLATFORM["services"] if item["namespace"] == "affine")
    before = cluster.apply(AFFINE, item["object"], MANAGER)
    found = run(cluster)
    assert found.returncode == 0, found.output
    assert "edge_services.affine/affine-svc-lb: it carries this site's labels, and the site did not make it" in words(
        found
    )
    assert ours not in noted(cluster)
    written = len(cluster.asked())
    assert run(cluster, items=[]).returncode == 0
    assert cluster.writes_since(written) == []
    assert cluster.get(AFFINE) == before


def test_config_map_that_somebody_edited_or_deleted(cluster: Cluster) -> None:
    cluster.request("PATCH", NOTE, {"data": {"hello": "world"}}, MERGE_PATCH)
    written = len(cluster.asked())
    step = "cilium_net_services", {"site": "hybrid", "items": []}
    refused = run_refused(cluster, step)
    assert "ConfigMap kube-system/cluster-edge-hybrid: no run has written hello" in words(refused)
    assert cluster.writes_since(written) == []
    cluster.request("DELETE", NOTE)
    preview = run(cluster, "--check")
    assert preview.returncode == 0, preview.output
    assert [item for item in cluster.writes_since(written) if "dryRun" not in item] == []
    first = run(cluster)
    taken = "Taken for this site's, as they carry its labels and its field manager: Service affine/affine-svc-lb"
    for found in (preview, first):
        assert f"{taken}, Service dummy/forged" in words(found)
        assert "Service dummy/forged: it carries this site's labels and its field manager" in words(found)
    assert cluster.get(FORGED) is not None  # listed first, and the user's to take out
    cluster.request("PATCH", NOTE, {"data": {uid(cluster, FORGED): None}}, MERGE_PATCH)
    written = len(cluster.asked())
    assert run(cluster).changed == 0
    assert cluster.writes_since(written) == []


def test_run_that_was_cut_off_knows_its_own(cluster: Cluster) -> None:
    made, name = uid(cluster, AFFINE), "Service affine/affine-svc-lb"
    key = making_key("services", name)
    cluster.request("PATCH", NOTE, {"data": {made: None, key: name}}, MERGE_PATCH)
    found = run(cluster)
    assert found.returncode == 0, found.output
    assert (noted(cluster)[made], key in noted(cluster)) == (name, False)


def test_what_a_run_never_made_is_forgotten_after_a_day(cluster: Cluster) -> None:
    name = "Service affine/never-made"
    key = making_key("services", name)
    cluster.request("PATCH", NOTE, {"data": {key: f"{name} 2026-01-01T00:00:00Z"}}, MERGE_PATCH)
    found = run(cluster)
    assert (found.returncode, key in noted(cluster)) == (0, False), found.output


def test_two_runs_at_a_time_lose_nothing_of_each_other(cluster: Cluster) -> None:
    """The ConfigMap of another name is made by one of them."""
    options = {name: spec.get("default") for name, spec in ARGUMENTS.items()}
    options |= {"namespace": "kube-system", "name": "race", "manager": MANAGER}
    barrier = threading.Barrier(8)

    def write(number: int) -> None:
        with open_cluster(str(cluster.kubeconfig), None, {}) as api:
            barrier.wait()
            for part in range(5):
                write_note(api, {**options, "data": {f"{number}.{part}": "x"}})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    path = "/api/v1/namespaces/kube-system/configmaps/race"
    assert len(cluster.get(path)["data"]) == 40
    with open_cluster(str(cluster.kubeconfig), None, {}) as api:
        assert write_note(api, {**options, "state": "absent"})["changed"] is True
        assert write_note(api, {**options, "state": "absent"})["changed"] is False
    assert cluster.get(path) is None


def test_another_site_and_a_cluster_that_leaves(cluster: Cluster) -> None:
    """The ConfigMap goes last, what only looks like ours stays, and a second run writes nothing."""
    before = cluster.get(AFFINE), cluster.names(POOLS), noted(cluster)
    other = run(cluster, items=[], objects=[], site="other")
    assert other.returncode == 0, other.output
    assert "affine" not in other.output
    assert (cluster.get(AFFINE), cluster.names(POOLS), noted(cluster)) == before
    leave: dict[str, Any] = {"items": [], "objects": [], "forget": True}
    check = run(cluster, "--check", **leave)
    assert check.returncode == 0, check.output
    assert noted(cluster) == before[2]
    gone = run(cluster, **leave)
    assert gone.returncode == 0, gone.output
    assert cluster.names(POOLS) == ["copied"]
    assert (cluster.get(AFFINE), cluster.get(NOTE)) == (None, None)
    assert cluster.get(FORGED) is not None

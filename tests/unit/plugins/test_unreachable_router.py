# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml where a router cannot be reached: no cluster is asked or changed, no router contracted, nothing verified.

ansible-core goes on with the next play in that case, ``any_errors_fatal`` or not (ansible/ansible#82834).
"""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import PlaybookRun, run_playbook

pytestmark = pytest.mark.ansible

STOPPED = "did not take the plan in this run"
LOOK = "/api/v1/nodes"
NAMESPACES = "/api/v1/namespaces"
REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
ADMINISTRATOR = {"status": {"resourceRules": [{key: ["*"] for key in ("apiGroups", "resources", "verbs")}]}}


class ApiServer(ThreadingHTTPServer):
    """Notes what is asked of it: a cluster with kube-system alone, which goes away after the look at it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _NotAvailable)
        self.asked: list[str] = []
        self.stays = False
        """Whether it is there after the look too."""
        namespaces = {"items": [{"metadata": {"name": "kube-system"}}]}
        self.answers: dict[str, Any] = {LOOK: {"items": []}, NAMESPACES: namespaces, REVIEW: ADMINISTRATOR}
        """Path -> JSON; of what stands not there nothing exists."""

    @property
    def begun(self) -> list[str]:
        """What was asked beyond the looks that come before the routers: each begins with a review, and asks once."""
        looks = self.asked.count(f"POST {REVIEW}")
        seen: Counter[str] = Counter()
        found = []
        for request in self.asked:
            seen[request] += 1
            if seen[request] > looks:
                found.append(request)
        return found

    def kubeconfig(self, folder: Path) -> Path:
        """Write a kubeconfig that leads here."""
        named = {
            "cluster": {"server": f"http://127.0.0.1:{self.server_port}"},
            "context": {"cluster": "c", "user": "u"},
        }
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": named["cluster"]}],
            "contexts": [{"name": "c", "context": named["context"]}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "current-context": "c",
        }
        path = folder / "kubeconfig"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path


class _NotAvailable(BaseHTTPRequestHandler):
    server: ApiServer

    def parse_request(self) -> bool:
        """Note the request, whatever its method, and answer or refuse it."""
        if super().parse_request():
            self.server.asked.append(f"{self.command} {self.path}")
            answer = self.server.answers.get(self.path)
            if answer is None:
                there = self.server.stays or not self.server.begun
                looks = self.server.answers and self.command == "GET" and there
                self.send_error(404 if looks else 503)
            else:
                content = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
        return False

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing on the tests' output."""


@pytest.fixture
def api() -> Iterator[ApiServer]:
    """Yield a listening API server."""
    with ApiServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def closed_port() -> int:
    """Return a port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unreachable() -> dict[str, Any]:
    """Return connection variables that lead to nobody."""
    return {
        "ansible_connection": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_port": closed_port(),
        "ansible_ssh_common_args": "-F /dev/null -o ControlPath=none",
    }


REACHABLE = {"ansible_connection": "local"}


def inventory(folder: Path, api: ApiServer, **routers: dict[str, Any]) -> Path:
    """Write a site of one router, cluster and node for each of ``routers``; they share nothing."""
    groups: dict[str, dict[str, Any]] = {"edge_routers": {}, "edge_clusters": {}, "edge_nodes": {}}
    for number, (name, variables) in enumerate(routers.items(), 1):
        network = f"10.60.{number}"
        groups["edge_routers"][name] = {
            "edge_router_asn": 64512 + number,
            "edge_addresses": {f"lan-{name}": f"{network}.1"},
            **variables,
        }
        groups["edge_clusters"][f"{name}-k8s"] = {
            "edge_cluster_asn": 64612 + number,
            "edge_cilium_version": "1.19.6",
            "edge_cilium_managed": False,
            "edge_cluster_kubeconfig": str(api.kubeconfig(folder)),
            "edge_peerings": {"k8s": {"network": f"lan-{name}"}},
            "edge_pools": {"lb": {"addresses": f"10.61.{number}.0/28"}},
        }
        groups["edge_nodes"][f"{name}-node"] = {
            "edge_cluster": f"{name}-k8s",
            "edge_addresses": {f"lan-{name}": f"{network}.11"},
        }
    networks = {f"lan-{name}": {"cidr": f"10.60.{number}.0/24"} for number, name in enumerate(routers, 1)}
    document = {
        "all": {
            "vars": {"edge_networks": networks},
            "children": {group: {"hosts": hosts} for group, hosts in groups.items()},
        }
    }
    path = folder / "hosts.yml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


def without_frr(folder: Path, command: str = "true") -> Path:
    """Write site.yml with a bare command in the place of the routers' role, which needs a host that has FRR."""
    plays = yaml.safe_load((CHECKOUT / "playbooks" / "site.yml").read_text("utf-8"))
    replaced = 0
    for play in plays:
        if "ansible.builtin.import_playbook" in play:
            play["ansible.builtin.import_playbook"] = str(CHECKOUT / "playbooks" / "plan.yml")
        for task in play.get("tasks", ()):
            for key in ("ansible.builtin.import_role", "ansible.builtin.include_role"):
                if task.get(key, {}).get("name") == "hybridnet.cluster_edge.udm_frr":
                    del task[key], task["vars"]
                    task["ansible.builtin.raw"] = command
                    replaced += 1
    assert replaced == 2
    path = folder / "site.yml"
    path.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    return path


def stopped_in(run: PlaybookRun, play: str) -> bool:
    """Return whether the run ended in ``play``, at its demand for the routers."""
    last_play = run.output.rsplit("PLAY [", 1)[1]
    last_task = run.output.rsplit("TASK [", 1)[1]
    return last_play.startswith(f"{play}]") and last_task.startswith("hybridnet.cluster_edge.edge : Require | ")


@pytest.mark.each_core
@pytest.mark.parametrize("options", [(), ("--check",)], ids=["apply", "check"])
def test_an_unreachable_router_stops_the_run_before_the_cluster(
    options: tuple[str, ...], tmp_path: Path, api: ApiServer
) -> None:
    run = run_playbook("site.yml", inventory(tmp_path, api, home=unreachable()), options=options)
    assert run.status != 0
    assert "UNREACHABLE!" in run.output
    assert f"home: {STOPPED}" in run.output
    assert stopped_in(run, "Provision the clusters")
    assert api.begun == []


@pytest.mark.long
def test_a_router_beside_it_that_is_reached_changes_nothing_of_that(tmp_path: Path, api: ApiServer) -> None:
    hosts = inventory(tmp_path, api, home=REACHABLE, cabin=unreachable())
    run = run_playbook(str(without_frr(tmp_path)), hosts)
    assert run.status != 0
    assert f"cabin: {STOPPED}" in run.output
    assert stopped_in(run, "Provision the clusters")
    assert api.begun == []


def test_routers_that_are_all_reached_let_the_cluster_begin(tmp_path: Path, api: ApiServer) -> None:
    hosts = inventory(tmp_path, api, home=REACHABLE, cabin=REACHABLE)
    run = run_playbook(str(without_frr(tmp_path)), hosts)
    assert STOPPED not in run.output
    assert api.begun


@pytest.mark.parametrize(
    ("first", "command"),
    [(unreachable, "true"), (dict, "test {{ inventory_hostname }} = second")],
    ids=["unreachable", "failed"],
)
def test_a_router_that_fails_keeps_the_next_from_starting(
    first: Callable[[], dict[str, Any]], command: str, tmp_path: Path, api: ApiServer
) -> None:
    hosts = inventory(tmp_path, api, first={**REACHABLE, **first()}, second=REACHABLE)
    run = run_playbook(str(without_frr(tmp_path, command)), hosts)
    assert run.status != 0
    assert "TASK [Expand the router]" in run.output
    begun = [task for task in run.output.split("TASK [") if task.startswith("Expand the router]")]
    assert len(begun) == 1
    assert "[first]" in begun[0]
    assert "[second]: " not in begun[0]
    assert api.begun == []


def test_routers_change_one_after_the_other_and_a_preview_shows_them_all(tmp_path: Path, api: ApiServer) -> None:
    hosts = inventory(tmp_path, api, first=REACHABLE, second=REACHABLE)
    site = str(without_frr(tmp_path))
    for options, plays in ((("--tags", "router"), 2), (("--tags", "router", "--check"), 1)):
        output = run_playbook(site, hosts, options=options).output
        assert output.count("PLAY [Expand the routers]") == plays


@pytest.mark.long
def test_a_router_that_is_lost_while_they_contract_keeps_the_next_from_starting(tmp_path: Path, api: ApiServer) -> None:
    hosts = inventory(tmp_path, api, first=unreachable(), second=REACHABLE)
    run = run_playbook(str(without_frr(tmp_path)), hosts, options=("--tags", "contract"))
    assert run.status != 0
    assert "first: did not get through this step, so second is not begun" in run.output
    assert run.output.count("TASK [Contract the router]") == 1


@pytest.mark.long
def test_a_router_whose_bgp_others_write_is_read_and_not_contracted(tmp_path: Path, api: ApiServer) -> None:
    hosts = inventory(tmp_path, api, home={**REACHABLE, "edge_router_bgp_owner": "none"})
    run = run_playbook(str(without_frr(tmp_path)), hosts, options=("--tags", "router,contract"))
    run.check(0)
    done = {task.partition("]")[0]: task for task in run.output.split("TASK [")}
    assert "changed: [home]" in done["Expand the router"]
    assert "skipping: [home]" in done["Contract the router"]


@pytest.mark.first_case
@pytest.mark.parametrize(
    ("changed", "left", "contracts"),
    [
        pytest.param(False, "", False, id="it had the whole plan"),
        pytest.param(True, "", False, id="it has the whole plan since it was changed"),
        pytest.param(True, "-router bgp 64512", True, id="it was changed, and something is left to take away"),
        pytest.param(False, "-router bgp 64512", True, id="something is left to take away"),
    ],
)
def test_a_router_that_has_the_whole_plan_is_not_contracted(
    changed: bool, left: str, contracts: bool, tmp_path: Path, api: ApiServer
) -> None:
    hosts = inventory(tmp_path, api, home=REACHABLE)
    expanded = json.dumps({"__udm_frr_result": {"changed": changed, "left": left}})
    run = run_playbook(str(without_frr(tmp_path)), hosts, expanded, options=("--tags", "router,contract"))
    run.check(0)
    done = {task.partition("]")[0]: task for task in run.output.split("TASK [")}
    assert ("changed: [home]" in done["Contract the router"]) is contracts
    assert ("skipping: [home]" in done["Contract the router"]) is not contracts


def test_a_boot_hook_alone_is_a_change_of_its_router(tmp_path: Path, api: ApiServer) -> None:
    """A gate that asks the summary for changes must not let it pass."""
    hosts, file = inventory(tmp_path, api, home=REACHABLE), tmp_path / "summary.json"
    done = {"changed": False, "left": "", "closes": [], "diff": {"before": "", "after": ""}}
    ran = json.dumps(
        {"__udm_frr_result": done, "__udm_frr_persisted": {"changed": True}, "edge_summary_file": str(file)}
    )
    run = run_playbook(str(without_frr(tmp_path)), hosts, ran, options=("--tags", "router,contract"))
    run.check(0)
    found = json.loads(file.read_text("utf-8"))["routers"]["home"]
    assert found == {"state": "changes", "added": 0, "removed": 0, "boot_hook": True, "closes": []}
    assert "no line, boot hook" in run.output


@pytest.mark.long
def test_a_router_that_leaves_the_site_is_contracted_though_nothing_is_left(tmp_path: Path, api: ApiServer) -> None:
    """What brings its configuration back at boot is taken away there."""
    hosts = inventory(tmp_path, api, home=REACHABLE, cabin=REACHABLE)
    absent = tmp_path / "absent.yml"
    absent.write_text(yaml.safe_dump(leaving()), encoding="utf-8")
    expanded = json.dumps({"__udm_frr_result": {"changed": False, "left": ""}})
    options = ("--tags", "router,contract", "-i", str(absent))
    run = run_playbook(str(without_frr(tmp_path)), hosts, expanded, options=options)
    run.check(0)
    contracted = [task for task in run.output.split("TASK [") if task.startswith("Contract the router]")]
    assert ["changed: [cabin]" in task for task in contracted if "[cabin]" in task] == [True]
    assert ["skipping: [home]" in task for task in contracted if "[home]" in task] == [True]


def leaving() -> dict[str, Any]:
    """Return the inventory in which all that belongs to the router ``cabin`` leaves."""
    hosts = {"edge_routers": "cabin", "edge_clusters": "cabin-k8s", "edge_nodes": "cabin-node"}
    groups = {group: {"hosts": {host: {"edge_state": "absent"}}} for group, host in hosts.items()}
    return {"all": {"children": groups}}


def test_a_router_that_leaves_the_site_is_waited_for_too(tmp_path: Path, api: ApiServer) -> None:
    hosts = inventory(tmp_path, api, home=REACHABLE, cabin=unreachable())
    absent = tmp_path / "absent.yml"
    absent.write_text(yaml.safe_dump(leaving()), encoding="utf-8")
    run = run_playbook(str(without_frr(tmp_path)), hosts, options=("-i", str(absent)))
    assert f"cabin: {STOPPED}" in run.output
    assert api.begun == []


@pytest.mark.long
def test_a_router_that_the_plan_does_not_manage_is_not_waited_for(tmp_path: Path, api: ApiServer) -> None:
    hosts = inventory(tmp_path, api, home={**unreachable(), "edge_router_managed": False})
    run = run_playbook("site.yml", hosts)
    assert STOPPED not in run.output
    assert api.begun


@pytest.mark.first_case
@pytest.mark.parametrize(
    "options",
    [("--tags", "cluster"), ("--limit", "home*"), ("--skip-tags", "router")],
    ids=["tags", "limit", "skip-tags"],
)
def test_a_router_that_was_left_out_on_purpose_is_not_waited_for(
    options: tuple[str, ...], tmp_path: Path, api: ApiServer
) -> None:
    hosts = inventory(tmp_path, api, home=REACHABLE, cabin=unreachable())
    run = run_playbook(str(without_frr(tmp_path)), hosts, options=options)
    assert STOPPED not in run.output
    assert api.begun


@pytest.mark.parametrize(
    ("options", "play"),
    [
        pytest.param(("--skip-tags", "cluster"), "Contract the routers", id="contract", marks=pytest.mark.long),
        pytest.param(("--tags", "router,verify"), "Verify", id="verify"),
    ],
)
def test_without_the_cluster_no_router_is_contracted_and_nothing_verified(
    options: tuple[str, ...], play: str, tmp_path: Path, api: ApiServer
) -> None:
    hosts = inventory(tmp_path, api, home=REACHABLE, cabin=unreachable())
    run = run_playbook(str(without_frr(tmp_path)), hosts, options=options)
    assert run.status != 0
    assert f"cabin: {STOPPED}" in run.output
    assert stopped_in(run, play)
    assert "TASK [Contract the router]" not in run.output
    assert api.begun == []


@pytest.mark.long
def test_a_router_that_was_lost_before_our_first_play_is_missed(tmp_path: Path, api: ApiServer) -> None:
    hosts = inventory(tmp_path, api, home=REACHABLE, cabin=unreachable())
    before = {
        "name": "Before",
        "hosts": "edge_routers",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.raw": "true"}],
    }
    own = tmp_path / "own.yml"
    own.write_text(json.dumps([before, {"import_playbook": str(without_frr(tmp_path))}]), encoding="utf-8")
    run = run_playbook(str(own), hosts)
    assert f"cabin, home: {STOPPED}" in run.output
    assert api.begun == []


def test_a_router_that_was_reached_once_must_be_reached_again(tmp_path: Path, api: ApiServer) -> None:
    """Two imports of site.yml in one run: the first one's marks do not count for the second."""
    hosts = inventory(tmp_path, api, home=REACHABLE)
    site = without_frr(tmp_path)
    first = yaml.safe_load(site.read_text("utf-8"))
    first = first[: [play["name"] for play in first].index("Provision the clusters")]
    tasks = [{"ansible.builtin.set_fact": unreachable()}, {"ansible.builtin.raw": "true"}]
    away = {"name": "Away", "hosts": "edge_routers", "gather_facts": False, "tasks": tasks}
    own = tmp_path / "own.yml"
    own.write_text(json.dumps([*first, away, {"import_playbook": str(site)}]), encoding="utf-8")
    run = run_playbook(str(own), hosts)
    assert run.output.count("TASK [Expand the router]") == 1
    assert f"home: {STOPPED}" in run.output
    assert stopped_in(run, "Provision the clusters")
    assert api.begun == []


def test_a_cluster_that_cannot_be_read_ends_the_run_before_the_routers(tmp_path: Path, api: ApiServer) -> None:
    api.answers.clear()
    run = run_playbook(str(without_frr(tmp_path)), inventory(tmp_path, api, home=REACHABLE))
    assert run.status != 0
    assert "refused: 503" in run.output
    assert "TASK [Expand the router]" not in run.output


@pytest.mark.long
def test_a_cluster_of_others_ends_the_run_before_the_routers(tmp_path: Path, api: ApiServer) -> None:
    api.answers[LOOK] = {"items": [{"metadata": {"name": "elsewhere"}}]}
    run = run_playbook(str(without_frr(tmp_path)), inventory(tmp_path, api, home=REACHABLE))
    assert run.status != 0
    assert (
        "Nothing was changed. home-k8s: it has none of the planned nodes (home-node); its nodes are elsewhere."
        in run.output
    )
    assert "TASK [Expand the router]" not in run.output
    assert api.begun == []


def test_two_clusters_of_the_inventory_that_are_one_end_the_run_before_the_routers(
    tmp_path: Path, api: ApiServer
) -> None:
    api.answers[NAMESPACES] = {"items": [{"metadata": {"name": "kube-system", "uid": "7d0f7f0e"}}]}
    run = run_playbook(str(without_frr(tmp_path)), inventory(tmp_path, api, home=REACHABLE, cabin=REACHABLE))
    assert run.status != 0
    for one, other in (("home", "cabin"), ("cabin", "home")):
        refused = f"Nothing was changed. {one}-k8s: it is the same cluster as {other}-k8s, with the same nodes"
        assert refused in " ".join(run.output.split())
    assert "TASK [Expand the router]" not in run.output
    assert api.begun == []


def test_a_preview_of_two_clusters_that_are_one_fails_at_its_end(tmp_path: Path, api: ApiServer) -> None:
    named = {"items": [{"metadata": {"name": "kube-system", "uid": "7d0f7f0e"}}]}
    own = f"{NAMESPACES}?labelSelector=kubernetes.io/metadata.name%3Dkube-system"
    api.answers |= {NAMESPACES: named, own: named, "/api/v1/services": {"items": []}}
    api.stays = True
    hosts = inventory(tmp_path, api, home=REACHABLE, cabin=REACHABLE)
    run = run_playbook(str(without_frr(tmp_path)), hosts, options=("--check",))
    assert run.status != 0
    for one, other in (("home", "cabin"), ("cabin", "home")):
        refused = f"Without check mode nothing would be changed. {one}-k8s: it is the same cluster as {other}-k8s"
        assert refused in " ".join(run.output.split())


def test_a_namespace_that_is_not_there_ends_the_run_before_the_routers(tmp_path: Path, api: ApiServer) -> None:
    hosts = inventory(tmp_path, api, home=REACHABLE)
    run = run_playbook(str(without_frr(tmp_path)), hosts, json.dumps({"cilium_net_release_namespace": "cilium"}))
    assert run.status != 0
    assert "home-k8s: cilium_net_release_namespace: the cluster has no namespace cilium" in run.output
    assert "TASK [Expand the router]" not in run.output
    assert api.begun == []


def test_a_cluster_to_which_others_apply_is_looked_at_for_its_nodes_alone(tmp_path: Path, api: ApiServer) -> None:
    hosts = inventory(tmp_path, api, home=REACHABLE)
    applied = json.dumps({"edge_cluster_apply": "others"})
    run = run_playbook(str(without_frr(tmp_path)), hosts, applied, options=("--tags", "router,cluster"))
    run.check(0)
    assert "home-k8s: nothing is written there" in run.output
    assert {request.partition("?")[0] for request in api.asked} == {f"GET {LOOK}", f"POST {REVIEW}"}


def test_a_preview_says_what_would_be_refused_although_a_router_is_away(tmp_path: Path, api: ApiServer) -> None:
    """A cluster of others, and no router: the preview ends by the router, and its reason names both."""
    api.answers[LOOK] = {"items": [{"metadata": {"name": "elsewhere"}}]}
    run = run_playbook("site.yml", inventory(tmp_path, api, home=unreachable()), options=("--check",))
    assert run.status != 0
    reason = run.output[run.output.index(f"home: {STOPPED}") :]
    assert "Besides, without check mode nothing would be changed. home-k8s: it has none of the planned nodes" in reason

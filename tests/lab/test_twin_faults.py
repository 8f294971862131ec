# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a whole site's cluster in the middle of site.yml, while clients use its services.

Each time a clear error, no address, session and connection lost, and the next run completes. A run brings one pool and service
more, with an address that the router has to let in, and takes the ones of the run before away.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import dataclasses
import datetime
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.cgroups import Cgroup
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.kube import ApiError, Kube
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, HYBRID
from ansible_collections.hybridnet.cluster_edge.tests.support.lab_twins import lab_twin
from ansible_collections.hybridnet.cluster_edge.tests.support.session_watch import SessionWatch
from ansible_collections.hybridnet.cluster_edge.tests.support.tcp_client import Connections

sys.path[:0] = [str(Path(__file__).parent)]

from api_gate import AFTER, BEFORE, HANGS, Gate, gate  # noqa: E402
from webhook import MESSAGE, webhook  # noqa: E402

pytestmark = [
    pytest.mark.lab,
    pytest.mark.long,
    pytest.mark.skipif(os.geteuid() != 0, reason="a twin needs root"),
]

TWIN = lab_twin("faults")
CLIENT = f"{TWIN.prefix}.client.upstream"
TARGETS = ("203.0.113.93:443", "203.0.113.94:25565")
OF_NODE01 = {"10.121.0.11", "10.122.0.11"}
"""Its addresses in the router's sessions."""
POOLS = "/apis/cilium.io/v2/ciliumloadbalancerippools"

EXPAND = "PLAY [Expand the routers]"
LB = "cilium_net_lb : Bring pools and L2 policies to the plan]"
CONTRACT = "PLAY [Contract the routers]"

OPERATOR = "/apis/apps/v1/namespaces/kube-system/deployments/cilium-operator"
READY_SECONDS = 60.0
"""Within which a program that was kept down is ready again, and one that is kept down is known to be."""


KERNEL = ("unprivileged_bpf_disabled", "timer_migration")
"""Settings of the whole machine that an agent tries to write."""


def of_the_machine() -> dict[str, str]:
    return {name: Path("/proc/sys/kernel", name).read_text("ascii").strip() for name in KERNEL}


class Site:
    """The reference site in a twin, and its inventory, which is edited."""

    def __init__(self, folder: Path) -> None:
        self.before = of_the_machine()
        self.folder = TWIN.folder
        self.inventory = folder / "inventory"
        shutil.copytree(HYBRID, self.inventory)
        self._file = self.inventory / "group_vars" / "all" / "edge.yml"
        self._of_hosts = self.inventory / "host_vars"
        self._first: dict[str, Any] = yaml.safe_load(self._file.read_text("utf-8"))
        self._numbers = itertools.count()
        self.ended: set[str] = set()
        """Peers of the router whose sessions a test ends itself."""

    def twin(self, *options: str) -> None:
        """Bring the twin up, or what of it is missing."""
        done = self.start("twin.yml", self.inventory, *TWIN.options, *options)
        output = done.communicate(timeout=600)[0]
        assert done.returncode == 0, output

    def start(self, playbook: str, inventory: Path, *options: str) -> subprocess.Popen[str]:
        command = ["ansible-playbook", f"playbooks/{playbook}", "-i", str(inventory), *options]
        return subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *options: str, at: str = "", act: Callable[[], object] = lambda: None) -> tuple[int, str]:
        """Run site.yml, and act when it comes to a line with this text; return its exit code and output."""
        process = self.start("site.yml", self.inventory, "-i", str(self.folder / "overlay"), *options)
        assert process.stdout is not None
        lines, acted = [], not at
        for line in process.stdout:
            lines.append(line)
            if not acted and at in line:
                acted = True
                act()
        output = "".join(lines)
        assert acted, f"the run never came to {at}:\n{output}"
        return process.wait(), output

    def edit(self) -> str:
        """Write an inventory with a pool and a service of its own, and return its service's name."""
        number = next(self._numbers)
        name, address = f"drill-{number}", f"203.0.113.{100 + number}"
        wanted = copy.deepcopy(self._first)
        wanted["edge_pools"][name] = {"addresses": f"{address}/32", "bgp": "public-ingress"}
        ports = [{"port": 25565}]
        service = {"pool": name, "addresses": address, "ports": ports, "selector": {"app": name}}
        wanted["edge_services"][f"dummy/{name}"] = service
        self._file.write_text(yaml.safe_dump(wanted), "utf-8")
        shutil.rmtree(self._of_hosts, ignore_errors=True)
        self._of_hosts.mkdir()
        self.ended = set()
        self.twin()  # it has an endpoint for the service then
        return name

    def add_to(self, host: str, **variables: str) -> None:
        """Write variables of a host into the inventory; they last until the next edit."""
        (self._of_hosts / f"{host}.yml").write_text(yaml.safe_dump(variables), "utf-8")

    @property
    def kube(self) -> Kube:
        return Kube(self._own / "kubeconfig")

    @property
    def certificate(self) -> Path:
        """Of the API server, for 127.0.0.1; its key is beside it."""
        return self._own / "pki" / "apiserver.crt"

    @property
    def _own(self) -> Path:
        """The folder of what belongs to the cluster."""
        return self.folder / "clusters" / "platform"

    @contextlib.contextmanager
    def gate(self) -> Iterator[Gate]:
        """Put a gate before the API server, through which runs go until ``twin`` writes the overlay anew.

        Agents, operator and controllers reach the server as before.
        """
        real = self._own / "kubeconfig"
        server = json.loads(real.read_text("utf-8"))["clusters"][0]["cluster"]["server"]
        with gate(_Served(server, self.certificate, real, self._own)) as opened:
            self._go_by(opened.kubeconfig)
            yield opened

    def _go_by(self, kubeconfig: Path) -> None:
        """Let runs go by another kubeconfig until ``twin`` writes the overlay anew."""
        real = self._own / "kubeconfig"
        overlay = self.folder / "overlay" / "host_vars" / "platform.yml"
        text = overlay.read_text("utf-8")
        assert f"{real}" in text
        overlay.write_text(text.replace(f"{real}", f"{kubeconfig}"), "utf-8")

    def act_as(self, rules: list[dict[str, Any]]) -> None:
        """Let runs be those of a service account with these rules and no others, until ``twin`` is called."""
        account, path = {"metadata": {"name": "limited"}}, "/api/v1/namespaces/default/serviceaccounts"
        with contextlib.suppress(ApiError):  # of a test before
            self.kube.request("POST", path, account)
        self.grant(rules)
        binding = {
            "metadata": {"name": "limited"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "limited"},
            "subjects": [{"kind": "ServiceAccount", "name": "limited", "namespace": "default"}],
        }
        with contextlib.suppress(ApiError):
            self.kube.request("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
        token = self.kube.request("POST", f"{path}/limited/token", {"spec": {"expirationSeconds": 7200}})
        config = json.loads((self._own / "kubeconfig").read_text("utf-8"))
        config["users"][0]["user"] = {"token": token["status"]["token"]}
        limited = self._own / "limited"
        limited.write_text(json.dumps(config), "utf-8")
        limited.chmod(0o600)
        self._go_by(limited)

    def grant(self, rules: list[dict[str, Any]]) -> None:
        """Let the account of :meth:`act_as` do this and nothing else."""
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "limited"}}
        path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/limited?fieldManager=drill"
        self.kube.request("PATCH", path, {**role, "rules": rules}, content="application/apply-patch+yaml")

    def has(self, path: str) -> bool:
        """Return whether the API server has something at a path."""
        try:
            self.kube.request("GET", path)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    def remove(self, path: str) -> None:
        """Delete what is at a path, and wait until it is gone."""
        self.kube.request("DELETE", path)
        self.wait_for(f"{path} is gone", lambda: not self.has(path))

    def wait_for(self, what: str, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + READY_SECONDS
        while not holds():
            assert time.monotonic() < end, f"not within {READY_SECONDS:.0f} s: {what}"
            time.sleep(0.2)  # between two polls

    def ready(self, workload: str, key: str) -> int:
        """Return how many pods of a workload are ready."""
        return int((self.kube.request("GET", workload).get("status") or {}).get(key) or 0)

    def scale(self, workload: str, replicas: int) -> None:
        """Let a workload have so many pods."""
        body = {"spec": {"replicas": replicas}}
        self.kube.request("PATCH", workload, body, content="application/merge-patch+json")

    def addresses(self) -> dict[str, list[str]]:
        """Return by Service of the reference site the addresses that the cluster gives it."""
        found = {}
        for item in self.kube.request("GET", "/api/v1/services")["items"]:
            metadata, status = item["metadata"], (item.get("status") or {}).get("loadBalancer") or {}
            if item["spec"].get("type") == "LoadBalancer" and not metadata["name"].startswith("drill-"):
                key = f"{metadata['namespace']}/{metadata['name']}"
                found[key] = [entry["ip"] for entry in status.get("ingress") or ()]
        return found

    def kill(self, program: str) -> None:
        """End a program of the twin by SIGKILL."""
        Cgroup.of_twin(TWIN.prefix).child(program).kill()


@dataclasses.dataclass(frozen=True)
class _Served:
    """A twin's cluster, as a gate takes it."""

    url: str
    certificate: Path
    kubeconfig: Path
    folder: Path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    try:
        site.twin()
        code, output = site.run()
        assert code == 0, output
        yield site
    finally:
        site.twin("-e", "edge_twin_state=absent")


@pytest.fixture
def name(site: Site, told_by_probes: Callable[[str], None], request: pytest.FixtureRequest) -> Iterator[str]:
    """Edit the inventory, and return the new service's name.

    Checks that no connection of a client fails from then on, that no session ends but for those that the test ends itself,
    and that every service has its address at the end.
    """
    edited = site.edit()
    before = site.addresses()
    assert all(before.values()), before
    clients, sessions = Connections(CLIENT, *TARGETS), SessionWatch(site.folder, "udm-pro")
    try:
        yield edited
    finally:
        lost, seen = clients.stop(), sessions.stop()
    for target, losses in lost.items():
        told_by_probes(f"{request.node.name}, {target}: {losses}")
    told_by_probes(f"{request.node.name}: {len(seen.down)} sessions went down in {seen.looks} looks at the router")
    assert {target: losses.lost for target, losses in lost.items()} == dict.fromkeys(TARGETS, 0)
    assert seen.looks > 0
    assert set(seen.down) <= site.ended, seen.down
    assert site.addresses() == before


def words(output: str) -> str:
    return " ".join(output.split())


def completes(site: Site, name: str) -> None:
    """Check that the next run completes, and that the one after it finds nothing to change."""
    code, output = site.run()
    assert code == 0, output
    assert name in [item["metadata"]["name"] for item in site.kube.request("GET", POOLS)["items"]]
    code, output = site.run()
    assert code == 0, output
    assert "0 of 2 ends changed" in output
    assert "left out of this run" not in output


def test_agents_leave_the_kernel_of_the_machine_as_it_is(site: Site) -> None:
    """It proves nothing on a machine that has their values already; test_twin_network.py does."""
    assert of_the_machine() == site.before


@pytest.mark.parametrize("at", [EXPAND, LB, CONTRACT], ids=["routers expand", "pools are applied", "routers contract"])
def test_api_server_that_is_killed_in_the_middle_of_a_phase(site: Site, name: str, at: str) -> None:
    code, output = site.run(at=at, act=lambda: site.kill("kube-apiserver.platform"))
    assert code != 0, output
    assert "out of reach" in words(output), output
    assert "Traceback" not in output
    site.twin()
    completes(site, name)


# Each: the request at which the server is killed, and what the run says then.
NOT_SEEN = "Nothing was changed. platform: it cannot be looked at: the API server https://127.0.0.1:"
UNWRITTEN = "What was written before it stays. Mend this and run again: the run goes on there."
REQUESTS = [
    pytest.param("GET", "/ciliumloadbalancerippools$", BEFORE, [NOT_SEEN, "is out of reach"], id="the first look"),
    pytest.param(
        "PATCH",
        "/ciliumbgpadvertisements/",
        AFTER,
        ["CiliumBGPAdvertisement public-ingress: the API server https://127.0.0.1:", UNWRITTEN],
        id="BGP objects are applied",
    ),
    pytest.param(
        "PATCH",
        "/namespaces/dummy/services/drill-",
        BEFORE,
        ["Service dummy/drill-", "the API server https://127.0.0.1:", UNWRITTEN],
        id="services are applied",
    ),
    pytest.param(
        "GET",
        "^/apis/cilium.io/v2$",
        BEFORE,
        ["The site is not as planned:", "error EDGE802 platform: ", "is out of reach"],
        id="both ends are verified",
    ),
]


@pytest.mark.parametrize(("method", "path", "when", "told"), REQUESTS)
def test_api_server_that_is_killed_at_a_request(
    site: Site, name: str, method: str, path: str, when: str, told: list[str]
) -> None:
    with site.gate() as entrance:
        entrance.on_down = lambda: site.kill("kube-apiserver.platform")
        entrance.cut_at(method, path, when)
        code, output = site.run("-e", "edge_verify_timeout=10")
        assert (entrance.down, code != 0) == (True, True), output
    for text in told:
        assert text in words(output), output
    assert "Traceback" not in output
    site.twin()
    completes(site, name)


def test_agent_that_dies_during_the_apply_is_waited_for(site: Site, name: str) -> None:
    site.ended = OF_NODE01
    code, output = site.run(at=LB, act=lambda: site.kill("node.node01/agent"))
    assert code == 0, output
    completes(site, name)


@pytest.mark.parametrize("at", ["", EXPAND], ids=["before the run", "after the look"])
def test_pool_in_conflict_that_somebody_makes_by_hand(site: Site, name: str, at: str) -> None:
    pools = yaml.safe_load((site.inventory / "group_vars" / "all" / "edge.yml").read_text("utf-8"))["edge_pools"]
    spec = {"blocks": [{"cidr": pools[name]["addresses"]}], "serviceSelector": {"matchLabels": {"their": "own"}}}
    body = {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", "metadata": {"name": "by-hand"}}

    def make() -> None:
        site.kube.request("POST", POOLS, {**body, "spec": spec})

    if not at:
        make()
    code, output = site.run(at=at, act=make)
    told = words(output)
    assert code != 0, output
    assert "CiliumLoadBalancerIPPool by-hand: it was not made by this site" in told
    assert "edge_cluster_take_over: {objects: ['CiliumLoadBalancerIPPool/by-hand@1-" in told
    with pytest.raises(ApiError):
        site.kube.request("GET", f"{POOLS}/{name}")
    site.kube.request("DELETE", f"{POOLS}/by-hand")
    completes(site, name)


def absent(site: Site, name: str) -> bool:
    """Return whether the cluster has nothing of the new pool."""
    return name not in [item["metadata"]["name"] for item in site.kube.request("GET", POOLS)["items"]]


def test_api_server_that_is_slow(site: Site, name: str) -> None:
    """Every answer takes a second: the run takes its time, and is as any other."""
    with site.gate() as entrance:
        entrance.delay = 1.0
        code, output = site.run("-e", "edge_verify_timeout=60")
        assert code == 0, output
    site.twin()
    completes(site, name)


def test_api_server_that_hangs_at_a_write(site: Site, name: str) -> None:
    with site.gate() as entrance:
        entrance.cut_at("PATCH", "/ciliumloadbalancerippools/", HANGS)
        code, output = site.run()
        assert (entrance.down, code != 0) == (True, True), output
        entrance.mend()
    assert f"CiliumLoadBalancerIPPool {name}: the API server https://127.0.0.1:" in words(output)
    assert "is out of reach: Read timed out" in words(output)
    assert UNWRITTEN in words(output)
    assert CONTRACT not in output
    assert "Traceback" not in output
    site.twin()
    completes(site, name)


ADMISSION = "/apis/admissionregistration.k8s.io/v1"


NOBODY = "https://127.0.0.1:9/"
"""Where a webhook would be of a tool that was taken away."""


def asking(resource: str, url: str, authority: Path) -> tuple[str, dict[str, Any]]:
    """Return the configuration by which the API server must ask a webhook at this URL, which has this certificate."""
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": [resource]}
    hook = {
        "name": "drill.example.org",
        "rules": [rule],
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 2,
        "clientConfig": {"url": url, "caBundle": base64.b64encode(authority.read_bytes()).decode("ascii")},
    }
    return "validatingwebhookconfigurations", {"metadata": {"name": "drill"}, "webhooks": [hook]}


def refusing(resource: str, name: str) -> tuple[str, dict[str, Any]]:
    """Return a policy by which the API server itself refuses one object."""
    rule = {
        "apiGroups": ["*"],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": [resource],
        "resourceNames": [name],
    }
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "false", "message": MESSAGE}],
    }
    return "validatingadmissionpolicies", {"metadata": {"name": "drill"}, "spec": spec}


@contextlib.contextmanager
def admission(site: Site, plural: str, body: dict[str, Any], probe: tuple[str, dict[str, Any]]) -> Iterator[None]:
    """Let something refuse objects for the block.

    Args:
        site: the site.
        plural: of the kind of what refuses.
        body: it.
        probe: path and body of an object that is refused once it is in force.
    """
    made = [(plural, body)]
    if plural == "validatingadmissionpolicies":
        binding = {"metadata": body["metadata"], "spec": {"policyName": "drill", "validationActions": ["Deny"]}}
        made.append(("validatingadmissionpolicybindings", binding))
    for kind, item in made:
        site.kube.request("POST", f"{ADMISSION}/{kind}", item)

    def in_force() -> bool:
        try:
            site.kube.request("POST", f"{probe[0]}?dryRun=All", probe[1])
        except ApiError as error:
            return error.status != 409
        return False

    try:
        site.wait_for("what refuses is in force", in_force)
        yield
    finally:
        for kind, item in reversed(made):
            site.kube.request("DELETE", f"{ADMISSION}/{kind}/{item['metadata']['name']}")
        site.wait_for("what refuses is gone", lambda: not in_force())


def a_pool(name: str) -> tuple[str, dict[str, Any]]:
    spec = {"blocks": [{"cidr": "198.51.100.0/28"}], "disabled": True}
    metadata = {"name": name}
    body = {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", "metadata": metadata, "spec": spec}
    return POOLS, body


def meets_a_pool(site: Site, name: str, url: str, told: str) -> None:
    """Check what a run does whose pool the webhook at this URL does not let pass."""
    with admission(site, *asking("ciliumloadbalancerippools", url, site.certificate), a_pool(name)):
        code, output = site.run()
    assert code != 0, output
    assert f"CiliumLoadBalancerIPPool {name}: " in words(output), output
    assert told in words(output), output
    assert UNWRITTEN in words(output)
    assert "the account may not" not in words(output)
    assert CONTRACT not in output
    assert "Traceback" not in output
    assert absent(site, name)
    completes(site, name)


def test_webhook_that_refuses_one_pool(site: Site, name: str) -> None:
    with webhook(f"{TWIN.prefix}.cluster.platform", site.certificate, name) as url:
        meets_a_pool(site, name, url, f'admission webhook "drill.example.org" denied the request: {MESSAGE}')


def test_webhook_that_is_out_of_reach(site: Site, name: str) -> None:
    meets_a_pool(site, name, NOBODY, 'failed calling webhook "drill.example.org"')


def test_policy_that_refuses_one_service(site: Site, name: str) -> None:
    """Of services one that is refused keeps no other from the plan; the run says so, and ends as one that lacks it."""
    spec = {"type": "LoadBalancer", "ports": [{"port": 25565}]}
    probe = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}
    with admission(site, *refusing("services", name), ("/api/v1/namespaces/dummy/services", probe)):
        code, output = site.run("-e", "edge_verify_timeout=10")
    assert code != 0, output
    assert f"Service dummy/{name}: " in words(output), output
    assert MESSAGE in words(output), output
    assert "Traceback" not in output
    assert not absent(site, name)
    completes(site, name)


READS: dict[str, Any] = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}
REVIEWS: dict[str, Any] = {"apiGroups": ["authorization.k8s.io"], "resources": ["*"], "verbs": ["create"]}
WRITES: dict[str, Any] = {"apiGroups": ["", "apps"], "resources": ["*"], "verbs": ["*"]}
OF_BGP: dict[str, Any] = {
    "apiGroups": ["cilium.io"],
    "resources": ["ciliumbgpadvertisements", "ciliumbgpclusterconfigs", "ciliumbgppeerconfigs"],
    "verbs": ["*"],
}
OF_POOLS: dict[str, Any] = {
    **OF_BGP,
    "resources": ["ciliumloadbalancerippools", "ciliuml2announcementpolicies"],
}


def test_account_that_may_not_write_one_kind(site: Site, name: str) -> None:
    site.act_as([READS, REVIEWS, WRITES, OF_BGP])
    code, output = site.run()
    assert code != 0, output
    assert re.search("the account may not [a-z, ]*patch ciliumloadbalancerippools.cilium.io: grant it", words(output))
    assert EXPAND not in output
    assert "Traceback" not in output
    assert absent(site, name)
    site.grant([READS, REVIEWS, WRITES, OF_BGP, OF_POOLS])
    code, output = site.run()
    assert code == 0, output
    site.twin()
    completes(site, name)


def test_account_that_loses_a_right_in_the_middle(site: Site, name: str) -> None:
    site.act_as([READS, REVIEWS, WRITES, OF_BGP, OF_POOLS])
    code, output = site.run(at=EXPAND, act=lambda: site.grant([READS, REVIEWS, WRITES, OF_BGP]))
    assert code != 0, output
    assert f"CiliumLoadBalancerIPPool {name}: " in words(output), output
    assert "is forbidden" in words(output), output
    assert CONTRACT not in output
    assert "Traceback" not in output
    assert absent(site, name)
    site.twin()
    completes(site, name)


NOT_SERVED = "the cluster does not serve this kind (Cilium's operator registers it: "
START_ANEW = "start it anew: kubectl -n kube-system rollout restart deployment/cilium-operator)"
OVERRIDES = "ciliumbgpnodeconfigoverrides"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def test_kind_whose_definition_is_deleted_after_the_look(site: Site, name: str) -> None:
    """No object of it lives: the run is the first to bring one, of a BGP identifier that the node has already."""
    site.add_to("node01", edge_node_router_id="10.121.0.11")
    definition = f"{DEFINITIONS}/{OVERRIDES}.cilium.io"
    try:
        code, output = site.run("-e", "cilium_net_bgp_wait=5", at=EXPAND, act=lambda: site.remove(definition))
        assert code != 0, output
        assert f"CiliumBGPNodeConfigOverride: {NOT_SERVED}" in words(output), output
        assert START_ANEW in words(output)
        assert CONTRACT not in output
        assert "Traceback" not in output
        assert absent(site, name)
    finally:  # the way out that it names
        restart = {"kubectl.kubernetes.io/restartedAt": datetime.datetime.now(datetime.UTC).isoformat()}
        template = {"spec": {"template": {"metadata": {"annotations": restart}}}}
        site.kube.request("PATCH", OPERATOR, template, content="application/merge-patch+json")
        site.wait_for("the kind is served", lambda: site.has(f"/apis/cilium.io/v2/{OVERRIDES}"))
    completes(site, name)
    assert site.has(f"/apis/cilium.io/v2/{OVERRIDES}/node01")


def test_kind_that_the_api_server_does_not_have(site: Site, name: str) -> None:
    """To the run its CRD is gone; the real one stays, and so do the pools that clients live by."""
    with site.gate() as entrance:
        entrance.hidden = re.compile("ciliumloadbalancerippools")
        code, output = site.run("-e", "cilium_net_lb_wait=5")
        assert code != 0, output
    told = (
        "Nothing was changed. platform: Service affine/affine-svc-lb: it holds 10.122.0.171 (given by the field manager"
    )
    assert told in words(output), output
    assert "and the cluster has no CiliumLoadBalancerIPPool yet" in words(output)
    assert f"platform: CiliumLoadBalancerIPPool: {NOT_SERVED}" in words(output), output
    assert START_ANEW in words(output)
    assert EXPAND not in output
    assert "Traceback" not in output
    assert absent(site, name)
    site.twin()
    completes(site, name)


KEPT_DOWN = '{"edge_twin_stopped_operators": ["platform"]}'
NO_OPERATOR = "Without it no service gets an address, and no change of BGP reaches a node; what runs goes on as it is. "


def keep_operator_down(site: Site) -> Callable[[], object]:
    """End the operator as a crash that comes back at each start does; return what mends it."""
    site.twin("-e", KEPT_DOWN)
    return site.twin


def scale_operator_down(site: Site) -> Callable[[], object]:
    """End the operator as somebody does who makes room for a moment; return what mends it."""
    site.scale(OPERATOR, 0)
    return lambda: site.scale(OPERATOR, 1)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        pytest.param(
            keep_operator_down,
            [
                "(Deployment kube-system/cilium-operator): 0 of 1 ready; not ready: ",
                "kube-system describe pod cilium-operator-",
            ],
            id="it crashes",
        ),
        pytest.param(
            scale_operator_down,
            [
                "(Deployment kube-system/cilium-operator): scaled to 0. ",
                "-n kube-system scale deployment/cilium-operator --replicas=1",
            ],
            id="somebody scales it to 0",
        ),
    ],
)
def test_operator_that_is_down_for_the_whole_run(
    site: Site, name: str, end: Callable[[Site], Callable[[], object]], told: list[str]
) -> None:
    mend = end(site)
    site.wait_for("the operator is down", lambda: site.ready(OPERATOR, "readyReplicas") == 0)
    code, output = site.run("-e", "cilium_net_release_timeout=10")
    mend()
    assert code != 0, output
    looked, _play, failed = words(output).partition(EXPAND)
    for text in [*told, NO_OPERATOR]:
        assert text in looked, output
        assert text in failed, output
    assert "This run waits for it, for cilium_net_release_timeout seconds, before anything is written" in looked
    assert "Not complete after 10 s. Cilium's operator (" in failed
    assert "Mend it and run again: the run goes on there." in failed
    assert "Traceback" not in output
    with pytest.raises(ApiError):  # the cluster has nothing of the plan yet
        site.kube.request("GET", f"{POOLS}/{name}")
    completes(site, name)


def test_operator_of_a_release_that_others_install_is_down(site: Site, name: str) -> None:
    """Nobody would wait for it, so nothing is begun."""
    scale_back = scale_operator_down(site)
    code, output = site.run("-e", '{"edge_cilium_managed": false}')
    scale_back()
    assert code != 0, output
    told = words(output)
    assert (
        "Nothing was changed. platform: Cilium's operator (Deployment kube-system/cilium-operator): scaled to 0. "
        in told
    )
    assert "Nobody waits for Cilium here (edge_cilium_managed: false)" in told
    assert EXPAND not in output
    with pytest.raises(ApiError):
        site.kube.request("GET", f"{POOLS}/{name}")
    completes(site, name)


def test_agent_that_is_kept_down_keeps_no_other_node_from_the_plan(site: Site, name: str) -> None:
    agents = "/apis/apps/v1/namespaces/kube-system/daemonsets/cilium"
    before = site.ready(agents, "numberReady")
    site.ended = OF_NODE01
    site.twin("-e", '{"edge_twin_stopped_agents": ["node01"]}')
    site.wait_for("the agent is down", lambda: site.ready(agents, "numberReady") == before - 1)
    # It would wait for all of that for agents after a change of the release; here it goes on at once.
    code, output = site.run("-e", "cilium_net_release_timeout=100000", "-e", "edge_verify_timeout=20")
    told = words(output)
    assert code != 0, output
    assert f"(DaemonSet kube-system/cilium): {before - 1} of {before} ready; not ready: node01 (pod cilium-" in told
    assert "Sessions of such a node stay down, and it answers for no address on L2; other nodes serve" in told
    assert "The site is not as planned:" in told
    assert "udm-pro neighbor 10.121.0.11 (node01, peering public-ingress)" in told
    for other in ("node02", "node03", "node04"):
        assert f"{other}, peering" not in told, output
    assert "warning EDGE897 platform node node01: Cilium's agent there is not ready" in told
    assert "Traceback" not in output
    made = site.kube.request("GET", f"/api/v1/namespaces/dummy/services/{name}")
    assert made["status"]["loadBalancer"].get("ingress"), "the others have not taken the plan"
    site.twin()
    completes(site, name)

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real kube-apiserver with etcd on loopback, Cilium's own CRDs, and playbooks that run roles against it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import programs

REPOSITORY = Path(__file__).parents[2]
CACHE = Path(os.environ.get("CLUSTER_EDGE_CACHE", "~/.cache/cluster-edge")).expanduser() / "programs"
KUBERNETES = CACHE / programs.KUBERNETES.name
HELM = CACHE / programs.HELM.name / "helm"
CILIUM = "1.19.6"
TOKEN = "lab-only"
READER = "reader"
"""User, and context in the kubeconfig, that may do nothing until somebody grants it."""


def missing() -> str | None:
    """Return what this machine lacks for a cluster, or None."""
    if not (KUBERNETES / "kube-apiserver").exists():
        return f"needs the program {KUBERNETES / 'kube-apiserver'}"
    if not HELM.exists():
        return f"needs the program {HELM}"
    for program in ("etcd", "go", "openssl", "setpriv"):
        if shutil.which(program) is None:
            return f"needs the program {program}"
    return None


def built_program(name: str) -> Path:
    """Return a program that is built where it is not there yet: ``helm-4``, ``helm-oldest`` or ``kustomize``."""
    command = [sys.executable, str(REPOSITORY / "scripts" / "programs.py"), f"--{name}", str(CACHE.parent)]
    return Path(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


def built_kustomization(folder: Path) -> list[dict[str, Any]]:
    """Return the objects that the real kustomize builds from a folder."""
    command = [built_program("kustomize"), "build", folder]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [item for item in yaml.safe_load_all(text) if item is not None]


def go_module(module: str, version: str) -> Path:
    """Return the folder of a Go module, downloaded where it is not there yet."""
    command = ["go", "mod", "download", "-json", f"{module}@v{version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    return Path(json.loads(done.stdout)["Dir"])


def cilium_module(version: str = CILIUM) -> Path:
    """Return the folder of the Cilium Go module: it holds the CRDs and the chart."""
    return go_module("github.com/cilium/cilium", version)


def chart(version: str = CILIUM) -> Path:
    """Return the folder of the chart of a release of Cilium."""
    return cilium_module(version) / "install/kubernetes/cilium"


def chart_objects(version: str, values: dict[str, Any], namespace: str, folder: Path) -> list[dict[str, Any]]:
    """Return the objects that the chart of a release makes of values, which are written into ``folder`` for Helm."""
    written = folder / "values.json"
    written.write_text(json.dumps(values))
    command = [HELM, "template", "cilium", chart(version), "--namespace", namespace, "--values", written]
    command += ["--kube-version", programs.KUBERNETES.version.removeprefix("v")]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [item for item in yaml.safe_load_all(text) if item]


def release_step(values: dict[str, Any], version: str = CILIUM, **others: Any) -> tuple[str, dict[str, Any]]:
    """Return the step for :func:`run_roles` that installs a release of Cilium from its own chart, by the lab's Helm."""
    own = {"values": values, "version": version, "chart": str(chart(version)), "chart_repo": "", "binary": str(HELM)}
    return "cilium_net_release", {**own, **others}


def leaves(value: Any, path: str = "") -> set[str]:
    """Return each value with its path, as text."""
    if isinstance(value, dict):
        return {text for key, item in value.items() for text in leaves(item, f"{path}.{key}")}
    if isinstance(value, list):
        return {text for number, item in enumerate(value) for text in leaves(item, f"{path}[{number}]")}
    return {f"{path}={value!r}"}


def wait_for(what: str, probe: Callable[[], Any], limit: float = 60.0) -> Any:
    """Return the first true value of ``probe``; AssertionError with ``what`` after ``limit`` seconds."""
    end = time.monotonic() + limit
    while True:
        value = probe()
        if value:
            return value
        assert time.monotonic() < end, f"not within {limit:.0f} s: {what}"
        time.sleep(0.1)


def free_ports(count: int) -> list[int]:
    """Return ports on loopback that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _number in range(count)]
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [item.getsockname()[1] for item in sockets]


class Cluster:
    """An API server; ``folder`` keeps its data, logs and kubeconfig, ``token`` is its administrator's."""

    def __init__(self, folder: Path, token: str = TOKEN) -> None:
        self.folder = folder
        self.token = token
        self.certificate = folder / "certs" / "apiserver.crt"
        self.kubeconfig = folder / "kubeconfig"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._api_server: list[str] = []
        self._tls = ssl._create_unverified_context()
        self.url = ""
        self._etcd = ""

    def start(self) -> None:
        """Start etcd and the API server, and wait until it is ready."""
        client, peer, api = free_ports(3)
        self.url, self._etcd = f"https://127.0.0.1:{api}", f"http://127.0.0.1:{client}"
        key = self.folder / "sa.key"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
        (self.folder / "tokens").write_text(
            f'{self.token},admin,admin,"system:masters"\n{self.token}-{READER},{READER},{READER}\n'
        )
        policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"]}
        (self.folder / "audit-policy").write_text(json.dumps({**policy, "rules": [{"level": "Metadata"}]}))
        (self.folder / "etcd").mkdir(mode=0o700)
        self._run(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls=http://127.0.0.1:{client}",
            f"--advertise-client-urls=http://127.0.0.1:{client}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        )
        self._api_server = [
            str(KUBERNETES / "kube-apiserver"),
            f"--etcd-servers=http://127.0.0.1:{client}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={api}",
            f"--cert-dir={self.folder / 'certs'}",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--token-auth-file={self.folder / 'tokens'}",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            "--endpoint-reconciler-type=none",
            "--disable-admission-plugins=ServiceAccount",
            "--profiling=false",
            f"--audit-policy-file={self.folder / 'audit-policy'}",
            f"--audit-log-path={self.folder / 'audit.log'}",
        ]
        self._run(*self._api_server)
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "lab",
            "clusters": [{"name": "lab", "cluster": {"server": self.url, "insecure-skip-tls-verify": True}}],
            "contexts": [
                {"name": "lab", "context": {"cluster": "lab", "user": "admin"}},
                {"name": READER, "context": {"cluster": "lab", "user": READER}},
            ],
            "users": [
                {"name": "admin", "user": {"token": self.token}},
                {"name": READER, "user": {"token": f"{self.token}-{READER}"}},
            ],
        }
        self.kubeconfig.write_text(json.dumps(config))
        self.kubeconfig.chmod(0o600)
        wait_for(f"the API server is ready (logs in {self.folder})", self._ready)
        wait_for("the namespace kube-system exists", lambda: self.get("/api/v1/namespaces/kube-system"))

    def kill_api_server(self) -> None:
        """End the API server by SIGKILL; etcd stays."""
        server = self._processes.pop()
        server.kill()
        server.wait()

    def start_api_server(self) -> None:
        """Start the API server again, with what etcd has."""
        self._run(*self._api_server)
        wait_for(f"the API server is ready (logs in {self.folder})", self._ready)

    def stop(self) -> None:
        """End both programs; their data goes with the folder."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    def _run(self, *argv: str) -> None:
        log = (self.folder / f"{Path(argv[0]).name}.log").open("ab")
        # They end with pytest, also when it is killed.
        bound = ("setpriv", "--pdeathsig", "KILL", *argv)
        self._processes.append(subprocess.Popen(bound, stdout=log, stderr=log, cwd=self.folder))

    def _ready(self) -> bool:
        assert all(process.poll() is None for process in self._processes), f"a program ended (logs in {self.folder})"
        try:
            return self.request("GET", "/readyz", raw=True) == b"ok"
        except OSError:
            return False

    def request(
        self, method: str, path: str, body: Any = None, kind: str = "application/json", raw: bool = False
    ) -> Any:
        """Send one request and return its decoded answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind, "User-Agent": "lab"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, context=self._tls, timeout=30) as answer:
            content = answer.read()
        return content if raw else json.loads(content)

    def get(self, path: str) -> Any:
        """Return an object, or None when there is none."""
        try:
            return self.request("GET", path)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def stored(self, path: str) -> Any:
        """Return an object of a custom kind as etcd has it, whatever the API server makes of it.

        Args:
            path: below the kinds' group, such as ``cilium.io/ciliumloadbalancerippools/lan``.
        """
        key = base64.b64encode(f"/registry/{path}".encode()).decode()
        request = urllib.request.Request(f"{self._etcd}/v3/kv/range", json.dumps({"key": key}).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            (found,) = json.loads(answer.read())["kvs"]
        return json.loads(base64.b64decode(found["value"]))

    def names(self, path: str) -> list[str]:
        """Return the sorted names of a list's items."""
        return sorted(item["metadata"]["name"] for item in (self.get(path) or {"items": []})["items"])

    def apply(self, path: str, body: Any, manager: str = "someone-else") -> Any:
        """Apply an object as another field manager."""
        return self.request("PATCH", f"{path}?fieldManager={manager}", body, "application/apply-patch+yaml")

    def add_namespace(self, name: str) -> None:
        """Make a namespace."""
        self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})

    def add_nodes(self, *names: str) -> None:
        """Make Node objects; no machine stands behind them."""
        for name in names:
            self.request(
                "POST", "/api/v1/nodes", {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}}
            )

    def add_cilium_kinds(self, version: str = CILIUM) -> None:
        """Register those of Cilium's CRDs that the plan has objects of, and its nodes'."""
        found = sorted((cilium_module(version) / "pkg/k8s/apis/cilium.io/client/crds").glob("v2*/cilium*.yaml"))
        self.add_kinds(*(path for path in found if re.search("bgp|loadbalancer|l2announcement|ciliumnodes", path.name)))

    def asked(self) -> list[str]:
        """Return each request that was answered up to now, as ``verb URI``, but those of the tests themselves."""
        lines = (self.folder / "audit.log").read_text().splitlines()
        events = [json.loads(line) for line in lines]
        return [
            f"{event['verb']} {event['requestURI']}"
            for event in events
            if event["user"].get("username") == "admin" and event["userAgent"] != "lab"
        ]

    def writes_since(self, number: int) -> list[str]:
        """Return what was asked after the first ``number`` requests and is no reading, nor a review of rights."""
        reading = ("get ", "list ", "watch ", "create /apis/authorization.k8s.io/v1/selfsubject")
        return [item for item in self.asked()[number:] if not item.startswith(reading)]

    def add_kinds(self, *definitions: Path) -> None:
        """Register CRDs, as their operator would, and wait until they are established."""
        base = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        names = []
        for path in definitions:
            definition = yaml.safe_load(path.read_text())
            names.append(definition["metadata"]["name"])
            self.apply(f"{base}/{names[-1]}", definition, "operator")
        for name in names:
            wait_for(f"{name} is established", lambda name=name: self._established(f"{base}/{name}"))

    def _established(self, path: str) -> bool:
        conditions = (self.get(path) or {}).get("status", {}).get("conditions") or []
        return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)


class Run:
    """What one ansible-playbook said."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.output = done.stdout + done.stderr
        self.returncode = done.returncode
        recap = re.search(r"localhost +: ok=(\d+) +changed=(\d+) .*?failed=(\d+)", self.output)
        assert recap, self.output
        self.changed = int(recap[2])


def run_roles(cluster: Cluster, *steps: tuple[str, dict[str, Any]], options: tuple[str, ...] = ()) -> Run:
    """Run roles as a user would, each with its variables (without their prefix), in one play on localhost."""
    return _run(cluster, [_step(cluster, role, own) for role, own in steps], options)


def run_refused(cluster: Cluster, *steps: tuple[str, dict[str, Any]], options: tuple[str, ...] = ()) -> Run:
    """Run roles that must fail, all of them; what they say is in the output."""
    rescue = [{"ansible.builtin.debug": {"msg": "refused"}}]
    run = _run(cluster, [{"block": [_step(cluster, *step)], "rescue": rescue} for step in steps], options)
    assert f"rescued={len(steps)} " in run.output, run.output
    assert run.changed == 0, run.output
    return run


def _step(cluster: Cluster, role: str, own: dict[str, Any]) -> dict[str, Any]:
    """Return the task that runs a role. ``kubeconfig`` among its variables is said as modules take it, None not at all."""
    kubeconfig = own.get("kubeconfig", str(cluster.kubeconfig))
    defaults = {"group/hybridnet.cluster_edge.cluster": {"kubeconfig": kubeconfig}} if kubeconfig else {}
    task = {
        "ansible.builtin.include_role": {"name": f"hybridnet.cluster_edge.{role}"},
        "vars": {f"{role}_{name}": value for name, value in own.items() if name != "kubeconfig"},
    }
    return {"block": [task], "module_defaults": defaults}


def _run(cluster: Cluster, tasks: list[dict[str, Any]], options: tuple[str, ...]) -> Run:
    variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    play = {"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}
    playbook = cluster.folder / "play.yml"
    playbook.write_text(json.dumps([play]))
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
        "ANSIBLE_STDOUT_CALLBACK": "default",
        "ANSIBLE_FORCE_COLOR": "0",
        "ANSIBLE_NOCOLOR": "1",
    }
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", str(playbook), *options],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(done)


@contextlib.contextmanager
def rollouts_complete_by_themselves(
    cluster: Cluster, kinds: Sequence[str] = ("daemonsets", "deployments")
) -> Iterator[None]:
    """Stand in for controllers and kubelets: report each workload of ``kinds`` as complete."""

    def complete() -> bool:
        for kind in kinds:
            path = f"/apis/apps/v1/namespaces/kube-system/{kind}"
            for item in cluster.get(path)["items"]:
                status = _complete_status(kind, item)
                if any(item.get("status", {}).get(key) != value for key, value in status.items()):
                    name = item["metadata"]["name"]
                    patch = "application/merge-patch+json"
                    cluster.request("PATCH", f"{path}/{name}/status", {"status": status}, patch)
        return False

    with meanwhile(complete):
        yield


@contextlib.contextmanager
def meanwhile(step: Callable[[], bool]) -> Iterator[None]:
    """Repeat a step until it says that it is done, or the block ends."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(0.3) and not step():
            pass

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _complete_status(kind: str, item: dict[str, Any]) -> dict[str, int]:
    seen = {"observedGeneration": item["metadata"]["generation"]}
    if kind == "daemonsets":
        counts = ("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled", "numberReady")
        return {**seen, **dict.fromkeys(counts, 4), "numberMisscheduled": 0}
    return {**seen, **dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas"), item["spec"]["replicas"])}


def started(folder: Path, token: str = TOKEN) -> Iterator[Cluster]:
    """Yield a running cluster, and end it."""
    cluster = Cluster(folder, token)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@contextlib.contextmanager
def seen_of_processes(*names: str) -> Iterator[set[str]]:
    """Collect what files of ``/proc/PID`` show of all processes (``cmdline``, ``environ``) while the block runs."""
    seen: set[str] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            for path in (path / name for path in Path("/proc").glob("[0-9]*") for name in names):
                with contextlib.suppress(OSError):  # it has ended
                    seen.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


@contextlib.contextmanager
def refusing(cluster: Cluster, resource: str, name: str, *operations: str) -> Iterator[None]:
    """Let the API server refuse one object by a ValidatingAdmissionPolicy, as a webhook of somebody would."""
    place = "/apis/admissionregistration.k8s.io/v1"
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "scope": "*"}
    rules = [
        {**rule, "operations": list(operations), "resources": [resource], "resourceNames": [name]},
        {**rule, "operations": ["CREATE"], "resources": ["configmaps"], "resourceNames": ["probe-of-policies"]},
    ]
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": rules},
        "validations": [{"expression": "false", "message": "not here"}],
    }
    metadata = {"metadata": {"name": "refusing"}}
    cluster.request("POST", f"{place}/validatingadmissionpolicies", {**metadata, "spec": policy})
    binding = {"policyName": "refusing", "validationActions": ["Deny"]}
    cluster.request("POST", f"{place}/validatingadmissionpolicybindings", {**metadata, "spec": binding})
    try:
        wait_for("the policy is in force", lambda: _is_refused(cluster))
        yield
    finally:
        for plural in ("validatingadmissionpolicybindings", "validatingadmissionpolicies"):
            cluster.request("DELETE", f"{place}/{plural}/refusing")
        wait_for("the policy is gone", lambda: not _is_refused(cluster))


def _is_refused(cluster: Cluster) -> bool:
    """Return whether the policy of :func:`refusing` is in force."""
    probe = {"metadata": {"name": "probe-of-policies"}}
    try:
        cluster.request("POST", "/api/v1/namespaces/kube-system/configmaps?dryRun=All", probe)
    except urllib.error.HTTPError as error:
        return error.code == 422
    return False

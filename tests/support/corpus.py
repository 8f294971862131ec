# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that are put into the twin of the reference site, judged by verify, and taken out again.

The site has one neighbor more than the reference site, so that there is something to announce. A fault is a file of
``tests/corpus``: what is broken, by which steps, and which codes verify must say of whom and how soon (``faults.py``).
With ``edit`` the inventory says something else than what was brought to the site: variables by host. Steps:

- ``vtysh``: lines typed into the router's FRR. Taken back by loading its own frr.conf again.
- ``router``: a shell command on the router, with ``undo``.
- ``in`` and ``run``: a shell command in a network namespace of the twin (``router``, ``lan``, a node, a client), with ``undo``.
- ``inside`` and ``run``: a shell command with the files of a program of the twin (``speaker.udm-pro.nas``), with ``undo``.
- ``freeze``: a program of the twin that stops where it is (``node.node01/agent``), as one that hangs. Thawed again.
- ``patch`` and ``with`` (a merge patch, or a list: a JSON patch), ``delete``, ``create``: an object of the API. As it was,
  again. ``anew``: it is deleted and made again, so that it is the youngest of its kind; ``with`` names what is otherwise
  in its ``spec``.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kubernetes
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.api import ClusterError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.client import open_cluster
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.observation import read_cilium
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router.forwarding import FILES, forwarding
from ansible_collections.hybridnet.cluster_edge.plugins.modules import frr_info
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.finding import Finding
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.note import note_name
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.ask import ask as ask_from_clients
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.ask import clients, read_description
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.cgroups import Cgroup
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.attributes import asks_for_communities
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.counters import Earlier
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.report import VerifyReport
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import (
    client_targets,
    probe_targets,
    verify,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.winning import prefixes_to_read
from kubernetes.dynamic.client import DynamicClient
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

from .asker import ask
from .faults import FOLDER, Fault
from .hybrid import CHECKOUT, HYBRID

INVENTORIES = (HYBRID, FOLDER / "inventory" / "neighbor.yml")
ROUTER, CLUSTER = "udm-pro", "platform"
HEALED = 120.0
"""Seconds within which a site is as planned again: the longest part is a session that waits to try again."""
PUT_ATTEMPTS = 10
"""How often an object is read and written, where a controller has written it in between."""


@dataclass(frozen=True)
class Judged:
    """What verify said of one fault."""

    fault: Fault
    seconds: float | None
    """Until all that its file names was said, of whom it names; None: it was not."""
    said: tuple[str, ...]
    """The findings of the last look before it was healed."""
    healed: float | None
    """Seconds until the site was as planned again; None: it was not."""
    left: tuple[str, ...] = ()
    """The findings that were left then."""
    lacking: tuple[str, ...] = ()
    """What its file names and the look that had most of it did not say."""
    strangers: tuple[str, ...] = ()
    """Errors about others that the last look that said it had beside it."""

    @property
    def found(self) -> bool:
        """Whether verify said it, and accused nobody else."""
        return self.seconds is not None and not self.strangers


class Judging:
    """What verify says of one fault, look by look.

    An error about somebody else that the next look no longer has misleads nobody: verify itself looks again. So the
    looks go on until there is none, or the fault's time is over.
    """

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._seconds: float | None = None
        self._said: tuple[str, ...] = ()
        self._lacking: tuple[str, ...] | None = None
        self._strangers: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Whether a look had all that the fault's file names, and no error about anybody else."""
        return self._seconds is not None and not self._strangers

    def take(self, findings: Sequence[Finding], seconds: float) -> None:
        """Take the findings of one look, which ended some seconds after the fault was put in."""
        lacking, strangers = self._fault.lacking(findings), self._fault.strangers(findings)
        self._said = tuple(f"{finding.code} {finding.text}" for finding in findings)
        if self._lacking is None or len(lacking) < len(self._lacking):
            self._lacking = lacking
        if not lacking:
            self._seconds = seconds if self._seconds is None else self._seconds
            # A later look that does not say the fault clears nobody: an error that comes and goes is still one.
            self._strangers = strangers

    def judged(self, healed: float | None, left: tuple[str, ...]) -> Judged:
        """Return what all looks said.

        Args:
            healed: seconds until the site was as planned again; None: it was not.
            left: the findings that were left then.
        """
        said = self._seconds, self._said, healed, left
        return Judged(self._fault, *said, lacking=self._lacking or (), strangers=self._strangers)


@contextmanager
def rehearsed(say: Callable[[str], object]) -> Iterator[Site]:
    """Bring the twin of the reference site up, and take it down in the end."""
    say("the reference site is rehearsed and its twin kept")
    command = [str(CHECKOUT / "rehearse"), "--keep", *_named(INVENTORIES)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    # A rehearsal that failed keeps its twin too.
    found = re.search(r"^(?:The|What was built of the) twin (\S+) stays", done.stdout, re.MULTILINE)
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        assert found, done.stdout
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        yield Site(found[1], state / "cluster-edge" / "twins")
    finally:
        if found:
            subprocess.run([CHECKOUT / "rehearse", "--down", found[1]], cwd=CHECKOUT, capture_output=True, check=True)


class Site:
    """The twin of the reference site, up and as planned.

    Args:
        name: of the twin.
        state: the folder in which twins keep their files.
    """

    def __init__(self, name: str, state: Path) -> None:
        self.name = name
        self.folder = state / name
        self._variables = json.loads((self.folder / "overlay" / "host_vars" / f"{ROUTER}.yml").read_text("utf-8"))
        self._kubeconfig = str(self.folder / "clusters" / CLUSTER / "kubeconfig")
        client = kubernetes.config.new_client_from_config(self._kubeconfig)
        self._api = DynamicClient(client, discoverer=lambda owner, cache_file: None)
        self._hosts = {
            host["name"]: host for host in json.loads((self.folder / "twin.json").read_text("utf-8"))["hosts"]
        }
        self.plan = self._plan()

    def _plan(self, edit: Mapping[str, Mapping[str, Any]] | None = None) -> Any:
        """Return the plan of the site on the twin, with an inventory that says something else of some hosts."""
        written, edited = self.folder / "plan.json", self.folder / "edit.json"
        edited.write_text(json.dumps({"all": {"hosts": edit or {}}}), "utf-8")
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "playbooks/plan.yml"]
        command += [*_named((*INVENTORIES, edited, self.folder / "overlay")), "-e", f"edge_plan_file={written}"]
        _run(command, seconds=300, cwd=CHECKOUT)
        return json.loads(written.read_text("utf-8"))

    def plan_of(self, fault: Fault) -> Any:
        """Return the plan by which a site with a fault is judged."""
        if fault.router == "others":
            plan = copy.deepcopy(self.plan)
            plan["routers"][ROUTER]["managed"] = False
            return plan
        return self._plan(fault.edit) if fault.edit else self.plan

    def namespace(self, place: str) -> str:
        """Return the network namespace of a host of the twin; ``router``, ``lan``, a node, or ``client.NETWORK``."""
        own = {"router": f"host.{ROUTER}", "lan": "lan"}.get(place)
        own = own or (place if place.startswith("client.") else f"host.{place}")
        return f"/run/netns/twin-{self.name}.{own}"

    def run_in(self, place: str, command: str) -> str:
        """Run a shell command in a network namespace of the twin."""
        return _run(["nsenter", f"--net={self.namespace(place)}", "sh", "-ec", command])

    def on_router(self, command: str, seconds: float = 60) -> str:
        """Run a shell command on the router."""
        arguments = shlex.split(self._variables["ansible_ssh_args"])
        return _run(
            ["ssh", "-o", "BatchMode=yes", *arguments, f"root@{self._variables['ansible_host']}", command],
            seconds=seconds,
        )

    def cgroup(self, program: str) -> Cgroup:
        """Return the processes of one program of the twin."""
        return Cgroup.of_twin(f"twin-{self.name}").child(program)

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the API server; None where it has no such thing."""
        patch = "application/json-patch+json" if isinstance(body, list) else "application/merge-patch+json"
        kind = patch if method == "PATCH" else "application/json"
        try:
            answer = self._api.request(method.lower(), path, body=body, content_type=kind, serialize=False)
        except NotFoundError:
            if method in ("GET", "DELETE"):
                return None
            raise
        return json.loads(answer.data)

    def _mac(self, match: re.Match[str]) -> str:
        """Return the MAC address of ``{mac:HOST:INTERFACE}``."""
        legs = self._hosts[match[1]]["legs"]
        return str(next(leg["mac"] for leg in legs if leg["interface"] == match[2]))

    def look(self, plan: Any = None, earlier: Earlier | None = None) -> VerifyReport:
        """Return what verify says of the site now.

        Args:
            plan: what it should be; None: the site's own plan. A router that is somebody else's there is not read.
            earlier: counters of the look before.
        """
        plan = plan or self.plan
        observed: dict[str, Any] = {"routers": {}, "clusters": {}, "probes": {}}
        options = {
            "namespace": "kube-system",
            "services": [f"{item['namespace']}/{item['name']}" for item in plan["clusters"][CLUSTER]["services"]],
            "config_map": f"kube-system/{note_name(plan['site'])}",
            "agents": True,
        }
        try:
            with open_cluster(self._kubeconfig, None, {}) as api:
                observed["clusters"][CLUSTER] = read_cilium(api, options)
        except ClusterError as error:
            observed["clusters"][CLUSTER] = {"error": str(error)}
        if not plan["routers"][ROUTER]["managed"]:
            return verify(plan, observed)
        try:
            addresses = self.on_router(shlex.join(frr_info.IP_ADDRESSES), frr_info.ANSWER_SECONDS)
            asked = {"communities": asks_for_communities(plan, ROUTER), "best_in": prefixes_to_read(plan, ROUTER)}
            seen = frr_info.read(self._vtysh, addresses, forwarding=self._forwards(), **asked)
        except (frr_info.CommandError, subprocess.SubprocessError) as error:
            observed["routers"][ROUTER] = {"error": str(error)}
        else:
            observed["routers"][ROUTER] = seen
            targets = probe_targets(plan, observed["clusters"], ROUTER, seen)
            observed["probes"][ROUTER] = ask(self.namespace("router"), targets)
        observed["heard"] = self._heard(plan, observed)
        return verify(plan, observed, earlier=earlier)

    def _heard(self, plan: Any, observed: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the twin's clients hear, as edge_twin_ask returns it."""
        description = read_description(self.folder / "overlay")
        known: Any = clients(description)
        targets = client_targets(plan, observed["clusters"], observed["routers"], known)
        return {"clients": known, **ask_from_clients(description, targets)}

    def _forwards(self) -> dict[str, dict[str, bool]]:
        """Return by family and incoming interface whether the router's kernel forwards packets."""
        # grep fails where a pattern finds no file: an older kernel has no force_forwarding.
        said = self.on_router(f"cd /proc/sys && grep -s '' {' '.join(FILES)} || true", frr_info.ANSWER_SECONDS)
        return forwarding(dict(line.split(":", 1) for line in said.splitlines()))

    def _vtysh(self, commands: Sequence[str]) -> tuple[int, str, str]:
        """Return what one vtysh says to some commands, as frr_info runs it, and within its time."""
        seconds = frr_info.ANSWER_SECONDS
        output = self.on_router(f"timeout {seconds} {shlex.join(frr_info.words('vtysh', commands))}", seconds + 5)
        return 0, output, ""

    @contextmanager
    def broken(self, fault: Fault) -> Iterator[None]:
        """Put a fault in; take it out again in the end."""
        with ExitStack() as undo:
            for step in fault.steps:
                self._apply(step, undo)
            yield

    def _apply(self, step: Mapping[str, Any], undo: ExitStack) -> None:
        if "vtysh" in step:
            undo.callback(lambda: self.on_router("/usr/lib/frr/frr-reload.py --reload /etc/frr/frr.conf"))
            typed = " ".join(f"-c {shlex.quote(line)}" for line in ("configure terminal", *step["vtysh"]))
            self.on_router(f"vtysh {typed}")
        elif "router" in step:
            undo.callback(lambda: self.on_router(step["undo"]))
            self.on_router(step["router"])
        elif "in" in step:
            undo.callback(lambda: self.run_in(step["in"], step["undo"]))
            self.run_in(step["in"], re.sub(r"\{mac:([^:]+):([^}]+)\}", self._mac, step["run"]))
        elif "inside" in step:
            undo.callback(lambda: self._run_inside(step["inside"], step["undo"]))
            self._run_inside(step["inside"], step["run"])
        elif "freeze" in step:
            path = self.cgroup(step["freeze"]).path / "cgroup.freeze"
            undo.callback(lambda: path.write_text("0", "ascii"))
            path.write_text("1", "ascii")
        else:
            self._apply_to_api(step, undo)

    def _run_inside(self, program: str, command: str) -> str:
        """Run a shell command with the files and the network of a program of the twin."""
        process = self.cgroup(program).own_pids()[0]
        return _run(["nsenter", f"--target={process}", "--mount", "--net", "--root", "--wd=/", "sh", "-ec", command])

    def _apply_to_api(self, step: Mapping[str, Any], undo: ExitStack) -> None:
        if "create" in step:
            path, name = step["create"], step["with"]["metadata"]["name"]
            undo.callback(lambda: self.request("DELETE", f"{path}/{name}"))
            self.request("POST", path, step["with"])
            return
        path = step.get("patch") or step.get("anew") or step["delete"]
        before = self.request("GET", path)
        assert before is not None, f"{path} does not exist"
        if "anew" in step:
            undo.callback(lambda: self._make_anew(path, before))
            self._make_anew(path, {**before, "spec": {**before["spec"], **step.get("with", {})}})
            return
        undo.callback(lambda: self._put_back(path, before))
        if "patch" in step:
            self.request("PATCH", path, step["with"])
        else:
            self.request("DELETE", path)

    def _make_anew(self, path: str, wanted: Mapping[str, Any]) -> None:
        """Delete an object and make it again; it is noted as the site's own if it was so."""
        uid = self.request("GET", path)["metadata"]["uid"]
        others = self.request("GET", path.rpartition("/")[0])["items"]
        newest = max(item["metadata"]["creationTimestamp"] for item in others)
        # Of two that were made in one second neither is the younger one.
        while time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) <= newest:
            time.sleep(0.05)  # between two looks at the clock
        self.request("DELETE", path)
        self._put_back(path, {**wanted, "metadata": {**wanted["metadata"], "uid": uid}})

    def _put_back(self, path: str, before: Mapping[str, Any]) -> None:
        """Give an object its former content again, or make it again. Controllers may write its status meanwhile."""
        for attempt in range(PUT_ATTEMPTS):
            try:
                self._put_back_once(path, before)
            except ConflictError:
                if attempt == PUT_ATTEMPTS - 1:
                    raise
            else:
                return

    def _put_back_once(self, path: str, before: Mapping[str, Any]) -> None:
        """Give an object its former content again, or make it again.

        Raises:
            ConflictError: somebody has written it since it was read.
        """
        wanted = copy.deepcopy(dict(before))
        for key in ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields"):
            wanted["metadata"].pop(key, None)
        now = self.request("GET", path)
        if now is not None and now["metadata"].get("deletionTimestamp"):
            self.request("PATCH", path, {"metadata": {"finalizers": None}})  # which lets it go
            now = None
        if now is None:
            wanted.get("spec", {}).pop("nodeName", None)
            made = self.request("POST", path.rpartition("/")[0], wanted)
            self._note_anew(before["metadata"]["uid"], made["metadata"]["uid"])
        else:
            wanted["metadata"]["resourceVersion"] = now["metadata"]["resourceVersion"]
            self.request("PUT", path, wanted)

    def _note_anew(self, old: str, new: str) -> None:
        """Note an object that was made again as the site's own, as the run does that makes it."""
        path = f"/api/v1/namespaces/kube-system/configmaps/{note_name(self.plan['site'])}"
        noted = (self.request("GET", path) or {}).get("data") or {}
        if old in noted:
            self.request("PATCH", path, {"data": {old: None, new: noted[old]}})

    def judge(self, fault: Fault) -> Judged:
        """Put a fault in, look until verify says it, heal it, and look until the site is as planned again."""
        plan = self.plan_of(fault)
        with self.broken(fault):
            judging = Judging(fault)
            begin = time.monotonic()
            counters: Earlier = {}
            while not judging.done and time.monotonic() - begin <= fault.within:
                report = self.look(plan, counters)
                counters = report.counters
                judging.take(report.findings, time.monotonic() - begin)
        return judging.judged(*self.healed(plan if fault.router == "others" else None))

    def healed(self, plan: Any = None) -> tuple[float | None, tuple[str, ...]]:
        """Return after how many seconds the site is as planned, and the findings that are left if it is not.

        Args:
            plan: one in which the router is somebody else's, whose errors count too. From 1.20 on, Cilium does not say what
                it announces: there the warning EDGE827 says so of a site in good order.
        """
        begin = time.monotonic()
        while True:
            left = self.look().findings
            if plan is not None:
                left = [*self.look(plan).errors, *left]
            if not left:
                return time.monotonic() - begin, ()
            if time.monotonic() - begin > HEALED:
                return None, tuple(f"{finding.code} {finding.text}" for finding in left)


def _named(inventories: Iterable[Path]) -> list[str]:
    """Return the options that name inventories."""
    return [word for path in inventories for word in ("-i", str(path))]


def _run(command: list[str], seconds: float = 60, cwd: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds, cwd=cwd)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr + done.stdout)
    return done.stdout

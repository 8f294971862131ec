# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cluster a playbook reads, told by two stand-ins for API servers on loopback that count what they are asked.

The same with two real API servers, and with what writes and with Helm: tests/lab/test_cluster_connection.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import LIMIT, PlaybookRun, run_playbook

pytestmark = pytest.mark.ansible

TOKEN = "not-to-be-seen"
NAMESPACES = "/api/v1/namespaces"


@dataclass
class ApiServerStandIn:
    """Answers every list with none, and a change with what was sent; plain HTTP, so that no certificate is needed."""

    url: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Each path, with the credentials that came along."""
    uid: str = ""
    """Of its namespace kube-system."""
    then: Callable[[], object] | None = None
    """What somebody does once it is asked."""

    def serve(self) -> Iterator[ApiServerStandIn]:
        """Listen until the generator ends."""
        stand_in, asked = self, self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kube_system = {"metadata": {"name": "kube-system", "uid": stand_in.uid}}
                named = self.path.partition("?")[0] == NAMESPACES and stand_in.uid
                self._answer({"items": [kube_system] if named else []})

            def do_PATCH(self) -> None:
                self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def _answer(self, content: Any) -> None:
                if stand_in.then:
                    stand_in.then()
                asked.append((self.path.partition("?")[0], self.headers.get("Authorization")))
                body = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@pytest.fixture
def named() -> Iterator[ApiServerStandIn]:
    """The cluster of the kubeconfig."""
    yield from ApiServerStandIn().serve()


@pytest.fixture
def other() -> Iterator[ApiServerStandIn]:
    """The cluster that variables name."""
    yield from ApiServerStandIn().serve()


@pytest.fixture
def kubeconfig(named: ApiServerStandIn, tmp_path: Path) -> Path:
    path = tmp_path / "kubeconfig"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "named",
        "clusters": [{"name": "named", "cluster": {"server": named.url}}],
        "contexts": [{"name": "named", "context": {"cluster": "named", "user": "named"}}],
        "users": [{"name": "named", "user": {"token": "token-of-the-kubeconfig"}}],
    }
    path.write_text(json.dumps(content))
    return path


@pytest.fixture(params=["in Ansible's process", "as a module"])
def interpreter(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Both ways in which a cluster is read: another interpreter's modules run in their own process."""
    if request.param == "in Ansible's process":
        return sys.executable
    alias = tmp_path / "python"
    alias.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    alias.chmod(0o755)
    return str(alias)


def run_tasks(folder: Path, interpreter: str, *tasks: dict[str, Any], **keywords: Any) -> PlaybookRun:
    """Run tasks on localhost; ``keywords`` are those of the play."""
    variables = {"ansible_connection": "local", "ansible_python_interpreter": interpreter}
    play = {"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": list(tasks), **keywords}
    playbook = folder / "play.yml"
    playbook.write_text(json.dumps([play]))
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(playbook), "-vvvv"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False)
    return PlaybookRun(done.returncode, " ".join((done.stdout + done.stderr).split()))


def read(**place: str) -> dict[str, Any]:
    return {"hybridnet.cluster_edge.cluster_state_info": {"services": True, **place}}


ROLES: dict[str, dict[str, Any]] = {
    "cilium_net_release": {"values": {}, "version": "1.19.6"},
    "cilium_net_bgp": {"site": "s", "objects": []},
    "cilium_net_lb": {"site": "s", "objects": []},
    "cilium_net_services": {"site": "s", "items": []},
}


def role(name: str) -> dict[str, Any]:
    return {
        "ansible.builtin.include_role": {"name": f"hybridnet.cluster_edge.{name}"},
        "vars": {f"{name}_{option}": value for option, value in ROLES[name].items()},
    }


def test_named_kubeconfig_is_read(
    named: ApiServerStandIn, other: ApiServerStandIn, kubeconfig: Path, interpreter: str, tmp_path: Path
) -> None:
    run = run_tasks(tmp_path, interpreter, read(kubeconfig=str(kubeconfig)))
    run.check(0)
    assert named.asked == [("/api/v1/services", "Bearer token-of-the-kubeconfig")]
    assert f"{kubeconfig}: {named.url} is reached without TLS" in run.output
    assert "token-of-the-kubeconfig" not in run.output


@pytest.mark.long
def test_relative_kubeconfig_is_one_of_the_playbooks_folder(
    named: ApiServerStandIn, kubeconfig: Path, interpreter: str, tmp_path: Path
) -> None:
    run_tasks(tmp_path, interpreter, read(kubeconfig=kubeconfig.name)).check(0)
    assert len(named.asked) == 1


def test_variables_beside_a_named_kubeconfig_end_the_task_before_a_request(
    named: ApiServerStandIn,
    other: ApiServerStandIn,
    kubeconfig: Path,
    interpreter: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("K8S_AUTH_HOST", other.url)
    monkeypatch.setenv("K8S_AUTH_API_KEY", TOKEN)
    run = run_tasks(tmp_path, interpreter, read(kubeconfig=str(kubeconfig)))
    run.check(2)
    assert f"K8S_AUTH_API_KEY, K8S_AUTH_HOST: set in the environment beside the kubeconfig {kubeconfig}" in run.output
    assert named.asked == other.asked == []
    assert TOKEN not in run.output


def test_variables_of_the_task_count_too(
    named: ApiServerStandIn, other: ApiServerStandIn, kubeconfig: Path, interpreter: str, tmp_path: Path
) -> None:
    run = run_tasks(tmp_path, interpreter, read(kubeconfig=str(kubeconfig)), environment={"K8S_AUTH_HOST": other.url})
    run.check(2)
    assert "K8S_AUTH_HOST: set in the environment beside" in run.output
    assert named.asked == other.asked == []


@pytest.mark.each_core
def test_variables_alone_are_followed(
    named: ApiServerStandIn,
    other: ApiServerStandIn,
    kubeconfig: Path,
    interpreter: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    monkeypatch.setenv("K8S_AUTH_HOST", other.url)
    monkeypatch.setenv("K8S_AUTH_API_KEY", TOKEN)
    run = run_tasks(tmp_path, interpreter, read())
    run.check(0)
    assert other.asked == [("/api/v1/services", f"Bearer {TOKEN}")]
    assert named.asked == []
    assert TOKEN not in run.output


@pytest.mark.first_case
@pytest.mark.parametrize("name", ROLES)
def test_each_role_alone_refuses_half_a_connection(
    named: ApiServerStandIn,
    other: ApiServerStandIn,
    kubeconfig: Path,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A host without credentials would be sent those of the kubeconfig."""
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    monkeypatch.setenv("K8S_AUTH_HOST", other.url)
    run = run_tasks(tmp_path, sys.executable, role(name))
    run.check(2)
    assert "K8S_AUTH_HOST: set in the environment without credentials" in run.output
    assert named.asked == other.asked == []


@pytest.mark.first_case
@pytest.mark.parametrize("name", ROLES)
def test_variables_of_a_role_lead_it_for_one_more_release(
    named: ApiServerStandIn, kubeconfig: Path, name: str, tmp_path: Path
) -> None:
    own = {f"{name}_kubeconfig": str(kubeconfig), f"{name}_context": "named"}
    run = run_tasks(tmp_path, sys.executable, {**role(name), "vars": {**role(name)["vars"], **own}})
    for option in ("kubeconfig", "context"):
        assert f"{name}_{option} is replaced by {option} in module_defaults" in run.output
    if name == "cilium_net_release":  # asks nothing before Helm, which is not there
        assert f"{kubeconfig}: {named.url} is reached without TLS" in run.output
    else:
        run.check(0)
        assert named.asked


@pytest.mark.long
def test_variable_of_a_role_beside_another_cluster_is_refused(
    named: ApiServerStandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    task = role("cilium_net_lb")
    task["vars"]["cilium_net_lb_kubeconfig"] = str(kubeconfig)
    defaults = {"group/hybridnet.cluster_edge.cluster": {"kubeconfig": "/another"}}
    run = run_tasks(tmp_path, sys.executable, task, module_defaults=defaults)
    run.check(2)
    assert "cilium_net_lb_kubeconfig: is" in run.output
    assert "module_defaults say /another: one run would change two clusters" in run.output
    assert named.asked == []


@pytest.mark.first_case
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "with variables that say the same"])
@pytest.mark.parametrize("name", [name for name in ROLES if name != "cilium_net_release"])
def test_module_defaults_lead_a_role(
    named: ApiServerStandIn, kubeconfig: Path, name: str, beside: bool, tmp_path: Path
) -> None:
    """As in a rehearsal: the twin's overlay has the roles' own variables too, so that none of the site's leads away."""
    place = {"kubeconfig": str(kubeconfig), "context": "named"}
    task = role(name)
    if beside:
        task["vars"].update({f"{name}_{option}": value for option, value in place.items()})
    run = run_tasks(tmp_path, sys.executable, task, module_defaults={"group/hybridnet.cluster_edge.cluster": place})
    run.check(0)
    assert named.asked
    assert "is replaced by" not in run.output


def two_clusters(path: Path, named: str, other: str, current: str = "named") -> None:
    """Write a kubeconfig with two clusters, in one step as kubectl does."""
    users = [{"name": "user", "user": {}}]
    content = {"apiVersion": "v1", "kind": "Config", "current-context": current, "users": users}
    content["clusters"] = [{"name": name, "cluster": {"server": url}} for name, url in (("a", named), ("b", other))]
    contexts = (("named", "a"), ("other", "b"))
    content["contexts"] = [{"name": name, "context": {"cluster": of, "user": "user"}} for name, of in contexts]
    path.with_suffix(".new").write_text(json.dumps(content))
    path.with_suffix(".new").replace(path)


NOTE = "/api/v1/namespaces/kube-system/configmaps/cluster-edge-s"


def test_a_context_that_somebody_changes_meanwhile_leads_no_write_away(
    named: ApiServerStandIn, other: ApiServerStandIn, interpreter: str, tmp_path: Path
) -> None:
    """kubectx, kind and minikube change the current context of everybody's kubeconfig."""
    path = tmp_path / "kubeconfig"
    two_clusters(path, named.url, other.url)
    named.uid, other.uid = "7d0f7f0e", "0b7c4c1e"
    named.then = lambda: two_clusters(path, named.url, other.url, current="other")
    defaults = {"group/hybridnet.cluster_edge.cluster": {"kubeconfig": str(path)}}
    run = run_tasks(tmp_path, interpreter, role("cilium_net_services"), module_defaults=defaults)
    run.check(0)
    assert [path for path, _login in named.asked][-2:] == [NAMESPACES, NOTE]  # the note is written last
    assert other.asked == []


def test_a_kubeconfig_that_leads_to_another_cluster_meanwhile_ends_the_task(
    named: ApiServerStandIn, other: ApiServerStandIn, interpreter: str, tmp_path: Path
) -> None:
    """A cluster that is made anew takes the context's name over. The other one is asked for its UID, and no more."""
    path = tmp_path / "kubeconfig"
    two_clusters(path, named.url, other.url)
    named.uid, other.uid = "7d0f7f0e", "0b7c4c1e"
    named.then = lambda: two_clusters(path, other.url, named.url)
    defaults = {"group/hybridnet.cluster_edge.cluster": {"kubeconfig": str(path)}}
    run = run_tasks(tmp_path, interpreter, role("cilium_net_services"), module_defaults=defaults)
    run.check(2)
    assert "the UID of its namespace kube-system is 0b7c4c1e, not 7d0f7f0e" in run.output
    assert [path for path, _login in other.asked] == [NAMESPACES]


@pytest.mark.first_case
@pytest.mark.parametrize(("variable", "value"), [("K8S_AUTH_VERIFY_SSL", "no"), ("HELM_KUBETOKEN", TOKEN)])
@pytest.mark.parametrize("name", ["site.yml", "verify.yml"])
def test_playbooks_refuse_before_a_router_is_touched(
    named: ApiServerStandIn,
    kubeconfig: Path,
    name: str,
    variable: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, value)
    run = run_playbook(
        name, CHECKOUT / "inventory" / "hybrid", json.dumps({"edge_cluster_kubeconfig": str(kubeconfig)})
    )
    run.check(2)
    assert f"{variable}: " in run.output
    assert "Expand the router" not in run.output
    assert "Read the routers" not in run.output
    assert named.asked == []


def test_plan_reads_no_variable_and_opens_no_connection(
    named: ApiServerStandIn, other: ApiServerStandIn, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = (
        "plan.yml",
        CHECKOUT / "inventory" / "hybrid",
        json.dumps({"edge_cluster_kubeconfig": str(kubeconfig)}),
    )
    before = run_playbook(*arguments)
    monkeypatch.setenv("K8S_AUTH_HOST", other.url)
    after = run_playbook(*arguments)
    after.check(0)
    assert after == before
    assert named.asked == other.asked == []

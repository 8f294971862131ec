# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm's program: one ``helm upgrade --install``, which ends within a limit of time: module ``helm_upgrade``.

Helm itself waits without a limit for an API server that has taken a request and does not answer. It ends with the
module that has called it, and its values are never in a file. A login of the chart's repository is in no argument, but
in a file that nobody else reads, for as long as Helm runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
from functools import partial
from typing import Any, Dict, Iterator, List, Mapping, Sequence

from .._errors import EdgeError
from .chart_source import ALIAS, ChartSource

ARGUMENTS: Dict[str, Any] = {
    "connection": {"type": "dict", "default": {}},
    "binary_path": {"type": "path"},
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "chart": {"type": "str", "required": True},
    "repository": {"type": "str"},
    "version": {"type": "str", "required": True},
    "values": {"type": "dict", "default": {}},
    "timeout": {"type": "int", "default": 300},
}

KEPT = ("name", "namespace", "revision", "status", "chart", "app_version")
"""What of a release is told."""
GRACE_SECONDS = 5
"""For Helm to mark the release as failed, before it is killed; and for its pipes to be closed afterwards."""
ENDING = (signal.SIGTERM, signal.SIGHUP)
"""What ends a module without a word to Python: ansible-core passes the SIGTERM on by which a CI cancels its job."""
PROGRAM = "helm"


class HelmError(Exception):
    """Helm is not there, has refused, or gave no end in time; the text says which."""


def helm_environment(connection: Mapping[str, Any], environment: Mapping[str, str], folder: str) -> Dict[str, str]:
    """Return the variables by which Helm reaches a cluster (https://helm.sh/docs/helm/helm/).

    Args:
        connection: ``helm`` of ``cluster_connection_info``.
        environment: the variables that Helm would have otherwise; an API key is in ``K8S_AUTH_API_KEY``.
        folder: where a kubeconfig is written that the connection holds.
    """
    given = dict(environment)
    if connection.get("kubeconfig"):
        given["KUBECONFIG"] = _private_file(folder, "kubeconfig", connection["kubeconfig"])
    if connection.get("context"):
        given["HELM_KUBECONTEXT"] = connection["context"]
    if connection.get("host"):
        given["HELM_KUBEAPISERVER"] = connection["host"]
        if environment.get("K8S_AUTH_API_KEY"):
            given["HELM_KUBETOKEN"] = environment["K8S_AUTH_API_KEY"]
    if connection.get("validate_certs") is False:
        given["HELM_KUBEINSECURE_SKIP_TLS_VERIFY"] = "true"
    return given


def _private_file(folder: str, name: str, content: Mapping[str, Any]) -> str:
    """Write a file that nobody else reads, as JSON, which is YAML; return its path."""
    path = os.path.join(folder, name)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file)
    return path


def chart_arguments(source: ChartSource, version: str) -> List[str]:
    """Return the arguments that name the chart."""
    repository = ["--repo={0}".format(source.repository)] if source.repository and not source.entry else []
    return ["--version={0}".format(version), *repository, os.path.expanduser(source.reference)]


def repository_environment(source: ChartSource, folder: str) -> Dict[str, str]:
    """Return the variables by which Helm knows a repository whose URL holds a secret, and no other one.

    Args:
        source: the chart and its repository.
        folder: where the file of repositories is written, and Helm's copies of index and chart.
    """
    return {
        "HELM_REPOSITORY_CONFIG": _private_file(folder, "repositories.json", source.repositories()),
        "HELM_REPOSITORY_CACHE": os.path.join(folder, "repositories"),
    }


def upgrade(params: Mapping[str, Any], environment: Mapping[str, str], check: bool) -> Dict[str, Any]:
    """Install or upgrade a release with these values and no others; return what it is then.

    With ``check`` Helm reads the chart, and nothing of the cluster.

    Raises:
        HelmError: a URL that holds a secret cannot be used; Helm is not there, has failed, or gave no end within
            ``timeout`` seconds. The text has no secret of the repository's URL.
        SystemExit: this process was told to end; Helm has ended, too.
    """
    try:
        source = ChartSource(params["chart"], params["repository"])
    except EdgeError as error:
        raise HelmError(str(error)) from None
    try:
        return _upgrade(params, source, environment, check)
    except HelmError as error:
        raise HelmError(source.masked(str(error))) from None


def _upgrade(
    params: Mapping[str, Any], source: ChartSource, environment: Mapping[str, str], check: bool
) -> Dict[str, Any]:
    program = params["binary_path"] or PROGRAM
    chart = chart_arguments(source, params["version"])
    with _ended_by_signals(), tempfile.TemporaryDirectory(prefix="cluster-edge-helm-") as folder:
        given = helm_environment(params["connection"], environment, folder)
        given["HELM_NAMESPACE"] = params["namespace"]
        if source.entry:
            given.update(repository_environment(source, folder))
            told = run([program, "repo", "update", ALIAS], given, params["timeout"])
            # Helm 3 ends well where it could not read a repository.
            if not os.path.exists(os.path.join(given["HELM_REPOSITORY_CACHE"], ALIAS + "-index.yaml")):
                raise HelmError(
                    "the chart repository {0} cannot be read: {1}".format(source.open_repository, told.strip())
                )
        if check:
            run([program, "show", "chart", *chart], given, params["timeout"])
            return {"changed": True}
        command = [program, "upgrade", "--install", "--reset-values", "--values=-", params["name"]]
        values = json.dumps(params["values"])  # JSON is YAML
        run([*command, *chart], given, params["timeout"], values)
        named = "--filter=^{0}$".format(re.escape(params["name"]))
        listed = run([program, "list", "--output=json", named], given, params["timeout"])
    found: Mapping[str, Any] = next(iter(json.loads(listed) or ()), {})
    return {"changed": True, "status": {key: found[key] for key in KEPT if key in found}}


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a signal that ends this process end what it has called, too, and take its files away."""

    def end(number: int, frame: object) -> None:
        for other in ENDING:
            signal.signal(other, signal.SIG_IGN)  # a second one would come into the clearing away
        raise SystemExit(128 + number)

    # One that is ignored, as after nohup, stays so.
    ours = [number for number in ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def run(command: Sequence[str], environment: Mapping[str, str], seconds: int, given: str = "") -> str:
    """Return what a command prints. It and all that it started are ended after these seconds.

    Args:
        command: the program and its arguments.
        environment: its variables, all of them.
        seconds: its limit.
        given: what it reads from its standard input.

    Raises:
        HelmError: it is not there, has failed, or gave no end in time.
    """
    action = " ".join(command[:2])
    # A signal that comes while Helm is started would end this process before it knows whom to end with it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*ENDING, signal.SIGINT})
    try:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            start_new_session=True,
            preexec_fn=partial(signal.pthread_sigmask, signal.SIG_SETMASK, before),  # Helm would hold them back, too
        )
    except OSError as error:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        raise HelmError(
            "{0} cannot be run: {1} (cilium_net_release_binary)".format(command[0], error.strerror)
        ) from error
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        out, errors = process.communicate(given, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        _end(process)
        raise HelmError(
            "{0} gave no end within {1} s, and was ended: the API server or the chart's repository takes requests and "
            "does not answer (kubectl get --raw /readyz), or all takes longer here (cilium_net_release_helm_timeout). "
            "Run again: a release that Helm has left pending is freed then".format(action, seconds)
        ) from error
    except BaseException:
        _end(process)
        raise
    if process.returncode < 0:
        raise HelmError(
            "{0} was ended by somebody else (signal {1}: {2}), as the kernel does where memory is short (dmesg). "
            "Run again: a release that Helm has left pending is freed then".format(
                action, -process.returncode, signal.strsignal(-process.returncode)
            )
        )
    if process.returncode != 0:
        raise HelmError("{0} failed ({1}): {2}".format(action, process.returncode, (errors or out).strip()))
    return str(out)


def _end(process: "subprocess.Popen[str]") -> None:
    """End a process and all that it started, at last by force.

    What has left its process group, as the login of a cloud in a kubeconfig may, keeps its pipes and is not waited for.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.communicate(timeout=GRACE_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard of a rehearsal: tells whether every way out of a run that has a twin's overlay leads into that twin.

Pure: the action plugin ``edge_guard`` collects what counts in the run, :func:`leaks` judges it. A further way out
(another API, another reader) is one more function in :data:`WAYS_OUT`; a variable that leads there is one more in the
overlay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from ....module_utils._errors import EdgeError

CONNECTION = "ansible.builtin.ssh"
"""The one connection plugin of an overlay. By its full name: no file ``ssh.py`` of the user's is taken for it."""

FREE_SSH_OPTIONS = frozenset(
    {
        # How long, how often and how loud.
        *("timeout", "reconnection_retries", "verbosity"),
        # How files and commands travel once the connection is there.
        *("pipelining", "use_tty", "ssh_transfer_method", "sftp_batch_mode"),
        # Credentials: the overlay's key comes first, and nothing else is offered to anybody (see ssh_variables).
        *("password", "password_mechanism", "sshpass_prompt"),
        *("private_key", "private_key_file", "private_key_passphrase"),
    }
)
"""Options of the ssh connection that choose no host, no program, no socket and no way there.

They may differ from the overlay's: a file of secrets holds passwords, and a rehearsal keeps the user's timeouts. An
option that is in neither this list nor the overlay must have its default.
"""

ADDRESS_VARIABLES = frozenset({"inventory_hostname", "ansible_host", "ansible_ssh_host"})
"""Chooses the host by name. On a host without an SSH server in the twin the overlay leaves them (the plan reads
``ansible_host``): ``HostName`` and the namespace in its SSH arguments win."""

RUN_VARIABLES = re.compile(r"edge_plan|edge_verify_plan|__.*")
"""What plays and roles hand on: kubeconfigs stand in it, and an extra variable would beat them."""

STRATEGIES = ("linear", "free", "host_pinned", "debug")
"""Strategies of ansible-core. Others may bring connections of their own (Mitogen's do)."""

UNREADABLE = object()
"""The value of a variable whose template fails."""

_MISSING = object()
_BEATEN = (
    "name the overlay last (-i); host_vars beside the playbook, set_fact, include_vars and the vars of import_playbook"
    " beat it"
)
_HOSTS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a twin's overlay says, as it stands in its files."""

    folder: str
    twin: str
    hosts: Mapping[str, Mapping[str, Any]]
    """Host -> its variables."""


@dataclass(frozen=True, slots=True)
class Host:
    """What counts for one host of the run, wherever it comes from."""

    name: str
    connected: bool
    """A play of ours reaches it: a router or a cluster. (Others are reached by nobody but plays of the user's.)"""
    variables: Mapping[str, Any]
    """Those of the overlay and of its connection plugin; what is not defined is not there."""
    free: frozenset[str] = frozenset()
    """Variables of :data:`FREE_SSH_OPTIONS`."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Option of the connection plugin that no variable sets and that has not its default -> what sets it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run with an overlay in its inventory."""

    overlay: Overlay
    hosts: tuple[Host, ...]
    extra: frozenset[str] = frozenset()
    """Names of the extra variables (``-e``)."""
    kubeconfigs: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    """Cluster -> what the kubeconfig of the overlay holds; None where it cannot be read."""
    environment: Mapping[str, str] = field(default_factory=dict)
    strategy: str = "linear"


def leaks(run: Run) -> list[EdgeError]:
    """Return each way out that may not lead into the twin, with what opens it and how to close it."""
    return [leak for way in WAYS_OUT for leak in way(run)]


def leaks_text(overlay: Overlay, found: Iterable[EdgeError]) -> str:
    """Return what a run says that ends at the guard. It shows no value: a secret may be among them."""
    head = (
        f"This run has the overlay of twin {overlay.twin} ({overlay.folder}) and could leave the twin;"
        " nothing was connected to or changed."
    )
    return "\n".join([head, *(f"  {leak}" for leak in found), "docs/twin.md, The guard, says what it holds."])


def _hosts_outside(run: Run) -> Iterator[EdgeError]:
    """A host that the twin does not have, such as one that came into the inventory after it, is reached for real."""
    again = "bring the twin up again with this inventory: playbooks/twin.yml"
    other = f"{again}; or leave it out of this play: a twin has routers, clusters and nodes of clusters alone"
    for host in run.hosts:
        if host.name not in run.overlay.hosts:
            problem = f"twin {run.overlay.twin} does not have this host: it would be connected to for real"
            yield EdgeError(host.name, problem, again if host.connected else other)


def _variables(run: Run) -> Iterator[EdgeError]:
    """Every variable of the overlay counts as it stands there, and no other one leads anywhere."""
    beaten: dict[str, list[str]] = {}
    unknown: dict[str, list[str]] = {}
    for host in run.hosts:
        wanted = run.overlay.hosts.get(host.name)
        if wanted is None:
            continue
        for name in sorted({*wanted, *host.variables} - host.free):
            if name not in wanted:
                if name not in ADDRESS_VARIABLES:
                    unknown.setdefault(name, []).append(host.name)
            elif not _same(host.variables.get(name, _MISSING), wanted[name]):
                beaten.setdefault(name, []).append(host.name)
    for names, hosts, extra in _grouped(beaten, run.extra):
        if extra:
            problem = f"an extra variable (-e) beats the overlay on {_listed(hosts)}"
            yield EdgeError(names, problem, "leave it out of a rehearsal; passwords and other secrets may stay")
        else:
            yield EdgeError(names, f"the overlay's value does not count on {_listed(hosts)}", _BEATEN)
    for names, hosts, extra in _grouped(unknown, run.extra):
        by = "an extra variable (-e) sets it" if extra else "it is set"
        problem = f"{by} on {_listed(hosts)}, and the overlay has no value against it"
        yield EdgeError(names, problem, "leave it out of a rehearsal")


def _run_variables(run: Run) -> Iterator[EdgeError]:
    """What the plays hand on is their own."""
    for name in sorted(filter(RUN_VARIABLES.fullmatch, run.extra)):
        problem = "an extra variable (-e) beats what the plays hand on under this name, kubeconfigs included"
        yield EdgeError(name, problem, "leave it out of a rehearsal")


def _settings(run: Run) -> Iterator[EdgeError]:
    """No option of the connection plugin comes from the environment, the command line or a configuration file."""
    found: dict[tuple[str, str], list[str]] = {}
    for host in run.hosts:
        for option, source in host.settings.items():
            found.setdefault((option, source), []).append(host.name)
    for (option, source), hosts in found.items():
        problem = f"sets {option} of the connection to {_listed(hosts)}, and the overlay has no value against it"
        yield EdgeError(source, problem, "leave it out of a rehearsal")


def _api_servers(run: Run) -> Iterator[EdgeError]:
    """A cluster's kubeconfig leads to a loopback port of this machine, without a proxy."""
    for host, content in run.kubeconfigs.items():
        path = f"{host}: {run.overlay.hosts[host]['edge_cluster_kubeconfig']}"
        if content is None:
            yield EdgeError(path, "cannot be read: the twin is not up", "bring it up: playbooks/twin.yml")
            continue
        for entry in content.get("clusters") or ():
            cluster = entry.get("cluster") or {}
            if not _is_loopback(str(cluster.get("server", ""))):
                yield EdgeError(path, "its server is not on loopback", "rebuild the twin: absent, then present")
            if cluster.get("proxy-url"):
                yield EdgeError(path, "it names a proxy (proxy-url)", "rebuild the twin: absent, then present")


def _kubernetes_environment(run: Run) -> Iterator[EdgeError]:
    """Nothing in the environment chooses another API server, or a database for Helm's releases."""
    if not run.kubeconfigs:
        return
    for name in sorted(run.environment):
        if name.startswith(("K8S_AUTH_", "HELM_KUBE", "HELM_DRIVER")):
            yield EdgeError(
                name, "this environment variable may lead Helm or the modules to another cluster", f"unset {name}"
            )


def _proxies(run: Run) -> Iterator[EdgeError]:
    """The Kubernetes client sends requests for a loopback address to a proxy, unless no_proxy has the address."""
    if not run.kubeconfigs:
        return
    exempt = [run.environment[name] for name in ("no_proxy", "NO_PROXY") if run.environment.get(name)]
    if exempt and all({"127.0.0.1", "*"}.intersection(item.strip() for item in text.split(",")) for text in exempt):
        return
    for name in sorted(run.environment):
        if name.lower() in ("http_proxy", "https_proxy", "all_proxy") and run.environment[name]:
            problem = "requests to the twin's API server would go to this proxy"
            yield EdgeError(name, problem, "loopback is never behind a proxy: add 127.0.0.1 to no_proxy and NO_PROXY")


def _strategy(run: Run) -> Iterator[EdgeError]:
    """The plays run under a strategy of ansible-core, which opens no connections of its own."""
    if run.strategy.removeprefix("ansible.builtin.") not in STRATEGIES:
        problem = f"strategy {run.strategy} is not ansible-core's, and may bring connections of its own"
        yield EdgeError("ANSIBLE_STRATEGY", problem, "rehearse with linear")


WAYS_OUT: tuple[Callable[[Run], Iterator[EdgeError]], ...] = (
    _hosts_outside,
    _variables,
    _run_variables,
    _settings,
    _api_servers,
    _kubernetes_environment,
    _proxies,
    _strategy,
)


def _same(value: Any, wanted: Any) -> bool:
    """Return whether two values mean the same to Ansible; what comes from a command line is text."""
    if isinstance(wanted, (bool, int)) and isinstance(value, (str, int)):
        return str(value).lower() == str(wanted).lower()
    return bool(value == wanted)


def _is_loopback(server: str) -> bool:
    host = re.fullmatch(r"https://(?:\[(?P<six>[0-9a-f:]+)\]|(?P<four>[0-9.]+))(?::[0-9]+)?/?", server)
    try:
        return host is not None and ip_address(host["six"] or host["four"]).is_loopback
    except ValueError:
        return False


def _listed(hosts: Sequence[str]) -> str:
    shown = ", ".join(hosts[:_HOSTS_SHOWN])
    more = len(hosts) - _HOSTS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _grouped(found: Mapping[str, list[str]], extra: frozenset[str]) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Yield (variables, their hosts, whether they are extra variables): one for all that have both in common."""
    groups: dict[tuple[tuple[str, ...], bool], list[str]] = {}
    for name, hosts in found.items():
        groups.setdefault((tuple(hosts), name in extra), []).append(name)
    for (hosts_of, is_extra), names in groups.items():
        yield ", ".join(names), hosts_of, is_extra

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory overlay: what makes the user's unchanged inventory mean the twin instead of the real site.

Every host of the overlay is reached by ``ssh`` through its own network namespace or not at all. ``_twin/guard``
holds a run to what is written here.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..description import twin as _twin
from ..guard.ways_out import CONNECTION
from .runtime import NETNS, PATH, write
from .written_overlay import MARKER, VARIABLE

_CONNECT = """\
# Opens the connection of an SSH client inside a network namespace and passes the descriptor on (ProxyUseFdpass).
# nsenter has entered the namespace before; without it this never runs and no packet is sent.
import socket
import sys

family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
connection = socket.socket(family, socket.SOCK_STREAM)
connection.settimeout(10)
connection.connect((sys.argv[1], int(sys.argv[2])))
connection.setblocking(True)
with socket.socket(fileno=1) as client:
    socket.send_fds(client, [b"\\0"], [connection.fileno()])
"""

NOBODY = "127.0.0.1"
"""Where a host without an SSH server in the twin is looked for: loopback of its own namespace."""

_SOCKET_LIMIT = 107
"""Characters of a socket's path (sun_path of unix(7), less its end)."""

_SOCKET_DRAFT = 17
"""Characters that ssh adds to a control socket's path while it makes it (mux.c, ``ControlPath.XXXXXXXXXXXXXXXX``)."""


def ssh_variables(host: str, address: str, namespace: str, ssh: Path) -> dict[str, Any]:
    """Return the host variables that let Ansible reach a host through its namespace and in no other way.

    ssh takes the first value of an option, and Ansible puts ``ansible_ssh_args`` before all other arguments: nothing
    of the user's can change what stands there. But ``-S``, ``-F`` and forwardings count wherever they stand, so the
    arguments behind them are emptied too, and every other variable that chooses a program, a host or a socket is set.

    Args:
        host: its name in the inventory.
        address: where its SSH server listens inside the namespace.
        namespace: its network namespace.
        ssh: the folder of the twin's SSH files.
    """
    options = _ssh_options(host, address, namespace, ssh)
    arguments = ["-F", "/dev/null", *(part for name, value in options.items() for part in ("-o", f"{name}={value}"))]
    return {
        "ansible_connection": CONNECTION,
        "ansible_ssh_args": shlex.join(arguments),
        "ansible_ssh_common_args": "",
        "ansible_ssh_extra_args": "",
        "ansible_sftp_extra_args": "",
        "ansible_scp_extra_args": "",
        "ansible_ssh_executable": _program("ssh"),
        "ansible_sftp_executable": _program("sftp"),
        "ansible_scp_executable": _program("scp"),
        "ansible_control_path": "",
        "ansible_control_path_dir": str(ssh / "control"),
        "ansible_port": 22,
        "ansible_ssh_port": 22,
        "ansible_user": "root",
        "ansible_ssh_user": "root",
        **dict.fromkeys(("ansible_password", "ansible_ssh_pass", "ansible_ssh_password"), ""),
        **dict.fromkeys(("ansible_private_key_file", "ansible_ssh_private_key_file"), str(ssh / "id")),
        **dict.fromkeys(("ansible_private_key", "ansible_ssh_private_key"), ""),
        **dict.fromkeys(("ansible_private_key_passphrase", "ansible_ssh_private_key_passphrase"), ""),
        "ansible_ssh_pkcs11_provider": "",
        "ansible_host_key_checking": True,
        "ansible_ssh_host_key_checking": True,
        "ansible_become": False,
        "ansible_shell_type": "sh",
        "ansible_shell_executable": "/bin/sh",
        "ansible_python_interpreter": "/usr/bin/python3",
    }


def _ssh_options(host: str, address: str, namespace: str, ssh: Path) -> dict[str, str]:
    """Return the options of ssh_config(5) that lead into the namespace and to nobody else; arguments as above."""
    connect = [sys.executable, "-I", ssh / "connect.py", address, "22"]
    proxy = shlex.join(map(str, [_program("nsenter"), f"--net={NETNS / namespace}", "--", *connect]))
    control = ssh / "control" / hashlib.sha256(host.encode()).hexdigest()[:10]
    shared = len(str(control)) + _SOCKET_DRAFT <= _SOCKET_LIMIT
    return {
        "ProxyCommand": _literal(proxy),
        "ProxyUseFdpass": "yes",
        # Control sockets are found by path: one of the real router must never be taken for the twin's.
        "ControlMaster": "auto" if shared else "no",
        "ControlPath": _quoted(control) if shared else "none",
        "ControlPersist": "60s",
        "HostName": address,
        "Port": "22",
        "User": "root",
        "IdentityFile": _quoted(ssh / "id"),
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "PreferredAuthentications": "publickey",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        # Not the user's: it may give this address to the real router.
        "UserKnownHostsFile": _quoted(ssh / "known_hosts"),
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "CanonicalizeHostname": "no",
        "ClearAllForwardings": "yes",
        "ForwardAgent": "no",
        "PermitLocalCommand": "no",
    }


def router_variables(router: _twin.Router, ssh: Path, frr_version: str) -> dict[str, Any]:
    """Return the host variables of a twin's router, whatever the site's own say about the connection."""
    return {
        "ansible_host": router.address,
        "ansible_ssh_host": router.address,
        **ssh_variables(router.host, router.address, router.namespace, ssh),
        "edge_router_platform": "linux",
        # What runs with the overlay still knows whose defaults this router has.
        "edge_twin_router_platform": router.platform,
        # Whoever writes it at home is not in the twin: the run is. UniFi Network is the real one, and is never asked.
        "edge_router_bgp_owner": "file",
        "edge_router_persist": False,
        # The playbook hands them on; an extra variable would beat that.
        "udm_frr_owner": "file",
        "udm_frr_controller": {},
        "edge_router_frr_version": frr_version,
    }


def cluster_variables(cluster: _twin.Cluster, ssh: Path, kubeconfig: Path, helm: Path, chart: Path) -> dict[str, Any]:
    """Return the host variables of a twin's cluster, and the release of Cilium where it is not the planned one.

    With it the plan of a run on the twin is of the release that its chart installs, which the role reads back.
    Nothing of ours opens a connection to it: its plays run on this machine. A play of the user's that does finds
    nobody in the control plane's namespace.
    """
    context = json.loads(kubeconfig.read_text(encoding="utf-8"))["current-context"]
    roles = [f"cilium_net_{part}" for part in ("release", "bgp", "lb", "services")]
    other = {"edge_cilium_version": cluster.cilium_version}
    return {
        **ssh_variables(cluster.host, NOBODY, cluster.namespace, ssh),
        "edge_cluster_kubeconfig": str(kubeconfig),
        "edge_cluster_context": context,
        # The playbooks hand them on; an extra variable would beat that.
        **{f"{role}_kubeconfig": str(kubeconfig) for role in roles},
        **{f"{role}_context": context for role in roles},
        # Whoever applies at home is not in the twin: the run is.
        "edge_cluster_apply": "ours",
        **(other if cluster.cilium_version != cluster.planned_cilium else {}),
        "edge_cilium_values__twin": dict(cluster.values),
        "cilium_net_release_binary": str(helm),
        "cilium_net_release_chart": str(chart),
        "cilium_net_release_chart_repo": "",
    }


def node_variables(node: str, namespace: str, ssh: Path) -> dict[str, Any]:
    """Return the host variables of a twin's node: no play of ours connects to one, and one of the user's finds nobody.

    ``ansible_host`` stays what it is, for the plan reads it.
    """
    return ssh_variables(node, NOBODY, namespace, ssh)


def write_overlay(folder: Path, twin: str, hosts: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Write the overlay: an inventory folder whose host_vars win over the site's own, whichever file those are in.

    Args:
        folder: where.
        twin: the twin's name.
        hosts: group -> host -> its variables.
    """
    groups = {group: {"hosts": dict.fromkeys(sorted(members))} for group, members in hosts.items()}
    write(folder / "hosts.yml", _yaml({"all": {"children": groups}}))
    write(folder / MARKER, _yaml({"twin": twin}))
    wanted = {"hosts.yml"}
    for members in hosts.values():
        for host, variables in members.items():
            write(folder / "host_vars" / f"{host}.yml", _yaml({VARIABLE: str(folder), **variables}))
            wanted.add(f"{host}.yml")
    for path in folder.rglob("*.yml"):
        if path.name not in wanted:
            path.unlink()


def write_connect(ssh: Path) -> None:
    """Write the helper that SSH's ProxyCommand runs."""
    write(ssh / "connect.py", _CONNECT)
    (ssh / "control").mkdir(mode=0o700, exist_ok=True)


def _program(name: str) -> str:
    """Return the machine's own program: one in the user's PATH may be a wrapper that goes elsewhere."""
    return shutil.which(name, path=PATH) or f"/usr/bin/{name}"


def _literal(value: str) -> str:
    """Return a text in which ssh expands nothing (TOKENS of ssh_config(5))."""
    return value.replace("%", "%%")


def _quoted(path: Path) -> str:
    """Return a path as ssh reads it: whole, with blanks, and without expansion."""
    return f'"{_literal(str(path))}"'


def _yaml(content: Mapping[str, Any]) -> str:
    """Return JSON, which is YAML; keys stay in order."""
    return json.dumps(content, indent=2) + "\n"

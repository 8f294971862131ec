# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory overlay: what makes the user's unchanged inventory mean the twin instead of the real site."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..description import twin as _twin
from .runtime import NETNS, write

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


def router_variables(router: _twin.Router, ssh: Path, frr_version: str) -> dict[str, Any]:
    """Return the host variables that reach a twin's router, whatever the site's own say about the connection."""
    proxy = [
        "nsenter",
        f"--net={NETNS / router.namespace}",
        "--",
        sys.executable,
        "-I",
        str(ssh / "connect.py"),
        "%h",
        "%p",
    ]
    options = {
        # Not the user's: it may send this address to the real router.
        "UserKnownHostsFile": str(ssh / "known_hosts"),
        "GlobalKnownHostsFile": "/dev/null",
        "IdentitiesOnly": "yes",
        "PasswordAuthentication": "no",
        "ProxyUseFdpass": "yes",
        "ProxyCommand": shlex.join(proxy),
    }
    arguments = ["-F", "/dev/null", *(part for name, value in options.items() for part in ("-o", f"{name}={value}"))]
    return {
        "ansible_host": router.address,
        "ansible_port": 22,
        "ansible_connection": "ssh",
        "ansible_user": "root",
        "ansible_password": "",
        "ansible_become": False,
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_host_key_checking": True,
        "ansible_ssh_private_key_file": str(ssh / "id"),
        "ansible_ssh_common_args": shlex.join(arguments),
        "ansible_ssh_extra_args": "",
        # Control sockets are found by address and user: one of the real router must never be taken for the twin's.
        "ansible_control_path_dir": str(ssh / "control"),
        "edge_router_platform": "linux",
        "edge_router_frr_version": frr_version,
    }


def cluster_variables(cluster: _twin.Cluster, kubeconfig: Path, helm: Path, chart: Path) -> dict[str, Any]:
    """Return the host variables that reach a twin's cluster."""
    return {
        "edge_cluster_kubeconfig": str(kubeconfig),
        "edge_cluster_context": json.loads(kubeconfig.read_text(encoding="utf-8"))["current-context"],
        "edge_cilium_values__twin": dict(cluster.values),
        "cilium_net_release_binary": str(helm),
        "cilium_net_release_chart": str(chart),
    }


def write_overlay(
    folder: Path, routers: Mapping[str, Mapping[str, Any]], clusters: Mapping[str, Mapping[str, Any]]
) -> None:
    """Write the overlay: an inventory folder whose host_vars win over the site's own, whichever file those are in."""
    groups = {
        "edge_routers": {"hosts": dict.fromkeys(sorted(routers))},
        "edge_clusters": {"hosts": dict.fromkeys(sorted(clusters))},
    }
    write(folder / "hosts.yml", _yaml({"all": {"children": groups}}))
    wanted = {"hosts.yml"}
    for host, variables in [*routers.items(), *clusters.items()]:
        write(folder / "host_vars" / f"{host}.yml", _yaml(variables))
        wanted.add(f"{host}.yml")
    for path in folder.rglob("*.yml"):
        if path.name not in wanted:
            path.unlink()


def write_connect(ssh: Path) -> None:
    """Write the helper that SSH's ProxyCommand runs."""
    write(ssh / "connect.py", _CONNECT)
    (ssh / "control").mkdir(mode=0o700, exist_ok=True)


def _yaml(content: Mapping[str, Any]) -> str:
    """Return JSON, which is YAML; keys stay in order."""
    return json.dumps(content, indent=2) + "\n"

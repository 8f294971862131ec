# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An overlay of a twin of the reference site that is not up, with a stand-in for ssh that writes down how it is called."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import kube, overlay, written_overlay

from .hybrid import hybrid_plan

RECORDER = """\
#!/bin/sh
# Stands in for ssh: writes its arguments down and reaches nobody.
printf '%s\\n' "$@" >> {calls}
echo "nobody is reached" >&2
exit 255
"""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Where a twin that is not up has left its files."""

    folder: Path
    overlay: Path
    kubeconfig: Path
    calls: Path
    """What the stand-in for ssh was called with, one argument a line; not there while it was not called."""

    def variables(self, host: str) -> dict[str, object]:
        """Return the overlay's variables of a host."""
        content: dict[str, object] = json.loads((self.overlay / "host_vars" / f"{host}.yml").read_text("utf-8"))
        return content

    def edit(self, host: str, **variables: object) -> None:
        """Change the overlay by hand."""
        path = self.overlay / "host_vars" / f"{host}.yml"
        path.write_text(json.dumps({**self.variables(host), **variables}), "utf-8")


def rehearsal(folder: Path, only: Collection[str] | None = None) -> Rehearsal:
    """Write the overlay of the reference site's twin below ``folder``, as the twin itself does; of some hosts only."""
    twin = _twin.describe(hybrid_plan().data, "t")
    ssh, calls, recorder = folder / "ssh", folder / "calls", folder / "ssh-stand-in"
    ssh.mkdir(parents=True)
    recorder.write_text(RECORDER.format(calls=calls), "utf-8")
    recorder.chmod(0o755)
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(kube.kubeconfig("https://127.0.0.1:9", folder / "ca.crt", "token", "twin-t"), "utf-8")
    overlay.write_connect(ssh)
    (cluster,) = twin.clusters
    made = Rehearsal(folder, folder / written_overlay.FOLDER, kubeconfig, calls)
    hosts = {
        "edge_routers": {item.host: overlay.router_variables(item, ssh, "10.3") for item in twin.routers},
        "edge_clusters": {
            cluster.host: overlay.cluster_variables(cluster, ssh, kubeconfig, Path("/usr/bin/false"), folder / "chart")
        },
        "edge_nodes": {node: overlay.node_variables(node, f"twin-t.host.{node}", ssh) for node in cluster.nodes},
    }
    if only is not None:
        hosts = {
            group: {host: own for host, own in members.items() if host in only} for group, members in hosts.items()
        }
    overlay.write_overlay(made.overlay, twin.name, hosts)
    for path in (made.overlay / "host_vars").glob("*.yml"):
        made.edit(path.stem, ansible_ssh_executable=str(recorder), ansible_sftp_executable=str(recorder))
    return made

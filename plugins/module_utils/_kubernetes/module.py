# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way in which a module reads a cluster, and a module's result from what was read."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Mapping

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .api import ClusterApi, ClusterError
from .client import KUBERNETES_ERROR, open_cluster

Read = Callable[[ClusterApi, Mapping[str, Any]], Dict[str, Any]]
"""What reads a cluster: the API and the module's options in, a part of its result out."""


def read_cluster(read: Read, options: Mapping[str, Any], environment: Mapping[str, str]) -> Dict[str, Any]:
    """Return a module's result: what ``read`` has found, and how the cluster was reached; or why nothing was read."""
    try:
        with open_cluster(options["kubeconfig"], options["context"], environment) as api:
            api.expected_uid = options.get("cluster_uid")
            found = read(api, options)
    except ClusterError as error:
        refused = {"refused": error.refused} if error.refused else {}
        return dict(refused, failed=True, msg=str(error))
    connection = api.connection
    ways = {
        "server": api.server,
        "context": connection.named_context,
        "k8s": connection.k8s_arguments(),
        "helm": connection.helm_arguments(),
        "helm_environment": connection.helm_environment(),
    }
    return dict({"changed": False}, connection=ways, warnings=api.warnings, **found)


def run_reader(arguments: Mapping[str, Any], read: Read) -> None:
    """Run a module that reads a cluster and changes nothing."""
    _run(AnsibleModule(argument_spec=dict(arguments), supports_check_mode=True), read)


def run_previewer(arguments: Mapping[str, Any], write: Read) -> None:
    """Run a module that writes; in check mode it has ``dry_run`` among its options, and asks the server instead."""
    module = AnsibleModule(argument_spec=dict(arguments), supports_check_mode=True)
    _run(module, lambda api, options: write(api, dict(options, dry_run=module.check_mode)))


def _run(module: AnsibleModule, read: Read) -> None:
    if KUBERNETES_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=KUBERNETES_ERROR)
    result = read_cluster(read, module.params, os.environ)
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)

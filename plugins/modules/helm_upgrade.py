#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: helm_upgrade
short_description: Run helm upgrade --install within a limit of time
version_added: 0.1.0
description:
  - Installs or upgrades a Helm release, whatever the live one is, with Helm 3 or 4. It always calls Helm.
  - Values that the live release has and O(values) lacks are unset (C(--reset-values)).
  - Helm reads the values from its standard input, and a login of the repository from a file that nobody else reads.
  - Helm ends where this module is ended by SIGTERM or SIGHUP.
  - M(hybridnet.cluster_edge.helm_release) calls it, and keeps the values out of outputs and logs.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  values:
    description: The values, whole.
    type: dict
    default: {}
  private_repository:
    description:
      - In place of O(repository), a URL that holds a login, as V(https://user:password@charts.example.com/stable), or a
        query. It is no argument of Helm, and shows in no output.
    type: str
extends_documentation_fragment:
  - hybridnet.cluster_edge.helm
"""

EXAMPLES = r"""
- name: Bring Cilium to a version
  hybridnet.cluster_edge.helm_upgrade:
    name: cilium
    namespace: kube-system
    chart: cilium
    repository: https://helm.cilium.io
    version: 1.19.6
    values: {bgpControlPlane: {enabled: true}}
"""

RETURN = r"""
status:
  description: Name, namespace, revision, status, chart and app_version of the release.
  returned: success, but not in check mode
  type: dict
  sample:
    {name: cilium, namespace: kube-system, revision: "3", status: deployed, chart: cilium-1.19.6, app_version: 1.19.6}
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import MASK
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.chart_source import (
    may_hold_secret,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.helm import (
    ARGUMENTS,
    HelmError,
    upgrade,
)

SHOWN = {"chart": "log in with helm registry login, or name a file", "repository": "name it in private_repository"}
"""Arguments that results and the system's log show, with the way out where one holds a secret."""


def main():
    module = AnsibleModule(
        # What is no_log is masked in every text of the run, so that no harmless name may be.
        argument_spec={**ARGUMENTS, "private_repository": {"type": "str", "no_log": True}},
        mutually_exclusive=[("repository", "private_repository")],
        supports_check_mode=True,
    )
    params = module.params
    for name, way_out in SHOWN.items():
        if may_hold_secret(params[name] or ""):
            params[name] = MASK
            module.fail_json(msg="{0}: holds a login or a query, which would show; {1}".format(name, way_out))
    try:
        repository = params["private_repository"] or params["repository"]
        result = upgrade({**params, "repository": repository}, os.environ, module.check_mode)
    except HelmError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: helm_upgrade
short_description: Run helm upgrade --install within a limit of time
version_added: 1.0.0
description:
  - Installs or upgrades a Helm release, whatever the live one is, with Helm 3 or 4. It always calls Helm.
  - Values that the live release has and O(values) lacks are unset (C(--reset-values)).
  - Helm reads the values from its standard input, and a login in O(repository) from a file that nobody else reads.
  - Helm ends where this module is ended by SIGTERM or SIGHUP.
  - M(hybridnet.cluster_edge.helm_release) calls it, and keeps the values out of outputs and logs.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  values:
    description: The values, whole.
    type: dict
    default: {}
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
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.chart_source import may_hold_secret
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.helm import (
    ARGUMENTS,
    HelmError,
    upgrade,
)


def main():
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    shown = [module.params[name] for name in ("chart", "repository") if not may_hold_secret(module.params[name] or "")]
    module.no_log_values.difference_update(shown)
    try:
        result = upgrade(module.params, os.environ, module.check_mode)
    except HelmError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: helm_release
short_description: Install or upgrade a Helm release without showing its values
version_added: 0.1.0
description:
  - Calls Helm 3 or 4 (M(hybridnet.cluster_edge.helm_upgrade)), and returns nothing of the release's values, at whatever
    verbosity. Values may hold secrets.
  - Values that the live release has and O(values_in) lacks are unset (C(--reset-values)).
  - It works on the control machine, as an action.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  connection:
    description:
      - How Helm reaches the cluster, RV(hybridnet.cluster_edge.cluster_connection_info#module:connection.helm).
    type: dict
    default: {}
  binary_path:
    description: Helm's program. Without it, the one that is found in C(PATH).
    type: path
  name:
    description: Name of the release.
    type: str
    required: true
  namespace:
    description: Namespace of the release.
    type: str
    required: true
  chart:
    description: Name of the chart in O(repository), or its folder or archive.
    type: str
    required: true
  repository:
    description: URL of the chart repository.
    type: str
  version:
    description: Version of the chart.
    type: str
    required: true
  values_in:
    description:
      - Name of the variable that holds the values. Its name, not the values, so that none of them is an argument of the
        task.
    type: str
    required: true
  timeout:
    description: Seconds after which a call of Helm is ended, with all that it has started.
    type: int
    default: 300
attributes:
  check_mode:
    description: Helm reads the chart, and it counts as a change.
    support: partial
    details: What Helm would change is not found out.
  diff_mode:
    description: A difference would show values.
    support: none
requirements:
  - helm
"""

EXAMPLES = r"""
- name: Bring Cilium to the plan
  hybridnet.cluster_edge.helm_release:
    name: cilium
    namespace: kube-system
    chart: cilium
    repository: https://helm.cilium.io
    version: 1.19.6
    values_in: my_cilium_values
"""

RETURN = r"""
status:
  description: Name, namespace, revision, status, chart and app_version of the release.
  returned: success, but not in check mode
  type: dict
  sample:
    {name: cilium, namespace: kube-system, revision: "3", status: deployed, chart: cilium-1.19.6, app_version: 1.19.6}
"""

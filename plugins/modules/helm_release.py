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
  - O(repository) may hold a login, as V(https://user:password@charts.example.com/stable), or a query. Then it is no
    argument of Helm, and shows in no output.
  - It works on the control machine, as an action.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  values_in:
    description:
      - Name of the variable that holds the values. Its name, not the values, so that none of them is an argument of the
        task.
    type: str
    required: true
extends_documentation_fragment:
  - hybridnet.cluster_edge.helm
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

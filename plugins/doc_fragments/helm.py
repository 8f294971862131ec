# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is true of every module and action that installs or upgrades a Helm release."""

from __future__ import annotations


class ModuleDocFragment:
    """The release, its chart, the way to the cluster and the limit."""

    DOCUMENTATION = r"""
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
    description: Name of the chart in O(repository), or its folder, its archive or an C(oci://) reference.
    type: str
    required: true
  repository:
    description: URL of the chart repository.
    type: str
  version:
    description: Version of the chart.
    type: str
    required: true
  timeout:
    description:
      - Seconds after which a call of Helm is ended, with all that it has started. Helm itself waits without a limit for
        an API server that has taken a request and does not answer.
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

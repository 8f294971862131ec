# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the modules that read a cluster find it."""

from __future__ import annotations


class ModuleDocFragment:
    """The cluster's kubeconfig and context."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description: Path of the kubeconfig. Without it the client's own default applies.
    type: path
  context:
    description: Context in the kubeconfig. Without it the current one.
    type: str
"""

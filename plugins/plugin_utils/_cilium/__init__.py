# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster is told: Kubernetes objects and Helm values, made from the resolved site.

May import: _errors, module_utils/_kubernetes, _addressing, _kubernetes, _versions, _findings, _document, _model,
_pools.
"""

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare two configurations by what they set up: of FRR, and of Kubernetes objects.

May import: _errors, module_utils/_frr, module_utils/_kubernetes, _addressing, _kubernetes, _versions, _findings,
_document, _model, _cilium, _live_cluster.
"""

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a live cluster lacks of the plan, what it must not lose, and what may be written to it or removed.

May import: _errors, module_utils/_kubernetes, _addressing, _kubernetes, _versions, _findings, _document, _model,
_pools, _cilium.
"""

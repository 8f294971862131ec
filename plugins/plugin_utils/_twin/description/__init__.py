# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the twin of a plan consists of. Pure: nothing is read or started.

May import: _errors, module_utils/_frr, _addressing, _kubernetes, _findings, _versions, _document, _cilium.
"""

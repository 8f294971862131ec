# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the router is told: prefix-lists, route-maps and the FRR intent.

May import: module_utils/_frr, _addressing, _document, _model.
"""

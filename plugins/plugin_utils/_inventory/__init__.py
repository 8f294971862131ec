# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First pass: the table of keys, the layers, and the reading of each value.

May import: _errors, _plain, _addressing, _kubernetes, _versions, _findings, _model.
"""

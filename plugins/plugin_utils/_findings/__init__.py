# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Finding, one Report, and the table of all codes, of the plan and of the live site.

May import: _errors, module_utils/_frr, _versions.
"""

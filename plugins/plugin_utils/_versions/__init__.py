# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each version of Cilium can do: one table for the plan, the comparison, and the documentation.

FRR's table is ``module_utils/_frr/versions.py``: it runs on the router too.

May import: _errors, _kubernetes.
"""

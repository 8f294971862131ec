# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin brought up and taken down: cgroups, namespaces, programs, and the order in which they come and go.

The one part of the library that does I/O; on the control machine, as root, on Linux. The action plugin ``edge_twin``
calls it.

May import: _errors, _twin/description, _twin/guard.
"""

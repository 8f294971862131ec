# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doing part of the twin: cgroups, namespaces, programs, and the order in which they come and go.

The one part of the library that does I/O. It runs on the controller, as root, on Linux, and is used by the action
plugin ``edge_twin``. What is built stands in :mod:`.._twin`.
"""

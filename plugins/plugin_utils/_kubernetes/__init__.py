# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of Kubernetes: label selectors, label keys, names of objects; YAML and values as kubectl and Helm read them.

May import: _errors, module_utils/_kubernetes.
"""

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as data: the type of every key, its format, and what is read of a plan that was saved.

The plan writes it; verify, the twin, the rendered files and the texts read it.

May import: _errors, _findings.
"""

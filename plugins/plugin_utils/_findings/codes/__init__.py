# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of all codes: those of the plan by hundreds, those of the live site by what they judge.

``table.py`` of the package above puts them together. A new code of the plan takes the number after the last one of its
file; one of the live site, the number after the last of all its files. A number that is missing stays unused: it may
have been raised by an earlier version.
"""

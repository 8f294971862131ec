# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is true of every module and action that only reads."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes of something that changes nothing."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: It changes nothing, so it runs in check mode as it does elsewhere.
    support: full
  diff_mode:
    description: It changes nothing, so there is no difference to show.
    support: none
"""

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module of the same name on the router; what it refuses is shown once."""

from __future__ import annotations

from ansible.plugins.action.normal import ActionModule as ModuleAction
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once


@fails_once
class ActionModule(ModuleAction):
    """Run the module."""

    _supports_check_mode = True

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of a run, as Ansible has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def given_variables(task_vars: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what ``-e`` gives, as written."""
    given: Mapping[str, Any] = task_vars["hostvars"]._variable_manager.extra_vars
    return given

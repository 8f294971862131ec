# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server's refusal of a write says: of the object, or of whatever we write."""

from __future__ import annotations

import re

from ...module_utils._kubernetes.api import BUSY, FORBIDDEN, SERVER_ERRORS, UNAUTHORIZED

NO_RIGHT = re.compile(r'\bUser ".*" cannot \w+ resource "')
"""What RBAC answers: ``User "x" cannot patch resource "services"``. Admission and quotas word a 403 otherwise."""


def is_of_object(status: int, message: str) -> bool:
    """Return whether the API server refused one object; it would refuse whatever we write else.

    Args:
        status: HTTP status of its answer.
        message: what it says.
    """
    if not 400 <= status < SERVER_ERRORS or status in (UNAUTHORIZED, *BUSY):
        return False
    return not (status == FORBIDDEN and NO_RIGHT.search(message))

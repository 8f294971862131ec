# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubernetes.core says of a write that the API server refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

FORBIDDEN, UNAUTHORIZED = 403, 401
NO_RIGHT = re.compile(r'\bUser ".*" cannot \w+ resource "')
"""What RBAC answers: ``User "x" cannot patch resource "services"``. Admission and quotas word a 403 otherwise."""


def object_refusal(error: Mapping[str, Any]) -> str | None:
    """Return why the API server refused one object; None where it would refuse whatever we write, or nobody answered.

    Args:
        error: of one object, with ``continue_on_error``. Of an apply, the server's Status stands in its text alone.
    """
    text = str(error.get("msg"))
    code, message = error.get("status"), text
    start = text.find("{")
    if start >= 0:
        try:
            status, _end = json.JSONDecoder().raw_decode(text[start:])
        except ValueError:
            status = None
        if isinstance(status, dict) and "code" in status:
            code, message = status["code"], str(status.get("message") or text)
    if not isinstance(code, int) or not 400 <= code < 500 or code == UNAUTHORIZED:
        return None
    return None if code == FORBIDDEN and NO_RIGHT.search(message) else message

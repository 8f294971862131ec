# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one table of all codes: their severity, title, texts and page.

``docs/findings.md`` is made from the codes of the plan, the table in ``docs/verify.md`` from those of the live site.
"""

from __future__ import annotations

from .code import Code, LiveCode, PlanCode
from .codes.addresses import ADDRESSES
from .codes.inventory import INVENTORY
from .codes.live_cluster import LIVE_CLUSTER
from .codes.live_routes import LIVE_ROUTES
from .codes.live_services import LIVE_SERVICES
from .codes.live_sessions import LIVE_SESSIONS
from .codes.policies import POLICIES
from .codes.pools import POOLS
from .codes.services import SERVICES
from .codes.sessions import SESSIONS
from .codes.versions import VERSIONS

PLAN_CODES: dict[str, PlanCode] = {
    **INVENTORY,
    **ADDRESSES,
    **SESSIONS,
    **POLICIES,
    **POOLS,
    **SERVICES,
    **VERSIONS,
}

LIVE_CODES: dict[str, LiveCode] = dict(
    sorted({**LIVE_CLUSTER, **LIVE_SESSIONS, **LIVE_ROUTES, **LIVE_SERVICES}.items())
)

CODES: dict[str, Code] = {**PLAN_CODES, **LIVE_CODES}


def page(code: str) -> str:
    """Return where the documentation describes ``code``: file and anchor."""
    return f"{CODES[code].PAGE}#{code.lower()}"

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, session keys: what both ends of a session must agree on, with defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._inventory.parse import Item
from ..._model.site import SessionKeys, Timers
from ..hosts import Context

DEFAULT_HOLD = 9
DEFAULT_CONNECT_RETRY = 5
DEFAULT_GRACEFUL_RESTART = 15


def session_keys(
    context: Context, item: Item, defaults: Mapping[str, Item], password: str | None
) -> SessionKeys | None:
    """Return the session keys of a peering, neighbor or link: its own over the defaults over ours.

    Args:
        context: of the second pass.
        item: the peering, neighbor or link.
        defaults: ``edge_bgp_defaults`` of the host that owns it.
        password: name under ``edge_bgp_passwords``, or None.

    Returns:
        None where two keys exclude each other, which is reported.
    """

    def value(key: str, fallback: Any) -> Any:
        if key in item:
            return item.get(key)
        return defaults[key].value if key in defaults else fallback

    inherited = defaults["timers"].value if "timers" in defaults else {}
    written = {**inherited, **item.get("timers", {})}
    hold = written.get("hold", DEFAULT_HOLD)
    keepalive = written.get("keepalive", hold // 3)
    if keepalive * 3 > hold:
        own = item.get("timers", {})
        place = item.at("timers") if "keepalive" in own else defaults["timers"].path
        whose = f" at {item.at('timers')}" if "hold" in own and "keepalive" not in own else ""
        context.report.add(
            "EDGE303",
            f"{place}.keepalive",
            f"{keepalive} s is more than a third of the hold time of {hold} s{whose}",
            f"at most {hold // 3}, or leave it out",
        )
        return None
    if "hold" not in written:
        context.derive(f"{item.path}.timers.hold", DEFAULT_HOLD, "the default: a dead node is noticed within 9 s")
    if "keepalive" not in written:
        context.derive(f"{item.path}.timers.keepalive", keepalive, "a third of the hold time (RFC 4271 section 4.4)")
    multihop, ttl_security = value("multihop", None), value("ttl_security", False)
    if multihop is not None and ttl_security:
        context.report.add(
            "EDGE309", item.path, "multihop and ttl_security are both set", "GTSM is for neighbours on the same network"
        )
        return None
    return SessionKeys(
        timers=Timers(hold, keepalive, written.get("connect_retry", DEFAULT_CONNECT_RETRY)),
        graceful_restart=value("graceful_restart", DEFAULT_GRACEFUL_RESTART),
        multihop=multihop,
        ttl_security=ttl_security,
        description=value("description", None),
        shutdown=value("shutdown", False),
        port=value("port", 179),
        password=password,
    )

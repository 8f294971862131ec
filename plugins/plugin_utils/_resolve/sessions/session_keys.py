# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, session keys: what both ends of a session must agree on (hold time and other timers, port, password).

Their defaults stand in the table of keys, ``_inventory/keys/sessions``.
"""

from __future__ import annotations

from typing import Any

from ..._inventory.values import Item, Items, Values
from ..._model.site import SessionKeys, Timers
from ..hosts import Context


def session_keys(context: Context, item: Item, defaults: Items, password: str | None) -> SessionKeys | None:
    """Return the session keys of a peering, neighbor or link.

    Each is its own, else the one under ``edge_bgp_defaults``, else the default of the table of keys.

    Args:
        context: takes the findings.
        item: the peering, neighbor or link.
        defaults: ``edge_bgp_defaults`` of the host that owns it.
        password: name under ``edge_bgp_passwords``, or None.

    Returns:
        None where two keys exclude each other, which is reported.
    """

    def value(key: str) -> Any:
        return defaults[key].value if key not in item and key in defaults else item[key]

    own: Values = item["timers"]
    timers = own.over(defaults["timers"].value if "timers" in defaults else None)
    hold = timers["hold"]
    keepalive = timers["keepalive"] if "keepalive" in timers else hold // 3
    if keepalive * 3 > hold:
        place = item.at("timers") if "keepalive" in own else defaults["timers"].path
        whose = f" at {item.at('timers')}" if "hold" in own and "keepalive" not in own else ""
        context.report.add(
            "EDGE303",
            f"{place}.keepalive",
            f"{keepalive} s is more than a third of the hold time of {hold} s{whose}",
            f"at most {hold // 3}, or leave it out",
        )
        return None
    if "hold" not in timers:
        context.derive(f"{item.path}.timers.hold", hold, f"the default: a dead node is noticed within {hold} s")
    if "keepalive" not in timers:
        context.derive(f"{item.path}.timers.keepalive", keepalive, "a third of the hold time (RFC 4271 section 4.4)")
    multihop, ttl_security = value("multihop"), value("ttl_security")
    if multihop is not None and ttl_security:
        context.report.add(
            "EDGE309", item.path, "multihop and ttl_security are both set", "GTSM is for neighbors on the same network"
        )
        return None
    return SessionKeys(
        timers=Timers(hold, keepalive, timers["connect_retry"]),
        graceful_restart=value("graceful_restart"),
        multihop=multihop,
        ttl_security=ttl_security,
        description=value("description"),
        shutdown=value("shutdown"),
        port=value("port"),
        password=password,
    )

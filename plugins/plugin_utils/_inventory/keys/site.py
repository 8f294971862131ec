# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of the site: every host must see the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._findings.report import Report
from ..types import Key, MapOf, Name, Schema, Text, ValueType
from .links import LINK
from .networks import NETWORK


class Reasons(ValueType):
    """Why a warning is accepted: one reason, or one for each path."""

    label = "reason"

    def __init__(self) -> None:
        self._reason = Text("reason", r".*\S.*", "a reason: say in a few words why it is fine here")
        self._by_path = MapOf(Text("path"), self._reason)

    def parse(self, value: object, path: str, report: Report) -> Any:
        return (self._by_path if isinstance(value, Mapping) else self._reason).parse(value, path, report)

    def schema(self) -> Schema:
        return {"anyOf": [self._reason.schema(), self._by_path.schema()]}


SITE = (
    Key("edge_site_name", Name(), "Names the site: the ownership label of all that we create.", default="edge"),
    Key("edge_networks", MapOf(Name(), NETWORK), "L3 segments that routers and nodes share.", layered=True),
    Key(
        "edge_accept",
        MapOf(Text("code"), Reasons()),
        "Accepted warnings: code → reason, or code → {path: reason}.",
        layered=True,
    ),
    Key("edge_links", MapOf(Name(), LINK), "Links between our routers, written once for both ends.", layered=True),
)

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP communities: their type, read by the form in which they are written."""

from __future__ import annotations

import re
from typing import Any

from ..._findings.report import Report
from ..._findings.wording import did_you_mean
from ..._model.communities import WELL_KNOWN_COMMUNITIES, Community
from ..types import INVALID, ListOf, Schema, ValueType, describe

_OTHER_COMMUNITY_WORDS = {
    "graceful-shutdown": "Cilium's word for it is 'planned-shut'",
    "local-AS": "Cilium's word for it is 'no-export-subconfed'",
}
"""What FRR calls them."""


class CommunityType(ValueType):
    """A BGP community; its kind is read from its form: ``65000:100``, ``65000:1:2`` (RFC 8092), ``no-export``."""

    label = "community"
    argument_type = "str"
    _form = r"[0-9]+(?::[0-9]+){0,2}"

    def parse(self, value: object, path: str, report: Report) -> Any:
        """Return the community, or report and return ``INVALID``."""
        if isinstance(value, int) and not isinstance(value, bool):
            meant = divmod(value, 60) if 60 <= value < 65536 * 60 else (65000, 20)
            report.add(
                "EDGE106",
                path,
                f"is {describe(value)}, not a community",
                f"quote it, such as '{meant[0]}:{meant[1]}': unquoted, YAML reads that as a number in base 60",
            )
            return INVALID
        if not isinstance(value, str):
            report.add("EDGE102", path, f"must be a community, not {describe(value)}", "such as '65000:100'")
            return INVALID
        if value in WELL_KNOWN_COMMUNITIES:
            return Community(value, "well-known")
        if not re.fullmatch(self._form, value, re.ASCII):
            report.add(
                "EDGE103",
                path,
                f"{value!r} is not a community",
                _OTHER_COMMUNITY_WORDS.get(value)
                or did_you_mean(value, WELL_KNOWN_COMMUNITIES)
                or "write '65000:100', '65000:1:2' (large) or no-export",
            )
            return INVALID
        parts = [int(part) for part in value.split(":")]
        most = 65535 if len(parts) == 2 else 4294967295
        for part in parts:
            if part > most:
                report.add(
                    "EDGE103",
                    path,
                    f"{part} in {value!r} is out of range",
                    f"each part of this form is 0 to {most}; three parts make a large community (RFC 8092)",
                )
                return INVALID
        if len(parts) == 1:
            parts = [parts[0] >> 16, parts[0] & 0xFFFF]
        return Community(":".join(map(str, parts)), "large" if len(parts) == 3 else "standard")

    def filled(self, default: Any) -> Any:
        """Return the community that a default spells."""
        return None if default is None else self.parse(default, "", Report())

    def schema(self) -> Schema:
        """Return the schema of the words and the forms in digits."""
        return {"anyOf": [{"enum": list(WELL_KNOWN_COMMUNITIES)}, {"type": "string", "pattern": f"^{self._form}$"}]}


COMMUNITIES = ListOf(CommunityType())

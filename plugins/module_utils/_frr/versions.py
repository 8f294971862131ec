# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each version of FRR does: one table for plan, template, transaction, comparison and documentation.

Measured on the versions in :data:`TRIED`; ``tests/lab/test_router_drills.py`` asks each of them again.
Runs on the router: syntax of Python 3.8, standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Tuple

Version = Tuple[int, ...]

OLDEST = (7, 5)
"""The oldest version for which configurations are rendered and tested (Debian 11, the base of UniFi OS)."""

TRIED = ((7, 5), (8, 4), (10, 3), (10, 7))
"""The versions on which all of this was tried, oldest first: those of the tests' routers."""


@dataclass(frozen=True)
class Rule:
    """Something that FRR does from one version on, or up to one."""

    name: str
    what: str
    """What it does, as a row of the table in docs/router.md."""
    otherwise: str
    """What the other versions do, or what is done in its place."""
    since: Version = ()
    """The first version that does it; empty = the oldest."""
    until: Version = ()
    """The first version that does it no more; empty = none yet."""
    predicts: bool = False
    """Whether it says what will happen, and nothing of what is written or checked."""

    def holds(self, version: Version) -> bool:
        """Return whether a version does it; one that was not tried takes the newest known before it."""
        return self.since <= version[:2] and (not self.until or version[:2] < self.until)


EBGP_REQUIRES_POLICY = Rule(
    "ebgp_requires_policy",
    "an [eBGP](words.md#ibgp) neighbor without a policy exchanges no routes (RFC 8212); `network` lines are checked",
    "a line `frr version` with such a version brings its defaults back",
    since=(7, 4),
)
BLOCK_ENDS = Rule(
    "block_ends",
    "a block ends with `exit`",
    "none is written: the reload mis-reads it",
    since=(8, 1),
)
CONNECT_RETRY_30 = Rule(
    "connect_retry_30",
    "a connection is tried again after 30 s where nothing is written (profile `traditional`)",
    "after 120 s",
    since=(10, 3),
)
ENFORCE_FIRST_AS = Rule(
    "enforce_first_as",
    "`enforce-first-as` is on where nothing is written",
    "off",
    since=(10, 3),
)
LONG_LISTEN_LIMIT = Rule(
    "long_listen_limit",
    "`bgp listen limit` goes up to 65535",
    "up to 5000: a plan whose limits add up to more is refused",
    since=(8, 1),  # FRRouting/frr#8378, merged in 2021; 7.5 refuses 5001, 8.4 takes it, between them none was tried
)
BGPD_CHECK = Rule(
    "bgpd_check",
    "`bgpd -C` checks a configuration with static neighbors",
    "it aborts, so the candidate is loaded into a throw-away FRR",
    until=(10, 7),
)

KEEPS_AFTER_NOTIFICATION = Rule(
    "keeps_after_notification",
    "an expired hold time is taken for a [graceful restart](words.md#graceful-restart), too (RFC 8538)",
    "the routes go when the hold time expires",
    since=(8, 3),
    predicts=True,
)

RULES = (
    BLOCK_ENDS,
    BGPD_CHECK,
    CONNECT_RETRY_30,
    ENFORCE_FIRST_AS,
    EBGP_REQUIRES_POLICY,
    LONG_LISTEN_LIMIT,
    KEEPS_AFTER_NOTIFICATION,
)
"""All of them: what stands nowhere here does not depend on the version."""


def rules_of(version: Version) -> Dict[str, bool]:
    """Return which rules hold for a version, by name."""
    return {rule.name: rule.holds(version) for rule in RULES}


def written_for(version: Version) -> Dict[str, bool]:
    """Return the rules that decide what is written for a version, and how it is checked."""
    return {rule.name: rule.holds(version) for rule in RULES if not rule.predicts}


def most_dynamic_neighbors(version: Version) -> int:
    """Return the highest number that a version takes after ``bgp listen limit``."""
    return 65535 if LONG_LISTEN_LIMIT.holds(version) else 5000


def text_of(version: Version) -> str:
    """Return a version as it is written: ``7.5``."""
    return ".".join(str(part) for part in version)


def nearest_tried(version: Version) -> Version:
    """Return the tried version whose rules a version has: itself, else the newest before it, else the next after it.

    The next one after it where a rule is known to begin between two tried ones.
    """
    before = [tried for tried in TRIED if tried <= version[:2]]
    after = [tried for tried in TRIED if tried > version[:2]]
    candidates = [*reversed(before), *after]
    return next((tried for tried in candidates if written_for(tried) == written_for(version)), candidates[0])


def untried(version: Version) -> str:
    """Return a warning where a version was not tried, else an empty text."""
    rules = nearest_tried(version)
    if rules == version[:2]:
        return ""
    return "FRR {0} was not tried with this collection: it gets the rules of {1}, the nearest version that was".format(
        text_of(version), text_of(rules)
    )

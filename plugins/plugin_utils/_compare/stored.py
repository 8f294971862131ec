# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what a router keeps for FRR's next start with the plan: what runs may be right, and gone after a reboot."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...module_utils._errors import EdgeError
from ...module_utils._frr.config import BGP, parse
from .ends import DIFFERS, ONLY_LIVE, ONLY_PLANNED, Comparison, Row, router_comparison
from .frr.compare import frr_difference

FRR_CONF = "frr.conf"
DAEMON_FILES = "files of single daemons (there is no frr.conf)"

_NEIGHBORS = re.compile(r"neighbors? (?P<names>[^ ,]+(?:, [^ ,]+)*): (?P<said>.*)", re.DOTALL)
"""What a row says of one neighbor, or of several alike."""
_SAID = {"BGP runs": "a BGP instance"}
"""What is told of a running configuration -> the same of a file."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What FRR reads when it starts, and whether it starts."""

    text: str
    """The configuration, with passwords in the form of the planned one; empty where there is none."""
    name: str
    """Of what it stands in: :data:`FRR_CONF` or :data:`DAEMON_FILES`."""
    bgpd_enabled: bool
    """Whether FRR starts bgpd."""
    starts_at_boot: bool | None
    """Whether systemd starts FRR at boot; None: it does not say."""


def with_stored(
    found: Comparison, running: str | None, stored: Stored, planned: str, version: str, owner: str
) -> Comparison:
    """Return a comparison of a live router with what differs in its stored configuration alone.

    Args:
        found: what differs in the running configuration. Such rows are not told again of the file.
        running: the running configuration; None: FRR does not run.
        stored: what the router keeps.
        planned: the rendered configuration; empty for a router that is absent.
        version: of its FRR.
        owner: who holds its BGP, ``bgp_owner`` of the plan: ``file`` is compared with the plan. With ``controller``
            UniFi Network holds it: an instance in the file is told where another one runs. ``none``: nothing is told.

    Raises:
        EdgeError: the planned configuration cannot be read.
    """
    if owner == "file":
        rows = [*_file_rows(found.rows, stored, planned, version)]
        if BGP in parse(planned).objects:
            rows += _boot_rows(stored)
    elif owner == "controller":
        rows = [*_second_owner(stored, running, version)]
    else:
        rows = []
    return replace(found, rows=(*found.rows, *rows))


def _file_rows(known: Iterable[Row], stored: Stored, planned: str, version: str) -> Iterable[Row]:
    """Yield what differs between the file and the plan, without the rows that are known of what runs."""
    where = f"{stored.name} on disk"
    try:
        parse(stored.text)
        differing = router_comparison(stored.text, planned, version).rows
    except EdgeError as error:
        yield Row(DIFFERS, f"{where}: {error}")
        return
    told = {(row.state, what) for row in known for what in _one_by_one(row.what)}
    for row in differing:
        # What several neighbors have in common stands in one row, of the file perhaps for some of them alone.
        if not told.issuperset((row.state, what) for what in _one_by_one(row.what)):
            yield Row(row.state, f"{where}: {_SAID.get(row.what, row.what)}")


def _one_by_one(what: str) -> list[str]:
    """Return what a row says of several neighbors, for each of them; another row as it is."""
    found = _NEIGHBORS.match(what)
    return [f"neighbor {name}: {found['said']}" for name in found["names"].split(", ")] if found else [what]


def _boot_rows(stored: Stored) -> Iterable[Row]:
    """Yield what keeps the planned BGP from coming up after FRR's next start."""
    if not stored.bgpd_enabled:
        yield Row(ONLY_PLANNED, "bgpd at FRR's next start: bgpd=yes in /etc/frr/daemons")
    if stored.starts_at_boot is False:
        yield Row(ONLY_PLANNED, "FRR at boot: systemctl enable frr.service")


def _second_owner(stored: Stored, running: str | None, version: str) -> Iterable[Row]:
    """Yield that the file has a BGP instance which is not the one that UniFi Network pushes into bgpd.

    The role refuses to write UniFi Network's beside it (``module_utils/_unifi/decide.py``); an equal one does no harm.
    """
    try:
        if BGP not in parse(stored.text).objects or not frr_difference(stored.text, running or "", version):
            return
    except EdgeError:
        pass  # it has one, and nobody can say that it is the same
    yield Row(
        ONLY_LIVE,
        f"{stored.name} on disk: a BGP instance, which is not the one that runs: UniFi Network holds this router's BGP",
    )

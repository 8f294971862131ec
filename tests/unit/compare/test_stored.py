# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router keeps for FRR's next start, told beside what it runs."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.ends import (
    Comparison,
    Row,
    router_comparison,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.stored import (
    DAEMON_FILES,
    FRR_CONF,
    Stored,
    with_stored,
)

PLANNED = """router bgp 65000
 bgp router-id 10.121.0.1
 neighbor 10.121.0.11 remote-as 65001
 neighbor 10.121.0.11 timers 3 9
exit
"""
OLDER = PLANNED.replace("timers 3 9", "timers 60 180")
HOLD = "neighbor 10.121.0.11: hold time: 180 s live, 9 s planned"
KEEPALIVE = "neighbor 10.121.0.11: keepalive: 60 s live, 3 s planned"


def told(
    running: str | None = PLANNED,
    file: str = PLANNED,
    planned: str = PLANNED,
    owner: str = "file",
    name: str = FRR_CONF,
    bgpd: bool = True,
    boot: bool | None = True,
) -> list[tuple[str, str]]:
    """Return the rows of a router."""
    found = Comparison((Row("only planned", "FRR: it does not run"),))
    if running is not None:
        found = router_comparison(running, planned, "10.3")
    found = with_stored(found, running, Stored(file, name, bgpd, boot), planned, "10.3", owner)
    return [(row.state, row.what) for row in found.rows]


def test_file_that_has_the_plan() -> None:
    assert told() == []
    assert told(file="frr version 10.3\n!\n" + PLANNED.replace(" neighbor", "   neighbor")) == []


@pytest.mark.parametrize("file", ["", "\n", "hostname udm\n"])
def test_emptied_file_shows_while_all_sessions_are_up(file: str) -> None:
    assert told(file=file) == [("only planned", "frr.conf on disk: a BGP instance")]


def test_older_state_that_was_written_over_the_file() -> None:
    assert told(file=OLDER) == [
        ("differs", f"frr.conf on disk: {HOLD}"),
        ("differs", f"frr.conf on disk: {KEEPALIVE}"),
    ]


def test_what_runs_as_well_is_told_once() -> None:
    assert told(running=OLDER, file=OLDER) == [("differs", HOLD), ("differs", KEEPALIVE)]
    more = OLDER.replace("router-id 10.121.0.1", "router-id 10.121.0.9")
    assert told(running=OLDER, file=more)[2:] == [
        ("differs", "frr.conf on disk: router-id: 10.121.0.9 live, 10.121.0.1 planned")
    ]
    assert told(running=OLDER) == [("differs", HOLD), ("differs", KEEPALIVE)], "the file is as planned"


def test_what_runs_of_some_neighbors_is_told_once_where_the_file_has_it_of_fewer() -> None:
    """What neighbors have in common is one row."""
    second = PLANNED.replace("exit", PLANNED.split("router-id 10.121.0.1\n")[1].replace("0.11", "0.12"))
    running = second.replace("timers 3 9", "timers 60 180")
    file = running.replace("10.121.0.12 timers 60 180", "10.121.0.12 timers 3 9")
    assert told(running=running, file=file, planned=second) == told(running=running, file=running, planned=second)
    assert told(running=second, file=file, planned=second)[0] == ("differs", f"frr.conf on disk: {HOLD}")


def test_file_that_cannot_be_read_is_a_difference_and_the_rest_is_told() -> None:
    ((state, what),) = told(file="router bgp 65000\nexit\nrouter bgp 65001\n")
    assert state == "differs"
    assert what.startswith("frr.conf on disk: the configuration has two BGP instances")


def test_files_of_single_daemons_are_named_so() -> None:
    assert told(name=DAEMON_FILES) == []
    assert told(file="", name=DAEMON_FILES) == [
        ("only planned", "files of single daemons (there is no frr.conf) on disk: a BGP instance")
    ]


def test_what_does_not_start() -> None:
    bgpd = ("only planned", "bgpd at FRR's next start: bgpd=yes in /etc/frr/daemons")
    boot = ("only planned", "FRR at boot: systemctl enable frr.service")
    assert told(bgpd=False) == [bgpd]
    assert told(boot=False) == [boot]
    assert told(boot=None) == [], "there is nobody to ask"
    assert told(running=None, bgpd=False, boot=False) == [("only planned", "FRR: it does not run"), bgpd, boot]


def test_router_without_bgp_need_not_start_it_and_keeps_none() -> None:
    assert told(running="", file="", planned="", bgpd=False, boot=False) == []
    assert told(running="", planned="") == [("only live", "frr.conf on disk: a BGP instance")]


@pytest.mark.parametrize(
    ("file", "rows"),
    [
        pytest.param("", [], id="as UniFi leaves it"),
        pytest.param(PLANNED, [], id="the same"),
        pytest.param(OLDER, ["frr.conf on disk: a BGP instance, which is not the one that runs"], id="a second owner"),
        pytest.param("router bgp 1\nexit\nrouter bgp 2\n", ["frr.conf on disk: a BGP instance"], id="two instances"),
    ],
)
def test_file_of_a_router_whose_bgp_unifi_network_holds(file: str, rows: list[str]) -> None:
    found = told(file=file, owner="controller", bgpd=False, boot=False)
    assert [state for state, _what in found] == ["only live"] * len(rows)
    assert all(what.startswith(row) for (_state, what), row in zip(found, rows, strict=True))


def test_file_of_a_router_that_somebody_else_writes_is_theirs() -> None:
    assert told(file="", owner="none", bgpd=False, boot=False) == []

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes a change that was cut off has left behind, which daemons of FRR run, and what a reload's log says."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config as frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import naming
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.foreign import blocks
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import programs


@contextmanager
def session(environment: Mapping[str, str]) -> Iterator[int]:
    """Start a program in a session of its own, and return the session's number once the program runs."""
    process = subprocess.Popen(
        ["sh", "-c", "echo; read line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], **environment},
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield process.pid
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)


def test_programs_of_a_transaction_are_its_orphans() -> None:
    with session({"CLUSTER_EDGE_CHANGE": "1"}) as number:
        assert programs.orphans_of(number) == [number]
        assert programs.orphans_of(number + 1) == []


def test_a_session_that_got_the_same_number_later_is_somebody_elses() -> None:
    with session({}) as number:
        assert programs.orphans_of(number) == []


def test_what_a_transaction_starts_can_be_known_again() -> None:
    assert "CLUSTER_EDGE_CHANGE=1" in programs.run(["env"])[1].split("\n")


CLEARED = ("clear bgp 10.0.0.11", "configure terminal", "router bgp 65000", "neighbor 10.0.0.11 peer-group G")
REFUSED = "% Operation not allowed on a dynamic neighbor\n"


@pytest.mark.parametrize(
    ("answers", "calls", "said"),
    [
        pytest.param([""], 1, "", id="at once"),
        pytest.param([REFUSED, REFUSED, ""], 3, "", id="it dialed again twice"),
        pytest.param([REFUSED] * 9, programs.NAME_ATTEMPTS, REFUSED.strip(), id="it is always faster"),
        pytest.param(["% Configure the peer-group first\n"], 1, "% Configure the peer-group first", id="FRR refuses something else"),
    ],
)  # fmt: skip
def test_a_dynamic_neighbor_gets_its_name_in_the_call_that_ends_its_session(
    monkeypatch: pytest.MonkeyPatch, answers: list[str], calls: int, said: str
) -> None:
    asked: list[list[str]] = []

    def run(argv: list[str]) -> tuple[int, str, str]:
        asked.append(argv)
        return 0, answers[len(asked) - 1], ""

    monkeypatch.setattr(programs, "run", run)
    assert programs.give_names(naming.Naming("", (CLEARED,))) == said
    expected = ["vtysh", "-c", CLEARED[0], "-c", CLEARED[1], "-c", CLEARED[2], "-c", CLEARED[3]]
    assert asked == [expected] * calls


def test_a_new_group_with_its_password_comes_in_by_a_file_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def run(argv: list[str]) -> tuple[int, str, str]:
        assert "hunter2" not in " ".join(argv)
        read.append(Path(argv[2]).read_text() if argv[1] == "-f" else argv[2])
        return 0, "", ""

    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(programs, "scratch_folder", lambda: str(tmp_path / "scratch"))
    monkeypatch.setattr(programs, "run", run)
    text = "router bgp 65000\n neighbor G peer-group\n neighbor G password hunter2\nexit\n"
    assert programs.give_names(naming.Naming(text, (CLEARED,))) == ""
    assert read == [text, CLEARED[0]]
    assert not (tmp_path / "scratch").exists()


def test_daemons_are_known_by_number_and_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of a daemon that ended counts for nothing, nor does one whose number is another program by now."""
    monkeypatch.setattr(programs, "RUN", str(tmp_path))
    with session({}) as number:
        started = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[19]
        name = Path(f"/proc/{number}/comm").read_text().strip()
        (tmp_path / f"{name}.pid").write_text(f"{number}\n")
        (tmp_path / f"{name}-2.pid").write_text(f"{number}\n")
        (tmp_path / "bgpd.pid").write_text(f"{number}\n")
        (tmp_path / "zebra.pid").write_text("")
        (tmp_path / "zebra.vty").write_text("")
        running = {name: f"{number} {started}", f"{name}-2": f"{number} {started}"}
        assert programs.daemons() == running
    assert programs.daemons() == {}
    monkeypatch.setattr(programs, "RUN", str(tmp_path / "no-such"))
    assert programs.daemons() == {}


LOG = """2026-01-02 03:04:05,001  INFO: Loading Config object from vtysh show running
2026-01-02 03:04:05,002 DEBUG: Running Frr Config (Pass #0)
frr defaults traditional
interface eth0
description an error of old
{end}
router bgp 65000
neighbor 10.121.0.11 remote-as 65001
!
address-family ipv4 unicast
neighbor 10.121.0.11 activate
exit-address-family
{end}
ip route 198.51.100.0/24 blackhole
2026-01-02 03:04:05,003  INFO: Executed "no ip route 198.51.100.0/24 blackhole"
2026-01-02 03:04:05,004 DEBUG: Running Frr Config (Pass #1)
frr defaults traditional
{after}"""


@pytest.mark.parametrize("end", ["exit", "!\nend"], ids=["from 8 on", "7.5"])
def test_what_a_reload_found_is_read_from_its_log(end: str) -> None:
    seen = frr.parse(programs.seen_by_reload(LOG.format(end=end, after="")))
    assert blocks(seen.text, {frr.BGP}) == {
        "interface eth0": ("description an error of old",),
        "ip route 198.51.100.0/24 blackhole": (),
    }
    assert ("address-family ipv4 unicast", "neighbor 10.121.0.11 activate") in seen.objects[frr.BGP]


def test_a_reload_that_broke_off_found_nothing() -> None:
    assert programs.seen_by_reload("Traceback (most recent call last):\nImportError: no module\n") == ""


@pytest.mark.parametrize(
    ("after", "said"),
    [
        pytest.param("", "", id="nothing, though a description says error"),
        pytest.param("Traceback (most recent call last):\nKeyError: 'x'\n", "KeyError: 'x'", id="broken off"),
        pytest.param(
            '2026-01-02 03:04:05,005 ERROR: "neighbor n password s3cret" we failed to remove this command\n',
            '2026-01-02 03:04:05,005 ERROR: "neighbor n',
            id="without the secret",
        ),
    ],
)
def test_complaints_of_a_reload(after: str, said: str) -> None:
    assert programs.complaints(programs.without_quotes(LOG.format(end="exit", after=after))) == said

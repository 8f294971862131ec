# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes a change that was cut off has left behind, and which daemons of FRR run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
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

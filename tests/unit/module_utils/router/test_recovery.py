# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run does about an earlier one that was cut off: what somebody else did since is theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import (
    files,
    journal,
    programs,
    recovery,
    rollback,
)

OLD = "router bgp 65000\n neighbor 192.0.2.11 remote-as 64701\nexit\n"
NEW = "router bgp 65000\n neighbor 192.0.2.12 remote-as 64701\nexit\n"
BACK = "an earlier run was cut off after its step '{0}'; what was before it is back"


class Cut:
    """A router on which a change from OLD to NEW was cut off, its file swapped; ``calls`` are what changes something."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.calls: list[str] = []
        self.running: str | None = NEW
        for name, text in (("frr.conf", OLD), ("daemons", "bgpd=no\n")):
            (folder / name).write_text(text)
        monkeypatch.setattr(programs, "CONFIG", str(folder / "frr.conf"))
        monkeypatch.setattr(programs, "DAEMONS", str(folder / "daemons"))
        monkeypatch.setattr(rollback, "READ_BACK_TIMEOUT", 0)
        monkeypatch.setattr(programs, "running_text", lambda: self.running)
        monkeypatch.setattr(programs, "daemons", dict)
        monkeypatch.setattr(programs, "has_reload", lambda: False)
        monkeypatch.setattr(programs, "restart", self._restart)
        monkeypatch.setattr(programs, "systemctl", self._systemctl)

    def _restart(self) -> None:
        self.calls.append("restart")
        self.running = (self.folder / "frr.conf").read_text()

    def _systemctl(self, *words: str) -> str:
        self.calls.append(" ".join(words))
        return ""

    def begin(self, step: str, method: str, ran: bool) -> None:
        """Write the journal of the change, and what it made of the files by then."""
        entry = journal.Entry(
            step=step,
            method=method,
            boot="another",
            session=1,
            old_file=OLD,
            new_digest=files.digest(NEW),
            old_daemons="bgpd=no\n",
            old_running=OLD if ran else None,
            target=NEW,
            was_active=ran,
            was_enabled=ran,
        )
        journal.write(str(self.folder), entry)
        for name, text in (("frr.conf", NEW), ("daemons", "bgpd=yes\n")):
            files.keep(str(self.folder / name))
            if name == "frr.conf" or step != "begun":
                (self.folder / "draft").write_text(text)
                (self.folder / "draft").rename(self.folder / name)

    def edit(self, name: str, text: str) -> None:
        """Write a file as ``sed -i`` does: another one takes its name."""
        (self.folder / "edited").write_text(text)
        (self.folder / "edited").rename(self.folder / name)

    def text(self, name: str) -> str:
        return (self.folder / name).read_text()


@pytest.fixture
def cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cut]:
    return Cut(tmp_path, monkeypatch)


def recovered(cut: Cut) -> str:
    """Return what the next run says; nothing is left behind."""
    done = recovery.recover(str(cut.folder), check_mode=False)
    assert done is not None
    assert done.taken_back
    assert sorted(path.name for path in cut.folder.iterdir()) == ["daemons", "frr.conf"]
    return done.text


@pytest.mark.parametrize(
    ("edited", "after", "said"),
    [
        pytest.param(None, "bgpd=no\n", "", id="nobody"),
        pytest.param("bgpd=yes\nbfdd=yes\n", "bgpd=no\nbfdd=yes\n", ", and what others configured since stays: /etc/frr/daemons: "
                     "bfdd=yes", id="somebody, after the change wrote it"),
        pytest.param("bgpd=no\nbfdd=yes\n", "bgpd=no\nbfdd=yes\n", ", and what others configured since stays: /etc/frr/daemons: "
                     "bfdd=yes", id="somebody, who takes it back"),
    ],
)  # fmt: skip
def test_a_cut_off_change_is_not_taken_back_over_somebody_elses_daemons(
    cut: Cut, edited: str | None, after: str, said: str
) -> None:
    cut.begin("applying", "restart", ran=True)
    cut.running = OLD
    if edited is not None:
        cut.edit("daemons", edited)
    assert recovered(cut) == BACK.format("applying") + said
    assert (cut.text("frr.conf"), cut.text("daemons")) == (OLD, after)


STOPPED = ["disable frr.service", "stop frr.service", "reset-failed frr.service"]


@pytest.mark.parametrize(
    ("step", "method", "running", "calls", "said"),
    [
        pytest.param("begun", "restart", None, ["stop frr.service", "reset-failed frr.service"], "", id="it was off, and is"),
        pytest.param("begun", "restart", OLD, [], "", id="started by hand with the old file"),
        pytest.param("begun", "restart", "", ["restart"], "", id="started by hand, and without BGP"),
        pytest.param("applying", "file", OLD, ["disable frr.service"], "", id="started by hand; the change starts nothing"),
        pytest.param("applying", "restart", OLD, STOPPED, ", and FRR is stopped, as it was then", id="the change may have started it"),
        pytest.param("applying", "restart", None, STOPPED, "", id="the change had not started it yet"),
    ],
)  # fmt: skip
def test_an_frr_that_the_change_cannot_have_started_runs_on(
    cut: Cut, step: str, method: str, running: str | None, calls: list[str], said: str
) -> None:
    cut.begin(step, method, ran=False)
    cut.running = running
    assert recovered(cut) == BACK.format(step) + said
    assert cut.calls == calls
    assert cut.text("frr.conf") == OLD

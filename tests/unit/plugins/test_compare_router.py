# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What edge_compare makes of a live router: what frr_running_info reads there, and what is told of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.action import edge_compare
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import digested
from ansible_collections.hybridnet.cluster_edge.plugins.modules import frr_running_info
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan

ROUTER: Any = hybrid_plan().data["routers"]["udm-pro"]
PLANNED = "router bgp 65000\n neighbor 10.121.0.11 remote-as 65001\n neighbor 10.121.0.11 password s3cret\n"
DAEMONS = "bgpd=yes\nospfd=no\n"


class Router:
    """A router's programs and files, and what is asked of them."""

    def __init__(self, folder: Path) -> None:
        self.running: str | None = PLANNED
        self.config, self.daemons = folder / "frr.conf", folder / "daemons"
        self.config.write_text(PLANNED, "utf-8")
        self.daemons.write_text(DAEMONS, "utf-8")
        self.apart: dict[str, str] = {}
        self.enabled: bool | None = True

    def service_is(self, question: str) -> bool | None:
        """Return what systemd says."""
        assert question == "is-enabled"
        return self.enabled

    def look(self, module: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Answer as the module does."""
        assert (module, task_vars) == (edge_compare.LOOK, {})
        return dict(frr_running_info.look(**module_args))


@pytest.fixture
def router(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Router:
    """Return a router that holds the plan."""
    made = Router(tmp_path)
    for name, value in {
        "CONFIG": str(made.config),
        "DAEMONS": str(made.daemons),
        "bgpd_version": lambda: "10.3",
        "running_text": lambda: made.running,
        "daemon_files": lambda: made.apart,
        "sessions": dict,
        "service_is": made.service_is,
    }.items():
        monkeypatch.setattr(frr_running_info.programs, name, value)
    return made


def test_a_saved_copy_is_compared_by_its_own_frr(tmp_path: Path) -> None:
    """The plan assumes another one, whose defaults are others."""
    (tmp_path / "frr.conf").write_text("frr version 8.5\n" + PLANNED, "utf-8")
    plugin = edge_compare.ActionModule.__new__(edge_compare.ActionModule)
    plugin.__dict__.update(
        _lookup=lambda _name, _terms: [{}],
        _planned=lambda _router, _version, _passwords: PLANNED + " neighbor 10.121.0.11 timers connect 30\n",
    )
    found, of = plugin._router({**ROUTER, "frr_version": "10.3"}, tmp_path)
    assert of == f"{tmp_path}/frr.conf, FRR 8.5"
    assert [row.what for row in found.rows] == ["neighbor 10.121.0.11: connect retry: 120 s live, 30 s planned"]


def told(router: Router, **planned: Any) -> list[tuple[str, str]]:
    """Return the rows that the action plugin tells of the router."""
    plugin = edge_compare.ActionModule.__new__(edge_compare.ActionModule)
    plugin.__dict__.update(
        _variables={},
        _execute_module=router.look,
        _lookup=lambda _name, _terms: [{}],
        _planned=lambda router, _version, _passwords: "" if router["absent"] else PLANNED,
    )
    found, of = plugin._router({**ROUTER, **planned}, None)
    assert of == ("without FRR" if router.running is None else "FRR 10.3")
    assert found.bgp_is_away == (router.running is None)
    assert "s3cret" not in str(found)
    return [(row.state, row.what) for row in found.rows]


def test_router_that_holds_the_plan(router: Router) -> None:
    assert told(router) == []


def test_file_that_was_emptied_while_frr_runs(router: Router) -> None:
    router.config.write_text("", "utf-8")
    assert told(router) == [("only planned", "frr.conf on disk: a BGP instance")]
    assert told(router, bgp_owner="controller") == []
    assert told(router, bgp_owner="none") == []


def test_another_password_in_the_file(router: Router) -> None:
    router.config.write_text(PLANNED.replace("s3cret", "hunter2"), "utf-8")
    assert told(router) == [("differs", "frr.conf on disk: neighbor 10.121.0.11: another password")]


def test_files_of_single_daemons_count_where_there_is_no_frr_conf(router: Router) -> None:
    router.apart = {"bgpd.conf": PLANNED, "zebra.conf": "hostname udm\n"}
    router.config.write_text("", "utf-8")
    assert told(router) == [("only planned", "frr.conf on disk: a BGP instance")], "FRR reads frr.conf"
    router.config.unlink()
    assert told(router) == []


def test_bgpd_and_frr_that_do_not_start(router: Router) -> None:
    router.daemons.write_text(DAEMONS.replace("bgpd=yes", "bgpd=no"), "utf-8")
    router.enabled = False
    rows = told(router)
    assert [state for state, _what in rows] == ["only planned"] * 2
    assert ["bgpd=yes" in rows[0][1], "enable frr.service" in rows[1][1]] == [True, True]
    router.running = None
    assert next(what for _state, what in told(router)) == "FRR: it does not run"


def test_router_without_systemd_is_compared(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_question: str) -> bool | None:
        raise FileNotFoundError("systemctl")

    monkeypatch.setattr(frr_running_info.programs, "service_is", none)
    assert told(router) == []


def test_the_answer_has_digests_in_the_place_of_passwords(router: Router) -> None:
    router.config.unlink()
    router.apart = {"bgpd.conf": PLANNED}
    found = SimpleNamespace(**frr_running_info.look("salt", "", ""))
    assert (found.file, found.daemon_files) == ("", digested(PLANNED, "salt"))
    assert "s3cret" not in str(found)

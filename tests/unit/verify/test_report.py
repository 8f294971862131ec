# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report: its table, accepted warnings, strictness, and when waiting can help."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.report import (
    FORMAT,
    LEVELS,
    STEPS,
    UNKNOWN,
    VerifyReport,
    render,
    summary,
    worst,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Break, LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import DOCS
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_leases import lease_missing
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_services import (
    chart_missing,
    label_names_no_pool,
    no_endpoint_cluster,
    service_missing,
)
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_sessions import session_down


def test_table() -> None:
    site = LiveSite()
    site.plan["sessions"] = site.plan["sessions"][:1]
    site.plan["services"] = []
    site.plan["expect"] = {"announcements": [], "l2": []}
    for kind in ("Service", "EndpointSlice", "Lease"):
        site.resources[kind] = []
    site.routes.clear()
    site.router["neighbors"] = {"10.121.0.11": site.neighbor()}
    site.peer()["routeCount"] = []
    del site.item("CiliumBGPNodeConfig", "node01")["status"]["bgpInstances"][1:]
    site.neighbor().update(bgpState="Active")
    assert render(site.verify()) == [
        "The two ends                                      expected              seen",
        "  udm-pro: BGP                                    AS 65000              AS 65000                                    ok",
        "  platform: Cilium's objects                      11 there              11 there                                    ok",
        "  platform: Cilium's complaints                   none                  none                                        ok",
        "",
        "Sessions on the routers (hold/keepalive)          expected              seen",
        "  udm-pro <- node01 10.121.0.11 (public-ingress)  Established, 30/10 s  Active                                      error",
        "",
        "Sessions on the nodes (hold/keepalive)            expected              seen",
        "  node01 -> udm-pro 10.121.0.1 (public-ingress)   established, 30/10 s  established, 30/10 s, not up on the router  unknown",
        "",
        "Addresses of the services                         expected              seen",
        "  platform externalIPs of all services            none of the plan      none of the plan                            ok",
        "",
        "Nothing else                                      expected              seen",
        "  udm-pro accepts                                 nothing else          nothing else                                ok",
        "  udm-pro announces to the nodes                  nothing               nothing                                     ok",
        "",
        "error EDGE811  udm-pro neighbor 10.121.0.11 (node01, peering public-ingress): the session is Active, not Established",
        "  vtysh -c 'show bgp neighbors 10.121.0.11', and for the node: kubectl get ciliumbgpnodeconfig node01 -o yaml; a"
        " session that stays in Connect or Active means a wrong password, a firewall on TCP port 179, or no agent there",
        "",
        "6 of 8 expectations met, 1 not known, 1 error",
    ]


def test_file_of_a_run_that_begins_has_the_format_of_one_that_ends() -> None:
    (task,) = yaml.safe_load((CHECKOUT / "roles/edge_verify/tasks/begin.yml").read_text("utf-8"))
    content = task["ansible.builtin.copy"]["content"]
    assert f"'format': {FORMAT}," in content
    assert f"'state': '{UNKNOWN}'," in content


def test_the_page_names_each_step_in_the_order_of_the_table() -> None:
    page = (DOCS / "change-control.md").read_text("utf-8")
    (sentence,) = re.findall(r"A row's `step` is .*?\.\s", page, re.DOTALL)
    assert re.findall(r"`(\w+)`", sentence) == ["step", *STEPS]


def test_each_level_is_counted_once() -> None:
    report = VerifyReport()
    for level in LEVELS:
        report.row("ends", level, "e", "s", level)
    assert summary(report) == "2 of 4 expectations met, 1 not known"


@pytest.mark.parametrize(
    ("levels", "level"),
    [
        pytest.param([], "ok", id="none"),
        pytest.param(["ok", "unknown"], "unknown", id="not known"),
        pytest.param(["unknown", "warning", "ok"], "warning", id="a warning"),
        pytest.param(["warning", "error", "unknown"], "error", id="an error"),
    ],
)
def test_the_worst_level(levels: list[str], level: str) -> None:
    assert worst(levels) == level


def test_a_warning_can_be_accepted_in_the_inventory() -> None:
    site = LiveSite()
    no_endpoint_cluster(site)
    (finding,) = site.verify().findings
    site.plan["accept"] = [{"code": "EDGE870", "path": None, "reason": "it moves in next week"}]
    (accepted,) = site.verify().findings
    assert (finding.accepted, accepted.accepted) == (None, "it moves in next week")
    assert "  accepted: it moves in next week" in render(site.verify())


def test_strict_makes_an_error_of_what_others_have_not_made_yet() -> None:
    site = LiveSite()
    chart_missing(site)
    assert [finding.severity for finding in site.verify().findings] == ["warning"]
    site.strict = True
    assert [finding.severity for finding in site.verify().findings] == ["error"]


@pytest.mark.parametrize(
    ("mutate", "settles"),
    [(session_down, True), (lease_missing, True), (service_missing, False), (label_names_no_pool, False)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_waiting_is_worth_it_only_where_it_can_help(mutate: Break, settles: bool) -> None:
    site = LiveSite()
    mutate(site)
    assert site.verify().may_settle is settles


def test_warnings_are_not_waited_for() -> None:
    site = LiveSite()
    no_endpoint_cluster(site)
    assert not site.verify().may_settle

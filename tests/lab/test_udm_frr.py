# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role udm_frr with the reference site's intent on a real router.

It runs on Debian 13's FRR 10.3 (trixie), on 8.4.4 (bookworm), on 7.5.1 with Python 3.9 (bullseye, UniFi's base) and on 10.7
(forky). ``scripts/programs.py`` builds all of them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import ROUTER_SUITES
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import (
    hybrid_document,
    hybrid_plan,
    inventory_from,
)
from router_lab import CACHE, RouterLab, missing, wait_for

REASON = missing()
SUITE = "trixie"
OLDEST, *LATER = (suite for suite in ROUTER_SUITES if suite != SUITE)
OTHERS = (OLDEST, *(pytest.param(suite, marks=pytest.mark.long) for suite in LATER))
"""The oldest FRR in each full run, the others in a long one."""
PEERS = ("10.121.0.11", "10.121.0.12", "10.121.0.13")
PASSWORD = "s3cret-of-the-lab"

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(REASON is not None, reason=f"a router cannot start here ({CACHE}): {REASON}"),
]


class Role:
    """Runs the role on the router over SSH."""

    def __init__(self, lab: RouterLab, port: int) -> None:
        self.lab = lab
        lab.write_play(port)

    def run(self, intent: dict[str, Any], *options: str, **variables: Any) -> tuple[int, str]:
        """Run the role; return how many tasks changed and what was printed. A failed play fails the test."""
        done = self.lab.run_play({"udm_frr_intent": intent, **variables}, *options)
        assert done.returncode == 0, done.stdout + done.stderr
        return int(done.stdout.rsplit("changed=", 1)[1].split()[0]), done.stdout + done.stderr

    def sessions(self) -> dict[str, tuple[str, int, int]]:
        """Return state, resets and accepted prefixes of the sessions that the lab's speakers hold."""
        return {
            address: (
                data["bgpState"],
                data["connectionsDropped"],
                data["addressFamilyInfo"]["ipv4Unicast"]["acceptedPrefixCounter"],
            )
            for address, data in self.lab.neighbors().items()
            if address in PEERS
        }


@pytest.fixture(scope="module")
def role(request: pytest.FixtureRequest) -> Iterator[Role]:
    with RouterLab(request.param) as lab, lab.ssh_port() as port:
        yield Role(lab, port)


@pytest.fixture
def intent() -> dict[str, Any]:
    """The reference site's router, from the plan."""
    frr: dict[str, Any] = copy.deepcopy(hybrid_plan().data["routers"]["udm-pro"]["frr"])
    return frr


def with_neighbors() -> dict[str, Any]:
    """The reference site's router with neighbors of every kind and a link to a second router."""
    document = hybrid_document()
    routers = document["all"]["children"]["edge_routers"]["hosts"]
    routers["gw2"] = {"edge_router_asn": 65005, "edge_addresses": {"public": "10.121.0.5"}}
    for name in ("public-ingress", "public-service"):
        document["all"]["vars"]["edge_peerings"][name]["routers"] = "udm-pro"
    document["all"]["vars"]["edge_links"] = {
        "wan": {"ends": {"udm-pro": {"network": "public", "export": {"pools": "platform/public-ingress"}},
                         "gw2": {"network": "public", "export": {"default_route": True}}}},
    }  # fmt: skip
    routers["udm-pro"]["edge_router_redistribute"] = "static"
    routers["udm-pro"]["edge_router_maximum_paths"] = 8
    routers["udm-pro"]["edge_router_neighbors"] = {
        "backup": {"address": "10.121.0.21", "asn": 65021, "local_as": 65099, "bfd": True,
                   "import": {"prefixes": "198.51.100.0/24", "communities": ["65021:2", "65021:10"]},
                   "export": {"redistributed": True, "communities": ["65000:9", "65000:10", "65000:2:1"]}},
        "cable": {"interface": "eth0", "asn": "external", "export": {"default_route": True}},
        "guests": {"dynamic": {"range": "10.121.0.128/26"}, "asn": "external", "export": {"networks": "public"}},
    }  # fmt: skip
    planned = plan(inventory_from(document)).data
    assert [finding for finding in planned["findings"] if finding["severity"] == "error"] == []
    frr: dict[str, Any] = planned["routers"]["udm-pro"]["frr"]
    return frr


class EachVersion:
    """What every FRR that users have must do; the tests run in order on one router."""

    def test_first_run_brings_the_reference_sites_sessions(self, role: Role, intent: dict[str, Any]) -> None:
        changed, text = role.run(intent, "--check")
        assert changed == 1
        assert "+ neighbor 10.121.0.11 peer-group platform-public-ingress" in text
        assert role.run(intent)[0] == 1
        for last in (11, 12, 13):
            role.lab.add_peer(
                last, 65001, ["203.0.113.93/32", "203.0.113.92/32", "10.0.0.0/8", "0.0.0.0/0"], timers="10 30"
            )
        role.lab.wait_established(*PEERS)
        wait_for("the one planned prefix", lambda: set(role.sessions().values()) == {("Established", 0, 1)})

    def test_further_runs_change_nothing(self, role: Role, intent: dict[str, Any]) -> None:
        for stage in ("replace", "expand", "contract"):
            assert role.run(intent, udm_frr_stage=stage)[0] == 0

    def test_a_node_and_a_moving_pool_reset_nothing(self, role: Role, intent: dict[str, Any]) -> None:
        group = intent["peer_groups"][0]
        group["neighbors"].append({**group["neighbors"][0], "address": "10.121.0.14", "description": "node04"})
        intent["prefix_lists"][0]["entries"][0]["prefix"] = "203.0.113.92/32"
        changed, text = role.run(intent, udm_frr_stage="expand")
        assert changed == 1
        assert "Left for the contract stage" in text
        wait_for("both prefixes", lambda: set(role.sessions().values()) == {("Established", 0, 2)})
        assert role.run(intent, udm_frr_stage="contract")[0] == 1
        wait_for("the new prefix", lambda: set(role.sessions().values()) == {("Established", 0, 1)})
        for stage in ("expand", "contract"):
            assert role.run(intent, udm_frr_stage=stage)[0] == 0


@pytest.mark.parametrize("role", OTHERS, indirect=True, scope="module")
class TestRoleOnOtherVersions(EachVersion):
    """All but FRR 10.3."""


@pytest.mark.parametrize("role", [SUITE], indirect=True, scope="module")
class TestRole(EachVersion):
    """FRR 10.3."""

    def test_neighbors_and_a_link_come_and_go_and_reset_nothing(self, role: Role, intent: dict[str, Any]) -> None:
        role.run(intent)
        wait_for("the one planned prefix", lambda: {of[2] for of in role.sessions().values()} == {1})
        before, plain = role.sessions(), role.lab.vtysh("show running-config")
        more = with_neighbors()
        assert {group["name"] for group in more["peer_groups"]} >= {"backup", "cable", "guests", "wan-gw2"}
        assert role.run(more, udm_frr_stage="expand")[0] == 1
        for stage in ("contract", "expand", "replace"):
            changed, text = role.run(more, udm_frr_stage=stage)
            assert changed == 0, text
        role.lab.add_peer(21, 65021, ["198.51.100.0/24"], router_asn=65099)
        role.lab.wait_established("10.121.0.21")
        assert role.sessions() == before
        changed, text = role.run(intent, udm_frr_stage="expand")
        assert changed == 0
        assert "Left for the contract stage" in text
        assert role.run(intent, udm_frr_stage="contract")[0] == 1
        for stage in ("expand", "contract", "replace"):
            assert role.run(intent, udm_frr_stage=stage)[0] == 0, stage
        assert role.sessions() == before
        assert role.lab.vtysh("show running-config") == plain

    def test_a_password_by_its_name_and_a_restart(self, role: Role, intent: dict[str, Any]) -> None:
        intent["peer_groups"][0]["password"] = "platform/public-ingress"
        changed, text = role.run(
            intent, "-vvv", udm_frr_apply="restart", udm_frr_passwords={"platform/public-ingress": PASSWORD}
        )
        assert changed == 1
        assert PASSWORD not in text
        assert f"password {PASSWORD}" in role.lab.read("/etc/frr/frr.conf")
        role.run(intent, udm_frr_passwords={"platform/public-ingress": PASSWORD})

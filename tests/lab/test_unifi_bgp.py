# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP that UniFi Network holds: the role against the stand-in, which hands the text to a real router's FRR.

The router, its FRR and the speakers are real; UniFi Network is the stand-in of ``tests/support/unifi_stand_in.py``. It
pushes as it is known of the real one: into the running bgpd, while ``frr.conf`` and the daemons file stay as they were.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan
from ansible_collections.hybridnet.cluster_edge.tests.support.unifi_stand_in import KEY, PASSWORD, USER, Server, serve
from router_lab import RouterLab, missing, wait_for

CHECKOUT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PEERS = ("10.121.0.11", "10.121.0.12", "10.121.0.13")
STOCK = "frr defaults traditional\nlog syslog informational\nservice integrated-vtysh-config\n"
SECRET = "s3cret-of-the-lab"
REASON = missing()

pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=f"a router cannot start here: {REASON}")]


class Gateway:
    """A router whose bgpd gets its text from the stand-in, and the role beside it."""

    def __init__(self, lab: RouterLab, port: int) -> None:
        self.lab = lab
        self.port = port
        self.server: Server
        lab.write_play(port)
        lab.write("/etc/frr/frr.conf", STOCK)
        lab.sh("systemctl disable --now frr 2>&1")

    def push(self, text: str | None) -> None:
        """Replace the BGP that runs, as the gateway's provisioning does: sessions end for a moment.

        It starts FRR where that does not run yet; the daemons file says no all the while.
        """
        if self.lab.sh("systemctl is-active frr", check=False).returncode:
            self.lab.sh("sed -i s/^bgpd=no/bgpd=yes/ /etc/frr/daemons; systemctl start frr")
            self.lab.sh("sed -i s/^bgpd=yes/bgpd=no/ /etc/frr/daemons")
        running = self.lab.vtysh("show running-config")
        words = [
            f"no {line}" if not line.startswith("route-map") else f"no {' '.join(line.split()[:2])}"
            for line in running.splitlines()
            if line.startswith(("router bgp", "ip prefix-list", "ipv6 prefix-list", "route-map", "bgp community-list"))
        ]
        self.lab.write("/run/push.conf", "\n".join([*dict.fromkeys(words), text or ""]) + "\n")
        self.lab.sh("vtysh -f /run/push.conf", check=False)

    def run(self, intent: dict[str, Any], *options: str, ssh: bool = True, code: int = 0, **variables: Any) -> str:
        """Run the role; return what was printed."""
        self.lab.write_inventory(self.lab.ssh_host(self.port) if ssh else self.lab.ssh_host(1, sockets="no"))
        given = {
            "udm_frr_intent": intent, "udm_frr_owner": "controller", "udm_frr_platform": "unifi",
            "udm_frr_controller": {"url": self.server.url, "fingerprint": self.server.fingerprint},
            "udm_frr_controller_api_key": KEY, "udm_frr_backup_dir": str(self.lab.dir / "backups"), **variables,
        }  # fmt: skip
        done = self.lab.run_play(given, *options)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def site(self, pool: str) -> Path:
        """Write the inventory of a small site whose router this is, and return its file."""
        router = {
            **self.lab.ssh_host(self.port),
            "edge_router_asn": 65000, "edge_router_platform": "unifi", "edge_router_bgp_owner": "controller",
            "edge_addresses": {"public": "10.121.0.1"}, "udm_frr_backup_dir": str(self.lab.dir / "backups"),
            "edge_router_controller": {"url": self.server.url, "fingerprint": self.server.fingerprint},
            "edge_router_controller_api_key": KEY,
        }  # fmt: skip
        nodes = {f"node{last}": {"edge_addresses": {"public": f"10.121.0.{last}"}} for last in (11, 12, 13)}
        document = {"all": {
            "vars": {"edge_networks": {"public": {"cidr": "10.121.0.0/24"}}, "edge_peerings": {"k8s": {}},
                     "edge_pools": {"lb": {"addresses": pool}}},
            "children": {
                "edge_routers": {"hosts": {"udm": router}},
                "edge_clusters": {"hosts": {"home": {"edge_cluster_asn": 65001, "edge_cilium_version": "1.19.6"}}},
                "edge_nodes": {"hosts": nodes},
            },
        }}  # fmt: skip
        path = self.lab.dir / "site.yml"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    def play(self, inventory: Path, tags: str) -> str:
        """Run the site's playbook for the router alone; return what was printed."""
        argv = [str(BIN / "ansible-playbook"), "-i", str(inventory), "-vvv", "--diff", "--tags", tags, "site.yml"]
        done = subprocess.run(argv, text=True, capture_output=True, cwd=CHECKOUT, timeout=240, check=False)
        text = done.stdout + done.stderr
        assert done.returncode == 0, text
        assert KEY not in text
        return text

    def untouched(self) -> tuple[str, str]:
        """Return what no upload changes: the router's own files."""
        return self.lab.read("/etc/frr/frr.conf"), self.lab.sh("grep ^bgpd= /etc/frr/daemons").stdout

    def accepted(self) -> set[int]:
        return {
            self.lab.neighbors()[address]["addressFamilyInfo"]["ipv4Unicast"]["acceptedPrefixCounter"]
            for address in PEERS
        }


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with RouterLab() as lab, lab.ssh_port() as port:
        made = Gateway(lab, port)
        with serve(tmp_path_factory.mktemp("standin"), made.push, names="DNS:unifi.local") as server:
            made.server = server
            yield made


@pytest.fixture
def intent() -> dict[str, Any]:
    """The reference site's router, from the plan."""
    frr: dict[str, Any] = copy.deepcopy(hybrid_plan().data["routers"]["udm-pro"]["frr"])
    return frr


def without_a_neighbor(intent: dict[str, Any]) -> dict[str, Any]:
    """Return the intent with two of three public nodes."""
    changed = copy.deepcopy(intent)
    group = next(item for item in changed["peer_groups"] if item["neighbors"][0]["address"].startswith("10.121"))
    group["neighbors"] = group["neighbors"][:2]
    return changed


@pytest.mark.sequence
class TestController:
    @pytest.mark.long
    def test_a_preview_writes_nothing(self, gateway: Gateway, intent: dict[str, Any]) -> None:
        before = gateway.untouched()
        text = gateway.run(intent, "--check")
        assert "+ neighbor 10.121.0.11 peer-group platform-public-ingress" in text
        assert "changed=1" in text
        assert gateway.server.held.text() is None
        assert gateway.untouched() == before

    def test_the_first_text_is_pushed_and_its_sessions_come_up(self, gateway: Gateway, intent: dict[str, Any]) -> None:
        before = gateway.untouched()
        assert "changed=1" in gateway.run(intent)
        for last in (11, 12, 13):
            gateway.lab.add_peer(last, 65001, ["203.0.113.93/32", "10.0.0.0/8"])
        gateway.lab.wait_established(*PEERS)
        wait_for("the pool's route", lambda: gateway.accepted() == {1})
        assert gateway.untouched() == before
        assert "router bgp 65000" in str(gateway.server.held.text())

    def test_a_second_run_changes_nothing(self, gateway: Gateway, intent: dict[str, Any]) -> None:
        writes = gateway.server.held.writes
        for stage in ("expand", "contract", "replace"):
            assert "changed=0" in gateway.run(intent, udm_frr_stage=stage)
        assert gateway.server.held.writes == writes

    def test_expand_keeps_a_neighbor_that_contract_takes_away(self, gateway: Gateway, intent: dict[str, Any]) -> None:
        fewer = without_a_neighbor(intent)
        left = gateway.run(fewer, udm_frr_stage="expand")
        assert "changed=0" in left
        assert "Left for the contract stage" in left
        assert "changed=1" in gateway.run(fewer, udm_frr_stage="contract")
        assert "10.121.0.13" not in gateway.lab.vtysh("show running-config")
        assert "changed=1" in gateway.run(intent, udm_frr_stage="expand")
        gateway.lab.wait_established(*PEERS)

    @pytest.mark.long
    def test_a_login_with_a_password_works_too_and_nothing_secret_is_shown(
        self, gateway: Gateway, intent: dict[str, Any]
    ) -> None:
        for group in intent["peer_groups"]:
            group["password"] = "platform/all"
        gateway.server.held.asked.clear()
        for variables in (
            {
                "udm_frr_controller_api_key": "",
                "udm_frr_controller_username": USER,
                "udm_frr_controller_password": PASSWORD,
            },
            {},
        ):
            text = gateway.run(intent, "--check", "-vvv", udm_frr_passwords={"platform/all": SECRET}, **variables)
            assert "password ********" in text
            assert not [word for word in (SECRET, KEY, PASSWORD) if word in text]
        assert gateway.server.held.sessions == {}
        assert gateway.server.held.asked

    @pytest.mark.long
    def test_a_text_that_the_routers_frr_refuses_is_not_uploaded(
        self, gateway: Gateway, intent: dict[str, Any]
    ) -> None:
        writes = gateway.server.held.writes
        intent["maximum_paths"] = 9999
        text = gateway.run(intent, code=2)
        assert "this router's FRR refuses the configuration, nothing was written" in text
        assert gateway.server.held.writes == writes

    def test_a_text_that_does_not_reach_the_router_is_taken_back(
        self, gateway: Gateway, intent: dict[str, Any]
    ) -> None:
        held, running = gateway.server.held.text(), gateway.lab.vtysh("show running-config")
        gateway.server.held.fault = "no provision"
        text = gateway.run(without_a_neighbor(intent), code=2, udm_frr_session_timeout=4)
        assert "the running configuration is not the planned one" in text
        assert "UniFi Network holds the old text again" in text
        assert gateway.server.held.text() == held
        assert gateway.lab.vtysh("show running-config") == running

    def test_a_push_that_cuts_a_node_off_is_taken_back(self, gateway: Gateway, intent: dict[str, Any]) -> None:
        gateway.lab.wait_established(*PEERS)
        held = gateway.server.held.text()
        push = gateway.server.held.provision

        def cut(text: str | None) -> None:
            gateway.lab.sh(f"ip route {'add' if text != held else 'del'} blackhole 10.121.0.13/32")
            push(text)

        gateway.server.held.provision = cut
        intent["maximum_paths"] = 4
        try:
            text = gateway.run(intent, code=2, udm_frr_session_timeout=12)
        finally:
            gateway.server.held.provision = push
        assert "10.121.0.13: was Established, is " in text
        assert gateway.server.held.text() == held
        gateway.lab.wait_established(*PEERS)

    @pytest.mark.long
    def test_what_somebody_typed_into_vtysh_is_not_lost_unasked(self, gateway: Gateway, intent: dict[str, Any]) -> None:
        gateway.lab.sh("vtysh -c 'conf t' -c 'router bgp 65000' -c 'neighbor 10.121.0.99 remote-as 65009'")
        intent["maximum_paths"] = 4
        assert "router bgp 65000: neighbor 10.121.0.99 remote-as 65009" in gateway.run(intent, code=2)
        shown = gateway.run(intent, "--check")
        assert "without check mode the run ends here" in shown
        assert "changed=1" in gateway.run(intent, udm_frr_take_over=["router bgp 65000"])
        assert "10.121.0.99" not in gateway.lab.vtysh("show running-config")

    @pytest.mark.long
    def test_a_file_with_bgp_in_it_is_a_second_owner(self, gateway: Gateway, intent: dict[str, Any]) -> None:
        gateway.lab.write(
            "/etc/frr/frr.conf", STOCK + "router bgp 65000\n neighbor 10.121.0.98 remote-as 65008\nexit\n"
        )
        try:
            text = gateway.run(intent, code=2)
        finally:
            gateway.lab.write("/etc/frr/frr.conf", STOCK)
        assert "two owners undo each other" in text

    @pytest.mark.long
    def test_a_router_without_ssh_is_written_and_said_to_be_unproven(
        self, gateway: Gateway, intent: dict[str, Any]
    ) -> None:
        before = gateway.server.held.text()
        assert "edge_router_take_over: [unseen]" in gateway.run(intent, ssh=False, code=2)
        assert gateway.server.held.text() == before
        text = gateway.run(intent, ssh=False, udm_frr_take_over=["unseen"])
        assert "whether FRR takes the text and runs it is not checked" in text
        assert "changed=1" in text
        gateway.lab.wait_established(*PEERS)
        assert "changed=0" in gateway.run(intent)

    @pytest.mark.long
    def test_the_owner_file_refuses_what_unifi_network_pushed(self, gateway: Gateway, intent: dict[str, Any]) -> None:
        text = gateway.run(intent, code=2, udm_frr_owner="file")
        assert "bgpd runs a BGP instance that is not in this file" in text
        assert "edge_router_bgp_owner: controller" in text

    @pytest.mark.long
    def test_the_sites_playbook_writes_it_in_both_stages_and_shows_no_key(self, gateway: Gateway) -> None:
        inventory = gateway.site(pool="203.0.113.92/31")
        assert "changed=1" in gateway.play(inventory, "router")
        running = gateway.lab.vtysh("show running-config")
        assert "203.0.113.92/31" in running
        assert "203.0.113.93/32" in running  # what ran is accepted until the run contracts
        assert "changed=1" in gateway.play(inventory, "router,contract")
        assert "203.0.113.93/32" not in gateway.lab.vtysh("show running-config")
        assert "changed=0" in gateway.play(inventory, "router,contract")

    @pytest.mark.long
    def test_removal_deletes_the_entry(self, gateway: Gateway, intent: dict[str, Any]) -> None:
        assert "changed=0" in gateway.run(intent, udm_frr_state="absent", udm_frr_stage="expand")
        assert "changed=1" in gateway.run(intent, udm_frr_state="absent", udm_frr_stage="contract")
        assert gateway.server.held.text() is None
        assert "router bgp" not in gateway.lab.vtysh("show running-config")
        assert "changed=0" in gateway.run(intent, udm_frr_state="absent", udm_frr_stage="contract")

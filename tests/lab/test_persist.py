# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A frr.conf that comes back after a firmware upgrade of UniFi OS: by the next run, and by a boot hook.

The router, its systemd and its FRR are real (Debian 13). The upgrade is what is known of one: /etc/frr as the package
has it, frr.service switched off, and, in the worst case, every unit of /etc/systemd/system gone; /data stays.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router.persist import (
    ASIDE,
    FOLDER,
    HOOK,
    KEPT,
    SCRIPT,
    SHOWN,
    UNIT,
    UNIT_PATH,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan
from router_lab import RouterLab, missing, wait_for

PEERS = ("10.121.0.11", "10.121.0.12", "10.121.0.13")
STOCK = "frr defaults traditional\nlog syslog informational\nservice integrated-vtysh-config\n"
OSPF = "router ospf\n ospf router-id 10.121.0.1\nexit\n"
BY_HAND = (
    "ip prefix-list OTHER permit 10.0.0.0/8\naccess-list 10 permit 10.1.0.0 0.0.255.255\n"
    "ip route 10.9.0.0 255.255.0.0 Null0\nrouter ospf\n passive-interface eth0\nexit\n"
)
"""What FRR shows in words of its own."""
SECRET = "s3cret-of-the-lab"
REASON = missing()

pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=f"a router cannot start here: {REASON}")]


class Gateway:
    """A router with /data, and the role beside it."""

    def __init__(self, lab: RouterLab, port: int) -> None:
        self.lab = lab
        lab.write_play(port)
        lab.sh("mkdir -p /data/on_boot.d; echo 'exit 0' > /data/on_boot.d/10-theirs.sh")

    def run(self, intent: dict[str, Any], *options: str, code: int = 0, **variables: Any) -> str:
        """Run the role; return what was printed."""
        given = {
            "udm_frr_intent": intent, "udm_frr_platform": "unifi", "udm_frr_persist": True,
            "udm_frr_passwords": {"platform/all": SECRET}, **variables,
        }  # fmt: skip
        done = self.lab.run_play(given, *options)
        text = done.stdout + done.stderr
        assert done.returncode == code, text
        assert SECRET not in text
        return text

    def upgrade(self, units: bool) -> None:
        """Reset what a firmware upgrade resets; ``units``: those of systemd too."""
        self.lab.write("/etc/frr/frr.conf", STOCK)
        self.lab.sh("sed -i 's/^bgpd=.*/bgpd=no/' /etc/frr/daemons; systemctl disable --now frr 2>&1")
        if units:
            self.lab.sh(f"systemctl disable {UNIT} 2>&1; rm {UNIT_PATH}; systemctl daemon-reload")

    def hook(self) -> str:
        """Do what udm-boot and unifi-on-boot do at boot."""
        return self.lab.sh(HOOK).stdout

    def there(self) -> list[str]:
        """Return our files and folders."""
        paths = (KEPT, SHOWN, SCRIPT, HOOK, UNIT_PATH, ASIDE, FOLDER)
        return [path for path in paths if self.lab.sh(f"test -e {path}", check=False).returncode == 0]

    def started(self) -> str:
        return self.lab.sh(
            "systemctl show -p ExecMainStartTimestampMonotonic -p ActiveEnterTimestampMonotonic frr"
        ).stdout


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with RouterLab() as lab, lab.ssh_port() as port:
        yield Gateway(lab, port)


@pytest.fixture
def intent() -> dict[str, Any]:
    """The reference site's router, with a password."""
    frr: dict[str, Any] = copy.deepcopy(hybrid_plan().data["routers"]["udm-pro"]["frr"])
    for group in frr["peer_groups"]:
        group["password"] = "platform/all"
    return frr


@pytest.mark.sequence
class TestPersist:
    def test_a_preview_names_the_files_and_writes_none(self, gateway: Gateway, intent: dict[str, Any]) -> None:
        text = gateway.run(intent, "--check")
        assert "changed=2" in text
        assert gateway.there() == []

    def test_the_copy_and_its_hooks_are_there_and_a_second_run_changes_nothing(
        self, gateway: Gateway, intent: dict[str, Any]
    ) -> None:
        assert "changed=2" in gateway.run(intent)
        modes = gateway.lab.sh(f"stat -c '%U %a' {KEPT} {SHOWN} {SCRIPT} {HOOK} {UNIT_PATH} {FOLDER}").stdout.split(
            "\n"
        )
        assert modes[:6] == ["root 600", "root 600", "root 700", "root 755", "root 644", "root 700"]
        assert gateway.lab.read(KEPT) == gateway.lab.read("/etc/frr/frr.conf")
        assert gateway.lab.sh(f"systemctl is-enabled {UNIT}").stdout == "enabled\n"
        assert "changed=0" in gateway.run(intent)
        assert "changed=0" in gateway.run(intent, "--check")
        for last in (11, 12, 13):
            gateway.lab.add_peer(last, 65001, ["203.0.113.93/32"], password=SECRET)
        gateway.lab.wait_established(*PEERS)

    @pytest.mark.long
    def test_a_change_goes_into_the_copy(self, gateway: Gateway, intent: dict[str, Any]) -> None:
        intent["maximum_paths"] = 4
        assert "changed=2" in gateway.run(intent)
        assert "maximum-paths 4" in gateway.lab.read(KEPT)

    def test_a_boot_without_anything_to_restore_starts_nothing(self, gateway: Gateway) -> None:
        before = gateway.started()
        assert gateway.hook() == ""
        assert gateway.started() == before

    def test_the_hook_brings_back_what_an_upgrade_reset(self, gateway: Gateway) -> None:
        before = gateway.lab.read("/etc/frr/frr.conf")
        gateway.upgrade(units=True)
        assert "the boot unit was gone and is back" in gateway.hook()
        assert gateway.lab.read("/etc/frr/frr.conf") == before
        assert gateway.lab.sh("stat -c '%U %G %a' /etc/frr/frr.conf").stdout == "frr frr 640\n"
        assert gateway.lab.read(ASIDE) == STOCK
        assert gateway.lab.sh(f"systemctl is-enabled frr {UNIT}").stdout == "enabled\nenabled\n"
        gateway.lab.wait_established(*PEERS)

    def test_a_reboot_after_an_upgrade_brings_it_back_by_itself(self, gateway: Gateway) -> None:
        before = gateway.lab.read("/etc/frr/frr.conf")
        gateway.upgrade(units=False)
        gateway.lab.cut_power()
        wait_for("the file", lambda: gateway.lab.read("/etc/frr/frr.conf") == before)
        gateway.lab.wait_established(*PEERS)

    @pytest.mark.long
    def test_daemons_alone_are_restored_too(self, gateway: Gateway) -> None:
        gateway.lab.sh("sed -i 's/^bgpd=.*/bgpd=no/' /etc/frr/daemons; systemctl restart frr")
        assert "FRR's configuration is back" in gateway.hook()
        gateway.lab.wait_established(*PEERS)

    @pytest.mark.long
    def test_lines_that_frr_shows_in_its_own_words_are_in_the_copy(
        self, gateway: Gateway, intent: dict[str, Any]
    ) -> None:
        before = gateway.lab.read("/etc/frr/frr.conf")
        gateway.lab.write("/etc/frr/frr.conf", before + BY_HAND)
        gateway.lab.sh("sed -i s/^ospfd=no/ospfd=yes/ /etc/frr/daemons; systemctl restart frr")
        gateway.lab.wait_established(*PEERS)
        intent["maximum_paths"] = 4
        gateway.run(intent)
        assert BY_HAND.split("\n", 1)[0] in gateway.lab.read(KEPT)
        gateway.lab.sh("sed -i 's/^bgpd=.*/bgpd=no/' /etc/frr/daemons; systemctl restart frr")
        try:
            said = gateway.hook()
        finally:
            gateway.lab.sh("sed -i s/^ospfd=yes/ospfd=no/ /etc/frr/daemons")
            gateway.lab.write("/etc/frr/frr.conf", before)
            gateway.lab.sh("systemctl restart frr")
            gateway.run(intent)
        assert "FRR's configuration is back" in said
        gateway.lab.wait_established(*PEERS)

    @pytest.mark.long
    @pytest.mark.parametrize(
        "case",
        [
            "file",
            "controller",
            "refused",
            "no frr",
            "ospf in the file",
            "ospf only running",
            "ospf, daemons alone reset",
        ],
    )
    def test_what_is_not_ours_to_replace_is_left_alone(self, gateway: Gateway, case: str) -> None:
        kept = gateway.lab.read(KEPT)
        gateway.upgrade(units=False)
        theirs = STOCK + "router bgp 65099\n bgp router-id 10.121.0.1\nexit\n"
        if case == "file":
            gateway.lab.write("/etc/frr/frr.conf", theirs)
        elif case == "controller":  # UniFi Network starts bgpd and pushes; the files stay as they are
            gateway.lab.sh("sed -i s/^bgpd=no/bgpd=yes/ /etc/frr/daemons; systemctl start frr")
            gateway.lab.sh("vtysh -c 'conf t' -c 'router bgp 65099'; sed -i s/^bgpd=yes/bgpd=no/ /etc/frr/daemons")
        elif case == "ospf in the file":  # Site Magic was switched on after the copy was made
            gateway.lab.write("/etc/frr/frr.conf", STOCK + OSPF)
        elif case.startswith("ospf"):
            if case.endswith("reset"):
                gateway.lab.write("/etc/frr/frr.conf", kept)
            gateway.lab.sh("sed -i s/^ospfd=no/ospfd=yes/ /etc/frr/daemons; systemctl start frr")
            gateway.lab.sh("vtysh -c 'conf t' -c 'router ospf' -c 'ospf router-id 10.121.0.1'")
        elif case == "refused":
            gateway.lab.write(KEPT, kept + "no words of frr\n", mode="600", owner="root:root")
        else:
            gateway.lab.sh("mv /usr/lib/frr/bgpd /usr/lib/frr/bgpd.away")
        before = gateway.lab.read("/etc/frr/frr.conf"), gateway.lab.read("/etc/frr/daemons")
        ran = gateway.started(), gateway.lab.sh("vtysh -c 'show running-config'", check=False).stdout
        try:
            said = gateway.hook()
        finally:
            gateway.lab.write(KEPT, kept, mode="600", owner="root:root")
            if case == "no frr":
                gateway.lab.sh("mv /usr/lib/frr/bgpd.away /usr/lib/frr/bgpd")
        assert ("no FRR here" if case == "no frr" else "left alone") in said
        assert ("router ospf" in said) is case.startswith("ospf")
        assert (gateway.lab.read("/etc/frr/frr.conf"), gateway.lab.read("/etc/frr/daemons")) == before
        runs = gateway.lab.sh("vtysh -c 'show running-config'", check=False).stdout
        assert (gateway.started(), runs) == ran
        gateway.lab.sh("sed -i s/^ospfd=yes/ospfd=no/ /etc/frr/daemons")
        gateway.upgrade(units=False)
        gateway.hook()
        gateway.lab.wait_established(*PEERS)

    @pytest.mark.long
    def test_two_hooks_at_once_restart_once_and_keep_what_was_replaced(self, gateway: Gateway) -> None:
        gateway.upgrade(units=False)
        said = gateway.lab.sh(f"{HOOK} & {HOOK} & wait").stdout
        assert said == "cluster-edge-frr: FRR's configuration is back\n"
        assert gateway.lab.read(ASIDE) == STOCK
        gateway.lab.wait_established(*PEERS)

    @pytest.mark.long
    def test_on_a_router_that_leaves_it_goes_with_what_it_keeps(self, gateway: Gateway, intent: dict[str, Any]) -> None:
        kept = gateway.there()
        gateway.run(intent, udm_frr_state="absent", udm_frr_stage="expand")
        assert gateway.there() == kept
        gateway.upgrade(units=False)
        gateway.hook()
        gateway.lab.wait_established(*PEERS)
        gateway.run(intent, udm_frr_state="absent", udm_frr_stage="contract")
        assert gateway.there() == []
        intent["maximum_paths"] = 4
        gateway.run(intent)
        gateway.lab.wait_established(*PEERS)

    @pytest.mark.long
    def test_a_file_that_another_owner_keeps_is_named_and_taken_away(
        self, gateway: Gateway, intent: dict[str, Any]
    ) -> None:
        intent["maximum_paths"] = 4
        assert f"{SCRIPT} is still here" in gateway.run(intent, udm_frr_owner="none")
        assert "changed=1" in gateway.run(intent, udm_frr_persist=False)
        assert gateway.there() == []
        assert gateway.lab.sh("ls /data/on_boot.d").stdout == "10-theirs.sh\n"
        assert gateway.lab.sh(f"systemctl is-enabled {UNIT} 2>&1", check=False).stdout != "enabled\n"
        assert "changed=0" in gateway.run(intent, udm_frr_persist=False)

    @pytest.mark.long
    def test_the_next_run_alone_brings_it_back_too(self, gateway: Gateway, intent: dict[str, Any]) -> None:
        gateway.upgrade(units=False)
        assert "changed=1" in gateway.run(intent, udm_frr_persist=False)
        gateway.lab.wait_established(*PEERS)

    @pytest.mark.long
    @pytest.mark.parametrize("options", [[], ["--check"]], ids=["run", "preview"])
    def test_a_router_without_data_is_told(self, gateway: Gateway, intent: dict[str, Any], options: list[str]) -> None:
        before = gateway.lab.read("/etc/frr/frr.conf")
        intent["maximum_paths"] = 7
        gateway.lab.sh("mv /data /data.away")
        try:
            text = gateway.run(intent, *options, code=2)
        finally:
            gateway.lab.sh("mv /data.away /data")
        assert "/data: is no folder here, so nothing survives an upgrade (UniFi OS 2 or later has it)" in text
        assert gateway.lab.read("/etc/frr/frr.conf") == before

    @pytest.mark.long
    def test_a_user_who_is_not_root_is_told(self, gateway: Gateway, intent: dict[str, Any]) -> None:
        gateway.lab.sh("useradd -m -p '*' admin; cp -r /root/.ssh /home/admin/; chown -R admin: /home/admin/.ssh")
        text = gateway.run(intent, code=2, ansible_user="admin", udm_frr_persist=False)
        assert "ansible_user: the task runs as admin, and FRR's files and sockets are for root alone" in text
        assert "apt install" not in text

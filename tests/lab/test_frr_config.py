# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frr_config transaction on a real router: FRR, systemd and sshd in a namespace, three real BGP speakers beside it.

The tests of one class run in order on one router; each starts from the state that ``planned()`` describes.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ansible
import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config as frr
from router_lab import RouterLab, missing, run, wait_for

CHECKOUT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PEERS = ("10.121.0.11", "10.121.0.12", "10.121.0.13")
STATE = "/var/lib/hybridnet-cluster-edge"
REASON = missing()
DIRECT = "/srv/module"
"""The folder of the router in which the module runs without Ansible."""
MODULE = f"""\
import sys
sys.path.insert(0, "{DIRECT}")
from ansible.module_utils import basic
from ansible_collections.hybridnet.cluster_edge.plugins.modules import frr_config
basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = sys.stdin.buffer.read(), "legacy"
frr_config.main()
"""

pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=f"a router cannot start here: {REASON}")]


def planned(
    neighbors: tuple[int, ...] = (11, 12, 13),
    prefixes: tuple[str, ...] = ("203.0.113.88/30",),
    extra: str = "",
    family: str = "",
    after: str = "",
    limit: int = 14,
) -> str:
    """Return a candidate as the role renders it."""
    members = "\n".join(
        f" neighbor 10.121.0.{n} peer-group nodes\n neighbor 10.121.0.{n} description n{n}" for n in neighbors
    )
    entries = "\n".join(
        f"ip prefix-list nodes-ipv4 seq {5 * (i + 1)} permit {prefix}{'' if prefix.endswith('/32') else ' ge 32'}"
        for i, prefix in enumerate(prefixes)
    )
    return f"""router bgp 65000
 bgp router-id 10.121.0.1
 bgp log-neighbor-changes
 bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 neighbor nodes peer-group
 neighbor nodes remote-as 65001
 neighbor nodes timers 3 9
 neighbor nodes timers connect 1
{extra}{members}
 !
 address-family ipv4 unicast
  neighbor nodes activate
  neighbor nodes maximum-prefix {limit} 90 restart 5
  neighbor nodes route-map nodes-ipv4-in in
  neighbor nodes route-map nodes-ipv4-out out
{family} exit-address-family
exit
!
{entries}
!
route-map nodes-ipv4-in permit 10
 match ip address prefix-list nodes-ipv4
exit
!
route-map nodes-ipv4-out deny 10
exit
!
{after}"""


FIRST_FILE = """frr defaults traditional
log syslog informational
no ipv6 forwarding
service integrated-vtysh-config
! the uplink belongs to somebody else
interface eth0
 description uplink
exit
!
router ospf
 ospf router-id 10.121.0.1
exit
!
"""


def module_files() -> Iterator[tuple[str, Path]]:
    """Yield the sources that the module imports: where the router finds them, where they are here."""
    ours = Path("ansible_collections/hybridnet/cluster_edge/plugins")
    core = Path(ansible.__file__).parent
    for root, below, into in (
        (core, "module_utils", Path("ansible")),
        (CHECKOUT / "plugins", "module_utils", ours),
        (CHECKOUT / "plugins", "modules", ours),
    ):
        for file in sorted((root / below).rglob("*.py")):
            yield str(into / file.relative_to(root)), file
    # the package itself imports what only the control machine has: an empty file stands for it, as in Ansible's archive
    yield "ansible/__init__.py", core / "module_utils/__init__.py"


class Site:
    """A router under Ansible: runs frr_config on it over SSH with a key."""

    def __init__(self, lab: RouterLab, port: int) -> None:
        self.lab = lab
        lab.know_host(port)
        lab.write_inventory(lab.ssh_host(port, ansible_ssh_pipelining=True))

    def command(self, content: str, check: bool = False, **options: Any) -> list[str]:
        arguments = json.dumps({"content": content, **options})
        words = [
            str(BIN / "ansible"),
            "router",
            "-i",
            str(self.lab.dir / "hosts.json"),
            "-m",
            "hybridnet.cluster_edge.frr_config",
        ]
        return [*words, "-a", arguments, "--diff", *(["--check"] if check else [])]

    def apply(self, content: str, check: bool = False, **options: Any) -> dict[str, Any]:
        """Run the module; return its result, with all that Ansible printed under ``text``."""
        env = {**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
        argv = self.command(content, check, **options)
        done = subprocess.run(argv, text=True, capture_output=True, cwd=CHECKOUT, timeout=240, env=env, check=False)
        start = done.stdout.find("router | ")
        assert start >= 0, done.stdout + done.stderr
        result: dict[str, Any] = json.JSONDecoder().raw_decode(done.stdout[done.stdout.index("{", start) :])[0]
        result["failed"] = "router | FAILED!" in done.stdout
        result["text"] = done.stdout + done.stderr
        return result

    def run_module(self, content: str, check: bool = False, **options: Any) -> dict[str, Any]:
        """Run the module by the router's own Python, without Ansible around it; return what ``apply`` does.

        For what a test needs by the way, or many times: Ansible takes some seconds to bring a module to its host.
        """
        self.put_sources()
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {"content": content, "_ansible_check_mode": check, **options}})
        done = self.lab.sh(f"python3 {DIRECT}/run.py", check=False, stdin=arguments, timeout=240)
        assert done.stdout.strip().startswith("{"), done.stdout + done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        return {"failed": False, **result, "text": done.stdout + done.stderr}

    def put_sources(self) -> None:
        """Put the module and all that it imports on the router, once."""
        if self.lab.sh(f"test -e {DIRECT}/run.py", check=False).returncode:
            self.lab.unpack(DIRECT, module_files())
            self.lab.write(f"{DIRECT}/run.py", MODULE, owner="root:root")

    def begin(self) -> None:
        """Let bgpd run the planned configuration, where no test before this one has seen to it."""
        if "router bgp 65000" not in self.lab.vtysh("show running-config"):
            result = self.apply(planned())
            assert not result["failed"], result["text"]

    def objects(self) -> frr.Objects:
        text = self.lab.vtysh("show running-config").split("Current configuration:")[1]
        return frr.parse(text).objects

    def fingerprint(self) -> tuple[str, str, str]:
        """Return what must not change when a change is refused or taken back: file, its owner and mode, FRR."""
        stat = self.lab.sh("stat -c '%U %G %a' /etc/frr/frr.conf; cat /etc/frr/daemons").stdout
        running = self.lab.vtysh("show running-config")
        return hashlib.sha256(self.lab.read("/etc/frr/frr.conf").encode()).hexdigest(), stat, running

    def drops(self) -> dict[str, tuple[int, bool]]:
        """Return for each speaker how often its session closed, and whether it is up."""
        return {a: (n["connectionsDropped"], n["bgpState"] == "Established") for a, n in self.lab.neighbors().items()}

    def accepted(self, address: str) -> int:
        return int(self.lab.neighbors()[address]["addressFamilyInfo"]["ipv4Unicast"]["acceptedPrefixCounter"])

    def prefixes(self) -> set[str]:
        return set(self.lab.show("show bgp ipv4 unicast json")["routes"])


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with RouterLab() as lab, lab.ssh_port() as port:
        yield Site(lab, port)


@pytest.mark.sequence
class TestTransaction:
    def test_check_mode_before_the_first_apply_changes_nothing(self, site: Site) -> None:
        site.lab.write("/etc/frr/frr.conf", FIRST_FILE)
        site.lab.sh("sed -i s/^ospfd=no/ospfd=yes/ /etc/frr/daemons; systemctl restart frr")
        before = site.fingerprint()
        result = site.apply(planned(), check=True)
        assert result["changed"]
        assert result["applied"] == "restart"
        assert "+ neighbor 10.121.0.11 peer-group nodes" in result["text"]
        assert site.fingerprint() == before

    def test_first_apply_enables_bgpd_and_keeps_what_is_not_ours(self, site: Site) -> None:
        result = site.apply(planned())
        assert (result["changed"], result["applied"], result["rolled_back"]) == (True, "restart", False)
        assert site.lab.read("/etc/frr/frr.conf") == FIRST_FILE + planned()
        assert site.lab.sh("stat -c '%U %G %a' /etc/frr/frr.conf").stdout.split() == ["frr", "frr", "640"]
        assert site.lab.read(result["backup"]) == FIRST_FILE
        assert site.lab.sh(f"stat -c %a {result['backup']} {STATE}/result.json").stdout.split() == ["600", "600"]
        running = site.lab.vtysh("show running-config")
        assert "router ospf\n ospf router-id 10.121.0.1" in running
        assert "description uplink" in running
        for last in (11, 12, 13):
            site.lab.add_peer(last, 65001, ["203.0.113.89/32", f"203.0.113.9{last - 10}/32", "10.0.0.0/8", "0.0.0.0/0"])
        site.lab.wait_established(*PEERS)
        wait_for("the pool's routes", lambda: site.prefixes() == {"203.0.113.89/32", "203.0.113.91/32"})

    def test_second_run_changes_nothing(self, site: Site) -> None:
        before = site.fingerprint()
        for stage in ("replace", "expand", "contract"):
            result = site.apply(planned(), stage=stage)
            assert (result["changed"], result["applied"]) == (False, "none")
        assert site.fingerprint() == before

    def test_neighbor_added_resets_no_other_session(self, site: Site) -> None:
        before = site.drops()
        result = site.apply(planned((11, 12, 13, 14)))
        assert (result["changed"], result["applied"]) == (True, "reload")
        after = site.drops()
        assert {a: after[a] for a in PEERS} == before
        assert "10.121.0.14" in after
        assert site.lab.read("/etc/frr/frr.conf") == FIRST_FILE + planned((11, 12, 13, 14))
        running = site.lab.vtysh("show running-config")
        assert "no ipv6 forwarding" in running
        assert "router ospf" in running

    @pytest.mark.long
    def test_a_locked_configuration_is_waited_for_and_else_refused(self, site: Site) -> None:
        before, drops = site.fingerprint(), site.drops()
        with site.lab.configuration_lock():
            result = site.apply(planned())
            assert result["failed"]
            assert (result["changed"], result["applied"], result["rolled_back"]) == (False, "none", False)
            assert result["msg"].strip() == (
                'FRR says "% Can\'t enter config; candidate datastore locked by another session", so it takes no change '
                "now and nothing was changed: leave 'configure terminal file-lock' in the other vtysh on this router "
                "(pgrep -a vtysh), and run again"
            )
            assert site.fingerprint() == before
            waiting = subprocess.Popen(site.command(planned()), stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
            asking = "ps -C vtysh -o args= | grep -q 'configure terminal file-lock'"
            wait_for(
                "a run that asks for the lock", lambda: site.lab.sh(asking, check=False).returncode == 0, every=0.02
            )
        told = waiting.communicate(timeout=60)[0]
        assert waiting.returncode == 0, told
        assert "applied: reload" in told
        assert site.drops() == {a: drops[a] for a in PEERS}
        assert not site.apply(planned())["changed"]
        assert site.apply(planned((11, 12, 13, 14)))["applied"] == "reload"

    def test_check_mode_shows_the_whole_difference_in_expand_and_none_in_contract(self, site: Site) -> None:
        before = site.fingerprint()
        result = site.apply(planned(), check=True, stage="expand", both_stages=True)
        assert result["changed"]
        assert "- neighbor 10.121.0.14 peer-group nodes" in result["text"]
        assert not site.apply(planned(), check=True, stage="contract", both_stages=True)["changed"]
        assert site.fingerprint() == before

    @pytest.mark.long
    def test_check_mode_of_one_stage_shows_what_that_stage_does(self, site: Site) -> None:
        before = site.fingerprint()
        alone = site.apply(planned(), check=True, stage="expand")
        assert not alone["changed"]
        assert "- neighbor 10.121.0.14 peer-group nodes" not in alone["text"].split('"left"')[0]
        assert "- neighbor 10.121.0.14 peer-group nodes" in alone["left"]
        contracted = site.apply(planned(), check=True, stage="contract")
        assert contracted["changed"]
        assert "- neighbor 10.121.0.14 peer-group nodes" in contracted["text"]
        assert site.fingerprint() == before

    def test_a_pool_moves_without_a_gap(self, site: Site) -> None:
        before = site.drops()
        target = planned((11, 12, 13), ("203.0.113.92/30",))
        result = site.apply(target, stage="expand")
        assert (result["changed"], result["applied"]) == (True, "reload")
        assert "nodes-ipv4 seq 5 permit 203.0.113.88/30 ge 32" in result["left"]
        both = {"203.0.113.89/32", "203.0.113.91/32", "203.0.113.92/32", "203.0.113.93/32"}
        wait_for("routes of both pools", lambda: site.prefixes() == both)
        assert not site.apply(target, stage="expand")["changed"]
        assert site.apply(target, stage="contract")["applied"] == "reload"
        wait_for("routes of the new pool only", lambda: site.prefixes() == {"203.0.113.92/32", "203.0.113.93/32"})
        for stage in ("expand", "contract"):
            assert not site.apply(target, stage=stage)["changed"]
        after = site.drops()
        assert after == {a: before[a] for a in PEERS}
        assert frr.equal(frr.pick(site.objects(), set(frr.parse(target).objects)), frr.parse(target).objects)

    def test_a_timer_changes_without_a_reset(self, site: Site) -> None:
        before = site.drops()
        result = site.apply(planned(prefixes=("203.0.113.92/30",)).replace("timers 3 9", "timers 4 12"))
        assert (result["changed"], result["applied"]) == (True, "reload")
        assert site.drops() == before
        site.apply(planned(prefixes=("203.0.113.92/30",)))

    @pytest.mark.parametrize(
        ("candidate", "expected"),
        [
            pytest.param(planned(extra=" neighbour 10.0.0.1 remote-as 5\n"), "Unknown command", id="misspelt word"),
            pytest.param(planned(extra=" neighbor 10.0.0.300 remote-as 5\n"), "Create the peer", id="bad address"),
            pytest.param(planned(extra=" neighbor 10.0.0.9 peer-group no-such\n"), "Configure the peer", id="no group"),
            pytest.param(planned(extra=" neighbor nodes timers 30 2\n"), "Invalid value", id="hold below 3"),
            pytest.param(planned(limit=5).replace("5 90", "5 200"), "Unknown command", id="threshold over 100"),
            pytest.param(planned(extra=" neighbor nodes ttl-security hops 1\n neighbor nodes ebgp-multihop 2\n"),
                         "cannot be configured together", id="two kinds of TTL"),
            pytest.param(planned(extra=" bgp listen range 10.0.0.0/24 peer-group no-such\n"), "Configure the peer",
                         id="listen range before its group"),
            pytest.param(planned(after="route-map nodes-ipv4-in permit 20\n match ip address prefix-list none\nexit\n"),
                         "which does not exist", id="no such prefix-list"),
            pytest.param(planned(family="  neighbor nodes route-map none in\n"), "not exist", id="no such route-map"),
            pytest.param(planned(after="ip prefix-list x seq 5 permit 10.0.0.0/8 ge 24 le 16\n"), "Invalid prefix",
                         id="ge over le"),
            pytest.param(planned(after="router bgp 65009\nexit\n"), "two BGP instances", id="two BGP instances"),
            pytest.param(planned(after="router ospf\nexit\n"), "none of BGP", id="another daemon's block"),
            pytest.param(planned(extra=" neighbor nodes password two words\n"), "Unknown command", id="blank"),
            pytest.param("ip prefix-list x seq 5 permit any\n", "no 'router bgp'", id="no BGP instance"),
        ],
    )  # fmt: skip
    def test_bad_candidates_are_refused_and_nothing_changes(self, site: Site, candidate: str, expected: str) -> None:
        site.begin()
        before, sessions = site.fingerprint(), site.drops()
        result = site.run_module(candidate)
        assert result["failed"], result["text"]
        assert expected in result["msg"]
        assert "two words" not in result["text"].replace(json.dumps(candidate), "")
        assert site.fingerprint() == before
        assert site.drops() == sessions

    def test_secrets_never_show(self, site: Site) -> None:
        first, second = "s3cretOne", "s3cretTwo"
        site.lab.sh(
            'nohup sh -c \'while [ ! -e /run/watch-end ]; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " "; sleep 0.01; done'
            " > /run/cmdlines' > /dev/null 2>&1 &"
        )
        texts = []
        for extra in (f" neighbor nodes password {first}\n", f" neighbor nodes password {second}\n", ""):
            result = site.apply(planned(prefixes=("203.0.113.92/30",), extra=extra))
            assert result["applied"] == "reload"
            texts.append(result["text"].replace(json.dumps(extra)[1:-1], ""))
        site.lab.sh("touch /run/watch-end")
        texts += [site.lab.sh(f"cat {STATE}/result.json /run/cmdlines; journalctl --no-pager").stdout]
        for text in texts:
            assert first not in text
            assert second not in text
        assert "neighbor nodes password ******** (changed)" in texts[1]
        site.lab.wait_established(*PEERS)

    def test_restart_brings_the_sessions_back(self, site: Site) -> None:
        wait_for("prefixes", lambda: all(site.accepted(a) for a in PEERS[1:]))
        result = site.apply(planned(), apply="restart")
        assert (result["changed"], result["applied"], result["rolled_back"]) == (True, "restart", False)
        assert [result["sessions"]["after"][a]["state"] for a in PEERS] == ["Established"] * 3

    def test_a_restart_after_which_a_session_stays_away_is_taken_back(self, site: Site) -> None:
        before = site.fingerprint()
        site.lab.sh(
            "mkdir -p /run/systemd/system/frr.service.d; "
            "printf '[Service]\\nExecStartPre=/bin/sh -c \"[ -e /run/once ] || "
            "{ touch /run/once; ip route add blackhole 10.121.0.13/32; }\"\\n' "
            "> /run/systemd/system/frr.service.d/fault.conf; "
            "systemctl daemon-reload"
        )
        try:
            result = site.apply(planned((11, 12, 13, 14)), apply="restart", session_timeout=8)
        finally:
            site.lab.sh(
                "rm -r /run/systemd/system/frr.service.d; systemctl daemon-reload; "
                "ip route del blackhole 10.121.0.13/32"
            )
        assert result["failed"]
        assert result["rolled_back"]
        assert "10.121.0.13: was Established, is " in result["msg"]
        assert site.fingerprint() == before
        site.lab.wait_established(*PEERS)

    def test_bgp_that_is_not_in_the_file_is_somebody_elses(self, site: Site) -> None:
        saved = site.lab.read("/etc/frr/frr.conf")
        site.lab.write("/etc/frr/frr.conf", FIRST_FILE)
        before = site.fingerprint()
        result = site.apply(planned((11,)), platform="unifi")
        assert result["msg"].strip() == (
            "/etc/frr/frr.conf: bgpd runs a BGP instance that is not in this file, so somebody else owns it"
            " (the UniFi controller) (to leave it there: edge_router_bgp_owner: controller, or none; to hold it in the file: delete the BGP"
            " configuration in UniFi Network (Settings > Routing > BGP), then run again)"
        )
        shown = site.apply(planned((11,)), check=True, platform="unifi")
        assert (shown["failed"], shown["changed"], shown["owner"]) == (False, True, "other"), shown["text"]
        assert "- neighbor 10.121.0.12 peer-group nodes" in shown["text"]
        assert "without check mode the run ends here: /etc/frr/frr.conf: bgpd runs a BGP instance" in shown["text"]
        assert site.fingerprint() == before
        site.lab.write("/etc/frr/frr.conf", saved)

    def test_bgp_of_another_owner_is_compared_and_never_written(self, site: Site) -> None:
        files = "find /etc/frr /var/lib/hybridnet-cluster-edge /run/hybridnet-cluster-edge.lock -newer /run/mark"
        site.lab.sh("touch /run/mark")
        before = site.fingerprint()
        for stage in ("expand", "replace"):
            result = site.apply(planned((11,)), owner="none", stage=stage)
            assert (result["failed"], result["changed"], result["applied"]) == (False, False, "none"), result["text"]
            assert "- neighbor 10.121.0.12 peer-group nodes" in result["left"]
            assert "edge_router_bgp_owner: none) and is not the planned one; nothing was written" in result["text"]
        same = site.apply(planned(), owner="none")
        assert (same["changed"], same["left"]) == (False, "")
        assert "nothing was written" not in same["text"]
        assert site.fingerprint() == before
        assert site.lab.sh(files).stdout == ""

    def test_a_limit_that_would_cut_a_node_off_is_taken_back(self, site: Site) -> None:
        before = site.fingerprint()
        result = site.apply(planned(limit=1))
        assert result["rolled_back"], result["text"]
        assert "was Established, is Idle" in result["msg"]
        assert site.fingerprint() == before

    def test_one_node_over_the_limit_is_cut_off_alone(self, site: Site) -> None:
        site.apply(planned(prefixes=("203.0.113.0/24",)))
        site.lab.wait_established(*PEERS[1:])
        before = site.drops()
        site.lab.stop_peer(11)
        site.lab.add_peer(11, 65001, [f"203.0.113.{number}/32" for number in range(20)])
        reached = "Cease/Maximum Number of Prefixes Reached"
        wait_for(
            "the limit to fire",
            lambda: site.lab.neighbors()["10.121.0.11"].get("lastNotificationReason") == reached,
        )
        assert site.lab.show("show bgp summary json")["ipv4Unicast"]["peers"]["10.121.0.11"]["state"] == "Idle (PfxCt)"
        assert {a: site.drops()[a] for a in PEERS[1:]} == {a: before[a] for a in PEERS[1:]}

    def test_removal_leaves_the_rest_of_the_file_and_the_service(self, site: Site) -> None:
        assert not site.apply(planned())["failed"]
        expanded = site.apply("", stage="expand")
        assert (expanded["failed"], expanded["changed"]) == (False, False), expanded["text"]
        assert "-router bgp 65000" in expanded["left"]
        rest = site.lab.read("/etc/frr/frr.conf").split("router bgp")[0]
        for changed in (True, False):
            result = site.apply("", stage="contract")
            assert (result["failed"], result["changed"]) == (False, changed), result["text"]
        assert site.objects() == {}
        text = site.lab.read("/etc/frr/frr.conf")
        assert "router bgp" not in text
        assert set(rest.split("\n")) <= {*text.split("\n"), "", "!"}
        assert site.lab.sh("systemctl is-active frr").stdout == "active\n"


def test_close_leaves_nothing_behind() -> None:
    with RouterLab() as lab:
        name, folder, cgroup = lab.name, lab.dir, lab.cgroup
        raised = lab.sh("false", check=False).returncode
    assert raised == 1
    assert name not in run("ip", "netns", "list").stdout
    assert not folder.exists()
    assert not cgroup.exists()
    assert name not in Path("/proc/mounts").read_text()

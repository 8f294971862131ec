# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the script that brings frr.conf back does, where FRR and systemd answer as a lab's do not.

The shell, awk and flock are this machine's. systemctl and vtysh are stand-ins; ``tests/lab/test_persist.py`` has the
real ones.
"""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config as frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.foreign import blocks
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.transaction import syntax_errors
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import lock, persist
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

BGP = "router bgp 65000\n bgp router-id 192.0.2.1\n neighbor 192.0.2.11 remote-as 65001\nexit\n"
OSPF = "router ospf\n ospf router-id 192.0.2.1\nexit\n"
STOCK = "frr defaults traditional\nlog syslog informational\nservice integrated-vtysh-config\n"
KEPT = STOCK + "interface eth8\n ip ospf cost 5\nexit\nip route 198.51.100.0/24 192.0.2.254\n" + BGP


class Gateway:
    """A folder in the place of a gateway's root, with stand-ins for systemctl and vtysh; FRR is stopped."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        for name in ("etc/frr", "data", "units", "bin", "run"):
            (folder / name).mkdir(parents=True)
        names = {
            "KEPT": "data/frr.conf",
            "SHOWN": "data/shown",
            "ASIDE": "data/aside",
            "KEPT_UNIT": "data/unit",
            "UNIT_PATH": "units/unit",
        }
        for name, path in names.items():
            monkeypatch.setattr(persist, name, str(folder / path))
        monkeypatch.setattr(lock, "PATH", str(folder / "run" / "lock"))
        for name, seconds in {"VTYSH": 5, "LOCK": 5, "BACK": 0, "STARTING": 3}.items():
            monkeypatch.setattr(persist, f"{name}_SECONDS", seconds)
        self.keeps(KEPT)
        self.write("units/unit", "")
        self.write("etc/frr/frr.conf", STOCK)
        self.write("etc/frr/daemons", "bgpd=no\n")
        self.says("active", "inactive")
        self.says("running", None)
        self.says("after_restart", BGP)
        self.says("check", "")
        self.says("check_status", "0")
        self._program("logger", "")
        self._program("chown", "")
        self._program(
            "systemctl",
            """case "$*" in
            "is-active frr") cat active; [ "$(cat active)" = active ] ;;
            "-q is-enabled frr") [ -e enabled ] ;;
            "enable frr") : > enabled ;;
            "restart frr") echo restart >> calls; sleep 0.05; cp after_restart running; echo active > active ;;
            esac""",
        )
        self._program(
            "vtysh",
            """case "$1" in -C) what=check ;; *) what=running ;; esac
            if [ "$(cat hangs 2>/dev/null)" = "$what" ]; then exec sleep 60; fi
            if [ "$what" = check ]; then cat check >&2; exit "$(cat check_status)"; else cat running; fi""",
        )

    def _program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\ncd {shlex.quote(str(self.folder))}\n{text}\n", "utf-8")
        path.chmod(0o755)

    @property
    def script(self) -> str:
        """The script, with the folder in the place of the root."""
        (text,) = [file.text for file in persist.wanted("") if file.path == persist.SCRIPT]
        text = text.replace("/etc/frr", str(self.folder / "etc/frr"))
        return text.replace("/usr/lib/frr/bgpd", "/bin/sh").replace("sleep 1", "sleep 0.01")

    def keeps(self, config: str) -> None:
        """Let a frr.conf be the one that a run has kept."""
        for file in persist.wanted(config):
            if file.path in (persist.KEPT, persist.SHOWN):
                Path(file.path).write_text(file.text, "utf-8")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")

    def says(self, what: str, text: str | None) -> None:
        """Let a stand-in answer; a running configuration gets what vtysh writes around it, None is no answer."""
        whole = what in ("running", "after_restart") and text is not None
        shown = f"Building configuration...\n\nCurrent configuration:\n!\n{text}!\nend\n" if whole else text or ""
        self.write(what, shown)

    def start(self) -> subprocess.Popen[str]:
        environment = {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}
        return subprocess.Popen(["sh", "-c", self.script], text=True, stdout=subprocess.PIPE, env=environment)

    def boot(self, status: int = 0) -> str:
        """Run the script; return what it said."""
        process = self.start()
        said = process.communicate(timeout=30)[0]
        assert process.returncode == status, said
        return said.replace("cluster-edge-frr: ", "").strip()

    def restarts(self) -> int:
        calls = self.folder / "calls"
        return len(calls.read_text().split()) if calls.exists() else 0

    def config(self) -> str:
        return (self.folder / "etc/frr/frr.conf").read_text("utf-8")


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    return Gateway(tmp_path, monkeypatch)


def test_what_an_upgrade_reset_is_back(gateway: Gateway) -> None:
    assert gateway.boot() == "FRR's configuration is back"
    assert (gateway.config(), gateway.restarts()) == (KEPT, 1)
    assert (gateway.folder / "data/aside").read_text() == STOCK
    assert (gateway.folder / "etc/frr/daemons").read_text() == "bgpd=yes\n"
    assert (gateway.folder / "run/lock").stat().st_mode & 0o777 == 0o600
    assert gateway.boot() == ""
    assert gateway.restarts() == 1


@pytest.mark.parametrize(
    ("written", "named"),
    [
        pytest.param(OSPF, "router ospf", id="ospf"),
        pytest.param("router ospf\nospf router-id 192.0.2.1\n", "router ospf", id="ospf without indentation"),
        pytest.param("router bgp 65000 vrf red\nexit\n", "router bgp 65000 vrf red", id="bgp of another vrf"),
        pytest.param("ip route 203.0.113.0/24 192.0.2.9\n", "ip route 203.0.113.0/24 192.0.2.9", id="a route"),
        pytest.param("interface eth9\n ip ospf area 0\nexit\n", "interface eth9", id="an interface with a line"),
        pytest.param("interface eth8\n ip ospf cost 7\nexit\n", "interface eth8", id="another line in one we have"),
        pytest.param("vrf red\n vni 7\nexit-vrf\n", "vrf red", id="a vrf with a line"),
        pytest.param("enable password s3cret\n", "enable password ...", id="a secret"),
        pytest.param("router rip\n ip rip authentication string s3cret\n", "router rip", id="a secret in a block"),
        pytest.param("interface eth9\nexit\n", "", id="an empty interface"),
        pytest.param("vrf red\nexit-vrf\n!\nline vty\n!\n", "", id="an empty vrf"),
        pytest.param("interface eth8\n   ip  ospf cost 5\r\nexit\r\n", "", id="the same with other blanks"),
        pytest.param("ip forwarding\nno ipv6 forwarding\nhostname gw\n!\n# words\n", "", id="what decides nothing"),
        pytest.param(
            "no service integrated-vtysh-config\nno log syslog\nusername cli nopassword\n",
            "",
            id="what is off, and vtysh's own",
        ),
        pytest.param(
            "! LAN\\core\nrouter bgp 65000 vrf LAN\\core\nexit\n", "router bgp 65000 vrf LAN\\core", id="a backslash"
        ),
    ],
)
@pytest.mark.parametrize("where", ["written", "running", "running, and only daemons was reset"])
def test_what_others_configured_is_left_alone(gateway: Gateway, where: str, written: str, named: str) -> None:
    if where == "written":
        gateway.write("etc/frr/frr.conf", STOCK + written)
    else:
        gateway.says("active", "active")
        gateway.says("running", written)
    if where.endswith("reset"):
        gateway.write("etc/frr/frr.conf", KEPT)
    before = gateway.config(), (gateway.folder / "etc/frr/daemons").read_text()
    what = f"what FRR starts with has '{named}'" if where == "written" else f"FRR runs '{named}'"
    left = f"{what}, which is not so in {persist.KEPT}: left alone"
    assert gateway.boot() == (left if named else "FRR's configuration is back")
    after = gateway.config(), (gateway.folder / "etc/frr/daemons").read_text()
    assert (gateway.restarts(), after == before) == ((0, True) if named else (1, False))


def test_files_of_single_daemons_count_where_there_is_no_frr_conf(gateway: Gateway) -> None:
    (gateway.folder / "etc/frr/frr.conf").unlink()
    gateway.write("etc/frr/ospfd.conf", OSPF)
    assert gateway.boot().startswith("what FRR starts with has 'router ospf'")
    assert gateway.restarts() == 0


def test_a_copy_without_indentation_is_the_same(gateway: Gateway) -> None:
    gateway.keeps(KEPT + OSPF.replace("\n ", "\n"))
    gateway.says("active", "active")
    gateway.says("running", OSPF)
    assert gateway.boot() == "FRR's configuration is back"


@pytest.mark.parametrize(
    ("active", "running", "said"),
    [
        pytest.param("active", None, "FRR runs and does not show its whole configuration: left alone", id="half"),
        pytest.param(
            "inactive",
            "",
            "FRR runs without frr.service, which would start a second one beside it: left alone",
            id="without its service",
        ),
        pytest.param(
            "active",
            BGP,
            "bgpd runs a configuration that is not in {conf}, such as UniFi Network's: left alone",
            id="bgp that is in no file",
        ),
    ],
)
def test_an_frr_that_a_restart_would_harm_is_left_alone(
    gateway: Gateway, active: str, running: str | None, said: str
) -> None:
    gateway.says("active", active)
    gateway.says("running", running)
    assert gateway.boot() == said.format(conf=gateway.folder / "etc/frr/frr.conf")
    assert (gateway.restarts(), gateway.config()) == (0, STOCK)


@pytest.mark.parametrize("status", [pytest.param("0", id="FRR 7.5 and 8.4"), pytest.param("2", id="FRR 10")])
def test_an_frr_that_complains_refuses_the_copy(gateway: Gateway, status: str) -> None:
    gateway.says("check", "line 5: % Unknown command: router bgp sixtyfive")
    gateway.says("check_status", status)
    assert gateway.boot() == f"this FRR refuses {persist.KEPT}: left alone"
    assert (gateway.restarts(), gateway.config()) == (0, STOCK)


def test_an_frr_that_ends_its_check_without_a_word_refuses_the_copy(gateway: Gateway) -> None:
    gateway.says("check_status", "2")
    assert gateway.boot() == f"this FRR refuses {persist.KEPT}: left alone"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("", id="FRR 7.5 and 8.4"),
        pytest.param("Configuration file[/etc/frr/frr.conf] processing failure: 11\n", id="FRR 10"),
    ],
)
def test_a_vtysh_without_a_configuration_of_its_own_refuses_nothing(gateway: Gateway, said: str) -> None:
    missing = "% Can't open configuration file /etc/frr/vtysh.conf due to 'No such file or directory'.\n"
    gateway.says("check", missing + said)
    assert syntax_errors(0, missing + said) == []
    assert gateway.boot() == "FRR's configuration is back"


@pytest.mark.parametrize("active", ["active", "inactive"])
@pytest.mark.parametrize(
    ("what", "said"),
    [
        pytest.param("running", "vtysh has not shown what FRR runs within 0.3 s", id="show running-config"),
        pytest.param("check", "vtysh has not checked {kept} within 0.3 s", id="vtysh -C"),
    ],
)
def test_a_vtysh_that_hangs_holds_nobody_up(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, active: str, what: str, said: str
) -> None:
    monkeypatch.setattr(persist, "VTYSH_SECONDS", 0.3)
    gateway.says("active", active)
    gateway.says("running", "" if active == "active" else None)
    gateway.write("hangs", what)
    assert gateway.boot() == said.format(kept=persist.KEPT) + ": left alone"
    assert (gateway.restarts(), gateway.config()) == (0, STOCK)
    with open(lock.PATH, "rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_an_frr_that_hangs_after_its_restart_is_not_called_back(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway._program("vtysh", 'if [ -e calls ]; then exec sleep 60; elif [ "$1" != -C ]; then cat running; fi')
    monkeypatch.setattr(persist, "VTYSH_SECONDS", 0.3)
    assert "does not run its BGP" in gateway.boot(status=1)


def test_a_lock_that_is_not_let_go_is_not_waited_for_without_end(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persist, "LOCK_SECONDS", 0.2)
    with lock.held():
        assert gateway.boot() == f"a run, or the other hook, has held {lock.PATH} for 0.2 s: left alone"
    assert gateway.boot() == "FRR's configuration is back"


def test_a_run_names_the_hook_that_does_not_let_go_of_the_lock(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.write("hangs", "running")
    monkeypatch.setattr(persist, "VTYSH_SECONDS", 2)
    hook = gateway.start()
    while not (gateway.folder / "run/lock").exists() or not lock._users():
        time.sleep(0.01)
    monkeypatch.setattr(lock, "SECONDS", 0.3)
    with pytest.raises(EdgeError) as caught, lock.held():
        pass
    hook.communicate(timeout=30)
    said = re.sub(r"process (\d+) \(sh -c .*\)(?= \()", r"process \1", str(caught.value), flags=re.DOTALL)
    assert said == (
        f"{lock.PATH}: another process has held the lock of this router's FRR for 0.3 s: process {hook.pid} (look what it waits"
        " for (ps -ef --forest; systemctl status frr), end it, and run again)"
    )


def test_systemd_ends_a_script_that_does_not_end_by_itself() -> None:
    """udm-boot and systemd run what comes after it."""
    twice = 2 * (persist.VTYSH_SECONDS + 5)
    waits = persist.LOCK_SECONDS + persist.STARTING_SECONDS + twice + persist.RESTART_SECONDS + 5
    waits += persist.BACK_SECONDS + persist.VTYSH_SECONDS + 5
    (unit,) = [file.text for file in persist.wanted("") if file.path == persist.UNIT_PATH]
    (seconds,) = re.findall(r"^TimeoutStartSec=(\d+)$", unit, re.MULTILINE)
    assert waits < int(seconds)


WORDS_OF_FRR = {
    "ip prefix-list OTHER permit 10.0.0.0/8": "ip prefix-list OTHER seq 5 permit 10.0.0.0/8",
    "access-list 10 permit 10.1.0.0 0.0.255.255": "access-list 10 seq 5 permit 10.1.0.0 0.0.255.255",
    "ip route 10.9.0.0 255.255.0.0 192.0.2.9": "ip route 10.9.0.0/16 192.0.2.9",
    "ipv6 route 2001:DB8::/32 2001:db8::1": "ipv6 route 2001:db8::/32 2001:db8::1",
    "router ospf\n passive-interface eth0\n area 1 stub\nexit": "interface eth0\n ip ospf passive\nexit\nrouter ospf\n area 1 stub\nexit",
}


@pytest.mark.parametrize(("ours", "frrs"), WORDS_OF_FRR.items())
@pytest.mark.parametrize("as_shown", [True, False], ids=["as FRR shows it", "as it stands"])
@pytest.mark.parametrize("where", ["written", "running", "running, and only daemons was reset"])
def test_what_frr_says_in_its_own_words_is_in_the_copy(
    gateway: Gateway, where: str, ours: str, frrs: str, as_shown: bool
) -> None:
    kept = KEPT + ours + "\n"
    gateway.keeps(kept)
    found = (frrs if as_shown else ours) + "\n"
    gateway.write(
        "etc/frr/frr.conf", kept if where.endswith("reset") else STOCK + (found if where == "written" else "")
    )
    if where != "written":
        gateway.says("active", "active")
        gateway.says("running", found)
    assert gateway.boot() == "FRR's configuration is back"
    assert gateway.config() == kept


def test_another_number_of_an_entry_is_anothers(gateway: Gateway) -> None:
    gateway.keeps(KEPT + "ip prefix-list OTHER permit 10.0.0.0/8\n")
    gateway.says("active", "active")
    gateway.says("running", "ip prefix-list OTHER seq 10 permit 10.0.0.0/8\n")
    assert gateway.boot().startswith("FRR runs 'ip prefix-list OTHER seq 10 permit 10.0.0.0/8', which is not so in")


def test_frrs_words_of_another_copy_do_not_count(gateway: Gateway) -> None:
    """A power cut came between the two files: what the other copy had would be lost."""
    gateway.keeps(KEPT + OSPF)
    gateway.write("data/frr.conf", KEPT)
    gateway.write("etc/frr/frr.conf", STOCK + OSPF)
    assert gateway.boot().startswith("what FRR starts with has 'router ospf'")
    (gateway.folder / "data/shown").unlink()
    assert gateway.boot().startswith("what FRR starts with has 'router ospf'")


def test_a_file_that_cannot_be_read_has_no_words_of_frr() -> None:
    assert persist.shown("router bgp 1\nrouter bgp 2\n").count("\n") == 1


@pytest.mark.parametrize(
    "line",
    [
        "neighbor 192.0.2.11 password hushhush",
        "password hushhush",
        "enable password hushhush",
        "isis password clear hushhush",
        "msdp mesh-group g password hushhush",
        "area-password md5 hushhush",
        "domain-password clear hushhush authenticate snp validate",
        "ip ospf message-digest-key 1 md5 hushhush",
        "key-string hushhush",
        "ip ospf authentication-key hushhush",
        "ip rip authentication string hushhush",
        "ip nhrp authentication hushhush",
        "ipv6 ospf6 authentication key-id 1 hash-algo hmac-sha-256 key hushhush",
    ],
)
def test_no_secret_goes_into_the_journal(gateway: Gateway, line: str) -> None:
    """Whoever wrote the file by hand need not have indented it, so that a line of a block is one of its own."""
    assert "hushhush" not in frr.mask(line)
    gateway.write("etc/frr/frr.conf", STOCK + line + "\n")
    said = gateway.boot()
    assert said.startswith("what FRR starts with has '" + line.split()[0])
    assert "...'" in said
    assert "hushhush" not in said


def test_what_has_no_secret_is_named_whole(gateway: Gateway) -> None:
    gateway.write("etc/frr/frr.conf", STOCK + "key chain K\n")
    assert "'key chain K'" in gateway.boot()


@pytest.mark.parametrize("passing", ["activating", "reloading", "deactivating"])
def test_a_service_that_is_starting_is_not_taken_for_one_beside_it(gateway: Gateway, passing: str) -> None:
    gateway.says("active", passing)
    gateway.says("running", "")
    assert gateway.boot() == "frr.service is still starting or stopping: left alone"
    assert (gateway.restarts(), gateway.config()) == (0, STOCK)


LINES = st.sampled_from(
    [
        "log syslog", "no log syslog", "no debug bgp", "service password-encryption", "no service integrated-vtysh-config", "hostname r",
        "no hostname r", "username cli nopassword", "username cli password x", "ip forwarding", "no ipv6 forwarding", "ip forwarding x",
        "interface eth9", "vrf red", "line vty", "logging", "router ospf", "no router ospf", "frr version 9", "end", "exit-vrf",
    ]
)  # fmt: skip


@given(line=LINES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_the_hook_and_a_run_skip_the_same_lines(tmp_path: Path, line: str) -> None:
    (text,) = [file.text for file in persist.wanted("") if file.path == persist.SCRIPT]
    program = text[text.index("lacking() {") : text.index("# The other hook")]
    ran = subprocess.run(
        ["sh", "-c", f"kept=/dev/null shown=/dev/null\n{program}\nlacking"],
        input=line + "\n", text=True, capture_output=True, check=True,
    )  # fmt: skip
    assert bool(ran.stdout) is bool(blocks(line + "\n", set()))


def test_an_frr_that_comes_up_without_its_bgp_is_not_called_back(gateway: Gateway) -> None:
    """A restart with a file that FRR loads by half ends with 0, and the service is active."""
    gateway.says("after_restart", "")
    conf = gateway.folder / "etc/frr/frr.conf"
    assert gateway.boot(status=1) == (
        f"{conf} is {persist.KEPT} again, and FRR does not run its BGP: look at systemctl status frr"
    )


def test_sessions_that_are_up_are_not_closed_for_a_word_in_daemons(gateway: Gateway) -> None:
    gateway.write("etc/frr/frr.conf", KEPT)
    gateway.says("active", "active")
    gateway.says("running", BGP)
    assert gateway.boot() == "FRR runs its configuration, and starts with it again"
    assert gateway.restarts() == 0
    assert (gateway.folder / "etc/frr/daemons").read_text() == "bgpd=yes\n"
    assert (gateway.folder / "enabled").exists()


def test_a_backslash_before_our_instance_does_not_hide_it(gateway: Gateway) -> None:
    kept = KEPT + "router bgp 65000 vrf LAN\\core\nexit\n"
    gateway.keeps(kept)
    gateway.write("etc/frr/frr.conf", kept)
    gateway.says("active", "active")
    gateway.says("running", "router bgp 65000 vrf LAN\\core\nexit\n" + BGP)
    assert gateway.boot() == "FRR runs its configuration, and starts with it again"


def test_the_instance_of_another_vrf_is_not_ours_that_came_back(gateway: Gateway) -> None:
    gateway.says("after_restart", "router bgp 65000 vrf red\nexit\n")
    assert "does not run its BGP" in gateway.boot(status=1)


@pytest.mark.parametrize("ending", ["\n", " \n", "\r\n", " as-notation plain\n"])
def test_another_bgp_configuration_is_left_alone(gateway: Gateway, ending: str) -> None:
    gateway.write("etc/frr/frr.conf", f"router bgp 65000{ending}")
    conf = gateway.folder / "etc/frr/frr.conf"
    assert gateway.boot() == f"{conf} has another BGP configuration: left alone"
    assert gateway.restarts() == 0


def test_two_hooks_at_once_restart_once_and_keep_what_was_replaced(gateway: Gateway) -> None:
    both = [gateway.start() for _hook in range(2)]
    said = [process.communicate(timeout=30)[0] for process in both]
    assert sorted(said) == ["", "cluster-edge-frr: FRR's configuration is back\n"]
    assert gateway.restarts() == 1
    assert (gateway.folder / "data/aside").read_text() == STOCK


def test_the_page_names_each_file_that_is_to_be_removed() -> None:
    page = (CHECKOUT / "docs" / "router.md").read_text("utf-8")
    section = page.split("### frr.conf after a firmware upgrade")[1].split("\n### ")[0]
    rows = re.findall(r"^\| `(/[^`]+)` \|", section, re.MULTILINE)
    assert sorted(rows) == persist.every_path()


@pytest.mark.parametrize("name", ["KEPT", "ASIDE", "UNIT_PATH"])
def test_a_draft_that_was_cut_off_is_taken_away_with_the_rest(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hold passwords, and is nothing that a boot runs."""
    monkeypatch.setattr(persist, name, str(tmp_path / "it"))
    draft = tmp_path / "it.cluster-edge.new"
    draft.write_text("neighbor 192.0.2.11 password s3cret\n")
    assert persist.present() == [str(draft)]
    monkeypatch.setattr(persist.programs, "systemctl", lambda *_words: "")
    persist.take_away(persist.present())
    assert not draft.exists()

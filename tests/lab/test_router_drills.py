# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills of the router's transaction: what breaks while it runs, and what must hold afterwards.

After each drill the file and the running configuration are the old or the new ones, whole; the result says which; and
the next run completes. A full run has them on FRR 10.3, and those marked ``each_version`` on the other versions too; the
rest is ``long``. Faults are put around FRR's real programs. A client behind the router probes an address that no
change concerns, every 10 ms through every drill: where FRR keeps running, no probe is lost.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config as frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import versions
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.state import version_tuple
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import ROUTER_SUITES
from ansible_collections.hybridnet.cluster_edge.tests.support.probe_client import Probes
from router_lab import RouterLab, missing, wait_for
from test_frr_config import CHECKOUT, DIRECT, FIRST_FILE, PEERS, STATE, Site, planned

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=f"a router cannot start here: {REASON}")]

SUITE = "trixie"
"""The Debian suite of FRR 10.3, on which a full run does all drills."""
KEPT = "203.0.113.80/30"
"""A pool that no drill changes."""
PROBED = "203.0.113.81"
OLD = planned(prefixes=(KEPT, "203.0.113.88/30"))
NEW = planned((11, 12, 13, 14), (KEPT, "203.0.113.92/30"))
RELOAD = "/usr/lib/frr/frr-reload.py"
LEFT_BEHIND = f"ls -A /etc/frr | grep cluster-edge; ls /run | grep ^cluster-edge; ls {STATE} | grep journal; true"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each drill on each version of FRR."""
    if "site" not in metafunc.fixturenames:
        return
    marked = {marker.name for marker in metafunc.definition.iter_markers()}
    suites = [SUITE, *(suite for suite in ROUTER_SUITES if suite != SUITE and "one_version" not in marked)]
    chosen = [
        pytest.param(
            suite,
            id=f"FRR {ROUTER_SUITES[suite].frr}",
            marks=() if suite == SUITE or "each_version" in marked else pytest.mark.long,
        )
        for suite in suites
    ]
    metafunc.parametrize("site", chosen, indirect=True, scope="module")


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A router with OLD on it, and three speakers."""
    with RouterLab(request.param) as lab, lab.ssh_port() as port:
        here = Site(lab, port)
        lab.write("/etc/frr/frr.conf", FIRST_FILE)
        lab.sh("sed -i s/^ospfd=no/ospfd=yes/ /etc/frr/daemons; systemctl restart frr")
        for last in (11, 12, 13):
            speak(lab, last)
            lab.answer(last, PROBED)
        lab.add_client()
        first = here.run_module(OLD)
        assert not first["failed"], first["text"]
        # Else the drills say of one version what another one does.
        assert version_tuple(first["version"])[:2] == version_tuple(ROUTER_SUITES[request.param].frr)[:2]
        lab.wait_established(*PEERS)
        yield here


def speak(lab: RouterLab, last: int) -> None:
    """Start the speaker at 10.121.0.``last``."""
    lab.add_peer(last, 65001, [f"{PROBED}/32", "203.0.113.89/32", "203.0.113.92/32"])


def is_reachable(site: Site) -> bool:
    """Return whether the router has the probed address from all three speakers."""
    route = site.lab.show(f"show ip route {PROBED}/32 json").get(f"{PROBED}/32", [{}])[0]
    return sum(hop.get("fib", False) for hop in route.get("nexthops", [])) == len(PEERS)


@pytest.fixture(autouse=True)
def whole_before_and_after(
    site: Site, request: pytest.FixtureRequest, told_by_probes: Callable[[str], None]
) -> Iterator[None]:
    """Begin each drill from OLD, and end it with nothing of a transaction left on the router.

    Where FRR keeps running (no marker ``interrupts``), no probe of an address that the change does not concern is lost.
    """
    result = site.run_module(OLD)
    assert not result["failed"], result["text"]
    wait_for("the route of the probed address", lambda: is_reachable(site))
    probes = Probes(f"{site.lab.name}-client", PROBED)
    try:
        yield
        result = site.run_module(NEW)
        assert not result["failed"], result["text"]
        assert (result["gained"], result["lost"]) == ([], [])
        assert runs(site, NEW)
        assert site.lab.sh(LEFT_BEHIND).stdout == ""
    finally:
        losses = probes.stop()[PROBED]
    told_by_probes(f"{request.node.name}: {losses}")
    if request.node.get_closest_marker("interrupts") is None:
        assert losses.lost == 0, str(losses)


def runs(site: Site, text: str) -> bool:
    """Return whether file and running configuration are both ``text``, whole."""
    wanted = frr.parse(text).objects
    written = frr.parse(site.lab.read("/etc/frr/frr.conf")).objects
    return frr.equal(written, wanted) and frr.equal(frr.pick(site.objects(), set(wanted)), wanted)


@contextmanager
def around_reload(site: Site, script: str) -> Iterator[None]:
    """Put a shell script in the place of frr-reload.py; ``real "$@"`` runs the real one."""
    site.lab.sh(f"cp -p {RELOAD} /run/real-reload.py")
    site.lab.write(
        RELOAD, f'#!/bin/sh\nreal() {{ /usr/bin/python3 /run/real-reload.py "$@"; }}\n{script}\n', "755", "root:root"
    )
    try:
        yield
    finally:
        site.lab.sh(f"cp -p /run/real-reload.py {RELOAD}; rm -f /run/once")


@contextmanager
def mounted(site: Site, mount: str, undo: str) -> Iterator[None]:
    site.lab.sh(mount)
    try:
        yield
    finally:
        site.lab.sh(undo)


SMALL_ETC = (
    "mkdir /run/etc-frr && cp -a /etc/frr/. /run/etc-frr/ && mount -t tmpfs -o size=64k,mode=775 tmpfs /etc/frr && "
    "cp -a /run/etc-frr/. /etc/frr/ && chown frr:frr /etc/frr"
)
FILL_ETC = "cat /dev/zero > /etc/frr/filler 2>/dev/null"
BACK_FROM_SMALL_ETC = (
    "rm -f /etc/frr/filler; cp -a /etc/frr/frr.conf /etc/frr/daemons /run/etc-frr/; umount /etc/frr; "
    "cp -a /run/etc-frr/. /etc/frr/; rm -r /run/etc-frr"
)


@pytest.mark.parametrize(
    ("mount", "undo"),
    [
        pytest.param(f"mount -t tmpfs -o size=4k tmpfs {STATE}; cat /dev/zero > {STATE}/x 2>/dev/null || true",
                     f"umount {STATE}", id="full state directory", marks=pytest.mark.long),
        pytest.param(f"mount -t tmpfs -o ro tmpfs {STATE}", f"umount {STATE}", id="read-only state directory", marks=pytest.mark.long),
        pytest.param("mount --bind /var/lib /var/lib && mount -o remount,ro,bind /var/lib", "umount /var/lib", id="read-only var lib", marks=pytest.mark.long),
        pytest.param(f"{SMALL_ETC}; {FILL_ETC} || true", BACK_FROM_SMALL_ETC, id="full etc"),
        pytest.param("mount --bind /etc/frr /etc/frr && mount -o remount,ro,bind /etc/frr", "umount /etc/frr", id="read-only etc"),
    ],
)  # fmt: skip
def test_a_disk_that_takes_nothing_is_told_before_anything_changes(site: Site, mount: str, undo: str) -> None:
    sessions = site.drops()
    with mounted(site, mount, undo):
        result = site.run_module(NEW)
        assert result["failed"], result["text"]
        assert "nothing was changed: [Errno " in result["msg"]
        assert (result["changed"], result["applied"]) == (False, "none")
        assert site.lab.sh("ls -A /etc/frr | grep cluster-edge; true").stdout == ""
    assert runs(site, OLD)
    assert site.drops() == sessions


def test_a_read_only_var_tmp_is_no_complaint_of_frr(site: Site) -> None:
    with mounted(site, "mount -t tmpfs -o ro tmpfs /var/tmp", "umount /var/tmp"):
        result = site.run_module(NEW)
    assert not result["failed"], result["text"]
    assert runs(site, NEW)


def test_checks_leave_no_crash_log_folders(site: Site) -> None:
    before = site.lab.sh("ls /var/tmp/frr").stdout
    for _run in range(2):
        site.run_module(NEW, check=True)
    assert site.lab.sh("ls /var/tmp/frr").stdout == before


@pytest.mark.long
@pytest.mark.interrupts  # the change is a password on every neighbor
def test_a_rollback_needs_no_disk_space_and_shows_no_password(site: Site) -> None:
    secret = "s3cretOfTheRollback"
    candidate = planned((11, 12, 13, 14), extra=f" neighbor nodes password {secret}\n")
    breaks = (
        f"[ -e /run/once ] || {{ real \"$@\"; {FILL_ETC}; vtysh -c configure -c 'router bgp 65000' "
        "-c 'no neighbor 10.121.0.13 peer-group nodes'; touch /run/once; exit 1; }\nreal \"$@\""
    )
    watch = (
        'nohup sh -c \'while [ ! -e /run/watch-end ]; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " "; sleep 0.01; done'
        " > /run/cmdlines' > /dev/null 2>&1 &"
    )
    with mounted(site, SMALL_ETC, BACK_FROM_SMALL_ETC), around_reload(site, breaks):
        site.lab.sh(watch)
        result = site.apply(candidate)
        site.lab.sh("touch /run/watch-end")
        assert result["rolled_back"], result["text"]
        assert "The old configuration is back." in result["msg"]
        assert runs(site, OLD)
    seen = site.lab.sh(
        "cat /run/cmdlines; rm /run/cmdlines /run/watch-end; cat /root/.history_frr 2>/dev/null; true"
    ).stdout
    assert "neighbor" in seen
    assert secret not in seen
    assert secret not in result["text"].replace(json.dumps(candidate), "")
    site.lab.wait_established(*PEERS)


def test_a_worker_killed_between_swap_and_reload_is_unknown_and_the_next_run_completes(site: Site) -> None:
    killed_worker(site, "kill -9 $(ps -o sid= -p $$); exit 1", "what was before it is back")


@pytest.mark.parametrize(
    ("orphan", "told"),
    [
        pytest.param('real "$@"; kill -9 $(ps -o sid= -p $$)', "its change is whole, and stays", id="after the reload", marks=pytest.mark.long),
        pytest.param("kill -9 $(ps -o sid= -p $$); sleep 600", "what was before it is back", id="the reload hangs on as an orphan"),
    ],
)  # fmt: skip
def test_a_killed_worker_is_unknown_and_the_next_run_completes(site: Site, orphan: str, told: str) -> None:
    killed_worker(site, orphan, told)


def killed_worker(site: Site, orphan: str, told: str) -> None:
    """Let the reload kill the transaction's process by a shell script, and see what that and the next run say."""
    with around_reload(site, orphan):
        result = site.run_module(NEW)
    assert result["failed"], result["text"]
    assert (result["changed"], result["applied"]) == (True, "unknown")
    assert "was ended in its step 'applying', so it is unknown how much of the change was made" in result["msg"]
    checked = site.run_module(NEW, check=True)
    assert not checked["failed"], checked["text"]
    result = site.run_module(NEW)
    assert not result["failed"], result["text"]
    assert told in result["text"]
    assert runs(site, NEW)
    assert site.lab.sh("ps axo args | grep -c '[s]leep 600'; true").stdout == "0\n"


@pytest.mark.interrupts
def test_a_router_that_restarts_in_the_middle(site: Site) -> None:
    with around_reload(site, "kill -9 $(ps -o sid= -p $$); exit 1"):
        assert site.run_module(NEW)["applied"] == "unknown"
    # What a boot does: FRR reads the new file.
    site.lab.sh("systemctl restart frr")
    site.lab.wait_established(*PEERS)
    result = site.run_module(NEW)
    assert not result["failed"], result["text"]
    assert "its change is whole, and stays" in result["text"]
    assert runs(site, NEW)


def test_a_cut_off_change_is_not_taken_back_over_somebody_elses_edit(site: Site) -> None:
    with around_reload(site, "kill -9 $(ps -o sid= -p $$); exit 1"):
        assert site.run_module(NEW)["applied"] == "unknown"
    saved = site.lab.read("/etc/frr/frr.conf")
    site.lab.write("/etc/frr/frr.conf", saved + "! by hand\n")
    result = site.run_module(NEW)
    assert result["failed"]
    assert "/etc/frr/frr.conf was changed by somebody else since" in result["msg"]
    assert site.lab.read("/etc/frr/frr.conf") == saved + "! by hand\n"
    site.lab.write("/etc/frr/frr.conf", saved)


def test_a_symbolic_link_stays_one(site: Site) -> None:
    site.lab.sh("mkdir -p /srv/frr && mv /etc/frr/frr.conf /srv/frr/ && ln -s /srv/frr/frr.conf /etc/frr/frr.conf")
    try:
        result = site.run_module(NEW)
        assert not result["failed"], result["text"]
        assert site.lab.sh("readlink /etc/frr/frr.conf; ls -A /srv/frr").stdout.split() == [
            "/srv/frr/frr.conf",
            "frr.conf",
        ]
        assert runs(site, NEW)
    finally:
        site.lab.sh("cp -p /srv/frr/frr.conf /etc/frr/.real && mv /etc/frr/.real /etc/frr/frr.conf && rm -r /srv/frr")


def test_a_file_that_is_a_mount_is_written_in_place(site: Site) -> None:
    with mounted(
        site,
        "cp -p /etc/frr/frr.conf /srv/frr.conf && mount --bind /srv/frr.conf /etc/frr/frr.conf",
        "umount /etc/frr/frr.conf && cp -p /srv/frr.conf /etc/frr/frr.conf && rm /srv/frr.conf",
    ):
        result = site.run_module(NEW)
        assert not result["failed"], result["text"]
        assert runs(site, NEW)
        assert site.lab.sh("ls -A /etc/frr | grep cluster-edge; true").stdout == ""


def test_what_is_saved_between_the_look_and_the_swap_is_kept(site: Site) -> None:
    """An operator's ``write memory`` falls between the two: here, while vtysh checks the candidate."""
    site.lab.sh("mv /usr/bin/vtysh /usr/bin/vtysh.real")
    site.lab.write(
        "/usr/bin/vtysh",
        '#!/bin/sh\nif [ "$1" = -C ] && [ ! -e /run/once ]; then touch /run/once; '
        "vtysh.real -c configure -c 'ip route 198.51.100.0/24 blackhole' -c end -c 'write memory' >/dev/null 2>&1; fi\n"
        'exec vtysh.real "$@"\n',
        "755",
        "root:root",
    )
    try:
        result = site.run_module(NEW)
    finally:
        site.lab.sh("mv /usr/bin/vtysh.real /usr/bin/vtysh; rm -f /run/once")
    assert not result["failed"], result["text"]
    assert runs(site, NEW)
    route = "ip route 198.51.100.0/24 blackhole"
    assert route in site.lab.read("/etc/frr/frr.conf")
    assert route in site.lab.vtysh("show running-config")
    site.lab.sh(f"sed -i '/{route.replace('/', '.')}/d' /etc/frr/frr.conf; vtysh -c configure -c 'no {route}'")


def test_what_somebody_else_adds_meanwhile_stays_and_is_told(site: Site) -> None:
    adds = "real \"$@\"; vtysh -c configure -c 'ip route 198.51.100.0/24 blackhole'"
    with around_reload(site, adds):
        result = site.run_module(NEW)
    assert not result["failed"], result["text"]
    assert result["gained"] == ["ip route 198.51.100.0/24 blackhole"]
    assert "somebody else configured this router while the change ran; it stays" in result["text"]
    assert "ip route 198.51.100.0/24 blackhole" in site.lab.vtysh("show running-config")
    site.lab.sh("vtysh -c configure -c 'no ip route 198.51.100.0/24 blackhole'")


def test_what_somebody_types_right_before_the_reload_is_kept_or_named(site: Site) -> None:
    """After the last look and before the reload's own, which takes it for a difference and removes it."""
    theirs, ours = "ip route 198.51.100.0/24 blackhole", "neighbor 10.121.0.98"
    types = f"vtysh -c configure -c '{theirs}' -c 'router bgp 65000' -c '{ours} remote-as 65098'"
    with around_reload(site, f'[ -e /run/once ] || {{ touch /run/once; {types}; }}\nreal "$@"'):
        result = site.run_module(NEW)
    assert not result["failed"], result["text"]
    assert (result["gained"], result["lost"]) == ([theirs], [f"router bgp 65000: {ours} remote-as 65098"])
    told = " ".join(result["text"].split())
    assert f"somebody else configured this router while the change ran; it stays: {theirs}" in told
    assert f"the reload, which took it along: router bgp 65000: {ours} remote-as 65098" in told
    running = site.lab.vtysh("show running-config")
    assert theirs in running
    assert ours not in running
    assert runs(site, NEW)
    site.lab.sh(f"vtysh -c configure -c 'no {theirs}'")


@pytest.mark.long
def test_a_reload_that_loses_what_is_not_ours_is_taken_back(site: Site) -> None:
    loses = '[ -e /run/once ] || { touch /run/once; real "$@"; vtysh -c configure -c \'no router ospf\'; exit 0; }\nreal "$@"'
    with around_reload(site, loses):
        result = site.run_module(NEW)
    assert result["rolled_back"], result["text"]
    assert "lines that are not ours do not run any more: router ospf" in result["msg"]
    assert "router ospf" in site.lab.vtysh("show running-config")
    assert runs(site, OLD)


@pytest.mark.long
def test_what_somebody_saves_during_a_change_that_is_taken_back_is_kept_aside(site: Site) -> None:
    saves = "vtysh -c configure -c 'ip route 198.51.100.0/24 blackhole' -c end -c 'write memory'; exit 1"
    breaks = "vtysh -c configure -c 'router bgp 65000' -c 'no neighbor 10.121.0.13'"
    with around_reload(
        site, f'if [ -e /run/once ]; then real "$@"; else touch /run/once; real "$@"; {breaks}; {saves}; fi'
    ):
        result = site.run_module(NEW)
    assert result["rolled_back"], result["text"]
    told = "Somebody else wrote /etc/frr/frr.conf while the change ran: what it was then is in "
    assert told in result["msg"]
    kept = result["msg"].partition(told)[2].split()[0]
    assert "ip route 198.51.100.0/24 blackhole" in site.lab.read(kept)
    assert runs(site, OLD)
    assert result["gained"] == ["ip route 198.51.100.0/24 blackhole"]
    site.lab.sh("vtysh -c configure -c 'no ip route 198.51.100.0/24 blackhole'")
    site.lab.wait_established(*PEERS)


def test_an_old_configuration_that_is_saved_right_before_the_reload_does_not_stay_in_the_file(site: Site) -> None:
    """FRR would start with it: what ran then stands in the file, and the reload changes what runs alone."""
    saves = "vtysh -c configure -c 'ip route 198.51.100.0/24 blackhole' -c end -c 'write memory'"
    with around_reload(site, f'[ -e /run/once ] || {{ touch /run/once; {saves}; }}; real "$@"'):
        result = site.run_module(NEW)
    assert not result["failed"], result["text"]
    told = "somebody else wrote /etc/frr/frr.conf while the change ran, without what it changed"
    assert told in " ".join(result["text"].split())
    written = site.lab.read("/etc/frr/frr.conf")
    assert frr.equal(frr.parse(written).objects, frr.parse(NEW).objects)
    assert "ip route 198.51.100.0/24 blackhole" in written
    assert site.run_module(NEW)["changed"] is False
    site.lab.sh("vtysh -c configure -c 'no ip route 198.51.100.0/24 blackhole' -c end -c 'write memory'")
    assert not site.run_module(OLD)["failed"]
    site.lab.wait_established(*PEERS)


@pytest.mark.one_version  # FRR 7.5 does not know the words
@pytest.mark.interrupts
def test_the_words_that_say_how_as_numbers_are_written_stay(site: Site) -> None:
    """FRR takes an instance with them for the same one; a reload that left them out would end every session."""
    noted = "router bgp 65000 as-notation plain"
    site.lab.sh(
        f"sed -i 's/^router bgp 65000$/{noted}/' /etc/frr/frr.conf; systemctl reset-failed frr; systemctl restart frr"
    )
    site.lab.wait_established(*PEERS)
    drops = site.drops()
    for content in (NEW, OLD):
        result = site.run_module(content)
        assert (result["failed"], result["applied"]) == (False, "reload"), result["text"]
        assert site.run_module(content)["changed"] is False
    assert noted in site.lab.read("/etc/frr/frr.conf").split("\n")
    assert noted in site.lab.vtysh("show running-config")
    assert {address: site.drops()[address] for address in PEERS} == {address: drops[address] for address in PEERS}
    site.lab.sh(
        f"sed -i 's/^{noted}$/router bgp 65000/' /etc/frr/frr.conf; systemctl reset-failed frr; systemctl restart frr"
    )
    site.lab.wait_established(*PEERS)


@pytest.mark.long
def test_a_way_back_keeps_what_somebody_typed_meanwhile_and_names_what_it_takes_along(site: Site) -> None:
    """A line of its own stays; a neighbor in the instance that comes back whole does not."""
    other = "neighbor 10.121.0.98"
    types = (
        "vtysh -c configure -c 'ip route 198.51.100.0/24 blackhole' -c 'router ospf' -c 'passive-interface eth0' "
        f"-c 'router bgp 65000' -c '{other} remote-as 65098' -c 'no neighbor 10.121.0.13'; exit 1"
    )
    with around_reload(site, f'if [ -e /run/once ]; then real "$@"; else touch /run/once; real "$@"; {types}; fi'):
        result = site.run_module(NEW)
    assert result["rolled_back"], result["text"]
    # Named as newer versions show it, also where this one has it below "router ospf".
    stays = {"ip route 198.51.100.0/24 blackhole", "interface eth0: ip ospf passive"}
    assert set(result["gained"]) == stays, result["text"]
    assert result["lost"] == [f"router bgp 65000: {other} remote-as 65098"]
    assert f"the way back took along: router bgp 65000: {other} remote-as 65098" in result["msg"]
    running = site.lab.vtysh("show running-config")
    assert "ip route 198.51.100.0/24 blackhole" in running
    assert "ip ospf passive" in running or "passive-interface eth0" in running
    assert other not in running
    assert runs(site, OLD)
    site.lab.sh(
        "vtysh -c configure -c 'no ip route 198.51.100.0/24 blackhole' -c 'router ospf' -c 'no passive-interface eth0'"
    )
    site.lab.wait_established(*PEERS)


def test_a_running_configuration_that_is_shown_by_half_is_refused(site: Site) -> None:
    """vtysh is killed while it prints, each time: what it did not print must not be deleted."""
    before = site.fingerprint()
    site.lab.sh("mv /usr/bin/vtysh /usr/bin/vtysh.real")
    site.lab.write(
        "/usr/bin/vtysh",
        '#!/bin/sh\ncase "$*" in *"show running-config"*) vtysh.real "$@" | head -n 9; exit 137 ;; esac\nexec vtysh.real "$@"\n',
        "755",
        "root:root",
    )
    try:
        result = site.run_module(NEW)
    finally:
        site.lab.sh("mv /usr/bin/vtysh.real /usr/bin/vtysh")
    assert result["failed"], result["text"]
    assert "vtysh does not show the whole running configuration" in result["msg"]
    assert site.fingerprint() == before


CRASHES = "kill -{signal} $(pidof bgpd)"


def crashing(site: Site, when: str, signal_name: str) -> AbstractContextManager[None]:
    """Let bgpd crash once: while the reload runs, or just after it."""
    crash = CRASHES.format(signal=signal_name)
    if when == "during the reload":
        # frr-reload.py asks the running configuration first; then bgpd is away, and so are its commands.
        return around_reload(site, f'[ -e /run/once ] || {{ touch /run/once; (sleep 0.2; {crash}) & }}; real "$@"')
    return around_reload(site, f'real "$@"; [ -e /run/once ] || {{ touch /run/once; {crash}; }}')


@pytest.mark.interrupts
@pytest.mark.parametrize(
    ("when", "signal_name"),
    [
        ("during the reload", "SEGV"),
        pytest.param("during the reload", "KILL", marks=pytest.mark.long),
        pytest.param("after the reload", "SEGV", marks=pytest.mark.long),
        pytest.param("after the reload", "KILL", marks=pytest.mark.long),
    ],
)
def test_a_bgpd_that_crashes_during_the_change_is_named(site: Site, when: str, signal_name: str) -> None:
    """watchfrr starts it again, with the file that is there then: the new one."""
    with crashing(site, when, signal_name):
        result = site.run_module(NEW, session_timeout=60)
    told = " ".join(result["text"].split())
    assert "bgpd of FRR ended by itself while the change ran" in told, result["text"]
    if result["failed"]:
        assert (result["rolled_back"], result["changed"]) == (True, False), result["text"]
    else:
        assert (result["changed"], result["restarted"]) == (True, ["bgpd"])
        assert f"was started anew, which closed the sessions of {', '.join(PEERS)}; the change stays" in told
    site.lab.wait_established(*PEERS)
    assert runs(site, OLD if result["failed"] else NEW)


@contextmanager
def away_with_the_new_file(site: Site, daemon: str) -> Iterator[None]:
    """Let a daemon crash after the reload, and never start while frr.conf is NEW."""
    site.lab.sh(f"mkdir /srv/real && mv /usr/lib/frr/{daemon} /srv/real/")
    refuses = f'#!/bin/sh\ngrep -q 203.0.113.92/30 /etc/frr/frr.conf && exit 1\nexec /srv/real/{daemon} "$@"\n'
    site.lab.write(f"/usr/lib/frr/{daemon}", refuses, "755", "root:root")
    crashes = f'real "$@"; [ -e /run/once ] || {{ touch /run/once; kill -9 $(pidof {daemon}); }}'
    try:
        with around_reload(site, crashes):
            yield
    finally:
        site.lab.sh(f"mv /srv/real/{daemon} /usr/lib/frr/ && rmdir /srv/real")


@pytest.mark.long
@pytest.mark.interrupts
@pytest.mark.parametrize("daemon", ["bgpd", "ospfd"])
def test_a_daemon_that_crashes_and_stays_away_is_taken_back(site: Site, daemon: str) -> None:
    with away_with_the_new_file(site, daemon):
        result = site.run_module(NEW, session_timeout=60)
        assert result["rolled_back"], result["text"]
        assert f"{daemon} ended while the change ran, and is not back" in result["msg"]
        assert f"{daemon} of FRR ended by itself while the change ran" in result["msg"]
        assert result["restarted"] == []
        site.lab.wait_established(*PEERS)
        assert runs(site, OLD)
        assert "router ospf" in site.lab.vtysh("show running-config")


@pytest.mark.interrupts
def test_a_restart_that_would_lose_unsaved_lines_is_refused(site: Site) -> None:
    site.lab.sh("vtysh -c configure -c 'ip route 198.51.100.0/24 blackhole'")
    before = site.fingerprint()
    result = site.run_module(NEW, apply="restart")
    assert result["failed"]
    assert "which would lose what runs and is not in this file: ip route 198.51.100.0/24 blackhole" in result["msg"]
    assert site.fingerprint() == before
    result = site.run_module(NEW, apply="restart", take_over=["ip route 198.51.100.0/24 blackhole"])
    assert (result["failed"], result["applied"]) == (False, "restart"), result["text"]
    assert "198.51.100.0/24" not in site.lab.vtysh("show running-config")
    site.lab.wait_established(*PEERS)


@pytest.mark.interrupts
def test_per_daemon_files_are_not_put_out_of_force(site: Site) -> None:
    site.lab.sh(
        "systemctl stop frr; mkdir /run/saved && mv /etc/frr/frr.conf /run/saved/ && "
        "printf 'router ospf\\n ospf router-id 10.121.0.1\\nexit\\n' > /etc/frr/ospfd.conf && chown frr:frr /etc/frr/ospfd.conf"
    )
    try:
        result = site.run_module(NEW)
        assert result["failed"], result["text"]
        assert "FRR reads ospfd.conf here and no frr.conf" in result["msg"]
        assert site.lab.sh("ls /etc/frr/frr.conf", check=False).returncode != 0
    finally:
        site.lab.sh(
            "rm -f /etc/frr/ospfd.conf; mv /run/saved/frr.conf /etc/frr/; rmdir /run/saved; systemctl start frr"
        )
        site.lab.wait_established(*PEERS)


def test_two_runs_at_once_follow_each_other(site: Site) -> None:
    others = subprocess.Popen(site.command(NEW), stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
    mine = site.apply(NEW)
    told = others.communicate(timeout=120)[0]
    assert others.returncode == 0, told
    assert not mine["failed"], mine["text"]
    assert sorted([mine["changed"], "CHANGED" in told]) == [False, True]


def test_a_clock_that_was_set_back_costs_no_backup_and_no_file_of_the_user(site: Site) -> None:
    site.lab.sh(f"touch -d '2031-01-01' {STATE}/frr.conf.20310101T000000Z; touch {STATE}/frr.conf.mine")
    try:
        result = site.run_module(NEW, backup_keep=1)
        assert not result["failed"], result["text"]
        names = site.lab.sh(f"ls {STATE}").stdout.split()
        assert result["backup"].rsplit("/", 1)[1] in names
        assert "frr.conf.mine" in names
        assert "frr.conf.20310101T000000Z" not in names
    finally:
        site.lab.sh(f"rm -f {STATE}/frr.conf.mine")


def test_a_pipe_in_a_description_is_refused(site: Site) -> None:
    result = site.run_module(NEW.replace("description n11", "description a | b"))
    assert result["failed"]
    assert "which is a pipe for vtysh while FRR runs" in result["msg"]
    assert runs(site, OLD)


def test_a_reload_that_hangs_is_ended_with_all_that_it_started(site: Site) -> None:
    """The limit is the module's own; here a child of the reload must not outlive its end."""
    site.put_sources()
    code = (
        f"import sys, subprocess; sys.path.insert(0, '{DIRECT}')\n"
        "from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import programs\n"
        "try:\n    programs.run(['sh', '-c', 'sleep 601 & sleep 601'], 1)\n"
        "except subprocess.TimeoutExpired:\n    print('ended')\n"
    )
    assert site.lab.sh("python3 -", stdin=code).stdout == "ended\n"
    wait_for("no sleeper", lambda: site.lab.sh("ps axo args | grep -c '[s]leep 601'; true").stdout == "0\n", 5)


# -- the connection is cut, the worker killed, the router rebooted ----------------------------------------------------
WAITS = "touch /run/waits; n=0; while [ ! -e /run/go-on ] && [ $n -lt 600 ]; do sleep 0.05; n=$((n+1)); done"
"""Shell: say that a step is reached, and wait until the drill goes on."""


@contextmanager
def around_vtysh(site: Site, script: str) -> Iterator[None]:
    """Run a shell script before each call of vtysh."""
    site.lab.sh("mv /usr/bin/vtysh /usr/bin/vtysh.real")
    site.lab.write("/usr/bin/vtysh", f'#!/bin/sh\n{script}\nexec vtysh.real "$@"\n', "755", "root:root")
    try:
        yield
    finally:
        site.lab.sh("mv /usr/bin/vtysh.real /usr/bin/vtysh")


def around_step(site: Site, step: str, script: str) -> AbstractContextManager[None]:
    """Run a shell script once in a step of the transaction: before the swap, during the apply, before the proof."""
    once = f"[ -e /run/once ] || {{ touch /run/once; {script}; }}"
    if step == "before the swap":
        return around_vtysh(site, f'[ "$1" != -C ] || {once}')
    if step == "during the apply":
        return around_reload(site, f'{once}; real "$@"')
    return around_reload(site, f'real "$@"; status=$?; {once}; exit $status')


STEPS = (
    pytest.param("before the swap", marks=pytest.mark.long),
    "during the apply",
    pytest.param("before the proof", marks=pytest.mark.long),
)
"""The moment at which a change is half made, and in a long run those around it."""


@contextmanager
def a_run_that_waits(site: Site) -> Iterator[None]:
    """Start a run that changes to NEW, and end its control machine's side once it waits in its step on the router."""
    process = subprocess.Popen(
        site.command(NEW),
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for("the step", lambda: site.lab.sh("test -e /run/waits", check=False).returncode == 0)
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("step", STEPS)
def test_a_cut_connection_does_not_stop_the_change(site: Site, step: str) -> None:
    site.lab.sh(f"rm -f {STATE}/result.json")
    with around_step(site, step, WAITS):
        with a_run_that_waits(site):
            pass
        site.lab.sh("kill -9 $(pgrep -f '[s]shd(-session)?: root') ; touch /run/go-on", check=False)
        wait_for("the result", lambda: site.lab.sh(f"test -s {STATE}/result.json", check=False).returncode == 0, 40)
    site.lab.sh("rm -f /run/once /run/waits /run/go-on")
    result = json.loads(site.lab.read(f"{STATE}/result.json"))
    assert (result["changed"], result["applied"], result["rolled_back"]) == (True, "reload", False)
    assert runs(site, NEW)
    assert not site.run_module(NEW)["changed"]


KILLER = """\
import os, signal, sys
seen = None
def watch(event, args):
    global seen
    if event == "open" and args[0] == "/run/hybridnet-cluster-edge.lock":
        seen = 0
    if seen is None or event not in ("os.rename", "os.link", "os.remove", "os.mkdir", "subprocess.Popen"):
        return
    seen += 1
    if seen == {number}:
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
"""
"""Python on the router: kill the transaction's process before its n-th change of a file or start of a program."""
PACKAGES = "$(python3 -c 'import site; print(site.getusersitepackages())')"


@contextmanager
def killed_at(site: Site, number: int) -> Iterator[None]:
    site.lab.sh(f"mkdir -p {PACKAGES} && cat > {PACKAGES}/usercustomize.py", stdin=KILLER.format(number=number))
    try:
        yield
    finally:
        site.lab.sh(f"rm -r {PACKAGES}")


def kill_everywhere(site: Site, numbers: Sequence[int], content: str, fault: str = 'real "$@"') -> int:
    """Kill the transaction at each of these moments; return how many there were before it ended by itself."""
    for count, number in enumerate(numbers):
        result = site.run_module(OLD)
        assert not result["failed"], result["text"]
        with around_reload(site, fault), killed_at(site, number):
            result = site.run_module(content)
            if "the transaction's process was ended" not in result.get("msg", ""):
                return count
        if result["applied"] == "none" or not result["changed"]:
            assert runs(site, OLD), f"said unchanged, killed at {number}: {result['msg']}"
        else:
            assert result["applied"] == "unknown"
        result = site.run_module(content)
        assert not result["failed"], f"after a kill at {number}: {result['text']}"
        assert runs(site, content), f"after a kill at {number}"
        assert site.lab.sh(LEFT_BEHIND).stdout == "", f"after a kill at {number}"
    return len(numbers)


def test_a_draft_of_a_journal_whose_writer_was_killed_goes_with_the_next_run(site: Site) -> None:
    site.lab.sh(f"touch {STATE}/journal.json.new")
    assert not site.run_module(OLD)["changed"]
    assert site.lab.sh(LEFT_BEHIND).stdout == ""


SOME = (8, 14, 20)
"""Moments that a full run kills at: in the checks, in the swap, in the apply."""


def test_a_worker_killed_at_some_moments_is_completed_by_the_next_run(site: Site) -> None:
    assert kill_everywhere(site, SOME, NEW) == len(SOME)


@pytest.mark.long
@pytest.mark.one_version
def test_a_worker_killed_at_each_moment_is_completed_by_the_next_run(site: Site) -> None:
    assert kill_everywhere(site, range(1, 200), NEW) > 20


@pytest.mark.long
@pytest.mark.one_version
def test_a_worker_killed_at_each_moment_of_its_rollback_is_completed_by_the_next_run(site: Site) -> None:
    loses = "vtysh -c configure -c 'router bgp 65000' -c 'no neighbor 10.121.0.13 peer-group nodes'"
    breaks = f'[ -e /run/once ] && real "$@" || {{ touch /run/once; real "$@"; {loses}; exit 1; }}'
    assert kill_everywhere(site, range(20, 200), NEW, breaks) > 10


@pytest.mark.interrupts
@pytest.mark.parametrize("step", STEPS)
def test_a_power_cut_leaves_one_of_both_and_the_next_run_completes(site: Site, step: str) -> None:
    site.lab.sh(f"rm -f {STATE}/result.json; cp -p {RELOAD} /srv/reload; cp -p /usr/bin/vtysh /srv/vtysh")
    with around_step(site, step, WAITS):
        try:
            with a_run_that_waits(site):
                site.lab.cut_power()
        finally:
            site.lab.sh(
                f"mv /srv/reload {RELOAD}; mv /srv/vtysh /usr/bin/vtysh; rm -f /usr/bin/vtysh.real; "
                f"cp -p {RELOAD} /run/real-reload.py; cp -p /usr/bin/vtysh /usr/bin/vtysh.real"
            )
    site.lab.wait_established(*PEERS)
    swapped = step != "before the swap"
    assert runs(site, NEW if swapped else OLD)
    result = site.run_module(NEW)
    assert not result["failed"], result["text"]
    assert ("its change is whole, and stays" in result["text"]) is swapped


# -- FRR does not come back -------------------------------------------------------------------------------------------
@contextmanager
def failing_start(site: Site, condition: str) -> Iterator[None]:
    """Let frr.service fail to start while a shell condition is true."""
    folder = "/run/systemd/system/frr.service.d"
    drop_in = f'[Service]\\nExecStartPre=/bin/sh -c "! {{ {condition}; }}"\\n'
    site.lab.sh(f"mkdir -p {folder}; printf '{drop_in}' > {folder}/fault.conf; systemctl daemon-reload")
    try:
        yield
    finally:
        site.lab.sh(
            f"rm -r {folder}; systemctl daemon-reload; systemctl reset-failed frr; rm -f /run/once", check=False
        )


@pytest.mark.long
@pytest.mark.interrupts
def test_an_frr_that_does_not_start_with_the_new_file_runs_the_old_one(site: Site) -> None:
    with failing_start(site, "grep -q 203.0.113.92/30 /etc/frr/frr.conf"):
        result = site.run_module(NEW, apply="restart", session_timeout=20)
    assert result["rolled_back"], result["text"]
    assert "The old configuration is back." in result["msg"]
    site.lab.wait_established(*PEERS)
    assert runs(site, OLD)


@pytest.mark.long
@pytest.mark.interrupts
def test_an_frr_that_does_not_start_at_all_is_told_and_the_next_run_mends_it(site: Site) -> None:
    with failing_start(site, "true"):
        result = site.run_module(NEW, apply="restart", session_timeout=20)
    assert result["failed"], result["text"]
    assert (result["rolled_back"], result["changed"]) == (False, True)
    assert "could NOT be restored" in result["msg"]
    assert frr.equal(frr.parse(site.lab.read("/etc/frr/frr.conf")).objects, frr.parse(OLD).objects)


# -- not this router's fault ------------------------------------------------------------------------------------------
def test_a_node_that_goes_down_meanwhile_does_not_undo_a_good_change(site: Site) -> None:
    result: dict[str, Any] = {}
    with around_reload(site, f'[ -e /run/once ] || {{ touch /run/once; {WAITS}; }}; real "$@"'):
        run_of = threading.Thread(target=lambda: result.update(site.run_module(NEW)))
        run_of.start()
        wait_for("the reload", lambda: site.lab.sh("test -e /run/waits", check=False).returncode == 0)
        site.lab.stop_peer(12)
        wait_for("the lost session", lambda: not site.drops()["10.121.0.12"][1])
        site.lab.sh("touch /run/go-on")
        run_of.join(120)
    site.lab.sh("rm -f /run/waits /run/go-on")
    assert (result["failed"], result["changed"]) == (False, True), result["text"]
    assert (
        "the session to 10.121.0.12 closed while the change ran, and not because of it (Peer closed the session); the "
        "change stays: look at that neighbor" in " ".join(result["text"].split())
    )
    assert runs(site, NEW)
    speak(site.lab, 12)
    site.lab.wait_established(*PEERS)


@pytest.mark.long
@pytest.mark.interrupts
def test_a_password_on_this_side_alone_is_applied_and_told(site: Site) -> None:
    result = site.run_module(planned(prefixes=(KEPT, "203.0.113.88/30"), extra=" neighbor nodes password drill\n"))
    assert (result["failed"], result["changed"], result["rolled_back"]) == (False, True, False), result["text"]
    told = " ".join(result["text"].split())
    assert f"not Established after the change of their own configuration: {', '.join(PEERS)}. The other end" in told
    result = site.run_module(NEW)
    assert not result["failed"], result["text"]
    site.lab.wait_established(*PEERS)


# -- candidates that vtysh -C lets through ------------------------------------------------------------------------------
BAD = {
    " neighbor 10.0.0.300 remote-as 5\n": "Create the peer-group",  # an address that is none
    " neighbor 10.0.0.9 peer-group no-such\n": "Configure the peer-group",
    " neighbor nodes timers 30 2\n": "Invalid value",
    " neighbor nodes ttl-security hops 1\n neighbor nodes ebgp-multihop 2\n": "cannot be configured together",
}
"""Lines of the instance that are words of FRR and that BGP refuses -> what it says."""


@pytest.mark.each_version
def test_what_only_bgp_itself_can_refuse_is_refused_before_anything_changes(site: Site) -> None:
    """Where ``bgpd -C`` cannot check (10.7), a throw-away FRR does; the running zebra never sees its daemons."""
    before, sessions, clients = site.fingerprint(), site.drops(), zebra_clients(site)
    result = site.run_module(planned(prefixes=(KEPT, "203.0.113.88/30"), extra="".join(BAD)))
    assert result["failed"], result["text"]
    assert "refuses the configuration, nothing was changed" in result["msg"]
    assert [said for said in BAD.values() if said not in result["msg"]] == []
    assert (site.fingerprint(), site.drops(), zebra_clients(site)) == (before, sessions, clients)
    assert site.lab.sh("ls /run | grep ^cluster-edge; true").stdout == ""


def zebra_clients(site: Site) -> list[str]:
    """Return the names of the daemons that are connected to the running zebra."""
    lines = site.lab.vtysh("show zebra client summary").splitlines()
    return [line.split()[0] for line in lines if line.strip()]


def test_what_no_check_finds_is_taken_back(site: Site) -> None:
    """``bgpd -C`` does not know the router's own addresses."""
    result = site.run_module(planned((1, 11, 12, 13, 14), (KEPT, "203.0.113.92/30")))
    assert result["failed"], result["text"]
    assert not result["changed"]
    assert runs(site, OLD)


def test_a_reload_that_fails_half_way_is_taken_back(site: Site) -> None:
    """As known bugs of it do: it does its work, then a neighbor is missing. No session of another neighbor is reset."""
    sessions = site.drops()
    half = "vtysh -c configure -c 'router bgp 65000' -c 'no neighbor 10.121.0.13'"
    with around_reload(site, f'if [ -e /run/once ]; then real "$@"; else touch /run/once; real "$@"; {half}; fi'):
        result = site.run_module(NEW)
    assert result["rolled_back"], result["text"]
    assert not result["changed"]
    assert "- neighbor 10.121.0.13 peer-group nodes" in result["msg"]
    assert result["msg"].endswith("The old configuration is back.")
    assert runs(site, OLD)
    site.lab.wait_established(*PEERS)
    after = site.drops()
    assert {address: after[address] for address in PEERS[:2]} == {address: sessions[address] for address in PEERS[:2]}


@pytest.mark.each_version
def test_the_table_of_versions_says_what_this_frr_does(site: Site) -> None:
    """Each rule of ``module_utils/_frr/versions.py`` that FRR can be asked for."""
    version = version_tuple(site.run_module(OLD)["version"])
    assert versions.untried(version) == ""
    other = "neighbor 10.121.0.99"
    lines = [f"{other} remote-as 65099", f"{other} enforce-first-as"]
    within = "vtysh -c configure -c 'router bgp 65000' "
    site.lab.sh(within + " ".join(f"-c '{line}'" for line in lines))
    shown = [line.strip() for line in site.lab.vtysh("show running-config").splitlines()]
    retry = site.lab.neighbors()["10.121.0.99"]["connectRetryTimer"]
    site.lab.sh(f"{within} -c 'no {lines[0]}'")
    assert lines[0] in shown
    checked = site.lab.sh(
        "printf 'router bgp 65000\\n neighbor 10.9.9.9 remote-as 5\\n' > /run/checked; chown frr /run/checked; "
        "/usr/lib/frr/bgpd -C -n -f /run/checked -i /run/checked.pid -p 0 -A 127.0.0.1",
        check=False,
    )
    limited = site.lab.sh(
        "printf 'router bgp 65000\\n bgp listen limit 5001\\n' > /run/limited; chown frr /run/limited; "
        "/usr/lib/frr/bgpd -C -n -f /run/limited -i /run/limited.pid -p 0 -A 127.0.0.1 2>&1",
        check=False,
    )
    asked = {
        versions.LONG_LISTEN_LIMIT: "No such command" not in limited.stdout,
        versions.BLOCK_ENDS: "exit" in shown,
        versions.CONNECT_RETRY_30: retry == 30,
        versions.ENFORCE_FIRST_AS: lines[1] not in shown,  # what is the default is not shown
        versions.BGPD_CHECK: checked.returncode == 0,
    }
    assert asked == {rule: rule.holds(version) for rule in asked}

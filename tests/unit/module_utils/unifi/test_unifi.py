# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of the BGP that UniFi Network holds, against the stand-in and a router that runs what it is given."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config as frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.state import SessionState
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._unifi import api, backups, change
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._unifi.client import Client, Credentials, Trust
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._unifi.decide import Look, Wish
from ansible_collections.hybridnet.cluster_edge.plugins.modules import frr_running_info
from ansible_collections.hybridnet.cluster_edge.tests.support.unifi_stand_in import (
    KEY,
    PASSWORD,
    READ_ONLY_KEY,
    USER,
    Server,
    serve,
)

SECRET = "s3cret-of-the-nodes"


def text(*neighbors: int, pool: str = "203.0.113.88/30", password: str = "") -> str:
    """Return a configuration as the role renders it."""
    lines = "".join(f" neighbor 10.121.0.{number} peer-group nodes\n" for number in neighbors)
    secret = f" neighbor nodes password {password}\n" if password else ""
    return (
        "router bgp 65000\n bgp router-id 10.121.0.1\n neighbor nodes peer-group\n neighbor nodes remote-as 65001\n"
        f"{secret}{lines} !\n address-family ipv4 unicast\n  neighbor nodes activate\n"
        "  neighbor nodes route-map nodes-in in\n exit-address-family\nexit\n!\n"
        f"ip prefix-list nodes seq 5 permit {pool} ge 32\n!\n"
        "route-map nodes-in permit 10\n match ip address prefix-list nodes\nexit\n!\n"
    )


class Router:
    """A router whose bgpd runs what UniFi Network pushes, and what is typed into it."""

    def __init__(self) -> None:
        self.running: str | None = "router ospf\n ospf router-id 10.121.0.1\nexit\n"
        self.file = "frr defaults traditional\n"
        self.away = False
        self.errors: tuple[str, ...] = ()
        self.down: set[str] = set()
        self.checked: list[str] = []

    def provision(self, pushed: str | None) -> None:
        """Run a text; what is not BGP stays."""
        rest = (self.running or "").partition("exit\n")[0] + "exit\n"
        self.running = rest + (pushed or "")

    def look(self, whole: str, ours: str, salt: str = "salt") -> Look | None:
        """Return what it says."""
        if self.away:
            return None
        self.checked.append(whole)
        running = self.running or ""
        lines = frr.parse(running).objects.get(frr.BGP, ())
        sessions = {
            name: SessionState(
                name, "Active" if name in self.down else "Established", 65001, frr.group_of(lines, name), {"ipv4": 1}, 0
            )
            for name in frr.neighbors(lines)
            if name[0].isdigit()
        }
        return Look("10.3", frr.digested(running, salt), frr.digested(self.file, salt), sessions, self.errors)


class Site:
    """A stand-in, a router and a folder for backups."""

    def __init__(self, server: Server, router: Router, folder: Path) -> None:
        self.server, self.held, self.router, self.folder = server, server.held, router, folder / "backups"
        self.changes = 0

    def client(self, timeout: float = 3, **credentials: str) -> Client:
        trust = Trust(fingerprint=self.server.fingerprint)
        return Client(
            api.place(self.server.url, "default"), trust, Credentials(**(credentials or {"api_key": KEY})), timeout
        )

    def change(
        self, content: str, stage: str = "replace", client: Client | None = None, **options: Any
    ) -> dict[str, Any]:
        self.changes += 1
        wish = Wish(f"cluster-edge-udm-{self.changes}.conf", content, stage, "10.1", **{"timeout": 3, **options})
        keep = partial(backups.write, str(self.folder), "udm")
        hide = partial(frr.digested, salt="salt")
        return change.Change(client or self.client(), self.router.look, hide, keep).run(wish)

    def kept(self) -> list[str]:
        """Return the texts of the backups, the oldest first."""
        paths = sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []
        return [json.loads(path.read_text("utf-8"))["frr_bgpd_config"] for path in paths]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(change, "EVERY", 0.05)
    monkeypatch.setattr(change, "ANSWER_TIMEOUT", 5)
    monkeypatch.setattr(change, "LATE", 1.0)
    router = Router()
    with serve(tmp_path, router.provision, names="DNS:unifi.local") as server:
        yield Site(server, router, tmp_path)


def test_the_first_text_is_written_enabled_and_proven_and_a_second_run_changes_nothing(site: Site) -> None:
    first = site.change(text(11, 12))
    assert (first["changed"], first["applied"], first["proven"], first["owner"]) == (True, "upload", "router", "nobody")
    entry = site.held.sites["default"]
    assert (entry["enabled"], entry["uploaded_file_name"]) == (True, "cluster-edge-udm-1.conf")
    assert entry["frr_bgpd_config"].startswith("router bgp 65000\n")  # the gateway drops lists that stand before it
    again = site.change(text(11, 12))
    assert (again["changed"], again["applied"], again["proven"]) == (False, "none", "router")
    assert site.held.writes == 1
    assert site.kept() == []


def test_an_upload_by_hand_is_kept_before_it_is_replaced_and_its_other_fields_stay(site: Site) -> None:
    mine = "log syslog informational\n!\n" + text(11)
    site.held.upload(mine)
    result = site.change(text(11, 12), both_stages=True)
    assert result["applied"] == "upload"
    entry = site.held.sites["default"]
    assert (entry["description"], entry["device_mac"], entry["_id"]) == ("by hand", "02:00:00:00:00:01", "65f0c0ffee")
    assert entry["frr_bgpd_config"].startswith("log syslog informational\n")
    assert site.kept() == [mine]
    assert stat.S_IMODE(Path(result["backup"]).stat().st_mode) == 0o600
    assert stat.S_IMODE(site.folder.stat().st_mode) == 0o700


def test_expand_takes_nothing_away_and_contract_does(site: Site) -> None:
    site.held.upload(text(11))
    expanded = site.change(text(12, pool="198.51.100.0/30"), "expand")
    held = str(site.held.text())
    assert all(word in held for word in ("10.121.0.11", "10.121.0.12", "203.0.113.88/30", "198.51.100.0/30"))
    assert "- neighbor 10.121.0.11 peer-group nodes" in expanded["left"]
    assert site.change(text(12, pool="198.51.100.0/30"), "expand")["changed"] is False
    site.change(text(12, pool="198.51.100.0/30"), "contract")
    assert "10.121.0.11" not in str(site.held.text())
    assert site.held.writes == 2


def test_check_mode_shows_and_writes_nothing(site: Site) -> None:
    site.held.upload(text(11))
    result = site.change(text(12, password=SECRET), "expand", check_mode=True, both_stages=True)
    assert result["changed"] is True
    assert "neighbor 10.121.0.11" in result["diff"]["before"]
    assert "neighbor 10.121.0.11" not in result["diff"]["after"]
    assert "password ********" in result["diff"]["after"]
    assert SECRET not in str(result)
    assert (site.held.writes, site.kept()) == (0, [])
    assert all(method == "GET" for method, _path in site.held.asked)


def test_nothing_planned_deletes_an_entry_that_is_ours_alone_and_leaves_what_is_not(site: Site) -> None:
    site.change(text(11))
    result = site.change("")
    assert (result["applied"], site.held.text()) == ("delete", None)
    assert site.change("")["changed"] is False
    site.held.upload("log syslog informational\n!\n" + text(11))
    assert site.change("")["applied"] == "upload"
    assert str(site.held.text()).strip("!\n") == "log syslog informational"
    assert site.change("")["changed"] is False


def test_an_entry_that_is_switched_off_is_switched_on_and_the_diff_says_so(site: Site) -> None:
    site.change(text(11))
    site.held.sites["default"]["enabled"] = False
    result = site.change(text(11))
    assert (result["applied"], site.held.sites["default"]["enabled"]) == ("upload", True)
    assert result["diff"]["before_header"].endswith("(not enabled)")


def test_what_the_router_lost_is_pushed_again(site: Site) -> None:
    """A firmware upgrade, or a push that never came: UniFi Network holds the plan, and the router runs none of it."""
    site.change(text(11))
    site.router.provision(None)
    result = site.change(text(11))
    assert (result["changed"], result["applied"], result["proven"]) == (True, "upload", "router")


# --- who may, and who is asked -----------------------------------------------------------------------------------------


def test_a_login_shows_its_token_at_each_write_and_ends(site: Site) -> None:
    client = site.client(username=USER, password=PASSWORD)
    assert site.change(text(11), client=client)["applied"] == "upload"
    assert len(site.held.sessions) == 1
    client.close()
    assert site.held.sessions == {}


def test_a_session_that_ends_in_the_middle_is_begun_anew(site: Site) -> None:
    client = site.client(username=USER, password=PASSWORD)
    site.held.fault = "expire"
    assert site.change(text(11), client=client)["applied"] == "upload"
    assert site.held.writes == 1


@pytest.mark.parametrize(
    ("credentials", "said"),
    [
        ({"api_key": "wrong"}, "401 to GET: the API key is not known there"),
        ({"api_key": READ_ONLY_KEY}, "(api.err.NoPermission): the admin may not change this"),
        ({"username": USER, "password": "wrong"}, "user name or password is wrong"),
    ],
    ids=["unknown key", "key without rights", "wrong password"],
)
def test_whoever_may_not_changes_nothing(site: Site, credentials: dict[str, str], said: str) -> None:
    site.held.upload(text(11))
    with pytest.raises(EdgeError) as error:
        site.change(text(12), client=site.client(**credentials))
    assert said in str(error.value)
    assert not any(
        secret in str(error.value) for secret in credentials.values() if secret != USER and secret != "wrong"
    )
    assert site.held.text() == text(11)


@pytest.mark.parametrize("key", [f"{SECRET}\n", f"{SECRET} x", "schlüssel-" + SECRET, ""])
def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(site: Site, key: str) -> None:
    with pytest.raises(EdgeError, match="edge_router_controller_api_key: has a character that is in no key") as error:
        site.client(api_key=key)
    assert SECRET not in str(error.value)


def test_nothing_is_sent_to_another_certificate(site: Site, tmp_path: Path) -> None:
    trust = Trust(fingerprint="ab" * 32)
    client = Client(api.place(site.server.url, "default"), trust, Credentials(api_key=KEY), 3)
    with pytest.raises(EdgeError, match=r"shows a certificate of SHA-256 .*, not abab"):
        client.get()
    for trust in (Trust(), Trust(ca_path=str(site.server.certificate))):  # unknown; known, and for another name
        with pytest.raises(EdgeError, match=r"is not trusted: .*fingerprint: takes the one that is there"):
            Client(api.place(site.server.url, "default"), trust, Credentials(api_key=KEY), 3).get()
    with pytest.raises(EdgeError, match=r"ca_path: .* cannot be read"):
        Client(
            api.place(site.server.url, "default"), Trust(ca_path=str(tmp_path / "none")), Credentials(api_key=KEY), 3
        )
    assert site.held.headers == []
    assert (
        Client(api.place(site.server.url, "default"), Trust(validate=False), Credentials(api_key=KEY), 3).get() is None
    )


def test_an_authority_is_enough_for_a_certificate_of_the_right_name(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        trust = Trust(ca_path=str(server.certificate))
        assert Client(api.place(server.url, "default"), trust, Credentials(api_key=KEY), 3).get() is None
        assert server.held.headers[0]["X-API-KEY"] == KEY


@pytest.mark.parametrize(
    ("url", "name"),
    [("http://192.0.2.1", "default"), ("https://192.0.2.1/manage", "default"), ("https://u:p@192.0.2.1", "default"),
     ("https://192.0.2.1", "../x"), ("https://192.0.2.1", "default\n"), ("https://192.0.2.1:99999", "default"), ("https://", "x")],
)  # fmt: skip
def test_another_place_than_a_site_is_refused(url: str, name: str) -> None:
    with pytest.raises(EdgeError):
        api.place(url, name)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("two", "holds 2 BGP entries"),
        ("html", "not UniFi Network's API"),
        ("redirect", "302 to GET: a redirect, and none is followed"),
        ("unsupported", "this site's gateway cannot do BGP by UniFi Network"),
    ],
)
def test_what_is_not_the_api_of_this_router_is_told(site: Site, fault: str, said: str) -> None:
    site.held.upload(text(11))
    site.held.fault = fault
    with pytest.raises(EdgeError, match=said):
        site.change(text(12))
    assert site.held.writes == 0


# --- faults in the middle: the old text or the new one, whole, and the result says which -----------------------------------


@pytest.mark.parametrize("fault", ["fault after", "silent after"])
def test_a_write_whose_answer_is_lost_is_looked_up_and_stands(site: Site, fault: str) -> None:
    site.held.upload(text(11))
    site.held.fault = fault
    result = site.change(text(12), client=site.client(timeout=1))
    assert (result["changed"], result["applied"], result["proven"]) == (True, "upload", "router")
    assert any(warning.endswith("and yet it was done") for warning in result["warnings"])


@pytest.mark.parametrize("fault", ["fault 500", "silent before"])
@pytest.mark.parametrize("before", [None, text(11)], ids=["nothing held", "a text held"])
def test_a_write_of_which_nothing_is_seen_is_unknown_and_never_restored(
    site: Site, fault: str, before: str | None
) -> None:
    if before:
        site.held.upload(before)
    site.held.fault = fault
    result = site.change(text(12), client=site.client(timeout=1))
    assert (result["failed"], result["changed"], result["rolled_back"]) == (True, True, False)
    assert result["applied"] == "unknown"
    assert "and UniFi Network holds the old text\n" in result["msg"]
    assert "The write whose answer was lost may still be done: look at what UniFi Network holds" in result["msg"]
    assert site.held.text() == before


@pytest.mark.parametrize("before", [None, text(11)], ids=["nothing held", "a text held"])
def test_a_write_that_lands_after_its_time_out_is_taken_back(site: Site, before: str | None) -> None:
    if before:
        site.held.upload(before)
    running = site.router.running
    site.held.fault = "late"
    client, reads = site.client(timeout=0.5), []
    ask = client.get

    def asked() -> api.Entry | None:
        found = ask()
        reads.append(found)
        if len(reads) == 4:  # two for the look, the one after the time-out, the first of the restore
            site.held.released.set()
        return found

    client.get = asked  # type: ignore[method-assign]
    result = site.change(text(12), client=client)
    assert len(reads) > 4
    assert (result["failed"], result["changed"], result["rolled_back"]) == (True, False, True), result
    assert result["msg"].endswith("UniFi Network holds the old text again.")
    assert site.held.text() == before
    assert site.router.running == running
    assert site.held.writes == 2


def test_a_removal_of_which_nothing_is_seen_is_unknown(site: Site) -> None:
    assert site.change(text(11))["proven"] == "router"
    site.held.fault = "silent before"
    result = site.change("", client=site.client(timeout=1))
    assert (result["changed"], result["rolled_back"], result["applied"]) == (True, False, "unknown")
    assert site.held.text() == text(11)


def test_a_refused_write_is_an_error_of_nothing_written(site: Site) -> None:
    site.held.upload(text(11))
    site.held.fault = "refuse"
    with pytest.raises(EdgeError, match=r"answered 400 to POST \(api.err.InvalidPayload\)"):
        site.change(text(12))
    assert site.held.text() == text(11)


@pytest.mark.parametrize(
    ("fault", "said"), [("truncate", "does not hold what was written"), ("disable", ", not enabled")]
)
@pytest.mark.parametrize("before", [None, text(11)], ids=["nothing held", "a text held"])
def test_a_text_that_reads_back_differently_is_taken_back(
    site: Site, fault: str, said: str, before: str | None
) -> None:
    if before:
        site.held.upload(before)
    running = site.router.running
    site.held.fault = fault
    result = site.change(text(12))
    assert (result["failed"], result["changed"], result["rolled_back"]) == (True, False, True), result
    assert said in result["msg"]
    assert site.held.text() == before
    assert site.router.running == running


def test_a_text_that_the_router_never_runs_is_taken_back(site: Site) -> None:
    site.held.upload(text(11))
    site.held.fault = "no provision"
    result = site.change(text(12, password=SECRET), timeout=0.3)
    assert (result["failed"], result["rolled_back"]) == (True, True)
    assert "the running configuration is not the planned one" in result["msg"]
    assert site.held.text() == text(11)
    assert SECRET not in str(result)


def test_a_session_that_stays_away_takes_the_text_back(site: Site) -> None:
    site.held.upload(text(11, 13))
    provision = site.held.provision
    site.held.provision = lambda pushed: (provision(pushed), site.router.down.add("10.121.0.13"))[0]
    result = site.change(text(11, 12, 13), timeout=0.3)
    assert (result["failed"], result["rolled_back"]) == (True, True)
    assert "10.121.0.13: was Established, is Active" in result["msg"]
    assert site.held.text() == text(11, 13)


def test_lines_of_others_that_a_push_ends_take_the_text_back(site: Site) -> None:
    """Site Magic's OSPF runs in the same FRR."""
    site.held.upload(text(11))
    provision, ospf = site.held.provision, site.router.running

    def push(pushed: str | None) -> None:
        provision(pushed)
        if pushed != text(11):
            site.router.running = str(site.router.running).replace(
                "router ospf\n ospf router-id 10.121.0.1\nexit\n", ""
            )

    site.held.provision = push
    result = site.change(text(11, 12), timeout=0.3)
    assert "lines that are not ours do not run any more: router ospf: ospf router-id 10.121.0.1" in result["msg"]
    assert site.held.text() == text(11)
    assert not result["rolled_back"]  # the text is back, and what the push ended is not
    assert "the router does not run it again" in result["msg"]
    assert ospf != site.router.running


def test_a_controller_that_stays_silent_is_unknown_and_the_next_run_completes(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change, "ANSWER_TIMEOUT", 0.2)
    site.held.upload(text(11))
    client = site.client()
    write = client.post

    def gone(entry: api.Entry) -> None:
        write(entry)
        site.held.fault = "redirect"

    monkeypatch.setattr(client, "post", gone)
    result = site.change(text(12), client=client)
    assert (result["failed"], result["changed"], result["applied"]) == (True, True, "unknown")
    assert "could NOT be restored" in result["msg"]
    site.held.fault = ""
    assert site.change(text(12))["proven"] == "router"
    assert site.held.text() == text(12)


def test_without_a_backup_nothing_is_written(site: Site) -> None:
    site.held.upload(text(11))
    site.folder.write_text("in the way")
    with pytest.raises(EdgeError, match="takes no backup, so nothing was written"):
        site.change(text(12))
    assert site.held.writes == 0


def test_a_router_that_refuses_the_text_keeps_it_from_being_written(site: Site) -> None:
    site.router.errors = ("% Unknown command",)
    with pytest.raises(EdgeError, match="this router's FRR refuses the configuration, nothing was written: % Unknown"):
        site.change(text(11))
    assert site.router.checked[0] == text(11)
    assert site.held.writes == 0


@pytest.mark.parametrize("before", [None, text(11)], ids=["nothing held", "a text held"])
def test_a_router_out_of_reach_is_not_written_unasked(site: Site, before: str | None) -> None:
    if before:
        site.held.upload(before)
    site.router.away = True
    with pytest.raises(EdgeError, match=r"nobody can see what runs there .* edge_router_take_over: \[unseen\]"):
        site.change(text(12))
    assert site.held.text() == before
    assert site.held.writes == 0
    shown = site.change(text(12), check_mode=True)
    assert any("without check mode the run ends here: the router" in warning for warning in shown["warnings"])


def test_a_router_out_of_reach_that_is_let_go_of_is_written_and_said_to_be_unproven(site: Site) -> None:
    site.router.away = True
    result = site.change(text(11), take_over=("unseen",))
    assert (result["applied"], result["proven"]) == ("upload", "controller")
    assert "cannot be reached by SSH" in result["warnings"][0]
    again = site.change(text(11))  # nothing to write needs no word
    assert (again["changed"], again["proven"]) == (False, "controller")


# --- two owners ------------------------------------------------------------------------------------------------------------


def test_a_list_that_the_routers_ospf_uses_is_not_filled_without_a_word(site: Site) -> None:
    """UniFi Network holds BGP alone: only a look at the router shows who else uses a name."""
    site.change(text(11))
    site.router.running = (site.router.running or "").replace(
        "exit\n", " redistribute static route-map nodes-in\nexit\n", 1
    )
    wider = text(11, pool="203.0.113.80/28")
    with pytest.raises(EdgeError) as error:
        site.change(wider)
    assert str(error.value) == (
        "ip prefix-list nodes: 'router ospf: redistribute static route-map nodes-in' on the router uses it too, and the plan"
        " fills ip prefix-list nodes otherwise, so the change would decide there as well; nothing was changed (give it another"
        " name on the router, or the peering another one (names.peer_group), and run again; or let the plan decide there too,"
        " by name (lines of it that only run may go): edge_router_take_over: ['ip prefix-list nodes'])"
    )
    assert (site.held.writes, site.change(text(11))["changed"]) == (1, False)
    assert site.change(wider, take_over=("ip prefix-list nodes",))["applied"] == "upload"


def test_a_consent_to_decide_for_others_lets_typed_lines_go_and_says_so(site: Site) -> None:
    typed = "ip prefix-list nodes seq 50 permit 192.0.2.1/32"
    site.change(text(11))
    running = (site.router.running or "").replace("exit\n", " redistribute static route-map nodes-in\nexit\n", 1)
    site.router.running = running.replace("route-map nodes-in permit 10\n", f"{typed}\nroute-map nodes-in permit 10\n")
    wider = text(11, pool="203.0.113.80/28")
    with pytest.raises(EdgeError) as error:
        site.change(wider)
    assert "lines of it that only run may go" in str(error.value)
    assert site.change(wider, take_over=("ip prefix-list nodes",))["applied"] == "upload"
    assert typed not in (site.router.running or "")


def test_bgp_in_the_file_as_well_is_refused_and_shown_in_check_mode(site: Site) -> None:
    site.router.file = text(13)
    site.router.running = str(site.router.running) + text(13)
    with pytest.raises(EdgeError, match=r"two owners undo each other \(to keep it there: edge_router_bgp_owner: file"):
        site.change(text(11))
    shown = site.change(text(11), check_mode=True)
    assert shown["owner"] == "file"
    assert "without check mode the run ends here: /etc/frr/frr.conf: has a BGP instance" in shown["warnings"][0]
    assert site.held.writes == 0


def test_a_firmware_that_writes_the_upload_into_the_file_is_no_second_owner(site: Site) -> None:
    site.held.upload(text(11))
    site.router.file = text(11)
    assert site.change(text(11, 12))["applied"] == "upload"


def test_lines_typed_into_vtysh_are_not_lost_unasked(site: Site) -> None:
    site.held.upload(text(11))
    typed = text(11).replace(
        " !\n", f" neighbor 10.121.0.99 remote-as 65009\n neighbor 10.121.0.99 password {SECRET}\n !\n"
    )
    site.router.provision(typed)
    with pytest.raises(EdgeError, match=r"router bgp 65000: neighbor 10\.121\.0\.99 remote-as 65009") as error:
        site.change(text(11, 12))
    assert "edge_router_take_over: ['router bgp 65000']" in str(error.value)
    assert SECRET not in str(error.value)
    assert site.change(text(11, 12), take_over=("router bgp 65000",))["applied"] == "upload"


def test_an_upload_between_look_and_write_is_looked_at_again(site: Site) -> None:
    site.held.upload(text(11))
    client = site.client()
    look, uploads = site.router.look, [text(11, 14), text(11, 15)]

    def busy(whole: str, ours: str) -> Look | None:
        if uploads:
            site.held.upload(uploads.pop(0))
        return look(whole, ours)

    site.router.look = busy  # type: ignore[method-assign]
    site.change(text(11, 12), "expand", client=client)
    assert "10.121.0.15" in str(site.held.text())


@pytest.mark.parametrize("fault", ["", "no provision"])
def test_an_upload_while_a_change_is_proven_is_not_taken_back(site: Site, fault: str) -> None:
    """By hand, or of a second run at the same time: what was before us is not what they replaced."""
    site.held.upload(text(11))
    site.held.fault = fault
    look, looks = site.router.look, iter(range(100))

    def meanwhile(whole: str, ours: str) -> Look | None:
        if next(looks) == 1:
            site.held.upload(text(11, 77))
        return look(whole, ours)

    site.router.look = meanwhile  # type: ignore[method-assign]
    result = site.change(text(11, 12), timeout=0.3)
    assert (result["failed"], result["rolled_back"], result["applied"]) == (True, False, "unknown")
    assert "somebody else uploaded another text meanwhile, which stays" in result["msg"]
    assert site.held.text() == text(11, 77)


ANOTHER = text(21, 22).replace("65000", "64999")


@pytest.mark.parametrize("content", [pytest.param("", id="absent"), pytest.param(text(11, 12), id="present")])
@pytest.mark.parametrize("stage", ["expand", "replace"])
def test_what_another_gateway_runs_is_not_written_over(site: Site, content: str, stage: str) -> None:
    """A wrong url or a wrong site: what is held there is enabled, and the router that was looked at runs none of it."""
    alone = site.router.running
    site.held.upload(ANOTHER)
    site.router.running = alone
    with pytest.raises(EdgeError) as caught:
        site.change(content, stage)
    assert str(caught.value) == (
        "edge_router_controller: UniFi Network holds 'router bgp 64999' there, enabled, and this router runs no BGP: it may"
        " be another gateway's (correct its url, its site, or the router's address; or, where it is this router's and does"
        " not come up there, let go of it by name: edge_router_take_over: [router bgp 64999])"
    )
    site.router.running = (alone or "") + text(11, 12)
    with pytest.raises(EdgeError, match="and this router runs 'router bgp 65000'"):
        site.change(content, stage)
    assert site.held.writes == 0


def test_what_does_not_come_up_on_the_router_is_let_go_of_by_name(site: Site) -> None:
    alone = site.router.running
    site.held.upload(ANOTHER)
    site.router.running = alone
    result = site.change(text(11, 12), take_over=("router bgp 64999",))
    assert (result["changed"], result["applied"], result["proven"]) == (True, "upload", "router")


def test_what_ran_before_the_upload_proves_nothing_of_it(site: Site) -> None:
    """Somebody typed it into vtysh, or UniFi Network holds it and has it switched off."""
    site.router.running = (site.router.running or "") + text(11, 12)
    result = site.change(text(11, 12))
    assert (result["applied"], result["proven"]) == ("upload", "controller")


def test_backups_of_a_router_whose_name_begins_alike_are_not_touched(tmp_path: Path) -> None:
    for number in range(backups.KEEP):
        backups.write(str(tmp_path), "gw.2nd", {"number": number})
    for number in range(backups.KEEP + 3):
        backups.write(str(tmp_path), "gw", {"number": number})
    assert [len(backups.of_router(str(tmp_path), name)) for name in ("gw", "gw.2nd")] == [backups.KEEP, backups.KEEP]


def test_what_a_router_runs_is_not_hidden_where_it_is_the_candidate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Ansible takes the value of an option that is not logged out of all that a module returns."""
    whole = text(11, 12)
    monkeypatch.setattr(frr_running_info.programs, "DAEMONS", str(tmp_path))
    monkeypatch.setattr(frr_running_info.AnsibleModule, "get_bin_path", lambda *_arguments: "/usr/bin/vtysh")
    monkeypatch.setattr(
        frr_running_info, "look", lambda _salt, candidate, candidate_bgp: {"running": candidate, "file": candidate_bgp}
    )
    coded = base64.b64encode(whole.encode()).decode()
    given = {"salt": "salt of the test", "candidate": coded, "candidate_bgp": coded}
    with patch_module_args(given), pytest.raises(SystemExit):
        frr_running_info.main()
    said = json.loads(capsys.readouterr().out)
    assert (said["running"], said["file"]) == (whole, whole)


def test_ten_backups_of_a_router_are_kept_and_no_others_are_touched(tmp_path: Path) -> None:
    other = backups.write(str(tmp_path), "udm.lab", {"frr_bgpd_config": "other"})
    paths = [backups.write(str(tmp_path), "udm", {"frr_bgpd_config": str(number)}) for number in range(13)]
    assert [str(tmp_path / name) for name in backups.of_router(str(tmp_path), "udm")] == paths[-10:]
    assert Path(other).exists()


def test_passwords_are_compared_by_digests(site: Site) -> None:
    site.change(text(11, password=SECRET))
    assert site.change(text(11, password=SECRET))["changed"] is False
    result = site.change(text(11, password=SECRET + "2"))
    assert result["changed"] is True
    assert "password ******** (changed)" in result["diff"]["after"]
    assert SECRET not in json.dumps(result)

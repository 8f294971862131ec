# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions and findings have one source: whoever changes an entry there changes the plan, verify and every page.

Defaults of keys: ``tests/unit/inventory/test_keys.py``. Texts that quote a version by hand: ``tests/unit/docs/test_versions.py``.
"""

from __future__ import annotations

import os
import pwd
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import transaction
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import versions as frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import check
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.frr.compare import frr_difference
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.table import LIVE_CODES, PLAN_CODES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._new_inventory.questions import QUESTIONS, Question
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._resolve.clusters.faults import CHECKS
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._versions import cilium
from ansible_collections.hybridnet.cluster_edge.tests.support.generate import generate
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_document, inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.invalid import CASES, edited, found
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import rendered
from ansible_collections.hybridnet.cluster_edge.tests.unit.findings.test_examples import FOUND as FOUND_BY_PLAN
from ansible_collections.hybridnet.cluster_edge.tests.unit.inventory.test_keys import TABLE
from ansible_collections.hybridnet.cluster_edge.tests.unit.module_utils.frr.test_transaction import router
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_codes import FOUND as FOUND_BY_VERIFY
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_services import chart_missing
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_verify import no_bgp

LATER: cilium.Version = (1, 20, 0)
EARLIER: cilium.Version = (1, 16, 0)

GATES = {".".join(place): (place, needed) for place, needed in cilium.GATES.items()}
FAULTS = {
    cilium.SEVERAL_INSTANCES: "advertises wrongly",
    cilium.NO_SESSION_STATE: "reports no state of BGP sessions (update",
    cilium.POOL_OF_BLOCKS: "loses its operator",
    cilium.MD5_UNAVAILABLE: "brings up no session with a password",
    cilium.SHARED_PORTS: "no common address",
    cilium.MOVING_ADDRESSES: "may give",
    cilium.PROXY_IS_NOT_LOCAL: "sees no local endpoint",
    cilium.L2_RESPONDER: "may stop answering ARP",
    cilium.LOCAL_FROM_ALL: "may announce",
    cilium.LOCAL_FROM_INSIDE: "from a node without an endpoint",
    cilium.TALOS_HOST_DNS: "no answer from the host DNS",
    cilium.SERVICELB: "and servicelb of k3s",
    cilium.SHARED_ON_L2: "elects a node on L2 for each service",
    cilium.DEFAULT_ROUTE: "by the node's default route",
}
"""Fault of Cilium -> what its finding says."""


@contextmanager
def changed(entry: Any, **fields: Any) -> Iterator[None]:
    """Give an entry of a table other values for a while."""
    before = {name: getattr(entry, name) for name in fields}
    for name, value in fields.items():
        object.__setattr__(entry, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            object.__setattr__(entry, name, value)


def case_with(text: str) -> dict[str, Any]:
    """Return the first invalid inventory one of whose findings has ``text`` in it."""
    return next(case for case in CASES if any(text in line for line in case["finds"]))


def findings_of(case: dict[str, Any], about: str) -> list[str]:
    """Return the findings of a case that have ``about`` in them."""
    document = edited(case.get("set", {}), case.get("remove", ()), case.get("base"))
    return [line for line in found(document, case.get("kept")) if about in line]


def pages(*names: str) -> str:
    """Return generated files, one after the other."""
    return "".join(generate.GENERATED[name]() for name in names)


def test_the_keys_that_need_a_version_are_the_gates() -> None:
    needs = {tuple(name for name in place if name != "*"): key.needs for _group, place, key in TABLE if key.needs}
    assert needs == cilium.GATES


@pytest.mark.parametrize("name", GATES)
def test_plan_and_pages_follow_a_gate(name: str) -> None:
    place, needed = GATES[name]
    about = f"{needed.what} needs"
    case = case_with(f"{'.'.join(place[1:]) or place[0]}: {about}")
    written = ["docs/reference/inventory.md", "docs/reference/inventory.schema.json", "docs/cluster.md"]
    if len(place) == 1:
        written.append("roles/edge/meta/argument_specs.yml")
    before, said = findings_of(case, about), f"needs Cilium {needed.version},"
    assert before
    assert all(said in line for line in before)
    with changed(needed, since=LATER):
        assert findings_of(case, about) == [line.replace(said, "needs Cilium 1.20,") for line in before]
        for page in written:
            assert ("| 1.20 |" if page == "docs/cluster.md" else "Cilium 1.20 or later.") in pages(page)
    with changed(needed, since=EARLIER):
        assert findings_of(case, about) == []


@pytest.mark.parametrize(
    ("needed", "about"),
    [(cilium.L2_IPV6, cilium.L2_IPV6.what), (cilium.IDENTIFIER_WITHOUT_IPV4, "IPv4 is off")],
    ids=["L2 with IPv6", "identifier without IPv4"],
)
def test_the_plan_follows_what_cilium_must_be_able_to_do_beside_keys(needed: cilium.Capability, about: str) -> None:
    case = case_with(about)
    (before,) = findings_of(case, about)
    with changed(needed, since=LATER):
        assert findings_of(case, about) == [before.replace("1.19,", "1.20,").replace("Cilium 1.18)", "Cilium 1.20)")]
        assert "| 1.20 |" in pages("docs/cluster.md")
    with changed(needed, since=EARLIER):
        assert findings_of(case, about) == []


def fault_row(fault: cilium.Fault) -> str:
    """Return the row of a fault in the page of the cluster."""
    does = fault.does.format(concerned=fault.concerned)
    (row,) = [line for line in pages("docs/cluster.md").splitlines() if f"| {does} |" in line]
    return row


@pytest.mark.parametrize("fault", FAULTS, ids=FAULTS.values())
def test_plan_and_page_follow_a_fault_of_cilium(fault: cilium.Fault) -> None:
    about = FAULTS[fault]
    case = case_with(about)
    before = findings_of(case, about)
    assert before
    assert all(fault.instead in line for line in before)
    with changed(fault, since=(1, 99, 0), spared=()):
        assert findings_of(case, about) == []
        assert fault_row(fault).startswith("| from 1.99 on")
    with changed(fault, code="EDGE610"):
        assert findings_of(case, about) == [f"EDGE610{line.removeprefix(fault_code(line))}" for line in before]
        assert fault_row(fault).endswith("| [EDGE610](findings.md#edge610), error |")
    with changed(fault, upstream=("nobody/cilium#7",)):
        assert all("[nobody/cilium#7] (" in line for line in findings_of(case, about))
        assert "| [cilium #7](https://github.com/nobody/cilium/issues/7) |" in fault_row(fault)
    with changed(fault, instead="stand on one leg"):
        assert all("(stand on one leg" in line for line in findings_of(case, about))
        assert "| stand on one leg |" in fault_row(fault)


def fault_code(line: str) -> str:
    """Return the code with which a finding begins."""
    return line.partition(" ")[0]


MENDED = [(fault, fault.mended) for fault in FAULTS if fault.mended is not None]


@pytest.mark.parametrize(("fault", "mended"), MENDED, ids=[FAULTS[fault] for fault, _mended in MENDED])
def test_plan_and_page_follow_the_version_that_mends_a_fault(fault: cilium.Fault, mended: cilium.Version) -> None:
    about = FAULTS[fault]
    case = case_with(about)
    before, said = findings_of(case, about), f"update to Cilium {cilium.text_of(mended)})"
    assert said in before[0]
    with changed(fault, mended=(1, 20, 1)):
        assert findings_of(case, about) == [line.replace(said, "update to Cilium 1.20.1)") for line in before]
        assert "before 1.20.1 |" in fault_row(fault)
    with changed(fault, mended=EARLIER, spared=()):
        assert findings_of(case, about) == []


def test_every_fault_is_tried_and_looked_for() -> None:
    assert list(FAULTS) == list(cilium.FAULTS) == [fault for fault, _met in CHECKS]


@pytest.mark.parametrize("kind", cilium.V2_SINCE)
def test_the_plan_follows_the_first_version_of_an_api(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    document = edited({"node01|edge_node_router_id": "10.255.0.1"})

    def served() -> set[str]:
        cluster = plan(inventory_from(document)).data["clusters"]["platform"]
        return {item["apiVersion"] for item in (*cluster["bgp"], *cluster["lb"]) if item["kind"] == kind}

    assert served() == {"cilium.io/v2"}
    monkeypatch.setitem(cilium.V2_SINCE, kind, (1, 99, 0))  # type: ignore[arg-type]
    assert served() == {"cilium.io/v2alpha1"}


def test_no_kind_is_planned_in_a_version_that_is_to_go() -> None:
    document = edited({"platform|edge_cilium_version": cilium.text_of(cilium.V2ALPHA1_UNTIL) + ".0"})
    assert [finding.code for finding in plan(inventory_from(document)).findings] == ["EDGE602"]
    cluster = plan(inventory_from(document)).data["clusters"]["platform"]
    versions = {item["kind"]: item["apiVersion"] for item in (*cluster["bgp"], *cluster["lb"])}
    assert versions == {
        **{kind: "cilium.io/v2" for kind in versions if kind in cilium.V2_SINCE},
        "CiliumL2AnnouncementPolicy": "cilium.io/v2alpha1",  # there is no other
    }


def test_plan_and_router_follow_the_oldest_frr(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(hybrid_document()) == []
    transaction.refuse(router(version="10.1"), "linux")
    monkeypatch.setattr(frr, "OLDEST", (10, 2))
    assert [line.partition(" (")[0] for line in found(hybrid_document())] == [
        "EDGE615 udm-pro.edge_router_frr_version: 10.1 is older than 10.2, the oldest version that is supported"
    ]
    with pytest.raises(EdgeError, match=r"is older than 10\.2"):
        transaction.refuse(router(version="10.1"), "linux")


NEIGHBOR = "router bgp 65001\n neighbor 10.0.0.5 remote-as 65002\n"


def ends_blocks() -> bool:
    """Return whether template and transaction end a block for FRR 10.3."""
    text = rendered(plan(inventory_from(hybrid_document())).data["routers"]["udm-pro"]["frr"], "10.3")
    ends = {"\nexit\n" in item for item in (text, transaction.plan(router(), text, "replace", "auto").file_text)}
    assert len(ends) == 1
    return ends.pop()


def asks_bgpd() -> bool:
    """Return whether bgpd itself checks the candidate of FRR 10.3."""
    asked: list[str] = []

    def bgpd_check(folder: str) -> tuple[int, str]:
        asked.append(folder)
        return 0, check.CANARY

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check.pwd, "getpwnam", lambda _name: pwd.getpwuid(os.getuid()))
        patch.setattr(check, "run", lambda _argv: (0, "", ""))
        patch.setattr(check, "_bgpd_check", bgpd_check)
        patch.setattr(check, "throw_away_load", lambda _folder: "")
        patch.setattr(check, "scratch_folder", tempfile.mkdtemp)
        verdict = check.check("", "", "10.3")
    told = "'bgpd -C' of FRR 10.3 aborts on static neighbors: it was loaded into a throw-away FRR instead"
    assert verdict == check.Verdict([], [] if asked else [told])
    return bool(asked)


def means_the_same(line: str, header: str = "") -> bool:
    """Return whether a line changes nothing on FRR 10.3."""
    return frr_difference(header + NEIGHBOR, NEIGHBOR + line, "10.3") == []


def routes_stay_after_the_hold_time() -> bool:
    """Return whether the plan adds the restart time to the hold time for FRR 10.3."""
    document = hybrid_document()
    document["all"]["vars"]["edge_router_frr_version"] = "10.3"
    rows = plan(inventory_from(document)).data["failures"]
    (most,) = {item["most"] for item in rows if item["failure"] == "node" and item["way"].startswith("BGP")}
    assert most in (30, 45)
    return most == 45


def takes_many_dynamic_neighbors() -> bool:
    """Return whether 6000 neighbors may dial into a router with FRR 10.3."""
    many = {"dynamic": {"limit": 6000}}
    document = edited({"site|edge_router_frr_version": "10.3", "site|edge_peerings": {"k8s": many}}, base="small")
    return not any(finding.code == "EDGE326" for finding in plan(inventory_from(document)).findings)


RULES: dict[frr.Rule, Callable[[], bool]] = {
    frr.BLOCK_ENDS: ends_blocks,
    frr.BGPD_CHECK: asks_bgpd,
    frr.CONNECT_RETRY_30: lambda: means_the_same(" neighbor 10.0.0.5 timers connect 30\n"),
    frr.ENFORCE_FIRST_AS: lambda: means_the_same(" neighbor 10.0.0.5 enforce-first-as\n"),
    frr.LONG_LISTEN_LIMIT: takes_many_dynamic_neighbors,
    frr.KEEPS_AFTER_NOTIFICATION: routes_stay_after_the_hold_time,
    frr.EBGP_REQUIRES_POLICY: lambda: means_the_same("", header="frr version 10.3\n"),
}
"""Rule -> whether what follows it takes it for FRR 10.3."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_is_done_and_the_page_follow_a_rule_of_frr(rule: frr.Rule) -> None:
    follows = RULES[rule]
    assert follows()
    with changed(rule, since=(10, 4)):
        assert not follows()
        (row,) = [line for line in pages("docs/router.md").splitlines() if line.startswith(f"| {rule.what} (")]
        assert "(from 10.4 on" in row
        assert "| no | no | no |" in row
    assert follows()


def test_every_rule_of_frr_is_tried() -> None:
    assert set(RULES) == set(frr.RULES)


def test_plan_and_page_follow_the_severity_of_a_code() -> None:
    document = edited({"site|edge_peerings|public-ingress|asn": 64500})
    assert not plan(inventory_from(document)).failed
    with changed(PLAN_CODES["EDGE302"], severity="error"):
        computed = plan(inventory_from(document))
        assert computed.failed
        assert [item.severity for item in computed.findings] == ["error"]
        assert "| [EDGE302](#edge302) | error |" in pages("docs/findings.md")
        accepted = edited({"site|edge_accept": {"EDGE302": "a lab"}})
        assert [line.partition(":")[0] for line in found(accepted)] == ["EDGE115 edge_accept.EDGE302"]


@pytest.mark.parametrize("field", ["title", "why", "example"])
def test_the_page_follows_the_words_of_a_code(field: str) -> None:
    with changed(PLAN_CODES["EDGE401"], **{field: "Other words"}):
        assert "Other words" in pages("docs/findings.md")
    assert "Other words" not in pages("docs/findings.md")


@pytest.mark.parametrize("field", ["problem", "hint"])
def test_verify_follows_the_words_of_a_code(field: str) -> None:
    site = LiveSite()
    no_bgp(site)
    (before,) = site.texts()
    words = getattr(LIVE_CODES["EDGE806"], field)
    with changed(LIVE_CODES["EDGE806"], **{field: "other words"}):
        assert site.texts() == [before.replace(words, "other words")]
        assert site.texts()[0] not in FOUND_BY_VERIFY  # so that the test of the example fails, until it is corrected


def test_verify_and_page_follow_severity_and_polling_of_a_code() -> None:
    site = LiveSite()
    chart_missing(site)
    assert not site.verify().errors
    with changed(LIVE_CODES["EDGE861"], severity="error", settles=True):
        assert site.verify().may_settle
        section = pages("docs/verify.md").partition("</a>EDGE861")[2]
        assert section.splitlines()[2] == "*error* Verify looks again."


@pytest.mark.parametrize("question", [item for item in QUESTIONS if item.default], ids=lambda item: item.name)
def test_the_files_follow_the_default_of_a_question(question: Question) -> None:
    with changed(question, default="other-words"):
        assert "Without it V(other-words)." in pages("plugins/modules/edge_new.py")
        assert "Default: other-words." in pages("roles/edge/meta/argument_specs.yml")
        assert ("      default: other-words\n" in pages("playbooks/new.yml")) == question.asked


def test_an_example_that_nothing_produces_is_found_out() -> None:
    assert f"EDGE401 {PLAN_CODES['EDGE401'].example}" in FOUND_BY_PLAN
    assert f"EDGE401 {PLAN_CODES['EDGE401'].example}." not in FOUND_BY_PLAN

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file of the corpus may say, and that verify's words about somebody else do not count as its fault's."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.code import ERROR, WARNING
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.finding import Finding
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.table import LIVE_CODES
from ansible_collections.hybridnet.cluster_edge.tests.support import corpus
from ansible_collections.hybridnet.cluster_edge.tests.support.corpus import Judging
from ansible_collections.hybridnet.cluster_edge.tests.support.faults import (
    ANY,
    FOLDER,
    Fault,
    faults,
    read_fault,
    touched,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan

FAULTS = faults()
STALE = "udm-pro prefix 203.0.113.93/32 (platform ingress-nginx-public/ingress-nginx-controller)"
MINIMAL = {"fault": "One.", "kind": "router", "break": [{"vtysh": ["x"]}], "finds": {"EDGE813": {"udm-pro": None}}}
KNOWN = "also, break, ci, edit, fault, finds, kind, router, source, touches, within"
STEPS_TEXT = (
    "vtysh; router, undo; in, run, undo; inside, run, undo; freeze; patch, with; delete; create, with; anew; anew, with"
)


def written(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / "one.yml"
    path.write_text(yaml.safe_dump({key: value for key, value in content.items() if value != "gone"}), "utf-8")
    return path


def finding(code: str, path: str, problem: str = "it is so") -> Finding:
    return Finding(code, LIVE_CODES[code].severity, path, problem, None)


def neighbor(number: int, peering: str = "public-ingress") -> str:
    return f"udm-pro neighbor 10.121.0.1{number} (node0{number}, peering {peering})"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"find": {}}, f"find: no such key (known: {KNOWN})", id="unknown key"),
        pytest.param({"kind": "gone"}, "kind: missing", id="no kind"),
        pytest.param({"break": "gone"}, "nothing is broken: give it 'break' or 'edit'", id="nothing broken"),
        pytest.param(
            {"break": [{"vtysh": ["x"]}, {"patch": "/a"}]},
            f"break[1]: no step has the keys patch (known: {STEPS_TEXT})",
            id="half a step",
        ),
        pytest.param(
            {"break": [{"router": "true", "unod": "true"}]},
            f"break[0]: no step has the keys router, unod (known: {STEPS_TEXT})",
            id="unknown key of a step",
        ),
        pytest.param(
            {"finds": "gone"},
            "finds: missing; one.yml: finds: no mapping of codes (CODE: {PLACE: TEXT})",
            id="no finds",
        ),
        pytest.param({"finds": ["EDGE813"]}, "finds: no mapping of codes (CODE: {PLACE: TEXT})", id="codes alone"),
        pytest.param(
            {"finds": {"EDGE813": None}},
            "finds.EDGE813: names nobody (whom must verify blame? PLACE: TEXT, or PLACE: for whatever is said of it)",
            id="a code without a place",
        ),
        pytest.param(
            {"finds": {"EDGE813": {"... neighbor": None}}},
            "finds.EDGE813: ... neighbor: a place begins with its router, cluster or site",
            id="a place of any router",
        ),
        pytest.param(
            {"finds": {"EDGE813": {"udm-pro": 5}}},
            "finds.EDGE813: udm-pro: 5 is no text (quote it, or leave it out)",
            id="a number for a text",
        ),
        pytest.param(
            {"also": {}},
            "also: names nobody (whom must verify blame? PLACE: TEXT, or PLACE: for whatever is said of it)",
            id="empty also",
        ),
        pytest.param(
            {"also": {"udm-pro": ["x", ""]}},
            "also: udm-pro: '' is no text (quote it, or leave it out)",
            id="empty text",
        ),
        pytest.param(
            {"touches": ["node node09"]},
            "touches: node node09: the reference site has no such thing (session NODE PEERING; node NODE; peering PEERING)",
            id="a node that is none",
        ),
        pytest.param(
            {"touches": ["service dummy"]},
            "touches: service dummy: the reference site has no such thing (session NODE PEERING; node NODE; peering PEERING)",
            id="an unknown kind",
        ),
    ],
)
def test_a_file_that_says_something_else_is_refused(change: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(f'one.yml: {told}')}$"):
        read_fault(written(tmp_path, {**MINIMAL, **change}))


def test_a_small_file_is_read(tmp_path: Path) -> None:
    fault = read_fault(written(tmp_path, MINIMAL))
    assert (fault.name, fault.within, [str(blame) for blame in fault.finds["EDGE813"]]) == ("one", 20.0, ["udm-pro"])


FINDS = {"EDGE813": {neighbor(1): None}}
FROM_ONE = {"EDGE840": {STALE: "not accepted from node01"}}


@pytest.mark.parametrize(
    ("said", "finds", "lacking"),
    [
        pytest.param([("EDGE813", neighbor(1))], FINDS, [], id="of whom it breaks"),
        pytest.param([("EDGE813", neighbor(2))], FINDS, [f"EDGE813 {neighbor(1)}"], id="of another node"),
        pytest.param([("EDGE811", neighbor(1))], FINDS, [f"EDGE813 {neighbor(1)}"], id="by another code"),
        pytest.param([("EDGE813", neighbor(1)), ("EDGE813", neighbor(2))], FINDS, [], id="of another one too"),
        pytest.param(
            [("EDGE813", neighbor(1))],
            {"EDGE813": {neighbor(1): None, neighbor(2): None}},
            [f"EDGE813 {neighbor(2)}"],
            id="of one of two",
        ),
        pytest.param([("EDGE840", STALE, "not accepted from node01")], FROM_ONE, [], id="the whole text"),
        pytest.param(
            [("EDGE840", STALE, "not accepted from node01, node02")],
            FROM_ONE,
            [f"EDGE840 {STALE}: not accepted from node01"],
            id="the text names one more",
        ),
        pytest.param(
            [("EDGE840", STALE, "not accepted from node02")],
            FROM_ONE,
            [f"EDGE840 {STALE}: not accepted from node01"],
            id="the text names another one",
        ),
        pytest.param(
            [("EDGE811", neighbor(1), "the session is Active (x), not Established")],
            {"EDGE811": {neighbor(1): "the session is ..., not Established..."}},
            [],
            id="any text in between, and none at the end",
        ),
        pytest.param(
            [("EDGE849", "udm-pro", "one")],
            {"EDGE849": {"udm-pro": ["one", "two"]}},
            ["EDGE849 udm-pro: two"],
            id="one of two texts",
        ),
        pytest.param(
            [("EDGE813", "udm-proX")], {"EDGE813": {"udm.pro": None}}, ["EDGE813 udm.pro"], id="no pattern of re"
        ),
    ],
)
def test_a_code_alone_is_not_enough(
    said: list[tuple[str, ...]], finds: dict[str, Any], lacking: list[str], tmp_path: Path
) -> None:
    fault = read_fault(written(tmp_path, {**MINIMAL, "finds": finds}))
    assert [*fault.lacking([finding(*item) for item in said])] == lacking


@pytest.mark.parametrize(
    ("said", "more", "strangers"),
    [
        pytest.param(("EDGE813", neighbor(1)), {}, [], id="whom it names"),
        pytest.param(("EDGE813", neighbor(2)), {}, [f"EDGE813 {neighbor(2)}: it is so"], id="another node"),
        pytest.param(
            ("EDGE811", neighbor(1)), {}, [f"EDGE811 {neighbor(1)}: it is so"], id="another code of its place"
        ),
        pytest.param(("EDGE811", neighbor(2)), {"also": {neighbor(2): None}}, [], id="also"),
        pytest.param(
            ("EDGE811", neighbor(2)),
            {"also": {neighbor(2): "it is not"}},
            [f"EDGE811 {neighbor(2)}: it is so"],
            id="also, with another text",
        ),
        pytest.param(("EDGE895", neighbor(2)), {}, [], id="a warning"),
        pytest.param(("EDGE811", neighbor(1)), {"touches": ["session node01 public-ingress"]}, [], id="its session"),
        pytest.param(
            ("EDGE811", neighbor(2)),
            {"touches": ["session node01 public-ingress"]},
            [f"EDGE811 {neighbor(2)}: it is so"],
            id="the session of another node",
        ),
        pytest.param(
            ("EDGE840", STALE, "not accepted from node01"), {"touches": ["node node01"]}, [], id="a route of its node"
        ),
        pytest.param(
            ("EDGE840", STALE, "not accepted from node02"),
            {"touches": ["node node01"]},
            [f"EDGE840 {STALE}: not accepted from node02"],
            id="a route of another node",
        ),
        pytest.param(("EDGE811", neighbor(3)), {"touches": ["peering public-ingress"]}, [], id="its peering"),
        pytest.param(
            ("EDGE822", "platform node node03 peer public-service-udm-pro"),
            {"touches": ["peering public-ingress"]},
            ["EDGE822 platform node node03 peer public-service-udm-pro: it is so"],
            id="another peering",
        ),
    ],
)
def test_an_error_about_somebody_else_is_told(
    said: tuple[str, ...], more: dict[str, Any], strangers: list[str], tmp_path: Path
) -> None:
    fault = read_fault(written(tmp_path, {**MINIMAL, "finds": FINDS, **more}))
    assert [*fault.strangers([finding(*said)])] == strangers


RIGHT, WRONG, MORE = finding("EDGE813", neighbor(1)), finding("EDGE813", neighbor(2)), finding("EDGE806", "udm-pro")


@pytest.mark.parametrize(
    ("looks", "found", "seconds", "lacking", "strangers"),
    [
        pytest.param([[RIGHT]], True, 1.0, (), (), id="at once"),
        pytest.param([[], [RIGHT]], True, 2.0, (), (), id="at the second look"),
        pytest.param([[WRONG], [WRONG]], False, None, (f"EDGE813 {neighbor(1)}",), (), id="of another node"),
        pytest.param([[RIGHT, MORE], [RIGHT]], True, 1.0, (), (), id="an error that goes by itself"),
        pytest.param([[RIGHT, MORE]], False, 1.0, (), ("EDGE806 udm-pro: it is so",), id="an error that stays"),
        pytest.param(
            [[RIGHT, MORE], [MORE]], False, 1.0, (), ("EDGE806 udm-pro: it is so",), id="said once, an error stays"
        ),
        pytest.param(
            [[RIGHT, MORE], []], False, 1.0, (), ("EDGE806 udm-pro: it is so",), id="said once, then nothing is said"
        ),
        pytest.param([[RIGHT, MORE], [], [RIGHT]], True, 1.0, (), (), id="said once more, without the error"),
        pytest.param([[MORE], [RIGHT]], True, 2.0, (), (), id="an error before it was said"),
        pytest.param([[]], False, None, (f"EDGE813 {neighbor(1)}",), (), id="nothing"),
    ],
)
def test_looks_are_judged(
    looks: list[list[Finding]],
    found: bool,
    seconds: float | None,
    lacking: tuple[str, ...],
    strangers: tuple[str, ...],
    tmp_path: Path,
) -> None:
    judging = Judging(read_fault(written(tmp_path, {**MINIMAL, "finds": FINDS})))
    done = []
    for number, findings in enumerate(looks, 1):
        judging.take(findings, float(number))
        done.append(judging.done)
    judged = judging.judged(3.0, ())
    assert (judged.found, judged.seconds, judged.lacking, judged.strangers) == (found, seconds, lacking, strangers)
    assert done == [False] * (len(looks) - 1) + [found]


KEEPING = """\
#!/bin/sh
# Stands in for ./rehearse.
echo "$@" >>calls
[ "$1" = --keep ] || exit 0
echo "{said}"
exit {status}
"""


@pytest.mark.parametrize(
    ("said", "status", "down"),
    [
        pytest.param("The twin rehearsal-7 stays. To use it", 2, ["--down rehearsal-7"], id="it failed"),
        pytest.param("What was built of the twin rehearsal-7 stays.", 2, ["--down rehearsal-7"], id="half of it"),
        pytest.param("There is no twin to keep.", 2, [], id="nothing was built"),
        pytest.param("", 0, [], id="it does not say a name"),
    ],
)
def test_rehearsal_that_failed_leaves_no_twin(
    said: str, status: int, down: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rehearse").write_text(KEEPING.format(said=said, status=status), "utf-8")
    (tmp_path / "rehearse").chmod(0o755)
    monkeypatch.setattr(corpus, "CHECKOUT", tmp_path)
    with pytest.raises(AssertionError, match=re.escape(said) or None), corpus.rehearsed(lambda text: None):
        pytest.fail("there is no site")
    assert (tmp_path / "calls").read_text("utf-8").splitlines()[1:] == down


def said_of(fault: Fault) -> list[Finding]:
    """Return the findings that a fault's file asks for."""
    return [
        Finding(
            code, LIVE_CODES[code].severity, blame.place.replace(ANY, "any"), (blame.text or "").replace(ANY, "any")
        )
        for code, blames in fault.finds.items()
        for blame in blames
    ]


MIXED_UP = {"node01": "node04", "node02": "node04", "node03": "node04", "public-": "private-", "private-": "public-"}
MIXED_UP |= {"dummy/": "affine/", "affine/": "dummy/", "default/": "dummy/", "10.12": "10.99", "203.0.113": "10.99.1"}
MIXED_UP |= {
    "CiliumLoadBalancerIPPool old": "CiliumLoadBalancerIPPool new",
    "aa-other": "bb-other",
    "ingress-nginx-": "nginx-",
}
MIXED_UP |= {"network private": "network public"}


def mixed_up(text: str) -> str:
    """Return a text about the other one of two of the same kind: node, service, peering, address or object."""
    return re.sub("|".join(map(re.escape, MIXED_UP)), lambda found: MIXED_UP[found[0]], text)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_what_a_file_asks_for_said_of_another_one_is_not_its_fault(fault: Fault) -> None:
    said = said_of(fault)
    assert fault.lacking(said) == ()
    # Of a whole end there is one of its kind, and nobody to mix it up with; nor is there where the API server chose the name.
    alone = {"udm-pro", "platform", *(item.path for item in said if " any/32" in item.path)}
    for item in [item for item in said if item.path not in alone]:
        others = [found for found in said if found is not item]
        other = Finding(item.code, item.severity, mixed_up(item.path), item.problem)
        assert fault.lacking([*others, other]) != (), item.path


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_each_name_of_a_place_is_of_the_site_or_of_what_the_file_makes(fault: Fault) -> None:
    raw = yaml.safe_load((FOLDER / f"{fault.name}.yml").read_text("utf-8"))
    known = set(re.findall(r"[\w./-]+", f"{hybrid_plan().data} {raw.get('break')} {raw.get('edit')}"))
    known |= {f"{address}/32" for address in ("203.0.113.93", "203.0.113.94", "10.122.0.171")}
    known |= {"neighbor", "peering", "prefix", "node", "peer", "service", "network", "nas", "10.121.0.66"}
    known |= {f"{item['namespace']}/{item['name']}" for item in hybrid_plan().data["services"]} | {
        "affine/second",
        "default/web",
    }
    blames = [*(blame for blames in fault.finds.values() for blame in blames), *fault.also]
    names = {name for blame in blames for name in re.findall(r"[\w./-]+", blame.place) if ANY not in name}
    assert sorted(names - known) == []
    assert {blame.place.split()[0] for blame in blames} <= {"udm-pro", "platform"}


def meet(first: str, second: str) -> bool:
    """Return whether some text is what both patterns say."""
    parts = [list(re.split(r"(\.\.\.)|", pattern)) for pattern in (first, second)]
    one, other = ([part for part in pieces if part] for pieces in parts)

    @cache
    def rest(i: int, j: int) -> bool:
        if i == len(one) and j == len(other):
            return True
        if i < len(one) and one[i] == ANY:
            return rest(i + 1, j) or (j < len(other) and rest(i, j + 1))
        if j < len(other) and other[j] == ANY:
            return rest(i, j + 1) or (i < len(one) and rest(i + 1, j))
        return i < len(one) and j < len(other) and one[i] == other[j] and rest(i + 1, j + 1)

    return rest(0, 0)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param("a...c", "abc", True, id="one pattern"),
        pytest.param("a...", "...c", True, id="two patterns"),
        pytest.param("a...b", "c...b", False, id="another beginning"),
        pytest.param("ab", "abc", False, id="shorter"),
    ],
)
def test_patterns_meet(first: str, second: str, expected: bool) -> None:
    assert meet(first, second) is expected


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_each_text_is_one_that_its_code_can_say(fault: Fault) -> None:
    never = [
        f"{code}: {blame.text}"
        for code, blames in fault.finds.items()
        for blame in blames
        if blame.text and not meet(blame.text, re.sub(r"\{\w+\}", ANY, LIVE_CODES[code].problem))
    ]
    assert never == []


def test_a_node_drags_along_its_own_alone() -> None:
    places = [str(blame) for blame in touched("node node01")]
    assert [place for place in places if re.search("node0[2-9]", place)] == []
    assert {place for place in places if "neighbor" in place} == {
        neighbor(1),
        "udm-pro neighbor 10.122.0.11 (node01, peering public-service)",
    }


def test_severities_are_those_of_codes() -> None:
    assert (RIGHT.severity, finding("EDGE895", "x").severity) == (ERROR, WARNING)

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label selectors: text, canonical form, LabelSelector, matching, disjointness, names, exact errors."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.selectors import (
    parse_selector,
    selector_slug,
)
from hypothesis import given
from hypothesis import strategies as st

PATH = "edge_peerings.p.nodes"


@pytest.mark.parametrize(
    ("text", "canonical", "selector", "slug"),
    [
        pytest.param("public=true", "public=true", {"matchLabels": {"public": "true"}}, "public-true", id="equals"),
        pytest.param(
            " public == true ", "public=true", {"matchLabels": {"public": "true"}}, "public-true", id="double equals"
        ),
        pytest.param("private=", "private=", {"matchLabels": {"private": ""}}, "private", id="empty value"),
        pytest.param(
            "private",
            "private",
            {"matchExpressions": [{"key": "private", "operator": "Exists"}]},
            "private",
            id="exists",
        ),
        pytest.param(
            "!control-plane",
            "!control-plane",
            {"matchExpressions": [{"key": "control-plane", "operator": "DoesNotExist"}]},
            "not-control-plane",
            id="does not exist",
        ),
        pytest.param(
            "rack!=a",
            "rack!=a",
            {"matchExpressions": [{"key": "rack", "operator": "NotIn", "values": ["a"]}]},
            "rack-not-a",
            id="not equal",
        ),
        pytest.param(
            "rack in (b, a,b)",
            "rack in (a,b)",
            {"matchExpressions": [{"key": "rack", "operator": "In", "values": ["a", "b"]}]},
            "rack-in-a-b",
            id="in",
        ),
        pytest.param(
            "rack notin (b,a)",
            "rack notin (a,b)",
            {"matchExpressions": [{"key": "rack", "operator": "NotIn", "values": ["a", "b"]}]},
            "rack-notin-a-b",
            id="notin",
        ),
        pytest.param("rack in (a)", "rack=a", {"matchLabels": {"rack": "a"}}, "rack-a", id="in of one is equals"),
        pytest.param(
            "z=1,node.kubernetes.io/type!=x",
            "node.kubernetes.io/type!=x,z=1",
            {
                "matchLabels": {"z": "1"},
                "matchExpressions": [{"key": "node.kubernetes.io/type", "operator": "NotIn", "values": ["x"]}],
            },
            "node-kubernetes-io-type-not-x-z-1",
            id="sorted by key",
        ),
        pytest.param("a=1,a=1", "a=1", {"matchLabels": {"a": "1"}}, "a-1", id="written twice"),
    ],
)
def test_parse(text: str, canonical: str, selector: dict[str, object], slug: str) -> None:
    parsed = parse_selector(text, PATH)
    assert parsed.text == canonical
    assert parsed.label_selector() == selector
    assert selector_slug([parsed]) == slug
    assert parse_selector(canonical, PATH) == parsed


@pytest.mark.parametrize(
    ("value", "error"),
    [
        pytest.param(
            {"public": True},
            "edge_peerings.p.nodes: a selector is text, not a map (write it as text: public=true)",
            id="map of labels",
        ),
        pytest.param(
            {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "NotIn", "values": ["x", "y"]}]},
            "edge_peerings.p.nodes: a selector is text, not a map (write it as text: a=1,b notin (x,y))",
            id="LabelSelector",
        ),
        pytest.param(
            {"a": ["x"]},
            "edge_peerings.p.nodes: a selector is text, not a map (write it as kubectl's text, such as public=true)",
            id="map that is no selector",
        ),
        pytest.param(
            ["a=1"],
            "edge_peerings.p.nodes: a selector is text, not a list "
            "(join its requirements with commas: public=true,!drained)",
            id="list",
        ),
        pytest.param(
            True,
            "edge_peerings.p.nodes: true is a YAML boolean, not a selector (quote it, or write key=value)",
            id="boolean",
        ),
        pytest.param(
            None,
            "edge_peerings.p.nodes: None is not a selector (a selector is kubectl's text, such as public=true)",
            id="null",
        ),
        pytest.param(" ", "edge_peerings.p.nodes: an empty selector (leave the key out to select all)", id="empty"),
        pytest.param("a=1,", "edge_peerings.p.nodes: 'a=1,' ends where a label key was expected", id="trailing comma"),
        pytest.param(
            "a in b", "edge_peerings.p.nodes: 'a in b' has 'b' where '(' was expected", id="in without brackets"
        ),
        pytest.param("a in (b", "edge_peerings.p.nodes: 'a in (b' ends where ')' was expected", id="open bracket"),
        pytest.param("!a=1", "edge_peerings.p.nodes: '!a=1' has '=' where ',' was expected", id="not and equals"),
        pytest.param(
            "a b",
            "edge_peerings.p.nodes: 'a b' has 'b' after 'a' where an operator or ',' was expected "
            "(operators: = != in (a,b) notin (a,b))",
            id="two words",
        ),
        pytest.param(
            "a=1;b=2", "edge_peerings.p.nodes: 'a=1;b=2' has the character ';', which no selector has", id="semicolon"
        ),
        pytest.param(
            "cpu>4",
            "edge_peerings.p.nodes: 'cpu>4' compares with '>', which a LabelSelector cannot say "
            "(list the values: key in (a,b))",
            id="greater",
        ),
        pytest.param(
            "-a",
            "edge_peerings.p.nodes: '-a' is not a label key "
            "(at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends)",
            id="bad key",
        ),
        pytest.param(
            "Up/a",
            "edge_peerings.p.nodes: the label key 'Up/a' has a prefix that is not a DNS subdomain",
            id="bad prefix",
        ),
        pytest.param(
            "a=" + "x" * 64,
            f"edge_peerings.p.nodes: {'x' * 64!r} is not a label value "
            "(at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends)",
            id="long value",
        ),
        pytest.param(
            "a=1,a=2",
            "edge_peerings.p.nodes: 'a=1,a=2' can never match: its requirements contradict each other",
            id="contradiction",
        ),
    ],
)
def test_refuse(value: object, error: str) -> None:
    with pytest.raises(EdgeError) as caught:
        parse_selector(value, PATH)
    assert str(caught.value) == error


@pytest.mark.parametrize(
    ("one", "other", "disjoint"),
    [
        ("a=1", "a=2", True),
        ("a=1", "b=2", False),
        ("a", "!a", True),
        ("!a", "a!=1", False),
        ("a in (1,2)", "a notin (1,2,3)", True),
        ("a in (1,2)", "a!=1", False),
        ("a", "a notin (1,2)", False),
        ("a=1,b=1", "b!=1", True),
    ],
)
def test_disjoint(one: str, other: str, disjoint: bool) -> None:
    first, second = parse_selector(one, PATH), parse_selector(other, PATH)
    assert first.disjoint(second) is second.disjoint(first) is disjoint


@pytest.mark.parametrize(
    ("selectors", "slug"),
    [
        pytest.param([], "all", id="none"),
        pytest.param([None], "all", id="everything"),
        pytest.param(["z=1", "a=1", "z=1"], "a-1-z-1", id="sorted and distinct"),
        pytest.param([None, "a=1"], "a-1-all", id="with everything"),
        pytest.param(["a=" + "x" * 38], "a-" + "x" * 38, id="forty characters"),
        pytest.param(["a=" + "x" * 39], "a-" + "x" * 29 + "-31dccacd", id="cut"),
    ],
)
def test_slug(selectors: list[str | None], slug: str) -> None:
    parsed = [None if text is None else parse_selector(text, PATH) for text in selectors]
    assert selector_slug(parsed) == slug


_LABELS = st.dictionaries(st.sampled_from("ab"), st.sampled_from(["", "x", "y"]))
_PART = st.builds(
    lambda key, form: form.format(key),
    st.sampled_from("ab"),
    st.sampled_from(["{}", "!{}", "{}=", "{}=x", "{}!=y", "{} in (x,y)", "{} notin (x,)"]),
)


@given(_PART, _PART, _LABELS)
def test_disjoint_selectors_never_match_together(one: str, other: str, labels: dict[str, str]) -> None:
    first, second = parse_selector(one, PATH), parse_selector(other, PATH)
    assert not (first.disjoint(second) and first.matches(labels) and second.matches(labels))


@given(_PART, _LABELS)
def test_matching_agrees_with_the_label_selector(text: str, labels: dict[str, str]) -> None:
    selector = parse_selector(text, PATH)
    form = selector.label_selector()
    expected = all(labels.get(key) == value for key, value in form.get("matchLabels", {}).items())
    for item in form.get("matchExpressions", []):
        value = labels.get(item["key"])
        expected &= {
            "Exists": value is not None,
            "DoesNotExist": value is None,
            "In": value in item.get("values", []),
            "NotIn": value is None or value not in item.get("values", []),
        }[item["operator"]]
    assert selector.matches(labels) is expected

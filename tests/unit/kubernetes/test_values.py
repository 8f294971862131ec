# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm values: at a path, as true or false, and as they can be pasted; and no message that writes them otherwise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.distributions import DISTRIBUTIONS
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.values import (
    all_as_written,
    as_written,
    is_false,
    is_true,
    nested,
    truth,
    value_at,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._versions import cilium
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._versions.cilium_chart import KNOWN_NAMES
from ansible_collections.hybridnet.cluster_edge.tests.support.invalid import CASES
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.from_regex(r"[a-z]{2}[A-Z][a-zA-Z0-9]{0,8}", fullmatch=True)  # none is a word of YAML, such as ``yes``
PATHS = st.lists(NAMES, min_size=1, max_size=5).map(".".join)
WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126))
SAID = st.one_of(st.booleans(), st.integers(), WORDS, st.lists(WORDS, max_size=3))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (True, True),
        ("true", True),
        ("True", True),
        ("1", True),
        (1, True),
        (False, False),
        ("false", False),
        ("FALSE", False),
        (0, False),
        (None, None),
        ("", None),
        ("yes", None),
        (2, None),
        ([], None),
        ({}, None),
    ],
    ids=repr,
)
def test_what_a_value_says(value: Any, told: bool | None) -> None:
    assert truth(value) is told
    values = {"ipv4": {"enabled": value}}
    assert is_true(values, "ipv4.enabled") is (told is True)
    assert is_false(values, "ipv4.enabled") is (told is False)


def test_what_is_not_there_is_neither() -> None:
    assert not is_true({}, "ipv4.enabled")
    assert not is_false({"ipv4": True}, "ipv4.enabled")


@given(path=PATHS, value=SAID)
def test_what_is_written_into_a_hint_can_be_pasted(path: str, value: Any) -> None:
    pasted = yaml.safe_load(f"edge_cilium_values:\n  {as_written(path, value)}\n")
    assert pasted == {"edge_cilium_values": nested(path, value)}
    assert value_at(pasted["edge_cilium_values"], path) == value


@given(values=st.dictionaries(PATHS, SAID, max_size=6))
def test_several_values_are_pasted_as_one_map(values: dict[str, Any]) -> None:
    apart = {  # else one value would be inside of another
        path: value
        for path, value in values.items()
        if not any(other != path and f"{path}.".startswith(f"{other}.") for other in values)
    }
    pasted = yaml.safe_load(f"{{{all_as_written(apart)}}}")
    assert {path: value_at(pasted, path) for path in apart} == apart


def test_names_of_the_first_level_stand_once() -> None:
    values = {"cgroup.autoMount.enabled": False, "ipam.mode": "kubernetes", "cgroup.hostRoot": "/sys/fs/cgroup"}
    told = 'cgroup: {autoMount: {enabled: false}, hostRoot: "/sys/fs/cgroup"}, ipam: {mode: "kubernetes"}'
    assert all_as_written(values) == told


DOTTED = re.compile(rf"(?<![\w.-])(?:{'|'.join(sorted(KNOWN_NAMES))})(?:\.\w+)+: \w+")
"""A Helm value with dots and with what it is to be: pasted, it is another name."""
OF_TALOS = re.compile(r"cluster\.(proxy|network)\.\S+: \w+")
"""A setting of Talos's machine configuration, as its documentation writes them."""
FAULTS = {name: found for name, found in vars(cilium).items() if isinstance(found, cilium.Fault)}
HINTS = [text.rpartition(" (")[2] for case in CASES for text in case["finds"] if text.endswith(")")]
PAGES = sorted((Path(__file__).parents[3] / "docs").rglob("*.md"))


def test_the_pattern_knows_a_value_with_dots() -> None:
    assert DOTTED.findall("write bpf.hostLegacyRouting: true, or bpf: {masquerade: true}") == [
        "bpf.hostLegacyRouting: true"
    ]


@pytest.mark.parametrize("name", FAULTS)
def test_no_known_fault_writes_a_value_with_dots(name: str) -> None:
    assert DOTTED.findall(f"{FAULTS[name].instead}; {FAULTS[name].where}; {FAULTS[name].does}") == []


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_no_distribution_writes_a_value_with_dots(name: str) -> None:
    found = DISTRIBUTIONS[name]
    texts = [found.kube_proxy, found.network, *(f"{item.what} {item.how} {item.seen}" for item in found.prerequisites)]
    assert [DOTTED.findall(OF_TALOS.sub("", text)) for text in texts] == [[]] * len(texts)


def test_no_hint_of_the_plan_writes_a_value_with_dots() -> None:
    assert len(HINTS) > 100
    assert [text for text in HINTS if DOTTED.search(text)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_page_writes_a_value_with_dots_as_it_is_to_be_written(page: Path) -> None:
    spans = re.findall(r"`[^`\n]+`", OF_TALOS.sub("", page.read_text("utf-8")))
    # "a.b: 1 -> 2" is what a run says of a difference.
    assert [text for text in spans if DOTTED.search(text) and " -> " not in text] == []


def test_the_fault_of_talos_says_what_can_be_pasted() -> None:
    assert cilium.TALOS_HOST_DNS.instead == (
        "write bpf: {hostLegacyRouting: true} in edge_cilium_values, or set"
        " machine.features.hostDNS.forwardKubeDNSToHost: false in Talos and bpf: {hostLegacyRouting: false} here"
    )

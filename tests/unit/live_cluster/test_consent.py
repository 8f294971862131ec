# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What waits for a word of the user: one word is said with its refusal, several as one block that is pasted."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.consent import (
    ConsentError,
    told_refusals,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.takeover import Release, release_word
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import TakeOver

OTHER = EdgeError("Node n1", "it is not there", "join it")


def moved(name: str) -> ConsentError:
    return ConsentError(f"Service {name}", "it loses 192.0.2.1", "keep it", "services", f"{name}@192.0.2.1", "a_role")


def test_one_word_is_said_with_its_refusal() -> None:
    assert told_refusals([moved("media/a"), OTHER], {}) == [
        "Service media/a: it loses 192.0.2.1 (keep it, or say so: edge_cluster_take_over: {services:"
        " ['media/a@192.0.2.1']} (of the role alone: a_role_take_over))",
        "Node n1: it is not there (join it)",
    ]


def test_several_words_are_one_block_in_place_of_what_was_said_before() -> None:
    theirs = ConsentError("Pool theirs", "it claims the same", "delete it", "objects", "Pool/theirs@2")
    said = {"services": ["media/old@192.0.2.9", "media/a@192.0.2.1"], "release": None, "unset": []}
    *texts, block = told_refusals([moved("media/b"), theirs, moved("media/a"), OTHER], said)
    assert texts == [
        "Service media/b: it loses 192.0.2.1 (keep it)",
        "Pool theirs: it claims the same (delete it)",
        "Service media/a: it loses 192.0.2.1 (keep it)",
        "Node n1: it is not there (join it)",
    ]
    head, _line, pasted = block.partition("\n")
    assert head == "To consent to all of these, write this at the cluster's host, in place of what stands there:"
    assert yaml.safe_load(pasted) == {
        "edge_cluster_take_over": {
            "services": ["media/old@192.0.2.9", "media/a@192.0.2.1", "media/b@192.0.2.1"],
            "objects": ["Pool/theirs@2"],
        }
    }


def test_one_word_beside_that_of_a_release_is_in_its_block() -> None:
    _text, block = told_refusals(
        [moved("media/a")], {"unset": ["x"]}, {"release": "cilium@1.19.6", "unset": ["x", "y"]}
    )
    assert yaml.safe_load(block.partition("\n")[2]) == {
        "edge_cluster_take_over": {
            "release": "cilium@1.19.6",
            "unset": ["x", "y"],
            "services": ["media/a@192.0.2.1"],
        }
    }


@pytest.mark.parametrize("errors", [[], [OTHER], [OTHER, OTHER]])
def test_what_no_word_lifts_has_no_block(errors: list[EdgeError]) -> None:
    assert told_refusals(errors, None, {"release": "cilium@1.19.6"}) == [str(error) for error in errors]


@pytest.mark.parametrize(
    ("live", "planned", "made", "word"),
    [
        pytest.param(None, "1.20.2", False, {}, id="no release"),
        pytest.param("1.20.2", "1.20.2", True, {}, id="ours"),
        pytest.param(
            "1.19.6", "1.20.2", False, {"release": "cilium@1.19.6", "unset": ["debug.enabled"]}, id="of others"
        ),
        pytest.param("1.18.2", "1.20.2", True, {"release": "cilium@1.18.2"}, id="ours, a minor version is skipped"),
        pytest.param("1.18.2", "1.21.0", False, {}, id="a step that no word makes possible"),
    ],
)
def test_words_of_a_release(live: str | None, planned: str, made: bool, word: dict[str, Any]) -> None:
    found = Release("cilium", live, {"debug": {"enabled": True}}) if live else None
    digests = [found.digest] if found and made else []
    assert release_word(found, Release("cilium", planned, {}), digests, TakeOver()) == word

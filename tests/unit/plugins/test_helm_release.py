# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of Helm's answer is told. Real runs of Helm: tests/lab/test_cluster_play.py."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.action.helm_release import _told
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_values import without_secrets

VALUES = {
    "hubble": {"tls": {"ca": {"key": "line one\nline two", "cert": ""}}},
    "extraEnv": [{"name": "SOMETHING", "value": "in-the-environment"}],
    "clustermesh": {"apiserver": {"token": "of-the-mesh"}},
    "k8sServiceHost": "localhost",
}


def test_the_release_is_told_without_its_values() -> None:
    status = {"name": "cilium", "app_version": "1.19.6", "status": "deployed"}
    answer = {"changed": True, "status": status, "invocation": {"module_args": {"values": VALUES}}}
    assert _told(answer, VALUES) == {
        "changed": True,
        "status": {"name": "cilium", "app_version": "1.19.6", "status": "deployed"},
    }


def test_a_failure_is_told_without_secrets() -> None:
    text = "template failed: of-the-mesh and line two and in-the-environment at localhost"
    told = _told({"failed": True, "msg": text, "stderr": text, "changed": False}, VALUES)
    assert told == {
        "changed": False,
        "failed": True,
        "msg": "template failed: ******** and ******** and ******** at localhost",
    }


def test_a_password_of_digits_is_taken_out_too() -> None:
    assert without_secrets("4711 is no text (4711)", {"password": 4711}) == "******** is no text (********)"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "a"),
        ({"password": ""}, "a"),
        ({"password": 5}, "5"),
        ({"tokens": True}, "True"),
        ({"password": 4711}, "47110"),
    ],
)
def test_what_is_no_secret_stays(values: dict[str, Any], text: str) -> None:
    assert without_secrets(text, values) == text

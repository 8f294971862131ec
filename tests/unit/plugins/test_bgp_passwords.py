# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which passwords both ends take. In a run: ``test_plan_playbook.py``."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.lookup.bgp_passwords import is_usable


@pytest.mark.parametrize(
    ("value", "usable"),
    [
        pytest.param("s3cret", True, id="letters"),
        pytest.param('a"b\\c?d', True, id="signs that FRR takes as they are"),
        pytest.param("a" * 80, True, id="80 bytes"),
        pytest.param("a" * 81, False, id="81 bytes"),
        pytest.param("ß" * 40, True, id="80 bytes in 40 letters"),
        pytest.param("ß" * 41, False, id="82 bytes in 41 letters"),
        pytest.param("", False, id="empty"),
        pytest.param("a b", False, id="a blank"),
        pytest.param("a\u00a0b", False, id="a blank that does not break"),
        pytest.param("a\n", False, id="a line feed at the end"),
        pytest.param("a!b", False, id="a comment of FRR"),
        pytest.param("a#b", False, id="a comment of FRR's reload"),
        pytest.param("a|b", False, id="a pipe of vtysh"),
        pytest.param("a\x00b", False, id="a zero byte"),
        pytest.param("a\x7f", False, id="a control character"),
        pytest.param("\ud800", False, id="half a pair"),
        pytest.param(12345678, False, id="a number"),
        pytest.param(["s3cret"], False, id="a list"),
    ],
)
def test_a_password_is_usable_at_both_ends_or_refused(value: object, usable: bool) -> None:
    assert is_usable(value) is usable

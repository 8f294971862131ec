# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of live objects: read as Cilium reads them, or an error."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.addresses import interval_text
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing.live import live_address, live_block


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ({"cidr": "192.0.2.0/25"}, "192.0.2.0-192.0.2.127"),
        ({"cidr": "192.0.2.5/25"}, "192.0.2.0-192.0.2.127"),
        ({"cidr": "192.0.2.5"}, "192.0.2.5"),
        ({"cidr": "2001:DB8::5/127"}, "2001:db8::4-2001:db8::5"),
        ({"start": "192.0.2.5", "stop": "192.0.2.9"}, "192.0.2.5-192.0.2.9"),
        ({"start": "192.0.2.5"}, "192.0.2.5"),
        ({"cidr": "192.0.2.0/31", "start": "10.0.0.1"}, "192.0.2.0-192.0.2.1"),
    ],
    ids=str,
)
def test_a_block_is_read_as_cilium_reads_it(block: dict[str, Any], text: str) -> None:
    assert interval_text(live_block(block)) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("192.0.2.5", "192.0.2.5"),
        ("2001:DB8:0::5", "2001:db8::5"),
        ("::ffff:192.0.2.5", "::ffff:192.0.2.5"),
        ("192.000.002.005", None),
        ("lb.example.net", None),
        (" 192.0.2.5", None),
        ("192.0.2.5/32", None),
        ("", None),
        (3221225985, None),
        (None, None),
    ],
    ids=str,
)
def test_an_address_is_read_as_go_reads_it(text: Any, told: str | None) -> None:
    with contextlib.nullcontext() if told else pytest.raises((TypeError, ValueError)):
        assert live_address(text).text == told


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"cidr": "192.0.2"},
        {"cidr": 3221225985},
        {"cidr": "192.0.2.0/33"},
        {"start": "192.0.2.9", "stop": "192.0.2.5"},
        {"start": "192.0.2.9", "stop": "2001:db8::"},
        "192.0.2.0/24",
    ],
    ids=str,
)
def test_what_is_no_block_is_an_error(block: Any) -> None:
    with pytest.raises((AttributeError, KeyError, TypeError, ValueError)):
        live_block(block)

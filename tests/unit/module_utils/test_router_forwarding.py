# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a kernel forwards packets, by its settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.state import FORWARDING_SYSCTLS
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router.forwarding import (
    read_forwarding,
    sysctl_file,
)

IPV4, IPV6 = "net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"


def test_settings_have_files() -> None:
    assert [sysctl_file(setting) for setting in FORWARDING_SYSCTLS.values()] == [
        f"/proc/sys/{IPV4}",
        f"/proc/sys/{IPV6}",
    ]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({IPV4: "1\n", IPV6: "1\n"}, {"ipv4": True, "ipv6": True}, id="both"),
        pytest.param({IPV4: "0\n", IPV6: "0\n"}, {"ipv4": False, "ipv6": False}, id="a fresh Linux"),
        pytest.param({IPV4: "1\n", IPV6: "0\n"}, {"ipv4": True, "ipv6": False}, id="IPv4 alone"),
        pytest.param({IPV4: "0\n"}, {"ipv4": False}, id="a kernel without IPv6"),
        pytest.param({}, {}, id="no Linux"),
        pytest.param({IPV4: "\n", IPV6: "\xff"}, {}, id="nothing that can be read"),
        pytest.param(
            {IPV4: "0\n", "net/ipv4/conf/eth0.5/forwarding": "1\n"}, {"ipv4": True}, id="an interface of IPv4"
        ),
        pytest.param(
            {IPV6: "0\n", "net/ipv6/conf/eth0/force_forwarding": "1\n"}, {"ipv6": True}, id="an interface of IPv6"
        ),
        pytest.param(
            {IPV6: "0\n", "net/ipv6/conf/eth0/forwarding": "1\n"}, {"ipv6": False}, id="what IPv6 does not look at"
        ),
        pytest.param(
            {IPV4: "0\n", **{f"net/ipv4/conf/{name}/forwarding": "1\n" for name in ("all", "default", "lo")}},
            {"ipv4": False},
            id="no interface",
        ),
    ],
)
def test_a_kernel_forwards(tmp_path: Path, files: dict[str, str], expected: dict[str, bool]) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="latin-1")
    assert read_forwarding(str(tmp_path)) == expected

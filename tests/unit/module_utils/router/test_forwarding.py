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
        pytest.param({IPV4: "1\n", IPV6: "1\n"}, {"ipv4": {"all": True}, "ipv6": {"all": True}}, id="both"),
        pytest.param({IPV4: "0\n", IPV6: "0\n"}, {"ipv4": {"all": False}, "ipv6": {"all": False}}, id="a fresh Linux"),
        pytest.param({IPV4: "0\n"}, {"ipv4": {"all": False}}, id="a kernel without IPv6"),
        pytest.param({}, {}, id="no Linux"),
        pytest.param({IPV4: "\n", IPV6: "\xff"}, {}, id="nothing that can be read"),
        pytest.param(
            {IPV4: "0\n", "net/ipv4/conf/wg9/forwarding": "1\n", "net/ipv4/conf/eth0.5/forwarding": "0\n"},
            {"ipv4": {"all": False, "eth0.5": False, "wg9": True}},
            id="IPv4 asks the incoming interface alone",
        ),
        pytest.param(
            {IPV4: "1\n", "net/ipv4/conf/br0/forwarding": "0\n", "net/ipv4/conf/br1/forwarding": "\n"},
            {"ipv4": {"all": True, "br0": False}},
            id="IPv4 does not ask the setting for all",
        ),
        pytest.param(
            {
                IPV6: "0\n",
                "net/ipv6/conf/eth0/forwarding": "0\n",
                "net/ipv6/conf/eth0/force_forwarding": "1\n",
                "net/ipv6/conf/eth1/forwarding": "1\n",
            },
            {"ipv6": {"all": False, "eth0": True, "eth1": False}},
            id="IPv6 does not ask the interface's own setting, but whether it is forced",
        ),
        pytest.param(
            {IPV6: "1\n", "net/ipv6/conf/eth0/forwarding": "0\n"},
            {"ipv6": {"all": True, "eth0": True}},
            id="IPv6 asks the setting for all",
        ),
        pytest.param(
            {IPV4: "0\n", **{f"net/ipv4/conf/{name}/forwarding": "1\n" for name in ("all", "default", "lo")}},
            {"ipv4": {"all": False}},
            id="no interface",
        ),
    ],
)
def test_a_kernel_forwards(tmp_path: Path, files: dict[str, str], expected: dict[str, dict[str, bool]]) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="latin-1")
    assert read_forwarding(str(tmp_path)) == expected

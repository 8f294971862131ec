# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which address families Cilium's Helm values switch on for the pools of a site."""

from __future__ import annotations

from ansible_collections.hybridnet.cluster_edge.tests.support.planned import (
    good,
    told,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.small_sites import (
    DUAL,
    SMALL,
)


def test_ipv6_addresses_switch_cilium_s_ipv6_on() -> None:
    """The chart's default is IPv4 alone: an IPv6 pool would give nothing and announce nothing."""
    assert good(DUAL)["clusters"]["home"]["helm_values"]["ipv6"] == {"enabled": True}
    assert "ipv6" not in good(SMALL)["clusters"]["home"]["helm_values"]
    assert told(DUAL, edge_cilium_values={"ipv6": {"enabled": False}}) == [
        "EDGE604 home.edge_cilium_values.ipv6.enabled: it is false, but pools have IPv6 addresses: lb (remove it)"
    ]
    assert told(SMALL, edge_cilium_values={"ipv4": {"enabled": False}}) == [
        "EDGE604 home.edge_cilium_values.ipv4.enabled: it is false, but pools have IPv4 addresses: lb (remove it)"
    ]


def test_ipv6_is_not_switched_on_for_pods_without_a_range() -> None:
    """Agents without an IPv6 pod range wait for one: that would take the whole cluster down for one pool."""
    only_ipv4 = DUAL.replace(', "fd00:244::/56"', "")
    assert told(only_ipv4) == [
        "EDGE604 home.edge_cilium_values.ipv6.enabled: it is missing, but pools have IPv6 addresses: lb (write true once pods"
        " have an IPv6 range (and edge_cluster_pod_cidrs names it): an agent without one waits for it and serves nothing)"
    ]
    assert told(only_ipv4, edge_cilium_values={"ipv6": {"enabled": True}}) == []

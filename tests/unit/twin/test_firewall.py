# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall of the twin's routers: which platform has one, what the site's own rules become, and bad rules."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.platforms import RouterSettings
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan

INVALID = "ct state invalid jump half"


def forwarded(**settings: Any) -> list[str]:
    """Return the rules for forwarded packets of the reference site's router, one line each."""
    twin = _twin.describe(hybrid_plan().data, settings=RouterSettings(**settings))
    (text,) = [host.firewall for host in twin.hosts if host.kind == "router"]
    if "chain forward {" not in text:
        return []
    return [line.strip() for line in text.split("chain forward {")[1].split("}\n")[0].splitlines()[2:] if line.strip()]


def test_linux_has_no_firewall() -> None:
    assert forwarded(platforms={"udm-pro": "linux"}) == []


def test_off_has_none_either_whatever_the_site_blocks() -> None:
    assert forwarded(firewall="off", firewall_rules=[{"action": "block"}]) == []


def test_unifi_lets_nothing_in_from_outside_and_follows_connections_to_what_it_has_no_network_for() -> None:
    assert forwarded() == [
        "ct state established,related accept",
        f'iifname {{ "upstream" }} {INVALID}',
        'iifname { "upstream" } jump blocked',
        "ip daddr { 10.122.0.0/24, 10.121.0.0/24 } accept",
        INVALID,
    ]


def test_stateful_follows_connections_between_all_networks() -> None:
    assert forwarded(platforms={"udm-pro": "linux"}, firewall="stateful") == [
        "ct state established,related accept",
        INVALID,
    ]
    assert forwarded(firewall="stateful")[1] == INVALID


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        pytest.param(
            {"from": "upstream", "to": ["public-ingress", "platform/public-service"]},
            'iifname { "upstream" } ct state new ip daddr { 203.0.113.93, 203.0.113.94 } accept',
            id="pools from outside",
        ),
        pytest.param(
            {"from": "public", "to": "private", "action": "block"},
            'iifname { "eth1" } ct state new ip daddr { 10.122.0.0-10.122.0.255 } jump blocked',
            id="network to network",
        ),
        pytest.param({"from": "any", "action": "block"}, "ct state new jump blocked", id="everything"),
    ],
)
def test_the_sites_rules_count_first(rule: dict[str, Any], line: str) -> None:
    assert forwarded(firewall_rules=[rule])[1] == line
    # A site's rules on a platform without a firewall are a firewall.
    assert forwarded(platforms={"udm-pro": "linux"}, firewall_rules=[rule])[1:] == [line]


def test_a_rule_for_a_network_on_which_the_router_is_not_has_no_line() -> None:
    data = copy.deepcopy(hybrid_plan().data)
    data["networks"]["elsewhere"] = {**data["networks"]["public"], "cidrs": ["192.168.7.0/24"]}
    settings = RouterSettings(firewall_rules=[{"from": "elsewhere", "action": "block"}])
    (router,) = [host for host in _twin.describe(data, settings=settings).hosts if host.kind == "router"]
    assert "ct state new" not in router.firewall


def test_the_wire_of_a_provider_is_outside() -> None:
    data = copy.deepcopy(hybrid_plan().data)
    data["networks"]["public"]["delivery"] = "on_link"
    (router,) = [host for host in _twin.describe(data).hosts if host.kind == "router"]
    assert 'iifname { "eth1" } jump blocked' in router.firewall
    assert "ip daddr { 10.122.0.0/24 } accept" in router.firewall


def test_what_strict_reverse_path_drops_is_noted() -> None:
    def firewall(**settings: Any) -> str:
        twin = _twin.describe(hybrid_plan().data, settings=RouterSettings(firewall="off", **settings))
        (text,) = [host.firewall for host in twin.hosts if host.kind == "router"]
        return text

    noted = "fib saddr . iif oif missing update @reverse4 { ip saddr . ip daddr . th sport . th dport }"
    assert noted in firewall(reverse_path="strict")
    assert firewall(reverse_path="loose", nat="off") == ""


UPSTREAM = 'oifname { "upstream" } ip saddr { 10.122.0.0/24, 10.121.0.0/24 } masquerade'
POOLS = "ip saddr { 10.122.0.0/24, 10.121.0.0/24 } ip daddr != { 10.122.0.0/24, 10.121.0.0/24 } masquerade"


@pytest.mark.parametrize(
    ("platform", "nat", "lines"),
    [
        ("linux", "platform", []),
        ("unifi", "platform", [UPSTREAM]),
        ("unifi", "off", []),
        ("linux", "unknown_ranges", [UPSTREAM, POOLS]),
    ],
)
def test_whose_source_is_translated(platform: str, nat: str, lines: list[str]) -> None:
    settings = RouterSettings(platforms={"udm-pro": platform}, nat=nat)
    (router,) = [host for host in _twin.describe(hybrid_plan().data, settings=settings).hosts if host.kind == "router"]
    assert [line.strip() for line in router.firewall.splitlines() if "masquerade" in line] == lines


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (["public"], "edge_twin_firewall_rules[0]: 'public' is no rule (a mapping with from, to and action)"),
        ([{}, {"port": 80}], "edge_twin_firewall_rules[1].port: no such key (known: from, to, action)"),
        ([{"action": "drop"}], "edge_twin_firewall_rules[0].action: 'drop' is neither allow nor block"),
        ([{"from": 7}], "edge_twin_firewall_rules[0].from: 7 is neither a name nor a list of names"),
        ([{"to": []}], "edge_twin_firewall_rules[0].to: [] is neither a name nor a list of names"),
        (
            [{"from": "wan"}],
            "edge_twin_firewall_rules[0].from: no network 'wan' (known: private, public, upstream)",
        ),
        (
            [{"to": "public-servce"}],
            "edge_twin_firewall_rules[0].to: no pool or network 'public-servce' (known: private, private-ingress,"
            " private-service, public, public-ingress, public-service)",
        ),
    ],
)
def test_bad_rules(rules: list[Any], message: str) -> None:
    with pytest.raises(EdgeError) as caught:
        forwarded(firewall_rules=rules)
    assert str(caught.value) == message


def test_a_name_of_a_pool_and_a_network_is_refused() -> None:
    data = copy.deepcopy(hybrid_plan().data)
    data["networks"]["public-service"] = data["networks"]["public"]
    with pytest.raises(
        EdgeError, match=r"'public-service' is a pool and a network .the pool alone: platform/public-serv"
    ):
        _twin.describe(data, settings=RouterSettings(firewall_rules=[{"to": "public-service"}]))

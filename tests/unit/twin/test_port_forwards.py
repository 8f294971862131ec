# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port forwards of a twin's routers: what may be written, and what the routers get."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.platforms import RouterSettings
from ansible_collections.hybridnet.cluster_edge.tests.support import sites
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan

BGP, L2 = "203.0.113.94", "10.122.0.171"


def router(data: Any, *forwards: Any, **settings: Any) -> _twin.Host:
    """Return the only router of a twin."""
    described = _twin.describe(data, settings=RouterSettings(port_forwards=forwards, **settings))
    (found,) = [host for host in described.hosts if host.kind == "router"]
    return found


def lines(host: _twin.Host, *words: str) -> list[str]:
    """Return the lines of the router's firewall that have one of some words."""
    return [line.strip() for line in host.firewall.splitlines() if any(word in line for word in words)]


@pytest.mark.parametrize(
    ("forward", "line"),
    [
        ({"to": "dummy/dummy-service", "port": 25565}, f"tcp dport 25565 dnat ip to {BGP}:25565"),
        (
            {"to": "platform dummy/dummy-service", "port": 25565, "outside_port": 443},
            f"tcp dport 443 dnat ip to {BGP}:25565",
        ),
        ({"to": BGP, "port": 53, "protocol": "UDP", "router": "udm-pro"}, f"udp dport 53 dnat ip to {BGP}:53"),
    ],
)
def test_a_port_forward_translates_what_asks_the_routers_address_upstream(forward: dict[str, Any], line: str) -> None:
    host = router(hybrid_plan().data, forward)
    assert lines(host, "dnat ip") == [f"ip daddr 198.51.100.1 {line}"]
    # Nothing else has to let it in.
    assert lines(host, "iifname") == [
        'iifname { "upstream" } ct state invalid jump half',
        'iifname { "upstream" } ct status dnat accept',
        'iifname { "upstream" } jump blocked',
    ]


def test_unifi_translates_sources_in_the_network_that_holds_the_target_and_linux_does_not() -> None:
    forwards = [{"to": L2, "port": 5432}, {"to": BGP, "port": 25565}]
    hairpin = f"ip saddr 10.122.0.0/24 ip daddr {L2} tcp dport 5432 masquerade"
    assert hairpin in lines(router(hybrid_plan().data, *forwards), "dport")
    assert lines(router(hybrid_plan().data, *forwards, nat="off"), "masquerade") == []
    assert lines(router(hybrid_plan().data, *forwards, platforms={"udm-pro": "linux"}), "masquerade") == []


def test_a_site_without_bgp_pools_has_an_upstream_for_its_port_forwards() -> None:
    data = copy.deepcopy(hybrid_plan().data)
    for pool in data["pools"]:
        pool["bgp"] = []
    assert [host.name for host in _twin.describe(data).hosts if host.name == "upstream"] == []
    assert lines(router(data, {"to": L2, "port": 5432}), "dnat ip") == [
        f"ip daddr 198.51.100.1 tcp dport 5432 dnat ip to {L2}:5432"
    ]


def test_on_a_providers_wire_the_routers_address_there_is_the_outside_one() -> None:
    data = sites.site("slash-29-on-link").plan.data
    forward = {"to": "games/minecraft", "port": 25565}
    for more in ({}, {"address": "203.0.113.89"}):
        assert lines(router(data, {**forward, **more}), "dnat ip") == [
            "ip daddr 203.0.113.89 tcp dport 25565 dnat ip to 203.0.113.93:25565"
        ]
    with pytest.raises(EdgeError) as caught:
        router(data, forward, {**forward, "address": "203.0.113.89"})
    assert str(caught.value) == (
        "edge_twin_port_forwards: TCP 25565 of 203.0.113.89 (udm) is forwarded twice (another outside_port; without"
        " address it is the one upstream)"
    )


SERVICES = "affine/affine-svc-lb, dummy/dummy-service, ingress-nginx-private/ingress-nginx-controller,"
WAYS = "a service (namespace/name, or its cluster before that) or an IPv4 address of a pool"
ONE = {"to": BGP, "port": 25565}


@pytest.mark.parametrize(
    ("forwards", "message"),
    [
        ([7], "edge_twin_port_forwards[0]: 7 is no port forward (a mapping with to and port)"),
        ([{**ONE, "outside": 1}], "edge_twin_port_forwards[0].outside: no such key (did you mean 'outside_port'?)"),
        (
            [{**ONE, "comment": ""}],
            "edge_twin_port_forwards[0].comment: no such key (known: to, port, protocol, outside_port, address, router)",
        ),
        ([{**ONE, "protocol": "tcp"}], "edge_twin_port_forwards[0].protocol: 'tcp' is neither TCP nor UDP"),
        ([{"to": BGP}], "edge_twin_port_forwards[0].port: is missing (a number from 1 to 65535)"),
        ([{**ONE, "port": True}], "edge_twin_port_forwards[0].port: True is no port (a number from 1 to 65535)"),
        (
            [{**ONE, "outside_port": 65536}],
            "edge_twin_port_forwards[0].outside_port: 65536 is no port (a number from 1 to 65535)",
        ),
        ([{"port": 1}], f"edge_twin_port_forwards[0].to: is missing ({WAYS})"),
        ([{"port": 1, "to": 5}], f"edge_twin_port_forwards[0].to: 5 is neither ({WAYS})"),
        ([{"port": 1, "to": "dummy"}], f"edge_twin_port_forwards[0].to: 'dummy' is neither ({WAYS})"),
        (
            [{"port": 1, "to": "fd00::1"}],
            "edge_twin_port_forwards[0].to: fd00::1 is an IPv6 address (port forwards translate IPv4 addresses alone)",
        ),
        (
            [{"port": 1, "to": "192.0.2.1"}],
            "edge_twin_port_forwards[0].to: 192.0.2.1 is in no pool (pools: private-ingress, private-service,"
            " public-ingress, public-service)",
        ),
        (
            [{"port": 25565, "to": "dummy/dummy-servcie"}],
            "edge_twin_port_forwards[0].to: no service 'dummy/dummy-servcie' (did you mean 'dummy/dummy-service'?)",
        ),
        (
            [{"port": 1, "to": "x/y"}],
            f"edge_twin_port_forwards[0].to: no service 'x/y' (known: {SERVICES}"
            " ingress-nginx-public/ingress-nginx-controller)",
        ),
        (
            [{"port": 1, "to": "dummy/dummy-service"}],
            "edge_twin_port_forwards[0].to: service dummy/dummy-service has no port TCP 1 (its ports: TCP 25565)",
        ),
        (
            [{**ONE, "router": "udm"}],
            "edge_twin_port_forwards[0].router: no router 'udm' (known: udm-pro)",
        ),
        (
            [{**ONE, "address": "198.51.100.1"}],
            "edge_twin_port_forwards[0].address: '198.51.100.1' is no router's address on a provider's wire (known: none;"
            " without address the router's own one upstream counts)",
        ),
        (
            [{**ONE, "address": ["198.51.100.1"]}],
            "edge_twin_port_forwards[0].address: ['198.51.100.1'] is no router's address on a provider's wire (known: none;"
            " without address the router's own one upstream counts)",
        ),
        (
            [ONE, {**ONE, "to": L2}],
            "edge_twin_port_forwards[1]: TCP 25565 of udm-pro is forwarded by edge_twin_port_forwards[0] already"
            " (another outside_port)",
        ),
    ],
)
def test_a_bad_port_forward_is_refused(forwards: list[Any], message: str) -> None:
    with pytest.raises(EdgeError) as caught:
        router(hybrid_plan().data, *forwards)
    assert str(caught.value) == message


def test_what_several_routers_or_clusters_have_needs_a_word_more() -> None:
    data = copy.deepcopy(hybrid_plan().data)
    twice = next(item for item in data["services"] if item["name"] == "dummy-service")
    data["services"].append({**twice, "cluster": "other"})
    with pytest.raises(EdgeError) as caught:
        router(data, {"to": "dummy/dummy-service", "port": 25565})
    assert str(caught.value) == (
        "edge_twin_port_forwards[0].to: 'dummy/dummy-service' is in other and platform (the cluster before it: other"
        " dummy/dummy-service)"
    )
    data = sites.site("two-sites-with-link").plan.data
    address = next(pool["ranges"][0][0] for pool in data["pools"])
    with pytest.raises(EdgeError) as caught:
        _twin.describe(data, settings=RouterSettings(port_forwards=[{"to": address, "port": 80}]))
    assert str(caught.value) == "edge_twin_port_forwards[0].router: is missing (one of: cabin, home)"


def test_a_service_without_a_planned_address_can_be_no_target() -> None:
    data = copy.deepcopy(hybrid_plan().data)
    next(item for item in data["services"] if item["name"] == "dummy-service")["addresses"] = []
    with pytest.raises(EdgeError) as caught:
        router(data, {"to": "dummy/dummy-service", "port": 25565})
    assert str(caught.value) == (
        "edge_twin_port_forwards[0].to: service dummy/dummy-service has no planned IPv4 address (addresses at"
        " dummy/dummy-service in edge_services: a port forward needs one that stays)"
    )

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients of a rehearsal ask, and what verify makes of the answers and of what routers dropped."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.clients import TwinClient
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import client_targets
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Faults, LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import interface

CLIENTS: list[TwinClient] = [
    {
        "name": name,
        "addresses": [address],
        "routers": ["udm-pro"],
        "on_link": ["udm-pro"],
        "proxies": [],
        "forwards": [],
    }
    for name, address in (("private", "10.122.0.254"), ("public", "10.121.0.254"), ("upstream", "198.51.100.2"))
]
ADDRESS = {client["name"]: client["addresses"][0] for client in CLIENTS}
BGP, L2 = "203.0.113.94", "10.122.0.171"
WAN = "198.51.100.1"
"""The router's own address upstream."""
SERVICES = {
    BGP: "dummy/dummy-service",
    "203.0.113.93": "ingress-nginx-public/ingress-nginx-controller",
    L2: "affine/affine-svc-lb",
    "10.122.0.129": "ingress-nginx-private/ingress-nginx-controller",
}


PORTS = {BGP: 25565, L2: 5432}
"""Address -> its service's port, where that is not 80."""


def targets(site: LiveSite) -> set[tuple[str, str]]:
    """Return who asks which address."""
    found = client_targets(site.plan, site.observed["clusters"], site.observed["routers"], CLIENTS)
    assert all(target["tcp"] == [PORTS.get(target["to"], 80)] and target["udp"] == [] for target in found)
    return {(target["client"], target["address"]) for target in found}


def ask(site: LiveSite, clients: list[TwinClient] = CLIENTS) -> None:
    """Let every client get its answer, over each next hop too."""
    asked = client_targets(site.plan, site.observed["clusters"], site.observed["routers"], clients)
    own = {client["name"]: client["addresses"][0] for client in clients}
    questions = [
        (target["client"], target["address"], port, over)
        for target in asked
        for port in target["tcp"]
        for over in ({}, *({"router": path["router"], "gateway": path["gateway"]} for path in target["paths"]))
    ]
    answers = [
        {
            "client": client,
            "address": address,
            "protocol": "tcp",
            "port": port,
            "from": own[client],
            "from_port": 40000 + number,
            "service": SERVICES[BGP if address == WAN else address],
            "node": "node02" if not over else f"node0{over['gateway'][-1]}",
            "source": own[client],
            **over,
        }
        for number, (client, address, port, over) in enumerate(questions)
    ]
    site.observed["heard"] = {"clients": clients, "answers": answers, "dropped": {"udm-pro": {}}}


FAULTS = Faults(prepare=ask)


def answers(site: LiveSite, client: str, address: str = BGP) -> list[dict[str, Any]]:
    """Return what a client heard of an address: as the router led it, and over each next hop."""
    return [
        item for item in site.observed["heard"]["answers"] if (item["client"], item["address"]) == (client, address)
    ]


def answer(site: LiveSite, client: str, address: str = BGP, hop: str | None = None) -> dict[str, Any]:
    """Return what a client heard of an address, as the router led it or over a next hop."""
    (found,) = [item for item in answers(site, client, address) if item.get("gateway") == hop]
    return found


def silence(heard: dict[str, Any]) -> None:
    """Let a client get no answer."""
    for key in ("service", "node", "source"):
        del heard[key]
    heard["error"] = "time-out"


def silence_all(site: LiveSite, client: str, address: str = BGP) -> None:
    """Let a client get no answer over any next hop."""
    for heard in answers(site, client, address):
        silence(heard)


def drop(site: LiveSite, note: str, heard: dict[str, Any], answered: bool = False) -> None:
    """Let the router note that it dropped a packet of a client's, or the answer to it."""
    packet = [heard["from"], heard["address"], heard["from_port"], heard["port"]]
    if answered:
        packet = [packet[1], packet[0], packet[3], packet[2]]
    site.observed["heard"]["dropped"]["udm-pro"].setdefault(note, []).append(packet)


def drop_all(site: LiveSite, note: str, client: str, address: str = BGP, answered: bool = False) -> None:
    """Let the router note that it dropped all that a client asked of an address."""
    for heard in answers(site, client, address):
        drop(site, note, heard, answered)


def test_each_client_asks_what_the_plan_brings_to_its_network_or_its_router() -> None:
    inside = {(client, address) for client in ("private", "public") for address in SERVICES}
    assert targets(LiveSite()) == inside | {("upstream", BGP), ("upstream", "203.0.113.93")}


def test_without_a_twin_there_are_no_clients() -> None:
    site = LiveSite()
    assert site.rows("client") == []
    site.observed["heard"] = None
    assert site.rows("client") == []


def test_the_table_says_which_node_answered_and_what_source_it_saw() -> None:
    site = LiveSite()
    ask(site)
    assert site.texts() == []
    seen = "TCP 25565 node02, sees 10.121.0.254; over node02, node03"
    row = ("answers, sees the client", seen, "ok")
    assert ("public 203.0.113.94 (platform dummy/dummy-service)", *row) in site.rows("client")
    assert {row[1] for row in site.rows("client") if L2 in row[0]} == {"answers"}


ONE, OTHER = "10.122.0.12", "10.122.0.13"
"""The next hops of the BGP address: node02 and node03."""


def seen(site: LiveSite, client: str, address: str = BGP) -> list[tuple[str, str]]:
    """Return what a row says of a client and an address, and its level."""
    return [row[2:] for row in site.rows("client") if row[0].startswith(f"{client} {address} ")]


def test_each_next_hop_is_asked_from_every_network_but_where_the_address_is_on_the_link() -> None:
    site = LiveSite()
    found = client_targets(site.plan, site.observed["clusters"], site.observed["routers"], CLIENTS)
    hops = {
        (target["client"], path["gateway"]) for target in found if target["address"] == BGP for path in target["paths"]
    }
    assert hops == {(client["name"], hop) for client in CLIENTS for hop in (ONE, OTHER)}
    site.plan["networks"]["public"]["cidrs"].append("203.0.113.88/29")
    found = client_targets(site.plan, site.observed["clusters"], site.observed["routers"], CLIENTS)
    assert {target["client"] for target in found if target["paths"]} == {"private", "upstream"}


def test_the_table_names_each_node_that_answered_and_each_that_did_not() -> None:
    site = LiveSite()
    ask(site)
    silence(answer(site, "public", hop=OTHER))
    assert seen(site, "public") == [("TCP 25565 node02, sees 10.121.0.254; over node02, not over node03", "error")]
    silence(answer(site, "public"))  # the router's hash leads there
    assert seen(site, "public") == [("TCP 25565 no answer; over node02, not over node03", "error")]
    assert [text[:7] for text in site.texts()] == ["EDGE858"]
    silence(answer(site, "public", hop=ONE))
    assert seen(site, "public") == [("TCP 25565 no answer; not over node02, node03", "error")]
    assert [text[:7] for text in site.texts()] == ["EDGE858"]
    assert "over" not in site.texts()[0].partition(" (")[0]


def test_a_next_hop_over_which_nothing_could_be_led_is_not_said_to_answer() -> None:
    site = LiveSite()
    ask(site)
    site.observed["heard"]["answers"].remove(answer(site, "public", hop=OTHER))
    row = "TCP 25565 node02, sees 10.121.0.254; over node02, not asked over node03"
    assert seen(site, "public") == [(row, "unknown")]
    site.observed["heard"]["answers"].remove(answer(site, "public", hop=ONE))
    row = "TCP 25565 node02, sees 10.121.0.254; not asked over node02, node03"
    assert seen(site, "public") == [(row, "unknown")]
    assert site.texts() == []
    silence(answer(site, "public"))
    assert seen(site, "public") == [("TCP 25565 no answer; not asked over node02, node03", "error")]


def test_ports_that_differ_by_next_hop_have_a_text_each() -> None:
    site = LiveSite()
    ask(site)
    site.service("dummy-service")["spec"]["ports"].append({"name": "tls", "port": 443, "protocol": "TCP"})
    heard = site.observed["heard"]["answers"]
    heard += [{**item, "port": 443} for item in answers(site, "public")]
    silence(heard[-1])
    assert seen(site, "public") == [
        (
            "TCP 443 node02, sees 10.121.0.254 (over node02, not over node03);"
            " TCP 25565 node02, sees 10.121.0.254 (over node02, node03)",
            "error",
        )
    ]


def test_a_translated_source_over_one_next_hop_is_told() -> None:
    site = LiveSite()
    ask(site)
    answer(site, "upstream", hop=OTHER)["source"] = OTHER
    assert [text.partition(":")[0] for text in site.texts()] == ["EDGE857 platform service dummy/dummy-service"]
    assert f"saw {OTHER}:" in site.texts()[0]


def test_with_cluster_policy_the_source_may_be_a_node() -> None:
    site = LiveSite()
    ask(site)
    answer(site, "private", L2)["source"] = "10.122.0.13"
    assert site.texts() == []


@pytest.mark.parametrize(
    ("ranges", "policy", "asked"),
    [
        pytest.param(["10.121.0.0/24"], "allow", {"public"}, id="some clients"),
        pytest.param(["10.121.0.0/24"], "deny", {"private", "upstream"}, id="all but some"),
        pytest.param([], "deny", {"public", "private", "upstream"}, id="none"),
    ],
)
def test_source_ranges_decide_who_asks(ranges: list[str], policy: str, asked: set[str]) -> None:
    site = LiveSite()
    service = site.service("dummy-service")
    service["spec"]["loadBalancerSourceRanges"] = ranges
    service["metadata"]["annotations"] = {"service.cilium.io/src-ranges-policy": policy}
    assert {client for client, address in targets(site) if address == BGP} == asked


def test_nobody_asks_a_service_without_endpoint() -> None:
    site = LiveSite()
    site.slice("affine")["endpoints"] = []
    assert L2 not in {address for _client, address in targets(site)}
    ask(site)
    assert [row[2] for row in site.rows("client") if L2 in row[0]] == ["not tried (no ready endpoint)"] * 2


def on_wire(site: LiveSite, proxies: tuple[str, ...] = ()) -> None:
    """Put upstream on a wire on which the router has an address, and let all get their answers."""
    site.plan["networks"]["wire"] = {**site.plan["networks"]["public"], "cidrs": ["203.0.113.88/29"]}
    site.plan["networks"]["wire"]["delivery"] = "on_link"
    site.plan["routers"]["udm-pro"]["addresses"]["wire"] = ["203.0.113.89"]
    site.router["interfaces"].append(interface("wan", "203.0.113.89/29"))
    wired: TwinClient = {
        "name": "upstream",
        "addresses": ["203.0.113.90"],
        "routers": [],
        "on_link": ["udm-pro"],
        "proxies": list(proxies),
        "forwards": [],
    }
    ask(site, [*CLIENTS[:2], wired])


def test_upstream_on_the_wire_asks_by_arp_and_over_each_next_hop_where_the_router_is_said_to_answer() -> None:
    site = LiveSite()
    on_wire(site)
    assert seen(site, "upstream") == [("TCP 25565 node02, sees 203.0.113.90", "ok")]
    on_wire(site, ("udm-pro",))
    assert seen(site, "upstream") == [("TCP 25565 node02, sees 203.0.113.90; over node02, node03", "ok")]
    silence_all(site, "upstream")
    assert [text[:7] for text in site.texts()] == ["EDGE858"]


def test_a_router_on_the_wire_that_has_left_the_inventory_is_not_looked_for() -> None:
    site = LiveSite()
    on_wire(site)
    (wired,) = [client for client in site.observed["heard"]["clients"] if client["name"] == "upstream"]
    wired["on_link"] = ["old", "udm-pro"]
    assert seen(site, "upstream") == [("TCP 25565 node02, sees 203.0.113.90", "ok")]


@pytest.mark.parametrize("known", [True, False], ids=["leaves", "has left the inventory"])
def test_a_client_that_still_sends_to_a_router_that_leaves_is_not_asked(known: bool) -> None:
    site = LiveSite()
    if known:
        site.plan["routers"]["old"] = {**site.plan["routers"]["udm-pro"], "absent": True}
    ask(site, [{**client, "routers": [*client["routers"], "old"]} for client in CLIENTS])
    silence_all(site, "upstream")
    assert site.texts() == []
    assert {text for text, _level in seen(site, "upstream")} == {
        "not tried (the client still sends to old, which leaves the site)"
    }


def test_a_port_forward_of_a_router_that_leaves_is_not_asked() -> None:
    site = LiveSite()
    site.plan["routers"]["old"] = {**site.plan["routers"]["udm-pro"], "absent": True}
    ask(site, with_forward({"router": "old"}))
    silence_all(site, "upstream")
    rows = {row[0]: row[2] for row in site.rows("client") if WAN in row[0]}
    assert set(rows.values()) == {"not tried (the client still sends to old, which leaves the site)"}


def with_forward(*forwards: dict[str, Any]) -> list[TwinClient]:
    """Return the clients of a twin whose router forwards a port to the BGP address."""
    usual = {"router": "udm-pro", "address": WAN, "protocol": "TCP", "outside_port": 8080, "to": BGP, "port": 25565}
    own: Any = [{**usual, **item} for item in forwards or ({},)]
    return [{**client, "forwards": own} for client in CLIENTS]


def test_every_client_asks_a_port_forward_and_the_service_must_see_it() -> None:
    site = LiveSite()
    ask(site, with_forward())
    assert site.texts() == []
    rows = {row[0]: row[1:3] for row in site.rows("client") if WAN in row[0]}
    over = "over node02, node03"
    assert rows == {
        f"{client} {WAN} to {BGP} (platform dummy/dummy-service)": (
            "answers, sees the client",
            f"TCP 8080 node02, sees {ADDRESS[client]}; {over}",
        )
        for client in ADDRESS
    }
    answer(site, "public", WAN)["source"] = "10.122.0.1"
    assert [text[:7] for text in site.texts()] == ["EDGE857"]


def test_ports_that_are_forwarded_to_one_address_share_a_row() -> None:
    site = LiveSite()
    ask(site, with_forward({}, {"outside_port": 8081}))
    assert seen(site, "upstream", WAN) == [
        (
            f"TCP 8080 node02, sees {ADDRESS['upstream']}; TCP 8081 node02, sees {ADDRESS['upstream']};"
            " over node02, node03",
            "ok",
        )
    ]


def test_a_next_hop_behind_a_port_forward_that_does_not_answer_is_named() -> None:
    site = LiveSite()
    ask(site, with_forward())
    for item in answers(site, "upstream", WAN):
        if item.get("gateway") == "10.122.0.13":
            item["error"] = "time-out"
    assert seen(site, "upstream", WAN) == [
        (f"TCP 8080 node02, sees {ADDRESS['upstream']}; over node02, not over node03", "error")
    ]
    (text,) = site.texts()
    assert text.startswith("EDGE858")
    assert "over the next hop node03 (10.122.0.13)" in text


@pytest.mark.parametrize(
    ("forward", "row"),
    [
        ({"port": 81}, f"not tried (no service has TCP 81 at {BGP})"),
        ({"protocol": "UDP"}, f"not tried (no service has UDP 25565 at {BGP})"),
        ({"to": "10.122.0.162"}, "not tried (no service has TCP 25565 at 10.122.0.162)"),
    ],
)
def test_a_port_forward_that_leads_to_no_service_is_not_tried(forward: dict[str, Any], row: str) -> None:
    site = LiveSite()
    ask(site, with_forward(forward))
    assert seen(site, "upstream", WAN) == [(row, "unknown")]
    assert site.texts() == []


def test_a_port_forward_to_a_service_without_endpoint_is_not_tried() -> None:
    site = LiveSite()
    ask(site, with_forward({"to": L2, "port": 5432}))
    site.slice("affine")["endpoints"] = []
    assert seen(site, "upstream", WAN) == [("not tried (no ready endpoint)", "unknown")]


def test_nobody_on_the_internet_has_a_way_to_a_private_address() -> None:
    site = LiveSite()
    ask(site)
    silence_all(site, "upstream")
    drop_all(site, "blocked", "upstream")
    assert [text[:7] for text in site.texts()] == ["EDGE856"]
    private = "192.168.9.94"
    for pool in site.plan["pools"]:
        pool["ranges"] = [[edge.replace(BGP, private) for edge in pair] for pair in pool["ranges"]]
    site.service("dummy-service")["status"]["loadBalancer"]["ingress"][0]["ip"] = private
    for item in site.observed["heard"]["answers"]:
        item["address"] = item["address"].replace(BGP, private)
    drop_all(site, "blocked", "upstream", private)
    assert [row[2:] for row in site.rows("client") if row[0].startswith(f"upstream {private}")] == [
        ("not let in by udm-pro", "ok")
    ]


@FAULTS.finds(
    "EDGE854 platform service dummy/dummy-service: no answer from 203.0.113.94 TCP 25565 to clients in public (10.121.0.254):"
    " udm-pro drops packets as invalid, because it has seen one half of the connection. The answer takes another"
    " way than the request (a router that follows no connections hides this. Let nodes answer through the network"
    " that the request came in by: routing rules on them, and return_path: network at private in edge_networks:"
    " docs/situations/nodes-in-two-networks.md)"
)
def third_packet_of_the_handshake_is_dropped(site: LiveSite) -> None:
    silence_all(site, "public")
    drop_all(site, "half", "public")


@FAULTS.finds(
    "EDGE854 platform service affine/affine-svc-lb: no answer from 10.122.0.171 TCP 5432 to clients in public"
    " (10.121.0.254): udm-pro drops packets as invalid, because it has seen one half of the connection. The answer takes"
    " another way than the request (a router that follows no connections hides this. Let nodes answer through the network"
    " that the request came in by: routing rules on them, and return_path: network at private in edge_networks:"
    " docs/situations/nodes-in-two-networks.md)"
)
def answer_to_what_the_router_did_not_see_is_dropped(site: LiveSite) -> None:
    silence_all(site, "public", L2)
    drop_all(site, "half", "public", L2, answered=True)


@FAULTS.finds(
    "EDGE855 platform service dummy/dummy-service: no answer from 203.0.113.94 TCP 25565 to clients in upstream"
    " (198.51.100.2): udm-pro checks the reverse path strictly, and the answer came back by another network than"
    " the request went out (a router that does not check it hides this. Let nodes answer through the network that"
    " the request came in by: routing rules on them, and return_path: network at private in edge_networks:"
    " docs/situations/nodes-in-two-networks.md)"
)
def answer_comes_back_by_another_network(site: LiveSite) -> None:
    silence_all(site, "upstream")
    drop_all(site, "reverse", "upstream", answered=True)


@FAULTS.finds(
    "EDGE856 platform service dummy/dummy-service: udm-pro does not let clients in upstream (198.51.100.2) in to"
    " 203.0.113.94 TCP 25565 (where the real router has a rule that lets them in, say so: edge_twin_firewall_rules"
    " (docs/twin.md); where it has none, accept this)"
)
def no_rule_lets_it_in(site: LiveSite) -> None:
    silence_all(site, "upstream")
    drop_all(site, "blocked", "upstream")


@FAULTS.finds(
    "EDGE857 platform service dummy/dummy-service: asked by clients in private (10.122.0.254), 203.0.113.94 saw"
    " 10.122.0.1: the source was translated, though traffic policy Local keeps it (look for NAT on the way:"
    " masquerading of ranges that a router does not know, or Cilium's own)"
)
def source_is_translated(site: LiveSite) -> None:
    for heard in answers(site, "private"):
        heard["source"] = "10.122.0.1"


@FAULTS.finds(
    "EDGE858 platform service dummy/dummy-service: no answer from 203.0.113.94 TCP 25565 to clients in private"
    " (10.122.0.254), upstream (198.51.100.2) (time-out) (./rehearse --keep leaves the twin up: follow the packets"
    " there, ip route get on router and nodes, tcpdump in each namespace)"
)
def nobody_knows_why(site: LiveSite) -> None:
    silence_all(site, "upstream")
    silence_all(site, "private")
    # What was dropped of others, and a request that came back from a node, say nothing of it.
    drop_all(site, "half", "public")
    drop_all(site, "reverse", "private")


@FAULTS.finds(
    "EDGE854 platform service dummy/dummy-service: no answer from 203.0.113.94 TCP 25565 over the next hop node03"
    " (10.122.0.13) to clients in public (10.121.0.254): udm-pro drops packets as invalid, because it has seen one half of"
    " the connection. The answer takes another way than the request (a router that follows no connections hides this. Let"
    " nodes answer through the network that the request came in by: routing rules on them, and return_path: network at"
    " private in edge_networks: docs/situations/nodes-in-two-networks.md)"
)
def one_node_answers_by_another_way(site: LiveSite) -> None:
    silence(answer(site, "public", hop=OTHER))
    drop(site, "half", answer(site, "public", hop=OTHER))
    # What the router dropped of a connection that went on (its client was sent on to the node) says nothing.
    drop(site, "half", answer(site, "private", hop=ONE))


@FAULTS.finds(
    "EDGE858 platform service dummy/dummy-service: no answer from 203.0.113.94 TCP 25565 over the next hop node02"
    " (10.122.0.12) to clients in public (10.121.0.254), upstream (198.51.100.2) (time-out) (./rehearse --keep leaves the"
    " twin up: follow the packets there, ip route get on router and nodes, tcpdump in each namespace)"
)
def one_node_answers_nobody_behind_the_router(site: LiveSite) -> None:
    for client in ("public", "upstream"):
        silence(answer(site, client, hop=ONE))
        silence(answer(site, client))


@FAULTS.finds(
    "EDGE858 platform service dummy/dummy-service: no answer from 203.0.113.94 TCP 25565 to clients in public (10.121.0.254)"
    " (other/web answered in its place) (./rehearse --keep leaves the twin up: follow the packets there, ip route get on"
    " router and nodes, tcpdump in each namespace)"
)
def another_service_answers(site: LiveSite) -> None:
    for heard in answers(site, "public"):
        heard["service"] = "other/web"


@FAULTS.finds(
    "EDGE859 platform service dummy/dummy-service: no answer from 203.0.113.94 TCP 25565 to clients in upstream"
    " (203.0.113.90), who ask for it by ARP on network wire: nothing says that a router answers there (the real router has"
    " to (docs/situations/slash-29.md). Where it does, let the twin's do so too: edge_twin_proxy_arp: [wire] (IPv4 alone);"
    " where it does not, no packet from outside arrives)"
)
def nobody_answers_on_the_wire(site: LiveSite) -> None:
    on_wire(site)
    silence_all(site, "upstream")


@FAULTS.finds(
    "EDGE877 platform service dummy/dummy-service: no answer from 198.51.100.1 (a port forward to 203.0.113.94) TCP 8080 to"
    " clients in private (10.122.0.254): the nodes in their network answer them directly, from 203.0.113.94, and they know"
    " the port forward's address alone (a router translates the source of such clients only where it is told so (UniFi:"
    " where their network holds 203.0.113.94). Add a source NAT rule from their network to 203.0.113.94, give them"
    " 203.0.113.94 by DNS, or accept this where nobody asks from there)"
)
def nodes_answer_past_the_port_forward(site: LiveSite) -> None:
    ask(site, with_forward())
    silence(answer(site, "private", WAN))


@FAULTS.finds(
    "EDGE854 platform service dummy/dummy-service: no answer from 198.51.100.1 (a port forward to 203.0.113.94) TCP 8080 to"
    " clients in public (10.121.0.254): udm-pro drops packets as invalid, because it has seen one half of the connection."
    " The answer takes another way than the request (a router that follows no connections hides this. Let nodes answer"
    " through the network that the request came in by: routing rules on them, and return_path: network at private in"
    " edge_networks: docs/situations/nodes-in-two-networks.md)"
)
def the_answer_of_a_port_forward_takes_another_way(site: LiveSite) -> None:
    ask(site, with_forward())
    heard = answer(site, "public", WAN)
    silence(heard)
    # The firewall meets packets behind the translation.
    drop(site, "half", {**heard, "address": BGP, "port": 25565})


@FAULTS.finds(
    "EDGE858 platform service dummy/dummy-service: no answer from 198.51.100.1 (a port forward to 203.0.113.94) TCP 8080 to"
    " clients in upstream (198.51.100.2) (time-out) (./rehearse --keep leaves the twin up: follow the packets there, ip"
    " route get on router and nodes, tcpdump in each namespace)"
)
def upstream_gets_no_answer_from_a_port_forward(site: LiveSite) -> None:
    ask(site, with_forward())
    silence(answer(site, "upstream", WAN))


@FAULTS.finds(
    "EDGE853 hybrid: no client could ask the services' addresses: namespace twin-hybrid.client.public is not there (mend"
    " that, or leave the clients out: edge_verify_probe: false)"
)
def twin_is_gone(site: LiveSite) -> None:
    site.observed["heard"] = {"error": "namespace twin-hybrid.client.public is not there"}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found(fault: Any) -> None:
    fault.check()

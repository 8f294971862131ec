# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router asks, and what verify makes of the answers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import probe_targets
from ansible_collections.hybridnet.cluster_edge.tests.support.heard import heard, mac_of
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Fault, Faults, LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.unit.verify.test_leases import share

L2, BGP = "10.122.0.171", "203.0.113.94"


def ask(site: LiveSite) -> None:
    """Let the routers ask, where all is well."""
    site.observed["probes"] = heard(site.plan, site.observed)


FAULTS = Faults(prepare=ask)


def answer(site: LiveSite, address: str) -> dict[str, Any]:
    return site.observed["probes"]["udm-pro"][address]


def port(site: LiveSite, address: str, **counts: int) -> None:
    """Say what became of the attempts at an address's one port."""
    entry = answer(site, address)["ports"][0]
    entry.pop("answered")
    entry.update(counts)


def targets(site: LiveSite) -> dict[str, Any]:
    found = probe_targets(site.plan, site.observed["clusters"], "udm-pro", site.router)
    return {target["address"]: {key: value for key, value in target.items() if key != "address"} for target in found}


def test_reference_site_is_asked_where_each_address_comes_in() -> None:
    def over_l2(port: int, holder: str) -> dict[str, Any]:
        return {"tcp": [port], "udp": [], "connections": 1, "segment": ["10.122.0.1"], "holders": [holder], "paths": []}

    def over_bgp(port: int, *hops: str) -> dict[str, Any]:
        paths = [{"gateway": hop, "interface": "br0"} for hop in hops]
        return {"tcp": [port], "udp": [], "connections": 8, "segment": [], "holders": [], "paths": paths}

    assert targets(LiveSite()) == {
        "10.122.0.171": over_l2(5432, "10.122.0.12"),
        "10.122.0.129": over_l2(80, "10.122.0.14"),
        "203.0.113.93": over_bgp(80, "10.121.0.11", "10.121.0.12"),
        "203.0.113.94": over_bgp(25565, "10.122.0.12", "10.122.0.13"),
    }


def test_reference_site_that_answers_is_green() -> None:
    site = LiveSite()
    ask(site)
    holder = f"node02 ({mac_of('10.122.0.12')})"
    assert site.texts() == []
    assert ("udm-pro 10.122.0.171 (platform affine/affine-svc-lb)", "node02", holder, "ok") in site.rows(
        "address_resolution"
    )
    seen = "TCP 25565 8 of 8, each of 2 paths"
    assert ("udm-pro 203.0.113.94 (platform dummy/dummy-service)", "answers", seen, "ok") in site.rows("asked")


def test_router_that_nobody_asked_is_told_to_be_so() -> None:
    site = LiveSite()
    site.observed["probes"] = None
    assert site.texts() == []
    row = ("udm-pro 4 addresses", "answer", "announced, not tried (edge_verify_probe: false)", "unknown")
    assert (site.rows("asked"), site.rows("address_resolution")) == ([row], [])


def test_router_of_others_does_not_ask() -> None:
    site = LiveSite()
    ask(site)
    site.plan["routers"]["udm-pro"]["managed"] = False
    assert site.rows("asked") == [
        ("udm-pro 4 addresses", "answer", "announced, not tried (edge_router_managed: false)", "unknown")
    ]


@pytest.mark.parametrize(
    ("ranges", "reason"),
    [
        pytest.param(["10.0.0.0/8", "192.168.0.0/16"], None, id="let the router in"),
        pytest.param(["198.51.100.0/24"], "loadBalancerSourceRanges leave the router out", id="leave it out"),
        pytest.param(
            ["10.122.0.0/24"], "loadBalancerSourceRanges leave the router out", id="let some of its addresses in"
        ),
    ],
)
def test_source_ranges_decide_whether_the_router_tries(ranges: list[str], reason: str | None) -> None:
    site = LiveSite()
    site.service("affine-svc-lb")["spec"]["loadBalancerSourceRanges"] = ranges
    assert targets(site)[L2]["tcp"] == ([5432] if reason is None else [])
    assert targets(site)[L2]["segment"] == ["10.122.0.1"]  # who has it is asked in any case
    ask(site)
    seen = next(row[2] for row in site.rows("asked") if L2 in row[0])
    assert seen == ("TCP 5432 1 of 1" if reason is None else f"announced, not tried ({reason})")


@pytest.mark.parametrize(
    ("policy", "cilium", "ranges", "tried"),
    [
        pytest.param("deny", "1.20.2", ["10.0.0.0/8"], False, id="keep the router out"),
        pytest.param("Deny", "1.17.0", ["198.51.100.0/24"], True, id="keep others out"),
        pytest.param("deny", "1.20.2", ["10.121.0.0/24"], False, id="keep some of its addresses out"),
        pytest.param("deny", "1.16.19", ["10.0.0.0/8"], True, id="are not read by this Cilium"),
        pytest.param("never", "1.20.2", ["10.0.0.0/8"], True, id="have a policy that does not exist"),
    ],
)
def test_source_ranges_may_be_those_that_are_kept_out(policy: str, cilium: str, ranges: list[str], tried: bool) -> None:
    site = LiveSite()
    site.plan["clusters"]["platform"]["cilium_version"] = cilium
    service = site.service("affine-svc-lb")
    service["spec"]["loadBalancerSourceRanges"] = ranges
    service["metadata"]["annotations"] = {"service.cilium.io/src-ranges-policy": policy}
    assert targets(site)[L2]["tcp"] == ([5432] if tried else [])


def test_address_without_endpoint_or_route_is_not_tried() -> None:
    site = LiveSite()
    site.slice("affine")["endpoints"] = []
    site.kernel.clear()
    assert {address: target["tcp"] for address, target in targets(site).items()} == {
        "10.122.0.171": [],
        "10.122.0.129": [80],
        "203.0.113.93": [],
        "203.0.113.94": [],
    }


def test_service_without_endpoint_hides_no_other_at_its_address() -> None:
    site = LiveSite()
    second = site.service("dummy-service")
    site.resources["Service"].insert(
        0,
        {
            "metadata": {**second["metadata"], "name": "asleep"},
            "spec": {**second["spec"], "ports": [{"port": 53}]},
            "status": second["status"],
        },
    )
    assert targets(site)[BGP]["tcp"] == [25565]
    ask(site)
    told = "TCP 25565 8 of 8, each of 2 paths; dummy/asleep not tried (no ready endpoint)"
    assert next(row[2:] for row in site.rows("asked") if BGP in row[0]) == (told, "unknown")


def test_services_that_share_an_address_are_asked_together() -> None:
    site = LiveSite()
    second = site.service("dummy-service")
    site.resources["Service"].append(
        {
            "metadata": {**second["metadata"], "name": "second"},
            "spec": {**second["spec"], "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53}]},
            "status": second["status"],
        }
    )
    site.resources["EndpointSlice"].append(
        {**site.slice("dummy"), "metadata": {"namespace": "dummy", "labels": {"kubernetes.io/service-name": "second"}}}
    )
    assert (targets(site)[BGP]["tcp"], targets(site)[BGP]["udp"]) == ([53, 25565], [53])
    ask(site)
    row = next(row for row in site.rows("asked") if BGP in row[0])
    assert row[0] == "udm-pro 203.0.113.94 (platform dummy/dummy-service, dummy/second)"
    seen = "TCP 53 8 of 8, each of 2 paths; TCP 25565 8 of 8, each of 2 paths; UDP 53 not known"
    assert row[2:] == (seen, "unknown")


@FAULTS.finds(
    "EDGE871 platform service dummy/dummy-service: udm-pro got no answer from 203.0.113.94 TCP 25565 in 8 attempts"
    " (time-out) (does a network policy or a firewall drop what comes from the router; does node02, node03 take packets"
    " for the address: in the Cilium pod there, cilium-dbg monitor --type drop)"
)
def nobody_answers(site: LiveSite) -> None:
    port(site, BGP, timed_out=8)


@FAULTS.finds(
    "EDGE871 platform service dummy/dummy-service: udm-pro got no answer from 203.0.113.94 TCP 25565 in 8 attempts"
    " (EHOSTUNREACH) (does a network policy or a firewall drop what comes from the router; does node02, node03 take"
    " packets for the address: in the Cilium pod there, cilium-dbg monitor --type drop)"
)
def no_host_there(site: LiveSite) -> None:
    port(site, BGP, unreachable=8)
    answer(site, BGP)["ports"][0]["reasons"] = ["EHOSTUNREACH"]


@FAULTS.finds(
    "EDGE871 platform service dummy/dummy-service: udm-pro got no answer from 203.0.113.94 TCP 25565 in 0 attempts"
    " (time-out) (does a network policy or a firewall drop what comes from the router; does node02, node03 take packets"
    " for the address: in the Cilium pod there, cilium-dbg monitor --type drop)"
)
def an_address_that_the_module_forgot(site: LiveSite) -> None:
    del site.observed["probes"]["udm-pro"][BGP]


@FAULTS.finds(
    "EDGE872 platform service dummy/dummy-service: udm-pro got no answer from 203.0.113.94 TCP 25565 in 4 of 8 attempts (one"
    " of node02, node03 takes no packets for it, or its answers are lost on their way: try them one by one (kubectl -n"
    " kube-system get pods -o wide -l k8s-app=cilium; cilium-dbg monitor --type drop in each))"
)
def one_of_two_nodes_drops(site: LiveSite) -> None:
    port(site, BGP, timed_out=4, answered=4)


def over(site: LiveSite, address: str, **results: str) -> None:
    """Say what became of the SYNs over the next hops ``node02`` and ``node03`` to an address."""
    hops = {"node02": "10.122.0.12", "node03": "10.122.0.13"}
    for entry in answer(site, address)["paths"]:
        entry["result"] = next(result for node, result in results.items() if hops[node] == entry["gateway"])


ONE_PATH_DEAD = (
    "EDGE876 platform service dummy/dummy-service: udm-pro got no answer from 203.0.113.94 TCP 25565 over the next hop node03"
    " (10.122.0.13) ({reason}), and got one over node02 (clients whose packets the router's hash sends to node03 get no"
    " answer. Does it take packets for the address: in the Cilium pod there, cilium-dbg monitor --type drop; by which way"
    " do its answers leave: ip route get)"
)


@FAULTS.finds(ONE_PATH_DEAD.format(reason="time-out"))
def a_path_that_the_hash_never_picks_is_dead(site: LiveSite) -> None:
    over(site, BGP, node02="answered", node03="timed_out")


@FAULTS.finds(ONE_PATH_DEAD.format(reason="time-out"))
def the_path_that_the_hash_always_picks_is_dead(site: LiveSite) -> None:
    over(site, BGP, node02="refused", node03="timed_out")
    port(site, BGP, timed_out=8)


@FAULTS.finds(ONE_PATH_DEAD.format(reason="no answer to ARP or NDP"))
def a_next_hop_is_away(site: LiveSite) -> None:
    over(site, BGP, node02="answered", node03="unresolved")
    port(site, BGP, timed_out=4, answered=4)


@FAULTS.finds(
    "EDGE871 platform service dummy/dummy-service: udm-pro got no answer from 203.0.113.94 TCP 25565 in 8 attempts"
    " (time-out) (does a network policy or a firewall drop what comes from the router; does node02, node03 take packets"
    " for the address: in the Cilium pod there, cilium-dbg monitor --type drop)"
)
def all_paths_are_dead(site: LiveSite) -> None:
    over(site, BGP, node02="timed_out", node03="timed_out")
    port(site, BGP, timed_out=8)


SOME_REFUSED = (
    "EDGE904 platform service dummy/dummy-service: {refused} of 10 attempts of udm-pro at 203.0.113.94 TCP 25565 were refused"
    "{over}, and the others came about (some clients are refused: does each of the service's endpoints listen, and has"
    " each node that is asked a ready one (Local): kubectl -n dummy get endpointslices -o wide -l"
    " kubernetes.io/service-name=dummy-service)"
)
OVER_NODE03 = ", those over node03 (10.122.0.13) among them"


@FAULTS.finds(SOME_REFUSED.format(refused=1, over=OVER_NODE03))
def nobody_listens_behind_the_path_that_the_hash_never_picks(site: LiveSite) -> None:
    over(site, BGP, node02="answered", node03="refused")


@FAULTS.finds(SOME_REFUSED.format(refused=9, over=OVER_NODE03))
def nobody_listens_behind_the_path_that_the_hash_always_picks(site: LiveSite) -> None:
    over(site, BGP, node02="answered", node03="refused")
    port(site, BGP, refused=8)


@FAULTS.finds(SOME_REFUSED.format(refused=3, over=""))
def one_of_several_endpoints_does_not_listen(site: LiveSite) -> None:
    port(site, BGP, refused=3, answered=5)


@FAULTS.finds(
    "EDGE873 platform service dummy/dummy-service: 10 of 10 attempts of udm-pro at 203.0.113.94 TCP 25565 were refused:"
    " packets arrive, and nobody listens (look at what the service's endpoints listen on: kubectl -n dummy get"
    " endpointslices -l kubernetes.io/service-name=dummy-service)"
)
def nobody_listens_behind_any_path(site: LiveSite) -> None:
    over(site, BGP, node02="refused", node03="refused")
    port(site, BGP, refused=8)


@FAULTS.finds(
    "EDGE873 platform service affine/affine-svc-lb: 1 of 1 attempts of udm-pro at 10.122.0.171 TCP 5432 were refused:"
    " packets arrive, and nobody listens (look at what the service's endpoints listen on: kubectl -n affine get"
    " endpointslices -l kubernetes.io/service-name=affine-svc-lb)"
)
def nobody_listens(site: LiveSite) -> None:
    port(site, L2, refused=1)


@FAULTS.finds(
    'EDGE874 udm-pro: the router cannot ask the services\' addresses: Failed to find required executable "ip" (mend that,'
    " or leave the data plane unproven: edge_verify_probe: false)"
)
def a_router_that_cannot_ask(site: LiveSite) -> None:
    site.observed["probes"]["udm-pro"] = {"error": 'Failed to find required executable "ip"'}


@FAULTS.finds(
    "EDGE874 udm-pro: the router cannot ask the services' addresses: the router was not asked (mend that, or leave the"
    " data plane unproven: edge_verify_probe: false)"
)
def a_router_that_was_not_asked(site: LiveSite) -> None:
    site.observed["probes"] = {}


@FAULTS.finds(
    "EDGE883 platform service affine/affine-svc-lb: udm-pro asked by ARP who has 10.122.0.171, and nobody answered; the"
    " lease is held by node02 (a lease can be held while nobody answers: restart the Cilium agent of node02, which moves"
    " the lease; does the policy's interface pattern match the interface on the router's network)"
)
def a_lease_whose_holder_is_silent(site: LiveSite) -> None:
    answer(site, L2)["macs"] = []


@FAULTS.finds(
    "EDGE884 platform service affine/affine-svc-lb: udm-pro asked by ARP who has 10.122.0.171, and 02:00:00:00:00:0b"
    " answered, which is not node02 (another machine has the address, another load balancer announces it, or a node that"
    " held the lease before still answers, as seen after an upgrade to Cilium 1.17: find the MAC address on the switch; take"
    " the address away there, or out of the pool (exclude))"
)
def another_machine_answers(site: LiveSite) -> None:
    answer(site, L2)["macs"] = ["02:00:00:00:00:0b"]


@FAULTS.finds(
    "EDGE884 platform service affine/affine-svc-lb: udm-pro asked by ARP who has 10.122.0.171, and 02:00:00:00:00:0b"
    " answered, which is not node02 (another machine has the address, another load balancer announces it, or a node that"
    " held the lease before still answers, as seen after an upgrade to Cilium 1.17: find the MAC address on the switch; take"
    " the address away there, or out of the pool (exclude))"
)
def another_machine_answers_as_well(site: LiveSite) -> None:
    answer(site, L2)["macs"] += ["02:00:00:00:00:0b"]


@FAULTS.finds(
    "EDGE885 platform service affine/affine-svc-lb: udm-pro cannot ask by ARP who has 10.122.0.171: none of its"
    " interfaces that are up has 10.122.0.1 (the inventory gives the router this address on the network: correct"
    " edge_addresses, or bring the interface up)"
)
def a_router_without_its_leg(site: LiveSite) -> None:
    for key in ("macs", "holder_macs", "interface"):
        del answer(site, L2)[key]


OWN_ADDRESS = (
    "EDGE886 platform service {service}: udm-pro has {address} on its own interface lo: what it gets for the service ends"
    " there, whatever route it has (take the address away from the router: ip address show dev lo; or out of the pool"
    " (exclude))"
)


@FAULTS.finds(OWN_ADDRESS.format(service="dummy/dummy-service", address=BGP))
def the_router_has_the_address(site: LiveSite) -> None:
    site.router["interfaces"][0]["addresses"].append(f"{BGP}/32")


def test_address_of_a_service_on_the_router_is_not_met() -> None:
    site = LiveSite()
    the_router_has_the_address(site)
    row = ("udm-pro has as its own", "no address of a service", f"{BGP} on lo", "error")
    assert row in site.rows("nothing_else")


@FAULTS.finds(OWN_ADDRESS.format(service="affine/affine-svc-lb", address=L2))
def the_router_has_an_address_that_is_announced_on_l2(site: LiveSite) -> None:
    site.router["interfaces"][0]["addresses"].append(f"{L2}/32")


@FAULTS.finds(
    "EDGE887 platform service affine/affine-svc-lb: udm-pro asked by ARP who has 10.122.0.171, and 02:00:00:00:00:0b"
    " answered; nobody knows whether that is node02, which does not answer for its own address 10.122.0.12 (is node02 up,"
    " and is 10.122.0.12 its address: edge_addresses; find the MAC address on the switch)"
)
def somebody_answers_and_the_holder_does_not(site: LiveSite) -> None:
    answer(site, L2).update(macs=["02:00:00:00:00:0b"], holder_macs={"10.122.0.12": []})


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found(fault: Fault) -> None:
    fault.check()


def without_written_address(site: LiveSite, *live: str) -> None:
    """Let the inventory know no address of the lease's holder, and its CiliumNode these."""
    site.plan["clusters"]["platform"]["nodes"]["node02"]["addresses"] = {}
    site.plan["sessions"] = [item for item in site.plan["sessions"] if item["node"] != "node02"]
    addresses = [{"type": "InternalIP", "ip": address} for address in live]
    site.resources["CiliumNode"] = [{"metadata": {"name": "node02"}, "spec": {"addresses": addresses}}]


def neighbor_row(site: LiveSite) -> tuple[str, str]:
    """Return who answered for the address on L2, and the level."""
    return next((row[2], row[3]) for row in site.rows("address_resolution") if L2 in row[0])


def test_answer_of_a_holder_without_a_known_address_is_not_compared_and_told_to_be_so() -> None:
    site = LiveSite()
    without_written_address(site, "10.121.0.12", "fd00:122::12")
    ask(site)
    answer(site, L2)["macs"] = ["02:00:00:00:00:0b"]
    told = "(not compared with node02: its address on the network private is not known)"
    assert neighbor_row(site) == (f"02:00:00:00:00:0b {told}", "unknown")


def test_answer_is_compared_with_an_address_of_the_holder_that_the_cluster_knows() -> None:
    site = LiveSite()
    without_written_address(site, "10.121.0.12", "10.122.0.12")
    assert targets(site)[L2]["holders"] == ["10.122.0.12"]
    ask(site)
    assert neighbor_row(site) == (f"node02 ({mac_of('10.122.0.12')})", "ok")
    answer(site, L2)["macs"] = ["02:00:00:00:00:0b"]
    assert "EDGE884" in site.codes()


def shared_by_two_holders(site: LiveSite) -> str:
    """Let two nodes hold leases of an address; return what verify says of the leases."""
    share(site, "node03")
    ask(site)
    return next(text for text in site.texts() if text.startswith("EDGE903"))


def test_two_holders_of_leases_of_one_address_are_told_once() -> None:
    site = LiveSite()
    lease = shared_by_two_holders(site)
    assert site.texts() == [lease]
    macs = {node: mac_of(address) for node, address in (("node02", "10.122.0.12"), ("node03", "10.122.0.13"))}
    assert neighbor_row(site) == (
        ", ".join(f"{node} ({mac})" for node, mac in sorted(macs.items(), key=lambda item: item[1])),
        "error",
    )


@pytest.mark.parametrize(
    ("macs", "silent", "codes"),
    [
        pytest.param(["02:00:00:00:00:0b"], [], ["EDGE884", "EDGE903"], id="a stranger alone"),
        pytest.param([mac_of("10.122.0.12")], [], ["EDGE903"], id="one of both"),
        pytest.param([mac_of("10.122.0.12"), "02:00:00:00:00:0b"], [], ["EDGE884", "EDGE903"], id="a stranger beside"),
        pytest.param(
            [mac_of("10.122.0.12"), "02:00:00:00:00:0b"],
            ["10.122.0.13"],
            ["EDGE887", "EDGE903"],
            id="perhaps the other",
        ),
    ],
)
def test_of_two_holders_a_stranger_is_told_apart(macs: list[str], silent: list[str], codes: list[str]) -> None:
    site = LiveSite()
    shared_by_two_holders(site)
    answer(site, L2)["macs"] = macs
    answer(site, L2)["holder_macs"].update({address: [] for address in silent})
    assert sorted(site.codes()) == codes


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ("timed_out", "over none of 2 paths by itself"),
        ("unreachable", "not asked over each path"),
        ("not_asked", "not asked over each path"),
    ],
)
def test_paths_that_all_fail_while_connections_come_about_prove_nothing(result: str, told: str) -> None:
    site = LiveSite()
    ask(site)
    over(site, BGP, node02=result, node03=result)
    assert site.texts() == []
    assert [row[2:] for row in site.rows("asked") if BGP in row[0]] == [(f"TCP 25565 8 of 8, {told}", "unknown")]


@pytest.mark.parametrize("result", ["unreachable", "not_asked"])
def test_path_that_could_not_be_asked_does_not_count_as_one_that_answers(result: str) -> None:
    site = LiveSite()
    ask(site)
    over(site, BGP, node02="answered", node03=result)
    assert site.texts() == []
    assert [row[2:] for row in site.rows("asked") if BGP in row[0]] == [
        ("TCP 25565 8 of 8, over 1 of 2 paths, the others not asked", "unknown")
    ]


def test_time_out_beside_a_path_that_could_not_be_asked_is_not_known() -> None:
    site = LiveSite()
    ask(site)
    over(site, BGP, node02="not_asked", node03="timed_out")
    assert site.texts() == []
    told = "TCP 25565 8 of 8, over none of 1 paths by itself, the others not asked"
    assert [row[2:] for row in site.rows("asked") if BGP in row[0]] == [(told, "unknown")]


@pytest.mark.parametrize("other", ["not_asked", "unreachable", "timed_out"])
@pytest.mark.parametrize("result", ["unresolved", "sent_back"])
def test_next_hop_that_is_dead_in_any_case_needs_no_other_that_answers(result: str, other: str) -> None:
    site = LiveSite()
    ask(site)
    over(site, BGP, node02=other, node03=result)
    assert site.codes() == ["EDGE876"]
    assert "and got one over the path that its kernel picks" in site.texts()[0]
    told = "TCP 25565 answers, 1 of 2 paths dead"
    assert [row[2:] for row in site.rows("asked") if BGP in row[0]] == [(told, "error")]
    port(site, BGP, timed_out=8)
    assert site.codes() == ["EDGE871"], "nothing answers at all"


def test_dead_next_hop_hides_no_port_that_refuses() -> None:
    site = LiveSite()
    ask(site)
    over(site, BGP, node02="not_asked", node03="unresolved")
    port(site, BGP, refused=8)
    assert sorted(site.codes()) == ["EDGE873", "EDGE876"]


def test_next_hops_that_are_all_dead_cannot_be_while_connections_come_about() -> None:
    site = LiveSite()
    ask(site)
    over(site, BGP, node02="unresolved", node03="unresolved")
    assert site.texts() == []
    told = "TCP 25565 8 of 8, over none of 2 paths by itself"
    assert [row[2:] for row in site.rows("asked") if BGP in row[0]] == [(told, "unknown")]


def test_ports_of_sctp_are_told_not_to_be_tried() -> None:
    site = LiveSite()
    site.service("affine-svc-lb")["spec"]["ports"].append({"port": 9, "protocol": "SCTP"})
    ask(site)
    assert [row[2:] for row in site.rows("asked") if L2 in row[0]] == [("TCP 5432 1 of 1; SCTP 9 not tried", "unknown")]


def test_next_hop_that_sends_packets_back_is_dead() -> None:
    site = LiveSite()
    ask(site)
    over(site, BGP, node02="answered", node03="sent_back")
    (text,) = site.texts()
    assert (
        "over the next hop node03 (10.122.0.13) (it sends the packets back to the router), and got one over node02"
        in text
    )


def test_dead_path_is_told_once_for_all_ports_in_the_row_too() -> None:
    site = LiveSite()
    site.service("dummy-service")["spec"]["ports"].append({"port": 53})
    ask(site)
    over(site, BGP, node02="answered", node03="timed_out")
    (text,) = site.texts()
    assert "203.0.113.94 TCP 53, 25565 over the next hop node03" in text
    row = next(row for row in site.rows("asked") if BGP in row[0])
    assert row[2:] == ("TCP 53 answers over 1 of 2 paths; TCP 25565 answers over 1 of 2 paths", "error")


def test_one_next_hop_needs_no_question_over_it() -> None:
    site = LiveSite()
    site.kernel["203.0.113.94/32"][0]["nexthops"].pop()
    assert targets(site)[BGP]["paths"] == []


def test_next_hop_over_another_router_is_asked_where_its_packets_leave() -> None:
    site = LiveSite()
    way = {"fib": True, "active": True, "resolver": True, "ip": "10.121.0.2", "interfaceName": "br1"}
    there = {"active": True, "recursive": True, "ip": "10.122.0.12"}
    direct = {"fib": True, "active": True, "ip": "10.122.0.13", "interfaceName": "br0"}
    site.kernel["203.0.113.94/32"][0]["nexthops"] = [there, way, direct]
    assert targets(site)[BGP]["paths"] == [
        {"gateway": "10.121.0.2", "interface": "br1"},
        {"gateway": "10.122.0.13", "interface": "br0"},
    ]


def test_holder_without_a_known_address_may_have_any_one_mac() -> None:
    site = LiveSite()
    without_written_address(site)
    ask(site)
    answer(site, L2)["macs"] = ["02:00:00:00:00:0c"]
    assert "EDGE884" not in site.codes()
    answer(site, L2)["macs"] = ["02:00:00:00:00:0c", "02:00:00:00:00:0d"]
    assert "EDGE884" in site.codes()

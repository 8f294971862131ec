# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin's description: from a plan to namespaces, legs, addresses, routes and stand-in objects."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from ipaddress import ip_interface, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.addresses import (
    interface_name,
    node_cidrs,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.objects import (
    helm_values,
    merge,
    replaced_values,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.platforms import RouterSettings
from ansible_collections.hybridnet.cluster_edge.tests.support import sites
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_document, hybrid_plan, inventory_from

DUAL_STACK: dict[str, Any] = {
    "all": {
        "vars": {
            "edge_site_name": "home",
            "edge_networks": {"lan": {"cidr": ["192.0.2.0/25", "2001:db8:1::/64"]}},
            "edge_peerings": {"k8s": {}},
            "edge_pools": {"lb": {"addresses": ["198.51.100.0/26", "2001:db8:9::/112"]}},
            "edge_services": {
                "web/site": {
                    "ports": [{"port": 80, "name": "http"}, {"port": 443, "name": "https"}],
                    "selector": {"app": "web"},
                }
            },
        },
        "children": {
            "edge_routers": {
                "hosts": {"r1": {"edge_router_asn": 64700, "edge_addresses": {"lan": ["192.0.2.1", "2001:db8:1::1"]}}}
            },
            "edge_clusters": {
                "hosts": {
                    "k8s": {
                        "edge_cluster_asn": 64701,
                        "edge_cilium_version": "1.19.6",
                        "edge_cilium_values": {"ipv6": {"enabled": True}},
                    }
                }
            },
            "edge_nodes": {
                "hosts": {f"k{n}": {"edge_addresses": {"lan": [f"192.0.2.1{n}", f"2001:db8:1::1{n}"]}} for n in (1, 2)}
            },
        },
    }
}


def described(document: dict[str, Any], **options: Any) -> _twin.Twin:
    computed = plan(inventory_from(document))
    assert not computed.failed, computed.findings
    return _twin.describe(computed.data, **options)


def host(twin: _twin.Twin, name: str) -> _twin.Host:
    (found,) = [item for item in twin.hosts if item.name == name]
    return found


def legs(twin: _twin.Twin, name: str) -> dict[str, tuple[str, ...]]:
    return {leg.interface: leg.addresses for leg in host(twin, name).legs}


def objects(twin: _twin.Twin, kind: str) -> dict[str, Any]:
    """Return namespace/name -> object of a kind."""
    found = [item for cluster in twin.clusters for item in cluster.objects if item["kind"] == kind]
    return {f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}": item for item in found}


@pytest.fixture(scope="module")
def hybrid() -> _twin.Twin:
    return _twin.describe(hybrid_plan().data)


def test_the_same_plan_gives_the_same_description_as_json() -> None:
    one, two = (json.dumps(dataclasses.asdict(_twin.describe(hybrid_plan().data))) for _time in range(2))
    assert one == two


def test_agents_run_where_nodes_peer_or_announce(hybrid: _twin.Twin) -> None:
    (cluster,) = hybrid.clusters
    assert cluster.agents == ("node01", "node02", "node03", "node04")
    assert cluster.nodes == ("control-01", "node01", "node02", "node03", "node04")
    assert [item.name for item in hybrid.hosts if item.kind == "node"] == list(cluster.agents)


def test_a_node_has_the_planned_addresses_on_interfaces_of_the_planned_names(hybrid: _twin.Twin) -> None:
    assert legs(hybrid, "node04") == {"eth0": ("10.121.0.14/24",), "enp86s0.122": ("10.122.0.14/24",)}
    main = [route for route in host(hybrid, "node04").routes if route.table is None]
    assert main == [_twin.Route("default", 4, ("10.121.0.1",))]


def test_the_router_has_a_leg_on_each_network_and_one_upstream(hybrid: _twin.Twin) -> None:
    assert legs(hybrid, "udm-pro") == {
        "eth0": ("10.122.0.1/24",),
        "eth1": ("10.121.0.1/24",),
        "upstream": ("198.51.100.1/30",),
    }
    (router,) = hybrid.routers
    assert (router.address, router.machine) == ("10.122.0.1", "twin-hybrid.udm-pro")


def test_clients_stand_on_each_network_and_upstream(hybrid: _twin.Twin) -> None:
    assert hybrid.clients == {name: f"twin-hybrid.client.{name}" for name in ("private", "public", "upstream")}
    assert legs(hybrid, "private") == {"eth0": ("10.122.0.254/24",)}
    assert legs(hybrid, "upstream") == {"eth0": ("198.51.100.2/30",)}
    # Upstream knows the way to the public pools and to nothing else: no LAN, no private pool.
    assert host(hybrid, "upstream").routes == (
        _twin.Route("203.0.113.93/32", 4, ("198.51.100.1",)),
        _twin.Route("203.0.113.94/32", 4, ("198.51.100.1",)),
    )


def test_macs_are_fixed_local_and_unique(hybrid: _twin.Twin) -> None:
    macs = [leg.mac for item in hybrid.hosts for leg in item.legs]
    assert len(set(macs)) == len(macs)
    assert all(mac.startswith("02:") for mac in macs)
    again = _twin.describe(hybrid_plan().data, "other")
    assert macs == [leg.mac for item in again.hosts for leg in item.legs]


@pytest.mark.parametrize(
    ("distribution", "values", "address"),
    [
        pytest.param("kubeadm", {}, ("localhost", 7445), id="by kube-proxy, which the twin does not run"),
        pytest.param("talos", {}, (None, None), id="the distribution's own"),
        pytest.param(
            "kubeadm", {"k8sServiceHost": "10.9.0.1", "k8sServicePort": 6443}, (None, None), id="the plan's own"
        ),
        pytest.param("kubeadm", {"k8s": {"apiServerURLs": "https://10.9.0.1:6443"}}, (None, None), id="several"),
    ],
)
def test_agents_find_the_api_server(distribution: str, values: dict[str, Any], address: tuple[str | None, int]) -> None:
    document = hybrid_document()
    (cluster,) = document["all"]["children"]["edge_clusters"]["hosts"].values()
    cluster |= {"edge_cluster_distribution": distribution, "edge_cilium_values": values}
    (found,) = described(document).clusters
    assert (found.values.get("k8sServiceHost"), found.values.get("k8sServicePort")) == address


def test_services_of_charts_are_made_from_our_values(hybrid: _twin.Twin) -> None:
    services = objects(hybrid, "Service")
    assert set(services) == {
        "ingress-nginx-private/ingress-nginx-controller",
        "ingress-nginx-public/ingress-nginx-controller",
    }
    public = services["ingress-nginx-public/ingress-nginx-controller"]
    assert public["metadata"]["labels"] == {
        "cluster-edge.hybridnet/pool": "public-ingress",
        _twin.LABEL_STAND_IN: "twin",
    }
    assert public["spec"]["externalTrafficPolicy"] == "Local"
    assert [port["port"] for port in public["spec"]["ports"]] == [80, 443]
    private = services["ingress-nginx-private/ingress-nginx-controller"]
    assert private["metadata"]["annotations"] == {"lbipam.cilium.io/ips": "10.122.0.129"}


def test_every_slice_points_at_a_listener_of_its_service(hybrid: _twin.Twin) -> None:
    (cluster,) = hybrid.clusters
    for item in objects(hybrid, "EndpointSlice").values():
        service = f"{item['metadata']['namespace']}/{item['metadata']['labels']['kubernetes.io/service-name']}"
        ports = {port["port"] for port in item["ports"]}
        for endpoint in item["endpoints"]:
            own = {entry.port for entry in cluster.listeners[endpoint["nodeName"]] if entry.service == service}
            assert ports == own


def test_slice_ports_have_the_names_of_the_services_ports(hybrid: _twin.Twin) -> None:
    planned = {
        f"{item['namespace']}/{item['name']}": [port.get("name") for port in item["object"]["spec"]["ports"]]
        for item in hybrid_plan().data["clusters"]["platform"]["services"]
        if item["object"]
    }
    slices = objects(hybrid, "EndpointSlice")
    for key, names in planned.items():
        assert [port["name"] for port in slices[f"{key}-stand-in-ipv4"]["ports"]] == names


def test_endpoints_can_be_placed() -> None:
    twin = _twin.describe(hybrid_plan().data, endpoints={"dummy/dummy-service": ["node02", "control-01"]})
    (cluster,) = twin.clusters
    assert "control-01" in cluster.agents  # it holds an endpoint now, so it needs an agent
    nodes = [
        item["nodeName"] for item in objects(twin, "EndpointSlice")["dummy/dummy-service-stand-in-ipv4"]["endpoints"]
    ]
    assert nodes == ["control-01", "node02"]


def test_a_service_without_endpoints_has_no_slice() -> None:
    twin = _twin.describe(hybrid_plan().data, endpoints={"dummy/dummy-service": []})
    assert "dummy/dummy-service-stand-in-ipv4" not in objects(twin, "EndpointSlice")


def test_both_families() -> None:
    twin = described(DUAL_STACK)
    (cluster,) = twin.clusters
    assert legs(twin, "k1") == {"eth0": ("192.0.2.11/25", "2001:db8:1::11/64")}
    assert host(twin, "k1").routes == (
        _twin.Route("default", 4, ("192.0.2.1",)),
        _twin.Route("default", 6, ("2001:db8:1::1",)),
    )
    assert cluster.values["ipv6"] == {"enabled": True}
    assert len(cluster.service_cidrs) == 2
    assert set(objects(twin, "EndpointSlice")) == {"web/site-stand-in-ipv4", "web/site-stand-in-ipv6"}
    assert [len(item["spec"]["podCIDRs"]) for item in objects(twin, "Node").values()] == [2, 2]


def test_the_twins_own_addresses_stay_clear_of_the_site() -> None:
    # The pool lies in the range that upstream would have by default.
    twin = described(DUAL_STACK)
    pool = ip_network("198.51.100.0/26")
    own = [ip_interface(text) for leg in host(twin, "upstream").legs for text in leg.addresses]
    assert own
    assert not any(address.version == 4 and address.ip in pool for address in own)
    assert host(twin, "upstream").routes[0].destination == "198.51.100.0/26"


def test_a_client_avoids_pools_at_the_end_of_its_network() -> None:
    document = hybrid_document()
    document["all"]["vars"]["edge_pools"]["private-service"]["addresses"] = "10.122.0.160-10.122.0.254"
    assert legs(described(document), "private") == {"eth0": ("10.122.0.159/24",)}


def test_networks_on_one_interface_are_one_segment() -> None:
    document = hybrid_document()
    document["all"]["vars"]["edge_networks"]["public"]["interfaces"] = "enp86s0.122"
    twin = described(document)
    assert legs(twin, "node01") == {"enp86s0.122": ("10.122.0.11/24", "10.121.0.11/24")}


@pytest.mark.parametrize(
    ("patterns", "interface"),
    [
        pytest.param(["eno1"], "eno1", id="literal"),
        pytest.param(["en*"], "en0", id="star"),
        pytest.param(["eth?", "eno1"], "eth0", id="question-mark"),
        pytest.param(["en[ps]1"], None, id="class-has-no-obvious-member"),
        pytest.param(["a-name-longer-than-linux-allows"], None, id="too-long"),
        pytest.param([], None, id="none"),
    ],
)
def test_interface_names(patterns: list[str], interface: str | None) -> None:
    assert interface_name(patterns) == interface


def test_names_of_two_sites_never_meet() -> None:
    # "a-b" with host "c" and "a" with host "b-c": the dot, which no site name has, keeps them apart.
    one, two = (_twin.describe(hybrid_plan().data, name) for name in ("a", "a-b"))
    names = [{item.namespace for item in twin.hosts} | {twin.lan_namespace} for twin in (one, two)]
    assert not names[0] & names[1]
    assert not any(name.startswith("twin-a.") for name in names[1])


LABELS = re.compile(r"(?=.{1,64}$)[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*")
"""What systemd-nspawn takes for a machine and a hostname (systemd, src/basic/hostname-util.c, hostname_is_valid)."""


@pytest.mark.parametrize("name", ["home", "n" * 40], ids=["a short name", "a long name"])
@pytest.mark.parametrize(
    ("host", "hostname"),
    [
        ("udm-pro", "udm-pro"),
        ("r1.example.com", "r1.example.com"),
        ("r" * 63, "r" * 63),
        ("udm_pro", "udm-pro-[0-9a-f]{12}"),
        ("udm_", "udm-[0-9a-f]{12}"),
        ("-", "[0-9a-f]{12}"),
        ("gw..a", "gw-a-[0-9a-f]{12}"),
        ("Käfig 1", "K-fig-1-[0-9a-f]{12}"),
        ("r" * 70, "r{50}-[0-9a-f]{12}"),
    ],
)
def test_machine_and_hostname_of_any_router_are_such(host: str, hostname: str, name: str) -> None:
    data = json.loads(json.dumps(hybrid_plan().data, ensure_ascii=False).replace("udm-pro", host))
    (router,) = _twin.describe(data, name).routers
    assert router.host == host
    assert re.fullmatch(hostname, router.hostname)
    assert LABELS.fullmatch(router.hostname)
    assert LABELS.fullmatch(router.machine)


def test_routers_whose_names_are_alike_are_two_machines() -> None:
    names = [_twin.hostname_of(host) for host in ("udm_pro", "udm-pro", "udm pro", "udm..pro")]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        pytest.param({}, (), id="nothing"),
        pytest.param({"devices": "eth9"}, ("devices",), id="other devices"),
        pytest.param({"devices": ["a", "b"]}, (), id="the same devices, as a list"),
        pytest.param({"devices": "a  b"}, (), id="the same devices, as text"),
        pytest.param({"routingMode": "tunnel", "tunnelProtocol": "geneve"}, ("routingMode",), id="tunnels"),
        pytest.param({"socketLB": {"enabled": True}}, ("socketLB.enabled",), id="deep"),
        pytest.param({"kubeProxyReplacement": "true", "l7Proxy": "0"}, (), id="true and false as text"),
        pytest.param({"kubeProxyReplacement": "partial"}, ("kubeProxyReplacement",), id="neither"),
        pytest.param({"operator": {"replicas": 2}}, ("operator.replicas",), id="a number"),
        pytest.param({"operator": {"replicas": "1"}}, (), id="the same number"),
        pytest.param(
            {"hubble": {"relay": {"enabled": True}}, "devices": "x"},
            ("devices", "hubble.relay.enabled"),
            id="in the order of the twin's",
        ),
        pytest.param({"hubble": True}, (), id="no map"),
    ],
)
def test_planned_helm_values_that_the_twin_replaces(planned: dict[str, Any], expected: tuple[str, ...]) -> None:
    over = helm_values(["a", "b"], [ip_network("10.244.0.0/16")])
    assert replaced_values(planned, over) == expected
    assert replaced_values(merge(planned, over), over) == ()


def test_description_knows_the_planned_helm_values_that_it_replaces() -> None:
    data = copy.deepcopy(hybrid_plan().data)
    data["clusters"]["platform"]["helm_values"]["devices"] = "eth9"
    (cluster,) = _twin.describe(data).clusters
    assert "devices" in cluster.replaced_values
    assert not any("eth9" in path for path in cluster.replaced_values)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"name": "No Good"},
            "edge_twin_name: 'No Good' is no name of 1 to 40 letters, digits and dashes (RFC 1123 label)",
            id="name",
        ),
        pytest.param(
            {"endpoints": {"dummy/dumy": ["node01"]}},
            "edge_twin_endpoints.dummy/dumy: no such service in the plan "
            "(known: affine/affine-svc-lb, dummy/dummy-service, "
            "ingress-nginx-private/ingress-nginx-controller, ingress-nginx-public/ingress-nginx-controller)",
            id="service",
        ),
        pytest.param(
            {"endpoints": {"dummy/dummy-service": ["node99"]}},
            "edge_twin_endpoints.dummy/dummy-service: 'node99' is no node of cluster platform",
            id="node",
        ),
        *(
            pytest.param(
                {"endpoints": {"dummy/dummy-service": nodes}},
                f"edge_twin_endpoints.dummy/dummy-service: {nodes!r} is no list of nodes"
                " (nodes of cluster platform: control-01, node01, node02, node03, node04)",
                id=f"no list of nodes: {nodes}",
            )
            for nodes in ("node01", 1, None)
        ),
        pytest.param(
            {"endpoints": {"dummy/dummy-service": [["node01"]]}},
            "edge_twin_endpoints.dummy/dummy-service: ['node01'] is no node of cluster platform",
            id="list of lists",
        ),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(EdgeError) as caught:
        _twin.describe(hybrid_plan().data, **options)
    assert str(caught.value) == message


def test_pod_cidrs_are_cut_to_fit() -> None:
    assert node_cidrs([ip_network("10.0.0.0/16")], ["a", "b"], "k") == {
        "a": ["10.0.0.0/24"],
        "b": ["10.0.1.0/24"],
    }
    three = node_cidrs([ip_network("10.0.0.0/24")], ["a", "b", "c"], "k")
    assert three == {"a": ["10.0.0.0/26"], "b": ["10.0.0.64/26"], "c": ["10.0.0.128/26"]}
    with pytest.raises(EdgeError) as caught:
        node_cidrs([ip_network("10.0.0.0/31")], ["a", "b", "c"], "k")
    assert str(caught.value) == "clusters.k.pod_cidrs: 10.0.0.0/31 cannot be cut into 3 pieces"


# --- any site of the model ----------------------------------------------------------------------------------------

SITES = Path(__file__).parents[2] / "sites"


def site(name: str, **options: Any) -> _twin.Twin:
    return described(yaml.safe_load((SITES / name / "inventory.yml").read_text("utf-8")), **options)


@pytest.mark.parametrize("name", sorted(folder.name for folder in SITES.iterdir() if folder.is_dir()))
def test_every_site_can_be_rebuilt(name: str) -> None:
    twin = site(name)
    namespaces = [item.namespace for item in twin.hosts]
    assert len(set(namespaces)) == len(namespaces)
    for item in twin.hosts:
        interfaces = [leg.interface for leg in item.legs]
        assert len(set(interfaces)) == len(interfaces)
        assert all(len(interface) <= 15 for interface in interfaces)
        subnets = [ip_interface(text).network for leg in item.legs for text in leg.addresses if leg.interface != "lo"]
        for route in item.routes:
            for hop in route.via:
                assert any(ip_interface(hop).ip in subnet for subnet in subnets), (item.name, route)
    for speaker in twin.speakers:
        assert speaker.namespace in namespaces


def test_a_router_with_loopback_is_reached_and_reaches_others_by_theirs() -> None:
    twin = site("ibgp-with-loopback")
    loopbacks = {item.name: legs(twin, item.name)["lo"] for item in twin.hosts if "lo" in legs(twin, item.name)}
    assert loopbacks
    assert all(text.endswith(("/32", "/128")) for texts in loopbacks.values() for text in texts)
    assert not any(leg.bridge == _twin.LOOPBACK for item in twin.hosts for leg in item.legs if leg.interface != "lo")
    assert _twin.LOOPBACK not in twin.bridges


OVER_A_VPN = """
all:
  vars:
    edge_networks:
      home: {cidr: [10.99.1.0/24, "fd00:99:1::/64"]}
      cabin: {cidr: [10.99.2.0/24, "fd00:99:2::/64"]}
    edge_peerings: {k8s: {network: home}}
    edge_pools: {lb: {addresses: 10.99.200.0/28}}
    edge_links: {vpn: {ends: {gw1: {network: home, export: {pools: lb}}, gw2: {network: cabin}}}}
  children:
    edge_routers:
      hosts:
        gw1: {edge_router_asn: 64700, edge_addresses: {home: [10.99.1.1, "fd00:99:1::1"]}}
        gw2: {edge_router_asn: 64700, edge_addresses: {cabin: [10.99.2.1, "fd00:99:2::1"]}}
    edge_clusters: {hosts: {k: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6"}}}
    edge_nodes: {hosts: {n1: {edge_addresses: {home: [10.99.1.11, "fd00:99:1::11"]}}}}
"""


def test_a_link_over_a_vpn_gets_a_wire_and_each_end_the_route_to_the_address_that_it_dials() -> None:
    twin = described(yaml.safe_load(OVER_A_VPN))
    first, second = host(twin, "gw1"), host(twin, "gw2")
    for near, far, dialled in (
        (first, second, {"10.99.2.1/32", "fd00:99:2::1/128"}),
        (second, first, {"10.99.1.1/32", "fd00:99:1::1/128"}),
    ):
        routes = {route.destination: route for route in near.routes if route.destination in dialled}
        assert set(routes) == dialled
        for route in routes.values():
            (bridge,) = {
                leg.bridge for leg in far.legs for text in leg.addresses if text.startswith(f"{route.via[0]}/")
            }
            (own,) = [leg for leg in near.legs if leg.bridge == bridge]
            assert ip_network(route.destination).version == ip_interface(own.addresses[0]).version
            assert any(ip_interface(route.via[0]).ip in ip_interface(text).network for text in own.addresses)
            assert bridge in twin.bridges
    assert not any(item.kind == "speaker" for item in twin.hosts)


def test_upstream_stands_on_the_wire_of_a_provider_that_asks_by_arp() -> None:
    twin = site("slash-29-on-link")
    assert legs(twin, "upstream") == {"eth0": ("203.0.113.94/29",)}
    assert host(twin, "upstream").routes == ()
    assert _twin.Route("default", 4, ("203.0.113.94",)) in host(twin, "udm").routes
    assert "wan" not in twin.clients
    assert "upstream" not in legs(twin, "udm")


def test_a_router_answers_arp_on_the_wires_that_the_site_names() -> None:
    data = sites.site("slash-29-on-link").plan.data
    assert data is not None
    assert host(_twin.describe(data), "udm").proxy_arp == ()
    named = _twin.describe(data, settings=RouterSettings(proxy_arp=["wan"]))
    (wire,) = [leg.interface for leg in host(named, "udm").legs if "203.0.113.89/29" in leg.addresses]
    assert host(named, "udm").proxy_arp == (wire,)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["wan", "wann"], "edge_twin_proxy_arp[1]: no network 'wann' (did you mean 'wan'?)"),
        (["elsewhere"], "edge_twin_proxy_arp[0]: no network 'elsewhere' (networks with delivery: on_link: wan)"),
        (
            ["dmz"],
            "edge_twin_proxy_arp[0]: network 'dmz' is no provider's wire with an IPv4 address of a router (delivery: on_link"
            " at it in edge_networks, and edge_addresses of a router)",
        ),
    ],
)
def test_networks_on_which_no_router_could_answer_are_refused(names: list[str], message: str) -> None:
    data = sites.site("slash-29-on-link").plan.data
    assert data is not None
    with pytest.raises(EdgeError) as caught:
        _twin.describe(data, settings=RouterSettings(proxy_arp=names))
    assert str(caught.value) == message


def test_upstream_has_a_route_to_the_whole_range_that_a_provider_routes() -> None:
    document = yaml.safe_load((SITES / "slash-29-on-link" / "inventory.yml").read_text("utf-8"))
    document["all"]["vars"]["edge_networks"]["wan"]["delivery"] = "routed"
    twin = described(document)
    assert host(twin, "upstream").routes == (_twin.Route("203.0.113.88/29", 4, ("198.51.100.1",)),)
    assert legs(twin, "udm")["upstream"] == ("198.51.100.1/30",)


def test_a_link_over_interfaces_has_a_wire_of_its_own() -> None:
    twin = site("unnumbered-link")
    ends = [
        (item.name, leg) for item in twin.hosts for leg in item.legs if leg.bridge.startswith("u") and not leg.addresses
    ]
    assert len(ends) == 2
    assert len({leg.bridge for _name, leg in ends}) == 1
    assert {host(twin, name).sysctls["net.ipv6.conf.default.dad_transmits"] for name, _leg in ends} == {"0"}


def test_nodes_whose_addresses_the_plan_does_not_know_get_free_ones_of_the_range() -> None:
    twin = site("dynamic-neighbors")
    taken = [text for item in twin.hosts for leg in item.legs for text in leg.addresses if leg.interface != "lo"]
    assert len(taken) == len(set(taken))
    assert all(leg.addresses for item in twin.hosts if item.kind == "node" for leg in item.legs)


def dynamic(**peering: Any) -> dict[str, Any]:
    """Return a site whose nodes dial in from one network to the router's address in another."""
    return {
        "all": {
            "vars": {
                "edge_networks": {"lan": {"cidr": "10.99.1.0/24"}, "k8s": {"cidr": "10.99.42.0/24"}},
                "edge_peerings": {
                    "k8s": {"network": "k8s", "router_network": "lan", "dynamic": {"limit": 100}, **peering}
                },
                "edge_pools": {"pool": {"addresses": "10.99.69.0/24"}},
            },
            "children": {
                "edge_routers": {
                    "hosts": {
                        "udm": {"edge_router_asn": 64700, "edge_addresses": {"lan": "10.99.1.1", "k8s": "10.99.42.1"}}
                    }
                },
                "edge_clusters": {"hosts": {"home": {"edge_cluster_asn": 64701, "edge_cilium_version": "1.20.2"}}},
                "edge_nodes": {"hosts": {"n1": {}, "n2": {}}},
            },
        }
    }


def test_nodes_that_dial_in_stand_in_their_own_network_and_have_a_route_to_the_other() -> None:
    twin = described(dynamic())
    bridges = {network: leg.bridge for network, leg in zip(("k8s", "lan"), host(twin, "udm").legs, strict=False)}
    for name, address in (("n1", "10.99.42.254/24"), ("n2", "10.99.42.253/24")):
        node = host(twin, name)
        assert [(leg.bridge, leg.addresses) for leg in node.legs] == [(bridges["k8s"], (address,))]
        assert [(route.destination, route.via) for route in node.routes] == [
            ("default", ("10.99.42.1",)),
            ("10.99.1.1/32", ("10.99.42.1",)),
        ]


def test_a_full_listen_range_leaves_a_node_for_the_next_one() -> None:
    ranges = ["10.99.42.254/32", "10.99.42.16/32", "10.99.42.32/31"]
    twin = described(dynamic(dynamic={"range": ranges, "limit": 9}))
    found = [leg.addresses for name in ("n1", "n2") for leg in host(twin, name).legs]
    assert found == [("10.99.42.254/24",), ("10.99.42.16/24",)]


def test_a_node_without_a_place_in_its_listen_range_is_told() -> None:
    with pytest.raises(EdgeError) as caught:
        described(dynamic(dynamic={"range": "10.99.42.254/32", "limit": 9}))
    assert str(caught.value) == "node n2: no address is left in 10.99.42.254/32 for it (give it one: edge_addresses)"


def test_a_speaker_stands_in_for_each_neighbor_that_is_not_ours() -> None:
    twin = site("nas-beside-cluster")
    assert twin.speakers
    for speaker in twin.speakers:
        assert speaker.config.startswith("router bgp ")
        assert "password" not in speaker.config or "SECRET:" in speaker.config


def test_an_agent_without_ipv4_pods_has_ipv4_switched_off() -> None:
    (cluster,) = site("ipv6-only").clusters
    assert cluster.values["ipv4"] == {"enabled": False}
    assert cluster.values["ipv6"] == {"enabled": True}
    assert [ip_network(cidr).version for cidr in cluster.service_cidrs] == [6]


def test_a_node_answers_through_the_network_of_the_request_where_the_site_declares_it() -> None:
    twin = _twin.describe(hybrid_plan().data)
    node = host(twin, "node01")
    sources = ["10.122.0.128/28", "10.122.0.160/28", "203.0.113.94/32"]
    expected = {
        "private": (sources, ["10.122.0.0/24", "enp86s0.122"], "10.122.0.1"),
        "public": (["203.0.113.93/32"], ["10.121.0.0/24", "eth0"], "10.121.0.1"),
    }
    for table, (own, subnet, router) in zip((1000, 1001), expected.values(), strict=True):
        assert sorted(rule.source for rule in node.rules if rule.table == table) == own
        assert [(route.destination, route.via, route.interface) for route in node.routes if route.table == table] == [
            (subnet[0], (), subnet[1]),
            ("default", (router,), None),
        ]
    # It has no session, and answers for what is announced on L2 alone.
    assert [rule.source for rule in host(twin, "node04").rules] == sources[:2]
    document = hybrid_document()
    for network in document["all"]["vars"]["edge_networks"].values():
        del network["return_path"]
    assert [item.rules for item in _twin.describe(plan(inventory_from(document)).data).hosts if item.rules] == []


@pytest.mark.parametrize(
    ("platform", "settings", "expected"),
    [
        ("linux", RouterSettings(), ("0", "2")),
        ("unifi", RouterSettings(), ("0", "2")),
        ("unifi", RouterSettings(reverse_path="strict"), ("0", "1")),
        ("unifi", RouterSettings(reverse_path="off"), ("0", "0")),
        # A run with the overlay plans every router as linux; the overlay says whose defaults it has.
        ("linux", RouterSettings(platforms={"udm-pro": "unifi"}), ("0", "2")),
        ("unifi", RouterSettings(platforms={"udm-pro": ""}), ("0", "2")),
    ],
)
def test_a_router_has_the_defaults_of_its_platform(
    platform: str, settings: RouterSettings, expected: tuple[str, str]
) -> None:
    document = hybrid_document()
    document["all"]["children"]["edge_routers"]["hosts"]["udm-pro"]["edge_router_platform"] = platform
    planned = plan(inventory_from(document)).data
    assert planned is not None
    twin = _twin.describe(planned, settings=settings)
    sysctls = host(twin, "udm-pro").sysctls
    for scope in ("all", "default"):
        assert (sysctls["net.ipv4.fib_multipath_hash_policy"], sysctls[f"net.ipv4.conf.{scope}.rp_filter"]) == expected
    assert sysctls["net.ipv4.ip_forward"] == sysctls["net.ipv6.conf.all.forwarding"] == "1"
    assert twin.routers[0].platform == (settings.platforms.get("udm-pro") or platform)


@pytest.mark.parametrize("name", ["vyos", 10, ["unifi"]])
def test_a_platform_that_there_is_not(name: Any) -> None:
    with pytest.raises(EdgeError) as caught:
        _twin.describe(hybrid_plan().data, settings=RouterSettings(platforms={"udm-pro": name}))
    assert str(caught.value) == f"udm-pro.edge_twin_router_platform: {name!r} is no platform (one of: linux, unifi)"

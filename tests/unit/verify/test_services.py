# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services and the addresses that they hold."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import verify
from ansible_collections.hybridnet.cluster_edge.tests.support.healthy import healthy
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Break, Fault, Faults, LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.noted import uid_of
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import (
    INGRESS,
    POOL_LABEL,
    SERVICE,
    endpoint,
    endpoint_slice,
    lease,
    path,
    peer,
    route,
    service,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import site as site_of_tests

FAULTS = Faults()


@FAULTS.finds(
    "EDGE860 platform service affine/affine-svc-lb: the service does not exist (site.yml makes it: run it with --tags cluster)",
)
def service_missing(site: LiveSite) -> None:
    site.resources["Service"].remove(site.service("affine-svc-lb"))


@FAULTS.finds(
    "EDGE875 platform service affine/affine-svc-lb: this site did not make the Service that has the planned name, so it is "
    "not changed (ask whoever made it: kubectl -n affine get service affine-svc-lb -o yaml --show-managed-fields. Delete it, "
    "and the next run makes ours; or say manage: metadata)",
)
def single_keys_alone_were_set_on_it(site: LiveSite) -> None:
    """What others made, and of which an earlier plan said manage: metadata."""
    somebody_else_took_the_name(site)
    noted = site.observed["clusters"]["platform"]["noted"]
    noted[uid_of("made anew")] = "keys of Service affine/affine-svc-lb"


@FAULTS.finds(
    "EDGE875 platform service affine/affine-svc-lb: this site did not make the Service that has the planned name, so it is "
    "not changed (ask whoever made it: kubectl -n affine get service affine-svc-lb -o yaml --show-managed-fields. Delete it, "
    "and the next run makes ours; or say manage: metadata)",
)
def somebody_else_took_the_name(site: LiveSite) -> None:
    """What a tenant made under a planned name, with every label and the right address."""
    for item in site.resources["Service"]:
        item["metadata"]["uid"] = uid_of(item["metadata"]["name"])
    noted = {uid_of(item["metadata"]["name"]): "Service a/b" for item in site.resources["Service"]}
    site.observed["clusters"]["platform"]["noted"] = {"noted.services": "true", **noted}
    site.service("affine-svc-lb")["metadata"]["uid"] = uid_of("made anew")


@FAULTS.finds()
def others_apply_now(site: LiveSite) -> None:
    """Flux or Argo CD made it, after this site did."""
    site.plan["clusters"]["platform"]["apply"] = "others"
    site.observed["clusters"]["platform"]["noted"] = {"noted.services": "true"}
    site.service("affine-svc-lb")["metadata"]["uid"] = uid_of("made anew")


@FAULTS.finds()
def nothing_was_noted_yet(site: LiveSite) -> None:
    """No run has noted what it made: whose a Service is, nobody knows."""
    site.observed["clusters"]["platform"]["noted"] = {"release": "0123"}
    site.service("affine-svc-lb")["metadata"]["uid"] = uid_of("made anew")


@FAULTS.finds(
    "EDGE861 platform service ingress-nginx-private/ingress-nginx-controller: the service does not exist yet; it "
    "is made by others (manage: values) (install its chart or application with the rendered values or metadata (playbooks/render.yml), then run verify.yml)",
)
def chart_missing(site: LiveSite) -> None:
    site.resources["Service"].remove(site.service("ingress-nginx-controller", "ingress-nginx-private"))


@FAULTS.finds(
    "EDGE861 platform service ingress-nginx-private/ingress-nginx-controller: the service does not exist yet; it "
    "is made by others (manage: values) (install its chart or application with the rendered values or metadata (playbooks/render.yml), then run verify.yml)",
)
def chart_missing_strictly(site: LiveSite) -> None:
    chart_missing(site)
    site.strict = True


@FAULTS.finds(
    "EDGE862 platform service affine/affine-svc-lb: Cilium gave it no address: out_of_ips: no more IPs (compare "
    "its labels with the pool's serviceSelector, and look at the addresses left: kubectl get "
    "ciliumloadbalancerippools; kubectl -n affine get service affine-svc-lb -o yaml)",
)
def no_address(site: LiveSite) -> None:
    condition = {
        "type": "cilium.io/IPAMRequestSatisfied",
        "status": "False",
        "reason": "out_of_ips",
        "message": "no more IPs",
    }
    site.service("affine-svc-lb")["status"] = {"conditions": [condition]}


@FAULTS.finds(
    "EDGE862 platform service affine/affine-svc-lb: Cilium gave it no address: no reason given yet (compare its "
    "labels with the pool's serviceSelector, and look at the addresses left: kubectl get "
    "ciliumloadbalancerippools; kubectl -n affine get service affine-svc-lb -o yaml)",
)
def no_address_yet(site: LiveSite) -> None:
    site.service("affine-svc-lb")["status"] = {}


NO_ADDRESS = (
    "EDGE862 platform service affine/affine-svc-lb: Cilium gave it no address: {} (compare its labels with the pool's"
    " serviceSelector, and look at the addresses left: kubectl get ciliumloadbalancerippools; kubectl -n affine get"
    " service affine-svc-lb -o yaml)"
)
OFF = (
    "its loadBalancerClass is {0}, which Cilium serves only with {1}: {{enabled: true}} (edge_cilium_values; {2} of the"
    " inventory writes it)"
)
BGP_OFF = OFF.format("io.cilium/bgp-control-plane", "bgpControlPlane", "a peering")
L2_OFF = OFF.format("io.cilium/l2-announcer", "l2announcements", "a pool with l2")


def not_served(site: LiveSite, name: str | None, values: dict[str, Any], said: bool = False, ours: bool = True) -> None:
    """Let a planned service have a class and no address, and the release these values.

    Args:
        site: the live site.
        name: the class; None: none.
        values: of the release.
        said: whether Cilium says that it has run out of addresses.
        ours: whether the release is ours.
    """
    site.plan["clusters"]["platform"].update(cilium_managed=ours)
    site.plan["clusters"]["platform"]["helm_values"].update(values)
    found = site.service("affine-svc-lb")
    found["status"] = {"conditions": [OUT_OF_IPS] if said else []}
    found["spec"].update({} if name is None else {"loadBalancerClass": name})


@FAULTS.finds(NO_ADDRESS.format(BGP_OFF))
def a_class_of_bgp_which_is_off(site: LiveSite) -> None:
    not_served(site, "io.cilium/bgp-control-plane", {"bgpControlPlane": {"enabled": False}})


@FAULTS.finds(NO_ADDRESS.format(BGP_OFF))
def a_class_of_bgp_which_was_on_before(site: LiveSite) -> None:
    """What Cilium said is of before."""
    not_served(site, "io.cilium/bgp-control-plane", {"bgpControlPlane": {"enabled": False}}, said=True)


@FAULTS.finds(NO_ADDRESS.format(L2_OFF))
def a_class_of_l2_of_which_no_value_speaks(site: LiveSite) -> None:
    not_served(site, "io.cilium/l2-announcer", {"l2announcements": {}})


@FAULTS.finds(
    NO_ADDRESS.format(
        'it has no loadBalancerClass, and defaultLBServiceIPAM: "nodeipam" in edge_cilium_values leaves such services'
        " to others"
    )
)
def no_class_and_a_release_that_leaves_it_to_others(site: LiveSite) -> None:
    not_served(site, None, {"defaultLBServiceIPAM": "nodeipam"})


@FAULTS.finds(
    NO_ADDRESS.format("enableLBIPAM: false in edge_cilium_values switches Cilium's address management off"),
)
def no_address_management(site: LiveSite) -> None:
    not_served(site, None, {"enableLBIPAM": False})


@FAULTS.finds(
    NO_ADDRESS.format(f"no reason given yet; by what the inventory knows of the release, {BGP_OFF}"),
)
def a_class_which_is_off_in_a_release_of_others_as_far_as_is_known(site: LiveSite) -> None:
    not_served(site, "io.cilium/bgp-control-plane", {"bgpControlPlane": {"enabled": False}}, ours=False)


@FAULTS.finds(NO_ADDRESS.format("out_of_ips"))
def a_class_which_a_release_of_others_does_serve(site: LiveSite) -> None:
    not_served(site, "io.cilium/bgp-control-plane", {"bgpControlPlane": {"enabled": False}}, said=True, ours=False)


@FAULTS.finds(
    "EDGE863 platform service affine/affine-svc-lb: it holds 10.122.0.172, planned is 10.122.0.171 (look at the "
    "annotation lbipam.cilium.io/ips and at the condition cilium.io/IPAMRequestSatisfied: kubectl -n affine get service affine-svc-lb -o yaml)",
)
def wrong_address(site: LiveSite) -> None:
    site.service("affine-svc-lb")["status"]["loadBalancer"]["ingress"] = [{"ip": "10.122.0.172"}]


@FAULTS.finds(
    "EDGE864 platform service ingress-nginx-public/ingress-nginx-controller: it holds 10.122.0.161, which is not "
    "in its pool public-ingress (look at its label that names the pool; two pools may select it: kubectl get ciliumloadbalancerippools -o yaml)",
)
def wrong_pool(site: LiveSite) -> None:
    found = site.service("ingress-nginx-controller", "ingress-nginx-public")
    found["status"]["loadBalancer"]["ingress"] = [{"ip": "10.122.0.161"}]
    found["spec"]["externalTrafficPolicy"] = "Local"
    found["spec"]["loadBalancerClass"] = "io.cilium/bgp-control-plane"
    del site.routes[INGRESS], site.kernel[INGRESS]
    site.peer("node01")["routeCount"], site.peer("node02")["routeCount"] = [], []


@FAULTS.finds(
    "EDGE865 platform service dummy/dummy-service: its label cluster-edge.hybridnet/pool names the pool "
    "public-servcie, which does not exist (pools: private-ingress, private-service, public-ingress, "
    "public-service) (correct the label; until then the service gets no address, or one of the default pool)",
)
def label_names_no_pool(site: LiveSite) -> None:
    site.service("dummy-service")["metadata"]["labels"][POOL_LABEL] = "public-servcie"


@FAULTS.finds(
    "EDGE866 platform service affine/affine-svc-lb: its type is ClusterIP, not LoadBalancer (set type: LoadBalancer where the service is made)",
)
def not_a_load_balancer(site: LiveSite) -> None:
    site.service("affine-svc-lb")["spec"]["type"] = "ClusterIP"
    site.service("affine-svc-lb")["status"] = {}


@FAULTS.finds(
    "EDGE867 platform service affine/affine-svc-lb: its loadBalancerClass is metallb.io/metallb: Cilium neither "
    "gives it an address nor announces it (recreate the service without spec.loadBalancerClass (the field cannot be changed), or take it out of the site)",
)
def another_class(site: LiveSite) -> None:
    site.service("affine-svc-lb")["spec"]["loadBalancerClass"] = "metallb.io/metallb"


@FAULTS.finds(
    "EDGE868 platform service dummy/dummy-service: externalTrafficPolicy is Cluster, planned is Local (set it "
    "where the service is made, or traffic_policy in edge_services; expected nodes follow the live value)",
)
def another_policy(site: LiveSite) -> None:
    site.service("dummy-service")["spec"]["externalTrafficPolicy"] = "Cluster"
    site.routes[SERVICE].append(path("10.122.0.11"))
    site.kernel[SERVICE] = route("10.122.0.11", "10.122.0.12", "10.122.0.13")
    site.peer("node01", 1)["routeCount"] = peer("x", 1)["routeCount"]


NO_PORT = (
    "EDGE907 platform service dummy/dummy-service: its ports lack TCP 25565, which the plan has; it has {} (run site.yml, which"
    " sets them; who changed them: kubectl -n dummy get service dummy-service -o yaml --show-managed-fields. Or correct ports"
    " in edge_services)"
)


@FAULTS.finds(NO_PORT.format("TCP 25566"))
def another_port(site: LiveSite) -> None:
    site.service("dummy-service")["spec"]["ports"][0]["port"] = 25566


@FAULTS.finds(NO_PORT.format("UDP 25565"))
def port_of_another_protocol(site: LiveSite) -> None:
    site.service("dummy-service")["spec"]["ports"][0]["protocol"] = "UDP"


@FAULTS.finds()
def port_more_than_planned(site: LiveSite) -> None:
    site.service("dummy-service")["spec"]["ports"].append({"port": 80, "protocol": "TCP"})


@FAULTS.finds()
def ports_of_a_service_that_others_make(site: LiveSite) -> None:
    for item in (*site.plan["services"], *site.plan["clusters"]["platform"]["services"]):
        item["manage"] = "metadata"
    site.service("dummy-service")["spec"].update(ports=[{"port": 1}], loadBalancerSourceRanges=["10.0.0.0/8"])


OTHER_RANGES = (
    "EDGE908 platform service dummy/dummy-service: its loadBalancerSourceRanges let in {}, planned is {} (who set them:"
    " kubectl -n dummy get service dummy-service -o yaml --show-managed-fields. Take them away there, or accept this where"
    " they are meant: what a router or a client asks follows the live value)"
)


@FAULTS.finds(OTHER_RANGES.format("10.0.0.0/8", "everybody"))
def source_ranges_that_nobody_planned(site: LiveSite) -> None:
    site.service("dummy-service")["spec"]["loadBalancerSourceRanges"] = ["10.0.0.0/8"]


def plan_ranges(site: LiveSite) -> None:
    """Let the plan give a service source ranges."""
    manifests = site.plan["clusters"]["platform"]["services"]
    planned = next(item["object"] for item in manifests if item["name"] == "dummy-service")
    planned["spec"]["loadBalancerSourceRanges"] = ["192.0.2.0/24", "10.0.0.0/8"]


@FAULTS.finds(OTHER_RANGES.format("everybody", "10.0.0.0/8, 192.0.2.0/24"))
def source_ranges_that_were_taken_away(site: LiveSite) -> None:
    plan_ranges(site)


@FAULTS.finds(OTHER_RANGES.format("all but 10.0.0.0/8, 192.0.2.0/24", "10.0.0.0/8, 192.0.2.0/24"))
def source_ranges_that_keep_out(site: LiveSite) -> None:
    planned_source_ranges(site)
    site.service("dummy-service")["metadata"]["annotations"] = {"service.cilium.io/src-ranges-policy": "deny"}


@FAULTS.finds()
def source_ranges_that_let_everybody_in(site: LiveSite) -> None:
    """Policy engines write them so."""
    site.service("dummy-service")["spec"]["loadBalancerSourceRanges"] = ["0.0.0.0/0", "::/0"]


@FAULTS.finds()
def ranges_that_an_older_cilium_does_not_keep_out(site: LiveSite) -> None:
    planned_source_ranges(site)
    site.plan["clusters"]["platform"]["cilium_version"] = "1.16.19"
    site.service("dummy-service")["metadata"]["annotations"] = {"service.cilium.io/src-ranges-policy": "deny"}


@FAULTS.finds()
def planned_source_ranges(site: LiveSite) -> None:
    plan_ranges(site)
    ranges = ["10.0.0.0/8", "192.0.2.0/24 ", "10.0.0.0/8"]
    site.service("dummy-service")["spec"]["loadBalancerSourceRanges"] = ranges


@FAULTS.finds(
    "EDGE870 platform service dummy/dummy-service: no endpoint is ready, so no node announces its address (look "
    "at its pods: kubectl -n dummy get endpointslices -l kubernetes.io/service-name=dummy-service)",
)
def no_endpoint_local(site: LiveSite) -> None:
    site.slice("dummy")["endpoints"] = [endpoint("node02", ready=False, serving=False)]
    del site.routes[SERVICE], site.kernel[SERVICE]
    site.peer("node02", 1)["routeCount"], site.peer("node03", 1)["routeCount"] = [], []


@FAULTS.finds(
    "EDGE870 platform service affine/affine-svc-lb: no endpoint is ready, so connections to it fail (look at its "
    "pods: kubectl -n affine get endpointslices -l kubernetes.io/service-name=affine-svc-lb)",
)
def no_endpoint_cluster(site: LiveSite) -> None:
    site.slice("affine")["endpoints"] = []


@FAULTS.finds(
    "EDGE862 platform service media/web: Cilium gave it no address: no reason given yet (compare its labels with "
    "the pool's serviceSelector, and look at the addresses left: kubectl get ciliumloadbalancerippools; kubectl -n media get service web -o yaml)",
)
def dynamic_without_address(site: LiveSite) -> None:
    site.resources["Service"].append(service("media", "web", "private-service", None))


@FAULTS.finds(
    "EDGE864 platform service media/web: it holds 10.122.0.130, which is not in its pool private-service (look "
    "at its label that names the pool; two pools may select it: kubectl get ciliumloadbalancerippools -o yaml)",
)
def dynamic_in_wrong_pool(site: LiveSite) -> None:
    site.resources["Service"].append(service("media", "web", "private-service", "10.122.0.130"))
    site.resources["EndpointSlice"].append(endpoint_slice("media", "web", endpoint("node01")))
    site.resources["Lease"].append(lease("media", "web", "node01"))


@FAULTS.finds(
    "EDGE867 platform service media/web: its loadBalancerClass is tailscale: Cilium neither gives it an address "
    "nor announces it (recreate the service without spec.loadBalancerClass (the field cannot be changed), or take it out of the site)",
)
def dynamic_of_another_class(site: LiveSite) -> None:
    item = service("media", "web", "private-service", "10.122.0.162")
    item["spec"]["loadBalancerClass"] = "tailscale"
    site.resources["Service"].append(item)
    site.resources["EndpointSlice"].append(endpoint_slice("media", "web", endpoint("node01")))


@FAULTS.finds(
    "EDGE879 platform service affine/affine-svc-lb: its loadBalancerClass is io.cilium/bgp-control-plane, and its pool "
    "private-service is announced on L2 alone: nobody announces its address (recreate the service without "
    "spec.loadBalancerClass (the field cannot be changed), or give the pool the other way (bgp, l2 in edge_pools))",
)
def class_that_takes_the_pool_s_only_way(site: LiveSite) -> None:
    site.service("affine-svc-lb")["spec"]["loadBalancerClass"] = "io.cilium/bgp-control-plane"


@FAULTS.finds(
    "EDGE879 platform service media/web: its loadBalancerClass is io.cilium/l2-announcer, and its pool public-service is "
    "announced by BGP alone: nobody announces its address (recreate the service without spec.loadBalancerClass (the field "
    "cannot be changed), or give the pool the other way (bgp, l2 in edge_pools))",
)
def dynamic_whose_class_takes_the_pool_s_only_way(site: LiveSite) -> None:
    next(pool for pool in site.plan["pools"] if pool["name"] == "public-service")["ranges"].append(2 * ["203.0.113.95"])
    item = service("media", "web", "public-service", "203.0.113.95")
    item["spec"]["loadBalancerClass"] = "io.cilium/l2-announcer"
    site.resources["Service"].append(item)
    site.resources["EndpointSlice"].append(endpoint_slice("media", "web", endpoint("node01")))


@FAULTS.finds(
    "EDGE888 platform service dummy/dummy-service: its ready endpoints are on node04, and 203.0.113.94 may be announced by "
    "node01, node02, node03: with traffic policy Local nobody announces it (let its pods run on a node that announces, or "
    "use externalTrafficPolicy Cluster: kubectl -n dummy get endpointslices -l kubernetes.io/service-name=dummy-service)",
)
def endpoints_on_nodes_that_do_not_announce(site: LiveSite) -> None:
    site.slice("dummy")["endpoints"] = [endpoint("node04")]
    del site.routes[SERVICE], site.kernel[SERVICE]


@pytest.mark.parametrize(
    "apply", [no_endpoint_local, endpoints_on_nodes_that_do_not_announce], ids=lambda found: found.__name__
)
def test_prefix_that_nobody_announces_for_want_of_an_endpoint_is_not_met(apply: Break) -> None:
    site = LiveSite()
    apply(site)
    assert (f"udm-pro {SERVICE}", "nobody", "nobody", "warning") in site.rows("accepted")


def two_families(site: LiveSite) -> None:
    """Let a service ask for an address of each family, and its pool have both."""
    pool = next(pool for pool in site.plan["pools"] if pool["name"] == "private-service")
    pool["families"] = ["ipv4", "ipv6"]
    pool["ranges"].append(["fd00:122::a0", "fd00:122::af"])
    item = service("media", "web", "private-service", "10.122.0.162")
    item["spec"].update(ipFamilies=["IPv4", "IPv6"], ipFamilyPolicy="PreferDualStack")
    site.resources["Service"].append(item)
    site.resources["EndpointSlice"].append(endpoint_slice("media", "web", endpoint("node01")))
    site.resources["Lease"].append(lease("media", "web", "node01"))


def lacks_ipv6(site: LiveSite) -> dict[str, Any]:
    condition = {"type": "cilium.io/IPAMRequestSatisfied", "status": "False", "reason": "out_of_ips"}
    found = site.service("web", "media")
    found["status"]["conditions"] = [condition]
    return found


@FAULTS.finds(
    "EDGE862 platform service media/web: Cilium gave it no address: none of ipv6 (out_of_ips) (compare its labels with the "
    "pool's serviceSelector, and look at the addresses left: kubectl get ciliumloadbalancerippools; kubectl -n media get "
    "service web -o yaml)",
)
def address_of_one_family_alone(site: LiveSite) -> None:
    two_families(site)
    lacks_ipv6(site)


@FAULTS.finds()
def the_pool_has_one_family_and_the_service_prefers_two(site: LiveSite) -> None:
    two_families(site)
    next(pool for pool in site.plan["pools"] if pool["name"] == "private-service")["families"] = ["ipv4"]
    lacks_ipv6(site)


@FAULTS.finds(
    "EDGE862 platform service media/web: Cilium gave it no address: none of ipv6 (no reason given yet) (compare its labels "
    "with the pool's serviceSelector, and look at the addresses left: kubectl get ciliumloadbalancerippools; kubectl -n "
    "media get service web -o yaml)",
)
def the_service_requires_an_address_of_each_family(site: LiveSite) -> None:
    two_families(site)
    site.service("web", "media")["spec"]["ipFamilyPolicy"] = "RequireDualStack"


NO_POOL = {"type": "cilium.io/IPAMRequestSatisfied", "status": "False", "reason": "no_pool"}


@FAULTS.finds(
    "EDGE862 platform service ingress-nginx-public/ingress-nginx-controller: Cilium gave it no address: none of ipv6 (no_pool) "
    "(compare its labels with the pool's serviceSelector, and look at the addresses left: kubectl get "
    "ciliumloadbalancerippools; kubectl -n ingress-nginx-public get service ingress-nginx-controller -o yaml)",
)
def the_pool_has_one_family_and_the_planned_service_requires_two(site: LiveSite) -> None:
    the_pool_has_one_family_and_cilium_is_content(site)
    site.service("ingress-nginx-controller", "ingress-nginx-public")["status"]["conditions"] = [NO_POOL]


@FAULTS.finds()
def the_pool_has_one_family_and_cilium_is_content(site: LiveSite) -> None:
    """A pool of others has the second, or Cilium has not yet looked."""
    found = site.service("ingress-nginx-controller", "ingress-nginx-public")
    found["spec"].update(ipFamilies=["IPv4", "IPv6"], ipFamilyPolicy="RequireDualStack")


def asks(site: LiveSite, **fields: Any) -> None:
    """Let a service that requires two families ask for an address of one: Cilium is content."""
    two_families(site)
    found = site.service("web", "media")
    found["spec"].update(ipFamilyPolicy="RequireDualStack", **fields.get("spec", {}))
    found["metadata"]["annotations"] = fields.get("annotations", {})


@FAULTS.finds()
def the_service_asks_for_an_address_of_one_family(site: LiveSite) -> None:
    asks(site, annotations={"lbipam.cilium.io/ips": "10.122.0.162"})


@FAULTS.finds()
def the_service_asks_so_by_the_older_annotation(site: LiveSite) -> None:
    asks(site, annotations={"io.cilium/lb-ipam-ips": "10.122.0.162"})


@FAULTS.finds()
def the_service_asks_so_by_its_spec(site: LiveSite) -> None:
    asks(site, spec={"loadBalancerIP": "10.122.0.162"})


def pending(**labels: str) -> dict[str, Any]:
    """Return a tenant's Service without a pool's name, to which Cilium gave no address."""
    item = service("media", "web", "", None)
    item["metadata"]["labels"] = labels
    return item


OUT_OF_IPS = {"type": "cilium.io/IPAMRequestSatisfied", "status": "False", "reason": "out_of_ips"}
PENDING = (
    "EDGE862 platform service media/web: Cilium gave it no address: {} (compare its labels with the pool's "
    "serviceSelector, and look at the addresses left: kubectl get ciliumloadbalancerippools; kubectl -n media get service "
    "web -o yaml)"
)


def with_default_pool(site: LiveSite) -> None:
    """Let the pool private-service take each service that names no pool."""
    item = next(
        item for item in site.plan["clusters"]["platform"]["lb"] if item["metadata"]["name"] == "private-service"
    )
    others = [pool["name"] for pool in site.plan["pools"] if pool["name"] != "private-service"]
    expressions = [{"key": POOL_LABEL, "operator": "NotIn", "values": others}]
    item["spec"]["serviceSelector"] = {"matchExpressions": expressions}


def with_pool_of_ipv6(site: LiveSite) -> None:
    """Let the site have a pool like private-service beside it, with addresses of the other family."""
    objects = site.plan["clusters"]["platform"]["lb"]
    pool = copy.deepcopy(next(pool for pool in site.plan["pools"] if pool["name"] == "private-service"))
    item = copy.deepcopy(next(item for item in objects if item["metadata"]["name"] == "private-service"))
    first, last = "fd00:122::a0", "fd00:122::af"
    pool.update(name="sixes", ranges=[[first, last]], families=["ipv6"])
    item["metadata"]["name"] = "sixes"
    item["spec"]["blocks"] = [{"start": first, "stop": last}]
    site.plan["pools"].append(pool)
    objects.append(item)
    site.resources["CiliumLoadBalancerIPPool"].append({"metadata": {"name": "sixes"}})


def requires_both() -> dict[str, Any]:
    """Return a tenant's Service without a pool's name that requires two families and has an address of one."""
    item = pending()
    item["spec"].update(ipFamilies=["IPv4", "IPv6"], ipFamilyPolicy="RequireDualStack")
    item["status"]["loadBalancer"]["ingress"] = [{"ip": "10.122.0.162"}]
    return item


def deleted(item: dict[str, Any]) -> dict[str, Any]:
    """Return a Service that somebody deleted, and that waits for a finalizer."""
    ending = {"deletionTimestamp": "2026-11-30T08:00:00Z", "finalizers": ["example.org/guard"]}
    item["metadata"].update(ending)
    return item


@FAULTS.finds(PENDING.format("out_of_ips"))
def a_service_of_the_default_pool_without_an_address(site: LiveSite) -> None:
    with_default_pool(site)
    item = pending()
    item["status"]["conditions"] = [OUT_OF_IPS]
    site.resources["Service"].append(item)


@FAULTS.finds(PENDING.format("no reason given yet"))
def a_service_of_the_default_pool_and_a_class_of_cilium_s(site: LiveSite) -> None:
    with_default_pool(site)
    site.plan["clusters"]["platform"].update(cilium_managed=False)
    item = pending()
    item["spec"]["loadBalancerClass"] = "io.cilium/bgp-control-plane"
    site.resources["Service"].append(item)


@FAULTS.finds()
def a_service_that_is_deleted_and_names_its_pool(site: LiveSite) -> None:
    """What others do before it goes is no matter of its address."""
    site.resources["Service"].append(deleted(service("media", "web", "private-service", None)))


@FAULTS.finds(
    PENDING.format("none of ipv6 (no reason given yet)"),
)
def a_service_that_requires_two_families_of_two_pools_that_select_it(site: LiveSite) -> None:
    with_default_pool(site)
    with_pool_of_ipv6(site)
    site.resources["Service"].append(requires_both())
    site.resources["EndpointSlice"].append(endpoint_slice("media", "web", endpoint("node01")))
    site.resources["Lease"].append(lease("media", "web", "node01"))


@FAULTS.finds()
def a_service_that_requires_two_families_of_which_others_have_the_second(site: LiveSite) -> None:
    with_default_pool(site)
    site.resources["Service"].append(requires_both())
    site.resources["EndpointSlice"].append(endpoint_slice("media", "web", endpoint("node01")))
    site.resources["Lease"].append(lease("media", "web", "node01"))


@FAULTS.finds(PENDING.format("none of ipv6 (no_pool)"))
def a_service_that_requires_two_families_of_which_nobody_has_the_second(site: LiveSite) -> None:
    a_service_that_requires_two_families_of_which_others_have_the_second(site)
    site.service("web", "media")["status"]["conditions"] = [NO_POOL]


@FAULTS.finds()
def a_service_that_no_pool_selects(site: LiveSite) -> None:
    site.resources["Service"].append(pending())


@FAULTS.finds()
def a_service_of_the_default_pool_with_an_address_of_others(site: LiveSite) -> None:
    with_default_pool(site)
    item = pending()
    item["status"]["loadBalancer"]["ingress"] = [{"ip": "198.51.100.7"}]
    site.resources["Service"].append(item)


@FAULTS.finds()
def a_service_of_the_default_pool_with_a_name_of_others(site: LiveSite) -> None:
    with_default_pool(site)
    item = pending()
    item["status"]["loadBalancer"]["ingress"] = [{"hostname": "lb.example.net"}]
    site.resources["Service"].append(item)


@FAULTS.finds()
def a_service_of_the_default_pool_and_a_class_of_others(site: LiveSite) -> None:
    with_default_pool(site)
    item = pending()
    item["spec"]["loadBalancerClass"] = "tailscale"
    site.resources["Service"].append(item)


@FAULTS.finds()
def a_classless_service_that_cilium_leaves_to_others(site: LiveSite) -> None:
    with_default_pool(site)
    site.plan["clusters"]["platform"]["helm_values"]["defaultLBServiceIPAM"] = "none"
    site.resources["Service"].append(pending())


@FAULTS.finds()
def a_classless_service_that_cilium_leaves_to_others_now(site: LiveSite) -> None:
    a_classless_service_that_cilium_leaves_to_others(site)
    site.service("web", "media")["status"]["conditions"] = [OUT_OF_IPS]


@FAULTS.finds(PENDING.format("out_of_ips"))
def a_class_and_a_release_of_others_that_serves_it(site: LiveSite) -> None:
    with_default_pool(site)
    site.plan["clusters"]["platform"].update(cilium_managed=False)
    site.plan["clusters"]["platform"]["helm_values"]["bgpControlPlane"] = {"enabled": False}
    item = of({"loadBalancerClass": "io.cilium/bgp-control-plane"}, problem=True)
    site.resources["Service"].append(item)


@FAULTS.finds()
def a_classless_service_and_a_release_of_others(site: LiveSite) -> None:
    with_default_pool(site)
    site.plan["clusters"]["platform"].update(cilium_managed=False)
    site.resources["Service"].append(pending())


def external(*addresses: str, kind: str = "ClusterIP") -> dict[str, Any]:
    """Return a tenant's Service with ``externalIPs``, as cilium_info returns one that is no LoadBalancer."""
    return {"metadata": {"namespace": "media", "name": "web"}, "spec": {"type": kind, "externalIPs": list(addresses)}}


EXTERNAL = (
    "EDGE901 platform service {service}: its spec.externalIPs has {address}, {whose}: Cilium and kube-proxy serve it there, "
    "whatever Cilium's address management says (CVE-2020-8554) (delete the address from externalIPs: kubectl -n {namespace} edit "
    "service {name}; let the API server refuse the field: by its admission plugin DenyServiceExternalIPs, or by a policy)"
)


def taken(address: str, whose: str, service: str = "media/web") -> str:
    """Return what verify says of a Service that takes an address by itself."""
    namespace, _slash, name = service.partition("/")
    return EXTERNAL.format(service=service, address=address, whose=whose, namespace=namespace, name=name)


PLANNED = "the address of the planned service affine/affine-svc-lb"


@FAULTS.finds(taken("10.122.0.171", PLANNED))
def a_tenant_takes_a_planned_address(site: LiveSite) -> None:
    site.resources["Service"].append(external("10.122.0.171"))


def test_a_service_that_prefers_two_families_and_has_one_is_not_known() -> None:
    live = LiveSite()
    two_families(live)
    row = ("an address of private-service", "10.122.0.162, not known why none of the other family", "unknown")
    assert ("platform media/web (dynamic)", *row) in live.rows("service")


def test_a_service_of_the_default_pool_has_a_row() -> None:
    live = LiveSite()
    a_service_of_the_default_pool_without_an_address(live)
    row = ("platform media/web (dynamic)", "an address of private-service", "no address", "error")
    assert row in live.rows("service")


def test_the_only_pool_takes_each_service() -> None:
    """A site's only pool has no selector."""
    planned = site_of_tests("minimal").plan.data
    observed = healthy(planned)
    observed["clusters"]["home"]["resources"]["Service"].append(pending())
    (found,) = verify(planned, observed).findings
    assert (found.code, found.path) == ("EDGE862", "home service media/web")


def of(spec: dict[str, Any] | None = None, *, asks: str = "", problem: bool = False) -> dict[str, Any]:
    """Return a Service without an address: fields of its spec, what it asks for, whether Cilium says that it has none."""
    item = pending()
    item["spec"].update(spec or {})
    item["metadata"]["annotations"] = {"lbipam.cilium.io/ips": asks} if asks else {}
    item["status"]["conditions"] = [OUT_OF_IPS] if problem else []
    return item


BY_BGP, ON_L2 = ({"loadBalancerClass": f"io.cilium/{name}"} for name in ("bgp-control-plane", "l2-announcer"))


@pytest.mark.parametrize(
    ("item", "values", "owed"),
    [
        pytest.param(of(), {}, True, id="any"),
        pytest.param(of({"ipFamilies": ["IPv4"]}), {}, True, id="the pool's family"),
        pytest.param(of({"ipFamilies": ["IPv6"]}), {}, False, id="another family"),
        pytest.param(of({"ipFamilies": ["IPv6", "IPv4"]}), {}, True, id="both families"),
        pytest.param(of(asks="192.0.2.130"), {}, True, id="an address of the pool"),
        pytest.param(of(asks="192.168.50.9"), {}, False, id="an address of others"),
        pytest.param(of(asks="192.168.50.9", problem=True), {}, False, id="an address of others that Cilium has not"),
        pytest.param(of(asks="192.168.50.9, 192.0.2.130"), {}, True, id="one address of the pool"),
        pytest.param(of({"loadBalancerIP": "192.168.50.9"}), {}, False, id="an address of others, by its spec"),
        pytest.param(deleted(of()), {}, False, id="deleted"),
        pytest.param(of(BY_BGP), {}, True, id="the class of BGP"),
        pytest.param(of(BY_BGP), {"bgpControlPlane": {"enabled": False}}, False, id="the class of BGP, which is off"),
        pytest.param(of(BY_BGP), {"bgpControlPlane": None}, False, id="the class of BGP, of which no value speaks"),
        pytest.param(of(ON_L2), {}, False, id="the class of L2, which is off"),
        pytest.param(of(ON_L2), {"l2announcements": {"enabled": True}}, True, id="the class of L2"),
        pytest.param(of(ON_L2, problem=True), {}, False, id="the class of L2, which was on before"),
    ],
)
def test_a_pool_owes_an_address_to_whom_it_can_give_one(
    item: dict[str, Any], values: dict[str, Any], owed: bool
) -> None:
    planned = copy.deepcopy(site_of_tests("minimal").plan.data)
    planned["clusters"]["home"]["helm_values"].update(values)
    observed = healthy(planned)
    observed["clusters"]["home"]["resources"]["Service"].append(item)
    report = verify(planned, observed)
    assert [finding.code for finding in report.findings] == (["EDGE862"] if owed else [])
    rows = [row for row in report.rows if row.subject == "home media/web (dynamic)"]
    assert [row.expected for row in rows] == (["an address of lb"] if owed else [])


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found(fault: Fault) -> None:
    fault.check()


def test_dynamic_service_is_verified_alike() -> None:
    site = LiveSite()
    site.resources["Service"].append(service("media", "web", "private-service", "10.122.0.160"))
    site.resources["EndpointSlice"].append(endpoint_slice("media", "web", endpoint("node01")))
    assert site.codes() == ["EDGE880"]
    row = ("platform media/web (dynamic)", "an address of private-service", "10.122.0.160", "ok")
    assert row in site.rows("service")


def test_service_outside_all_pools_is_not_ours() -> None:
    site = LiveSite()
    item = service("media", "web", "x", "192.0.2.7")
    item["metadata"]["labels"] = {}
    site.resources["Service"].append(item)
    assert site.texts() == []


@pytest.mark.parametrize(
    ("addresses", "texts"),
    [
        pytest.param(["192.0.2.7"], [], id="nobody's"),
        pytest.param(
            ["10.122.0.160"], [taken("10.122.0.160", "an address of the pool private-service")], id="a pool's"
        ),
        pytest.param(
            ["10.122.0.171", "192.0.2.7", "10.122.0.160"],
            [taken("10.122.0.160", "an address of the pool private-service"), taken("10.122.0.171", PLANNED)],
            id="several",
        ),
        pytest.param(["010.122.000.171"], [taken("10.122.0.171", PLANNED)], id="zeros in front"),
        pytest.param(["::ffff:10.122.0.171"], [taken("10.122.0.171", PLANNED)], id="mapped into IPv6"),
        pytest.param(["fd00:122::A0"], [], id="a family without a pool"),
        pytest.param(["10.122.0.171/32", ""], [], id="no address"),
    ],
)
@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort", "LoadBalancer"])
def test_address_of_the_plan_that_a_service_takes_by_itself(kind: str, addresses: list[str], texts: list[str]) -> None:
    site = LiveSite()
    before = site.verify().rows
    site.resources["Service"].append(external(*addresses, kind=kind))
    assert site.texts() == texts
    (new,) = set(site.verify().rows) - set(before) or {None}
    if not texts:
        assert new is None
        return
    assert new is not None
    assert (new.step, new.subject) == ("service", "platform externalIPs of all services")
    assert (new.expected, new.level) == ("none of the plan", "error")
    named = [text.partition(" has ")[2].partition(",")[0] for text in texts]
    assert new.seen == ", ".join(f"{address} by media/web" for address in named)


def test_external_name_is_served_nowhere() -> None:
    site = LiveSite()
    site.resources["Service"].append(external("10.122.0.171", kind="ExternalName"))
    assert site.texts() == []


def test_address_in_another_family_is_compared_in_its_canonical_spelling() -> None:
    site = LiveSite()
    two_families(site)
    site.resources["Service"].append({**external("FD00:122:0::A0"), "metadata": {"namespace": "a", "name": "b"}})
    assert site.texts() == [taken("fd00:122::a0", "an address of the pool private-service", "a/b")]


@pytest.mark.parametrize(
    ("name", "address", "texts"),
    [
        pytest.param("affine-svc-lb", "10.122.0.171", [], id="its own"),
        pytest.param(
            "dummy-service", "10.122.0.171", [taken("10.122.0.171", PLANNED, "dummy/dummy-service")], id="another's"
        ),
    ],
)
def test_planned_service_may_name_its_own_address_again(name: str, address: str, texts: list[str]) -> None:
    site = LiveSite()
    site.service(name)["spec"]["externalIPs"] = [address]
    assert site.texts() == texts


def test_planned_service_that_lost_its_address_may_name_it_too() -> None:
    site = LiveSite()
    no_address_yet(site)
    site.service("affine-svc-lb")["spec"]["externalIPs"] = ["10.122.0.171"]
    assert site.codes() == ["EDGE862"]


def test_dynamic_service_may_name_the_address_that_it_holds() -> None:
    site = LiveSite()
    two_families(site)
    site.service("web", "media")["spec"]["externalIPs"] = ["10.122.0.162"]
    assert site.texts() == []


def test_address_of_another_cluster_is_told_with_its_cluster() -> None:
    site = LiveSite()
    site.plan["clusters"]["lab"] = {**site.plan["clusters"]["platform"], "managed": False}
    pool, planned = site.plan["pools"][0], site.plan["services"][0]
    site.plan["pools"].append({**pool, "cluster": "lab", "name": "media", "ranges": [["192.0.2.0", "192.0.2.9"]]})
    site.plan["services"].append(
        {
            **planned,
            "cluster": "lab",
            "namespace": "db",
            "name": "postgres",
            "pool": "media",
            "addresses": ["192.0.2.7"],
        }
    )
    site.resources["Service"].append(external("192.0.2.7", "192.0.2.8"))
    assert site.texts() == [
        taken("192.0.2.7", "the address of the planned service db/postgres of the cluster lab"),
        taken("192.0.2.8", "an address of the pool media of the cluster lab"),
    ]


def test_service_that_became_one_of_the_cluster_alone_is_not_told_by_its_ports_too() -> None:
    site = LiveSite()
    site.service("dummy-service")["spec"].update(type="ClusterIP", ports=[])
    assert "EDGE866" in site.codes()
    assert "EDGE907" not in site.codes()

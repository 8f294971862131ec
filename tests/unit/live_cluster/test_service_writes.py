# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From two inventories, one of which was applied, to what labels and annotations of services would take from them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.labels import FIELD_MANAGER
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.look import Target
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.note import Claims
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.parts import part_changes
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.noted import uid_of

SITE = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.70.0.0/24}}
    edge_peerings: {k8s: {}}
    edge_pools: {a: {addresses: 10.71.0.16/28}, b: {addresses: 10.72.0.0/28}}
    edge_default_pool: a
    edge_services: {web/ingress: {}, media/jellyfin: {}}
  children:
    edge_routers: {hosts: {gw: {ansible_host: 10.70.0.1, edge_router_asn: 64700}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.20.2", edge_cilium_managed: false}}}
    edge_nodes: {hosts: {n1: {ansible_host: 10.70.0.11}}}
"""
HELD = {"web/ingress": "10.71.0.16", "media/jellyfin": "10.71.0.18"}


def target(home: dict[str, Any] | None = None, **variables: Any) -> Target:
    """Return the cluster of a site; ``variables`` replace those of ``all``, and ``home`` is said at the cluster."""
    document = yaml.safe_load(SITE)
    document["all"]["vars"].update(variables)
    document["all"]["children"]["edge_clusters"]["hosts"]["home"].update(home or {})
    planned = plan(inventory_from(document))
    assert not planned.failed
    return Target(planned.data["site"], planned.data["clusters"]["home"], "cilium", "kube-system")


def live_service(item: dict[str, Any], address: str, others: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a Service of somebody on which the plan's keys were set; ``others`` are keys that somebody else set too."""
    place = f"Service {item['namespace']}/{item['name']}"
    owned = {f"f:{kind}": {f"f:{key}": {} for key in item[kind]} for kind in ("labels", "annotations")}
    ours = {"manager": FIELD_MANAGER, "operation": "Apply", "apiVersion": "v1", "fieldsV1": {"f:metadata": owned}}
    labels = {"f:labels": {f"f:{key}": {} for key in others}}
    theirs = {"manager": "helm", "operation": "Update", "apiVersion": "v1", "fieldsV1": {"f:metadata": labels}}
    keys = {kind: dict(item[kind]) for kind in ("labels", "annotations")}
    named = {"namespace": item["namespace"], "name": item["name"], "uid": uid_of(place)}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**named, **keys, "managedFields": [ours, theirs]},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
        "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
    }


def applied(of: Target, held: dict[str, str], others: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a cluster to which a plan was applied, and whose services hold these addresses."""
    pools = [
        {**item, "metadata": {**item["metadata"], "uid": uid_of(item["metadata"]["name"])}} for item in of.cluster["lb"]
    ]
    items = {f"{item['namespace']}/{item['name']}": item for item in of.cluster["services"]}
    services = [live_service(items[name], address, others) for name, address in held.items()]
    noted = {uid_of(item["metadata"]["name"]): f"{item['kind']} {item['metadata']['name']}" for item in pools}
    noted |= {item["metadata"]["uid"]: f"keys of Service {name}" for name, item in zip(held, services, strict=True)}
    noted |= {"noted.lb": "true", "noted.services": "true"}
    kinds = {item["kind"]: {"versions": ["v2"], "fields": {"v2": None}} for item in pools}
    state = {"kinds": kinds, "objects": pools, "services": services, "config_map": noted}
    return {**state, "nodes": {}, "namespaces": None, "secrets": []}


def refusals(of: Target, state: dict[str, Any]) -> list[str]:
    """Return why a plan is refused."""
    claims = Claims("lb", of.site, state["config_map"], "kube-system")
    return [str(error) for error in part_changes("lb", of.options("lb"), (), state, claims).errors]


def consent(*words: str) -> dict[str, Any]:
    return {"edge_cluster_take_over": {"services": list(words)}}


PLANNED = {"edge_allocation": "planned"}
WAY_OUT = ", or say so: edge_cluster_take_over: {{services: ['{}']}} (of the role alone: cilium_net_lb_take_over))"
IPS = "lbipam.cilium.io/ips"


def moves(name: str, held: str, new: str) -> str:
    return (
        f"edge_services.{name}: it holds {held}, and this run sets {IPS}: {new}: it then asks for other addresses, so Cilium"
        f" would take the address away (pin the address that it holds (addresses: {held})"
        + WAY_OUT.format(f"{name}@{held}")
    )


def test_a_plan_that_begins_to_allot_takes_no_address_that_is_held() -> None:
    """The plan allots in the order of names, and nobody knows there what Cilium gave."""
    state = applied(target(), HELD)
    assert refusals(target(PLANNED), state) == [
        moves("web/ingress", "10.71.0.16", "10.71.0.17"),
        moves("media/jellyfin", "10.71.0.18", "10.71.0.16"),
    ]
    assert (
        refusals(target(PLANNED), applied(target(), {"media/jellyfin": "10.71.0.16", "web/ingress": "10.71.0.17"}))
        == []
    )


def test_an_allocation_that_was_lost_is_not_made_anew() -> None:
    before = target(
        edge_services={"web/ingress": {"addresses": "10.71.0.16"}, "media/jellyfin": {"addresses": "10.71.0.18"}}
    )
    assert [text.partition(":")[0] for text in refusals(target(PLANNED), applied(before, HELD))] == [
        "edge_services.web/ingress",
        "edge_services.media/jellyfin",
    ]


@pytest.mark.parametrize(
    ("home", "entry", "refused"),
    [
        pytest.param({}, {}, True, id="an address that was written"),
        pytest.param(consent("media/jellyfin@10.71.0.18"), {}, False, id="consent"),
        pytest.param(consent("media/jellyfin@10.71.0.99"), {}, True, id="consent to another address"),
        pytest.param({}, {"may_move": True}, False, id="it may move"),
    ],
)
def test_an_edit_of_an_address_moves_a_service_by_a_word(
    home: dict[str, Any], entry: dict[str, Any], refused: bool
) -> None:
    services = {"web/ingress": {}, "media/jellyfin": {"addresses": "10.71.0.20", **entry}}
    found = refusals(target(home, edge_services=services), applied(target(), HELD))
    assert found == ([moves("media/jellyfin", "10.71.0.18", "10.71.0.20")] if refused else [])


@pytest.mark.parametrize(
    ("waits", "refused"),
    [
        pytest.param("dns/a", True, id="it is written first, and comes to share the address"),
        pytest.param("dns/z", False, id="it is written when the key is gone"),
    ],
)
def test_a_service_that_comes_to_share_an_address_takes_it_from_none(waits: str, refused: bool) -> None:
    """The run labels it for the pool, with the key that it then takes off the service that has the address."""
    before = target(
        edge_services={"dns/holds": {"pool": "a", "share": "dns"}, waits: {"pool": "b", "addresses": "10.72.0.1"}}
    )
    state = applied(before, {"dns/holds": "10.71.0.20", waits: ""})
    for number, live in enumerate(state["services"]):
        live["spec"]["ports"] = [{"port": 53 + number}]
    found = refusals(target(edge_services={"dns/holds": {"pool": "a"}, waits: {"pool": "a", "share": "dns"}}), state)
    assert [f"it then may not share the address with {waits}" in text for text in found] == ([True] if refused else [])


def test_all_addresses_are_named_that_a_service_is_to_be_pinned_to() -> None:
    """The run pins the one of IPv4: the one of IPv6 goes, and pinning that one alone would take the other."""
    of = target(edge_services={"web/ingress": {}, "media/jellyfin": {"addresses": "10.71.0.18"}})
    state = applied(target(), HELD)
    (pool, _b) = of.cluster["lb"]
    pool["spec"]["blocks"].append({"cidr": "fd00:71::10/124"})
    state["objects"][0]["spec"]["blocks"].append({"cidr": "fd00:71::10/124"})
    state["services"][1]["status"]["loadBalancer"]["ingress"].append({"ip": "fd00:71::13"})
    (found,) = refusals(of, state)
    assert found == (
        f"edge_services.media/jellyfin: it holds fd00:71::13, and this run sets {IPS}: 10.71.0.18: it then asks for other"
        " addresses, so Cilium would take the address away (pin all addresses that it holds (addresses: [10.71.0.18,"
        " fd00:71::13])" + WAY_OUT.format("media/jellyfin@fd00:71::13")
    )


@pytest.mark.parametrize(
    ("change", "writes"),
    [
        pytest.param({"traffic_policy": "Local"}, "sets externalTrafficPolicy: Local", id="another traffic policy"),
        pytest.param({"ports": [{"port": 81}]}, "sets other ports", id="the port of the other one"),
    ],
)
def test_fields_that_part_services_are_named(change: dict[str, Any], writes: str) -> None:
    own = {"pool": "a", "addresses": "10.71.0.20", "share": "dns", "manage": "service", "selector": {"app": "web"}}
    ports = {"dns/one": 80, "dns/two": 81}
    entries = {name: {**own, "ports": [{"port": port}]} for name, port in ports.items()}
    before = target(edge_services=entries)
    state = applied(before, dict.fromkeys(entries, "10.71.0.20"))
    for live, planned in zip(state["services"], before.cluster["services"], strict=True):
        live["metadata"].update({kind: planned["object"]["metadata"][kind] for kind in ("labels", "annotations")})
        live["spec"].update(planned["object"]["spec"])
        state["config_map"][live["metadata"]["uid"]] = f"Service {planned['namespace']}/{planned['name']}"
    after = target(edge_services=entries)
    for planned in after.cluster["services"][:1]:
        changed = {"externalTrafficPolicy": "Local"} if "traffic_policy" in change else {"ports": [{"port": 81}]}
        planned["object"]["spec"].update(changed)
    found = refusals(after, state)
    assert [text.partition(": it then may not share")[0] for text in found] == [
        f"edge_services.dns/one: it holds 10.71.0.20, and this run {writes}"
    ]


B = "cluster-edge.hybridnet/pool: b"


@pytest.mark.parametrize(
    ("variables", "moved"),
    [
        pytest.param(
            {"edge_default_pool": "b", "edge_services": {name: {} for name in HELD}},
            list(HELD),
            id="another default pool",
        ),
        pytest.param(
            {"edge_services": {"web/ingress": {"pool": "b"}, "media/jellyfin": {"pool": "a"}}},
            ["web/ingress"],
            id="another pool",
        ),
        pytest.param({}, [], id="nothing changes"),
    ],
)
def test_a_label_that_takes_a_service_out_of_its_pool(variables: dict[str, Any], moved: list[str]) -> None:
    before = target(edge_default_pool="none", edge_services={name: {"pool": "a"} for name in HELD})
    after = target(**{"edge_default_pool": "none", "edge_services": before_entries(), **variables})
    assert refusals(after, applied(before, HELD)) == [
        f"edge_services.{name}: it holds {HELD[name]}, and this run sets {B}: the pool a no longer selects it, so Cilium would"
        f" take the address away (keep it in the pool a" + WAY_OUT.format(f"{name}@{HELD[name]}")
        for name in moved
    ]


def before_entries() -> dict[str, Any]:
    return {name: {"pool": "a"} for name in HELD}


def without_keys(state: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a cluster in which nobody has set a key on a service yet."""
    place = f"Service {name}"
    bare = {"labels": {}, "annotations": {}, "managedFields": []}
    services = [
        {**item, "metadata": {**item["metadata"], **bare}} if item["metadata"]["uid"] == uid_of(place) else item
        for item in state["services"]
    ]
    noted = {key: value for key, value in state["config_map"].items() if not value.endswith(place)}
    return {**state, "services": services, "config_map": noted}


def test_a_service_of_the_default_pool_that_is_listed_with_another_one() -> None:
    """The default pool selects it as long as it has no label of another one."""
    before = target()
    after = target(edge_services={"web/ingress": {"pool": "b"}, "media/jellyfin": {}})
    found = refusals(after, without_keys(applied(before, HELD), "web/ingress"))
    assert [text.partition(",")[0] for text in found] == ["edge_services.web/ingress: it holds 10.71.0.16"]
    assert B in found[0]


@pytest.mark.parametrize(
    ("default", "others", "refused"),
    [
        pytest.param("none", (), True, id="no pool is left to it"),
        pytest.param("none", ("cluster-edge.hybridnet/pool",), False, id="its owner has set the label too"),
        pytest.param("a", (), False, id="the default pool goes on to give it"),
    ],
)
def test_what_is_taken_back_of_a_service_takes_no_address(default: str, others: tuple[str, ...], refused: bool) -> None:
    entries = before_entries()
    entries["web/ingress"]["addresses"] = "10.71.0.16"
    before = target(edge_default_pool=default, edge_services=entries)
    after = target(edge_default_pool=default, edge_services={"media/jellyfin": {"pool": "a"}})
    expected = (
        f"Service web/ingress: it holds 10.71.0.16, and this run takes cluster-edge.hybridnet/pool, {IPS} back: the pool a no"
        " longer selects it, so Cilium would take the address away (keep it in edge_services, or let its owner set these keys"
        " too" + WAY_OUT.format("web/ingress@10.71.0.16")
    )
    assert refusals(after, applied(before, HELD, others)) == ([expected] if refused else [])


@pytest.mark.parametrize(
    ("share", "refused"),
    [
        pytest.param("dns", False, id="goes on"),
        pytest.param("other", True, id="another key on both: the first to be written loses it"),
        pytest.param(None, True, id="no key"),
    ],
)
def test_services_that_share_an_address_go_on_to_share_it(share: str | None, refused: bool) -> None:
    def entries(key: str | None) -> dict[str, Any]:
        own = {"pool": "a", "addresses": "10.71.0.20", **({"share": key} if key else {})}
        return {"dns/tcp": own, "dns/udp": own}

    before = target(edge_services=entries("dns"))
    after = target(edge_services=entries("dns"))
    state = applied(before, dict.fromkeys(entries("dns"), "10.71.0.20"))
    for number, item in enumerate(state["services"]):
        item["spec"]["ports"] = [{"port": 53 + number}]
    for planned in after.cluster["services"]:
        planned["annotations"] = {IPS: "10.71.0.20", **({"lbipam.cilium.io/sharing-key": share} if share else {})}
    found = refusals(after, state)
    assert [text.partition(":")[0] for text in found] == (
        ["edge_services.dns/tcp", "edge_services.dns/udp"] if refused else []
    )
    assert all("it then may not share the address with dns/" in text for text in found)


def test_keys_of_a_service_that_is_not_told_stay() -> None:
    state = applied(target(), HELD)
    of = target(PLANNED)
    claims = Claims("lb", of.site, state["config_map"], "kube-system")
    assert part_changes("lb", {**of.options("lb"), "services": None}, (), state, claims).errors == []


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        pytest.param({"pool": "b"}, "the pool a no longer selects it", id="another pool"),
        pytest.param({"addresses": "10.71.0.20"}, "it then asks for other addresses", id="another address"),
        pytest.param({}, None, id="nothing changes"),
        pytest.param(None, None, id="it leaves"),
    ],
)
def test_a_service_of_this_site_is_judged_too(entry: dict[str, Any] | None, why: str | None) -> None:
    own = {"pool": "a", "manage": "service", "ports": [{"port": 80}], "selector": {"app": "web"}}
    before = target(edge_services={"web/site": own})
    state = applied(before, {"web/site": "10.71.0.18"})
    (planned,) = before.cluster["services"]
    (live,) = state["services"]
    live["metadata"].update(labels=planned["object"]["metadata"]["labels"], annotations={})
    state["config_map"][live["metadata"]["uid"]] = "Service web/site"
    after = target(edge_services={} if entry is None else {"web/site": {**own, **entry}})
    found = refusals(after, state)
    assert [why is not None and why in text for text in found] == ([True] if why else [])

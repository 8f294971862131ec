# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a run changes: what a service would lose by it in a model of Cilium's LB-IPAM is refused."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.lb_ipam import NONE
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.lb_ipam import LbIpam as Rules
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.held_addresses import (
    MayMove,
    ServiceWrites,
    lost_at_a_start,
    lost_by_a_release,
    moved_addresses,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.drawn import examples
from ansible_collections.hybridnet.cluster_edge.tests.support.lb_ipam_model import LbIpam, Pool, Service, first_losses
from hypothesis import event, given, settings
from hypothesis import strategies as st

LABEL = "pool"
BLOCKS: tuple[tuple[tuple[int, int], ...], ...] = (
    ((0, 15),),
    ((0, 7),),
    ((8, 15),),
    ((0, 7), (8, 15)),
    ((4, 7),),
    ((0, 31),),
)
"""Cuts of one space of addresses, all CIDRs."""
SPACE = {"a": 0, "b": 64}
"""Pool -> where its space begins: pools share no address."""


@dataclass(frozen=True)
class Case:
    """A cluster, and a run."""

    before: dict[str, Pool]
    status: dict[str, list[int]]
    services: dict[str, Service]
    planned: dict[str, Pool]
    after: dict[str, Service]
    """Services as they are written; those that do not change are not there."""
    helm: bool
    by_helm: dict[str, Service]
    """Services as Helm writes them before it starts the operator anew."""
    running: LbIpam | None
    """The operator that serves the services; None: others do, or nobody."""


def pool_of(name: str) -> st.SearchStrategy[Pool]:
    return st.builds(
        Pool,
        st.sampled_from(BLOCKS).map(
            lambda cut: tuple((SPACE[name] + first, SPACE[name] + last) for first, last in cut)
        ),
        st.sampled_from([name, name, name, None, "other"]),
        st.booleans(),
        st.booleans(),
    )


def service_of(port: int, held: list[int]) -> st.SearchStrategy[Service]:
    """Return services of a port; most have the label of the pool whose space the addresses are in."""
    asked = st.sampled_from([frozenset(), frozenset(), frozenset(held)]) if held else st.just(frozenset())
    own = "b" if held and held[0] >= SPACE["b"] else "a"
    return st.builds(
        Service, st.sampled_from([own, own, own, "b", None]), asked, st.sampled_from(["", "", "dns"]), st.just(port)
    )


POOLS = st.fixed_dictionaries({}, optional={name: pool_of(name) for name in SPACE})


@st.composite
def cases(draw: st.DrawFn) -> Case:
    names = ["s0", "s1", "s2"][: draw(st.integers(1, 3))]
    before = draw(POOLS)
    ipam = None
    if before and draw(st.booleans()):
        services = {name: draw(service_of(80 + draw(st.integers(0, 1)), [])) for name in names}
        status: dict[str, list[int]] = {name: [] for name in names}
        ipam = LbIpam(status, services)
        ipam.start({name: Pool(pool.cidrs, pool.label) for name, pool in before.items()})
        for name in names:
            if status[name] and draw(st.booleans()):
                services[name] = Service(
                    services[name].label, frozenset(status[name]), services[name].key, services[name].port
                )
                ipam.write_service(name, services[name])
        for name, pool in before.items():
            ipam.write_pool(name, pool)
    else:
        addresses = st.sampled_from([0, 4, 7, 15, 64, 71, 100])
        status = {name: [draw(addresses)] for name in names}
        services = {name: draw(service_of(80 + draw(st.integers(0, 1)), status[name])) for name in names}
        if draw(st.booleans()):  # several addresses of one key
            status = {name: [draw(st.sampled_from([0, 4]))] for name in names}
            services = {name: Service("a", key="dns", port=item.port) for name, item in services.items()}
    planned = {**before, **draw(POOLS)} if draw(st.booleans()) else draw(POOLS)
    changed = draw(st.sets(st.sampled_from(names), max_size=2))
    after = {name: draw(service_of(services[name].port, [*status[name], 5])) for name in sorted(changed)}
    helm = draw(st.booleans()) if ipam or not before else True  # else nobody begins to serve them
    chart = draw(st.sets(st.sampled_from(names), max_size=1)) if ipam and helm else set()
    by_helm = {name: draw(service_of(services[name].port, [*status[name], 5])) for name in sorted(chart)}
    after = {name: item for name, item in after.items() if name not in by_helm}  # a chart's is nobody else's
    return Case(before, status, services, planned, after, helm, by_helm, ipam)


def lost_by(case: Case, joins: bool) -> set[tuple[str, int]]:
    """Return what services lose, in whichever order Cilium goes through them.

    Args:
        case: a cluster, and a run.
        joins: how Cilium imports shared addresses, as the model says it.
    """
    found: set[tuple[str, int]] = set()
    for order in permutations(case.services):
        running = deepcopy(case.running)
        if running is not None:
            running.joins = joins
        ipam = running
        if ipam is None or case.helm:
            status = running.status if running else deepcopy(case.status)
            ipam = LbIpam(status, {**case.services, **case.by_helm}, joins)
        for item in filter(None, {running, ipam}):
            item.services = {name: item.services[name] for name in order}
        found |= first_losses(case.status, ipam.status, steps(case, ipam, running))
    return found


def steps(case: Case, ipam: LbIpam, running: LbIpam | None) -> Iterator[Any]:
    """Yield what a run does, in its order: Helm, pools, what leaves, services."""
    for name, service in case.by_helm.items() if running else ():
        yield partial(running.write_service, name, service)
    if case.before and case.helm:
        yield partial(ipam.start, case.before)
    pools = list(case.planned.items())
    if not case.before and pools:
        yield partial(ipam.start, dict(pools[:1]))
        pools = pools[1:]
    for name, pool in pools:
        if case.before.get(name) != pool:
            yield partial(ipam.write_pool, name, pool)
    for name in case.before:
        if name not in case.planned:
            yield partial(ipam.delete_pool, name)
    if case.planned:  # else it sleeps
        for name, service in case.after.items():
            yield partial(ipam.write_service, name, service)


def text(address: int) -> str:
    return f"10.0.0.{address}"


def pool_object(name: str, pool: Pool) -> dict[str, Any]:
    cidrs = [f"{text(first)}/{32 - (last - first).bit_length()}" for first, last in pool.cidrs]
    spec: dict[str, Any] = {"blocks": [{"cidr": cidr} for cidr in cidrs], "disabled": pool.disabled}
    spec["allowFirstLastIPs"] = "Yes" if pool.first_last else "No"
    if pool.label is not None:
        spec["serviceSelector"] = {"matchLabels": {LABEL: pool.label}}
    return {"kind": "CiliumLoadBalancerIPPool", "metadata": {"name": name}, "spec": spec}


def service_object(name: str, service: Service, held: list[int]) -> dict[str, Any]:
    annotations = {"lbipam.cilium.io/ips": ",".join(map(text, sorted(service.asks)))} if service.asks else {}
    annotations.update({"lbipam.cilium.io/sharing-key": service.key} if service.key else {})
    labels = {} if service.label is None else {LABEL: service.label}
    return {
        "kind": "Service",
        "metadata": {"namespace": "x", "name": name, "labels": labels, "annotations": annotations},
        "spec": {"type": "LoadBalancer", "ports": [{"port": service.port, "protocol": "TCP"}]},
        "status": {"loadBalancer": {"ingress": [{"ip": text(address)} for address in held]}},
    }


def refused_of(case: Case, version: str) -> set[tuple[str, int]]:
    """Return what the collection refuses to take."""
    rules = Rules(version, served_before=NONE if case.running is None else None)
    state = {
        "objects": [pool_object(name, pool) for name, pool in case.before.items()],
        "services": [service_object(name, item, case.status[name]) for name, item in case.services.items()],
    }
    after, by_helm = (
        {f"x/{name}": service_object(name, item, case.status[name]) for name, item in written.items()}
        for written in (case.after, case.by_helm)
    )
    errors = [*lost_by_a_release(state, MayMove(), rules, ServiceWrites(after=by_helm))]
    state["services"] = [by_helm.get(f"x/{item['metadata']['name']}", item) for item in state["services"]]
    planned = [pool_object(name, pool) for name, pool in case.planned.items()]
    errors += moved_addresses(planned, MayMove(), state, lambda _item: True, rules, ServiceWrites(after=after))
    if case.helm and case.before:
        errors += lost_at_a_start(state, MayMove(), rules, lambda _item: False, by_helm)
    words = {error.word.removeprefix("x/").partition("@") for error in errors}
    return {(name, int(address.rpartition(".")[2])) for name, _at, address in words}


@pytest.mark.parametrize(("version", "joins"), [("1.20.1", False), ("1.20.2", True)])
@settings(max_examples=examples(400))
@given(case=cases())
def test_what_a_service_would_lose_is_refused_and_nothing_else(version: str, joins: bool, case: Case) -> None:
    gone, refused = lost_by(case, joins), refused_of(case, version)
    event(f"lost: {bool(gone)}, refused: {bool(refused)}")
    assert gone <= refused
    assert gone or not refused  # nothing is refused for nothing

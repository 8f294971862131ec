# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers ARP and NDP for addresses that are announced on L2."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Fault, Faults, LiveSite
from ansible_collections.hybridnet.cluster_edge.tests.support.observed import (
    endpoint,
    endpoint_slice,
    lease,
    service,
)

FAULTS = Faults()


@FAULTS.finds(
    "EDGE869 platform service affine/affine-svc-lb: externalTrafficPolicy is Local and its address is announced "
    "on L2: the node that answers need not have an endpoint (use Cluster; up to Cilium 1.20.1 the other nodes "
    "drop the traffic, later versions may announce nothing)",
    "EDGE868 platform service affine/affine-svc-lb: externalTrafficPolicy is Local, planned is Cluster (set it "
    "where the service is made, or traffic_policy in edge_services; expected nodes follow the live value)",
)
def local_on_l2(site: LiveSite) -> None:
    site.service("affine-svc-lb")["spec"]["externalTrafficPolicy"] = "Local"


@FAULTS.finds(
    "EDGE880 platform service affine/affine-svc-lb: no node holds the lease "
    "cilium-l2announce-affine-affine-svc-lb: nobody answers ARP or NDP for 10.122.0.171 (is "
    "l2announcements.enabled true, does the policy's interface pattern match a device with an address on the "
    "nodes node01, node02, node03, node04: cilium-dbg shell -- db/show devices)",
)
def lease_missing(site: LiveSite) -> None:
    site.resources["Lease"].pop(0)


@FAULTS.finds(
    "EDGE880 platform service affine/affine-svc-lb: no node holds the lease "
    "cilium-l2announce-affine-affine-svc-lb: nobody answers ARP or NDP for 10.122.0.171 (is "
    "l2announcements.enabled true, does the policy's interface pattern match a device with an address on the "
    "nodes node01, node02, node03, node04: cilium-dbg shell -- db/show devices)",
)
def lease_without_holder(site: LiveSite) -> None:
    site.lease("affine")["spec"]["holderIdentity"] = ""


@FAULTS.finds(
    "EDGE881 platform service affine/affine-svc-lb: node control-01 answers for 10.122.0.171, allowed are "
    "node01, node02, node03, node04 (look for another CiliumL2AnnouncementPolicy that selects the service: kubectl get ciliuml2announcementpolicies -o yaml)",
)
def lease_on_wrong_node(site: LiveSite) -> None:
    site.lease("affine")["spec"]["holderIdentity"] = "control-01"


@FAULTS.finds(
    "EDGE882 platform service affine/affine-svc-lb: node node02 holds the lease "
    "cilium-l2announce-affine-affine-svc-lb but has not renewed it for 59 s (its agent is away or throttled by "
    "the API (k8sClientRateLimit); another node takes over within the lease duration)",
)
def lease_expired(site: LiveSite) -> None:
    site.lease("affine")["renewed"] = "2026-11-23T17:59:01Z"


@FAULTS.finds(
    "EDGE903 platform service affine/affine-svc-lb: 10.122.0.171 is shared, and the leases of its services are held by several"
    " nodes (node02 for affine/affine-svc-lb, node03 for affine/second): each of them answers ARP and NDP for it (Cilium"
    " elects a node for each service by itself (cilium #48419): give each service an address of its own, or let announce_only"
    " of the pool select one of them, whose node serves the ports of all)",
)
def shared_address_with_two_holders(site: LiveSite) -> None:
    share(site, "node03")


def share(site: LiveSite, holder: str) -> None:
    """Let a second service have the address of the first one, and a node hold its lease."""
    site.resources["Service"].append(service("affine", "second", "private-service", "10.122.0.171"))
    site.resources["EndpointSlice"].append(endpoint_slice("affine", "second", endpoint("node04")))
    site.resources["Lease"].append(lease("affine", "second", holder))


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found(fault: Fault) -> None:
    fault.check()


@pytest.mark.parametrize(
    ("renewed", "duration", "seen"),
    [
        (None, 15, "node02 (not known when it renewed it)"),
        ("2026-11-23T17:59:58Z", None, "node02 (not known when it renewed it)"),
        (
            "2026-11-23T18:01:00Z",
            15,
            "node02 (not known when it renewed it: the API servers' clocks differ by 60 s)",
        ),
        ("2026-11-23T18:00:05Z", 15, "node02"),
    ],
)
def test_lease_of_which_nobody_knows_whether_it_is_renewed_says_so(
    renewed: str | None, duration: int | None, seen: str
) -> None:
    site = LiveSite()
    site.lease("affine")["renewed"] = renewed
    site.lease("affine")["spec"]["leaseDurationSeconds"] = duration
    assert site.texts() == []
    level = "unknown" if "not known" in seen else "ok"
    assert [row[2:] for row in site.rows("lease")] == [(seen, level), ("node04", "ok")]


@pytest.mark.parametrize("clock", ["2026-11-23T16:00:00.000000Z", "2026-11-23T20:00:00.000000Z"])
def test_clock_of_the_holder_says_nothing_of_its_lease(clock: str) -> None:
    site = LiveSite()
    site.lease("affine")["spec"]["renewTime"] = clock
    assert site.texts() == []
    lease_expired(site)
    assert site.codes() == ["EDGE882"]


def test_shared_address_whose_leases_one_node_holds_is_in_order() -> None:
    site = LiveSite()
    share(site, "node02")
    assert site.texts() == []


def test_lease_that_ran_out_does_not_answer_beside_another() -> None:
    site = LiveSite()
    share(site, "node03")
    lease_expired(site)
    assert site.codes() == ["EDGE882"]


def test_rows_of_a_shared_address_with_two_holders_are_unmet() -> None:
    site = LiveSite()
    share(site, "node03")
    assert [(row[2], row[3]) for row in site.rows("lease")] == [
        ("node02", "error"),
        ("node03", "error"),
        ("node04", "ok"),
    ]

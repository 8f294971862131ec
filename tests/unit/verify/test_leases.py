# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers ARP and NDP for addresses that are announced on L2."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.live_site import Fault, Faults, LiveSite

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
    site.lease("affine")["holderIdentity"] = ""


@FAULTS.finds(
    "EDGE881 platform service affine/affine-svc-lb: node control-01 answers for 10.122.0.171, allowed are "
    "node01, node02, node03, node04 (look for another CiliumL2AnnouncementPolicy that selects the service: kubectl get ciliuml2announcementpolicies -o yaml)",
)
def lease_on_wrong_node(site: LiveSite) -> None:
    site.lease("affine")["holderIdentity"] = "control-01"


@FAULTS.finds(
    "EDGE882 platform service affine/affine-svc-lb: node node02 holds the lease "
    "cilium-l2announce-affine-affine-svc-lb but has not renewed it for 59 s (its agent is away or throttled by "
    "the API (k8sClientRateLimit); another node takes over within the lease duration)",
)
def lease_expired(site: LiveSite) -> None:
    site.lease("affine")["renewTime"] = "2026-11-23T17:59:00.500000Z"


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_fault(fault: Fault) -> None:
    fault.check()


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({"renewTime": None}, "node02 (not known when it renewed it)"),
        ({"leaseDurationSeconds": None}, "node02 (not known when it renewed it)"),
        (
            {"renewTime": "2026-11-23T18:01:00.000000Z"},
            "node02 (not known when it renewed it: its clock is 60 s fast)",
        ),
        ({"renewTime": "2026-11-23T18:00:05.000000Z"}, "node02"),
    ],
)
def test_lease_of_which_nobody_knows_whether_it_is_renewed_says_so(changes: dict[str, str | None], seen: str) -> None:
    site = LiveSite()
    site.lease("affine").update(changes)
    assert site.texts() == []
    assert [row[2] for row in site.rows("lease")] == [seen, "node04"]

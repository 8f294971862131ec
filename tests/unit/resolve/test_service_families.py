# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The families that a service asks for: as written, whoever chooses its addresses."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.invalid import edited


@pytest.mark.parametrize("allocation", ["cilium", "planned"])
@pytest.mark.parametrize(
    "families",
    [["ipv4"], ["ipv6"], ["ipv4", "ipv6"], ["ipv6", "ipv4"]],
    ids="-".join,
)
@pytest.mark.parametrize("pinned", [False, True], ids=["chosen", "pinned"])
def test_families_stay_in_the_order_in_which_they_are_written(
    families: list[str], allocation: str, pinned: bool
) -> None:
    """The first family of a Service is never changed while it lives (Kubernetes, "IPv4/IPv6 dual-stack")."""
    values = {"home|edge_allocation": allocation, "home|edge_services|web/a|families": families}
    if pinned:
        own = {"ipv4": "10.1.0.7", "ipv6": "2001:db8:9::7"}
        values["home|edge_services|web/a|addresses"] = [own[family] for family in sorted(families)]
    computed = plan(inventory_from(edited(values, base="pools")))
    assert [finding.text for finding in computed.findings] == []
    (service,) = [item for item in computed.data["services"] if item["name"] == "a"]
    assert service["families"] == families
    assert len(service["addresses"]) == (len(families) if pinned or allocation == "planned" else 0)

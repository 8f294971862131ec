# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify tells to do about a router does mend it: ``--tags router`` is the stage expand, which takes nothing away."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config as frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.expand import expand
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.codes.live_cluster import LIVE_CLUSTER
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.codes.live_routes import LIVE_ROUTES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.codes.live_sessions import LIVE_SESSIONS

CODES = {**LIVE_CLUSTER, **LIVE_ROUTES, **LIVE_SESSIONS}
EXPANDS = "run site.yml with --tags router"
CONTRACTS = "site.yml, or --tags router,contract"
PLANNED = """router bgp 65000
 bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 neighbor g peer-group
 neighbor g remote-as 65001
 neighbor g password hunter2
 neighbor 10.0.0.11 peer-group g
 neighbor 10.0.0.12 peer-group g
 neighbor 10.0.0.12 shutdown
 !
 address-family ipv4 unicast
  neighbor g activate
  neighbor g route-map g-in in
  neighbor g route-map g-out out
 exit-address-family
exit
!
ip prefix-list g seq 5 permit 203.0.113.88/30 ge 32
ip prefix-list g-sent seq 5 permit 10.20.0.0/16
!
route-map g-in permit 10
 match ip address prefix-list g
exit
!
route-map g-out permit 10
 match ip address prefix-list g-sent
exit
!
"""
FIRST = " neighbor 10.0.0.11 peer-group g\n"
"""After this line, a fault of the running configuration."""
ACTIVE = "  neighbor g activate\n"


@pytest.mark.parametrize(
    ("code", "planned", "live"),
    [
        pytest.param("EDGE805", PLANNED, PLANNED.replace("router bgp 65000", "router bgp 65100"), id="EDGE805 another AS"),
        pytest.param("EDGE806", PLANNED, "frr defaults traditional\n", id="EDGE806 no BGP"),
        pytest.param("EDGE810", PLANNED, PLANNED.replace(FIRST, ""), id="EDGE810 no such neighbor"),
        pytest.param("EDGE813", PLANNED, PLANNED.replace(FIRST, FIRST + " neighbor 10.0.0.11 shutdown\n"), id="EDGE813 shut down"),
        pytest.param("EDGE814", PLANNED, PLANNED.replace(" neighbor 10.0.0.12 shutdown\n", ""), id="EDGE814 not shut down"),
        pytest.param("EDGE816", PLANNED, PLANNED.replace("  neighbor g route-map g-out out\n", ""), id="EDGE816 without a policy"),
        pytest.param("EDGE818", PLANNED, PLANNED.replace("remote-as 65001", "remote-as 65009"), id="EDGE818 another remote AS"),
        pytest.param("EDGE818", PLANNED, PLANNED.replace(FIRST, " neighbor 10.0.0.11 remote-as 65009\n" + FIRST), id="EDGE818 on the neighbor"),
        pytest.param("EDGE828", PLANNED, PLANNED.replace("  neighbor g route-map g-in in\n", "  neighbor g prefix-list g in\n"),
                     id="EDGE828 another filter"),
        pytest.param("EDGE828", PLANNED, PLANNED.replace(ACTIVE, ACTIVE + "  neighbor 10.0.0.11 prefix-list g in\n"),
                     id="EDGE828 on the neighbor"),
        pytest.param("EDGE807", "", PLANNED, id="EDGE807 a router that leaves"),
        pytest.param("EDGE809", PLANNED, PLANNED.replace(FIRST, FIRST + " neighbor 10.0.0.99 peer-group g\n"), id="EDGE809 unplanned neighbor"),
        pytest.param("EDGE842", PLANNED, PLANNED.replace("203.0.113.88/30 ge 32", "203.0.113.0/24 ge 32"), id="EDGE842 a wider import"),
        pytest.param("EDGE846", PLANNED, PLANNED.replace(ACTIVE, ACTIVE + "  neighbor g default-originate\n"), id="EDGE846 the default route"),
        pytest.param("EDGE846", PLANNED.replace("route-map g-out permit 10\n match ip address prefix-list g-sent\n", "route-map g-out deny 10\n"),
                     PLANNED, id="EDGE846 a wider export"),
        pytest.param("EDGE893", PLANNED, PLANNED.replace("prefix-list g seq 5", "prefix-list g seq 10 permit 192.0.2.0/24 ge 32\nip prefix-list g seq 5"),
                     id="EDGE893 a wider import"),
        pytest.param("EDGE894", PLANNED, PLANNED.replace("10.20.0.0/16", "10.0.0.0/8 le 32"), id="EDGE894 a wider export"),
    ],
)  # fmt: skip
def test_the_run_that_a_hint_names_mends_the_router(code: str, planned: str, live: str) -> None:
    found, wanted = frr.parse(live).objects, frr.parse(planned).objects
    assert not frr.equal(found, wanted)
    expanded = expand(found, wanted)
    hint = CODES[code].hint
    if frr.equal(expanded, wanted):
        assert EXPANDS in hint
        assert "contract" not in hint
    else:
        assert CONTRACTS in hint
        assert EXPANDS not in hint
        assert code == "EDGE809" or "--tags router alone takes nothing away" in hint
        wrong = {line for key in found for line in (*found[key],) if line not in wanted.get(key, ())}
        kept = {line for key in expanded for line in expanded[key]}
        assert wrong & kept


def test_each_hint_that_names_this_end_is_tried_here() -> None:
    named = {code for code, live in CODES.items() if "--tags router" in live.hint}
    tried = {mark.values[0] for mark in test_the_run_that_a_hint_names_mends_the_router.pytestmark[0].args[1]}  # type: ignore[attr-defined]
    assert named == tried

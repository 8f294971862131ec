# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends that are not read: they bring no finding of their own, and what the other end tells is judged all the same."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import PlannedSession
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.expected import Expectations
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.observed import read_cluster
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.report import VerifyReport
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._verify.verify import verify
from ansible_collections.hybridnet.cluster_edge.tests.support.healthy import healthy
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import FOLDER, SITES, site
from ansible_collections.hybridnet.cluster_edge.tests.support.yaml_text import read_yaml_file

ANYCAST = "two clusters serve one address"
LINKED = "two clusters with a link serve one address"
FURTHER = "two clusters with a router between them serve one address"
Data = dict[str, Any]


def document(name: str) -> Data:
    found: Data = read_yaml_file(FOLDER / name / "inventory.yml")
    return found


def anycast() -> Data:
    """Return the plan of two clusters whose pools share an address."""
    found = document("two-clusters-one-router")
    clusters = found["all"]["children"]["edge_clusters"]["hosts"]
    for cluster in ("prod", "lab"):
        clusters[cluster]["edge_pools"] = {"any": {"addresses": "10.61.0.1", "anycast": True}}
    planned: Data = plan(inventory_from(found)).data
    return planned


def linked() -> Data:
    """Return the plan of two sites with a link, whose clusters' pools are one."""
    found = document("two-sites-with-link")
    clusters = found["all"]["children"]["edge_clusters"]["hosts"]
    for cluster in ("home-k8s", "cabin-k8s"):
        clusters[cluster]["edge_pools"]["lb"] = {"addresses": "10.51.200.0/28", "anycast": True}
    planned: Data = plan(inventory_from(found)).data
    return planned


def further() -> Data:
    """Return the plan of two floors with a router between them, and a cluster on each, whose pools are one."""
    found = document("hub-of-three")
    variables, groups = found["all"]["vars"], found["all"]["children"]
    ends = variables["edge_links"]["core"]["ends"]
    for floor in ("floor-1", "floor-2"):
        ends[floor]["export"]["pools"] = ends[floor]["import"]["pools"] = ["home/lb", "upper/lb"]
    ends["core"]["export"]["pools"] = ends["core"]["import"]["pools"] = ["home/lb", "upper/lb"]
    variables["edge_pools"]["lb"]["anycast"] = True
    del variables["edge_peerings"]
    hosts = groups["edge_clusters"]["hosts"]
    for cluster, floor, asn in (("home", "floor-1", 64598), ("upper", "floor-2", 64599)):
        peerings = {"k8s": {"network": floor, "import": {"max_prefixes": 40}}}
        hosts[cluster] = {"edge_cluster_asn": asn, "edge_cilium_version": "1.19.6", "edge_peerings": peerings}
    groups["edge_nodes"]["hosts"] = {
        "n1": {"edge_cluster": "home", "edge_addresses": {"floor-1": "10.22.1.11"}},
        "n2": {"edge_cluster": "upper", "edge_addresses": {"floor-2": "10.22.2.11"}},
    }
    planned: Data = plan(inventory_from(found)).data
    return planned


def left_out(plan: Data, observed: Data, kind: str, end: str) -> None:
    del observed[kind][end]


def unread(plan: Data, observed: Data, kind: str, end: str) -> None:
    observed[kind][end] = {"error": "no route to host"}


def unmanaged(plan: Data, observed: Data, kind: str, end: str) -> None:
    plan[kind][end]["managed"] = False
    del observed[kind][end]


PLANS: dict[str, Data] = {
    **{name: site(name).plan.data for name in SITES},
    ANYCAST: anycast(),
    LINKED: linked(),
    FURTHER: further(),
}
ENDS = [(name, kind, end) for name, data in PLANS.items() for kind in ("routers", "clusters") for end in data[kind]]


def said(report: VerifyReport) -> set[tuple[str, str]]:
    return {(finding.code, finding.path) for finding in report.findings}


@pytest.mark.parametrize("how", [left_out, unread, unmanaged])
@pytest.mark.parametrize(("name", "kind", "end"), ENDS, ids=[" ".join(end) for end in ENDS])
def test_an_end_that_is_not_read_brings_no_other_finding(
    name: str, kind: str, end: str, how: Callable[[Data, Data, str, str], None]
) -> None:
    planned = copy.deepcopy(PLANS[name])
    observed = healthy(planned)
    before = said(verify(planned, observed))
    how(planned, observed, kind, end)
    try:
        report = verify(planned, observed)
    except EdgeError as error:
        assert "nothing can be verified" in str(error)  # noqa: PT017 - of most sites something is left to verify
        return
    assert said(report) - before <= {("EDGE801", end), ("EDGE802", end)}
    if not before:
        wrong = [row for row in report.rows if row.level == "error" and row.step != "ends"]
        assert wrong == []


class Anycast:
    """Two clusters that share an address; the one called ``lab`` is not read."""

    def __init__(self) -> None:
        self.plan = copy.deepcopy(PLANS[ANYCAST])
        self.observed = healthy(self.plan)
        unmanaged(self.plan, self.observed, "clusters", "lab")

    def rows(self, step: str) -> list[tuple[str, str, str, str]]:
        rows = verify(self.plan, self.observed).rows
        return [(row.subject, row.expected, row.seen, row.level) for row in rows if row.step == step]

    def codes(self) -> list[str]:
        return [finding.code for finding in verify(self.plan, self.observed).findings]


def test_nodes_of_an_unread_cluster_may_serve_an_address_that_it_shares() -> None:
    live = Anycast()
    row = ("gw 10.61.0.1/32", "prod-1, prod-2, perhaps lab-1", "lab-1, prod-1, prod-2", "ok")
    assert live.rows("accepted") == [row]
    assert live.rows("installed") == [("gw 10.61.0.1/32", "3 next hops", "3 next hops", "ok")]
    routes = live.observed["routers"]["gw"]["bgp"]["ipv4"]["routes"]
    routes["10.61.0.1/32"] = [path for path in routes["10.61.0.1/32"] if path["peerId"] != "10.60.0.21"]
    kernel = live.observed["routers"]["gw"]["routes"]["ipv4"]["10.61.0.1/32"][0]
    kernel["nexthops"] = [hop for hop in kernel["nexthops"] if hop["ip"] != "10.60.0.21"]
    assert live.codes() == []
    assert live.rows("installed") == [("gw 10.61.0.1/32", "2 next hops", "2 next hops", "ok")]


def test_it_is_asked_once_whether_the_nodes_of_a_peer_group_may_announce_a_prefix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live, asked = Anycast(), []
    session = next(item for item in live.plan["sessions"] if item["cluster"] == "lab")
    live.plan["sessions"] += [
        {**session, "node": f"lab-{number}", "node_address": f"10.60.0.{number}"} for number in range(100, 200)
    ]
    pool_over = Expectations.pool_over

    def counted(self: Expectations, session: PlannedSession, family: str, prefix: str) -> str | None:
        asked.append(prefix)
        return pool_over(self, session, family, prefix)

    monkeypatch.setattr(Expectations, "pool_over", counted)
    found = Expectations(live.plan, {"prod": read_cluster(live.observed["clusters"]["prod"])})  # type: ignore[arg-type]
    assert asked == ["10.61.0.1/32"]
    assert [len(expected.others) for expected in found.prefixes.values()] == [101]


def test_nodes_of_a_cluster_that_was_read_are_not_excused_by_another() -> None:
    """No service of ``prod`` has the address: what its nodes announce is as wrong as without ``lab``."""
    live = Anycast()
    live.observed["clusters"]["prod"]["resources"]["Service"] = []
    found = [finding for finding in verify(live.plan, live.observed).findings if finding.code == "EDGE843"]
    assert [f"{finding.path}: {finding.problem}" for finding in found] == [
        "gw prefix 10.61.0.1/32: accepted from prod-1, prod-2, inside pool any, but no live service holds the address"
    ]


class Served:
    """Two clusters that share a pool, with links between their routers; one of them alone has a service, of which a route comes to the other's router.

    Args:
        name: which plan.
        ends: the router and cluster at which the service is, and those at which it is not.
    """

    def __init__(self, name: str, *ends: tuple[str, str]) -> None:
        (self.near, self.there), (self.router, self.here) = ends
        self.plan = copy.deepcopy(PLANS[name])
        announcements = self.plan["expect"]["announcements"]
        self.plan["expect"]["announcements"] = [item for item in announcements if item["cluster"] != self.here]
        self.observed = healthy(self.plan)
        self.plan["expect"]["announcements"] = announcements
        for kind in ("Service", "EndpointSlice"):
            del self.observed["clusters"][self.here]["resources"][kind]

    @property
    def seen(self) -> Data:
        """What the router without a service of its own says."""
        found: Data = self.observed["routers"][self.router]
        return found

    def texts(self) -> list[str]:
        """Return the findings, as ``CODE path: problem``."""
        return [
            f"{finding.code} {finding.path}: {finding.problem}" for finding in verify(self.plan, self.observed).findings
        ]


AT_THE_CABIN = (LINKED, ("cabin", "cabin-k8s"), ("home", "home-k8s"))
AT_HOME = (LINKED, ("home", "home-k8s"), ("cabin", "cabin-k8s"))
BELOW = (FURTHER, ("floor-1", "home"), ("floor-2", "upper"))
SERVED = [pytest.param(*ends, id=" at ".join((ends[0], ends[1][1]))) for ends in (AT_THE_CABIN, AT_HOME, BELOW)]


@pytest.mark.parametrize("how", [left_out, unread, unmanaged])
@pytest.mark.parametrize(("name", "there", "here"), SERVED)
def test_a_route_over_links_may_lead_to_a_service_of_an_unread_cluster(
    name: str, there: tuple[str, str], here: tuple[str, str], how: Callable[[Data, Data, str, str], None]
) -> None:
    live = Served(name, there, here)
    (prefix,) = live.seen["routes"]["ipv4"]
    assert live.texts() == []
    how(live.plan, live.observed, "clusters", live.there)
    assert [text for text in live.texts() if not text.startswith("EDGE802")] == []
    # Of the other cluster's nodes alone nothing comes by that way.
    live.plan["expect"]["announcements"] = [
        item for item in live.plan["expect"]["announcements"] if item["cluster"] == live.here
    ]
    (text,) = [text for text in live.texts() if not text.startswith("EDGE802")]
    assert text.startswith(f"EDGE905 {live.router} prefix {prefix}: the router's route to it (bgp, from ")
    assert text.endswith(f"wins over what leads to addresses of the pool {live.here} lb")


@pytest.mark.parametrize("how", [left_out, unread, unmanaged])
@pytest.mark.parametrize(("name", "there", "here"), SERVED)
def test_a_path_over_links_may_be_preferred_where_an_unread_cluster_may_serve(
    name: str, there: tuple[str, str], here: tuple[str, str], how: Callable[[Data, Data, str, str], None]
) -> None:
    """Both clusters have the service, and a policy prefers the link."""
    planned = copy.deepcopy(PLANS[name])
    observed = healthy(planned)
    seen = observed["routers"][here[0]]
    ((prefix, paths),) = seen["bgp"]["ipv4"]["routes"].items()
    assert "multipath" not in paths[-1]
    for found in paths:
        found.pop("multipath", None)
    paths[-1]["bestpath"] = True
    codes = [finding.code for finding in verify(planned, observed).findings]
    assert "EDGE841" not in codes
    how(planned, observed, "clusters", there[1])
    codes = [finding.code for finding in verify(planned, observed).findings]
    assert "EDGE841" not in codes
    announcements = planned["expect"]["announcements"]
    planned["expect"]["announcements"] = [item for item in announcements if item["cluster"] == here[1]]
    found = [finding.path for finding in verify(planned, observed).findings if finding.code == "EDGE841"]
    assert found == [f"{here[0]} prefix {prefix} ({here[1]} web/lb)"]


def test_a_service_without_endpoints_is_told_though_an_unread_cluster_may_serve_its_address() -> None:
    live = Anycast()
    resources = live.observed["clusters"]["prod"]["resources"]
    (service,) = resources["Service"]
    service["spec"]["externalTrafficPolicy"] = "Local"
    resources["EndpointSlice"] = []
    router = live.observed["routers"]["gw"]
    paths = router["bgp"]["ipv4"]["routes"].pop("10.61.0.1/32")
    del router["routes"]["ipv4"]["10.61.0.1/32"], router["best"]["ipv4"]["10.61.0.1/32"]
    assert "EDGE870" in live.codes()
    assert live.rows("accepted") == [("gw 10.61.0.1/32", "nobody, perhaps lab-1", "nobody", "warning")]
    router["bgp"]["ipv4"]["routes"]["10.61.0.1/32"] = [path for path in paths if path["peerId"] == "10.60.0.21"]
    assert live.rows("accepted") == [("gw 10.61.0.1/32", "nobody, perhaps lab-1", "lab-1", "ok")]


class Dialled:
    """A cluster that is not read, whose nodes dial in from a listen range.

    Args:
        aggregate: length of the prefixes in which they announce the pool; None: each address by itself.
    """

    def __init__(self, aggregate: int | None = None) -> None:
        found = document("dynamic-neighbors")
        if aggregate is not None:
            found["all"]["vars"]["edge_pools"]["lb"]["aggregate"] = aggregate
        self.plan: Data = plan(inventory_from(found)).data
        self.observed = healthy(self.plan)
        unread(self.plan, self.observed, "clusters", "home")
        if aggregate is not None:
            for table in (self.router["bgp"]["ipv4"]["routes"], self.router["routes"]["ipv4"]):
                table[f"10.8.200.0/{aggregate}"] = table.pop("10.8.200.0/32")

    @property
    def router(self) -> Data:
        """The router's output."""
        found: Data = self.observed["routers"]["gw"]
        return found

    def texts(self) -> list[str]:
        """Return the findings beside that the cluster cannot be read, as ``CODE path: problem``."""
        found = [finding for finding in verify(self.plan, self.observed).findings if finding.code != "EDGE802"]
        return [f"{finding.code} {finding.path}: {finding.problem}" for finding in found]

    def sessions(self) -> list[tuple[str, str, str, str]]:
        """Return the rows of the router's sessions."""
        rows = verify(self.plan, self.observed).rows
        return [(row.subject, row.expected, row.seen, row.level) for row in rows if row.step == "router_session"]


NOT_KNOWN = "not known which nodes: the cluster was not read"


def test_who_dialled_in_is_told_and_verified_though_nobody_knows_which_node_it_is() -> None:
    live = Dialled()
    assert live.texts() == []
    up = "Established, 9/3 s"
    assert live.sessions() == [
        ("gw <- nodes of home 10.8.0.64/26 (k8s)", "2 sessions, 9/3 s", f"2 dialled in, {NOT_KNOWN}", "unknown"),
        ("gw <- a node of home 10.8.0.70 (k8s)", up, up, "ok"),
        ("gw <- a node of home 10.8.0.71 (k8s)", up, up, "ok"),
    ]


def one_is_away(live: Dialled) -> None:
    del live.router["neighbors"]["10.8.0.71"]
    routes, kernel = live.router["bgp"]["ipv4"]["routes"], live.router["routes"]["ipv4"]
    routes["10.8.200.0/32"].pop()
    kernel["10.8.200.0/32"][0]["nexthops"].pop()


def one_more_is_there(live: Dialled) -> None:
    live.router["neighbors"]["10.8.0.99"] = copy.deepcopy(live.router["neighbors"]["10.8.0.70"])


def one_is_outside_the_range(live: Dialled) -> None:
    live.router["neighbors"]["10.8.0.10"] = copy.deepcopy(live.router["neighbors"]["10.8.0.70"])


def other_timers(live: Dialled) -> None:
    live.router["neighbors"]["10.8.0.70"].update(bgpTimerHoldTimeMsecs=90000)


def no_password(live: Dialled) -> None:
    del live.router["neighbors"]["10.8.0.70"]["authenticationEnabled"]


def another_as(live: Dialled) -> None:
    live.router["neighbors"]["10.8.0.70"]["remoteAs"] = 64999


def leak(live: Dialled) -> None:
    for found in live.router["neighbors"].values():
        family = found["addressFamilyInfo"]["ipv4Unicast"]
        family.update(sentPrefixCounter=1, routeMapForOutgoingAdvertisements="ALLOW-ALL")
    route = {"192.168.1.0/24": {}}
    live.router["advertised"]["ipv4"] = {key: {"advertisedRoutes": route} for key in live.router["neighbors"]}


def foreign_prefix(live: Dialled) -> None:
    routes = live.router["bgp"]["ipv4"]["routes"]
    routes["198.51.100.0/24"] = copy.deepcopy(next(iter(routes.values())))


NODE = "a node of home, peering k8s"
POLICY = "ipv4 has route-map ALLOW-ALL in the direction out, planned is home-k8s-ipv4-out"
BROKEN: dict[str, tuple[Callable[[Dialled], None], list[str]]] = {
    "one is away": (
        one_is_away,
        [f"EDGE811 gw neighbor <address> ({NODE}): the session is not there, not Established; 1 of 2 nodes dialled in"],
    ),
    "one more is there": (one_more_is_there, []),
    "one is outside the range": (
        one_is_outside_the_range,
        ["EDGE809 gw neighbor 10.8.0.10: the router has this neighbor (AS 64801, Established), and the plan does not"],
    ),
    "other timers": (
        other_timers,
        [
            f"EDGE815 gw neighbor 10.8.0.70 ({NODE}): the timers 90/3 s were negotiated, planned are 9/3 s (hold/keepalive)"
        ],
    ),
    "no password": (
        no_password,
        [
            f"EDGE819 gw neighbor 10.8.0.70 ({NODE}): the plan protects the session with a password (TCP MD5), the"
            " router has none on it"
        ],
    ),
    "another AS": (
        another_as,
        [f"EDGE818 gw neighbor 10.8.0.70 ({NODE}): the router expects AS 64999 there, planned is AS 64801"],
    ),
    "a leak": (
        leak,
        [
            f"EDGE828 gw neighbor 10.8.0.70 ({NODE}): {POLICY}",
            f"EDGE828 gw neighbor 10.8.0.71 ({NODE}): {POLICY}",
            f"EDGE846 gw neighbor 10.8.0.70 ({NODE}): the router announces 192.168.1.0/24 to the node, planned is nothing",
            f"EDGE846 gw neighbor 10.8.0.71 ({NODE}): the router announces 192.168.1.0/24 to the node, planned is nothing",
        ],
    ),
    "a foreign prefix": (
        foreign_prefix,
        [
            "EDGE842 gw prefix 198.51.100.0/24: accepted from 10.8.0.70, 10.8.0.71, and it is no address of a pool",
        ],
    ),
}


@pytest.mark.parametrize(("apply", "texts"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_with_who_dialled_in(apply: Callable[[Dialled], None], texts: list[str]) -> None:
    live = Dialled()
    apply(live)
    assert live.texts() == texts


def test_an_aggregate_of_who_dialled_in_is_its_pool_s() -> None:
    live = Dialled(aggregate=29)
    assert live.texts() == []
    foreign_prefix(live)
    assert [text.split(":")[0] for text in live.texts()] == ["EDGE842 gw prefix 198.51.100.0/24"]

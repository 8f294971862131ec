# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which changes of how pods get their addresses a running cluster does not survive."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.filter import helm_values as filters
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._addressing import addresses
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.range_changes import (
    nodes_outside,
    range_changes,
    usage,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.takeover import (
    Release,
    range_notes,
    range_refusals,
    release_note,
    release_refusals,
    release_word,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import TakeOver
from hypothesis import given
from hypothesis import strategies as st

LIST_4, LIST_6 = "ipam.operator.clusterPoolIPv4PodCIDRList", "ipam.operator.clusterPoolIPv6PodCIDRList"
MASK_4, MASK_6 = "ipam.operator.clusterPoolIPv4MaskSize", "ipam.operator.clusterPoolIPv6MaskSize"


def pool(
    *cidrs: str, mask: int | str | None = 24, six: tuple[str, ...] = (), mask_six: int | None = None, **more: Any
) -> dict[str, Any]:
    """Return values of mode cluster-pool; what is not given is absent."""
    operator = {
        "clusterPoolIPv4PodCIDRList": list(cidrs),
        "clusterPoolIPv4MaskSize": mask,
        "clusterPoolIPv6PodCIDRList": list(six),
        "clusterPoolIPv6MaskSize": mask_six,
    }
    return {"ipam": {"mode": "cluster-pool", "operator": {key: item for key, item in operator.items() if item}}, **more}


def mode(name: str) -> dict[str, Any]:
    return {"ipam": {"mode": name}}


SIX_ON = {"ipv6": {"enabled": True}}
OURS = pool("192.168.128.0/17")


@pytest.mark.parametrize(
    ("live", "planned", "changes"),
    [
        pytest.param(OURS, mode("kubernetes"), ["ipam.mode: cluster-pool -> kubernetes"], id="the mode"),
        pytest.param(mode("kubernetes"), {}, ["ipam.mode: kubernetes -> cluster-pool"], id="the mode goes"),
        pytest.param({}, mode("eni"), ["ipam.mode: cluster-pool -> eni"], id="the chart's mode"),
        pytest.param(mode("multi-pool"), OURS, ["ipam.mode: multi-pool -> cluster-pool"], id="the way back"),
        pytest.param(
            OURS, {}, [f'{LIST_4}: ["192.168.128.0/17"] -> ["10.0.0.0/8"]'], id="the range goes: the chart's follows"
        ),
        pytest.param({}, OURS, [f'{LIST_4}: ["10.0.0.0/8"] -> ["192.168.128.0/17"]'], id="the chart's range goes"),
        pytest.param(
            pool("10.244.0.0/16"),
            pool("10.244.0.0/17"),
            [f'{LIST_4}: ["10.244.0.0/16"] -> ["10.244.0.0/17"]'],
            id="a range shrinks",
        ),
        pytest.param(
            pool("10.244.0.0/17"),
            pool("10.244.0.0/16"),
            [f'{LIST_4}: ["10.244.0.0/17"] -> ["10.244.0.0/16"]'],
            id="a range grows, which is a change of it",
        ),
        pytest.param(OURS, pool("192.168.128.0/17", mask=25), [f"{MASK_4}: 24 -> 25"], id="the length"),
        pytest.param(
            pool("192.168.128.0/17", mask=26),
            pool("192.168.128.0/17", mask=None),
            [f"{MASK_4}: 26 -> 24"],
            id="it goes",
        ),
        pytest.param(
            pool("10.1.0.0/16", six=("fd00:1::/56",), mask_six=64, **SIX_ON),
            pool("10.1.0.0/16", **SIX_ON),
            [f'{LIST_6}: ["fd00:1::/56"] -> ["fd00::/104"]', f"{MASK_6}: 64 -> 120"],
            id="IPv6's go",
        ),
        pytest.param(
            pool("10.1.0.0/16", six=("fd00:1::/56",), mask_six=64, **SIX_ON),
            pool("10.1.0.0/16", six=("fd00:1::/56",), mask_six=64),
            ["ipv6.enabled: true -> false"],
            id="a family goes, as the last pool of it did",
        ),
        pytest.param(
            mode("kubernetes"),
            {**mode("kubernetes"), "ipv4": {"enabled": False}},
            ["ipv4.enabled: true -> false"],
            id="a family goes in another mode",
        ),
        pytest.param(
            {**mode("kubernetes"), "ipv6": {"enabled": "True"}},
            {**mode("kubernetes"), "ipv6": {"enabled": "False"}},
            ["ipv6.enabled: true -> false"],
            id="a family that another spelling of true has on goes",
        ),
        pytest.param(
            {"ipv4": {"enabled": 1}, **OURS},
            {"ipv4": {"enabled": "1"}, **pool("10.9.0.0/16")},
            [f'{LIST_4}: ["192.168.128.0/17"] -> ["10.9.0.0/16"]'],
            id="the range of a family that 1 has on",
        ),
        pytest.param(
            pool("10.42.0.0/16"),
            pool("10.42.0.0/255.255.0.0"),
            [f'{LIST_4}: ["10.42.0.0/16"] -> ["10.42.0.0/255.255.0.0"]'],
            id="a mask in place of the length, which Cilium does not read",
        ),
    ],
)
def test_what_pods_of_a_running_cluster_do_not_survive(
    live: dict[str, Any], planned: dict[str, Any], changes: list[str]
) -> None:
    assert range_changes(live, planned, "1.20.2", "1.20.2") == changes


@pytest.mark.parametrize(
    ("live", "planned"),
    [
        pytest.param(OURS, OURS, id="nothing"),
        pytest.param({}, pool("10.0.0.0/8"), id="the chart's own, written"),
        pytest.param(OURS, pool("192.168.128.0/17", "10.9.0.0/16"), id="a range is appended"),
        pytest.param(pool("10.1.0.0/16", "10.2.0.0/16"), pool("10.2.0.0/16", "10.1.0.0/16"), id="another order"),
        pytest.param(pool("10.1.0.0/16", mask="24"), pool("10.1.0.0/16"), id="a number as text"),
        pytest.param(
            {"ipam": {"operator": {"clusterPoolIPv4PodCIDRList": "10.1.0.0/16 10.2.0.0/16"}}},
            pool("10.1.0.0/16", "10.2.0.0/16"),
            id="ranges as one text",
        ),
        pytest.param(
            pool("10.1.0.0/16", six=("fd00:0::/56",), mask_six=64, **SIX_ON),
            pool("10.1.0.0/16", six=("fd00::/56",), mask_six=64, **SIX_ON),
            id="another spelling",
        ),
        pytest.param(pool("10.42.0.1/16"), pool("10.42.0.0/16"), id="host bits, which Cilium cuts off"),
        pytest.param(
            {**mode("kubernetes"), **SIX_ON},
            {**mode("kubernetes"), "ipv6": {"enabled": "True"}},
            id="another spelling of true",
        ),
        pytest.param(OURS, {**pool("192.168.128.0/17", six=("fd00:1::/56",), mask_six=64), **SIX_ON}, id="IPv6 comes"),
        pytest.param(
            pool("10.1.0.0/16", six=("fd00:1::/56",), mask_six=64),
            pool("10.1.0.0/16"),
            id="ranges of a family that is off",
        ),
        pytest.param(mode("kubernetes"), {**mode("kubernetes"), "debug": {"enabled": True}}, id="another value"),
        pytest.param(
            mode("kubernetes"), {"ipam": {"mode": "kubernetes", "operator": {}}}, id="Kubernetes hands them out"
        ),
    ],
)
def test_what_they_do_survive(live: dict[str, Any], planned: dict[str, Any]) -> None:
    assert range_changes(live, planned, "1.19.6", "1.20.2") == []


FIRST_POOL = {"default": {"ipv4": {"cidrs": ["192.168.128.0/17"], "maskSize": 24}}}
FLAG = {"enable-cluster-pool-to-multi-pool-migration": "true"}


def migrating(made: Any = None, **more: Any) -> dict[str, Any]:
    operator = {"autoCreateCiliumPodIPPools": FIRST_POOL if made is None else made}
    return {
        "ipam": {"mode": "multi-pool", "operator": operator},
        "extraConfig": FLAG,
        "rollOutCiliumPods": False,
        **more,
    }


@pytest.mark.parametrize(
    ("before", "planned", "versions", "lacks"),
    [
        pytest.param({}, migrating(), ("1.20.2", "1.20.2"), None, id="Cilium's way"),
        pytest.param({}, migrating({}), ("1.20.2", "1.20.2"), None, id="the pool is made by hand"),
        pytest.param({}, migrating(), ("1.19.6", "1.19.6"), "Cilium 1.20 or later", id="no Cilium before 1.20 can"),
        pytest.param({}, migrating(), ("1.19.6", "1.20.2"), "Cilium 1.20.2 to run before", id="beside an upgrade"),
        pytest.param(
            {},
            migrating(extraConfig={}),
            ("1.20.2", "1.20.2"),
            'extraConfig: {enable-cluster-pool-to-multi-pool-migration: "true"}',
            id="the operator is not told",
        ),
        pytest.param(
            {"rollOutCiliumPods": True},
            migrating(),
            ("1.20.2", "1.20.2"),
            "rollOutCiliumPods: false, from a run before on",
            id="agents restart as that value changes",
        ),
        pytest.param(
            {},
            migrating(rollOutCiliumPods=True),
            ("1.20.2", "1.20.2"),
            "rollOutCiliumPods: false, from a run before on",
            id="agents restart with the operator",
        ),
        pytest.param(
            {},
            migrating({"default": {"ipv4": {"cidrs": ["10.9.0.0/16"], "maskSize": 25}}}),
            ("1.20.2", "1.20.2"),
            "192.168.128.0/17 in the pod pool default; the pod pool default to give nodes /24, as they have",
            id="a pool of others",
        ),
    ],
)
def test_from_cluster_pool_to_multi_pool(
    before: dict[str, Any], planned: dict[str, Any], versions: tuple[str, str], lacks: str | None
) -> None:
    wanted = [] if lacks is None else [f"ipam.mode: cluster-pool -> multi-pool, for which Cilium wants {lacks}"]
    assert range_changes({**OURS, **before}, planned, *versions) == wanted


RANGES = st.lists(st.integers(0, 255).map(lambda number: f"10.{number}.0.0/16"), min_size=1, max_size=5, unique=True)


@given(RANGES, RANGES, st.integers(17, 30), st.integers(17, 30))
def test_ranges_stay_whole_or_are_told(before: list[str], after: list[str], old: int, new: int) -> None:
    found = range_changes(pool(*before, mask=old), pool(*after, mask=new), "1.20.2", "1.20.2")
    assert (found == []) is (set(before) <= set(after) and old == new)
    assert range_changes(pool(*before, mask=old), pool(*before, *after, mask=old), "1.20.2", "1.20.2") == []


def node(name: str, *cidrs: str) -> dict[str, Any]:
    return {"kind": "CiliumNode", "metadata": {"name": name}, "spec": {"ipam": {"podCIDRs": list(cidrs)}}}


NODES = [node("node02", "10.0.1.0/24", "fd00:9::/64"), node("node01", "10.244.1.0/24")]
OTHER = {"kind": "CiliumLoadBalancerIPPool", "metadata": {"name": "a"}, "spec": {}}
WAYS_OUT = (
    ". Cilium does not move a node to another range. Write the range that the nodes have (edge_cluster_pod_cidrs), or"
    " take the nodes out of the cluster, with their CiliumNodes, and join them again once Cilium runs with these ranges"
)


@pytest.mark.parametrize(
    ("planned", "told"),
    [
        pytest.param(pool("10.244.0.0/16"), "10.244.0.0/16: node02 10.0.1.0/24", id="one node, and IPv6 is off"),
        pytest.param(
            pool("10.244.0.0/16", "10.0.0.0/16", six=("fd00:1::/56",), **SIX_ON),
            "10.244.0.0/16, 10.0.0.0/16, fd00:1::/56: node02 fd00:9::/64",
            id="of the other family",
        ),
        pytest.param(pool("10.244.0.0/16", "10.0.0.0/16"), None, id="all within"),
        pytest.param(pool("10.244.0.0/17", "10.244.128.0/17", "10.0.1.0/24"), None, id="within ranges that touch"),
        pytest.param(pool("10.244.0.1/16", "10.0.0.1/16"), None, id="within ranges with host bits"),
        pytest.param(
            pool("10.244.0.0/16", "10.0.0.0/255.255.0.0"),
            "10.244.0.0/16, 10.0.0.0/255.255.0.0: node02 10.0.1.0/24",
            id="a mask in place of the length is no range to Cilium",
        ),
        pytest.param({}, None, id="the chart's range"),
        pytest.param(mode("kubernetes"), None, id="Kubernetes hands them out"),
    ],
)
def test_nodes_outside_of_the_planned_ranges(planned: dict[str, Any], told: str | None) -> None:
    wanted = f"Nodes have pod CIDRs outside ipam.operator's ranges {told}{WAYS_OUT}" if told else ""
    assert nodes_outside(planned, [*NODES, OTHER]) == wanted
    assert bool(usage(planned)) is (planned != mode("kubernetes"))


def test_nodes_outside_are_told_without_netaddr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Live data needs no library beside Python's own; a look that reads none of it would let each plan pass."""
    monkeypatch.setattr(addresses, "HAS_NETADDR", False)
    assert nodes_outside(pool("10.251.0.0/16"), [node("node01", "10.250.1.0/24")]) == (
        f"Nodes have pod CIDRs outside ipam.operator's ranges 10.251.0.0/16: node01 10.250.1.0/24{WAYS_OUT}"
    )


@pytest.mark.parametrize("spec", [{}, {"ipam": None}, {"ipam": {}}, {"ipam": {"podCIDRs": None}}], ids=str)
def test_a_node_that_waits_for_its_range_is_outside_of_none(spec: dict[str, Any]) -> None:
    assert nodes_outside(OURS, [{"kind": "CiliumNode", "metadata": {"name": "a"}, "spec": spec}]) == ""


ODD: list[Any] = ["x", 5, True, [], ["a"], {"a": 1}, None]


@pytest.mark.parametrize("odd", ODD, ids=str)
@pytest.mark.parametrize("path", ["ipam", "ipam.mode", "ipam.operator", LIST_4, MASK_4, "ipv4", "ipv6.enabled"])
def test_values_of_any_type_are_read(path: str, odd: Any) -> None:
    """Others have written the live ones."""
    values: Any = odd
    for key in reversed(path.split(".")):
        values = {key: values}
    range_changes(values, OURS, "1.20.2", "1.20.2")
    range_changes(OURS, values, "1.20.2", "1.20.2")
    range_changes(values, migrating(), "1.20.2", "1.20.2")
    nodes_outside(values, NODES)


# -- the refusal and its word -----------------------------------------------------------------------------------------
def release(values: dict[str, Any], version: str = "1.20.2", **more: Any) -> Release:
    return Release("cilium", version, values, **more)


BEFORE, AFTER = release(OURS), release(mode("kubernetes"))


def refusal(live: Release, planned: Release, made: tuple[str, ...], changes: str) -> str:
    word = release_word(live, planned, made, TakeOver())["release"]
    return (
        f"the live release cilium: the plan changes how the pods of a running cluster get their addresses: {changes}."
        ' They may lose their connections for good (Cilium documentation, "IP Address Management") (put it back:'
        " edge_cluster_pod_cidrs, edge_cluster_pod_mask, edge_cluster_pod_pools, edge_cluster_distribution, or the value"
        " itself in edge_cilium_values. A range may be appended. Or say so, where nothing is to be kept:"
        f" edge_cluster_take_over: {{release: {word}}})"
    )


@pytest.mark.parametrize("is_ours", [True, False], ids=["our own release", "a release of others"])
def test_the_word_that_names_the_change_lifts_it_and_no_other(is_ours: bool) -> None:
    made = (BEFORE.digest,) if is_ours else ()
    changes = "ipam.mode: cluster-pool -> kubernetes"
    assert range_refusals(BEFORE, AFTER, made, TakeOver()) == [refusal(BEFORE, AFTER, made, changes)]
    assert release_refusals(BEFORE, AFTER, made, TakeOver()) == [] or not is_ours
    word = release_word(BEFORE, AFTER, made, TakeOver())["release"]
    assert word.startswith("cilium@1.20.2#")
    for said, refused in (("cilium@1.20.2", 1), (word[:-1], 1), (word, 0)):
        assert len(range_refusals(BEFORE, AFTER, made, TakeOver(said))) == refused
    assert range_refusals(BEFORE, release(mode("eni")), made, TakeOver(word)) != []


def test_one_word_takes_a_release_over_and_changes_its_pods_addresses() -> None:
    """The short word is not printed beside the long one: an inventory has one."""
    live = release({**OURS, "debug": {"enabled": True}})
    unset = {".".join(path) for path in (("debug", "enabled"), *((LIST_4,), (MASK_4,)))}
    word = release_word(live, AFTER, (), TakeOver())
    assert "#" in word["release"]
    (text,) = release_refusals(live, AFTER, (), TakeOver("cilium@1.20.2"))
    assert f"release: {word['release']}\n" in text
    consent = TakeOver.of(word)
    assert set(consent.unset) == unset
    assert release_refusals(live, AFTER, (), consent) + range_refusals(live, AFTER, (), consent) == []


def test_a_word_holds_while_helm_fails_and_is_void_for_the_next_change() -> None:
    word = release_word(BEFORE, AFTER, (BEFORE.digest,), TakeOver())["release"]
    noted = release_note(BEFORE, AFTER, [BEFORE.digest], TakeOver(word))
    failed = Release("cilium", "1.20.2", AFTER.values, "failed", BEFORE)
    assert range_refusals(failed, AFTER, noted, TakeOver(word)) == []
    assert range_refusals(failed, release(mode("eni")), noted, TakeOver(word)) != []
    assert range_refusals(failed, BEFORE, noted, TakeOver()) == []  # the way back to what runs


def test_nodes_of_a_cluster_without_a_release_and_of_one_whose_ranges_the_user_gives_up() -> None:
    (text,) = range_refusals(None, release(pool("10.244.0.0/16")), (), TakeOver(), NODES)
    assert text == (
        f"Nodes have pod CIDRs outside ipam.operator's ranges 10.244.0.0/16: node02 10.0.1.0/24{WAYS_OUT}; where no agent"
        " runs any more, deleting the CiliumNodes is enough"
    )
    live, planned = release(pool("10.0.0.0/8")), release(pool("10.244.0.0/16"))
    made = (live.digest,)
    assert len(range_refusals(live, planned, made, TakeOver(), NODES)) == 2
    word = release_word(live, planned, made, TakeOver())["release"]
    assert range_refusals(live, planned, made, TakeOver(word), NODES) == []
    assert len(range_refusals(planned, planned, (planned.digest,), TakeOver(word), NODES)) == 1


@pytest.mark.parametrize(
    ("said", "led_to", "is_note"),
    [
        pytest.param("cilium@1.20.2#0123456789ab", None, True, id="the word, and where it led"),
        pytest.param("cilium@1.20.2#0123456789ab", "ffffffffffff", False, id="it led to another release"),
        pytest.param("cilium@1.20.2#ba9876543210", None, False, id="another word"),
        pytest.param("cilium@1.20.2", None, False, id="the short word"),
        pytest.param(None, None, False, id="no word"),
    ],
)
def test_after_the_change_the_word_goes_on_to_hold_for_nodes_that_have_yet_to_join(
    said: str | None, led_to: str | None, is_note: bool
) -> None:
    """Else a run that was cut off after Helm would be refused until the last node has joined, whatever is said."""
    live = release(pool("10.244.0.0/16"))
    noted = [
        f"used|{word}|000000000000|{led_to or live.mark}" for word in ("cilium@1.20.2#0123456789ab", "cilium@1.20.2")
    ]
    judged = live, live, [live.digest, *noted], TakeOver(said), NODES
    assert (len(range_refusals(*judged)), len(range_notes(*judged))) == ((0, 1) if is_note else (1, 0))
    further = release(pool("10.9.0.0/16"))
    refused = range_refusals(live, further, [live.digest, *noted], TakeOver(said), NODES)
    assert len(refused) == 2  # the change, and the nodes that it leaves outside
    assert range_notes(live, further, [live.digest, *noted], TakeOver(said), NODES) == []


def test_a_release_that_is_taken_away_is_not_compared() -> None:
    assert range_refusals(Release("cilium", "1.20.2", OURS, "uninstalling"), AFTER, (), TakeOver()) == []


def test_the_role_judges_by_the_same_function() -> None:
    live = {"version": "1.20.2", "values": OURS, "status": "deployed"}
    planned = {"name": "cilium", "version": "1.20.2", "values": pool("10.244.0.0/16")}
    told = filters.release_refusals(live, planned, made=BEFORE.digest, nodes=NODES)
    assert [text.partition(":")[0] for text in told] == [
        "the live release cilium",
        "Nodes have pod CIDRs outside ipam.operator's ranges 10.244.0.0/16",
    ]
    assert filters.release_usage(planned["values"]) == ["ciliumnodes"]

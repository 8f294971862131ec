# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each page of docs/situations: its inventory plans, and what it says of the outcome is the outcome."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.table import LIVE_CODES, PLAN_CODES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.ended_sessions import ended_sessions
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.range_changes import range_changes
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import Plan, plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import (
    DOCS,
    Block,
    Page,
    broken_links,
    missing_lines,
    plan_page,
    read_page,
    rendered_files,
)

FOLDER = DOCS / "situations"
INDEX = FOLDER / "README.md"
PAGES = sorted(path.stem for path in FOLDER.glob("*.md") if path != INDEX)
ORDER = (
    "The inventory",
    "What the router gets",
    "What the cluster gets",
    "What to watch out for",
    "How to verify",
    "How to undo",
)
"""Headings that every page has, in this order."""
WARNINGS = "What the plan warns about"
MISTAKES: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "situations.yml").read_text(encoding="utf-8")
)
UNDOS: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "undos.yml").read_text(encoding="utf-8")
)
BEYOND = {"EDGE113", "EDGE530", "EDGE531", "EDGE532"}
"""Codes about more than the inventory: ``--limit``, and the file of planned addresses. Their own tests raise them."""


@functools.cache
def page(name: str) -> Page:
    """Return a page of docs/situations."""
    return read_page(FOLDER / f"{name}.md")


@functools.cache
def planned(name: str) -> Plan:
    """Return the plan of a page's inventory."""
    (inventory,) = page(name).under("The inventory", "yaml")
    return plan_page(inventory)


@functools.cache
def files(name: str) -> dict[str, str]:
    """Return what a page's inventory renders to."""
    return rendered_files(planned(name))


def listed_codes(name: str) -> set[str]:
    """Return the codes of the warnings that a page's own inventory raises."""
    return {line.split()[0] for text in page(name).under(WARNINGS, "text") for line in text.splitlines()}


FORM = "On "
"""How the heading of another form of a page's inventory begins: its first block has what differs."""
FORMS = [
    (name, heading)
    for name in PAGES
    for heading in page(name).headings
    if heading.startswith(FORM) and page(name).under(heading, "yaml")
]


def planned_form(name: str, heading: str) -> Plan:
    """Return the plan of another form of a page's inventory: of hosts some variables, and of all hosts others."""
    (inventory,) = page(name).under("The inventory", "yaml")
    document = yaml.safe_load(inventory)
    hosts = {host: own for group in document["all"]["children"].values() for host, own in group["hosts"].items()}
    for place, value in yaml.safe_load(page(name).under(heading, "yaml")[0]).items():
        (hosts[place] if place in hosts else document["all"]["vars"][place]).update(value)
    return plan(inventory_from(document))


def edited(document: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return an inventory with values set at ``|``-separated places; None takes a key away."""
    roots: dict[str, Any] = {"site": document["all"].setdefault("vars", {})}
    for group in document["all"]["children"].values():
        group["hosts"] = {host: own or {} for host, own in group["hosts"].items()}
        roots.update(group["hosts"])
    for place, value in values.items():
        *parents, last = place.split("|")
        target = roots
        for key in parents:
            target = target.setdefault(key, {})
        if value is None:
            del target[last]
        else:
            target[last] = value
    return document


@pytest.mark.parametrize("name", PAGES)
def test_it_has_the_parts_of_every_page(name: str) -> None:
    assert [heading for heading in page(name).headings if heading in ORDER] == list(ORDER)


@pytest.mark.parametrize("name", PAGES)
def test_the_plan_finds_what_the_page_lists_and_nothing_else(name: str) -> None:
    listed = "".join(page(name).under(WARNINGS, "text")).splitlines()
    computed = planned(name)
    assert [f"{item.code} {item.text}" for item in computed.findings if item.accepted is None] == listed
    assert not computed.failed


@pytest.mark.parametrize("name", PAGES)
def test_its_excerpts_are_what_is_rendered(name: str) -> None:
    check_excerpts([block for block in page(name).blocks if (name, block.heading) not in FORMS], files(name))


@pytest.mark.parametrize(("name", "heading"), FORMS)
def test_another_form_of_its_inventory_is_planned_and_rendered_as_it_says(name: str, heading: str) -> None:
    computed = planned_form(name, heading)
    assert [f"{item.code} {item.text}" for item in computed.findings if item.accepted is None] == []
    assert not computed.failed
    check_excerpts([block for block in page(name).blocks if block.heading == heading], rendered_files(computed))


def check_excerpts(blocks: list[Block], rendered: dict[str, str]) -> None:
    """Demand that blocks have excerpts of files, and that each is in its file."""
    excerpts = [block for block in blocks if block.file]
    assert excerpts
    for block in excerpts:
        assert block.file in rendered, f"{block.file}: not one of {sorted(rendered)}"
        missing = missing_lines(block.text, rendered[block.file])
        assert missing is None, f"{block.file} has no such lines:\n{missing}"


@pytest.mark.parametrize("name", PAGES)
def test_every_code_of_the_plan_that_it_names_has_a_mistake(name: str) -> None:
    assert page(name).codes() & PLAN_CODES.keys() <= {*MISTAKES.get(name, {}), *BEYOND, *listed_codes(name)}


@pytest.mark.parametrize(("name", "code"), [(name, code) for name, codes in MISTAKES.items() for code in codes])
def test_the_mistake_raises_the_code_that_guards_it(name: str, code: str) -> None:
    (inventory,) = page(name).under("The inventory", "yaml")
    document = edited(yaml.safe_load(inventory), MISTAKES[name][code])
    assert code in page(name).codes()
    assert code in {finding.code for finding in plan(inventory_from(document)).findings}


def undone(name: str, *left_out: str) -> Plan:
    """Return the plan of a page's inventory after its undo, without the places that are left out."""
    (inventory,) = page(name).under("The inventory", "yaml")
    edit = {place: value for place, value in UNDOS[name]["edit"].items() if place not in left_out}
    return plan(inventory_from(edited(yaml.safe_load(inventory), edit)))


@pytest.mark.parametrize("name", UNDOS)
def test_its_undo_is_an_edit_that_plans(name: str) -> None:
    computed = undone(name)
    assert [finding.code for finding in computed.findings] == UNDOS[name]["findings"]
    assert len(computed.data["sessions"]) == UNDOS[name]["sessions"]


def test_cilium_leaves_the_router_of_metallb_by_the_clusters_tag_alone() -> None:
    """MetalLB's speakers need the neighbors that the whole run would take off, and the plan has none of them."""
    assert len(planned("from-metallb").data["routers"]["tor"]["frr"]["peer_groups"]) == 1
    assert undone("from-metallb").data["routers"]["tor"]["frr"]["peer_groups"] == []
    undo = page("from-metallb").text.partition("## How to undo")[2]
    assert "`site.yml --tags cluster`" in undo
    assert "run `site.yml`" not in undo


@pytest.mark.parametrize(
    ("left_out", "changes"),
    [
        pytest.param((), [], id="as the page says"),
        pytest.param(("home|edge_cilium_values",), ["ipv6.enabled: true -> false"], id="without the value"),
    ],
)
def test_ipv6_leaves_the_pools_and_not_the_pods(left_out: tuple[str, ...], changes: list[str]) -> None:
    computed = undone("dual-stack", *left_out)
    before, after = (item.data["clusters"]["home"]["helm_values"] for item in (planned("dual-stack"), computed))
    assert range_changes(before, after, "1.20.2", "1.20.2") == changes
    assert not changes or changes[0] in page("dual-stack").text


def test_ipv6_sessions_that_are_up_end_by_a_word_alone() -> None:
    """A live cluster as it was planned, all of its sessions up."""
    before, after = planned("dual-stack").data, undone("dual-stack").data
    live = [
        {**item, "metadata": {**item["metadata"], "generation": 1, "uid": item["metadata"]["name"]}}
        for item in before["clusters"]["home"]["bgp"]
    ]
    (config,) = [item for item in live if item["kind"] == "CiliumBGPClusterConfig"]
    peers = [
        {"name": peer["name"], "peerAddress": peer["peerAddress"], "peeringState": "established"}
        for peer in config["spec"]["bgpInstances"][0]["peers"]
    ]
    sessions = {
        "kind": "CiliumBGPNodeConfig",
        "metadata": {"name": "w1", "ownerReferences": [{"kind": config["kind"], "name": config["metadata"]["name"]}]},
        "status": {"bgpInstances": [{"peers": peers}]},
    }
    planned_now = after["clusters"]["home"]["bgp"]
    kept = {(item["kind"], item["metadata"]["name"]) for item in planned_now}
    gone = [item for item in live if (item["kind"], item["metadata"]["name"]) not in kept]
    told = [str(error) for error in ended_sessions(planned_now, gone, [*live, sessions], {"w1": {}})]
    assert len(told) == 1
    assert "w1 to fd20::1." in told[0]


@pytest.mark.parametrize("name", PAGES)
def test_its_codes_exist(name: str) -> None:
    assert page(name).codes() <= {*PLAN_CODES, *LIVE_CODES}


@pytest.mark.parametrize("name", PAGES)
def test_its_playbooks_and_filters_exist(name: str) -> None:
    text = page(name).text
    named = {
        f"playbooks/{playbook}.yml" for playbook in re.findall(r"ansible-playbook hybridnet\.cluster_edge\.(\w+)", text)
    }
    playbooks = named | set(re.findall(r"playbooks/[\w/]+\.yml", text))
    filters = set(re.findall(r"(?<!ansible-playbook )hybridnet\.cluster_edge\.(\w+)", text))
    assert named
    assert [path for path in sorted(playbooks) if not (CHECKOUT / path).exists()] == []
    assert filters <= {path.stem for path in (CHECKOUT / "plugins" / "filter").glob("*.yml")}


@pytest.mark.parametrize("name", [*PAGES, INDEX.stem])
def test_its_links_lead_somewhere(name: str) -> None:
    assert broken_links(page(name)) == []


def test_the_index_names_every_page_once() -> None:
    assert sorted(target.removesuffix(".md") for target in read_page(INDEX).links() if "/" not in target) == PAGES


def test_an_excerpt_with_other_lines_is_found_out() -> None:
    text = "router bgp 1\n bgp router-id 192.0.2.1\n neighbor a peer-group\nexit\n"
    assert missing_lines("router bgp 1\n...\nexit\n", text) is None
    assert missing_lines("router bgp 1\nexit\n", text) == "router bgp 1\nexit\n"
    assert missing_lines("exit\n...\nrouter bgp 1\n", text) == "router bgp 1\n"
    assert missing_lines("bgp router-id 192.0.2.1\n", text) == "bgp router-id 192.0.2.1\n"


ROUTERS = {
    "README.md": ("The smallest site, and its plan", "udm", {}),
    "docs/situations/removal.md": ("The inventory", "gw", {}),
    "docs/situations/from-ui-uploaded-frr.md": ("The inventory", "udm", {"udm|edge_router_bgp_owner": None}),
}
"""Pages that undo all that was made on a router by ``edge_state: absent``: where its inventory is, and its only router."""


@pytest.mark.parametrize(("path", "heading", "router", "more"), [(path, *of) for path, of in ROUTERS.items()])
def test_the_only_router_can_leave_as_the_page_says(path: str, heading: str, router: str, more: dict[str, Any]) -> None:
    """The plan is what the run of one end needs too: nothing on the router, and no error of what the cluster keeps."""
    (inventory, *_rest) = read_page(CHECKOUT / path).under(heading, "yaml")
    document = edited(yaml.safe_load(inventory), {**more, f"{router}|edge_state": "absent"})
    computed = plan(inventory_from(document))
    assert [finding.code for finding in computed.findings] == ["EDGE363"]
    (leaving,) = computed.data["routers"].values()
    assert (leaving["absent"], leaving["frr"]["peer_groups"], computed.data["sessions"]) == (True, [], [])
    (cluster,) = computed.data["clusters"].values()
    assert [item["kind"] for item in cluster["lb"]].count("CiliumLoadBalancerIPPool") == len(computed.data["pools"])
    assert not [item for item in cluster["bgp"] if item["kind"] == "CiliumBGPClusterConfig"]

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers come to an inventory that plans, or to errors that name the question, the value, the rule and the way out."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._new_inventory.inventory import (
    HOSTS,
    VARIABLES,
    new_inventory,
    question_of,
    read_files,
    site_name,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._new_inventory.questions import (
    CILIUM,
    CLUSTER_ASN,
    DISTRIBUTIONS,
    FOLDER,
    GATEWAY,
    INTERFACES,
    NETWORK,
    NODES,
    POOL,
    QUESTIONS,
    ROUTER,
    ROUTER_ASN,
    ROUTERS,
    command_line,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import programs
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._versions import cilium
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

SCHEMA = json.loads((CHECKOUT / "docs/reference/inventory.schema.json").read_text("utf-8"))
GOOD = {"network": "192.168.10.0/24", "nodes": "n1=192.168.10.11,n2=192.168.10.12", "pool": "192.168.20.0/24"}
L2 = {**GOOD, "router": "none", "interfaces": "eth0", "pool": "192.168.10.200-192.168.10.219"}
FIRST_HOSTS = f"""---
# The hosts of this site. To add a node is to add a host. Every key: docs/reference/inventory.md of the collection.
all:
  children:
    edge_routers:
      hosts:
        router:
          # Reached over SSH at this address, as this user.
          ansible_host: 192.168.10.1
          ansible_user: root
          edge_router_platform: unifi
          # Numbers from 64512 to 65534 are private: any two that nobody else here uses.
          edge_router_asn: 64512
    edge_clusters:
      hosts:
        # The run talks to the API of the cluster from this machine, never to a host of this name.
        cluster:
          edge_cluster_asn: 64513
          edge_cluster_distribution: talos
          # Cilium gets this version and the planned values: `site --check --diff` shows them.
          edge_cilium_version: "{cilium.NEWEST_RELEASE}"
          # edge_cilium_managed: false          # somebody else installs Cilium: Flux, Argo CD, the distribution
          # edge_cluster_kubeconfig: ~/.kube/config
          # edge_cluster_context: admin@home
    edge_nodes:
      hosts:
        # Nobody logs in to them. Names as in `kubectl get nodes`; addresses are the ends of BGP sessions.
        n1:
          ansible_host: 192.168.10.11
        n2:
          ansible_host: 192.168.10.12
"""
"""The whole file for ``GOOD`` on Talos behind a UniFi gateway."""


def wrong(**answers: object) -> list[str]:
    """Return what is wrong with ``GOOD`` and these answers."""
    return [item.text for item in new_inventory({**GOOD, **answers}, "schema.json").wrong]


def test_the_hosts_file_is_short_and_says_what_its_keys_are_for() -> None:
    made = new_inventory({**GOOD, "distribution": "talos"}, "schema.json")
    assert made.files[HOSTS] == FIRST_HOSTS
    assert made.warnings == ()


@pytest.mark.parametrize("router", ROUTERS)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_every_choice_plans_without_a_finding_but_servicelb_of_k3s(router: str, distribution: str) -> None:
    base = L2 if router == "none" else GOOD
    made = new_inventory({**base, "router": router, "distribution": distribution}, "schema.json")
    assert made.wrong == ()
    assert [item.code for item in made.warnings] == ["EDGE619"] * (distribution == "k3s")
    computed = plan(read_files(made.files))
    assert computed.data is not None
    assert len(computed.data["sessions"]) == (0 if router == "none" else 2)
    assert bool(computed.data["pools"][0]["l2"]) == (router == "none")
    hosts = yaml.safe_load(made.files[HOSTS])["all"]["children"]
    assert hosts["edge_clusters"]["hosts"]["cluster"].get("edge_cluster_distribution", "other") == distribution
    assert ("edge_routers" in hosts) == (router != "none")


@pytest.mark.parametrize(
    ("answers", "exclude"),
    [
        pytest.param({}, ["192.168.20.0/31", "192.168.20.255"], id="a /24 behind UniFi"),
        pytest.param({"pool": "10.9.9.8/29"}, ["10.9.9.8/31", "10.9.9.15"], id="a /29 behind UniFi"),
        pytest.param(
            {"pool": "10.9.8.0/28 10.9.9.0/24"},
            ["10.9.8.0/31", "10.9.8.15", "10.9.9.0/31", "10.9.9.255"],
            id="two networks behind UniFi",
        ),
        pytest.param({"pool": "10.9.9.8/30"}, None, id="too small to lose three"),
        pytest.param({"pool": "10.9.9.10-10.9.9.20"}, None, id="a range, of no known network"),
        pytest.param({"router": "linux"}, None, id="a Linux router, which needs no network"),
        pytest.param(L2, None, id="no router"),
    ],
)
def test_no_service_gets_what_a_unifi_network_has_for_itself(
    answers: dict[str, str], exclude: list[str] | None
) -> None:
    """The first service without an address would get the first one, which Linux before 5.14 takes for itself."""
    files = new_inventory({**GOOD, **answers}, "s").files
    assert yaml.safe_load(files[VARIABLES])["edge_pools"]["services"].get("exclude") == exclude
    assert ("# exclude: ADDRESS" in files[VARIABLES]) == (exclude is None)
    computed = plan(read_files(files))
    assert computed.findings == ()
    if exclude is not None:
        first = exclude[0].partition("/")[0]
        head, last = first.rsplit(".", 1)
        assert computed.data["pools"][0]["next_free"] == f"{head}.{int(last) + 2}"


@pytest.mark.parametrize(
    "answers", [GOOD, L2, {**GOOD, "interfaces": ["eth0", "enp*"], "pool": ["10.0.0.0/28", "10.0.1.1"]}]
)
def test_an_editor_takes_the_variables_and_finds_the_schema(answers: dict[str, Any]) -> None:
    text = new_inventory(answers, "../../some/schema.json").files[VARIABLES]
    assert text.splitlines()[0] == "# yaml-language-server: $schema=../../some/schema.json"
    assert list(Draft202012Validator(SCHEMA).iter_errors(yaml.safe_load(text))) == []


def test_answers_take_the_shapes_that_extra_variables_have() -> None:
    text = new_inventory(GOOD, "s").files
    for nodes in ({"n1": "192.168.10.11", "n2": "192.168.10.12"}, ["n1=192.168.10.11", "n2=192.168.10.12"]):
        assert new_inventory({**GOOD, "nodes": nodes, "router_asn": 64512, "gateway": None}, "s").files == text
    named = new_inventory({**GOOD, "nodes": "192.168.10.11 192.168.10.12"}, "s").files[HOSTS]
    assert list(yaml.safe_load(named)["all"]["children"]["edge_nodes"]["hosts"]) == ["node1", "node2"]


def test_the_site_is_named_after_its_folder() -> None:
    assert [site_name(folder) for folder in ("~/sites/My Home/", "a", "..", "x" * 50, "näh-1")] == [
        "my-home", "a", "site", "x" * 40, "n-h-1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("home-v6", "home-ipv6"),
        ("Home.V6/", "home-ipv6"),
        ("home-v6-v6", "home-v6-ipv6"),
        ("v6", "v6"),
        ("x" * 37 + "-v6", "x" * 35 + "-ipv6"),
        ("x" * 37 + "-v6-lab", "x" * 35 + "-ipv6"),
    ],
)
def test_a_folder_whose_name_no_site_may_have_still_plans(folder: str, name: str) -> None:
    assert site_name(folder) == name
    assert new_inventory({**GOOD, "folder": folder}, "s").wrong == ()


WRONG = [
    ({"router": "unify"}, "Router that speaks BGP with the nodes (edge_new_router): 'unify' is not linux, none or unifi (did you mean 'unifi'?)"),
    ({"distribution": "openshift"}, "Kubernetes distribution (edge_new_distribution): 'openshift' is not k3s, "
                                    "kubeadm, other or talos (answer with one of these words)"),
    ({"cilium": "1.20"}, "Version of Cilium (edge_new_cilium): 1.20 is not whole (Helm needs all three "
                         f"numbers, such as {cilium.NEWEST_RELEASE})"),
    ({"cilium": "1.12.0"}, "Version of Cilium (edge_new_cilium): 1.12.0 is older than 1.16, the oldest version "
                           "that is supported [EDGE601] (update Cilium first, one minor version at a time)"),
    ({"network": ""}, "Network of the nodes (edge_new_network): there is no answer (it needs one)"),
    ({"network": "192.168.10.1/24"}, "Network of the nodes (edge_new_network): 192.168.10.1/24 has host bits "
                                     "set: a /24 here starts at 192.168.10.0 (did you mean 192.168.10.0/24, or the single address 192.168.10.1/32?)"),
    ({"network": "192.168.10.0/31"}, "Network of the nodes (edge_new_network): 192.168.10.0/31 has no room for a "
                                     "router and a node (a network of nodes has at most 30 bits)"),
    ({"network": "fd00::/64"}, "Network of the nodes (edge_new_network): fd00::/64 is IPv6, and these questions "
                               "are about IPv4 (the inventories in docs/situations/ipv6-only.md and docs/situations/dual-stack.md are a start)"),
    ({"gateway": "10.0.0.1"}, "Address of the router in that network (edge_new_gateway): 10.0.0.1 is not inside "
                              "the network 192.168.10.0/24 (mend that, or the network)"),
    ({"nodes": ""}, "Nodes (edge_new_nodes): there is no answer (it needs one)"),
    ({"nodes": ","}, "Nodes (edge_new_nodes): there is no answer (it needs one)"),
    ({"pool": ", ,"}, "Addresses for services (edge_new_pool): there is no answer (it needs one)"),
    ({"nodes": "n1="}, "Nodes (edge_new_nodes): 'n1=' is no node (write NAME=ADDRESS, such as node1=192.168.10.11)"),
    ({"nodes": "n1=192.168.11.11"}, "Nodes (edge_new_nodes): 192.168.11.11 is not inside the network 192.168.10.0/24 (mend that, or the network)"),
    ({"nodes": "n1=192.168.10.1"}, "Nodes (edge_new_nodes): n1 has the address of the router, 192.168.10.1 (each has its own)"),
    ({"nodes": "n1=192.168.10.2,n1=192.168.10.3"}, "Nodes (edge_new_nodes): the name 'n1' is there twice (each node has a name of its own)"),
    ({"nodes": "n1=192.168.10.2,n2=192.168.10.2"}, "Nodes (edge_new_nodes): n1 and n2 have the same address 192.168.10.2 (each node has its own)"),
    ({"nodes": "cluster=192.168.10.2"}, "Nodes (edge_new_nodes): 'cluster' is the name of another host of the new inventory (give the node another name)"),
    ({"nodes": "N_1=192.168.10.2"}, "Nodes (edge_new_nodes): the host name 'N_1' is not made of lower-case "
                                    "letters, digits, '-' and '.': it is the name of the Node [EDGE104]"),
    ({"nodes": "router-1=192.168.10.255"}, "Nodes (edge_new_nodes): 192.168.10.255 is the broadcast address of 192.168.10.0/24 [EDGE203]"),
    ({"gateway": "192.168.10.255"}, "Address of the router in that network (edge_new_gateway): 192.168.10.255 is "
                                    "the broadcast address of 192.168.10.0/24 [EDGE203]"),
    ({"nodes": "N1.example.com=192.168.10.2"}, "Nodes (edge_new_nodes): the host name 'N1.example.com' is not made "
                                               "of lower-case letters, digits, '-' and '.': it is the name of the Node [EDGE104]"),
    ({"nodes": "router.lan=192.168.10.0"}, "Nodes (edge_new_nodes): 192.168.10.0 is the network address of 192.168.10.0/24 [EDGE203]"),
    ({"pool": "many"}, "Addresses for services (edge_new_pool): many is not an address (write IPv4 as 192.0.2.1, IPv6 as 2001:db8::1)"),
    ({"pool": "2001:db8::/120"}, "Addresses for services (edge_new_pool): 2001:db8::/120 is IPv6, and these "
                                 "questions are about IPv4 (the inventories in docs/situations/ipv6-only.md and docs/situations/dual-stack.md are a start)"),
    ({"pool": "192.168.10.8 - 192.168.10.11"}, "Addresses for services (edge_new_pool): "
                                               "192.168.10.8-192.168.10.11 covers the address 192.168.10.11 of "
                                               "n1.edge_addresses.nodes [EDGE403] (take addresses that no host has)"),
    ({"router": "none"}, "Interface of the nodes in that network (edge_new_interfaces): there is no answer, and "
                         "without a router the nodes answer ARP on it (`ip -brief address` on a node shows it)"),
    ({"interfaces": "eth/0"}, "Interface of the nodes in that network (edge_new_interfaces): 'eth/0' is not an "
                              "interface name of at most 15 characters, where * and ? stand for any, such as eth* (no regular expression) [EDGE103]"),
    ({"router_asn": "0"}, "AS number of the router (edge_new_router_asn): AS 0 is reserved (RFC 7607) [EDGE301] "
                          "(take a private one: 64512 to 65534, or 4200000000 to 4294967294)"),
    ({"cluster_asn": "many"}, "AS number of the nodes (edge_new_cluster_asn): must be a whole number, not the text 'many' [EDGE102] (1 to 4294967294)"),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "text"), WRONG, ids=[" ".join(map(str, item[0].items())) for item in WRONG])
def test_a_wrong_answer_names_the_question_the_rule_and_the_way_out(answers: dict[str, str], text: str) -> None:
    assert wrong(**answers) == [text]


@pytest.mark.parametrize(
    "answers", [item[0] for item in WRONG], ids=[" ".join(map(str, item[0].items())) for item in WRONG]
)
def test_the_command_to_try_again_leaves_out_the_wrong_answer_alone(answers: dict[str, str]) -> None:
    given = {**GOOD, "folder": "home", "cilium": "1.20.1", "router_asn": "64600", "cluster_asn": "64601", **answers}
    command = command_line(given, [item.question for item in new_inventory(given, "s").wrong])
    repeated = {word.partition("=")[0] for word in shlex.split(command) if word.startswith("edge_new_")}
    repeated |= {name for word in shlex.split(command) if word.startswith("{") for name in json.loads(word)}
    told = {f"edge_new_{name}" for name, answer in given.items() if answer}
    (asked,) = ["interfaces"] if answers == {"router": "none"} else answers
    assert repeated == told - {f"edge_new_{asked}"}


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_questions() -> None:
    found = new_inventory({"router": "x", "network": "y", "pool": "z"}, "s").wrong
    assert [item.question for item in found] == [ROUTER, NETWORK, NODES, POOL]


def test_the_way_on_asks_only_for_what_is_wrong() -> None:
    answers = {**GOOD, "router": "linux", "nodes": "x", "interfaces": "eth0 enp*", "cilium": CILIUM.default}
    command = command_line(answers, [NODES])
    assert shlex.split(command) == [
        "ansible-playbook", "hybridnet.cluster_edge.new", "-e", "edge_new_router=linux", "-e", "edge_new_network=192.168.10.0/24",
        "-e", "edge_new_pool=192.168.20.0/24", "-e", '{"edge_new_interfaces": "eth0 enp*"}',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "question"),
    [
        ("edge_networks.nodes.interfaces", INTERFACES),
        ("edge_networks.nodes.cidr", NETWORK),
        ("edge_pools.services.addresses", POOL),
        ("cluster.edge_cluster_asn", CLUSTER_ASN),
        ("router.edge_router_asn", ROUTER_ASN),
        ("router.ansible_host", GATEWAY),
        ("n1", NODES),
        ("n1.ansible_host", NODES),
        ("edge_site_name", FOLDER),
        ("edge_peerings.nodes", None),
        ("cluster", None),
        ("router", GATEWAY),
        ("router-1.ansible_host", NODES),
        ("router.lan", NODES),
        ("router.lan.ansible_host", NODES),
        ("router.lan-2.ansible_host", GATEWAY),
        ("n1.example.com", NODES),
        ("n2.example.com", None),
    ],
)
def test_a_finding_is_told_by_the_question_whose_answer_stands_there(path: str, question: object) -> None:
    assert question_of(path, {"n1": None, "router-1": None, "router.lan": None, "n1.example.com": None}) == question


ODD = st.text(alphabet=" ,=-/.:*'\"{}#!&%@[]\\0123456789aABnü\n\t", max_size=12)


@given(answers=st.dictionaries(st.sampled_from([question.name for question in QUESTIONS if question != FOLDER]), ODD))
def test_whatever_is_answered_comes_to_an_inventory_that_plans_or_to_errors(answers: dict[str, str]) -> None:
    made = new_inventory({**GOOD, **answers}, "s")
    assert bool(made.files) != bool(made.wrong)
    if made.files:
        assert not plan(read_files(made.files)).failed


@given(folder=ODD)
def test_whatever_the_folder_is_called_the_site_has_a_name(folder: str) -> None:
    made = new_inventory({**GOOD, "folder": folder}, "s")
    assert made.wrong == ()


def test_the_playbook_asks_these_questions_and_hands_all_answers_over() -> None:
    (play,) = yaml.safe_load((CHECKOUT / "playbooks/new.yml").read_text("utf-8"))
    asked = [(item["name"], item["prompt"], item["default"]) for item in play["vars_prompt"]]
    assert asked == [(question.variable, question.prompt, question.default) for question in QUESTIONS if question.asked]
    task = yaml.safe_load((CHECKOUT / "roles/edge/tasks/new.yml").read_text("utf-8"))[0]
    assert task["hybridnet.cluster_edge.edge_new"] == {
        question.name: f"{{{{ {question.variable} | default('') }}}}" for question in QUESTIONS
    }


def test_the_module_documents_each_question_with_its_default() -> None:
    source = (CHECKOUT / "plugins/modules/edge_new.py").read_text("utf-8")
    options = yaml.safe_load(source.split('r"""')[1].split('"""')[0])["options"]
    assert list(options) == [question.name for question in QUESTIONS]
    for question in QUESTIONS:
        if question.default:
            assert f"Without it V({question.default})." in str(options[question.name]["description"])


def test_the_version_that_is_proposed_is_the_newest_that_a_twin_runs_of_the_newest_minor_that_is_known() -> None:
    assert CILIUM.default == cilium.NEWEST_RELEASE == next(reversed(programs.CILIUM))
    assert cilium.parse_version(CILIUM.default)[:2] == cilium.NEWEST[:2]


@pytest.mark.parametrize(
    ("answers", "pods"),
    [
        pytest.param({}, None, id="nothing in the way"),
        pytest.param({"network": "10.0.0.0/24", "nodes": "n1=10.0.0.11,n2=10.0.0.12"}, "10.244.0.0/16", id="network"),
        pytest.param({"network": "10.0.9.0/24", "nodes": "n1=10.0.9.11"}, "10.244.0.0/16", id="where nodes come"),
        pytest.param({"pool": "10.0.1.0/28"}, "10.244.0.0/16", id="pool"),
        pytest.param({"pool": "10.42.0.0/28", "distribution": "k3s"}, "10.244.0.0/16", id="pool on k3s"),
        pytest.param(
            {"network": "10.0.0.0/24", "nodes": "n1=10.0.0.11", "pool": "10.244.7.0/24"}, "172.20.0.0/16", id="both"
        ),
        pytest.param({"pool": "10.0.1.0/28", "distribution": "talos"}, None, id="Talos hands out pod CIDRs"),
    ],
)
def test_pods_get_a_range_of_their_own_where_the_default_is_in_the_way(
    answers: dict[str, Any], pods: str | None
) -> None:
    made = new_inventory({**GOOD, **answers}, "schema.json")
    assert not made.wrong
    cluster = yaml.safe_load(made.files[HOSTS])["all"]["children"]["edge_clusters"]["hosts"]["cluster"]
    assert cluster.get("edge_cluster_pod_cidrs") == pods
    assert not {item.code for item in made.warnings} & {"EDGE409", "EDGE424", "EDGE429"}

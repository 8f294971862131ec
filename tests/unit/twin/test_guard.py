# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard's judgment: which way out of a rehearsal it names, and what it lets pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.guard import ways_out as guard

KUBECONFIG = "/twin/clusters/k8s/kubeconfig"
OVERLAY = guard.Overlay(
    "/twin/overlay",
    "home",
    {
        "r1": {
            "ansible_host": "192.0.2.1",
            "ansible_port": 22,
            "ansible_become": False,
            "ansible_ssh_args": "-F /dev/null",
        },
        "k8s": {"ansible_ssh_args": "-F /dev/null", "edge_cluster_kubeconfig": KUBECONFIG},
        "n1": {"ansible_ssh_args": "-F /dev/null"},
    },
)
CLUSTER: dict[str, Any] = {"clusters": [{"cluster": {"server": "https://127.0.0.1:6443"}}]}
RUN = guard.Run(
    OVERLAY,
    tuple(guard.Host(name, name != "n1", variables) for name, variables in OVERLAY.hosts.items()),
    kubeconfigs={"k8s": CLUSTER},
)


def leaks(run: guard.Run) -> list[str]:
    return [str(leak) for leak in guard.leaks(run)]


def with_variables(host: str, **variables: Any) -> guard.Run:
    hosts = (
        replace(item, variables={**item.variables, **variables}) if item.name == host else item for item in RUN.hosts
    )
    return replace(RUN, hosts=tuple(hosts))


def test_run_that_is_as_the_overlay_says_is_not_refused() -> None:
    assert leaks(RUN) == []


def test_beaten_variable_is_named_with_its_hosts_and_the_way_out() -> None:
    assert leaks(with_variables("r1", ansible_host="198.51.100.1")) == [
        "ansible_host: the overlay's value does not count on r1 (name the overlay last (-i); host_vars beside the "
        "playbook, set_fact, include_vars and the vars of import_playbook beat it)"
    ]


def test_variable_that_the_run_has_lost_is_named() -> None:
    hosts = tuple(replace(host, variables={}) if host.name == "n1" else host for host in RUN.hosts)
    assert [leak.path for leak in guard.leaks(replace(RUN, hosts=hosts))] == ["ansible_ssh_args"]


def test_extra_variable_is_called_one_and_named_once_for_all_hosts() -> None:
    hosts = tuple(replace(host, variables={**host.variables, "ansible_ssh_args": "-J b"}) for host in RUN.hosts)
    assert leaks(replace(RUN, hosts=hosts, extra=frozenset({"ansible_ssh_args"}))) == [
        "ansible_ssh_args: an extra variable (-e) beats the overlay on r1, k8s, n1 (leave it out of a rehearsal; "
        "passwords and other secrets may stay)"
    ]


def test_no_value_is_shown() -> None:
    run = with_variables("r1", ansible_host="hunter2", ansible_new_option="hunter3")
    run = replace(run, environment={"HTTPS_PROXY": "http://me:hunter4@proxy", "HELM_KUBETOKEN": "hunter5"})
    text = guard.leaks_text(OVERLAY, guard.leaks(run))
    assert "ansible_host" in text
    assert "hunter" not in text


def test_template_that_fails_is_no_value_of_the_overlay() -> None:
    assert leaks(with_variables("r1", ansible_host=guard.UNREADABLE))


@pytest.mark.parametrize(
    ("name", "value"),
    [("ansible_port", "22"), ("ansible_become", "False"), ("ansible_become", "false")],
    ids=["number", "no", "no in small letters"],
)
def test_same_value_from_the_command_line_is_the_same(name: str, value: str) -> None:
    assert leaks(with_variables("r1", **{name: value})) == []


def test_variable_that_the_overlay_does_not_know_is_refused() -> None:
    assert leaks(with_variables("r1", ansible_ssh_bastion="b")) == [
        "ansible_ssh_bastion: it is set on r1, and the overlay has no value against it (leave it out of a rehearsal)"
    ]


def test_node_may_keep_its_address_because_the_plan_reads_it() -> None:
    assert leaks(with_variables("n1", ansible_host="192.0.2.11")) == []


def test_free_variables_may_differ() -> None:
    hosts = (guard.Host("r1", True, {**OVERLAY.hosts["r1"], "ansible_password": "x"}, frozenset({"ansible_password"})),)
    assert leaks(replace(RUN, hosts=hosts)) == []


@pytest.mark.parametrize(
    ("connected", "more"),
    [
        pytest.param(True, "", id="a router"),
        pytest.param(
            False,
            "; or leave it out of this play: a twin has routers, clusters and nodes of clusters alone",
            id="a host of a play of the user's",
        ),
    ],
)
def test_host_that_came_after_the_twin(connected: bool, more: str) -> None:
    run = replace(RUN, hosts=(*RUN.hosts, guard.Host("new", connected, {})))
    problem = "new: twin home does not have this host: it would be connected to for real"
    assert leaks(run) == [f"{problem} (bring the twin up again with this inventory: playbooks/twin.yml{more})"]


@pytest.mark.parametrize("name", ["edge_plan", "edge_verify_plan", "__cluster", "__cilium_net_release_cluster"])
def test_what_the_plays_hand_on_is_no_extra_variable(name: str) -> None:
    assert [leak.path for leak in guard.leaks(replace(RUN, extra=frozenset({name, "edge_plan_file"})))] == [name]


def test_option_from_elsewhere_is_named_by_what_sets_it() -> None:
    run = replace(RUN, hosts=(replace(RUN.hosts[0], settings={"bastion": "ANSIBLE_SSH_BASTION"}), *RUN.hosts[1:]))
    assert leaks(run) == [
        "ANSIBLE_SSH_BASTION: sets bastion of the connection to r1, and the overlay has no value against it (leave it out "
        "of a rehearsal)"
    ]


@pytest.mark.parametrize(
    ("cluster", "problem"),
    [
        ({"server": "https://192.0.2.5:6443"}, "its server is not on loopback"),
        ({"server": "https://kube.example:6443"}, "its server is not on loopback"),
        ({"server": "https://127.0.0.1.example:6443"}, "its server is not on loopback"),
        ({}, "its server is not on loopback"),
        ({"server": "https://127.0.0.1:1", "proxy-url": "http://192.0.2.9"}, "it names a proxy (proxy-url)"),
        ({"server": "https://[::1]:6443"}, None),
    ],
    ids=["address", "name", "name like loopback", "no server", "proxy", "IPv6 loopback"],
)
def test_kubeconfig(cluster: dict[str, str], problem: str | None) -> None:
    found = leaks(replace(RUN, kubeconfigs={"k8s": {"clusters": [{"cluster": cluster}]}}))
    hint = "rebuild the twin: absent, then present"
    assert found == ([f"k8s: {KUBECONFIG}: {problem} ({hint})"] if problem else [])


def test_kubeconfig_that_is_gone() -> None:
    assert leaks(replace(RUN, kubeconfigs={"k8s": None})) == [
        f"k8s: {KUBECONFIG}: cannot be read: the twin is not up (bring it up: playbooks/twin.yml)"
    ]


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("K8S_AUTH_HOST", True),
        ("K8S_AUTH_PROXY", True),
        ("HELM_KUBEAPISERVER", True),
        ("HELM_KUBECONTEXT", True),
        ("HELM_DRIVER", True),
        ("HELM_DRIVER_SQL_CONNECTION_STRING", True),
        ("HELM_CACHE_HOME", False),
        ("ANSIBLE_SSH_ARGS", False),
    ],
)
def test_environment_of_helm_and_the_modules(name: str, refused: bool) -> None:
    assert [leak.path for leak in guard.leaks(replace(RUN, environment={name: "x"}))] == [name] * refused


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    ("exempt", "refused"),
    [
        ({}, True),
        ({"no_proxy": "example.com"}, True),
        ({"NO_PROXY": ".svc, 127.0.0.1"}, False),
        ({"no_proxy": "*"}, False),
        # Python takes the small one, Go the large one.
        ({"no_proxy": "example.com", "NO_PROXY": "127.0.0.1"}, True),
        ({"no_proxy": "", "NO_PROXY": "127.0.0.1"}, False),
    ],
    ids=["none", "another", "loopback", "all", "two that differ", "an empty one"],
)
def test_proxy(name: str, exempt: dict[str, str], refused: bool) -> None:
    run = replace(RUN, environment={name: "http://proxy.example:3128", **exempt})
    assert [leak.path for leak in guard.leaks(run)] == [name] * refused


def test_empty_proxy_is_none() -> None:
    assert leaks(replace(RUN, environment={"HTTPS_PROXY": ""})) == []


def test_proxies_and_helm_do_not_matter_without_a_cluster() -> None:
    environment = {"HTTPS_PROXY": "http://proxy.example", "HELM_KUBEAPISERVER": "https://192.0.2.5"}
    assert leaks(replace(RUN, kubeconfigs={}, environment=environment)) == []


@pytest.mark.parametrize(
    ("strategy", "refused"),
    [("linear", False), ("ansible.builtin.free", False), ("mitogen_linear", True)],
)
def test_strategy(strategy: str, refused: bool) -> None:
    found = [leak.path for leak in guard.leaks(replace(RUN, strategy=strategy))]
    assert found == ["ANSIBLE_STRATEGY"] * refused

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan through Ansible: inventory files, limits, templates, secrets, and what a user reads."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import HYBRID, hybrid_plan
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import (
    Color,
    run_playbook,
)

pytestmark = pytest.mark.ansible

SECRET = "h1dden-from-everyone"


def overlay(folder: Path, text: str) -> Path:
    """Write a second inventory source with variables of all hosts."""
    path = folder / "overlay.yml"
    path.write_text(f"all:\n  vars:\n{text}", encoding="utf-8")
    return path


def test_ansible_and_the_tests_read_the_reference_site_alike(tmp_path: Path) -> None:
    plan_file = tmp_path / "plan.json"
    run_playbook("plan.yml", HYBRID, f"edge_plan_file={plan_file}").check(0)
    expected = json.loads(json.dumps(hybrid_plan().data))
    assert json.loads(plan_file.read_text("utf-8")) == expected


@pytest.mark.first_case
@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            "edge_plan_filee=plan.json",
            "-e edge_plan_filee: is not a variable of this collection (did you mean 'edge_plan_file'?)",
        ),
        (
            "edge_plan_report=sumary",
            "-e edge_plan_report: must be full, summary or tables, not 'sumary' (did you mean 'summary'?)",
        ),
    ],
    ids=["name", "word"],
)
def test_what_nobody_reads_on_the_command_line_is_told_once_and_ends_the_run(given: str, told: str) -> None:
    run = run_playbook("plan.yml", HYBRID, given)
    assert run.status != 0
    assert run.output.replace("\n", " ").count(told.split(":", maxsplit=1)[0] + ":") >= 1
    assert told in " ".join(run.output.split())


@pytest.mark.long
def test_the_plan_file_is_byte_stable(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run_playbook("plan.yml", HYBRID, f"edge_plan_file={tmp_path / name}").check(0)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.each_core
@pytest.mark.parametrize(
    "line",
    [
        "public-ingress  node01  10.121.0.11  65001  udm-pro  10.121.0.1  65000  30/10 s         no",
        "private-ingress  10.122.0.128/28  L2 private          16 ipv4   1     15 ipv4  10.122.0.128",
        "affine/affine-svc-lb                            private-service  10.122.0.171     L2 private",
        "udm-pro.edge_router_id                                                     10.121.0.1                       the router's lowest IPv4 address",
    ],
    ids=["session", "pool", "service", "derived"],
)
def test_the_plan_shows(line: str, shown: str) -> None:
    assert line in shown


@pytest.fixture(scope="module")
def shown() -> str:
    """Return what plan.yml prints for the reference site."""
    result = run_playbook("plan.yml", HYBRID)
    result.check(0)
    return result.output


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    extra = overlay(
        tmp_path,
        "    edge_pool: {}\n    edge_bgp_defaults__b: {nodes: public}\n    edge_colour: blue\n    edge_pools__b: {lan: 5}\n",
    )
    result = run_playbook("plan.yml", HYBRID, options=("-i", str(extra)))
    result.check(2)
    for line in (
        "The inventory has 3 errors; nothing was connected to or changed.",
        "error EDGE101 edge_pool: is not a variable of this collection (did you mean 'edge_pools'?)",
        "error EDGE102 edge_pools__b.lan: must be a map with known keys, not the number 5 (known keys: ",
        "error EDGE107 edge_bgp_defaults__b.nodes: stands in edge_bgp_defaults too (keep it in one layer)",
        "warning EDGE110 edge_colour: is not a variable of this collection",
    ):
        assert line in result.output


@pytest.mark.first_case
@pytest.mark.parametrize("playbook", ["plan.yml", "site.yml"])
@pytest.mark.parametrize("errors", [1, 3, 8])
def test_each_error_is_shown_once(playbook: str, errors: int, tmp_path: Path) -> None:
    extra = overlay(tmp_path, "".join(f"    edge_pools__x{number}: 5\n" for number in range(errors)))
    result = run_playbook(playbook, HYBRID, options=("-i", str(extra)))
    result.check(2)
    for number in range(errors):
        assert result.output.count(f"EDGE102 edge_pools__x{number}: ") == 1, result.output
    assert len(result.output.splitlines()) <= 30 + errors


@pytest.mark.long
def test_more_verbose_output_lists_sessions_and_not_the_whole_plan_as_data(tmp_path: Path) -> None:
    nodes = {f"k{number}": {"ansible_host": f"192.0.2.{number}"} for number in range(10, 60)}
    site = {
        "vars": {"edge_networks": {"lan": {"cidr": "192.0.2.0/24"}}, "edge_peerings": {"k8s": {}}},
        "children": {
            "edge_routers": {"hosts": {"gw": {"ansible_host": "192.0.2.1", "edge_router_asn": 64700}}},
            "edge_clusters": {"hosts": {"home": {"edge_cluster_asn": 64701, "edge_cilium_version": "1.19.6"}}},
            "edge_nodes": {"hosts": nodes},
        },
    }
    hosts = tmp_path / "hosts.yml"
    hosts.write_text(yaml.safe_dump({"all": site}), encoding="utf-8")
    for options, rows in (((), 0), (("-v",), len(nodes))):
        result = run_playbook("plan.yml", hosts, options=options)
        result.check(0)
        lines = result.output.splitlines()
        assert (
            sum(line.split()[:1] == ["k8s"] and "9/3 s" in line and "and 47 more" not in line for line in lines) == rows
        )
        assert len(lines) < 60 + 3 * rows


def warned(folder: Path, color: Color, environment: dict[str, str] | None = None) -> list[str]:
    """Return the lines of a run with a warning and an accepted warning."""
    extra = overlay(
        folder,
        "    edge_x: 1\n    edge_colour: blue\n    edge_accept: {EDGE110: {edge_color: known}}\n    edge_color: 1\n",
    )
    result = run_playbook("plan.yml", HYBRID, options=("-i", str(extra)), environment=environment, color=color)
    result.check(0)
    return [line for line in result.output.splitlines() if "EDGE110" in line]


@pytest.mark.first_case
@pytest.mark.each_core
@pytest.mark.parametrize(
    ("color", "environment", "colored"),
    [
        pytest.param(Color.TERMINAL, {}, True, id="a terminal"),
        pytest.param(Color.TERMINAL, {"NO_COLOR": "1"}, False, id="a terminal without color"),
        pytest.param(Color.FILE, {}, False, id="a file"),
        pytest.param(Color.FILE, {"ANSIBLE_FORCE_COLOR": "1"}, True, id="a file that wants color"),
    ],
)
def test_a_warning_has_the_color_of_ansible_and_an_accepted_one_has_none(
    color: Color, environment: dict[str, str], colored: bool, tmp_path: Path
) -> None:
    lines = warned(tmp_path, color, environment)
    assert [line.startswith("\x1b[") for line in lines if "edge_colour" in line] == [colored]
    assert [line.startswith("\x1b[") for line in lines if "edge_color:" in line] == [False]


CALLBACK = """
DOCUMENTATION = "name: one_json\\ntype: stdout\\nshort_description: says nothing\\ndescription: as its name says"
from ansible.plugins.callback import CallbackBase
class CallbackModule(CallbackBase):
    CALLBACK_TYPE, CALLBACK_NAME = "stdout", "one_json"
"""
"""A callback that owns standard output, as those that write one JSON document do."""


@pytest.mark.each_core
def test_a_callback_that_writes_json_has_standard_output_for_itself(tmp_path: Path) -> None:
    (tmp_path / "one_json.py").write_text(CALLBACK, encoding="utf-8")
    extra = overlay(tmp_path, "    edge_pools__x: 5\n")
    environment = {"ANSIBLE_CALLBACK_PLUGINS": str(tmp_path), "ANSIBLE_STDOUT_CALLBACK": "one_json"}
    result = run_playbook("plan.yml", HYBRID, options=("-i", str(extra)), environment=environment)
    result.check(2)
    assert "error EDGE102 edge_pools__x: " in result.errors
    assert result.output == result.errors


def test_a_template_that_fails_is_a_finding(tmp_path: Path) -> None:
    extra = overlay(tmp_path, '    edge_pools__b: {lan: {addresses: "{{ no_such_variable }}"}}\n')
    result = run_playbook("plan.yml", HYBRID, options=("-i", str(extra)))
    result.check(2)
    assert "EDGE109 platform.edge_pools__b: " in result.output
    assert "'no_such_variable' is undefined" in result.output


@pytest.mark.first_case
@pytest.mark.parametrize(
    ("limit", "missing"),
    [
        ("udm-pro", "error EDGE113 --limit: has udm-pro without platform, which shares a peering with it"),
        ("platform", "error EDGE113 --limit: has platform without udm-pro, which shares a peering with it"),
        ("node01", "error EDGE113 --limit: has node01 without platform, udm-pro, which share a peering with it"),
        (
            "node0*",
            "error EDGE113 --limit: has node01, node02, node03 and 1 more without platform, udm-pro, which share a peering"
            " with them (add",
        ),
    ],
    ids=["router", "cluster", "node", "nodes"],
)
def test_a_limit_needs_both_ends(limit: str, missing: str) -> None:
    result = run_playbook("plan.yml", HYBRID, options=("--limit", limit))
    result.check(2)
    assert missing in " ".join(result.output.split())
    assert result.output.count("EDGE113") == 1


@pytest.mark.first_case
@pytest.mark.parametrize(
    "options",
    [("--limit", "udm-pro,platform"), ("--limit", "udm-pro", "--tags", "router"), ("--limit", "all")],
    ids=["both", "one-end-by-tag", "all"],
)
def test_a_limit_that_is_wide_enough(options: tuple[str, ...]) -> None:
    run_playbook("plan.yml", HYBRID, options=options).check(0)


def test_an_inventory_without_our_groups_is_an_error(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts.yml"
    hosts.write_text("all: {hosts: {other: {}}}\n", encoding="utf-8")
    result = run_playbook("plan.yml", hosts)
    result.check(2)
    assert "EDGE112 inventory: no host is in edge_routers, edge_clusters or edge_nodes" in result.output


def test_passwords_are_named_and_never_shown(tmp_path: Path) -> None:
    extra = overlay(tmp_path, f"    edge_bgp_passwords: {{public-ingress: {SECRET}}}\n")
    plan_file = tmp_path / "plan.json"
    folder = tmp_path / "rendered"
    options = ("-i", str(extra), "-vvv", "--diff")
    result = run_playbook(
        "render.yml", HYBRID, f"edge_plan_file={plan_file}", f"edge_render_dir={folder}", options=options
    )
    result.check(0)
    written = [path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()]
    assert not any(SECRET in text for text in [result.output, plan_file.read_text("utf-8"), *written])
    assert json.loads(plan_file.read_text("utf-8"))["routers"]["udm-pro"]["passwords"] == ["platform/public-ingress"]
    assert "password SECRET:platform/public-ingress" in (folder / "udm-pro" / "frr.conf").read_text("utf-8")


def test_the_plan_as_data_has_no_password(tmp_path: Path) -> None:
    """Ansible shows a task's result with -v only where the task lets it: so a play shows it here."""
    extra = overlay(tmp_path, f"    edge_bgp_passwords: {{public-ingress: {SECRET}}}\n")
    play = tmp_path / "show.yml"
    play.write_text(
        "- hosts: all\n  gather_facts: false\n  tasks:\n"
        "    - hybridnet.cluster_edge.edge_plan:\n      run_once: true\n      register: result\n"
        "    - ansible.builtin.debug: {var: result}\n      run_once: true\n",
        encoding="utf-8",
    )
    result = run_playbook(str(play), HYBRID, options=("-i", str(extra), "-vvv"))
    result.check(0)
    assert "platform/public-ingress" in result.output
    assert SECRET not in result.output


RESULTS = """
from pathlib import Path
from ansible.plugins.callback import CallbackBase
class CallbackModule(CallbackBase):
    CALLBACK_TYPE, CALLBACK_NAME = "aggregate", "all_results"
    def v2_runner_on_ok(self, result):
        with Path(__file__).with_name("results.txt").open("a") as file:
            file.write(f"{result.task.get_name()}: {self._dump_results(result.result)}\\n")
    v2_runner_item_on_ok = v2_runner_on_ok
"""
"""A callback that writes down all results, as those of AWX do."""


@pytest.mark.each_core
@pytest.mark.parametrize("secret", [True, False])
def test_helm_values_that_may_be_secrets_are_in_no_result(secret: bool, tmp_path: Path) -> None:
    """Whoever may read a job would read them. Where there are none, the result is as useful as any other."""
    values = {"hubble": {"tls": {"ca": {"key": SECRET}}}} if secret else {"clusterName": SECRET}
    (tmp_path / "more").mkdir()
    extra = overlay(tmp_path / "more", f"    edge_cilium_values: {json.dumps(values)}\n")
    (tmp_path / "all_results.py").write_text(RESULTS, encoding="utf-8")
    plan_file = tmp_path / "plan.json"
    plan_file.write_text(json.dumps({"helm_values": {"key": SECRET}}), encoding="utf-8")
    environment = {"ANSIBLE_CALLBACK_PLUGINS": str(tmp_path), "ANSIBLE_CALLBACKS_ENABLED": "all_results"}
    options = ("-i", str(extra), "--diff", "-vvv")
    run = run_playbook("plan.yml", HYBRID, f"edge_plan_file={plan_file}", options=options, environment=environment)
    run.check(0)
    results = (tmp_path / "results.txt").read_text("utf-8")
    assert "Plan | Compute the plan from the inventory" in results
    assert "Plan | Write the changes, and the plan as JSON, where they were asked for" in results
    assert (SECRET in results) is not secret
    assert SECRET not in run.output
    assert SECRET in plan_file.read_text("utf-8")


def test_the_key_of_unifi_network_is_not_even_resolved(tmp_path: Path) -> None:
    """A key in a vault that this run cannot open is no reason against a plan."""
    hosts = {"udm-pro": {
        "edge_router_bgp_owner": "controller", "edge_router_controller": {"url": "https://192.0.2.1"},
        "edge_router_controller_api_key": "{{ lookup('ansible.builtin.file', '/nonexistent') }}",
    }}  # fmt: skip
    extra = tmp_path / "key.yml"
    extra.write_text(json.dumps({"all": {"children": {"edge_routers": {"hosts": hosts}}}}), encoding="utf-8")
    plan_file = tmp_path / "plan.json"
    result = run_playbook("plan.yml", HYBRID, f"edge_plan_file={plan_file}", options=("-i", str(extra)))
    result.check(0)
    router = json.loads(plan_file.read_text("utf-8"))["routers"]["udm-pro"]
    assert router["controller"]["url"] == "https://192.0.2.1"
    assert "its BGP is written through UniFi Network" in result.output


def test_secrets_are_rendered_on_demand_and_for_the_owner_alone(tmp_path: Path) -> None:
    extra = overlay(tmp_path, f"    edge_bgp_passwords: {{public-ingress: {SECRET}}}\n")
    options = ("-i", str(extra), "-vvv", "--diff")
    result = run_playbook(
        "render.yml", HYBRID, f"edge_render_dir={tmp_path}", "edge_render_secrets=true", options=options
    )
    result.check(0)
    assert SECRET not in result.output
    files = [tmp_path / "udm-pro" / "frr.conf", tmp_path / "platform" / "manifests" / "secrets.yaml"]
    assert f"password {SECRET}" in files[0].read_text("utf-8")
    assert base64.b64encode(SECRET.encode()).decode() in files[1].read_text("utf-8")
    assert [oct(path.stat().st_mode & 0o777) for path in files] == ["0o600", "0o600"]


@pytest.mark.long
def test_every_kind_of_helm_value_is_rendered(tmp_path: Path) -> None:
    values = "{bpf: {mapDynamicSizeRatio: 0.0005}, operator: {replicas: 2}, debug: {enabled: true}, podAnnotations: {d: 2026-01-31}}"
    extra = overlay(tmp_path, f"    edge_cilium_values: {values}\n")
    result = run_playbook("render.yml", HYBRID, f"edge_render_dir={tmp_path}", options=("-i", str(extra)))
    result.check(0)
    rendered = yaml.safe_load((tmp_path / "platform" / "values.yaml").read_text("utf-8"))
    assert rendered["bpf"] == {"mapDynamicSizeRatio": 0.0005}
    assert (rendered["operator"]["replicas"], rendered["debug"]) == (2, {"enabled": True})
    assert rendered["podAnnotations"] == {"d": "2026-01-31"}


def test_a_diff_hides_a_password_of_an_earlier_rendering(tmp_path: Path) -> None:
    extra = overlay(tmp_path, f"    edge_bgp_passwords: {{public-ingress: {SECRET}}}\n")
    folder = f"edge_render_dir={tmp_path}"
    options = ("-i", str(extra), "--diff")
    run_playbook("render.yml", HYBRID, folder, "edge_render_secrets=true", options=options).check(0)
    result = run_playbook("render.yml", HYBRID, folder, options=options)
    result.check(0)
    assert "neighbor platform-public-ingress password ********" in result.output
    assert SECRET not in result.output


@pytest.mark.first_case
@pytest.mark.parametrize("value", ['"s3cret\\n"', '"s3cret|b"', "[s3cret, b]", '"s3cret b"'])
def test_a_password_that_an_end_would_not_take_is_refused_unseen(tmp_path: Path, value: str) -> None:
    extra = overlay(tmp_path, f"    edge_bgp_passwords: {{public-ingress: {value}}}\n")
    result = run_playbook(
        "render.yml", HYBRID, f"edge_render_dir={tmp_path}", "edge_render_secrets=true", options=("-i", str(extra))
    )
    result.check(2)
    told = " ".join(result.output.split())
    assert "platform.edge_bgp_passwords.public-ingress: must be a text of 1 to 80 characters" in told
    assert "s3cret" not in told


@pytest.mark.each_core
def test_an_inline_vault_value_needs_no_vault_password(tmp_path: Path) -> None:
    vault = "$ANSIBLE_VAULT;1.1;AES256\n" + "3" * 80
    text = "    edge_bgp_passwords:\n      public-ingress: !vault |\n" + "".join(
        f"        {line}\n" for line in vault.split("\n")
    )
    result = run_playbook("plan.yml", HYBRID, options=("-i", str(overlay(tmp_path, text))))
    result.check(0)
    assert "30/10 s         yes" in result.output


SMALL = """\
all:
  vars:
    edge_networks: {lan: {cidr: 192.0.2.0/25}}
    edge_peerings: {k8s: {}}
    edge_pools: {lb: {addresses: 192.0.2.128/25}}
    edge_services: {media/plex: {}, media/jellyfin: {}, web/a: {addresses: 192.0.2.128}}
    edge_accept: {EDGE411: not looked at here}
  children:
    edge_routers: {hosts: {udm: {ansible_host: 192.0.2.1, edge_router_asn: 64700}}}
    edge_clusters:
      hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_allocation: planned}}
    edge_nodes: {hosts: {k1: {ansible_host: 192.0.2.11}}}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return the folder of an inventory that plans its addresses; Ansible reads all of it, this file too."""
    (tmp_path / "hosts.yml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def test_planned_addresses_are_kept_in_a_file(small: Path) -> None:
    file = small / "edge_allocation.yml"
    checked = run_playbook("plan.yml", small, options=("--check", "--diff"))
    checked.check(0)
    assert '+      home/media/jellyfin: ["192.0.2.129"]' in checked.output
    assert not file.exists()
    first = run_playbook("plan.yml", small)
    first.check(0)
    assert "changed=1" in first.output
    assert file.read_text("utf-8").splitlines()[-2:] == [
        '      home/media/jellyfin: ["192.0.2.129"]',
        '      home/media/plex: ["192.0.2.130"]',
    ]
    assert oct(file.stat().st_mode & 0o777) == "0o644"
    second = run_playbook("plan.yml", small)
    second.check(0)
    assert "changed=0" in second.output
    assert "WARNING" not in second.output


@pytest.mark.first_case
@pytest.mark.parametrize(("said", "kept"), [("false", False), ("no", False), ("true", True)])
def test_text_says_whether_planned_addresses_are_kept(said: str, kept: bool, small: Path) -> None:
    """What -e and a survey give is text, and each text but the empty one is true for Jinja."""
    run_playbook("plan.yml", small, f"edge_plan_keep_allocations={said}").check(0)
    assert (small / "edge_allocation.yml").exists() is kept


@pytest.mark.long
def test_a_planned_address_stays_when_its_neighbors_leave(small: Path) -> None:
    (small / "edge_allocation.yml").write_text(
        'all:\n  vars:\n    edge_plan_allocations:\n      home/media/plex: ["192.0.2.140"]\n      home/old/one: ["192.0.2.129"]\n',
        encoding="utf-8",
    )
    run_playbook("plan.yml", small).check(0)
    assert (small / "edge_allocation.yml").read_text("utf-8").splitlines()[-2:] == [
        '      home/media/jellyfin: ["192.0.2.129"]',
        '      home/media/plex: ["192.0.2.140"]',
    ]


def test_a_file_with_a_merge_that_nobody_finished_is_an_error_and_stays(small: Path) -> None:
    text = "<<<<<<< HEAD\n"
    (small / "kept.txt").write_text(text, encoding="utf-8")
    result = run_playbook("plan.yml", small, "edge_allocation_file=kept.txt")
    result.check(2)
    assert "error EDGE530 kept.txt:1: is a line of a merge that nobody finished: '<<<<<<< HEAD'" in result.output
    assert (small / "kept.txt").read_text("utf-8") == text


@pytest.mark.long
def test_a_file_that_is_a_folder_is_an_error(small: Path) -> None:
    result = run_playbook("plan.yml", small, "edge_allocation_file=..")
    result.check(2)
    assert "error EDGE530 ..: cannot be read: Is a directory (edge_allocation_file names it)" in result.output


@pytest.mark.each_core
def test_a_misspelt_option_of_a_role_in_the_inventory_is_an_error(tmp_path: Path) -> None:
    result = run_playbook("plan.yml", HYBRID, options=("-i", str(overlay(tmp_path, "    edge_verify_striict: true\n"))))
    result.check(2)
    assert (
        "edge_verify_striict: is not a variable of this collection (did you mean 'edge_verify_strict'?)"
        in result.output
    )

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What fails is shown once: no second copy of the text, and no excerpt of our own task files."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible.playbook.task import Task
from ansible.plugins.action import ActionBase
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible import failures
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.playbook import run_playbook

ACTIONS = sorted(path.stem for path in (CHECKOUT / "plugins" / "action").glob("*.py") if path.stem != "__init__")


class Failing(ActionBase):
    """Fails in the way that it is told."""

    def __init__(self, how: object) -> None:
        self.how = how
        self._task = Task()

    def run(self, tmp: str | None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Return or raise it."""
        if isinstance(self.how, Exception):
            raise self.how
        assert isinstance(self.how, dict)
        return self.how


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"failed": True, "msg": "it is wrong", "rows": 3}, id="returned"),
        pytest.param(AnsibleActionFail("it is wrong", result={"rows": 3}), id="raised"),
    ],
)
def test_a_failure_has_its_text_and_its_data_and_no_exception(how: object) -> None:
    action = failures.fails_once(type("Action", (Failing,), {}))(how)
    with pytest.raises(failures.ShownOnceFail) as raised:
        action.run()
    assert raised.value.message == "it is wrong"
    assert {key: value for key, value in raised.value.result.items() if key not in ("failed", "msg")} == {"rows": 3}
    assert raised.value.omit_exception_key


def test_a_long_line_is_shown_whole() -> None:
    text = "the host's own name is " + "long " * 20 + "end"
    assert failures.ShownOnceFail(text).message == f"{text}\n"
    for short in ("it is wrong", f"{text}\nand more"):
        assert failures.ShownOnceFail(short).message == short


def test_what_did_not_fail_and_a_module_that_crashed_are_left_as_they_are() -> None:
    for result in ({"changed": True}, {"failed": True, "msg": "MODULE FAILURE", "module_stderr": "Traceback"}):
        assert failures.fails_once(type("Action", (Failing,), {}))(result).run() == result


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_fails_in_this_way(name: str) -> None:
    text = (CHECKOUT / "plugins" / "action" / f"{name}.py").read_text("utf-8")
    assert "@fails_once\nclass ActionModule(" in text


def test_no_task_fails_by_an_action_of_ansible_core() -> None:
    files = [*(CHECKOUT / "roles").rglob("tasks/*.yml"), *(CHECKOUT / "playbooks").glob("*.yml")]
    users = [
        str(file.relative_to(CHECKOUT))
        for file in files
        if any(f"ansible.builtin.{name}:" in file.read_text("utf-8") for name in ("fail", "assert"))
    ]
    assert users == []


@pytest.mark.each_core
@pytest.mark.ansible
def test_ends_that_are_away_are_named_once_with_the_reason_and_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "c",
            }
        ),
        encoding="utf-8",
    )
    site = yaml.safe_load((CHECKOUT / "tests" / "sites" / "minimal" / "inventory.yml").read_text("utf-8"))
    groups = site["all"]["children"]
    for router in groups["edge_routers"]["hosts"].values():
        address = router.pop("ansible_host")
        router.update(edge_addresses={"lan": address}, ansible_host="127.0.0.1", ansible_port=1)
    for cluster in groups["edge_clusters"]["hosts"].values():
        cluster["edge_cluster_kubeconfig"] = str(tmp_path / "kubeconfig")
    inventory = tmp_path / "site.yml"
    inventory.write_text(yaml.safe_dump(site), encoding="utf-8")

    router = run_playbook("site.yml", inventory, options=("--tags", "router"))
    assert router.status != 0
    assert router.output.count("Connection refused") == 1
    assert "edge_router_managed: false" in router.output
    cluster = run_playbook("site.yml", inventory, options=("--tags", "cluster"))
    assert cluster.status != 0
    assert cluster.output.count("Connection refused") == 1
    preview = run_playbook("site.yml", inventory, options=("--tags", "cluster", "--check"))
    assert preview.status != 0
    assert preview.output.count("Connection refused") == 1
    assert "the API server https://127.0.0.1:1" in cluster.output
    assert "HTTPSConnection" not in cluster.output
    assert "kubectl --kubeconfig FILE get --raw /readyz" in cluster.output
    for run in (router, cluster):
        assert "Origin:" not in run.output
        assert "[ERROR]" not in run.output

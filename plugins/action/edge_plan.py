# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read all hosts' variables once and return the plan; no connection is opened."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from ansible import context
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.playbook import Playbook
from ansible.playbook.block import Block
from ansible.playbook.role import Role
from ansible.playbook.task import Task
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.action import ActionBase
from ansible.utils.collection_loader._collection_finder import _get_collection_playbook_path
from ansible.utils.display import Display
from ansible_collections.hybridnet.cluster_edge.plugins.action import edge_guard
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.variables import given_variables
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_values import has_secrets
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.changes import ChangesDocument
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import PlanDocument
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.saved import saved_plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.finding import FindingEntry
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.report import Report
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.wording import some
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.extra_variables import (
    check_extra_variables,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys import (
    OTHER_NAMES,
    ROLE_PREFIXES,
    VARIABLES,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.router import CONTROLLER_SECRETS
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.layers import base_name
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.parse import (
    GROUPS,
    READ_FROM,
    Inventory,
    is_like_ours,
    is_ours,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.run_tags import check_run_tags
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import is_literal, plain
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.changes import changes_document
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import Plan, plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.text import (
    changes_markdown,
    changes_text,
    error_text,
    shown_texts,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._pools.allocation_file import (
    VARIABLE,
    Allocations,
    Fault,
    format_allocations,
    parse_allocations,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._resolve.site import missing_from_limit

display = Display()

ROLES = Path(__file__).parents[2] / "roles"
SECRETS = "edge_bgp_passwords"
"""Its names are part of the plan, its values never: they are not even resolved."""


def show_at_once() -> None:
    """Let what Ansible displays appear line by line where standard output is a file, a pipe or a CI log.

    Ansible flushes it where it starts a task and at the end of a run only: what a task shows while it runs would be
    there when it is over, minutes later.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)


# Ansible imports an action in the process that displays, before it forks, and our playbooks begin with this one.
show_at_once()


@fails_once
class ActionModule(ActionBase):
    """Compute the plan of the whole inventory."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the plan, or fail with every finding at once."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        options = self.validate_argument_spec(
            argument_spec={
                "one_end": {"type": "bool", "default": False},
                "before": {"type": "path"},
                "changes_file": {"type": "path"},
                "full": {"type": "bool", "default": True},
                "fail_on_errors": {"type": "bool", "default": True},
                "guard": {"type": "bool", "default": True},
            }
        )[1]
        # Every play of ours needs the plan, so none gets past this: not with --skip-tags, not with --start-at-task.
        if options["guard"]:
            edge_guard.hold(self._task, variables)
        check_changes_file(options["changes_file"], options["before"])
        before = read_plan(options["before"]) if options["before"] else None
        extra = Report()
        given = given_variables(variables)
        # To read what the roles take costs 0.1 s.
        others = role_options(self._loader) if any(is_ours(name) and name not in VARIABLES for name in given) else ()
        unknown = check_extra_variables(given, others, extra)
        if "all" not in (run_tags := variables.get("ansible_run_tags") or ["all"]):
            listed = listed_tags(variables["hostvars"]._variable_manager, self._loader)
            if listed is not None:
                check_run_tags(run_tags, listed, extra)
        inventory = with_role_options(read_inventory(variables, unknown), self._loader)
        files, faults = allocation_files(inventory, variables["hostvars"])
        kept = {name: tuple(address.text for address in own) for file in files for name, own in file.kept.items()}
        computed = plan(replace(inventory, allocations=kept))
        findings = [*faults, *(finding.as_dict() for finding in (*extra.findings, *computed.findings))]
        if not computed.failed and not faults and not extra.findings and not options["one_end"]:
            findings = [*limit_findings(computed, variables), *findings]
        document = computed.data
        if document is None or any(finding["severity"] == "error" for finding in findings):
            failed = {**result, "changed": False, "findings": findings, "msg": error_text(findings)}
            return {**failed, "failed": True} if options["fail_on_errors"] else failed
        told = texts(document, before, options["full"] or display.verbosity > 0, options["changes_file"])
        written = [file.planned(document["allocations"]) for file in files]
        return {**result, **unshown(document), "changed": False, **document, **told, "allocation_files": written}


def unshown(document: PlanDocument) -> dict[str, bool]:
    """Return what keeps a plan from being shown as a result; what is registered is whole.

    With -v the text lists everything; the result would be thousands of lines more (``edge_plan_file`` has it). Other
    callbacks than the default one, as that of AWX, get no result with Helm values that may be secrets.
    """
    secret = any(has_secrets(cluster["helm_values"]) for cluster in document["clusters"].values())
    return {"_ansible_verbose_override": True, **({"_ansible_no_log": True} if secret else {})}


def texts(document: PlanDocument, before: PlanDocument | None, full: bool, changes_file: str | None) -> dict[str, Any]:
    """Return the plan as text, and what it changes of an earlier plan.

    Args:
        document: the plan.
        before: a plan that was written earlier; None = there is nothing to compare with.
        full: whether everything is listed, also of what there is much of.
        changes_file: the file that the changes go to; its ending names their form.
    """
    if before is None:
        return dict(shown_texts(document, full))
    changes = changes_document(before, document)
    result: dict[str, Any] = dict(shown_texts(document, full, changes))
    result.update(changes=changes["changes"], resets=changes["resets"])
    if changes_file:
        result["changes_content"] = changes_content(changes, changes_file)
    return result


def read_plan(path: str) -> PlanDocument:
    """Return a plan that was written earlier (``edge_plan_file``)."""
    try:
        return saved_plan(json.loads(Path(path).read_text("utf-8")), f"edge_plan_before: {path}")
    except OSError as error:
        raise AnsibleActionFail(f"edge_plan_before: {path} cannot be read: {error.strerror}") from None
    except EdgeError as error:  # a ValueError too
        raise AnsibleActionFail(str(error)) from error
    except ValueError as error:
        raise AnsibleActionFail(f"edge_plan_before: {path} is not JSON: {error}") from error


ENDINGS = (".json", ".md", ".txt")


def check_changes_file(path: str | None, before: str | None) -> None:
    """Refuse a file of changes whose ending names no form, and one without a plan to compare with."""
    if path and Path(path).suffix not in ENDINGS:
        raise AnsibleActionFail(
            f"edge_plan_changes_file: {path} must end in .md (Markdown), .json or .txt; the ending says what is written"
        )
    if path and not before:
        raise AnsibleActionFail(
            f"edge_plan_changes_file: {path} has nothing to compare with: give -e edge_plan_before=plan.json, too"
            " (write one with -e edge_plan_file=plan.json from the inventory of before)"
        )


def changes_content(changes: ChangesDocument, path: str) -> str:
    """Return the changes in the form that the ending of ``path`` names."""
    if Path(path).suffix == ".json":
        return json.dumps(changes, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return changes_markdown(changes) if Path(path).suffix == ".md" else changes_text(changes) + "\n"


def listed_tags(manager: Any, loader: Any) -> frozenset[str] | None:
    """Return the tags of all plays and tasks of the run, as ``ansible-playbook --list-tags`` does.

    Returns:
        None where they cannot be told before it runs: a tag is computed, or a task that always runs includes others.
        (Those that a role of this collection includes have no tags of their own.)
    """
    tags: set[str] = set()
    for name in context.CLIARGS.get("args") or ():
        resource = _get_collection_playbook_path(name)
        path = resource[1] if resource else name
        if not os.path.isfile(path):  # a pipe was read to its end
            return None
        for play in Playbook.load(path, variable_manager=manager, loader=loader).get_plays():
            tags.update(play.tags)
            for task in (task for block in play.compile() for task in tasks_of(block)):
                if isinstance(task, TaskInclude) and "always" in task.tags and not in_our_roles(task):
                    return None
                tags.update(task.tags)
    return None if not tags or any("{{" in tag for tag in tags) else frozenset(tags)


def in_our_roles(task: Task) -> bool:
    """Return whether a task stands in a role of this collection."""
    return isinstance(task._role, Role) and Path(task._role._role_path).resolve().parent == ROLES.resolve()


def tasks_of(block: Block) -> Iterator[Task]:
    """Yield the tasks of a block and of the blocks in it."""
    for item in (*block.block, *block.rescue, *block.always):
        if isinstance(item, Block):
            yield from tasks_of(item)
        else:
            yield item


def is_of_a_role(variable: str) -> bool:
    """Return whether a variable can only be an option of a role."""
    return variable.startswith(ROLE_PREFIXES) and variable not in (*VARIABLES, *OTHER_NAMES)


def with_role_options(inventory: Inventory, loader: Any) -> Inventory:
    """Return the inventory with what the roles take, where any of its variables needs that to be judged."""
    if not any(map(is_of_a_role, chain.from_iterable(inventory.variables.values()))):
        return inventory
    return replace(inventory, role_options=role_options(loader))


def role_options(loader: Any) -> frozenset[str]:
    """Return the variables that the roles of this collection take, by their argument_specs."""
    names: set[str] = set()
    for path in sorted(ROLES.glob("*/meta/argument_specs.yml")):
        specs = loader.load_from_file(str(path))["argument_specs"]
        names.update(name for entry in specs.values() for name in entry.get("options", {}))
    return frozenset(names)


def read_inventory(task_vars: Mapping[str, Any], but: Collection[str] = ()) -> Inventory:
    """Return the three groups and the variables that the plan reads, without those named ``but``."""
    groups = task_vars.get("groups", {})
    members = {name: tuple(str(host) for host in groups.get(name, ())) for name in GROUPS}
    reader = _Reader(task_vars["hostvars"], frozenset(but))
    for group, hosts in members.items():
        for host in hosts:
            reader.read(host, READ_FROM[group])
    return Inventory(
        routers=members["edge_routers"],
        clusters=members["edge_clusters"],
        nodes=members["edge_nodes"],
        groups=frozenset(map(str, groups)),
        others={str(name): tuple(map(str, hosts)) for name, hosts in groups.items() if is_like_ours(str(name))},
        variables=reader.variables,
        failures={host: failed for host, failed in reader.failures.items() if failed},
    )


class _Reader:
    """Reads hosts' variables as cheaply as Ansible lets us: a site has thousands of hosts that inherit the same values.

    To put one host's variables together costs 1 ms, and to compute a value with the template engine ten times as much
    as to copy it. So each host is asked once, and only what has something to compute goes through the engine. A value
    that hosts inherit is copied once: they share the copy, which the library notices.
    """

    def __init__(self, hostvars: Any, but: frozenset[str]) -> None:
        self.variables: dict[str, dict[str, Any]] = {}
        self.failures: dict[str, dict[str, str]] = {}
        self._hostvars = hostvars
        self._but = but
        self._copies: dict[int, tuple[Any, Any]] = {}
        """Identity of a value as written -> it (so that its identity stays its own) and its copy."""

    def read(self, host: str, wanted: frozenset[str]) -> None:
        """Read one host; of variables that are not ``wanted`` only the names, which have no value then.

        An empty one of those says nothing at all, so it is left out.
        """
        raw = self._hostvars.raw_get(host)
        resolved = None
        variables = self.variables.setdefault(host, {})
        failures = self.failures.setdefault(host, {})
        for name in raw:
            if name != "ansible_host" and (not is_ours(name) or name in ("edge_plan", VARIABLE) or name in self._but):
                continue
            base = base_name(name)
            if base not in wanted and name != "ansible_host":
                if name not in failures and not (base in VARIABLES and is_empty(raw[name])):
                    variables.setdefault(str(name), None)
            elif base == SECRETS:
                variables[str(name)] = _names_only(raw[name])
            elif base in CONTROLLER_SECRETS:
                variables[str(name)] = not is_empty(raw[name])
            elif self._shared(raw[name]):
                variables[str(name)] = self._copies[id(raw[name])][1]
            else:
                resolved = resolved or self._hostvars[host]
                try:
                    variables[str(name)] = plain(resolved[name])
                except (AnsibleError, KeyError) as error:
                    variables.pop(str(name), None)
                    failures[str(name)] = _first_line(error)

    def _shared(self, value: Any) -> bool:
        """Return whether ``value`` is the same for every host that has it; it is copied at the first of them."""
        if id(value) not in self._copies:
            if not is_literal(value):
                return False
            self._copies[id(value)] = value, plain(value)
        return True


@dataclass(frozen=True, slots=True)
class AllocationFile:
    """One ``edge_allocation_file``, which several clusters may share."""

    path: Path
    clusters: frozenset[str]
    content: str
    """What it holds now; empty where it does not exist yet."""
    kept: Allocations

    def planned(self, allocations: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Return where the file is, what it must hold (the plan's addresses of its clusters), and whether it does."""
        own = {name: addresses for name, addresses in allocations.items() if name.partition("/")[0] in self.clusters}
        content = format_allocations(own)
        return {"path": str(self.path), "content": content, "as_planned": content == self.content}


def allocation_files(inventory: Inventory, hostvars: Any) -> tuple[list[AllocationFile], list[FindingEntry]]:
    """Return the files of planned addresses that the clusters name, and an error for each line that cannot be read.

    A file that does not exist yet holds nothing. Clusters that leave their addresses to Cilium have no file.
    """
    report = Report()
    users: dict[Path, set[str]] = {}
    names: dict[Path, str] = {}
    for host in inventory.clusters:
        variables = inventory.variables[host]
        if variables.get("edge_allocation") != "planned":
            continue
        name = str(variables.get("edge_allocation_file", VARIABLES["edge_allocation_file"].default))
        folder = hostvars.raw_get(host).get("inventory_dir") or Path.cwd()
        path = Path(folder, Path(name).expanduser())
        users.setdefault(path, set()).add(host)
        names.setdefault(path, name)
    files = []
    for path, clusters in sorted(users.items()):
        kept: Allocations = {}
        content = ""
        try:
            content = path.read_text("utf-8")
            kept, faults = parse_allocations(content)
        except FileNotFoundError:
            faults = []
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            faults = [Fault(0, f"cannot be read: {reason}", "edge_allocation_file names it")]
        for fault in faults:
            place = f"{names[path]}:{fault.line}" if fault.line else names[path]
            report.add("EDGE530", place, fault.problem, fault.hint)
        files.append(AllocationFile(path, frozenset(clusters), content, kept))
    return files, [finding.as_dict() for finding in report.findings]


def is_empty(value: Any) -> bool:
    """Return whether nothing is written; what Vault holds is something, and to compare it would decrypt it."""
    return value is None or (isinstance(value, (str, Mapping, list)) and not value)


def _names_only(value: Any) -> Any:
    """Return a map of passwords without its values; anything else as it is, for the finding that it deserves."""
    return {plain(name): None for name in value} if isinstance(value, Mapping) else plain(value)


def _first_line(error: Exception) -> str:
    """Return why a template fails, in one line."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]


def limit_findings(computed: Plan, task_vars: Mapping[str, Any]) -> list[FindingEntry]:
    """Return one error for the hosts of a --limit whose other end is left out."""
    report = Report()
    ours = {host for name in GROUPS for host in task_vars.get("groups", {}).get(name, ())}
    limited = frozenset(str(host) for host in task_vars.get("ansible_play_hosts_all", ())) & ours
    if not limited:
        report.add("EDGE112", "--limit", "leaves no host of edge_routers, edge_clusters or edge_nodes", "widen it")
    left_out = missing_from_limit(computed.site, limited)
    missing = sorted({host for hosts in left_out.values() for host in hosts})
    if missing:
        report.add(
            "EDGE113",
            "--limit",
            f"has {some(list(left_out))} without {', '.join(missing)}, which share{'s' if len(missing) == 1 else ''}"
            f" a peering with {'it' if len(left_out) == 1 else 'them'}",
            "add what is missing, or do one end only: --tags router or --tags cluster",
        )
    return [finding.as_dict() for finding in report.findings]

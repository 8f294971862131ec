#!/usr/bin/env python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what comes from the library's tables: the inventory's reference and schema, pages of findings, edge's arguments.

Run it after a change of the tables; a test compares the files with what it would write.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "collections"), str(CHECKOUT / "scripts")]

import plan_pages  # noqa: E402 - after the path is set
import site_picture  # noqa: E402
import yaml  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import versions as frr  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.distributions import DISTRIBUTIONS  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.code import Code  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._findings.table import LIVE_CODES, PLAN_CODES  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.json_schema import inventory_schema  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys import GROUPS  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.common import RecordOr  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.policies import POLICY_RECORD  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.types import (  # noqa: E402
    Key,
    ListOf,
    MapOf,
    Record,
    Secret,
    ValueType,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._new_inventory.questions import QUESTIONS, Question  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.text import plan_text  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import ROUTER_SUITES  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._versions import cilium  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import plan_page, read_page  # noqa: E402

VERIFY_MARKER = (
    "<!-- The rest is written by scripts/generate.py from plugins/plugin_utils/_findings/codes; edit that. -->"
)
YAML_HEADER = "".join(f"# {line}\n" for line in plan_pages.MD_HEADER[1:-2])
"""First lines of each file."""
FIRST_SITE = "The smallest site, and its plan"
"""Heading of README.md with an inventory and what the plan says of it."""
DEFAULT_OF_ANSWER = re.compile(r"Without it V\([^)]*\)\.")
"""The sentence of the module ``edge_new`` that says an answer's default."""
NOTE = "Written by scripts/generate.py from the library's tables; edit those."


def record_of(kind: ValueType) -> tuple[str, Record] | None:
    """Return the record inside a type, with what stands between the key and its own keys (``.N`` or nothing)."""
    if isinstance(kind, Record):
        return "", kind
    if isinstance(kind, MapOf) and isinstance(kind.value, Record):
        return ".N", kind.value
    if isinstance(kind, ListOf) and isinstance(kind.item, Record):
        return "[]", kind.item
    if isinstance(kind, RecordOr):
        return "", kind.record
    return None


def rows(prefix: str, keys: Iterable[Key]) -> list[str]:
    """Return table rows of keys and the keys inside them."""
    lines: list[str] = []
    for key in keys:
        name = f"{prefix}{key.name}"
        default = "**required**" if key.required else key.default_text
        lines.append(f"| `{name}` | {key.type.label} | {default} | {key.description} |")
        inner = record_of(key.type)
        if inner:
            lines += rows(f"{name}{inner[0]}.", inner[1].keys.values())
    return lines


def inventory_page() -> str:
    """Return docs/reference/inventory.md."""
    lines = [
        *plan_pages.MD_HEADER,
        "# Inventory reference",
        "",
        f"<!-- {NOTE} -->",
        "",
        "Every variable of the inventory. Durations are seconds; a list of one may stand without brackets; a selector is",
        "kubectl's label-selector text (`public=true`, `private`, `rack in (a,b)`, `!control-plane`). Maps at the first level",
        "take layers: `edge_pools__media` adds to `edge_pools`. What a key's default is computed from, `playbooks/plan.yml`",
        "says for your site. How the pieces fit together: [inventory.md](../inventory.md).",
    ]
    for title, keys in GROUPS:
        lines += ["", f"## {title}", "", "| key | type | default | meaning |", "|---|---|---|---|", *rows("", keys)]
    lines += [
        "",
        "## Policy",
        "",
        "What `import` and `export` take: the word `all` (nothing is filtered; warns), or a map of what passes. Without it",
        "nothing passes.",
        "",
        "| key | type | default | meaning |",
        "|---|---|---|---|",
        *rows("", POLICY_RECORD.keys.values()),
    ]
    return "\n".join(lines) + "\n"


def schema_page() -> str:
    """Return docs/reference/inventory.schema.json."""
    document = {"$comment": NOTE, **inventory_schema()}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def code_sections(codes: Mapping[str, Code], says: Callable[[Any], str]) -> list[str]:
    """Return an index of codes, and a section for each: its severity, what ``says`` says of it, and its example."""
    lines = ["| code | severity | what |", "|---|---|---|"]
    lines += [f"| [{code}](#{code.lower()}) | {item.severity} | {item.title} |" for code, item in codes.items()]
    for code, item in codes.items():
        lines += ["", f'### <a id="{code.lower()}"></a>{code}: {item.title}', "", f"*{item.severity}* {says(item)}"]
        lines += ["", "```text", item.example, "```"]
    return lines


def findings_page() -> str:
    """Return docs/findings.md."""
    lines = [
        *plan_pages.MD_HEADER,
        "# Findings",
        "",
        f"<!-- {NOTE} -->",
        "",
        "Every error and warning has a code that never changes its meaning, and reads `path: problem (hint)`. Errors of the",
        "inventory are all told in one pass, before the first connection. A warning can be accepted with a reason:",
        "",
        "```yaml",
        "edge_accept:",
        "  EDGE302: a lab that never leaves the house",
        "  EDGE411: {edge_pools.lab.addresses: no host of this network uses it}",
        "```",
        "",
        "## The inventory",
        "",
        *code_sections(PLAN_CODES, lambda item: item.why),
    ]
    lines += [
        "",
        "## The live site",
        "",
        f"Codes from {min(LIVE_CODES)} on come from comparing the live site with the plan: see [verify.md](verify.md).",
    ]
    return "\n".join(lines) + "\n"


def verify_page() -> str:
    """Return docs/verify.md: what is written there by hand, up to the marker, and the table of codes."""
    written = (CHECKOUT / "docs" / "verify.md").read_text(encoding="utf-8")
    head, marker, _table = written.partition(VERIFY_MARKER)
    lines = [
        "Each section shows a whole finding: path, problem, and in brackets what to look at. Verify *looks again* while an error is",
        "open that waiting may mend. A warning can be accepted in the inventory ([findings.md](findings.md)).",
        "",
        *code_sections(LIVE_CODES, lambda item: f"Verify {'looks again' if item.polled else 'does not wait for it'}."),
    ]
    return f"{head}{marker}\n\n" + "\n".join(lines) + "\n"


def cilium_versions() -> list[str]:
    """Return what came with a version of Cilium, and which faults older ones have."""
    lines = ["| what | key | first Cilium | on an older one |", "|---|---|---|---|"]
    for item in cilium.CAPABILITIES:
        keys = ", ".join(f"`{'.'.join(place)}`" for place, needed in cilium.GATES.items() if needed is item)
        lines.append(f"| {item.what} | {keys or '–'} | {item.version} | {item.instead} |")
    lines += [
        "",
        "Using one on an older version is an error (EDGE603, EDGE607).",
        "",
        '### <a id="known-faults"></a>Known faults',
        "",
        "Each is a [finding](words.md#finding) of the plan where the site would meet it with the version that the inventory",
        "names (of [MD5](words.md#md5), [ARP](words.md#arp), a [ready endpoint](words.md#endpoint) and more):",
        "",
        "| Cilium | what it does | where the inventory meets it | way out, beside an update | source | finding |",
        "|---|---|---|---|---|---|",
    ]
    lines += [fault_row(fault) for fault in (*cilium.FAULTS, *cilium.LIVE_FAULTS)]
    return lines


def distribution_tables() -> list[str]:
    """Return what the table of distributions says: Helm values, prerequisites, and where both are written."""
    lines = ["| distribution | Helm value | is | because |", "|---|---|---|---|"]
    for distribution in DISTRIBUTIONS.values():
        for item in distribution.values:
            value = ", ".join(item.value) if isinstance(item.value, list) else json.dumps(item.value).strip('"')
            lines.append(f"| {distribution.name} | `{item.path}` | `{value}` | {item.reason} |")
        for cidr in distribution.pod_cidrs:
            path = f"ipam.operator.clusterPool{cidr.family.label}PodCIDRList"
            lines.append(
                f"| {distribution.name} | `{path}` | `{cidr.text}` | its pod CIDR, without `edge_cluster_pod_cidrs` |"
            )
    lines += ["", "| distribution | prerequisite | setting | a look at the live cluster sees |", "|---|---|---|---|"]
    for distribution in DISTRIBUTIONS.values():
        for needed in distribution.prerequisites:
            lines.append(f"| {distribution.name} | {needed.what} | {needed.how} | {needed.seen or '–'} |")
    lines += ["", "Sources:", ""]
    return lines + [f"- {source}" for distribution in DISTRIBUTIONS.values() for source in distribution.sources]


def with_tables(written: str, tables: Mapping[str, list[str]]) -> str:
    """Return a page with tables between their markers: name -> lines."""
    for name, lines in tables.items():
        head, start, rest = written.partition(f"<!-- {name}: written by scripts/generate.py -->")
        _table, end, tail = rest.partition(f"<!-- end of {name} -->")
        written = "\n".join([f"{head}{start}", "", *lines, "", f"{end}{tail}"])
    return written


def fault_row(fault: cilium.Fault) -> str:
    """Return the row of one known fault of Cilium."""
    cells = [
        fault.versions,
        fault.does.format(concerned=fault.concerned),
        fault.where,
        fault.instead or "–",
        ", ".join(upstream_link(source) for source in fault.upstream) or "–",
        f"[{fault.code}](findings.md#{fault.code.lower()}), {PLAN_CODES[fault.code].severity}"
        if fault.code
        else "a run refuses it",
    ]
    return f"| {' | '.join(cells)} |"


def upstream_link(source: str) -> str:
    """Return a link to ``owner/repository#number``."""
    repository, _hash, number = source.partition("#")
    return f"[{repository.partition('/')[2]} #{number}](https://github.com/{repository}/issues/{number})"


def cluster_page() -> str:
    """Return docs/cluster.md: what is written there by hand, with its tables between their markers."""
    written = (CHECKOUT / "docs" / "cluster.md").read_text(encoding="utf-8")
    return with_tables(written, {"distributions": distribution_tables(), "versions": cilium_versions()})


def frr_versions() -> list[str]:
    """Return what differs between the tried versions of FRR."""
    suites = {suite.frr: name for name, suite in ROUTER_SUITES.items()}
    tried = [(version, frr.text_of(version)) for version in frr.TRIED]
    lines = [
        f"| FRR | {' | '.join(f'{text} ({suites[text]})' for _version, text in tried)} | elsewhere |",
        f"|---|{'---|' * len(tried)}---|",
    ]
    for rule in frr.RULES:
        cells = " | ".join("yes" if rule.holds(version) else "no" for version, _text in tried)
        bounds = [f"from {frr.text_of(rule.since)} on"] if rule.since else []
        bounds += [f"before {frr.text_of(rule.until)}"] if rule.until else []
        lines.append(f"| {rule.what} ({' and '.join(bounds)}) | {cells} | {rule.otherwise} |")
    return lines


def router_page() -> str:
    """Return docs/router.md: what is written there by hand, with the table of versions between its markers."""
    written = (CHECKOUT / "docs" / "router.md").read_text(encoding="utf-8")
    return with_tables(written, {"versions": frr_versions()})


def option(key: Key) -> dict[str, Any]:
    """Return one key as an option of argument_specs."""
    result: dict[str, Any] = {"description": [key.description], "type": key.type.argument_type}
    if key.name == "edge_bgp_passwords" or isinstance(key.type, Secret):
        result["no_log"] = True
    if isinstance(key.type, ListOf):
        result["elements"] = key.type.item.argument_type
    if key.default_text not in ("none", "{}", "[]") or key.default == "none":  # a word that is the default
        result["description"].append(f"Default: {key.default_text}.")
    return result


def answer(question: Question) -> dict[str, Any]:
    """Return one question of playbooks/new.yml as an option of argument_specs."""
    default = [f"Default: {question.default}."] if question.default else []
    return {"description": [f"{question.prompt}.", *default], "type": "raw"}


def new_playbook() -> str:
    """Return playbooks/new.yml: what is written there by hand, and between its two keys the questions that it asks."""
    head, start, rest = (CHECKOUT / "playbooks" / "new.yml").read_text(encoding="utf-8").partition("  vars_prompt:\n")
    _prompts, end, tail = rest.partition("  tasks:\n")
    asked = [
        {
            "name": question.variable,
            "prompt": question.prompt,
            "default": question.default,
            "private": False,
            "unsafe": True,
        }
        for question in QUESTIONS
        if question.asked
    ]
    prompts: str = yaml.dump(asked, Dumper=plan_pages.Indented, sort_keys=False, allow_unicode=True, width=118)
    return f"{head}{start}    # {NOTE}\n{textwrap.indent(prompts, '    ')}{end}{tail}"


def new_module() -> str:
    """Return plugins/modules/edge_new.py: what is written there by hand, with the default of each question."""
    page = (CHECKOUT / "plugins" / "modules" / "edge_new.py").read_text(encoding="utf-8")
    for question in QUESTIONS:
        head, start, rest = page.partition(f"\n  {question.name}:\n")
        description, end, tail = rest.partition("\n    type: raw\n")
        if question.default:
            description = DEFAULT_OF_ANSWER.sub(f"Without it V({question.default}).", description)
        page = f"{head}{start}{description}{end}{tail}"
    return page


def edge_arguments() -> str:
    """Return roles/edge/meta/argument_specs.yml."""
    options = {key.name: option(key) for _title, keys in GROUPS for key in keys}
    render = {name: options[name] for name in ("edge_render_dir", "edge_render_secrets")}
    specs = {
        "argument_specs": {
            "plan": {
                "short_description": "Compute the plan of a site from its inventory",
                "description": [
                    "Reads the variables of all hosts in C(edge_routers), C(edge_clusters) and C(edge_nodes).",
                    "Its own checks find every mistake at once; call it with C(rolespec_validate=false).",
                ],
                "options": options,
            },
            "render": {
                "short_description": "Write every file that the other roles would apply",
                "description": ["Needs C(edge_plan), which the entry point C(plan) registers."],
                "options": render,
            },
            "summary": {
                "short_description": "Show what a run changed at each end, or in check mode would change",
                "description": [
                    "Call it once the roles C(udm_frr) and C(cilium_net_*) have run in this run.",
                    "Needs C(edge_plan), which the entry point C(plan) registers.",
                ],
                "options": {"edge_summary_file": options["edge_summary_file"]},
            },
            "compare": {
                "short_description": "Say what would be different at this router or cluster if the plan were applied",
                "description": ["Needs C(edge_plan), which the entry point C(plan) registers. It changes nothing."],
                "options": {"edge_compare_saved": options["edge_compare_saved"]},
            },
            "compare_result": {
                "short_description": "Write what all comparisons of the play found, and fail where one could not be made",
                "description": ["Call it after the entry point C(compare) has run on each host."],
                "options": {name: options[name] for name in ("edge_compare_file", "edge_compare_strict")},
            },
            "drift": {
                "short_description": "Say how far the live site is from the plan",
                "description": [
                    "Needs C(edge_plan), which the entry point C(plan) registers. It changes nothing.",
                    "It verifies both ends and compares what they were told with the plan; C(drift_result) ends the run.",
                ],
                "options": {name: options[name] for name in ("edge_drift_file", "edge_drift_metrics_file")},
            },
            "drift_result": {
                "short_description": "End the run with the exit status 1 or 2, unless the live site is as planned",
                "description": [
                    "Call it after the entry point C(drift), with the reasons why an end could not be looked at, or none, in"
                    " C(__edge_drift_unread).",
                ],
            },
            "new": {
                "short_description": "Write a first inventory out of a few answers",
                "description": ["What is wrong with the answers is told at once; nothing is ever overwritten."],
                "options": {question.variable: answer(question) for question in QUESTIONS},
            },
            "expect_routers": {
                "short_description": "Note which managed routers of the play must take the plan before a cluster changes",
                "description": ["Call it for routers and clusters, before the play that expands the routers."],
            },
            "router_finished": {
                "short_description": "Mark a router that took the plan",
                "description": ["Call it on the router, as the last task of the play that expands it."],
            },
            "router_turn": {
                "short_description": "Fail while a router before this one has not got through the play",
                "description": [
                    "Call it first in a play with C(serial=1) that changes routers: ansible-core begins the next router"
                    " although one is unreachable.",
                    "C(edge_router_mark) names the fact that the play sets on a router that is done.",
                ],
            },
            "router_contracted": {
                "short_description": "Mark a router that was contracted",
                "description": ["Call it on the router, as the last task of the play that contracts it."],
            },
            "require_routers": {
                "short_description": "Fail unless each noted router is marked",
                "description": [
                    "Call it first in each play that needs the routers: ansible-core starts the next play although one of"
                    " them is unreachable.",
                    "Where nothing was noted, as with C(--tags cluster), it demands nothing.",
                ],
            },
        }
    }
    text: str = yaml.dump(specs, Dumper=plan_pages.Indented, sort_keys=False, allow_unicode=True, width=118)
    return f"---\n{YAML_HEADER}#\n# {NOTE}\n{text}"


def first_page() -> str:
    """Return README.md with the plan of its own inventory."""
    page = read_page(CHECKOUT / "README.md")
    (inventory,) = page.under(FIRST_SITE, "yaml")
    (shown,) = page.under(FIRST_SITE, "text")
    computed = plan_page(inventory)
    if computed.data is None:
        raise ValueError("README.md: the smallest site does not plan")
    return page.text.replace(f"```text\n{shown}```", f"```text\n{plan_text(computed.data)}\n```")


GENERATED = {
    "README.md": first_page,
    "docs/site.svg": site_picture.site_picture,
    "docs/reference/inventory.md": inventory_page,
    "docs/reference/inventory.schema.json": schema_page,
    "docs/cluster.md": cluster_page,
    "docs/router.md": router_page,
    "docs/findings.md": findings_page,
    "docs/verify.md": verify_page,
    "roles/edge/meta/argument_specs.yml": edge_arguments,
    "playbooks/new.yml": new_playbook,
    "plugins/modules/edge_new.py": new_module,
    **plan_pages.GENERATED,
}


def main() -> None:
    """Write all files."""
    for name, content in GENERATED.items():
        path = CHECKOUT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content(), encoding="utf-8")
        print(f"wrote {name}")


if __name__ == "__main__":
    main()

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan's reference, and what the roles' arguments and READMEs say of the plan, from the types of ``_document``.

``scripts/generate.py`` writes them with all that comes from the library's tables.
"""

from __future__ import annotations

import re
import textwrap
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Union

import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.changes import ChangesDocument
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import PlanDocument
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.summary import SummaryDocument

CHECKOUT = Path(__file__).resolve().parents[1]
TYPES = "plugins/plugin_utils/_document"
NOTE = f"Written by scripts/generate.py from {TYPES}; edit that."
# REUSE-IgnoreStart
MD_HEADER = (
    "<!--",
    "Copyright (c) 2026, the hybridnet.cluster_edge authors",
    "GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "SPDX-License-Identifier: GPL-3.0-or-later",
    "-->",
    "",
)
# REUSE-IgnoreEnd
"""First lines of each page."""
MARKER = f"<!-- The rest is written by scripts/generate.py from playbooks/site.yml and {TYPES}; edit those. -->"
REFERENCE = "../../docs/reference/plan.md"

ROLES: dict[str, tuple[str, ...]] = {
    "udm_frr": ("udm_frr_intent",),
    "cilium_net_release": ("cilium_net_release_values",),
    "cilium_net_bgp": ("cilium_net_bgp_objects", "cilium_net_bgp_node_labels"),
    "cilium_net_lb": ("cilium_net_lb_objects",),
    "cilium_net_services": ("cilium_net_services_items",),
    "edge_verify": ("edge_verify_plan",),
}
"""The roles that take a part of the plan, and the options of their argument_specs that are as in the plan."""

_HEAD = ("| key | type | meaning |", "|---|---|---|")

_WORDS = {int: "int", str: "text", bool: "bool", float: "number", Any: "any", dict: "map", list: "list"}
_ARGUMENT_TYPES = {int: "int", str: "str", bool: "bool", float: "float", dict: "dict", list: "list"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a record."""

    name: str
    kind: Any
    """Its type, without null."""
    null: bool
    optional: bool
    """Whether it may be left out."""
    text: str
    words: tuple[str, ...]
    """What it may be; empty: anything of its type."""

    @property
    def origin(self) -> Any:
        """``list``, ``dict``, ``Union`` or the type itself."""
        if typing.is_typeddict(self.kind):
            return dict
        return typing.get_origin(self.kind) or self.kind

    @property
    def record(self) -> Any | None:
        """The record that the key holds, or a list or map of."""
        arguments = typing.get_args(self.kind)
        inner = arguments[-1] if self.origin in (list, dict) and arguments else self.kind
        return inner if typing.is_typeddict(inner) else None


def keys(record: Any) -> Iterator[Key]:
    """Yield the keys of a TypedDict in the order in which they are written."""
    for name, hint in typing.get_type_hints(record, include_extras=True).items():
        kind, text, *words = typing.get_args(hint)
        members = typing.get_args(kind) if typing.get_origin(kind) in (Union, types.UnionType) else (kind,)
        others = tuple(member for member in members if member is not type(None))
        bare = others[0] if len(others) == 1 else Union[others]  # noqa: UP007 - made at run time
        optional = name not in record.__required_keys__
        yield Key(name, bare, len(others) < len(members), optional, text, *(words or ((),)))


def records(record: Any, found: list[Any] | None = None) -> list[Any]:
    """Return a record and all records inside it, each once, outer ones first."""
    found = [] if found is None else found
    if record not in found:
        found.append(record)
        for key in keys(record):
            if key.record is not None:
                records(key.record, found)
    return found


def _label(kind: Any) -> str:
    """Return a type in the reference's words; a record is a link to its own table."""
    if typing.is_typeddict(kind):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return " or ".join(map(_label, arguments))
    if origin is list:
        return f"list of {_label(arguments[0])}"
    if origin is dict:
        return "map" if arguments[1] is Any else f"map of {_label(arguments[1])}"
    return _WORDS[kind]


def _row(key: Key, name: str, label: str) -> str:
    """Return a key's row of a table."""
    label = " ".join(f"`{word}`" for word in key.words) or label
    label += " or null" if key.null else ""
    label += ", or left out" if key.optional else ""
    return f"| `{name}` | {label} | {_markdown(key.text)} |"


def _markdown(text: str) -> str:
    return text.replace("``", "`")


def _summary(record: Any) -> str:
    return _markdown(" ".join((record.__doc__ or "").split()))


def _rows(record: Any, prefix: str = "") -> list[str]:
    """Return table rows of a record's keys and the keys inside them; a map's own keys are ``*``."""
    lines = []
    for key in keys(record):
        lines.append(_row(key, prefix + key.name, _WORDS.get(key.origin, "int or text")))
        if key.record is not None:
            inside = "[]" if key.origin is list else "" if typing.is_typeddict(key.kind) else ".*"
            lines += _rows(key.record, f"{prefix}{key.name}{inside}.")
    return lines


def plan_page() -> str:
    """Return docs/reference/plan.md."""
    lines = [
        *MD_HEADER,
        "# Plan reference",
        "",
        f"<!-- {NOTE} -->",
        "",
        "Every key of the plan as JSON: what `playbooks/plan.yml -e edge_plan_file=plan.json` writes and `edge_plan` holds.",
        "What the plan is for: [plan.md](../plan.md).",
        "What `-e edge_plan_changes_file=changes.json` writes: [ChangesDocument](#changesdocument).",
        "What `playbooks/site.yml -e edge_summary_file=summary.json` writes: [SummaryDocument](#summarydocument).",
    ]
    for record in [*records(PlanDocument), *records(ChangesDocument), *records(SummaryDocument)]:
        name = record.__name__
        lines += ["", f'## <a id="{name.lower()}"></a>{name}', "", _summary(record), "", *_HEAD]
        lines += [_row(key, key.name, _label(key.kind)) for key in keys(record)]
    return "\n".join(lines) + "\n"


# What roles take


@dataclass(frozen=True, slots=True)
class Taken:
    """A variable of a role that ``playbooks/site.yml`` fills from the plan."""

    variable: str
    path: str
    """In the plan, such as ``routers.<router>.frr``; empty: the whole plan."""
    key: Key


def taken_of_the_plan(role: str) -> list[Taken]:
    """Return what ``playbooks/site.yml`` gives a role of the plan."""
    found: dict[tuple[str, str], Taken] = {}
    for play in yaml.safe_load((CHECKOUT / "playbooks" / "site.yml").read_text("utf-8")):
        for task in _tasks(play.get("tasks") or ()):
            called = task.get("ansible.builtin.import_role") or task.get("ansible.builtin.include_role") or {}
            if called.get("name") != f"hybridnet.cluster_edge.{role}":
                continue
            for variable, template in {**(play.get("vars") or {}), **(task.get("vars") or {})}.items():
                for path in _paths(str(template)) if variable.startswith(f"{role}_") else ():
                    found.setdefault((variable, path), Taken(variable, path, key_at(path)))
    return list(found.values())


def _tasks(tasks: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield tasks, also those in blocks."""
    for task in tasks:
        yield from _tasks(task["block"]) if "block" in task else (task,)


def _paths(template: str) -> Iterator[str]:
    """Yield the places of the plan that a template of site.yml reads."""
    if template == "{{ edge_plan }}":
        yield ""
    for attribute in re.findall(r"\bedge_plan\.routers\[inventory_hostname\]\.(\w+)", template):
        yield f"routers.<router>.{attribute}"
    for attribute in re.findall(r"\b__cluster\.(\w+)", template):
        yield f"clusters.<cluster>.{attribute}"
    yield from re.findall(r"\bedge_plan\.(\w+)(?!\w|\[)", template)


def key_at(path: str) -> Key:
    """Return the key at a place of the plan; KeyError if the plan has none there."""
    key = Key("", PlanDocument, False, False, "The whole plan.", ())
    for name in path.split(".") if path else ():
        if not name.startswith("<"):
            found = {item.name: item for item in keys(key.record)}
            key = found[name]
    return key


def role_readme(role: str) -> str:
    """Return a role's README: what is written there by hand, and from the marker on what it takes of the plan."""
    written = (CHECKOUT / "roles" / role / "README.md").read_text("utf-8").partition(MARKER)[0].rstrip("\n")
    lines = [written, "", MARKER, "", "## What it takes of the plan", ""]
    taken = taken_of_the_plan(role)
    lines += ["| variable | place in the plan | what stands there |", "|---|---|---|"]
    for item in taken:
        place = f"`{item.path}`" if item.path else "all of it"
        lines.append(f"| `{item.variable}` | {place} | {_markdown(item.key.text)} |")
    for item in taken:
        record = item.key.record
        if record is None:
            continue
        name = record.__name__
        lines += [
            "",
            f"### `{item.variable}`",
            "",
            f"{_summary(record)} In the plan's reference: [{name}]({REFERENCE}#{name.lower()}).",
        ]
        lines += ["", *_HEAD]
        rows = _rows(record) if item.path else [_row(key, key.name, _label(key.kind)) for key in keys(record)]
        lines += [row.replace("](#", f"]({REFERENCE}#") for row in rows]
    return "\n".join(lines) + "\n"


def role_arguments(role: str) -> str:
    """Return a role's argument_specs.yml with the options of ``ROLES`` as the plan's types have them."""
    text = (CHECKOUT / "roles" / role / "meta" / "argument_specs.yml").read_text("utf-8")
    taken = {item.variable: item for item in taken_of_the_plan(role)}
    for variable in ROLES[role]:
        entry = yaml.dump(_of_plan(taken[variable]), Dumper=Indented, sort_keys=False, allow_unicode=True, width=110)
        body = textwrap.indent(f"# {NOTE}\n{entry}", " " * 8)
        pattern = rf"(?m)^      {variable}:\n(?:        .*\n|\n(?=        ))+"
        text, count = re.subn(pattern, lambda _match, new=f"      {variable}:\n{body}": new, text)
        if count != 1:
            raise LookupError(f"roles/{role}/meta/argument_specs.yml: {count} options {variable}")
    return text


def _of_plan(taken: Taken) -> dict[str, Any]:
    """Return a variable of a role as an option of argument_specs."""
    place = f"C({taken.path}) of the plan." if taken.path else "What M(hybridnet.cluster_edge.edge_plan) returns."
    described = [_marked(taken.key.text), place]
    if not taken.path:  # what the task registers has more keys than the plan
        return {"type": "dict", "required": True, "description": described}
    entry = _option(taken.key)
    entry["description"] = described
    return entry


def _option(key: Key) -> dict[str, Any]:
    """Return one key as an option of argument_specs. Null counts there as missing, so that it cannot be required."""
    result: dict[str, Any] = {"type": _ARGUMENT_TYPES.get(key.origin, "raw")}
    if key.origin is list:
        result["elements"] = _ARGUMENT_TYPES[
            typing.get_origin(inner := typing.get_args(key.kind)[0]) or _plain_type(inner)
        ]
    if not (key.null or key.optional):
        result["required"] = True
    if key.words:
        result["choices"] = list(key.words)
    if key.name == "password":
        result["no_log"] = False  # a name
    result["description"] = _marked(key.text)
    if key.record is not None and (key.origin is list or typing.is_typeddict(key.kind)):
        result["options"] = {inner.name: _option(inner) for inner in keys(key.record)}
    return result


def _plain_type(kind: Any) -> Any:
    return dict if typing.is_typeddict(kind) else kind


def _marked(text: str) -> str:
    """Return a key's text in Ansible's markup."""
    return re.sub(r"``(.+?)``", r"C(\1)", text)


class Indented(yaml.SafeDumper):
    """Writes lists as ansible-lint wants them, and no anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write a value that stands twice twice."""
        return True


GENERATED: dict[str, Callable[[], str]] = {
    "docs/reference/plan.md": plan_page,
    **{f"roles/{role}/README.md": partial(role_readme, role) for role in ROLES},
    **{
        f"roles/{role}/meta/argument_specs.yml": partial(role_arguments, role) for role, names in ROLES.items() if names
    },
}

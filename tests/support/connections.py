# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of the connection plugins that the Ansible under test ships, and of ours, from their documentation."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible.plugins
import yaml

from .hybrid import CHECKOUT

PLUGINS = Path(ansible.plugins.__file__).parent
FRAGMENTS = PLUGINS / "doc_fragments"
LEAST = {"local", "psrp", "ssh", "winrm"}
"""What every supported core ships; an enumeration without them is broken."""


@dataclass(frozen=True, slots=True)
class Source:
    """One place that sets an option: a variable, an environment variable, an entry of ansible.cfg, a command line option."""

    kind: str
    """``vars``, ``env``, ``ini`` or ``cli``."""
    name: str
    """Of an entry in ansible.cfg: ``section.key``."""
    value: Any
    """Of the option's type, and not the overlay's."""
    plugins: tuple[str, ...]
    options: tuple[str, ...]
    """In ``ssh``, the one plugin of an overlay; none where only others have this source."""


def connection_plugins() -> dict[str, dict[str, Any]]:
    """Return plugin -> its options, as documented."""
    paths = [path for path in (PLUGINS / "connection").glob("*.py") if not path.name.startswith("_")]
    found = {path.stem: _options(path) for path in sorted(paths)}
    found["hybridnet.cluster_edge.paramiko"] = _options(CHECKOUT / "plugins" / "connection" / "paramiko.py")
    assert found.keys() >= LEAST
    return found


def sources() -> list[Source]:
    """Return every place that sets any option of any connection plugin; each once."""
    places: dict[tuple[str, str], list[tuple[str, str, Any]]] = {}
    for plugin, options in connection_plugins().items():
        for option, definition in options.items():
            value = _another(definition)
            for kind in ("vars", "env", "ini", "cli"):
                for entry in definition.get(kind) or ():
                    name = f"{entry['section']}.{entry['key']}" if kind == "ini" else entry["name"]
                    places.setdefault((kind, name), []).append((plugin, option, value))
    return [
        Source(
            kind,
            name,
            next((value for plugin, _option, value in users if plugin == "ssh"), users[0][2]),
            tuple(dict.fromkeys(plugin for plugin, _option, _value in users)),
            tuple(option for plugin, option, _value in users if plugin == "ssh"),
        )
        for (kind, name), users in sorted(places.items())
        if name != "inventory_hostname"  # Ansible's own, beyond anybody's reach
    ]


def _another(definition: dict[str, Any]) -> Any:
    """Return a value of an option's type that is not its default, nor the overlay's."""
    kind = str(definition.get("type", "str")).lower()
    if definition.get("choices"):
        return next(choice for choice in definition["choices"] if choice != definition.get("default"))
    if kind in ("int", "integer", "float"):
        return 4711
    if kind in ("bool", "boolean"):
        return not definition.get("default", False)
    return "elsewhere.invalid"


def _options(path: Path) -> dict[str, Any]:
    documentation = _documentation(path, "DOCUMENTATION")
    options: dict[str, Any] = dict(documentation.get("options") or {})
    for fragment in documentation.get("extends_documentation_fragment") or ():
        name = str(fragment).rpartition(".")[2]
        for option, definition in (
            _documentation(FRAGMENTS / f"{name}.py", "DOCUMENTATION").get("options") or {}
        ).items():
            # As Ansible merges them: what the plugin says itself stands.
            options[option] = {**definition, **(options.get(option) or {})}
    return options


def _documentation(path: Path, name: str) -> dict[str, Any]:
    """Return the YAML text that is assigned to ``name`` in a Python file, without importing it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Assign) and any(
            isinstance(item, ast.Name) and item.id == name for item in node.targets
        ):
            content: dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))
            return content
    raise AssertionError(f"{path} has no {name}")

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection's Python files import, and what of it goes against the order of the packages or in a circle.

Files are named by their path below ``plugins/``. A package is named by a path without its end, such as
``plugin_utils/_plan``; where two names fit a file, the longer one is its package.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

COLLECTION = "ansible_collections.hybridnet.cluster_edge.plugins."


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module: of the collection, then ``file`` says where it stands, or of somebody else."""

    line: int
    module: str
    file: str | None


def python_files(plugins: Path) -> list[str]:
    """Return every Python file below ``plugins``."""
    return sorted(str(path.relative_to(plugins)) for path in plugins.rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def imports_of(plugins: Path, file: str) -> tuple[Import, ...]:
    """Return what a file imports anywhere in it, inside functions and for type checkers too."""
    return tuple(_imports(plugins, file))


def _imports(plugins: Path, file: str) -> Iterator[Import]:
    for node in ast.walk(parsed(plugins / file)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _import(plugins, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                above = file.split("/")[: -node.level]
                module = COLLECTION + ".".join([*above, *module.split(".")]).rstrip(".")
            # `from package import name`: the name is a module of the package, or stands in its __init__.py.
            inner = [_import(plugins, node.lineno, f"{module}.{alias.name}") for alias in node.names]
            found = [item for item in inner if item.file is not None]
            yield from found
            if len(found) < len(inner):
                yield _import(plugins, node.lineno, module)


def _import(plugins: Path, line: int, module: str) -> Import:
    if not module.startswith(COLLECTION):
        return Import(line, module, None)
    stem = module.removeprefix(COLLECTION).replace(".", "/")
    for file in (f"{stem}.py", f"{stem}/__init__.py"):
        if (plugins / file).is_file():
            return Import(line, module, file)
    return Import(line, module, None)


def package_of(file: str, order: Sequence[str]) -> str | None:
    """Return the package that a file belongs to, None if none of ``order`` fits."""
    fitting = [name for name in order if file == f"{name}.py" or file.startswith(f"{name}/")]
    return max(fitting, key=len, default=None)


def misplaced(plugins: Path, order: Sequence[str], roots: Sequence[str]) -> list[str]:
    """Return what is wrong between the files below ``roots`` and the order of their packages, lowest first.

    A file imports files of its own package and of packages below it, and files never import each other in a circle.
    """
    files = [file for file in python_files(plugins) if file.split("/")[0] in roots and not _is_namespace(plugins, file)]
    problems = [f"{file} is in no package of the order" for file in files if package_of(file, order) is None]
    problems += [
        f"{name} is in the order, and there is no such package"
        for name in order
        if not any(package_of(file, order) == name for file in files)
    ]
    for file in files:
        own = package_of(file, order)
        for item in imports_of(plugins, file):
            if item.file is None:
                continue
            other = package_of(item.file, order)
            if own and other and order.index(other) > order.index(own):
                problems.append(f"{file}:{item.line} imports {item.file}: {own} stands below {other}")
            elif item.file.split("/")[0] not in roots:
                problems.append(f"{file}:{item.line} imports {item.file}: the library imports no plugin")
    return problems + circles(plugins, files)


def _is_namespace(plugins: Path, file: str) -> bool:
    """Return whether a file only makes a folder a package: nothing but a docstring is in it."""
    body = parsed(plugins / file).body
    return file.endswith("/__init__.py") and (not body or (len(body) == 1 and isinstance(body[0], ast.Expr)))


def circles(plugins: Path, files: Sequence[str]) -> list[str]:
    """Return each circle of imports once, as the files on the way back to its first one."""
    targets = {
        file: sorted({item.file for item in imports_of(plugins, file) if item.file is not None and item.file != file})
        for file in files
    }
    found: dict[frozenset[str], list[str]] = {}
    done: set[str] = set()

    def visit(file: str, path: list[str]) -> None:
        if file in path:
            way = path[path.index(file) :]
            found.setdefault(frozenset(way), way)
            return
        if file in done:
            return
        for target in targets.get(file, ()):
            visit(target, [*path, file])
        done.add(file)

    for file in sorted(targets):
        visit(file, [])
    return [f"{way[0]} imports itself in a circle: {' -> '.join([*way, way[0]])}" for way in found.values()]

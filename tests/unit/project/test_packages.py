# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of the library's packages, and what each part of the collection may import and do."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.imports import (
    imports_of,
    misplaced,
    package_of,
    parsed,
    python_files,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.packages import ORDER

PLUGINS = CHECKOUT / "plugins"
LIBRARY = ("module_utils", "plugin_utils")
RUN = (
    "plugin_utils/_ansible",
    "plugin_utils/_twin/run",
    "module_utils/_router",
    "module_utils/_kubernetes/helm.py",
    "module_utils/_unifi/client",
    "module_utils/_unifi/backups",
)
"""The parts that act: what action plugins share, the twin's and the router's programs, Helm, the requests to UniFi Network
and its backups."""

PURE = {
    *("__future__", "abc", "base64", "bisect", "collections", "contextlib", "copy", "dataclasses", "datetime", "difflib"),
    *("enum", "fnmatch", "functools", "gc", "hashlib", "heapq", "ipaddress", "itertools", "json", "math", "operator"),
    *("re", "shlex", "string", "types", "typing", "unicodedata", "zlib"),
}  # fmt: skip
"""Modules of the standard library that read, write and start nothing, and know neither the time nor chance."""

MORE: dict[str, set[str]] = {
    "plugin_utils": {"yaml"},
    "plugin_utils/_addressing/addresses": {"netaddr", "socket", "sys"},
    "module_utils/_unifi/api": {"urllib"},
    "module_utils/_kubernetes/connection": {"os", "urllib", "yaml"},
    "module_utils/_kubernetes/chart_source": {"urllib"},
    "module_utils/_kubernetes/client": {"kubernetes", "traceback", "urllib3", "yaml"},
    "module_utils/_kubernetes/state": {"time"},
    "module_utils/_kubernetes/copied_labels": {"time"},
    "module_utils/_kubernetes/api": {"email"},
    "module_utils/_kubernetes/module": {"ansible", "os"},
    "module_utils/_kubernetes/application": {"ansible"},
    "module_utils/_kubernetes/helm_records": {"time"},
}
"""What a part imports besides: netaddr in one file; what reads an API server, how long it waits, and what time the server says it is."""

READS_FILES = {"module_utils/_kubernetes/connection.py"}
"""What opens a file: a kubeconfig, to see its current context."""

PURE_NAMES = {
    "shlex": {"join", "quote", "split"},
    "socket": {"AF_INET", "AF_INET6", "inet_ntop", "inet_pton"},
    "sys": {"executable"},
    "os": {"R_OK", "access", "environ", "path", "pathsep"},
    "time": {"monotonic", "sleep", "time"},
}
"""What is taken of modules that could do more."""

EFFECTS = {"breakpoint", "eval", "exec", "input", "open", "print", "__import__"}
"""Built-in functions that a pure function does not call."""

NOW = {"now", "today", "utcnow"}
"""What ``datetime`` knows of the time."""

SMALL_PLUGIN = 45
"""Most lines of a function of a thin plugin."""


def library(under: str = "", but: str | tuple[str, ...] = RUN) -> Iterator[str]:
    """Yield the files of the library below ``under``, without those of ``but``."""
    for file in python_files(PLUGINS):
        if file.startswith(LIBRARY) and file.startswith(under) and not file.startswith(but):
            yield file


def impure(plugins: Path, file: str) -> list[str]:
    """Return what a file of the pure library imports or calls that a pure function does not need."""
    allowed = PURE.union(*(more for part, more in MORE.items() if package_of(file, [part])))
    problems = [
        f"{file}:{item.line} imports {item.module}"
        for item in imports_of(plugins, file)
        if item.file is None and item.module.split(".")[0] not in allowed
    ]
    for node in ast.walk(parsed(plugins / file)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in EFFECTS:
            if node.func.id == "open" and file in READS_FILES:
                continue
            problems.append(f"{file}:{node.lineno} calls {node.func.id}()")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in NOW:
            problems.append(f"{file}:{node.lineno} asks for the time: {node.func.attr}()")
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = node.value.id
            if module in PURE_NAMES and node.attr not in PURE_NAMES[module]:
                problems.append(f"{file}:{node.lineno} uses {module}.{node.attr}")
    return problems


def test_a_package_imports_only_those_below_it() -> None:
    assert misplaced(PLUGINS, ORDER, LIBRARY) == []


def test_the_library_is_pure() -> None:
    assert [problem for file in library() for problem in impure(PLUGINS, file)] == []


def test_what_runs_on_the_router_is_python_3_8_with_the_standard_library() -> None:
    files = [
        *library("module_utils/_frr"),
        *library("module_utils/_router", but="none"),
        "module_utils/_errors.py",
        "modules/frr_config.py",
        "modules/frr_info.py",
        "modules/frr_persist.py",
        "modules/frr_running_info.py",
    ]
    assert len(files) > 6
    own = ("module_utils/_frr/", "module_utils/_router/", "module_utils/_errors.py")
    for file in files:
        ast.parse((PLUGINS / file).read_text("utf-8"), file, feature_version=(3, 8))
        for item in imports_of(PLUGINS, file):
            inside = item.file is not None and item.file.startswith(own)
            known = item.module.split(".")[0] in sys.stdlib_module_names or item.module == "ansible.module_utils.basic"
            assert inside or known, f"{file}:{item.line} imports {item.module}"


def test_only_one_file_knows_netaddr() -> None:
    files = {
        file
        for file in python_files(PLUGINS)
        for item in imports_of(PLUGINS, file)
        if item.module.split(".")[0] == "netaddr"
    }
    assert files == {"plugin_utils/_addressing/addresses.py"}


def test_no_module_imports_the_library_of_the_control_machine() -> None:
    """A module runs where its task runs; only ``module_utils`` goes there with it."""
    assert [
        f"{file}:{item.line} imports {item.file}"
        for file in python_files(PLUGINS)
        if file.startswith(("modules/", "module_utils/"))
        for item in imports_of(PLUGINS, file)
        if item.file is not None and item.file.startswith("plugin_utils/")
    ] == []


def test_plugins_are_thin() -> None:
    """They convert types and call the library: no process, no socket, no long function."""
    problems = []
    for file in python_files(PLUGINS):
        if not file.startswith(("action/", "filter/", "lookup/")):
            continue
        for item in imports_of(PLUGINS, file):
            if item.module.split(".")[0] in ("netaddr", "http", "socket", "subprocess", "urllib", "yaml"):
                problems.append(f"{file}:{item.line} imports {item.module}")
        for node in ast.walk(parsed(PLUGINS / file)):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= SMALL_PLUGIN:
                problems.append(f"{file}:{node.lineno} {node.name}() is long")
    assert problems == []


def test_every_package_says_what_it_is_for() -> None:
    """Those of ``plugin_utils`` in their ``__init__.py``; those of ``module_utils`` are empty (sanity test empty-init)."""
    for folder in sorted({path.parent for path in PLUGINS.glob("*_utils/*/**/*.py")}):
        init = parsed(folder / "__init__.py")
        assert bool(ast.get_docstring(init)) == (folder.relative_to(PLUGINS).parts[0] == "plugin_utils"), folder


PACKAGES = [name for name in ORDER if name.startswith("plugin_utils/") and (PLUGINS / name).is_dir()]


def may_import(name: str) -> list[str]:
    """Return the packages that a package says it may import."""
    text = ast.get_docstring(parsed(PLUGINS / name / "__init__.py")) or ""
    said = re.search(r"^May import: ([^.]*)\.$", text, re.MULTILINE)
    assert said is not None, f"{name}/__init__.py does not say what it may import"
    below = ORDER[: ORDER.index(name)]
    if said[1] == "all packages below":
        return list(below)
    # Where both halves of the library have a package of that name, it is the one of plugin_utils.
    found = [
        next((item for item in (f"plugin_utils/{word}", f"module_utils/{word}", word) if item in below), f"no {word}")
        for word in " ".join(said[1].split()).split(", ")
    ]
    assert not [word for word in found if word.startswith("no ")], f"{name}/__init__.py: {found}"
    return found


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_imports_what_it_says(name: str) -> None:
    may = {name, *may_import(name)}
    for file in library(name, but="none"):
        if package_of(file, ORDER) == name:
            for item in imports_of(PLUGINS, file):
                other = package_of(item.file, ORDER) if item.file else None
                assert other is None or other in may, f"{file}:{item.line} imports {item.file}"


def test_docstrings_name_files_that_are_there() -> None:
    """``_package/file`` and ``_package/file.name``, below ``plugin_utils``."""
    problems = []
    for file in library(but="none"):
        for word in re.findall(r"``(_[a-z]+(?:/[a-z_]+)*(?:\.\w+)?)``", (PLUGINS / file).read_text("utf-8")):
            path, _dot, name = word.partition(".")
            there = PLUGINS / "plugin_utils" / path
            code = there.with_suffix(".py").read_text("utf-8") if there.with_suffix(".py").is_file() else None
            named = code is not None and re.search(rf"^(def |class )?{name}\b", code, re.MULTILINE)
            if not (named if name else code is not None or there.is_dir()):
                problems.append(f"{file} names {word}")
    assert problems == []


# --- the tests above can fail: on a small tree, each mistake is told with both names -------------------------------------

SMALL = (
    "module_utils/_errors",
    "plugin_utils/_values",
    "plugin_utils/_model",
    "plugin_utils/_model/rules",
    "plugin_utils/_plan",
)
FULL = "ansible_collections.hybridnet.cluster_edge.plugins."


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a collection's plugins in the order ``SMALL``, as they should be."""
    for file, text in {
        "module_utils/__init__.py": "",
        "module_utils/_errors.py": "class EdgeError(Exception): ...\n",
        "plugin_utils/_values/__init__.py": '"""Values."""\n',
        "plugin_utils/_values/number.py": "from ...module_utils._errors import EdgeError\n",
        "plugin_utils/_model/__init__.py": "",
        "plugin_utils/_model/site.py": "from .._values import number\nfrom .._values.number import EdgeError\n",
        "plugin_utils/_model/rules.py": f"from {FULL}plugin_utils._model import site\n",
        "plugin_utils/_plan/plan.py": "import json\nfrom .._model import rules, site\nfrom .text import Text\n",
        "plugin_utils/_plan/text.py": "class Text: ...\n",
        "action/edge_plan.py": f"from {FULL}plugin_utils._plan.plan import rules\n",
    }.items():  # fmt: skip
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_tree_in_order_has_no_problem(tree: Path) -> None:
    assert misplaced(tree, SMALL, LIBRARY) == []


@pytest.mark.parametrize(
    ("file", "text", "problems"),
    [
        pytest.param(
            "plugin_utils/_values/number.py",
            "from .._plan.text import Text\n",
            ["plugin_utils/_values/number.py:1 imports plugin_utils/_plan/text.py: plugin_utils/_values stands below plugin_utils/_plan"],
            id="upward",
        ),
        pytest.param(
            "plugin_utils/_values/number.py",
            "def late():\n    from .._plan import text\n",
            ["plugin_utils/_values/number.py:2 imports plugin_utils/_plan/text.py: plugin_utils/_values stands below plugin_utils/_plan"],
            id="upward inside a function",
        ),
        pytest.param(
            "plugin_utils/_values/number.py",
            f"import {FULL}plugin_utils._plan.text\n",
            ["plugin_utils/_values/number.py:1 imports plugin_utils/_plan/text.py: plugin_utils/_values stands below plugin_utils/_plan"],
            id="upward by the full name",
        ),
        pytest.param(
            "plugin_utils/_plan/text.py",
            "from .plan import rules\n",
            ["plugin_utils/_plan/plan.py imports itself in a circle: plugin_utils/_plan/plan.py -> plugin_utils/_plan/text.py -> plugin_utils/_plan/plan.py"],
            id="a circle in a package",
        ),
        pytest.param(
            "plugin_utils/_model/site.py",
            "from .rules import site\n",
            [
                "plugin_utils/_model/site.py:1 imports plugin_utils/_model/rules.py: plugin_utils/_model stands below plugin_utils/_model/rules",
                "plugin_utils/_model/rules.py imports itself in a circle: plugin_utils/_model/rules.py -> "
                "plugin_utils/_model/site.py -> plugin_utils/_model/rules.py",
            ],
            id="upward and a circle",
        ),
        pytest.param(
            "plugin_utils/_plan/text.py",
            f"from {FULL}action import edge_plan\n",
            ["plugin_utils/_plan/text.py:1 imports action/edge_plan.py: the library imports no plugin"],
            id="a plugin",
        ),
        pytest.param(
            "plugin_utils/_new/thing.py", "", ["plugin_utils/_new/thing.py is in no package of the order"], id="unlisted"
        ),
    ],
)  # fmt: skip
def test_a_misplaced_import_is_told(tree: Path, file: str, text: str, problems: list[str]) -> None:
    (tree / file).parent.mkdir(exist_ok=True)
    (tree / file).write_text(text, encoding="utf-8")
    assert misplaced(tree, SMALL, LIBRARY) == problems


def test_a_package_that_left_is_told(tree: Path) -> None:
    assert misplaced(tree, [*SMALL, "plugin_utils/_gone"], LIBRARY) == [
        "plugin_utils/_gone is in the order, and there is no such package"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("import subprocess", "imports subprocess"),
        ("import os", "imports os"),
        ("from ansible.errors import AnsibleError", "imports ansible.errors"),
        ("import netaddr", "imports netaddr"),
        ("from pathlib import Path", "imports pathlib"),
        ("text = open('/etc/hosts').read()", "calls open()"),
        ("import datetime\nat = datetime.datetime.now()", "asks for the time: now()"),
        ("from ansible_collections.other.thing.plugins import x", "imports ansible_collections.other.thing.plugins"),
    ],
)
def test_what_is_not_pure_is_told(tree: Path, text: str, problem: str) -> None:
    file = "plugin_utils/_plan/text.py"
    (tree / file).write_text(text, encoding="utf-8")
    assert impure(tree, file) == [f"{file}:{text.count(chr(10)) + 1} {problem}"]

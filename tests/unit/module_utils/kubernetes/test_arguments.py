# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules take: an option whose name sounds like a secret says whether it is one."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils import _kubernetes

SOUNDS_SECRET = re.compile(r"(?:pass(?!ive)|secret|token|key)", re.IGNORECASE)
"""What ansible-test asks of an option's name (validate-modules, ``no-log-needed``), without its exceptions."""
MODULES = [
    importlib.import_module(f"{_kubernetes.__name__}.{found.name}")
    for found in pkgutil.iter_modules(_kubernetes.__path__)
]
OPTIONS = [
    pytest.param(option, id=f"{module.__name__.rpartition('.')[2]} {name}")
    for module in MODULES
    for name, option in getattr(module, "ARGUMENTS", {}).items()
    if SOUNDS_SECRET.search(name) and option["type"] not in ("bool", "path") and "choices" not in option
]


def test_such_options_are_found() -> None:
    assert len(OPTIONS) > 2


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_that_sounds_secret_says_whether_it_is(option: dict[str, Any]) -> None:
    assert isinstance(option.get("no_log"), bool)

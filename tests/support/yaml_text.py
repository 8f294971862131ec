# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML in tests: each text is parsed once, by the C parser, and every caller gets a copy of its own to edit."""

from __future__ import annotations

import pickle
from functools import cache
from pathlib import Path
from typing import Any

import yaml


def read_yaml(text: str) -> Any:
    """Return the value of a YAML document."""
    return pickle.loads(_pickled(text))


def read_yaml_file(path: Path) -> Any:
    """Return the value of a file of one YAML document."""
    return read_yaml(path.read_text(encoding="utf-8"))


@cache
def _pickled(text: str) -> bytes:
    return pickle.dumps(yaml.load(text, Loader=yaml.CSafeLoader))

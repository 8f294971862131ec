# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML as kubectl and Helm read it: PyYAML takes more texts for numbers than they do."""

from __future__ import annotations

import re
from typing import Any

import yaml

_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
"""Numbers in base 60 (YAML 1.1), such as the community 65001:10. go-yaml, which kubectl and Helm use, has none."""


class _Loader(yaml.SafeLoader):
    """PyYAML's, without numbers in base 60."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> Any:
        """Return the tag of a node: that of text for what would be a number in base 60."""
        tag = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]  # its stubs lack types
        if tag in _NUMBERS and kind is yaml.ScalarNode and _BASE_60.match(value):
            return "tag:yaml.org,2002:str"
        return tag


def documents_of(text: str) -> list[Any]:
    """Return the documents of a YAML text; None for an empty one.

    Raises:
        yaml.YAMLError: it is no YAML.
        ValueError: it has a date that there is not.
    """
    return list(yaml.load_all(text, _Loader))


def document_of(text: str) -> Any:
    """Return the one document of a YAML text.

    Raises:
        yaml.YAMLError: it is no YAML, or has several documents.
        ValueError: it has a date that there is not.
    """
    return yaml.load(text, _Loader)  # noqa: S506 - it is a safe loader

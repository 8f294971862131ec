# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as YAML text, one document each."""

from __future__ import annotations

from typing import Any

import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain


def yaml_documents(objects: Any) -> str:
    """Return a list of maps as a stream of YAML documents, or one map as one document; keys keep their order."""
    items = plain(objects)
    items = items if isinstance(items, list) else [items]
    if not all(isinstance(item, dict) for item in items):
        raise AnsibleFilterError("yaml_documents takes a map or a list of maps")
    text: str = yaml.safe_dump_all(items, sort_keys=False, allow_unicode=True, width=120, explicit_start=True)
    return text if items else ""


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Any]:
        """Return it by name."""
        return {"yaml_documents": yaml_documents}

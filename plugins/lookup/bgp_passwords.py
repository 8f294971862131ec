# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: bgp_passwords
short_description: The BGP passwords that a plan names
version_added: 0.1.0
description:
  - Returns the values of C(edge_bgp_passwords) of a cluster host, all layers, for the names that a plan gives.
    The plan has names only; the roles that apply it take the values from here.
  - Keep the result out of all output (C(no_log)).
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  _terms:
    description: Names as C(CLUSTER/NAME).
    type: list
    elements: str
    required: true
  short:
    description: Return the values by C(NAME) and not by C(CLUSTER/NAME).
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Bring the router to the plan
  ansible.builtin.import_role:
    name: hybridnet.cluster_edge.udm_frr
  vars:
    udm_frr_intent: "{{ edge_plan.routers[inventory_hostname].frr }}"
    udm_frr_passwords: >-
      {{ lookup('hybridnet.cluster_edge.bgp_passwords', *edge_plan.routers[inventory_hostname].passwords) }}
"""

RETURN = r"""
_raw:
  description: One map of name to password.
  type: list
  elements: dict
"""

import re
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.layers import layer_names

VARIABLE = "edge_bgp_passwords"
LONGEST = 80
"""Bytes in UTF-8: a key of TCP-MD5 (TCP_MD5SIG_MAXKEYLEN of Linux)."""
PASSWORD = re.compile(r"[^\s!#|]+")
RULE = (
    "must be a text of 1 to 80 characters without blanks, line feeds, '!', '#' and '|'"
    " (a value that a pipe gave to ansible-vault encrypt_string ends in a line feed: use printf %s)"
)
"""What both ends take: FRR reads to the end of the line."""


def is_usable(value: Any) -> bool:
    """Return whether both ends take ``value`` as a password; a letter outside ASCII counts as its bytes."""
    if not isinstance(value, str) or not value.isprintable() or not PASSWORD.fullmatch(value):
        return False
    return len(value.encode("utf-8", "surrogatepass")) <= LONGEST


class LookupModule(LookupBase):
    """Reads the named passwords, and no other variable, of the named clusters."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return one map of name to password."""
        self.set_options(var_options=variables, direct=kwargs)
        hostvars = (variables or {})["hostvars"]
        found: dict[str, Any] = {}
        for term in terms:
            cluster, _slash, name = str(term).partition("/")
            layers = layer_names(hostvars.raw_get(cluster), VARIABLE)
            values = [hostvars[cluster][layer][name] for layer in layers if name in hostvars.raw_get(cluster)[layer]]
            if not values:
                raise AnsibleLookupError(f"{cluster}.{VARIABLE}.{name}: is missing")
            if not is_usable(values[-1]):
                raise AnsibleLookupError(f"{cluster}.{VARIABLE}.{name}: {RULE}")
            found[name if self.get_option("short") else str(term)] = values[-1]
        return [found]

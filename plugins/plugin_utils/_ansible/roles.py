# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What actions take from the roles: the template of frr.conf, and where Cilium's release comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.frr_intent import FrrIntent
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.gitops import ReleaseSource

ROLES = Path(__file__).parents[3] / "roles"
TEMPLATE = ROLES / "udm_frr" / "templates" / "frr.conf.j2"
RELEASE_DEFAULTS = ROLES / "cilium_net_release" / "defaults" / "main.yml"

Lookup = Callable[..., list[Any]]
"""Runs a lookup plugin: its name, its terms as a list, its options."""


def lookup_of(action: ActionBase, variables: Mapping[str, Any]) -> Lookup:
    """Return what runs lookup plugins as the task of an action would, with these variables."""

    def run(name: str, terms: list[str], **options: Any) -> list[Any]:
        plugin = lookup_loader.get(name, loader=action._loader, templar=action._templar)
        found: list[Any] = plugin.run(terms, variables=variables, **options)
        return found

    return run


def rendered_frr(lookup: Lookup, intent: FrrIntent, version: str, passwords: Mapping[str, str]) -> str:
    """Return the frr.conf of a router, from the template of the role udm_frr.

    Args:
        lookup: runs the lookup of templates.
        intent: what the router's FRR must hold.
        version: of FRR.
        passwords: name -> password; one that is not in it becomes a placeholder.
    """
    values = {"__udm_frr_intent": intent, "__udm_frr_version": version, "__udm_frr_passwords": passwords}
    return str(lookup("ansible.builtin.template", [str(TEMPLATE)], template_vars=values)[0])


def release_source(loader: DataLoader, variables: Mapping[str, Any]) -> ReleaseSource:
    """Return where Cilium's chart comes from and which release it becomes.

    Args:
        loader: reads the defaults of the role cilium_net_release.
        variables: of the cluster's host.
    """
    defaults: dict[str, Any] = loader.load_from_file(str(RELEASE_DEFAULTS))
    return ReleaseSource.of({key: plain(variables.get(key, value)) for key, value in defaults.items()})

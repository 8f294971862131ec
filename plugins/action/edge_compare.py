# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at one end, or take a saved copy of it, and compare it with the plan. Nothing is changed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import digested
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.cilium_kinds import (
    OTHERS_PLURALS,
    PLURALS,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.cluster_action import (
    LOOK_AT,
    ClusterAction,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.roles import (
    lookup_of,
    release_source,
    rendered_frr,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.ends import (
    ONLY_PLANNED,
    RELEASE_NOT_COPIED,
    Comparison,
    Row,
    cluster_comparison,
    planned_part,
    release_notes,
    router_comparison,
    saved_configuration,
    saved_router_comparison,
    saved_state,
    saved_values,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._compare.stored import (
    DAEMON_FILES,
    FRR_CONF,
    Stored,
    with_stored,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import (
    PlanDocument,
    PlannedCluster,
    PlannedRouter,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.saved import plan_of
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.labels import (
    FIELD_MANAGER,
    ownership_selector,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.note import note_name
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plain import plain

PLANNED = "planned"
LOOK = "hybridnet.cluster_edge.frr_running_info"
ARGUMENTS: dict[str, Any] = {
    "plan": {"type": "dict", "required": True},
    "saved": {"type": "path"},
    "scope": {"type": "str", "default": "all", "choices": ["all", PLANNED]},
}


class CannotLookError(Exception):
    """An end cannot be read; the text says why."""


@fails_once
class ActionModule(ClusterAction):
    """Compare the host of the task, a router or a cluster, with the plan."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the differences; ``error`` in their place says why the end could not be read."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = plain(self.validate_argument_spec(argument_spec=ARGUMENTS)[1])
        self._variables = task_vars or {}
        self._lookup = lookup_of(self, self._variables)
        host = str(self._variables["inventory_hostname"])
        end = "router"
        try:
            plan = plan_of(options["plan"], "plan")
            folder = Path(options["saved"]) / host if options["saved"] else None
            planned: PlannedRouter | PlannedCluster
            if host in plan["routers"]:
                planned = plan["routers"][host]
            elif host in plan["clusters"]:
                end, planned = "cluster", plan["clusters"][host]
            else:
                raise EdgeError("plan", f"knows no router and no cluster {host}", "run it on hosts of the plan")
            if not planned["managed"]:
                text = f"{end} {host}: not looked at (edge_{end}_managed: false)"
                seen = {**Comparison(()).as_dict(), "compared": False, "text": text}
                return {**result, "changed": False, "end": end, "host": host, **seen}
            if end == "router":
                found, of = self._router(plan["routers"][host], folder)
            else:
                found, of = self._cluster(plan, host, folder, options["scope"])
        except (EdgeError, CannotLookError, AnsibleConnectionFailure) as error:
            lines = [" ".join(line.split()) for line in str(error).splitlines()]
            why = "; ".join(line for line in lines if line)
            text = "\n  ".join((f"{end} {host} cannot be compared:", *filter(None, lines)))
            return {**result, "end": end, "host": host, "error": why, "text": text}
        text = "\n".join(found.text(f"{end} {host} ({of})"))
        seen = {**found.as_dict(), "compared": True, "text": text}
        return {**result, "changed": False, "end": end, "host": host, "of": of, **seen}

    # -- a router --------------------------------------------------------------------------------------------------
    def _router(self, router: PlannedRouter, folder: Path | None) -> tuple[Comparison, str]:
        """Return what differs at a router, and what was looked at."""
        passwords = plain(self._lookup("hybridnet.cluster_edge.bgp_passwords", router["passwords"])[0])
        if folder is not None:
            file = folder / "frr.conf"
            live, version = saved_configuration(_text(file), str(file)), router["frr_version"]
            planned = self._planned(router, version, passwords)
            found, version = saved_router_comparison(live, planned, version)
            return found, f"{file}, FRR {version}"
        salt = secrets.token_hex(16)
        given = {"salt": salt, "candidate": "", "candidate_bgp": ""}
        seen = plain(self._execute_module(LOOK, module_args=given, task_vars=self._variables))
        if seen.get("failed"):
            raise CannotLookError(str(seen.get("msg") or "no reason given"))
        planned, version = digested(self._planned(router, seen["version"], passwords), salt), seen["version"]
        if seen["running"] is None:
            # It was reached, and all of it is away: a firmware upgrade or a new disk leaves it so.
            away = () if router["absent"] else (Row(ONLY_PLANNED, "FRR: it does not run"),)
            found, of = Comparison(away, bgp_is_away=bool(away)), "without FRR"
        else:
            found, of = router_comparison(seen["running"], planned, version), f"FRR {version}"
        apart = seen["daemon_files"]
        name = DAEMON_FILES if apart else FRR_CONF
        stored = Stored(apart or seen["file"], name, seen["bgpd_enabled"], seen["starts_at_boot"])
        return with_stored(found, seen["running"], stored, planned, version, router["bgp_owner"]), of

    def _planned(self, router: PlannedRouter, version: str, passwords: dict[str, str]) -> str:
        return "" if router["absent"] else rendered_frr(self._lookup, router["frr"], version, passwords)

    # -- a cluster -------------------------------------------------------------------------------------------------
    def _cluster(self, plan: PlanDocument, host: str, folder: Path | None, scope: str) -> tuple[Comparison, str]:
        """Return what differs in a cluster, and what was looked at."""
        cluster = plan["clusters"][host]
        if folder is not None:
            saved = folder / "manifests"
            files = sorted(file for file in saved.glob("*") if file.suffix in (".yaml", ".yml", ".json"))
            files = [file for file in files if not file.is_dir()]
            if not files:
                raise CannotLookError(f"there is no YAML file in {saved} (kubectl get ... -o yaml > {saved}/live.yaml)")
            state = saved_state({str(file): _text(file) for file in files})
            values = folder / "values.yaml"
            if values.exists():
                state["release"] = {"version": None, "values": saved_values(_text(values), str(values))}
            found = cluster_comparison(planned_part(state, plan, host) if scope == PLANNED else state, plan, host)
            if "release" not in state and cluster["cilium_managed"] and not cluster["absent"]:
                found = replace(found, notes=(*found.notes, RELEASE_NOT_COPIED))
            return found, str(saved)
        owned = ownership_selector(plan["site"])
        plurals = sorted((*PLURALS.values(), *OTHERS_PLURALS.values()))
        wanted: dict[str, Any] = {"plurals": plurals, "nodes": True, "services": True}
        source = release_source(self._loader, self._variables)
        noted_in = f"{source.namespace}/{note_name(plan['site'])}"
        wanted.update(selector=owned, manager=FIELD_MANAGER, config_map=noted_in)
        if scope == PLANNED or cluster["cilium_managed"]:
            wanted["release"] = f"{source.namespace}/{source.name}"
        place: Mapping[str, Any] = cluster
        state = plain(self.state(wanted, place, self._variables))
        if state.get("failed"):
            raise CannotLookError(f"{state.get('msg') or 'no reason given'}\n{LOOK_AT}")
        state["namespace"] = source.namespace
        release = state.pop("release")
        if release is not None and release.get("status") == "uninstalled":  # kept by helm uninstall --keep-history
            release = None
        of = f"Cilium {cluster['cilium_version']} planned"
        if scope != PLANNED:
            return cluster_comparison({**state, "release": release}, plan, host), of
        found = cluster_comparison(planned_part(state, plan, host), plan, host)
        notes = (*found.notes, *release_notes(release, cluster))
        return replace(found, notes=notes), of


def _text(file: Path) -> str:
    """Return the text of a saved file."""
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise CannotLookError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CannotLookError(f"{file} is no text in UTF-8") from error

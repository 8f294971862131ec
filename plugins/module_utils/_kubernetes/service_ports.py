# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring back the ports of a Service that somebody changed under their names.

Server-side apply merges the ports of a Service by number and protocol, and no two may have one name. So a port whose
number was changed by hand keeps the planned one out: the API server answers 422 (kubernetes #118725). It is renamed,
the plan is applied, and then it is removed: a Service without a port would be refused.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple

from .reader import ClusterReader

INVALID = 422
"""HTTP status of an object that breaks a rule of its kind."""
JSON_PATCH = "application/json-patch+json"
_ASIDE = "not-planned-"
"""Beginning of the name that such a port has until it is removed."""


def taken_names(planned: Mapping[str, Any], live: Mapping[str, Any]) -> List[int]:
    """Return which ports of a live Service have the name of a planned port, and are not planned, by their places.

    Args:
        planned: the Service as it is applied.
        live: the Service.
    """
    ports = _ports(planned)
    names, keys = {port.get("name") for port in ports}, set(map(_key, ports))
    return [number for number, port in enumerate(_ports(live)) if port.get("name") in names and _key(port) not in keys]


def with_planned_ports(
    reader: ClusterReader,
    path: str,
    live: Mapping[str, Any],
    taken: Iterable[int],
    manager: str,
    apply: Callable[[], Optional[Dict[str, Any]]],
) -> Optional[Dict[str, Any]]:
    """Give the names that ports which are not planned have to those that are; return the Service.

    Args:
        reader: the cluster.
        path: of the Service.
        live: the Service.
        taken: the places of these ports (:func:`taken_names`).
        manager: the field manager.
        apply: applies the plan, and returns the Service.

    Raises:
        ConflictError, RefusedError: the Service has changed meanwhile, or the API server refuses it for another reason.
    """
    ports = _ports(live)
    aside = [operation for number in taken for operation in _renaming(number, ports[number])]
    reader.send("patch", path, aside, manager, JSON_PATCH)
    found = _ports(apply() or {})
    last_first = [number for number in reversed(range(len(found))) if found[number].get("name", "").startswith(_ASIDE)]
    away = [operation for number in last_first for operation in _removing(number, found[number])]
    return reader.send("patch", path, away, manager, JSON_PATCH)


def _renaming(number: int, port: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """Return the operations (RFC 6902) that rename a port; they fail where it is another one by now."""
    return [
        {"op": "test", "path": "/spec/ports/{0}/port".format(number), "value": port["port"]},
        {"op": "replace", "path": "/spec/ports/{0}/name".format(number), "value": _ASIDE + str(number)},
    ]


def _removing(number: int, port: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """Return the operations that remove a port that was renamed."""
    return [
        {"op": "test", "path": "/spec/ports/{0}/name".format(number), "value": port["name"]},
        {"op": "remove", "path": "/spec/ports/{0}".format(number)},
    ]


def _ports(service: Mapping[str, Any]) -> List[Mapping[str, Any]]:
    return list((service.get("spec") or {}).get("ports") or [])


def _key(port: Mapping[str, Any]) -> Tuple[int, str]:
    """Return by what server-side apply tells ports apart."""
    return port["port"], port.get("protocol") or "TCP"

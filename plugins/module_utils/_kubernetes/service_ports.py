# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring back the ports of a Service that somebody changed under their names.

Server-side apply merges the ports of a Service by number and protocol, and no two may have one name. So a port whose
number was changed by hand keeps the planned one out: the API server answers 422 (kubernetes #118725). It is renamed,
the plan is applied, and then it is removed: a Service without a port would be refused.

Each step has the Service's UID as a condition: another one of its name is not written to. Where the plan is refused
after all, the port gets its name back. Where the server goes away in the middle, the next apply removes it.
"""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Dict, List, Mapping, Optional, Set, Tuple

from .api import ClusterApi, ClusterError, RefusedError
from .list_items import item_keys

JSON_PATCH = "application/json-patch+json"
_ASIDE = "not-planned-"
"""Beginning of the name that such a port has until it is removed."""
_Key = Tuple[int, str]
"""Number and protocol of a port, by which server-side apply tells ports apart."""


def taken_names(planned: Mapping[str, Any], live: Mapping[str, Any]) -> List[int]:
    """Return which ports of a live Service have the name of a planned port, and are not planned, by their places.

    One without a name is none of them: beside another port it would need one.

    Args:
        planned: the Service as it is applied.
        live: the Service.
    """
    ports = _ports(planned)
    names, keys = {port.get("name") for port in ports} - {None, ""}, set(map(_key, ports))
    return [number for number, port in enumerate(_ports(live)) if port.get("name") in names and _key(port) not in keys]


def going_ports(planned: Mapping[str, Any], live: Mapping[str, Any], manager: str) -> List[Mapping[str, Any]]:
    """Return the ports of a live Service that are not planned and that an apply takes away, whoever has set them.

    Args:
        planned: the Service as it is applied.
        live: the Service.
        manager: the field manager.
    """
    places = {*taken_names(planned, live), *_left_aside(planned, live, manager)}
    return [port for number, port in enumerate(_ports(live)) if number in places]


def _left_aside(planned: Mapping[str, Any], live: Mapping[str, Any], manager: str) -> List[int]:
    """Return which ports of a live Service were renamed to let planned ones in, by their places.

    Args:
        planned: the Service as it is applied; of one whose ports are not ours there are none.
        live: the Service.
        manager: the field manager.
    """
    keys, ours = set(map(_key, _ports(planned))), _named_by(live, manager)
    return [
        number
        for number, port in enumerate(_ports(live))
        if keys and (port.get("name") or "").startswith(_ASIDE) and _key(port) in ours and _key(port) not in keys
    ]


def with_planned_ports(
    api: ClusterApi,
    path: str,
    live: Mapping[str, Any],
    taken: List[int],
    manager: str,
    apply: Callable[[], Optional[Dict[str, Any]]],
) -> Optional[Dict[str, Any]]:
    """Give the names that ports which are not planned have to those that are; return the Service.

    These ports are there still, under other names (:func:`without_ports_aside`).

    Args:
        api: the API server of the cluster.
        path: of the Service.
        live: the Service.
        taken: the places of these ports (:func:`taken_names`).
        manager: the field manager.
        apply: applies the plan, and returns the Service.

    Raises:
        ConflictError, RefusedError: the Service has changed meanwhile, or the API server refuses it for another reason;
            the ports have their names again.
    """
    ports = _ports(live)
    aside = [operation for number in taken for operation in _renaming(number, ports[number], _aside(ports[number]))]
    if api.send("patch", path, [_same(live), *aside], manager, JSON_PATCH) is None:
        return None
    try:
        return apply()
    except RefusedError:
        back = [operation for number in taken for operation in _named_again(number, ports[number])]
        with contextlib.suppress(ClusterError):  # what is told is why the plan was refused
            api.send("patch", path, [_same(live), *back], manager, JSON_PATCH)
        raise


def without_ports_aside(
    api: ClusterApi, path: str, planned: Mapping[str, Any], live: Dict[str, Any], params: Mapping[str, Any]
) -> Optional[Dict[str, Any]]:
    """Remove ports that were renamed to let planned ones in, also by a run that was cut off; return the Service.

    Args:
        api: the API server of the cluster.
        path: of the Service.
        planned: the Service as it was applied; of one whose ports are not ours nothing is removed.
        live: what the API server made of it.
        params: ``manager``: the field manager. ``dry_run``: change nothing.

    Raises:
        ConflictError, RefusedError: the Service has changed meanwhile, or the API server refuses it.
    """
    ports, left = _ports(live), _left_aside(planned, live, params["manager"])
    if not left:
        return live
    if params["dry_run"]:
        kept = [port for number, port in enumerate(ports) if number not in left]
        return dict(live, spec=dict(live["spec"], ports=kept))
    away = [operation for number in reversed(left) for operation in _removing(number, ports[number])]
    return api.send("patch", path, [_same(live), *away], params["manager"], JSON_PATCH)


def _same(live: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the operation (RFC 6902) that fails where another Service has the name by now."""
    return {"op": "test", "path": "/metadata/uid", "value": live["metadata"]["uid"]}


def _aside(port: Mapping[str, Any]) -> str:
    """Return the name that a port has until it is removed; no other port of its Service has it."""
    number, protocol = _key(port)
    return "{0}{1}-{2}".format(_ASIDE, number, protocol.lower())


def _renaming(number: int, port: Mapping[str, Any], name: str) -> List[Dict[str, Any]]:
    """Return the operations that rename a port; they fail where it is another one by now."""
    return [
        {"op": "test", "path": "/spec/ports/{0}/port".format(number), "value": port["port"]},
        {"op": "test", "path": "/spec/ports/{0}/name".format(number), "value": port["name"]},
        {"op": "replace", "path": "/spec/ports/{0}/name".format(number), "value": name},
    ]


def _named_again(number: int, port: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """Return the operations that give a port that was renamed its name again."""
    return _renaming(number, dict(port, name=_aside(port)), port["name"])


def _removing(number: int, port: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """Return the operations that remove a port that was renamed."""
    return [
        {"op": "test", "path": "/spec/ports/{0}/name".format(number), "value": port["name"]},
        {"op": "remove", "path": "/spec/ports/{0}".format(number)},
    ]


def _named_by(service: Mapping[str, Any], manager: str) -> Set[_Key]:
    """Return the ports whose names a field manager has written otherwise than by an apply."""
    found: Set[_Key] = set()
    for entry in service["metadata"].get("managedFields") or []:
        if (entry.get("manager"), entry.get("operation")) == (manager, "Update") and not entry.get("subresource"):
            ports = ((entry.get("fieldsV1") or {}).get("f:spec") or {}).get("f:ports") or {}
            named = [item_keys(name) for name, of in ports.items() if "f:name" in of]
            found.update(_key(keys) for keys in named if _is_key(keys))
    return found


def _is_key(keys: Mapping[str, Any]) -> bool:
    """Return whether the keys of an owned item are those of a port: others may write any."""
    port = keys.get("port")
    # In Python True is an int.
    return isinstance(port, int) and not isinstance(port, bool) and isinstance(keys.get("protocol", ""), str)


def _ports(service: Mapping[str, Any]) -> List[Mapping[str, Any]]:
    return list((service.get("spec") or {}).get("ports") or [])


def _key(port: Mapping[str, Any]) -> _Key:
    return port["port"], port.get("protocol") or "TCP"

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which fields of a live object a field manager owns (Kubernetes documentation, "Server-Side Apply").

Three questions are answered from ``metadata.managedFields``: what others own of an object, which an apply would leave
beside the plan; what we own of an object that others apply now; and whether an apply would change anything at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...module_utils._kubernetes.list_items import item_keys, item_value
from .._cilium.common import Object
from .._kubernetes.labels import FIELD_MANAGER, UNNAMED_MANAGER, ownership_labels

Path = tuple[str, ...]
"""Where a field is, in the words of ``fieldsV1``."""

Operation = dict[str, Any]
"""An operation of a JSON Patch (RFC 6902)."""

_ENTRIES = "/metadata/managedFields"
_OWNERSHIP = {("f:metadata", "f:labels", f"f:{name}") for name in ownership_labels("")}
LAST_APPLIED: Path = ("f:metadata", "f:annotations", "f:kubectl.kubernetes.io/last-applied-configuration")
"""By this annotation kubectl knows who applied an object without server-side apply."""
_APPLIED = {LAST_APPLIED, ("f:metadata", "f:annotations", "f:argocd.argoproj.io/tracking-id")}
"""What an apply without server-side apply leaves on an object that is as applied already, and prunes it by."""
_MAPS = ("f:selector", "f:matchLabels")
"""Maps of a spec, of which each key is a field of its own."""


def fields_of_others(planned: Object, found: Object) -> dict[str, list[str]]:
    """Return by field manager the fields of ``spec`` that it owns, and that the plan does not have.

    One that we own too counts: an apply gives up our share of it, and it stays.
    """
    theirs: dict[str, set[Path]] = {}
    for entry in found["metadata"].get("managedFields") or []:
        # Others may name our field manager; we apply, and an apply gives back no field of an update.
        ours = (entry.get("manager"), entry.get("operation")) == (FIELD_MANAGER, "Apply")
        if not ours and not entry.get("subresource"):
            paths = _owned_paths((entry.get("fieldsV1") or {}).get("f:spec") or {})
            theirs.setdefault(entry.get("manager") or UNNAMED_MANAGER, set()).update(paths)
    left = {
        manager: [path for path in sorted(paths) if not _has_field(planned["spec"], path)]
        for manager, paths in theirs.items()
    }
    return {manager: [_field_text(path) for path in paths] for manager, paths in left.items() if paths}


@dataclass(frozen=True, slots=True)
class OwnFields:
    """What our field manager owns of an object that others apply now."""

    planned: list[str]
    """Fields that the plan has."""
    beside: list[str]
    """Fields that the plan does not have: they stay, whatever others apply."""
    nobody_else: list[str]
    """Fields that the plan has and no other manager owns."""
    going: list[str]
    """Those beside the plan that go with :attr:`patch`, as no other manager owns them, or a part of what holds them."""
    has_others: bool
    """Whether another manager has applied it: it owns a part of the spec, a label of ownership, or an apply's trace."""
    patch: list[Operation]
    """What takes away those beside the plan: each other value, and what others own, stays as it is."""


def own_fields(planned: Object, found: Object) -> OwnFields:
    """Return what our field manager owns of a live object: labels, annotations, spec.

    Args:
        planned: the object as others are to apply it, or the part that the plan has of it.
        found: the live object, with its managed fields.
    """
    ours: set[Path] = set()
    theirs: set[Path] = set()
    entries: list[int] = []
    for number, entry in enumerate(found["metadata"].get("managedFields") or []):
        if entry.get("subresource"):
            continue
        paths = set(_owned_paths(entry.get("fieldsV1") or {}))
        if entry.get("manager") == FIELD_MANAGER:
            ours |= paths
            entries.append(number)
        else:
            theirs |= paths
    in_plan = {path for path in ours if _has_field(planned, path)}
    beside, alone = ours - in_plan, in_plan - theirs
    # Of a Service of others the plan has labels and annotations alone: its spec is not ours to take away.
    going = {
        path for path in beside - theirs if _has_field(planned, path[:1]) and not _is_shared(path, planned, theirs)
    }
    stays = bool(alone) and beside == going
    patch = _giving_up(found, [] if stays else entries, {_whole(path, planned, theirs) for path in going})
    has_others = any(path[0] == "f:spec" or path in _OWNERSHIP or path in _APPLIED for path in theirs)
    return OwnFields(_texts(in_plan), _texts(beside), _texts(alone), _texts(going), has_others, patch)


def _is_shared(path: Path, planned: Object, theirs: set[Path]) -> bool:
    """Return whether others own another part of the list item, or of the struct, that a field beside the plan is in.

    The API server refuses an item without its keys, and a struct without what its CRD requires. Keys of a map are free.
    """
    if path[0] == "f:metadata" or path[-2] in _MAPS:
        return False
    above = [path[:depth] for depth in range(2, len(path)) if path[depth].startswith("f:")]  # no lists: items are free
    return any(not _has_field(planned, part) and any(item[: len(part)] == part for item in theirs) for part in above)


def goes_with_an_apply_of_kubectl(found: Object, path: Path) -> bool:
    """Return whether ``kubectl apply --server-side`` of an object without this field takes it away.

    It does where who applied the object without server-side apply owns it, and nobody else: kubectl makes these fields
    its own first, and an apply drops what it lacks (kubectl, ``migrateToSSAIfNecessary``).
    """
    owners = [
        LAST_APPLIED in paths and entry.get("operation") == "Update"
        for entry in found["metadata"].get("managedFields") or []
        if not entry.get("subresource") and path in (paths := set(_owned_paths(entry.get("fieldsV1") or {})))
    ]
    return bool(owners) and all(owners)


def _whole(path: Path, planned: Object, theirs: set[Path]) -> Path:
    """Return the field to remove for an owned one that is not planned: what is above it, if that goes as a whole.

    A part of a list item, or of a struct, could not be left without the rest. Labels and annotations go one by one.
    """
    for depth in range(2, len(path)):
        above = path[:depth]
        if path[0] != "f:metadata" and not _has_field(planned, above) and all(item[:depth] != above for item in theirs):
            return above
    return path


def _giving_up(found: Object, entries: list[int], going: set[Path]) -> list[Operation]:
    """Return a JSON Patch that removes entries of managed fields, and values; it fails as a whole if these moved.

    An apply of less would do both too, but kubectl's takes over what Update managers own, and gives that up as well
    (kubectl, ``migrateToSSAIfNecessary``). Removing a value takes it from each manager; removing an entry changes no
    value (Kubernetes API server, ``managedfields``: those of an update's object count).

    Args:
        found: the live object.
        entries: numbers of the entries in its managed fields.
        going: its fields.
    """
    tests = [{"op": "test", "path": f"{_ENTRIES}/{number}/manager", "value": FIELD_MANAGER} for number in entries]
    removals = [f"{_ENTRIES}/{number}" for number in entries]
    for path in sorted(going):
        pointer, numbers = _pointer(found, path)
        if pointer:
            tests += [test for test in numbers if test not in tests]
            removals.append(pointer)
    # Each removal moves the later items of its list: the last one goes first, and what is deeper before what holds it.
    removals.sort(key=lambda pointer: (pointer.count("/"), [int(p) if p.isdigit() else -1 for p in pointer.split("/")]))
    return [*tests, *({"op": "remove", "path": pointer} for pointer in reversed(removals))]


def _pointer(found: Object, path: Path) -> tuple[str, list[Operation]]:
    """Return the JSON Pointer (RFC 6901) of a live field, with tests that each list item on its way is the one meant.

    It is empty where the object has no such field.
    """
    pointer, tests = "", []
    value: Any = found
    for part in path:
        kind, _colon, name = part.partition(":")
        if kind == "f":
            if not isinstance(value, Mapping) or name not in value:
                return "", []
            pointer, value = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}", value[name]
            continue
        items = value if isinstance(value, list) else []
        places = [number for number, item in enumerate(items) if _is_live_item(part, item)]
        if not places:
            return "", []
        pointer, value = f"{pointer}/{places[0]}", value[places[0]]
        keys = item_keys(part).items() if kind == "k" else [("", value)]
        tests += [{"op": "test", "path": f"{pointer}/{key}".rstrip("/"), "value": item} for key, item in keys]
    return pointer, tests


def _texts(paths: set[Path]) -> list[str]:
    return [_field_text(path, "") for path in sorted(paths)]


def _has_field(value: Any, path: Path) -> bool:
    """Return whether a planned value has the field at a path of ``fieldsV1``."""
    if not path:
        return True
    kind, _colon, name = path[0].partition(":")
    if kind == "f":
        return isinstance(value, Mapping) and name in value and _has_field(value[name], path[1:])
    if not isinstance(value, list):
        return False
    items = [item for item in value if _is_item(path[0], item)]
    if kind == "k":
        # perhaps left out, as it has a default
        is_key = len(path) == 2 and path[1].removeprefix("f:") in item_keys(path[0])
        return bool(items) if is_key else any(_has_field(item, path[1:]) for item in items)
    return bool(items)


def _owned_paths(fields: Mapping[str, Any], path: Path = ()) -> Iterator[Path]:
    """Yield the leaves of ``fieldsV1`` (Kubernetes documentation, "Server-Side Apply")."""
    for name, below in fields.items():
        if name == ".":
            continue
        if below:
            yield from _owned_paths(below, (*path, name))
        else:
            yield (*path, name)


def _field_text(path: Path, above: str = "spec") -> str:
    """Return a path as messages name a field, below the field ``above`` (empty: the object)."""
    text = above
    for part in path:
        kind, _colon, name = part.partition(":")
        if kind == "f":
            text += f".{name}"
        elif item_keys(part):
            text += "[" + ",".join(f"{key}={value}" for key, value in item_keys(part).items()) + "]"
        else:
            text += f"[{name}]"
    return text.removeprefix(".")


def is_applied(planned: Object, found: Object) -> bool:
    """Return whether applying ``planned`` as our field manager would change nothing.

    It would not where our last apply was of the same fields in the same apiVersion, and each has its value still. What
    the API server writes in another form than it was given counts as different: an apply then finds out.

    Args:
        planned: the object as it would be applied.
        found: the live object, with its managed fields.
    """
    entries = [
        entry
        for entry in found["metadata"].get("managedFields") or []
        if entry.get("manager") == FIELD_MANAGER and not entry.get("subresource")
    ]
    if not entries:
        return not _applied_part(planned)
    if [(entry.get("operation"), entry.get("apiVersion")) for entry in entries] != [("Apply", planned["apiVersion"])]:
        return False
    return _same_fields(_applied_part(planned), _applied_part(found), entries[0].get("fieldsV1") or {})


def _applied_part(item: Object) -> Object:
    """Return an object without what names it, which no field manager owns."""
    metadata = {name: value for name, value in item["metadata"].items() if name not in ("name", "namespace")}
    rest = {name: value for name, value in item.items() if name not in ("apiVersion", "kind", "metadata")}
    return {**rest, "metadata": metadata} if metadata else rest


def _same_fields(planned: Any, found: Any, fields: Mapping[str, Any]) -> bool:
    """Return whether ``planned`` has the owned ``fields`` and no other, and ``found`` has their planned values."""
    owned = {name: below for name, below in fields.items() if name != "."}
    if not owned:  # a value that is owned as a whole
        return bool(planned == found)
    if isinstance(planned, Mapping) and isinstance(found, Mapping):
        return {f"f:{name}" for name in planned} == set(owned) and all(
            name in found and _same_fields(value, found[name], owned[f"f:{name}"]) for name, value in planned.items()
        )
    if isinstance(planned, list) and isinstance(found, list):
        return _same_items(planned, found, owned)
    return False


def _same_items(planned: list[Any], found: list[Any], owned: Mapping[str, Any]) -> bool:
    """Return the same for the items of a list, whose owned ones are named by keys (``k:``) or values (``v:``)."""
    places = []
    for item in planned:
        names = [name for name in owned if _is_item(name, item)]
        if len(names) != 1:
            return False
        # An item that is owned by its value has no fields below, and is compared whole.
        same = [
            number
            for number, other in enumerate(found)
            if _is_live_item(names[0], other) and _same_fields(item, other, owned[names[0]])
        ]
        if len(same) != 1:
            return False
        places += same
    return len(planned) == len(owned) and places == sorted(places)


def _is_item(name: str, item: Any) -> bool:
    """Return whether an owned list item is the planned one. Keys that the plan leaves out have a default."""
    keys = item_keys(name)
    if keys:
        return isinstance(item, Mapping) and all(item.get(key, value) == value for key, value in keys.items())
    return item in item_value(name)


def _is_live_item(name: str, item: Any) -> bool:
    """Return whether an owned list item is the live one, which has its keys."""
    keys = item_keys(name)
    if keys:
        return isinstance(item, Mapping) and keys.items() <= item.items()
    return item in item_value(name)

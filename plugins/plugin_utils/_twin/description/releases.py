# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which releases of Cilium and FRR a twin runs in the place of the planned ones, and where it is not as planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ....module_utils._errors import EdgeError
from ..._versions.cilium import parse_version
from .model import Twin


def nearest_release(planned: str, available: Sequence[str], cluster: str) -> str:
    """Return the available release of the planned minor version whose patch is nearest, the newer of two.

    Another minor version is never taken: its objects, Helm values and rules are others.

    Args:
        planned: ``edge_cilium_version``.
        available: the releases that the twin has programs for.
        cluster: its host, for the error.

    Raises:
        EdgeError: no release of that minor version is available.
    """
    if planned in available:
        return planned
    major, minor, patch = parse_version(planned)
    found = {parse_version(release): release for release in available}
    same = [version for version in found if version[:2] == (major, minor)]
    if same:
        return found[min(same, key=lambda version: (abs(version[2] - patch), -version[2]))]
    closest = found[min(found, key=lambda version: abs(1000 * (version[0] - major) + version[1] - minor))]
    there = ", ".join(found[version] for version in sorted(found))
    raise EdgeError(
        f"{cluster}.edge_cilium_version",
        f"the twin has no release of Cilium {major}.{minor} ({planned})",
        f"it has {there}, and takes them for other patch releases of the same minor version;"
        f" to rehearse the site as it would be on {closest}: -e edge_cilium_version={closest}",
    )


def nearest_suite(planned: str, suites: Mapping[str, str]) -> str:
    """Return the suite whose FRR is nearest to the planned version, the newer of two.

    Args:
        planned: ``edge_router_frr_version``, as major.minor.
        suites: Debian suite -> the version of its FRR.
    """
    return min(suites, key=lambda suite: (abs(_number(suites[suite]) - _number(planned)), -_number(suites[suite])))


def _number(version: str) -> int:
    major, minor = version.split(".")[:2]
    return 1000 * int(major) + int(minor)


def differences(twin: Twin, frr_version: str, suites: Mapping[str, str]) -> list[str]:
    """Return where the twin is not as the site is planned, one line each: what is green on it may be red on the site.

    Args:
        twin: the description.
        frr_version: what its routers run, as major.minor.
        suites: Debian suite -> the version of its FRR.
    """
    planned: dict[str, list[str]] = {}
    for router in twin.routers:
        if router.managed and router.planned_frr not in ("", frr_version):
            planned.setdefault(router.planned_frr, []).append(router.host)
    lines = []
    for version, hosts in planned.items():
        line = f"{', '.join(hosts)}: FRR {frr_version} in place of {version}"
        nearest = nearest_suite(version, suites)
        if suites[nearest] != frr_version:
            line += f" (-e edge_twin_router_suite={nearest} has {suites[nearest]})"
        lines.append(line)
    for cluster in twin.clusters:
        if cluster.cilium_version != cluster.planned_cilium:
            lines.append(
                f"{cluster.host}: Cilium {cluster.cilium_version} in place of {cluster.planned_cilium}"
                " (the nearest patch release that the twin has)"
            )
        if cluster.replaced_values:
            lines.append(f"{cluster.host}: the twin's own Helm values of {', '.join(cluster.replaced_values)}")
    return lines

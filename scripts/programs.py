# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build everything that a full run of the tests needs into the cache, once; as root.

Usage: ``programs.py CACHE``, or ``programs.py --path CACHE`` to print the folders of those that tests start by name.
``programs.py --helm-4 CACHE``, ``--helm-oldest``, ``--kustomize``, ``--argocd`` and the names of Flux's controllers
build a program that only long tests run, install what it calls, and print its path.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import programs  # noqa: E402
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.runtime import Progress  # noqa: E402

CILIUM = tuple(programs.CILIUM)[-2:]
"""The two newest: what a full run of the tests needs. A twin builds the others when a site asks for one."""
LATER = {
    "--helm-4": (programs.HELM_4, "helm"),
    "--helm-oldest": (programs.HELM_OLDEST, "helm"),
    "--kustomize": (programs.KUSTOMIZE, "kustomize"),
    **{f"--{name}": (recipe, name) for name, recipe in programs.FLUX.items()},
    "--argocd": (programs.ARGO_CD, "argocd"),
}
"""Option -> the recipe and program that it builds."""


def programs_in(cache: Path) -> programs.Programs:
    """Return the programs of ``cache``; what is built meanwhile is told on stderr."""
    progress = Progress(lambda text: print(text, file=sys.stderr, flush=True))
    return programs.Programs(cache, ROOT / "roles/edge_twin/files/programs", None, progress)


def path(cache: Path) -> str:
    """Return the folders of Go and etcd, as they stand in ``PATH``."""
    tools = programs_in(cache)
    return f"{tools.go().parent}:{tools.etcd().parent}"


def build(cache: Path) -> None:
    """Build what is missing in ``cache``, saying how long it takes."""
    tools = programs_in(cache)
    tools.debian_packages()
    tools.etcd()
    for suite in programs.ROUTER_SUITES:
        tools.router_image(suite)
    for recipe in (programs.KUBERNETES, programs.HELM, *(programs.CILIUM[version] for version in CILIUM)):
        for program in recipe.mains:
            tools.ready(recipe, program)
        for folder in recipe.folders:
            tools.folder(recipe, folder)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--path", action="store_true")
    for option in LATER:
        what.add_argument(option, dest="later", action="store_const", const=LATER[option])
    parser.add_argument("cache", type=Path)
    options = parser.parse_args()
    if options.path:
        print(path(options.cache))
    elif options.later:
        recipe, program = options.later
        tools = programs_in(options.cache)
        if recipe.commands:
            tools.debian_packages([recipe])
        print(tools.ready(recipe, program))
    else:
        build(options.cache)


if __name__ == "__main__":
    try:
        main()
    except EdgeError as error:
        sys.exit(str(error))

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of kubectl, as messages print them."""

from __future__ import annotations

import re
import shlex

_HOME = re.compile(r"~[a-z0-9_-]*/")
"""How a path in somebody's home begins. In quotes no shell knows it."""


def kubectl(kubeconfig: str | None, context: str | None) -> str:
    """Return how a printed command begins: whoever copies it has perhaps another cluster as the current one.

    Args:
        kubeconfig: path of the cluster's kubeconfig; None: the client's own default.
        context: in it; None: the current one.
    """
    options = (("--kubeconfig", kubeconfig), ("--context", context))
    return " ".join(["kubectl", *(f"{name} {_quoted(value)}" for name, value in options if value)])


def _quoted(value: str) -> str:
    home = _HOME.match(value)
    rest = value[home.end() :] if home else value
    return (home[0] if home else "") + (shlex.quote(rest) if rest else "")

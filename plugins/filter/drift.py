# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End a run in which an end could not be looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ansible.errors import AnsibleError


def could_not_look(reasons: Sequence[str]) -> bool:
    """Return False where there is no reason.

    Raises:
        AnsibleError: there is one. As the condition of a task ``meta``, which no host runs, it ends the whole run, with
            exit status 1; a task that fails ends it with 2.
    """
    if reasons:
        raise AnsibleError(f"could not look: {'; '.join(reasons)}")
    return False


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., bool]]:
        """Return it by name."""
        return {"could_not_look": could_not_look}

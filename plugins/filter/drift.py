# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that ends a run in which an end could not be looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from multiprocessing import parent_process

from ansible import constants
from ansible.errors import AnsibleError
from ansible.utils.display import Display


def could_not_look(reasons: Sequence[str]) -> bool:
    """Return False where there is no reason.

    As the condition of a task ``meta``, which no host runs, it ends the whole run, with exit status 1; a task that
    fails ends it with 2. There the reasons are shown by themselves: of an error, ansible-core shows an excerpt of the
    file with that task, where a user has nothing to mend.

    Raises:
        AnsibleError: there is a reason, in a task that a host runs, which is a process of its own.
        SystemExit: there is a reason, in a task ``meta``.
    """
    if not reasons:
        return False
    text = f"could not look: {'; '.join(reasons)}"
    if parent_process() is not None:
        raise AnsibleError(text)
    Display().display(text, color=str(constants.config.get_config_value("COLOR_ERROR")), stderr=True)
    raise SystemExit(1)


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., bool]]:
        """Return it by name."""
        return {"could_not_look": could_not_look}

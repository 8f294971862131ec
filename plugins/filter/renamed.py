# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a role's variable go on under its old name for one release."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.utils.display import Display

COLLECTION = "hybridnet.cluster_edge"


def renamed_variable(value: Any, old: str, new: str) -> Any:
    """Return the value of a variable under its old name, with a warning that names the new one."""
    Display().warning(f"{old} is called {new} now; the old name goes with the next release of {COLLECTION}")
    return value


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return it by name."""
        return {"renamed_variable": renamed_variable}

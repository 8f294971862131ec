# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that an action shows beside its result."""

from __future__ import annotations

from ansible import constants
from ansible.utils.display import Display

display = Display()


def show(text: str, color: str | None = None) -> None:
    """Show a text that belongs to no result."""
    # A callback that writes one JSON document owns standard output.
    aside = "json" in str(constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK"))
    display.display(text, color=color, stderr=aside)

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that writes pages from the library's tables, as a module."""

from __future__ import annotations

import importlib.util

from .hybrid import CHECKOUT

_spec = importlib.util.spec_from_file_location("generate", CHECKOUT / "scripts" / "generate.py")
assert _spec is not None
assert _spec.loader is not None
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors for objects that the API server would refuse: they name the object and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ....module_utils._errors import EdgeError


@contextmanager
def read_as_the_api_has_it(place: str) -> Iterator[None]:
    """Raise an EdgeError for ``place`` in place of what a value of the wrong shape raises."""
    try:
        yield
    except EdgeError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise EdgeError(place, f"it is not as the API has it: {_why(error)}") from error


def _why(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error}"
    if isinstance(error, AttributeError) and error.name in ("get", "items"):
        return f"{error.obj!r} stands where a map belongs"
    return str(error)

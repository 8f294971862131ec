# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals of one object, told from those of everything."""

from __future__ import annotations

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.answers import is_of_object


@pytest.mark.parametrize(
    ("status", "message", "of_object"),
    [
        (409, 'Apply failed with 1 conflict: conflict with "kubectl": .spec.ports', True),
        (422, "spec.ports: Required value", True),
        (403, "admission webhook denied the request", True),
        (403, 'admission webhook "pods.example" denied the request: Services cannot have this label', True),
        (403, 'User "x" cannot patch resource "services"', False),
        (401, "Unauthorized", False),
        (408, "Timeout", False),
        (429, "Too many requests, please try again later.", False),
        (500, "etcdserver: request timed out", False),
        (504, "Timeout: request did not complete within the allotted timeout", False),
    ],
)
def test_refusal_of_an_object(status: int, message: str, of_object: bool) -> None:
    assert is_of_object(status, message) is of_object

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals of one object, told from those of everything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.answers import object_refusal


def apply_error(code: int, message: str) -> dict[str, Any]:
    """Return what kubernetes.core 6.5 gives for an apply: the server's Status stands in the text alone."""
    status = {"kind": "Status", "status": "Failure", "message": message, "code": code}
    return {"msg": f"Failed to apply object: {json.dumps(status)}", "reason": "Conflict"}


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (apply_error(409, 'conflict with "kubectl": .spec.ports'), 'conflict with "kubectl": .spec.ports'),
        (apply_error(422, "spec.ports: Required value"), "spec.ports: Required value"),
        (apply_error(403, "admission webhook denied the request"), "admission webhook denied the request"),
        (
            apply_error(403, 'admission webhook "pods.example" denied the request: Services cannot have this label'),
            'admission webhook "pods.example" denied the request: Services cannot have this label',
        ),
        ({"status": 409, "msg": "Failed to delete object"}, "Failed to delete object"),
        (apply_error(403, 'User "x" cannot patch resource "services"'), None),
        (apply_error(401, "Unauthorized"), None),
        (apply_error(500, "etcdserver: request timed out"), None),
        ({"msg": "Failed to apply object: Max retries exceeded"}, None),
        ({"msg": "Failed {half"}, None),
    ],
)
def test_object_refusal(error: dict[str, Any], refusal: str | None) -> None:
    assert object_refusal(error) == refusal

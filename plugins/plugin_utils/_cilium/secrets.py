# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that hold BGP passwords, made from what the caller has; the plan knows their names alone."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from ...module_utils._errors import EdgeError
from .._kubernetes.labels import ownership_labels
from .bgp import password_secret_name
from .common import Object


def password_secrets(
    planned: Sequence[Object], passwords: Mapping[str, Any], namespace: str, site: str
) -> list[Object]:
    """Return the Secrets that the planned CiliumBGPPeerConfigs refer to. Secret: the caller keeps them from all output.

    Raises:
        EdgeError: a password is missing, empty or not text; the error does not show it.
    """
    secrets = []
    for name in sorted({item["spec"]["authSecretRef"] for item in planned if "authSecretRef" in item["spec"]}):
        password = name.removeprefix(password_secret_name(""))
        value = passwords.get(password)
        if not isinstance(value, str) or not value:
            raise EdgeError(f"edge_bgp_passwords.{password}", "it is not a text, or empty")
        metadata = {"name": name, "namespace": namespace, "labels": ownership_labels(site)}
        data = {"password": base64.b64encode(value.encode()).decode()}
        secrets.append({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data})
    return secrets


def secrets_at_hand(planned: Sequence[Object], passwords: Mapping[str, Any], namespace: str, site: str) -> list[Object]:
    """Return those Secrets whose password is given at all; that one is missing, the comparison with a cluster tells.

    Raises:
        EdgeError: a password is empty or not text.
    """
    names = {password_secret_name(name) for name in passwords}
    return password_secrets(
        [item for item in planned if item["spec"].get("authSecretRef") in names], passwords, namespace, site
    )

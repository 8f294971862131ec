# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm's records of Cilium's release, and a reader that answers with them as an API server does."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.api import METADATA_ONLY
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.connection import ClusterConnection

SECRETS = "/api/v1/namespaces/kube-system/secrets"


def record(revision: int, **changes: Any) -> dict[str, Any]:
    """Return Helm's Secret of one revision of Cilium.

    Args:
        revision: its number.
        changes: what it says otherwise, by the keys of Helm's record.
    """
    content = {
        "name": "cilium",
        "version": revision,
        "info": {"status": "deployed"},
        "chart": {"metadata": {"name": "cilium", "version": "1.19.6", "appVersion": "1.19.6"}, "templates": ["secret"]},
        "config": {"debug": {"enabled": True}},
        "manifest": "secret",
        **changes,
    }
    packed = base64.b64encode(gzip.compress(json.dumps(content).encode()))
    status = (content["info"] or {}).get("status")
    labels = {"owner": "helm", "name": "cilium", "version": str(revision), "status": status}
    return {
        "metadata": {"name": f"sh.helm.release.v1.cilium.v{revision}", "labels": labels},
        "data": {"release": base64.b64encode(packed).decode()},
    }


class HelmStandIn:
    """Answers like an API server that has Helm's records of a release."""

    client_version = "36.0.0"

    def __init__(self, *records: dict[str, Any], path: str = SECRETS) -> None:
        self.path = path
        self.connection = ClusterConnection("kubeconfig", None)
        self.connection.helm_records = path.rpartition("/")[2]
        self.records = {item["metadata"]["name"]: item for item in records}
        self.selectors: list[str] = []

    def get(self, path: str) -> dict[str, Any] | None:
        return self.records.get(path.removeprefix(f"{self.path}/"))

    def check_uid(self) -> None:
        """It is the one that is meant."""

    def cluster_uid(self) -> str:
        return "7d0f7f0e-6d0b-4b43-9f0b-1a2b3c4d5e6f"

    def items(self, path: str, accept: str, selector: str) -> list[dict[str, Any]]:
        assert accept == METADATA_ONLY, "revisions are of 100 KB each: two are read whole at most"
        self.selectors.append(selector)
        if path != self.path:
            return []
        return [{"metadata": item["metadata"]} for item in self.records.values()]

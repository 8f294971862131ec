# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GET requests against one API server, for the modules that read a cluster. The one part of ``module_utils`` with I/O.

``kubernetes.core.k8s_info`` reads one kind for each task and discovers the whole API first; a look at both ends reads a
dozen kinds every two seconds.
"""

from __future__ import annotations

import json
import traceback
from typing import Any, Dict, List, Optional

try:
    import kubernetes
    from kubernetes.dynamic.client import DynamicClient
    from kubernetes.dynamic.exceptions import DynamicApiError, NotFoundError
    from urllib3.exceptions import HTTPError

    KUBERNETES_ERROR = None
except ImportError:
    KUBERNETES_ERROR = traceback.format_exc()

JSON = "application/json"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
"""Kubernetes API concepts, "Receiving resources as ... metadata": the server leaves all but metadata out."""

REQUEST_SECONDS = 15


class ClusterReadError(Exception):
    """The cluster cannot be read; the text says which, and why."""


class ClusterReader:
    """Reads one cluster.

    Args:
        kubeconfig: its path; None = the client's default.
        context: the context in it; None = the current one.

    Raises:
        ClusterReadError: the kubeconfig cannot be used; from the methods: the server refuses, or is out of reach.
    """

    def __init__(self, kubeconfig: Optional[str], context: Optional[str]) -> None:
        self._where = kubeconfig or "the default kubeconfig"
        self.date: Optional[str] = None
        """When the server gave its last answer, by its own clock (RFC 9110 date)."""
        try:
            if kubeconfig or context:
                client = kubernetes.config.new_client_from_config(config_file=kubeconfig, context=context)
            else:
                kubernetes.config.load_config()
                client = kubernetes.client.ApiClient()
        except kubernetes.config.ConfigException as error:
            raise ClusterReadError("{0} cannot be used: {1}".format(self._where, error)) from error
        # No discovery: the paths are known, and its cache outlives changes of the custom resource definitions.
        self._client = DynamicClient(client, discoverer=lambda owner, cache_file: None)

    def get(self, path: str, accept: str = JSON, selector: Optional[str] = None) -> Optional[Dict[str, Any]]:
        """Return the decoded answer, or None where the server has no such thing."""
        try:
            answer = self._client.request(
                "get",
                path,
                header_params={"Accept": accept},
                label_selector=selector,
                serialize=False,
                _request_timeout=REQUEST_SECONDS,
            )
        except NotFoundError:
            return None
        except DynamicApiError as error:
            raise ClusterReadError(
                "the API server of {0} refused: {1} {2}".format(self._where, error.status, error.reason)
            ) from error
        except HTTPError as error:
            raise ClusterReadError("the API server of {0} is out of reach: {1}".format(self._where, error)) from error
        self.date = answer.headers.get("Date") or self.date
        decoded: Dict[str, Any] = json.loads(answer.data)
        return decoded

    def items(self, path: str, accept: str = JSON, selector: Optional[str] = None) -> List[Dict[str, Any]]:
        """Return the items of a list; none where the server has no such list."""
        found: List[Dict[str, Any]] = (self.get(path, accept, selector) or {}).get("items") or []
        return found

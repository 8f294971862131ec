# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests against one API server: readings, and writes (``application``, ``removal``, ``note``, ``helm_records``).

``kubernetes.core.k8s_info`` reads one kind for each task and discovers the whole API first; a look at both ends reads a
dozen kinds every two seconds. Its modules wait without a limit for a server that has taken a request.
"""

from __future__ import annotations

import json
import re
import traceback
from typing import Any, Dict, List, Mapping, Optional, Union

from .._errors import EdgeError
from .chart_source import without_logins
from .connection import ClusterConnection, RefusedEnvironmentError, resolve_connection

try:
    import kubernetes
    import urllib3
    import yaml
    from kubernetes.config import kube_config
    from kubernetes.dynamic.client import DynamicClient
    from kubernetes.dynamic.exceptions import ConflictError, DynamicApiError, NotFoundError
    from urllib3.exceptions import HTTPError, InsecureRequestWarning

    KUBERNETES_ERROR = None
    CLIENT: str = kubernetes.__version__
    """Version of the Kubernetes client."""
except ImportError:
    KUBERNETES_ERROR = traceback.format_exc()
    CLIENT = ""

JSON = "application/json"

_CLIENT = re.compile(r"^\w+\(.*?\): ")
"""How urllib3 begins a text: with its own object, which names a host that is said already."""
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
"""Kubernetes API concepts, "Receiving resources as ... metadata": the server leaves all but metadata out."""

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, SERVER_ERRORS = 401, 403, 404, 500
"""HTTP status of refusals: no account, no right, no such thing; the first of those that say nothing of the object."""
REQUEST_SECONDS = 15
"""Limit of one attempt to read. The client tries a reading request four times."""
WRITE_SECONDS = 60
"""Limit of a write, which is not tried again: the API server itself ends a request then (kube-apiserver
``--request-timeout``), and a webhook may take 30 s of it."""

NO_FILE = "there is no such file (look at edge_cluster_kubeconfig and KUBECONFIG)"
"""Said of a kubeconfig that is not there; the client calls it an invalid one."""


class ClusterReadError(Exception):
    """The cluster cannot be read; the text says which, and why.

    ``refused`` names the environment variables that would lead elsewhere, where they are the reason.
    """

    def __init__(self, text: str, refused: Optional[List[str]] = None) -> None:
        self.refused = refused or []
        super().__init__(text)


def _reason(error: Exception) -> str:
    """Return why a server does not answer, without the objects and the path of the client that asked."""
    return _CLIENT.sub("", str(getattr(error, "reason", None) or error))


class RefusedError(ClusterReadError):
    """The API server answered, and refused.

    ``status`` is that of its answer, ``message`` what it says, with its reason in words.
    """

    def __init__(self, where: str, error: Any) -> None:
        self.status = int(error.status)
        try:
            told = json.loads(error.body)
        except (TypeError, ValueError):
            told = None
        self.message = str(told.get("message") or "") if isinstance(told, dict) else ""
        text = "the API server of {0} refused: {1} {2}".format(where, error.status, error.reason)
        super().__init__("{0}: {1}".format(text, self.message) if self.message else text)
        self.message = self.message or str(error.reason)


class AlreadyThereError(RefusedError):
    """Somebody else has made it in the meantime, or changed it, or made another of its name."""


class ClusterReader:
    """Reads one cluster. A context manager: the client keeps keys of a kubeconfig in files until it ends.

    Args:
        connection: how to reach it.

    Raises:
        ClusterReadError: the kubeconfig cannot be used; from the methods: the server refuses, or is out of reach.
    """

    def __init__(self, connection: ClusterConnection) -> None:
        self.connection = connection
        self._where = connection.where
        self.date: Optional[str] = None
        """When the server gave its last answer, by its own clock (RFC 9110 date)."""
        try:
            client = _client(connection)
        except (kubernetes.config.ConfigException, OSError, yaml.YAMLError) as error:
            named = connection.login or connection.kubeconfig
            way_out = (
                "" if named else " (name a kubeconfig: edge_cluster_kubeconfig at the cluster's host, or KUBECONFIG)"
            )
            why = NO_FILE if connection.is_without_file else str(error)
            raise ClusterReadError("{0} cannot be used: {1}{2}".format(self._where, why, way_out)) from error
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # The client takes the file's content for a mapping without a look, and trips over whatever else is there.
            raise ClusterReadError(
                "{0} cannot be used: it is no kubeconfig, or a part of one has another form "
                "(kubectl config view --kubeconfig FILE shows one that is whole)".format(self._where)
            ) from error
        self.server: str = without_logins(client.configuration.host)
        """Its URL, for people: a kubeconfig's may have a login, as for a proxy before the API server."""
        self.warnings = connection.warnings(self.server, bool(client.configuration.verify_ssl))
        """What has to be said of the connection: that nobody checks whose certificate it is, or that it has none."""
        # Said once, in the warning; urllib3 would say it for each request.
        urllib3.disable_warnings(InsecureRequestWarning)
        # No discovery: the paths are known, and its cache outlives changes of the custom resource definitions.
        self._client = DynamicClient(client, discoverer=lambda owner, cache_file: None)

    def __enter__(self) -> ClusterReader:
        return self

    def __exit__(self, *exception: object) -> None:
        # By its exit handler alone they would outlive a process that Ansible has forked.
        kube_config._cleanup_temp_files()

    def get(self, path: str, accept: str = JSON, selector: Optional[str] = None) -> Optional[Dict[str, Any]]:
        """Return the decoded answer, or None where the server has no such thing."""
        return self._request("get", path, header_params={"Accept": accept}, label_selector=selector)

    def send(
        self,
        method: str,
        path: str,
        body: Union[str, Mapping[str, Any], None],
        manager: str,
        content_type: str = JSON,
        dry_run: bool = False,
    ) -> Optional[Dict[str, Any]]:
        """Send what changes something, and return the decoded answer; None where the server has no such thing.

        With ``dry_run`` the server says what it would do, and does nothing.

        Raises:
            AlreadyThereError: the server has one of this name, or not the one of a precondition.
            RefusedError: it refused for another reason.
        """
        return self._request(
            method,
            path,
            body=body,
            header_params={"Accept": JSON},
            content_type=content_type,
            field_manager=None if method == "delete" else manager,
            dry_run="All" if dry_run else None,
            seconds=WRITE_SECONDS,
        )

    def rules(self, namespace: str) -> Dict[str, Any]:
        """Return what the account may do in a namespace, which need not exist: a review changes and keeps nothing."""
        kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview"}
        body = dict(kind, spec={"namespace": namespace})
        path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
        found = self._request("post", path, body=body, header_params={"Accept": JSON}) or {}
        return dict(found.get("status") or {"incomplete": True})

    def _request(self, method: str, path: str, seconds: Optional[int] = None, **given: Any) -> Optional[Dict[str, Any]]:
        """Return the decoded answer to a request, or None where the server has no such thing.

        The limit, ``seconds``, is of connecting and of each wait for the server. Default: :data:`REQUEST_SECONDS`.
        """
        limit = seconds or REQUEST_SECONDS
        try:
            answer = self._client.request(method, path, serialize=False, _request_timeout=limit, **given)
            content = answer.data  # read here: the server may stop in the middle of it
        except NotFoundError:
            return None
        except ConflictError as error:
            raise AlreadyThereError(self._where, error) from error
        except DynamicApiError as error:
            raise RefusedError(self._where, error) from error
        except HTTPError as error:
            raise ClusterReadError(
                "the API server {0} ({1}) is out of reach: {2}".format(self.server, self._where, _reason(error))
            ) from error
        self.date = answer.headers.get("Date") or self.date
        try:
            decoded: Dict[str, Any] = json.loads(content)
        except ValueError as error:
            raise ClusterReadError(
                "{0} ({1}) answers {2} {3} as no API server does: it is another program, or a proxy on the way".format(
                    self.server, self._where, method.upper(), path
                )
            ) from error
        return decoded

    def items(self, path: str, accept: str = JSON, selector: Optional[str] = None) -> List[Dict[str, Any]]:
        """Return the items of a list; none where the server has no such list."""
        found: List[Dict[str, Any]] = (self.get(path, accept, selector) or {}).get("items") or []
        return found


def open_cluster(kubeconfig: Optional[str], context: Optional[str], environment: Mapping[str, str]) -> ClusterReader:
    """Return a reader of the cluster that kubeconfig, context and the environment name. Nothing is sent yet.

    Raises:
        ClusterReadError: they contradict each other, or cannot be used.
    """
    try:
        return ClusterReader(resolve_connection(kubeconfig, context, environment))
    except EdgeError as error:
        variables = error.variables if isinstance(error, RefusedEnvironmentError) else []
        raise ClusterReadError(str(error), variables) from error


def _client(connection: ClusterConnection) -> Any:
    """Return an API client whose every setting is that of the connection."""
    if connection.login:
        return kubernetes.config.new_client_from_config_dict(
            config_dict=connection.config_dict(with_secrets=True), persist_config=False
        )
    if connection.kubeconfig:
        return kubernetes.config.new_client_from_config(config_file=connection.kubeconfig, context=connection.context)
    configuration = kubernetes.client.Configuration()
    kubernetes.config.load_incluster_config(client_configuration=configuration)
    return kubernetes.client.ApiClient(configuration)

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes client: one API server, reached as a connection says. Its errors become the collection's."""

from __future__ import annotations

import re
import traceback
from typing import Any, Mapping, Optional

from .._errors import EdgeError
from .api import PUT_OFF, READING, RETRIES, Answer, ClusterApi, ClusterError, ConflictError, RefusedError
from .chart_source import without_logins
from .connection import ClusterConnection, RefusedEnvironmentError, resolve_connection

try:
    import kubernetes
    import urllib3
    import yaml
    from kubernetes.config import kube_config
    from kubernetes.dynamic import exceptions
    from kubernetes.dynamic.client import DynamicClient
    from urllib3.exceptions import ConnectTimeoutError, HTTPError, InsecureRequestWarning

    KUBERNETES_ERROR = None
except ImportError:
    KUBERNETES_ERROR = traceback.format_exc()

_CLIENT = re.compile(r"^\w+\(.*?\): ")
"""How urllib3 begins a text: with its own object, which names a host that is said already."""

NO_FILE = "there is no such file (look at edge_cluster_kubeconfig and KUBECONFIG)"
"""Said of a kubeconfig that is not there; the client calls it an invalid one."""


def _reason(error: Exception) -> str:
    """Return why a server does not answer, without the objects and the path of the client that asked."""
    return _CLIENT.sub("", str(getattr(error, "reason", None) or error))


class ClusterClient:
    """Sends requests to one API server, as :class:`api.Client` says.

    Args:
        connection: how to reach it.

    Raises:
        ClusterError: the kubeconfig cannot be used.
    """

    def __init__(self, connection: ClusterConnection) -> None:
        self.connection = connection
        self.version = str(kubernetes.__version__)
        try:
            client = _client(connection)
        except (kubernetes.config.ConfigException, OSError, yaml.YAMLError) as error:
            named = connection.login or connection.kubeconfig
            way_out = (
                "" if named else " (name a kubeconfig: edge_cluster_kubeconfig at the cluster's host, or KUBECONFIG)"
            )
            why = NO_FILE if connection.is_without_file else str(error)
            raise ClusterError("{0} cannot be used: {1}{2}".format(connection.where, why, way_out)) from error
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # The client takes the file's content for a mapping without a look, and trips over whatever else is there.
            raise ClusterError(
                "{0} cannot be used: it is no kubeconfig, or a part of one has another form "
                "(kubectl config view --kubeconfig FILE shows one that is whole)".format(connection.where)
            ) from error
        # A kubeconfig's URL may have a login, as for a proxy before the API server.
        self.server: str = without_logins(client.configuration.host)
        self.warnings = connection.warnings(self.server, bool(client.configuration.verify_ssl))
        # Said once, in the warning; urllib3 would say it for each request.
        urllib3.disable_warnings(InsecureRequestWarning)
        client.rest_client.pool_manager.connection_pool_kw["retries"] = _retries()
        # No discovery: the paths are known, and its cache outlives changes of the custom resource definitions.
        self._client = DynamicClient(client, discoverer=lambda owner, cache_file: None)

    @property
    def configuration(self) -> Any:
        """The settings of the client: server, certificates, login."""
        return self._client.client.configuration

    def close(self) -> None:
        """Remove the files of keys."""
        # By its exit handler alone they would outlive a process that Ansible has forked.
        kube_config._cleanup_temp_files()

    def request(self, method: str, path: str, seconds: int, **given: Any) -> Optional[Answer]:
        """Return the answer to a request, or None where the server has no such thing."""
        where = self.connection.where
        try:
            answer = self._client.request(method, path, serialize=False, _request_timeout=seconds, **given)
            return Answer(answer.data, answer.headers.get("Date"))  # read here: the server may stop in the middle
        except exceptions.NotFoundError:
            return None
        except exceptions.ConflictError as error:
            raise ConflictError(where, error) from error
        except exceptions.DynamicApiError as error:
            raise RefusedError(where, error) from error
        except HTTPError as error:
            raise ClusterError(
                "the API server {0} ({1}) is out of reach: {2}".format(self.server, where, _reason(error))
            ) from error


def open_cluster(kubeconfig: Optional[str], context: Optional[str], environment: Mapping[str, str]) -> ClusterApi:
    """Return the API of the cluster that kubeconfig, context and the environment name. Nothing is sent yet.

    Raises:
        ClusterError: they contradict each other, or cannot be used.
    """
    try:
        return ClusterApi(ClusterClient(resolve_connection(kubeconfig, context, environment)))
    except EdgeError as error:
        variables = error.variables if isinstance(error, RefusedEnvironmentError) else []
        raise ClusterError(str(error), variables) from error


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


def _retries() -> Any:
    """Return which requests are sent again: those that read, those that could not be sent at all, and put-off removals.

    By its default urllib3 sends a deletion again too. Where the first answer was lost, the second one would say that
    there is no such thing, and nobody was told what the run has removed. Where the server has answered that it has no
    time, nothing was removed.
    """

    class Retries(urllib3.Retry):
        """Those of urllib3, less the writes whose answer is lost."""

        def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
            """Return whether a request is sent again that the server has answered."""
            put_off = method.upper() == "DELETE" and status_code in PUT_OFF
            return super().is_retry(READING[0] if put_off else method, status_code, has_retry_after)

        def increment(
            self,
            method: Optional[str] = None,
            url: Optional[str] = None,
            response: Any = None,
            error: Optional[Exception] = None,
            *given: Any,
            **more: Any,
        ) -> Any:
            """Return what is left to be tried. A TLS connection that breaks off is neither a read error nor unsent."""
            unsent = isinstance(getattr(error, "original_error", error), ConnectTimeoutError)
            if error is not None and not unsent and (method or "").upper() not in READING:
                raise error
            return super().increment(method, url, response, error, *given, **more)

    try:
        return Retries(RETRIES, allowed_methods=frozenset(READING))
    except TypeError:  # before urllib3 1.26
        return Retries(RETRIES, method_whitelist=frozenset(READING))  # type: ignore[call-arg]

# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a cluster is reached. The one place that reads the kubeconfig's name and the environment for it.

The Python client and Helm have different rules, and Helm reads ``HELM_KUBE*`` too (https://helm.sh/docs/helm/helm/).
Neither knows ``K8S_AUTH_*``, by which Ansible Automation Platform names a cluster, and which the modules of the
collection kubernetes.core read for each option that a task leaves out. So one run could read one cluster and write to
another. Here the answer is found once, and handed whole to the client and to Helm, and to tasks of the user's own.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Dict, List, Mapping, Optional, Sequence
from urllib.parse import urlsplit

from .._errors import EdgeError

with contextlib.suppress(ImportError):  # the Kubernetes client needs it too, and is what is reported as missing
    import yaml

OPTIONS: Dict[str, Any] = {
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
    "cluster_uid": {"type": "str"},
}
"""The options of every module that reads a cluster."""

PREFIX = "K8S_AUTH_"
HELM_PREFIX = "HELM_KUBE"

_FILE = {"kubeconfig": ("K8S_AUTH_KUBECONFIG",), "context": ("K8S_AUTH_CONTEXT",)}
_LOGIN = {
    "host": ("K8S_AUTH_HOST",),
    "api_key": ("K8S_AUTH_API_KEY",),
    "client_cert": ("K8S_AUTH_CERT_FILE", "K8S_AUTH_CLIENT_CERT"),
    "client_key": ("K8S_AUTH_KEY_FILE", "K8S_AUTH_CLIENT_KEY"),
    "ca_cert": ("K8S_AUTH_SSL_CA_CERT", "K8S_AUTH_CA_CERT"),
    "validate_certs": ("K8S_AUTH_VERIFY_SSL", "K8S_AUTH_VALIDATE_CERTS"),
}
"""By option of a module of kubernetes.core, the variables that client and Helm can both follow, and their aliases."""

_TRUE, _FALSE = ("yes", "on", "1", "true", "t", "y"), ("no", "off", "0", "false", "f", "n")
"""Ansible's words for booleans."""

_NAME = "cluster-edge"
"""Of everything in the kubeconfig that is made from variables."""


class RefusedEnvironmentError(EdgeError):
    """The environment would lead a part of the run elsewhere; ``variables`` are the names of what does."""

    def __init__(self, variables: Sequence[str], problem: str, hint: str) -> None:
        self.variables = list(variables)
        super().__init__(", ".join(self.variables), problem, hint)


class ClusterConnection:
    """Where a cluster is, and who asks. Has no text form: it may hold an API key.

    Args:
        kubeconfig: path of the kubeconfig, or several paths as in ``KUBECONFIG``; None with ``login``, and in a pod.
        context: the context in it; None = it has no current one.
        login: host and credentials from variables, by option (``_LOGIN``); None with a kubeconfig.
    """

    def __init__(
        self, kubeconfig: Optional[str], context: Optional[str], login: Optional[Mapping[str, Any]] = None
    ) -> None:
        self.kubeconfig = kubeconfig
        self.context = context
        self.login = login
        self.named_context: Optional[str] = None
        """The context that later tasks name to stay at this cluster; None where variables or a pod's account say it."""
        self.helm_records = "secrets"
        """The kind in which Helm keeps its records, as ``HELM_DRIVER`` says."""

    @property
    def where(self) -> str:
        """How messages name it."""
        if self.login:
            return "K8S_AUTH_HOST {0}".format(self.login["host"])
        return (
            self.kubeconfig
            or "no kubeconfig (KUBECONFIG is not set, there is no ~/.kube/config): the pod's service account"
        )

    @property
    def is_without_file(self) -> bool:
        """Whether a kubeconfig is named, and none of its files is there."""
        files = [name for name in (self.kubeconfig or "").split(os.pathsep) if name]
        return bool(files) and not any(os.path.exists(os.path.expanduser(name)) for name in files)

    def config_dict(self, with_secrets: bool) -> Dict[str, Any]:
        """Return a kubeconfig that says what the variables say. Only for a connection with ``login``."""
        login = self.login or {}
        cluster = {"server": login["host"]}
        if not login["validate_certs"]:
            cluster["insecure-skip-tls-verify"] = True
        elif login.get("ca_cert"):
            cluster["certificate-authority"] = login["ca_cert"]
        user = {}
        if login.get("client_cert"):
            user = {"client-certificate": login["client_cert"], "client-key": login["client_key"]}
        if with_secrets and login.get("api_key"):
            user["token"] = login["api_key"]
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": _NAME, "cluster": cluster}],
            "users": [{"name": _NAME, "user": user}],
            "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME}}],
            "current-context": _NAME,
        }

    def k8s_arguments(self) -> Dict[str, Any]:
        """Return the arguments by which ``kubernetes.core.k8s`` reaches the same cluster.

        An API key is not among them: the module takes it from the variable where it stands already, so that it is
        written nowhere else. All that the module would read in its own way is spelled out: to it ``off`` means on.
        """
        if self.login:
            return {name: value for name, value in self.login.items() if name != "api_key"}
        given = {"kubeconfig": self.kubeconfig, "context": self.context}
        return {name: value for name, value in given.items() if value}

    def helm_arguments(self) -> Dict[str, Any]:
        """Return what ``helm_upgrade`` takes as ``connection`` to reach the same cluster, without the API key.

        With variables Helm would still take what they do not say (a client certificate, a CA, a proxy) from the user's
        own kubeconfig, so it is given one that holds nothing else.
        """
        if self.login:
            return {
                "kubeconfig": self.config_dict(with_secrets=False),
                "host": self.login["host"],
                "validate_certs": self.login["validate_certs"],
            }
        return {"context": self.context} if self.context else {}

    def helm_environment(self) -> Dict[str, str]:
        """Return the variables by which Helm reaches the same cluster.

        ``KUBECONFIG`` may be several files, and paths in a file stay relative to it.
        """
        return {"KUBECONFIG": self.kubeconfig} if self.kubeconfig else {}

    def warnings(self, server: str, verified: bool) -> List[str]:
        """Return what has to be said of the connection.

        Args:
            server: the URL of the API server.
            verified: whether its certificate is checked.
        """
        risk = "anyone on the way can read the credentials and answer in the cluster's place"
        if not server.lower().startswith("https:"):
            return ["{0}: {1} is reached without TLS: {2}".format(self.where, server, risk)]
        if verified:
            return []
        if self.login:
            cause = "K8S_AUTH_VERIFY_SSL=no"
            hint = "K8S_AUTH_SSL_CA_CERT=<file of the cluster's CA>, K8S_AUTH_VERIFY_SSL=yes"
        else:
            cause = "insecure-skip-tls-verify in {0}".format(self.where)
            hint = "certificate-authority in its place"
        return ["{0}: the certificate of {1} is not checked: {2} ({3})".format(cause, server, risk, hint)]


def resolve_connection(
    kubeconfig: Optional[str], context: Optional[str], environment: Mapping[str, str]
) -> ClusterConnection:
    """Return how to reach the cluster.

    A kubeconfig or a context that is named stands alone. Without one, ``K8S_AUTH_*`` say all or nothing, as Ansible
    Automation Platform sets them: a host with its own credentials, or a kubeconfig and a context. Without those, the
    default of ``kubectl`` holds: ``KUBECONFIG``, ``~/.kube/config``, the service account of the pod.

    Args:
        kubeconfig: its path; None where the caller has none.
        context: the context in it; None where the caller has none.
        environment: the variables of the process that modules run in.

    Raises:
        RefusedEnvironmentError: a variable would be followed by a part of the run only, or sends credentials elsewhere.
        EdgeError: a variable's value cannot be used.
    """
    helm = sorted(name for name in environment if name.startswith(HELM_PREFIX) and environment[name])
    if helm:
        raise RefusedEnvironmentError(
            helm,
            "Helm alone would follow the environment to another cluster, or as another user",
            "unset in the environment; a kubeconfig and a context say it to all",
        )
    if environment.get("HELM_DRIVER", "") not in ("", "secret", "secrets", "configmap", "configmaps"):
        raise RefusedEnvironmentError(
            ["HELM_DRIVER"],
            "{0}: Helm would keep its record of a release where nobody else can read it".format(
                environment["HELM_DRIVER"]
            ),
            "unset it, or take secret or configmap",
        )
    found = _connection(kubeconfig, context, environment)
    if environment.get("HELM_DRIVER", "").startswith("configmap"):
        found.helm_records = "configmaps"
    return found


def _connection(kubeconfig: Optional[str], context: Optional[str], environment: Mapping[str, str]) -> ClusterConnection:
    """Return where the cluster is, by names or by variables."""
    given = sorted(name for name in environment if name.startswith(PREFIX))
    if given and (kubeconfig or context):
        named = " and ".join(
            "{0} {1}".format(word, value) for word, value in (("kubeconfig", kubeconfig), ("context", context)) if value
        )
        raise RefusedEnvironmentError(
            given,
            "set in the environment beside the {0}: two places name a cluster, and they may differ".format(named),
            "unset in the environment; or, to use the environment alone, name no kubeconfig and no context "
            "(edge_cluster_kubeconfig, edge_cluster_context)",
        )
    if given:
        return _from_variables(given, environment)
    found = _from_file(kubeconfig, context, environment)
    found.named_context = found.context
    return found


def _from_variables(given: Sequence[str], environment: Mapping[str, str]) -> ClusterConnection:
    """Return the connection that ``K8S_AUTH_*`` alone say."""
    known = {name: option for options in (_FILE, _LOGIN) for option, names in options.items() for name in names}
    unknown = [name for name in given if name not in known]
    if unknown:
        raise RefusedEnvironmentError(
            unknown,
            "only a part of the run would follow the environment: Helm, or what reads the cluster, does not know it",
            "unset in the environment; followed by all are {0}; a kubeconfig can say everything else".format(
                ", ".join(names[0] for names in (*_FILE.values(), *_LOGIN.values()))
            ),
        )
    empty = [name for name in given if not environment[name]]
    if empty:
        raise RefusedEnvironmentError(empty, "set, but empty: that is no value, and not the same as unset", "unset it")
    by_option: Dict[str, List[str]] = {}
    for name in given:
        by_option.setdefault(known[name], []).append(name)
    for names in by_option.values():
        if len(names) > 1:
            raise RefusedEnvironmentError(names, "two names of one option are set", "unset one of them")
    values = {option: environment[names[0]] for option, names in by_option.items()}
    file_names = [name for name in given if known[name] in _FILE]
    login_names = [name for name in given if known[name] in _LOGIN]
    if file_names and login_names:
        raise RefusedEnvironmentError(
            login_names,
            "set in the environment beside {0}: one cluster's credentials would go to another".format(
                " and ".join(file_names)
            ),
            "unset the one or the other",
        )
    if login_names:
        return ClusterConnection(None, None, _login(login_names, values))
    return _from_file(values.get("kubeconfig"), values.get("context"), environment)


def _login(names: Sequence[str], values: Mapping[str, str]) -> Dict[str, Any]:
    """Return host and credentials by option; ``names`` are the variables that are set, ``values`` what they say."""
    credentials = "K8S_AUTH_API_KEY, or K8S_AUTH_CERT_FILE and K8S_AUTH_KEY_FILE"
    if "host" not in values:
        raise RefusedEnvironmentError(
            names,
            "set in the environment without K8S_AUTH_HOST: they would change the connection of a kubeconfig",
            "set K8S_AUTH_HOST too, or unset them",
        )
    if ("client_cert" in values) != ("client_key" in values) or not {"api_key", "client_cert"} & set(values):
        raise RefusedEnvironmentError(
            names,
            "set in the environment without credentials: those of a kubeconfig would go to this host",
            "set {0}; or unset them".format(credentials),
        )
    host = urlsplit(values["host"])
    if host.scheme not in ("https", "http") or not host.hostname or "@" in host.netloc or host.query or host.fragment:
        raise EdgeError("K8S_AUTH_HOST", "is not the URL of an API server", "such as https://192.0.2.1:6443")
    word = values.get("validate_certs", "yes").strip().lower()
    if word not in (*_TRUE, *_FALSE):
        raise EdgeError("K8S_AUTH_VERIFY_SSL", "{0!r} is neither yes nor no".format(word), "yes")
    verify = word in _TRUE
    if "ca_cert" in values and not verify:
        raise RefusedEnvironmentError(
            ["K8S_AUTH_SSL_CA_CERT", "K8S_AUTH_VERIFY_SSL"],
            "a CA to verify with is set, and verification is off",
            "K8S_AUTH_VERIFY_SSL=yes",
        )
    for option in ("ca_cert", "client_cert", "client_key"):
        if option in values and not os.access(values[option], os.R_OK):
            raise EdgeError(_LOGIN[option][0], "the file {0} cannot be read".format(values[option]))
    return dict(values, host=values["host"].rstrip("/"), validate_certs=verify)


def _from_file(kubeconfig: Optional[str], context: Optional[str], environment: Mapping[str, str]) -> ClusterConnection:
    """Return the connection of a kubeconfig, that of the default one, or that of the pod where there is none.

    Its context is always named: somebody may change the current one while the run is on its way.
    """
    named = kubeconfig or environment.get("KUBECONFIG")
    paths = [os.path.expanduser(path) for path in (named or "~/.kube/config").split(os.pathsep) if path]
    if not named and not context and not os.path.exists(paths[0]):
        return ClusterConnection(None, None)
    return ClusterConnection(os.pathsep.join(paths), context or _current_context(paths))


def _current_context(paths: Sequence[str]) -> Optional[str]:
    """Return the current context of files as ``kubectl`` and Helm see it: the first one that is set.

    The Python client takes the last one (kubernetes.config.kube_config.KubeConfigMerger), so it has to be named.
    """
    for path in paths:
        try:
            with open(path, encoding="utf-8") as file:
                content = yaml.safe_load(file)
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue  # the client tells what is wrong with it
        if isinstance(content, dict) and content.get("current-context"):
            return str(content["current-context"])
    return None

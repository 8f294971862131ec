# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a cluster is reached: what is refused, and that client, Helm and tasks of kubernetes.core are told the same."""

from __future__ import annotations

import json
import os
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.api import ClusterError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.client import (
    ClusterClient,
    open_cluster,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.connection import (
    RefusedEnvironmentError,
    resolve_connection,
)
from kubernetes.config import new_client_from_config

HOST = "https://192.0.2.1:6443"
ALONE = {"K8S_AUTH_HOST": HOST, "K8S_AUTH_API_KEY": "not-to-be-seen"}
NAMED = ({"kubeconfig": "/somewhere/kubeconfig"}, {"context": "home"}, {"kubeconfig": "/k", "context": "home"})

FOLLOWED = {
    "K8S_AUTH_HOST",
    "K8S_AUTH_API_KEY",
    "K8S_AUTH_CERT_FILE",
    "K8S_AUTH_CLIENT_CERT",
    "K8S_AUTH_KEY_FILE",
    "K8S_AUTH_CLIENT_KEY",
    "K8S_AUTH_SSL_CA_CERT",
    "K8S_AUTH_CA_CERT",
    "K8S_AUTH_VERIFY_SSL",
    "K8S_AUTH_VALIDATE_CERTS",
    "K8S_AUTH_KUBECONFIG",
    "K8S_AUTH_CONTEXT",
}
NOT_FOLLOWED = {
    "K8S_AUTH_USERNAME",
    "K8S_AUTH_PASSWORD",
    "K8S_AUTH_PROXY",
    "K8S_AUTH_NO_PROXY",
    "K8S_AUTH_PROXY_HEADERS_PROXY_BASIC_AUTH",
    "K8S_AUTH_PROXY_HEADERS_BASIC_AUTH",
    "K8S_AUTH_PROXY_HEADERS_USER_AGENT",
    "K8S_AUTH_PERSIST_CONFIG",
    "K8S_AUTH_IMPERSONATE_USER",
    "K8S_AUTH_IMPERSONATE_GROUPS",
    "K8S_AUTH_ANYTHING_NEW",
}
"""The other variables of kubernetes.core 6.6 (its doc_fragments/k8s_auth_options.py), and one that may come."""
HELM_OWN = (
    "HELM_KUBEAPISERVER",
    "HELM_KUBEASGROUPS",
    "HELM_KUBEASUSER",
    "HELM_KUBECAFILE",
    "HELM_KUBECONTEXT",
    "HELM_KUBEINSECURE_SKIP_TLS_VERIFY",
    "HELM_KUBETLS_SERVER_NAME",
    "HELM_KUBETOKEN",
)
"""What ``helm env`` lists that leads Helm to a cluster; tests/lab/test_cluster_connection.py compares."""


@pytest.mark.parametrize("named", NAMED, ids=" ".join)
@pytest.mark.parametrize("value", ["yes", ""])
@pytest.mark.parametrize("variable", sorted(FOLLOWED | NOT_FOLLOWED))
def test_each_variable_is_refused_beside_a_named_cluster(variable: str, value: str, named: dict[str, str]) -> None:
    with pytest.raises(RefusedEnvironmentError, match=variable) as caught:
        resolve_connection(named.get("kubeconfig"), named.get("context"), {variable: value})
    assert caught.value.variables == [variable]
    assert all(word in str(caught.value) for word in (*named.values(), "edge_cluster_kubeconfig"))


@pytest.mark.parametrize("variable", HELM_OWN)
@pytest.mark.parametrize("environment", [{}, ALONE], ids=["named", "alone"])
def test_what_helm_alone_would_follow_is_refused(variable: str, environment: dict[str, str]) -> None:
    kubeconfig = None if environment else "/somewhere/kubeconfig"
    with pytest.raises(RefusedEnvironmentError, match=f"{variable}: Helm alone would follow"):
        resolve_connection(kubeconfig, None, {**environment, variable: "x"})


@pytest.mark.parametrize("variable", sorted(NOT_FOLLOWED))
def test_what_not_all_would_follow_is_refused_alone_too(variable: str) -> None:
    with pytest.raises(RefusedEnvironmentError, match=f"{variable}: only a part of the run would follow"):
        resolve_connection(None, None, {**ALONE, variable: "x"})


@pytest.mark.parametrize(
    ("environment", "refused", "reason"),
    [
        ({"K8S_AUTH_HOST": HOST}, "K8S_AUTH_HOST", "without credentials"),
        ({"K8S_AUTH_HOST": HOST, "K8S_AUTH_VERIFY_SSL": "no"}, "K8S_AUTH_HOST, K8S_AUTH_VERIFY_SSL", "credentials"),
        ({"K8S_AUTH_HOST": HOST, "K8S_AUTH_CERT_FILE": "/c"}, "K8S_AUTH_CERT_FILE, K8S_AUTH_HOST", "credentials"),
        ({"K8S_AUTH_API_KEY": "x"}, "K8S_AUTH_API_KEY", "without K8S_AUTH_HOST"),
        ({"K8S_AUTH_VERIFY_SSL": "no"}, "K8S_AUTH_VERIFY_SSL", "without K8S_AUTH_HOST"),
        ({"K8S_AUTH_SSL_CA_CERT": "/ca"}, "K8S_AUTH_SSL_CA_CERT", "without K8S_AUTH_HOST"),
        ({**ALONE, "K8S_AUTH_CONTEXT": "c"}, "K8S_AUTH_API_KEY, K8S_AUTH_HOST", "beside K8S_AUTH_CONTEXT"),
        ({**ALONE, "K8S_AUTH_KUBECONFIG": "k"}, "K8S_AUTH_API_KEY, K8S_AUTH_HOST", "beside K8S_AUTH_KUBECONFIG"),
        ({**ALONE, "K8S_AUTH_SSL_CA_CERT": ""}, "K8S_AUTH_SSL_CA_CERT", "empty"),
        ({"K8S_AUTH_HOST": "", "K8S_AUTH_API_KEY": ""}, "K8S_AUTH_API_KEY, K8S_AUTH_HOST", "empty"),
        (
            {**ALONE, "K8S_AUTH_VERIFY_SSL": "yes", "K8S_AUTH_VALIDATE_CERTS": "no"},
            "K8S_AUTH_VALIDATE_CERTS, K8S_AUTH_VERIFY_SSL",
            "two names of one option",
        ),
        (
            {**ALONE, "K8S_AUTH_VERIFY_SSL": "no", "K8S_AUTH_SSL_CA_CERT": "/ca"},
            "K8S_AUTH_SSL_CA_CERT, K8S_AUTH_VERIFY_SSL",
            "verification is off",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_variables_that_say_half_or_two_things_are_refused(
    environment: dict[str, str], refused: str, reason: str
) -> None:
    with pytest.raises(RefusedEnvironmentError, match=f"^{refused}: .*{reason}") as caught:
        resolve_connection(None, None, environment)
    assert "not-to-be-seen" not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"K8S_AUTH_HOST": "192.0.2.1:6443"}, "K8S_AUTH_HOST: is not the URL of an API server"),
        ({"K8S_AUTH_HOST": "https://me:not-to-be-seen@192.0.2.1"}, "K8S_AUTH_HOST: is not the URL of an API server"),
        ({"K8S_AUTH_VERIFY_SSL": "perhaps"}, "K8S_AUTH_VERIFY_SSL: 'perhaps' is neither yes nor no"),
        ({"K8S_AUTH_SSL_CA_CERT": "/absent"}, "K8S_AUTH_SSL_CA_CERT: the file /absent cannot be read"),
    ],
)
def test_values_that_cannot_be_used(environment: dict[str, str], problem: str) -> None:
    with pytest.raises(EdgeError) as caught:
        resolve_connection(None, None, {**ALONE, **environment})
    assert str(caught.value).startswith(problem)
    assert "not-to-be-seen" not in str(caught.value)


def test_automation_platform_is_followed_by_all(tmp_path: Path) -> None:
    """The variables of the credential type "OpenShift or Kubernetes API Bearer Token"."""
    authority = tmp_path / "ca.crt"
    authority.write_text("a CA")
    variables = {"K8S_AUTH_HOST": f"{HOST}/", "K8S_AUTH_SSL_CA_CERT": str(authority), "K8S_AUTH_VERIFY_SSL": "True"}
    connection = resolve_connection(None, None, {**ALONE, **variables, "KUBECONFIG": "/of/someone/else"})
    login = {"host": HOST, "validate_certs": True, "ca_cert": str(authority)}
    assert connection.k8s_arguments() == login
    helm = connection.helm_arguments()
    assert helm.pop("kubeconfig")["clusters"] == [
        {"name": "cluster-edge", "cluster": {"server": HOST, "certificate-authority": str(authority)}}
    ]
    assert helm == {"host": HOST, "validate_certs": True}
    with closing(ClusterClient(connection)) as client:
        configuration = client.configuration
        assert (configuration.host, configuration.verify_ssl) == (HOST, True)
        assert configuration.ssl_ca_cert == str(authority)
        assert "Bearer not-to-be-seen" in configuration.api_key.values()
        assert client.warnings == []
    for told in (connection.k8s_arguments(), connection.helm_arguments(), connection.helm_environment(), connection):
        assert "not-to-be-seen" not in repr(told)


@pytest.mark.parametrize("word", ["no", "off", "False", "0", "n"])
def test_verification_that_variables_switch_off_is_said_and_the_same_to_all(word: str) -> None:
    """To kubernetes.core.k8s ``off`` would mean on, so it is spelled out."""
    connection = resolve_connection(None, None, {**ALONE, "K8S_AUTH_VERIFY_SSL": word})
    assert connection.k8s_arguments()["validate_certs"] is False
    assert connection.helm_arguments()["validate_certs"] is False
    with closing(ClusterClient(connection)) as client:
        assert client.configuration.verify_ssl is False
        (warning,) = client.warnings
    assert warning.startswith(f"K8S_AUTH_VERIFY_SSL=no: the certificate of {HOST} is not checked")


def test_client_certificate(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("cert", "key")}
    for file in files.values():
        file.write_text("PEM")
    variables = {"K8S_AUTH_CLIENT_CERT": str(files["cert"]), "K8S_AUTH_KEY_FILE": str(files["key"])}
    connection = resolve_connection(None, None, {"K8S_AUTH_HOST": HOST, **variables})
    pair = {"client_cert": str(files["cert"]), "client_key": str(files["key"])}
    assert connection.k8s_arguments() == {"host": HOST, "validate_certs": True, **pair}
    user = {"client-certificate": str(files["cert"]), "client-key": str(files["key"])}
    assert connection.helm_arguments()["kubeconfig"]["users"] == [{"name": "cluster-edge", "user": user}]
    with closing(ClusterClient(connection)) as client:
        configuration = client.configuration
        assert (configuration.cert_file, configuration.key_file) == (str(files["cert"]), str(files["key"]))


def kubeconfig(path: Path, context: str | None, *others: str, **cluster: Any) -> Path:
    """Write a kubeconfig whose contexts lead to servers of their own names."""
    names = [name for name in (context, *others) if name]
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": f"https://{name}.example:6443", **cluster}} for name in names
        ],
        "users": [{"name": name, "user": {"token": f"token-of-{name}"}} for name in names],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
    }
    if context:
        content["current-context"] = context
    path.write_text(yaml.safe_dump(content))
    return path


def server_of(connection: Any) -> str:
    with closing(ClusterClient(connection)) as client:
        return client.server


def server_of_tasks(arguments: dict[str, str]) -> str:
    """Return where the client is led by a kubeconfig and a context alone, as the modules of kubernetes.core call it."""
    assert set(arguments) <= {"kubeconfig", "context"}
    client = new_client_from_config(arguments.get("kubeconfig"), arguments.get("context"))
    return str(client.configuration.host)


def test_named_kubeconfig_is_followed_by_all_whatever_kubeconfig_says(tmp_path: Path) -> None:
    ours, other = kubeconfig(tmp_path / "ours", "a", "b"), kubeconfig(tmp_path / "other", "x")
    connection = resolve_connection(str(ours), "b", {"KUBECONFIG": str(other)})
    assert server_of(connection) == server_of_tasks(connection.k8s_arguments()) == "https://b.example:6443"
    assert connection.k8s_arguments() == {"kubeconfig": str(ours), "context": "b"}
    assert (connection.helm_arguments(), connection.helm_environment()) == ({"context": "b"}, {"KUBECONFIG": str(ours)})


def test_a_login_in_the_servers_url_is_not_shown(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "config", "a", server="https://me:not-to-be-seen@127.0.0.1:1")
    with open_cluster(str(path), None, {}) as reader, pytest.raises(ClusterError) as caught:
        reader.get("/version")
    shown = f"{reader.server} {reader.warnings} {caught.value}"
    assert "the API server https://********@127.0.0.1:1 " in shown
    assert "not-to-be-seen" not in shown


def test_variables_may_name_kubeconfig_and_context(tmp_path: Path) -> None:
    ours = kubeconfig(tmp_path / "ours", "a", "b")
    variables = {"K8S_AUTH_KUBECONFIG": str(ours), "K8S_AUTH_CONTEXT": "b"}
    connection = resolve_connection(None, None, {**variables, "KUBECONFIG": "/of/someone/else"})
    assert server_of(connection) == server_of_tasks(connection.k8s_arguments()) == "https://b.example:6443"
    assert connection.k8s_arguments() == {"kubeconfig": str(ours), "context": "b"}


def test_current_context_of_several_files_is_the_first(tmp_path: Path) -> None:
    """Helm and kubectl take the first, the Python client by itself the last: one run in two clusters."""
    files = [kubeconfig(tmp_path / "none", None, "z"), *(kubeconfig(tmp_path / name, name) for name in ("one", "two"))]
    several = os.pathsep.join([str(tmp_path / "absent"), *map(str, files)])
    connection = resolve_connection(None, None, {"KUBECONFIG": several})
    assert server_of(connection) == server_of_tasks(connection.k8s_arguments()) == "https://one.example:6443"
    assert connection.k8s_arguments() == {"kubeconfig": several, "context": "one"}
    assert (connection.helm_arguments(), connection.helm_environment()) == (
        {"context": "one"},
        {"KUBECONFIG": several},
    )


@pytest.mark.parametrize(
    ("options", "variables", "named"),
    [
        pytest.param({"kubeconfig": "one"}, {}, "a", id="a kubeconfig"),
        pytest.param({}, {"KUBECONFIG": "one"}, "a", id="KUBECONFIG"),
        pytest.param({}, {"KUBECONFIG": "one:other"}, "a", id="several files"),
        pytest.param({"kubeconfig": "one", "context": "b"}, {}, "b", id="a context that is named"),
        pytest.param({}, {"K8S_AUTH_KUBECONFIG": "one"}, None, id="variables that refuse a context beside them"),
        pytest.param({}, {"K8S_AUTH_HOST": "https://x.example", "K8S_AUTH_API_KEY": "k"}, None, id="a host"),
        pytest.param({}, {}, None, id="a pod"),
        pytest.param({"kubeconfig": "none"}, {}, None, id="no current context"),
        pytest.param({"kubeconfig": "absent"}, {}, None, id="no such file"),
        pytest.param({"kubeconfig": "letters"}, {}, None, id="a file of other letters"),
    ],
)
def test_the_context_that_keeps_later_tasks_at_the_cluster(
    options: dict[str, str],
    variables: dict[str, str],
    named: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever names it finds the same server, though the current context is another one by then."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    kubeconfig(tmp_path / "one", "a", "b")
    kubeconfig(tmp_path / "other", "x")
    kubeconfig(tmp_path / "none", None, "z")
    (tmp_path / "letters").write_bytes(b"\xff\xfe")
    found = resolve_connection(options.get("kubeconfig"), options.get("context"), variables)
    assert found.named_context == named
    if named:
        before = server_of(found)
        kubeconfig(tmp_path / "one", "b", "a")
        assert server_of(found) == server_of_tasks(found.k8s_arguments()) == before
        assert server_of(resolve_connection(options.get("kubeconfig"), named, variables)) == before
        assert found.helm_arguments() == {"context": named}


def test_default_kubeconfig_goes_before_the_pods_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As kubectl does. A pod with a kubeconfig names its cluster by it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    pod = {"KUBERNETES_SERVICE_HOST": "192.0.2.9", "KUBERNETES_SERVICE_PORT": "443"}
    nothing = resolve_connection(None, None, pod)
    assert (nothing.kubeconfig, nothing.k8s_arguments(), nothing.helm_arguments()) == (None, {}, {})
    (tmp_path / ".kube").mkdir()
    ours = kubeconfig(tmp_path / ".kube" / "config", "a")
    assert resolve_connection(None, None, pod).k8s_arguments() == {"kubeconfig": str(ours), "context": "a"}


def test_no_cluster_at_all_says_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ClusterError, match=r"KUBECONFIG is not set, there is no ~/\.kube/config") as told:
        open_cluster(None, None, {})
    assert str(told.value).endswith("(name a kubeconfig: edge_cluster_kubeconfig at the cluster's host, or KUBECONFIG)")


@pytest.mark.parametrize("content", ["garbage", "- a", "7", "{clusters: 1, contexts: 2, current-context: x}"])
def test_a_file_that_is_no_kubeconfig_is_told_as_such(tmp_path: Path, content: str) -> None:
    """The client ends in a TypeError, or the like, of its own, which names neither file nor reason."""
    file = tmp_path / "config"
    file.write_text(content)
    with pytest.raises(ClusterError, match=f"^{re.escape(str(file))} cannot be used: ") as told:
        open_cluster(str(file), None, {})
    assert "object" not in str(told.value)
    assert "is no kubeconfig" in str(told.value)


def test_a_kubeconfig_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    """The client calls it an invalid one."""
    for files in (str(tmp_path / "none"), f"{tmp_path / 'none'}{os.pathsep}{tmp_path / 'neither'}"):
        with pytest.raises(ClusterError) as told:
            open_cluster(None, None, {"KUBECONFIG": files})
        assert str(told.value).startswith(f"{files} cannot be used: there is no such file (look at")
    with pytest.raises(ClusterError, match="Expected object with name b in"):
        open_cluster(str(kubeconfig(tmp_path / "config", "a")), "b", {})


def test_kubeconfig_without_verification_or_tls_is_said(tmp_path: Path) -> None:
    insecure = kubeconfig(tmp_path / "insecure", "a", **{"insecure-skip-tls-verify": True})
    with open_cluster(str(insecure), None, {}) as reader:
        (warning,) = reader.warnings
    assert warning.startswith(
        f"insecure-skip-tls-verify in {insecure}: the certificate of https://a.example:6443 is not"
    )
    plain = kubeconfig(tmp_path / "plain", "a", server="http://a.example:8001")
    with open_cluster(str(plain), None, {}) as reader:
        (warning,) = reader.warnings
    assert "http://a.example:8001 is reached without TLS" in warning
    with open_cluster(str(kubeconfig(tmp_path / "good", "a")), None, {}) as reader:
        assert reader.warnings == []


def test_keys_of_a_kubeconfig_do_not_stay_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    config = kubeconfig(tmp_path / "kubeconfig", "a")
    content = yaml.safe_load(config.read_text())
    content["users"][0]["user"] = {"client-certificate-data": "UEVN", "client-key-data": "UEVN"}
    config.write_text(json.dumps(content))
    with open_cluster(str(config), None, {}) as reader:
        key = Path(reader._client.configuration.key_file)
        assert key.parent == tmp_path
        assert key.stat().st_mode & 0o077 == 0
    assert sorted(tmp_path.iterdir()) == [config]

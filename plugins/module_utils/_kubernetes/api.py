# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of one API server: readings, and writes (``application``, ``removal``, ``note``, ``helm_records``).

``kubernetes.core.k8s_info`` reads one kind for each task and discovers the whole API first; a look at both ends reads a
dozen kinds every two seconds. Its modules wait without a limit for a server that has taken a request.

``client`` alone loads the Kubernetes client: a filter that knows an answer's form must not wait for it.
"""

from __future__ import annotations

import datetime
import email.utils
import json
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Protocol, Union

from .connection import ClusterConnection
from .json_answer import DEEPEST, decoded

JSON = "application/json"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
METADATA_OF_ONE = METADATA_ONLY.replace("MetadataList", "Metadata")
"""Kubernetes API concepts, "Receiving resources as ... metadata": the server leaves all but metadata out."""

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, SERVER_ERRORS = 401, 403, 404, 500
"""HTTP status of refusals: no account, no right, no such thing; the first of those that say nothing of the object."""
CONFLICT, INVALID = 409, 422
"""HTTP status of refusals: not as a precondition says, or a field of others; a rule of the object's kind is broken."""
BUSY = (408, 429)
"""HTTP status of refusals of a server that has no time (RFC 9110 section 15.5.9, RFC 6585 section 4)."""
READING = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing (RFC 9110 section 9.2.1): these alone are tried again where an answer is lost."""
PUT_OFF = (429, 503)
"""HTTP status with which a server says that it has done nothing and, by Retry-After (RFC 9110 section 10.2.3), when to
ask again: a removal is sent again then."""
RETRIES = 3
"""How often a reading request is tried again, and one that could not be sent at all, or was put off."""
REQUEST_SECONDS = 15
"""Limit of one attempt to read. The client tries a reading request four times (:data:`RETRIES`)."""
WRITE_SECONDS = 60
"""Limit of a write, which is not tried again where its answer is lost: the API server itself ends a request then
(kube-apiserver ``--request-timeout``), and a webhook may take 30 s of it."""

OWN_NAMESPACE = "kube-system"
"""Every API server makes it, and its UID is as old as the cluster: what tells one cluster from another."""
_NAMED_SO = "kubernetes.io/metadata.name={0}".format(OWN_NAMESPACE)
"""By it a list has this namespace alone (Kubernetes, "Automatic labelling"): whoever may list may not get them."""

TOO_DEEP = (
    "{0}: {1} is nested more than {2} levels deep, as no program writes it, and was not read below; somebody has"
    " written that, most likely to its managedFields (look at it: kubectl get --show-managed-fields -o yaml)"
)
"""Said of an object that was not read whole."""


def server_time(date: Optional[str]) -> Optional[datetime.datetime]:
    """Return the time that an answer's header Date gives, in UTC as that header always is (RFC 9110 section 5.6.7).

    None where it gives none: it is not there, or a proxy on the way has made it unreadable.
    """
    try:
        found = email.utils.parsedate_to_datetime(date) if date else None
    except (TypeError, ValueError):
        return None
    # A header that a proxy wrote twice has no time zone that is known.
    return found and found.replace(tzinfo=found.tzinfo or datetime.timezone.utc)


class ClusterError(Exception):
    """The cluster cannot be asked; the text says which, and why.

    ``refused`` names the environment variables that would lead elsewhere, where they are the reason.
    """

    def __init__(self, text: str, refused: Optional[List[str]] = None) -> None:
        self.refused = refused or []
        super().__init__(text)


class RefusedError(ClusterError):
    """The API server answered, and refused.

    ``status`` is that of its answer, ``message`` what it says, with its reason in words.
    """

    def __init__(self, where: str, error: Any) -> None:
        self.status = int(error.status)
        try:
            told = json.loads(error.body)
        except (TypeError, ValueError, RecursionError):
            told = None
        self.message = str(told.get("message") or "") if isinstance(told, dict) else ""
        text = "the API server of {0} refused: {1} {2}".format(where, error.status, error.reason)
        super().__init__("{0}: {1}".format(text, self.message) if self.message else text)
        self.message = self.message or str(error.reason)


class ConflictError(RefusedError):
    """The answer 409: the object is there already, is not as a precondition says, or changed while the server wrote.

    The first is the Status' reason ``AlreadyExists``, the others are ``Conflict``; a quota that several requests count
    on at a time is one too, of an object that was not made (Kubernetes, ``apimachinery/pkg/apis/meta/v1``).
    """


class OtherClusterError(ClusterError):
    """Another cluster answers than the one that this run has looked at. Nothing was sent to it but this question."""

    def __init__(self, where: str, expected: str, seen: Optional[str]) -> None:
        super().__init__(
            "{0}: another cluster answers than the one that was looked at, so nothing was done here: the UID of its"
            " namespace {1} is {2}, not {3}. Somebody has changed the kubeconfig while this run was on its way. Name"
            " the cluster's own (edge_cluster_kubeconfig, edge_cluster_context), and run again".format(
                where, OWN_NAMESPACE, seen or "not told", expected
            )
        )


class Answer(NamedTuple):
    """What the server sent: the body, and when, by its own clock."""

    content: bytes
    date: Optional[str]


class Client(Protocol):
    """What sends requests to one API server: ``client.ClusterClient``."""

    connection: ClusterConnection
    """How the cluster is reached."""
    server: str
    """Its URL, for people."""
    warnings: List[str]
    """What has to be said of the connection: that nobody checks whose certificate it is, or that it has none."""
    version: str
    """Version of the Kubernetes client."""

    def request(self, method: str, path: str, seconds: int, **given: Any) -> Optional[Answer]:
        """Return the answer to a request, or None where the server has no such thing.

        The limit, ``seconds``, is of connecting and of each wait for the server; ``given`` goes to the client.

        Raises:
            ConflictError: the server has one of this name, not the one of a precondition, or it changed meanwhile.
            RefusedError: it refused for another reason.
            ClusterError: it is out of reach.
        """

    def close(self) -> None:
        """Remove the files in which the client keeps a kubeconfig's keys."""


class ClusterApi:
    """Reads and writes one cluster. A context manager: the client keeps keys of a kubeconfig in files until it ends.

    Args:
        client: sends the requests.

    Raises:
        ClusterError: from the methods: the server refuses, is out of reach, or answers as no API server does.
    """

    def __init__(self, client: Client) -> None:
        self.connection, self.server, self.warnings = client.connection, client.server, client.warnings
        self.client_version = client.version
        self.date: Optional[str] = None
        """When the server gave its last answer, by its own clock (RFC 9110 date)."""
        self.expected_uid: Optional[str] = None
        """UID of the cluster (:meth:`cluster_uid`) that alone is asked for anything; None: whatever cluster it is."""
        self._uid: Optional[str] = None
        self._client = client

    def __enter__(self) -> ClusterApi:
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close()

    def get(self, path: str, accept: str = JSON, selector: Optional[str] = None) -> Optional[Dict[str, Any]]:
        """Return the decoded answer, or None where the server has no such thing."""
        return self._request("get", path, header_params={"Accept": accept}, label_selector=selector)

    def send(
        self,
        method: str,
        path: str,
        body: Union[str, Mapping[str, Any], List[Dict[str, Any]], None],
        manager: str,
        content_type: str = JSON,
        dry_run: bool = False,
    ) -> Optional[Dict[str, Any]]:
        """Send what changes something, and return the decoded answer; None where the server has no such thing.

        With ``dry_run`` the server says what it would do, and does nothing.

        Raises:
            ConflictError: the server has one of this name, not the one of a precondition, or it changed meanwhile.
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

    def cluster_uid(self) -> Optional[str]:
        """Return the UID of the namespace kube-system, which no two clusters share; None where there is none."""
        if self._uid is None:
            accept = {"Accept": METADATA_ONLY}
            found = self._answer("get", "/api/v1/namespaces", header_params=accept, label_selector=_NAMED_SO) or {}
            uids = [item["metadata"].get("uid") for item in found.get("items") or []]
            self._uid = uids[0] if len(uids) == 1 else None
        return self._uid

    def _request(self, method: str, path: str, seconds: Optional[int] = None, **given: Any) -> Optional[Dict[str, Any]]:
        """Return the decoded answer, as :meth:`_answer`, of the expected cluster and no other.

        Raises:
            OtherClusterError: it is another one.
        """
        self.check_uid()
        return self._answer(method, path, seconds, **given)

    def check_uid(self) -> None:
        """Ask once whether this is the expected cluster.

        Raises:
            OtherClusterError: it is another one.
        """
        if self.expected_uid and self.cluster_uid() != self.expected_uid:
            raise OtherClusterError(self.connection.where, self.expected_uid, self.cluster_uid())

    def _answer(self, method: str, path: str, seconds: Optional[int] = None, **given: Any) -> Optional[Dict[str, Any]]:
        """Return the decoded answer to what the client sends; the limit is :data:`REQUEST_SECONDS` by default."""
        answer = self._client.request(method, path, seconds or REQUEST_SECONDS, **given)
        if answer is None:
            return None
        self.date = answer.date or self.date
        try:
            found, cut = decoded(answer.content)
        except ValueError as error:
            raise ClusterError(
                "{0} ({1}) answers {2} {3} as no API server does: it is another program, or a proxy on the way".format(
                    self.server, self.connection.where, method.upper(), path
                )
            ) from error
        told = [TOO_DEEP.format(path, name, DEEPEST) for name in cut]
        self.warnings += [text for text in told if text not in self.warnings]
        result: Dict[str, Any] = found
        return result

    def items(self, path: str, accept: str = JSON, selector: Optional[str] = None) -> List[Dict[str, Any]]:
        """Return the items of a list; none where the server has no such list."""
        found: List[Dict[str, Any]] = (self.get(path, accept, selector) or {}).get("items") or []
        return found

"""Requests to the API server: read, apply, delete, with timeouts and one error type. Decides nothing.

Objects are plain dicts both ways: the client's typed models drop fields that they do not know.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from kubernetes.aio.dynamic import DynamicClient
from kubernetes.aio.dynamic.exceptions import DynamicApiError, ResourceNotFoundError

from ocr_operator.api.names import FIELD_MANAGER, ObjectReference
from ocr_operator.cluster.errors import ClusterError, NotLeadingError
from ocr_operator.cluster.failpoints import Failpoint

Body = dict[str, Any]

TIMEOUT_SECONDS = 15
"""Per call. Guess: an API server that needs longer is overloaded, and a later retry helps it."""

READ_RETRY_SECONDS = 0.5
"""Delay before a failed read is retried once. Guess: enough to open a new connection."""

_UNAUTHORIZED, _NOT_FOUND, _TOO_MANY_REQUESTS = 401, 404, 429


class Cluster:
    """A connection to the API server; `connection.connect` opens it."""

    def __init__(
        self,
        dynamic: DynamicClient,
        write_seconds_left: Callable[[], float],
        reload_token: Callable[[], None],
    ) -> None:
        self._dynamic = dynamic
        self._write_seconds_left = write_seconds_left
        self._reload_token = reload_token
        self._failpoint = Failpoint()

    async def get(self, ref: ObjectReference) -> Body | None:
        """The object, or None if it does not exist."""
        try:
            return await self._read(ref.api_version, ref.kind, name=ref.name, namespace=ref.namespace)
        except ClusterError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    async def list(
        self, api_version: str, kind: str, namespace: str, selector: str = "", *, fields: str = ""
    ) -> list[Body]:
        """Objects of a kind with these labels and fields, each with its apiVersion and kind."""
        selectors = {"label_selector": selector, "field_selector": fields}
        response = await self._read(api_version, kind, namespace=namespace, **selectors)
        return [{"apiVersion": api_version, "kind": kind, **item} for item in response["items"]]

    async def versions(
        self, api_version: str, kind: str, namespace: str | None, selector: str
    ) -> dict[tuple[str, str], int]:
        """The resourceVersions of a kind by (namespace, name), of all namespaces if `namespace` is None."""
        accept = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
        options = {"label_selector": selector, "header_params": accept}
        response = await self._read(api_version, kind, namespace=namespace, **options)
        metadata = (item["metadata"] for item in response["items"] or [])  # null if there are none
        return {(entry["namespace"], entry["name"]): int(entry["resourceVersion"]) for entry in metadata}

    async def apply(self, body: Body, manager: str = FIELD_MANAGER) -> Body:
        """Server-side apply with force; returns the object as it is then.

        A `metadata.uid` in the body makes the call fail with 409 if the object was replaced or deleted.
        """
        return await self._apply(body, manager, subresource=None)

    async def apply_status(self, body: Body) -> Body:
        """Server-side apply of the status alone."""
        return await self._apply(body, FIELD_MANAGER, subresource="status")

    async def delete(self, ref: ObjectReference, uid: str) -> None:
        """Deletes the object with this uid; it is no error if it does not exist."""
        body = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        try:
            await self._write(
                "delete", ref.api_version, ref.kind, name=ref.name, namespace=ref.namespace, body=body
            )
        except ClusterError as error:
            if error.status != _NOT_FOUND:
                raise

    async def create(self, body: Body) -> Body:
        """Creates the object; 409 if it exists. Not fenced: a candidate needs it to become the leader."""
        return await self._call("create", body["apiVersion"], body["kind"], body=body)

    async def replace(self, body: Body) -> Body:
        """Replaces the object; 409 if its resourceVersion is not the body's. Not fenced, like `create`."""
        return await self._call("replace", body["apiVersion"], body["kind"], body=body)

    async def version(self) -> tuple[int, int]:
        """Major and minor version of the API server."""
        response = await self._get_path("/version")
        # Some providers write 31+.
        return int(response["major"]), int(re.sub(r"[^0-9].*", "", response["minor"]))

    async def serves(self, api_version: str, kind: str) -> bool:
        """Whether the API server serves a kind now; the answer is not cached."""
        try:
            response = await self._get_path(f"/apis/{api_version}")
        except ClusterError as error:
            if error.status == _NOT_FOUND:
                return False
            raise
        return any(resource["kind"] == kind for resource in response["resources"])

    async def _get_path(self, path: str) -> Body:
        response: Body = await bounded(
            self._dynamic.request(
                "get", path, serializer=lambda _, body: body, _request_timeout=TIMEOUT_SECONDS
            )
        )
        return response

    async def _apply(self, body: Body, manager: str, subresource: str | None) -> Body:
        return await self._write(
            "server_side_apply",
            body["apiVersion"],
            body["kind"],
            subresource=subresource,
            body=body,
            namespace=body["metadata"]["namespace"],
            field_manager=manager,
            force_conflicts=True,
        )

    async def _read(self, api_version: str, kind: str, **arguments: Any) -> Body:
        """`_call`, retried once after a transient error: of a reconcile's many reads one would often fail."""
        try:
            return await self._call("get", api_version, kind, **arguments)
        except ClusterError as error:
            if not _is_transient(error.status):
                raise
        await asyncio.sleep(READ_RETRY_SECONDS)
        return await self._call("get", api_version, kind, **arguments)

    async def _write(self, verb: str, api_version: str, kind: str, **arguments: Any) -> Body:
        """`_call` while this process leads: the last check before a request is sent.

        Raises:
            NotLeadingError: the time for writes is over. Between this check and the socket lies one step of
                the event loop; what a process that is suspended just there sends later is repaired as drift.
        """
        seconds = self._write_seconds_left()
        if seconds <= 0:
            raise NotLeadingError
        number = self._failpoint.before()
        try:
            async with asyncio.timeout(seconds):
                response = await self._call(verb, api_version, kind, **arguments)
        except TimeoutError as error:
            raise NotLeadingError from error
        self._failpoint.after(number)
        return response

    async def _call(
        self, verb: str, api_version: str, kind: str, *, subresource: str | None = None, **arguments: Any
    ) -> Body:
        try:
            resource = await bounded(self._dynamic.resources.get(api_version=api_version, kind=kind))
        except ResourceNotFoundError as error:
            message = f"the API server does not serve {kind} of {api_version}"
            raise ClusterError(_NOT_FOUND, message) from error
        method = getattr(resource.subresources[subresource] if subresource else resource, verb)
        try:
            response: Body = await bounded(
                method(**arguments, serializer=lambda _, body: body, _request_timeout=TIMEOUT_SECONDS)
            )
        except ClusterError as error:
            if error.status == _UNAUTHORIZED:
                # The client itself reads the token's file only once a minute.
                self._reload_token()
            raise
        return response


async def bounded(call: Awaitable[Any]) -> Any:
    """The result of a call to the API server.

    Raises:
        ClusterError: the call failed or timed out.
    """
    try:
        # The client's own timeout ends a silent connection; this one also covers what precedes the request.
        async with asyncio.timeout(TIMEOUT_SECONDS * 2):
            return await call
    except DynamicApiError as error:
        raise ClusterError(error.status, _message(error)) from error
    except TimeoutError as error:
        raise ClusterError(None, f"no response within {TIMEOUT_SECONDS} s") from error
    except aiohttp.ClientError as error:
        raise ClusterError(None, f"the API server is unreachable: {error}") from error


def _is_transient(status: int | None) -> bool:
    """Whether a retry may succeed: no response, a server error, throttling, or an expired token."""
    return status is None or status >= 500 or status in (_UNAUTHORIZED, _TOO_MANY_REQUESTS)


def _message(error: DynamicApiError) -> str:
    """The message of the Status object in the response."""
    try:
        return str(json.loads(error.body or "")["message"])
    except (ValueError, KeyError, TypeError):
        return f"{error.status} {error.reason}"

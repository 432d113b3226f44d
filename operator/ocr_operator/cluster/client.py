"""Requests to the API server: read, apply, delete, with timeouts and one error type. Decides nothing.

Objects are plain dicts both ways: the client's typed models drop fields that they do not know.
"""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from kubernetes.aio.dynamic import DynamicClient
from kubernetes.aio.dynamic.exceptions import ResourceNotFoundError

from ocr_operator.api.names import FIELD_MANAGER, ObjectReference
from ocr_operator.cluster.calls import TIMEOUT_SECONDS, bounded, retry_delay, while_leading
from ocr_operator.cluster.errors import ClusterError, NotLeadingError
from ocr_operator.cluster.failpoints import Failpoint

Body = dict[str, Any]
WriteSecondsLeft = Callable[[str], float]
"""Seconds within which a write in a namespace must be answered, as of now; 0 or less: none may be sent."""

_UNAUTHORIZED, _NOT_FOUND = 401, 404


class Cluster:
    """A connection to the API server; `connection.connect` opens it."""

    def __init__(
        self,
        dynamic: DynamicClient,
        write_seconds_left: WriteSecondsLeft,
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
        """The resourceVersions of a kind by (namespace, name), of all namespaces if `namespace` is None.

        They come from the API server's memory, not from etcd, and may be some seconds old.
        """
        accept = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
        options = {"label_selector": selector, "resource_version": "0", "header_params": accept}
        response = await self._read(api_version, kind, namespace=namespace, **options)
        metadata = (item["metadata"] for item in response["items"] or [])  # null if there are none
        return {(entry["namespace"], entry["name"]): int(entry["resourceVersion"]) for entry in metadata}

    async def apply(self, body: Body, manager: str = FIELD_MANAGER) -> Body:
        """Server-side apply with force; returns the object as it is then.

        A `metadata.uid` in the body makes the call fail with 409 if the object was replaced or deleted.
        """
        return await self._apply(body, manager, subresource=None)

    async def try_apply(self, body: Body, manager: str = FIELD_MANAGER) -> Body:
        """What `apply` would do now, without doing it. Not fenced: nothing is written."""
        verb, arguments = _apply_arguments(body, manager)
        return await self._call(verb, body["apiVersion"], body["kind"], dry_run="All", **arguments)

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
        verb, arguments = _apply_arguments(body, manager)
        return await self._write(verb, body["apiVersion"], body["kind"], subresource=subresource, **arguments)

    async def _read(self, api_version: str, kind: str, **arguments: Any) -> Body:
        """`_call`, retried once after a transient error: of a reconcile's many reads one would often fail."""
        try:
            return await self._call("get", api_version, kind, **arguments)
        except ClusterError as error:
            delay = retry_delay(error)
            if delay is None:
                raise
        await asyncio.sleep(delay)
        return await self._call("get", api_version, kind, **arguments)

    async def _write(self, verb: str, api_version: str, kind: str, **arguments: Any) -> Body:
        """`_call` while this process may write in the namespace: the last check before a request is sent.

        Raises:
            NotLeadingError: the time for writes is over. Between this check and the socket lies one step of
                the event loop; what a process that is suspended just there sends later is repaired as drift.
        """
        seconds_left = partial(self._write_seconds_left, arguments["namespace"])
        if seconds_left() <= 0:
            raise NotLeadingError
        number = self._failpoint.before()
        response: Body = await while_leading(self._call(verb, api_version, kind, **arguments), seconds_left)
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


def _apply_arguments(body: Body, manager: str) -> tuple[str, dict[str, Any]]:
    """The verb and the arguments of a server-side apply with force."""
    namespace = body["metadata"]["namespace"]
    options = {"namespace": namespace, "field_manager": manager, "force_conflicts": True}
    return "server_side_apply", {"body": body, **options}

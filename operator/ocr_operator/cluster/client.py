"""The API server, as far as the operator needs it: read, apply, delete, with timeouts and one error type.

The only module that imports `kubernetes`. Objects are plain dicts both ways: the client's typed models drop
fields that they do not know. Decides nothing; `reconcile` and `chart_backends` call it.
"""

import asyncio
import json
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from kubernetes.aio import client, config
from kubernetes.aio.dynamic import DynamicClient
from kubernetes.aio.dynamic.exceptions import DynamicApiError, ResourceNotFoundError

from ocr_operator.api.names import FIELD_MANAGER, ObjectReference
from ocr_operator.cluster.failpoints import Failpoint

Body = dict[str, Any]
Answered = Callable[[str, str], None]

TIMEOUT_SECONDS = 15
"""Per call. Guess: an API server that needs longer is in trouble, and trying again later helps it."""

READ_AGAIN_SECONDS = 0.5
"""Until a read that failed is tried a second time. Guess: enough for a connection to be made anew."""


class ClusterError(Exception):
    """A call failed. `status` is HTTP's, None where no answer came; the text is the API server's own."""

    def __init__(self, status: int | None, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class NotLeadingError(ClusterError):
    """A write was not sent, or not waited for: the time in which we may write was over."""

    def __init__(self) -> None:
        super().__init__(None, "not written: another operator may lead by now")


class Cluster:
    """One connection to the API server; made by `connect`."""

    def __init__(
        self, dynamic: DynamicClient, may_write_for: Callable[[], float], log_in: Callable[[], None]
    ) -> None:
        self._dynamic = dynamic
        self._may_write_for = may_write_for
        self._log_in = log_in
        self._failpoint = Failpoint()

    async def get(self, ref: ObjectReference) -> Body | None:
        """The object, or None if there is none."""
        try:
            return await self._read(ref.api_version, ref.kind, name=ref.name, namespace=ref.namespace)
        except ClusterError as error:
            if error.status == 404:
                return None
            raise

    async def list(
        self, api_version: str, kind: str, namespace: str, selector: str = "", *, fields: str = ""
    ) -> list[Body]:
        """Objects of a kind with these labels and fields, each with its apiVersion and kind."""
        chosen = {"label_selector": selector, "field_selector": fields}
        answer = await self._read(api_version, kind, namespace=namespace, **chosen)
        return [{"apiVersion": api_version, "kind": kind, **item} for item in answer["items"]]

    async def versions(
        self, api_version: str, kind: str, namespace: str | None, selector: str
    ) -> dict[tuple[str, str], int]:
        """By (namespace, name) the resourceVersions of a kind; in all namespaces if `namespace` is None."""
        accept = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
        chosen = {"label_selector": selector, "header_params": accept}
        answer = await self._read(api_version, kind, namespace=namespace, **chosen)
        found = (item["metadata"] for item in answer["items"] or [])  # null where there is none
        return {(one["namespace"], one["name"]): int(one["resourceVersion"]) for one in found}

    async def apply(self, body: Body, manager: str = FIELD_MANAGER) -> Body:
        """Server-side apply with force; answers the object as it now is.

        A `metadata.uid` in the body makes the call fail with 409 if the object is another one or gone.
        """
        return await self._apply(body, manager, subresource=None)

    async def apply_status(self, body: Body) -> Body:
        """The same for the status alone."""
        return await self._apply(body, FIELD_MANAGER, subresource="status")

    async def delete(self, ref: ObjectReference, uid: str) -> None:
        """Deletes just this object; that it is gone already is no error."""
        body = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        try:
            await self._write(
                "delete", ref.api_version, ref.kind, name=ref.name, namespace=ref.namespace, body=body
            )
        except ClusterError as error:
            if error.status != 404:
                raise

    async def create(self, body: Body) -> Body:
        """Makes the object, whether we lead or not (by it, we come to lead); 409 if there is one."""
        return await self._call("create", body["apiVersion"], body["kind"], body=body)

    async def replace(self, body: Body) -> Body:
        """The same for one that is there; 409 if it is no longer as the body's resourceVersion says."""
        return await self._call("replace", body["apiVersion"], body["kind"], body=body)

    async def version(self) -> tuple[int, int]:
        """Major and minor of the API server's version."""
        call = self._dynamic.request(
            "get", "/version", serializer=lambda _, body: body, _request_timeout=TIMEOUT_SECONDS
        )
        answer = await _within_time(call)
        # Some providers write 31+.
        return int(answer["major"]), int(re.sub(r"[^0-9].*", "", answer["minor"]))

    async def serves(self, api_version: str, kind: str) -> bool:
        """Whether the API server knows a kind of a group by now; it is asked, nothing remembered."""
        call = self._dynamic.request(
            "get", f"/apis/{api_version}", serializer=lambda _, body: body, _request_timeout=TIMEOUT_SECONDS
        )
        try:
            answer = await _within_time(call)
        except ClusterError as error:
            if error.status == 404:
                return False
            raise
        return any(one["kind"] == kind for one in answer["resources"])

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
        """`_call`, twice if the trouble may pass: of the many reads of a look, one would often fail."""
        try:
            return await self._call("get", api_version, kind, **arguments)
        except ClusterError as error:
            if error.status is not None and error.status not in (401, 429) and error.status < 500:
                raise
        await asyncio.sleep(READ_AGAIN_SECONDS)
        return await self._call("get", api_version, kind, **arguments)

    async def _write(self, verb: str, api_version: str, kind: str, **arguments: Any) -> Body:
        """`_call` for as long as we lead: the last word before a request leaves.

        Raises:
            NotLeadingError: the time is over. Between this check and the socket lies one step of the event
                loop; what a process that is stopped just there sends on waking is undone as drift.
        """
        seconds = self._may_write_for()
        if seconds <= 0:
            raise NotLeadingError
        number = self._failpoint.before()
        try:
            async with asyncio.timeout(seconds):
                answer = await self._call(verb, api_version, kind, **arguments)
        except TimeoutError as error:
            raise NotLeadingError from error
        self._failpoint.after(number)
        return answer

    async def _call(
        self, verb: str, api_version: str, kind: str, *, subresource: str | None = None, **arguments: Any
    ) -> Body:
        try:
            resource = await _within_time(self._dynamic.resources.get(api_version=api_version, kind=kind))
        except ResourceNotFoundError as error:
            raise ClusterError(404, f"the API server does not serve {kind} of {api_version}") from error
        target = resource.subresources[subresource] if subresource else resource
        method = getattr(target, verb)
        try:
            answer: Body = await _within_time(
                method(**arguments, serializer=lambda _, body: body, _request_timeout=TIMEOUT_SECONDS)
            )
        except ClusterError as error:
            if error.status == 401:
                # The client itself reads the token's file once a minute only.
                self._log_in()
            raise
        return answer


async def _within_time(call: Awaitable[Any]) -> Any:
    try:
        # The client's own timeout ends a silent connection; this ends also what it does before it asks.
        async with asyncio.timeout(TIMEOUT_SECONDS * 2):
            return await call
    except DynamicApiError as error:
        raise ClusterError(error.status, _message(error)) from error
    except TimeoutError as error:
        raise ClusterError(None, f"no answer within {TIMEOUT_SECONDS} s") from error
    except aiohttp.ClientError as error:
        raise ClusterError(None, f"the API server cannot be reached: {error}") from error


def _message(error: DynamicApiError) -> str:
    """The API server's sentence, from the Status object in the body of its answer."""
    try:
        return str(json.loads(error.body or "")["message"])
    except (ValueError, KeyError, TypeError):
        return f"{error.status} {error.reason}"


@asynccontextmanager
async def connect(
    may_write_for: Callable[[], float] = lambda: 0.0, answered: Answered = lambda method, status: None
) -> AsyncIterator[Cluster]:
    """A connection with the pod's service account, outside of a cluster with the kubeconfig of KUBECONFIG.

    `may_write_for` answers the seconds in which a write has to be done, 0 or less where none may be sent: so
    a connection only reads unless a leader makes it.
    `answered` is told method and HTTP status of each request, `<error>` in its place where no answer came.

    Raises:
        ClusterError: there is no way to the API server, or it does not answer.
    """
    configuration = await _configuration()
    configuration.trace_configs = [_telling(answered)]
    # The client would keep what it knows of the API in a file that is shared by all processes of the machine.
    with tempfile.TemporaryDirectory() as folder:
        async with client.ApiClient(configuration) as api:
            cache = str(Path(folder) / "discovery.json")
            dynamic = await _within_time(DynamicClient(api, cache_file=cache))  # type: ignore[no-untyped-call]
            yield Cluster(dynamic, may_write_for, partial(_log_in_anew, configuration))


def _telling(answered: Answered) -> aiohttp.TraceConfig:
    async def ended(_: Any, __: Any, request: aiohttp.TraceRequestEndParams) -> None:
        answered(request.method, str(request.response.status))

    async def failed(_: Any, __: Any, request: aiohttp.TraceRequestExceptionParams) -> None:
        answered(request.method, "<error>")

    found = aiohttp.TraceConfig()
    found.on_request_end.append(ended)
    found.on_request_exception.append(failed)
    return found


def _log_in_anew(configuration: client.Configuration) -> None:
    """Takes the token that the pod has by now; what a kubeconfig holds does not change."""
    with suppress(config.ConfigException):
        config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]


async def _configuration() -> client.Configuration:
    configuration = client.Configuration()
    try:
        config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
    except config.ConfigException:
        try:
            await config.load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except config.ConfigException as error:
            message = f"neither a pod's service account nor a kubeconfig leads to a cluster: {error}"
            raise ClusterError(None, message) from error
    return configuration

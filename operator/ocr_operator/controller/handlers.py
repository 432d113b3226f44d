"""kopf as the operator's informers: it watches, keeps indices and fills the work queue.

The only module that imports `kopf`. kopf itself writes nothing: event handlers and indices add no finalizer
and no annotation, so an OCRBackend can always be deleted.
"""

import asyncio
import random
from contextlib import suppress
from typing import Any

import kopf

from ocr_operator.api.managed_kinds import MANAGED
from ocr_operator.api.names import GROUP, KIND, PLURAL, SELECTOR, VERSION, NamespacedName
from ocr_operator.controller.backoffs import EndlessBackoffs
from ocr_operator.controller.workers import Controller
from ocr_operator.observed.managed_objects import ObservedObject, observed_object
from ocr_operator.observed.object_metadata import cached_metadata, owner_of
from ocr_operator.observed.pods import ObservedPod, observed_pod

_MANAGED_RESOURCES = tuple(managed.resource for managed in MANAGED)
"""An optional kind is watched if the cluster serves it when the operator starts; `optional_api_poller` polls
those that come later."""
_PODS = ("", "v1", "pods")

_EXIT_TIMEOUT_SECONDS = 20
"""Less than the pod's grace period of 30 s."""


def registry(controller: Controller) -> kopf.OperatorRegistry:
    """Handlers that fill the indices and the queue, and run the controller from startup to cleanup."""
    handlers = kopf.OperatorRegistry()
    _register_indices(handlers)
    _register_events(handlers, controller)
    tasks: list[asyncio.Task[None]] = []

    @kopf.on.login(registry=handlers)
    def credentials_needed(**kwargs: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_via_client(**kwargs)

    @kopf.on.startup(registry=handlers)
    async def operator_started(**kwargs: Any) -> None:
        controller.cache.connect(kwargs["backends"], kwargs["managed"], kwargs["pods"])
        tasks.extend(await controller.start())

    @kopf.on.cleanup(registry=handlers)
    async def operator_stopped(**_: Any) -> None:
        await controller.stop(tasks)

    return handlers


def _register_indices(handlers: kopf.OperatorRegistry) -> None:
    @kopf.index(GROUP, VERSION, PLURAL, id="backends", registry=handlers)
    def backends(body: kopf.Body, **_: Any) -> dict[NamespacedName, Any]:
        metadata = cached_metadata(body["metadata"])
        return {NamespacedName(metadata["namespace"], metadata["name"]): {**body, "metadata": metadata}}

    def managed(body: kopf.Body, **_: Any) -> dict[NamespacedName, ObservedObject]:
        key = owner_of(body["metadata"])
        return {key: observed_object(body)} if key else {}

    for resource in _MANAGED_RESOURCES:
        kopf.index(*resource, id="managed", registry=handlers)(managed)

    @kopf.index(*_PODS, id="pods", registry=handlers)
    def pods(body: kopf.Body, **_: Any) -> dict[NamespacedName, ObservedPod]:
        key = owner_of(body["metadata"])
        return {key: observed_pod(body)} if key else {}


def _register_events(handlers: kopf.OperatorRegistry, controller: Controller) -> None:
    watchdog, queue = controller.verifier.watchdog, controller.queue

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=handlers)
    async def backend_changed(body: kopf.Body, **_: Any) -> None:
        watchdog.verified(KIND)
        queue.add(NamespacedName(body["metadata"]["namespace"], body["metadata"]["name"]))

    async def managed_object_changed(event: Any, body: kopf.Body, **_: Any) -> None:
        watchdog.verified(body["kind"])
        key = owner_of(body["metadata"])
        if key is None:
            return
        if event["type"] == "DELETED":
            controller.reconciler.last_applied.record_deletion(key, observed_object(body))
        queue.add(key)

    for resource in _MANAGED_RESOURCES:
        kopf.on.event(*resource, registry=handlers)(managed_object_changed)

    @kopf.on.event(*_PODS, registry=handlers)
    async def pod_changed(body: kopf.Body, **_: Any) -> None:
        watchdog.verified("Pod")
        if key := owner_of(body["metadata"]):
            queue.add(key)


def kopf_settings(inactivity_seconds: float) -> kopf.OperatorSettings:
    """Settings under which kopf writes nothing, needs no rights of its own and notices a dead watch.

    `inactivity_seconds`: a watch that receives nothing for so long is opened again.
    """
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.networking.enforce_retry_after = True
    settings.networking.error_backoffs = EndlessBackoffs()
    settings.watching.connect_timeout = 10
    settings.watching.inactivity_timeout = inactivity_seconds
    # A stream that ended without an error can leave kopf blind; a new one every few minutes limits that.
    settings.watching.server_timeout = random.randint(270, 330)
    settings.process.ultimate_exiting_timeout = _EXIT_TIMEOUT_SECONDS
    for resource in (*_MANAGED_RESOURCES, _PODS):
        settings.watching.label_selectors[resource] = SELECTOR
    return settings


async def watch(
    handlers: kopf.OperatorRegistry,
    namespaces: tuple[str, ...],
    stop: asyncio.Event,
    inactivity_seconds: float,
) -> None:
    """Runs kopf until a signal or `stop` ends it, in these namespaces, or in all if there are none.

    `inactivity_seconds`: a watch that receives nothing for so long is opened again.
    """
    with suppress(asyncio.CancelledError):
        await kopf.operator(
            registry=handlers,
            settings=kopf_settings(inactivity_seconds),
            standalone=True,
            clusterwide=not namespaces,
            namespaces=namespaces,
            stop_flag=stop,
        )

"""Objects as the API server returns them; each test gives only the fields that matter."""

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from api_defaults import defaulted
from ocr_operator.api.names import API_VERSION, FIELD_MANAGER, KIND
from ocr_operator.api.operator_config import ImageReference, OperatorConfig
from ocr_operator.crd.spec_schema import spec_schema
from ocr_operator.observed.managed_objects import ObservedObject, observed_object
from ocr_operator.observed.pods import ObservedPod, observed_pod
from ocr_operator.planning.steps import ref_of
from rollout_world import World

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

Json = dict[str, Any]

PREPARED = {"source": "Claim", "storage": {"claimName": "prepared"}}
"""Models that need no download before pods are created."""


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def config() -> OperatorConfig:
    return OperatorConfig(
        cpu_image=ImageReference("example.com/backend-cpu", "1.0"),
        paddle_image=ImageReference("example.com/backend-paddle", "1.0"),
        gpu_image=ImageReference("example.com/backend-gpu", "1.0"),
        surge_wait_seconds=60,
    )


@pytest.fixture
def ocrbackend() -> Callable[..., Json]:
    """`ocrbackend(variants=[...], ...)`: an OCRBackend `labs/ocr` with these fields of the spec.

    By default its models are on an existing claim.
    """

    def make(
        *,
        name: str = "ocr",
        uid: str = "uid-1",
        generation: int = 1,
        annotations: Json | None = None,
        **spec: Any,
    ) -> Json:
        spec.setdefault("variants", [{"name": "ch-mobile", "language": "ch", "modelType": "mobile"}])
        spec.setdefault("models", PREPARED)
        metadata = {
            "name": name,
            "namespace": "labs",
            "uid": uid,
            "generation": generation,
            "resourceVersion": "1",
            "annotations": annotations or {},
        }
        filled = defaulted(spec_schema(), spec)
        return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": filled}

    return make


@pytest.fixture
def live() -> Callable[..., ObservedObject]:
    """`live(desired, status=…)`: an object as the API server returns it after our apply."""

    def make(
        child: Json,
        *,
        uid: str = "",
        version: int = 10,
        generation: int = 1,
        replicas: int | None = None,
        owned: Json | None = None,
        status: Json | None = None,
    ) -> ObservedObject:
        body = copy.deepcopy(child)
        spec = body["spec"]
        if child["kind"] == "Deployment":
            spec["replicas"] = spec.get("replicas", 1 if replicas is None else replicas)
        fields = owned or {"f:spec": {f"f:{field}": {} for field in child["spec"]}}
        entry = {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": fields}
        body["metadata"] |= {
            "uid": uid or f"uid-of-{ref_of(child)}",
            "resourceVersion": str(version),
            "generation": generation,
            "managedFields": [entry],
        }
        return observed_object(body | {"status": status or {}})

    return make


@pytest.fixture
def pod() -> Callable[..., ObservedPod]:
    """`pod(labels, ready=True, …)`: a pod with these labels."""

    def make(
        labels: Mapping[str, str],
        *,
        name: str = "ocr-ch-mobile-abc",
        ready: bool = False,
        node: str = "node1",
        unschedulable_message: str = "",
        since: datetime = NOW,
        state: Json | None = None,
        last: Json | None = None,
        restarts: int = 0,
        devices: Json | None = None,
        deleting: bool = False,
    ) -> ObservedPod:
        scheduled = {"type": "PodScheduled", "status": "False" if unschedulable_message else "True"}
        if unschedulable_message:
            scheduled |= {"message": unschedulable_message, "lastTransitionTime": since.isoformat()}
        container = {
            "name": "backend",
            "state": state or {"running": {}},
            "lastState": last or {},
            "restartCount": restarts,
        }
        metadata: Json = {"name": name, "namespace": "labs", "labels": dict(labels)}
        if deleting:
            metadata["deletionTimestamp"] = "2026-11-23T12:00:00Z"
        spec = {"containers": [{"name": "backend", "resources": {"limits": devices or {}}}]}
        if not unschedulable_message:
            spec["nodeName"] = node
        conditions = [scheduled, {"type": "Ready", "status": "True" if ready else "False"}]
        return observed_pod(
            {
                "metadata": metadata,
                "spec": spec,
                "status": {"conditions": conditions, "containerStatuses": [container]},
            }
        )

    return make


@pytest.fixture
def world(
    ocrbackend: Callable[..., Json],
    live: Callable[..., ObservedObject],
    pod: Callable[..., ObservedPod],
    config: OperatorConfig,
    now: datetime,
) -> World:
    """Three variants without any objects."""
    return World(ocrbackend, live, pod, config, now)

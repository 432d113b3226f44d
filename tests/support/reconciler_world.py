"""A reconciler on a cluster in memory, where watches lag and calls fail as a test demands."""

import asyncio
import copy
from datetime import datetime
from typing import Any

from ocr_operator.api.names import API_VERSION, FIELD_MANAGER, KIND, NamespacedName, ObjectReference
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.cluster.errors import ClusterError
from ocr_operator.controller.reconciler import Reconciler
from ocr_operator.controller.requeue import Result
from ocr_operator.observed.managed_objects import ObservedObject, observed_object
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.planning.steps import ref_of

KEY = NamespacedName("labs", "ocr")
BACKEND = ObjectReference(API_VERSION, KIND, *KEY)


class FakeCluster:
    """Stands in for `client.Cluster`: keeps objects, and fails the calls in `failing`.

    `failing`: errors by verb (`get`) or by verb and kind (`apply Deployment`).
    """

    def __init__(self) -> None:
        self.objects: dict[ObjectReference, dict[str, Any]] = {}
        self.failing: dict[str, ClusterError] = {}
        self.calls: list[tuple[str, str]] = []
        self.served: set[tuple[str, str]] = set()
        self._version = 100

    def _begin(self, verb: str, kind: str) -> None:
        self.calls.append((verb, kind))
        for name in (verb, f"{verb} {kind}"):
            if name in self.failing:
                raise self.failing[name]

    async def get(self, ref: ObjectReference) -> dict[str, Any] | None:
        """The object, or None."""
        self._begin("get", ref.kind)
        return self.objects.get(ref)

    async def list(
        self, api_version: str, kind: str, namespace: str, selector: str = "", *, fields: str = ""
    ) -> list[dict[str, Any]]:
        """All objects of the kind."""
        self._begin("list", kind)
        return [body for ref, body in self.objects.items() if ref.kind == kind]

    async def apply(self, body: dict[str, Any], manager: str = FIELD_MANAGER) -> dict[str, Any]:
        """Stores the object; 409 if the body's uid is not that of the existing one."""
        self._begin("apply", body["kind"])
        ref = ref_of(body)
        existing = self.objects.get(ref)
        uid = body["metadata"].get("uid")
        if uid and uid != (existing or {"metadata": {"uid": None}})["metadata"]["uid"]:
            raise ClusterError(409, f"uid mismatch: {uid}")
        self._version += 1
        metadata = body["metadata"] | {"resourceVersion": str(self._version)}
        metadata["uid"] = uid or f"uid-{self._version}"
        entry = {"manager": manager, "operation": "Apply", "fieldsV1": {"f:spec": {}}}
        self.objects[ref] = copy.deepcopy(body | {"metadata": metadata | {"managedFields": [entry]}})
        return self.objects[ref]

    async def apply_status(self, body: dict[str, Any]) -> dict[str, Any]:
        """Stores the status."""
        self._begin("status", body["kind"])
        self._version += 1
        existing = copy.deepcopy(self.objects[ref_of(body)])
        existing["metadata"]["resourceVersion"] = str(self._version)
        self.objects[ref_of(body)] = existing | {"status": body["status"]}
        return self.objects[ref_of(body)]

    def edit(self, ref: ObjectReference, field: str, value: Any) -> None:
        """Changes a field of the spec as a client with the operator's field manager does."""
        self._version += 1
        body = copy.deepcopy(self.objects[ref])
        body["metadata"]["resourceVersion"] = str(self._version)
        self.objects[ref] = body | {"spec": body["spec"] | {field: value}}

    async def serves(self, api_version: str, kind: str) -> bool:
        """Whether the kind is in `served`."""
        self._begin("serves", kind)
        return (api_version, kind) in self.served

    async def delete(self, ref: ObjectReference, uid: str) -> None:
        """Deletes the object."""
        self._begin("delete", ref.kind)
        self.objects.pop(ref, None)


class FakeCache:
    """Reports what the fake cluster has, or had when the watches broke."""

    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster = cluster
        self._frozen: dict[ObjectReference, dict[str, Any]] | None = None
        self.running_pods: tuple[ObservedPod, ...] = ()

    def break_watches(self) -> None:
        """Reports no more changes from now on."""
        self._frozen = copy.deepcopy(self._cluster.objects)

    @property
    def _objects(self) -> dict[ObjectReference, dict[str, Any]]:
        return self._cluster.objects if self._frozen is None else self._frozen

    def backend(self, key: NamespacedName) -> dict[str, Any] | None:
        """The OCRBackend, or None."""
        return self._objects.get(BACKEND)

    def objects(self, key: NamespacedName) -> tuple[ObservedObject, ...]:
        """All objects but the OCRBackend and Events."""
        bodies = (body for ref, body in self._objects.items() if ref.kind not in (KIND, "Event"))
        return tuple(map(observed_object, bodies))

    def statuses(self) -> list[tuple[NamespacedName, dict[str, Any]]]:
        """The statuses of all OCRBackends: none."""
        return []

    def pods(self, key: NamespacedName) -> tuple[ObservedPod, ...]:
        """The pods that a test has set."""
        return self.running_pods


class ReconcilerWorld:
    """A reconciler between the fake cluster and the fake cache."""

    def __init__(self, backend: dict[str, Any], config: OperatorConfig, now: datetime) -> None:
        self.now = now
        self.cluster = FakeCluster()
        self.cluster.objects[BACKEND] = backend
        self.cache = FakeCache(self.cluster)
        self._config = config
        self.restart()

    def restart(self) -> None:
        """Starts another reconciler, as a new process does."""
        self.reconciler = Reconciler(
            self.cluster,  # type: ignore[arg-type]
            self.cache,
            self._config,
            lambda: self.now,
        )

    def reconcile(self) -> Result:
        """Reconciles the OCRBackend; `cluster.calls` are those of this reconcile."""
        self.cluster.calls.clear()
        return asyncio.run(self.reconciler.reconcile(KEY))

    def condition(self, kind: str) -> tuple[str, str]:
        """Status and reason of a condition."""
        conditions = self.cluster.objects[BACKEND]["status"]["conditions"]
        [condition] = [entry for entry in conditions if entry["type"] == kind]
        return condition["status"], condition["reason"]

    def events(self) -> list[dict[str, Any]]:
        """The Events that were written."""
        return [body for ref, body in self.cluster.objects.items() if ref.kind == "Event"]

"""Remembers the operator's own last writes, to recognise drift and to bridge the lag of the watches.

Pure but for its own dicts. It is empty after a restart, which costs one apply per managed object.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ocr_operator.api.names import GroupVersionKind, NamespacedName, ObjectReference
from ocr_operator.observed import state
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.state import AppliedObject

Json = Mapping[str, Any]


class LastApplied:
    """The last write of each managed object and of each status, by OCRBackend."""

    def __init__(self) -> None:
        self._applied: dict[NamespacedName, dict[ObjectReference, AppliedObject]] = {}
        self._backends: dict[NamespacedName, Json] = {}
        self._refused: dict[NamespacedName, frozenset[ObjectReference]] = {}
        self._deleted: dict[NamespacedName, dict[ObjectReference, str]] = {}

    def applied(self, key: NamespacedName) -> Mapping[ObjectReference, AppliedObject]:
        """The last write of each managed object."""
        return dict(self._applied.get(key, {}))

    def objects_of(self, kind: GroupVersionKind) -> dict[NamespacedName, NamespacedName]:
        """Each object of this kind that was applied, with its OCRBackend."""
        return {
            NamespacedName(ref.namespace, ref.name): key
            for key, objects in self._applied.items()
            for ref in objects
            if (ref.api_version, ref.kind) == kind
        }

    def record(self, key: NamespacedName, digest: str, response: ObservedObject) -> None:
        """An object was applied. `digest`: of what was sent; `response`: the object that was returned.

        A watch may have reported the object's deletion before the response arrived.
        """
        if self._deleted.get(key, {}).get(response.ref) == response.uid:
            return
        self._applied.setdefault(key, {})[response.ref] = AppliedObject(digest, response)

    def record_status(self, key: NamespacedName, backend: Json) -> None:
        """A status was applied. `backend`: the OCRBackend in the response."""
        self._backends[key] = backend

    def record_refused(self, key: NamespacedName, refs: Iterable[ObjectReference]) -> None:
        """The last reconcile could not write these objects, for a reason that lasts."""
        self._refused[key] = frozenset(refs)

    def refused(self, key: NamespacedName) -> frozenset[ObjectReference]:
        """The objects that the last reconcile could not write, for a reason that lasts."""
        return self._refused.get(key, frozenset())

    def record_deletion(self, key: NamespacedName, deleted: ObservedObject) -> None:
        """A watch reported that a managed object was deleted."""
        self._deleted.setdefault(key, {})[deleted.ref] = deleted.uid
        self.remove(key, deleted.ref)

    def remove(self, key: NamespacedName, ref: ObjectReference) -> None:
        """A managed object does not exist any more."""
        self._applied.get(key, {}).pop(ref, None)

    def forget(self, key: NamespacedName) -> None:
        """The OCRBackend was deleted."""
        self._applied.pop(key, None)
        self._refused.pop(key, None)
        self._deleted.pop(key, None)
        self._backends.pop(key, None)

    def newest_backend(self, key: NamespacedName, cached: Json) -> Json:
        """The OCRBackend from the cache, or from our last status write if that is newer."""
        written = self._backends.get(key)
        return written if written and _is_newer(written, cached) else cached

    def newest(self, key: NamespacedName, cached: Iterable[ObservedObject]) -> tuple[ObservedObject, ...]:
        """The managed objects from the cache, or from our own writes where those are newer."""
        return state.newest(cached, (entry.observed for entry in self.applied(key).values()))

    def retain(self, key: NamespacedName, listed: Iterable[ObservedObject]) -> None:
        """Drops the objects that a complete list from the API server does not contain."""
        for ref in self.applied(key).keys() - {existing.ref for existing in listed}:
            self.remove(key, ref)


def _is_newer(backend: Json, other: Json) -> bool:
    return int(backend["metadata"]["resourceVersion"]) > int(other["metadata"]["resourceVersion"])

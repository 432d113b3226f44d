"""The objects that the watches have reported, by OCRBackend: kopf's indices with types.

`handlers` connects them; the cache is empty until then.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ocr_operator.api.names import KIND, NamespacedName
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.pods import ObservedPod

_EMPTY: Mapping[NamespacedName, Any] = MappingProxyType({})


class InformerCache:
    """Objects by OCRBackend. kopf fills it before it calls any event handler."""

    def __init__(self) -> None:
        self._backends = self._managed = self._pods = _EMPTY

    @property
    def is_connected(self) -> bool:
        """Whether kopf has started."""
        return self._backends is not _EMPTY

    def connect(self, backends: Any, managed: Any, pods: Any) -> None:
        """Uses kopf's indices, which live as long as its operator."""
        self._backends, self._managed, self._pods = backends, managed, pods

    def keys(self) -> list[NamespacedName]:
        """All OCRBackends."""
        return list(self._backends)

    def backend(self, key: NamespacedName) -> Mapping[str, Any] | None:
        """The OCRBackend, or None if there is none."""
        return next(iter(self._backends.get(key, ())), None)

    def statuses(self) -> Iterator[tuple[NamespacedName, Mapping[str, Any]]]:
        """The status of every OCRBackend."""
        for key in self.keys():
            yield key, (self.backend(key) or {}).get("status") or {}

    def objects(self, key: NamespacedName) -> tuple[ObservedObject, ...]:
        """The managed objects of an OCRBackend."""
        return tuple(self._managed.get(key, ()))

    def pods(self, key: NamespacedName) -> tuple[ObservedPod, ...]:
        """The pods of an OCRBackend."""
        return tuple(self._pods.get(key, ()))

    def versions(self, kind: str) -> Mapping[NamespacedName, int]:
        """The resourceVersion of every object of a kind; 0 for pods, whose versions are not kept."""
        if kind == KIND:
            return {
                key: int(backend["metadata"]["resourceVersion"])
                for key in self.keys()
                for backend in self._backends[key]
            }
        if kind == "Pod":
            return {
                NamespacedName(key.namespace, pod.name): 0 for key in self._pods for pod in self._pods[key]
            }
        objects = (existing for key in self._managed for existing in self._managed[key])
        return {
            NamespacedName(existing.ref.namespace, existing.ref.name): existing.resource_version
            for existing in objects
            if existing.ref.kind == kind
        }

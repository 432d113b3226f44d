"""What watching has shown, by OCRBackend: the indices that kopf fills, as the rest of us reads them.

`handlers` connects them; empty until then.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ocr_operator.api.names import KIND, NamespacedName
from ocr_operator.planning.plan import Observed

_NOTHING: Mapping[NamespacedName, Any] = MappingProxyType({})


class InformerCache:
    """What kopf has seen, by OCRBackend; filled before any handler runs."""

    def __init__(self) -> None:
        self._backends = self._children = self._pods = _NOTHING

    @property
    def is_connected(self) -> bool:
        """Whether kopf has begun."""
        return self._backends is not _NOTHING

    def connect(self, backends: Any, children: Any, pods: Any) -> None:
        """Takes kopf's indices, which live as long as its operator."""
        self._backends, self._children, self._pods = backends, children, pods

    def keys(self) -> list[NamespacedName]:
        """Every OCRBackend there is."""
        return list(self._backends)

    def backend(self, key: NamespacedName) -> Mapping[str, Any] | None:
        """The OCRBackend, or None if there is none."""
        return next(iter(self._backends.get(key, ())), None)

    def statuses(self) -> Iterator[tuple[NamespacedName, Mapping[str, Any]]]:
        """The status of every OCRBackend."""
        for key in self.keys():
            yield key, (self.backend(key) or {}).get("status") or {}

    def observed(self, key: NamespacedName) -> Observed:
        """Its children and pods."""
        return Observed(tuple(self._children.get(key, ())), tuple(self._pods.get(key, ())))

    def versions(self, kind: str) -> Mapping[NamespacedName, int]:
        """Every object of a kind with its resourceVersion; of pods, whose versions are not kept, 0."""
        if kind == KIND:
            return {
                key: int(one["metadata"]["resourceVersion"])
                for key in self.keys()
                for one in self._backends[key]
            }
        if kind == "Pod":
            return {
                NamespacedName(key.namespace, pod.name): 0 for key in self._pods for pod in self._pods[key]
            }
        children = (child for key in self._children for child in self._children[key])
        return {
            NamespacedName(child.ref.namespace, child.ref.name): child.version
            for child in children
            if child.ref.kind == kind
        }

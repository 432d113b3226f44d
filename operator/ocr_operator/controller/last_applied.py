"""What the operator remembers of its own writes, to know its own hand again and to see past a lagging watch.

Pure but for its own dicts; empty after a restart, which costs one apply per child and changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ocr_operator.api.names import GroupVersionKind, NamespacedName, ObjectReference
from ocr_operator.observed.observation import ObservedObject
from ocr_operator.planning.plan import AppliedObject, Observed

Json = Mapping[str, Any]


class LastApplied:
    """Per OCRBackend: what was last applied to each child, and the OCRBackend as the last status left it."""

    def __init__(self) -> None:
        self._written: dict[NamespacedName, dict[ObjectReference, AppliedObject]] = {}
        self._backends: dict[NamespacedName, Json] = {}
        self._refused: dict[NamespacedName, frozenset[ObjectReference]] = {}

    def written(self, key: NamespacedName) -> Mapping[ObjectReference, AppliedObject]:
        """What was applied to the children."""
        return self._written.get(key, {})

    def with_kind(self, kind: GroupVersionKind) -> set[NamespacedName]:
        """The OCRBackends for which a child of the kind was applied."""
        return {
            key
            for key, children in self._written.items()
            if any((ref.api_version, ref.kind) == kind for ref in children)
        }

    def wrote(self, key: NamespacedName, content: str, child: ObservedObject) -> None:
        """A child was applied; `content` is the digest of what was sent."""
        self._written.setdefault(key, {})[child.ref] = AppliedObject(content, child)

    def wrote_status(self, key: NamespacedName, backend: Json) -> None:
        """A status was applied; this is the OCRBackend after it."""
        self._backends[key] = backend

    def were_refused(self, key: NamespacedName, refs: Iterable[ObjectReference]) -> None:
        """A look has ended, in which the API server would not have these children."""
        self._refused[key] = frozenset(refs)

    def refused(self, key: NamespacedName) -> frozenset[ObjectReference]:
        """The children that the API server would not have at the last look."""
        return self._refused.get(key, frozenset())

    def gone(self, key: NamespacedName, ref: ObjectReference) -> None:
        """A child was deleted."""
        self._written.get(key, {}).pop(ref, None)

    def forget(self, key: NamespacedName) -> None:
        """The OCRBackend was deleted."""
        self._written.pop(key, None)
        self._refused.pop(key, None)
        self._backends.pop(key, None)

    def newest_backend(self, key: NamespacedName, seen: Json) -> Json:
        """The OCRBackend as seen, or as our own status left it if that is newer."""
        own = self._backends.get(key)
        return own if own and _is_newer(own, seen) else seen

    def newest(self, key: NamespacedName, seen: Observed) -> Observed:
        """Children as seen, with those that we have since written as the API server answered them."""
        children = {child.ref: child for child in seen.children}
        for ref, written in self.written(key).items():
            if ref not in children or children[ref].version < written.child.version:
                children[ref] = written.child
        return replace(seen, children=tuple(children.values()))

    def trust(self, key: NamespacedName, children: Iterable[ObservedObject]) -> None:
        """These are all the children there are: what is not among them was deleted unseen."""
        there = {child.ref for child in children}
        for ref in self.written(key).keys() - there:
            self.gone(key, ref)


def _is_newer(one: Json, other: Json) -> bool:
    return int(one["metadata"]["resourceVersion"]) > int(other["metadata"]["resourceVersion"])

"""What the operator remembers of its own writes, to know its own hand again and to see past a lagging watch.

Pure but for its own dicts; empty after a restart, which costs one apply per child and changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ocr_operator.api.names import ApiKind, Key, Ref
from ocr_operator.observed.observation import LiveChild
from ocr_operator.planning.plan import Observed, Written

Json = Mapping[str, Any]


class Memory:
    """Per OCRBackend: what was last applied to each child, and the OCRBackend as the last status left it."""

    def __init__(self) -> None:
        self._written: dict[Key, dict[Ref, Written]] = {}
        self._backends: dict[Key, Json] = {}
        self._refused: dict[Key, frozenset[Ref]] = {}

    def written(self, key: Key) -> Mapping[Ref, Written]:
        """What was applied to the children."""
        return self._written.get(key, {})

    def with_kind(self, kind: ApiKind) -> set[Key]:
        """The OCRBackends for which a child of the kind was applied."""
        return {
            key
            for key, children in self._written.items()
            if any((ref.api_version, ref.kind) == kind for ref in children)
        }

    def wrote(self, key: Key, content: str, child: LiveChild) -> None:
        """A child was applied; `content` is the digest of what was sent."""
        self._written.setdefault(key, {})[child.ref] = Written(content, child)

    def wrote_status(self, key: Key, backend: Json) -> None:
        """A status was applied; this is the OCRBackend after it."""
        self._backends[key] = backend

    def were_refused(self, key: Key, refs: Iterable[Ref]) -> None:
        """A look has ended, in which the API server would not have these children."""
        self._refused[key] = frozenset(refs)

    def refused(self, key: Key) -> frozenset[Ref]:
        """The children that the API server would not have at the last look."""
        return self._refused.get(key, frozenset())

    def gone(self, key: Key, ref: Ref) -> None:
        """A child was deleted."""
        self._written.get(key, {}).pop(ref, None)

    def forget(self, key: Key) -> None:
        """The OCRBackend was deleted."""
        self._written.pop(key, None)
        self._refused.pop(key, None)
        self._backends.pop(key, None)

    def newest_backend(self, key: Key, seen: Json) -> Json:
        """The OCRBackend as seen, or as our own status left it if that is newer."""
        own = self._backends.get(key)
        return own if own and _is_newer(own, seen) else seen

    def newest(self, key: Key, seen: Observed) -> Observed:
        """Children as seen, with those that we have since written as the API server answered them."""
        children = {child.ref: child for child in seen.children}
        for ref, written in self.written(key).items():
            if ref not in children or children[ref].version < written.child.version:
                children[ref] = written.child
        return replace(seen, children=tuple(children.values()))

    def trust(self, key: Key, children: Iterable[LiveChild]) -> None:
        """These are all the children there are: what is not among them was deleted unseen."""
        there = {child.ref for child in children}
        for ref in self.written(key).keys() - there:
            self.gone(key, ref)


def _is_newer(one: Json, other: Json) -> bool:
    return int(one["metadata"]["resourceVersion"]) > int(other["metadata"]["resourceVersion"])

"""Our own writes are known at once, and forgotten when the object goes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ocr_operator.api.names import SERVICE_MONITOR, GroupVersionKind, NamespacedName
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import family
from ocr_operator.controller.last_applied import LastApplied
from ocr_operator.manifests.variant_resources import service
from ocr_operator.observed.observation import ObservedObject
from ocr_operator.planning.plan import Observed

KEY = NamespacedName("labs", "ocr")


@pytest.fixture
def child(
    ocrbackend: Callable[..., dict[str, Any]], live: Callable[..., ObservedObject], config: OperatorConfig
) -> ObservedObject:
    found = family(ocrbackend())
    return live(service(found, found.variants[0]), version=10)


def test_what_was_written_is_seen_before_a_watch_shows_it(child: ObservedObject) -> None:
    memory = LastApplied()
    memory.wrote(KEY, "content", child)
    assert memory.newest(KEY, Observed()).children == (child,)


@pytest.mark.parametrize(("version", "expected"), [(9, 10), (10, 10), (11, 11)])
def test_the_newer_of_seen_and_written_counts(child: ObservedObject, version: int, expected: int) -> None:
    memory = LastApplied()
    memory.wrote(KEY, "content", child)
    seen = Observed((replace(child, version=version),))
    assert [one.version for one in memory.newest(KEY, seen).children] == [expected]


def test_a_deleted_child_is_forgotten(child: ObservedObject) -> None:
    memory = LastApplied()
    memory.wrote(KEY, "content", child)
    memory.gone(KEY, child.ref)
    assert memory.newest(KEY, Observed()).children == ()
    assert memory.written(KEY) == {}


def test_a_list_shows_what_was_deleted_unseen(child: ObservedObject) -> None:
    memory = LastApplied()
    memory.wrote(KEY, "content", child)
    memory.trust(KEY, [child])
    assert list(memory.written(KEY)) == [child.ref]
    memory.trust(KEY, [])
    assert memory.written(KEY) == {}


def test_one_backends_children_are_not_anothers(child: ObservedObject) -> None:
    memory = LastApplied()
    memory.wrote(KEY, "content", child)
    assert memory.newest(NamespacedName("labs", "other"), Observed()).children == ()


def test_our_own_status_is_the_newest_until_a_watch_shows_more(
    ocrbackend: Callable[..., dict[str, Any]],
) -> None:
    memory, seen = LastApplied(), ocrbackend()
    ours = seen | {"metadata": seen["metadata"] | {"resourceVersion": "5"}, "status": {"summary": "1/1"}}
    memory.wrote_status(KEY, ours)
    assert memory.newest_backend(KEY, seen) == ours
    later = seen | {"metadata": seen["metadata"] | {"resourceVersion": "6"}}
    assert memory.newest_backend(KEY, later) == later
    memory.forget(KEY)
    assert memory.newest_backend(KEY, seen) == seen


def test_whose_children_of_a_kind_were_written_is_known(child: ObservedObject) -> None:
    memory = LastApplied()
    memory.wrote(KEY, "content", child)
    assert memory.with_kind(GroupVersionKind("v1", "Service")) == {KEY}
    assert memory.with_kind(SERVICE_MONITOR) == set()
    memory.gone(KEY, child.ref)
    assert memory.with_kind(GroupVersionKind("v1", "Service")) == set()

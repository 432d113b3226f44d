"""Our own writes are known at once, and forgotten with their object."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ocr_operator.api.names import SERVICE_MONITOR, GroupVersionKind, NamespacedName
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.controller.last_applied import LastApplied
from ocr_operator.manifests.variant_resources import service
from ocr_operator.observed.managed_objects import ObservedObject

KEY = NamespacedName("labs", "ocr")
SERVICE = GroupVersionKind("v1", "Service")


@pytest.fixture
def written(
    ocrbackend: Callable[..., dict[str, Any]], live: Callable[..., ObservedObject], config: OperatorConfig
) -> ObservedObject:
    """A Service as the API server returned it."""
    spec = parse_backend(ocrbackend())
    return live(service(spec, spec.variants[0]), version=10)


@pytest.fixture
def last_applied(written: ObservedObject) -> LastApplied:
    """Knows one write, of the Service."""
    last_applied = LastApplied()
    last_applied.record(KEY, "digest", written)
    return last_applied


def test_a_write_is_known_before_a_watch_reports_it(
    last_applied: LastApplied, written: ObservedObject
) -> None:
    assert last_applied.newest(KEY, ()) == (written,)


@pytest.mark.parametrize(("version", "expected"), [(9, 10), (10, 10), (11, 11)])
def test_the_newer_of_cached_and_written_counts(
    last_applied: LastApplied, written: ObservedObject, version: int, expected: int
) -> None:
    cached = replace(written, resource_version=version)
    [newest] = last_applied.newest(KEY, [cached])
    assert newest.resource_version == expected


def test_a_deleted_object_is_forgotten(last_applied: LastApplied, written: ObservedObject) -> None:
    last_applied.remove(KEY, written.ref)
    assert last_applied.newest(KEY, ()) == ()
    assert last_applied.applied(KEY) == {}


def test_a_response_that_arrives_after_the_deletion_of_its_object_is_ignored(
    written: ObservedObject,
) -> None:
    last_applied = LastApplied()
    last_applied.record_deletion(KEY, written)
    last_applied.record(KEY, "digest", written)
    assert last_applied.newest(KEY, ()) == ()
    again = replace(written, uid="created again")
    last_applied.record(KEY, "digest", again)
    assert last_applied.newest(KEY, ()) == (again,)


def test_a_list_reveals_a_missed_deletion(last_applied: LastApplied, written: ObservedObject) -> None:
    last_applied.retain(KEY, [written])
    assert list(last_applied.applied(KEY)) == [written.ref]
    last_applied.retain(KEY, [])
    assert last_applied.applied(KEY) == {}


def test_an_ocrbackend_does_not_get_the_objects_of_another_one(last_applied: LastApplied) -> None:
    assert last_applied.newest(NamespacedName("labs", "other"), ()) == ()


def test_our_own_status_is_the_newest_until_a_watch_reports_a_newer_one(
    ocrbackend: Callable[..., dict[str, Any]],
) -> None:
    last_applied, cached = LastApplied(), ocrbackend()
    written = cached | {
        "metadata": cached["metadata"] | {"resourceVersion": "5"},
        "status": {"summary": "1/1"},
    }
    last_applied.record_status(KEY, written)
    assert last_applied.newest_backend(KEY, cached) == written
    newer = cached | {"metadata": cached["metadata"] | {"resourceVersion": "6"}}
    assert last_applied.newest_backend(KEY, newer) == newer
    last_applied.forget(KEY)
    assert last_applied.newest_backend(KEY, cached) == cached


def test_ocrbackends_are_found_by_the_kinds_of_their_objects(
    last_applied: LastApplied, written: ObservedObject
) -> None:
    assert last_applied.objects_of(SERVICE) == {NamespacedName("labs", "ocr-ch-mobile"): KEY}
    assert last_applied.objects_of(SERVICE_MONITOR) == {}
    last_applied.remove(KEY, written.ref)
    assert last_applied.objects_of(SERVICE) == {}

"""The owner of an object, from its metadata."""

from typing import Any

import pytest

from ocr_operator.api.names import NamespacedName
from ocr_operator.observed.object_metadata import cached_metadata, owner_of


@pytest.mark.parametrize(
    ("labels", "owners", "name"),
    [
        pytest.param({"app.kubernetes.io/instance": "ocr"}, [], "ocr", id="the label names it"),
        pytest.param(
            {"app.kubernetes.io/instance": "other"},
            [{"kind": "OCRBackend", "name": "ocr", "controller": True}],
            "ocr",
            id="the controller wins over an edited label",
        ),
        pytest.param(
            {"app.kubernetes.io/instance": "ocr"},
            [{"kind": "ReplicaSet", "name": "ocr-ch-mobile-5d", "controller": True}],
            "ocr",
            id="the label of a pod names it",
        ),
        pytest.param({}, [], None, id="no owner"),
    ],
)
def test_the_owner_is(labels: dict[str, str], owners: list[dict[str, Any]], name: str | None) -> None:
    metadata = {"namespace": "labs", "labels": labels, "ownerReferences": owners}
    assert owner_of(metadata) == (NamespacedName("labs", name) if name else None)


def test_the_cached_metadata_keeps_only_requests_of_the_annotations() -> None:
    annotations = {"ocrbackend.io/retry": "1", "kubectl.kubernetes.io/last-applied-configuration": "long"}
    metadata = {"name": "ocr", "managedFields": [], "annotations": annotations}
    assert cached_metadata(metadata) == {"name": "ocr", "annotations": {"ocrbackend.io/retry": "1"}}

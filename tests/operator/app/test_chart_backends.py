"""The chart's value `backends` becomes OCRBackends that the chart's ConfigMap owns."""

import pytest
import yaml

from ocr_operator.app.chart_backends import Source, desired_backends, ownership_conflict


def _source(values: object) -> Source:
    return Source("labs", "release-backends", yaml.safe_dump(values))


def test_each_entry_becomes_an_object_that_the_config_map_owns() -> None:
    spec = {"variants": [{"language": "ch", "modelType": "mobile"}]}
    [backend] = desired_backends(_source({"ocr": spec}), "uid-of-the-map")
    assert backend == {
        "apiVersion": "ocrbackend.io/v1alpha1",
        "kind": "OCRBackend",
        "metadata": {
            "name": "ocr",
            "namespace": "labs",
            "labels": {"ocrbackend.io/values-of": "release-backends"},
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "ConfigMap", "name": "release-backends", "uid": "uid-of-the-map"}
            ],
        },
        "spec": spec,
    }


@pytest.mark.parametrize("values", [{}, None])
def test_no_entries_make_no_objects(values: object) -> None:
    assert desired_backends(_source(values), "uid") == []


def test_an_object_from_the_same_values_is_applied_again() -> None:
    existing = {"metadata": {"name": "ocr", "labels": {"ocrbackend.io/values-of": "release-backends"}}}
    assert ownership_conflict(_source({}), existing) == ""
    assert ownership_conflict(_source({}), None) == ""


def test_an_object_from_elsewhere_is_not_taken_over() -> None:
    conflict = ownership_conflict(_source({}), {"metadata": {"name": "ocr"}})
    assert "OCRBackend ocr exists, but not from these values" in conflict

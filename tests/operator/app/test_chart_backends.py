"""The chart's `backends`, as OCRBackend objects that the chart's ConfigMap owns."""

import pytest
import yaml

from ocr_operator.app.chart_backends import Source, obstacle, wanted


def _source(values: object) -> Source:
    return Source("labs", "release-backends", yaml.safe_dump(values))


def test_each_name_becomes_an_object_that_the_config_map_owns() -> None:
    spec = {"variants": [{"language": "ch", "modelType": "mobile"}]}
    [found] = wanted(_source({"ocr": spec}), "uid-of-the-map")
    assert found == {
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
def test_no_backends_are_no_objects(values: object) -> None:
    assert wanted(_source(values), "uid") == []


def test_an_object_from_the_same_values_is_applied_again() -> None:
    there = {"metadata": {"name": "ocr", "labels": {"ocrbackend.io/values-of": "release-backends"}}}
    assert obstacle(_source({}), there) == ""
    assert obstacle(_source({}), None) == ""


def test_an_object_that_somebody_else_made_is_not_taken_over() -> None:
    assert "OCRBackend ocr was not made from these values" in obstacle(
        _source({}), {"metadata": {"name": "ocr"}}
    )

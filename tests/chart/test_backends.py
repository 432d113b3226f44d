"""The OCRBackends of the release: the default one, or those of `backends`, in a ConfigMap or as objects."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ocr_operator.app import cli
from ocr_operator.crd import crd

pytestmark = pytest.mark.helm

CHART = Path(__file__).parents[2] / "chart"
DEFAULT = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))["defaultBackend"]["spec"]
MINE = {"variants": [{"name": "korean", "language": "korean", "modelType": "mobile"}]}

Json = dict[str, Any]
Render = Callable[..., list[Json]]


def in_config_map(objects: list[Json]) -> Json:
    [data] = [body["data"] for body in objects if "backends.yaml" in body.get("data", {})]
    specs: Json = yaml.safe_load(data["backends.yaml"])
    return specs


def test_the_default_backend_is_created_only_while_there_are_no_backends(render: Render) -> None:
    assert in_config_map(render()) == {"ocr": DEFAULT}
    assert in_config_map(render(backends={"mine": MINE})) == {"mine": MINE}
    assert in_config_map(render(**{"defaultBackend.enabled": False})) == {}
    without_own = render(backends={"mine": MINE}, **{"defaultBackend.enabled": False})
    assert in_config_map(without_own) == {"mine": MINE}


def test_null_removes_an_entry_of_another_values_file(render: Render) -> None:
    assert in_config_map(render(backends={"mine": MINE, "ocr": None})) == {"mine": MINE}
    assert in_config_map(render(backends={"ocr": None})) == {"ocr": DEFAULT}


def test_as_objects_the_release_contains_the_ocrbackends(render: Render) -> None:
    large = MINE | {"server": {"maxImagePixels": 80_000_000}}
    objects = render(backends={"mine": large}, backendsAs="Objects")
    [backend] = [body for body in objects if body["kind"] == "OCRBackend"]
    assert backend["metadata"]["name"] == "mine"
    assert backend["metadata"]["namespace"] == "labs"
    assert backend["spec"] == large
    jsonschema.validate(backend, crd.crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"])


def test_as_objects_they_are_deleted_with_their_entry_and_with_the_release(render: Render) -> None:
    [backend] = [body for body in render(backendsAs="Objects") if body["kind"] == "OCRBackend"]
    assert "helm.sh/resource-policy" not in backend["metadata"]["annotations"]


def test_as_objects_the_operator_neither_reads_nor_may_change_them(render: Render) -> None:
    objects = render(backendsAs="Objects")
    [deployment] = [body for body in objects if body["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    options = cli.parser().parse_args(container["args"])
    assert (options.backends, options.backends_owner) == (None, None)
    assert not [body for body in objects if body["metadata"]["name"] == "r-backends"]
    assert "checksum/backends" not in (deployment["spec"]["template"]["metadata"]["annotations"] or {})

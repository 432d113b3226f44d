"""What the pods of `prelabel` run: their arguments and environment variables, as the command parses them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ocr_backend.commands.prelabel.arguments import MAX_SLICE, Options
from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_operator.api.names import NamespacedName, variant_url
from ocr_operator.api.operator_config import ImageReference, OperatorConfig
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.manifests.pod_template import pod_template
from prelabel_entries import (
    BUILTIN,
    BY_VARIANT,
    LABEL_STUDIO,
    RUN,
    Json,
    container_of,
    options_of,
    settings_of,
)

pytestmark = pytest.mark.helm

FILTER = {"conjunction": "and", "items": [{"filter": "filter:tasks:id", "value": 10_000_000}]}

Render = Callable[..., list[Json]]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"project": 12_345_678}, {"project": 12_345_678}, id="a large id"),
        pytest.param({"onlyMissing": True}, {"only_missing": True}, id="onlyMissing"),
        pytest.param({"overwriteVersion": True}, {"overwrite_version": True}, id="overwriteVersion"),
        pytest.param({"filter": 7_654_321}, {"filter": "7654321"}, id="a view"),
        pytest.param({"slice": MAX_SLICE, "parallel": 4}, {"slice": MAX_SLICE, "parallel": 4}, id="slices"),
        pytest.param({"after": 4_711_000}, {"after": 4_711_000}, id="after"),
    ],
)
def test_each_field_becomes_an_argument(
    job: Callable[..., Json], tmp_path: Path, render: Render, fields: Json, expected: Json
) -> None:
    # In a file, because Helm reads the numbers of a file as floating-point numbers.
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"prelabel": {"invoices": {**RUN, **fields}}}))
    [body] = [body for body in render("--values", str(values)) if body["kind"] == "Job"]
    url = variant_url(NamespacedName("labs", "ocr"), "ch-mobile")
    assert options_of(body) == Options(**{"project": 12, "backend": url, "failures": "-", **expected})


def test_a_data_manager_filter_is_passed_unchanged(job: Callable[..., Json]) -> None:
    assert json.loads(options_of(job({**RUN, "filter": FILTER})).filter or "") == FILTER


def test_the_pods_share_the_tasks(job: Callable[..., Json]) -> None:
    body = job({**RUN, "shards": 3})
    shares = {(options_of(body, index).shard, options_of(body, index).shards) for index in range(3)}
    assert shares == {(0, 3), (1, 3), (2, 3)}


def test_the_url_of_a_variant_is_the_one_that_the_operator_assigns(jobs: Callable[..., list[Json]]) -> None:
    variants = ["korean", "a" * 22]
    runs = {variant: RUN | {"backend": {"name": "other", "variant": variant}} for variant in variants}
    urls = {options_of(body).backend for body in jobs(prelabel=runs)}
    assert urls == {variant_url(NamespacedName("labs", "other"), variant) for variant in variants}


def test_any_backend_can_be_selected_by_url(job: Callable[..., Json]) -> None:
    backend = {"url": "https://ocr.example.com", "basicAuthSecretRef": {"name": "password"}}
    body = job(RUN | {"backend": backend})
    assert options_of(body).backend == "https://ocr.example.com"
    references = [
        variable["valueFrom"]["secretKeyRef"]
        for variable in container_of(body)["env"]
        if "valueFrom" in variable
    ]
    assert references[1:] == [
        {"name": "password", "key": "username"},
        {"name": "password", "key": "password"},
    ]


def test_unset_fields_come_from_the_backend_of_the_entry(job: Callable[..., Json]) -> None:
    backend = {
        "variants": [{"name": "ch-mobile", "language": "ch", "modelType": "mobile"}],
        "labelStudio": LABEL_STUDIO | {"basicAuthSecretRef": {"name": "password"}},
        "server": {"predictTimeoutSeconds": 200, "verifySSL": False},
    }
    body = job({"project": 12, **BY_VARIANT}, **{"backends.ocr": backend})
    assert settings_of(body) == Settings(
        label_studio_url="http://labels:8080",
        label_studio_api_key="token",
        basic_auth_user="user",
        basic_auth_pass="pass",
        predict_timeout_seconds=200,
        verify_ssl=False,
    )
    assert body["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 230
    with_own_url = job(
        {"project": 12, **BY_VARIANT, "labelStudio": {"url": "http://own"}}, **{"backends.ocr": backend}
    )
    settings = settings_of(with_own_url)
    assert (settings.label_studio_url, settings.label_studio_api_key) == ("http://own", "token")


def test_with_builtin_the_pods_read_with_builtin_models(job: Callable[..., Json]) -> None:
    extra_env = [{"name": "PADDLEOCR_SCORE_THRESHOLD", "value": "0.75"}]
    body = job({**BUILTIN, "extraEnv": extra_env})
    assert options_of(body).backend is None
    assert settings_of(body) == Settings(
        ocr_version="PP-OCRv6",
        model_type=model_catalog.BUILTIN_MODEL_TYPE,
        language="latin",
        model_source="builtin",
        score_threshold=0.75,
        label_studio_url="http://labels:8080",
        label_studio_api_key="token",
    )


def test_a_pod_with_builtin_models_has_the_resources_that_the_operator_sets_for_them(
    job: Callable[..., Json],
) -> None:
    variants = [{"name": "ch", "language": "ch", "modelType": model_catalog.BUILTIN_MODEL_TYPE}]
    metadata = {"name": "ocr", "namespace": "labs", "uid": "u", "generation": 1}
    backend = parse_backend({"metadata": metadata, "spec": {"variants": variants}})
    config = OperatorConfig(ImageReference("cpu"), ImageReference("paddle"), ImageReference("gpu"))
    [container] = pod_template(backend, backend.variants[0], config)["spec"]["containers"]
    assert container_of(job(BUILTIN))["resources"] == container["resources"]

"""The OpenAPI document matches the app: its paths, limits and responses, also to invalid requests."""

import logging
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from fake_reader import FakeReader
from label_studio_project import GUIDES_CONFIG
from ocr_backend.config.settings import Settings
from ocr_backend.web.app import create_app
from ocr_backend.web.openapi import openapi_document

METHODS = {"GET", "POST"}


def operations(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(path, method.upper()) for path, item in document["paths"].items() for method in item}


OPERATIONS = sorted(operations(openapi_document(Settings())))


def test_the_document_is_valid() -> None:
    OPENAPI_31_VALIDATOR.validate(openapi_document(Settings()))


def test_every_reference_resolves_and_every_component_is_referenced() -> None:
    document = openapi_document(Settings())
    components = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "responses")
        for name in document["components"][kind]
    }
    assert set(references(document)) == components


def references(node: object) -> list[str]:
    if isinstance(node, dict):
        references_here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return references_here + [name for value in node.values() for name in references(value)]
    return [name for value in node for name in references(value)] if isinstance(node, list) else []


@pytest.mark.parametrize("has_ui", [True, False])
def test_the_document_has_exactly_the_paths_of_the_app(make_worker, has_ui) -> None:
    worker = make_worker(FakeReader(), has_ui=has_ui)
    routes = {
        (rule.rule, method)
        for rule in create_app(worker).url_map.iter_rules()
        for method in (rule.methods or set()) & METHODS
    }
    assert operations(openapi_document(worker.settings)) == routes


def test_the_served_document_has_the_limits_of_the_settings(make_client) -> None:
    document = make_client(max_tasks=7, max_request_bytes=4321).get("/openapi.json").json
    assert document["components"]["schemas"]["PredictRequest"]["properties"]["tasks"]["maxItems"] == 7
    assert "4321 bytes" in document["components"]["responses"]["TooLarge"]["description"]


def test_the_document_says_which_paths_need_credentials(make_client) -> None:
    basic = ("ocr", "secret")
    document = (
        make_client(basic_auth_user="ocr", basic_auth_pass="secret").get("/openapi.json", auth=basic).json
    )
    assert document["security"] == [{"basic": []}]
    assert document["paths"]["/livez"]["get"]["security"] == []
    assert make_client().get("/openapi.json").json["security"] == []


def operations_with_body() -> list[tuple[str, str]]:
    paths = openapi_document(Settings())["paths"]
    return [(path, method) for path, method in OPERATIONS if "requestBody" in paths[path][method.lower()]]


def generated(api: Any, path: str, method: str, mode: GenerationMode) -> st.SearchStrategy[schemathesis.Case]:
    """Requests that match the document, or do not; matching ones have a real label config."""

    def with_real_config(case: schemathesis.Case) -> schemathesis.Case:
        for key in ("schema", "label_config"):
            if isinstance(case.body, dict) and isinstance(case.body.get(key), str):
                case.body[key] = GUIDES_CONFIG
        return case

    cases = api[path][method].as_strategy(generation_mode=mode)
    return cases.map(with_real_config) if mode is GenerationMode.POSITIVE else cases


@pytest.mark.parametrize(
    ("path", "method", "mode"),
    [
        *((path, method, GenerationMode.POSITIVE) for path, method in OPERATIONS),
        *((path, method, GenerationMode.NEGATIVE) for path, method in operations_with_body()),
    ],
)
def test_every_response_matches_the_document(
    make_worker, caplog, path: str, method: str, mode: GenerationMode
) -> None:
    caplog.set_level(logging.ERROR, "ocr_backend")
    api = schemathesis.openapi.from_wsgi("/openapi.json", create_app(make_worker(FakeReader(), max_tasks=3)))

    @seed(0)
    @settings(max_examples=25, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(generated(api, path, method, mode))
    def send(case: schemathesis.Case) -> None:
        case.call_and_validate()

    send()


def test_every_error_response_matches_the_document(make_worker) -> None:
    worker = make_worker(FakeReader(), is_loaded=False, max_request_bytes=1024)
    client = create_app(worker).test_client()
    paths = openapi_document(worker.settings)["paths"]
    for path, method in OPERATIONS:
        responses = [client.open(path, method=method, json={})]
        responses += (
            [
                client.open(path, method=method, data=b"x" * 2000, content_type=media_type)
                for media_type in ("application/json", "text/plain")
            ]
            if method == "POST"
            else []
        )
        for response in responses:
            assert str(response.status_code) in paths[path][method.lower()]["responses"], (
                path,
                response.status,
            )

"""The description of the API says what the app answers: its paths, limits, and answers to whatever comes."""

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
from ocr_backend.web.openapi import description

METHODS = {"GET", "POST"}


def operations(told: dict[str, Any]) -> set[tuple[str, str]]:
    return {(path, method.upper()) for path, item in told["paths"].items() for method in item}


OPERATIONS = sorted(operations(description(Settings())))


def test_it_is_a_valid_openapi_document() -> None:
    OPENAPI_31_VALIDATOR.validate(description(Settings()))


def test_every_reference_leads_somewhere_and_every_part_is_referred_to() -> None:
    told = description(Settings())
    parts = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "responses")
        for name in told["components"][kind]
    }
    assert set(references(told)) == parts


def references(told: object) -> list[str]:
    if isinstance(told, dict):
        own = [told["$ref"]] if isinstance(told.get("$ref"), str) else []
        return own + [name for value in told.values() for name in references(value)]
    return [name for value in told for name in references(value)] if isinstance(told, list) else []


@pytest.mark.parametrize("has_ui", [True, False])
def test_every_path_of_the_app_is_described_and_every_described_one_is_there(make_worker, has_ui) -> None:
    worker = make_worker(FakeReader(), has_ui=has_ui)
    routes = {
        (rule.rule, method)
        for rule in create_app(worker).url_map.iter_rules()
        for method in (rule.methods or set()) & METHODS
    }
    assert operations(description(worker.settings)) == routes


def test_it_is_served_with_the_limits_in_force(make_client) -> None:
    told = make_client(max_tasks=7, max_request_bytes=4321).get("/openapi.json").json
    assert told["components"]["schemas"]["PredictRequest"]["properties"]["tasks"]["maxItems"] == 7
    assert "4321 bytes" in told["components"]["responses"]["TooLarge"]["description"]


def test_credentials_are_described_where_they_are_asked_for(make_client) -> None:
    basic = ("ocr", "secret")
    told = make_client(basic_auth_user="ocr", basic_auth_pass="secret").get("/openapi.json", auth=basic).json
    assert told["security"] == [{"basic": []}]
    assert told["paths"]["/livez"]["get"]["security"] == []
    assert make_client().get("/openapi.json").json["security"] == []


def with_body() -> list[tuple[str, str]]:
    told = description(Settings())["paths"]
    return [(path, method) for path, method in OPERATIONS if "requestBody" in told[path][method.lower()]]


def generated(api: Any, path: str, method: str, mode: GenerationMode) -> st.SearchStrategy[schemathesis.Case]:
    """Requests that obey the description, or do not; configurations that obey it are real ones."""

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
        *((path, method, GenerationMode.NEGATIVE) for path, method in with_body()),
    ],
)
def test_every_answer_is_described(make_worker, caplog, path: str, method: str, mode: GenerationMode) -> None:
    caplog.set_level(logging.ERROR, "ocr_backend")
    api = schemathesis.openapi.from_wsgi("/openapi.json", create_app(make_worker(FakeReader(), max_tasks=3)))

    @seed(0)
    @settings(max_examples=25, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(generated(api, path, method, mode))
    def sent(case: schemathesis.Case) -> None:
        case.call_and_validate()

    sent()


def test_what_is_wrong_is_described_too(make_worker) -> None:
    worker = make_worker(FakeReader(), is_loaded=False, max_request_bytes=1024)
    client = create_app(worker).test_client()
    told = description(worker.settings)["paths"]
    for path, method in OPERATIONS:
        answers = [client.open(path, method=method, json={})]
        answers += [client.open(path, method=method, data=b"x" * 2000)] if method == "POST" else []
        for answer in answers:
            assert str(answer.status_code) in told[path][method.lower()]["responses"], (path, answer.status)

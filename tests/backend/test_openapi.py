"""The description of the API says what the app answers: paths, limits, and every answer to whatever comes."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from fake_reader import FakeReader
from label_studio_project import GUIDES_CONFIG
from ocr_backend.app import create_app
from ocr_backend.openapi import description
from ocr_backend.settings import Settings
from ocr_backend.worker import Worker

METHODS = {"GET", "POST"}


def operations(told: dict[str, Any]) -> set[tuple[str, str]]:
    return {(path, method.upper()) for path, item in told["paths"].items() for method in item}


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


schemathesis.openapi.format("label-studio-config", st.sampled_from(["", GUIDES_CONFIG]))


@pytest.fixture
def api(make_worker: Callable[..., Worker]) -> Any:
    logging.getLogger("ocr_backend").setLevel(logging.ERROR)
    return schemathesis.openapi.from_wsgi("/openapi.json", create_app(make_worker(FakeReader(), max_tasks=3)))


generated = schemathesis.pytest.from_fixture("api")


@generated.parametrize()
@settings(
    max_examples=50, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
def test_every_answer_is_described(case: schemathesis.Case) -> None:
    case.call_and_validate()

"""What a support bundle redacts."""

from typing import Any

import pytest

from ocr_operator.kubectl.bundle import redacted, without_url_credentials


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            {"env": [{"name": "API_TOKEN", "value": "x"}]},
            {"env": [{"name": "API_TOKEN", "value": "(redacted)"}]},
            id="a variable with the name of a secret",
        ),
        pytest.param(
            [{"name": "LOG_LEVEL", "value": "INFO"}],
            [{"name": "LOG_LEVEL", "value": "INFO"}],
            id="any other variable",
        ),
        pytest.param(
            {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            id="a reference to a Secret",
        ),
        pytest.param(
            {"managedFields": [1], "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "x"}},
            {"annotations": {}},
            id="bookkeeping of kubectl and the API server",
        ),
        pytest.param(
            {"ocrbackend.io/rollout": '{"env": [{"name": "API_TOKEN", "value": "x"}]}'},
            {"ocrbackend.io/rollout": {"env": [{"name": "API_TOKEN", "value": "(redacted)"}]}},
            id="a variable in a rollout record",
        ),
        pytest.param(
            {"ocrbackend.io/rollout": "API_TOKEN: x"},
            {"ocrbackend.io/rollout": "(redacted)"},
            id="a rollout record that cannot be parsed",
        ),
    ],
)
def test_values_that_may_be_secret_are_redacted(content: Any, expected: Any) -> None:
    assert redacted(content) == expected


def test_credentials_in_urls_are_redacted() -> None:
    assert (
        without_url_credentials("see https://me:word@host/a and me@host")
        == "see https://(redacted)@host/a and me@host"
    )

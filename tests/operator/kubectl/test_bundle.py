"""What a bundle leaves out."""

from typing import Any

import pytest

from ocr_operator.kubectl.bundle import redacted, without_logins


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        pytest.param(
            {"env": [{"name": "API_TOKEN", "value": "x"}]},
            {"env": [{"name": "API_TOKEN", "value": "(left out)"}]},
            id="a variable named as a secret is",
        ),
        pytest.param(
            [{"name": "LOG_LEVEL", "value": "INFO"}], [{"name": "LOG_LEVEL", "value": "INFO"}], id="any other"
        ),
        pytest.param(
            {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            id="a reference names no value",
        ),
        pytest.param(
            {"managedFields": [1], "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "x"}},
            {"annotations": {}},
            id="what kubectl and the API server keep beside it",
        ),
        pytest.param(
            {"ocrbackend.io/rollout": '{"env": [{"name": "API_TOKEN", "value": "x"}]}'},
            {"ocrbackend.io/rollout": {"env": [{"name": "API_TOKEN", "value": "(left out)"}]}},
            id="a variable in a template that is kept as text",
        ),
        pytest.param(
            {"ocrbackend.io/rollout": "API_TOKEN: x"},
            {"ocrbackend.io/rollout": "(left out)"},
            id="what cannot be looked through",
        ),
    ],
)
def test_values_that_may_be_secret_are_left_out(content: Any, shown: Any) -> None:
    assert redacted(content) == shown


def test_urls_lose_their_login() -> None:
    assert (
        without_logins("see https://me:word@host/a and me@host")
        == "see https://(left out)@host/a and me@host"
    )

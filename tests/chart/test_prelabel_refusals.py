"""What the chart's `prelabel` refuses, and the sentences with which it does."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.helm

CHART = Path(__file__).parents[2] / "chart"

Json = dict[str, Any]
Helm = Callable[..., subprocess.CompletedProcess[str]]

LABEL_STUDIO = {"url": "http://labels:8080", "apiKeySecretRef": {"name": "labels", "key": "token"}}
BY_VARIANT = {"backend": {"name": "ocr", "language": "ch", "modelType": "mobile"}}
RUN = {"project": 12, "labelStudio": LABEL_STUDIO, **BY_VARIANT}
BUILTIN = {"project": 12, "labelStudio": LABEL_STUDIO, "builtin": {"language": "latin"}}
WITHOUT_READER = {"project": 12, "labelStudio": LABEL_STUDIO}
OTHER_VARIANT = {"name": "ocr", "language": "korean", "modelType": "server"}


@pytest.mark.parametrize(
    ("run", "said"),
    [
        pytest.param(
            WITHOUT_READER,
            "prelabel.invoices needs either backend, a running backend that reads, or builtin",
            id="nobody who reads",
        ),
        pytest.param(BUILTIN | BY_VARIANT, "prelabel.invoices needs either backend", id="two who read"),
        pytest.param(
            RUN | {"backend": {"name": "ocr", "language": "ch"}},
            "prelabel.invoices.backend needs name, language and modelType of a variant, or url",
            id="half a variant",
        ),
        pytest.param(
            RUN | {"backend": {"basicAuthSecretRef": {"name": "password"}}},
            "prelabel.invoices.backend needs name, language and modelType of a variant, or url",
            id="a password and no backend",
        ),
        pytest.param(
            RUN | {"backend": {"url": "http://ocr", "name": "ocr"}},
            "or url in place of all three",
            id="a variant and an url",
        ),
        pytest.param(
            RUN | {"backend": OTHER_VARIANT},
            "prelabel.invoices.backend: backends.ocr has no variant korean/server; it has ch/mobile",
            id="a variant that is not there",
        ),
        pytest.param(
            {"project": 12, **BY_VARIANT},
            "prelabel.invoices needs labelStudio.url, its own or that of the entry of backends",
            id="no Label Studio",
        ),
        pytest.param(
            {"project": 12, **BY_VARIANT, "labelStudio": {"url": "http://labels"}},
            "prelabel.invoices needs labelStudio.apiKeySecretRef",
            id="no token",
        ),
        pytest.param(
            RUN | {"onlyMissing": True, "overwriteVersion": True},
            "prelabel.invoices has onlyMissing and overwriteVersion",
            id="contradicting tasks",
        ),
        pytest.param(
            RUN | {"timeZone": "Europe/Berlin"},
            "prelabel.invoices.timeZone is that of a schedule",
            id="a zone",
        ),
        pytest.param(
            RUN | {"extraEnv": [{"name": "LABEL_STUDIO_URL", "value": "http://x"}]},
            "prelabel.invoices.extraEnv must not set LABEL_STUDIO_URL",
            id="a variable that is set already",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_with_its_name(helm: Helm, run: Json, said: str) -> None:
    done = helm("template", "r", str(CHART), f"--set-json=prelabel.invoices={json.dumps(run)}")
    assert done.returncode != 0
    assert said in done.stderr

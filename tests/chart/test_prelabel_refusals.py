"""Invalid `prelabel` entries of the chart, and their error messages."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from prelabel_entries import BUILTIN, BY_VARIANT, LABEL_STUDIO, RUN, Json

pytestmark = pytest.mark.helm

CHART = Path(__file__).parents[2] / "chart"

Helm = Callable[..., subprocess.CompletedProcess[str]]

WITHOUT_BACKEND = {"project": 12, "labelStudio": LABEL_STUDIO}
OTHER_VARIANT = {"name": "ocr", "variant": "korean-server"}


@pytest.mark.parametrize(
    ("run", "message"),
    [
        pytest.param(
            WITHOUT_BACKEND,
            "prelabel.invoices: set either backend (a running backend) or builtin",
            id="neither backend nor builtin",
        ),
        pytest.param(BUILTIN | BY_VARIANT, "prelabel.invoices: set either backend", id="backend and builtin"),
        pytest.param(
            RUN | {"backend": {"name": "ocr"}},
            "prelabel.invoices.backend: set name and variant, or only url",
            id="an incomplete variant",
        ),
        pytest.param(
            RUN | {"backend": {"basicAuthSecretRef": {"name": "password"}}},
            "prelabel.invoices.backend: set name and variant, or only url",
            id="a password without a backend",
        ),
        pytest.param(
            RUN | {"backend": {"url": "http://ocr", "name": "ocr"}},
            "prelabel.invoices.backend: set name and variant, or only url",
            id="a variant and a URL",
        ),
        pytest.param(
            RUN | {"backend": OTHER_VARIANT},
            "prelabel.invoices.backend: OCRBackend ocr has no variant korean-server; it has ch-mobile",
            id="a missing variant",
        ),
        pytest.param(
            {"project": 12, **BY_VARIANT},
            "prelabel.invoices: labelStudio.url is required; set it here or in the entry of backends",
            id="no Label Studio",
        ),
        pytest.param(
            {"project": 12, **BY_VARIANT, "labelStudio": {"url": "http://labels"}},
            "prelabel.invoices: labelStudio.apiKeySecretRef is required",
            id="no token",
        ),
        pytest.param(
            RUN | {"onlyMissing": True, "overwriteVersion": True},
            "prelabel.invoices: set only one of onlyMissing and overwriteVersion",
            id="a contradiction",
        ),
        pytest.param(
            RUN | {"timeZone": "Europe/Berlin"},
            "prelabel.invoices.timeZone requires schedule",
            id="a time zone without a schedule",
        ),
        pytest.param(
            RUN | {"extraEnv": [{"name": "LABEL_STUDIO_URL", "value": "http://x"}]},
            "prelabel.invoices.extraEnv: remove LABEL_STUDIO_URL",
            id="a variable that another field sets",
        ),
    ],
)
def test_an_invalid_entry_fails_with_its_name(helm: Helm, run: Json, message: str) -> None:
    done = helm("template", "r", str(CHART), f"--set-json=prelabel.invoices={json.dumps(run)}")
    assert done.returncode != 0
    assert message in done.stderr

"""What the backend says when it cannot serve is what the operator recognises."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from fake_reader import FakeReader, line
from ocr_backend.commands import exit_codes
from ocr_backend.errors import GoldenSampleError
from ocr_backend.models import golden_sample, model_folder
from ocr_backend.models.hub import model_download
from ocr_backend.models.hub.model_download import Hub
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr_types import Image, Line, RegionFilter, accept_all
from ocr_backend.telemetry import log_format
from ocr_operator.api.names import MODELS_LABEL
from ocr_operator.api.reasons import Reason
from ocr_operator.observed import causes
from ocr_operator.observed.observation import observed_pod


class _Misreader(FakeReader):
    def read(self, image: Image, wanted: RegionFilter = accept_all) -> list[Line]:
        return [line("8")]


def _misread(folder: Path) -> None:
    golden_sample.check(_Misreader())


def _open_an_empty_folder(folder: Path) -> None:
    model_folder.opened("det", "PP-OCRv5_mobile_det", "onnx", folder)


def _look_into_an_empty_root(folder: Path) -> None:
    model_folder.in_folder(folder, {"detection": "PP-OCRv5_mobile_det"}, ["onnx"])


@pytest.mark.parametrize("form", [log_format.TextLines(), log_format.JsonLines()], ids=["text", "JSON"])
@pytest.mark.parametrize(
    ("fail", "reason"),
    [
        pytest.param(_misread, Reason.GOLDEN_MISMATCH, id="the golden sample is misread"),
        pytest.param(_look_into_an_empty_root, Reason.MODELS_MISSING, id="a model is not there"),
        pytest.param(_open_an_empty_folder, Reason.MODELS_DAMAGED, id="a model's folder is incomplete"),
    ],
)
def test_the_backends_last_words_are_recognised(
    fail: Callable[[Path], None],
    reason: Reason,
    form: logging.Formatter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # a message with a long path would be shortened
    with pytest.raises((GoldenSampleError, ModelError)) as failure:
        fail(Path("models"))
    record = logging.LogRecord(
        "ocr_backend.web.gunicorn_server", logging.CRITICAL, "", 0, "%s", (failure.value,), None
    )
    ended = {"exitCode": causes.EXIT_CODE_MODELS, "reason": "Error", "message": form.format(record)}
    container = {"name": "backend", "state": {"terminated": ended}, "restartCount": 0}
    pod = observed_pod({"metadata": {"name": "ocr-1"}, "status": {"containerStatuses": [container]}})
    found = causes.pod_cause(pod)
    assert found is not None
    assert found.reason is reason
    assert found.message.startswith(f"pod ocr-1 ended, exit code 3: {failure.value}; ")


def test_a_fetch_that_may_ask_nobody_is_recognised(tmp_path: Path) -> None:
    hub = Hub("huggingface", "", ("onnx",), offline=True)
    with pytest.raises(ModelError) as failure:
        model_download.fetched(tmp_path, {"detection": "PP-OCRv5_mobile_det"}, ["onnx"], hub)
    ended = {
        "exitCode": exit_codes.status_of(failure.value),
        "reason": "Error",
        "message": str(failure.value),
    }
    container = {"name": "backend", "state": {"terminated": ended}, "restartCount": 0}
    metadata = {"name": "ocr-1", "labels": {MODELS_LABEL: "abc"}}
    found = causes.pod_cause(
        observed_pod({"metadata": metadata, "status": {"containerStatuses": [container]}})
    )
    assert found is not None
    assert found.reason is Reason.MODELS_MISSING

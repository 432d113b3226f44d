"""The operator recognises the errors with which the backend stops."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from fake_reader import FakeReader, line
from ocr_backend.commands import exit_codes
from ocr_backend.errors import GoldenSampleError
from ocr_backend.models import golden_sample, model_folder
from ocr_backend.models.hub import model_download
from ocr_backend.models.hub.hub_candidates import HubOptions
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr_types import Image, Line, RegionFilter, accept_all
from ocr_backend.telemetry import log_format
from ocr_operator.api.names import MODELS_LABEL
from ocr_operator.api.reasons import Reason
from ocr_operator.observed import pod_causes
from ocr_operator.observed.pods import observed_pod


class _Misreader(FakeReader):
    def read(self, image: Image, region_filter: RegionFilter = accept_all) -> list[Line]:
        return [line("8")]


def _misread(folder: Path) -> None:
    golden_sample.check(_Misreader(), "ch")


def _open_an_empty_folder(folder: Path) -> None:
    model_folder.open_model("det", "PP-OCRv5_mobile_det", "onnx", folder)


def _load_from_an_empty_root(folder: Path) -> None:
    model_folder.load_models(folder, {"detection": "PP-OCRv5_mobile_det"}, ["onnx"])


@pytest.mark.parametrize(
    "formatter", [log_format.TextFormatter(), log_format.JsonFormatter()], ids=["text", "JSON"]
)
@pytest.mark.parametrize(
    ("fail", "reason"),
    [
        pytest.param(_misread, Reason.GOLDEN_MISMATCH, id="the golden sample is misread"),
        pytest.param(_load_from_an_empty_root, Reason.MODELS_MISSING, id="a model is missing"),
        pytest.param(_open_an_empty_folder, Reason.MODELS_DAMAGED, id="a model's folder is incomplete"),
    ],
)
def test_the_backends_termination_message_is_recognised(
    fail: Callable[[Path], None],
    reason: Reason,
    formatter: logging.Formatter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # a message with a long path would be truncated
    with pytest.raises((GoldenSampleError, ModelError)) as failure:
        fail(Path("models"))
    record = logging.LogRecord(
        "ocr_backend.web.gunicorn_server", logging.CRITICAL, "", 0, "%s", (failure.value,), None
    )
    terminated = {
        "exitCode": pod_causes.EXIT_CODE_MODELS,
        "reason": "Error",
        "message": formatter.format(record),
    }
    container = {"name": "backend", "state": {"terminated": terminated}, "restartCount": 0}
    pod = observed_pod({"metadata": {"name": "ocr-1"}, "status": {"containerStatuses": [container]}})
    cause = pod_causes.pod_cause(pod)
    assert cause is not None
    assert cause.reason is reason
    assert cause.message.startswith(f"pod ocr-1 ended, exit code 3: {failure.value}; ")


def test_a_failed_offline_download_is_recognised(tmp_path: Path) -> None:
    hub = HubOptions("huggingface", "", ("onnx",), offline=True)
    with pytest.raises(ModelError) as failure:
        model_download.ensure_models(tmp_path, {"detection": "PP-OCRv5_mobile_det"}, ["onnx"], hub)
    terminated = {
        "exitCode": exit_codes.exit_status(failure.value),
        "reason": "Error",
        "message": str(failure.value),
    }
    container = {"name": "backend", "state": {"terminated": terminated}, "restartCount": 0}
    metadata = {"name": "ocr-1", "labels": {MODELS_LABEL: "abc"}}
    cause = pod_causes.pod_cause(
        observed_pod({"metadata": metadata, "status": {"containerStatuses": [container]}})
    )
    assert cause is not None
    assert cause.reason is Reason.MODELS_MISSING

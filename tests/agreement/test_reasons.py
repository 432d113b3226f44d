"""What the backend says when it cannot serve is what the operator recognises."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from fake_reader import FakeReader, line
from ocr_backend import golden, logs, models
from ocr_backend.errors import GoldenError
from ocr_backend.models import ModelError
from ocr_backend.reading import Image, Line, Wanted, everywhere
from ocr_operator import causes
from ocr_operator.observation import live_pod
from ocr_operator.reasons import Reason


class _Misreader(FakeReader):
    def read(self, image: Image, wanted: Wanted = everywhere) -> list[Line]:
        return [line("8")]


def _misread(folder: Path) -> None:
    golden.check(_Misreader())


def _open_an_empty_folder(folder: Path) -> None:
    models.opened("det", "PP-OCRv5_mobile_det", "onnx", folder)


@pytest.mark.parametrize("form", [logs.TextLines(), logs.JsonLines()], ids=["text", "JSON"])
@pytest.mark.parametrize(
    ("fail", "reason"),
    [
        pytest.param(_misread, Reason.GOLDEN_MISMATCH, id="the test picture is misread"),
        pytest.param(_open_an_empty_folder, Reason.MODELS_DAMAGED, id="a model's folder is incomplete"),
    ],
)
def test_the_backends_last_words_are_recognised(
    fail: Callable[[Path], None], reason: Reason, form: logging.Formatter, tmp_path: Path
) -> None:
    with pytest.raises((GoldenError, ModelError)) as failure:
        fail(tmp_path)
    record = logging.LogRecord("ocr_backend.server", logging.CRITICAL, "", 0, "%s", (failure.value,), None)
    ended = {"exitCode": causes.EXIT_CODE_MODELS, "reason": "Error", "message": form.format(record)}
    container = {"name": "backend", "state": {"terminated": ended}, "restartCount": 0}
    pod = live_pod({"metadata": {"name": "ocr-1"}, "status": {"containerStatuses": [container]}})
    found = causes.pod_cause(pod)
    assert found is not None
    assert found.reason is reason
    assert found.message.startswith(f"pod ocr-1 ended, exit code 3: {failure.value}; ")

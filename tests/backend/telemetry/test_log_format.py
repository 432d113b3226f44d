import json
import logging
import warnings
from collections.abc import Iterator

import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.telemetry import log_format


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    log_format.request_id.set("-")


def log_output(capsys: pytest.CaptureFixture[str], **changed: str) -> str:
    log_format.configure_logging(Settings(**changed))
    log_format.request_id.set("id-1")
    log = logging.getLogger("ocr_backend.thing")
    log.debug("below the level")
    log.info("read %d lines\nof 'ü'", 3)
    try:
        raise KeyError("cause")
    except KeyError:
        log.exception("failed")
    return capsys.readouterr().err


def test_text_is_one_line_per_event_with_request_id_and_traceback(capsys) -> None:
    first, second, *traceback = log_output(capsys).splitlines()
    assert first[10] == "T"
    assert first[23:] == r"Z INFO ocr_backend.thing [id-1] read 3 lines\nof 'ü'"
    assert second.endswith("Z ERROR ocr_backend.thing [id-1] failed")
    assert traceback[0] == "Traceback (most recent call last):"
    assert traceback[-1] == "KeyError: 'cause'"


def test_json_is_one_object_per_event(capsys) -> None:
    first, second = map(json.loads, log_output(capsys, log_format="json").splitlines())
    assert {key: first[key] for key in ("level", "logger", "request", "message")} == {
        "level": "INFO",
        "logger": "ocr_backend.thing",
        "request": "id-1",
        "message": "read 3 lines\nof 'ü'",
    }
    assert first["time"].endswith("Z")
    assert "traceback" not in first
    assert second["traceback"].endswith("KeyError: 'cause'")


def test_messages_below_the_level_are_not_logged(capsys) -> None:
    assert "read 3 lines" not in log_output(capsys, log_level="ERROR")


def test_warnings_of_libraries_are_logged(capsys) -> None:
    log_format.configure_logging(Settings())
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("odd tag", UserWarning, stacklevel=1)
        logging.captureWarnings(False)
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "odd tag" in line]
    assert " WARNING py.warnings [-] " in line


def test_requests_of_libraries_are_not_logged(capsys) -> None:
    log_format.configure_logging(Settings(log_level="DEBUG"))
    logging.getLogger("urllib3.connectionpool").debug("GET /a.png?token=secret")
    assert capsys.readouterr().err == ""

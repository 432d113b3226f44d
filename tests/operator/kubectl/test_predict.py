"""A file that the real backend reads, and the errors when it cannot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend_process import BUILTIN, running_backend
from ocr_operator.kubectl import predict
from ocr_operator.kubectl.predict import PredictError
from server_process import free_port

IMAGE = Path(__file__).parents[3] / "chart" / "files" / "image.png"
CREDENTIALS = ("me", "word")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_backend(
        BUILTIN | {"BASIC_AUTH_USER": CREDENTIALS[0], "BASIC_AUTH_PASS": CREDENTIALS[1]}
    ) as backend_url:
        yield backend_url


@pytest.mark.model
def test_the_texts_of_an_image_are_returned(url: str) -> None:
    assert "".join(predict.texts(url, IMAGE, CREDENTIALS)).replace(" ", "") == "2468013579"


@pytest.mark.model
def test_an_error_status_of_the_backend_is_reported(url: str) -> None:
    with pytest.raises(PredictError, match="the backend responded with status 401"):
        predict.texts(url, IMAGE, None)


@pytest.mark.model
def test_a_file_that_is_not_an_image_is_an_error(url: str, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_text("no image")
    with pytest.raises(PredictError, match="could not read the file"):
        predict.texts(url, file, CREDENTIALS)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PredictError, match="No such file"):
        predict.texts("http://127.0.0.1:1", tmp_path / "a.png", None)


def test_an_unreachable_backend_is_an_error() -> None:
    with pytest.raises(PredictError, match="cannot reach the backend"):
        predict.texts(f"http://127.0.0.1:{free_port()}", IMAGE, None)

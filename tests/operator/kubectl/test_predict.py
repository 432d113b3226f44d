"""A file read by the real backend, and what is said where it is not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend_process import BUILTIN, running_backend
from ocr_operator.kubectl import predict
from ocr_operator.kubectl.predict import PredictError
from server_process import free_port

IMAGE = Path(__file__).parents[3] / "chart" / "files" / "image.png"
LOGIN = ("me", "word")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_backend(BUILTIN | {"BASIC_AUTH_USER": LOGIN[0], "BASIC_AUTH_PASS": LOGIN[1]}) as found:
        yield found


@pytest.mark.model
def test_the_texts_of_an_image_are_answered(url: str) -> None:
    assert "".join(predict.texts(url, IMAGE, LOGIN)).replace(" ", "") == "2468013579"


@pytest.mark.model
def test_a_refusal_is_told_in_the_backends_words(url: str) -> None:
    with pytest.raises(PredictError, match="the backend answered 401"):
        predict.texts(url, IMAGE, None)


@pytest.mark.model
def test_a_file_that_is_no_image_is_told(url: str, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_text("no image")
    with pytest.raises(PredictError, match="could not read the file"):
        predict.texts(url, file, LOGIN)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PredictError, match="No such file"):
        predict.texts("http://127.0.0.1:1", tmp_path / "a.png", None)


def test_a_backend_that_is_not_there_is_told() -> None:
    with pytest.raises(PredictError, match="cannot be reached"):
        predict.texts(f"http://127.0.0.1:{free_port()}", IMAGE, None)

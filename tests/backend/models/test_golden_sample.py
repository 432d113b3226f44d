"""The golden sample, and what is asked of custom models in its place."""

import math
from pathlib import Path

import cv2
import pytest

from fake_reader import FakeReader, line
from ocr_backend.errors import GoldenSampleError
from ocr_backend.models import golden_sample
from ocr_backend.ocr_types import Line

BOX = ((10.0, 10.0), (300.0, 10.0), (300.0, 60.0), (10.0, 60.0))


class Reads(FakeReader):
    """Finds these lines in every image."""

    def __init__(self, *lines: Line) -> None:
        super().__init__()
        self.given = list(lines)

    def read(self, image: object, wanted: object = None) -> list[Line]:
        return self.given


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder with a golden sample of its own, in two lines."""
    cv2.imwrite(str(tmp_path / "golden.png"), golden_sample.default_image())
    (tmp_path / "golden.txt").write_text("Rechnung Nr. 7\nzwölf Euro\n", "utf-8")
    return tmp_path


def test_official_models_must_read_the_digits() -> None:
    assert golden_sample.check(Reads(line("3141 5926"))) == ""
    with pytest.raises(GoldenSampleError, match="'31415926' was read as '3l4l5926'"):
        golden_sample.check(Reads(line("3l4l5926")))


def test_the_image_in_a_custom_models_folder_is_the_one_to_be_read(folder: Path) -> None:
    assert golden_sample.check(Reads(line("Rechnung Nr.7"), line("zwölf Euro")), [folder]) == ""
    with pytest.raises(GoldenSampleError, match="was read as '31415926'"):
        golden_sample.check(Reads(line("31415926")), [folder])


def test_the_recognisers_image_comes_before_the_detectors(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "rec"
    other.mkdir()
    cv2.imwrite(str(other / "golden.png"), golden_sample.default_image())
    (other / "golden.txt").write_text("other")
    assert golden_sample.check(Reads(line("other")), [folder, other]) == ""


def test_without_an_image_of_its_own_what_a_custom_model_reads_is_told(tmp_path: Path) -> None:
    assert golden_sample.check(Reads(line("31415926")), [tmp_path]) == ""
    said = golden_sample.check(Reads(Line(BOX, "слово", 0.9)), [tmp_path])
    assert "was read as 'слово', which may be right" in said
    assert "was read as ''" in golden_sample.check(Reads(), [tmp_path])


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(Line(BOX, "x", math.nan), id="a score that is no number"),
        pytest.param(Line(BOX, "x", 1.1), id="a score above 1"),
        pytest.param(Line(BOX, "x", -0.1), id="a score below 0"),
        pytest.param(Line((*BOX[:3], (10.0, 5000.0)), "x", 0.9), id="a line outside the image"),
    ],
)
def test_lines_that_no_reader_gives_are_an_error_of_custom_models_too(found: Line, tmp_path: Path) -> None:
    with pytest.raises(GoldenSampleError, match="compute nonsense here"):
        golden_sample.check(Reads(found), [tmp_path])


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        pytest.param("golden.png", None, "go together: golden.png: No such file", id="no image"),
        pytest.param("golden.txt", None, "go together: golden.txt: No such file", id="no text"),
        pytest.param("golden.png", b"no image", "golden.png is no image", id="another file"),
        pytest.param("golden.png", b"", "golden.png is empty", id="an empty image"),
        pytest.param("golden.txt", b" \n", "golden.txt has no text", id="white space"),
        pytest.param("golden.txt", b"\xff", "golden.txt is no UTF-8", id="another encoding"),
    ],
)
def test_a_golden_image_that_cannot_be_used_is_an_error(
    folder: Path, file: str, content: bytes | None, said: str
) -> None:
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    with pytest.raises(GoldenSampleError, match=said):
        golden_sample.of_folder(folder)


def test_a_folder_without_one_brings_none(tmp_path: Path) -> None:
    assert golden_sample.of_folder(tmp_path) is None


def test_where_the_check_is_off_what_was_read_is_told(folder: Path) -> None:
    said = "OCR_GOLDEN_CHECK is off: the golden sample '31415926' was read as 'x'"
    assert golden_sample.check(Reads(line("x")), is_strict=False) == said
    assert golden_sample.check(Reads(line("31415926")), is_strict=False) == ""
    assert "was read as 'x'" in golden_sample.check(Reads(line("x")), [folder], is_strict=False)

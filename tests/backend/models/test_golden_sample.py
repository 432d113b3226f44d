"""The golden sample: what the models must read, and what custom models may read instead."""

import math
from pathlib import Path

import cv2
import pytest

from fake_reader import FakeReader, golden_text, line
from ocr_backend.errors import GoldenSampleError
from ocr_backend.models import golden_sample
from ocr_backend.ocr_types import Image, Line, RegionFilter, accept_all

BOX = ((10.0, 10.0), (300.0, 10.0), (300.0, 60.0), (10.0, 60.0))


class FixedReader(FakeReader):
    """Reads the same lines in every image but the samples of scripts, which it reads correctly."""

    def __init__(self, *lines: Line) -> None:
        super().__init__()
        self.lines = list(lines)

    def read(self, image: Image, region_filter: RegionFilter = accept_all) -> list[Line]:
        return self.lines if golden_text(image) in (None, golden_sample.TEXT) else super().read(image)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder with its own golden sample of two lines."""
    cv2.imwrite(str(tmp_path / "golden.png"), golden_sample.default_image())
    (tmp_path / "golden.txt").write_text("Rechnung Nr. 7\nzwölf Euro\n", "utf-8")
    return tmp_path


def test_official_models_must_read_the_digits() -> None:
    assert golden_sample.check(FixedReader(line("3141 5926")), "ch") == ""
    with pytest.raises(GoldenSampleError, match="'31415926' was read as '3l4l5926'"):
        golden_sample.check(FixedReader(line("3l4l5926")), "ch")


def test_a_custom_model_must_read_the_golden_sample_in_its_folder(folder: Path) -> None:
    assert golden_sample.check(FixedReader(line("Rechnung Nr.7"), line("zwölf Euro")), "ch", [folder]) == ""
    with pytest.raises(GoldenSampleError, match="was read as '31415926'"):
        golden_sample.check(FixedReader(line("31415926")), "ch", [folder])


def test_the_golden_sample_of_the_recogniser_is_preferred(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "rec"
    other.mkdir()
    cv2.imwrite(str(other / "golden.png"), golden_sample.default_image())
    (other / "golden.txt").write_text("other")
    assert golden_sample.check(FixedReader(line("other")), "ch", [folder, other]) == ""


def test_without_its_own_golden_sample_a_custom_model_only_gets_a_warning(tmp_path: Path) -> None:
    assert golden_sample.check(FixedReader(line("31415926")), "ch", [tmp_path]) == ""
    warning = golden_sample.check(FixedReader(Line(BOX, "слово", 0.9)), "ch", [tmp_path])
    assert "was read as 'слово', which may be right" in warning
    assert "was read as ''" in golden_sample.check(FixedReader(), "ch", [tmp_path])


@pytest.mark.parametrize(
    "impossible",
    [
        pytest.param(Line(BOX, "x", math.nan), id="score is not a number"),
        pytest.param(Line(BOX, "x", 1.1), id="score above 1"),
        pytest.param(Line(BOX, "x", -0.1), id="score below 0"),
        pytest.param(Line((*BOX[:3], (10.0, 5000.0)), "x", 0.9), id="line outside the image"),
    ],
)
def test_impossible_lines_are_an_error_for_custom_models_too(impossible: Line, tmp_path: Path) -> None:
    with pytest.raises(GoldenSampleError, match="compute nonsense"):
        golden_sample.check(FixedReader(impossible), "ch", [tmp_path])


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        pytest.param("golden.png", None, "must both be readable: golden.png: No such file", id="no image"),
        pytest.param("golden.txt", None, "must both be readable: golden.txt: No such file", id="no text"),
        pytest.param("golden.png", b"no image", "golden.png is not an image", id="another file"),
        pytest.param("golden.png", b"", "golden.png is empty", id="an empty image"),
        pytest.param("golden.txt", b" \n", "golden.txt has no text", id="white space"),
        pytest.param("golden.txt", b"\xff", "golden.txt is not UTF-8", id="another encoding"),
    ],
)
def test_an_unusable_golden_sample_is_an_error(
    folder: Path, file: str, content: bytes | None, message: str
) -> None:
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    with pytest.raises(GoldenSampleError, match=message):
        golden_sample.load(folder)


def test_a_folder_without_golden_sample_has_none(tmp_path: Path) -> None:
    assert golden_sample.load(tmp_path) is None


def test_with_the_check_off_a_wrong_result_is_only_a_warning(folder: Path) -> None:
    warning = "OCR_GOLDEN_CHECK is off: the golden sample '31415926' was read as 'x'"
    assert golden_sample.check(FixedReader(line("x")), "ch", is_strict=False) == warning
    assert golden_sample.check(FixedReader(line("31415926")), "ch", is_strict=False) == ""
    assert "was read as 'x'" in golden_sample.check(FixedReader(line("x")), "ch", [folder], is_strict=False)

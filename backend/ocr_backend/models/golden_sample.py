"""The golden sample: images with known text that the models must read before their worker is ready.

The first one is drawn, so it needs no file, and holds only digits, which every official recogniser knows. A
wrong result means that the weights do not fit, or that the engine computes wrongly on this machine. The
second one is a line in the script of the language: weights of another script read the digits too, but not
this. A custom model may know neither: its folder may hold its own golden sample; without one, the result is
only reported.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from ocr_backend.errors import GoldenSampleError
from ocr_backend.models import scripts
from ocr_backend.ocr_types import Image, Line, Reader

TEXT = "31415926"
IMAGE_FILE, TEXT_FILE = "golden.png", "golden.txt"
_SCORE_ROUNDING = 1e-3  # bfloat16 adds up probabilities to slightly more than 1


@dataclass(frozen=True)
class GoldenSample:
    """An image and the text in it; white space is ignored."""

    image: Image
    text: str


def default_image() -> Image:
    """Dark digits on a light background, `(96, 400, 3)` uint8."""
    canvas = np.full((96, 400, 3), 245, np.uint8)
    image = cv2.putText(canvas, TEXT, (40, 66), cv2.FONT_HERSHEY_DUPLEX, 1.6, (20, 20, 20), 2, cv2.LINE_AA)
    return cast(Image, image)


def load(folder: Path) -> GoldenSample | None:
    """The golden sample of a model folder; None if it has none.

    Raises:
        GoldenSampleError: a file is missing or cannot be read.
    """
    image_file, text_file = folder / IMAGE_FILE, folder / TEXT_FILE
    if not image_file.exists() and not text_file.exists():
        return None
    try:
        image = cv2.imdecode(np.frombuffer(image_file.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        text = text_file.read_text("utf-8")
    except OSError as error:
        name = Path(error.filename).name
        raise GoldenSampleError(
            f"{IMAGE_FILE} and {TEXT_FILE} must both be readable: {name}: {error.strerror}"
        ) from error
    except (UnicodeDecodeError, cv2.error) as error:
        raise GoldenSampleError(f"{TEXT_FILE} is not UTF-8, or {IMAGE_FILE} is empty") from error
    if image is None:
        raise GoldenSampleError(f"{IMAGE_FILE} is not an image")
    if not _without_spaces(text):
        raise GoldenSampleError(f"{TEXT_FILE} has no text")
    return GoldenSample(cast(Image, image), text)


def check(
    reader: Reader, language: str, custom_folders: Sequence[Path] = (), *, is_strict: bool = True
) -> str:
    """Reads the golden sample, which also warms the engine up, and compares the result.

    `language` is a language code. `custom_folders` are the folders of custom models, the recogniser's last;
    the last one with a golden sample supplies it. Returns a warning if a wrong result is tolerated, else "".

    Raises:
        GoldenSampleError: the result is wrong and `is_strict`, or no reader could give such lines.
    """
    warning = _check_text(reader, custom_folders, is_strict)
    return warning if warning or custom_folders else _check_script(reader, language, is_strict)


def _check_script(reader: Reader, language: str, is_strict: bool) -> str:
    actual = _without_spaces("".join(line.text for line in reader.read(scripts.image(language))))
    if scripts.share_read(language, actual) >= scripts.MIN_SHARE:
        return ""
    expected = _without_spaces(scripts.SAMPLES[language])
    problem = f"the golden sample {expected!r} of the language {language} was read as {actual!r}"
    if not is_strict:
        return f"OCR_GOLDEN_CHECK is off: {problem}"
    raise GoldenSampleError(
        f"{problem}: the weights are for another script, or the engine {reader.engine} computes wrongly on "
        "this machine; check the models, or set PADDLEOCR_LANG or OCR_ENGINE"
    )


def _check_text(reader: Reader, custom_folders: Sequence[Path], is_strict: bool) -> str:
    custom_samples = [sample for folder in custom_folders if (sample := load(folder)) is not None]
    sample = custom_samples[-1] if custom_samples else GoldenSample(default_image(), TEXT)
    expected = _without_spaces(sample.text)
    lines = reader.read(sample.image)
    actual = _without_spaces("".join(line.text for line in lines))
    if actual == expected:
        return ""
    if not is_strict:
        return f"OCR_GOLDEN_CHECK is off: the golden sample {expected!r} was read as {actual!r}"
    if not custom_folders or custom_samples:
        raise GoldenSampleError(
            f"the golden sample {expected!r} was read as {actual!r}: the weights do not fit, or the engine "
            f"{reader.engine} computes wrongly on this machine; check the models or set OCR_ENGINE"
        )
    _refuse_impossible(lines, sample.image, reader.engine)
    return (
        f"the custom models could not be checked: the image {TEXT!r} was read as {actual!r}, which may be "
        f"right for them; to check them at each start, put a {IMAGE_FILE} and its text as {TEXT_FILE} into "
        "the model folder"
    )


def _refuse_impossible(lines: Sequence[Line], image: Image, engine: str) -> None:
    height, width = image.shape[:2]
    for line in lines:
        is_inside = all(0 <= x <= width and 0 <= y <= height for x, y in line.polygon)
        is_score = math.isfinite(line.score) and 0 <= line.score <= 1 + _SCORE_ROUNDING
        if not is_inside or not is_score:
            raise GoldenSampleError(
                f"the engine {engine} read the impossible line {line} in the golden sample: the models, or "
                "the engine on this machine, compute nonsense"
            )


def _without_spaces(text: str) -> str:
    return "".join(text.split())

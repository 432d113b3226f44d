"""The golden sample: a text that the models must read before their worker says that it is ready.

It is drawn, so it needs no file, and holds digits only, which every official recogniser knows. A wrong answer
means weights that do not fit, or an engine that does not compute on this machine. A custom model may know no
digits: its folder may hold an image of its own, and without one what is read is told and not judged.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from ocr_backend.errors import GoldenSampleError
from ocr_backend.ocr_types import Image, Line, Reader

TEXT = "31415926"
IMAGE_FILE, TEXT_FILE = "golden.png", "golden.txt"
_SCORE_ROUNDING = 1e-3  # bfloat16 adds up probabilities to a little more than 1


@dataclass(frozen=True)
class GoldenSample:
    """An image and the text in it; white space does not count."""

    image: Image
    text: str


def default_image() -> Image:
    """Dark digits on a light ground, `(96, 400, 3)` uint8."""
    canvas = np.full((96, 400, 3), 245, np.uint8)
    drawn = cv2.putText(canvas, TEXT, (40, 66), cv2.FONT_HERSHEY_DUPLEX, 1.6, (20, 20, 20), 2, cv2.LINE_AA)
    return cast(Image, drawn)


def of_folder(folder: Path) -> GoldenSample | None:
    """The image and text that a model folder brings; None where it brings neither.

    Raises:
        GoldenError: one is missing or cannot be read; the message says so of the folder.
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
            f"{IMAGE_FILE} and {TEXT_FILE} go together: {name}: {error.strerror}"
        ) from error
    except (UnicodeDecodeError, cv2.error) as error:
        raise GoldenSampleError(f"{TEXT_FILE} is no UTF-8, or {IMAGE_FILE} is empty") from error
    if image is None or not _bare(text):
        raise GoldenSampleError(f"{IMAGE_FILE} is no image" if image is None else f"{TEXT_FILE} has no text")
    return GoldenSample(cast(Image, image), text)


def check(reader: Reader, custom: Sequence[Path] = (), *, is_strict: bool = True) -> str:
    """Reads an image, which warms the engine up as well, and judges what was read where that can be.

    `custom` are the folders of custom models, the recogniser's last: the last one with an image of its own
    tells what must be read. Answers a sentence if something else was read and let pass, else "".

    Raises:
        GoldenError: something else was read, and `is_strict`; or lines that no reader gives.
    """
    brought = [found for folder in custom if (found := of_folder(folder)) is not None]
    wanted = brought[-1] if brought else GoldenSample(default_image(), TEXT)
    lines = reader.read(wanted.image)
    read = _bare("".join(line.text for line in lines))
    if read == _bare(wanted.text):
        return ""
    if not is_strict:
        return f"OCR_GOLDEN_CHECK is off: the golden sample {_bare(wanted.text)!r} was read as {read!r}"
    if not custom or brought:
        raise GoldenSampleError(
            f"the golden sample {_bare(wanted.text)!r} was read as {read!r}: these weights do not read, or "
            f"the engine {reader.engine} computes wrongly on this machine; check the models or set OCR_ENGINE"
        )
    _refuse_malformed(lines, wanted.image, reader.engine)
    return (
        f"whether the custom models read well is not known: the image {TEXT!r} was read as {read!r}, which "
        f"may be right for them; put a {IMAGE_FILE} and its text as {TEXT_FILE} into the model folder, and "
        "each start makes sure that it is read"
    )


def _refuse_malformed(lines: Sequence[Line], image: Image, engine: str) -> None:
    height, width = image.shape[:2]
    for line in lines:
        is_inside = all(0 <= x <= width and 0 <= y <= height for x, y in line.polygon)
        is_score = math.isfinite(line.score) and 0 <= line.score <= 1 + _SCORE_ROUNDING
        if not is_inside or not is_score:
            raise GoldenSampleError(
                f"the engine {engine} gave {line} for the golden sample: these models compute nonsense here"
            )


def _bare(text: str) -> str:
    return "".join(text.split())

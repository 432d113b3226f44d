"""The golden picture: a drawn text that every model must read before its worker says that it is ready.

It is drawn, so it needs no file, and holds digits only, which every language's recogniser knows. A wrong
answer means weights that do not fit, or an engine that does not compute on this machine.
"""

from typing import cast

import cv2
import numpy as np

from ocr_backend.errors import GoldenError
from ocr_backend.reading import Image, Reader

TEXT = "31415926"


def picture() -> Image:
    """Dark digits on a light ground, `(96, 400, 3)` uint8."""
    canvas = np.full((96, 400, 3), 245, np.uint8)
    drawn = cv2.putText(canvas, TEXT, (40, 66), cv2.FONT_HERSHEY_DUPLEX, 1.6, (20, 20, 20), 2, cv2.LINE_AA)
    return cast(Image, drawn)


def check(reader: Reader, *, is_strict: bool = True) -> str:
    """What was read of the picture, without spaces; reading it warms the engine up as well.

    Raises:
        GoldenError: something else was read, and `is_strict`.
    """
    read = "".join(line.text for line in reader.read(picture())).replace(" ", "")
    if read != TEXT and is_strict:
        raise GoldenError(
            f"the golden picture {TEXT!r} was read as {read!r}: these weights do not read, or the engine "
            f"{reader.engine} computes wrongly on this machine; check the models or set OCR_ENGINE"
        )
    return read

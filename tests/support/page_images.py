"""Different images of printed pages, which are created much faster than they are read."""

import base64
import io
from functools import cache
from itertools import count

from PIL import Image, ImageDraw, ImageFont

_NUMBERS = count()
_SIZE = (900, 840)
_COARSE = 7


def page(coarse: bool = False) -> bytes:
    """A PNG of 32 lines; a coarse one has a seventh of the resolution, and its scores are a third lower."""
    # Creating an image must take much less time than reading it. Otherwise inference slots would be idle.
    image, content = _lines(coarse).copy(), io.BytesIO()
    ImageDraw.Draw(image).text((16, 790), f"page {next(_NUMBERS)}", fill="black", font_size=30)
    image.save(content, "PNG", compress_level=1)
    return content.getvalue()


def data_uri(content: bytes) -> str:
    """The image as a data URI for a task."""
    return "data:image/png;base64," + base64.b64encode(content).decode()


@cache
def _lines(coarse: bool) -> Image.Image:
    image, font = Image.new("L", _SIZE, "white"), ImageFont.load_default(size=30)
    pen = ImageDraw.Draw(image)
    for row in range(16):
        for column in range(2):
            pen.text((16 + column * 440, 10 + 48 * row), f"line {row} {column} of a page", "black", font)
    if not coarse:
        return image
    width, height = _SIZE
    small = image.resize((width // _COARSE, height // _COARSE), Image.Resampling.BILINEAR)
    return small.resize(_SIZE, Image.Resampling.NEAREST)

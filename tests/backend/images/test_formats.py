"""The text of an image is the same in every file format."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_backend.images.decoding import decode_image

pytestmark = pytest.mark.model

ORIENTATION = 0x0112  # EXIF 2.32
ROTATIONS = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
"""EXIF orientation -> how a camera in that position stores the upright image."""


@pytest.fixture(scope="module")
def page() -> tuple[Image.Image, list[str]]:
    """A page and the text of its lines."""
    lines = ["Invoice 4711", "Total 1250 EUR"]
    image = Image.new("RGB", (480, 200), "white")
    for number, line in enumerate(lines):
        position = (30, 30 + 80 * number)
        ImageDraw.Draw(image).text(position, line, fill="black", font=ImageFont.load_default(size=40))
    return image, lines


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def to_12_bits(image: Image.Image) -> Image.Image:
    """Grey as scanners store it: 12 bits in 16."""
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) << 4)


def letters_on_transparent(image: Image.Image) -> Image.Image:
    """The dark letters on a transparent background."""
    letters = Image.new("RGBA", image.size, (0, 0, 0, 0))
    letters.paste("black", mask=image.convert("L").point(lambda grey: 255 if grey < 128 else 0))
    return letters


def rotated(image: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return saved(image.transpose(ROTATIONS[orientation]), "JPEG", exif=exif)


def blank(image: Image.Image) -> Image.Image:
    return Image.new("RGB", image.size, "white")


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(lambda image: saved(image, "JPEG"), id="JPEG"),
        pytest.param(lambda image: saved(image, "JPEG", progressive=True), id="progressive JPEG"),
        pytest.param(lambda image: saved(image.convert("L"), "JPEG"), id="grey JPEG"),
        pytest.param(lambda image: saved(image.convert("CMYK"), "JPEG"), id="CMYK JPEG"),
        pytest.param(lambda image: saved(image, "WEBP"), id="WebP"),
        pytest.param(lambda image: saved(image, "WEBP", lossless=True), id="lossless WebP"),
        pytest.param(lambda image: saved(image, "AVIF"), id="AVIF"),
        pytest.param(lambda image: saved(image, "JPEG2000"), id="JPEG 2000"),
        pytest.param(lambda image: saved(image, "BMP"), id="BMP"),
        pytest.param(lambda image: saved(image, "PPM"), id="PPM"),
        pytest.param(lambda image: saved(image, "GIF"), id="GIF"),
        pytest.param(
            lambda image: saved(image, "GIF", save_all=True, append_images=[blank(image)]), id="animated GIF"
        ),
        pytest.param(lambda image: saved(image, "TIFF"), id="TIFF"),
        pytest.param(lambda image: saved(image, "TIFF", compression="tiff_lzw"), id="TIFF, LZW"),
        pytest.param(lambda image: saved(image.convert("1"), "TIFF", compression="group4"), id="fax TIFF"),
        pytest.param(lambda image: saved(image.convert("CMYK"), "TIFF"), id="CMYK TIFF"),
        pytest.param(lambda image: saved(to_12_bits(image), "TIFF"), id="16-bit TIFF"),
        pytest.param(
            lambda image: saved(image, "TIFF", save_all=True, append_images=[blank(image)]),
            id="TIFF of two pages",
        ),
        pytest.param(lambda image: saved(to_12_bits(image), "PNG"), id="16-bit PNG"),
        pytest.param(lambda image: saved(image.convert("1"), "PNG"), id="1-bit PNG"),
        pytest.param(lambda image: saved(image.quantize(16), "PNG"), id="PNG with a palette"),
        pytest.param(lambda image: saved(letters_on_transparent(image), "PNG"), id="PNG with alpha"),
        pytest.param(
            lambda image: saved(letters_on_transparent(image).convert("LA"), "PNG"), id="grey PNG with alpha"
        ),
        pytest.param(lambda image: saved(letters_on_transparent(image), "WEBP"), id="WebP with alpha"),
        pytest.param(lambda image: rotated(image, 3), id="EXIF, upside down"),
        pytest.param(lambda image: rotated(image, 6), id="EXIF, rotated right"),
        pytest.param(lambda image: rotated(image, 8), id="EXIF, rotated left"),
    ],
)
def test_the_text_is_the_same_in_every_format(builtin_reader, page, file) -> None:
    image, lines = page
    pixels = decode_image(file(image), 10**8)
    assert pixels.shape == (image.height, image.width, 3)
    assert [line.text for line in builtin_reader.read(pixels)] == lines

"""Files that browsers show although a strict decoder refuses them, and files of several pages."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, TiffImagePlugin

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.images.decoding import decode_image
from ocr_backend.images.documents import open_document

IMAGES = Path(__file__).parents[2] / "data" / "images"
MANY = 10**8


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def photo() -> Image.Image:
    image = Image.effect_noise((200, 150), 60).convert("RGB")
    ImageDraw.Draw(image).rectangle((20, 20, 90, 60), fill="red")
    return image


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 95}], ids=str)
def test_a_jpeg_that_lacks_only_its_end_marker_is_read(options: dict[str, object]) -> None:
    complete = saved(photo(), "JPEG", **options)
    assert complete.endswith(b"\xff\xd9")
    assert (decode_image(complete[:-2], MANY) == decode_image(complete, MANY)).all()


@pytest.mark.parametrize("missing_bytes", [12, 100, 1000, 5000])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_lacks_pixels_is_broken(missing_bytes: int, progressive: bool) -> None:
    content = saved(photo(), "JPEG", progressive=progressive)[:-missing_bytes]
    with pytest.raises(ImageError, match="damaged or incomplete") as caught:
        decode_image(content, MANY)
    assert caught.value.outcome == "broken"


def test_a_jpeg_whose_comment_names_a_pdf_is_a_jpeg() -> None:
    content = saved(photo(), "JPEG", comment=b"made from %PDF-1.4 by a scanner")
    with open_document(content, Settings()) as document:
        assert document.page(0).shape == (150, 200, 3)


def test_a_jpeg_of_several_views_is_its_first_image() -> None:
    content = saved(photo(), "MPO", save_all=True, append_images=[Image.new("RGB", (50, 40))])
    with open_document(content, Settings()) as document:
        assert document.page_count == 1
        assert document.page(0).shape == (150, 200, 3)
        assert document.page_bytes(0) > 0


def grey_pages(*levels: int) -> bytes:
    first, *others = (Image.new("L", (60 + level, 40), level) for level in levels)
    return saved(first, "TIFF", save_all=True, append_images=others)


def test_the_pages_of_a_tiff_are_pages() -> None:
    with open_document(grey_pages(0, 100, 255), Settings()) as document:
        pages = [document.page(index) for index in range(document.page_count)]
    assert [(page.shape[1], int(page[0, 0, 0])) for page in pages] == [(60, 0), (160, 100), (315, 255)]


def test_a_tiff_of_too_many_pages_is_refused() -> None:
    with (
        pytest.raises(ImageError, match=r"more than 2 pages \(OCR_MAX_PAGES\)") as caught,
        open_document(grey_pages(0, 1, 2), Settings(max_pages=2)),
    ):
        pass
    assert caught.value.outcome == "refused"


def test_a_small_copy_in_a_tiff_is_no_page() -> None:
    copy = Image.new("L", (6, 4))
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[254] = 1
    copy.encoderinfo = {"tiffinfo": info}  # type: ignore[attr-defined]
    content = saved(Image.new("L", (60, 40)), "TIFF", save_all=True, append_images=[copy])
    with open_document(content, Settings()) as document:
        assert document.page_count == 1


def bmp_with_alpha(alpha: int) -> bytes:
    """A red and a black pixel of four bytes, and a header that declares the fourth as alpha."""
    pixels = bytes([0, 0, 255, alpha, 0, 0, 0, alpha])
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, 2, 1, 1, 32, 3, len(pixels), 2835, 2835, 0, 0)
    header += masks + b"BGRs" + bytes(48)
    offset = 14 + len(header)
    return b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset) + header + pixels


def test_a_bmp_with_empty_alpha_is_opaque() -> None:
    assert decode_image(bmp_with_alpha(0), MANY).tolist() == [[[0, 0, 255], [0, 0, 0]]]
    assert decode_image(bmp_with_alpha(255), MANY).tolist() == [[[0, 0, 255], [0, 0, 0]]]


@pytest.mark.parametrize("format", ["ICO", "ICNS", "TGA", "PCX"])
def test_formats_that_are_not_read_are_named(format: str) -> None:
    with pytest.raises(ImageError, match="neither a PDF nor an image of these formats: JPEG, PNG") as caught:
        decode_image(saved(Image.new("RGB", (64, 64)), format), MANY)
    assert caught.value.outcome == "broken"


@pytest.mark.parametrize("format", ["WEBP", "GIF", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_is_the_page(format: str) -> None:
    first, second = Image.new("RGB", (64, 32), "white"), Image.new("RGB", (64, 32), "black")
    content = saved(first, format, save_all=True, append_images=[second], duration=100)
    with open_document(content, Settings()) as document:
        assert document.page_count == 1
        assert document.page(0).min() > 250


def test_strips_make_no_seams() -> None:
    """An image of several strips has the same pixels as one that is decoded at once."""
    gradient = np.add.outer(np.arange(1500), np.arange(1100)).astype(np.uint16) * 20
    levels = np.rint((gradient - gradient.min()) * (255 / float(np.ptp(gradient)))).astype(np.uint8)
    pixels = decode_image(saved(Image.fromarray(gradient), "PNG"), MANY)
    assert np.abs(pixels[:, :, 0].astype(int) - levels).max() <= 1
    noise = np.random.default_rng(1).integers(0, 255, (1500, 1100, 3), np.uint8)
    assert (
        decode_image(saved(Image.fromarray(noise), "PNG", compress_level=1), MANY) == noise[:, :, ::-1]
    ).all()

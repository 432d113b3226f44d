import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from generated_cases import cases
from ocr_backend.errors import ImageError
from ocr_backend.images.decoding import FORMATS, decode_image

IMAGES = Path(__file__).parents[2] / "data" / "images"
MANY = 10**8


def saved(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def halves(mode: str = "RGB", left: object = "white", right: object = "black") -> Image.Image:
    """8 x 4 px, one half of each colour."""
    image = Image.new(mode, (8, 4), left)
    image.paste(right, (4, 0, 8, 4))
    return image


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_decoded(kind: str) -> None:
    image = Image.new("RGB", (64, 32), (255, 0, 0))
    pixels = decode_image(saved(image, kind), MANY)
    assert pixels.shape == (32, 64, 3)
    assert pixels.dtype == np.uint8
    assert pixels.flags["C_CONTIGUOUS"]
    assert np.abs(pixels.astype(int) - (0, 0, 255)).max() <= 3, "blue, green, red"


@pytest.mark.parametrize(
    ("mode", "left", "right"),
    [
        ("1", 1, 0),
        ("L", 255, 0),
        ("LA", (255, 255), (0, 255)),
        ("P", 1, 0),
        ("RGBA", (255, 255, 255, 255), (0, 0, 0, 255)),
        ("CMYK", (0, 0, 0, 0), (0, 0, 0, 255)),
        ("I;16", 65535, 0),
        ("I;16", 4095, 0),
        ("I", 100_000, -5),
        ("F", 0.75, 0.25),
    ],
)
def test_every_pixel_mode_is_decoded_to_black_and_white(mode: str, left: object, right: object) -> None:
    image = halves(mode, left, right)
    if mode == "P":
        image.putpalette([0, 0, 0, 255, 255, 255])
    pixels = decode_image(saved(image, "TIFF" if mode in ("CMYK", "I", "F") else "PNG"), MANY)
    assert pixels.shape == (4, 8, 3)
    assert (pixels[:, :4] == 255).all()
    assert (pixels[:, 4:] == 0).all()


def test_a_16_bit_page_of_one_grey_is_white() -> None:
    assert (decode_image(saved(Image.new("I;16", (8, 4), 300)), MANY) == 255).all()


def test_16_bit_colours_are_scaled_to_8_bits() -> None:
    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    row = b"\x00" + struct.pack(">6H", 65535, 0, 32768, 0, 65535, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(row)), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
    assert decode_image(png, MANY).tolist() == [[[128, 0, 255], [0, 255, 0]]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied(orientation: int) -> None:
    upright = Image.new("RGB", (32, 16), "white")
    ImageDraw.Draw(upright).rectangle((0, 0, 7, 7), fill="black")  # marks the top left
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the PIL.Image.Transpose that EXIF's rotation undoes
    rotated = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = decode_image(saved(rotated, "PNG", exif=exif), MANY)
    assert pixels.shape == (16, 32, 3)
    assert (pixels[:8, :8] == 0).all()
    assert (pixels[8:, 8:] == 255).all()


def letters(colour: str, has_background: bool = False) -> bytes:
    image = Image.new("RGBA", (100, 50), "gray" if has_background else (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((20, 20, 40, 30), fill=colour)
    return saved(image)


@pytest.mark.parametrize(
    ("colour", "background"), [("white", 0), ("black", 255), ("yellow", 0), ("darkblue", 255)]
)
def test_transparent_parts_contrast_with_the_letters(colour: str, background: int) -> None:
    pixels = decode_image(letters(colour), MANY)
    assert (pixels[0, 0] == background).all()
    assert abs(int(pixels[25, 30].mean()) - background) > 100


def test_half_transparent_letters_contrast_too() -> None:
    image = Image.new("RGBA", (100, 50), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((20, 20, 40, 30), fill=(255, 255, 255, 200))
    pixels = decode_image(saved(image), MANY)
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert pixels[25, 30].tolist() == [200, 200, 200]


def test_a_page_with_a_transparent_edge_gets_a_white_edge() -> None:
    image = Image.new("RGBA", (100, 50), (250, 250, 250, 255))
    ImageDraw.Draw(image).rectangle((0, 0, 99, 1), fill=(0, 0, 0, 0))
    assert (decode_image(saved(image), MANY)[0] == 255).all()


def test_a_fully_transparent_image_is_white() -> None:
    assert (decode_image(saved(Image.new("RGBA", (8, 4), (0, 0, 0, 0))), MANY) == 255).all()


def test_a_transparent_palette_colour_counts_as_transparent() -> None:
    image = Image.new("P", (8, 4), 0)
    image.putpalette([0, 0, 0, 255, 255, 255])
    image.paste(1, (2, 1, 4, 3))
    pixels = decode_image(saved(image, "GIF", transparency=1), MANY)
    assert (pixels[0, 0] == 0).all()
    assert (pixels[1, 2] == 255).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_the_first_of_several_frames_is_decoded(kind: str) -> None:
    first, second = Image.new("RGB", (8, 4), "white"), Image.new("RGB", (8, 4), "black")
    options = {"lossless": True} if kind == "WEBP" else {}
    assert (
        decode_image(saved(first, kind, save_all=True, append_images=[second], **options), MANY) == 255
    ).all()


def test_the_white_letters_of_a_real_transparent_image_get_a_black_background() -> None:
    pixels = decode_image((IMAGES / "white_font_color_transparent.png").read_bytes(), MANY)
    assert pixels.shape == (503, 1890, 3)
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert pixels.max() == 255


def huge(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes whose header says that it is large."""
    small = saved(Image.new("1", (8, 8)))
    header = struct.pack(">II", width, height) + small[24:29]
    return small[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + small[33:]


@pytest.mark.parametrize("size", [(20_000, 20_000), (10_001, 8_000), (2**31 - 1, 1), (80_000_001, 1)])
def test_an_image_whose_header_has_too_many_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match=r"pixels; 80000000 are allowed \(OCR_MAX_IMAGE_PIXELS\)") as caught:
        decode_image(huge(*size), 80_000_000)
    assert caught.value.outcome == "refused"


def test_an_image_of_exactly_max_pixels_is_decoded() -> None:
    assert decode_image(saved(Image.new("L", (20, 10))), 200).shape == (10, 20, 3)
    with pytest.raises(ImageError, match="20 x 10 pixels"):
        decode_image(saved(Image.new("L", (20, 10))), 199)


COMPLETE_JPEG = (IMAGES / "ls_image.jpeg").read_bytes()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"not an image", "nor an image of these formats: JPEG, PNG", id="text"),
        pytest.param(b"<html><body>log in</body></html>", "nor an image of these", id="HTML"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "nor an image of these", id="SVG"),
        pytest.param(b"%PDF-1.7\n", "nor an image of these", id="PDF"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "nor an image of these", id="EPS"),
        pytest.param(b"\x89PNG\r\n\x1a\n", "damaged|nor an image", id="only a signature"),
        pytest.param(COMPLETE_JPEG[: len(COMPLETE_JPEG) // 2], "damaged or incomplete", id="half a JPEG"),
        pytest.param(letters("white")[:-30], "damaged or incomplete", id="cut PNG"),
        pytest.param(huge(500, 500), "damaged or incomplete", id="a header that lies"),
    ],
)
def test_a_file_that_is_not_a_complete_image_is_broken(content: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason) as caught:
        decode_image(content, MANY)
    assert caught.value.outcome == "broken"


SMALL = [saved(halves(), kind) for kind in ("PNG", "GIF", "BMP", "TIFF", "WEBP", "JPEG2000", "PPM")] + [
    saved(
        Image.new("RGB", (16, 16), "red"), "JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12"
    )
]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow warns of unusual tags
@settings(max_examples=cases(400), deadline=None)
@given(
    st.sampled_from(SMALL),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8),
    st.data(),
)
def test_a_damaged_file_is_decoded_or_raises_an_image_error(
    file: bytes, changes: list[tuple[int, int]], data: st.DataObject
) -> None:
    damaged = bytearray(file)
    for position, byte in changes:
        damaged[position % len(damaged)] = byte
    end = data.draw(st.integers(0, len(damaged)))
    try:
        pixels = decode_image(bytes(damaged[:end]), 10_000)
    except ImageError:
        return
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3


@pytest.mark.parametrize(
    ("low", "high"), [(-3e38, 3e38), (0, 1e-44)], ids=["far apart", "next to each other"]
)
def test_extreme_float_greys_are_stretched_without_overflow(low: float, high: float) -> None:
    pixels = decode_image(saved(halves("F", high, low), "TIFF"), MANY)
    assert pixels[0, 0].tolist() == [255, 255, 255]

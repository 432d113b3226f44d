"""Files that are nearly images: of every format that is read, damaged, cut off, and with sizes that lie.

Knows nothing of how they are decoded. Sizes in px are small, so that thousands can be tried.
"""

import io
import random
import struct
import zlib
from functools import cache

from hypothesis import strategies as st
from PIL import Image, ImageDraw

_ANIMATED = {"GIF", "WEBP", "PNG", "TIFF", "AVIF"}
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM")
_MODES = {
    "PNG": ("L", "P", "I;16", "RGBA", "1"),
    "TIFF": ("CMYK", "F", "I;16", "LAB", "1"),
    "JPEG": ("CMYK", "L"),
}
_SIZES = (0, 1, 2, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x10000)


def drawn(mode: str = "RGB", size: tuple[int, int] = (64, 32)) -> Image.Image:
    """An image with a few letters on it."""
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((4, 8), "text", fill="black")
    return image.convert(mode)


def saved(image: Image.Image, kind: str, **how: object) -> bytes:
    """The image's file."""
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


@cache
def sound() -> tuple[bytes, ...]:
    """A sound file of each format and kind of pixels, still, animated, and turned by its EXIF."""
    exif = Image.Exif()
    exif[0x0112] = 6
    files = [saved(drawn(), kind) for kind in _FORMATS]
    files += [saved(drawn(mode), kind) for kind, modes in _MODES.items() for mode in modes]
    files += [
        saved(drawn(), kind, save_all=True, append_images=[drawn("L").convert("RGB")] * 3)
        for kind in sorted(_ANIMATED)
    ]
    files += [saved(drawn(), "PDF"), saved(drawn(), "PDF", save_all=True, append_images=[drawn()] * 2)]
    files += [saved(drawn(), kind, exif=exif) for kind in ("JPEG", "PNG", "WEBP", "TIFF")]
    return tuple(files)


def png(width: int, height: int, rows: bytes, depth: int = 8, colour: int = 0) -> bytes:
    """A PNG whose header says this size, whatever its rows are."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


@cache
def bombs() -> tuple[bytes, ...]:
    """Small files that say to be large, or become so: each takes much memory where it is believed."""
    long_text = zlib.compress(b"a" * 50_000_000, 9)
    text = b"zTXt" + b"key\x00\x00" + long_text
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    small = png(8, 8, b"\x00" * 72)
    return (
        png(60_000, 60_000, b""),
        png(2**31 - 1, 2**31 - 1, b"\x00" * 100),
        png(0, 0, b""),
        png(0, 10, b""),
        png(8, 8, b"\x00" * 50_000_000),  # more rows than it says
        png(30_000, 30_000, b"\x00" * (30_000 // 8 + 1) * 30_000, 1),
        png(900_000, 1, b"\x00" * 900_001),
        png(1, 900_000, b"\x00" * 1_800_000),
        png(1, 1, b"\x00" * 2),
        small[:-12] + chunk + small[-12:],
        b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b";",
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, -1, -(2**31), 1, 24, 0, 0, 0, 0, 0, 0),
        b"P6 99999999 99999999 255\n",
        b"P5 -1 5 255\n",
        b"P4 1000 1000\n",
        saved(drawn(size=(1000, 900)), "JPEG2000", quality_layers=[1000]),
        b"<svg xmlns='http://www.w3.org/2000/svg' width='99999' height='99999'/>",
        b"%PDF-1.4\n%%EOF",
        b"",
    )


def mutated(content: bytes, seed: int) -> bytes:
    """The file with a few bytes, words or stretches changed, or without its end; alike for a seed."""
    chance = random.Random(seed)
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        at = chance.randrange(len(changed) or 1)
        if chance.random() < 0.5:
            changed[at : at + 1] = chance.randbytes(1)
        elif chance.random() < 0.5:
            order = chance.choice("<>")
            changed[at : at + 4] = struct.pack(f"{order}I", chance.choice(_SIZES))
        else:
            length = chance.randrange(1, 32)
            changed[at : at + length] = changed[at : at + length] * chance.choice((0, 2, 5))
    return bytes(changed[: chance.randrange(len(changed) + 1)] if chance.random() < 0.2 else changed)


def damaged_images() -> st.SearchStrategy[bytes]:
    """Files made from a sound one of every kind, and now and then a bomb."""
    broken = st.builds(mutated, st.sampled_from(sound()), st.integers(0, 2**32))
    return st.one_of(*[broken] * 19, st.sampled_from(bombs()))

"""Invalid image files: of every supported format, damaged, truncated, and with wrong sizes.

Knows nothing about decoding. The images are small, so that tests can try thousands.
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
    """An image with a few letters."""
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((4, 8), "text", fill="black")
    return image.convert(mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """The image as a file of this format."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@cache
def valid_files() -> tuple[bytes, ...]:
    """A valid file of each format and pixel format, still, animated, and rotated by EXIF."""
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
    """A PNG with this size in its header, and any rows."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


@cache
def bombs() -> tuple[bytes, ...]:
    """Small files that claim to be large, or expand: each needs much memory if a decoder trusts it."""
    long_text = zlib.compress(b"a" * 50_000_000, 9)
    text = b"zTXt" + b"key\x00\x00" + long_text
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    small = png(8, 8, b"\x00" * 72)
    return (
        png(60_000, 60_000, b""),
        png(2**31 - 1, 2**31 - 1, b"\x00" * 100),
        png(0, 0, b""),
        png(0, 10, b""),
        png(8, 8, b"\x00" * 50_000_000),  # more rows than in its header
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
    """The file with some bytes changed, repeated or removed, or truncated; the same for the same seed."""
    generator = random.Random(seed)
    changed = bytearray(content)
    for _ in range(generator.choice((1, 1, 2, 8, 64))):
        at = generator.randrange(len(changed) or 1)
        if generator.random() < 0.5:
            changed[at : at + 1] = generator.randbytes(1)
        elif generator.random() < 0.5:
            order = generator.choice("<>")
            changed[at : at + 4] = struct.pack(f"{order}I", generator.choice(_SIZES))
        else:
            length = generator.randrange(1, 32)
            changed[at : at + length] = changed[at : at + length] * generator.choice((0, 2, 5))
    return bytes(changed[: generator.randrange(len(changed) + 1)] if generator.random() < 0.2 else changed)


def damaged_images() -> st.SearchStrategy[bytes]:
    """Damaged files of every format, and sometimes a bomb."""
    broken = st.builds(mutated, st.sampled_from(valid_files()), st.integers(0, 2**32))
    return st.one_of(*[broken] * 19, st.sampled_from(bombs()))

"""Decoding takes no more memory than its constants say, so that a budget in bytes holds."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr_backend.config.settings import Settings
from ocr_backend.images.decoding import BYTES_PER_PIXEL, FORMATS
from ocr_backend.images.documents import open_document

SIDE = 3000
MARGIN_BYTES = 30_000_000  # strips, and what Python itself takes
PROGRAM = """
import sys
from pathlib import Path
from PIL import Image
from ocr_backend.images.decoding import decode_image

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

content = Path(sys.argv[1]).read_bytes()
Image.init()
before = peak()
decode_image(content, 10**9)
print(peak() - before)
"""


def image_of_blocks(mode: str) -> Image.Image:
    blocks = np.random.default_rng(1).integers(0, 255, (SIDE // 50, SIDE // 50, 4), np.uint8)
    pixels = np.kron(blocks, np.ones((50, 50, 1), np.uint8))
    if mode == "I;16":
        return Image.fromarray(pixels[:, :, 0].astype(np.uint16) << 4)
    return Image.fromarray(pixels).convert(mode)


@pytest.mark.parametrize(
    ("format", "mode", "options"),
    [
        ("PNG", "RGBA", {"compress_level": 1}),
        ("PNG", "I;16", {"compress_level": 1}),
        ("JPEG", "RGB", {"progressive": True, "subsampling": 0}),
        ("JPEG", "CMYK", {"progressive": True, "subsampling": 0}),
        ("WEBP", "RGBA", {"lossless": True, "method": 0, "quality": 0}),
        ("TIFF", "RGBA", {"compression": "tiff_deflate"}),
        ("BMP", "RGB", {}),
    ],
    ids=lambda value: str(value) if not isinstance(value, dict) else "",
)
def test_decoding_keeps_to_its_constant(
    tmp_path: Path, format: str, mode: str, options: dict[str, object]
) -> None:
    file = tmp_path / "image"
    image_of_blocks(mode).save(file, format, **options)
    command = [sys.executable, "-c", PROGRAM, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert int(done.stdout) <= SIDE * SIDE * BYTES_PER_PIXEL[format] + MARGIN_BYTES


@pytest.mark.parametrize("format", FORMATS)
def test_the_memory_of_every_format_is_known_from_its_header(format: str) -> None:
    content = io.BytesIO()
    Image.new("RGB", (64, 32)).save(content, format)
    with open_document(content.getvalue(), Settings()) as document:
        assert document.page_bytes(0) == 64 * 32 * BYTES_PER_PIXEL[format]

"""Memory that reading takes: after loading, after many images of random sizes, and after the largest pages.

Run as `python benchmarks/memory.py [ENGINE [SLOTS [GIB]]]`; GIB simulates the memory limit of a container. It
prints a Markdown table of resident megabytes; the peak is the highest value of the process so far. The
constants of `ocr/memory_budget.py` follow from the results in `README.md`.
"""

import random
import resource
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from ocr_backend.config.settings import Settings
from ocr_backend.images.decoding import decode_image
from ocr_backend.ocr.engine_factory import open_reader
from ocr_backend.ocr_types import Image, Reader
from ocr_backend.system import cgroup_memory

IMAGES = Path(__file__).parents[1] / "tests" / "data" / "images"
FILES = (".jpg", ".jpeg", ".png")
CALLERS = 4
ROUNDS, ROUND_IMAGES = 4, 50


def main(engine: str = "openvino", slots: str = "2", limit_gib: str = "") -> None:
    """Reads images of random sizes, then larger and larger white pages with some text, then images again."""
    files = sorted(file for file in IMAGES.iterdir() if file.suffix in FILES)
    images = [decode_image(file.read_bytes(), 10**8) for file in files]
    print(f"\nPP-OCRv6 mobile, {engine}, {slots} slots, {CALLERS} callers, limit {limit_gib or 'none'}\n")
    print("| After | Resident MB | Peak MB |\n| --- | --- | --- |")
    if limit_gib:
        cgroup_memory.limit_bytes = lambda: int(limit_gib) * 2**30
    reader = open_reader(
        Settings(
            ocr_version="PP-OCRv6",
            model_type="mobile",
            model_source="builtin",
            engine=engine,
            slots=int(slots),
        )
    )
    _print_row("loading")
    sizes = random.Random(21)
    for number in range(1, ROUNDS + 1):
        _read(reader, [_random_page(sizes) for _ in range(ROUND_IMAGES)])
        _print_row(f"{number * ROUND_IMAGES} images of random sizes")
    for side in (2000, 3000, 4000):
        _read(reader, [_page(side, images)])
        _print_row(f"a page of {side} x {side}")
    _read(reader, [_page(4000, images)] * 3)
    _print_row("three of these at the same time")
    _read(reader, [_random_page(sizes) for _ in range(ROUND_IMAGES)])
    _print_row(f"{ROUND_IMAGES} more images of random sizes")
    reader.close()


def _page(side: int, images: Sequence[Image]) -> Image:
    page = np.full((side, side, 3), 255, np.uint8)
    text = max(images, key=lambda image: image.shape[1])[:600, :1800]
    page[: text.shape[0], : text.shape[1]] = text
    return page


def _random_page(sizes: random.Random) -> Image:
    """A page of up to 1600 x 1000 px with lines of random lengths."""
    page = PillowImage.new("RGB", (200 + sizes.randrange(1400), 100 + sizes.randrange(900)), "white")
    font = ImageFont.load_default(size=28)
    for top in range(20, page.height - 40, 120):
        text = " ".join(f"{sizes.randrange(10_000)} words" for _ in range(sizes.randrange(1, 6)))
        ImageDraw.Draw(page).text((20, top), text, fill="black", font=font)
    return np.asarray(page)


def _read(reader: Reader, images: Sequence[Image]) -> None:
    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(reader.read, images))


def _print_row(after: str) -> None:
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 2**20
    print(
        f"| {after} | {resident} | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} |", flush=True
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Memory that reading takes: after loading, after many images, and after the largest pages.

Run as `python benchmarks/memory.py [SLOTS [GIB]]`; GIB simulates the memory limit of a container. Prints a
Markdown table of resident megabytes; the peak is the highest value of the process so far. `README.md` holds
results.
"""

import resource
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ocr_backend.config.settings import Settings
from ocr_backend.images.decoding import decode_image
from ocr_backend.ocr.engine_factory import open_reader
from ocr_backend.ocr_types import Image, Reader
from ocr_backend.system import cgroup_memory

IMAGES = Path(__file__).parents[1] / "tests" / "data" / "images"
FILES = (".jpg", ".jpeg", ".png")
CALLERS = 8


def main(slots: int, limit_gib: int | None = None) -> None:
    """Reads the test images, then larger and larger white pages with some text, then the images again."""
    files = sorted(file for file in IMAGES.iterdir() if file.suffix in FILES)
    images = [decode_image(file.read_bytes(), 10**8) for file in files]
    print(f"\nPP-OCRv6 mobile, CPU, {slots} slots, {CALLERS} callers\n")
    print("| After | Resident MB | Peak MB |\n| --- | --- | --- |")
    if limit_gib is not None:
        cgroup_memory.limit_bytes = lambda: limit_gib * 2**30
    reader = open_reader(
        Settings(ocr_version="PP-OCRv6", model_type="mobile", model_source="builtin", slots=slots)
    )
    _print_row("loading")
    for repetition in (1, 2):
        _read(reader, images)
        _print_row(f"{len(images)} images, time {repetition}")
    for side in (2000, 3000, 4000):
        _read(reader, [_page(side, images)])
        _print_row(f"a page of {side} x {side}")
    _read(reader, [_page(4000, images)] * 2)
    _print_row("two of these at the same time")
    _read(reader, images)
    _print_row(f"{len(images)} images again")
    reader.close()


def _page(side: int, images: Sequence[Image]) -> Image:
    page = np.full((side, side, 3), 255, np.uint8)
    text = max(images, key=lambda image: image.shape[1])[:600, :1800]
    page[: text.shape[0], : text.shape[1]] = text
    return page


def _read(reader: Reader, images: Sequence[Image]) -> None:
    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(reader.read, images))


def _print_row(after: str) -> None:
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 2**20
    print(
        f"| {after} | {resident} | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} |", flush=True
    )


if __name__ == "__main__":
    main(*(map(int, sys.argv[1:]) if len(sys.argv) > 1 else [2]))

"""Errors on dense pages of small print: this backend compared with PaddleOCR, with the same models.

Run as `PYTHONPATH=tests/support python benchmarks/dense.py [OCR_VERSION [FONT_FOLDER [PAGES]]]`, with the
fonts of Debian's packages fonts-dejavu-core, fonts-dejavu-extra, fonts-liberation, fonts-noto-cjk,
fonts-wqy-zenhei, fonts-arphic-uming and fonts-ipafont in /usr/share/fonts or another folder. The reader was
tuned on the pages of the set "choose"; those of "confirm", with other fonts, show whether that holds. Prints
a Markdown table; `benchmarks/README.md` holds results.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from dense_pages import DensePage, Font, dense_page
from dense_score import DenseScore, dense_score
from ocr_backend.config.settings import Settings
from ocr_backend.ocr.engine_factory import open_reader
from ocr_backend.ocr_types import Reader

PAGE_SIZE = (700, 500)
SMALL_PX = 11
"""Smaller print has accents of one px, which no reader tells apart."""

# Set -> seed, and script -> font files below the font folder, with their index in a collection.
SETS: dict[str, tuple[int, dict[str, tuple[tuple[str, int], ...]]]] = {
    "choose": (
        1,
        {
            "latin": (
                ("truetype/dejavu/DejaVuSans.ttf", 0),
                ("truetype/dejavu/DejaVuSerif.ttf", 0),
                ("truetype/dejavu/DejaVuSansCondensed.ttf", 0),
                ("truetype/dejavu/DejaVuSerif-Italic.ttf", 0),
            ),
            "chinese": (
                ("opentype/noto/NotoSansCJK-Regular.ttc", 2),
                ("opentype/noto/NotoSerifCJK-Regular.ttc", 2),
            ),
            "japanese": (
                ("opentype/noto/NotoSansCJK-Regular.ttc", 0),
                ("opentype/noto/NotoSerifCJK-Regular.ttc", 0),
            ),
        },
    ),
    "confirm": (
        2,
        {
            "latin": (
                ("truetype/liberation/LiberationSans-Regular.ttf", 0),
                ("truetype/liberation/LiberationSerif-Regular.ttf", 0),
                ("truetype/liberation/LiberationMono-Regular.ttf", 0),
                ("truetype/liberation/LiberationSans-Bold.ttf", 0),
            ),
            "chinese": (("truetype/wqy/wqy-zenhei.ttc", 0), ("truetype/arphic/uming.ttc", 0)),
            "japanese": (
                ("opentype/ipafont-gothic/ipagp.ttf", 0),
                ("opentype/ipafont-mincho/ipamp.ttf", 0),
            ),
        },
    ),
}


def main(ocr_version: str, font_folder: Path, pages: int) -> None:
    """Reads `pages` pages of each group with both readers."""
    print("| Pages | Reader | Character errors, % | Lines right | Lines lost |")
    print("| --- | --- | --- | --- | --- |")
    readers = {
        "PaddleOCR": _open_reader(ocr_version, "paddle"),
        "this backend": _open_reader(ocr_version, "openvino"),
    }
    for group, group_pages in _groups(font_folder, pages):
        for name, reader in readers.items():
            _print_rows(f"{ocr_version}, {group}", name, reader, group_pages)


def _open_reader(ocr_version: str, engine: str) -> Reader:
    return open_reader(
        Settings(
            ocr_version=ocr_version,
            model_type="mobile",
            model_source="builtin",
            use_textline_orientation=False,
            precision="f32",
            engine=engine,
        )
    )


def _groups(font_folder: Path, pages: int) -> Iterator[tuple[str, list[DensePage]]]:
    for name, (seed, scripts) in SETS.items():
        for script, files in scripts.items():
            fonts = [Font(font_folder / file, index) for file, index in files]
            yield (
                f"{name}, {script}",
                [dense_page(script, number, seed, fonts, PAGE_SIZE) for number in range(pages)],
            )


def _print_rows(group: str, name: str, reader: Reader, pages: list[DensePage]) -> None:
    """A row for small print, and one for the rest."""
    scores = {True: DenseScore(), False: DenseScore()}
    for page in pages:
        scores[page.font_px < SMALL_PX] += dense_score(page.lines, reader.read(page.image))
    for is_small, score in scores.items():
        sizes = f"9 to {SMALL_PX - 1} px" if is_small else f"{SMALL_PX} to 18 px"
        errors = f"{score.error_percent:.2f}"
        row = (f"{group}, {sizes}", name, errors, f"{score.right} of {score.lines}", f"{score.lost}")
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main(
        sys.argv[1] if len(sys.argv) > 1 else "PP-OCRv6",
        Path(sys.argv[2] if len(sys.argv) > 2 else "/usr/share/fonts"),
        int(sys.argv[3]) if len(sys.argv) > 3 else 8,
    )

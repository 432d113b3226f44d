"""What `ocr-backend read` makes of a page that was read: plain lines, JSON, or a drawing."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocr_backend.ocr_types import Image, Line


class OutletError(Exception):
    """A drawing cannot be put where it is wanted; the message says why."""


@dataclass(frozen=True)
class Page:
    """A page, from 0, of a file that has so many, with the lines that were read on it."""

    file: Path
    number: int
    of: int
    image: "Image"
    lines: Sequence["Line"]


Outlet = Callable[[Page], None]


def as_lines(page: Page) -> None:
    """Prints the texts, one a line."""
    print("\n".join(line.text for line in page.lines), flush=True)


def as_json(page: Page) -> None:
    """Prints one object: file, page (from 1), size in px, and the lines with polygon, text and score."""
    height, width = page.image.shape[:2]
    told = {
        "file": str(page.file),
        "page": page.number + 1,
        "width": width,
        "height": height,
        "lines": [asdict(line) for line in page.lines],
    }
    print(json.dumps(told, ensure_ascii=False), flush=True)


class Drawings:
    """Writes a drawing of each page; into a folder never over a file that is there already."""

    def __init__(self, target: Path, files: Sequence[Path]) -> None:
        """`target` is a folder, made if it is not there, or a file whose name ends in .png.

        Raises:
            OutletError: it is one file for several, an image that is to be read, or cannot be made.
        """
        self._target = target
        self._is_file = target.suffix.lower() == ".png" and not target.is_dir()
        if self._is_file and len(files) > 1:
            raise OutletError(f"--png {target} is one file for {len(files)}; name a folder")
        if self._is_file and target.resolve() in [file.resolve() for file in files]:
            raise OutletError(f"--png {target} is the image that is to be read; name another file")
        try:
            (target.parent if self._is_file else target).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutletError(f"--png {target} is no folder that can be made: {error.strerror}") from error

    def __call__(self, page: Page) -> None:
        """Writes the drawing of a page.

        Raises:
            OutletError: it cannot be written.
        """
        if self._is_file and page.of > 1:
            raise OutletError(f"it has {page.of} pages, and --png {self._target} is one file; name a folder")
        from ocr_backend.commands import drawing_overlay
        from ocr_backend.commands.font_fallback import FontFallback

        lettering = FontFallback(drawing_overlay.font_size(page.image))
        drawing, unlettered = drawing_overlay.overlay(page.image, page.lines, lettering)
        place = self._target if self._is_file else self._free_name(page)
        try:
            drawing.save(place, "PNG")
        except OSError as error:
            raise OutletError(f"{place} cannot be written: {error.strerror}") from error
        print(f"{page.file}: drawn in {place}", file=sys.stderr)
        if unlettered:
            print(
                f"{page.file}: no font of this machine has all characters of {len(unlettered)} texts: only "
                "their numbers are drawn, as in the printed list; install fonts-noto-cjk or another font",
                file=sys.stderr,
            )

    def as_legend(self, page: Page) -> None:
        """Prints the texts with the numbers that they have in the drawing."""
        wide = len(str(len(page.lines)))
        print("\n".join(f"{n:{wide}}  {line.text}" for n, line in enumerate(page.lines, 1)), flush=True)

    def _free_name(self, page: Page) -> Path:
        """`image.jpg.png`, `paper.pdf.2.png`; with a number where that is taken."""
        stem = page.file.name + (f".{page.number + 1}" if page.of > 1 else "")
        names = (f"{stem}{again}.png" for again in ["", *(f"-{number}" for number in range(2, 10_000))])
        return next(place for name in names if not (place := self._target / name).exists())

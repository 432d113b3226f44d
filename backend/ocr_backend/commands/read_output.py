"""Output of `ocr-backend read` for one page: plain text, JSON, or a drawing."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocr_backend.ocr_types import Image, Line


class OutputError(Exception):
    """A drawing cannot be written; the message says why."""


@dataclass(frozen=True)
class Page:
    """One page of a file and the text lines on it; `number` counts from 0."""

    file: Path
    number: int
    page_count: int
    image: "Image"
    lines: Sequence["Line"]


PageWriter = Callable[[Page], None]


def print_text(page: Page) -> None:
    """Prints the texts, one per line."""
    print("\n".join(line.text for line in page.lines), flush=True)


def print_json(page: Page) -> None:
    """Prints one object: file, page (from 1), size in px, and the lines with polygon, text and score."""
    height, width = page.image.shape[:2]
    content = {
        "file": str(page.file),
        "page": page.number + 1,
        "width": width,
        "height": height,
        "lines": [asdict(line) for line in page.lines],
    }
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(content, ensure_ascii=not is_unicode), flush=True)


class OverlayWriter:
    """Writes a drawing of each page. In a folder it never overwrites a file."""

    def __init__(self, target: Path, files: Sequence[Path]) -> None:
        """`target` is a folder, created if missing in an existing one, or a file whose name ends in .png.

        Raises:
            OutputError: `target` is one file for several, is an input image, or cannot be created.
        """
        self._target = target
        self._is_file = target.suffix.lower() == ".png" and not target.is_dir()
        if self._is_file and len(files) > 1:
            raise OutputError(f"--png {target} is one file for {len(files)} inputs; give a folder")
        if self._is_file and target.resolve() in [file.resolve() for file in files]:
            raise OutputError(f"--png {target} would overwrite an input image; give another file")
        try:
            if not self._is_file:
                target.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(f"--png {target}: the folder cannot be created: {error.strerror}") from error
        if self._is_file and not target.parent.is_dir():
            raise OutputError(f"--png {target}: there is no folder {target.parent}")

    def __call__(self, page: Page) -> None:
        """Writes the drawing of a page.

        Raises:
            OutputError: it cannot be written.
        """
        if self._is_file and page.page_count > 1:
            raise OutputError(
                f"it has {page.page_count} pages, but --png {self._target} is one file; give a folder"
            )
        from ocr_backend.commands import drawing_overlay
        from ocr_backend.commands.font_fallback import FontFallback

        fonts = FontFallback(drawing_overlay.font_size(page.image))
        drawing, missing_fonts = drawing_overlay.overlay(page.image, page.lines, fonts)
        path = self._target if self._is_file else self._unused_path(page)
        try:
            drawing.save(path, "PNG")
        except OSError as error:
            raise OutputError(f"{path} cannot be written: {error.strerror}") from error
        print(f"{page.file}: drawing written to {path}", file=sys.stderr)
        if missing_fonts:
            print(
                f"{page.file}: no installed font has all characters of {len(missing_fonts)} texts; the "
                "drawing shows only their numbers, which the printed list explains; install fonts-noto-cjk "
                "or another font",
                file=sys.stderr,
            )

    def print_numbered_text(self, page: Page) -> None:
        """Prints the texts with their numbers in the drawing."""
        width = len(str(len(page.lines)))
        lines = (f"{number:{width}}  {line.text}" for number, line in enumerate(page.lines, 1))
        print("\n".join(lines), flush=True)

    def _unused_path(self, page: Page) -> Path:
        """`image.jpg.png` or `paper.pdf.2.png`, with a number appended if that file exists."""
        stem = page.file.name + (f".{page.number + 1}" if page.page_count > 1 else "")
        suffixes = ["", *(f"-{number}" for number in range(2, 10_000))]
        paths = (self._target / f"{stem}{suffix}.png" for suffix in suffixes)
        return next(path for path in paths if not path.exists())

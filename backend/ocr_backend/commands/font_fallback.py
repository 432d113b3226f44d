"""Fonts that can draw a text: those of this machine, asked one after the other. Nothing is downloaded.

Pillow's own font knows Latin letters only. OpenCV's wheel carries DejaVu Sans (Latin, Greek, Cyrillic,
Arabic); Chinese, Japanese, Korean and Devanagari need a font that somebody has installed.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from PIL import ImageFont

_SYSTEM = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
_KINDS = (".ttf", ".otf", ".ttc")
_NO_CHARACTER = "\uffff"
"""Never a character (Unicode, noncharacters): what a font draws for it is its sign for what it lacks."""

Font = ImageFont.FreeTypeFont


class FontFallback:
    """Fonts of one size in px; a font is opened when a text first needs one beyond those that are open."""

    def __init__(self, size_px: int, files: Sequence[Path] | None = None) -> None:
        """By default with the fonts of this machine, else with those files, in order of preference."""
        self._size_px = size_px
        self._open: list[_Face] = []
        self._further = _faces(font_files() if files is None else files, size_px)

    def font(self, text: str) -> Font | None:
        """The first font that has all characters of a text, or None."""
        needed = {char for char in text if not char.isspace() and unicodedata.category(char) != "Cf"}
        for face in chain(self._open, self._opening()):
            if all(face.has(char) for char in needed):
                return face.font
        return None

    def _opening(self) -> Iterator["_Face"]:
        for face in self._further:
            self._open.append(face)
            yield face


def font_files() -> Iterator[Path]:
    """Files of fonts on this machine, the one of OpenCV's wheel first."""
    spec = find_spec("cv2")
    if spec is not None and spec.origin:
        yield from [Path(spec.origin).parent / "qt" / "fonts" / "DejaVuSans.ttf"]
    for folder in _SYSTEM:
        yield from sorted(
            file for file in Path(folder).expanduser().rglob("*") if file.suffix.lower() in _KINDS
        )


class _Face:
    """A font and which characters it has."""

    def __init__(self, font: Font) -> None:
        self.font = font
        self._lacking = self._drawn(_NO_CHARACTER)
        self._known: dict[str, bool] = {}

    def has(self, char: str) -> bool:
        if char not in self._known:
            self._known[char] = self._drawn(char) != self._lacking
        return self._known[char]

    def _drawn(self, char: str) -> tuple[tuple[int, int], bytes]:
        mask = self.font.getmask(char)
        return mask.size, bytes(mask)


def _faces(files: Iterator[Path] | Sequence[Path], size_px: int) -> Iterator[_Face]:
    for file in files:
        try:
            yield _Face(ImageFont.truetype(str(file), size_px))
        except OSError:  # no font, or one that FreeType cannot use: the next may serve
            continue

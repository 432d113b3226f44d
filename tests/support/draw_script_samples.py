"""Draws the images of `ocr_backend.models.scripts` with Debian's Noto fonts (SIL Open Font License).

    apt-get download fonts-noto-core fonts-noto-cjk
    for package in fonts-noto-*.deb; do dpkg -x "$package" fonts; done
    python tests/support/draw_script_samples.py fonts

An image holds its text in the PNG chunk `Description`, so that a test notices a text without a new image.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from ocr_backend.models import scripts

_HEIGHT, _MARGIN, _FONT_SIZE = 96, 40, 40  # px
_PAPER, _INK = 245, 20
_GREYS = 16
_CJK = ("NotoSansCJK-Regular.ttc", {"japan": 0, "korean": 1, "ch": 2, "chinese_cht": 3})
"""One file with a font for each country."""
_FONTS = {
    "arabic": "NotoNaskhArabic-Regular.ttf",
    "devanagari": "NotoSansDevanagari-Regular.ttf",
    "th": "NotoSansThai-Regular.ttf",
    "te": "NotoSansTelugu-Regular.ttf",
    "ta": "NotoSansTamil-Regular.ttf",
    "ka": "NotoSansKannada-Regular.ttf",
}
_OTHERS = "NotoSans-Regular.ttf"


def draw(text: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    """The text in one line."""
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (int(right - left) + 2 * _MARGIN, _HEIGHT), _PAPER)
    origin = (_MARGIN - left, (_HEIGHT - top - bottom) / 2)
    ImageDraw.Draw(image).text(origin, text, fill=_INK, font=font)
    return image.quantize(_GREYS)


def main(fonts: Path) -> None:
    """Draws all images with the fonts below a folder."""
    for language, text in scripts.SAMPLES.items():
        description = PngInfo()
        description.add_itxt("Description", text)
        image = draw(text, _font(fonts, language))
        image.save(scripts.IMAGES / f"{language}.png", optimize=True, pnginfo=description)


def _font(fonts: Path, language: str) -> ImageFont.FreeTypeFont:
    cjk_file, indices = _CJK
    name = cjk_file if language in indices else _FONTS.get(language, _OTHERS)
    [file] = fonts.rglob(name)
    return ImageFont.truetype(str(file), _FONT_SIZE, index=indices.get(language, 0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""A font is used only if it has every character of the text."""

from pathlib import Path

import pytest

from ocr_backend.commands.font_fallback import FontFallback, font_files

DEJAVU = next(font_files())


@pytest.mark.parametrize("text", ["Invoice 4711", "Größe", "Счёт", "فاتورة", "two words", "", "a\u200db"])
def test_opencvs_own_font_draws_latin_cyrillic_and_arabic(text: str) -> None:
    assert FontFallback(20, [DEJAVU]).font(text) is not None


@pytest.mark.parametrize("text", ["発行", "한국어", "बिल", "Invoice 発"])
def test_a_text_with_an_unknown_character_gets_no_font(text: str) -> None:
    assert FontFallback(20, [DEJAVU]).font(text) is None


def test_invalid_font_files_are_skipped(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"not a font")
    fonts = FontFallback(20, [broken, tmp_path / "missing.ttf", DEJAVU])
    font = fonts.font("abc")
    assert font is not None
    assert (font.path, font.size) == (str(DEJAVU), 20)
    assert fonts.font("def") is font


def test_user_fonts_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    user_font = tmp_path / ".fonts" / "deep" / "Own.TTF"
    user_font.parent.mkdir(parents=True)
    user_font.write_bytes(DEJAVU.read_bytes())
    assert user_font in list(font_files())

"""Fonts: one is taken only if it has every character of the text."""

from pathlib import Path

import pytest

from ocr_backend.commands.font_fallback import FontFallback, font_files

DEJAVU = next(font_files())


@pytest.mark.parametrize("text", ["Invoice 4711", "Größe", "Счёт", "فاتورة", "two words", "", "a\u200db"])
def test_opencvs_own_font_draws_latin_cyrillic_and_arabic(text: str) -> None:
    assert FontFallback(20, [DEJAVU]).font(text) is not None


@pytest.mark.parametrize("text", ["発行", "한국어", "बिल", "Invoice 発"])
def test_a_text_with_a_character_that_no_font_has_gets_none(text: str) -> None:
    assert FontFallback(20, [DEJAVU]).font(text) is None


def test_what_is_no_font_is_passed_over(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    lettering = FontFallback(20, [broken, tmp_path / "missing.ttf", DEJAVU])
    font = lettering.font("abc")
    assert font is not None
    assert (font.path, font.size) == (str(DEJAVU), 20)
    assert lettering.font("def") is font


def test_fonts_of_the_user_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    own = tmp_path / ".fonts" / "deep" / "Own.TTF"
    own.parent.mkdir(parents=True)
    own.write_bytes(DEJAVU.read_bytes())
    assert own in list(font_files())

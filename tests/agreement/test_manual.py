"""The generated pages of the manual are what the code says now."""

import pytest

from ocr_backend import manual


@pytest.mark.parametrize("name", manual.pages())
def test_the_page_is_fresh(name: str) -> None:
    committed = (manual.DOCS / name).read_text("utf-8")
    assert committed == manual.pages()[name], "run `make generate`"

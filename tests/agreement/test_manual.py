"""The generated pages of the manual are what the code says now."""

import pytest

from ocr_backend.commands import reference_docs


@pytest.mark.parametrize("name", reference_docs.pages())
def test_the_page_is_fresh(name: str) -> None:
    committed = (reference_docs.DOCS / name).read_text("utf-8")
    assert committed == reference_docs.pages()[name], "run `make generate`"

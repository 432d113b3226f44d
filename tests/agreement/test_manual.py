"""The generated pages of the manual are up to date."""

import pytest

from ocr_backend.commands import reference_docs


@pytest.mark.parametrize("name", reference_docs.pages())
def test_the_page_is_up_to_date(name: str) -> None:
    committed = (reference_docs.DOCS / name).read_text("utf-8")
    assert committed == reference_docs.pages()[name], "run `make generate`"

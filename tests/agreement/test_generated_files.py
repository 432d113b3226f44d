"""The generated files in the chart and the docs are up to date."""

from pathlib import Path

import pytest

from ocr_operator.docs import generated_files

CONTENTS = generated_files.contents()


@pytest.mark.parametrize("path", CONTENTS, ids=lambda path: path.name)
def test_the_file_is_up_to_date(path: Path) -> None:
    assert path.read_text("utf-8") == CONTENTS[path], "run `make generate`"

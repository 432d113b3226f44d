"""The page of values: what stands above a key is what is said of it."""

from ocr_operator.docs import values_page
from ocr_operator.docs.values_page import Value, values

TEXT = """\
# Head of the file.

# A group.
group:
  # A number,
  # told in two lines.
  count: 2
  inner:
    # Said | so.
    name: ""
# Some of them, such as
#   one: {a: 1}
many: {}
untold: [1, two]
"""


def test_every_key_has_its_path_its_default_and_its_comment() -> None:
    assert values(TEXT) == [
        Value("group", "", "A group."),
        Value("group.count", "2", "A number, told in two lines."),
        Value("group.inner.name", "''", "Said | so."),
        Value("many", "{}", "Some of them, such as"),
        Value("untold", "[1, two]", ""),
    ]


def test_an_empty_file_has_no_values() -> None:
    assert values("") == []


def test_the_page_is_a_table_in_which_bars_are_escaped() -> None:
    page = values_page.page(TEXT, {"values-b.yaml": "Later.", "values-a.yaml": "First."})
    assert "| `group.inner.name` | `''` | Said \\| so. |\n" in page
    assert page.index("[values-a.yaml](values-a.yaml) | First. |") < page.index("values-b.yaml")


def test_a_file_of_values_tells_what_it_is_for() -> None:
    assert all(said.endswith(".") for said in values_page.example_files().values())

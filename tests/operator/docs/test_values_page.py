"""The values page describes a key by the comment above it."""

from ocr_operator.docs import values_page
from ocr_operator.docs.values_page import Value, values

TEXT = """\
# Head of the file.

# A group.
group:
  # A number,
  # described in two lines.
  count: 2
  inner:
    # A | bar.
    name: ""
# Some of them, such as
#   one: {a: 1}
many: {}
undescribed: [1, two]
"""


def test_every_key_has_its_path_default_and_comment() -> None:
    assert values(TEXT) == [
        Value("group", "", "A group."),
        Value("group.count", "2", "A number, described in two lines."),
        Value("group.inner.name", "''", "A | bar."),
        Value("many", "{}", "Some of them, such as"),
        Value("undescribed", "[1, two]", ""),
    ]


def test_an_empty_file_has_no_values() -> None:
    assert values("") == []


def test_bars_are_escaped_in_the_table() -> None:
    page = values_page.page(TEXT, {"values-b.yaml": "Later.", "values-a.yaml": "First."})
    assert "| `group.inner.name` | `''` | A \\| bar. |\n" in page
    assert page.index("[values-a.yaml](values-a.yaml) | First. |") < page.index("values-b.yaml")


def test_every_example_file_describes_its_purpose() -> None:
    assert all(purpose.endswith(".") for purpose in values_page.example_files().values())

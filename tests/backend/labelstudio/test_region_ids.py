"""Ids of predicted regions: what they say about model version and text."""

import pytest

from ocr_backend.labelstudio.region_ids import line_id, object_id, parse_line_id

VERSION, TEXT = "PP-OCRv6-ch-small-0123456789", "Invoice 4711"


def test_an_id_knows_its_version_and_text() -> None:
    region = parse_line_id(line_id((7, 0, 0), VERSION, TEXT))
    assert region is not None
    assert (region.has_version(VERSION), region.has_version("PP-OCRv5-ch-server-0123456789")) == (True, False)
    assert (region.has_text(TEXT), region.has_text("Invoice 4712"), region.has_text("")) == (
        True,
        False,
        False,
    )


def test_the_same_line_has_the_same_id_and_other_lines_have_others() -> None:
    ids = [line_id((7, 0, number), VERSION, TEXT) for number in (0, 0, 1)]
    assert (ids[0] == ids[1], ids[0] == ids[2], len(ids[0])) == (True, False, 20)


@pytest.mark.parametrize("region_id", ["", "DRAWN1", object_id(7), "x" * 20, "A" * 20, "0" * 21])
def test_an_id_of_another_kind_says_nothing(region_id: str) -> None:
    assert parse_line_id(region_id) is None


def test_a_lone_surrogate_in_a_text_has_an_id() -> None:
    assert parse_line_id(line_id(1, VERSION, "\ud800")) is not None

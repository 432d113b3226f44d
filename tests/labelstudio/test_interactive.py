"""A person draws a box with auto-annotation on; the text comes back into it."""

from pathlib import Path
from typing import Any

import pytest

from label_studio_project import Api, Project
from label_studio_regions import Box, Region, regions_of

pytestmark = pytest.mark.labelstudio

RECTANGLE_LABELS = """
<View>
  <Image name="scan" value="$image"/>
  <RectangleLabels name="kinds" toName="scan" smart="true"><Label value="Stamp"/></RectangleLabels>
  <TextArea name="words" toName="scan" perRegion="true"/>
</View>
"""
WIDTH, HEIGHT = 900, 600
LINE = "Delivered on Monday"


def around(box: Box) -> dict[str, Any]:
    """The box with 10 px of margin, as the page sends what a person has drawn."""
    left, top, right, bottom = box[0] - 10, box[1] - 10, box[2] + 10, box[3] + 10
    return {
        "x": left * 100 / WIDTH,
        "y": top * 100 / HEIGHT,
        "width": (right - left) * 100 / WIDTH,
        "height": (bottom - top) * 100 / HEIGHT,
        "rotation": 0,
    }


def drawn(kind: str, name: str, image: str, value: dict[str, Any], region: str = "DRAWN1") -> dict[str, Any]:
    """One item of a drawn region."""
    return {
        "id": region,
        "type": kind,
        "from_name": name,
        "to_name": image,
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "image_rotation": 0,
        "origin": "manual",
        "value": value,
    }


def answered(project: Project, backend: str, file: Path, items: list[dict[str, Any]]) -> list[Region]:
    """The regions that the page gets back for what was drawn on a new task."""
    connection = project.connect(backend, is_interactive=True)
    (task,) = project.upload(file)
    answer = project.draw(connection["id"], task, items)
    assert "errors" not in answer
    return regions_of(answer["data"]["result"])


def test_a_drawn_box_gets_the_text_inside_it(
    project: Project, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    value = around(lines[LINE])
    box = drawn("rectangle", "bbox", "image", value)
    label = drawn("labels", "label", "image", {**value, "labels": ["Handwriting"]})
    (region,) = answered(project, backend, file, [box, label])
    assert (region.id, region.text, region.labels) == ("DRAWN1", LINE, ["Handwriting"])
    assert region.items["rectangle"]["value"] == value


def test_a_drawn_box_with_its_own_label_gets_the_text_inside_it(
    api: Api, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    value = {**around(lines[LINE]), "rectanglelabels": ["Stamp"]}
    box = drawn("rectanglelabels", "kinds", "scan", value)
    (region,) = answered(Project(api, RECTANGLE_LABELS), backend, file, [box])
    assert (region.id, region.text, region.labels) == ("DRAWN1", LINE, ["Stamp"])


def test_text_that_a_person_has_edited_is_left_alone(
    project: Project, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    old, new = around(lines["Total 1250 EUR"]), around(lines[LINE])
    items = [
        drawn("rectangle", "bbox", "image", old, "OLD"),
        drawn("textarea", "transcription", "image", {**old, "text": ["1250 euros"]}, "OLD"),
        drawn("rectangle", "bbox", "image", new),
    ]
    regions = {region.id: region.text for region in answered(project, backend, file, items)}
    assert regions.pop("DRAWN1") == LINE
    assert regions in ({}, {"OLD": "1250 euros"})  # left out or as it was: the page shows the same


def test_nothing_drawn_brings_nothing(
    project: Project, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    assert answered(project, backend, page[0], []) == []


def test_a_drawn_box_stores_nothing(
    project: Project, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    connection = project.connect(backend, is_interactive=True)
    (task,) = project.upload(file)
    project.draw(connection["id"], task, [drawn("rectangle", "bbox", "image", around(lines[LINE]))])
    assert project.predictions(task) == []

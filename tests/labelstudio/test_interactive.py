"""A person draws a box with auto-annotation on; the text comes back into it."""

import math
from pathlib import Path
from typing import Any

import pytest

import turned_lines
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
POLYGON_AND_LABELS = """
<View>
  <Image name="scan" value="$image"/>
  <Labels name="kinds" toName="scan"><Label value="Text"/><Label value="Stamp"/></Labels>
  <Polygon name="outline" toName="scan"/>
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


def test_a_drawn_polygon_gets_the_text_inside_it(
    api: Api, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    box = around(lines[LINE])
    right, bottom = box["x"] + box["width"], box["y"] + box["height"]
    points = [[box["x"], box["y"]], [right, box["y"]], [right, bottom], [box["x"], bottom]]
    value = {"points": points, "closed": True}
    polygon = drawn("polygon", "outline", "scan", value)
    label = drawn("labels", "kinds", "scan", {**value, "labels": ["Stamp"]})
    (region,) = answered(Project(api, POLYGON_AND_LABELS), backend, file, [polygon, label])
    assert (region.id, region.text, region.labels) == ("DRAWN1", LINE, ["Stamp"])
    assert region.items["textarea"]["value"]["points"] == points


@pytest.mark.parametrize("degrees", [-30, 20, 90])
def test_a_turned_box_gets_the_text_inside_it(
    project: Project, backend: str, tmp_path: Path, degrees: int
) -> None:
    file, size = tmp_path / "turned.png", (turned_lines.WIDTH, turned_lines.HEIGHT)
    lines = {"Total 1250 EUR": turned_lines.Line((500, 500), degrees), LINE: turned_lines.Line((500, 60), 0)}
    turned_lines.drawn(lines).save(file)
    along, down = 400, 80  # px around the line, which is 310 x 40
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    left, top = 500 - (along * cos - down * sin) / 2, 500 - (along * sin + down * cos) / 2
    value = {
        "x": left * 100 / size[0],
        "y": top * 100 / size[1],
        "width": along * 100 / size[0],
        "height": down * 100 / size[1],
        "rotation": degrees,
    }
    (region,) = answered(project, backend, file, [drawn("rectangle", "bbox", "image", value)])
    assert region.text == "Total 1250 EUR"


def test_several_new_boxes_get_each_their_text(
    project: Project, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    items = [drawn("rectangle", "bbox", "image", around(box), text) for text, box in lines.items()]
    regions = answered(project, backend, file, items)
    assert {region.id: region.text for region in regions} == {text: text for text in lines}


def test_after_a_box_is_deleted_the_others_keep_their_text(
    project: Project, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    value = around(lines[LINE])
    rest = [
        drawn("rectangle", "bbox", "image", value),
        drawn("textarea", "transcription", "image", {**value, "text": ["as a person has typed it"]}),
    ]
    # What does not come back stays on the page as it is.
    assert answered(project, backend, file, rest) == []


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

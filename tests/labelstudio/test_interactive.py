"""Interactive requests: an annotator draws a box with auto-annotation on and gets its text."""

import math
from pathlib import Path
from typing import Any

import pytest

import rotated_lines
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


def box_around(box: Box) -> dict[str, Any]:
    """A drawn box with 10 px of margin around the text, as the page sends it."""
    left, top, right, bottom = box[0] - 10, box[1] - 10, box[2] + 10, box[3] + 10
    return {
        "x": left * 100 / WIDTH,
        "y": top * 100 / HEIGHT,
        "width": (right - left) * 100 / WIDTH,
        "height": (bottom - top) * 100 / HEIGHT,
        "rotation": 0,
    }


def drawn_item(
    kind: str, name: str, image: str, value: dict[str, Any], region: str = "DRAWN1"
) -> dict[str, Any]:
    """One result item of a drawn region."""
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


def predicted_regions(
    project: Project, backend: str, file: Path, items: list[dict[str, Any]]
) -> list[Region]:
    """The regions in the answer to result items that were drawn on a new task."""
    connection = project.connect(backend, is_interactive=True)
    (task,) = project.upload(file)
    answer = project.draw(connection["id"], task, items)
    assert "errors" not in answer
    return regions_of(answer["data"]["result"])


def test_a_drawn_box_gets_the_text_inside_it(
    project: Project, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    value = box_around(lines[LINE])
    box = drawn_item("rectangle", "bbox", "image", value)
    label = drawn_item("labels", "label", "image", {**value, "labels": ["Handwriting"]})
    (region,) = predicted_regions(project, backend, file, [box, label])
    assert (region.id, region.text, region.labels) == ("DRAWN1", LINE, ["Handwriting"])
    assert region.items["rectangle"]["value"] == value


def test_a_drawn_box_with_its_own_label_gets_the_text_inside_it(
    api: Api, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    value = {**box_around(lines[LINE]), "rectanglelabels": ["Stamp"]}
    box = drawn_item("rectanglelabels", "kinds", "scan", value)
    (region,) = predicted_regions(Project(api, RECTANGLE_LABELS), backend, file, [box])
    assert (region.id, region.text, region.labels) == ("DRAWN1", LINE, ["Stamp"])


def test_a_drawn_polygon_gets_the_text_inside_it(
    api: Api, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    box = box_around(lines[LINE])
    right, bottom = box["x"] + box["width"], box["y"] + box["height"]
    points = [[box["x"], box["y"]], [right, box["y"]], [right, bottom], [box["x"], bottom]]
    value = {"points": points, "closed": True}
    polygon = drawn_item("polygon", "outline", "scan", value)
    label = drawn_item("labels", "kinds", "scan", {**value, "labels": ["Stamp"]})
    (region,) = predicted_regions(Project(api, POLYGON_AND_LABELS), backend, file, [polygon, label])
    assert (region.id, region.text, region.labels) == ("DRAWN1", LINE, ["Stamp"])
    assert region.items["textarea"]["value"]["points"] == points


@pytest.mark.parametrize("degrees", [-30, 20, 90])
def test_a_rotated_box_gets_the_text_inside_it(
    project: Project, backend: str, tmp_path: Path, degrees: int
) -> None:
    file, size = tmp_path / "rotated.png", (rotated_lines.WIDTH, rotated_lines.HEIGHT)
    lines = {
        "Total 1250 EUR": rotated_lines.Line((500, 500), degrees),
        LINE: rotated_lines.Line((500, 60), 0),
    }
    rotated_lines.drawn(lines).save(file)
    box_width, box_height = 400, 80  # px; the line is 310 x 40
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    left, top = 500 - (box_width * cos - box_height * sin) / 2, 500 - (box_width * sin + box_height * cos) / 2
    value = {
        "x": left * 100 / size[0],
        "y": top * 100 / size[1],
        "width": box_width * 100 / size[0],
        "height": box_height * 100 / size[1],
        "rotation": degrees,
    }
    (region,) = predicted_regions(project, backend, file, [drawn_item("rectangle", "bbox", "image", value)])
    assert region.text == "Total 1250 EUR"


def test_each_of_several_boxes_gets_its_text(
    project: Project, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    items = [drawn_item("rectangle", "bbox", "image", box_around(box), text) for text, box in lines.items()]
    regions = predicted_regions(project, backend, file, items)
    assert {region.id: region.text for region in regions} == {text: text for text in lines}


def test_after_a_box_is_deleted_the_others_keep_their_text(
    project: Project, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    value = box_around(lines[LINE])
    items = [
        drawn_item("rectangle", "bbox", "image", value),
        drawn_item("textarea", "transcription", "image", {**value, "text": ["as typed by the annotator"]}),
    ]
    # Regions that are missing from the answer stay on the page unchanged.
    assert predicted_regions(project, backend, file, items) == []


def test_edited_text_is_not_changed(
    project: Project, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    old, new = box_around(lines["Total 1250 EUR"]), box_around(lines[LINE])
    items = [
        drawn_item("rectangle", "bbox", "image", old, "OLD"),
        drawn_item("textarea", "transcription", "image", {**old, "text": ["1250 euros"]}, "OLD"),
        drawn_item("rectangle", "bbox", "image", new),
    ]
    regions = {region.id: region.text for region in predicted_regions(project, backend, file, items)}
    assert regions.pop("DRAWN1") == LINE
    assert regions in ({}, {"OLD": "1250 euros"})  # missing or unchanged: the page shows the same


def test_without_a_drawn_box_the_answer_is_empty(
    project: Project, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    assert predicted_regions(project, backend, page[0], []) == []


def test_a_drawn_box_stores_no_prediction(
    project: Project, backend: str, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    connection = project.connect(backend, is_interactive=True)
    (task,) = project.upload(file)
    project.draw(connection["id"], task, [drawn_item("rectangle", "bbox", "image", box_around(lines[LINE]))])
    assert project.predictions(task) == []

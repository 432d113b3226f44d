"""The labeling page of Label Studio in Chromium: regions lie over their text."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chromium import running_chromium
from label_studio import LabelStudio
from label_studio_page import LabelingPage, signed_in
from label_studio_project import GUIDES_CONFIG, Api, Project
from rotated_lines import HEIGHT, WIDTH, Line, Shape, covered_ink, drawn, image_in, shapes_over

pytestmark = pytest.mark.labelstudio

RECTANGLE_LABELS = """
<View>
  <Image name="scan" value="$image"/>
  <RectangleLabels name="kinds" toName="scan"><Label value="Text" background="green"/></RectangleLabels>
  <TextArea name="words" toName="scan" perRegion="true"/>
</View>
"""
POLYGON_AND_LABELS = """
<View>
  <Image name="scan" value="$image"/>
  <Labels name="kinds" toName="scan"><Label value="Text" background="green"/></Labels>
  <Polygon name="outline" toName="scan"/>
  <TextArea name="words" toName="scan" perRegion="true"/>
</View>
"""
LINES = {
    "Delivered on Monday": Line((330, 200), -15),
    "Total 1250 EUR": Line((780, 300), 30),
    "Invoice 4711": Line((150, 620), 90),
    "Signed by hand": Line((740, 640), -40),
    "Upside down": Line((400, 820), 180),
}
MAX_OFFSET_PX, MAX_OFFSET_DEGREES = 10, 3  # a line is 40 px high; 6 px and 1 degree were measured


@pytest.fixture(scope="module")
def labeling_page(label_studio: LabelStudio) -> Iterator[LabelingPage]:
    with running_chromium() as browser, signed_in(browser, label_studio) as page:
        yield page


@pytest.fixture(scope="module")
def rotated_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("rotated") / "rotated.png"
    drawn(LINES).save(file)
    return file


def lies_over(shape: Shape, line: Line) -> bool:
    across, down = shape.centre[0] - line.centre[0], shape.centre[1] - line.centre[1]
    angle = (shape.degrees - line.degrees + 90) % 180 - 90
    return max(abs(across), abs(down)) <= MAX_OFFSET_PX and abs(angle) <= MAX_OFFSET_DEGREES


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(GUIDES_CONFIG, id="the guide's"),
        pytest.param(RECTANGLE_LABELS, id="RectangleLabels"),
        pytest.param(POLYGON_AND_LABELS, id="Polygon and Labels"),
        pytest.param(RECTANGLE_LABELS.replace("Rectangle", "Polygon"), id="PolygonLabels"),
    ],
)
def test_regions_over_rotated_text_have_its_angle(
    api: Api, backend: str, labeling_page: LabelingPage, rotated_page: Path, config: str
) -> None:
    project = Project(api, config)
    project.connect(backend)
    (task,) = project.upload(rotated_page)
    project.retrieve_predictions()
    labeling_page.open(project.id, task, len(LINES))
    image = image_in(labeling_page.screenshot())
    shapes = shapes_over(image)
    shapes_by_line = {
        text: [shape for shape in shapes if lies_over(shape, line)] for text, line in LINES.items()
    }
    assert [len(matches) for matches in shapes_by_line.values()] == [1] * len(LINES), shapes
    assert len(shapes) == len(LINES), shapes
    assert covered_ink(image) > 0.98


def test_a_box_that_is_drawn_with_auto_annotation_gets_its_text(
    project: Project, backend: str, labeling_page: LabelingPage, rotated_page: Path
) -> None:
    project.connect(backend, is_interactive=True)
    project.hide_predictions()
    (task,) = project.upload(rotated_page)
    labeling_page.open(project.id, task, 0)
    labeling_page.annotate_automatically()
    begin, end = (550, 180), (1000, 420)
    labeling_page.draw_box(
        "Handwriting", (begin[0] / WIDTH, begin[1] / HEIGHT), (end[0] / WIDTH, end[1] / HEIGHT)
    )
    assert labeling_page.texts() == ["Total 1250 EUR"]

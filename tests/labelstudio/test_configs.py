"""Labelling configs other than the guide's: their tags are found, and Label Studio stores the results."""

from collections.abc import Callable
from pathlib import Path

import pytest

from label_studio_project import Api, Project
from label_studio_regions import Box, overlap, regions_of
from loopback import Pictures

pytestmark = pytest.mark.labelstudio

RECTANGLE_LABELS = """
<View>
  <RectangleLabels name="kinds" toName="scan"><Label value="Text"/><Label value="Stamp"/></RectangleLabels>
  <Image name="scan" value="$image"/>
  <TextArea name="words" toName="scan" perRegion="true"/>
</View>
"""
POLYGON_LABELS = """
<View>
  <Image name="scan" value="$image"/>
  <PolygonLabels name="kinds" toName="scan"><Label value="Text"/></PolygonLabels>
  <TextArea name="words" toName="scan" perRegion="true"/>
</View>
"""
POLYGON_AND_LABELS = """
<View>
  <Image name="scan" value="$image"/>
  <Labels name="kinds" toName="scan"><Label value="Text"/></Labels>
  <Polygon name="outline" toName="scan"/>
  <TextArea name="words" toName="scan" perRegion="true"/>
</View>
"""

PAGES = """
<View>
  <Image name="scan" valueList="$pages"/>
  <RectangleLabels name="kinds" toName="scan"><Label value="Text"/></RectangleLabels>
  <TextArea name="words" toName="scan" perRegion="true"/>
</View>
"""


@pytest.mark.parametrize(
    ("config", "types"),
    [
        pytest.param(RECTANGLE_LABELS, {"rectanglelabels", "textarea"}, id="RectangleLabels"),
        pytest.param(POLYGON_LABELS, {"polygonlabels", "textarea"}, id="PolygonLabels"),
        pytest.param(POLYGON_AND_LABELS, {"polygon", "labels", "textarea"}, id="Polygon and Labels"),
    ],
)
def test_other_tags_and_names_are_filled_too(
    api: Api, backend: str, page: tuple[Path, dict[str, Box]], config: str, types: set[str]
) -> None:
    project = Project(api, config)
    project.connect(backend)
    file, lines = page
    (task,) = project.upload(file)
    project.retrieve_predictions()
    (prediction,) = project.predictions(task)
    regions = regions_of(prediction["result"])
    assert [region.text for region in regions] == list(lines)
    assert [set(region.items) for region in regions] == [types] * len(lines)
    for region, drawn in zip(regions, lines.values(), strict=True):
        assert overlap(region.box, drawn) > 0.6, (region.text, region.box, drawn)


def test_the_pages_of_one_task_are_told_apart(
    api: Api,
    backend: str,
    served: Pictures,
    picture: Callable[[str], Path],
    page: tuple[Path, dict[str, Box]],
) -> None:
    project = Project(api, PAGES)
    project.connect(backend)
    files = [picture("issue_170.png"), page[0]]
    (task,) = project.add_data({"pages": [served.put(file.name, file.read_bytes()) for file in files]})
    project.retrieve_predictions()
    (prediction,) = project.predictions(task)
    found = [
        (item["item_index"], item["value"]["text"])
        for item in prediction["result"]
        if "text" in item["value"]
    ]
    assert found == [(0, ["TEST"]), *((1, [line]) for line in page[1])]

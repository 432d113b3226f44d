"""Label configs other than the guide's: the backend fills their tags, and Label Studio stores the results."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

from label_studio_project import Api, Project
from label_studio_regions import Box, overlap, regions_of
from loopback import ImageFiles

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
TWO_SETS_OF_LABELS = """
<View>
  <Image name="scan" value="$image"/>
  <Labels name="script" toName="scan"><Label value="Latin"/><Label value="Greek"/></Labels>
  <Labels name="kinds" toName="scan"><Label value="Stamp"/><Label value="Text" alias="txt"/></Labels>
  <Rectangle name="box" toName="scan"/>
  <TextArea name="words" toName="scan" perRegion="true"/>
</View>
"""
TWO_SETS_OF_RECTANGLES = """
<View>
  <Image name="scan" value="$image"/>
  <RectangleLabels name="layout" toName="scan"><Label value="Table"/><Label value="Figure"/></RectangleLabels>
  <RectangleLabels name="kinds" toName="scan"><Label value="Stamp"/><Label value="Text"/></RectangleLabels>
  <TextArea name="words" toName="scan" perRegion="true"/>
</View>
"""
TWO_IMAGES = """
<View>
  <Image name="logo" value="$image"/>
  <Image name="scan" value="$image"/>
  <Labels name="kinds" toName="scan"><Label value="Text"/></Labels>
  <Rectangle name="box" toName="scan"/>
  <TextArea name="words" toName="scan" perRegion="true"/>
</View>
"""
NO_LABELS = """
<View>
  <Image name="scan" value="$image"/>
  <Rectangle name="box" toName="scan"/>
  <TextArea name="words" toName="scan" perRegion="true"/>
</View>
"""
OTHER_LABELS = """
<View>
  <Image name="scan" value="$image"/>
  <Labels name="kinds" toName="scan"><Label value="Word"/><Label value="Line"/></Labels>
  <Rectangle name="box" toName="scan"/>
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
DOCUMENT = """
<View>
  <Image name="scan" value="$image"/>
  <RectangleLabels name="kinds" toName="scan"><Label value="Text"/></RectangleLabels>
  <TextArea name="words" toName="scan" perRegion="true"/>
  <TextArea name="document" toName="scan" model_format="doclang"/>
</View>
"""


@pytest.mark.parametrize(
    ("config", "tags", "label"),
    [
        pytest.param(
            RECTANGLE_LABELS, {"rectanglelabels": "kinds", "textarea": "words"}, "Text", id="RectangleLabels"
        ),
        pytest.param(
            POLYGON_LABELS, {"polygonlabels": "kinds", "textarea": "words"}, "Text", id="PolygonLabels"
        ),
        pytest.param(
            POLYGON_AND_LABELS,
            {"polygon": "outline", "labels": "kinds", "textarea": "words"},
            "Text",
            id="Polygon and Labels",
        ),
        pytest.param(
            TWO_SETS_OF_LABELS,
            {"rectangle": "box", "labels": "kinds", "textarea": "words"},
            "txt",
            id="two Labels",
        ),
        pytest.param(
            TWO_SETS_OF_RECTANGLES,
            {"rectanglelabels": "kinds", "textarea": "words"},
            "Text",
            id="two RectangleLabels",
        ),
        pytest.param(
            TWO_IMAGES, {"rectangle": "box", "labels": "kinds", "textarea": "words"}, "Text", id="two Images"
        ),
        pytest.param(NO_LABELS, {"rectangle": "box", "textarea": "words"}, None, id="no labels"),
        pytest.param(OTHER_LABELS, {"rectangle": "box", "textarea": "words"}, None, id="other Labels"),
        pytest.param(
            OTHER_LABELS.replace('<Rectangle name="box" toName="scan"/>', "").replace(
                "Labels", "RectangleLabels"
            ),
            {"rectanglelabels": "kinds", "textarea": "words"},
            None,
            id="other RectangleLabels",
        ),
    ],
)
def test_tags_of_other_types_and_names_are_filled(
    api: Api,
    backend: str,
    page: tuple[Path, dict[str, Box]],
    config: str,
    tags: dict[str, str],
    label: str | None,
) -> None:
    project = Project(api, config)
    project.connect(backend)
    file, lines = page
    (task,) = project.upload(file)
    project.retrieve_predictions()
    (prediction,) = project.predictions(task)
    regions = regions_of(prediction["result"])
    assert [region.text for region in regions] == list(lines)
    tag_names = [{kind: item["from_name"] for kind, item in region.items.items()} for region in regions]
    assert tag_names == [tags] * len(lines)
    assert [region.labels for region in regions] == [[label] if label else []] * len(lines)
    for region, text_box in zip(regions, lines.values(), strict=True):
        assert overlap(region.box, text_box) > 0.6, (region.text, region.box, text_box)


def test_connecting_a_model_logs_a_missing_label(api: Api, backend: str, backend_log: Path) -> None:
    Project(api, OTHER_LABELS.replace("kinds", "sorts")).connect(backend)
    problem = "the label config's 'sorts' has no label 'Text' (it has: 'Word', 'Line')"
    assert (
        f"setup: {problem}, so regions get no label; set PREDICTED_LABEL to one of its labels"
        in backend_log.read_text()
    )


@pytest.mark.parametrize(
    ("value", "data"),
    [
        pytest.param("$meta.scan", lambda image_path: {"meta": {"scan": image_path}}, id="in an object"),
        pytest.param(
            "$scans[1].url", lambda image_path: {"scans": [{}, {"url": image_path}]}, id="in a list"
        ),
        pytest.param("$scans", lambda image_path: {"scans": [image_path, "other"]}, id="first of a list"),
    ],
)
def test_an_image_may_be_anywhere_in_the_task_data(
    api: Api,
    backend: str,
    image_path: Callable[[str], Path],
    as_data_uri: Callable[[Path], str],
    value: str,
    data: Callable[[str], dict],
) -> None:
    project = Project(api, RECTANGLE_LABELS.replace("$image", value))
    project.connect(backend)
    (task,) = project.add_data(data(as_data_uri(image_path("issue_170.png"))))
    project.retrieve_predictions()
    (prediction,) = project.predictions(task)
    assert [region.text for region in regions_of(prediction["result"])] == ["TEST"]


def test_each_text_names_its_page_of_the_task(
    api: Api,
    backend: str,
    image_server: ImageFiles,
    image_path: Callable[[str], Path],
    page: tuple[Path, dict[str, Box]],
) -> None:
    project = Project(api, PAGES)
    project.connect(backend)
    files = [image_path("issue_170.png"), page[0]]
    (task,) = project.add_data({"pages": [image_server.put(file.name, file.read_bytes()) for file in files]})
    project.retrieve_predictions()
    (prediction,) = project.predictions(task)
    page_texts = [
        (item["item_index"], item["value"]["text"])
        for item in prediction["result"]
        if "text" in item["value"]
    ]
    assert page_texts == [(0, ["TEST"]), *((1, [line]) for line in page[1])]


def test_label_studio_exports_the_document_of_a_prediction(
    api: Api, backend: str, image_path: Callable[[str], Path], as_data_uri: Callable[[Path], str]
) -> None:
    project = Project(api, DOCUMENT)
    project.connect(backend)
    (task,) = project.add_data({"image": as_data_uri(image_path("issue_170.png"))})
    project.retrieve_predictions()
    (prediction,) = project.predictions(task)
    project.submit(task, prediction)
    with ZipFile(BytesIO(project.export_file("DOCLANG"))) as archive:
        document = ElementTree.fromstring(archive.read("document.xml"))
    assert "".join(document.itertext()).split() == ["TEST"]

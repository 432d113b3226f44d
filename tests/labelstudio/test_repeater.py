"""A Repeater shows several pages of a task, each in its own Image.

With the default settings of Label Studio: if it checks predictions, it refuses those of a Repeater.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chromium import running_chromium
from label_studio import LabelStudio, running_label_studio
from label_studio_page import signed_in
from label_studio_project import Api, Project, RefusedError
from label_studio_regions import regions_of
from rotated_lines import Line, covered_ink, drawn, image_in

pytestmark = pytest.mark.labelstudio

REPEATER = """
<View>
  <Repeater on="$doc.pages" indexFlag="{{idx}}">
    <View>
      <Image name="page_{{idx}}" value="$doc.pages[{{idx}}].scan"/>
      <Labels name="kind_{{idx}}" toName="page_{{idx}}"><Label value="Text" background="green"/></Labels>
      <Rectangle name="box_{{idx}}" toName="page_{{idx}}"/>
      <TextArea name="words_{{idx}}" toName="page_{{idx}}" perRegion="true"/>
    </View>
  </Repeater>
</View>
"""
PAGES = (
    {"Invoice 4711": Line((300, 200), 20), "Delivered on Monday": Line((600, 600), 0)},
    {"Total 1250 EUR": Line((750, 500), -30)},
)


@pytest.fixture(scope="module")
def default_label_studio(
    tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]
) -> Iterator[LabelStudio]:
    with running_label_studio(tmp_path_factory.mktemp("default-label-studio"), say, checks=False) as running:
        yield running


@pytest.fixture(scope="module")
def default_api(default_label_studio: LabelStudio) -> Iterator[Api]:
    api = Api(default_label_studio.url, default_label_studio.legacy_token)
    yield api
    api.close()


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory, as_data_uri: Callable[[Path], str]) -> dict:
    """The data of a task with the two pages."""
    file = tmp_path_factory.mktemp("pages") / "page.png"

    def page(lines: dict[str, Line]) -> dict[str, str]:
        drawn(lines).save(file)
        return {"scan": as_data_uri(file)}

    return {"doc": {"pages": [page(lines) for lines in PAGES]}}


def test_each_page_has_its_own_regions(
    default_api: Api, default_label_studio: LabelStudio, backend: str, document: dict
) -> None:
    project = Project(default_api, REPEATER)
    project.connect(backend)
    (task,) = project.add_data(document)
    project.retrieve_predictions()
    (prediction,) = project.predictions(task)
    texts_by_image: dict[str, set[str]] = {}
    for region in regions_of(prediction["result"]):
        (image,) = {item["to_name"] for item in region.items.values()}
        texts_by_image.setdefault(image, set()).add(region.text)
    assert texts_by_image == {f"page_{number}": set(lines) for number, lines in enumerate(PAGES)}
    with running_chromium() as browser, signed_in(browser, default_label_studio) as page:
        page.open(project.id, task, regions=3, images=2)
        for number in range(len(PAGES)):
            assert covered_ink(image_in(page.screenshot(number))) > 0.98


def test_a_box_that_is_drawn_on_the_second_page_gets_its_text(
    default_api: Api, backend: str, document: dict
) -> None:
    project = Project(default_api, REPEATER)
    connection = project.connect(backend, is_interactive=True)
    (task,) = project.add_data(document)
    box = {
        "id": "DRAWN1",
        "type": "rectangle",
        "from_name": "box_1",
        "to_name": "page_1",
        "original_width": 1100,
        "original_height": 900,
        "image_rotation": 0,
        "value": {"x": 40, "y": 30, "width": 50, "height": 50, "rotation": 0},
    }
    answer = project.draw(connection["id"], task, [box])
    (region,) = regions_of(answer["data"]["result"])
    assert (region.id, region.text) == ("DRAWN1", "Total 1250 EUR")
    assert region.items["textarea"]["from_name"] == "words_1"


def test_a_label_studio_that_checks_predictions_refuses_those_of_a_repeater(
    api: Api, backend: str, document: dict
) -> None:
    project = Project(api, REPEATER)
    project.connect(backend)
    project.add_data(document)
    with pytest.raises(RefusedError, match="'box_0' not found in configuration"):
        project.retrieve_predictions()

"""Several pages of a task, each in an Image of its own, by a Repeater.

In a Label Studio as it comes: one that checks predictions refuses those of a Repeater.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chromium import running_chromium
from label_studio import LabelStudio, running_label_studio
from label_studio_page import signed_in
from label_studio_project import Api, Project, RefusedError
from label_studio_regions import regions_of
from turned_lines import Line, covered_ink, drawn, image_in

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
def as_it_comes(
    tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]
) -> Iterator[LabelStudio]:
    with running_label_studio(tmp_path_factory.mktemp("as-it-comes"), say, checks=False) as running:
        yield running


@pytest.fixture(scope="module")
def its_api(as_it_comes: LabelStudio) -> Iterator[Api]:
    api = Api(as_it_comes.url, as_it_comes.legacy_token)
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


def test_each_page_is_seen_with_its_own_text_under_regions(
    its_api: Api, as_it_comes: LabelStudio, backend: str, document: dict
) -> None:
    project = Project(its_api, REPEATER)
    project.connect(backend)
    (task,) = project.add_data(document)
    project.retrieve_predictions()
    (prediction,) = project.predictions(task)
    found: dict[str, set[str]] = {}
    for region in regions_of(prediction["result"]):
        (image,) = {item["to_name"] for item in region.items.values()}
        found.setdefault(image, set()).add(region.text)
    assert found == {f"page_{number}": set(lines) for number, lines in enumerate(PAGES)}
    with running_chromium() as browser, signed_in(browser, as_it_comes) as page:
        page.open(project.id, task, regions=3, images=2)
        for number in range(len(PAGES)):
            assert covered_ink(image_in(page.seen(number))) > 0.98


def test_a_box_drawn_on_the_second_page_gets_its_text(its_api: Api, backend: str, document: dict) -> None:
    project = Project(its_api, REPEATER)
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

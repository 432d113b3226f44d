"""The guide's table "Label Studio field mapping": what each variable changes in the answer."""

from typing import Any

import pytest

# Two of everything, and the names of the guide come first.
CONFIG = """
<View>
  <Image name="image" value="$image"/>
  <Image name="scan" value="$scan"/>
  <Labels name="label" toName="image"><Label value="Text"/><Label value="Handwriting"/></Labels>
  <Labels name="kind" toName="image"><Label value="Text"/><Label value="Print"/></Labels>
  <Rectangle name="bbox" toName="image"/>
  <Rectangle name="frame" toName="image"/>
  <TextArea name="transcription" toName="image" perRegion="true"/>
  <TextArea name="said" toName="image" perRegion="true"/>
  <Labels name="scan-label" toName="scan"><Label value="Text"/></Labels>
  <Rectangle name="scan-bbox" toName="scan"/>
  <TextArea name="scan-text" toName="scan" perRegion="true"/>
</View>
"""


@pytest.fixture
def items(client_with, inline):
    """`items(variables, config, key)`: the items of the region that was read, by their type."""

    def answered(variables: dict[str, str], config: str = CONFIG, key: str = "image") -> dict[str, Any]:
        body = {"tasks": [{"id": 1, "data": {key: inline}}], "label_config": config}
        (prediction,) = client_with(variables).post("/predict", json=body).json["results"]
        return {item["type"]: item for item in prediction["result"]}

    return answered


def test_without_variables_the_guides_names_are_answered(items):
    for config in (CONFIG, ""):  # also where no configuration is sent
        read = items({}, config)
        names = {kind: (item["from_name"], item["to_name"]) for kind, item in read.items()}
        assert names == {
            "rectangle": ("bbox", "image"),
            "labels": ("label", "image"),
            "textarea": ("transcription", "image"),
        }
        assert read["labels"]["value"]["labels"] == ["Text"]


def test_image_data_key_is_where_the_image_is_found(items):
    assert items({"IMAGE_DATA_KEY": "photo"}, key="photo")["textarea"]["value"]["text"] == ["text"]


def test_image_to_name_chooses_the_image(items):
    read = items({"IMAGE_TO_NAME": "scan"}, key="scan")
    assert {item["to_name"] for item in read.values()} == {"scan"}
    assert read["rectangle"]["from_name"] == "scan-bbox"


def test_bbox_from_name_chooses_the_rectangle(items):
    assert items({"BBOX_FROM_NAME": "frame"})["rectangle"]["from_name"] == "frame"


def test_label_from_name_chooses_the_labels(items):
    assert items({"LABEL_FROM_NAME": "kind"})["labels"]["from_name"] == "kind"


def test_text_from_name_chooses_the_text_area(items):
    assert items({"TEXT_FROM_NAME": "said"})["textarea"]["from_name"] == "said"


def test_predicted_label_is_given_to_what_was_read(items):
    assert items({"PREDICTED_LABEL": "Handwriting"})["labels"]["value"]["labels"] == ["Handwriting"]


def test_a_name_that_the_configuration_lacks_is_refused_with_those_it_has(client_with, inline):
    body = {"tasks": [{"id": 1, "data": {"image": inline}}], "label_config": CONFIG}
    answer = client_with({"BBOX_FROM_NAME": "boxes"}).post("/predict", json=body)
    assert answer.status_code == 400
    assert "BBOX_FROM_NAME is 'boxes'" in answer.json["detail"]
    assert "bbox, frame" in answer.json["detail"]

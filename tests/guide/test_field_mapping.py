"""The guide's table "Label Studio field mapping": how each variable changes the prediction."""

from typing import Any

import pytest

# Two tags of each type; those with the names of the guide come first.
CONFIG = """
<View>
  <Image name="image" value="$image"/>
  <Image name="scan" value="$scan"/>
  <Labels name="label" toName="image"><Label value="Text"/><Label value="Handwriting"/></Labels>
  <Labels name="kind" toName="image"><Label value="Text"/><Label value="Print"/></Labels>
  <Rectangle name="bbox" toName="image"/>
  <Rectangle name="frame" toName="image"/>
  <TextArea name="transcription" toName="image" perRegion="true"/>
  <TextArea name="words" toName="image" perRegion="true"/>
  <Labels name="scan-label" toName="scan"><Label value="Text"/></Labels>
  <Rectangle name="scan-bbox" toName="scan"/>
  <TextArea name="scan-text" toName="scan" perRegion="true"/>
</View>
"""


@pytest.fixture
def items(client_with, data_uri):
    """`items(variables, config, key)`: the result items of the only region, by type."""

    def predict(variables: dict[str, str], config: str = CONFIG, key: str = "image") -> dict[str, Any]:
        body = {"tasks": [{"id": 1, "data": {key: data_uri}}], "label_config": config}
        (prediction,) = client_with(variables).post("/predict", json=body).json["results"]
        return {item["type"]: item for item in prediction["result"]}

    return predict


def test_without_variables_the_names_of_the_guide_are_used(items):
    for config in (CONFIG, ""):  # also for a request without a label config
        read = items({}, config)
        names = {kind: (item["from_name"], item["to_name"]) for kind, item in read.items()}
        assert names == {
            "rectangle": ("bbox", "image"),
            "labels": ("label", "image"),
            "textarea": ("transcription", "image"),
        }
        assert read["labels"]["value"]["labels"] == ["Text"]


def test_image_data_key_chooses_the_key_of_the_image(items):
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
    assert items({"TEXT_FROM_NAME": "words"})["textarea"]["from_name"] == "words"


def test_predicted_label_is_the_label_of_each_region(items):
    assert items({"PREDICTED_LABEL": "Handwriting"})["labels"]["value"]["labels"] == ["Handwriting"]


def test_an_unknown_name_is_refused_with_the_existing_names(client_with, data_uri):
    body = {"tasks": [{"id": 1, "data": {"image": data_uri}}], "label_config": CONFIG}
    answer = client_with({"BBOX_FROM_NAME": "boxes"}).post("/predict", json=body)
    assert answer.status_code == 400
    assert "BBOX_FROM_NAME is 'boxes'" in answer.json["detail"]
    assert "bbox, frame" in answer.json["detail"]

"""What annotators do with predicted lines, as Label Studio's events tell it and the metrics count it."""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from chromium import running_chromium
from label_studio import LabelStudio
from label_studio_page import LabelingPage, signed_in
from label_studio_project import Json, Project
from loopback import Relay
from metric_samples import metric_samples

pytestmark = pytest.mark.labelstudio

PASSWORD = "Basic " + base64.b64encode(b"ocr:right").decode()
DRAWN = {"x": 5.0, "y": 85.0, "width": 20.0, "height": 8.0, "rotation": 0}
METRIC = "ocr_annotated_lines_total"


def annotated_lines(backend: str) -> Counter[str]:
    """Lines by outcome."""
    text = requests.get(f"{backend}/metrics", timeout=30).text
    lines: Counter[str] = Counter()
    for name, value in metric_samples(text).items():
        if name.startswith(METRIC):
            lines[name.partition('outcome="')[2].partition('"')[0]] += int(value)
    return lines


def items(region: str, text: str) -> list[Json]:
    """The items of a line that a person has drawn."""
    base = {"id": region, "to_name": "image", "original_width": 900, "original_height": 600}
    base |= {"origin": "manual", "image_rotation": 0}
    return [
        {**base, "from_name": "bbox", "type": "rectangle", "value": DRAWN},
        {**base, "from_name": "label", "type": "labels", "value": {**DRAWN, "labels": ["Text"]}},
        {**base, "from_name": "transcription", "type": "textarea", "value": {**DRAWN, "text": [text]}},
    ]


@pytest.fixture(scope="module")
def labeling_page(label_studio: LabelStudio) -> Iterator[LabelingPage]:
    with running_chromium() as browser, signed_in(browser, label_studio) as page:
        yield page


def test_a_webhook_with_the_password_counts_the_lines(
    project: Project, guarded_backend: str, page: tuple[Path, dict[str, object]]
) -> None:
    # Label Studio adds a webhook of its own when a backend is connected, without the password.
    settings = {"auth_method": "BASIC_AUTH", "basic_auth_user": "ocr", "basic_auth_pass": "right"}
    project.connect(guarded_backend, **settings)
    body = {
        "project": project.id,
        "url": f"{guarded_backend}/webhook",
        "headers": {"Authorization": PASSWORD},
    }
    project.api.call("POST", "webhooks/", json=body)
    (task,) = project.upload(page[0])
    project.retrieve_predictions()
    (prediction,) = project.predictions(task)
    before = annotated_lines(guarded_backend)
    for item in prediction["result"]:
        item["origin"] = "prediction"
        if item["type"] == "textarea" and item["value"]["text"] == ["Invoice 4711"]:
            item["value"]["text"] = ["Invoice 4712"]
    prediction["result"] += items("DRAWN1", "Signed by hand")
    project.submit(task, prediction)
    counted = annotated_lines(guarded_backend) - before
    assert counted == {"accepted": len(page[1]) - 1, "changed": 1, "added": 1}


def test_a_text_that_is_edited_on_the_page_is_counted_as_changed(
    project: Project,
    relay: Relay,
    backend: str,
    labeling_page: LabelingPage,
    page: tuple[Path, dict[str, object]],
) -> None:
    project.connect(relay.url)
    (task,) = project.upload(page[0])
    project.retrieve_predictions()
    before = annotated_lines(backend)
    labeling_page.open(project.id, task, len(page[1]))
    labeling_page.rewrite("Invoice 4711", "Invoice 4712")
    labeling_page.submit()
    events = [json.loads(event.sent) for event in relay.to("/webhook")]
    (created,) = (event for event in events if event["action"] == "ANNOTATION_CREATED")
    origins = {item["origin"] for item in created["annotation"]["result"]}
    assert origins == {"prediction"}  # it does not say which text was edited
    assert annotated_lines(backend) - before == {"accepted": len(page[1]) - 1, "changed": 1}


def test_predictions_that_become_annotations_in_bulk_are_accepted(
    connected_project: Project, backend: str, page: tuple[Path, dict[str, object]]
) -> None:
    for _ in range(2):
        connected_project.upload(page[0])
    connected_project.retrieve_predictions()
    before = annotated_lines(backend)
    body = {"selectedItems": {"all": True, "excluded": []}, "project": connected_project.id}
    params = {"id": "predictions_to_annotations", "project": connected_project.id}
    connected_project.api.call("POST", "dm/actions", params=params, json=body)
    assert annotated_lines(backend) - before == {"accepted": 2 * len(page[1])}

"""The outcomes of interactive requests: drawn boxes and their text."""

import threading
import time

import numpy as np
import pytest

from fake_reader import FakeReader, line
from ocr_backend.labelstudio.request_bodies import Task
from predict_requests import (
    PAGES_CONFIG,
    REPEATER_CONFIG,
    MakePredictor,
    box,
    predict,
    predict_regions,
    soon,
    text_results,
)
from scripted_server import ScriptedServer


def by_width(image: np.ndarray) -> list:
    """Reads an image as its width, so that each image has a text of its own."""
    return [line(str(image.shape[1]))] if image.shape[1] > 1 else []


def test_a_box_on_an_image_of_a_repeater_gets_the_text_of_that_image(
    web: ScriptedServer, make_predictor: MakePredictor, png
) -> None:
    reader = FakeReader(lambda image: [line("dark" if image.max() == 0 else "light")])
    pages = [{"page": web.serve(f"/{colour}.png", png(colour=colour))} for colour in ("white", "black")]
    context = {
        "result": [
            box("a", to_name="page_1"),
            box("b", to_name="page_0"),
            box("c", to_name="page_7"),
            box("d", to_name="page_{{idx}}"),
        ]
    }
    outcome = predict_regions(make_predictor(reader), Task(1, {"doc": pages}), context, REPEATER_CONFIG)
    boxes = [
        (item["id"], item["from_name"], item["to_name"], item["value"]["text"])
        for item in text_results(outcome)
    ]
    assert boxes == [("a", "words_1", "page_1", ["dark"]), ("b", "words_0", "page_0", ["light"])]


def test_each_drawn_box_gets_the_text_inside_it(
    web: ScriptedServer, make_predictor: MakePredictor, png
) -> None:
    reader = FakeReader(lambda image: [line("low", 0.1), line("text", 0.3)])
    task = Task(1, {"image": web.serve("/a.png", png(200, 100))})
    context = {"result": [box("a"), box("b", 50)]}
    outcome = predict_regions(make_predictor(reader, score_threshold=0.9), task, context)
    assert outcome.outcome == "read"
    assert [(item["id"], item["type"]) for item in outcome.prediction["result"]] == [
        ("a", "rectangle"),
        ("a", "textarea"),
        ("b", "rectangle"),
        ("b", "textarea"),
    ]
    assert outcome.prediction["result"][1]["value"]["text"] == ["low\ntext"], "no threshold for a drawn box"
    assert outcome.prediction["score"] == pytest.approx(0.2)


def test_a_box_is_read_on_its_page(web: ScriptedServer, make_predictor: MakePredictor, png) -> None:
    reader = FakeReader(by_width)
    pages = [web.serve("/1.png", png(100)), web.serve("/2.png", png(200))]
    context = {"result": [box("a", item_index=1, to_name="scan"), box("b", item_index=9, to_name="scan")]}
    outcome = predict_regions(make_predictor(reader), Task(1, {"pages": pages}), context, PAGES_CONFIG)
    assert [item["id"] for item in outcome.prediction["result"]] == ["a", "a"]
    assert [sent.path for sent in web.requests] == ["/2.png"]


def test_without_drawn_boxes_nothing_is_fetched(
    web: ScriptedServer, make_predictor: MakePredictor, png
) -> None:
    task = Task(1, {"image": web.serve("/a.png", png())})
    assert predict_regions(make_predictor(), task, {"result": []}).prediction["result"] == []
    assert web.requests == []


def test_a_box_in_an_image_that_cannot_be_fetched_has_no_prediction(
    web: ScriptedServer, make_predictor: MakePredictor
) -> None:
    predictor = make_predictor()
    missing = Task(1, {"image": web.url + "/missing.png"})
    assert predict_regions(predictor, missing, {"result": [box()]}).outcome == "unreachable"
    assert predict_regions(predictor, Task(1, {}), {"result": [box()]}).outcome == "refused"


def test_a_box_without_text_is_not_returned(web: ScriptedServer, make_predictor: MakePredictor, png) -> None:
    task = Task(1, {"image": web.serve("/a.png", png())})
    outcome = predict_regions(make_predictor(FakeReader(lambda image: [])), task, {"result": [box()]})
    assert (outcome.outcome, outcome.prediction["result"]) == ("no_text", [])


def test_reading_of_many_drawn_boxes_ends_at_the_deadline(
    web: ScriptedServer, make_predictor: MakePredictor, png
) -> None:
    deadline, images_read = soon(1), []

    def read(image: np.ndarray) -> list:
        threading.Event().wait(max(deadline - time.monotonic(), 0))
        images_read.append(image)
        return [line("text")]

    task = Task(1, {"image": web.serve("/a.png", png())})
    predictor = make_predictor(FakeReader(read, slots=1))
    boxes = [box(str(number)) for number in range(50)]
    assert predict_regions(predictor, task, {"result": boxes}, "", deadline).outcome == "late"
    assert predict_regions(predictor, task, {"result": [box()]}).outcome == "read"  # the slot is free again
    assert len(images_read) <= 4


TWO_IMAGES = """
<View>
  <Image name="front" value="$front"/><Image name="back" value="$back"/>
  <Rectangle name="box" toName="front,back"/><TextArea name="words" toName="front,back" perRegion="true"/>
</View>
"""


def test_boxes_on_each_image_of_a_task_get_their_text(
    web: ScriptedServer, make_predictor: MakePredictor, png
) -> None:
    predictor = make_predictor(FakeReader(lambda image: [line("text")]))
    task = Task(1, {"front": web.serve("/1.png", png(100)), "back": web.serve("/2.png", png(200))})
    context = {"result": [box("a", to_name="front"), box("b", to_name="back")]}
    outcome = predict_regions(predictor, task, context, TWO_IMAGES)
    assert [(item["id"], item["to_name"]) for item in text_results(outcome)] == [
        ("a", "front"),
        ("b", "back"),
    ]
    (outcome,) = predict(predictor, [task], TWO_IMAGES)
    assert [item["to_name"] for item in text_results(outcome)] == ["front", "back"]
    assert len({item["id"] for item in text_results(outcome)}) == 2


def test_a_box_without_a_text_area_is_not_returned(
    web: ScriptedServer, make_predictor: MakePredictor, png
) -> None:
    config = '<View><Image name="image" value="$image"/><Rectangle name="bbox" toName="image"/></View>'
    task = Task(1, {"image": web.serve("/a.png", png())})
    assert predict_regions(make_predictor(), task, {"result": [box()]}, config).prediction["result"] == []

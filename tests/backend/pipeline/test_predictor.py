"""The outcomes of tasks with whole images."""

import numpy as np

from fake_reader import FakeReader, line
from ocr_backend.labelstudio.request_bodies import Task
from ocr_backend.pipeline.predictor import TaskOutcome
from predict_requests import (
    PAGES_CONFIG,
    REPEATER_CONFIG,
    MakePredictor,
    names,
    predict,
    tasks,
    text_results,
    texts,
)
from scripted_server import ScriptedServer


def image_names(outcome: TaskOutcome) -> list[str]:
    return [result["to_name"] for result in text_results(outcome)]


def page_indices(outcome: TaskOutcome) -> list[int]:
    return [result["item_index"] for result in text_results(outcome)]


def by_width(image: np.ndarray) -> list:
    """Reads an image as its width, so that each image has a text of its own."""
    return [line(str(image.shape[1]))] if image.shape[1] > 1 else []


def test_every_task_has_its_outcome_in_the_order_of_the_tasks(
    web: ScriptedServer, make_predictor: MakePredictor, png
) -> None:
    good = [web.serve(f"/{width}.png", png(width)) for width in (30, 40, 50)]
    outcomes = predict(
        make_predictor(FakeReader(by_width)),
        tasks(
            good[0],
            web.url + "/missing.png",
            good[1],
            web.serve("/broken.png", png()[:60]),
            "ftp://web.example/x.png",
            web.serve("/blank.png", png(1, 1)),
            web.serve("/empty.png", b""),
            None,
            good[2],
        ),
    )
    assert names(outcomes) == [
        "read",
        "unreachable",
        "read",
        "broken",
        "refused",
        "no_text",
        "broken",
        "refused",
        "read",
    ]
    assert [texts(outcomes[index]) for index in (0, 2, 8)] == [["30"], ["40"], ["50"]]
    assert [bool(outcome.reason) for outcome in outcomes] == [
        outcome.prediction is None for outcome in outcomes
    ]
    assert outcomes[5].prediction == {
        "result": [],
        "score": 0.0,
        "model_version": outcomes[0].prediction["model_version"],
    }


def test_a_task_without_the_key_is_refused(make_predictor: MakePredictor) -> None:
    (outcome,) = predict(make_predictor(), [Task(1, {"scan": "x"})])
    assert outcome == TaskOutcome("refused", None, "the task's data has no 'image'; it has scan")


def test_an_error_of_the_reader_affects_one_image_only(
    web: ScriptedServer, make_predictor: MakePredictor, png, caplog
) -> None:
    def read(image: np.ndarray) -> list:
        if image.shape[1] == 40:
            raise RuntimeError("engine says /secret/path")
        return by_width(image)

    urls = [web.serve(f"/{width}.png", png(width)) for width in (30, 40, 50)]
    outcomes = predict(make_predictor(FakeReader(read)), tasks(*urls))
    assert names(outcomes) == ["read", "failed", "read"]
    assert outcomes[1].reason == "the backend failed on this image; see its log"
    assert "engine says /secret/path" in caplog.text


def test_the_pages_of_a_task_are_read_in_order(
    web: ScriptedServer, make_predictor: MakePredictor, png
) -> None:
    pages = [web.serve(f"/{width}.png", png(width)) for width in (30, 40, 50)]
    (outcome,) = predict(make_predictor(FakeReader(by_width)), [Task(1, {"pages": pages})], PAGES_CONFIG)
    assert texts(outcome) == ["30", "40", "50"]
    assert page_indices(outcome) == [
        0,
        1,
        2,
    ]


def test_the_images_of_a_repeater_are_read_in_order(
    web: ScriptedServer, make_predictor: MakePredictor, png
) -> None:
    pages = [{"page": web.serve(f"/{width}.png", png(width))} for width in (30, 40, 50)]
    requested = [Task(1, {"doc": pages}), Task(2, {"doc": "x"}), Task(3, {"doc": pages[1:]})]
    first, refused, last = predict(make_predictor(FakeReader(by_width)), requested, REPEATER_CONFIG)
    assert [(texts(outcome), image_names(outcome)) for outcome in (first, last)] == [
        (["30", "40", "50"], ["page_0", "page_1", "page_2"]),
        (["40", "50"], ["page_0", "page_1"]),
    ]
    assert (refused.outcome, refused.prediction) == ("refused", None)
    assert "no list with entries at 'doc'" in refused.reason


def test_a_task_with_a_failed_image_has_no_prediction(
    web: ScriptedServer, make_predictor: MakePredictor, png
) -> None:
    good = {"page": web.serve("/a.png", png())}
    requested = [Task(1, {"doc": [good, {"page": web.url + "/missing.png"}]}), Task(2, {"doc": [good]})]
    outcomes = predict(make_predictor(), requested, REPEATER_CONFIG)
    assert names(outcomes) == ["unreachable", "read"]


def test_a_task_with_a_failed_page_has_no_prediction(
    web: ScriptedServer, make_predictor: MakePredictor, png
) -> None:
    pages = [web.serve("/a.png", png()), web.url + "/missing.png"]
    (outcome,) = predict(make_predictor(), [Task(1, {"pages": pages})], PAGES_CONFIG)
    assert outcome == TaskOutcome("unreachable", None, f"{web.url}/missing.png answered 404")


def test_a_task_with_too_many_pages_is_refused(make_predictor: MakePredictor, png) -> None:
    pages = [f"http://127.0.0.1/{number}.png" for number in range(6)]
    (outcome,) = predict(make_predictor(max_pages=5), [Task(1, {"pages": pages})], PAGES_CONFIG)
    assert outcome == TaskOutcome(
        "refused", None, "the task has 6 pages; at most 5 are allowed (OCR_MAX_PAGES)"
    )


def test_equal_images_are_read_once(web: ScriptedServer, make_predictor: MakePredictor, png) -> None:
    urls = [web.serve(f"/{number}.png", png(30)) for number in range(20)]
    reader = FakeReader(by_width)
    predictor = make_predictor(reader)
    assert [texts(outcome) for outcome in predict(predictor, tasks(*urls))] == [["30"]] * 20
    assert [texts(outcome) for outcome in predict(predictor, tasks(*urls))] == [["30"]] * 20
    assert len(reader.images) == 1


def test_equal_images_in_several_tasks_have_different_region_ids(
    web: ScriptedServer, make_predictor: MakePredictor, png
) -> None:
    url = web.serve("/a.png", png(30))
    outcomes = predict(make_predictor(FakeReader(by_width)), tasks(url, url))
    ids = [{item["id"] for item in outcome.prediction["result"]} for outcome in outcomes]
    assert not ids[0] & ids[1]


def test_the_text_of_a_page_has_its_rows(web: ScriptedServer, make_predictor: MakePredictor, png) -> None:
    cells = [line("2b", left=100, top=60), line("1a"), line("1b", left=100), line("2a", top=60)]
    config = '<View><Image name="page" value="$image"/><TextArea name="words" toName="page"/></View>'
    (outcome,) = predict(
        make_predictor(FakeReader(lambda _: cells)), tasks(web.serve("/a.png", png(200, 90))), config
    )
    assert texts(outcome) == ["1a 1b\n2a 2b"]

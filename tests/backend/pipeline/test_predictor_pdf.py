"""Tasks with PDF files."""

import io
import threading
import time

import numpy as np
from PIL import Image

from fake_reader import FakeReader, line
from ocr_backend.config.settings import Settings
from ocr_backend.labelstudio.request_bodies import Task
from ocr_backend.pipeline.predictor import TaskOutcome
from predict_requests import (
    PAGES_CONFIG,
    MakePredictor,
    box,
    names,
    predict,
    predict_regions,
    soon,
    text_results,
    texts,
)
from scripted_server import ScriptedServer


def page_indices(outcome: TaskOutcome) -> list[int]:
    return [result["item_index"] for result in text_results(outcome)]


def pdf(*widths: int) -> bytes:
    """A PDF with pages so many px wide at the resolution at which they are drawn; PDFium rounds up."""
    pages = [Image.new("RGB", (width, 50), "white") for width in widths]
    content = io.BytesIO()
    pages[0].save(content, "PDF", save_all=True, append_images=pages[1:], resolution=Settings().pdf_dpi)
    return content.getvalue()


def by_tens(image: np.ndarray) -> list:
    return [line(str(image.shape[1] // 10 * 10))]


def test_the_pages_of_a_pdf_are_pages_of_the_task(web: ScriptedServer, make_predictor: MakePredictor) -> None:
    url = web.serve("/a.pdf", pdf(30, 40, 50))
    for task, controls in [(Task(1, {"image": url}), ""), (Task(1, {"pages": [url]}), PAGES_CONFIG)]:
        (outcome,) = predict(make_predictor(FakeReader(by_tens)), [task], controls, soon())
        assert texts(outcome) == ["30", "40", "50"]
        assert page_indices(outcome) == [0, 1, 2]


def test_a_pdf_of_several_pages_mixed_with_other_pages_is_refused(
    web: ScriptedServer, make_predictor: MakePredictor, png
) -> None:
    pages = [web.serve("/a.png", png()), web.serve("/a.pdf", pdf(30, 40))]
    (outcome,) = predict(make_predictor(), [Task(1, {"pages": pages})], PAGES_CONFIG)
    assert outcome.outcome == "refused"
    assert "the task mixes a file of 2 pages with other files" in outcome.reason


def test_a_box_on_a_page_of_a_pdf_is_read_on_that_page(
    web: ScriptedServer, make_predictor: MakePredictor
) -> None:
    url = web.serve("/a.pdf", pdf(100, 200))
    context = {"result": [box("a", item_index=1), box("b", item_index=7)]}
    reader = FakeReader(lambda image: [line(str(image.shape[1]), left=30)])
    outcome = predict_regions(make_predictor(reader), Task(1, {"image": url}), context)
    assert [(item["id"], item.get("item_index")) for item in outcome.prediction["result"]] == [("a", 1)] * 2


def test_a_long_pdf_is_completed_by_a_second_request(
    web: ScriptedServer, make_predictor: MakePredictor
) -> None:
    """The first request is late; the second does not read the pages again that the first has read."""
    late = threading.Event()

    def read(image: np.ndarray) -> list:
        if image.shape[1] > 45 and not late.is_set():
            late.wait(30)
        return by_tens(image)

    reader = FakeReader(read)
    predictor = make_predictor(reader)
    task = Task(1, {"image": web.serve("/a.pdf", pdf(30, 40, 50))})
    assert names(predict(predictor, [task], "", soon(3))) == ["late"]
    late.set()
    (outcome,) = predict(predictor, [task])
    assert texts(outcome) == ["30", "40", "50"]
    assert len(reader.images) == 3


def test_a_page_that_cannot_be_rendered_costs_only_itself(
    web: ScriptedServer, make_predictor: MakePredictor
) -> None:
    huge = 20_000  # px: more than OCR_MAX_IMAGE_PIXELS with the height of the page below
    url = web.serve("/a.pdf", pdf(30, huge, 50))
    (outcome,) = predict(
        make_predictor(FakeReader(by_tens), max_image_pixels=100_000), [Task(1, {"image": url})]
    )
    assert texts(outcome) == ["30", "50"]
    assert page_indices(outcome) == [0, 2]
    (problem,) = outcome.page_problems
    assert problem.startswith("page 2 was not read: the image has 20000 x 50 pixels")


def test_each_page_of_a_long_pdf_is_progress(web: ScriptedServer, make_predictor: MakePredictor) -> None:
    time_now, silences = [time.monotonic()], []

    def read_slowly(image: np.ndarray) -> list:
        time_now[0] += 400
        silences.append(round(predictor._schedulers.batch.longest_silence_seconds()))
        return [line("text")]

    predictor = make_predictor(FakeReader(read_slowly))
    predictor._schedulers.batch._clock = lambda: time_now[0]
    predict(predictor, [Task(1, {"image": web.serve("/a.pdf", pdf(30, 40, 50))})], "")
    assert silences == [400, 400, 400]

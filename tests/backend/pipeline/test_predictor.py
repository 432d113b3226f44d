import io
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fake_reader import FakeReader, line
from ocr_backend.config.settings import Settings
from ocr_backend.labelstudio.label_config import ControlTags, Tag, controls_of
from ocr_backend.labelstudio.request_bodies import Task
from ocr_backend.pipeline.predictor import Predictor, TaskOutcome
from ocr_backend.pipeline.worker import Worker
from scripted_server import Reply, ScriptedServer

GUIDE = controls_of("", Settings())
REPEATED = controls_of(
    """
    <View><Repeater on="$doc" indexFlag="{{idx}}">
      <Image name="page_{{idx}}" value="$doc[{{idx}}].page"/>
      <Rectangle name="bbox_{{idx}}" toName="page_{{idx}}"/>
      <TextArea name="words_{{idx}}" toName="page_{{idx}}" perRegion="true"/>
    </Repeater></View>
    """,
    Settings(),
)
PAGES = ControlTags("scan", "$pages", True, Tag("box", "rectangle"), None, Tag("words", "textarea"), None)
Make = Callable[..., Predictor]


@pytest.fixture
def make(make_worker: Callable[..., Worker]) -> Make:
    return lambda reader=None, **changed: make_worker(reader or FakeReader(), **changed).pipeline


def soon(seconds: float = 30) -> float:
    return time.monotonic() + seconds


def tasks(*urls: object) -> list[Task]:
    return [Task(number, {"image": url}) for number, url in enumerate(urls, 1)]


def outcomes(answers: list[TaskOutcome]) -> list[str]:
    return [answer.outcome for answer in answers]


def texts(answer: TaskOutcome) -> list[str]:
    assert answer.prediction is not None
    return [item["value"]["text"][0] for item in answer.prediction["result"] if item["type"] == "textarea"]


def images(answer: TaskOutcome) -> list[str]:
    assert answer.prediction is not None
    return [item["to_name"] for item in answer.prediction["result"] if item["type"] == "textarea"]


def by_width(image: np.ndarray) -> list:
    """Reads an image as its width, so that each image has a text of its own."""
    return [line(str(image.shape[1]))] if image.shape[1] > 1 else []


def test_every_task_has_its_answer_in_its_place(web: ScriptedServer, make: Make, png) -> None:
    good = [web.serve(f"/{width}.png", png(width)) for width in (30, 40, 50)]
    answers = make(FakeReader(by_width)).predictions(
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
        GUIDE,
        soon(),
    )
    assert outcomes(answers) == [
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
    assert [texts(answers[place]) for place in (0, 2, 8)] == [["30"], ["40"], ["50"]]
    assert [bool(answer.reason) for answer in answers] == [answer.prediction is None for answer in answers]
    assert answers[5].prediction == {
        "result": [],
        "score": 0.0,
        "model_version": answers[0].prediction["model_version"],
    }


def test_a_task_without_the_key_is_told_of(make: Make) -> None:
    (answer,) = make().predictions([Task(1, {"scan": "x"})], GUIDE, soon())
    assert answer == TaskOutcome("refused", None, "the task's data has no 'image'; it has scan")


def test_a_reader_that_fails_on_one_image_leaves_the_others_alone(
    web: ScriptedServer, make: Make, png, caplog
) -> None:
    def look(image: np.ndarray) -> list:
        if image.shape[1] == 40:
            raise RuntimeError("engine says /secret/path")
        return by_width(image)

    urls = [web.serve(f"/{width}.png", png(width)) for width in (30, 40, 50)]
    answers = make(FakeReader(look)).predictions(tasks(*urls), GUIDE, soon())
    assert outcomes(answers) == ["read", "failed", "read"]
    assert answers[1].reason == "the backend failed on this image; its log says why"
    assert "engine says /secret/path" in caplog.text


def test_the_pages_of_a_task_are_read_in_order(web: ScriptedServer, make: Make, png) -> None:
    pages = [web.serve(f"/{width}.png", png(width)) for width in (30, 40, 50)]
    (answer,) = make(FakeReader(by_width)).predictions([Task(1, {"pages": pages})], PAGES, soon())
    assert texts(answer) == ["30", "40", "50"]
    assert [item["item_index"] for item in answer.prediction["result"] if item["type"] == "textarea"] == [
        0,
        1,
        2,
    ]


def test_the_images_of_a_repeater_are_read_in_order(web: ScriptedServer, make: Make, png) -> None:
    pages = [{"page": web.serve(f"/{width}.png", png(width))} for width in (30, 40, 50)]
    asked = [Task(1, {"doc": pages}), Task(2, {"doc": "x"}), Task(3, {"doc": pages[1:]})]
    first, refused, last = make(FakeReader(by_width)).predictions(asked, REPEATED, soon())
    assert [(texts(answer), images(answer)) for answer in (first, last)] == [
        (["30", "40", "50"], ["page_0", "page_1", "page_2"]),
        (["40", "50"], ["page_0", "page_1"]),
    ]
    assert (refused.outcome, refused.prediction) == ("refused", None)
    assert "no list with entries at 'doc'" in refused.reason


def test_a_task_of_which_one_image_fails_has_no_prediction(web: ScriptedServer, make: Make, png) -> None:
    good = {"page": web.serve("/a.png", png())}
    asked = [Task(1, {"doc": [good, {"page": web.url + "/missing.png"}]}), Task(2, {"doc": [good]})]
    answers = make().predictions(asked, REPEATED, soon())
    assert outcomes(answers) == ["unreachable", "read"]


def test_a_task_of_which_one_page_fails_has_no_prediction(web: ScriptedServer, make: Make, png) -> None:
    pages = [web.serve("/a.png", png()), web.url + "/missing.png"]
    (answer,) = make().predictions([Task(1, {"pages": pages})], PAGES, soon())
    assert answer == TaskOutcome("unreachable", None, f"{web.url}/missing.png answered 404")


@pytest.mark.parametrize(
    ("threads", "slots", "at_once"),
    [pytest.param(6, 1, 6, id="as many as THREADS"), pytest.param(1, 5, 10, id="enough for all slots")],
)
def test_images_are_fetched_side_by_side(
    web: ScriptedServer, make: Make, png, threads: int, slots: int, at_once: int
) -> None:
    together = threading.Barrier(at_once)
    content = png()

    def waits_for_the_others(handler: Any) -> None:
        together.wait(timeout=20)
        Reply(content)(handler)

    urls = [web.on(f"/{n}.png", waits_for_the_others) for n in range(at_once)]
    pipeline = make(FakeReader(slots=slots), threads=threads)
    assert outcomes(pipeline.predictions(tasks(*urls), GUIDE, soon())) == ["read"] * at_once


def test_no_more_images_are_read_at_once_than_there_are_slots(web: ScriptedServer, make: Make, png) -> None:
    both = threading.Barrier(2)

    def look(image: np.ndarray) -> list:
        both.wait(timeout=20)
        return [line("t")]

    reader = FakeReader(look, slots=2)
    urls = [web.serve(f"/{n}.png", png(30 + n)) for n in range(12)]
    assert outcomes(make(reader, threads=12).predictions(tasks(*urls), GUIDE, soon())) == ["read"] * 12
    assert reader.most_at_once == 2


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_what_is_not_read_in_time_is_late_and_what_was_read_is_kept(
    web: ScriptedServer, make: Make, png, gate: threading.Event
) -> None:
    quick = threading.Semaphore(2)

    def look(image: np.ndarray) -> list:
        if not quick.acquire(blocking=False):
            gate.wait(30)
        return by_width(image)

    urls = [web.serve(f"/{width}.png", png(width)) for width in range(30, 60)]
    answers = make(FakeReader(look, slots=1), threads=1).predictions(tasks(*urls), GUIDE, soon(3))
    assert sorted(outcomes(answers)) == ["late"] * 28 + ["read"] * 2
    assert all(
        texts(answer) == [str(30 + place)] for place, answer in enumerate(answers) if answer.prediction
    )
    assert "ask again" in answers[-1].reason


def test_after_a_stop_what_is_being_read_is_answered_and_the_rest_is_late(
    web: ScriptedServer, make_worker: Callable[..., Worker], png, gate: threading.Event
) -> None:
    started = threading.Event()

    def look(image: np.ndarray) -> list:
        started.set()
        gate.wait(30)
        return by_width(image)

    worker = make_worker(FakeReader(look, slots=1), threads=1)
    urls = [web.serve(f"/{width}.png", png(width)) for width in range(30, 60)]
    answers: list[TaskOutcome] = []
    asking = threading.Thread(
        target=lambda: answers.extend(worker.pipeline.predictions(tasks(*urls), GUIDE, soon()))
    )
    asking.start()
    assert started.wait(30)
    worker.stop()
    gate.set()
    asking.join(30)
    assert outcomes(answers)[0] == "read"
    assert set(outcomes(answers)[-20:]) == {"late"}
    assert not worker.is_ready


def drawn(name: str = "DRAWN1", x: float = 10, **more: Any) -> dict[str, Any]:
    value = {"x": x, "y": 20, "width": 30, "height": 40, "rotation": 0}
    return {"id": name, "type": "rectangle", "from_name": "bbox", "to_name": "image", "value": value, **more}


def test_a_box_on_an_image_of_a_repeater_gets_the_text_of_that_image(
    web: ScriptedServer, make: Make, png
) -> None:
    seen = FakeReader(lambda image: [line("dark" if image.max() == 0 else "light")])
    pages = [{"page": web.serve(f"/{colour}.png", png(colour=colour))} for colour in ("white", "black")]
    context = {
        "result": [
            drawn("a", to_name="page_1"),
            drawn("b", to_name="page_0"),
            drawn("c", to_name="page_7"),
            drawn("d", to_name="page_{{idx}}"),
        ]
    }
    answer = make(seen).drawn(Task(1, {"doc": pages}), context, REPEATED, soon())
    found = [
        (item["id"], item["from_name"], item["to_name"], item["value"]["text"])
        for item in answer.prediction["result"]
        if item["type"] == "textarea"
    ]
    assert found == [("a", "words_1", "page_1", ["dark"]), ("b", "words_0", "page_0", ["light"])]


def test_each_drawn_box_gets_the_text_of_its_place(web: ScriptedServer, make: Make, png) -> None:
    reader = FakeReader(lambda image: [line("low", 0.1), line("text", 0.3)])
    task = Task(1, {"image": web.serve("/a.png", png(200, 100))})
    context = {"result": [drawn("a"), drawn("b", 50)]}
    answer = make(reader, score_threshold=0.9).drawn(task, context, GUIDE, soon())
    assert answer.outcome == "read"
    assert [(item["id"], item["type"]) for item in answer.prediction["result"]] == [
        ("a", "rectangle"),
        ("a", "textarea"),
        ("b", "rectangle"),
        ("b", "textarea"),
    ]
    assert answer.prediction["result"][1]["value"]["text"] == ["low\ntext"], (
        "no threshold for what a person asks"
    )
    assert answer.prediction["score"] == pytest.approx(0.2)


def test_a_box_is_read_on_its_page(web: ScriptedServer, make: Make, png) -> None:
    reader = FakeReader(by_width)
    pages = [web.serve("/1.png", png(100)), web.serve("/2.png", png(200))]
    context = {"result": [drawn("a", item_index=1, to_name="scan"), drawn("b", item_index=9, to_name="scan")]}
    answer = make(reader).drawn(Task(1, {"pages": pages}), context, PAGES, soon())
    assert [item["id"] for item in answer.prediction["result"]] == ["a", "a"]
    assert [asked.path for asked in web.asked] == ["/2.png"]


def test_nothing_drawn_fetches_nothing(web: ScriptedServer, make: Make, png) -> None:
    task = Task(1, {"image": web.serve("/a.png", png())})
    assert make().drawn(task, {"result": []}, GUIDE, soon()).prediction["result"] == []
    assert web.asked == []


def test_a_box_in_an_image_that_does_not_come_has_no_prediction(web: ScriptedServer, make: Make) -> None:
    pipeline = make()
    gone = Task(1, {"image": web.url + "/missing.png"})
    assert pipeline.drawn(gone, {"result": [drawn()]}, GUIDE, soon()).outcome == "unreachable"
    assert pipeline.drawn(Task(1, {}), {"result": [drawn()]}, GUIDE, soon()).outcome == "refused"


def test_a_box_without_text_in_it_is_not_answered(web: ScriptedServer, make: Make, png) -> None:
    task = Task(1, {"image": web.serve("/a.png", png())})
    answer = make(FakeReader(lambda image: [])).drawn(task, {"result": [drawn()]}, GUIDE, soon())
    assert (answer.outcome, answer.prediction["result"]) == ("no_text", [])


def pdf(*widths: int) -> bytes:
    """A PDF with pages so many px wide at the resolution at which they are drawn; PDFium rounds up."""
    pages = [Image.new("RGB", (width, 50), "white") for width in widths]
    content = io.BytesIO()
    pages[0].save(content, "PDF", save_all=True, append_images=pages[1:], resolution=Settings().pdf_dpi)
    return content.getvalue()


def by_tens(image: np.ndarray) -> list:
    return [line(str(image.shape[1] // 10 * 10))]


def places(answer: TaskOutcome) -> list[int]:
    return [item["item_index"] for item in answer.prediction["result"] if item["type"] == "textarea"]


def test_the_pages_of_a_pdf_are_pages_of_the_task(web: ScriptedServer, make: Make) -> None:
    url = web.serve("/a.pdf", pdf(30, 40, 50))
    for task, controls in [(Task(1, {"image": url}), GUIDE), (Task(1, {"pages": [url]}), PAGES)]:
        (answer,) = make(FakeReader(by_tens)).predictions([task], controls, soon())
        assert texts(answer) == ["30", "40", "50"]
        assert places(answer) == [0, 1, 2]


def test_a_pdf_of_several_pages_must_be_alone(web: ScriptedServer, make: Make, png) -> None:
    pages = [web.serve("/a.png", png()), web.serve("/a.pdf", pdf(30, 40))]
    (answer,) = make().predictions([Task(1, {"pages": pages})], PAGES, soon())
    assert answer.outcome == "refused"
    assert "a PDF of 2 pages stands among other pages" in answer.reason


def test_a_box_on_a_page_of_a_pdf_is_read_there(web: ScriptedServer, make: Make) -> None:
    url = web.serve("/a.pdf", pdf(100, 200))
    context = {"result": [drawn("a", item_index=1), drawn("b", item_index=7)]}
    reader = FakeReader(lambda image: [line(str(image.shape[1]), left=30)])
    answer = make(reader).drawn(Task(1, {"image": url}), context, GUIDE, soon())
    assert [(item["id"], item.get("item_index")) for item in answer.prediction["result"]] == [("a", 1)] * 2


def test_a_long_pdf_is_finished_by_asking_again(web: ScriptedServer, make: Make) -> None:
    """Its first request is late, but what was read of it is not read again."""
    late = threading.Event()

    def look(image: np.ndarray) -> list:
        if image.shape[1] > 45 and not late.is_set():
            late.wait(30)
        return by_tens(image)

    reader = FakeReader(look)
    pipeline = make(reader)
    task = Task(1, {"image": web.serve("/a.pdf", pdf(30, 40, 50))})
    assert outcomes(pipeline.predictions([task], GUIDE, soon(1))) == ["late"]
    late.set()
    (answer,) = pipeline.predictions([task], GUIDE, soon())
    assert texts(answer) == ["30", "40", "50"]
    assert len(reader.seen) == 3


def test_equal_images_are_read_once(web: ScriptedServer, make: Make, png) -> None:
    urls = [web.serve(f"/{number}.png", png(30)) for number in range(20)]
    reader = FakeReader(by_width)
    pipeline = make(reader)
    assert [texts(answer) for answer in pipeline.predictions(tasks(*urls), GUIDE, soon())] == [["30"]] * 20
    assert [texts(answer) for answer in pipeline.predictions(tasks(*urls), GUIDE, soon())] == [["30"]] * 20
    assert len(reader.seen) == 1


def test_equal_images_in_several_tasks_have_regions_of_their_own(
    web: ScriptedServer, make: Make, png
) -> None:
    url = web.serve("/a.png", png(30))
    answers = make(FakeReader(by_width)).predictions(tasks(url, url), GUIDE, soon())
    ids = [{item["id"] for item in answer.prediction["result"]} for answer in answers]
    assert not ids[0] & ids[1]


def test_of_many_drawn_boxes_no_more_are_read_than_there_is_time_for(
    web: ScriptedServer, make: Make, png
) -> None:
    until, read = soon(1), []

    def look(image: np.ndarray) -> list:
        threading.Event().wait(max(until - time.monotonic(), 0))
        read.append(image)
        return [line("text")]

    task = Task(1, {"image": web.serve("/a.png", png())})
    pipeline = make(FakeReader(look, slots=1))
    boxes = [drawn(str(number)) for number in range(50)]
    assert pipeline.drawn(task, {"result": boxes}, GUIDE, until).outcome == "late"
    assert (
        pipeline.drawn(task, {"result": [drawn()]}, GUIDE, soon()).outcome == "read"
    )  # the slot is free again
    assert len(read) <= 4


def test_a_task_with_too_many_pages_is_refused(make: Make, png) -> None:
    pages = [f"http://127.0.0.1/{number}.png" for number in range(6)]
    (answer,) = make(max_pages=5).predictions([Task(1, {"pages": pages})], PAGES, soon())
    assert answer == TaskOutcome(
        "refused", None, "the task has 6 pages; at most 5 are allowed (OCR_MAX_PAGES)"
    )


def test_pages_beyond_the_tasks_that_a_request_may_have_wait_for_the_next(
    web: ScriptedServer, make: Make, png
) -> None:
    pages = [web.serve(f"/{number}.png", png(30 + number)) for number in range(3)]
    asked = [Task(number, {"pages": pages}) for number in range(4)]
    assert outcomes(make(max_tasks=6).predictions(asked, PAGES, soon())) == ["read", "read", "late", "late"]

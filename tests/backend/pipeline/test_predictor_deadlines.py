"""Concurrency, slots, deadlines and stops."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from fake_reader import FakeReader, line
from ocr_backend.labelstudio.request_bodies import Task
from ocr_backend.pipeline.predictor import TaskOutcome
from ocr_backend.pipeline.worker import Worker
from predict_requests import PAGES_CONFIG, MakePredictor, names, predict, soon, tasks, texts
from scripted_server import Reply, ScriptedServer


def by_width(image: np.ndarray) -> list:
    """Reads an image as its width, so that each image has a text of its own."""
    return [line(str(image.shape[1]))] if image.shape[1] > 1 else []


@pytest.mark.parametrize(
    ("threads", "slots", "at_once"),
    [pytest.param(6, 1, 6, id="as many as THREADS"), pytest.param(8, 5, 10, id="enough for all slots")],
)
def test_images_are_fetched_concurrently(
    web: ScriptedServer, make_predictor: MakePredictor, png, threads: int, slots: int, at_once: int
) -> None:
    all_requested = threading.Barrier(at_once)
    content = png()

    def reply_when_all_are_requested(handler: Any) -> None:
        all_requested.wait(timeout=20)
        Reply(content)(handler)

    urls = [web.on(f"/{n}.png", reply_when_all_are_requested) for n in range(at_once)]
    predictor = make_predictor(FakeReader(slots=slots), threads=threads)
    assert names(predict(predictor, tasks(*urls))) == ["read"] * at_once


def test_at_most_as_many_images_as_slots_are_read_at_a_time(
    web: ScriptedServer, make_predictor: MakePredictor, png
) -> None:
    both = threading.Barrier(2)

    def read(image: np.ndarray) -> list:
        both.wait(timeout=20)
        return [line("t")]

    reader = FakeReader(read, slots=2)
    urls = [web.serve(f"/{n}.png", png(30 + n)) for n in range(12)]
    assert names(predict(make_predictor(reader, threads=12), tasks(*urls))) == ["read"] * 12
    assert reader.max_concurrent_reads == 2


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_at_the_deadline_read_images_have_a_prediction_and_the_others_are_late(
    web: ScriptedServer, make_predictor: MakePredictor, png, gate: threading.Event
) -> None:
    quick = threading.Semaphore(2)

    def read(image: np.ndarray) -> list:
        if not quick.acquire(blocking=False):
            gate.wait(30)
        return by_width(image)

    urls = [web.serve(f"/{width}.png", png(width)) for width in range(30, 60)]
    outcomes = predict(make_predictor(FakeReader(read, slots=1), threads=1), tasks(*urls), "", soon(3))
    assert sorted(names(outcomes)) == ["late"] * 28 + ["read"] * 2
    assert all(
        texts(outcome) == [str(30 + index)] for index, outcome in enumerate(outcomes) if outcome.prediction
    )
    assert "ask again" in outcomes[-1].reason


def test_after_a_stop_the_image_being_read_has_a_prediction_and_the_others_are_late(
    web: ScriptedServer, make_worker: Callable[..., Worker], png, gate: threading.Event
) -> None:
    started = threading.Event()

    def read(image: np.ndarray) -> list:
        started.set()
        gate.wait(30)
        return by_width(image)

    worker = make_worker(FakeReader(read, slots=1), threads=1)
    urls = [web.serve(f"/{width}.png", png(width)) for width in range(30, 60)]
    outcomes: list[TaskOutcome] = []
    client = threading.Thread(target=lambda: outcomes.extend(predict(worker.predictor, tasks(*urls))))
    client.start()
    assert started.wait(30)
    worker.stop()
    gate.set()
    client.join(30)
    assert names(outcomes)[0] == "read"
    assert set(names(outcomes)[-20:]) == {"late"}
    assert not worker.is_ready


def test_tasks_are_late_after_a_request_has_reached_max_tasks_pages(
    web: ScriptedServer, make_predictor: MakePredictor, png
) -> None:
    pages = [web.serve(f"/{number}.png", png(30 + number)) for number in range(3)]
    tasks_of_three_pages = [Task(number, {"pages": pages}) for number in range(4)]
    assert names(predict(make_predictor(max_tasks=6), tasks_of_three_pages, PAGES_CONFIG)) == [
        "read",
        "read",
        "late",
        "late",
    ]

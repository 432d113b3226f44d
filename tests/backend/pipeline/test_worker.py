import threading
from collections.abc import Callable

import numpy as np
import pytest

from fake_reader import FakeReader, golden_text, line
from ocr_backend.config.settings import Settings
from ocr_backend.errors import GoldenSampleError, NotReadyError
from ocr_backend.models import golden_sample, scripts
from ocr_backend.ocr_types import Image, Line, RegionFilter, accept_all
from ocr_backend.pipeline.worker import STUCK_SECONDS, Worker, image_threads
from predict_requests import box, predict, predict_regions, tasks, texts
from scripted_server import Reply


def test_a_worker_is_ready_from_loading_until_it_stops(make_worker: Callable[..., Worker]) -> None:
    worker = make_worker(FakeReader(), is_loaded=False)
    assert not worker.is_ready
    with pytest.raises(NotReadyError, match="still loading; retry when /readyz answers 200"):
        _ = worker.predictor
    worker.load()
    assert worker.is_ready
    assert worker.predictor.version.startswith("PP-OCRv5-ch-server-")
    worker.stop()
    assert not worker.is_ready


def test_a_worker_that_misreads_the_golden_sample_never_becomes_ready(
    make_worker: Callable[..., Worker],
) -> None:
    class MisreadingReader(FakeReader):
        def read(self, image: np.ndarray) -> list:
            return [line("3l4l5926")]

    worker = make_worker(MisreadingReader(), is_loaded=False)
    with pytest.raises(GoldenSampleError, match="'31415926' was read as '3l4l5926'"):
        worker.load()
    assert not worker.is_ready


def test_a_worker_whose_weights_are_for_another_script_never_becomes_ready(
    make_worker: Callable[..., Worker],
) -> None:
    class ChineseReader(FakeReader):
        def read(self, image: Image, region_filter: RegionFilter = accept_all) -> list[Line]:
            is_known = golden_text(image) in (golden_sample.TEXT, scripts.SAMPLES["ch"])
            return super().read(image) if is_known else [line("可哈")]

    make_worker(ChineseReader(), language="ch")
    worker = make_worker(ChineseReader(), language="korean", is_loaded=False)
    with pytest.raises(GoldenSampleError, match="of the language korean was read as '可哈': the weights are"):
        worker.load()
    assert not worker.is_ready


def test_without_the_golden_check_a_misread_golden_sample_is_only_a_warning(
    make_worker: Callable[..., Worker], caplog: pytest.LogCaptureFixture
) -> None:
    class MisreadingReader(FakeReader):
        def read(self, image: np.ndarray) -> list:
            return [line("3l4l5926")]

    worker = make_worker(MisreadingReader(), golden_check=False)
    assert worker.is_ready
    assert "the golden sample '31415926' was read as '3l4l5926'" in caplog.text


def test_an_error_of_loading_the_models_is_raised(make_worker: Callable[..., Worker]) -> None:
    def fail(_: object) -> FakeReader:
        raise FileNotFoundError("no model")

    worker = make_worker(FakeReader(), is_loaded=False)
    worker._open_reader = fail
    with pytest.raises(FileNotFoundError, match="no model"):
        worker.load()


def test_a_request_is_admitted_again_after_each_request_even_a_failed_one(
    make_worker: Callable[..., Worker],
) -> None:
    worker = make_worker(FakeReader(), is_loaded=False, max_requests=2)
    for _ in range(5):
        with pytest.raises(KeyError), worker.admission():
            raise KeyError
    with worker.admission(), worker.admission(), pytest.raises(NotReadyError), worker.admission():
        pass


def test_a_worker_is_stuck_if_an_image_takes_longer_than_stuck_seconds(
    make_worker: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = make_worker(FakeReader(), is_loaded=False)
    assert not worker.is_stuck
    worker.load()
    assert not worker.is_stuck
    for seconds, is_stuck in ((STUCK_SECONDS - 1, False), (STUCK_SECONDS + 1, True)):
        monkeypatch.setattr(
            "ocr_backend.pipeline.fair_scheduler.FairScheduler.longest_silence_seconds",
            lambda _, seconds=seconds: seconds,
        )
        assert worker.is_stuck is is_stuck


def test_the_golden_sample_is_the_same_each_time() -> None:
    assert np.array_equal(golden_sample.default_image(), golden_sample.default_image())
    assert golden_sample.default_image().shape == (96, 400, 3)
    golden_sample.check(FakeReader(), "ch")


@pytest.mark.parametrize(
    ("threads", "slots", "expected"), [(1, 8, 1), (3, 32, 3), (8, 2, 8), (8, 16, 32), (9, 16, 9)]
)
def test_the_number_of_threads_is_kept_and_the_default_grows_with_the_slots(threads, slots, expected) -> None:
    assert image_threads(Settings(threads=threads), slots) == expected


def test_as_many_images_are_fetched_at_a_time_as_there_are_threads(make_worker, web, png) -> None:
    current, most, lock = 0, 0, threading.Lock()

    def reply(handler) -> None:
        nonlocal current, most
        with lock:
            current += 1
            most = max(most, current)
        Reply(png())(handler)
        with lock:
            current -= 1

    references = [web.on(f"/{number}.png", reply) for number in range(12)]
    predictor = make_worker(FakeReader(slots=8), threads=1).predictor
    outcomes = predict(predictor, tasks(*references), "")
    assert [outcome.outcome for outcome in outcomes] == ["read"] * 12
    assert most == 1


def test_a_drawn_box_does_not_wait_for_slow_hosts_of_other_tasks(make_worker, web, png) -> None:
    gate, requested = threading.Event(), threading.Event()
    slow = web.on("/slow.png", lambda handler: (requested.set(), gate.wait(30), Reply(png())(handler))[2])
    predictor = make_worker(FakeReader(), threads=1).predictor
    batch = threading.Thread(target=lambda: predict(predictor, tasks(slow, slow, slow), ""))
    batch.start()
    try:
        assert requested.wait(30)
        outcome = predict_regions(predictor, tasks(web.serve("/a.png", png()))[0], {"result": [box()]})
        assert texts(outcome) == ["text"]
    finally:
        gate.set()
        batch.join()

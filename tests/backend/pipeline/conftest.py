from collections.abc import Callable

import pytest

from fake_reader import FakeReader
from ocr_backend.pipeline.worker import Worker
from predict_requests import MakePredictor


@pytest.fixture
def make_predictor(make_worker: Callable[..., Worker]) -> MakePredictor:
    return lambda reader=None, **changed: make_worker(reader or FakeReader(), **changed).predictor

"""A stream of predictions at a steady rate, each of another image, from a client like Label Studio."""

import io
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests
from PIL import Image, ImageDraw, ImageFont

from ocr_demo.image import LABELING_CONFIG, PREDICT_TIMEOUT_SECONDS, lines_of
from page_images import data_uri

_CALLERS = 64
"""Requests at the same time; more than ever wait at the rates of the tests."""


@dataclass
class PredictionStream:
    """What the requests to `url` returned. A fault is a request that failed, or returned another text."""

    url: str
    seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def request(self, number: int) -> None:
        """Has an image with the number read, over a new connection."""
        start = time.monotonic()
        body = {"tasks": [_task(number)], "label_config": LABELING_CONFIG.read_text("utf-8")}
        try:
            response = requests.post(f"{self.url}/predict", json=body, timeout=PREDICT_TIMEOUT_SECONDS)
            response.raise_for_status()
            lines = lines_of(response.json())
        except (requests.RequestException, ValueError) as error:
            self.faults.append(f"{number}: {error!r}")
            return
        self.seconds.append(time.monotonic() - start)
        if lines != [_text(number)]:
            self.faults.append(f"{number}: {lines}")

    def percentile(self, percent: int) -> float:
        """The time in seconds within which this share of the requests was answered."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


@contextmanager
def prediction_stream(url: str, per_second: float) -> Iterator[PredictionStream]:
    """The stream, until the end of the context, which waits for the responses."""
    stream, stop = PredictionStream(url), threading.Event()
    with ThreadPoolExecutor(_CALLERS) as callers:

        def send() -> None:
            number, start = 0, time.monotonic()
            while not stop.wait(max(0.0, start + number / per_second - time.monotonic())):
                callers.submit(stream.request, number)
                number += 1

        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield stream
        finally:
            stop.set()
            sender.join()


def _text(number: int) -> str:
    return f"Invoice {number:05d}"


def _task(number: int) -> dict[str, object]:
    image, content = Image.new("RGB", (360, 80), "white"), io.BytesIO()
    ImageDraw.Draw(image).text((20, 16), _text(number), "black", ImageFont.load_default(size=40))
    image.save(content, "PNG", compress_level=1)
    return {"id": number, "data": {"image": data_uri(content.getvalue())}}

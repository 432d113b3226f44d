"""How fast images are read: this backend's reader beside a plain PaddleOCR, with equal weights.

Run as `python benchmarks/reading.py [ROUNDS]`. All set-ups take turns within one process, since seconds on a
shared machine mean little and ratios more. Prints a markdown table; `benchmarks/README.md` keeps results.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ocr_backend.config.settings import Settings
from ocr_backend.images.decoding import decoded
from ocr_backend.models import builtin_models, model_folder
from ocr_backend.ocr.engine_factory import open_reader
from ocr_backend.ocr.paddle_reader import PaddleReader
from ocr_backend.ocr_types import Image
from ocr_backend.system.cpu_quota import usable_cores

IMAGES = Path(__file__).parents[1] / "tests" / "data" / "images"
SURE = 0.5
"""Lines count from this score on, as with the manual's PADDLEOCR_SCORE_THRESHOLD."""

BUILTIN: dict[str, Any] = {"ocr_version": "PP-OCRv6", "model_type": "mobile", "model_source": "builtin"}

Read = Callable[[Image], int]
"""Reads an image and says how many lines it found."""


def main(rounds: int) -> None:
    """Times every set-up `rounds` times, after one round that is not counted."""
    truth = json.loads((IMAGES / "ground_truth.json").read_text(encoding="utf-8"))
    names = [name for name, entry in truth.items() if entry["default_model_can_read"]]
    images = [decoded((IMAGES / name).read_bytes(), 10**8) for name in names]
    cores = usable_cores()
    with _setups(cores) as setups:
        lines, seconds = _timed(setups, images, rounds)
    base = seconds[next(iter(setups))]
    print(f"\n{len(images)} images, {rounds} rounds, {cores} cores, PP-OCRv6 mobile, CPU\n")
    print("| Set-up | Images per second, median | Against the first, median / best | Lines |")
    print("| --- | --- | --- | --- |")
    for name, taken in seconds.items():
        rate = len(images) / statistics.median(taken)
        median = statistics.median(base) / statistics.median(taken)
        print(f"| {name} | {rate:.1f} | {median:.2f} / {min(base) / min(taken):.2f} | {lines[name]} |")


@contextmanager
def _setups(cores: int) -> Iterator[dict[str, tuple[Read, int]]]:
    """Name -> what reads one image, and how many callers ask at the same time."""
    given = {**BUILTIN, "slots": cores}
    level = {**given, "use_textline_orientation": False}
    plain, turning = open_reader(Settings(**level)), open_reader(Settings(**given))
    exact = open_reader(Settings(**level, precision="f32"))
    onnx = open_reader(Settings(**level, engine="onnxruntime"))
    stock = stock_reader()
    with builtin_models.folders(
        model_folder.needed(Settings(**given, use_textline_orientation=False))
    ) as found:
        shared = PaddleReader(found, cores, use_gpu=False)
    callers = max(2, cores)
    yield {
        "PaddleOCR, one image after the other, its own threads": (stock, 1),
        f"PaddleOCR, {callers} callers, one thread each": (_count(shared.read), callers),
        f"this backend with ONNX Runtime, {callers} callers": (_count(onnx.read), callers),
        f"this backend with OpenVINO in float32, {callers} callers": (_count(exact.read), callers),
        "this backend, one image after the other": (_count(plain.read), 1),
        f"this backend, {callers} callers": (_count(plain.read), callers),
        f"this backend, {4 * callers} callers": (_count(plain.read), 4 * callers),
        f"the same with lines that may stand upside down, {callers} callers": (_count(turning.read), callers),
    }
    for reader in (plain, turning, exact, onnx, shared):
        reader.close()


def stock_reader() -> Read:
    """A PaddleOCR as its manual makes it, but for these weights and without five models."""
    from paddleocr import PaddleOCR

    wanted = model_folder.needed(Settings(**BUILTIN, use_textline_orientation=False))
    with builtin_models.folders(wanted) as found:
        ocr = PaddleOCR(
            text_detection_model_name=found["detection"].name,
            text_detection_model_dir=str(found["detection"].folder),
            text_recognition_model_name=found["recognition"].name,
            text_recognition_model_dir=str(found["recognition"].folder),
            use_doc_orientation_classify=False,
            use_doc_unwarping=False,
            use_textline_orientation=False,
            engine="onnxruntime",
            device="cpu",
        )

    def read(image: Image) -> int:
        (page,) = ocr.predict(image)
        return int(np.sum(np.array(page["rec_scores"]) >= SURE))

    return read


def _count(read: Callable[[Image], Any]) -> Read:
    return lambda image: sum(line.score >= SURE for line in read(image))


def _timed(
    setups: dict[str, tuple[Read, int]], images: list[Image], rounds: int
) -> tuple[dict[str, int], dict[str, list[float]]]:
    lines: dict[str, int] = {}
    seconds: dict[str, list[float]] = {name: [] for name in setups}
    for turn in range(rounds + 1):
        for name, (read, callers) in setups.items():
            begun = time.perf_counter()
            with ThreadPoolExecutor(callers) as pool:
                lines[name] = sum(pool.map(read, images))
            if turn:
                seconds[name].append(time.perf_counter() - begun)
    return lines, seconds


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)

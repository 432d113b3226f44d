"""Speed of reading: the reader of this backend compared with plain PaddleOCR, with the same models.

Run as `python benchmarks/reading.py [ROUNDS]`. All setups take turns in one process: on a shared machine,
ratios are meaningful and absolute times are not. Prints a Markdown table; `benchmarks/README.md` holds
results.
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
from ocr_backend.images.decoding import decode_image
from ocr_backend.models import builtin_models, model_roles
from ocr_backend.ocr.engine_factory import open_reader
from ocr_backend.ocr.paddle_reader import PaddleReader
from ocr_backend.ocr_types import Image
from ocr_backend.system.cgroup_cpu import usable_cores

IMAGES = Path(__file__).parents[1] / "tests" / "data" / "images"
MIN_SCORE = 0.5
"""Only lines with at least this score count; the default of PADDLEOCR_SCORE_THRESHOLD."""

BUILTIN: dict[str, Any] = {"ocr_version": "PP-OCRv6", "model_type": "mobile", "model_source": "builtin"}

Read = Callable[[Image], int]
"""Reads an image and returns the number of lines."""


def main(rounds: int) -> None:
    """Times every setup in `rounds` rounds, after a warm-up round."""
    truth = json.loads((IMAGES / "ground_truth.json").read_text(encoding="utf-8"))
    names = [name for name, entry in truth.items() if entry["default_model_can_read"]]
    images = [decode_image((IMAGES / name).read_bytes(), 10**8) for name in names]
    cores = usable_cores()
    with _setups(cores) as setups:
        lines, seconds = _timed(setups, images, rounds)
    base = seconds[next(iter(setups))]
    print(f"\n{len(images)} images, {rounds} rounds, {cores} cores, PP-OCRv6 mobile, CPU\n")
    print("| Setup | Images per second, median | Against the first, median / best | Lines |")
    print("| --- | --- | --- | --- |")
    for name, times in seconds.items():
        rate = len(images) / statistics.median(times)
        median = statistics.median(base) / statistics.median(times)
        print(f"| {name} | {rate:.1f} | {median:.2f} / {min(base) / min(times):.2f} | {lines[name]} |")


@contextmanager
def _setups(cores: int) -> Iterator[dict[str, tuple[Read, int]]]:
    """Name -> function that reads one image, and number of concurrent callers."""
    turned = {**BUILTIN, "slots": cores}
    upright = {**turned, "use_textline_orientation": False}
    plain, oriented = open_reader(Settings(**upright)), open_reader(Settings(**turned))
    exact = open_reader(Settings(**upright, precision="f32"))
    onnx = open_reader(Settings(**upright, engine="onnxruntime"))
    stock = stock_reader()
    with builtin_models.folders(model_roles.required_models(Settings(**upright))) as folders:
        shared = PaddleReader(folders, cores, use_gpu=False)
    callers = max(2, cores)
    yield {
        "PaddleOCR, one image after the other, its own threads": (stock, 1),
        f"PaddleOCR, {callers} callers, one thread each": (_count(shared.read), callers),
        f"this backend with ONNX Runtime, {callers} callers": (_count(onnx.read), callers),
        f"this backend with OpenVINO in float32, {callers} callers": (_count(exact.read), callers),
        "this backend, one image after the other": (_count(plain.read), 1),
        f"this backend, {callers} callers": (_count(plain.read), callers),
        f"this backend, {4 * callers} callers": (_count(plain.read), 4 * callers),
        f"the same with lines that may stand upside down, {callers} callers": (
            _count(oriented.read),
            callers,
        ),
    }
    for reader in (plain, oriented, exact, onnx, shared):
        reader.close()


def stock_reader() -> Read:
    """PaddleOCR as in its manual, but with the builtin models for detection and recognition only."""
    from paddleocr import PaddleOCR

    required = model_roles.required_models(Settings(**BUILTIN, use_textline_orientation=False))
    with builtin_models.folders(required) as folders:
        ocr = PaddleOCR(
            text_detection_model_name=folders["detection"].name,
            text_detection_model_dir=str(folders["detection"].folder),
            text_recognition_model_name=folders["recognition"].name,
            text_recognition_model_dir=str(folders["recognition"].folder),
            use_doc_orientation_classify=False,
            use_doc_unwarping=False,
            use_textline_orientation=False,
            engine="onnxruntime",
            device="cpu",
        )

    def read(image: Image) -> int:
        (page,) = ocr.predict(image)
        return int(np.sum(np.array(page["rec_scores"]) >= MIN_SCORE))

    return read


def _count(read: Callable[[Image], Any]) -> Read:
    return lambda image: sum(line.score >= MIN_SCORE for line in read(image))


def _timed(
    setups: dict[str, tuple[Read, int]], images: list[Image], rounds: int
) -> tuple[dict[str, int], dict[str, list[float]]]:
    lines: dict[str, int] = {}
    seconds: dict[str, list[float]] = {name: [] for name in setups}
    for number in range(rounds + 1):
        for name, (read, callers) in setups.items():
            start = time.perf_counter()
            with ThreadPoolExecutor(callers) as pool:
                lines[name] = sum(pool.map(read, images))
            if number:
                seconds[name].append(time.perf_counter() - start)
    return lines, seconds


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)

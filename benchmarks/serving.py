"""Response times for Label Studio and annotators, with the real server and the builtin models.

Run as `python benchmarks/serving.py [TASKS]`: a request of TASKS pages (200), a drawn box, and /health and
/setup while pages are read, compared with plain PaddleOCR that reads the same pages one after the other.
Prints a Markdown table; `benchmarks/README.md` holds results.
"""

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests
from pages import LINES, page
from reading import stock_reader

from backend_process import BUILTIN, Backend, backend_process
from loopback import ImageFiles, serving
from ocr_backend.images.decoding import decode_image
from ocr_backend.system.cgroup_cpu import usable_cores

SLOW_REQUESTS = 24
FILL_TIMEOUT_SECONDS = 60
STOCK_PAGES = 10
"""Number of pages that PaddleOCR reads: it is slow, and this is enough for a rate."""
ROUNDS = 41

Json = dict[str, Any]


def main(tasks: int) -> None:
    """Measures and prints."""
    files = [page(number) for number in range(tasks)]
    stock = _stock_rate([content for content, _ in files[:STOCK_PAGES]])
    with serving(ImageFiles()) as image_files, _backend() as backend:
        url = backend.url
        urls = [image_files.put(f"{number}.jpg", content) for number, (content, _) in enumerate(files)]
        _predict(url, urls[:2])
        before = _cpu_seconds(backend)
        seconds, answer = _timed(lambda: _predict(url, urls))
        cpu = (_cpu_seconds(backend) - before) / tasks
        correct, total = _count_correct_lines(answer, [lines for _, lines in files])
        box = _median_of_boxes(url, urls[0])
        idle = _times(lambda: requests.get(f"{url}/health", timeout=10))
        with _slow_predictions(url, urls):
            health = _times(lambda: requests.get(f"{url}/health", timeout=10), 10 * ROUNDS)
            setup = _times(lambda: requests.post(f"{url}/setup", json={"schema": ""}, timeout=10), 5 * ROUNDS)
    print(f"\n{tasks} pages of 1 megapixel and {LINES} lines, {usable_cores()} cores, PP-OCRv6 mobile, CPU\n")
    in_flight = f"with {SLOW_REQUESTS} predictions in flight, 99 %"
    print("| What | Measured |")
    print("| --- | --- |")
    print(f"| a request of {tasks} tasks | {seconds:.0f} s, {tasks / seconds:.2f} pages/s |")
    print(f"| CPU time for a page | {cpu:.2f} s |")
    print(f"| PaddleOCR, one page after the other | {stock:.2f} pages/s |")
    print(f"| this backend, relative to that | {tasks / seconds / stock:.2f} |")
    print(f"| lines without an error | {correct} of {total} |")
    print(f"| a drawn box, median | {1000 * box:.0f} ms |")
    print(f"| /health when idle, 99 % | {1000 * _percentile(idle, 0.99):.0f} ms |")
    print(f"| /health {in_flight} | {1000 * _percentile(health, 0.99):.0f} ms |")
    print(f"| /setup {in_flight} | {1000 * _percentile(setup, 0.99):.0f} ms |")
    print(f"| the slowest of these | {1000 * max(setup):.0f} ms |")


@contextmanager
def _backend() -> Iterator[Backend]:
    env = {**BUILTIN, "OCR_FETCH_ALLOW": "127.0.0.1", "OCR_RESULT_CACHE": "0", "OCR_PREDICT_TIMEOUT": "900"}
    with tempfile.TemporaryDirectory() as folder, backend_process(env, Path(folder) / "log") as backend:
        yield backend


def _cpu_seconds(backend: Backend) -> float:
    """CPU time of the server and its workers; other load on the machine hardly changes it."""
    server = psutil.Process(backend.process.pid)
    times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def _stock_rate(files: list[bytes]) -> float:
    read = stock_reader()
    images = [decode_image(content, 10**8) for content in files]
    read(images[0])
    seconds, _ = _timed(lambda: [read(image) for image in images])
    return len(images) / seconds


def _predict(url: str, urls: list[str], **fields: Any) -> Json:
    tasks = [{"id": number, "data": {"image": image}} for number, image in enumerate(urls)]
    response = requests.post(f"{url}/predict", json={"tasks": tasks, **fields}, timeout=1800)
    response.raise_for_status()
    answer: Json = response.json()
    return answer


def _count_correct_lines(answer: Json, truth: list[list[str]]) -> tuple[int, int]:
    """Number of lines without an error, except in spaces, and number of all lines."""
    correct = 0
    for result, lines in zip(answer["results"], truth, strict=True):
        items = result["result"] if result else []
        read = {item["value"]["text"][0].replace(" ", "") for item in items if item["type"] == "textarea"}
        correct += sum(line.replace(" ", "") in read for line in lines)
    return correct, sum(map(len, truth))


def _median_of_boxes(url: str, image_url: str) -> float:
    """Median seconds until the text of a drawn box is returned; each round draws around another line."""
    times = []
    for round_ in range(ROUNDS):
        top = 2.7 + (round_ % LINES) * 4.7
        value = {"x": 3, "y": top, "width": 90, "height": 4, "rotation": 0}
        item = {"id": "DRAWN", "from_name": "bbox", "to_name": "image", "type": "rectangle", "value": value}
        params = {"context": {"result": [item]}}
        seconds, answer = _timed(lambda params=params: _predict(url, [image_url], params=params))
        if not answer["results"][0]["result"]:
            raise SystemExit(f"no text in the box at {top} %")
        times.append(seconds)
    return statistics.median(times[1:])


@contextmanager
def _slow_predictions(url: str, urls: list[str]) -> Iterator[None]:
    """Keeps SLOW_REQUESTS predict requests of several pages each in flight during the context."""
    stop = threading.Event()

    def send() -> None:
        while not stop.is_set():
            _predict(url, urls[:4])

    threads = [threading.Thread(target=send) for _ in range(SLOW_REQUESTS)]
    for thread in threads:
        thread.start()
    try:
        deadline = time.monotonic() + FILL_TIMEOUT_SECONDS
        # Each request has 4 pages; the queue is filled once half of all pages wait.
        while _count_waiting_images(url) < 2 * SLOW_REQUESTS:
            if time.monotonic() > deadline:
                raise SystemExit(f"the server had no queue of predictions after {FILL_TIMEOUT_SECONDS} s")
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _count_waiting_images(url: str) -> float:
    text = requests.get(f"{url}/metrics", timeout=10).text
    return next(
        float(line.split()[1]) for line in text.splitlines() if line.startswith("ocr_images_waiting ")
    )


def _times(ask: Callable[[], requests.Response], rounds: int = ROUNDS) -> list[float]:
    times = []
    for _ in range(rounds):
        seconds, response = _timed(ask)
        response.raise_for_status()
        times.append(seconds)
    return times


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def _percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)

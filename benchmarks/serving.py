"""What Label Studio and annotators wait for, with the real server on the builtin models.

Run as `python benchmarks/serving.py [TASKS]`: a request of so many pages (200), a drawn box, and /health and
/setup while pages are read, beside a plain PaddleOCR that reads the same pages one after the other. Prints a
markdown table; `benchmarks/README.md` keeps results.
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
from ocr_backend.images.decoding import decoded
from ocr_backend.system.cpu_quota import usable_cores

SLOW_REQUESTS = 24
SECONDS_TO_FILL = 60
PAGES_OF_STOCK = 10
"""So many are read by PaddleOCR: enough for a rate, and it takes long."""
ROUNDS = 41

Json = dict[str, Any]


def main(tasks: int) -> None:
    """Measures and prints."""
    files = [page(number) for number in range(tasks)]
    stock = _stock_rate([content for content, _ in files[:PAGES_OF_STOCK]])
    with serving(ImageFiles()) as image_files, _backend() as backend:
        url = backend.url
        urls = [image_files.put(f"{number}.jpg", content) for number, (content, _) in enumerate(files)]
        _predict(url, urls[:2])
        before = _cpu_seconds(backend)
        whole, answer = _timed(lambda: _predict(url, urls))
        cpu = (_cpu_seconds(backend) - before) / tasks
        right, wanted = _right(answer, [lines for _, lines in files])
        box = _median_of_boxes(url, urls[0])
        idle = _times(lambda: requests.get(f"{url}/health", timeout=10))
        with _slow_predictions(url, urls):
            health = _times(lambda: requests.get(f"{url}/health", timeout=10), 10 * ROUNDS)
            setup = _times(lambda: requests.post(f"{url}/setup", json={"schema": ""}, timeout=10), 5 * ROUNDS)
    print(f"\n{tasks} pages of 1 megapixel and {LINES} lines, {usable_cores()} cores, PP-OCRv6 mobile, CPU\n")
    print("| What | Measured |")
    print("| --- | --- |")
    print(f"| a request of {tasks} tasks | {whole:.0f} s, {tasks / whole:.2f} pages/s |")
    print(f"| CPU time for a page | {cpu:.2f} s |")
    print(f"| PaddleOCR, one page after the other | {stock:.2f} pages/s |")
    print(f"| this backend against it | {tasks / whole / stock:.2f} |")
    print(f"| lines exactly right | {right} of {wanted} |")
    print(f"| a drawn box, median | {1000 * box:.0f} ms |")
    print(f"| /health when idle, 99 % | {1000 * _share(idle, 0.99):.0f} ms |")
    print(
        f"| /health with {SLOW_REQUESTS} predictions in flight, 99 % | {1000 * _share(health, 0.99):.0f} ms |"
    )
    print(
        f"| /setup with {SLOW_REQUESTS} predictions in flight, 99 % | {1000 * _share(setup, 0.99):.0f} ms |"
    )
    print(f"| the slowest of these | {1000 * max(setup):.0f} ms |")


@contextmanager
def _backend() -> Iterator[Backend]:
    env = {**BUILTIN, "OCR_FETCH_ALLOW": "127.0.0.1", "OCR_RESULT_CACHE": "0", "OCR_PREDICT_TIMEOUT": "900"}
    with tempfile.TemporaryDirectory() as folder, backend_process(env, Path(folder) / "log") as backend:
        yield backend


def _cpu_seconds(backend: Backend) -> float:
    """CPU time that the server and its workers have taken: other load on the machine hardly changes it."""
    server = psutil.Process(backend.process.pid)
    times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def _stock_rate(files: list[bytes]) -> float:
    read = stock_reader()
    images = [decoded(content, 10**8) for content in files]
    read(images[0])
    seconds, _ = _timed(lambda: [read(image) for image in images])
    return len(images) / seconds


def _predict(url: str, urls: list[str], **more: Any) -> Json:
    tasks = [{"id": number, "data": {"image": image}} for number, image in enumerate(urls)]
    response = requests.post(f"{url}/predict", json={"tasks": tasks, **more}, timeout=1800)
    response.raise_for_status()
    answer: Json = response.json()
    return answer


def _right(answer: Json, truth: list[list[str]]) -> tuple[int, int]:
    """How many lines were read to the letter, blanks left out, and how many there are."""
    right = 0
    for result, lines in zip(answer["results"], truth, strict=True):
        items = result["result"] if result else []
        read = {item["value"]["text"][0].replace(" ", "") for item in items if item["type"] == "textarea"}
        right += sum(line.replace(" ", "") in read for line in lines)
    return right, sum(map(len, truth))


def _median_of_boxes(url: str, image_url: str) -> float:
    """Seconds until a box around one line comes back with its text, each time another line."""
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
    """So many requests for predictions in flight, of many pages each, from begin to end of the context."""
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            _predict(url, urls[:4])

    threads = [threading.Thread(target=ask) for _ in range(SLOW_REQUESTS)]
    for thread in threads:
        thread.start()
    try:
        until = time.monotonic() + SECONDS_TO_FILL
        while _waiting(url) < 2 * SLOW_REQUESTS:  # each has 4 pages, and fewer than half of all have begun
            if time.monotonic() > until:
                raise SystemExit(f"the server had no queue of predictions after {SECONDS_TO_FILL} s")
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _waiting(url: str) -> float:
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
    begun = time.perf_counter()
    given = run()
    return time.perf_counter() - begun, given


def _share(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)

"""Memory of the real server in a control group with a limit, while it reads images of many sizes.

Run as root as `python benchmarks/served_memory.py ENGINE SLOTS [IMAGES [SECONDS]]` with
`PYTHONPATH=tests/cluster:tests/support`. Every 40th image has almost OCR_MAX_IMAGE_PIXELS. It prints a
Markdown table of megabytes without file cache, and stops after so many seconds.
"""

import io
import math
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import requests
from PIL import Image, ImageDraw, ImageFont

from backend_process import BUILTIN, SERVE, backend_process
from loopback import ImageFiles, serving
from ocr_cluster import cgroups

LIMIT_BYTES = 4 * 2**30
CALLERS = 4
SMALL_PIXELS = (50_000, 2_000_000)
LARGE_PIXELS = (60_000_000, 79_900_000)
LARGE_EVERY = 40
ROW_IMAGES = 20
SAMPLE_SECONDS = 0.05
SETTINGS = {
    **BUILTIN,
    "WORKERS": "1",
    "OCR_FETCH_ALLOW": "127.0.0.1",
    "OCR_RESULT_CACHE": "0",
    "OCR_IMAGE_CACHE_BYTES": "0",
    "OCR_FETCH_TIMEOUT": "600",
    "OCR_PREDICT_TIMEOUT": "3600",
}
_RUN_IN_GROUP = ("sh", "-c", 'echo $$ > "$0" && exec "$@"')


@dataclass(frozen=True)
class Group:
    """A control group, version 1 or 2."""

    name: str
    root: Path = Path("/sys/fs/cgroup")

    @property
    def _is_unified(self) -> bool:
        return (self.root / "cgroup.controllers").exists()

    @property
    def folder(self) -> Path:
        """The group in the hierarchy that limits memory."""
        return self.root / ("" if self._is_unified else "memory") / self.name

    def limit(self, size: int) -> None:
        """Limits the memory to so many bytes."""
        (self.folder / ("memory.max" if self._is_unified else "memory.limit_in_bytes")).write_text(str(size))

    def resident_mb(self) -> int:
        """Megabytes in use without file cache."""
        return self._field("memory.stat", "anon" if self._is_unified else "total_rss") // 10**6

    def kills(self) -> int:
        """Processes that were killed for lack of memory."""
        return self._field("memory.events" if self._is_unified else "memory.oom_control", "oom_kill")

    def _field(self, file: str, name: str) -> int:
        fields = dict(line.split() for line in (self.folder / file).read_text().splitlines())
        return int(fields[name])


@dataclass
class Progress:
    """What was answered, the highest memory, and the memory after the last images."""

    group: Group
    outcomes: Counter[str] = field(default_factory=Counter)
    peak_mb: int = 0
    slowest: float = 0
    rows: list[tuple[int, int]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    is_over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def sample(self) -> None:
        """Keeps the peak until the end."""
        while not self.is_over.wait(SAMPLE_SECONDS):
            self.peak_mb = max(self.peak_mb, self.group.resident_mb())

    def add(self, outcome: str) -> None:
        """Counts an answer; prints a row from time to time."""
        with self.lock:
            self.outcomes[outcome] += 1
            count = self.outcomes.total()
            if count % ROW_IMAGES == 0:
                self.rows.append((count, self.group.resident_mb()))
                seconds = time.monotonic() - self.started
                row = (count, round(seconds), self.rows[-1][1], self.peak_mb, self.group.kills())
                print(f"| {' | '.join(map(str, row))} |", flush=True)

    def slope(self) -> float:
        """Megabytes for each 100 images in the second half, by a linear fit."""
        half = self.rows[len(self.rows) // 2 :]
        return 100 * float(np.polyfit(*zip(*half, strict=True), 1)[0]) if len(half) > 1 else math.nan


def main(engine: str, slots: str, images: str = "3000", seconds: str = "3600") -> None:
    """Measures and prints."""
    print(f"\nPP-OCRv6 mobile, {engine}, {slots} slots, {CALLERS} callers, limit 4 GiB\n")
    print("| Images | Seconds | Resident MB | Peak MB | Kills |\n| --- | --- | --- | --- | --- |")
    settings = {**SETTINGS, "OCR_ENGINE": engine, "OCR_SLOTS": slots}
    with limited_group() as group, tempfile.TemporaryDirectory() as folder, serving(ImageFiles()) as files:
        command = (*_RUN_IN_GROUP, str(group.folder / "cgroup.procs"), *SERVE)
        with backend_process(settings, Path(folder) / "log", command) as backend:
            progress = Progress(group)
            threading.Thread(target=progress.sample, daemon=True).start()
            read_all(progress, files, backend.url, range(1, int(images) + 1), float(seconds))
            progress.is_over.set()
            print(f"\n{dict(progress.outcomes)}, {group.kills()} kills, peak {progress.peak_mb} MB")
            print(f"{progress.slope():.1f} MB for each 100 images, slowest image {progress.slowest:.0f} s")


@contextmanager
def limited_group() -> Iterator[Group]:
    """A group with the limit; removed when its processes have ended."""
    group = Group(f"ocr-memory-{os.getpid()}")
    cgroups.make(group.name)
    try:
        group.limit(LIMIT_BYTES)
        yield group
    finally:
        cgroups.remove(group.name)


def read_all(progress: Progress, files: ImageFiles, url: str, numbers: range, seconds: float) -> None:
    """Sends the images until the time is up."""

    def read(number: int) -> None:
        if time.monotonic() - progress.started < seconds:
            name = str(number % (10 * CALLERS))  # those of old images are replaced
            sent = time.monotonic()
            progress.add(_outcome(url, files.put(name, image_file(number))))
            progress.slowest = max(progress.slowest, time.monotonic() - sent)

    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(read, numbers))


def _outcome(url: str, image_url: str) -> str:
    """`read`, or why the image was not read."""
    try:
        body = {"tasks": [{"id": 1, "data": {"image": image_url}}]}
        answer = requests.post(f"{url}/predict", json=body, timeout=3600).json()
    except requests.RequestException as error:
        return type(error).__name__
    return answer["unread"][0]["outcome"] if answer["unread"] else "read"


def image_file(number: int) -> bytes:
    """A JPEG or PNG page with some lines; the same in each call."""
    sizes = random.Random(number)
    is_large = number % LARGE_EVERY == LARGE_EVERY // 4
    low, high = LARGE_PIXELS if is_large else SMALL_PIXELS
    pixels = math.exp(sizes.uniform(math.log(low), math.log(high)))
    width = round(math.sqrt(pixels * sizes.uniform(0.6, 1.6)))
    page = Image.new(sizes.choice(["RGB", "L"]), (width, round(pixels / width)), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=28)
    for top in range(20, min(page.height - 40, 2000), 120):
        text = " ".join(f"{sizes.randrange(10_000)} words" for _ in range(sizes.randrange(1, 6)))
        draw.text((20, top), text, fill="black", font=font)
    file = io.BytesIO()
    page.save(file, sizes.choice(["JPEG", "PNG"]), compress_level=1)
    return file.getvalue()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A project that is too large for one Retrieve is finished by pressing it again."""

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
import requests
from PIL import Image, ImageDraw, ImageFont

from backend_process import running_backend
from label_studio_project import Json, Project
from loopback import ImageFiles

pytestmark = pytest.mark.labelstudio

TASKS = 300
READ = 'ocr_stage_seconds_count{stage="read"}'


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "backend.log"


@pytest.fixture
def slow(settings: dict[str, str], log: Path) -> Iterator[str]:
    """A backend that reads one image at a time and answers after a second: never with so many."""
    with running_backend({**settings, "OCR_SLOTS": "1", "OCR_PREDICT_TIMEOUT": "1"}, log) as url:
        yield url


@pytest.fixture
def image_files(served: ImageFiles) -> list[str]:
    """URLs of small images, each with another text."""

    def url(number: int) -> str:
        image, file = Image.new("RGB", (160, 44), "white"), BytesIO()
        ImageDraw.Draw(image).text((8, 4), f"No {number}", fill="black", font=ImageFont.load_default(size=30))
        image.save(file, "PNG")
        return served.put(f"{number}.png", file.getvalue())

    return [url(number) for number in range(TASKS)]


@pytest.fixture
def number(slow: str) -> Callable[[str], float]:
    """`number(series)`: what the backend tells Prometheus."""

    def told(series: str) -> float:
        lines = requests.get(f"{slow}/metrics", timeout=10).text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(series))

    return told


def test_it_is_finished_by_pressing_again_with_nothing_read_twice_lost_or_falsely_done(
    project: Project,
    slow: str,
    log: Path,
    image_files: list[str],
    number: Callable[[str], float],
    say: Callable[[str], None],
) -> None:
    tasks = project.add(*image_files)
    project.connect(slow)

    def left() -> int:
        return TASKS - len(stored(project))

    presses = []
    while left():
        was_late = number('ocr_tasks_total{outcome="late"}')
        project.retrieve_predictions()
        presses.append(left())
        assert number('ocr_tasks_total{outcome="late"}') - was_late == presses[-1]
        assert len(presses) < 2 or presses[-1] < presses[-2], "a press must bring something"

    assert len(presses) > 1
    found = stored(project)
    assert sorted(one["task"] for one in found) == sorted(tasks)
    assert [one["task"] for one in found if not one["result"]] == []
    assert number('ocr_tasks_total{outcome="read"}') == TASKS
    assert number(READ) == TASKS
    said = re.findall(r"predict: \d+ tasks in \S+ s: .*?(?:(\d+) late)?$", log.read_text(), re.MULTILINE)
    assert [int(late or 0) for late in said] == presses
    say(f"{TASKS} tasks, left after each Retrieve: {presses}")


def stored(project: Project) -> list[Json]:
    """All predictions of the project."""
    found: list[Json] = project.api.call("GET", "predictions/", params={"project": project.id})
    return found

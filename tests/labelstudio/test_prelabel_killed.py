"""A project of 2,000 tasks, whose reader is killed twice on the way, ends with 2,000 predictions."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from subprocess import Popen

import pytest
from PIL import Image, ImageDraw, ImageFont

from faulty_relay import FaultyRelay, Passing, pass_on
from label_studio import LabelStudio
from label_studio_project import Project
from loopback import ImageFiles, serving
from prelabel_process import end, start

pytestmark = pytest.mark.labelstudio

TASKS = 2000
IMAGES = 20
KILLED = -9
STORING = "POST /api/"
"""Begins both the request that stores a slice and the one that stores a single prediction."""


@pytest.fixture
def between(label_studio: LabelStudio) -> Iterator[FaultyRelay]:
    with serving(FaultyRelay(label_studio.url)) as relay:
        yield relay


@pytest.fixture
def image_files(served: ImageFiles) -> list[str]:
    """URLs of small images; a quarter of them has a word on it."""

    def url(number: int) -> str:
        image, file = Image.new("RGB", (120, 40), "white"), BytesIO()
        if number % 4 == 0:
            font = ImageFont.load_default(size=24)
            ImageDraw.Draw(image).text((6, 4), f"NR {number}", fill="black", font=font)
        image.save(file, "PNG")
        return served.put(f"{number}.png", file.getvalue())

    return [url(number) for number in range(IMAGES)]


def test_killed_twice_it_ends_with_one_prediction_for_each_of_2000_tasks(
    project: Project,
    between: FaultyRelay,
    settings: dict[str, str],
    image_files: list[str],
    tmp_path: Path,
    say: Callable[[str], None],
) -> None:
    tasks = project.add(*[image_files[number % IMAGES] for number in range(TASKS)])

    def started() -> Popen[str]:
        return start(["--project", project.id], {**settings, "LABEL_STUDIO_URL": between.url}, tmp_path)

    def killed_at(number: int, is_carried_out: bool) -> int:
        """How many predictions there are after it was killed at its so manieth request to store some."""
        processes: list[Popen[str]] = []

        def kill(passing: Passing) -> None:
            if is_carried_out:
                passing.ask()
            processes[0].kill()
            passing.hang_up()

        for _ in range(number - 1):
            between.once(STORING, pass_on)
        between.once(STORING, kill)
        processes.append(started())
        assert end(processes[0]).status == KILLED
        return sum(versions().values())

    def versions() -> dict[str, int]:
        counted: dict[str, int] = project.api.call("GET", f"projects/{project.id}/model-versions/")
        return counted

    first = killed_at(10, is_carried_out=False)
    second = killed_at(15, is_carried_out=True)
    assert 0 < first < second < TASKS
    ended = end(started())
    assert ended.status == 0, ended.err
    assert f"{TASKS - second} stored, 0 failed" in ended.err
    assert list(versions().values()) == [TASKS]
    listed = project.api.call("GET", "tasks/", params={"project": project.id, "page_size": TASKS})["tasks"]
    assert {task["id"]: task["total_predictions"] for task in listed} == dict.fromkeys(tasks, 1)
    say(f"{first}, {second}, {TASKS} stored with {len(between.passed)} requests to Label Studio")

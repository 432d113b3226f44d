"""prelabel stores 2,000 predictions for 2,000 tasks even if it is killed twice."""

from collections.abc import Callable
from io import BytesIO
from subprocess import Popen

import pytest
from PIL import Image, ImageDraw, ImageFont

from faulty_relay import FaultyRelay, RelayedRequest, forward
from label_studio_project import Project
from loopback import ImageFiles
from prelabel_process import end

pytestmark = pytest.mark.labelstudio

TASKS = 2000
IMAGES = 20
KILLED = -9
STORE_REQUEST = "POST /api/"
"""Prefix of the requests that store a slice or a single prediction."""


@pytest.fixture
def image_urls(image_server: ImageFiles) -> list[str]:
    """URLs of small images; a quarter of them have text."""

    def url(number: int) -> str:
        image, file = Image.new("RGB", (120, 40), "white"), BytesIO()
        if number % 4 == 0:
            font = ImageFont.load_default(size=24)
            ImageDraw.Draw(image).text((6, 4), f"NR {number}", fill="black", font=font)
        image.save(file, "PNG")
        return image_server.put(f"{number}.png", file.getvalue())

    return [url(number) for number in range(IMAGES)]


def test_after_two_kills_each_of_2000_tasks_has_one_prediction(
    project: Project,
    label_studio_relay: FaultyRelay,
    start_prelabel: Callable[..., Popen[str]],
    image_urls: list[str],
    say: Callable[[str], None],
) -> None:
    tasks = project.add(*[image_urls[number % IMAGES] for number in range(TASKS)])

    def killed_at(number: int, is_forwarded: bool) -> int:
        """Starts the command and kills it at this store request; returns the number of predictions."""
        processes: list[Popen[str]] = []

        def kill(request: RelayedRequest) -> None:
            if is_forwarded:
                request.ask()
            processes[0].kill()
            request.hang_up()

        for _ in range(number - 1):
            label_studio_relay.once(STORE_REQUEST, forward)
        label_studio_relay.once(STORE_REQUEST, kill)
        processes.append(start_prelabel())
        assert end(processes[0]).status == KILLED
        return sum(versions().values())

    def versions() -> dict[str, int]:
        counted: dict[str, int] = project.api.call("GET", f"projects/{project.id}/model-versions/")
        return counted

    first = killed_at(10, is_forwarded=False)
    second = killed_at(15, is_forwarded=True)
    assert 0 < first < second < TASKS
    completed = end(start_prelabel())
    assert completed.status == 0, completed.err
    assert f"{TASKS - second} stored, 0 failed" in completed.err
    assert list(versions().values()) == [TASKS]
    listed = project.api.call("GET", "tasks/", params={"project": project.id, "page_size": TASKS})["tasks"]
    assert {task["id"]: task["total_predictions"] for task in listed} == dict.fromkeys(tasks, 1)
    say(f"{first}, {second}, {TASKS} stored with {len(label_studio_relay.requests)} requests to Label Studio")

"""What Label Studio stores when predictions are retrieved, and what becomes of them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from label_studio import LabelStudio
from label_studio_project import Project
from label_studio_regions import Box, overlap, regions_of
from loopback import ImageFiles, Relay
from ocr_quality import total

pytestmark = pytest.mark.labelstudio

ORIENTATION, SHOWN_TURNED_RIGHT = 0x0112, 6  # EXIF 2.32: tag, "rotate 90 degrees clockwise to show"


def texts(project: Project, task: int) -> list[list[str]]:
    """The texts of each prediction that is stored for a task."""
    return [[region.text for region in regions_of(one["result"])] for one in project.predictions(task)]


def test_each_kind_of_image_gets_one_prediction_with_its_text(
    project: Project,
    relay: Relay,
    label_studio: LabelStudio,
    served: ImageFiles,
    image_path: Callable[[str], Path],
    as_data_uri: Callable[[Path], str],
) -> None:
    project.connect(relay.url)
    test = image_path("issue_170.png")
    local = label_studio.files / f"project-{project.id}"
    local.mkdir()
    (local / "a b ü.png").write_bytes(test.read_bytes())
    tasks = [
        *project.upload(test),
        *project.add(served.put("test.png", test.read_bytes()), as_data_uri(test)),
        *project.add_local_files(local),
    ]
    project.retrieve_predictions()
    assert [texts(project, task) for task in tasks] == [[["TEST"]]] * 4
    assert len(relay.to("/predict")) == 1


def test_a_second_retrieve_adds_nothing_and_asks_for_nothing(
    project: Project, relay: Relay, image_path: Callable[[str], Path]
) -> None:
    project.connect(relay.url)
    tasks = project.upload(image_path("issue_170.png"), image_path("en_rec.jpg"))
    project.retrieve_predictions()
    stored = [project.predictions(task) for task in tasks]
    project.retrieve_predictions()
    assert [project.predictions(task) for task in tasks] == stored
    assert len(relay.to("/predict")) == 1


def test_an_image_without_text_is_done_with_nothing(project: Project, relay: Relay, tmp_path: Path) -> None:
    blank = tmp_path / "blank.png"
    Image.new("RGB", (400, 300), "white").save(blank)
    project.connect(relay.url)
    (task,) = project.upload(blank)
    project.retrieve_predictions()
    assert texts(project, task) == [[]]
    project.retrieve_predictions()
    assert len(relay.to("/predict")) == 1


def test_what_was_not_read_in_time_is_read_at_the_next_retrieve(
    project: Project, hasty_backend: str, served: ImageFiles, image_path: Callable[[str], Path]
) -> None:
    good = image_path("issue_170.png").read_bytes()
    served.put("slow.png", good)
    project.connect(hasty_backend)
    slow, quick = project.add(served.hold("slow.png"), served.put("quick.png", good))
    project.retrieve_predictions()
    assert [texts(project, task) for task in (slow, quick)] == [[], [["TEST"]]]
    served.release()
    project.retrieve_predictions()
    assert [texts(project, task) for task in (slow, quick)] == [[["TEST"]]] * 2


def test_a_backend_that_reads_otherwise_adds_its_own_prediction(
    project: Project, backend: str, hasty_backend: str, image_path: Callable[[str], Path]
) -> None:
    connection = project.connect(backend)
    (task,) = project.upload(image_path("issue_170.png"))
    project.retrieve_predictions()
    moved = project.move(connection["id"], hasty_backend)
    project.retrieve_predictions()
    versions = {prediction["model_version"] for prediction in project.predictions(task)}
    assert versions == {connection["model_version"], moved["model_version"]}
    assert len(versions) == len(project.predictions(task)) == 2


def test_every_image_is_stored_with_its_text(connected: Project, image_path: Callable[[str], Path]) -> None:
    known = json.loads(image_path("ground_truth.json").read_text(encoding="utf-8"))
    truth = {name: facts["lines"] for name, facts in known.items() if facts["default_model_can_read"]}
    tasks = connected.upload(*(image_path(name) for name in truth))
    connected.retrieve_predictions()
    stored = [texts(connected, task) for task in tasks]
    assert [len(predictions) for predictions in stored] == [1] * len(truth)
    score = total(truth, {name: lines for name, (lines,) in zip(truth, stored, strict=True)})
    assert score.error_rate <= 0.01, score.worst


def test_a_prediction_carries_the_version_that_the_model_page_shows(
    connected: Project, image_path: Callable[[str], Path]
) -> None:
    (task,) = connected.upload(image_path("issue_170.png"))
    connected.retrieve_predictions()
    (prediction,) = connected.predictions(task)
    (connection,) = connected.connections()
    assert prediction["model_version"] == connection["model_version"]
    assert 0.5 < prediction["score"] <= 1


def test_an_image_that_cannot_be_read_waits_until_it_is_mended(
    connected: Project, served: ImageFiles, image_path: Callable[[str], Path]
) -> None:
    good = image_path("issue_170.png").read_bytes()
    broken = served.put("broken.png", good[:200])
    first, second, third, fourth = connected.add(
        served.put("first.png", good), broken, f"{served.url}/missing.png", served.put("fourth.png", good)
    )
    connected.retrieve_predictions()
    assert [texts(connected, task) for task in (first, second, third, fourth)] == [
        [["TEST"]],
        [],
        [],
        [["TEST"]],
    ]
    served.put("broken.png", good)
    served.put("missing.png", good)
    connected.retrieve_predictions()
    assert [texts(connected, task) for task in (first, second, third, fourth)] == [[["TEST"]]] * 4


def test_a_page_is_read_in_order_with_boxes_where_its_lines_are(
    connected: Project, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    (task,) = connected.upload(file)
    connected.retrieve_predictions()
    (prediction,) = connected.predictions(task)
    regions = regions_of(prediction["result"])
    assert [region.text for region in regions] == list(lines)
    assert [region.labels for region in regions] == [["Text"]] * len(lines)
    for region, drawn in zip(regions, lines.values(), strict=True):
        assert overlap(region.box, drawn) > 0.6, (region.text, region.box, drawn)


def test_an_image_that_its_camera_has_turned_gets_boxes_as_it_is_shown(
    connected: Project, page: tuple[Path, dict[str, Box]], tmp_path: Path
) -> None:
    file, lines = page
    turned = tmp_path / "turned.jpg"
    with Image.open(file) as upright:
        exif = Image.Exif()
        exif[ORIENTATION] = SHOWN_TURNED_RIGHT
        upright.transpose(Image.Transpose.ROTATE_90).save(turned, exif=exif)
    (task,) = connected.upload(turned)
    connected.retrieve_predictions()
    (prediction,) = connected.predictions(task)
    regions = regions_of(prediction["result"])
    assert [region.text for region in regions] == list(lines)
    assert {(item["original_width"], item["original_height"]) for item in prediction["result"]} == {
        (900, 600)
    }
    for region, drawn in zip(regions, lines.values(), strict=True):
        assert overlap(region.box, drawn) > 0.6, (region.text, region.box, drawn)


def test_opening_a_task_brings_its_prediction(connected: Project, image_path: Callable[[str], Path]) -> None:
    (task,) = connected.upload(image_path("issue_170.png"))
    (prediction,) = connected.open(task)["predictions"]
    assert [region.text for region in regions_of(prediction["result"])] == ["TEST"]
    assert len(connected.predictions(task)) == 1


def test_the_label_stream_brings_each_task_with_its_prediction(
    connected: Project, image_path: Callable[[str], Path]
) -> None:
    connected.upload(image_path("issue_170.png"))
    (prediction,) = connected.next_task()["predictions"]
    assert [region.text for region in regions_of(prediction["result"])] == ["TEST"]


def test_an_accepted_prediction_is_exported_as_lists_of_equal_length(
    connected: Project, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    (task,) = connected.upload(file)
    connected.retrieve_predictions()
    (prediction,) = connected.predictions(task)
    connected.submit(task, prediction)
    (exported,) = connected.export("JSON_MIN")
    assert exported["transcription"] == list(lines)
    assert [label["labels"] for label in exported["label"]] == [["Text"]] * len(lines)
    assert len(exported["bbox"]) == len(lines)

"""Retrieve predictions: what Label Studio stores, shows and exports."""

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
from prelabel_results import texts

pytestmark = pytest.mark.labelstudio

EXIF_ORIENTATION, ROTATE_RIGHT = 0x0112, 6  # EXIF 2.32: the tag; shown after a turn of 90 degrees clockwise


def test_each_kind_of_image_gets_one_prediction_with_its_text(
    project: Project,
    relay: Relay,
    label_studio: LabelStudio,
    image_server: ImageFiles,
    image_path: Callable[[str], Path],
    as_data_uri: Callable[[Path], str],
) -> None:
    project.connect(relay.url)
    image = image_path("issue_170.png")
    local = label_studio.files / f"project-{project.id}"
    local.mkdir()
    (local / "a b ü.png").write_bytes(image.read_bytes())
    tasks = [
        *project.upload(image),
        *project.add(image_server.put("test.png", image.read_bytes()), as_data_uri(image)),
        *project.add_local_files(local),
    ]
    project.retrieve_predictions()
    assert [texts(project, task) for task in tasks] == [[["TEST"]]] * 4
    assert len(relay.to("/predict")) == 1


def test_a_second_retrieve_reads_and_stores_nothing(
    project: Project, relay: Relay, image_path: Callable[[str], Path]
) -> None:
    project.connect(relay.url)
    tasks = project.upload(image_path("issue_170.png"), image_path("en_rec.jpg"))
    project.retrieve_predictions()
    stored = [project.predictions(task) for task in tasks]
    project.retrieve_predictions()
    assert [project.predictions(task) for task in tasks] == stored
    assert len(relay.to("/predict")) == 1


def test_an_image_without_text_gets_an_empty_prediction(
    project: Project, relay: Relay, tmp_path: Path
) -> None:
    blank = tmp_path / "blank.png"
    Image.new("RGB", (400, 300), "white").save(blank)
    project.connect(relay.url)
    (task,) = project.upload(blank)
    project.retrieve_predictions()
    assert texts(project, task) == [[]]
    project.retrieve_predictions()
    assert len(relay.to("/predict")) == 1


def test_a_late_task_is_read_by_the_next_retrieve(
    project: Project, hasty_backend: str, image_server: ImageFiles, image_path: Callable[[str], Path]
) -> None:
    good = image_path("issue_170.png").read_bytes()
    image_server.put("slow.png", good)
    project.connect(hasty_backend)
    slow, quick = project.add(image_server.hold("slow.png"), image_server.put("quick.png", good))
    project.retrieve_predictions()
    assert [texts(project, task) for task in (slow, quick)] == [[], [["TEST"]]]
    image_server.release()
    project.retrieve_predictions()
    assert [texts(project, task) for task in (slow, quick)] == [[["TEST"]]] * 2


def test_a_backend_with_other_settings_adds_a_prediction(
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


def test_every_image_is_stored_with_its_text(
    connected_project: Project, image_path: Callable[[str], Path]
) -> None:
    entries = json.loads(image_path("ground_truth.json").read_text(encoding="utf-8"))
    truth = {name: entry["lines"] for name, entry in entries.items() if entry["default_model_can_read"]}
    tasks = connected_project.upload(*(image_path(name) for name in truth))
    connected_project.retrieve_predictions()
    stored = [texts(connected_project, task) for task in tasks]
    assert [len(predictions) for predictions in stored] == [1] * len(truth)
    score = total(truth, {name: lines for name, (lines,) in zip(truth, stored, strict=True)})
    assert score.error_rate <= 0.01, score.worst


def test_a_prediction_has_the_version_that_the_model_page_shows(
    connected_project: Project, image_path: Callable[[str], Path]
) -> None:
    (task,) = connected_project.upload(image_path("issue_170.png"))
    connected_project.retrieve_predictions()
    (prediction,) = connected_project.predictions(task)
    (connection,) = connected_project.connections()
    assert prediction["model_version"] == connection["model_version"]
    assert 0.5 < prediction["score"] <= 1


def test_an_unreadable_image_is_read_after_it_is_repaired(
    connected_project: Project, image_server: ImageFiles, image_path: Callable[[str], Path]
) -> None:
    good = image_path("issue_170.png").read_bytes()
    broken = image_server.put("broken.png", good[:200])
    first, second, third, fourth = connected_project.add(
        image_server.put("first.png", good),
        broken,
        f"{image_server.url}/missing.png",
        image_server.put("fourth.png", good),
    )
    connected_project.retrieve_predictions()
    assert [texts(connected_project, task) for task in (first, second, third, fourth)] == [
        [["TEST"]],
        [],
        [],
        [["TEST"]],
    ]
    image_server.put("broken.png", good)
    image_server.put("missing.png", good)
    connected_project.retrieve_predictions()
    assert [texts(connected_project, task) for task in (first, second, third, fourth)] == [[["TEST"]]] * 4


def test_lines_of_a_page_are_in_order_with_a_box_around_each(
    connected_project: Project, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    (task,) = connected_project.upload(file)
    connected_project.retrieve_predictions()
    (prediction,) = connected_project.predictions(task)
    regions = regions_of(prediction["result"])
    assert [region.text for region in regions] == list(lines)
    assert [region.labels for region in regions] == [["Text"]] * len(lines)
    for region, text_box in zip(regions, lines.values(), strict=True):
        assert overlap(region.box, text_box) > 0.6, (region.text, region.box, text_box)


def test_the_boxes_of_an_image_follow_its_exif_orientation(
    connected_project: Project, page: tuple[Path, dict[str, Box]], tmp_path: Path
) -> None:
    file, lines = page
    rotated = tmp_path / "rotated.jpg"
    with Image.open(file) as upright:
        exif = Image.Exif()
        exif[EXIF_ORIENTATION] = ROTATE_RIGHT
        upright.transpose(Image.Transpose.ROTATE_90).save(rotated, exif=exif)
    (task,) = connected_project.upload(rotated)
    connected_project.retrieve_predictions()
    (prediction,) = connected_project.predictions(task)
    regions = regions_of(prediction["result"])
    assert [region.text for region in regions] == list(lines)
    assert {(item["original_width"], item["original_height"]) for item in prediction["result"]} == {
        (900, 600)
    }
    for region, text_box in zip(regions, lines.values(), strict=True):
        assert overlap(region.box, text_box) > 0.6, (region.text, region.box, text_box)


def test_opening_a_task_returns_its_prediction(
    connected_project: Project, image_path: Callable[[str], Path]
) -> None:
    (task,) = connected_project.upload(image_path("issue_170.png"))
    (prediction,) = connected_project.open(task)["predictions"]
    assert [region.text for region in regions_of(prediction["result"])] == ["TEST"]
    assert len(connected_project.predictions(task)) == 1


def test_the_label_stream_returns_each_task_with_its_prediction(
    connected_project: Project, image_path: Callable[[str], Path]
) -> None:
    connected_project.upload(image_path("issue_170.png"))
    (prediction,) = connected_project.next_task()["predictions"]
    assert [region.text for region in regions_of(prediction["result"])] == ["TEST"]


def test_an_accepted_prediction_is_exported_as_lists_of_equal_length(
    connected_project: Project, page: tuple[Path, dict[str, Box]]
) -> None:
    file, lines = page
    (task,) = connected_project.upload(file)
    connected_project.retrieve_predictions()
    (prediction,) = connected_project.predictions(task)
    connected_project.submit(task, prediction)
    (exported,) = connected_project.export("JSON_MIN")
    assert exported["transcription"] == list(lines)
    assert [label["labels"] for label in exported["label"]] == [["Text"]] * len(lines)
    assert len(exported["bbox"]) == len(lines)

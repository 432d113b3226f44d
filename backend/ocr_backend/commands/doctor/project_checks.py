"""One project of Label Studio: its connection, its labelling configuration, and the image of a task."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ocr_backend.commands.doctor.findings import Finding, bad, good, skipped, warning
from ocr_backend.commands.doctor.label_studio_api import LabelStudioApi
from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError, LabelConfigError
from ocr_backend.fetch.image_fetcher import Fetcher
from ocr_backend.fetch.image_source import Inline, Remote, Source, shown, source_of
from ocr_backend.images import documents
from ocr_backend.labelstudio.label_config import ControlTags, controls_of
from ocr_backend.labelstudio.task_images import images_of_task
from ocr_backend.system.basic_credentials import Credentials, given_credentials

Json = dict[str, Any]

_STATES = {"CO": "connected", "DI": "disconnected", "ER": "in error", "TR": "training", "PR": "predicting"}
"""Label Studio's states of a backend (1.23, ml/models.py)."""


@dataclass(frozen=True)
class Sample:
    """Which project is looked at and which of its tasks: None is its first."""

    project: int
    task: int | None = None


def findings(api: LabelStudioApi, settings: Settings, sample: Sample) -> Iterator[Finding]:
    """One each for project, connection, labelling configuration, task and image, as far as one comes."""
    reply = api.project(sample.project)
    if reply.status != 200 or not isinstance(reply.told, dict):
        yield bad(
            "project",
            f"there is no project {sample.project} that the token's user may see: {reply.detail}",
            "take the number in the project's URL, and a token of one of its members",
        )
        return
    yield good("project", f"{sample.project}, {reply.told.get('task_number', 0)} tasks")
    yield from _connections(api, sample.project)
    controls = None
    for finding, found in _configuration(str(reply.told.get("label_config") or ""), settings):
        controls = found
        yield finding
    if controls is not None:
        login, password = reply.told.get("task_data_login"), reply.told.get("task_data_password")
        yield from _task(api, settings, sample, controls, given_credentials(login, password))


def _connections(api: LabelStudioApi, project: int) -> Iterator[Finding]:
    reply = api.connections(project)
    listed = reply.told if reply.status == 200 and isinstance(reply.told, list) else []
    if not listed:
        yield warning(
            "connection",
            f"no model is connected with project {project}",
            "connect it in Label Studio (Settings > Model), by the URL at which it reaches the backend",
        )
    for number, one in enumerate(listed):
        yield _connection(one, is_used=number == 0)


def _connection(one: Json, is_used: bool) -> Finding:
    url, state = shown(str(one.get("url"))), str(one.get("state"))
    said = f"Label Studio says that {url} is {_STATES.get(state, state)}"
    if not is_used:
        return skipped("connection", f"{said}; Label Studio asks the first one only")
    if state == "DI":
        return bad(
            "connection",
            said,
            "see whether it runs and is ready, and that Label Studio can reach that URL; a private address "
            "needs ML_BLOCK_LOCAL_IP=false in Label Studio",
        )
    if state == "ER":
        return bad(
            "connection", f"{said}: {one.get('error_message') or 'no reason given'}", "see the backend's log"
        )
    return good("connection", said)


def _configuration(config: str, settings: Settings) -> Iterator[tuple[Finding, ControlTags | None]]:
    check = "label config"
    try:
        found = controls_of(config, settings)
    except LabelConfigError as error:
        yield bad(check, str(error), "change it in Label Studio: Settings > Labeling Interface"), None
        return
    labels = f", labels {found.labels.name!r} with {found.label!r}" if found.labels and found.label else ""
    said = (
        f"Image {found.image!r} ({found.image_value}), {found.shape.kind} {found.shape.name!r}{labels}, "
        f"TextArea {found.text.name!r}"
    )
    yield good(check, said), found
    if found.warning:
        yield (
            warning(check, found.warning, "set PREDICTED_LABEL, or add the label to the configuration"),
            found,
        )


def _task(
    api: LabelStudioApi,
    settings: Settings,
    sample: Sample,
    controls: ControlTags,
    credentials: Credentials | None,
) -> Iterator[Finding]:
    reply = api.task(sample.project, sample.task)
    tasks = reply.told.get("tasks") if isinstance(reply.told, dict) else None
    if reply.status != 200 or not isinstance(tasks, list):
        yield bad("task", f"the tasks cannot be listed: {reply.detail}", "take a token of one of its members")
    elif not tasks and sample.task is not None:
        yield bad(
            "task", f"project {sample.project} has no task {sample.task}", "leave --task out for the first"
        )
    elif not tasks:
        yield warning("task", f"project {sample.project} has no task", "import one")
    else:
        yield from _image(settings, tasks[0], controls, credentials)


def _image(
    settings: Settings, task: Json, controls: ControlTags, credentials: Credentials | None
) -> Iterator[Finding]:
    what = f"task {task.get('id')}"
    data = task.get("data") or {}
    try:
        value = images_of_task(data, controls)[0].values[0]
    except ImageError as error:
        yield bad("task", f"{what}: {error}", "mend the Image tag's value, or set IMAGE_DATA_KEY")
        return
    try:
        source = source_of(value, task.get("id"), settings)
        yield good("image", f"{what}: {_fetched(source, settings, credentials)}, from {_address(value)}")
    except ImageError as error:
        yield bad("image", f"{what}, {_address(value)}: {error}", _cure(value, error, settings))


def _fetched(source: Source, settings: Settings, credentials: Credentials | None) -> str:
    """What has come, got and decoded as the server does it, but never from its cache.

    Raises:
        ImageError: as the server would log it.
    """
    fetcher = Fetcher(settings, 1)
    try:
        begun = time.monotonic()
        content = fetcher.fetch(source, begun + settings.predict_timeout_seconds, credentials)
        seconds = time.monotonic() - begun
    finally:
        fetcher.close()
    with documents.opened(content, settings) as document:
        height, width = document.page(0).shape[:2]
        pages = f", {document.pages} pages" if document.pages > 1 else ""
    return f"{len(content)} bytes in {seconds:.1f} s, {width} x {height} px{pages}"


def _address(value: object) -> str:
    """Where an image is, as it may be shown."""
    text = str(value)
    return "the task itself" if text[:5].lower() == "data:" else shown(text)


def _cure(value: object, error: ImageError, settings: Settings) -> str:
    try:
        source = source_of(value, 0, settings)
    except ImageError:
        return "mend the task's data or the settings"
    if isinstance(source, Inline):
        return "import the image anew"
    host = urlsplit(source.urls[-1]).hostname if isinstance(source, Remote) else None
    if "is not public" in str(error):  # of all that is refused, what a setting may allow
        return f"if images may come from {host}, set OCR_FETCH_ALLOW={host} (several are parted by commas)"
    if error.outcome == "unreachable":
        return f"see whether this machine reaches {host or 'the folder'} and may have the file"
    return "see that the address gives an image within the limits"

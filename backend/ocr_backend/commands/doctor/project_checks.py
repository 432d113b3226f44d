"""Checks one Label Studio project: its connection, its label config, and the image of a task."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ocr_backend.commands.doctor.findings import Finding, bad, good, skipped, warning
from ocr_backend.commands.doctor.label_studio_api import LabelStudioApi
from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError, LabelConfigError
from ocr_backend.fetch.image_fetcher import ImageFetcher
from ocr_backend.fetch.image_source import ImageSource, InlineFile, RemoteFile, parse_source
from ocr_backend.fetch.inline_image import bare_image
from ocr_backend.images import documents
from ocr_backend.labelstudio.label_config import ControlTags, parse_label_config
from ocr_backend.labelstudio.task_images import task_images
from ocr_backend.system.basic_credentials import Credentials, project_credentials
from ocr_backend.system.urls import redact_url

Json = dict[str, Any]

_CONNECTION_STATES = {
    "CO": "connected",
    "DI": "disconnected",
    "ER": "in error",
    "TR": "training",
    "PR": "predicting",
}
"""State of a backend in Label Studio's API -> its meaning (1.23, ml/models.py)."""


@dataclass(frozen=True)
class Sample:
    """The project to check and one of its tasks; None is the first."""

    project: int
    task: int | None = None


def check_project(api: LabelStudioApi, settings: Settings, sample: Sample) -> Iterator[Finding]:
    """Findings on project, connection, label config, task and image; stops if a check needs a failed one."""
    reply = api.project(sample.project)
    if reply.status != 200 or not isinstance(reply.content, dict):
        yield bad(
            "project",
            f"project {sample.project} does not exist, or is not visible to the token's user: {reply.detail}",
            "use the number in the project's URL, and a token of one of its members",
        )
        return
    project = reply.content
    yield good("project", f"{sample.project}, {project.get('task_number', 0)} tasks")
    yield from _check_connections(api, sample.project)
    findings, control_tags = _check_label_config(str(project.get("label_config") or ""), settings)
    yield from findings
    if control_tags is None:
        return
    credentials = project_credentials(project.get("task_data_login"), project.get("task_data_password"))
    task, problem = _find_task(api, sample)
    if problem is not None:
        yield problem
    else:
        yield _check_image(settings, task, control_tags, credentials)


def _check_connections(api: LabelStudioApi, project_id: int) -> Iterator[Finding]:
    reply = api.connections(project_id)
    connections = reply.content if reply.status == 200 and isinstance(reply.content, list) else []
    if not connections:
        yield warning(
            "connection",
            f"no model is connected to project {project_id}",
            "connect the backend in Label Studio (Settings > Model); use a URL that Label Studio can reach",
        )
    for index, connection in enumerate(connections):
        yield _check_connection(connection, is_used=index == 0)


def _check_connection(connection: Json, is_used: bool) -> Finding:
    url, state = redact_url(str(connection.get("url"))), str(connection.get("state"))
    message = f"Label Studio reports that {url} is {_CONNECTION_STATES.get(state, state)}"
    if not is_used:
        return skipped("connection", f"{message}; Label Studio uses only the first connection")
    if state == "DI":
        return bad(
            "connection",
            message,
            "check that the backend is running and ready, and that Label Studio can reach that URL; a "
            "private address needs ML_BLOCK_LOCAL_IP=false in Label Studio",
        )
    if state == "ER":
        reason = connection.get("error_message") or "no reason given"
        return bad("connection", f"{message}: {reason}", "check the backend's log")
    return good("connection", message)


def _check_label_config(config: str, settings: Settings) -> tuple[list[Finding], ControlTags | None]:
    check = "label config"
    try:
        tags = parse_label_config(config, settings)
    except LabelConfigError as error:
        return [bad(check, str(error), "change it in Label Studio: Settings > Labeling Interface")], None
    findings = [good(check, _describe_tags(image_tags)) for image_tags in tags.of_each_image]
    if tags.warning:
        findings.append(
            warning(check, tags.warning, "set PREDICTED_LABEL, or add the label or tag to the label config")
        )
    return findings, tags


def _describe_tags(tags: ControlTags) -> str:
    parts = [f"Image {tags.image!r} ({tags.image_value})"]
    if tags.shape:
        parts.append(f"{tags.shape.result_type} {tags.shape.name!r}")
    if tags.labels and tags.label:
        parts.append(f"labels {tags.labels.name!r} with {tags.label!r}")
    if tags.text:
        parts.append(f"TextArea {tags.text.name!r}")
    if tags.page_text:
        parts.append(f"TextArea {tags.page_text.name!r} for the page, as {tags.page_text.text_format}")
    return ", ".join(parts)


def _find_task(api: LabelStudioApi, sample: Sample) -> tuple[Json, Finding | None]:
    """The task of the sample, or why there is none."""
    reply = api.task(sample.project, sample.task)
    tasks = reply.content.get("tasks") if isinstance(reply.content, dict) else None
    if reply.status != 200 or not isinstance(tasks, list):
        message = f"the tasks cannot be listed: {reply.detail}"
        return {}, bad("task", message, "use a token of one of the project's members")
    if tasks:
        return tasks[0], None
    if sample.task is not None:
        message = f"project {sample.project} has no task {sample.task}"
        return {}, bad("task", message, "omit --task to check the first task")
    return {}, warning("task", f"project {sample.project} has no task", "import one")


def _check_image(
    settings: Settings, task: Json, control_tags: ControlTags, credentials: Credentials | None
) -> Finding:
    name = f"task {task.get('id')}"
    try:
        reference = task_images(task.get("data") or {}, control_tags)[0].references[0]
    except ImageError as error:
        return bad("task", f"{name}: {error}", "correct the value of the Image tag, or set IMAGE_DATA_KEY")
    try:
        source = parse_source(reference, task.get("id"), settings)
        result = _fetch(source, settings, credentials)
    except ImageError as error:
        message = f"{name}, {_redacted(reference)}: {error}"
        return bad("image", message, _advice(reference, error, settings))
    return good("image", f"{name}: {result}, from {_redacted(reference)}")


def _fetch(source: ImageSource, settings: Settings, credentials: Credentials | None) -> str:
    """Describes the image, fetched and decoded as by the server, but never from the cache.

    Raises:
        ImageError: as in the log of the server.
    """
    fetcher = ImageFetcher(settings, 1)
    try:
        started = time.monotonic()
        content = fetcher.fetch(source, started + settings.predict_timeout_seconds, credentials)
        seconds = time.monotonic() - started
    finally:
        fetcher.close()
    with documents.open_document(content, settings) as document:
        height, width = document.page(0).shape[:2]
        pages = f", {document.page_count} pages" if document.page_count > 1 else ""
    return f"{len(content)} bytes in {seconds:.1f} s, {width} x {height} px{pages}"


def _redacted(reference: object) -> str:
    """Where an image is, without secrets."""
    text = str(reference)
    is_inline = text[:5].lower() == "data:" or bare_image(text) is not None
    return "the task itself" if is_inline else redact_url(text)


def _advice(reference: object, error: ImageError, settings: Settings) -> str:
    try:
        source = parse_source(reference, 0, settings)
    except ImageError:
        return "correct the task's data or the settings"
    if isinstance(source, InlineFile):
        return "import the image again"
    host = urlsplit(source.urls[-1]).hostname if isinstance(source, RemoteFile) else None
    if "is not public" in str(error):  # the only refusal that a setting can lift
        return f"to allow images from {host}, set OCR_FETCH_ALLOW={host} (separate several hosts with commas)"
    if error.outcome == "unreachable":
        return f"check that this machine can reach {host or 'the folder'} and may read the file"
    return "check that the URL returns an image within the limits"

"""The route for Label Studio's events: it counts what annotators do, may read new tasks, and trains nothing.

Label Studio waits one second for the response and sends no event twice.
"""

import logging
from collections import Counter

from flask import Blueprint, Response, jsonify, request

from ocr_backend.errors import NotReadyError, RequestError
from ocr_backend.labelstudio import events
from ocr_backend.labelstudio.annotated_lines import OTHER_VERSION, LineCounts, count_lines
from ocr_backend.labelstudio.events import Event
from ocr_backend.pipeline.worker import Worker
from ocr_backend.telemetry.metrics import AnnotationEvent, Metrics
from ocr_backend.web.request_origin import check_media_type
from ocr_backend.web.task_reader import AddTasks

logger = logging.getLogger(__name__)

NOTHING_IS_TRAINED = (
    "this backend trains nothing. Train a model with PaddleOCR from an export of the project, "
    "and serve it as a custom model: see docs/custom-models.md"
)

_METRIC_EVENTS: dict[str, AnnotationEvent] = {
    **dict.fromkeys(events.CREATED, "created"),
    **dict.fromkeys(events.UPDATED, "updated"),
    **dict.fromkeys(events.DELETED, "deleted"),
}


def blueprint(worker: Worker, add_tasks: AddTasks | None = None) -> Blueprint:
    """`/webhook`; new tasks are read if there is `add_tasks`."""
    routes = Blueprint("webhook", __name__)

    @routes.post("/webhook")
    def webhook() -> tuple[Response, int]:
        check_media_type(request.mimetype, request.headers.get)
        event = events.parse_event(request.get_data())
        _record(event, worker.metrics, worker.predictor.version if worker.is_ready else OTHER_VERSION)
        if event.action == events.TASKS_CREATED and add_tasks is not None:
            return _add(event, add_tasks)
        return _response(event.action)

    return routes


def _record(event: Event, metrics: Metrics, version: str) -> None:
    name = _METRIC_EVENTS.get(event.action)
    if name is None:
        return
    # Skipped tasks say nothing about their lines.
    annotations = [annotation for annotation in event.annotations if not annotation.is_skipped]
    metrics.annotations.labels(name).inc(len(annotations))
    counts: LineCounts = Counter()
    if name == "created":  # each later event has the same lines again
        for annotation in annotations:
            counts += count_lines(annotation, version)
    for (outcome, line_version), lines in counts.items():
        metrics.annotated_lines.labels(outcome, line_version).inc(lines)


def _add(event: Event, add_tasks: AddTasks) -> tuple[Response, int]:
    if event.project is None or not event.tasks:
        raise RequestError("the event names no project and tasks; let the webhook send its payload")
    if not add_tasks(event.project, event.tasks):
        raise NotReadyError(
            f"too many new tasks are waiting; project {event.project} is not read: use ocr-backend prelabel"
        )
    return jsonify(status="ok", message=f"{len(event.tasks)} new tasks will be read"), 202


def _response(action: str) -> tuple[Response, int]:
    if action == events.START_TRAINING:
        logger.info("webhook: START_TRAINING: %s", NOTHING_IS_TRAINED)
        # Label Studio shows the backend as failed unless the response is a success.
        return jsonify(status="ok", message=NOTHING_IS_TRAINED), 201
    if action in _METRIC_EVENTS:
        return jsonify(status="ok"), 201
    return jsonify(status="ignored" if action in events.KNOWN_EVENTS else "Unknown event"), 200

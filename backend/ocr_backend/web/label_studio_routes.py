"""The routes for Label Studio: setup, predictions and versions.

They parse the request, call the worker's predictor, and write the response in Label Studio's format.
"""

import logging
import time
from collections.abc import Sequence

from flask import Blueprint, Response, g, jsonify, request

from ocr_backend.labelstudio.label_config import has_named_tags, parse_label_config
from ocr_backend.labelstudio.request_bodies import (
    PredictRequest,
    parse_predict_request,
    parse_setup_request,
)
from ocr_backend.pipeline.predictor import PredictResult, TaskOutcome
from ocr_backend.pipeline.worker import Worker
from ocr_backend.web.request_origin import check_media_type
from ocr_backend.web.responses import Json, non_empty

logger = logging.getLogger(__name__)

_EMPTY_CONFIG = "the label config is empty; set up the labeling interface before you ask for predictions"


def blueprint(worker: Worker) -> Blueprint:
    """`/setup`, `/predict` and `/versions`."""
    routes = Blueprint("label_studio", __name__)

    @routes.post("/setup")
    def setup() -> Response:
        config = parse_setup_request(_json_body())
        is_empty = not has_named_tags(config)
        warning = _EMPTY_CONFIG if is_empty else parse_label_config(config, worker.settings).warning
        if warning:
            logger.warning("setup: %s", warning)
        return jsonify(model_version=worker.predictor.version, warnings=non_empty(warning, worker.warning))

    @routes.post("/predict")
    def predict() -> Response:
        with worker.admission():  # before the body is read: waiting bodies take memory and threads
            predict_request = parse_predict_request(_json_body(), worker.settings.max_tasks)
            deadline = g.start_time + worker.settings.predict_timeout_seconds
            result = worker.predictor.predict(predict_request, deadline)
        _log_outcomes(result.outcomes)
        return _predict_response(predict_request, result)

    @routes.route("/versions", methods=["GET", "POST"])
    def versions() -> Response:
        return jsonify(versions=[worker.predictor.version])

    return routes


def _json_body() -> bytes:
    check_media_type(request.mimetype, request.headers.get)
    return request.get_data()


def _predict_response(predict_request: PredictRequest, result: PredictResult) -> Response:
    # Label Studio stores nothing for an empty list and asks again; an interactive request needs an object.
    no_prediction: Json | list[Json] = [] if predict_request.context is None else {"result": []}
    unread = [
        {"task": task.id, "outcome": outcome.outcome, "reason": outcome.reason}
        for task, outcome in zip(predict_request.tasks, result.outcomes, strict=True)
        if outcome.reason
    ]
    return jsonify(
        results=[
            no_prediction if outcome.prediction is None else outcome.prediction for outcome in result.outcomes
        ],
        unread=unread,
        warnings=non_empty(result.warning, *_page_warnings(predict_request, result)),
    )


def _page_warnings(predict_request: PredictRequest, result: PredictResult) -> list[str]:
    """Pages that are missing in the predictions of their tasks."""
    return [
        f"task {task.id}: {problem}"
        for task, outcome in zip(predict_request.tasks, result.outcomes, strict=True)
        for problem in outcome.page_problems
    ]


def _log_outcomes(task_outcomes: Sequence[TaskOutcome]) -> None:
    names = [task_outcome.outcome for task_outcome in task_outcomes]
    counts = ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names))
    logger.info("predict: %d tasks in %.2f s: %s", len(names), time.monotonic() - g.start_time, counts)

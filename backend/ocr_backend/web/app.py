"""The paths that Label Studio, Kubernetes and Prometheus ask for, and the form of answers and errors.

The only place that knows Flask. Decides nothing about images: it checks, asks the worker, and answers.
`server` makes the app; the tests do so with a reader of their own.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g, jsonify, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from ocr_backend.config.settings import Settings
from ocr_backend.errors import PasswordError, RequestError, TooLargeError
from ocr_backend.labelstudio.label_config import controls_of
from ocr_backend.labelstudio.request_bodies import PredictRequest, json_object, predict_request, setup_config
from ocr_backend.pipeline.predictor import TaskOutcome
from ocr_backend.pipeline.worker import Worker
from ocr_backend.telemetry import metrics
from ocr_backend.telemetry.log_format import request_id
from ocr_backend.web import auth, ui
from ocr_backend.web.openapi import description

logger = logging.getLogger(__name__)

Json = dict[str, Any]

_TRAINING = ("START_TRAINING", "ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATION_DELETED")
_SOUND_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_LONGEST_REASON = 300  # characters of a status line; servers refuse endless ones (guess)


class _Json(DefaultJSONProvider):
    compact = True  # the guide shows {"status":"UP"}
    sort_keys = False


def create_app(worker: Worker, ready_workers: Callable[[], int] | None = None) -> Flask:
    """The WSGI application of one worker. `ready_workers()` counts those of the pod, this one included."""
    app = Flask("ocr_backend", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = worker.settings.max_request_bytes
    app.json = _Json(app)
    _add_frame(app, worker)
    _add_health(app, worker, ready_workers or (lambda: int(worker.is_ready)))
    _add_label_studio(app, worker)
    _add_description(app, worker.settings)
    if worker.settings.has_ui:
        _add_page(app, worker)
    return app


def _add_frame(app: Flask, worker: Worker) -> None:
    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.begun = time.monotonic()
        request_id.set(given if _SOUND_ID.fullmatch(given) else secrets.token_hex(6))
        auth.check(request.path, request.headers.get("Authorization"), worker.settings)

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id.get()
        path = request.url_rule.rule if request.url_rule else "other"
        worker.metrics.requests.labels(path, str(response.status_code)).inc()
        worker.metrics.request_seconds.labels(path).observe(time.monotonic() - g.begun)
        return response

    @app.errorhandler(RequestError)
    def refused(error: RequestError) -> Response:
        logger.warning("%s %s refused with %d: %s", request.method, request.path, error.status, error)
        return _error(error.status, str(error))

    @app.errorhandler(HTTPException)
    def unknown(error: HTTPException) -> Response:
        return _error(error.code or 500, _http_detail(app, error, worker.settings.max_request_bytes))

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:  # one of the two outermost places
        logger.error("%s %s failed", request.method, request.path, exc_info=error)
        return _error(500, "the backend failed; its log says why under the id of this answer")


def _add_health(app: Flask, worker: Worker, ready_workers: Callable[[], int]) -> None:
    @app.get("/")
    @app.get("/health")
    def health() -> Response:
        worker.pipeline  # noqa: B018 - refuses while the models are being loaded
        return jsonify(status="UP")

    @app.get("/livez")
    def livez() -> Response:
        if worker.is_stuck:
            return _error(
                503, "an image has held its thread for too long; this process should be started again"
            )
        return jsonify(status="UP")

    @app.get("/readyz")
    def readyz() -> Response:
        ready, wanted = ready_workers(), worker.settings.workers
        if ready < wanted:
            return _error(503, f"{ready} of {wanted} workers have loaded and tried their models")
        return jsonify(status="READY", workers=ready)

    @app.get("/metrics")
    def numbers() -> Response:
        return Response(worker.metrics.text(), content_type=metrics.CONTENT_TYPE)


def _add_label_studio(app: Flask, worker: Worker) -> None:
    @app.post("/setup")
    def setup() -> Response:
        controls = controls_of(setup_config(request.get_data()), worker.settings)
        if controls.warning:
            logger.warning("setup: %s", controls.warning)
        return jsonify(
            model_version=worker.pipeline.version, warnings=_listed(controls.warning, worker.warning)
        )

    @app.post("/predict")
    def predict() -> Response:
        wanted = predict_request(request.get_data(), worker.settings.max_tasks)
        with worker.admitted():
            return _predicted(wanted, worker, g.begun + worker.settings.predict_timeout_seconds)

    @app.route("/versions", methods=["GET", "POST"])
    def versions() -> Response:
        return jsonify(versions=[worker.pipeline.version])

    @app.post("/webhook")
    def webhook() -> tuple[Response, int]:
        event = json_object(request.get_data()).get("action")
        # Nothing is trained here; Label Studio shows the backend as failed if it is not told "created".
        return (jsonify(status="ok"), 201) if event in _TRAINING else (jsonify(status="Unknown event"), 200)


def _add_description(app: Flask, settings: Settings) -> None:
    told = description(settings)

    @app.get("/openapi.json")
    def openapi() -> Response:
        return jsonify(told)


def _add_page(app: Flask, worker: Worker) -> None:
    html, policy = ui.page()
    headers = {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }

    @app.get("/ui")
    def page() -> Response:
        return Response(html, content_type="text/html; charset=utf-8", headers=headers)

    @app.get("/ui/settings.json")
    def settings_in_force() -> Response:
        return jsonify(ui.in_force(worker.settings, worker.pipeline.version, worker.reader))


def _predicted(wanted: PredictRequest, worker: Worker, until: float) -> Response:
    controls = controls_of(wanted.label_config, worker.settings)
    pipeline = worker.pipeline
    if wanted.context is None:
        answers = pipeline.predictions(wanted.tasks, controls, until, wanted.credentials)
        nothing: Json | list[Json] = []  # Label Studio stores nothing and asks again
    else:
        answers = [
            pipeline.drawn(task, wanted.context, controls, until, wanted.credentials)
            for task in wanted.tasks[:1]
        ]
        answers += [TaskOutcome("no_text")] * (len(wanted.tasks) - 1)
        nothing = {"result": []}  # the page takes an object only
    _log(answers)
    unread = [
        {"task": task.id, "outcome": answer.outcome, "reason": answer.reason}
        for task, answer in zip(wanted.tasks, answers, strict=True)
        if answer.reason
    ]
    return jsonify(
        results=[nothing if answer.prediction is None else answer.prediction for answer in answers],
        unread=unread,
        warnings=_listed(controls.warning),
    )


def _log(answers: list[TaskOutcome]) -> None:
    outcomes = [answer.outcome for answer in answers]
    counts = ", ".join(f"{outcomes.count(name)} {name}" for name in dict.fromkeys(outcomes))
    logger.info("predict: %d tasks in %.2f s: %s", len(answers), time.monotonic() - g.begun, counts)


def _listed(*warnings: str) -> list[str]:
    return [warning for warning in warnings if warning]


def _error(status: int, detail: str) -> Response:
    response = jsonify(status=status, detail=detail, id=request_id.get())
    # Label Studio shows a person the status line and never the body, so the sentence stands in both.
    reason = "".join(char if " " <= char <= "~" else "?" for char in detail[:_LONGEST_REASON])
    response.status = f"{status} {reason}"
    if status == PasswordError.status:
        response.headers["WWW-Authenticate"] = 'Basic realm="ocr-backend"'
    return response


def _http_detail(app: Flask, error: HTTPException, max_bytes: int) -> str:
    if error.code == TooLargeError.status:
        return f"the request has more than {max_bytes} bytes (OCR_MAX_REQUEST_BYTES)"
    if error.code == 405 and (allowed := error.get_response().headers.get("Allow")):
        return f"{request.path} does not take {request.method}; it takes {allowed}"
    if error.code == 404:
        known = ", ".join(sorted({rule.rule for rule in app.url_map.iter_rules()}))
        return f"there is no {request.path[:100]!r}; there are {known}"
    return "the request cannot be understood"

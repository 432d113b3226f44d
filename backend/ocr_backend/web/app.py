"""Creates the Flask app of a worker: its routes, request ids, request metrics and error handlers.

Knows nothing of images. `gunicorn_server` creates the app; tests create it with a reader of their own.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from ocr_backend.errors import RequestError
from ocr_backend.pipeline.worker import Worker
from ocr_backend.telemetry.log_format import request_id
from ocr_backend.web import auth, health_routes, label_studio_routes, ui_routes, webhook_route
from ocr_backend.web.request_origin import check_origin
from ocr_backend.web.responses import CompactJson, error_response, http_error_response
from ocr_backend.web.task_reader import AddTasks

logger = logging.getLogger(__name__)

_VALID_REQUEST_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)


def create_app(
    worker: Worker,
    ready_workers: Callable[[], int] | None = None,
    has_stuck_worker: Callable[[], bool] = lambda: False,
    add_tasks: AddTasks | None = None,
) -> Flask:
    """The WSGI application of one worker.

    `ready_workers()` counts the ready workers of the pod; `has_stuck_worker()` says whether another is stuck.
    `add_tasks` reads new tasks.
    """
    app = create_health_app(worker, ready_workers, has_stuck_worker)
    app.register_blueprint(label_studio_routes.blueprint(worker))
    app.register_blueprint(webhook_route.blueprint(worker, add_tasks))
    app.register_blueprint(ui_routes.api_blueprint(worker.settings))
    if worker.settings.has_ui:
        app.register_blueprint(ui_routes.page_blueprint(worker))
    return app


def create_health_app(
    worker: Worker,
    ready_workers: Callable[[], int] | None = None,
    has_stuck_worker: Callable[[], bool] = lambda: False,
) -> Flask:
    """The WSGI application of the port for health checks."""
    app = Flask("ocr_backend", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = worker.settings.max_request_bytes
    app.json = CompactJson(app)
    _add_request_hooks(app, worker)
    _add_error_handlers(app)
    count_ready = ready_workers or (lambda: int(worker.is_ready))
    app.register_blueprint(health_routes.blueprint(worker, count_ready, has_stuck_worker))
    return app


def _add_request_hooks(app: Flask, worker: Worker) -> None:
    @app.before_request
    def start_request() -> None:
        sent_id = request.headers.get("X-Request-ID", "")
        g.start_time = time.monotonic()
        request_id.set(sent_id if _VALID_REQUEST_ID.fullmatch(sent_id) else secrets.token_hex(6))
        auth.authenticate(request.path, request.headers.get("Authorization"), worker.settings)
        if request.method == "POST":
            check_origin(request.headers.get)

    @app.after_request
    def finish_request(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id.get()
        path = request.url_rule.rule if request.url_rule else "other"
        worker.metrics.requests.labels(path, str(response.status_code)).inc()
        worker.metrics.request_seconds.labels(path).observe(time.monotonic() - g.start_time)
        return response


def _add_error_handlers(app: Flask) -> None:
    @app.errorhandler(RequestError)
    def request_error(error: RequestError) -> Response:
        logger.warning("%s %s refused with %d: %s", request.method, request.path, error.status, error)
        return error_response(error.status, str(error))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        return http_error_response(app, error)

    @app.errorhandler(Exception)
    def unexpected_error(error: Exception) -> Response:  # outermost handler of a request
        logger.error("%s %s failed", request.method, request.path, exc_info=error)
        return error_response(500, "the backend failed; search its log for the id of this response")

"""The routes for people: the trial page, the settings that it shows, and the OpenAPI document."""

from flask import Blueprint, Response, jsonify

from ocr_backend.config.settings import Settings
from ocr_backend.pipeline.worker import Worker
from ocr_backend.web import ui
from ocr_backend.web.openapi import openapi_document


def api_blueprint(settings: Settings) -> Blueprint:
    """`/openapi.json`."""
    routes = Blueprint("api", __name__)
    document = openapi_document(settings)

    @routes.get("/openapi.json")
    def openapi() -> Response:
        return jsonify(document)

    return routes


def page_blueprint(worker: Worker) -> Blueprint:
    """`/ui` and `/ui/settings.json`."""
    routes = Blueprint("ui", __name__)
    html, content_security_policy = ui.trial_page()
    headers = {
        "Content-Security-Policy": content_security_policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }

    @routes.get("/ui")
    def page() -> Response:
        return Response(html, content_type="text/html; charset=utf-8", headers=headers)

    @routes.get("/ui/settings.json")
    def settings() -> Response:
        return jsonify(ui.active_settings(worker.settings, worker.predictor.version, worker.reader))

    return routes

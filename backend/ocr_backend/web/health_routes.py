"""The routes for Kubernetes, Prometheus and Label Studio's health check.

They answer quickly however busy the worker is.
"""

from collections.abc import Callable

from flask import Blueprint, Response, jsonify

from ocr_backend.pipeline.worker import STUCK_SECONDS, Worker
from ocr_backend.telemetry import metrics
from ocr_backend.web.responses import error_response


def blueprint(
    worker: Worker, ready_workers: Callable[[], int], has_stuck_worker: Callable[[], bool]
) -> Blueprint:
    """`/health`, `/livez`, `/readyz` and `/metrics`."""
    routes = Blueprint("health", __name__)

    @routes.get("/")
    @routes.get("/health")
    def health() -> Response:
        worker.predictor  # noqa: B018 - raises while the models are loading
        return jsonify(status="UP")

    @routes.get("/livez")
    def livez() -> Response:
        if worker.is_stuck or has_stuck_worker():
            return error_response(
                503,
                f"a worker thread has been blocked for more than {STUCK_SECONDS:.0f} s; restart this process",
            )
        return jsonify(status="UP")

    @routes.get("/readyz")
    def readyz() -> Response:
        ready, expected = ready_workers(), worker.settings.workers
        if ready < expected:
            return error_response(
                503, f"{ready} of {expected} workers have loaded their models and read the golden sample"
            )
        return jsonify(status="READY", workers=ready)

    @routes.get("/metrics")
    def prometheus_metrics() -> Response:
        return Response(worker.metrics.exposition(), content_type=metrics.CONTENT_TYPE)

    return routes

"""Predictions from a running backend, requested as Label Studio does. The only module that knows its URL.

Asking twice for the same predictions does no harm, so broken connections and server errors are retried. One
instance serves several threads.
"""

from collections.abc import Sequence
from typing import Any

import requests

from ocr_backend.commands.label_studio import error_detail
from ocr_backend.commands.prelabel.errors import UnavailableError, UsageError
from ocr_backend.commands.prelabel.label_studio_client import Project
from ocr_backend.commands.prelabel.retry import Sleep, retry
from ocr_backend.commands.prelabel.task_filter import TaskRow
from ocr_backend.config.settings import Settings
from ocr_backend.labelstudio.request_bodies import Json
from ocr_backend.pipeline.predictor import TaskOutcome
from ocr_backend.system.http_session import http_session

_CONNECT_TIMEOUT_SECONDS = 10.0
_SETUP_TIMEOUT_SECONDS = 30.0
_EXTRA_SECONDS = 60.0  # beyond the backend's own timeout: for its last image and the transfer
_RETRYABLE_STATUSES = (429, 500, 502, 503, 504)
_RETRYABLE_ERRORS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)


class HttpPredictor:
    """Requests predictions from the backend at a URL, with the user and password of the settings."""

    def __init__(self, url: str, settings: Settings, project: Project, parallel: int, sleep: Sleep) -> None:
        """Requests the model version; waits a while for a backend that is still loading.

        Raises:
            UnavailableError: the backend does not answer.
            UsageError: the backend refuses password or label config, or is a different server.
        """
        self._url = url.rstrip("/")
        self._project = project
        self._sleep = sleep
        self._predict_timeout = settings.predict_timeout_seconds + _EXTRA_SECONDS
        self._http = http_session(parallel, settings.verify_ssl)
        if settings.basic_auth_user:
            self._http.auth = (settings.basic_auth_user, settings.basic_auth_pass)
        body = {"schema": project.label_config, "project": "prelabel"}
        response = self._post("setup", body, _SETUP_TIMEOUT_SECONDS)
        self.version = self._model_version(response)
        self.warning = "; ".join(map(str, response.get("warnings") or ()))

    def predict(self, tasks: Sequence[TaskRow]) -> list[TaskOutcome]:
        """The outcome of each task, in the order of the tasks."""
        body = {
            "tasks": [{"id": task.id, "data": task.data} for task in tasks],
            "label_config": self._project.label_config,
            "params": {**self._credentials, "context": None},
        }
        response = self._post("predict", body, self._predict_timeout)
        results = response.get("results")
        if not isinstance(results, list) or len(results) != len(tasks):
            raise self._wrong_server("it does not return one result for each task")
        unread_rows = (row for row in response.get("unread") or () if isinstance(row, dict))
        unread = {row.get("task"): row for row in unread_rows}
        return [
            self._outcome(result, unread.get(task.id, {}))
            for task, result in zip(tasks, results, strict=True)
        ]

    @property
    def _credentials(self) -> Json:
        credentials = self._project.credentials
        if credentials is None:
            return {"login": None, "password": None}
        return {"login": credentials.user, "password": credentials.password}

    def stop(self) -> None:
        """Does nothing: the backend answers within its own timeout."""

    def _outcome(self, result: object, unread: Json) -> TaskOutcome:
        if not isinstance(result, dict) or not isinstance(result.get("result"), list):
            reason = unread.get("reason") or "the backend returns no prediction and no reason; see its log"
            return TaskOutcome(unread.get("outcome") or "failed", reason=str(reason))
        version = result.get("model_version") or self.version
        if version != self.version:
            raise UsageError(
                f"the backend's model version changed from {self.version} to {version}; start again to "
                "continue with the new version"
            )
        return TaskOutcome("read" if result["result"] else "no_text", {**result, "model_version": version})

    def _post(self, path: str, body: Json, timeout_seconds: float) -> Json:
        response = retry(lambda: self._post_once(path, body, timeout_seconds), self._sleep)
        if response.status_code == 401:
            raise UsageError(
                f"the backend at {self._url} refuses the password; set BASIC_AUTH_USER and BASIC_AUTH_PASS "
                "to the values of the backend"
            )
        if not response.ok:
            raise UsageError(f"the backend refuses /{path} with {response.status_code}: {_detail(response)}")
        content = _json(response)
        if not isinstance(content, dict):
            raise self._wrong_server(f"/{path} does not return a JSON object")
        return content

    def _post_once(self, path: str, body: Json, timeout_seconds: float) -> requests.Response:
        try:
            response = self._http.post(
                f"{self._url}/{path}",
                json=body,
                timeout=(_CONNECT_TIMEOUT_SECONDS, timeout_seconds),
                allow_redirects=False,
            )
        except _RETRYABLE_ERRORS as error:
            raise UnavailableError(
                f"the backend at {self._url} cannot be reached ({type(error).__name__})"
            ) from error
        if response.status_code in _RETRYABLE_STATUSES:
            raise UnavailableError(
                f"the backend at {self._url} answers {response.status_code}: {_detail(response)}"
            )
        return response

    def _model_version(self, response: Json) -> str:
        version = response.get("model_version")
        if not isinstance(version, str) or not version:
            raise self._wrong_server("it returns no model_version")
        return version

    def _wrong_server(self, reason: str) -> UsageError:
        return UsageError(f"the server at {self._url} is not an OCR backend: {reason}; check --backend")


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _detail(response: requests.Response) -> str:
    return error_detail(_json(response)) or "no reason given"

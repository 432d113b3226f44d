"""Predictions from a running backend, asked as Label Studio asks it: the only place that knows its URL.

Nothing is lost by asking for the same predictions twice, so connections that break and failing backends are
tried again. One instance serves several threads.
"""

from collections.abc import Sequence
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from ocr_backend.commands.prelabel.errors import UnavailableError, UsageError
from ocr_backend.commands.prelabel.label_studio_client import Project
from ocr_backend.commands.prelabel.retry import Pause, retry
from ocr_backend.commands.prelabel.task_filter import Listed
from ocr_backend.config.settings import Settings
from ocr_backend.labelstudio.request_bodies import Json
from ocr_backend.pipeline.predictor import TaskOutcome

_CONNECT_SECONDS = 10.0
_SECONDS_TO_SET_UP = 30.0
_SECONDS_BEYOND = 60.0  # that an answer may take after the backend's own deadline: its last image, the way
_WORTH_ANOTHER_TRY = (429, 500, 502, 503, 504)


class HttpPredictor:
    """Asks the backend at a URL, with the user and password of the settings."""

    def __init__(self, url: str, settings: Settings, project: Project, parallel: int, pause: Pause) -> None:
        """Asks for the version; waits a while for a backend that is still loading.

        Raises:
            GoneError: it does not answer.
            UsageError: it refuses password or labelling config, or is something else.
        """
        self._url = url.rstrip("/")
        self._project = project
        self._pause = pause
        self._predict_seconds = settings.predict_timeout_seconds + _SECONDS_BEYOND
        self._http = requests.Session()
        self._http.verify = settings.verify_ssl
        for scheme in ("http://", "https://"):
            self._http.mount(scheme, HTTPAdapter(pool_maxsize=parallel))
        if settings.basic_auth_user:
            self._http.auth = (settings.basic_auth_user, settings.basic_auth_pass)
        told = self._asked(
            "setup", {"schema": project.label_config, "project": "prelabel"}, _SECONDS_TO_SET_UP
        )
        self.version = self._text(told, "model_version")
        self.warning = "; ".join(map(str, told.get("warnings") or ()))

    def answers(self, tasks: Sequence[Listed]) -> list[TaskOutcome]:
        """What became of each task, in their order."""
        body = {
            "tasks": [{"id": task.id, "data": task.data} for task in tasks],
            "label_config": self._project.label_config,
            "params": {**self._credentials, "context": None},
        }
        told = self._asked("predict", body, self._predict_seconds)
        results = told.get("results")
        if not isinstance(results, list) or len(results) != len(tasks):
            raise self._foreign("it does not give one result for each task")
        unread = {one.get("task"): one for one in told.get("unread") or () if isinstance(one, dict)}
        return [
            self._answer(result, unread.get(task.id, {})) for task, result in zip(tasks, results, strict=True)
        ]

    @property
    def _credentials(self) -> Json:
        own = self._project.credentials
        return {"login": own.user if own else None, "password": own.password if own else None}

    def stop(self) -> None:
        """Does nothing: what the backend has been asked for comes within its own deadline."""

    def _answer(self, result: object, unread: Json) -> TaskOutcome:
        if not isinstance(result, dict) or not isinstance(result.get("result"), list):
            reason = (
                unread.get("reason") or "the backend gives no prediction and no reason; its log may say why"
            )
            return TaskOutcome(unread.get("outcome") or "failed", reason=str(reason))
        version = result.get("model_version") or self.version
        if version != self.version:
            raise UsageError(
                f"the backend now reads with {version}, not with {self.version} as at first; start again to "
                "go on with the new version"
            )
        return TaskOutcome("read" if result["result"] else "no_text", {**result, "model_version": version})

    def _asked(self, path: str, body: Json, seconds: float) -> Json:
        def attempt() -> requests.Response:
            try:
                answer = self._http.post(
                    f"{self._url}/{path}",
                    json=body,
                    timeout=(_CONNECT_SECONDS, seconds),
                    allow_redirects=False,
                )
            except (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ) as error:
                raise UnavailableError(
                    f"the backend at {self._url} cannot be reached ({type(error).__name__})"
                ) from error
            if answer.status_code in _WORTH_ANOTHER_TRY:
                raise UnavailableError(
                    f"the backend at {self._url} answers {answer.status_code}: {_detail(answer)}"
                )
            return answer

        answer = retry(attempt, self._pause)
        if answer.status_code == 401:
            raise UsageError(
                f"the backend at {self._url} refuses the password; set BASIC_AUTH_USER and BASIC_AUTH_PASS "
                "as it has them"
            )
        if not answer.ok:
            raise UsageError(f"the backend refuses /{path} with {answer.status_code}: {_detail(answer)}")
        told = _json(answer)
        if not isinstance(told, dict):
            raise self._foreign(f"/{path} gives no JSON object")
        return told

    def _text(self, told: Json, key: str) -> str:
        text = told.get(key)
        if not isinstance(text, str) or not text:
            raise self._foreign(f"it names no {key}")
        return text

    def _foreign(self, why: str) -> UsageError:
        return UsageError(f"what answers at {self._url} is no OCR backend: {why}; check --backend")


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _detail(answer: requests.Response) -> str:
    told = _json(answer)
    return str(told.get("detail"))[:500] if isinstance(told, dict) else "no reason given"

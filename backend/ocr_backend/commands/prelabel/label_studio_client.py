"""One Label Studio project through the SDK. The only module that imports `label_studio_sdk` and `httpx`.

Retries nothing: the caller knows which requests may be repeated. Raises only the classes of `errors`.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from label_studio_sdk.base_client import LabelStudioBase
from label_studio_sdk.core import ApiError, RequestOptions
from label_studio_sdk.types import PredictionRequest

from ocr_backend.commands.label_studio import (
    TOKEN_ADVICE,
    URL_ADVICE,
    base_url,
    error_detail,
    not_label_studio,
)
from ocr_backend.commands.prelabel.errors import RefusedError, UnavailableError, UsageError
from ocr_backend.commands.prelabel.task_filter import Json, StoredPrediction, TaskRow
from ocr_backend.config.settings import Settings
from ocr_backend.system.basic_credentials import Credentials, project_credentials

_TIMEOUT_SECONDS = 120.0
_IMPORT_TIMEOUT_SECONDS = 900.0  # 200 s are extrapolated for 100,000 tasks, see `import_strategy`
_RETRYABLE_STATUSES = (408, 409, 425, 429)

_NO_RETRY: RequestOptions = {"max_retries": 0}
_IMPORT: RequestOptions = {"max_retries": 0, "timeout": _IMPORT_TIMEOUT_SECONDS}


@dataclass(frozen=True)
class Project:
    """What `prelabel` needs of a project; `tasks` and `predictions` are counts.

    `credentials` are for the hosts of its images.
    """

    title: str
    label_config: str
    tasks: int
    predictions: int
    credentials: Credentials | None = None


class LabelStudioClient:
    """Reads and writes one project.

    Every method raises `UsageError` if token, URL or project are wrong, and `UnavailableError` if Label
    Studio does not answer as expected. Methods that write also raise `RefusedError`.
    """

    def __init__(self, settings: Settings, project: int) -> None:
        self.url = base_url(settings)
        self._project = project
        # No redirects: they would turn a POST into a GET.
        self._http = httpx.Client(
            timeout=_TIMEOUT_SECONDS, verify=settings.verify_ssl, follow_redirects=False
        )
        with self._translate_errors():
            # The base class: `LabelStudio` takes seconds and 80 MB more to import, for nothing needed here.
            # The slash: without it the SDK drops the path of the URL when it renews a token.
            self._sdk = LabelStudioBase(
                base_url=f"{self.url}/",
                api_key=settings.label_studio_api_key,
                max_retries=0,
                httpx_client=self._http,
            )

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def project(self) -> Project:
        """The current state of the project."""
        with self._translate_errors():
            project = self._sdk.projects.get(self._project)
            return Project(
                title=project.title or "",
                label_config=project.label_config or "",
                tasks=project.task_number or 0,
                predictions=project.total_predictions_number or 0,
                credentials=project_credentials(project.task_data_login, project.task_data_password),
            )

    def view_filter(self, view_id: int) -> object:
        """The filter of a view (a tab of the Data Manager), or None; ignores ticked rows."""
        with self._translate_errors(f"view {view_id}"):
            view = self._sdk.views.get(id=str(view_id))
        if view.project != self._project:
            raise UsageError(f"view {view_id} belongs to project {view.project}, not to {self._project}")
        return (view.data or {}).get("filters")

    def model_versions(self) -> dict[str, int]:
        """Model version -> number of the project's predictions of that version."""
        path = f"api/projects/{self._project}/model-versions/"
        with self._translate_errors():
            # The SDK has no method for this endpoint.
            response = self._sdk._client_wrapper.httpx_client.request(path, method="GET")
            if response.status_code != httpx.codes.OK:
                raise ApiError(status_code=response.status_code, body=response.text)
            return {str(version): int(count) for version, count in response.json().items()}

    def tasks(self, query: Json, include: Sequence[str], limit: int) -> tuple[list[TaskRow], int]:
        """The first `limit` tasks that match a query, and how many match in total.

        `include` names the fields to list: `id`, `data`, `predictions`.
        """
        with self._translate_errors():
            page: Any = self._sdk.tasks.list(
                project=self._project,
                query=json.dumps(query),
                include=",".join(include),
                fields="all" if "predictions" in include else "task_only",
                resolve_uri=False,  # the reader resolves URLs itself, as for /predict
                page=1,
                page_size=limit,
            )
            return [_task_row(task) for task in page.items or []], int(page.response.total)

    def import_predictions(self, predictions: Sequence[Json]) -> int:
        """Stores predictions in one request, and returns how many were stored, which may be fewer."""
        requests = [PredictionRequest(**prediction) for prediction in predictions]
        with self._translate_errors():
            response = self._sdk.projects.import_predictions(
                self._project, request=requests, request_options=_IMPORT
            )
        return response.created or 0

    def create_prediction(self, prediction: Json) -> None:
        """Stores one prediction."""
        with self._translate_errors():
            self._sdk.predictions.create(**prediction, project=self._project, request_options=_NO_RETRY)

    def replace_prediction(self, prediction_id: int, prediction: Json) -> None:
        """Replaces the content of a stored prediction."""
        with self._translate_errors(is_not_found_final=False):
            self._sdk.predictions.update(
                prediction_id, **prediction, project=self._project, request_options=_NO_RETRY
            )

    def delete_prediction(self, prediction_id: int) -> None:
        """Deletes a stored prediction, if it still exists."""
        with self._translate_errors(), _ignore_not_found():
            self._sdk.predictions.delete(prediction_id, request_options=_NO_RETRY)

    @contextmanager
    def _translate_errors(self, target: str = "", is_not_found_final: bool = True) -> Iterator[None]:
        """Raises errors of the SDK as classes of `errors`; `target` is what the request is about.

        `is_not_found_final` is False if a 404 concerns only this request.
        """
        try:
            yield
        except ApiError as error:
            raise self._error(error, target or f"project {self._project}", is_not_found_final) from error
        except httpx.TransportError as error:
            raise UnavailableError(
                f"Label Studio cannot be reached at {self.url} ({error or type(error).__name__}); check "
                "LABEL_STUDIO_URL and whether Label Studio is running"
            ) from error
        except (ValueError, TypeError, AttributeError) as error:  # the SDK cannot parse the response
            raise self._wrong_server() from error

    def _error(self, error: ApiError, target: str, is_not_found_final: bool) -> Exception:
        status = error.status_code or 0
        detail = error_detail(error.body) or "no reason given"
        if status == 401:
            return UsageError(
                f"Label Studio at {self.url} refuses the token in LABEL_STUDIO_API_KEY ({detail}); "
                f"{TOKEN_ADVICE}, or allow legacy tokens there"
            )
        if status == 403:
            return UsageError(f"the token's user is not allowed to access {target}: {detail}")
        if status == 404 and is_not_found_final:
            return UsageError(
                f"{target} does not exist at {self.url}, or is not visible to the token's user: {detail}"
            )
        if status >= 500 or status in _RETRYABLE_STATUSES:
            return UnavailableError(f"Label Studio answers {status}: {detail}", _retry_after(error.headers))
        return RefusedError(detail) if status >= 400 else self._wrong_server(status)

    def _wrong_server(self, status: int = 0) -> UsageError:
        return UsageError(f"{not_label_studio(self.url, status)}; {URL_ADVICE}")


@contextmanager
def _ignore_not_found() -> Iterator[None]:
    try:
        yield
    except ApiError as error:
        if error.status_code != httpx.codes.NOT_FOUND:
            raise


def _task_row(task: Any) -> TaskRow:
    predictions = (
        StoredPrediction(prediction.id, prediction.model_version or "")
        for prediction in task.predictions or ()
    )
    return TaskRow(task.id, task.data or {}, tuple(predictions))


def _retry_after(headers: dict[str, str] | None) -> float:
    """Seconds in the header Retry-After, or 0."""
    value = {name.lower(): text for name, text in (headers or {}).items()}.get("retry-after", "")
    return float(value) if value.isdecimal() else 0.0

"""One project of a Label Studio, through its SDK: the only place that knows `label_studio_sdk` and httpx.

Tries nothing again: whoever calls knows what may be done twice. All that fails becomes one of `errors`.
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

from ocr_backend.commands.prelabel.errors import RefusedError, UnavailableError, UsageError
from ocr_backend.commands.prelabel.task_filter import Json, Listed, Stored
from ocr_backend.config.settings import Settings
from ocr_backend.system.basic_credentials import Credentials, given_credentials

_SECONDS = 120.0
_SECONDS_TO_IMPORT = 900.0  # 200 s are extrapolated for a project of 100,000 tasks, see `pace`
_WORTH_ANOTHER_TRY = (408, 409, 425, 429)
_LONGEST_DETAIL = 500  # characters of an answer that are shown

_ONCE: RequestOptions = {"max_retries": 0}
_IMPORT: RequestOptions = {"max_retries": 0, "timeout": _SECONDS_TO_IMPORT}


@dataclass(frozen=True)
class Project:
    """What of a project matters here; the numbers are those of its tasks and of their predictions.

    `credentials` are for the hosts of its images.
    """

    title: str
    label_config: str
    tasks: int
    predictions: int
    credentials: Credentials | None = None


class LabelStudioClient:
    """Reads and writes one project.

    Every method raises `UsageError` if token, address or project are wrong, and `UnavailableError` if Label
    Studio does not answer as it should. Methods that write also raise `RefusedError`.
    """

    def __init__(self, settings: Settings, project: int) -> None:
        self.url = settings.label_studio_url.rstrip("/")
        self._project = project
        # No redirects: a POST would arrive as a GET.
        self._http = httpx.Client(timeout=_SECONDS, verify=settings.verify_ssl, follow_redirects=False)
        with self._told():
            # The base: what `LabelStudio` adds is not used here, takes seconds to import, and 80 MB.
            # The slash: without it the SDK forgets a path in the address when it renews a token.
            self._sdk = LabelStudioBase(
                base_url=f"{self.url}/",
                api_key=settings.label_studio_api_key,
                max_retries=0,
                httpx_client=self._http,
            )

    def close(self) -> None:
        """Ends the connections."""
        self._http.close()

    def project(self) -> Project:
        """The project, as it is now."""
        with self._told():
            found = self._sdk.projects.get(self._project)
            return Project(
                title=found.title or "",
                label_config=found.label_config or "",
                tasks=found.task_number or 0,
                predictions=found.total_predictions_number or 0,
                credentials=given_credentials(found.task_data_login, found.task_data_password),
            )

    def view_filter(self, view: int) -> object:
        """The filter of a view (a tab of the Data Manager), None if it has none; ticked rows do not count."""
        with self._told(f"view {view}"):
            found = self._sdk.views.get(id=str(view))
        if found.project != self._project:
            raise UsageError(f"view {view} belongs to project {found.project}, not to {self._project}")
        return (found.data or {}).get("filters")

    def versions(self) -> dict[str, int]:
        """The versions of the project's predictions, each with their number."""
        path = f"api/projects/{self._project}/model-versions/"
        with self._told():
            # The SDK has no method for this one.
            answer = self._sdk._client_wrapper.httpx_client.request(path, method="GET")
            if answer.status_code != httpx.codes.OK:
                raise ApiError(status_code=answer.status_code, body=answer.text)
            return {str(version): int(number) for version, number in answer.json().items()}

    def tasks(self, query: Json, include: Sequence[str], most: int) -> tuple[list[Listed], int]:
        """The first tasks that a query finds, at most so many, and how many it finds in all.

        `include` names what is listed of each: `id`, `data`, `predictions`.
        """
        with self._told():
            page: Any = self._sdk.tasks.list(
                project=self._project,
                query=json.dumps(query),
                include=",".join(include),
                fields="all" if "predictions" in include else "task_only",
                resolve_uri=False,  # the reader resolves addresses itself, as it does for /predict
                page=1,
                page_size=most,
            )
            return [_listed(task) for task in page.items or []], int(page.response.total)

    def import_predictions(self, predictions: Sequence[Json]) -> int:
        """Stores predictions in one request; how many of them it took, which may be fewer."""
        requests = [PredictionRequest(**prediction) for prediction in predictions]
        with self._told():
            answer = self._sdk.projects.import_predictions(
                self._project, request=requests, request_options=_IMPORT
            )
        return answer.created or 0

    def create_prediction(self, prediction: Json) -> None:
        """Stores one prediction."""
        with self._told():
            self._sdk.predictions.create(**prediction, project=self._project, request_options=_ONCE)

    def replace_prediction(self, stored: int, prediction: Json) -> None:
        """Gives a stored prediction another content."""
        with self._told(is_sent=True):
            self._sdk.predictions.update(stored, **prediction, project=self._project, request_options=_ONCE)

    def delete_prediction(self, stored: int) -> None:
        """Deletes a stored prediction; it is well if it is gone already."""
        with self._told():
            try:
                self._sdk.predictions.delete(stored, request_options=_ONCE)
            except ApiError as error:
                if error.status_code != httpx.codes.NOT_FOUND:
                    raise

    @contextmanager
    def _told(self, what: str = "", is_sent: bool = False) -> Iterator[None]:
        try:
            yield
        except ApiError as error:
            raise self._error(error, what or f"project {self._project}", is_sent) from error
        except httpx.TransportError as error:
            raise UnavailableError(
                f"Label Studio cannot be reached at {self.url} ({_kind(error)}); check LABEL_STUDIO_URL and "
                "whether it runs"
            ) from error
        except (ValueError, TypeError, AttributeError) as error:  # the SDK's, of an answer in another form
            raise self._foreign() from error

    def _error(self, error: ApiError, what: str, is_sent: bool) -> Exception:
        status, detail = error.status_code or 0, _detail(error.body)
        if status == 401:
            return UsageError(
                f"Label Studio at {self.url} refuses the token in LABEL_STUDIO_API_KEY ({detail}); take a "
                "personal access token from Account & Settings, or have legacy tokens allowed there"
            )
        if status == 403:
            return UsageError(f"the token's user may not do this with {what}: {detail}")
        if status == 404 and not is_sent:
            return UsageError(
                f"there is no {what} at {self.url}, or the token's user cannot see it: {detail}"
            )
        if status >= 500 or status in _WORTH_ANOTHER_TRY:
            return UnavailableError(f"Label Studio answers {status}: {detail}", _seconds(error.headers))
        return RefusedError(detail) if status >= 400 else self._foreign(status)

    def _foreign(self, status: int = 0) -> UsageError:
        said = f" (status {status})" if status else ""
        return UsageError(
            f"what answers at {self.url} is not Label Studio, or is behind a redirect{said}; set "
            "LABEL_STUDIO_URL to the address that its pages have, with https:// if they have it"
        )


def _listed(task: Any) -> Listed:
    stored = tuple(Stored(one.id, one.model_version or "") for one in task.predictions or ())
    return Listed(task.id, task.data or {}, stored)


def _detail(body: object) -> str:
    """What an answer says of an error, without the frame; pages for people say nothing."""
    if not isinstance(body, dict):
        return "no reason given" if not body or "<" in str(body) else str(body)[:_LONGEST_DETAIL]
    of_fields = body.get("validation_errors")
    if not isinstance(of_fields, dict):
        return str(body.get("detail") or body)[:_LONGEST_DETAIL]
    said = [text for texts in of_fields.values() for text in (texts if isinstance(texts, list) else [texts])]
    return "; ".join(map(str, said))[:_LONGEST_DETAIL]


def _kind(error: Exception) -> str:
    return str(error) or type(error).__name__


def _seconds(headers: dict[str, str] | None) -> float:
    said = {name.lower(): value for name, value in (headers or {}).items()}.get("retry-after", "")
    return float(said) if said.isdecimal() else 0.0

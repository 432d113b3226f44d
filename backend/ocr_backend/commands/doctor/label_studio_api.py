"""Label Studio's API for `doctor`: GET requests with the backend's own token, session and TLS settings.

The only module of `doctor` that sends requests to Label Studio, except for images, which the image fetcher
requests. Does not interpret the responses.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from ocr_backend.commands.label_studio import base_url, error_detail
from ocr_backend.config.settings import Settings
from ocr_backend.fetch.label_studio_token import LabelStudioToken
from ocr_backend.fetch.ssrf_guard import guarded_session
from ocr_backend.system.urls import redact_url

_TIMEOUT_SECONDS = 20.0  # before Label Studio lists backends, it contacts each, for up to 5 s


@dataclass(frozen=True)
class Reply:
    """A response: its status, its JSON content (None if it is not JSON), and the target of a redirect."""

    status: int
    content: Any
    location: str = ""

    @property
    def detail(self) -> str:
        """Label Studio's reason for an error, or the status."""
        return error_detail(self.content) or f"status {self.status}"


class LabelStudioApi:
    """The Label Studio in the settings; `url` is its URL without a password.

    Methods raise `requests.RequestException` if there is no response, and `ImageError` if Label Studio does
    not accept the personal access token.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = base_url(settings)
        self.url = redact_url(self._url)
        self._http = guarded_session(None, verify=settings.verify_ssl)
        self._token = LabelStudioToken(self._url, settings.label_studio_api_key, self._post)

    def close(self) -> None:
        """Closes the connection."""
        self._http.close()

    def version(self) -> Reply:
        """The version, which needs no token."""
        return self._get("/api/version/", {}, {})

    def user(self) -> Reply:
        """The user that the token belongs to."""
        return self._get_with_token("/api/current-user/whoami")

    def project(self, project_id: int) -> Reply:
        """A project with its label config."""
        return self._get_with_token(f"/api/projects/{project_id}/")

    def connections(self, project_id: int) -> Reply:
        """The backends of a project; Label Studio contacts each before it answers."""
        return self._get_with_token("/api/ml/", {"project": str(project_id)})

    def task(self, project_id: int, task_id: int | None) -> Reply:
        """A list with this task or the first one; does not make Label Studio contact a backend."""
        is_task = {"filter": "filter:tasks:id", "operator": "equal", "type": "Number", "value": task_id}
        filters = {"filters": {"conjunction": "and", "items": [is_task]}} if task_id is not None else {}
        parameters = {
            "project": str(project_id),
            "page": "1",
            "page_size": "1",
            "fields": "task_only",
            "include": "id,data",
            "resolve_uri": "false",  # the server resolves URLs itself
            "query": json.dumps(filters),
        }
        return self._get_with_token("/api/tasks/", parameters)

    def _get_with_token(self, path: str, parameters: Mapping[str, str] | None = None) -> Reply:
        authorization = self._token.header()
        headers = {"Authorization": authorization} if authorization else {}
        return self._get(path, parameters or {}, headers)

    def _get(self, path: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
        response = self._http.get(
            self._url + path,
            params=parameters,
            headers=headers,
            timeout=_TIMEOUT_SECONDS,
        )
        try:
            content = response.json()
        except ValueError:
            content = None
        return Reply(response.status_code, content, response.headers.get("Location", ""))

    def _post(self, url: str, body: dict[str, str]) -> requests.Response:
        return self._http.post(url, json=body, timeout=_TIMEOUT_SECONDS)

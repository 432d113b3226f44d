"""Label Studio's API as `doctor` asks it: GET alone, with the backend's own token, session and TLS settings.

The only place of `doctor` that sends something to Label Studio; images come through `fetching`. Knows
nothing of what the answers mean.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
import urllib3

from ocr_backend.config.settings import Settings
from ocr_backend.fetch.image_source import shown
from ocr_backend.fetch.label_studio_token import LabelStudioToken
from ocr_backend.fetch.ssrf_guard import session

_SECONDS = 20.0  # Label Studio asks its backends before it lists them, for up to 5 s each


@dataclass(frozen=True)
class Reply:
    """Status, the JSON that was answered (None for anything else), and where a redirect leads."""

    status: int
    told: Any
    location: str = ""

    @property
    def detail(self) -> str:
        """What Label Studio says of an error, or its status."""
        said = self.told.get("detail") if isinstance(self.told, dict) else None
        return str(said or f"status {self.status}")[:300]


class LabelStudioApi:
    """One Label Studio, at the address of the settings; `url` is that address as it may be shown.

    Everything raises `requests.RequestException` where no answer comes, and `ImageError` where the
    personal token is not exchanged.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.label_studio_url.rstrip("/")
        self.url = shown(self._url)
        self._verify = settings.verify_ssl
        if not settings.verify_ssl:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._http = session(None, 1)
        self._token = LabelStudioToken(self._url, settings.label_studio_api_key, self._post)

    def close(self) -> None:
        """Ends the connection."""
        self._http.close()

    def version(self) -> Reply:
        """What anybody is told without a token."""
        return self._get("/api/version/", {}, {})

    def user(self) -> Reply:
        """Whose token it is."""
        return self._with_token("/api/current-user/whoami")

    def project(self, number: int) -> Reply:
        """A project with its labelling configuration."""
        return self._with_token(f"/api/projects/{number}/")

    def connections(self, project: int) -> Reply:
        """The backends of a project; Label Studio tries each before it answers."""
        return self._with_token("/api/ml/", {"project": str(project)})

    def task(self, project: int, number: int | None) -> Reply:
        """A list with the task of that number, or with the first; makes Label Studio ask no backend."""
        equal = {"filter": "filter:tasks:id", "operator": "equal", "type": "Number", "value": number}
        query = {"filters": {"conjunction": "and", "items": [equal]}} if number is not None else {}
        asked = {
            "project": str(project),
            "page": "1",
            "page_size": "1",
            "fields": "task_only",
            "include": "id,data",
            "resolve_uri": "false",  # the server resolves addresses itself
            "query": json.dumps(query),
        }
        return self._with_token("/api/tasks/", asked)

    def _with_token(self, path: str, query: Mapping[str, str] | None = None) -> Reply:
        authorization = self._token.header()
        return self._get(path, query or {}, {"Authorization": authorization} if authorization else {})

    def _get(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
        answer = self._http.get(
            self._url + path,
            params=query,
            headers=headers,
            timeout=_SECONDS,
            verify=self._verify,
            allow_redirects=False,
        )
        try:
            told = answer.json()
        except ValueError:
            told = None
        return Reply(answer.status_code, told, answer.headers.get("Location", ""))

    def _post(self, url: str, body: dict[str, str]) -> requests.Response:
        return self._http.post(url, json=body, timeout=_SECONDS, verify=self._verify, allow_redirects=False)

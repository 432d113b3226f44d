"""Connects Label Studio projects to variants of a backend.

Standard library only; the chart's Jobs run it. Arguments: an image, a label config, the timeout in seconds,
then a JSON object for each connection: the `url` of a variant and either the id of a `project`, or the
`title` of a project that is created with the label config and the image if it does not exist. Existing
connections are kept, so it can run again.
"""

import itertools
import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

BOUNDARY = "multipart-boundary"


class LabelStudio:
    """A client of Label Studio's HTTP API with a token, legacy or personal."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._authorization = f"Token {token}" if token.count(".") != 2 else ""
        if not self._authorization:
            # A personal token is a JSON Web Token that is exchanged for a token of a few minutes.
            access = self.post("token/refresh/", {"refresh": token})["access"]
            self._authorization = f"Bearer {access}"

    def call(self, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> Any:
        """Returns the JSON response. Exits with Label Studio's error message if it refuses the request."""
        headers = {"Content-Type": content_type}
        if self._authorization:
            headers["Authorization"] = self._authorization
        request = urllib.request.Request(f"{self._url}/api/{path}", body or None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=100) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            sys.exit(f"Label Studio refused {method} {path}: {error.code} {error.read().decode()[:500]}")

    def post(self, path: str, fields: dict[str, Any]) -> Any:
        """Returns the JSON response."""
        return self.call("POST", path, json.dumps(fields).encode())

    def project(self, title: str, config: str) -> tuple[int, bool]:
        """Returns the id of the project with this title, and whether it was just created."""
        for page in itertools.count(1):
            response = self.call("GET", f"projects/?page={page}&page_size=100")
            for project in response["results"]:
                if project["title"] == title:
                    return project["id"], False
            if not response["next"]:
                break
        return self.post("projects/", {"title": title, "label_config": config})["id"], True

    def connect(self, project: int, url: str) -> None:
        """Connects the backend unless it is connected already."""
        if any(backend["url"] == url for backend in self.call("GET", f"ml/?project={project}")):
            return
        connection: dict[str, Any] = {"project": project, "url": url, "title": "OCR", "auth_method": "NONE"}
        if user := os.environ.get("BASIC_AUTH_USER"):
            password = os.environ["BASIC_AUTH_PASS"]
            connection |= {"auth_method": "BASIC_AUTH", "basic_auth_user": user, "basic_auth_pass": password}
        self.post("ml/", connection)

    def upload(self, project: int, image: Path) -> None:
        """Creates a task from an image."""
        disposition = f'Content-Disposition: form-data; name="image"; filename="{image.name}"'
        header = f"--{BOUNDARY}\r\n{disposition}\r\nContent-Type: image/png\r\n\r\n".encode()
        body = header + image.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()
        self.call("POST", f"projects/{project}/import", body, f"multipart/form-data; boundary={BOUNDARY}")


def wait_until_responding(url: str, deadline: float) -> None:
    """Polls until the response is 200; exits with an error after the deadline (of `time.monotonic`)."""
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError as error:
            if time.monotonic() > deadline:
                sys.exit(f"{url} does not respond: {error}")
            time.sleep(1)


def make_connection(label_studio: LabelStudio, connection: dict[str, Any], image: Path, config: str) -> int:
    """Connects one project, which it creates with the image if only a title is given; returns its id."""
    if "project" in connection:
        label_studio.connect(connection["project"], connection["url"])
        return int(connection["project"])
    project, is_new = label_studio.project(connection["title"], config)
    label_studio.connect(project, connection["url"])
    if is_new:
        label_studio.upload(project, image)
    return project


def main() -> None:
    """Waits for Label Studio and each variant, and connects them."""
    image, config, timeout, *connections = sys.argv[1:]
    deadline = time.monotonic() + float(timeout)
    label_studio_url = os.environ["LABEL_STUDIO_URL"].rstrip("/")
    wait_until_responding(f"{label_studio_url}/health", deadline)
    for connection in map(json.loads, connections):
        wait_until_responding(f"{connection['url']}/readyz", deadline)
        label_studio = LabelStudio(label_studio_url, os.environ["LABEL_STUDIO_API_KEY"])
        label_config = Path(config).read_text("utf-8")
        project = make_connection(label_studio, connection, Path(image), label_config)
        print(f"project {project} is connected to {connection['url']}", flush=True)


if __name__ == "__main__":
    main()

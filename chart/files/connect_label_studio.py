"""Creates a connected Label Studio project with a sample image for each variant of a backend.

Standard library only; the chart's trial Label Studio runs it. Arguments: the image, a label config, the
timeout in seconds, then the name and URL of each variant. Existing projects and connections are kept, so it
can run again.
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
    """A client of Label Studio's HTTP API with a legacy token."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token

    def call(self, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> Any:
        """Returns the JSON response. Exits with Label Studio's error message if it refuses the request."""
        headers = {"Authorization": f"Token {self._token}", "Content-Type": content_type}
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


def main() -> None:
    """Waits for Label Studio and each variant, and connects them."""
    image, config, timeout, *variants = sys.argv[1:]
    deadline = time.monotonic() + float(timeout)
    label_studio_url = os.environ["LABEL_STUDIO_URL"]
    label_studio = LabelStudio(label_studio_url, os.environ["LABEL_STUDIO_API_KEY"])
    wait_until_responding(f"{label_studio_url}/health", deadline)
    for title, url in zip(variants[::2], variants[1::2], strict=True):
        wait_until_responding(f"{url}/readyz", deadline)
        project, is_new = label_studio.project(title, Path(config).read_text("utf-8"))
        label_studio.connect(project, url)
        if is_new:
            label_studio.upload(project, Path(image))
        print(f"project {project}, {title!r}, is connected to {url}", flush=True)


if __name__ == "__main__":
    main()

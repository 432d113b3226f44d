"""Makes a project in Label Studio for each variant of a backend, connected to it, with an image to try.

Standard library only; the chart's trial of Label Studio runs it. Arguments: the image, a labelling
configuration, seconds to wait, and for each variant its name and its URL. What is there already is left as it
is, so it can be run again.
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

BOUNDARY = "of-the-image"


class LabelStudio:
    """Label Studio's HTTP API, as the user of a legacy token."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token

    def call(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> Any:
        """The JSON that is answered. Ends the program with Label Studio's words where it refuses."""
        headers = {"Authorization": f"Token {self._token}", "Content-Type": kind}
        request = urllib.request.Request(f"{self._url}/api/{path}", body or None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=100) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            sys.exit(f"Label Studio refused {method} {path}: {error.code} {error.read().decode()[:500]}")

    def post(self, path: str, fields: dict[str, Any]) -> Any:
        """The JSON that is answered."""
        return self.call("POST", path, json.dumps(fields).encode())

    def project(self, title: str, config: str) -> tuple[int, bool]:
        """Id of the project with this title, and whether it was made just now."""
        for page in itertools.count(1):
            listed = self.call("GET", f"projects/?page={page}&page_size=100")
            for one in listed["results"]:
                if one["title"] == title:
                    return one["id"], False
            if not listed["next"]:
                break
        return self.post("projects/", {"title": title, "label_config": config})["id"], True

    def connect(self, project: int, url: str) -> None:
        """Connects the backend, unless it is."""
        if any(one["url"] == url for one in self.call("GET", f"ml/?project={project}")):
            return
        connection: dict[str, Any] = {"project": project, "url": url, "title": "OCR", "auth_method": "NONE"}
        if user := os.environ.get("BASIC_AUTH_USER"):
            password = os.environ["BASIC_AUTH_PASS"]
            connection |= {"auth_method": "BASIC_AUTH", "basic_auth_user": user, "basic_auth_pass": password}
        self.post("ml/", connection)

    def upload(self, project: int, image: Path) -> None:
        """Makes a task of an image."""
        head = f'Content-Disposition: form-data; name="image"; filename="{image.name}"'
        begin = f"--{BOUNDARY}\r\n{head}\r\nContent-Type: image/png\r\n\r\n".encode()
        body = begin + image.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()
        self.call("POST", f"projects/{project}/import", body, f"multipart/form-data; boundary={BOUNDARY}")


def wait_until_answering(url: str, deadline: float) -> None:
    """Asks until 200 is answered; ends the program if that is not in time (a `time.monotonic`)."""
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError as error:
            if time.monotonic() > deadline:
                sys.exit(f"{url} does not answer: {error}")
            time.sleep(1)


def main() -> None:
    """Waits for both sides, and connects every variant."""
    image, config, seconds, *named = sys.argv[1:]
    deadline = time.monotonic() + float(seconds)
    label_studio_url = os.environ["LABEL_STUDIO_URL"]
    label_studio = LabelStudio(label_studio_url, os.environ["LABEL_STUDIO_API_KEY"])
    wait_until_answering(f"{label_studio_url}/health", deadline)
    for title, url in zip(named[::2], named[1::2], strict=True):
        wait_until_answering(f"{url}/readyz", deadline)
        project, is_new = label_studio.project(title, Path(config).read_text("utf-8"))
        label_studio.connect(project, url)
        if is_new:
            label_studio.upload(project, Path(image))
        print(f"project {project}, {title!r}, is connected to {url}", flush=True)


if __name__ == "__main__":
    main()

"""A project of a running Label Studio, used through its HTTP API, as Label Studio's pages do.

Knows nothing about the backend except its URL.
"""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

Json = dict[str, Any]

GUIDES_CONFIG = """
<View>
  <Image name="image" value="$image"/>
  <Labels name="label" toName="image">
    <Label value="Text" background="green"/>
    <Label value="Handwriting" background="blue"/>
  </Labels>
  <Rectangle name="bbox" toName="image" strokeWidth="3"/>
  <TextArea name="transcription" toName="image"
            editable="true"
            perRegion="true"
            required="true"
            maxSubmissions="1"
            rows="5"
            placeholder="Recognized Text"
            displayMode="region-list"/>
</View>
"""

_SECONDS_TO_ANSWER = 120  # Label Studio itself waits 100 s for a backend


class RefusedError(Exception):
    """Label Studio responded with an error; the message contains its text."""

    def __init__(self, response: requests.Response) -> None:
        request = response.request
        super().__init__(f"{request.method} {request.url}: {response.status_code} {response.text}")
        self.status = response.status_code


class Api:
    """Label Studio's HTTP API, as the user of a legacy token."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Token {token}"

    def call(self, method: str, path: str, **request: Any) -> Any:
        """The JSON of the response; None if it is empty.

        Raises:
            RefusedError: the response is an error.
        """
        content = self.download(method, path, **request)
        return json.loads(content) if content else None

    def download(self, method: str, path: str, **request: Any) -> bytes:
        """The body of the response.

        Raises:
            RefusedError: the response is an error.
        """
        response = self._session.request(
            method, f"{self._url}/api/{path}", timeout=_SECONDS_TO_ANSWER, **request
        )
        if not response.ok:
            raise RefusedError(response)
        return response.content

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()


@dataclass
class Project:
    """A project with its label config; ids are Label Studio's."""

    api: Api
    config: str = GUIDES_CONFIG
    id: int = field(init=False)

    def __post_init__(self) -> None:
        body = {"title": "images with text", "label_config": self.config}
        self.id = self.api.call("POST", "projects/", json=body)["id"]

    def connect(self, url: str, **settings: Any) -> Json:
        """Adds a backend (Settings > Model > Connect Model), and returns its state.

        Raises:
            RefusedError: Label Studio refused the backend; the page shows the same message.
        """
        body = {"project": self.id, "url": url, "title": "OCR", "auth_method": "NONE", **settings}
        connection: Json = self.api.call("POST", "ml/", json=body)
        return connection

    def move(self, connection: int, url: str) -> Json:
        """Changes the URL of a backend, and returns its state."""
        moved: Json = self.api.call("PATCH", f"ml/{connection}", json={"project": self.id, "url": url})
        return moved

    def connections(self) -> list[Json]:
        """The backends with their present states (Settings > Model)."""
        listed: list[Json] = self.api.call("GET", "ml/", params={"project": self.id})
        return listed

    def versions(self, connection: int) -> list[str]:
        """The model versions that a backend offers (Settings > Model)."""
        offered: list[str] = self.api.call("GET", f"ml/{connection}/versions")["versions"]
        return offered

    def reconfigure(self, config: str) -> None:
        """Changes the label config (Settings > Labeling Interface)."""
        self.api.call("PATCH", f"projects/{self.id}/", json={"label_config": config})

    def hide_predictions(self) -> None:
        """Settings > Annotation > Use predictions to prelabel tasks: off."""
        self.api.call("PATCH", f"projects/{self.id}/", json={"show_collab_predictions": False})

    def upload(self, *images: Path) -> list[int]:
        """Creates tasks by uploading image files; returns their ids in order."""
        with ExitStack() as opened:
            files = [(image.name, opened.enter_context(image.open("rb"))) for image in images]
            return self._import(files=files)

    def add(self, *images: str) -> list[int]:
        """Creates tasks by importing URLs of images; returns their ids in order."""
        return self.add_data(*({"image": image} for image in images))

    def add_data(self, *data: Json) -> list[int]:
        """Creates tasks by importing their data; returns their ids in order."""
        return self._import(json=list(data))

    def _import(self, **request: Any) -> list[int]:
        params = {"return_task_ids": "true"}
        ids: list[int] = self.api.call("POST", f"projects/{self.id}/import", params=params, **request)[
            "task_ids"
        ]
        return ids

    def add_local_files(self, folder: Path) -> list[int]:
        """Creates tasks by syncing a folder of images as a local files storage; returns their ids."""
        body = {"project": self.id, "title": folder.name, "path": str(folder), "use_blob_urls": True}
        storage = self.api.call("POST", "storages/localfiles/", json=body)
        self.api.call("POST", f"storages/localfiles/{storage['id']}/sync")
        tasks = self.api.call("GET", "tasks/", params={"project": self.id})["tasks"]
        return sorted(task["id"] for task in tasks if "local-files" in task["data"]["image"])

    def add_from_s3(self, url: str, bucket: str, **settings: Any) -> list[int]:
        """Creates tasks by syncing a bucket of images in the object store at `url`; returns their ids."""
        keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
        body = {
            "project": self.id,
            "bucket": bucket,
            "s3_endpoint": url,
            "use_blob_urls": True,
            "recursive_scan": True,
            **keys,
            **settings,
        }
        storage = self.api.call("POST", "storages/s3/", json=body)
        self.api.call("POST", f"storages/s3/{storage['id']}/sync")
        tasks = self.api.call("GET", "tasks/", params={"project": self.id})["tasks"]
        return sorted(task["id"] for task in tasks)

    def set_credentials(self, login: str, password: str) -> None:
        """Sets the credentials for the hosts of the tasks' images (only the API has this setting)."""
        body = {"task_data_login": login, "task_data_password": password}
        self.api.call("PATCH", f"projects/{self.id}/", json=body)

    def retrieve_predictions(self) -> None:
        """Data Manager > all tasks > Actions > Retrieve Predictions."""
        body = {"project": self.id, "selectedItems": {"all": True, "excluded": []}}
        params = {"id": "retrieve_tasks_predictions", "project": self.id}
        self.api.call("POST", "dm/actions", params=params, json=body)

    def predictions(self, task: int) -> list[Json]:
        """The stored predictions of a task; does not ask the backend."""
        stored: list[Json] = self.api.call("GET", "predictions/", params={"task": task})
        return stored

    def open(self, task: int) -> Json:
        """The task as a person opens it, with its predictions."""
        opened: Json = self.api.call("GET", f"tasks/{task}/", params={"project": self.id})
        return opened

    def next_task(self) -> Json:
        """The task that "Label All Tasks" shows first."""
        task: Json = self.api.call("GET", f"projects/{self.id}/next")
        return task

    def delete(self, task: int) -> None:
        """Data Manager > the task > Actions > Delete Tasks."""
        body = {"project": self.id, "selectedItems": {"all": False, "included": [task]}}
        self.api.call("POST", "dm/actions", params={"id": "delete_tasks", "project": self.id}, json=body)

    def submit(self, task: int, prediction: Json) -> Json:
        """Submits an unchanged prediction, and returns the annotation."""
        body = {"result": prediction["result"], "parent_prediction": prediction["id"], "lead_time": 1.0}
        annotation: Json = self.api.call("POST", f"tasks/{task}/annotations/", json=body)
        return annotation

    def export(self, form: str) -> list[Json]:
        """The annotated tasks in one of Label Studio's export formats."""
        exported: list[Json] = self.api.call("GET", f"projects/{self.id}/export", params={"exportType": form})
        return exported

    def export_file(self, form: str) -> bytes:
        """The file that one of Label Studio's other export formats makes of the annotated tasks."""
        return self.api.download("GET", f"projects/{self.id}/export", params={"exportType": form})

    def draw(self, connection: int, task: int, regions: Sequence[Json]) -> Json:
        """The response to a page after a person has drawn regions with Auto-Annotation."""
        body = {"task": task, "context": {"result": list(regions)}}
        response: Json = self.api.call("POST", f"ml/{connection}/interactive-annotating", json=body)
        return response

    def train(self, connection: int) -> None:
        """Settings > Model > Start Training."""
        self.api.call("POST", f"ml/{connection}/train")

    def send_test_request(self, connection: int) -> Json:
        """Settings > Model > Send Test Request: the request and the response as the page shows them."""
        exchange: Json = self.api.call("POST", f"ml/{connection}/predict/test", params={"random": "true"})
        return exchange

"""The sample image in a request like Label Studio's, and the text in the response."""

import base64
import json
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
IMAGE = ROOT / "tests/data/images/ls_image.jpeg"
LABELING_CONFIG = ROOT / "docs/examples/labeling-config.xml"
PREDICT_TIMEOUT_SECONDS = 100  # Label Studio's timeout (ML_TIMEOUT_PREDICT)


def request_body() -> bytes:
    """A `/predict` body with the image in a data URI and the guide's label config."""
    encoded = base64.b64encode(IMAGE.read_bytes()).decode("ascii")
    task = {"id": 1, "data": {"image": f"data:image/jpeg;base64,{encoded}"}}
    return json.dumps({"tasks": [task], "label_config": LABELING_CONFIG.read_text("utf-8")}).encode()


def lines_of(response: dict[str, Any]) -> list[str]:
    """The text lines in a `/predict` response for one task, in reading order.

    Raises:
        ValueError: the response has no prediction for the task.
    """
    prediction = response["results"][0]
    if not prediction:
        raise ValueError("the backend could not read the image; its log says why")
    return [item["value"]["text"][0] for item in prediction["result"] if item["type"] == "textarea"]


def read_through(url: str) -> list[str]:
    """The lines that the backend at `url` reads in the sample image."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/predict", request_body(), headers)
    with urllib.request.urlopen(request, timeout=PREDICT_TIMEOUT_SECONDS) as response:
        return lines_of(json.load(response))

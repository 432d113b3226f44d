"""Sends a file to a variant as Label Studio does, and returns the recognised texts.

Knows HTTP and nothing of Kubernetes; `command` provides the URL and the credentials.
"""

import base64
import http.client
import json
import mimetypes
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

_TIMEOUT_SECONDS = 120
_MAX_ERROR_BYTES = 1000
_LABEL_CONFIG = """<View><Image name="image" value="$image"/>
<Labels name="label" toName="image"><Label value="Text"/></Labels>
<Rectangle name="bbox" toName="image"/>
<TextArea name="transcription" toName="image" perRegion="true"/></View>"""


class PredictError(Exception):
    """The file was not read; the message says why."""


def texts(url: str, file: Path, credentials: tuple[str, str] | None) -> list[str]:
    """The texts in reading order; empty if the image has no text. `credentials`: user and password.

    Raises:
        PredictError: the file cannot be read, the backend is unreachable, or it rejected the file.
    """
    request = urllib.request.Request(f"{url}/predict", _body(file), {"Content-Type": "application/json"})
    if credentials:
        encoded = base64.b64encode(":".join(credentials).encode()).decode("ascii")
        request.add_header("Authorization", f"Basic {encoded}")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
            [prediction] = json.load(response)["results"]
    except urllib.error.HTTPError as error:
        body = error.read(_MAX_ERROR_BYTES).decode(errors="replace")
        raise PredictError(f"the backend responded with status {error.code}: {body}") from error
    except (OSError, http.client.HTTPException) as error:
        raise PredictError(f"cannot reach the backend: {error}") from error
    if not prediction:
        raise PredictError("the backend could not read the file; see its log")
    return [_text(region) for region in prediction["result"] if region["type"] == "textarea"]


def _body(file: Path) -> bytes:
    media_type, _ = mimetypes.guess_type(file)
    try:
        encoded = base64.b64encode(file.read_bytes()).decode("ascii")
    except OSError as error:
        raise PredictError(f"{file}: {error.strerror}") from error
    url = f"data:{media_type or 'application/octet-stream'};base64,{encoded}"
    task = {"id": 1, "data": {"image": url}}
    return json.dumps({"tasks": [task], "label_config": _LABEL_CONFIG}).encode()


def _text(region: dict[str, Any]) -> str:
    return " ".join(region["value"]["text"])

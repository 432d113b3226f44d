"""Posts a file to a variant as Label Studio would, and answers the texts that were read.

Knows HTTP and nothing of Kubernetes; `command` brings the way to the variant and its password.
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
_LABELING = """<View><Image name="image" value="$image"/>
<Labels name="label" toName="image"><Label value="Text"/></Labels>
<Rectangle name="bbox" toName="image"/>
<TextArea name="transcription" toName="image" perRegion="true"/></View>"""


class PredictError(Exception):
    """The file was not read; the message says why."""


def texts(url: str, file: Path, login: tuple[str, str] | None) -> list[str]:
    """The texts in reading order, empty where there is none.

    Raises:
        PredictError: the file or the backend cannot be read, or the backend refused it.
    """
    request = urllib.request.Request(f"{url}/predict", _body(file), {"Content-Type": "application/json"})
    if login:
        pair = base64.b64encode(":".join(login).encode()).decode("ascii")
        request.add_header("Authorization", f"Basic {pair}")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
            [prediction] = json.load(response)["results"]
    except urllib.error.HTTPError as error:
        raise PredictError(
            f"the backend answered {error.code}: {error.read(1000).decode(errors='replace')}"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise PredictError(f"the backend cannot be reached: {error}") from error
    if not prediction:
        raise PredictError("the backend could not read the file; its log says why")
    return [_text(one) for one in prediction["result"] if one["type"] == "textarea"]


def _body(file: Path) -> bytes:
    kind, _ = mimetypes.guess_type(file)
    try:
        encoded = base64.b64encode(file.read_bytes()).decode("ascii")
    except OSError as error:
        raise PredictError(f"{file}: {error.strerror}") from error
    task = {"id": 1, "data": {"image": f"data:{kind or 'application/octet-stream'};base64,{encoded}"}}
    return json.dumps({"tasks": [task], "label_config": _LABELING}).encode()


def _text(region: dict[str, Any]) -> str:
    return " ".join(region["value"]["text"])

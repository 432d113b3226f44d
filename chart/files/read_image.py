"""Sends an image to backends as Label Studio would; fails unless they read its number (`helm test`).

Standard library only. Arguments: the image, the timeout per backend in seconds, and the URLs of the backends.
"""

import base64
import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

NUMBER = "2468013579"
LABEL_CONFIG = """<View><Image name="image" value="$image"/>
<Labels name="label" toName="image"><Label value="Text"/></Labels>
<Rectangle name="bbox" toName="image"/>
<TextArea name="transcription" toName="image" perRegion="true"/></View>"""


def wait_until_ready(url: str, timeout: float) -> None:
    """Polls until the backend is ready; exits with an error after the timeout in seconds."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):
                return
        except OSError as error:
            if time.monotonic() > deadline:
                sys.exit(f"{url} is not ready after {timeout:.0f} s: {error}")
            time.sleep(1)


def read(url: str, image: Path) -> list[str]:
    """Returns the texts that a backend reads in an image."""
    encoded = base64.b64encode(image.read_bytes()).decode("ascii")
    task = {"id": 1, "data": {"image": f"data:image/png;base64,{encoded}"}}
    body = json.dumps({"tasks": [task], "label_config": LABEL_CONFIG}).encode()
    request = urllib.request.Request(f"{url}/predict", body, {"Content-Type": "application/json"})
    if user := os.environ.get("BASIC_AUTH_USER"):
        credentials = f"{user}:{os.environ['BASIC_AUTH_PASS']}".encode()
        request.add_header("Authorization", f"Basic {base64.b64encode(credentials).decode('ascii')}")
    with urllib.request.urlopen(request, timeout=100) as response:
        prediction = json.load(response)["results"][0] or {"result": []}
    return [region["value"]["text"][0] for region in prediction["result"] if region["type"] == "textarea"]


def main() -> None:
    """Reads the image with every backend."""
    image, timeout, *urls = sys.argv[1:]
    for url in urls:
        wait_until_ready(url, float(timeout))
        texts = read(url, Path(image))
        print(f"{url} read {texts}", flush=True)
        if NUMBER not in "".join(texts).replace(" ", ""):
            sys.exit(f"{url} did not read {NUMBER} in the image")


if __name__ == "__main__":
    main()

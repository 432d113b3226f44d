"""Invalid requests as Hypothesis strategies, each with one bad part.

Knows nothing about the backend's responses except how many results a good one has.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

import bad_texts
from label_studio_project import GUIDES_CONFIG

Json = Any

PAGES_CONFIG = GUIDES_CONFIG.replace('value="$image"', 'valueList="$pages"')
POLYGONS_CONFIG = GUIDES_CONFIG.replace("Rectangle", "Polygon")

_DRAWN = {
    "id": "a",
    "type": "rectangle",
    "from_name": "bbox",
    "to_name": "image",
    "value": {"x": 5, "y": 5, "width": 80, "height": 80, "rotation": 7},
}


@dataclass(frozen=True, repr=False)
class SentRequest:
    """A POST request; `tasks` is the number of results in a good response, 0 if it has no results."""

    path: str
    body: bytes
    tasks: int = 0

    def __repr__(self) -> str:
        """Its beginning, short enough for a test's message."""
        return f"SentRequest({self.path!r}, {self.body[:1000]!r}, {self.tasks})"


def streams(
    good: str, image_bytes: st.SearchStrategy[bytes]
) -> dict[str, st.SearchStrategy[list[SentRequest]]]:
    """Requests with one bad part each, by the kind of the part; `good` is the address of a valid image.

    If there are several tasks, the good one is between bad ones, so that a missing result is noticed.
    """

    def tasks(*images: Json) -> list[Json]:
        return [{"id": number, "data": {"image": image}} for number, image in enumerate(images)]

    def with_config(config: str) -> list[SentRequest]:
        return [
            _json_request("/setup", {"schema": config}),
            _json_request("/predict", {"tasks": tasks(good), "label_config": config}, 1),
        ]

    def with_value(value: Json) -> list[SentRequest]:
        pages = [
            {"id": number, "data": {"pages": each}} for number, each in enumerate(([good, value], value))
        ]
        return [
            _json_request("/predict", {"tasks": tasks(value, good, value)}, 3),
            _json_request("/predict", {"tasks": pages, "label_config": PAGES_CONFIG}, 2),
        ]

    def with_context(context: Json) -> list[SentRequest]:
        params = {"login": None, "password": None, "context": context}
        return [
            _json_request("/predict", {"tasks": tasks(good), "params": params}, 1),
            _json_request(
                "/predict", {"tasks": tasks(good, good), "params": params, "label_config": POLYGONS_CONFIG}, 2
            ),
        ]

    def with_image(content: bytes) -> list[SentRequest]:
        uri = inline(content)
        return [
            _json_request("/predict", {"tasks": tasks(uri, good, uri)}, 3),
            _json_request("/predict", {"tasks": tasks(uri), "params": {"context": {"result": [_DRAWN]}}}, 1),
        ]

    def with_body(body: bytes) -> list[SentRequest]:
        return [SentRequest(path, body) for path in ("/setup", "/predict")]

    return {
        "configurations": bad_texts.configs.map(with_config),
        "addresses": bad_texts.values.map(with_value),
        "drawings": bad_texts.contexts.map(with_context),
        "images": image_bytes.map(with_image),
        "bodies": bad_texts.bodies.map(with_body),
    }


def inline(content: bytes) -> str:
    """The file as a `data:` URI."""
    return "data:image/png;base64," + base64.b64encode(content).decode()


def _json_request(path: str, body: Json, tasks: int = 0) -> SentRequest:
    return SentRequest(path, json.dumps(body).encode(), tasks)

"""Requests that nobody should send, each around one bad part, as Hypothesis strategies.

Knows nothing of how the backend answers but how many results a good answer has.
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
class Sent:
    """One request by POST; `tasks` is how many results a good answer has, 0 where it has none."""

    path: str
    body: bytes
    tasks: int = 0

    def __repr__(self) -> str:
        """Its beginning, which a test's message has place for."""
        return f"Sent({self.path!r}, {self.body[:1000]!r}, {self.tasks})"


def streams(good: str, image_bytes: st.SearchStrategy[bytes]) -> dict[str, st.SearchStrategy[list[Sent]]]:
    """Kind of what is bad -> requests around one bad thing each; `good` is the address of a sound image.

    Where there are several tasks the good one stands between bad ones, so that a missing result is seen.
    """

    def tasks(*images: Json) -> list[Json]:
        return [{"id": number, "data": {"image": image}} for number, image in enumerate(images)]

    def with_config(config: str) -> list[Sent]:
        return [
            _sent("/setup", {"schema": config}),
            _sent("/predict", {"tasks": tasks(good), "label_config": config}, 1),
        ]

    def with_value(value: Json) -> list[Sent]:
        pages = [
            {"id": number, "data": {"pages": each}} for number, each in enumerate(([good, value], value))
        ]
        return [
            _sent("/predict", {"tasks": tasks(value, good, value)}, 3),
            _sent("/predict", {"tasks": pages, "label_config": PAGES_CONFIG}, 2),
        ]

    def with_context(context: Json) -> list[Sent]:
        params = {"login": None, "password": None, "context": context}
        return [
            _sent("/predict", {"tasks": tasks(good), "params": params}, 1),
            _sent(
                "/predict", {"tasks": tasks(good, good), "params": params, "label_config": POLYGONS_CONFIG}, 2
            ),
        ]

    def with_image(content: bytes) -> list[Sent]:
        uri = inline(content)
        return [
            _sent("/predict", {"tasks": tasks(uri, good, uri)}, 3),
            _sent("/predict", {"tasks": tasks(uri), "params": {"context": {"result": [_DRAWN]}}}, 1),
        ]

    def with_body(body: bytes) -> list[Sent]:
        return [Sent(path, body) for path in ("/setup", "/predict")]

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


def _sent(path: str, body: Json, tasks: int = 0) -> Sent:
    return Sent(path, json.dumps(body).encode(), tasks)

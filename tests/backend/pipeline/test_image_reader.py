"""What becomes of an image between its address and a reader, where the way from there is not the app's."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from scripted_server import Reply, ScriptedServer


def body(url: str, **params: Any) -> dict[str, Any]:
    return {"tasks": [{"id": 1, "data": {"image": url}}], "params": params}


BOX = {
    "id": "DRAWN1",
    "type": "rectangle",
    "from_name": "bbox",
    "to_name": "image",
    "value": {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0},
}


@pytest.mark.parametrize("context", [None, {"result": [BOX]}], ids=["whole image", "drawn"])
def test_the_projects_credentials_reach_the_images_host(
    make_client: Callable[..., Any], web: ScriptedServer, png: Callable[..., bytes], context: object
) -> None:
    content = png()

    def guarded(handler: BaseHTTPRequestHandler) -> None:
        is_right = handler.headers.get("Authorization") == "Basic bWU6cEBzcw=="
        (Reply(content) if is_right else Reply(b"no", 401))(handler)

    url = web.on("/a.png", guarded)
    answer = make_client().post("/predict", json=body(url, login="me", password="p@ss", context=context)).json
    assert answer["unread"] == []
    assert answer["results"][0]["result"]
    assert make_client().post("/predict", json=body(url, context=context)).json["unread"]


def test_an_image_that_was_mended_is_fetched_anew(
    make_client: Callable[..., Any], web: ScriptedServer, png: Callable[..., bytes], tmp_path: Path
) -> None:
    client = make_client(image_cache_dir=str(tmp_path))
    url = web.serve("/a.png", png()[:60])
    assert client.post("/predict", json=body(url)).json["unread"][0]["outcome"] == "broken"
    web.serve("/a.png", png())
    for _ in range(2):
        assert client.post("/predict", json=body(url)).json["unread"] == []
    assert len(web.asked) == 2


def test_what_was_looked_for_in_the_cache_is_counted(
    make_client: Callable[..., Any], web: ScriptedServer, png: Callable[..., bytes], tmp_path: Path
) -> None:
    client = make_client(image_cache_dir=str(tmp_path))
    url = web.serve("/a.png", png())
    for _ in range(3):
        client.post("/predict", json=body(url))
    numbers = client.get("/metrics").text
    assert 'ocr_image_cache_requests_total{outcome="miss"} 1.0' in numbers
    assert 'ocr_image_cache_requests_total{outcome="hit"} 2.0' in numbers


def test_a_cache_that_cannot_be_used_costs_no_prediction(
    make_client: Callable[..., Any], web: ScriptedServer, png: Callable[..., bytes], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    client = make_client(image_cache_dir=str(tmp_path / "file"))
    url = web.serve("/a.png", png())
    for _ in range(2):
        assert client.post("/predict", json=body(url)).json["unread"] == []
    assert len(web.asked) == 2

"""Images that cannot be fetched do not keep the others of a request from being read."""

import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

from fake_reader import FakeReader
from predict_requests import MakePredictor, names, predict, soon, tasks
from scripted_server import Reply, ScriptedServer


def test_forty_images_on_a_silent_host_do_not_keep_the_others_from_being_read(
    dripping: ScriptedServer, other_web: ScriptedServer, make_predictor: MakePredictor, png: Any
) -> None:
    pause = dripping.pause  # type: ignore[attr-defined]
    dead = [dripping.on(f"/{n}.png", lambda handler: pause.wait(60)) for n in range(40)]
    good = [other_web.serve(f"/{n}.png", png(30 + n)) for n in range(20)]
    # Every dead image in turn would take 40 * 2 s / 2 threads = 40 s.
    predictor = make_predictor(FakeReader(slots=1), threads=2, fetch_timeout_seconds=2)
    outcomes = predict(predictor, tasks(*dead, *good), deadline=soon(20))
    assert names(outcomes) == ["unreachable"] * 40 + ["read"] * 20


def test_images_that_failed_last_time_come_last(
    web: ScriptedServer, make_predictor: MakePredictor, png: Any
) -> None:
    dead = [f"{web.url}/dead{n}.png" for n in range(3)]
    predictor = make_predictor(FakeReader(slots=1), threads=1)
    assert names(predict(predictor, tasks(*dead))) == ["unreachable"] * 3

    all_good = threading.Semaphore(0)
    are_last = []

    def good_reply(handler: BaseHTTPRequestHandler) -> None:
        all_good.release()
        Reply(png())(handler)

    def dead_reply(handler: BaseHTTPRequestHandler) -> None:
        """Waits for one good image, which has been requested before or is at the same time."""
        are_last.append(all_good.acquire(timeout=5))
        Reply(b"", 404)(handler)

    for url in dead:
        web.on(url.removeprefix(web.url), dead_reply)
    good = [web.on(f"/good{n}.png", good_reply) for n in range(3)]
    assert names(predict(predictor, tasks(*dead, *good))) == ["unreachable"] * 3 + ["read"] * 3
    assert are_last == [True] * 3

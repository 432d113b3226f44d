"""Ten thousand generated requests that nobody should send: each is answered, refused with a sentence.

Most go to an app whose reader needs no networks, so that each costs milliseconds; the others go to the real
server with the small real weights, whose memory is watched. The same requests come in each run.
"""

import http.client
import json
import logging
import re
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from backend_process import BUILTIN, Backend, backend_process
from bad_images import damaged_images, drawn, saved
from bad_requests import Sent, inline, streams
from fake_reader import FakeReader

GOOD = inline(saved(drawn(size=(320, 96)), "PNG"))
STREAMS = streams(GOOD, damaged_images())
TO_THE_APP = {"configurations": 1500, "addresses": 2300, "drawings": 1000, "images": 2300, "bodies": 2900}
"""Requests of each kind, at least."""
TO_THE_SERVER = 400
ROUNDS = 3
MOST_GROWTH = 16 * 2**20
"""Bytes by which the server's memory may grow after the first round."""
SECONDS = 30

Answered = tuple[int, bytes]
Ask = Callable[[Sent], Answered]


def send(ask: Ask, kinds: st.SearchStrategy[list[Sent]], least: int) -> Counter[int]:
    """Sends at least so many requests, the same each time; the statuses of the answers."""
    statuses: Counter[int] = Counter()

    @seed(0)
    @settings(
        max_examples=least // 2,  # each is of two requests
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(kinds)
    def sent(requests: list[Sent]) -> None:
        for request in requests:
            status, content = ask(request)
            statuses[status] += 1
            assert complaint(request, status, content) == "", request

    sent()
    return statuses


def complaint(sent: Sent, status: int, content: bytes) -> str:
    """What is wrong with an answer; empty if nothing is."""
    told = content.decode()
    leaked = [word for word in ("Traceback", "site-packages", ".py", "secret") if word in told]
    if leaked:
        return f"the answer shows {leaked}"
    answer = json.loads(told, parse_constant=refuse)
    if status == 400:
        return "" if answer["status"] == 400 and answer["detail"] and answer["id"] else "no proper error"
    if status not in (200, 201):
        return f"answered {status}"
    return complaint_about_results(sent, answer) if sent.tasks else ""


def complaint_about_results(sent: Sent, answer: Any) -> str:
    ids = [task["id"] for task in json.loads(sent.body)["tasks"]]
    unread = [one["task"] for one in answer["unread"]]
    empty = [task for task, result in zip(ids, answer["results"], strict=True) if not result]
    if any(one["outcome"] == "failed" for one in answer["unread"]):
        return f"the backend failed: {answer['unread']}"
    if unread != sorted(unread) or not set(empty) <= set(unread):
        return "results and tasks do not belong together"
    if sent.tasks == 3 and not answer["results"][1].get("result"):
        return "the good image suffers from its neighbours"
    return ""


def refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def said(kind: str, statuses: Counter[int]) -> str:
    return f"{statuses.total()} bad requests ({kind}): " + ", ".join(
        f"{number} answered {status}" for status, number in sorted(statuses.items())
    )


def test_together_they_are_ten_thousand() -> None:
    assert sum(TO_THE_APP.values()) >= 10_000


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # its words on damaged files
@pytest.mark.parametrize("kind", TO_THE_APP)
def test_the_app_answers_each(make_client, tmp_path: Path, capsys, caplog, kind: str) -> None:
    caplog.set_level(logging.ERROR, "ocr_backend")
    client = make_client(
        FakeReader(), max_image_pixels=1_000_000, local_files_document_root=str(tmp_path), allowed_hosts=()
    )

    def ask(sent: Sent) -> Answered:
        answer = client.post(sent.path, data=sent.body)
        return answer.status_code, answer.data

    statuses = send(ask, STREAMS[kind], TO_THE_APP[kind])
    with capsys.disabled():
        print(said(kind, statuses))
    assert statuses.total() >= TO_THE_APP[kind]


def memory(backend: Backend) -> int:
    """Bytes that the one worker holds."""
    pid = backend.process.pid
    (worker,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    (held,) = re.findall(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{worker}/status").read_text(), re.MULTILINE)
    return int(held) * 1024


@pytest.mark.model
def test_the_server_answers_each_and_does_not_grow(tmp_path: Path, capsys) -> None:
    # The same requests three times: engines keep what they have prepared for a size of image, and results
    # are kept on purpose (few here), so only known images show what is lost. A server that lost the sound
    # image, 92 kB, in each third of the requests would grow by 25 MB in the two watched rounds; up to 5 MB
    # were seen, and 60 MB where freed memory was not given back to the system.
    limits = {"OCR_MAX_IMAGE_PIXELS": "1000000", "OCR_RESULT_CACHE": "100", "OCR_SLOTS": "1"}
    kinds = st.one_of(list(STREAMS.values()))
    with backend_process({**BUILTIN, **limits}, tmp_path / "log") as backend:
        host = urlsplit(backend.url).netloc
        with closing(http.client.HTTPConnection(host, timeout=SECONDS)) as connection:

            def ask(sent: Sent) -> Answered:
                connection.request("POST", sent.path, sent.body)
                answer = connection.getresponse()
                return answer.status, answer.read()

            statuses, held = Counter[int](), []
            for _ in range(ROUNDS):
                statuses += send(ask, kinds, TO_THE_SERVER)
                held.append(memory(backend))
    growth = held[-1] - held[0]
    with capsys.disabled():
        print(said("to the server", statuses), f"; it grew by {growth / 2**20:.1f} MiB")
    assert statuses.total() >= ROUNDS * TO_THE_SERVER
    assert growth < MOST_GROWTH, [f"{one / 2**20:.0f} MiB" for one in held]
    assert "Traceback" not in backend.log.read_text()

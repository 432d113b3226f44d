"""Pages that PDFium would render for ever are stopped, and cost only themselves."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import pdf_files
from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.images.pdf_document import GivenUp, PdfDocument
from ocr_backend.images.pdf_process import PdfProcess, PdfProcesses

SECONDS = 3.0
STOPPED = "page 1 of the PDF (takes more than 3 s to render|needs too much memory)"
"""Which limit is reached first depends on the machine."""


class ImpatientProcesses(PdfProcesses):
    """Child processes with a short time limit, and how many were started."""

    started = 0

    def _start(self) -> PdfProcess:
        self.started += 1
        return PdfProcess(SECONDS)


@pytest.fixture
def processes() -> Iterator[ImpatientProcesses]:
    pool = ImpatientProcesses()
    yield pool
    pool.kill_idle()


def open_pdf(content: bytes, processes: PdfProcesses, given_up: GivenUp | None = None) -> PdfDocument:
    return PdfDocument(content, Settings(), processes, given_up or GivenUp())


@pytest.mark.parametrize(
    "bomb", [pdf_files.bomb_of_forms(), pdf_files.tiny_pattern()], ids=["forms", "pattern"]
)
def test_a_page_that_never_ends_is_stopped(bomb: bytes, processes: ImpatientProcesses) -> None:
    assert len(bomb) < 4000
    document = open_pdf(bomb, processes)
    with pytest.raises(ImageError, match=STOPPED) as caught:
        document.page(0)
    assert caught.value.outcome == "refused"
    document.close()


def test_a_stopped_page_costs_only_itself_and_is_not_tried_again(processes: ImpatientProcesses) -> None:
    given_up = GivenUp()
    document = open_pdf(pdf_files.bomb_of_forms(), processes, given_up)
    with pytest.raises(ImageError, match=STOPPED):
        document.page(0)
    assert document.page(1).min() == 255
    document.close()
    started = processes.started
    again = open_pdf(pdf_files.bomb_of_forms(), processes, given_up)
    with pytest.raises(ImageError, match=STOPPED):
        again.page(0)
    again.close()
    assert processes.started == started, "it was not rendered again"


def test_a_stopped_page_is_tried_again_later(processes: ImpatientProcesses) -> None:
    given_up = GivenUp(seconds=0)
    given_up.add(b"digest", 0, "it took too long")
    given_up.check(b"digest", 0)


def test_other_files_are_rendered_meanwhile(processes: ImpatientProcesses) -> None:
    bomb = open_pdf(pdf_files.tiny_pattern(), processes)
    errors: list[ImageError] = []

    def render_bomb() -> None:
        try:
            bomb.page(0)
        except ImageError as error:
            errors.append(error)

    thread = threading.Thread(target=render_bomb)
    thread.start()
    other = open_pdf(pdf_files.bomb_of_forms(depth=1, fan=1), processes)
    assert other.page(0).min() == 0
    other.close()
    assert thread.is_alive()
    thread.join(10 * SECONDS)
    assert errors


def test_an_image_of_gigabytes_takes_no_gigabytes(processes: ImpatientProcesses) -> None:
    document = open_pdf(pdf_files.giant_image(), processes)
    assert document.page(0).shape == (417, 417, 3)
    document.close()


def test_a_process_serves_several_files(processes: ImpatientProcesses) -> None:
    for _ in range(3):
        document = open_pdf(pdf_files.bomb_of_forms(depth=1), processes)
        assert document.page(1).min() == 255
        document.close()
    assert processes.started == 1


def test_a_process_that_has_died_is_replaced(processes: ImpatientProcesses) -> None:
    document = open_pdf(pdf_files.bomb_of_forms(depth=1), processes)
    document.close()
    (idle,) = processes._idle
    idle.kill()
    document = open_pdf(pdf_files.bomb_of_forms(depth=1), processes)
    assert document.page(1).min() == 255
    document.close()


def test_a_process_knows_no_secret(processes: ImpatientProcesses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "secret")
    process = processes.take()
    environment = Path(f"/proc/{process._process.pid}/environ").read_bytes()
    process.kill()
    assert b"PATH=" in environment
    assert b"secret" not in environment


def test_a_form_field_without_an_appearance_is_drawn(processes: ImpatientProcesses) -> None:
    empty, filled = (open_pdf(pdf_files.form_with_value(value), processes) for value in ("", "WINTERBOTTOM"))
    assert empty.page(0).min() > filled.page(0).min() == 0
    for document in (empty, filled):
        document.close()

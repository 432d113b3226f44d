"""A child process for PDF pages may take no more memory than the budget counts for it."""

import resource

import pdf_files
from ocr_backend.config.settings import Settings
from ocr_backend.images.pdf_document import PdfDocument
from ocr_backend.images.pdf_process import MEMORY_BYTES, PdfProcesses
from ocr_backend.ocr import memory_budget


def test_the_limit_of_a_child_is_what_the_page_counts() -> None:
    processes = PdfProcesses()
    document = PdfDocument(pdf_files.bomb_of_forms(depth=1), Settings(), processes)
    pixels = document.page(1)
    assert document._process is not None
    limit, _ = resource.prlimit(document._process._process.pid, resource.RLIMIT_AS)
    document.close()
    processes.kill_idle()
    # This process holds two more copies of the pixels.
    assert limit + 2 * pixels.nbytes == document.page_bytes(1)


def test_the_plan_counts_the_same() -> None:
    assert memory_budget._PDF_BYTES == MEMORY_BYTES

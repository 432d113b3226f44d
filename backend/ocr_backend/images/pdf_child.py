"""The program of a child process that renders PDF pages with PDFium, so that it can be stopped.

Standard input: requests, one line of JSON each, after "open" the file. Standard output: one line of JSON for
each, after a page its pixels. `pdf_process` starts it as a script, without the rest of this package.
"""

import json
import resource
import sys
from contextlib import suppress
from typing import Any, BinaryIO

import pypdfium2

Json = dict[str, Any]


def main(memory_bytes: int, cpu_seconds: int) -> None:
    """Answers requests until standard input ends; limits CPU time and memory of each."""
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    pdf: pypdfium2.PdfDocument | None = None
    while line := requests.readline():
        _limit(resource.RLIMIT_CPU, int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2])) + cpu_seconds)
        request = json.loads(line)
        _limit(resource.RLIMIT_AS, memory_bytes + request.get("bitmap_bytes", 0))
        content = requests.read(request.get("open", 0))
        if "page" not in request and pdf is not None:
            pdf.close()
            pdf = None
        try:
            pdf = _answer(pdf, request, content, replies)
        except (pypdfium2.PdfiumError, MemoryError) as error:
            _reply(replies, {"error": type(error).__name__})


def _answer(
    pdf: pypdfium2.PdfDocument | None, request: Json, content: bytes, replies: BinaryIO
) -> pypdfium2.PdfDocument | None:
    """Answers a request; the file that is then open."""
    if "open" in request:
        pdf = _open(content)
        _reply(replies, _describe(pdf, request["max_pages"]))
    elif pdf is not None:
        _render(pdf, request["page"], request["scale"], replies)
    else:
        _reply(replies, {})
    return pdf


def _limit(kind: int, soft: int) -> None:
    hard = resource.getrlimit(kind)[1]
    with suppress(ValueError, OSError):  # some systems do not have all limits
        resource.setrlimit(kind, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _open(content: bytes) -> pypdfium2.PdfDocument:
    pdf = pypdfium2.PdfDocument(content)
    pdf.init_forms()  # else PDFium does not draw the values of form fields
    return pdf


def _describe(pdf: pypdfium2.PdfDocument, max_pages: int) -> Json:
    page_count = len(pdf)
    indices = range(page_count if page_count <= max_pages else 0)
    return {"page_count": page_count, "sizes": [_page_size(pdf, index) for index in indices]}


def _page_size(pdf: pypdfium2.PdfDocument, index: int) -> tuple[float, float] | None:
    """Width and height in points; None if the page is damaged."""
    try:
        width, height = pdf.get_page_size(index)
        return width, height
    except pypdfium2.PdfiumError:
        return None


def _render(pdf: pypdfium2.PdfDocument, index: int, scale: float, replies: BinaryIO) -> None:
    page = pdf[index]
    try:
        bitmap = page.render(scale=scale)
        shape = {"height": bitmap.height, "stride": bitmap.stride, "width": bitmap.width}
        _reply(replies, {**shape, "channels": bitmap.n_channels}, memoryview(bitmap.buffer).cast("B"))
        bitmap.close()
    finally:
        page.close()


def _reply(replies: BinaryIO, reply: Json, content: bytes | memoryview = b"") -> None:
    replies.write(json.dumps(reply).encode() + b"\n")
    replies.write(content)
    replies.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

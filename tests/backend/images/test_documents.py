import io
import threading
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.images.documents import open_document

INCH = 72


def pdf(*sizes: tuple[float, float], **options: Any) -> bytes:
    """A PDF of blank pages of these sizes in inches."""
    file = pypdfium2.PdfDocument.new()
    for width, height in sizes:
        file.new_page(width * INCH, height * INCH)
    content = io.BytesIO()
    file.save(content, **options)
    file.close()
    return content.getvalue()


def coloured_pdf(*colours: str) -> bytes:
    pages = [Image.new("RGB", (300, 150), colour) for colour in colours]
    content = io.BytesIO()
    pages[0].save(content, "PDF", save_all=True, append_images=pages[1:], resolution=150)
    return content.getvalue()


def test_an_image_is_a_document_of_one_page(png) -> None:
    with open_document(png(20, 10), Settings()) as document:
        assert document.page_count == 1
        assert document.page(0).shape == (10, 20, 3)


@pytest.mark.parametrize(("dpi", "shape"), [(72, (144, 72, 3)), (150, (300, 150, 3)), (300, (600, 300, 3))])
def test_pdf_pages_are_rendered_at_the_resolution_of_the_settings(
    dpi: int, shape: tuple[int, int, int]
) -> None:
    with open_document(pdf((1, 2), (3, 1)), Settings(pdf_dpi=dpi)) as document:
        assert document.page_count == 2
        assert document.page(0).shape == pytest.approx(shape, abs=1), "PDFium rounds up"
        assert document.page(1).shape == pytest.approx((dpi, 3 * dpi, 3), abs=1)
        assert document.page(0).min() == 255, "an empty page is white"


def test_colours_are_in_bgr_order() -> None:
    with open_document(coloured_pdf("red", "blue"), Settings()) as document:
        assert [int(document.page(page)[75, 150].argmax()) for page in range(2)] == [2, 0]


def test_other_bytes_may_precede_the_pdf_header() -> None:
    with open_document(b"\r\n\r\n" + pdf((1, 1)), Settings()) as document:
        assert document.page_count == 1


@pytest.mark.parametrize(
    ("content", "changed", "outcome", "reason"),
    [
        pytest.param(b"%PDF-1.7\n", {}, "broken", "damaged, or needs a password", id="only a header"),
        pytest.param(pdf((1, 1))[:200], {}, "broken", "damaged, or needs a password", id="truncated"),
        pytest.param(
            pdf(*[(1, 1)] * 4), {"max_pages": 3}, "refused", "has 4 pages; 1 to 3 are", id="many pages"
        ),
        pytest.param(
            pdf((190, 190)),
            {"pdf_dpi": 600},
            "refused",
            r"1140\d\d x 1140\d\d pixels; 80000000",
            id="huge page",
        ),
    ],
)
def test_a_pdf_that_cannot_be_rendered_raises_an_image_error(
    content: bytes, changed: dict[str, Any], outcome: str, reason: str
) -> None:
    settings = Settings(**changed)
    with pytest.raises(ImageError, match=reason) as caught, open_document(content, settings) as document:
        document.page(0)
    assert caught.value.outcome == outcome


def test_several_threads_can_render_pages_of_several_files() -> None:
    contents = [coloured_pdf(*["white"] * 5) for _ in range(4)]
    shapes: list[tuple[int, ...]] = []

    def render(content: bytes) -> None:
        with open_document(content, Settings()) as document:
            shapes.extend(document.page(page).shape for page in range(document.page_count))

    threads = [threading.Thread(target=render, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert shapes == [(150, 300, 3)] * 20

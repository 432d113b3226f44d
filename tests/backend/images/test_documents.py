import io
import threading
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.images.documents import opened

INCH = 72


def pdf(*sizes: tuple[float, float], **how: Any) -> bytes:
    """A PDF of blank pages of these sizes in inches."""
    file = pypdfium2.PdfDocument.new()
    for width, height in sizes:
        file.new_page(width * INCH, height * INCH)
    content = io.BytesIO()
    file.save(content, **how)
    file.close()
    return content.getvalue()


def drawn_pdf(*colours: str) -> bytes:
    pages = [Image.new("RGB", (300, 150), colour) for colour in colours]
    content = io.BytesIO()
    pages[0].save(content, "PDF", save_all=True, append_images=pages[1:], resolution=150)
    return content.getvalue()


def test_an_image_is_a_document_of_one_page(png) -> None:
    with opened(png(20, 10), Settings()) as document:
        assert document.pages == 1
        assert document.page(0).shape == (10, 20, 3)


@pytest.mark.parametrize(("dpi", "shape"), [(72, (144, 72, 3)), (150, (300, 150, 3)), (300, (600, 300, 3))])
def test_a_pdfs_pages_are_drawn_at_the_resolution_of_the_settings(
    dpi: int, shape: tuple[int, int, int]
) -> None:
    with opened(pdf((1, 2), (3, 1)), Settings(pdf_dpi=dpi)) as document:
        assert document.pages == 2
        assert document.page(0).shape == pytest.approx(shape, abs=1), "PDFium rounds up"
        assert document.page(1).shape == pytest.approx((dpi, 3 * dpi, 3), abs=1)
        assert document.page(0).min() == 255, "what is not drawn on is white"


def test_colours_stand_in_the_order_that_readers_take() -> None:
    with opened(drawn_pdf("red", "blue"), Settings()) as document:
        assert [int(document.page(page)[75, 150].argmax()) for page in range(2)] == [2, 0]


def test_something_may_stand_before_the_pdf() -> None:
    with opened(b"\r\n\r\n" + pdf((1, 1)), Settings()) as document:
        assert document.pages == 1


@pytest.mark.parametrize(
    ("content", "changed", "outcome", "reason"),
    [
        pytest.param(b"%PDF-1.7\n", {}, "broken", "damaged, or needs a password", id="only a head"),
        pytest.param(pdf((1, 1))[:200], {}, "broken", "damaged, or needs a password", id="cut"),
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
def test_what_cannot_be_drawn_is_told_of(
    content: bytes, changed: dict[str, Any], outcome: str, reason: str
) -> None:
    settings = Settings(**changed)
    with pytest.raises(ImageError, match=reason) as refused, opened(content, settings) as document:
        document.page(0)
    assert refused.value.outcome == outcome


def test_several_threads_draw_pages_of_several_files() -> None:
    contents = [drawn_pdf(*["white"] * 5) for _ in range(4)]
    shapes: list[tuple[int, ...]] = []

    def draw(content: bytes) -> None:
        with opened(content, Settings()) as document:
            shapes.extend(document.page(page).shape for page in range(document.pages))

    threads = [threading.Thread(target=draw, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert shapes == [(150, 300, 3)] * 20

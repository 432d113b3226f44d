"""What reaches the backend from outside, as functions of bytes: they raise only on a fault of the backend.

`tests/fuzz` calls them with damaged seeds, and `make fuzz` with inputs that Atheris finds.
"""

import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

import requests

from bad_images import drawn, saved, valid_files
from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError, LabelConfigError
from ocr_backend.fetch.file_url import join_url, parse_file_url
from ocr_backend.fetch.image_source import InlineFile, parse_source
from ocr_backend.images.documents import open_document
from ocr_backend.labelstudio.label_config import parse_label_config
from ocr_backend.system.urls import redact_url

CORPUS = Path(__file__).parents[1] / "fuzz" / "corpus"
LABEL_STUDIO = "https://ls.example/studio"

_SETTINGS = Settings(
    label_studio_url=LABEL_STUDIO,
    local_files_document_root="/files",
    max_image_pixels=1_000_000,
    max_pages=3,
)


def url(data: bytes) -> None:
    """A task's value, and the target of a redirect."""
    text = data.decode("utf-8", "replace")
    redact_url(text)
    with suppress(ImageError):
        join_url(parse_file_url(f"{LABEL_STUDIO}/data/upload/1/a.png"), text)
    with suppress(ImageError):
        source = parse_source(text, 1, _SETTINGS)
        if not isinstance(source, InlineFile):
            _check_sent(text)


def _check_sent(text: str) -> None:
    parsed = parse_file_url(text)
    sent = requests.Request("GET", parsed.text).prepare().url or ""
    if sent != parsed.text or parse_file_url(sent).origin != parsed.origin:
        raise AssertionError(f"{parsed.text} is sent as {sent}")
    if parsed.is_within(LABEL_STUDIO) and not sent.startswith(LABEL_STUDIO):
        raise AssertionError(f"{sent} gets the token")


def label_config(data: bytes) -> None:
    """A project's label config."""
    with suppress(LabelConfigError):
        parse_label_config(data.decode("utf-8", "replace"), _SETTINGS)


def image(data: bytes) -> None:
    """The file of an image, or a PDF: all its pages."""
    with suppress(ImageError), open_document(data, _SETTINGS) as document:
        for index in range(document.page_count):
            pixels = document.page(index)
            if pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
                raise AssertionError(f"a page has the shape {pixels.shape}")


def exif(data: bytes) -> None:
    """The EXIF data in a JPEG."""
    segment = b"Exif\0\0" + data[:65_000]
    jpeg = _plain_jpeg()
    image(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:])


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "url": url,
    "label_config": label_config,
    "image": image,
    "exif": exif,
    "pdf": image,
}


def seeds(target: str) -> list[bytes]:
    """Valid and once harmful inputs of a target."""
    files = [path.read_bytes() for path in sorted((CORPUS / target).glob("*"))]
    if target == "image":
        files += [file for file in valid_files() if not file.startswith(b"%PDF-")]
    if target == "pdf":
        files += [file for file in valid_files() if file.startswith(b"%PDF-")]
    if target == "exif":
        files += [_exif(6), _exif(1)]
    return files


@cache
def _plain_jpeg() -> bytes:
    return saved(drawn(), "JPEG")


def _exif(orientation: int) -> bytes:
    """EXIF data with one tag, in the format of TIFF 6.0."""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)

"""Decodes images inside a task: `data:` URIs, and base64 without one. Pure.

As forgiving as browsers, and a little more: what Label Studio's page shows must be readable.
"""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from ocr_backend.errors import ImageError

# The first bytes of JPEG, PNG, GIF, WEBP, BMP, TIFF, JPEG 2000, and PDF.
_MAGIC_BYTES = (
    b"\xff\xd8\xff",
    b"\x89PNG",
    b"GIF8",
    b"RIFF",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"\0\0\0\x0cjP",
    b"%PDF-",
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]{40,}(=\s*){0,2}")  # no file of an image is shorter
_TO_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")


def decode_data_uri(uri: str) -> bytes:
    """The content of a `data:` URI.

    Raises:
        ImageError: it has no content, or the content is not base64.
    """
    head, comma, body = uri.partition(",")
    if not comma:
        raise ImageError("broken", "the data: URI has no comma, so it has no content")
    raw = unquote_to_bytes(body)
    if not re.search(r";\s*base64\s*$", head, re.IGNORECASE):
        return raw
    content = _decode_base64(raw)
    if content is None:
        raise ImageError("broken", "the content of the data: URI is not base64")
    return content


def bare_image(text: str) -> bytes | None:
    """The content of a text that is the base64 of an image or PDF; None for any other text."""
    if not _BASE64.fullmatch(text):
        return None
    content = _decode_base64(text.encode())
    return content if content is not None and content.startswith(_MAGIC_BYTES) else None


def _decode_base64(text: bytes) -> bytes | None:
    """The content, from either alphabet and with or without padding; None if it is not base64."""
    digits = b"".join(text.split()).rstrip(b"=").translate(_TO_STANDARD_ALPHABET)
    try:
        return base64.b64decode(digits + b"=" * (-len(digits) % 4), validate=True)
    except binascii.Error:
        return None

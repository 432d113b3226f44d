"""Protobuf's wire format (protobuf.dev, "Encoding"), as far as two model file formats need it.

Own code, since loading ONNX Runtime only to read a file's metadata takes 0.3 s at each start.
"""

import mmap
from collections.abc import Iterator

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5
"""Wire types."""

Encoded = bytes | mmap.mmap

_FIXED_BYTES = {FIXED64: 8, FIXED32: 4}


def read_varint(encoded: Encoded, index: int) -> tuple[int, int]:
    """The varint at an index, and the index after it. Raises IndexError if the message ends within it."""
    value, shift = 0, 0
    while encoded[index] & 0x80:
        value |= (encoded[index] & 0x7F) << shift
        index, shift = index + 1, shift + 7
    return value | encoded[index] << shift, index + 1


def varints(encoded: Encoded) -> Iterator[int]:
    """All varints of a packed field."""
    index = 0
    while index < len(encoded):
        value, index = read_varint(encoded, index)
        yield value


def fields(encoded: Encoded) -> Iterator[tuple[int, int | slice]]:
    """Number and content of each field of a message.

    The content is the value of a varint, or the position of a length-delimited field in the message. Fields
    of a fixed size are skipped. Raises ValueError or IndexError if this is no complete message.
    """
    index = 0
    while index < len(encoded):
        key, index = read_varint(encoded, index)
        number, wire_type = key >> 3, key & 7
        if wire_type in _FIXED_BYTES:
            index += _FIXED_BYTES[wire_type]
            continue
        if wire_type not in (VARINT, LENGTH_DELIMITED):
            raise ValueError(f"unknown wire type {wire_type}")
        value, index = read_varint(encoded, index)
        if wire_type == VARINT:
            yield number, value
            continue
        yield number, slice(index, index + value)
        index += value
    if index != len(encoded):
        raise ValueError("the message is cut off")

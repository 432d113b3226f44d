"""The metadata that an ONNX file carries, read without loading its network: a runtime takes 0.3 s for that.

Source of the format: ModelProto and StringStringEntryProto in onnx.proto3, in protobuf's encoding. Knows
nothing of models; `builtin_models` asks it.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

_METADATA = 14  # of ModelProto; in each entry 1 is the key, 2 the value


class NoOnnxError(ValueError):
    """The file is no ONNX model, or not whole."""


def metadata(file: Path) -> dict[str, str]:
    """Key -> value.

    Raises:
        NoOnnxError: the file is no ONNX model, or not whole.
        OSError: it cannot be read.
    """
    try:
        with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as encoded:
            texts = [encoded[start:end] for field, start, end in _texts(encoded) if field == _METADATA]
        entries = [{field: text[start:end] for field, start, end in _texts(text)} for text in texts]
        return {entry[1].decode(): entry[2].decode() for entry in entries}
    except (ValueError, IndexError, KeyError) as error:  # UnicodeDecodeError and an empty file included
        raise NoOnnxError(f"{file} is no ONNX model, or not whole") from error


def _texts(encoded: bytes | mmap.mmap) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of each field that is as long as it says; numbers are passed over."""
    at = 0
    while at < len(encoded):
        key, at = _number(encoded, at)
        match key & 7:  # the wire type
            case 0:
                _, at = _number(encoded, at)
            case 1:
                at += 8
            case 5:
                at += 4
            case 2:
                length, at = _number(encoded, at)
                yield key >> 3, at, at + length
                at += length
            case _:
                raise ValueError
    if at != len(encoded):
        raise ValueError


def _number(encoded: bytes | mmap.mmap, at: int) -> tuple[int, int]:
    """The varint at an index, and the index after it."""
    value, shift = 0, 0
    while encoded[at] & 0x80:
        value |= (encoded[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | encoded[at] << shift, at + 1

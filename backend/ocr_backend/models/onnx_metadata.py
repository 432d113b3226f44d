"""The metadata of an ONNX file, read without loading its network.

Source of the format: ModelProto and StringStringEntryProto in onnx.proto3. Knows nothing of models;
`builtin_models` calls it.
"""

import mmap
from pathlib import Path

from ocr_backend.models.protobuf_wire import Encoded, fields

_METADATA_FIELD = 14  # of ModelProto
_KEY_FIELD, _VALUE_FIELD = 1, 2  # of StringStringEntryProto


class InvalidOnnxError(ValueError):
    """The file is not a complete ONNX model."""


def metadata(file: Path) -> dict[str, str]:
    """Key -> value.

    Raises:
        InvalidOnnxError: the file is not a complete ONNX model.
        OSError: the file cannot be read.
    """
    try:
        with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as model:
            entries = [_texts(model[position]) for position in _metadata_positions(model)]
        return {entry[_KEY_FIELD]: entry[_VALUE_FIELD] for entry in entries}
    except (ValueError, IndexError, KeyError) as error:  # UnicodeDecodeError and an empty file included
        raise InvalidOnnxError(f"{file} is not a complete ONNX model") from error


def _metadata_positions(model: Encoded) -> list[slice]:
    return [
        content
        for number, content in fields(model)
        if number == _METADATA_FIELD and isinstance(content, slice)
    ]


def _texts(entry: bytes) -> dict[int, str]:
    return {
        number: entry[content].decode() for number, content in fields(entry) if isinstance(content, slice)
    }

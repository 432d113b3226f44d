"""Whether a file of Paddle weights is complete: Paddle itself loads a truncated file and then reads nonsense.

Source of the format: Paddle 3.3, phi/core/framework/dense_tensor_tostream.cc and framework.proto. Knows
nothing of networks; `load_check` calls it.
"""

import math
import os
import struct
from pathlib import Path
from typing import BinaryIO

from ocr_backend.models.protobuf_wire import fields, varints

_BYTES_OF_TYPE = {0: 1, 1: 2, 2: 4, 3: 8, 4: 2, 5: 4, 6: 8, 20: 1, 21: 1, 22: 2}
"""VarType.Type -> bytes of one value."""
_TYPE_FIELD, _DIMS_FIELD = 1, 2  # of VarType.TensorDesc
_MAX_LEVELS = 2**10  # a guess; official files have none


def is_complete(file: Path) -> bool:
    """Whether the file consists of whole tensors from its first byte to its last."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        try:
            _skip_tensors(stream, size)
        except (struct.error, ValueError, KeyError, IndexError):
            return False
        return stream.tell() == size


def _skip_tensors(stream: BinaryIO, size: int) -> None:
    while stream.tell() < size:
        _skip_tensor(stream)


def _skip_tensor(stream: BinaryIO) -> None:
    version, levels = struct.unpack("<IQ", stream.read(12))
    if version != 0 or levels > _MAX_LEVELS:
        raise ValueError("not the header of a tensor")
    for _ in range(levels):
        (length,) = struct.unpack("<Q", stream.read(8))
        stream.seek(length, os.SEEK_CUR)
    version, length = struct.unpack("<Ii", stream.read(8))
    if version != 0 or length < 0:
        raise ValueError("not the description of a tensor")
    stream.seek(_tensor_bytes(stream.read(length)), os.SEEK_CUR)


def _tensor_bytes(description: bytes) -> int:
    """Bytes of the values of a tensor with this description, an encoded TensorDesc."""
    values: dict[int, list[int]] = {_TYPE_FIELD: [], _DIMS_FIELD: []}
    for number, content in fields(description):
        values[number] += varints(description[content]) if isinstance(content, slice) else [content]
    return _BYTES_OF_TYPE[values[_TYPE_FIELD][-1]] * math.prod(values[_DIMS_FIELD])

"""Whether a file of Paddle's weights is whole: Paddle itself takes half of one for good and reads nonsense.

Source of the format: Paddle 3.3, phi/core/framework/dense_tensor_tostream.cc and framework.proto. Knows
nothing of networks; `trying` asks it.
"""

import math
import os
import struct
from pathlib import Path
from typing import BinaryIO

_BYTES_OF_TYPE = {0: 1, 1: 2, 2: 4, 3: 8, 4: 2, 5: 4, 6: 8, 20: 1, 21: 1, 22: 2}
"""Number of a type in VarType.Type -> bytes of one value."""
_TYPE_FIELD, _DIMS_FIELD, _PACKED_DIMS_FIELD = (
    0x08,
    0x10,
    0x12,
)  # of VarType.TensorDesc, with their wire types


def is_whole(file: Path) -> bool:
    """Whether the file is tensors from its first byte to its last."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        try:
            while stream.tell() < size:
                _skip_tensor(stream)
        except (struct.error, ValueError, KeyError, IndexError):
            return False
        return stream.tell() == size


def _skip_tensor(stream: BinaryIO) -> None:
    version, levels = struct.unpack("<IQ", stream.read(12))
    if version != 0 or levels > 2**10:
        raise ValueError
    for _ in range(levels):
        (length,) = struct.unpack("<Q", stream.read(8))
        stream.seek(length, os.SEEK_CUR)
    version, length = struct.unpack("<Ii", stream.read(8))
    if version != 0 or length < 0:
        raise ValueError
    stream.seek(_bytes_of(stream.read(length)), os.SEEK_CUR)


def _bytes_of(description: bytes) -> int:
    """Bytes of the values of a tensor with this description (a TensorDesc in protobuf's encoding)."""
    width, dims, at = 0, [], 0
    while at < len(description):
        field, at = _number(description, at)
        value, at = _number(description, at)
        if field == _TYPE_FIELD:
            width = _BYTES_OF_TYPE[value]
        elif field == _DIMS_FIELD:
            dims.append(value)
        elif field == _PACKED_DIMS_FIELD:
            end = at + value
            while at < end:
                value, at = _number(description, at)
                dims.append(value)
        else:
            raise ValueError
    return width * math.prod(dims)


def _number(encoded: bytes, at: int) -> tuple[int, int]:
    """The varint at an index, and the index after it."""
    value, shift = 0, 0
    while encoded[at] & 0x80:
        value |= (encoded[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | encoded[at] << shift, at + 1

"""Ids of predicted regions. Each says which model version read which text, without containing the text.

Pure. Label Studio's `origin` of a region changes when its shape is edited, but not when its text is edited
in the list of regions (seen with 1.23), and annotations do not contain the prediction. Therefore the id has
checksums of both: 12 digits for the line, 4 for the model version and 4 for the text.
"""

import hashlib
import re
from dataclasses import dataclass

_PREDICTED = re.compile("[0-9a-f]{12}(?P<version>[0-9a-f]{4})(?P<text>[0-9a-f]{4})")


@dataclass(frozen=True)
class PredictedRegion:
    """What the id of a predicted region says about it."""

    version_checksum: str
    text_checksum: str

    def has_version(self, version: str) -> bool:
        """Whether this model version predicted it."""
        return self.version_checksum == _checksum(version)

    def has_text(self, text: str) -> bool:
        """Whether this is the predicted text."""
        return self.text_checksum == _checksum(text)


def line_id(line_key: object, version: str, text: str) -> str:
    """20 hexadecimal digits, different for each key; the same for the same line, version and text."""
    return f"{object_id(line_key)}{_checksum(version)}{_checksum(text)}"


def object_id(key: object) -> str:
    """12 hexadecimal digits, different for each key."""
    return hashlib.blake2b(repr(key).encode(), digest_size=6).hexdigest()


def parse_line_id(region_id: str) -> PredictedRegion | None:
    """What the id says; None if it was not made by `line_id`."""
    match = _PREDICTED.fullmatch(region_id)
    return PredictedRegion(match["version"], match["text"]) if match else None


def _checksum(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=2).hexdigest()

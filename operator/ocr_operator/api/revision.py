"""A short, stable hash of a JSON value, equal in every process and version."""

import hashlib
import json
from typing import Any


def digest(content: Any) -> str:
    """The first ten hexadecimal digits of the SHA-256 of the value's canonical JSON."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:10]

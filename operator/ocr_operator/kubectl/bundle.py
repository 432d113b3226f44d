"""The support bundle: one file for a bug report, without Secrets and without values that may be secret.

Pure, except for `write`.
"""

import io
import json
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ocr_operator.api.names import ROLLOUT_ANNOTATION
from ocr_operator.kubectl.cluster_objects import ClusterObjects

REDACTED = "(redacted)"
_SECRET_NAME = re.compile("KEY|TOKEN|PASS|SECRET|CREDENTIAL|AUTH", re.IGNORECASE)
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/@\s\"']+(?=@)")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def files(objects: ClusterObjects, logs: Mapping[str, str], reports: Mapping[str, str]) -> dict[str, str]:
    """Text of each file by its path in the bundle. `reports`: further files, which hold no secrets."""
    texts = {**reports, "ocrbackend.json": _json_text(objects.backend)}
    texts |= {f"{kind}.json": _json_text(bodies) for kind, bodies in objects.by_kind.items()}
    texts |= {f"logs/{name}.log": without_url_credentials(log) for name, log in logs.items()}
    if objects.errors:
        texts["unread.txt"] = "".join(f"{kind}: {error}\n" for kind, error in objects.errors.items())
    return texts


def _json_text(content: Any) -> str:
    return without_url_credentials(json.dumps(redacted(content), indent=2, ensure_ascii=False) + "\n")


def without_url_credentials(text: str) -> str:
    """The text without the user and password in URLs."""
    return _URL_CREDENTIALS.sub(REDACTED, text)


def redacted(content: Any) -> Any:
    """JSON without the values of variables that may be secret, and without managedFields."""
    if isinstance(content, list):
        return [redacted(item) for item in content]
    if not isinstance(content, Mapping):
        return content
    fields = {
        name: _redacted_text(value) if name == ROLLOUT_ANNOTATION else redacted(value)
        for name, value in content.items()
        if name not in ("managedFields", _LAST_APPLIED)
    }
    if isinstance(fields.get("value"), str) and _SECRET_NAME.search(str(fields.get("name", ""))):
        fields["value"] = REDACTED
    return fields


def _redacted_text(text: str) -> Any:
    """The content of JSON text; a rollout record holds a pod template and so may hold secrets."""
    try:
        return redacted(json.loads(text))
    except ValueError:
        return REDACTED


def write(path: Path, folder: str, texts: Mapping[str, str]) -> None:
    """Write a tar.gz that only its owner can read; all files in it lie in `folder`."""
    path.touch()
    path.chmod(0o600)
    with tarfile.open(path, "w:gz") as archive:
        for name, text in texts.items():
            content = text.encode()
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))

"""What a report of a trouble needs, in one file: no Secret is read, and values that may be one are left out.

Pure but for `write`.
"""

import io
import json
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ocr_operator.api.names import ROLLOUT_ANNOTATION
from ocr_operator.kubectl.cluster_objects import Found

LEFT_OUT = "(left out)"
_SECRET_NAME = re.compile("KEY|TOKEN|PASS|SECRET|CREDENTIAL|AUTH", re.IGNORECASE)
_LOGIN = re.compile(r"(?<=://)[^/@\s\"']+(?=@)")
_OWN_COPY = "kubectl.kubernetes.io/last-applied-configuration"


def members(found: Found, logs: Mapping[str, str], answer: str, table: str) -> dict[str, str]:
    """Text of each file by its path in the bundle."""
    texts = {"why.txt": answer, "status.txt": table, "ocrbackend.json": _shown(found.backend)}
    texts |= {f"{kind}.json": _shown(bodies) for kind, bodies in found.objects.items()}
    texts |= {f"logs/{name}.log": without_logins(log) for name, log in logs.items()}
    if found.unread:
        texts["unread.txt"] = "".join(f"{kind}: {said}\n" for kind, said in found.unread.items())
    return texts


def _shown(content: Any) -> str:
    return without_logins(json.dumps(redacted(content), indent=2, ensure_ascii=False) + "\n")


def without_logins(text: str) -> str:
    """The text without the user and password of the URLs in it."""
    return _LOGIN.sub(LEFT_OUT, text)


def redacted(content: Any) -> Any:
    """JSON without values of variables that may be secrets, and without the noise of managedFields."""
    if isinstance(content, list):
        return [redacted(one) for one in content]
    if not isinstance(content, Mapping):
        return content
    kept = {
        name: _opened(value) if name == ROLLOUT_ANNOTATION else redacted(value)
        for name, value in content.items()
        if name not in ("managedFields", _OWN_COPY)
    }
    if isinstance(kept.get("value"), str) and _SECRET_NAME.search(str(kept.get("name", ""))):
        kept["value"] = LEFT_OUT
    return kept


def _opened(text: str) -> Any:
    """What JSON as text holds, which a pod template with its variables is part of."""
    try:
        return redacted(json.loads(text))
    except ValueError:
        return LEFT_OUT


def write(path: Path, folder: str, texts: Mapping[str, str]) -> None:
    """Makes the tar.gz, readable by its owner alone; everything in it lies in `folder`."""
    path.touch()
    path.chmod(0o600)
    with tarfile.open(path, "w:gz") as archive:
        for name, text in texts.items():
            content = text.encode()
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))

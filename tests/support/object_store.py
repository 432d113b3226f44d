"""An S3 stand-in: moto's server on loopback, installed once in the user's cache.

It stands for cloud storage. It refuses requests without a signature, but accepts any.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

import requests

from server_process import free_port, serving_process
from user_cache import Say, environment_from

_LOCK = Path(__file__).with_name("moto-requirements.txt")
_SECONDS_TO_START = 60


@dataclass(frozen=True)
class ObjectStore:
    """A running object store; `log` has a line for each request."""

    url: str
    log: Path

    def put(self, bucket: str, name: str, content: bytes) -> str:
        """Stores an object and returns its s3:// URI."""
        for path, body in ((bucket, b""), (f"{bucket}/{quote(name)}", content)):
            requests.put(f"{self.url}/{path}", data=body, timeout=30).raise_for_status()
        return f"s3://{bucket}/{name}"

    def was_asked_for(self, path: str, word: str) -> bool:
        """Whether it sent the object of a path to a request with this word in its query."""
        lines = unquote(self.log.read_text(errors="replace")).splitlines()
        return any(f'"GET {path}?' in line and word in line and '" 200' in line for line in lines)


@contextmanager
def running_object_store(folder: Path, say: Say) -> Iterator[ObjectStore]:
    """Installs moto if needed and runs it, with its log in an existing folder."""
    program = environment_from(_LOCK, say) / "bin" / "moto_server"
    port, log = free_port(), folder / "object-store.log"
    url = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [program, "-H", "127.0.0.1", "-p", str(port)]
    variables = {
        name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "AWS_", "MOTO_"))
    }
    with serving_process(command, variables, log, f"{url}/moto-api/data.json", _SECONDS_TO_START):
        yield ObjectStore(url, log)

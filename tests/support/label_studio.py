"""The real Label Studio: installed once in the user's cache, started on loopback with an empty database.

Knows nothing about the backend. `tests/labelstudio/conftest.py` starts it once per test session;
`label_studio_project` uses its API.
"""

import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from loopback import RefusingProxy, serving
from server_process import free_port, serving_process
from user_cache import Say, created_once, environment_from, run_with_progress

LOCK = Path(__file__).with_name("label-studio-requirements.txt")
"""Lock file of Label Studio and its requirements."""

_SECONDS_TO_START = 120  # measured: 10 s on two busy cores
_REDIS = ("localhost", 6379)  # Label Studio has no setting for it
_USER = "annotator@ocr.example"
_VALIDATION_FLAG = "fflag_feat_utc_210_prediction_validation_15082025"
_REMOVED_PREFIXES = ("LABEL_STUDIO_", "HEARTEX_", "DJANGO_", "fflag_", "ML_", "PYTHON")


@dataclass(frozen=True)
class LabelStudio:
    """A running Label Studio with one user, who owns everything.

    `user` and `password` are for its pages; `legacy_token` is the user's legacy token, `personal_token` a
    personal access token; `files` is the folder for local files.
    """

    url: str
    user: str
    password: str
    legacy_token: str
    personal_token: str
    files: Path
    log: Path


@contextmanager
def running_label_studio(
    folder: Path, say: Say, host: str = "", checks: bool = True
) -> Iterator[LabelStudio]:
    """Installs Label Studio if needed, and runs it with its data in an existing folder.

    `host` is its public URL, if that is another one. With `checks` it validates predictions against the label
    config before it stores them, which is off by default.

    Raises:
        RuntimeError: it did not start, and the message ends with its log; or it sent requests to other
            machines.
    """
    _refuse_a_redis()
    environment = environment_from(LOCK, say)
    data = folder / "data"
    shutil.copytree(empty_database(say), data)
    files = folder / "files"
    files.mkdir()
    options = {"LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(files), "LABEL_STUDIO_HOST": host}
    with serving(RefusingProxy()) as proxy:
        variables = _variables(data) | proxy.variables | options | {_VALIDATION_FLAG: str(checks).lower()}
        with _process(environment, variables, folder / "label-studio.log", files) as label_studio:
            yield label_studio
        if proxy.requests:
            raise RuntimeError(f"Label Studio sent requests to other machines: {sorted(set(proxy.requests))}")


def _refuse_a_redis() -> None:
    try:
        socket.create_connection(_REDIS, timeout=1).close()
    except OSError:
        return
    raise RuntimeError(
        f"a Redis listens on {_REDIS}, and Label Studio would use it for its background jobs: stop it"
    )


def empty_database(say: Say) -> Path:
    """Data folder after all migrations, which take almost a minute; callers copy it."""
    environment = environment_from(LOCK, say)

    def make(folder: Path) -> None:
        command: list[str | Path] = [environment / "bin" / "label-studio", "init", "--quiet"]
        run_with_progress(command, "creating Label Studio's empty database", say, _variables(folder))

    return created_once(environment.with_name(f"{environment.name}-data"), make)


def _variables(data: Path) -> dict[str, str]:
    """The environment of Label Studio, without the developer's variables for it and for Python."""
    inherited = {name: value for name, value in os.environ.items() if not _is_removed(name)}
    return inherited | {
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
        # Backends, and the webhooks sent to them, are on loopback.
        "LABEL_STUDIO_ML_BLOCK_LOCAL_IP": "false",
        "LABEL_STUDIO_SSRF_PROTECTION_ENABLED": "false",
        # No requests to other machines.
        "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
        "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
        "LABEL_STUDIO_SENTRY_DSN": "",
        "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
    }


def _is_removed(name: str) -> bool:
    return name.startswith(_REMOVED_PREFIXES) or name.lower().endswith("_proxy")


@contextmanager
def _process(environment: Path, variables: dict[str, str], log: Path, files: Path) -> Iterator[LabelStudio]:
    port, token, password = free_port(), secrets.token_hex(20), secrets.token_urlsafe()
    url = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [environment / "bin" / "label-studio", "start", "--no-browser"]
    command += ["--internal-host", "127.0.0.1", "--port", str(port)]
    user = {"USERNAME": _USER, "PASSWORD": password, "USER_TOKEN": token}
    variables = variables | {f"LABEL_STUDIO_{name}": value for name, value in user.items()}
    with serving_process(command, variables, log, f"{url}/health", _SECONDS_TO_START):
        yield LabelStudio(url, _USER, password, token, _new_personal_token(url, token), files, log)


def _new_personal_token(url: str, legacy_token: str) -> str:
    """A new personal access token; raises an error if another Label Studio responds."""
    headers = {"Authorization": f"Token {legacy_token}"}
    response = requests.post(f"{url}/api/token/", headers=headers, timeout=30)
    response.raise_for_status()
    return str(response.json()["token"])

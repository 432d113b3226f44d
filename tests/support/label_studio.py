"""The real Label Studio: installed once in the user's cache, started on loopback with an empty database.

Knows nothing of the backend. `tests/labelstudio/conftest.py` starts it once for a run of the tests;
`label_studio_project` speaks with it.
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

from loopback import Outside, serving
from server_process import free_port, serving_process
from user_cache import Say, environment_from, made_once, run_aloud

LOCK = Path(__file__).with_name("label-studio-requirements.txt")
"""Label Studio with all that it needs."""

_SECONDS_TO_START = 120  # 10 s were measured on two busy cores
_REDIS = ("localhost", 6379)  # not to be set in Label Studio
_USER = "somebody@ocr.example"
_CHECKS = "fflag_feat_utc_210_prediction_validation_15082025"
_LEFT_OUT = ("LABEL_STUDIO_", "HEARTEX_", "DJANGO_", "fflag_", "ML_", "PYTHON")


@dataclass(frozen=True)
class LabelStudio:
    """A running Label Studio with one user, who owns everything.

    `user` and `password` are for its pages; `legacy_token` is the user's old-style key, `personal_token` a
    refresh token; `files` is the folder from which local files may be served.
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
    """Installs Label Studio if needed and runs it with its data below an existing folder.

    `host` is the URL under which people see it, where that is another one. It `checks` predictions against
    the labelling config before they are stored, as it does not by default.

    Raises:
        RuntimeError: it did not start, the message ends with its log; or it has asked for something
            outside of this machine.
    """
    _refuse_a_redis()
    environment = environment_from(LOCK, say)
    data = folder / "data"
    shutil.copytree(empty_database(say), data)
    files = folder / "files"
    files.mkdir()
    served = {"LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(files), "LABEL_STUDIO_HOST": host}
    with serving(Outside()) as outside:
        variables = _variables(data) | outside.variables | served | {_CHECKS: str(checks).lower()}
        with _process(environment, variables, folder / "label-studio.log", files) as label_studio:
            yield label_studio
        if outside.asked_for:
            raise RuntimeError(f"Label Studio has asked for {sorted(set(outside.asked_for))}")


def _refuse_a_redis() -> None:
    try:
        socket.create_connection(_REDIS, timeout=1).close()
    except OSError:
        return
    raise RuntimeError(
        f"something listens on {_REDIS}: Label Studio would leave its work to that Redis; end it"
    )


def empty_database(say: Say) -> Path:
    """Folder of data with all migrations done, which take Label Studio most of a minute. To be copied."""
    environment = environment_from(LOCK, say)

    def make(folder: Path) -> None:
        command: list[str | Path] = [environment / "bin" / "label-studio", "init", "--quiet"]
        run_aloud(command, "making Label Studio's empty database", say, _variables(folder))

    return made_once(environment.with_name(f"{environment.name}-data"), make)


def _variables(data: Path) -> dict[str, str]:
    """The environment of Label Studio, free of what the developer's own says of it and of Python."""
    kept = {name: value for name, value in os.environ.items() if not _is_left_out(name)}
    return kept | {
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
        # Backends, and the webhooks sent to them, are on loopback.
        "LABEL_STUDIO_ML_BLOCK_LOCAL_IP": "false",
        "LABEL_STUDIO_SSRF_PROTECTION_ENABLED": "false",
        # Nothing goes outside.
        "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
        "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
        "LABEL_STUDIO_SENTRY_DSN": "",
        "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
    }


def _is_left_out(name: str) -> bool:
    return name.startswith(_LEFT_OUT) or name.lower().endswith("_proxy")


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
    """A personal access token; refused if what answers there knows another user than ours."""
    headers = {"Authorization": f"Token {legacy_token}"}
    answer = requests.post(f"{url}/api/token/", headers=headers, timeout=30)
    answer.raise_for_status()
    return str(answer.json()["token"])

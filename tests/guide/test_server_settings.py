"""The guide's table "Server settings": the effect of each variable, mostly in a real process."""

import shutil
from pathlib import Path

import pytest
import requests

from backend_process import BUILTIN, backend_process
from ocr_backend.config.settings import from_env
from ocr_backend.models import builtin_models, model_roles

TIMEOUT_SECONDS = 60


@pytest.mark.parametrize("variable", ["BASIC_AUTH_USER", "BASIC_AUTH_PASS"])
def test_basic_auth_user_and_basic_auth_pass_are_required(client_with, variable):
    right = {"BASIC_AUTH_USER": "ocr", "BASIC_AUTH_PASS": "secret"}
    client = client_with(right)

    def status(credentials: dict[str, str]) -> int:
        auth = (credentials["BASIC_AUTH_USER"], credentials["BASIC_AUTH_PASS"])
        return int(client.post("/setup", json={}, auth=auth).status_code)

    assert status(right) == 200
    assert status({**right, variable: "wrong"}) == 401
    assert client.post("/setup", json={}).status_code == 401


def test_without_basic_auth_no_password_is_required(client_with):
    assert client_with({}).post("/setup", json={}).status_code == 200


@pytest.mark.model
@pytest.mark.parametrize(
    ("level", "logged", "not_logged"),
    [
        ("DEBUG", " DEBUG ", None),
        ("INFO", "models loaded", " DEBUG "),
        ("WARNING", " WARNING ", " INFO "),
        ("ERROR", None, " WARNING "),
    ],
)
def test_log_level_selects_the_messages(tmp_path, level, logged, not_logged):
    with backend_process({**BUILTIN, "LOG_LEVEL": level}, tmp_path / "log") as backend:
        refused = requests.post(f"{backend.url}/predict", data="no JSON", timeout=TIMEOUT_SECONDS)
        assert refused.status_code == 400
    log = backend.log.read_text()
    assert logged is None or logged in log
    assert not_logged is None or not_logged not in log


@pytest.mark.model
@pytest.mark.parametrize("workers", ["1", "2"])
def test_each_worker_is_a_process_with_its_own_models(tmp_path, workers):
    with backend_process({**BUILTIN, "WORKERS": workers}, tmp_path / "log") as backend:
        pid = backend.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        assert len(children) == int(workers)
        with builtin_models.folders(model_roles.required_models(from_env(BUILTIN))) as folders:
            weights = sum(model.weights.stat().st_size for model in folders.values())
        assert all(_private_bytes(child) > weights for child in children)
        assert backend.log.read_text().count("models loaded") == int(workers)


def _private_bytes(pid: str) -> int:
    """Memory that the process shares with no other."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(row.split()[1]) * 1024 for row in rows if row.startswith("Private_"))


@pytest.mark.model
def test_models_are_loaded_from_model_dir(tmp_path, as_task, real_image):
    variables = {
        "PADDLEOCR_VERSION": "PP-OCRv6",
        "PADDLEOCR_MODEL_TYPE": "mobile",
        "PADDLEOCR_USE_TEXTLINE_ORIENTATION": "false",
        "OCR_MODEL_SOURCE": "dir",
        "MODEL_DIR": str(tmp_path / "models"),
    }
    with builtin_models.folders(model_roles.required_models(from_env(variables))) as folders:
        for model in folders.values():
            shutil.copytree(model.folder, tmp_path / "models" / model.folder.name)
    with backend_process(variables, tmp_path / "log") as backend:
        answer = requests.post(
            f"{backend.url}/predict", json=as_task(real_image.read_bytes()), timeout=TIMEOUT_SECONDS
        )
    (prediction,) = answer.json()["results"]
    assert prediction["result"][-1]["value"]["text"] == ["TEST"]


def test_label_studio_url_and_label_studio_api_key_give_access_to_uploads(client_with, web, png):
    web.serve("/data/upload/1/image.png", png)
    client = client_with({"LABEL_STUDIO_URL": web.url, "LABEL_STUDIO_API_KEY": "0123abc"})
    body = {"tasks": [{"id": 1, "data": {"image": "/data/upload/1/image.png"}}]}
    (prediction,) = client.post("/predict", json=body).json["results"]
    assert prediction["result"]
    (request,) = web.requests
    assert request.headers["Authorization"] == "Token 0123abc"

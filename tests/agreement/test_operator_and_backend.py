"""The operator and the backend agree on variables, paths, ports, exit codes and commands."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gunicorn.arbiter import Arbiter

from ocr_backend.commands import exit_codes
from ocr_backend.commands.models import fetch
from ocr_backend.config import environment
from ocr_backend.config.settings import SETTINGS, Settings, from_env
from ocr_backend.models import model_roles
from ocr_backend.models.hub import download_progress
from ocr_operator.api import names
from ocr_operator.api.operator_config import ImageReference, OperatorConfig
from ocr_operator.api.reasons import Reason
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.manifests import download_job, model_sets, pod_fields, pod_template
from ocr_operator.observed import download_progress as model_progress
from ocr_operator.observed import pod_causes

ROOT = Path(__file__).parents[2]
CONFIG = OperatorConfig(ImageReference("cpu"), ImageReference("paddle"), ImageReference("gpu"))


def _pod(**spec: Any) -> dict[str, Any]:
    variants = [{"name": "ch-mobile", "language": "ch", "modelType": "mobile"}]
    metadata = {"name": "ocr", "namespace": "labs", "uid": "u", "generation": 1}
    backend = parse_backend({"metadata": metadata, "spec": {"variants": variants} | spec})
    template = pod_template.pod_template(backend, backend.variants[0], CONFIG)
    return dict(template["spec"])


FULL = {
    "ocrVersion": "PP-OCRv4",
    "engine": "Paddle",
    "options": {"scoreThreshold": "0.25", "useDocOrientation": True, "useTextlineOrientation": False},
    "labelStudio": {
        "url": "https://labels.example.com",
        "apiKeySecretRef": {"name": "s", "key": "k"},
        "basicAuthSecretRef": {"name": "s"},
        "mapping": {"predictedLabel": "Schrift"},
    },
    "server": {"threads": 3, "allowedHosts": ["10.0.0.0/8", "labels"], "logFormat": "Json"},
    "models": {"source": "Claim", "storage": {"claimName": "c"}},
    "variants": [
        {
            "name": "ch-mobile",
            "language": "ch",
            "modelType": "mobile",
            "models": {"detection": "receipts/det", "recognition": "receipts/rec"},
        }
    ],
    "accelerator": {"resourceName": "nvidia.com/gpu"},
}


def test_the_pods_environment_has_the_settings_of_the_spec() -> None:
    [container] = _pod(**FULL)["containers"]
    secrets = {"LABEL_STUDIO_API_KEY": "token", "BASIC_AUTH_USER": "user", "BASIC_AUTH_PASS": "pass"}
    variables = {entry["name"]: entry.get("value") or secrets[entry["name"]] for entry in container["env"]}
    assert from_env(variables) == Settings(
        ocr_version="PP-OCRv4",
        model_type="mobile",
        engine="paddle",
        score_threshold=0.25,
        use_doc_orientation=True,
        use_textline_orientation=False,
        use_gpu=True,
        model_source="dir",
        detection_model="receipts/det",
        recognition_model="receipts/rec",
        label_studio_url="https://labels.example.com",
        label_studio_api_key="token",
        basic_auth_user="user",
        basic_auth_pass="pass",
        predicted_label="Schrift",
        threads=3,
        allowed_hosts=("10.0.0.0/8", "labels"),
        log_format="json",
        health_port=names.HEALTH_PORT,
    )


def test_every_variable_of_the_pod_is_a_setting() -> None:
    variables = {setting.env for setting in SETTINGS}
    [container] = _pod(**FULL)["containers"]
    assert {entry["name"] for entry in container["env"]} <= variables
    unknown = environment.unknown_names(SETTINGS, {entry["name"]: "x" for entry in container["env"]})
    assert list(unknown) == []


def test_the_models_are_mounted_in_the_backends_model_folder() -> None:
    [container] = _pod()["containers"]
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert Settings().model_dir in mounted


def test_the_port_of_the_service_is_the_backends() -> None:
    assert Settings().port == names.PORT


def test_the_operator_knows_the_backends_exit_codes() -> None:
    assert exit_codes.USAGE_STATUS == pod_causes.EXIT_CODE_SETTINGS
    # Exit code of the server if no worker can load the models.
    assert Arbiter.WORKER_BOOT_ERROR == pod_causes.EXIT_CODE_MODELS


def test_the_operator_knows_the_exit_codes_of_a_download() -> None:
    assert pod_causes.DOWNLOAD_REASONS == {
        exit_codes.USAGE_STATUS: Reason.INVALID,
        exit_codes.MODEL_STATUS: Reason.DOWNLOAD_FAILED,
        exit_codes.NOT_FOUND_STATUS: Reason.MODEL_NOT_FOUND,
        exit_codes.MISMATCH_STATUS: Reason.CHECKSUM_MISMATCH,
        exit_codes.VOLUME_STATUS: Reason.STORAGE_FULL,
    }


def _download(**models: Any) -> tuple[Settings, dict[str, Any]]:
    """The settings of the only variant, and the container of its download Job."""
    metadata = {"name": "ocr", "namespace": "labs", "uid": "u", "generation": 1}
    spec = {
        "variants": [{"name": "ch-server", "language": "ch", "modelType": "server"}],
        "models": models,
        "engine": "OnnxRuntime",
    }
    backend = parse_backend({"metadata": metadata, "spec": spec})
    [job] = download_job.download_jobs(backend, CONFIG)
    [container] = job["spec"]["template"]["spec"]["containers"]
    return backend.variants[0].settings, container


def test_the_job_downloads_the_models_that_the_variant_needs() -> None:
    settings, container = _download(hub="BOS", mirror="https://mirror.example.com", offline=True)
    job_settings = from_env({entry["name"]: entry["value"] for entry in container["env"]})
    assert model_roles.required_models(job_settings) == model_roles.required_models(settings)
    for name in ("model_source", "model_hub", "model_mirror", "offline", "model_dir", "engine", "use_gpu"):
        assert getattr(job_settings, name) == getattr(settings, name)


@pytest.mark.parametrize("options", [{}, {"useDocOrientation": True, "useTextlineOrientation": False}])
def test_a_model_set_has_the_models_that_the_backend_needs(options: dict[str, Any]) -> None:
    metadata = {"name": "ocr", "namespace": "labs", "uid": "u", "generation": 1}
    spec = {
        "variants": [{"name": "korean-mobile", "language": "korean", "modelType": "mobile"}],
        "options": options,
    }
    [variant] = parse_backend({"metadata": metadata, "spec": spec}).variants
    required_models = model_roles.required_models(variant.settings)
    assert model_sets.model_names(variant.settings) == list(required_models.values())


def test_the_backend_has_the_command_that_the_job_runs() -> None:
    assert download_job.COMMAND[:2] == ("models", "fetch")
    parser = argparse.ArgumentParser()
    fetch.add_arguments(parser)
    options = parser.parse_args(list(download_job.COMMAND[2:]))
    assert (options.status_port, str(options.report)) == (names.PORT, download_job.REPORT)


def test_the_operator_reads_the_progress_that_the_backend_reports() -> None:
    progress = download_progress.Progress()
    progress.add_model("det", "onnx", 100)
    progress.add_model("rec", "onnx")
    progress.set_state("det", "onnx", "Downloading")
    progress.add_bytes("det", "onnx", 40)
    observed = model_progress.progress_of(progress.snapshot())
    assert (observed.size, observed.state, str(observed.active)) == (40, "Downloading", "det 40 %, 0 of 0 MB")
    progress.set_published("det", "onnx", "ab", 100)
    progress.set_published("rec", "onnx", "cd", 10)
    assert model_progress.progress_of(progress.snapshot()).percent == 100


def test_the_pods_user_is_that_of_the_image() -> None:
    users = re.findall(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert users
    assert set(users) == {(str(pod_fields.USER), str(pod_fields.USER))}


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_the_backend_answers_every_probe(probe: str, status_code: Callable[[str], int]) -> None:
    [container] = _pod()["containers"]
    assert status_code(container[probe]["httpGet"]["path"]) in (200, 503)


@pytest.fixture
def status_code() -> Callable[[str], int]:
    """Status code of the backend's app for a path."""
    from ocr_backend.pipeline.worker import Worker
    from ocr_backend.web.app import create_app

    def unused(*_: Any) -> Any:
        raise AssertionError("a probe must not load a model")

    app = create_app(Worker(Settings(), unused, 1), lambda: 0)
    return lambda path: app.test_client().get(path).status_code

"""The Jobs that connect Label Studio's projects to variants."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.helm

CHART = Path(__file__).parents[2] / "chart"
TOKEN = {"name": "labels", "key": "token"}
ENTRY = {"project": 12_345_678, "backend": {"name": "ocr", "variant": "ch-mobile"}}
CONNECT = {"url": "http://labels", "apiKeySecretRef": TOKEN, "projects": {"invoices": ENTRY}}
SPEC = {"variants": [{"name": "ch-mobile", "language": "ch", "modelType": "mobile"}]}
TRIAL = {"labelStudio.enabled": True, "labelStudio.existingSecret": "trial"}

Json = dict[str, Any]
Jobs = Callable[..., list[Json]]


def container_of(job: Json) -> Json:
    [container] = job["spec"]["template"]["spec"]["containers"]
    return dict(container)


def variables(job: Json) -> Json:
    """Name -> value, or the name of the Secret that holds it."""
    return {
        variable["name"]: variable.get("value") or variable["valueFrom"]["secretKeyRef"]["name"]
        for variable in container_of(job)["env"]
    }


def test_a_job_connects_an_existing_project(jobs: Jobs) -> None:
    [job] = jobs(connect=CONNECT)
    [argument] = container_of(job)["args"]
    assert json.loads(argument) == {"project": 12_345_678, "url": "http://ocr-ch-mobile.labs.svc:9090"}
    assert variables(job) == {"LABEL_STUDIO_URL": "http://labels", "LABEL_STUDIO_API_KEY": "labels"}


def test_label_studio_and_the_password_come_from_the_backend(jobs: Jobs) -> None:
    label_studio = {"url": "http://mine", "apiKeySecretRef": TOKEN, "basicAuthSecretRef": {"name": "basic"}}
    backends = {"ocr": SPEC | {"labelStudio": label_studio}}
    [job] = jobs(connect={"projects": {"invoices": ENTRY}}, backends=backends)
    assert variables(job) == {
        "LABEL_STUDIO_URL": "http://mine",
        "LABEL_STUDIO_API_KEY": "labels",
        "BASIC_AUTH_USER": "basic",
        "BASIC_AUTH_PASS": "basic",
    }


def test_the_trial_connects_only_backends_without_another_label_studio(jobs: Jobs) -> None:
    elsewhere = SPEC | {"labelStudio": {"url": "http://mine", "apiKeySecretRef": TOKEN}}
    [job] = jobs(backends={"mine": SPEC, "elsewhere": elsewhere}, **TRIAL)
    assert "-connect-mine-" in job["metadata"]["name"]


@pytest.mark.parametrize(
    ("connect", "message"),
    [
        pytest.param(
            {"projects": {"invoices": ENTRY}},
            "connect.projects.invoices: set connect.url and connect.apiKeySecretRef",
            id="no Label Studio",
        ),
        pytest.param(
            CONNECT | {"projects": {"invoices": ENTRY | {"backend": {"name": "ocr", "variant": "x"}}}},
            "connect.projects.invoices.backend: OCRBackend ocr has no variant x; it has ch-mobile",
            id="an unknown variant",
        ),
        pytest.param(
            CONNECT | {"apiKeySecretRef": {"name": "a"}}, "apiKeySecretRef", id="a key without a name"
        ),
    ],
)
def test_an_invalid_entry_fails_with_its_name(
    helm: Callable[..., subprocess.CompletedProcess[str]], connect: Json, message: str
) -> None:
    done = helm("template", "r", str(CHART), f"--set-json=connect={json.dumps(connect)}")
    assert done.returncode != 0
    assert message in done.stderr


def test_without_a_cluster_the_trial_requires_a_secret(
    helm: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = helm("template", "r", str(CHART), "--set", "labelStudio.enabled=true")
    assert done.returncode != 0
    assert "labelStudio.existingSecret is required" in done.stderr


def test_the_registry_is_not_put_before_the_image_of_label_studio(render: Callable[..., list[Json]]) -> None:
    objects = render(**TRIAL, **{"global.imageRegistry": "registry.example.com"})
    images = {
        body["metadata"]["name"]: body["spec"]["template"]["spec"]["containers"][0]["image"]
        for body in objects
        if body["kind"] == "Deployment"
    }
    assert images["r-label-studio"].startswith("docker.io/heartexlabs/label-studio:")
    assert images["r-operator"].startswith("registry.example.com/ocr-backend/operator:")

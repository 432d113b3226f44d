"""`kubectl ocr` as a plugin of a real kubectl; test_reasons.py runs `why` for each problem."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from operator_process import Operator
from plugin import kubectl_ocr

pytestmark = pytest.mark.light

Release = Any
TWO = [
    {"name": "ch-mobile", "language": "ch", "modelType": "mobile"},
    {"name": "latin-mobile", "language": "latin", "modelType": "mobile"},
]


def test_status_and_why_of_a_ready_backend(release: Release, operator: Operator) -> None:
    release.apply(variants=TWO)
    release.wait_for("True", "Available")
    namespace = f"--namespace={release.namespace}"
    table = kubectl_ocr(release.cluster, "status", "ocr", namespace).stdout.splitlines()
    assert [line.split()[:5] for line in table] == [
        ["NAME", "VARIANT", "PHASE", "READY", "REASON"],
        ["ocr", "ch-mobile", "Ready", "1/1", "Available"],
        ["ocr", "latin-mobile", "Ready", "1/1", "Available"],
    ]
    assert kubectl_ocr(release.cluster, "status", namespace).stdout.splitlines() == table
    why = kubectl_ocr(release.cluster, "why", "ocr", namespace)
    assert (why.returncode, why.stdout.splitlines()[-1]) == (0, "Available: 2 of 2 variants are ready")


def test_a_user_pauses_rolls_back_and_retries(release: Release, operator: Operator) -> None:
    def ocr(*arguments: str) -> None:
        completed = kubectl_ocr(release.cluster, *arguments, f"--namespace={release.namespace}")
        assert completed.returncode == 0, completed.stderr

    def has_phase(phase: str) -> bool:
        [variant] = release.get("ocrb", "ocr")["status"]["variants"]
        return bool(variant["phase"] == phase)

    release.apply()
    release.wait_for("True", "Available")
    ocr("pause", "ocr")
    release.wait_for("False", "Paused", "Reconciled")
    ocr("resume", "ocr")
    release.wait_for("True", "Applied", "Reconciled")
    # No node has so much: the new revision never starts.
    requests = {"resources": {"requests": {"cpu": "1000"}}}
    release.apply(variants=[{"name": "ch-mobile", "language": "ch", "modelType": "mobile", **requests}])
    release.cluster.wait(lambda: has_phase("RollingOut"), "the rollout")
    ocr("rollback", "ocr")
    release.cluster.wait(lambda: has_phase("RolledBack"), "the rollback")
    [variant] = release.get("ocrb", "ocr")["status"]["variants"]
    assert variant["rolledBack"]["reason"] == "RollbackRequested"
    ocr("retry", "ocr", "--variant=ch-mobile")
    release.cluster.wait(lambda: has_phase("RollingOut"), "the retry")


@pytest.mark.parametrize(
    "command",
    [["why"], ["status"], ["predict", "x.png"], ["bundle"], ["pause"], ["retry"]],
    ids=lambda command: command[0],
)
def test_an_unknown_name_is_an_error_that_lists_the_existing_ones(
    release: Release, command: list[str]
) -> None:
    release.apply(name="papers")
    verb, *arguments = command
    completed = kubectl_ocr(release.cluster, verb, "ocr", *arguments, f"--namespace={release.namespace}")
    assert completed.returncode == 1
    assert completed.stderr == "error: OCRBackend ocr not found in this namespace; existing: papers\n"


def test_a_bundle_has_all_objects_and_logs_but_no_secret(
    release: Release, operator: Operator, tmp_path: Path
) -> None:
    variables = [
        {"name": "HTTPS_PROXY", "value": "http://me:hidden@proxy"},
        {"name": "API_KEY", "value": "hidden"},
    ]
    literal = "--from-literal=username=me", "--from-literal=password=hidden"
    release.kubectl("create", "secret", "generic", "basic", *literal)
    release.apply(labelStudio={"basicAuthSecretRef": {"name": "basic"}}, env=variables)
    release.wait_for("True", "Available")
    completed = kubectl_ocr(
        release.cluster, "bundle", "ocr", f"--namespace={release.namespace}", folder=tmp_path
    )
    assert completed.returncode == 0, completed.stderr
    path = tmp_path / "ocr-bundle.tar.gz"
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as archive:
        files = {member.name: archive.extractfile(member).read().decode() for member in archive.getmembers()}
    [pod] = json.loads(files["ocr-bundle/pods.json"])
    names = {"ocrbackend", "deployments", "replicasets", "pods", "services", "events", "resourcequotas"}
    assert {f"ocr-bundle/{name}.json" for name in names} < set(files)
    assert f"ocr-bundle/logs/{pod['metadata']['name']}.log" in files
    assert json.loads(files["ocr-bundle/ocrbackend.json"])["status"]["summary"] == "1/1"
    assert "Available" in files["ocr-bundle/why.txt"]
    assert "hidden" not in "".join(files.values())
    assert "(redacted)" in files["ocr-bundle/pods.json"]

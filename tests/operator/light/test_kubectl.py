"""`kubectl ocr` as a plugin of a real kubectl; `why` has its troubles in test_reasons.py."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from operator_process import Operator
from plugin import kubectl_ocr

pytestmark = pytest.mark.light

Release = Any
TWO = [{"language": "ch", "modelType": "mobile"}, {"language": "latin", "modelType": "mobile"}]


def test_status_and_why_of_a_backend_that_serves(release: Release, operator: Operator) -> None:
    release.apply(variants=TWO)
    release.wait_for("True", "Available")
    where = f"--namespace={release.namespace}"
    table = kubectl_ocr(release.cluster, "status", "ocr", where).stdout.splitlines()
    assert [line.split()[:5] for line in table] == [
        ["NAME", "VARIANT", "PHASE", "READY", "REASON"],
        ["ocr", "ch/mobile", "Ready", "1/1", "Available"],
        ["ocr", "latin/mobile", "Ready", "1/1", "Available"],
    ]
    assert kubectl_ocr(release.cluster, "status", where).stdout.splitlines() == table
    why = kubectl_ocr(release.cluster, "why", "ocr", where)
    assert (why.returncode, why.stdout.splitlines()[-1]) == (0, "Available: 2 of 2 variants serve")


@pytest.mark.parametrize(
    "command", [["why"], ["status"], ["predict", "x.png"], ["bundle"]], ids=lambda one: one[0]
)
def test_a_name_that_is_not_there_is_told_with_those_that_are(release: Release, command: list[str]) -> None:
    release.apply(name="papers")
    verb, *more = command
    said = kubectl_ocr(release.cluster, verb, "ocr", *more, f"--namespace={release.namespace}")
    assert said.returncode == 1
    assert said.stderr == "error: there is no OCRBackend ocr in this namespace; there are: papers\n"


def test_a_bundle_has_what_a_report_needs_and_no_secret(
    release: Release, operator: Operator, tmp_path: Path
) -> None:
    variables = [
        {"name": "HTTPS_PROXY", "value": "http://me:hidden@proxy"},
        {"name": "API_KEY", "value": "hidden"},
    ]
    literal = "--from-literal=username=me", "--from-literal=password=hidden"
    release.kubectl("create", "secret", "generic", "basic", *literal)
    release.apply(labelStudio={"basicAuthSecretRef": {"name": "basic"}}, options={"extraEnv": variables})
    release.wait_for("True", "Available")
    said = kubectl_ocr(release.cluster, "bundle", "ocr", f"--namespace={release.namespace}", folder=tmp_path)
    assert said.returncode == 0, said.stderr
    path = tmp_path / "ocr-bundle.tar.gz"
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as archive:
        files = {one.name: archive.extractfile(one).read().decode() for one in archive.getmembers()}
    [pod] = json.loads(files["ocr-bundle/pods.json"])
    names = {"ocrbackend", "deployments", "replicasets", "pods", "services", "events", "resourcequotas"}
    assert {f"ocr-bundle/{name}.json" for name in names} < set(files)
    assert f"ocr-bundle/logs/{pod['metadata']['name']}.log" in files
    assert json.loads(files["ocr-bundle/ocrbackend.json"])["status"]["summary"] == "1/1"
    assert "Available" in files["ocr-bundle/why.txt"]
    assert "hidden" not in "".join(files.values())
    assert "(left out)" in files["ocr-bundle/pods.json"]

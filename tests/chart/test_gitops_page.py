"""The pages on GitOps and on Label Studio's chart: their values render, and the health check runs."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lupa
import pytest
import yaml

from documents import blocks

pytestmark = pytest.mark.helm

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "gitops.md"
LABEL_STUDIO_PAGE = ROOT / "docs" / "label-studio-chart.md"
FILES = sorted(path.name for path in (ROOT / "chart").glob("values*.yaml"))
HEALTH = "resource.customizations.health.ocrbackend.io_OCRBackend"

Json = dict[str, Any]
Helm = Callable[..., subprocess.CompletedProcess[str]]
Render = Callable[..., list[Json]]


def documents_of(page: Path) -> list[Json]:
    return [yaml.safe_load(block.text) for block in blocks(page) if block.language == "yaml"]


def manifest(kind: str) -> Json:
    [body] = [body for body in documents_of(PAGE) if body["kind"] == kind]
    return body


def health(body: Json) -> tuple[str, str]:
    """Status and message that Argo CD shows for an OCRBackend."""
    lua = lupa.LuaRuntime()
    check = lua.execute(f"return function(obj)\n{manifest('ConfigMap')['data'][HEALTH]}\nend")
    result = check(lua.table_from(body, recursive=True))
    return result["status"], result["message"]


def ocrbackend(*conditions: tuple[str, str, str], observed: int = 2) -> Json:
    fields = ("type", "status", "message")
    status = {"observedGeneration": observed}
    listed = [dict(zip(fields, condition, strict=True)) for condition in conditions]
    return {"metadata": {"generation": 2}, "spec": {}, "status": status | {"conditions": listed}}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param({"metadata": {"generation": 1}, "spec": {}}, "Progressing", id="new"),
        pytest.param(ocrbackend(("Ready", "True", "ok"), observed=1), "Progressing", id="an old generation"),
        pytest.param(ocrbackend(("Ready", "False", "downloading")), "Progressing", id="not ready"),
        pytest.param(ocrbackend(("Degraded", "False", ""), ("Ready", "True", "ok")), "Healthy", id="ready"),
        pytest.param(
            ocrbackend(("Ready", "False", ""), ("Degraded", "True", "x")), "Degraded", id="degraded"
        ),
        pytest.param(
            ocrbackend(("Ready", "True", "")) | {"spec": {"paused": True}}, "Suspended", id="paused"
        ),
    ],
)
def test_the_health_check_reports_the_conditions(body: Json, status: str) -> None:
    assert health(body)[0] == status


def test_the_health_check_shows_the_message_of_the_condition() -> None:
    assert health(ocrbackend(("Degraded", "True", "no GPU")))[1] == "no GPU"


def test_the_values_of_both_tools_render(render: Render) -> None:
    values = manifest("Application")["spec"]["source"]["helm"]["valuesObject"]
    kinds = [body["kind"] for body in render(**values)]
    assert kinds.count("OCRBackend") == 1
    kinds = [body["kind"] for body in render(**manifest("HelmRelease")["spec"]["values"])]
    assert "Deployment" in kinds
    assert "OCRBackend" not in kinds


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("backends_as", ["ConfigMap", "Objects"])
def test_every_rendering_without_a_cluster_is_equal(helm: Helm, name: str, backends_as: str) -> None:
    values = ["--values", str(ROOT / "chart" / name), "--set", f"backendsAs={backends_as}"]
    values += ["--set", "labelStudio.enabled=true,labelStudio.existingSecret=trial"]
    first, second = (helm("template", "r", str(ROOT / "chart"), *values) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout


def test_the_page_on_label_studios_chart_connects_a_project(render: Render) -> None:
    label_studio, values = documents_of(LABEL_STUDIO_PAGE)
    assert label_studio == {"global": {"extraEnvironmentVars": {"ML_BLOCK_LOCAL_IP": "false"}}}
    [job] = [body for body in render(**values) if body["kind"] == "Job"]
    [container] = job["spec"]["template"]["spec"]["containers"]
    [argument] = container["args"]
    assert json.loads(argument) == {"project": 12, "url": "http://ocr-korean-mobile.labs.svc:9090"}
    assert values["backends"]["ocr"]["labelStudio"]["url"] in {each["value"] for each in container["env"][:1]}


def test_production_uses_the_service_of_label_studios_chart() -> None:
    values = yaml.safe_load((ROOT / "chart" / "values-production.yaml").read_text("utf-8"))
    url = values["backends"]["ocr"]["labelStudio"]["url"]
    assert url in LABEL_STUDIO_PAGE.read_text("utf-8")

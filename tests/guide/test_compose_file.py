"""docker-compose.yml agrees with the settings and the guide; test_compose.py starts it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import documents
from ocr_backend.config.settings import SETTINGS
from ocr_cluster import programs

ROOT = Path(__file__).parents[2]
FIXED = {"OCR_HOST", "OCR_PORT", "OCR_HEALTH_PORT"}
"""Settings of the container's ports."""


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"])


def test_every_setting_is_passed_on_with_its_default(services) -> None:
    passed = services["paddleocr"]["environment"]
    assert set(passed) == {row.env for row in SETTINGS} - FIXED
    for row in SETTINGS:
        if row.env in FIXED | {"LOCAL_FILES_DOCUMENT_ROOT", "OCR_IMAGE_CACHE_DIR"}:
            continue
        default = "" if row.default is None else row.write(row.default)
        # An empty value selects the default of the backend.
        assert passed[row.env] in (f"${{{row.env}:-{default}}}", f"${{{row.env}:-}}"), row.env


def test_ports_are_open_to_this_machine_only_unless_bind_address_says_otherwise(services) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) >= 2
    assert all(port.startswith("${BIND_ADDRESS:-127.0.0.1}:") for port in ports)


def test_volumes_are_mounted_where_the_backend_expects_them(services) -> None:
    backend = services["paddleocr"]
    assert backend["volumes"] == ["models:/data", "${LOCAL_FILES:-./files}:/data/files:ro"]
    assert backend["environment"]["LOCAL_FILES_DOCUMENT_ROOT"] == "/data/files"
    assert backend["environment"]["MODEL_DIR"] == "${MODEL_DIR:-/data/models}"
    assert backend["environment"]["OCR_IMAGE_CACHE_DIR"] == "/data/images"


def test_label_studio_mounts_the_files_of_the_backend(services) -> None:
    label_studio = services["label-studio"]
    assert "${LOCAL_FILES:-./files}:/label-studio/files:ro" in label_studio["volumes"]
    root = label_studio["environment"]["LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"]
    assert root == "/label-studio/files"


def test_the_image_volume_of_the_guide_is_the_document_root(services, guide) -> None:
    (block,) = [block for block in documents.blocks(guide) if "/path/to/your/images" in block.text]
    (volume,) = yaml.safe_load(block.text)["volumes"]
    assert (
        volume
        == f"/path/to/your/images:{services['paddleocr']['environment']['LOCAL_FILES_DOCUMENT_ROOT']}:ro"
    )


def test_the_gpu_file_matches_the_guide(guide) -> None:
    written = yaml.safe_load((ROOT / "docker-compose.gpu.yml").read_text("utf-8"))["services"]["paddleocr"]
    (block,) = [block for block in documents.blocks(guide) if "runtime: nvidia" in block.text]
    example = yaml.safe_load(block.text)["paddleocr"]
    assert written["runtime"] == example["runtime"]
    assert example["environment"] == [f"PADDLEOCR_USE_GPU={written['environment']['PADDLEOCR_USE_GPU']}"]


@pytest.mark.e2e  # needs no cluster, but Go: it builds the parser of docker compose
@pytest.mark.parametrize(
    ("files", "target"),
    [
        pytest.param(["docker-compose.yml"], "backend-paddle", id="alone"),
        pytest.param(["docker-compose.yml", "docker-compose.gpu.yml"], "backend-gpu", id="with a GPU"),
    ],
)
def test_docker_compose_parses_the_files(files: list[str], target: str) -> None:
    program = programs.ensure(["compose"])["compose"]
    command = [str(program), "-format", "json", *files]
    plain = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    completed = subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    read = json.loads(completed.stdout)["services"]
    assert set(read) == {"paddleocr", "label-studio"}
    assert read["label-studio"]["profiles"] == ["with-label-studio"]
    assert "profiles" not in read["paddleocr"]
    assert read["paddleocr"]["build"]["target"] == target
    assert read["paddleocr"].get("runtime") == ("nvidia" if target == "backend-gpu" else None)
    environment = read["paddleocr"]["environment"]
    pairs = environment if isinstance(environment, list) else [f"{k}={v}" for k, v in environment.items()]
    use_gpu = str(target == "backend-gpu").lower()
    assert [pair for pair in pairs if "USE_GPU" in pair] == [f"PADDLEOCR_USE_GPU={use_gpu}"]
    assert [(port["host_ip"], port["published"]) for port in read["paddleocr"]["ports"]] == [
        ("127.0.0.1", "9090")
    ]

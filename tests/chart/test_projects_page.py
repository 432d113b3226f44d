"""The page on whole projects: its values and its Helm commands work as described."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from documents import Block, blocks, script
from ocr_cluster import programs
from ocr_cluster.cluster import Cluster
from ocr_operator.crd.prelabel_schema import prelabel_schema
from ocr_operator.crd.values_schema import as_values_schema

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "projects.md"
NAMESPACE = "labeling"


def only_block(language: str, prefix: str) -> Block:
    """The only block of the page in this language that starts with `prefix`."""
    [block] = [
        block for block in blocks(PAGE) if block.language == language and block.text.startswith(prefix)
    ]
    return block


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the chart and the page's values file, as the page assumes."""
    (tmp_path / "chart").symlink_to(ROOT / "chart")
    (tmp_path / "invoices.yaml").write_text(only_block("yaml", "prelabel:").text)
    return tmp_path


def bash(commands: str, folder: Path, **variables: str) -> str:
    command = ["bash", "-euo", "pipefail", "-c", commands]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


def test_every_field_is_in_the_table() -> None:
    content = PAGE.read_text("utf-8")
    table = content[content.index("| Field |") :]
    fields = as_values_schema(prelabel_schema())["properties"]
    assert [field for field in fields if f"`{field}`" not in table.partition("\n\n")[0]] == []


@pytest.mark.helm
def test_its_values_render_a_plain_job(folder: Path, tmp_path: Path) -> None:
    helm = programs.ensure(["helm"])["helm"]
    environment = {"PATH": f"{helm.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    objects = list(yaml.safe_load_all(bash(only_block("bash", "helm template").text, folder, **environment)))
    [job] = [body for body in objects if body]
    assert (job["kind"], job["spec"]["completions"], job["spec"]["completionMode"]) == ("Job", 4, "Indexed")
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["args"][-1] == f"http://ocr-ch-mobile.{NAMESPACE}.svc:9090"


@pytest.mark.helm
def test_the_page_states_how_often_a_shard_is_retried(folder: Path, helm: Callable[..., Any]) -> None:
    done = helm("template", "r", str(ROOT / "chart"), "--values", str(folder / "invoices.yaml"))
    [job] = [body for body in yaml.safe_load_all(done.stdout) if body and body["kind"] == "Job"]
    assert job["spec"]["backoffLimitPerIndex"] == 6
    assert "A shard that fails is retried at most six times" in PAGE.read_text("utf-8")


@pytest.fixture
def installed(light_cluster: Cluster) -> Iterator[dict[str, str]]:
    """A release as the README installs it; yields the environment for kubectl and Helm."""
    values = ["--set", "defaultBackend.enabled=false", "--set", "crds.install=false"]
    light_cluster.helm(
        "install", "ocr", str(ROOT / "chart"), "--namespace", NAMESPACE, "--create-namespace", *values
    )
    yield {
        "PATH": f"{light_cluster.folder / 'bin'}:{os.environ['PATH']}",
        "HOME": str(light_cluster.folder / "home"),
        "KUBECONFIG": str(light_cluster.kubeconfig),
    }
    light_cluster.helm("uninstall", "ocr", "--namespace", NAMESPACE)
    light_cluster.kubectl("delete", "namespace", NAMESPACE, "--wait")


@pytest.mark.light
def test_its_commands_add_the_job_to_a_release(installed: dict[str, str], folder: Path) -> None:
    output = bash(script(PAGE, "light"), folder, **installed)
    assert "job.batch/ocr-invoices-" in output

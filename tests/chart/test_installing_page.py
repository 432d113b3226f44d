"""The manual's page on installing: its values are values of the chart, its command is one that Helm takes."""

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from documents import blocks

pytestmark = pytest.mark.helm

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "installing.md"

Helm = Callable[..., subprocess.CompletedProcess[str]]


def test_the_values_of_the_page_are_the_charts(helm: Helm, tmp_path: Path) -> None:
    [text] = [block.text for block in blocks(PAGE) if block.language == "yaml"]
    (tmp_path / "values.yaml").write_text(text, "utf-8")
    done = helm("template", "r", str(ROOT / "chart"), "--values", str(tmp_path / "values.yaml"))
    assert done.returncode == 0, done.stderr
    assert "nvidia.com/gpu.product: NVIDIA-A100-SXM4-80GB" in done.stdout


def test_the_command_of_the_page_installs(helm: Helm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    [text] = [block.text for block in blocks(PAGE) if block.language == "bash"]
    program, *arguments = shlex.split(text)
    assert program == "helm"
    done = helm(*arguments, "--dry-run=client")
    assert done.returncode == 0, done.stderr
    assert "label-studio 8080   # http://localhost:8080" in done.stdout


def test_the_files_that_the_page_names_are_all_there_are() -> None:
    text = PAGE.read_text("utf-8")
    files = {path.name for path in (ROOT / "chart").glob("values-*.yaml")}
    assert files == {name for name in files if f"`{name}`" in text}

"""The page on installing: the chart accepts its values, and Helm accepts its commands."""

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


def test_the_chart_accepts_the_values_of_the_page(helm: Helm, tmp_path: Path) -> None:
    [text] = [block.text for block in blocks(PAGE) if block.language == "yaml"]
    (tmp_path / "values.yaml").write_text(text, "utf-8")
    done = helm("template", "r", str(ROOT / "chart"), "--values", str(tmp_path / "values.yaml"))
    assert done.returncode == 0, done.stderr
    assert "nvidia.com/gpu.product: NVIDIA-A100-SXM4-80GB" in done.stdout


def install_output(helm: Helm, command: str) -> str:
    program, *arguments = shlex.split(command.replace("\\\n", " "))
    assert program == "helm"
    # Without a cluster no password is generated.
    done = helm(*arguments, "--dry-run=client", "--set", "labelStudio.existingSecret=trial")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_of_the_page_install(helm: Helm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    [plain, upgrade, trial] = [block.text for block in blocks(PAGE) if block.language == "bash"]
    assert "image: registry.example.com/ocr-backend/operator:OPERATOR_TAG" in install_output(helm, plain)
    assert "--reset-then-reuse-values" in upgrade
    assert "label-studio 8080   # http://localhost:8080" in install_output(helm, trial)


def test_the_page_lists_all_values_files() -> None:
    text = PAGE.read_text("utf-8")
    files = {path.name for path in (ROOT / "chart").glob("values-*.yaml")}
    assert files == {name for name in files if f"`{name}`" in text}

"""The import contracts of pyproject.toml hold, and an import of a higher layer breaks them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UPWARD_IMPORTS = {
    "backend/ocr_backend/config/settings.py": "import ocr_backend.web.app",
    "backend/ocr_backend/models/model_folder.py": "import ocr_backend.models.hub.hub_client",
    "operator/ocr_operator/planning/plan.py": "import ocr_operator.controller.reconciler",
    "operator/ocr_operator/kubectl/why.py": "import ocr_operator.cluster.client",
}


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    path = f"{root / 'backend'}:{root / 'operator'}"
    return subprocess.run(
        [program, "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": path, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of both packages and of the contracts."""
    for package in ("backend/ocr_backend", "operator/ocr_operator"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold(tree: Path) -> None:
    result = lint_imports(tree)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@pytest.mark.parametrize("module", UPWARD_IMPORTS)
def test_an_import_of_a_higher_layer_breaks_a_contract(tree: Path, module: str) -> None:
    file = tree / module
    file.write_text(f"{file.read_text('utf-8')}\n{UPWARD_IMPORTS[module]}\n", "utf-8")
    result = lint_imports(tree)
    assert result.returncode == 1, result.stdout + result.stderr
    assert UPWARD_IMPORTS[module].removeprefix("import ") in result.stdout

"""The folder `operator` does not hide the standard library's module, wherever Python is started."""

import operator
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_operator_is_the_standard_librarys_in_tests() -> None:
    assert not Path(operator.__file__).is_relative_to(ROOT)


def test_operator_is_the_standard_librarys_at_the_root() -> None:
    code = "import operator; print(operator.__file__)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not Path(result.stdout.strip()).is_relative_to(ROOT)


@pytest.mark.parametrize("folder", ["operator", "backend", "tests", "tests/operator", "tests/backend"])
def test_the_folder_is_not_a_package(folder: str) -> None:
    assert not (ROOT / folder / "__init__.py").exists()

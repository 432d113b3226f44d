"""The failpoint, in a process that may die of it."""

import subprocess
import sys

import pytest

from ocr_operator.cluster.failpoints import Failpoint

PROGRAM = """
from ocr_operator.cluster.failpoints import Failpoint
found = Failpoint()
for _ in range(3):
    number = found.before()
    print(number, flush=True)
    found.after(number)
    print("answered", flush=True)
"""


@pytest.mark.parametrize(
    ("value", "said", "code"),
    [
        pytest.param("", "1 answered 2 answered 3 answered", 0, id="not asked for"),
        pytest.param("before:2", "1 answered", -9, id="before the second"),
        pytest.param("after:2", "1 answered 2", -9, id="after the second"),
    ],
)
def test_it_ends_the_process_at_its_write(value: str, said: str, code: int) -> None:
    environment = {"OCR_OPERATOR_FAILPOINT": value}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.split(), done.returncode) == (said.split(), code)


def test_a_typo_is_refused() -> None:
    with pytest.raises(ValueError, match="before:N or after:N"):
        Failpoint({"OCR_OPERATOR_FAILPOINT": "befor:2"})

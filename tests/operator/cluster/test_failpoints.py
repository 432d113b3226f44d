"""The failpoint kills its process at the chosen write."""

import subprocess
import sys

import pytest

from ocr_operator.cluster.failpoints import Failpoint

PROGRAM = """
from ocr_operator.cluster.failpoints import Failpoint
failpoint = Failpoint()
for _ in range(3):
    number = failpoint.before()
    print(number, flush=True)
    failpoint.after(number)
    print("answered", flush=True)
"""


@pytest.mark.parametrize(
    ("value", "output", "code"),
    [
        pytest.param("", "1 answered 2 answered 3 answered", 0, id="off"),
        pytest.param("before:2", "1 answered", -9, id="before the second write"),
        pytest.param("after:2", "1 answered 2", -9, id="after the second write"),
    ],
)
def test_the_process_is_killed_at_the_chosen_write(value: str, output: str, code: int) -> None:
    environment = {"OCR_OPERATOR_FAILPOINT": value}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.split(), done.returncode) == (output.split(), code)


def test_a_typo_is_refused() -> None:
    with pytest.raises(ValueError, match="before:N or after:N"):
        Failpoint({"OCR_OPERATOR_FAILPOINT": "befor:2"})

"""First section of docs/troubleshooting.md: the example and the arguments of `ocr-backend doctor`."""

import re
import subprocess
import sys
from pathlib import Path

import documents
from loopback import RefusingProxy, serving
from server_process import free_port


def test_the_example_is_the_output_of_doctor(guide):
    page = guide.with_name("troubleshooting.md")
    (example,) = [block.text for block in documents.blocks(page) if block.language == "text"]
    commands = documents.script(page, "doctor")
    with serving(RefusingProxy()) as server:  # a closed port
        port, free = str(server.server_port), str(free_port())
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    completed = subprocess.run(
        ["bash", "-uo", "pipefail", "-c", commands.replace("8080", port)],
        env={"PATH": path, "TMPDIR": "/tmp", "OCR_PORT": free},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert completed.returncode == 1, completed.stderr
    printed = completed.stdout.replace(", OCR_PORT", "")
    assert _without_numbers(printed) == _without_numbers(example)


def test_every_argument_of_doctor_is_listed(guide):
    page = guide.with_name("troubleshooting.md").read_text("utf-8")
    listed = re.findall(r"^\| `(--\w+)", page, re.MULTILINE)
    command = [sys.executable, "-m", "ocr_backend", "doctor", "--help"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert listed == [name for name in re.findall(r"^  (--\w+)", output, re.MULTILINE) if name != "--help"]


def _without_numbers(page: str) -> str:
    return re.sub(r"\d+(\.\d+)*", "N", page)

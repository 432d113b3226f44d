"""The list of failed tasks: one JSON object per line, written immediately.

Each run starts a new list, because it retries the tasks that the previous run has listed.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TextIO

from ocr_backend.commands.prelabel.errors import UsageError
from ocr_backend.commands.prelabel.prediction_store import Failure


@contextmanager
def open_failure_log(target: str) -> Iterator[Callable[[Failure], None]]:
    """A function that records failures; `target` is a file, or `-` for standard output.

    Raises:
        UsageError: the file cannot be written.
    """
    if target == "-":
        yield lambda failure: _write(failure, sys.stdout)
        return
    try:
        file = open(target, "w", encoding="utf-8")  # noqa: SIM115 - closed below; only this line may raise here
    except OSError as error:
        raise UsageError(
            f"the list of failures cannot be written to {target!r} ({error.strerror}); choose another file "
            "with --failures, or - for standard output"
        ) from error
    with file:
        yield lambda failure: _write(failure, file)


def _write(failure: Failure, stream: TextIO) -> None:
    stream.write(json.dumps(asdict(failure), ensure_ascii=False) + "\n")
    stream.flush()

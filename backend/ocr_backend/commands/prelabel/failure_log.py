"""The list of the tasks that failed: a JSON object on a line of its own for each, written at once.

`command` opens it; a run begins a new list, since it tries again what an earlier one has listed.
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
def failure_list(place: str) -> Iterator[Callable[[Failure], None]]:
    """Takes failures until the end of the context; `place` is a file, or `-` for standard output.

    Raises:
        UsageError: the file cannot be written.
    """
    if place == "-":
        yield lambda failure: _write(failure, sys.stdout)
        return
    try:
        file = open(place, "w", encoding="utf-8")  # noqa: SIM115 - closed below; here only this may fail
    except OSError as error:
        raise UsageError(
            f"the list of failures cannot be written to {place!r} ({error.strerror}); name another file with "
            "--failures, or - for standard output"
        ) from error
    with file:
        yield lambda failure: _write(failure, file)


def _write(failure: Failure, stream: TextIO) -> None:
    stream.write(json.dumps(asdict(failure), ensure_ascii=False) + "\n")
    stream.flush()

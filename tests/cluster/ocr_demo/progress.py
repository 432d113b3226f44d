"""Prints the steps of the demo with the elapsed time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

_START = time.monotonic()


def say(text: str = "") -> None:
    """Prints a line with the time since the start, or an empty line."""
    print(f"[{time.monotonic() - _START:6.1f} s] {text}" if text else "", flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Prints the start of a step and, if it succeeds, how long it took."""
    started = time.monotonic()
    say(f"{title} ...")
    yield
    say(f"{title}: done in {time.monotonic() - started:.1f} s")

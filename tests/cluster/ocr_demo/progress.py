"""Tells the person at the terminal what is happening and how long it has taken."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

_START = time.monotonic()


def say(text: str = "") -> None:
    """Prints one line with the time since the start, or an empty line."""
    print(f"[{time.monotonic() - _START:6.1f} s] {text}" if text else "", flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announces a step and, when it has succeeded, how long it took."""
    begun = time.monotonic()
    say(f"{title} ...")
    yield
    say(f"{title}: done in {time.monotonic() - begun:.1f} s")

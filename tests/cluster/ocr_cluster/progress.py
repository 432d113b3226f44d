"""Prints the steps of slow work and how long they took."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(text: str) -> Iterator[None]:
    """Prints the text at the start and the elapsed seconds at the end, also if the step fails.

    On a terminal it updates the seconds, so that a long build does not look as if it hangs.
    """
    started = time.monotonic()
    print(f"{text} …", end="", file=sys.stderr, flush=True)
    done = threading.Event()
    ticker = threading.Thread(target=_tick, args=(text, started, done), daemon=True)
    if sys.stderr.isatty():
        ticker.start()
    outcome = "failed after "
    try:
        yield
        outcome = ""
    finally:
        done.set()
        if ticker.is_alive():
            ticker.join()
        print(f" {outcome}{time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)


def say(text: str) -> None:
    """Prints one line to stderr: stdout is for results that scripts read."""
    print(text, file=sys.stderr, flush=True)


def _tick(text: str, started: float, done: threading.Event) -> None:
    while not done.wait(1.0):
        elapsed = time.monotonic() - started
        print(f"\r{text} … {elapsed:.0f} s", end="", file=sys.stderr, flush=True)

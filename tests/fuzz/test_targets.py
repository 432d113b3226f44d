"""Seeds and damaged seeds of everything from outside: each is read, or refused with the error for it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz_targets import TARGETS, seeds
from generated_cases import cases
from url_texts import SEPARATORS

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow warns of damaged EXIF data

# A PDF starts a process.
_CASES = {"url": 1000, "label_config": 500, "image": 500, "exif": 300, "pdf": 60}

_TOKENS = {
    "url": tuple(text.encode("utf-8", "replace") for text in SEPARATORS),
    "label_config": (
        b"<",
        b">",
        b"&amp;",
        b'"',
        b"{{idx}}",
        b"$",
        b"[",
        b"]",
        b"<!DOCTYPE a [",
        b"]]>",
        b"\0",
    ),
    "pdf": (b"obj", b"endobj", b"stream\n", b"/Kids [1 0 R]", b"/Length 99999999", b"<<", b">>", b"%PDF-"),
}


@pytest.mark.parametrize("target", TARGETS)
def test_every_seed_is_read_or_refused(target: str) -> None:
    for seed in seeds(target):
        TARGETS[target](seed)


@pytest.mark.parametrize("target", TARGETS)
def test_damaged_seeds_are_read_or_refused(target: str) -> None:
    @settings(
        max_examples=cases(_CASES[target]),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(damaged(target))
    def check(data: bytes) -> None:
        TARGETS[target](data)

    check()


def damaged(target: str) -> st.SearchStrategy[bytes]:
    """Seeds of a target with up to eight edits: bytes removed, and others put in their place."""
    tokens = st.sampled_from(_TOKENS.get(target, (b"\0", b"\xff"))) | st.binary(max_size=8)
    edits = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 16), tokens), max_size=8)
    return st.builds(edited, st.sampled_from(seeds(target)), edits)


def edited(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """The data after some edits, each a position, the number of bytes to remove, and what to insert."""
    for position, removed, inserted in edits:
        start = position % (len(data) + 1)
        data = data[:start] + inserted + data[start + removed :]
    return data

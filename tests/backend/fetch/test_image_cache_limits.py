"""The image cache keeps its limits of time and bytes, and evicts the least recently used files."""

import os
import time
from pathlib import Path

import pytest

from ocr_backend.fetch.image_cache import ImageCache

CONTENT = os.urandom(100_000)
MAX_BYTES = 10**7


def entries(folder: Path) -> list[Path]:
    """Files that hold a content."""
    return sorted(folder.rglob("files/*"))


@pytest.mark.parametrize(
    ("max_seconds", "seconds"), [(1e-9, float("inf")), (600, 1e-9)], ids=["setting", "response"]
)
def test_an_entry_expires(tmp_path: Path, max_seconds: float, seconds: float) -> None:
    cache = ImageCache(tmp_path, MAX_BYTES, max_seconds)
    cache.put(cache.key("a"), CONTENT, seconds)
    assert cache.get(cache.key("a")) is None
    assert entries(tmp_path) == []


def test_a_response_that_must_not_be_cached_is_not_written(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path, MAX_BYTES, 600)
    cache.put(cache.key("a"), CONTENT, 0)
    assert entries(tmp_path) == []


def test_the_cache_never_exceeds_its_limit(tmp_path: Path) -> None:
    max_bytes = 4_000_000
    cache = ImageCache(tmp_path / "images", max_bytes, 600)
    for number in range(100):
        cache.put(cache.key(str(number)), os.urandom(150_000 if number % 10 else 450_000))
        used = sum(file.stat().st_size for file in entries(tmp_path))
        assert used <= max_bytes
    assert cache.get(cache.key("99")) is not None
    assert cache.get(cache.key("0")) is None
    assert used > max_bytes / 2, "the space is used"


def test_many_small_files_stay_within_the_limit_too(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path, 400_000, 600)
    for number in range(600):
        cache.put(cache.key(str(number)), os.urandom(1000))
    used = sum(file.stat().st_size for file in entries(tmp_path))
    assert 200_000 < used <= 400_000


def test_the_least_recently_used_entry_is_evicted_first(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path, 1_000_000, 600)
    for age, name in enumerate(["newer", "older", "oldest"]):
        cache.put(cache.key(name), CONTENT)
        os.utime(tmp_path / "files" / cache.key(name), (time.time() - 60 * (age + 1),) * 2)
    assert cache.get(cache.key("oldest")) is not None
    for number in range(7):
        cache.put(cache.key(str(number)), CONTENT)
    assert cache.get(cache.key("older")) is None
    assert cache.get(cache.key("oldest")) == CONTENT


def test_files_that_a_killed_process_left_are_evicted(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path, 1_000_000, 600)
    unfinished = tmp_path / "files" / "tmp-0123"
    unfinished.write_bytes(CONTENT * 9)
    os.utime(unfinished, (0, 0))
    cache.put(cache.key("a"), CONTENT)
    assert not unfinished.exists()


def test_a_file_that_would_evict_too_many_others_is_not_stored(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path, 400_000, 600)
    cache.put(cache.key("large"), CONTENT)
    assert cache.get(cache.key("large")) is None
    assert entries(tmp_path) == []

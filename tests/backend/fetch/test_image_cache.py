import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.fetch.image_cache import ImageCache, keep_seconds, opened

CONTENT = os.urandom(100_000)
MANY = 10**7


@pytest.fixture
def cache(tmp_path: Path) -> ImageCache:
    return ImageCache(tmp_path / "images", MANY, 600)


def files(folder: Path) -> list[Path]:
    """Those that hold a content."""
    return sorted(folder.rglob("*.val"))


def test_what_was_put_in_is_found_until_it_is_forgotten(cache: ImageCache) -> None:
    key = cache.key("https://web.example/a.png", "")
    assert cache.get(key) is None
    cache.put(key, CONTENT)
    assert cache.get(key) == CONTENT
    cache.put(key, b"small")
    assert cache.get(key) == b"small"
    cache.forget(key)
    assert cache.get(key) is None


def test_each_look_up_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    cache = ImageCache(tmp_path, MANY, 600, told.append)
    cache.get(cache.key("a"))
    cache.put(cache.key("a"), b"x")
    cache.get(cache.key("a"))
    assert told == ["miss", "hit"]


def test_who_asks_with_other_credentials_finds_nothing(cache: ImageCache) -> None:
    keys = {
        cache.key("https://web.example/a.png", token, basic)
        for token, basic in [
            ("", ""),
            ("token", ""),
            ("", "token"),
            ("tok", "en"),
            ("", "Basic bWU6cEBzcw=="),
        ]
    }
    assert len(keys) == 5


def test_neither_address_nor_credentials_can_be_read_in_the_folder(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path / "images", MANY, 600)
    other = ImageCache(tmp_path / "other", MANY, 600)
    parts = ("https://web.example/secret-path.png", "hunter2")
    cache.put(cache.key(*parts), CONTENT)
    cache.close()
    everything = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert CONTENT in everything
    assert b"secret-path" not in everything
    assert b"hunter2" not in everything
    assert cache.key(*parts) != other.key(*parts), "keyed with the folder's own secret"
    assert (tmp_path / "images").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "images" / "secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("most", "of_answer"), [(1e-9, float("inf")), (600, 1e-9)], ids=["setting", "answer"]
)
def test_what_is_kept_expires(tmp_path: Path, most: float, of_answer: float) -> None:
    cache = ImageCache(tmp_path, MANY, most)
    cache.put(cache.key("a"), CONTENT, of_answer)
    assert cache.get(cache.key("a")) is None


def test_what_must_not_be_kept_is_not_written(cache: ImageCache, tmp_path: Path) -> None:
    cache.put(cache.key("a"), CONTENT, 0)
    assert files(tmp_path) == []


def test_the_oldest_give_way_and_the_bytes_stay_within_the_limit(tmp_path: Path) -> None:
    most = 4_000_000
    cache = ImageCache(tmp_path / "images", most, 600)
    for number in range(100):
        cache.put(cache.key(str(number)), os.urandom(150_000 if number % 10 else 450_000))
        kept = sum(file.stat().st_size for file in files(tmp_path))
        assert kept <= most
    assert cache.get(cache.key("99")) is not None
    assert cache.get(cache.key("0")) is None
    assert kept > most / 4, "it is used"


def test_a_file_that_would_drive_out_the_others_is_not_kept(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path, 400_000, 600)
    cache.put(cache.key("large"), CONTENT)
    assert cache.get(cache.key("large")) is None
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda file: file.write_bytes(CONTENT), id="changed"),
        pytest.param(lambda file: os.truncate(file, 50_000), id="cut"),
        pytest.param(lambda file: os.truncate(file, 0), id="empty"),
        pytest.param(lambda file: file.unlink(), id="gone"),
        pytest.param(lambda file: (file.unlink(), file.mkdir()), id="a folder"),
    ],
)
def test_a_damaged_file_is_as_if_it_were_not_there(
    cache: ImageCache, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    key = cache.key("a")
    cache.put(key, CONTENT)
    (file,) = files(tmp_path)
    damage(file)
    assert cache.get(key) is None
    cache.put(key, CONTENT)
    assert cache.get(key) == CONTENT


def test_a_content_of_another_key_is_not_given(cache: ImageCache, tmp_path: Path) -> None:
    cache.put(cache.key("public"), CONTENT)
    cache.put(cache.key("secret"), b"s" * 90_000)
    with sqlite3.connect(tmp_path / "images" / "files" / "cache.db") as database:
        (secret,) = database.execute("SELECT filename FROM Cache WHERE size < 100000").fetchone()
        database.execute("UPDATE Cache SET filename = ?", (secret,))
    database.close()
    assert cache.get(cache.key("public")) is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("mode = 4, filename = NULL, value = X'80049502'", id="a pickle"),
        pytest.param("filename = '../secret'", id="a file elsewhere"),
        pytest.param("filename = '/etc/passwd'", id="a file of the machine"),
    ],
)
def test_what_another_has_written_into_the_folder_is_not_taken(
    cache: ImageCache, tmp_path: Path, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    cache.put(cache.key("a"), CONTENT)
    with sqlite3.connect(tmp_path / "images" / "files" / "cache.db") as database:
        database.execute(f"UPDATE Cache SET {change}")
    database.close()
    assert cache.get(cache.key("a")) is None
    assert "an entry that is no file of ours" in caplog.text


FULL_DISK = """
import resource, sys
from pathlib import Path
from ocr_backend.fetch.image_cache import ImageCache

cache = ImageCache(Path(sys.argv[1]), 10**8, 600)
key = cache.key("a")
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))  # files cannot grow further
for number in range(3):
    cache.put(cache.key(str(number)), b"x" * 2_000_000)
assert not list(Path(sys.argv[1]).rglob("*.val")), "half a file is left"
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
cache.put(key, b"x" * 2_000_000)
assert cache.get(key), "there is room again"
"""


def test_a_full_disk_is_told_once_and_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.count("File too large") == 1


def test_a_ruined_database_is_told_and_nothing_fails(
    cache: ImageCache, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = cache.key("a")
    cache.put(key, CONTENT)
    cache.close()
    for file in (tmp_path / "images" / "files").glob("cache.db*"):
        file.write_bytes(b"no database" * 1000)
    assert cache.get(key) is None
    cache.put(key, CONTENT)
    cache.forget(key)
    assert caplog.text.count("cannot be used") == 1


def test_threads_share_it(cache: ImageCache) -> None:
    together = threading.Barrier(8)

    def use(number: int) -> bool:
        together.wait(timeout=10)
        for turn in range(10):
            key = cache.key(str((number + turn) % 8))
            kept = cache.get(key)
            if kept not in (None, key.encode() * 1000):
                return False
            cache.put(key, key.encode() * 1000)
        return True

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(use, range(8)))


def test_processes_share_it(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from ocr_backend.fetch.image_cache import ImageCache\n"
        "cache = ImageCache(Path(sys.argv[1]), 10**7, 600)\n"
        "for number in range(20): cache.put(cache.key(str(number)), str(number).encode() * 1000)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "images")]
    begun = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    told = [process.communicate(timeout=60)[1] for process in begun]
    assert (told, [process.returncode for process in begun]) == ([b""] * 3, [0] * 3)
    cache = ImageCache(tmp_path / "images", MANY, 600)
    assert [cache.get(cache.key(str(number))) for number in range(20)] == [
        str(number).encode() * 1000 for number in range(20)
    ]


class TestOpening:
    """`opened`: the cache that the settings ask for."""

    def test_it_lies_in_a_folder_of_its_own_that_nobody_else_can_read(self, tmp_path: Path) -> None:
        assert opened(Settings(image_cache_dir=str(tmp_path)), lambda _: None) is not None
        (folder,) = tmp_path.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700

    @pytest.mark.parametrize("settings", [{"image_cache_bytes": 0, "image_cache_dir": "/x"}, {}], ids=str)
    def test_there_is_none_where_none_is_asked_for(self, settings: dict[str, object]) -> None:
        assert opened(Settings(**settings), lambda _: None) is None  # type: ignore[arg-type]

    def test_a_folder_that_cannot_be_used_is_told_and_does_without(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "file").touch()
        assert opened(Settings(image_cache_dir=str(tmp_path / "file")), lambda _: None) is None
        assert "fetched images are not kept" in caplog.text
        assert "cannot be used" in caplog.text

    def test_a_ruined_database_is_told_and_does_without(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        files = tmp_path / "ocr-backend-images" / "files"
        files.mkdir(parents=True)
        (files / "cache.db").write_bytes(b"no database" * 1000)
        assert opened(Settings(image_cache_dir=str(tmp_path)), lambda _: None) is None
        assert "file is not a database" in caplog.text


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("", float("inf")),
        ("public", float("inf")),
        ("private, max-age=60, must-revalidate", 60),
        ('max-age="60"', 60),
        ("max-age=0", 0),
        ("max-age=soon", float("inf")),
        ("no-store, max-age=3600", 0),
        ("No-Cache", 0),
        ("public,NO-STORE", 0),
    ],
)
def test_the_host_says_for_how_long_its_file_may_be_kept(cache_control: str, seconds: float) -> None:
    assert keep_seconds(cache_control) == seconds

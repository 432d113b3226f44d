"""The image cache returns what was stored, and treats damage, a full disk and other writers as misses."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.fetch.image_cache import ImageCache, open_cache

CONTENT = os.urandom(100_000)
MAX_BYTES = 10**7


@pytest.fixture
def cache(tmp_path: Path) -> ImageCache:
    return ImageCache(tmp_path / "images", MAX_BYTES, 600)


def entries(folder: Path) -> list[Path]:
    """Files that hold a content."""
    return sorted(folder.rglob("files/*"))


def test_a_stored_content_is_found_until_it_is_deleted(cache: ImageCache) -> None:
    key = cache.key("https://web.example/a.png", "")
    assert cache.get(key) is None
    cache.put(key, CONTENT)
    assert cache.get(key) == CONTENT
    cache.put(key, b"small")
    assert cache.get(key) == b"small"
    cache.delete(key)
    assert cache.get(key) is None


def test_each_look_up_is_reported(tmp_path: Path) -> None:
    outcomes: list[str] = []
    cache = ImageCache(tmp_path, MAX_BYTES, 600, outcomes.append)
    cache.get(cache.key("a"))
    cache.put(cache.key("a"), b"x")
    cache.get(cache.key("a"))
    assert outcomes == ["miss", "hit"]


def test_other_credentials_have_other_keys(cache: ImageCache) -> None:
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


def test_the_folder_reveals_neither_url_nor_credentials(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path / "images", MAX_BYTES, 600)
    other = ImageCache(tmp_path / "other", MAX_BYTES, 600)
    parts = ("https://web.example/secret-path.png", "hunter2")
    cache.put(cache.key(*parts), CONTENT)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    everything = b"".join(str(file).encode() + file.read_bytes() for file in files)
    assert CONTENT in everything
    assert b"secret-path" not in everything
    assert b"hunter2" not in everything
    assert cache.key(*parts) != other.key(*parts), "keyed with the folder's own secret"
    assert (tmp_path / "images").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "images" / "secret").stat().st_mode & 0o777 == 0o600


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
def test_a_damaged_entry_is_a_miss(
    cache: ImageCache, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    key = cache.key("a")
    cache.put(key, CONTENT)
    (file,) = entries(tmp_path)
    damage(file)
    assert cache.get(key) is None
    cache.put(key, CONTENT)
    assert cache.get(key) == CONTENT


def test_the_content_of_another_key_is_a_miss(cache: ImageCache, tmp_path: Path) -> None:
    public, secret = cache.key("public"), cache.key("secret")
    cache.put(public, CONTENT)
    cache.put(secret, b"s" * 90_000)
    folder = tmp_path / "images" / "files"
    (folder / secret).replace(folder / public)
    assert cache.get(public) is None


@pytest.mark.parametrize("content", [b"\x80\x04\x95\x02", b"x" * 1000], ids=["a pickle", "text"])
def test_an_entry_that_another_program_wrote_is_a_miss(
    cache: ImageCache, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "images" / "files" / cache.key("a")).write_bytes(content)
    assert cache.get(cache.key("a")) is None
    assert "_CorruptEntryError" in caplog.text


def test_a_link_to_another_file_is_a_miss(cache: ImageCache, tmp_path: Path) -> None:
    (tmp_path / "images" / "files" / cache.key("a")).symlink_to(tmp_path / "images" / "secret")
    assert cache.get(cache.key("a")) is None
    assert (tmp_path / "images" / "secret").exists()


FULL_DISK = """
import resource, sys
from pathlib import Path
from ocr_backend.fetch.image_cache import ImageCache

cache = ImageCache(Path(sys.argv[1]), 10**8, 600)
key = cache.key("a")
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))  # files cannot grow further
for number in range(3):
    cache.put(cache.key(str(number)), b"x" * 2_000_000)
assert not list(Path(sys.argv[1]).rglob("files/*")), "a part of a file is left"
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
cache.put(key, b"x" * 2_000_000)
assert cache.get(key), "there is room again"
"""


def test_a_full_disk_is_logged_once_and_leaves_no_file(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.count("File too large") == 1


def test_a_folder_that_disappears_is_logged_once_and_nothing_fails(
    cache: ImageCache, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = cache.key("a")
    cache.put(key, CONTENT)
    shutil.rmtree(tmp_path / "images")
    (tmp_path / "images").touch()
    assert cache.get(key) is None
    cache.put(key, CONTENT)
    cache.delete(key)
    assert caplog.text.count("cannot be used") == 1


def test_threads_share_a_cache(cache: ImageCache) -> None:
    barrier = threading.Barrier(8)

    def use(number: int) -> bool:
        barrier.wait(timeout=10)
        for turn in range(10):
            key = cache.key(str((number + turn) % 8))
            content = cache.get(key)
            if content not in (None, key.encode() * 1000):
                return False
            cache.put(key, key.encode() * 1000)
        return True

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(use, range(8)))


def test_processes_share_a_folder(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from ocr_backend.fetch.image_cache import ImageCache\n"
        "cache = ImageCache(Path(sys.argv[1]), 10**7, 600)\n"
        "for number in range(20): cache.put(cache.key(str(number)), str(number).encode() * 1000)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "images")]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert (errors, [process.returncode for process in processes]) == ([b""] * 3, [0] * 3)
    cache = ImageCache(tmp_path / "images", MAX_BYTES, 600)
    assert [cache.get(cache.key(str(number))) for number in range(20)] == [
        str(number).encode() * 1000 for number in range(20)
    ]


class TestOpening:
    """`open_cache`: the cache of the settings."""

    def test_the_folder_is_private(self, tmp_path: Path) -> None:
        assert open_cache(Settings(image_cache_dir=str(tmp_path)), lambda _: None) is not None
        (folder,) = tmp_path.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700

    @pytest.mark.parametrize(("seconds", "content"), [(29.0, b"x"), (31.0, None)])
    def test_an_image_is_kept_as_long_as_the_settings_say(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, content: bytes | None
    ) -> None:
        cache = open_cache(Settings(image_cache_dir=str(tmp_path), image_cache_seconds=30), lambda _: None)
        assert cache is not None
        key, now = cache.key("a"), time.time()
        cache.put(key, b"x")
        monkeypatch.setattr("ocr_backend.fetch.image_cache.time.time", lambda: now + seconds)
        assert cache.get(key) == content

    @pytest.mark.parametrize("settings", [{"image_cache_bytes": 0, "image_cache_dir": "/x"}, {}], ids=str)
    def test_the_cache_can_be_off(self, settings: dict[str, object]) -> None:
        assert open_cache(Settings(**settings), lambda _: None) is None  # type: ignore[arg-type]

    def test_a_folder_that_cannot_be_used_turns_the_cache_off_with_a_warning(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "file").touch()
        assert open_cache(Settings(image_cache_dir=str(tmp_path / "file")), lambda _: None) is None
        assert "images are not cached" in caplog.text
        assert "cannot be used" in caplog.text

    @pytest.mark.parametrize("secret", [b"", b"x" * 31])
    def test_a_damaged_secret_turns_the_cache_off_with_a_warning(
        self, tmp_path: Path, secret: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        folder = tmp_path / "ocr-backend-images"
        folder.mkdir()
        (folder / "secret").write_bytes(secret)
        assert open_cache(Settings(image_cache_dir=str(tmp_path)), lambda _: None) is None
        assert "secret is damaged; empty the folder" in caplog.text

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.fetch.cache_directory import with_cache_directory

KILLED = """
import os, signal
from ocr_backend.fetch.cache_directory import with_cache_directory
from ocr_backend.config.settings import Settings

with with_cache_directory(Settings()) as settings:
    print(settings.image_cache_dir, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


FORKED = """
import os
from pathlib import Path
from ocr_backend.fetch.cache_directory import with_cache_directory
from ocr_backend.config.settings import Settings

with with_cache_directory(Settings()) as settings:
    worker = os.fork()
    if not worker:
        raise SystemExit
    os.waitpid(worker, 0)
    print(Path(settings.image_cache_dir).exists())
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of this process and its child processes."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_a_server_removes_its_folder_when_it_stops(temporary: Path) -> None:
    with with_cache_directory(Settings()) as settings:
        folder = Path(settings.image_cache_dir)
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "image").touch()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "settings",
    [Settings(image_cache_dir="/srv/images"), Settings(image_cache_bytes=0)],
    ids=["set", "off"],
)
def test_no_folder_is_created_if_none_is_needed(temporary: Path, settings: Settings) -> None:
    with with_cache_directory(settings) as unchanged:
        assert unchanged == settings
        assert list(temporary.iterdir()) == []


def test_a_worker_that_exits_leaves_the_folder(temporary: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=60, check=True
    )
    assert process.stdout == "True\n"
    assert list(temporary.iterdir()) == []


def test_a_server_removes_the_folders_of_killed_servers_and_nothing_else(temporary: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", KILLED], capture_output=True, text=True, timeout=60, check=False
    )
    abandoned = Path(process.stdout.strip())
    assert abandoned.is_dir()
    link = temporary / "ocr-backend-images-link"
    link.symlink_to(temporary)
    with with_cache_directory(Settings()) as first, with_cache_directory(Settings()) as second:
        assert not abandoned.exists()
        assert Path(first.image_cache_dir).is_dir()
        assert Path(second.image_cache_dir).is_dir()
    assert list(temporary.iterdir()) == [link]


def test_the_cache_is_off_without_a_folder_for_temporary_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with with_cache_directory(Settings()) as settings:
        assert settings.image_cache_bytes == 0
    assert "images are not cached: no temporary folder can be created" in caplog.text

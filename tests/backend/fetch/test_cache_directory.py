import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.fetch.cache_directory import named

KILLED = """
import os, signal
from ocr_backend.fetch.cache_directory import named
from ocr_backend.config.settings import Settings

with named(Settings()) as settings:
    print(settings.image_cache_dir, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


FORKED = """
import os
from pathlib import Path
from ocr_backend.fetch.cache_directory import named
from ocr_backend.config.settings import Settings

with named(Settings()) as settings:
    worker = os.fork()
    if not worker:
        raise SystemExit
    os.waitpid(worker, 0)
    print(Path(settings.image_cache_dir).exists())
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of this process and of those it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_a_server_gets_a_folder_that_ends_with_it(temporary: Path) -> None:
    with named(Settings()) as settings:
        folder = Path(settings.image_cache_dir)
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "image").touch()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "settings",
    [Settings(image_cache_dir="/srv/images"), Settings(image_cache_bytes=0)],
    ids=["named", "off"],
)
def test_no_folder_is_made_where_none_is_needed(temporary: Path, settings: Settings) -> None:
    with named(settings) as same:
        assert same == settings
        assert list(temporary.iterdir()) == []


def test_a_worker_that_ends_leaves_the_folder_to_the_others(temporary: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "True\n"
    assert list(temporary.iterdir()) == []


def test_what_a_killed_server_left_is_removed_by_the_next_and_nothing_else(temporary: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED], capture_output=True, text=True, timeout=60, check=False
    )
    left = Path(done.stdout.strip())
    assert left.is_dir()
    strange = temporary / "ocr-backend-images-link"
    strange.symlink_to(temporary)
    with named(Settings()) as first, named(Settings()) as second:
        assert not left.exists()
        assert Path(first.image_cache_dir).is_dir()
        assert Path(second.image_cache_dir).is_dir()
    assert list(temporary.iterdir()) == [strange]


def test_without_a_folder_for_temporary_files_nothing_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with named(Settings()) as settings:
        assert settings.image_cache_bytes == 0
    assert "fetched images are not kept: there is no folder for temporary files" in caplog.text

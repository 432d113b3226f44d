"""Which workers of this pod are ready, and how many were started.

Told from process to process by files in a folder that they share.

`server` keeps it; `app` asks it through `ready`, since any worker may be the one that a probe reaches.
"""

import os
from pathlib import Path


class WorkerRegistry:
    """The folder; each ready process has a file there that is named by its number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._failed = folder / "failed"
        self._started = folder / "started"
        folder.mkdir(exist_ok=True)

    def begin(self) -> None:
        """This process has been started, and is not ready yet."""
        with self._started.open("ab") as file:  # each appends one byte, which no other process can undo
            file.write(b".")

    def starts(self) -> int:
        """How many processes were started, those included that have ended."""
        return self._started.stat().st_size if self._started.exists() else 0

    def enter(self) -> None:
        """This process is ready from now on."""
        self._file(os.getpid()).touch()

    def leave(self, pid: int | None = None) -> None:
        """A process, this one by default, is not ready any more."""
        self._file(os.getpid() if pid is None else pid).unlink(missing_ok=True)

    def ready(self) -> int:
        """How many are ready."""
        return sum(entry.name.isdigit() for entry in self._folder.iterdir())

    def is_first_to_fail(self) -> bool:
        """Whether no other process has failed before this one; only one needs to tell why."""
        try:
            self._failed.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    @property
    def has_failed(self) -> bool:
        """Whether a process cannot become ready."""
        return self._failed.exists()

    def _file(self, pid: int) -> Path:
        return self._folder / str(pid)

"""The worker registry: which workers of this pod are ready or stuck, and how many were started.

The processes share it as files in a folder. Any worker may answer a probe, so each needs the state of all.
"""

import os
from pathlib import Path

_STUCK = ".stuck"


class WorkerRegistry:
    """A folder with one file for each ready process, named by its process id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._failed_file = folder / "failed"
        self._starts_file = folder / "started"
        folder.mkdir(exist_ok=True)

    def record_start(self) -> None:
        """Counts the start of this process."""
        with self._starts_file.open("ab") as file:  # appending one byte is atomic across processes
            file.write(b".")

    def start_count(self) -> int:
        """The number of processes that were started, including those that have ended."""
        return self._starts_file.stat().st_size if self._starts_file.exists() else 0

    def mark_ready(self) -> None:
        """Marks this process as ready."""
        self._process_file(os.getpid()).touch()

    def remove(self, pid: int | None = None) -> None:
        """Marks a process, by default this one, as no longer ready, and not stuck."""
        pid = os.getpid() if pid is None else pid
        self._process_file(pid).unlink(missing_ok=True)
        self._stuck_file(pid).unlink(missing_ok=True)

    def ready_count(self) -> int:
        """The number of ready processes."""
        return sum(entry.name.isdigit() for entry in self._folder.iterdir())

    def mark_stuck(self, is_stuck: bool) -> None:
        """Records whether this process is stuck."""
        file = self._stuck_file(os.getpid())
        if is_stuck:
            file.touch()
        else:
            file.unlink(missing_ok=True)

    @property
    def has_stuck(self) -> bool:
        """Whether a process is stuck."""
        return any(self._folder.glob(f"*{_STUCK}"))

    def mark_failed(self) -> bool:
        """Records that a process cannot become ready; True for the first, which reports why."""
        try:
            self._failed_file.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    @property
    def has_failed(self) -> bool:
        """Whether a process cannot become ready."""
        return self._failed_file.exists()

    def _process_file(self, pid: int) -> Path:
        return self._folder / str(pid)

    def _stuck_file(self, pid: int) -> Path:
        return self._folder / f"{pid}{_STUCK}"

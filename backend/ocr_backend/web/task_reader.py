"""What the server needs of something that reads new tasks in the background. Imports nothing at run time."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the server's first process must not import it, see `gunicorn_server`
    from ocr_backend.pipeline.worker import Worker


class TaskReader(Protocol):
    """Reads new tasks with the models of a worker."""

    def add(self, project: int, ids: Sequence[int]) -> bool:
        """Reads these tasks later; false if too many are waiting."""
        ...

    def stop(self) -> None:
        """Ends after the tasks that are being read."""
        ...


StartTaskReader = Callable[["Worker"], TaskReader]
AddTasks = Callable[[int, Sequence[int]], bool]

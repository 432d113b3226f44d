"""Stores predictions so that no task gets a second one of the same version, whatever happens on the way.

Label Studio keeps no such promise itself. So what is still lacking is asked before anything is sent, and
again after an error that left open whether it had arrived. `doubles` takes away what two that ran at the same
moment have stored nevertheless.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ocr_backend.commands.prelabel.errors import RefusedError, UnavailableError
from ocr_backend.commands.prelabel.import_strategy import ImportStrategy
from ocr_backend.commands.prelabel.label_studio_client import LabelStudioClient
from ocr_backend.commands.prelabel.retry import Pause, retry
from ocr_backend.commands.prelabel.task_filter import Json, Listed, Selection

logger = logging.getLogger(__name__)

_IDS_AT_ONCE = 200  # more make an address that some web servers refuse (of 4 kB)


@dataclass(frozen=True)
class Failure:
    """A task that has no prediction now, and why."""

    task: int
    outcome: str
    reason: str


@dataclass(frozen=True)
class StoreResult:
    """What became of predictions: those that are refused, and how many tasks are gone or done meanwhile."""

    failures: list[Failure]
    skipped: int


@dataclass(frozen=True)
class Read:
    """A task that was read, and its prediction in the form that Label Studio stores."""

    task: Listed
    prediction: Json

    def to_store(self) -> Json:
        """The body of a request that stores it."""
        return {"task": self.task.id, **self.prediction}


_SECONDS_TO_ARRIVE = 3.0  # for what was sent when the connection broke (guess)


class PredictionStore:
    """Where the predictions of one project go. `now()` is in seconds and only goes forward."""

    def __init__(
        self,
        studio: LabelStudioClient,
        selection: Selection,
        pace: ImportStrategy,
        pause: Pause,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._studio = studio
        self._version = selection.version
        self._may_replace = selection.overwrite
        self._lacking = replace(selection, overwrite=False)
        self._pace = pace
        self._pause = pause
        self._now = now

    def put(self, read: Sequence[Read], left: int) -> StoreResult:
        """Stores predictions; `left` is how many more are to come.

        Raises:
            GoneError: Label Studio does not answer; some may be stored.
            UsageError: it refuses all that is asked.
        """
        failures: list[Failure] = []
        fresh = []
        for one in read:
            old = one.task.of_version(self._version) if self._may_replace else ()
            if old:
                failures += self._replaced(one, old)
            else:
                fresh.append(one)
        lacking = retry(partial(self._still_lacking, fresh), self._pause)
        failures += self._stored(lacking, left)
        return StoreResult(failures, len(fresh) - len(lacking))

    def _still_lacking(self, read: Sequence[Read]) -> list[Read]:
        if not read:
            return []
        lacking = {task.id for task in listed(self._studio, self._lacking, [one.task.id for one in read])}
        return [one for one in read if one.task.id in lacking]

    def _stored(self, read: Sequence[Read], left: int) -> list[Failure]:
        try:
            return self._sent(read, left)
        except UnavailableError as error:
            logger.warning("%s; looking in %.0f s what has arrived", error, _SECONDS_TO_ARRIVE)
            self._pause(_SECONDS_TO_ARRIVE)
            return retry(lambda: self._sent(self._still_lacking(read), left), self._pause)

    def _sent(self, read: Sequence[Read], left: int) -> list[Failure]:
        if read and self._pace.prefers_import(len(read), left):
            read = self._imported(read)
        begun = self._now()
        failures = [failure for one in read for failure in self._created(one)]
        self._pace.stored_singly(len(read), self._now() - begun)
        return failures

    def _imported(self, read: Sequence[Read]) -> Sequence[Read]:
        """Those that are left, since one that is refused keeps all from being stored or is left out."""
        begun = self._now()
        try:
            number = self._studio.import_predictions([one.to_store() for one in read])
        except RefusedError:
            return read
        except UnavailableError:
            # Some gateways give up on it before Label Studio is through.
            self._pace.imported(math.inf)
            raise
        self._pace.imported(self._now() - begun)
        return [] if number == len(read) else self._still_lacking(read)

    def _created(self, one: Read) -> list[Failure]:
        try:
            self._studio.create_prediction(one.to_store())
        except RefusedError as error:
            return [_refused(one, error)]
        return []

    def _replaced(self, one: Read, old: Sequence[int]) -> list[Failure]:
        """Changes the first in its place, so that there is neither none nor two at any moment."""
        try:
            retry(partial(self._studio.replace_prediction, old[0], one.to_store()), self._pause)
            for surplus in old[1:]:
                retry(partial(self._studio.delete_prediction, surplus), self._pause)
        except RefusedError as error:
            return [_refused(one, error)]
        return []


def listed(
    studio: LabelStudioClient, selection: Selection, ids: Sequence[int], include: Sequence[str] = ("id",)
) -> list[Listed]:
    """Those of some tasks that are still to be read, in order of their ids where these are in order."""
    if selection.needs_predictions:
        include = (*include, "predictions")
    found: list[Listed] = []
    for first in range(0, len(ids), _IDS_AT_ONCE):
        some = ids[first : first + _IDS_AT_ONCE]
        found += studio.tasks(selection.among(some), include, len(some))[0]
    return [task for task in found if selection.wants(task)]


def _refused(one: Read, error: RefusedError) -> Failure:
    return Failure(one.task.id, "refused by Label Studio", str(error))

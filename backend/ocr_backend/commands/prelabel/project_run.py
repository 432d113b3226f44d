"""The command `ocr-backend prelabel` from its options to its exit status.

Puts the parts together and tells the person what came of it; `cli` calls it.
"""

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType

from rich.console import Console

from ocr_backend.commands.prelabel.arguments import Options
from ocr_backend.commands.prelabel.deduplication import without_doubles
from ocr_backend.commands.prelabel.errors import RefusedError, UnavailableError, UsageError
from ocr_backend.commands.prelabel.failure_log import failure_list
from ocr_backend.commands.prelabel.http_predictor import HttpPredictor
from ocr_backend.commands.prelabel.import_strategy import ImportStrategy
from ocr_backend.commands.prelabel.label_studio_client import LabelStudioClient, Project
from ocr_backend.commands.prelabel.prediction_store import PredictionStore
from ocr_backend.commands.prelabel.predictor import LocalPredictor, TaskPredictor
from ocr_backend.commands.prelabel.progress import Counters, shown
from ocr_backend.commands.prelabel.retry import FIRST_WAITS, retry
from ocr_backend.commands.prelabel.run import Run
from ocr_backend.commands.prelabel.task_filter import Json, Selection, checked_filter, given_filter
from ocr_backend.commands.prelabel.task_iteration import Shard, slices
from ocr_backend.config.settings import Settings
from ocr_backend.errors import GoldenSampleError, LabelConfigError
from ocr_backend.models.model_folder import ModelError
from ocr_backend.telemetry import log_format

logger = logging.getLogger(__name__)

LEFT_STATUS = 1
USAGE_STATUS = 2
MODEL_STATUS = 3
_SIGNAL_STATUS = 128  # plus the number of the signal, as shells do


def prelabel(options: Options, settings: Settings) -> int:
    """The exit status, after all has been read and stored or the reason why not has been told."""
    log_format.set_up(settings)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # else a line with a long address for each request
    stop = Stop()
    try:
        with stop.on_signals(), closing(_studio(options, settings)) as studio:
            return Work(options, settings, studio, stop).done()
    except (UsageError, LabelConfigError, RefusedError) as error:
        return _told(USAGE_STATUS, str(error))
    except (ModelError, GoldenSampleError) as error:
        return _told(MODEL_STATUS, str(error))
    except UnavailableError as error:
        status = _SIGNAL_STATUS + stop.signal if stop.signal else LEFT_STATUS
        return _told(status, f"{error}\nwhat has been read is stored; start again to go on")


class Stop:
    """Whether a signal has asked the command to stop; the second one ends it at once."""

    def __init__(self) -> None:
        self.signal = 0
        self.event = threading.Event()
        self._answering: TaskPredictor | None = None

    def stops(self, answering: TaskPredictor) -> None:
        """Has this one told as soon as the signal comes, if it has not come already."""
        self._answering = answering
        if self.signal:
            answering.stop()

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Minds SIGTERM and SIGINT within the context."""
        before = {number: signal.signal(number, self._come) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _come(self, number: int, _: FrameType | None) -> None:
        self.signal = number
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, signal.SIG_DFL)
        self.event.set()
        if self._answering is not None:
            self._answering.stop()


class Work:
    """One project and what is wanted of it."""

    def __init__(self, options: Options, settings: Settings, studio: LabelStudioClient, stop: Stop) -> None:
        self._options = options
        self._settings = settings
        self._studio = studio
        self._stop = stop
        self._pause = stop.event.wait
        self._tally = Counters()

    def done(self) -> int:
        """The exit status, after the work.

        Raises:
            UsageError, GoneError, LabelConfigError, ModelError, GoldenError: as its parts.
        """
        project = retry(self._studio.project, self._pause, FIRST_WAITS)
        given = self._given()
        with failure_list(self._options.failures) as failed:
            answering = self._answering(project)
            self._stop.stops(answering)
            selection = Selection(
                answering.version,
                given,
                self._options.only_missing,
                self._options.overwrite_version,
                retry(self._studio.versions, self._pause),
            )
            if given:
                self._try_filter(selection)
            logger.info("project %d: reading with %s", self._options.project, answering.version)
            store = PredictionStore(
                self._studio, selection, ImportStrategy(project.tasks, project.predictions), self._pause
            )
            run = Run(answering, store, self._tally, failed, self._stop.event)
            with shown(self._tally, Console(stderr=True)):
                self._go(run, selection)
        if not self._stop.signal:
            without_doubles(self._studio, answering.version, self._pause)
        return self._ended(run)

    def _go(self, run: Run, selection: Selection) -> None:
        options = self._options
        share = Shard(options.shard, options.shards)
        wanted = slices(
            self._studio, selection, share, options.slice, options.after, self._tally, self._pause
        )
        run.through(wanted, options.parallel)

    def _try_filter(self, selection: Selection) -> None:
        """Tries the filter without patience: Label Studio answers some that it does not know with 500."""
        try:
            self._studio.tasks(selection.after(self._options.after), ("id",), 1)
        except (UnavailableError, RefusedError) as error:
            raise UsageError(f"Label Studio cannot use the filter: {error}") from error

    def _given(self) -> Json | None:
        if self._options.filter is None:
            return None
        given: object = given_filter(self._options.filter)
        if isinstance(given, int):
            view = given
            given = retry(lambda: self._studio.view_filter(view), self._pause)
        return checked_filter(given) if given else None

    def _answering(self, project: Project) -> TaskPredictor:
        options = self._options
        made: LocalPredictor | HttpPredictor
        if options.backend:
            made = HttpPredictor(options.backend, self._settings, project, options.parallel, self._pause)
        else:
            made = LocalPredictor(self._settings, project)
        if made.warning:
            logger.warning("project %d: %s", options.project, made.warning)
        return made

    def _ended(self, run: Run) -> int:
        tally, options = self._tally, self._options
        said = f"{tally.stored} stored, {tally.failed} failed, {tally.skipped} had it already"
        if self._stop.signal:
            further = ""
            if options.overwrite_version and run.unfinished:
                further = f" with --after {min(run.unfinished) - 1}"
            return _told(
                _SIGNAL_STATUS + self._stop.signal, f"stopped: {said}; start again{further} to go on"
            )
        if tally.failed:
            place = "standard output" if options.failures == "-" else options.failures
            return _told(LEFT_STATUS, f"{said}; {place} says why; start again to try them once more")
        return _told(0, said)


def _studio(options: Options, settings: Settings) -> LabelStudioClient:
    if not settings.label_studio_url or not settings.label_studio_api_key:
        raise UsageError(
            "LABEL_STUDIO_URL (or --label-studio-url) and LABEL_STUDIO_API_KEY are needed: where Label "
            "Studio is, and an access token of a user who may change the project"
        )
    return LabelStudioClient(settings, options.project)


def _told(status: int, what: str) -> int:
    print(f"ocr-backend prelabel: {what}", file=sys.stderr)
    return status

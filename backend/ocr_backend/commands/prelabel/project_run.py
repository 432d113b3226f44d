"""Runs `ocr-backend prelabel`: connects the parts, and turns the result into messages and an exit status."""

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType

from rich.console import Console

from ocr_backend.commands.exit_codes import FAILED_STATUS, MODEL_STATUS, OK_STATUS, USAGE_STATUS
from ocr_backend.commands.prelabel.arguments import Options
from ocr_backend.commands.prelabel.deduplication import delete_duplicates
from ocr_backend.commands.prelabel.errors import RefusedError, UnavailableError, UsageError
from ocr_backend.commands.prelabel.failure_log import open_failure_log
from ocr_backend.commands.prelabel.http_predictor import HttpPredictor
from ocr_backend.commands.prelabel.import_strategy import ImportStrategy
from ocr_backend.commands.prelabel.label_studio_client import LabelStudioClient, Project
from ocr_backend.commands.prelabel.prediction_store import PredictionStore
from ocr_backend.commands.prelabel.predictor import LocalPredictor, TaskPredictor
from ocr_backend.commands.prelabel.progress import Counters, show_progress
from ocr_backend.commands.prelabel.retry import STARTUP_BACKOFF_SECONDS, retry
from ocr_backend.commands.prelabel.slice_pipeline import SlicePipeline
from ocr_backend.commands.prelabel.task_filter import Json, TaskSelection, parse_filter, validate_filter
from ocr_backend.commands.prelabel.task_iteration import Shard, TaskIterator
from ocr_backend.config.settings import Settings
from ocr_backend.errors import GoldenSampleError, LabelConfigError
from ocr_backend.models.model_folder import ModelError
from ocr_backend.telemetry import log_format

logger = logging.getLogger(__name__)

_SIGNAL_STATUS = 128  # plus the number of the signal, as shells report it


def prelabel(options: Options, settings: Settings) -> int:
    """The exit status, after the run has ended and its result was printed."""
    log_format.configure_logging(settings)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it logs each request with its long URL
    stop, counters = StopSignal(), Counters()
    try:
        with stop.handle_signals(), closing(_open_client(options, settings)) as client:
            return PrelabelRun(options, settings, client, stop, counters).run()
    except (UsageError, LabelConfigError, RefusedError) as error:
        return _report(USAGE_STATUS, str(error))
    except (ModelError, GoldenSampleError) as error:
        return _report(MODEL_STATUS, str(error))
    except UnavailableError as error:
        status = _SIGNAL_STATUS + stop.signal if stop.signal else FAILED_STATUS
        hint = "\nthe predictions so far are stored; start again to continue" if counters.stored else ""
        return _report(status, f"{error}{hint}")


class StopSignal:
    """Whether a signal has asked the command to stop. A second signal ends it at once."""

    def __init__(self) -> None:
        self.signal = 0
        self.event = threading.Event()
        self._predictor: TaskPredictor | None = None

    def stops(self, predictor: TaskPredictor) -> None:
        """Stops this predictor when the signal arrives, or now if it has arrived."""
        self._predictor = predictor
        if self.signal:
            predictor.stop()

    @contextmanager
    def handle_signals(self) -> Iterator[None]:
        """Handles SIGTERM and SIGINT within the context."""
        numbers = (signal.SIGTERM, signal.SIGINT)
        previous_handlers = {number: signal.signal(number, self._on_signal) for number in numbers}
        try:
            yield
        finally:
            for number, handler in previous_handlers.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self.signal = number
        for handled in (signal.SIGTERM, signal.SIGINT):
            signal.signal(handled, signal.SIG_DFL)
        self.event.set()
        if self._predictor is not None:
            self._predictor.stop()


class PrelabelRun:
    """One run of the command over one project."""

    def __init__(
        self,
        options: Options,
        settings: Settings,
        client: LabelStudioClient,
        stop: StopSignal,
        counters: Counters,
    ) -> None:
        self._options = options
        self._settings = settings
        self._client = client
        self._stop = stop
        self._sleep = stop.event.wait
        self._counters = counters

    def run(self) -> int:
        """The exit status, after the run.

        Raises:
            UsageError, RefusedError, UnavailableError, LabelConfigError, ModelError, GoldenSampleError
        """
        view_or_filter = None if self._options.filter is None else parse_filter(self._options.filter)
        with open_failure_log(self._options.failures) as on_failure:
            project = retry(self._client.project, self._sleep, STARTUP_BACKOFF_SECONDS)
            user_filter = self._user_filter(view_or_filter)
            predictor = self._open_predictor(project)
            self._stop.stops(predictor)
            selection = self._select(predictor.version, user_filter)
            logger.info("project %d: reading with %s", self._options.project, predictor.version)
            strategy = ImportStrategy(project.tasks, project.predictions)
            store = PredictionStore(self._client, selection, strategy, self._sleep)
            pipeline = SlicePipeline(predictor, store, self._counters, on_failure, self._stop.event)
            with show_progress(self._counters, Console(stderr=True)):
                self._read_all(pipeline, selection)
        if not self._stop.signal:
            delete_duplicates(self._client, predictor.version, self._sleep)
        return self._report_result(pipeline)

    def _read_all(self, pipeline: SlicePipeline, selection: TaskSelection) -> None:
        options = self._options
        iterator = TaskIterator(self._client, selection, self._counters, self._sleep)
        shard = Shard(options.shard, options.shards)
        pipeline.run(iterator.slices(shard, options.slice, options.after), options.parallel)

    def _select(self, version: str, user_filter: Json | None) -> TaskSelection:
        selection = TaskSelection(
            version,
            user_filter,
            self._options.only_missing,
            self._options.overwrite_version,
            retry(self._client.model_versions, self._sleep),
        )
        if user_filter:
            self._check_filter(selection)
        return selection

    def _check_filter(self, selection: TaskSelection) -> None:
        """Uses the filter once, without retries: Label Studio answers 500 to some unknown filters."""
        try:
            self._client.tasks(selection.after(self._options.after), ("id",), 1)
        except (UnavailableError, RefusedError) as error:
            raise UsageError(f"Label Studio cannot use the filter: {error}") from error

    def _user_filter(self, view_or_filter: int | Json | None) -> Json | None:
        if not isinstance(view_or_filter, int):
            return view_or_filter
        value = retry(lambda: self._client.view_filter(view_or_filter), self._sleep)
        return validate_filter(value) if value else None

    def _open_predictor(self, project: Project) -> TaskPredictor:
        options = self._options
        predictor: LocalPredictor | HttpPredictor
        if options.backend:
            predictor = HttpPredictor(options.backend, self._settings, project, options.parallel, self._sleep)
        else:
            predictor = LocalPredictor(self._settings, project)
        if predictor.warning:
            logger.warning("project %d: %s", options.project, predictor.warning)
        return predictor

    def _report_result(self, pipeline: SlicePipeline) -> int:
        counters, options = self._counters, self._options
        if self._stop.signal:
            after = ""
            if options.overwrite_version and pipeline.unfinished:
                after = f" with --after {min(pipeline.unfinished) - 1}"
            message = f"stopped: {counters.summary}; start again{after} to continue"
            return _report(_SIGNAL_STATUS + self._stop.signal, message)
        if counters.failed:
            target = "standard output" if options.failures == "-" else options.failures
            message = f"{counters.summary}; {target} lists the reasons; start again to retry the failed tasks"
            return _report(FAILED_STATUS, message)
        return _report(OK_STATUS, counters.summary)


def _open_client(options: Options, settings: Settings) -> LabelStudioClient:
    if not settings.label_studio_url or not settings.label_studio_api_key:
        raise UsageError(
            "set LABEL_STUDIO_URL (or --label-studio-url) to the URL of Label Studio, and "
            "LABEL_STUDIO_API_KEY to the access token of a user who may change the project"
        )
    return LabelStudioClient(settings, options.project)


def _report(status: int, message: str) -> int:
    print(f"ocr-backend prelabel: {message}", file=sys.stderr)
    return status

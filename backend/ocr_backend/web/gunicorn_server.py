"""The server process: gunicorn with threads, whose workers load the models after they have begun to answer.

The only place that knows gunicorn. `cli` calls `serve`. A model that cannot be loaded ends the whole server
with one message, since starting again would not help.
"""

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from gunicorn import glogging
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import ThreadWorker

from ocr_backend.config.settings import Settings
from ocr_backend.errors import GoldenSampleError
from ocr_backend.fetch import cache_directory
from ocr_backend.models.model_folder import ModelError
from ocr_backend.system.malloc import give_back_large_pieces
from ocr_backend.telemetry import log_format
from ocr_backend.web.worker_registry import WorkerRegistry

logger = logging.getLogger(__name__)

WAITING_REQUESTS = 64
"""Requests for predictions that a worker keeps beyond THREADS: waiting is cheap, but not endless (guess)."""

LIGHT_THREADS = 8
"""Threads beyond those that requests for predictions can hold: /health and the probes never wait for one."""

_SECONDS_TO_FINISH = 60  # for the images that are being read when the server is told to stop (guess)
_SECONDS_OF_SILENCE = 120  # after which a worker is killed; its main thread only hands connections on


def serve(settings: Settings) -> NoReturn:
    """Serves until it is told to stop, then ends the process; with status 3 if models cannot be loaded."""
    log_format.set_up(settings)
    folder = Path(tempfile.mkdtemp(prefix="ocr-backend-", dir=_memory_folder()))
    if settings.workers > 1:
        # Read by prometheus_client when `metrics` is imported, which `_Server.load` does in the workers.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder / "metrics")
        (folder / "metrics").mkdir()
    own = os.getpid()
    try:
        with cache_directory.named(settings) as settings:
            _Server(settings, folder).run()
    finally:
        if os.getpid() == own:  # a worker comes by here too, when it ends
            shutil.rmtree(folder, ignore_errors=True)
    raise SystemExit(0)


def _memory_folder() -> str | None:
    """A folder in memory that can be written also where the root file system cannot, else the usual one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class _Server(BaseApplication):
    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._roster = WorkerRegistry(folder / "workers")
        self.stop: Callable[[], None] = lambda: None
        super().__init__()

    def load_config(self) -> None:
        for name, value in _options(self._settings, self._folder, self._roster).items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        """The WSGI application of the worker that this is called in, and the thread that loads its models."""
        # Not imported before the workers are forked: some engines and prometheus_client do not survive it.
        from ocr_backend.ocr.engine_factory import open_reader
        from ocr_backend.pipeline.worker import Worker
        from ocr_backend.telemetry.container_metrics import PodCollector
        from ocr_backend.web.app import create_app

        give_back_large_pieces()
        self._roster.begin()
        worker = Worker(self._settings, open_reader, self._settings.threads + WAITING_REQUESTS)
        worker.metrics.add(PodCollector(self._roster.starts))
        threading.Thread(target=_load, args=(worker.load, self._roster), name="load", daemon=True).start()

        def stop() -> None:
            self._roster.leave()
            worker.stop()

        self.stop = stop
        return create_app(worker, self._roster.ready)


def _load(load: Callable[[], None], roster: WorkerRegistry) -> None:
    try:
        load()
        roster.enter()
    except (ModelError, GoldenSampleError) as error:
        _end_server(roster, str(error))
    except Exception:  # the outermost place of this thread
        _end_server(roster, "the models cannot be loaded", exc_info=True)


def _end_server(roster: WorkerRegistry, why: str, exc_info: bool = False) -> None:
    if roster.is_first_to_fail():  # the others are told to stop by the arbiter
        logger.critical("%s", why, exc_info=exc_info)
        # To the arbiter this status says that no worker can start, so that it ends instead of trying again.
        os._exit(Arbiter.WORKER_BOOT_ERROR)


def _options(settings: Settings, folder: Path, roster: WorkerRegistry) -> dict[str, Any]:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host

    def ended(_: object, worker: Any) -> None:
        roster.leave(worker.pid)
        if settings.workers > 1:
            from prometheus_client import multiprocess

            multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

    def listening(_: object) -> None:
        logger.info("listening on http://%s:%d, loading the models", host, settings.port)

    return {
        "bind": f"{host}:{settings.port}",
        "workers": settings.workers,
        "worker_class": _Threads,
        "threads": settings.threads + WAITING_REQUESTS + LIGHT_THREADS,
        "timeout": _SECONDS_OF_SILENCE,
        "graceful_timeout": _SECONDS_TO_FINISH,
        "keepalive": 15,
        "worker_tmp_dir": str(folder),
        "control_socket_disable": True,
        "logger_class": _logger_class(roster),
        "loglevel": settings.log_level,
        "child_exit": ended,
        "when_ready": listening,
    }


class _Threads(ThreadWorker):
    app: _Server

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Told to stop: what is being read is finished and answered, what waits is answered as not read."""
        if self.alive:
            self.method_queue.defer(self._stop)  # by the main loop: a signal handler must not log
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """Told to stop at once."""
        self.app.stop()
        super().handle_quit(sig, frame)

    def _stop(self) -> None:
        self.app.stop()
        logger.info("stopping: what is being read is answered, what waits is left out")


def _logger_class(roster: WorkerRegistry) -> type[glogging.Logger]:
    class Log(glogging.Logger):
        """Gunicorn's messages in our form, without those that only repeat that no model can be loaded."""

        def setup(self, cfg: Any) -> None:
            super().setup(cfg)
            self.error_log.handlers.clear()
            self.error_log.propagate = True
            self.error_log.setLevel(logging.DEBUG if cfg.loglevel == "debug" else logging.WARNING)
            self.error_log.addFilter(lambda record: not roster.has_failed)

    return Log

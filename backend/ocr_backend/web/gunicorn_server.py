"""The server process: gunicorn with threads; its workers load the models while they already answer requests.

The only module that knows gunicorn; the command `serve` calls it. If a model cannot be loaded, the whole
server ends with one message, because a restart would not help.
"""

import logging
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from gunicorn import glogging
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import TConn, ThreadWorker

from ocr_backend.config.settings import Settings
from ocr_backend.errors import GoldenSampleError
from ocr_backend.fetch import cache_directory
from ocr_backend.models.model_folder import ModelError
from ocr_backend.system.malloc import return_large_blocks
from ocr_backend.telemetry import log_format
from ocr_backend.web import health_server
from ocr_backend.web.request_deadline import BODY_SECONDS, DRAIN_SECONDS, HEAD_SECONDS, DeadlineSocket
from ocr_backend.web.task_reader import StartTaskReader
from ocr_backend.web.worker_registry import WorkerRegistry

logger = logging.getLogger(__name__)

WAITING_REQUESTS = 64
"""Predict requests that may wait in a worker, besides the THREADS that run (guess: waiting is cheap)."""

HEALTH_THREADS = 8
"""Threads that predict requests never use, so that health checks and probes never wait for one."""

_SHUTDOWN_SECONDS = 60  # for the images that are being read when the server stops (guess)
_HEARTBEAT_SECONDS = 120  # a worker without a heartbeat is killed; its main thread only passes connections on


def serve(settings: Settings, start_task_reader: StartTaskReader | None = None) -> NoReturn:
    """Serves until the process is stopped, then exits; with status 3 if a model cannot be loaded."""
    log_format.configure_logging(settings)
    listener = _open_health_socket(settings)
    folder = Path(tempfile.mkdtemp(prefix="ocr-backend-", dir=_memory_folder()))
    if settings.workers > 1:
        # prometheus_client reads it when `metrics` is imported, which `_Server.load` does in the workers.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder / "metrics")
        (folder / "metrics").mkdir()
    server_pid = os.getpid()
    try:
        with cache_directory.with_cache_directory(settings) as settings:
            _Server(settings, folder, listener, start_task_reader).run()
    finally:
        if os.getpid() == server_pid:  # a worker gets here too when it ends
            shutil.rmtree(folder, ignore_errors=True)
    raise SystemExit(0)


def _open_health_socket(settings: Settings) -> socket.socket | None:
    if not settings.health_port:
        return None
    try:
        return health_server.open_socket(settings.host, settings.health_port)
    except OSError as error:
        logger.critical("cannot listen on port %d (OCR_HEALTH_PORT): %s", settings.health_port, error)
        raise SystemExit(1) from error


def _memory_folder() -> str | None:
    """Shared memory, which is writable even if the root file system is not; else None, the default folder."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class _Server(BaseApplication):
    def __init__(
        self,
        settings: Settings,
        folder: Path,
        health_socket: socket.socket | None,
        start_task_reader: StartTaskReader | None,
    ) -> None:
        self._settings = settings
        self._start_task_reader = start_task_reader
        self._folder = folder
        self._health_socket = health_socket
        self._registry = WorkerRegistry(folder / "workers")
        self.stop: Callable[[], None] = lambda: None
        self.report_health: Callable[[], None] = lambda: None
        super().__init__()

    def load_config(self) -> None:
        for name, value in _options(self._settings, self._folder, self._registry).items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        """Creates the app of the current worker process, and starts the thread that loads its models."""
        # Imported after the fork, which some engines and prometheus_client do not survive.
        from ocr_backend.ocr.engine_factory import open_reader
        from ocr_backend.pipeline.worker import Worker
        from ocr_backend.telemetry.container_metrics import ContainerCollector
        from ocr_backend.web.app import create_app, create_health_app

        return_large_blocks()
        self._registry.record_start()
        worker = Worker(self._settings, open_reader, self._settings.threads + WAITING_REQUESTS)
        worker.metrics.add_collector(ContainerCollector(self._registry.start_count))
        threading.Thread(target=_load, args=(worker.load, self._registry), name="load", daemon=True).start()

        task_reader = self._start_task_reader(worker) if self._start_task_reader else None

        def stop() -> None:
            self._registry.remove()
            if task_reader:
                task_reader.stop()
            worker.stop()

        def has_stuck_worker() -> bool:
            return self._registry.has_stuck

        self.stop = stop
        self.report_health = lambda: self._registry.mark_stuck(worker.is_stuck)
        if self._health_socket is not None:
            health_app = create_health_app(worker, self._registry.ready_count, has_stuck_worker)
            health_server.start(self._health_socket, health_app)
        add_tasks = task_reader.add if task_reader else None
        return create_app(worker, self._registry.ready_count, has_stuck_worker, add_tasks)


def _load(load: Callable[[], None], registry: WorkerRegistry) -> None:
    try:
        load()
        registry.mark_ready()
    except (ModelError, GoldenSampleError) as error:
        _end_server(registry, str(error))
    except Exception:  # the outermost function of this thread
        _end_server(registry, "the models cannot be loaded", exc_info=True)


def _end_server(registry: WorkerRegistry, message: str, exc_info: bool = False) -> None:
    if registry.mark_failed():  # gunicorn's arbiter stops the other workers
        logger.critical("%s", message, exc_info=exc_info)
        # This status tells the arbiter that no worker can start, so that it exits instead of retrying.
        os._exit(Arbiter.WORKER_BOOT_ERROR)


def _options(settings: Settings, folder: Path, registry: WorkerRegistry) -> dict[str, Any]:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host

    def remove_worker(_: object, worker: Any) -> None:
        registry.remove(worker.pid)
        if settings.workers > 1:
            from ocr_backend.telemetry.dead_processes import merge_process

            merge_process(folder / "metrics", worker.pid)

    def log_listening(_: object) -> None:
        logger.info("listening on http://%s:%d, loading the models", host, settings.port)

    return {
        "bind": f"{host}:{settings.port}",
        "workers": settings.workers,
        "worker_class": _Worker,
        "threads": settings.threads + WAITING_REQUESTS + HEALTH_THREADS,
        "timeout": _HEARTBEAT_SECONDS,
        "graceful_timeout": _SHUTDOWN_SECONDS,
        "keepalive": 15,
        "worker_tmp_dir": str(folder),
        "control_socket_disable": True,
        "logger_class": _logger_class(registry),
        "loglevel": settings.log_level,
        "child_exit": remove_worker,
        "when_ready": log_listening,
    }


class _Worker(ThreadWorker):
    app: _Server

    def notify(self) -> None:
        """Tells the arbiter and the other workers how this worker is; called each second."""
        super().notify()
        self.app.report_health()

    def enqueue_req(self, conn: TConn) -> None:
        """Serves the next request of a connection; called for new and for kept connections."""
        if not isinstance(conn.sock, DeadlineSocket):
            conn.sock = DeadlineSocket(conn.sock)  # type: ignore[assignment]  # has what gunicorn uses
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Reads the head of a request and serves it; the time in the queue does not count."""
        _allow_seconds(conn, HEAD_SECONDS)
        return super().handle(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Serves a request whose head has been read."""
        _allow_seconds(conn, BODY_SECONDS)
        try:
            return super().handle_request(req, conn)
        finally:
            _allow_seconds(conn, DRAIN_SECONDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stops gracefully: finishes the images that are being read; tasks with other images are late."""
        if self.alive:
            self.method_queue.defer(self._stop)  # in the main loop, because a signal handler must not log
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """Stops at once."""
        self.app.stop()
        super().handle_quit(sig, frame)

    def _stop(self) -> None:
        self.app.stop()
        logger.info("stopping: finishing the images that are being read, dropping those that wait")


def _allow_seconds(conn: TConn, seconds: float) -> None:
    if isinstance(conn.sock, DeadlineSocket):
        conn.sock.allow_seconds(seconds)


def _logger_class(registry: WorkerRegistry) -> type[glogging.Logger]:
    class Log(glogging.Logger):
        """Gunicorn's messages in our log format; silent once loading a model has failed and was logged."""

        def setup(self, cfg: Any) -> None:
            super().setup(cfg)
            self.error_log.handlers.clear()
            self.error_log.propagate = True
            self.error_log.setLevel(logging.DEBUG if cfg.loglevel == "debug" else logging.WARNING)
            self.error_log.addFilter(lambda record: not registry.has_failed)

    return Log

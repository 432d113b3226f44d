"""`ocr-backend serve`: starts the backend. `label-studio-ml start` calls `start_server` too."""

import argparse
import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, NoReturn

from ocr_backend.commands.exit_codes import USAGE_STATUS, exit_with_message, settings_or_exit
from ocr_backend.config.settings import Settings

if TYPE_CHECKING:
    from ocr_backend.commands.prelabel.new_tasks import NewTaskReader
    from ocr_backend.pipeline.worker import Worker


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments of the command."""
    parser.add_argument("--host", help="address to listen on (overrides OCR_HOST)")
    parser.add_argument("--port", help="port to listen on (overrides OCR_PORT)")


def run(options: argparse.Namespace) -> NoReturn:
    """Serves until the process is stopped."""
    arguments = {"OCR_HOST": options.host, "OCR_PORT": options.port}
    overrides = {name: value for name, value in arguments.items() if value is not None}
    start_server({**os.environ, **overrides})


def start_server(variables: Mapping[str, str]) -> NoReturn:
    """Serves with the settings in these variables until the process is stopped, then ends the process."""
    settings = settings_or_exit(variables)
    if problem := _new_tasks_problem(settings):
        exit_with_message(USAGE_STATUS, "serve", f"OCR_READ_NEW_TASKS: {problem}")
    from ocr_backend.web.gunicorn_server import serve

    serve(settings, _start_task_reader if settings.reads_new_tasks else None)


def _new_tasks_problem(settings: Settings) -> str:
    """Why new tasks cannot be read; empty if they can, or need not be."""
    if not settings.reads_new_tasks:
        return ""
    if not settings.label_studio_url or not settings.label_studio_api_key:
        return (
            "set LABEL_STUDIO_URL, and LABEL_STUDIO_API_KEY to the access token of a user who may change the "
            "projects"
        )
    if find_spec("label_studio_sdk") is None:
        return "the package label_studio_sdk is missing; see docs/projects.md for how to install it"
    return ""


def _start_task_reader(worker: "Worker") -> "NewTaskReader":
    # Imported in the worker process, as all that needs `metrics`.
    from ocr_backend.commands.prelabel.new_tasks import NewTaskReader

    task_reader = NewTaskReader(worker)
    task_reader.start()
    return task_reader

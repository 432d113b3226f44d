"""`ocr-backend serve`: starts the backend. `label-studio-ml start` calls `start_server` too."""

import argparse
import os
from collections.abc import Mapping
from typing import NoReturn

from ocr_backend.commands.exit_codes import settings_or_exit


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
    from ocr_backend.web.gunicorn_server import serve

    serve(settings)

"""`ocr-backend serve`: answers Label Studio. `start_server` is also what Label Studio's own tool starts."""

import argparse
import os
from collections.abc import Mapping
from typing import NoReturn

from ocr_backend.commands.exit_codes import settings_or_exit


def describe(parser: argparse.ArgumentParser) -> None:
    """Gives the parser of the command its arguments."""
    parser.add_argument("--host", help="address to listen on (OCR_HOST)")
    parser.add_argument("--port", help="port to listen on (OCR_PORT)")


def run(options: argparse.Namespace) -> NoReturn:
    """Serves, until told to stop."""
    given = {"OCR_HOST": options.host, "OCR_PORT": options.port}
    start_server({**os.environ, **{name: value for name, value in given.items() if value is not None}})


def start_server(variables: Mapping[str, str]) -> NoReturn:
    """Serves with the settings that these variables give, until told to stop; ends the process."""
    settings = settings_or_exit(variables)
    from ocr_backend.web.gunicorn_server import serve

    serve(settings)

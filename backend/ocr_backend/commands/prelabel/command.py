"""`ocr-backend prelabel`: checks the command line and the installed packages, then starts `project_run`."""

import argparse
import os
from typing import NoReturn

from ocr_backend.commands.exit_codes import USAGE_STATUS, exit_with_message, settings_or_exit
from ocr_backend.commands.prelabel.arguments import add_arguments as add_arguments
from ocr_backend.commands.prelabel.arguments import parse_options
from ocr_backend.commands.prelabel.errors import UsageError


def run(arguments: argparse.Namespace) -> NoReturn:
    """Reads the project, and ends the process."""
    try:
        options = parse_options(arguments, os.environ)
    except UsageError as error:
        exit_with_message(USAGE_STATUS, "prelabel", error)
    overrides = {"LABEL_STUDIO_URL": arguments.label_studio_url} if arguments.label_studio_url else {}
    settings = settings_or_exit({**os.environ, **overrides})
    try:
        from ocr_backend.commands.prelabel.project_run import prelabel
    except ModuleNotFoundError as error:
        message = f"the package {error.name} is missing; see docs/projects.md for how to install it"
        exit_with_message(USAGE_STATUS, "prelabel", message)
    raise SystemExit(prelabel(options, settings))

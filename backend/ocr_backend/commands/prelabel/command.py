"""`ocr-backend prelabel`: reads a whole project; the package `prelabel` does it, where its extra is there."""

import argparse
import os
from typing import NoReturn

from ocr_backend.commands.exit_codes import SETTINGS_STATUS, end, settings_or_exit
from ocr_backend.commands.prelabel.arguments import describe as describe
from ocr_backend.commands.prelabel.arguments import options_of
from ocr_backend.commands.prelabel.errors import UsageError


def run(options: argparse.Namespace) -> NoReturn:
    """Reads the project, and ends the process."""
    try:
        wanted = options_of(options, os.environ)
    except UsageError as error:
        end(SETTINGS_STATUS, "prelabel", error)
    given = {"LABEL_STUDIO_URL": options.label_studio_url} if options.label_studio_url else {}
    settings = settings_or_exit({**os.environ, **given})
    try:
        from ocr_backend.commands.prelabel.project_run import prelabel
    except ModuleNotFoundError as error:
        end(
            SETTINGS_STATUS,
            "prelabel",
            f"prelabel needs more packages ({error.name} is missing): see docs/projects.md",
        )
    raise SystemExit(prelabel(wanted, settings))

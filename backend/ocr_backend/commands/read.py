"""`ocr-backend read`: prints the text in images and PDF files, and draws where it stands."""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_backend.commands.exit_codes import (
    FAULT_STATUS,
    GOOD_STATUS,
    SETTINGS_STATUS,
    end,
    settings_or_exit,
    status_of,
)
from ocr_backend.commands.read_output import Drawings, Outlet, OutletError, Page, as_json, as_lines
from ocr_backend.config.settings import Settings

if TYPE_CHECKING:
    from ocr_backend.ocr_types import Reader


def describe(parser: argparse.ArgumentParser) -> None:
    """Gives the parser of the command its arguments."""
    parser.description = (
        "Prints the text of each image or page, line by line. Exit status: 0 all could be read, 1 some "
        "could not, 2 the settings or arguments are wrong, 3 to 6 the models cannot be had or "
        "loaded."
    )
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path, help="an image or a PDF file")
    parser.add_argument(
        "--json", action="store_true", help="with places and scores, one object per image or page"
    )
    parser.add_argument(
        "--png",
        metavar="FOLDER_OR_FILE",
        type=Path,
        help="also draw each page with numbered outlines and its texts beside it, into this folder, or this "
        "file if its name ends in .png",
    )


def run(options: argparse.Namespace) -> None:
    """Reads the files one after the other, and ends the process."""
    settings = settings_or_exit(os.environ)
    from ocr_backend.models.model_folder import ModelError
    from ocr_backend.ocr.engine_factory import open_reader
    from ocr_backend.telemetry import log_format

    log_format.set_up(settings)
    try:
        drawings = Drawings(options.png, options.files) if options.png else None
    except OutletError as error:
        end(SETTINGS_STATUS, "read", error)
    try:
        reader = open_reader(settings)
    except ModelError as error:
        end(status_of(error), "read", error)
    outlets: list[Outlet] = [as_json if options.json else as_lines]
    if drawings is not None:
        outlets = [as_json if options.json else drawings.as_legend, drawings]
    is_good = [_put_out(file, reader, settings, outlets) for file in options.files]
    reader.close()
    raise SystemExit(GOOD_STATUS if all(is_good) else FAULT_STATUS)


def _put_out(file: Path, reader: "Reader", settings: Settings, outlets: list[Outlet]) -> bool:
    """Whether all pages could be read and put out; complaints go to standard error."""
    from ocr_backend.errors import ImageError

    try:
        for page in _pages(file, reader, settings):
            for outlet in outlets:
                outlet(page)
    except BrokenPipeError:
        raise  # whoever listens has gone: that is no fault of the file
    except (OSError, ImageError, OutletError) as error:
        print(f"{file}: {error}", file=sys.stderr)
        return False
    return True


def _pages(file: Path, reader: "Reader", settings: Settings) -> Iterator[Page]:
    from ocr_backend.images import documents

    with documents.opened(file.read_bytes(), settings) as document:
        for number in range(document.pages):
            image = document.page(number)
            lines = [line for line in reader.read(image) if line.score >= settings.score_threshold]
            yield Page(file, number, document.pages, image, lines)

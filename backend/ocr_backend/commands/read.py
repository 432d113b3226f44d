"""`ocr-backend read`: prints the text in images and PDF files, and draws where it was found."""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_backend.commands.exit_codes import (
    FAILED_STATUS,
    OK_STATUS,
    USAGE_STATUS,
    exit_status,
    exit_with_message,
    settings_or_exit,
)
from ocr_backend.commands.read_input import input_content, input_problem
from ocr_backend.commands.read_output import (
    OutputError,
    OverlayWriter,
    Page,
    PageWriter,
    print_json,
    print_text,
)
from ocr_backend.config.settings import Settings

if TYPE_CHECKING:
    from ocr_backend.ocr_types import Reader


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments of the command."""
    parser.description = (
        "Prints the text of each image or page, line by line. Exit status: 0 all files were read, 1 some "
        "files could not be read, 2 the settings or arguments are wrong, 3 to 6 a model is not available or "
        "cannot be loaded."
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="an image or a PDF file, or - for standard input"
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object per page, with polygons and scores"
    )
    parser.add_argument(
        "--png",
        metavar="FOLDER_OR_FILE",
        type=Path,
        help="also draw each page with numbered outlines and a list of its texts: into this folder, or into "
        "this file if its name ends in .png",
    )


def run(options: argparse.Namespace) -> None:
    """Reads all files in order, and ends the process."""
    settings = settings_or_exit(os.environ)
    from ocr_backend.models.model_folder import ModelError
    from ocr_backend.ocr.engine_factory import open_reader
    from ocr_backend.telemetry import log_format

    log_format.configure_logging(settings)
    files = _readable(options.files)
    if not files:
        raise SystemExit(FAILED_STATUS)
    try:
        overlay_writer = OverlayWriter(options.png, list(map(Path, files))) if options.png else None
    except OutputError as error:
        exit_with_message(USAGE_STATUS, "read", error)
    try:
        reader = open_reader(settings)
    except ModelError as error:
        exit_with_message(exit_status(error), "read", error)
    writers: list[PageWriter] = [print_json if options.json else print_text]
    if overlay_writer is not None:
        writers = [print_json if options.json else overlay_writer.print_numbered_text, overlay_writer]
    results = [_read_file(file, reader, settings, writers) for file in files]
    reader.close()
    raise SystemExit(OK_STATUS if all(results) and len(files) == len(options.files) else FAILED_STATUS)


def _readable(files: list[str]) -> list[str]:
    """The files without those that cannot be read, which are printed before the models are loaded."""
    problems = {file: problem for file in files if (problem := input_problem(file))}
    for file, problem in problems.items():
        print(f"{file}: {problem}", file=sys.stderr)
    return [file for file in files if file not in problems]


def _read_file(file: str, reader: "Reader", settings: Settings, writers: list[PageWriter]) -> bool:
    """Whether all pages were read and written; prints an error otherwise."""
    from ocr_backend.errors import ImageError

    try:
        for page in _pages(file, reader, settings):
            _write_page(page, writers)
    except BrokenPipeError:
        raise  # standard output was closed, which is no fault of the file
    except (OSError, ImageError, OutputError) as error:
        print(f"{file}: {error}", file=sys.stderr)
        return False
    return True


def _write_page(page: Page, writers: list[PageWriter]) -> None:
    for write in writers:
        write(page)


def _pages(file: str, reader: "Reader", settings: Settings) -> Iterator[Page]:
    from ocr_backend.images import documents

    with documents.open_document(input_content(file), settings) as document:
        for number in range(document.page_count):
            image = document.page(number)
            lines = [line for line in reader.read(image) if line.score >= settings.score_threshold]
            yield Page(Path(file), number, document.page_count, image, lines)

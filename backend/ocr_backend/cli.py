"""The command `ocr-backend`: serve, read files or whole projects, or list the settings.

Turns the command line into settings and calls on; all that is wrong with them is told once, with status 2.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ocr_backend.prelabel import arguments as prelabel_arguments
from ocr_backend.prelabel.errors import UsageError
from ocr_backend.settings import SETTINGS, Settings, SettingsError, from_env

if TYPE_CHECKING:
    from ocr_backend.reading import Reader

SETTINGS_STATUS = 2
MODEL_STATUS = 3
PICTURE_STATUS = 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command that the arguments name, by default those of the process."""
    options = _parser().parse_args(arguments)
    options.run(options)


def start_server(variables: Mapping[str, str]) -> NoReturn:
    """Serves with the settings that these variables give, until told to stop; ends the process."""
    settings = settings_or_exit(variables)
    from ocr_backend.server import serve

    serve(settings)


def settings_or_exit(variables: Mapping[str, str]) -> Settings:
    """The settings, or the end of the process with all that is wrong with them."""
    try:
        return from_env(variables)
    except SettingsError as error:
        lines = "".join(f"\n  {problem}" for problem in error.problems)
        print(f"ocr-backend cannot start, the settings are wrong:{lines}", file=sys.stderr)
        raise SystemExit(SETTINGS_STATUS) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ocr-backend",
        description="OCR for Label Studio. Settings come from the environment: see `ocr-backend settings`.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serving = commands.add_parser("serve", help="answer Label Studio")
    serving.add_argument("--host", help="address to listen on (OCR_HOST)")
    serving.add_argument("--port", help="port to listen on (OCR_PORT)")
    serving.set_defaults(run=_serve)
    reading = commands.add_parser("read", help="print the text in pictures")
    reading.add_argument("files", nargs="+", metavar="FILE", type=Path)
    reading.add_argument("--json", action="store_true", help="with places and scores, one object per picture")
    reading.set_defaults(run=_read)
    prelabelling = commands.add_parser("prelabel", help="read a whole project of Label Studio")
    prelabel_arguments.describe(prelabelling)
    prelabelling.set_defaults(run=_prelabel)
    listing = commands.add_parser("settings", help="list the variables, their defaults and what they do")
    listing.set_defaults(run=_list)
    return parser


def _serve(options: argparse.Namespace) -> NoReturn:
    given = {"OCR_HOST": options.host, "OCR_PORT": options.port}
    start_server({**os.environ, **{name: value for name, value in given.items() if value is not None}})


def _list(_: argparse.Namespace) -> None:
    for row in SETTINGS:
        default = row.manual_default or row.write(row.default)
        print(f"{row.env}={default}\n    {row.doc} ({row.allowed()})")


def _prelabel(options: argparse.Namespace) -> NoReturn:
    try:
        wanted = prelabel_arguments.options_of(options, os.environ)
    except UsageError as error:
        print(f"ocr-backend prelabel: {error}", file=sys.stderr)
        raise SystemExit(SETTINGS_STATUS) from error
    given = {"LABEL_STUDIO_URL": options.label_studio_url} if options.label_studio_url else {}
    settings = settings_or_exit({**os.environ, **given})
    try:
        from ocr_backend.prelabel.command import prelabel
    except ModuleNotFoundError as error:
        print(
            f"prelabel needs more packages ({error.name} is missing): see docs/projects.md", file=sys.stderr
        )
        raise SystemExit(SETTINGS_STATUS) from error
    raise SystemExit(prelabel(wanted, settings))


def _read(options: argparse.Namespace) -> None:
    settings = settings_or_exit(os.environ)
    from ocr_backend import logs
    from ocr_backend.engines import open_reader
    from ocr_backend.models import ModelError

    logs.set_up(settings)
    try:
        reader = open_reader(settings)
    except ModelError as error:
        print(f"ocr-backend cannot read: {error}", file=sys.stderr)
        raise SystemExit(MODEL_STATUS) from error
    is_good = [_print_lines(file, reader, settings, options.json) for file in options.files]
    reader.close()
    raise SystemExit(0 if all(is_good) else PICTURE_STATUS)


def _print_lines(file: Path, reader: "Reader", settings: Settings, as_json: bool) -> bool:
    """Whether the file could be read; its lines go to standard output, a complaint to standard error."""
    from ocr_backend.decoding import decoded
    from ocr_backend.errors import PictureError

    try:
        image = decoded(file.read_bytes(), settings.max_image_pixels)
    except (OSError, PictureError) as error:
        print(f"{file}: {error}", file=sys.stderr)
        return False
    lines = [line for line in reader.read(image) if line.score >= settings.score_threshold]
    if as_json:
        told = {
            "file": str(file),
            "width": image.shape[1],
            "height": image.shape[0],
            "lines": [asdict(line) for line in lines],
        }
        print(json.dumps(told, ensure_ascii=False))
    else:
        print("\n".join(line.text for line in lines))
    return True

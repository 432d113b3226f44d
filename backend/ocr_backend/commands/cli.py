"""The program `ocr-backend`: parses the command line and runs the command that it names.

Imports nothing heavy, so that the help and errors in the settings appear at once.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from types import ModuleType

from ocr_backend.commands import read, serve, settings
from ocr_backend.commands.doctor import command as doctor
from ocr_backend.commands.models import command as models
from ocr_backend.commands.prelabel import command as prelabel

COMMANDS: dict[str, tuple[ModuleType, str]] = {
    "serve": (serve, "start the backend for Label Studio"),
    "read": (read, "print the text in images and PDF files"),
    "prelabel": (prelabel, "store predictions for a whole Label Studio project"),
    "models": (models, "list, download, verify and prune models"),
    "doctor": (doctor, "diagnose problems and suggest fixes"),
    "settings": (settings, "list all environment variables with their defaults"),
}
"""Name of a command -> its module and its help."""


_SIGPIPE_STATUS = 141  # as a shell reports a program that was ended by SIGPIPE


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command; the arguments default to those of the process."""
    _accept_all_characters()
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except BrokenPipeError:
        # The reader of our output, such as `head`, has closed it. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(_SIGPIPE_STATUS) from None


def _accept_all_characters() -> None:
    """Prints characters that the terminal's encoding does not have as escapes instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ocr-backend",
        description="OCR for Label Studio. Settings come from the environment; see `ocr-backend settings`.",
        epilog="Run `ocr-backend COMMAND --help` for the arguments of a command. If something does not work, "
        "start with `ocr-backend doctor`.",
    )
    parser.add_argument("--version", action="version", version=f"ocr-backend {version('ocr-backend')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for name, (module, help_text) in COMMANDS.items():
        command = commands.add_parser(
            name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}."
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser

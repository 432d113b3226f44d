"""The command `ocr-backend`: finds the module of the command that is named, and runs it.

Imports nothing heavy, so that the help, and a complaint about the settings, come at once.
"""

import argparse
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
    "serve": (serve, "answer Label Studio"),
    "read": (read, "print the text in images"),
    "prelabel": (prelabel, "read a whole project of Label Studio"),
    "models": (models, "list, fetch, verify and prune the models"),
    "doctor": (doctor, "find out what is wrong, and say what to do"),
    "settings": (settings, "list the variables, their defaults and what they do"),
}
"""Name of a command -> its module and what it does."""


_PIPE_STATUS = 141  # as a shell reports a program that was ended by SIGPIPE


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command that the arguments name, by default those of the process."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except BrokenPipeError:
        # What reads our output, `head` perhaps, has had enough. Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(_PIPE_STATUS) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ocr-backend",
        description="OCR for Label Studio. Settings come from the environment: see `ocr-backend settings`.",
        epilog="`ocr-backend COMMAND --help` tells the rest. Where something does not work, begin with "
        "`ocr-backend doctor`.",
    )
    parser.add_argument("--version", action="version", version=f"ocr-backend {version('ocr-backend')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for name, (module, does) in COMMANDS.items():
        command = commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
        module.describe(command)
        command.set_defaults(run=module.run)
    return parser

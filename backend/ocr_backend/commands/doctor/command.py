"""`ocr-backend doctor`: one page on everything around a backend; the package `doctor` looks."""

import argparse
import os
import sys
from importlib.metadata import version

from ocr_backend.commands.exit_codes import FAULT_STATUS, GOOD_STATUS, SETTINGS_STATUS, end


def describe(parser: argparse.ArgumentParser) -> None:
    """Gives the parser of the command its arguments."""
    parser.description = (
        "Checks the settings, this machine, the models, the port and Label Studio, with the variables that "
        "the server would have, and says what to do where something is wrong. Changes nothing. Exit status: "
        "0 nothing is bad, 1 something is."
    )
    parser.add_argument("--project", type=int, metavar="ID", help="also look at this project of Label Studio")
    parser.add_argument(
        "--task", type=int, metavar="ID", help="with the image of this task, not of its first"
    )
    parser.add_argument("--load", action="store_true", help="also load the models and read an image")
    parser.add_argument("--json", action="store_true", help="one object, for programs")


def run(options: argparse.Namespace) -> None:
    """Prints what is found, and ends the process."""
    if options.task is not None and options.project is None:
        end(SETTINGS_STATUS, "doctor", "--task needs --project, the number in the project's URL")
    from ocr_backend.commands.doctor import findings as page
    from ocr_backend.commands.doctor.checks import findings
    from ocr_backend.commands.doctor.project_checks import Sample

    sample = None if options.project is None else Sample(options.project, options.task)
    release = version("ocr-backend")
    found = []
    if not options.json:
        print(f"ocr-backend {release}")
    for finding in findings(os.environ, sample, options.load):
        found.append(finding)
        if not options.json:
            print(page.as_lines(finding, _is_plain()), flush=True)
    print(page.as_json(found, release) if options.json else page.as_sum(found))
    raise SystemExit(FAULT_STATUS if page.is_bad(found) else GOOD_STATUS)


def _is_plain() -> bool:
    """Whether what is printed goes somewhere that may not take the marks."""
    return not sys.stdout.isatty() or (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"

"""`ocr-backend doctor`: runs all checks and prints their findings."""

import argparse
import os
import sys
from importlib.metadata import version

from ocr_backend.commands.exit_codes import FAILED_STATUS, OK_STATUS, USAGE_STATUS, exit_with_message


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments of the command."""
    parser.description = (
        "Checks the settings, this machine, the models, the port and Label Studio, with the same environment "
        "variables as the server, and suggests a fix for each problem. Changes nothing. Exit status: "
        "0 nothing is bad, 1 something is bad."
    )
    parser.add_argument("--project", type=int, metavar="ID", help="also check this Label Studio project")
    parser.add_argument(
        "--task", type=int, metavar="ID", help="fetch the image of this task instead of the first one"
    )
    parser.add_argument("--load", action="store_true", help="also load the models and read an image")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> None:
    """Prints the findings, and ends the process."""
    if options.task is not None and options.project is None:
        exit_with_message(
            USAGE_STATUS, "doctor", "--task needs --project, the project id in the project's URL"
        )
    from ocr_backend.commands.doctor import findings as output
    from ocr_backend.commands.doctor.checks import run_checks
    from ocr_backend.commands.doctor.project_checks import Sample

    sample = None if options.project is None else Sample(options.project, options.task)
    release = version("ocr-backend")
    findings = []
    if not options.json:
        print(f"ocr-backend {release}")
    for finding in run_checks(os.environ, sample, options.load):
        findings.append(finding)
        if not options.json:
            print(output.as_text(finding, _needs_ascii()), flush=True)
    print(output.as_json(findings, release) if options.json else output.summary(findings))
    raise SystemExit(FAILED_STATUS if output.is_bad(findings) else OK_STATUS)


def _needs_ascii() -> bool:
    """Whether standard output is no terminal, or cannot show the marks."""
    return not sys.stdout.isatty() or (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"

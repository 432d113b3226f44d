"""`ocr-backend models fetch`: brings models into MODEL_DIR, before a server needs them."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ocr_backend.commands.exit_codes import GOOD_STATUS, SETTINGS_STATUS, end, end_for, status_of
from ocr_backend.commands.models import model_arguments
from ocr_backend.config.settings import Settings, SettingsError, from_env

if TYPE_CHECKING:
    from ocr_backend.models.hub.download_progress import Progress
    from ocr_backend.models.model_errors import ModelError
    from ocr_backend.models.model_folder import Model


def describe(parser: argparse.ArgumentParser) -> None:
    """Gives the parser of the action its arguments."""
    parser.description = (
        "Brings the models that the settings need, or those of the arguments, into MODEL_DIR and tells "
        "for each its form, digest and folder. What is there is not fetched again; half a model is never "
        "left there. Exit status: 0 all are there, 2 the settings are wrong, 3 no hub can be asked, 4 the "
        "hub has no such model, 5 what it gave is not what it lists, 6 MODEL_DIR is full or not writable."
    )
    model_arguments.describe(parser, "as the settings say")
    parser.add_argument(
        "--status-port",
        type=int,
        metavar="PORT",
        help="answer GET /progress on this port (of OCR_HOST) while it works; default: do not",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write names, digests and bytes into this file as JSON, or in a sentence why not",
    )


def run(options: argparse.Namespace) -> None:
    """Fetches, and ends the process."""
    from ocr_backend.commands.models import fetch_report

    try:
        wanted = _wanted(options, from_env(os.environ))
    except SettingsError as error:
        fetch_report.write(options.report, f"the settings are wrong: {'; '.join(map(str, error.problems))}")
        end_for(error)
    from ocr_backend.models.hub.download_progress import Progress
    from ocr_backend.telemetry import log_format

    log_format.set_up(wanted[0])
    progress = Progress()
    try:
        with _shown(options, wanted[0], progress):
            found, failures = _all(wanted, progress)
    except Exception as error:  # a fault of ours: whoever waits must not read of success, nor of nothing
        said = f"the fetch failed in an unforeseen way ({type(error).__name__}); its log says more"
        fetch_report.write(options.report, said)
        raise
    if failures:
        fetch_report.write(options.report, str(failures[0]))
        raise SystemExit(status_of(failures[0]))
    fetch_report.write(options.report, fetch_report.of_models(found, progress.told()["bytes"]))
    raise SystemExit(GOOD_STATUS)


@contextmanager
def _shown(options: argparse.Namespace, settings: Settings, progress: "Progress") -> Iterator[None]:
    with ExitStack() as stack:
        if options.status_port is not None:
            from ocr_backend.models.hub import progress_server

            try:
                stack.enter_context(progress_server.serving(progress, settings.host, options.status_port))
            except (OSError, OverflowError) as error:
                _refuse(options, f"--status-port {options.status_port} cannot be listened on: {error}")
        yield


def _refuse(options: argparse.Namespace, why: str) -> NoReturn:
    """Ends the process for a wrong command line, also in the report."""
    from ocr_backend.commands.models import fetch_report

    fetch_report.write(options.report, why)
    end(SETTINGS_STATUS, "models fetch", why)


def _wanted(options: argparse.Namespace, settings: Settings) -> Sequence[Settings]:
    """The settings for each combination that is wanted."""
    given = options.ocr_version or options.language or options.model_type
    if settings.model_source == "builtin":
        _refuse(
            options,
            "OCR_MODEL_SOURCE=builtin reads with what is installed, and fetches nothing; set it to hub",
        )
    if not given:
        return [settings]
    options.ocr_version = options.ocr_version or [settings.ocr_version]
    options.language = options.language or [settings.language]
    options.model_type = options.model_type or [settings.model_type]
    combinations = list(model_arguments.chosen(options))
    if not combinations:
        _refuse(
            options,
            f"there are no models of {' or '.join(options.ocr_version)} for {' or '.join(options.language)}; "
            "`ocr-backend models list` shows which there are",
        )
    return [
        replace(settings, ocr_version=ocr_version, language=language, model_type=model_type)
        for ocr_version, language, model_type in combinations
    ]


def _all(wanted: Sequence[Settings], progress: "Progress") -> tuple[list["Model"], list["ModelError"]]:
    """The models that are there now, which is told, and why others cannot be had."""
    from ocr_backend.models.model_errors import ModelError
    from ocr_backend.ocr import engine_factory

    brought: list[Model] = []
    failures: list[ModelError] = []
    for settings in wanted:
        what = f"{settings.ocr_version} {settings.language} {settings.model_type}"
        print(f"{what}: looking in {settings.model_dir}", file=sys.stderr)
        try:
            with engine_factory.brought(settings, progress) as (_, found):
                for model in found.values():
                    is_new = progress.was_fetched(model.name, model.form) and model not in brought
                    _tell(model, "fetched" if is_new else "there")
                    brought.append(model)
        except ModelError as error:
            print(f"ocr-backend models fetch: {what}: {error}", file=sys.stderr)
            failures.append(type(error)(f"{what}: {error.seen}"))
    return brought, failures


def _tell(model: "Model", how: str) -> None:
    print(f"{how:7}  {model.name}  {model.form}  sha256 {model.digest}  {model.folder}", flush=True)

"""`ocr-backend models fetch`: downloads models into MODEL_DIR before a server needs them."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ocr_backend.commands.exit_codes import (
    OK_STATUS,
    USAGE_STATUS,
    exit_status,
    exit_with_message,
    exit_with_settings_errors,
)
from ocr_backend.commands.models import model_arguments
from ocr_backend.config.settings import Settings, SettingsError, from_env

if TYPE_CHECKING:
    from ocr_backend.models.hub.download_progress import Progress
    from ocr_backend.models.model_errors import ModelError
    from ocr_backend.models.model_folder import Model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments of the action."""
    parser.description = (
        "Downloads the models that the settings or the arguments require into MODEL_DIR, and prints the "
        "format, digest and folder of each. Models that are present are not downloaded again. MODEL_DIR "
        "never contains an incomplete model. Exit status: 0 all models are present, 2 the settings are "
        "wrong, 3 no hub can be used, 4 the hub does not have a model, 5 a download differs from the hub's "
        "list, 6 MODEL_DIR is full or not writable."
    )
    model_arguments.add_arguments(parser, "from the settings")
    parser.add_argument(
        "--status-port",
        type=int,
        metavar="PORT",
        help="serve GET /progress on this port of OCR_HOST during the download (default: off)",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write names, digests and bytes as JSON to this file, or one sentence if the download fails",
    )


def run(options: argparse.Namespace) -> None:
    """Downloads the models, and ends the process."""
    from ocr_backend.commands.models import fetch_report

    try:
        requested = _requested_settings(options, from_env(os.environ))
    except SettingsError as error:
        problems = "; ".join(map(str, error.problems))
        fetch_report.write(options.report, f"the settings are wrong: {problems}")
        exit_with_settings_errors(error)
    from ocr_backend.models.hub.download_progress import Progress
    from ocr_backend.telemetry import log_format

    log_format.configure_logging(requested[0])
    progress = Progress()
    try:
        with _progress_endpoint(options, requested[0], progress):
            models, errors = _download_all(requested, progress)
    except Exception as error:  # a bug: the reader of the report must learn that the download failed
        message = f"the download failed unexpectedly ({type(error).__name__}); see its log"
        fetch_report.write(options.report, message)
        raise
    if errors:
        fetch_report.write(options.report, str(errors[0]))
        raise SystemExit(exit_status(errors[0]))
    fetch_report.write(options.report, fetch_report.success(models, progress.snapshot()["bytes"]))
    raise SystemExit(OK_STATUS)


def _requested_settings(options: argparse.Namespace, settings: Settings) -> Sequence[Settings]:
    """The settings for each combination to download; ends the process if there is none."""
    if settings.model_source == "builtin":
        message = (
            "OCR_MODEL_SOURCE=builtin uses the installed models, so nothing is downloaded; set it to hub"
        )
        _exit_with_usage_error(options, message)
    if not (options.ocr_version or options.language or options.model_type):
        return [settings]
    requested = model_arguments.selected_settings(options, settings)
    if not requested:
        ocr_versions = " or ".join(options.ocr_version or [settings.ocr_version])
        languages = " or ".join(options.language or [settings.language])
        message = f"{ocr_versions} has no models for {languages}; `ocr-backend models list` shows all models"
        _exit_with_usage_error(options, message)
    return requested


@contextmanager
def _progress_endpoint(
    options: argparse.Namespace, settings: Settings, progress: "Progress"
) -> Iterator[None]:
    """Serves the progress until the end of the context, if the arguments ask for it."""
    from ocr_backend.models.hub import progress_server

    if options.status_port is None:
        yield
        return
    server = progress_server.serve_progress(progress, settings.host, options.status_port)
    with ExitStack() as stack:
        try:
            stack.enter_context(server)
        except (OSError, OverflowError) as error:
            message = f"cannot listen on --status-port {options.status_port}: {error}"
            _exit_with_usage_error(options, message)
        yield


def _exit_with_usage_error(options: argparse.Namespace, message: str) -> NoReturn:
    """Ends the process because of the command line, and writes the message to the report too."""
    from ocr_backend.commands.models import fetch_report

    fetch_report.write(options.report, message)
    exit_with_message(USAGE_STATUS, "models fetch", message)


def _download_all(
    requested: Sequence[Settings], progress: "Progress"
) -> tuple[list["Model"], list["ModelError"]]:
    """The models that are present now, which are printed, and the errors of the others."""
    from ocr_backend.models.model_errors import ModelError

    models: list[Model] = []
    errors: list[ModelError] = []
    for settings in requested:
        combination = f"{settings.ocr_version} {settings.language} {settings.model_type}"
        print(f"{combination}: checking {settings.model_dir}", file=sys.stderr)
        try:
            _download(settings, progress, models)
        except ModelError as error:
            print(f"ocr-backend models fetch: {combination}: {error}", file=sys.stderr)
            errors.append(type(error)(f"{combination}: {error.problem}"))
    return models, errors


def _download(settings: Settings, progress: "Progress", models: list["Model"]) -> None:
    """Downloads the models of one combination, prints each, and appends it to `models`."""
    from ocr_backend.ocr import engine_factory

    with engine_factory.resolve_models(settings, progress) as (_, resolved):
        for model in resolved.values():
            is_new = progress.was_downloaded(model.name, model.model_format) and model not in models
            state = "fetched" if is_new else "present"
            print(
                f"{state}  {model.name}  {model.model_format}  sha256 {model.digest}  {model.folder}",
                flush=True,
            )
            models.append(model)

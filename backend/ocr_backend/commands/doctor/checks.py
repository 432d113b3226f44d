"""The list of checks and their order; each finding is reported as soon as it is known."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

import requests

from ocr_backend.commands.doctor import (
    label_studio_checks,
    machine_checks,
    model_checks,
    project_checks,
    settings_checks,
)
from ocr_backend.commands.doctor.findings import Finding, bad, skipped
from ocr_backend.commands.doctor.label_studio_api import LabelStudioApi
from ocr_backend.commands.doctor.project_checks import Sample
from ocr_backend.config.settings import Settings

Check = Callable[[], Iterator[Finding]]


def run_checks(variables: Mapping[str, str], sample: Sample | None, load: bool) -> Iterator[Finding]:
    """All findings, in the order of the checks; `load` also loads the models."""
    settings = settings_checks.usable_settings(variables)
    checks: dict[str, Check] = {
        "settings": lambda: settings_checks.check_settings(variables),
        "engine": lambda: machine_checks.check_engine(settings),
        "cores": lambda: machine_checks.check_cores(settings),
        "memory": lambda: machine_checks.check_memory(settings),
        "MODEL_DIR": lambda: model_checks.check_folder(settings),
        "models": lambda: model_checks.check_models(settings),
        "disk": lambda: model_checks.check_disk(settings),
        **({"reading": lambda: model_checks.check_reading(settings)} if load else {}),
        "port": lambda: machine_checks.check_port(settings),
        label_studio_checks.URL: lambda: _check_label_studio(settings, sample),
    }
    for name, check in checks.items():
        yield from _run_check(name, check)


def _run_check(name: str, check: Check) -> Iterator[Finding]:
    """The findings of a check; if the check itself fails, that is a finding too."""
    try:
        yield from check()
    except requests.RequestException as error:
        message = f"Label Studio did not answer ({type(error).__name__})"
        yield bad(name, message, "try again, and check the log of Label Studio")
    except Exception as error:  # an error in one check must not prevent the others
        yield bad(name, f"this check itself failed ({type(error).__name__})", "please report this bug")


def _check_label_studio(settings: Settings, sample: Sample | None) -> Iterator[Finding]:
    if settings.label_studio_url:
        with closing(LabelStudioApi(settings)) as api:
            yield from _check_with_api(api, settings, sample)
        return
    message = "LABEL_STUDIO_URL is not set, so only images on other hosts can be fetched"
    yield skipped(label_studio_checks.URL, message)
    if sample is not None:
        action = "set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY"
        yield bad("project", "it cannot be checked without LABEL_STUDIO_URL", action)


def _check_with_api(api: LabelStudioApi, settings: Settings, sample: Sample | None) -> Iterator[Finding]:
    server = label_studio_checks.check_server(api)
    yield server
    token = label_studio_checks.check_token_format(settings.label_studio_api_key, time.time())
    yield token
    if server.state == "bad":
        return
    is_accepted = False
    if settings.label_studio_api_key and token.state != "bad":
        access = label_studio_checks.check_access(api)
        is_accepted = access.state == "good"
        yield access
    if sample is None:
        yield from label_studio_checks.check_reachability(settings)
    elif is_accepted:
        yield from project_checks.check_project(api, settings, sample)
    else:
        yield skipped("project", "it needs a valid token")

"""Which checks there are, in which order; each finding is told as soon as it is there."""

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


def findings(variables: Mapping[str, str], sample: Sample | None, loads: bool) -> Iterator[Finding]:
    """Everything that is found, in the order of the checks; a check that fails itself is a finding too."""
    settings = settings_checks.usable(variables)
    checks: dict[str, Check] = {
        "settings": lambda: settings_checks.findings(variables),
        "engine": lambda: machine_checks.engine(settings),
        "cores": lambda: machine_checks.cores(settings),
        "memory": lambda: machine_checks.memory_left(settings),
        "MODEL_DIR": lambda: model_checks.folder(settings),
        "models": lambda: model_checks.whole(settings),
        "disk": lambda: model_checks.disk(settings),
        **({"reading": lambda: model_checks.reads(settings)} if loads else {}),
        "port": lambda: machine_checks.port(settings),
        label_studio_checks.URL: lambda: _label_studio(settings, sample),
    }
    for name, check in checks.items():
        try:
            yield from check()
        except requests.RequestException as error:
            yield bad(
                name,
                f"Label Studio did not answer ({type(error).__name__})",
                "try again, and look at its log",
            )
        except Exception as error:  # the outermost place: the other checks must not suffer
            yield bad(name, f"this check failed itself ({type(error).__name__})", "please report it")


def _label_studio(settings: Settings, sample: Sample | None) -> Iterator[Finding]:
    if not settings.label_studio_url:
        yield skipped(
            label_studio_checks.URL, "LABEL_STUDIO_URL is not set: only images elsewhere can be fetched"
        )
        if sample is not None:
            yield bad("project", "it cannot be looked at", "set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY")
        return
    with closing(LabelStudioApi(settings)) as api:
        there = label_studio_checks.reached(api)
        yield there
        token = label_studio_checks.kind_of_token(settings.label_studio_api_key, time.time())
        yield token
        if there.state == "bad":
            return
        is_known = False
        if settings.label_studio_api_key and token.state != "bad":
            known = label_studio_checks.works(api)
            is_known = known.state == "good"
            yield known
        if sample is None:
            yield from label_studio_checks.way_back(settings)
        elif is_known:
            yield from project_checks.findings(api, settings, sample)
        else:
            yield skipped("project", "it needs a token that works")

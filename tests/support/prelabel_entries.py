"""Entries of the chart's value `prelabel`, and how the command parses what their pods get."""

import argparse
from typing import Any

from ocr_backend.commands.prelabel.arguments import INDEX_VARIABLE, Options, add_arguments, parse_options
from ocr_backend.config.settings import Settings, from_env

Json = dict[str, Any]

LABEL_STUDIO = {"url": "http://labels:8080", "apiKeySecretRef": {"name": "labels", "key": "token"}}
BY_VARIANT = {"backend": {"name": "ocr", "variant": "ch-mobile"}}
RUN = {"project": 12, "labelStudio": LABEL_STUDIO, **BY_VARIANT}
BUILTIN = {"project": 12, "labelStudio": LABEL_STUDIO, "builtin": {"language": "latin"}}

_SECRETS = {"LABEL_STUDIO_API_KEY": "token", "BASIC_AUTH_USER": "user", "BASIC_AUTH_PASS": "pass"}


def container_of(job: Json) -> Json:
    """The container of a Job or CronJob."""
    spec = job["spec"]["jobTemplate"]["spec"] if job["kind"] == "CronJob" else job["spec"]
    [container] = spec["template"]["spec"]["containers"]
    return dict(container)


def options_of(job: Json, index: int = 0) -> Options:
    """The options that the command parses from the arguments of the pod with this index."""
    command, *arguments = container_of(job)["args"]
    assert command == "prelabel"
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parse_options(parser.parse_args(arguments), {INDEX_VARIABLE: str(index)})


def settings_of(job: Json) -> Settings:
    """The settings that the command reads from the pod's environment variables."""
    env = container_of(job)["env"]
    names = [variable["name"] for variable in env]
    assert len(set(names)) == len(names)
    return from_env(
        {
            variable["name"]: variable["value"] if "value" in variable else _SECRETS[variable["name"]]
            for variable in env
        }
    )

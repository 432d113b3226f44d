"""The entry point for `label-studio-ml start backend`: the server of `ocr-backend serve`, with other options.

Accepts the options that Label Studio's tools pass to every ML backend. Can be run from any folder.
"""

import argparse
import os
from collections.abc import Sequence

from ocr_backend.commands.serve import start_server
from ocr_backend.config.settings import SETTINGS

OPTIONS = {
    "host": "OCR_HOST",
    "port": "OCR_PORT",
    "log_level": "LOG_LEVEL",
    "model_dir": "MODEL_DIR",
    "basic_auth_user": "BASIC_AUTH_USER",
    "basic_auth_pass": "BASIC_AUTH_PASS",
}
"""Command-line option -> the variable that it sets."""


def variables(arguments: Sequence[str] | None = None) -> dict[str, str]:
    """The environment, with the variables that the command line sets."""
    parser = argparse.ArgumentParser(description="OCR backend for Label Studio")
    parser.add_argument("-p", "--port")
    parser.add_argument("--host")
    parser.add_argument("--log-level")
    parser.add_argument("--model-dir")
    parser.add_argument("--basic-auth-user")
    parser.add_argument("--basic-auth-pass")
    parser.add_argument("-d", "--debug", action="store_true", help="the same as --log-level DEBUG")
    parser.add_argument(
        "--check",
        action="store_true",
        help="accepted for compatibility; the server always checks its models before it is ready",
    )
    parser.add_argument(
        "--kwargs",
        "--with",
        dest="kwargs",
        metavar="VARIABLE=VALUE",
        nargs="+",
        default=[],
        help="more settings",
    )
    options = parser.parse_args(arguments)
    overrides = {env: getattr(options, name) for name, env in OPTIONS.items()}
    if options.debug:
        overrides["LOG_LEVEL"] = "DEBUG"
    names = {name for setting in SETTINGS for name in (setting.env, *setting.aliases)}
    for pair in options.kwargs:
        name, equals, value = pair.partition("=")
        if not equals or name not in names:
            parser.error(f"--with {pair}: use VARIABLE=VALUE with one of {', '.join(sorted(names))}")
        overrides[name] = value
    return {**os.environ, **{name: value for name, value in overrides.items() if value is not None}}


if __name__ == "__main__":
    start_server(variables())

"""What `label-studio-ml start backend` runs: the same server, with the options that its projects take.

Runs from any folder, by its path. `ocr-backend serve` is the same without Label Studio's tools.
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
"""Option of the command line -> variable that it sets."""


def variables(arguments: Sequence[str] | None = None) -> dict[str, str]:
    """The environment with what the command line sets on top."""
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
        help="nothing more: the models are always tried before the server is ready",
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
    given = {env: getattr(options, name) for name, env in OPTIONS.items()}
    if options.debug:
        given["LOG_LEVEL"] = "DEBUG"
    known = {name for row in SETTINGS for name in (row.env, *row.aliases)}
    for pair in options.kwargs:
        name, equals, value = pair.partition("=")
        if not equals or name not in known:
            parser.error(f"--with {pair}: VARIABLE=VALUE is needed, with one of {', '.join(sorted(known))}")
        given[name] = value
    return {**os.environ, **{name: value for name, value in given.items() if value is not None}}


if __name__ == "__main__":
    start_server(variables())

"""`ocr-backend models`: selects the action and runs it."""

import argparse

from ocr_backend.commands.models import fetch, list_models, prune, verify

_ACTIONS = {
    "list": (list_models, "list the models of each OCR version, language and model type"),
    "fetch": (fetch, "download the models that the settings require"),
    "verify": (verify, "report all problems of downloaded models"),
    "prune": (prune, "list or delete files in MODEL_DIR that are not needed"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the actions and their arguments."""
    actions = parser.add_subparsers(required=True, metavar="ACTION", title="actions")
    for name, (module, help_text) in _ACTIONS.items():
        action = actions.add_parser(name, help=help_text)
        module.add_arguments(action)
        action.set_defaults(run_action=module.run)


def run(options: argparse.Namespace) -> None:
    """Runs the selected action."""
    options.run_action(options)

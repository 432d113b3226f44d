"""`ocr-backend models`: which models there are, fetching them early, looking them over, and making room."""

import argparse

from ocr_backend.commands.models import fetch, list_models, prune, verify

_ACTIONS = {
    "list": (
        list_models,
        "which models each generation, language and type needs, and which are in MODEL_DIR",
    ),
    "fetch": (fetch, "bring the models that the settings need into MODEL_DIR"),
    "verify": (verify, "look for everything that is wrong with a folder of models"),
    "prune": (prune, "show or remove what is in MODEL_DIR and not needed"),
}


def describe(parser: argparse.ArgumentParser) -> None:
    """Gives the parser of the command its actions."""
    actions = parser.add_subparsers(required=True, metavar="ACTION", title="actions")
    for name, (module, does) in _ACTIONS.items():
        action = actions.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
        module.describe(action)
        action.set_defaults(run_action=module.run)


def run(options: argparse.Namespace) -> None:
    """Runs the action that was named."""
    options.run_action(options)

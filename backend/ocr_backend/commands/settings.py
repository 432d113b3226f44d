"""`ocr-backend settings`: the variables, their defaults and what they do."""

import argparse

from ocr_backend.config.settings import SETTINGS


def describe(_: argparse.ArgumentParser) -> None:
    """The command has no arguments."""


def run(_: argparse.Namespace) -> None:
    """Prints the table of the settings."""
    for row in SETTINGS:
        default = row.manual_default or row.write(row.default)
        print(f"{row.env}={default}\n    {row.doc} ({row.allowed()})")

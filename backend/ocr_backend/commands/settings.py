"""`ocr-backend settings`: prints the environment variables with their defaults and meanings."""

import argparse

from ocr_backend.config.settings import SETTINGS


def add_arguments(_: argparse.ArgumentParser) -> None:
    """The command has no arguments."""


def run(_: argparse.Namespace) -> None:
    """Prints one entry for each setting."""
    for setting in SETTINGS:
        default = setting.fallback_default or setting.write(setting.default)
        print(f"{setting.env}={default}\n    {setting.doc} ({setting.allowed()})")

"""The commands of `kubectl ocr` that change an OCRBackend: pause, resume, retry, rollback.

They patch the OCRBackend alone; the operator does the rest.
"""

import argparse
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ocr_operator.api.names import RETRY_ANNOTATION, ROLLBACK_ANNOTATION
from ocr_operator.kubectl.cluster_objects import BACKENDS, read_backend
from ocr_operator.kubectl.kubectl_program import Kubectl, KubectlError


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands to the parser's subparsers; `common` has the flags of every command."""
    for name, is_paused, text in (
        ("pause", True, "stop the operator from changing anything of an OCRBackend"),
        ("resume", False, "end a pause"),
    ):
        command = commands.add_parser(name, parents=[common], help=text)
        command.add_argument("name")
        command.set_defaults(run=_set_paused, is_paused=is_paused)
    for name, annotation, text in (
        ("retry", RETRY_ANNOTATION, "try rolled back revisions again at once"),
        ("rollback", ROLLBACK_ANNOTATION, "return to the last good revisions"),
    ):
        command = commands.add_parser(name, parents=[common], help=text)
        command.add_argument("name")
        command.add_argument("--variant", metavar="NAME", help="one variant only (default: all)")
        command.set_defaults(run=_request, annotation=annotation)


def _set_paused(kubectl: Kubectl, options: argparse.Namespace) -> int:
    read_backend(kubectl, options.name)
    return _patch(kubectl, options.name, {"spec": {"paused": options.is_paused}})


def _request(kubectl: Kubectl, options: argparse.Namespace) -> int:
    variants = [variant["name"] for variant in read_backend(kubectl, options.name)["spec"]["variants"]]
    token = request_token(variants, options.variant, datetime.now(UTC))
    return _patch(kubectl, options.name, {"metadata": {"annotations": {options.annotation: token}}})


def _patch(kubectl: Kubectl, name: str, patch: Any) -> int:
    print(kubectl.run("patch", BACKENDS, name, "--type=merge", f"--patch={json.dumps(patch)}").strip())
    return 0


def request_token(variants: Sequence[str], name: str | None, now: datetime) -> str:
    """The value of a request's annotation, for the variant of this name, or for all for None.

    Raises:
        KubectlError: there is no such variant; the message lists the existing ones.
    """
    prefix = f"{existing_variant(variants, name)}=" if name else ""
    return prefix + now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def existing_variant(variants: Sequence[str], name: str) -> str:
    """The variant of this name.

    Raises:
        KubectlError: there is no such variant; the message lists the existing ones.
    """
    if name not in variants:
        raise KubectlError(f"variant {name} not found; existing: {', '.join(variants)}")
    return name

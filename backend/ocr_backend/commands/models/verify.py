"""`ocr-backend models verify`: everything that is wrong with a folder of models."""

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_backend.commands.exit_codes import FAULT_STATUS, GOOD_STATUS, SETTINGS_STATUS, end, settings_or_exit

if TYPE_CHECKING:
    from ocr_backend.commands.models.model_verification import Verdict


def describe(parser: argparse.ArgumentParser) -> None:
    """Gives the parser of the action its arguments."""
    parser.description = (
        "Looks at every model in a folder, or at one model folder, as MODEL_DIR by default: files, names, "
        "dictionary, and whether the network can be loaded. Exit status: 0 all is good, 1 something is not."
    )
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="in place of MODEL_DIR")
    parser.add_argument("--json", action="store_true", help="one object per model folder")


def run(options: argparse.Namespace) -> None:
    """Prints what is found, and ends the process."""
    root = options.folder or Path(settings_or_exit(os.environ).model_dir)
    if not root.is_dir():
        end(SETTINGS_STATUS, "models verify", f"{root} is no folder; name one, or set MODEL_DIR")
    from ocr_backend.commands.models.model_verification import verdicts

    number = 0
    is_good = True
    for verdict in verdicts(root):
        number += 1
        is_good &= not verdict.problems
        print(_as_json(verdict) if options.json else _told(verdict), flush=True)
    if not number:
        end(
            FAULT_STATUS,
            "models verify",
            f"there is no model in {root}; `ocr-backend models fetch` brings them",
        )
    raise SystemExit(GOOD_STATUS if is_good else FAULT_STATUS)


def _as_json(verdict: "Verdict") -> str:
    return json.dumps({**asdict(verdict), "folder": str(verdict.folder)}, ensure_ascii=False)


def _told(verdict: "Verdict") -> str:
    if verdict.problems:
        return "\n  ".join([f"BAD   {verdict.folder}", *verdict.problems])
    known = [verdict.form, f"sha256 {verdict.digest}" if verdict.digest else "", verdict.note]
    return f"{'good' if verdict.digest else 'note'}  {verdict.folder}: {', '.join(filter(None, known))}"

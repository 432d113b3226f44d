"""The command line of `ocr-backend prelabel`, and what it says with the variables of a Kubernetes Job.

Standard library only, since `cli` calls `describe` whatever the command is.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

from ocr_backend.commands.prelabel.errors import UsageError

INDEX = "JOB_COMPLETION_INDEX"
"""Set by Kubernetes in the pods of a Job with `completionMode: Indexed`."""

SHARDS = "PRELABEL_SHARDS"

LARGEST_SLICE = 1000
LARGEST_PARALLEL = 64
MOST_SHARDS = 10_000

_DESCRIPTION = """
Reads the tasks of a Label Studio project and stores a prediction for each. Tasks that have one of this
version (the models, their settings and the thresholds together) are left out, so the same command goes on
where an earlier one ended, however it ended. Label Studio, its token and the models come from the
environment, as for `serve`. Exit status: 0 all is stored; 1 something is left, the same command goes on;
2 the command, settings, token, project or labelling config are wrong; 3 the models cannot be loaded.
"""


@dataclass(frozen=True)
class Options:
    """What is wanted; see the help of each argument."""

    project: int
    filter: str | None = None
    only_missing: bool = False
    overwrite_version: bool = False
    backend: str | None = None
    slice: int = 50
    parallel: int = 2
    shard: int = 0
    shards: int = 1
    after: int = 0
    failures: str = "prelabel-failures.jsonl"


def describe(parser: argparse.ArgumentParser) -> None:
    """Gives the parser of the command its arguments."""
    parser.description = _DESCRIPTION
    parser.add_argument("--project", type=_number(1), required=True, help="its id, as in the project's URL")
    parser.add_argument("--label-studio-url", metavar="URL", help="in place of LABEL_STUDIO_URL")
    parser.add_argument(
        "--filter", help="id of a view (tab), or a filter in the Data Manager's form, as JSON"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--only-missing", action="store_true", help="leave out tasks with any prediction")
    which.add_argument(
        "--overwrite-version",
        action="store_true",
        help="read all tasks, also those with a prediction of this version, which is replaced",
    )
    parser.add_argument(
        "--backend", metavar="URL", help="let this running backend read, instead of loading the models here"
    )
    parser.add_argument(
        "--slice",
        type=_number(1, LARGEST_SLICE),
        help=f"tasks that are read and stored together ({Options.slice})",
    )
    parser.add_argument(
        "--parallel",
        type=_number(1, LARGEST_PARALLEL),
        help=f"slices read at the same time ({Options.parallel}); with --backend at least its replicas",
    )
    parser.add_argument(
        "--shards",
        type=_number(1, MOST_SHARDS),
        help=f"share the tasks among so many, by their ids ({SHARDS})",
    )
    parser.add_argument("--shard", type=_number(0), help=f"which of them this is, from 0 ({INDEX})")
    parser.add_argument("--after", type=_number(0), metavar="ID", help="leave out tasks up to this id")
    parser.add_argument(
        "--failures",
        metavar="FILE",
        help=f"list of the tasks that failed, - for standard output ({Options.failures})",
    )


def options_of(given: argparse.Namespace, variables: Mapping[str, str]) -> Options:
    """What the arguments say, and the variables where the arguments do not.

    Raises:
        UsageError: they contradict each other.
    """
    index, shards = _told(given.shard, INDEX, variables), _told(given.shards, SHARDS, variables)
    if index is not None and shards is None:
        raise UsageError(
            f"this is shard {index} ({INDEX} or --shard), but of how many is not said, so each would read "
            "everything; set --shards to the Job's completions"
        )
    if (shards or 1) > 1 and index is None:
        raise UsageError(
            f"--shards {shards} needs to know which of them this is: set --shard, or run as a Job with "
            f"completionMode: Indexed, which sets {INDEX}"
        )
    if index is not None and shards is not None and index >= shards:
        raise UsageError(f"there is no shard {index} of {shards}; they are counted from 0 to {shards - 1}")
    chosen = {
        name: getattr(given, name) for name in Options.__dataclass_fields__ if name not in ("shard", "shards")
    }
    return Options(
        **{name: value for name, value in chosen.items() if value is not None},
        shard=index or 0,
        shards=shards or 1,
    )


def _told(given: int | None, variable: str, variables: Mapping[str, str]) -> int | None:
    text = variables.get(variable, "").strip()
    if given is not None or not text:
        return given
    if not text.isdecimal():
        raise UsageError(f"{variable} is {text!r}; it must be a whole number")
    return int(text)


class _number:  # noqa: N801 - argparse shows the name of a type
    def __init__(self, least: int, most: int | None = None) -> None:
        self._least, self._most = least, most

    def __call__(self, text: str) -> int:
        if not text.strip().isdecimal() or not self._is_within(int(text)):
            limits = f"from {self._least}" + (f" to {self._most}" if self._most is not None else "")
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {limits}")
        return int(text)

    def _is_within(self, number: int) -> bool:
        return self._least <= number and (self._most is None or number <= self._most)

"""Command line of `ocr-backend prelabel`, and the variables of a Kubernetes Job that complete it.

Standard library only, since `cli` calls `add_arguments` for every command.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ocr_backend.commands.prelabel.errors import UsageError

INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
"""Set by Kubernetes in the pods of a Job with `completionMode: Indexed`."""

SHARDS_VARIABLE = "PRELABEL_SHARDS"

MAX_SLICE = 1000
MAX_PARALLEL = 64
MAX_SHARDS = 10_000

_DESCRIPTION = """
Reads the tasks of a Label Studio project and stores a prediction for each. Tasks that already have a
prediction of the current model version (models, their settings and thresholds) are skipped, so you can repeat
the same command to continue after any interruption. Label Studio, its token and the models are configured by
the same environment variables as `serve`. Exit status: 0 all tasks are stored; 1 some tasks are left, repeat
the command; 2 the command line, settings, token, project or label config are wrong; 3 the models cannot be
loaded.
"""


@dataclass(frozen=True)
class Options:
    """Parsed options; see the help of each argument."""

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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments of the command."""
    parser.description = _DESCRIPTION
    parser.add_argument(
        "--project", type=_whole_number(1), required=True, help="project id, the number in the project's URL"
    )
    parser.add_argument("--label-studio-url", metavar="URL", help="overrides LABEL_STUDIO_URL")
    parser.add_argument(
        "--failures",
        metavar="FILE",
        help=f"file for the list of failed tasks, - for standard output (default: {Options.failures})",
    )
    _add_task_arguments(parser)
    _add_speed_arguments(parser)


def _add_task_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--filter", help="id of a view (tab), or a filter of the Data Manager as JSON; default: all tasks"
    )
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--only-missing", action="store_true", help="skip tasks that have any prediction")
    modes.add_argument(
        "--overwrite-version",
        action="store_true",
        help="read all tasks, and replace their predictions of the current model version",
    )
    parser.add_argument("--after", type=_whole_number(0), metavar="ID", help="skip tasks up to this id")


def _add_speed_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--backend", metavar="URL", help="send tasks to this running backend instead of loading the models"
    )
    parser.add_argument(
        "--slice",
        type=_whole_number(1, MAX_SLICE),
        help=f"number of tasks that are read and stored together (default: {Options.slice})",
    )
    parser.add_argument(
        "--parallel",
        type=_whole_number(1, MAX_PARALLEL),
        help=f"number of slices read at the same time (default: {Options.parallel}); with --backend use at "
        "least its number of replicas",
    )
    parser.add_argument(
        "--shards",
        type=_whole_number(1, MAX_SHARDS),
        help=f"number of processes that share the tasks by id (default: {SHARDS_VARIABLE}, or 1)",
    )
    parser.add_argument(
        "--shard",
        type=_whole_number(0),
        help=f"index of this process, from 0 (default: {INDEX_VARIABLE})",
    )


def parse_options(arguments: argparse.Namespace, variables: Mapping[str, str]) -> Options:
    """The options from the arguments, and from the variables where an argument is missing.

    Raises:
        UsageError: the options contradict each other.
    """
    index = _argument_or_variable(arguments.shard, INDEX_VARIABLE, variables)
    shards = _argument_or_variable(arguments.shards, SHARDS_VARIABLE, variables)
    _check_shards(index, shards)
    names = Options.__dataclass_fields__.keys() - {"shard", "shards"}
    values = {name: getattr(arguments, name) for name in names}
    present = {name: value for name, value in values.items() if value is not None}
    return Options(**present, shard=index or 0, shards=shards or 1)


def _check_shards(index: int | None, shards: int | None) -> None:
    if index is not None and shards is None:
        raise UsageError(
            f"this is shard {index} ({INDEX_VARIABLE} or --shard), but the number of shards is missing, so "
            "every process would read all tasks; set --shards to the Job's completions"
        )
    if (shards or 1) > 1 and index is None:
        raise UsageError(
            f"--shards {shards} needs the index of this process: set --shard, or run it as a Job with "
            f"completionMode: Indexed, which sets {INDEX_VARIABLE}"
        )
    if index is not None and shards is not None and index >= shards:
        raise UsageError(f"shard {index} of {shards} does not exist; the allowed range is 0 to {shards - 1}")


def _argument_or_variable(argument: int | None, variable: str, variables: Mapping[str, str]) -> int | None:
    text = variables.get(variable, "").strip()
    if argument is not None or not text:
        return argument
    if not text.isdecimal():
        raise UsageError(f"{variable} is {text!r}; it must be a whole number")
    return int(text)


def _whole_number(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    def parse(text: str) -> int:
        is_number = text.strip().isdecimal()
        if not is_number or int(text) < minimum or (maximum is not None and int(text) > maximum):
            limits = f"from {minimum}" + (f" to {maximum}" if maximum is not None else "")
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {limits}")
        return int(text)

    return parse

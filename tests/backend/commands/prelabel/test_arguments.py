"""Command line of prelabel, and the variables of a Kubernetes Job."""

import argparse
from collections.abc import Mapping

import pytest

from ocr_backend.commands.prelabel.arguments import Options, add_arguments, parse_options
from ocr_backend.commands.prelabel.errors import UsageError


def options(*arguments: str, env: Mapping[str, str] | None = None) -> Options:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser)
    return parse_options(parser.parse_args(["--project", "12", *arguments]), env or {})


def test_only_the_project_is_required() -> None:
    assert options() == Options(project=12)


def test_every_argument_is_parsed() -> None:
    arguments = (
        "--filter 3 --only-missing --backend http://ocr --slice 7 --parallel 4 --shards 5 --shard 2 "
        "--after 9 --failures -"
    )
    assert options(*arguments.split()) == Options(
        project=12,
        filter="3",
        only_missing=True,
        backend="http://ocr",
        slice=7,
        parallel=4,
        shards=5,
        shard=2,
        after=9,
        failures="-",
    )


def test_the_variables_of_a_job_set_the_shard() -> None:
    assert options("--shards", "4", env={"JOB_COMPLETION_INDEX": "3"}).shard == 3
    assert options(env={"JOB_COMPLETION_INDEX": "3", "PRELABEL_SHARDS": "4"}).shards == 4


def test_the_command_line_overrides_the_job() -> None:
    env = {"JOB_COMPLETION_INDEX": "3", "PRELABEL_SHARDS": "4"}
    assert options("--shards", "2", "--shard", "1", env=env) == Options(project=12, shards=2, shard=1)


@pytest.mark.parametrize(
    ("arguments", "env", "message"),
    [
        pytest.param("", {"JOB_COMPLETION_INDEX": "0"}, "the number of shards is missing", id="no shards"),
        pytest.param("--shards 2", {}, "set --shard", id="no index"),
        pytest.param("--shards 2 --shard 2", {}, "the allowed range is 0 to 1", id="index too large"),
        pytest.param(
            "--shards 2", {"JOB_COMPLETION_INDEX": "x"}, "must be a whole number", id="not a number"
        ),
    ],
)
def test_contradicting_shards_are_refused(arguments: str, env: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        options(*arguments.split(), env=env)


@pytest.mark.parametrize(
    "arguments", ["--slice 0", "--slice 1001", "--slice x", "--project -1", "--parallel 65", "--shards 0"]
)
def test_numbers_outside_the_limits_are_refused(arguments: str) -> None:
    with pytest.raises(argparse.ArgumentError, match="is not a whole number from"):
        options(*arguments.split())


def test_only_missing_and_overwrite_version_exclude_each_other() -> None:
    with pytest.raises(argparse.ArgumentError, match="not allowed with"):
        options("--only-missing", "--overwrite-version")

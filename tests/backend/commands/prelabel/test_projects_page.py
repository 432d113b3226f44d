"""The manual's page on whole projects names every argument, and its commands are understood."""

import argparse
import shlex
from pathlib import Path

import pytest

from documents import blocks
from ocr_backend.commands.prelabel.arguments import Options, add_arguments, parse_options

PAGE = Path(__file__).parents[4] / "docs" / "projects.md"
NOT_DOCUMENTED = {"-h", "--help"}


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser)
    return parser


def parse_command(parser: argparse.ArgumentParser, words: list[str]) -> Options:
    assert words[0] == "prelabel"
    return parse_options(parser.parse_args(words[1:]), {})


def test_every_argument_is_documented(parser: argparse.ArgumentParser) -> None:
    content = PAGE.read_text("utf-8")
    names = {name for action in parser._actions for name in action.option_strings} - NOT_DOCUMENTED
    assert sorted(name for name in names if f"`{name}" not in content and f" {name} " not in content) == []


def test_its_commands_are_parse_command(parser: argparse.ArgumentParser) -> None:
    lines = "\n".join(block.text for block in blocks(PAGE) if block.language == "bash").splitlines()
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("ocr-backend ")]
    assert [parse_command(parser, words).project for words in commands] == [12, 12]


def test_the_defaults_on_the_page_are_those_of_the_command() -> None:
    content = PAGE.read_text("utf-8")
    for text in (
        f"`{Options.failures}`",
        f"`--slice` tasks ({Options.slice})",
        f"slices ({Options.parallel})",
    ):
        assert text in content

"""The manual's page on whole projects names every argument, and its commands are understood."""

import argparse
import shlex
from pathlib import Path

import pytest

from documents import blocks
from ocr_backend.commands.prelabel.arguments import Options, describe, options_of

PAGE = Path(__file__).parents[4] / "docs" / "projects.md"
NOT_EXPLAINED = {"-h", "--help"}


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(exit_on_error=False)
    describe(made)
    return made


def understood(parser: argparse.ArgumentParser, words: list[str]) -> Options:
    assert words[0] == "prelabel"
    return options_of(parser.parse_args(words[1:]), {})


def test_every_argument_is_explained(parser: argparse.ArgumentParser) -> None:
    content = PAGE.read_text("utf-8")
    names = {name for action in parser._actions for name in action.option_strings} - NOT_EXPLAINED
    assert sorted(name for name in names if f"`{name}" not in content and f" {name} " not in content) == []


def test_its_commands_are_understood(parser: argparse.ArgumentParser) -> None:
    lines = "\n".join(block.text for block in blocks(PAGE) if block.language == "bash").splitlines()
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("ocr-backend ")]
    assert [understood(parser, words).project for words in commands] == [12, 12]


def test_its_defaults_are_those_of_the_command() -> None:
    content = PAGE.read_text("utf-8")
    for said in (
        f"`{Options.failures}`",
        f"`--slice` tasks ({Options.slice})",
        f"slices ({Options.parallel})",
    ):
        assert said in content

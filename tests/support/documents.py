"""The commands that the documents promise, so that tests can run them.

A fenced block whose info string is `bash` followed by a word (`bash local`, `bash cluster`) is run by the
tests of that name; GitHub shows it as plain bash.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"^```(?P<language>\w+)(?: (?P<place>\w+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the place it runs in (`""`: nowhere), its text and its line."""

    language: str
    place: str
    text: str
    line: int


def blocks(document: Path) -> list[Block]:
    """All fenced blocks of a Markdown document that name a language, in order."""
    content = document.read_text("utf-8")
    return [
        Block(m["language"], m["place"] or "", m["text"], content.count("\n", 0, m.start()) + 1)
        for m in _FENCE.finditer(content)
    ]


def script(document: Path, place: str) -> str:
    """The bash blocks of a document that run in `place`, joined in order."""
    return "\n".join(b.text for b in blocks(document) if b.language == "bash" and b.place == place)

"""The commands in Markdown documents, so that tests can run them.

Tests run fenced blocks with an info string of `bash` and an environment, such as `bash local` or
`bash cluster`. GitHub shows them as bash.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"^```(?P<language>\w+)(?: (?P<environment>\w+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the environment to run it in (empty: none), its text and its line."""

    language: str
    environment: str
    text: str
    line: int


def blocks(document: Path) -> list[Block]:
    """All fenced blocks of a Markdown document that name a language, in order."""
    content = document.read_text("utf-8")
    return [
        Block(
            match["language"],
            match["environment"] or "",
            match["text"],
            content.count("\n", 0, match.start()) + 1,
        )
        for match in _FENCE.finditer(content)
    ]


def script(document: Path, environment: str) -> str:
    """The bash blocks of a document for this environment, joined in order."""
    return "\n".join(
        block.text
        for block in blocks(document)
        if (block.language, block.environment) == ("bash", environment)
    )

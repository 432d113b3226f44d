"""Words of the API that come with their meaning and the next action.

Pure; `reasons` has the words.
"""

from enum import StrEnum
from typing import Self


class DescribedWord(StrEnum):
    """A word, its meaning, and the next action; an empty action means that none is needed."""

    meaning: str
    action: str

    def __new__(cls, word: str, meaning: str = "", action: str = "") -> Self:
        """The defaults are for type checkers only: `Reason("Invalid")` looks up a member."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.meaning, member.action = meaning, action
        return member

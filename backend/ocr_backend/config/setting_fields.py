"""What one setting is: its variable, limits and sentence, and how its text is read and written.

Knows no particular setting: `settings` lists those. Standard library only.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Value = str | bool | int | float | tuple[str, ...] | None

_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")
_TYPE_SAID = {bool: "true or false", int: "a whole number", float: "a number", tuple: "a list of texts"}


class BadTextError(ValueError):
    """A text is no value of its setting; the message says what was given and what is allowed."""


@dataclass(frozen=True)
class Problem:
    """Something wrong with the setting behind `env`; `said` tells what was given, allowed, and to do."""

    env: str
    said: str

    def __str__(self) -> str:
        return f"{self.env}: {self.said}"


@dataclass(frozen=True)
class Setting:
    """One row of the settings table; `kind` is the type of the value, lists are `tuple` of text.

    `manual_default` is what holds where the value is None: used when nothing better is known.
    """

    name: str
    env: str
    kind: type
    default: Value
    doc: str
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    secret: bool = False
    manual_default: str | None = None

    def parse(self, text: str) -> Value:
        """The value that a text stands for; not yet checked against the limits.

        Raises:
            BadTextError: it stands for none.
        """
        if self.kind is bool:
            return self._parse_bool(text)
        if self.kind in (int, float):
            try:
                number: Value = self.kind(text)
            except ValueError:
                raise BadTextError(f"{self.shown(text)} is not {self.allowed()}") from None
            return number
        if self.kind is tuple:
            return tuple(part.strip() for part in text.split(",") if part.strip())
        by_fold = {choice.casefold(): choice for choice in self.choices}
        return by_fold.get(text.casefold(), text)

    def _parse_bool(self, text: str) -> bool:
        folded = text.casefold()
        if folded not in _TRUE + _FALSE:
            raise BadTextError(f"{self.shown(text)} is not {self.allowed()}")
        return folded in _TRUE

    def write(self, value: Value) -> str:
        """The text that `parse` reads as this value."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, tuple):
            return ",".join(value)
        return repr(value) if isinstance(value, float) else str(value)

    def problem_with(self, value: Value) -> str | None:
        """What is wrong with a value, or None."""
        if value is None and self.default is None:
            return None
        if not self._is_of_kind(value):
            return f"{self.shown(value)} is not {self.allowed()}"
        if value == "" and self.default != "":
            return "it is empty; leave it out instead"
        texts = value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ()
        for text in texts:
            if not text.isprintable() or (text != text.strip() and not self.secret):
                return f"{self.shown(text)} has white space around it or characters that cannot be printed"
        return None if self._is_within_limits(value) else f"{self.shown(value)} is not {self.allowed()}"

    def _is_of_kind(self, value: object) -> bool:
        if self.kind is tuple:
            return isinstance(value, tuple) and all(
                isinstance(part, str) and part and "," not in part for part in value
            )
        if isinstance(value, bool):
            return self.kind is bool
        return isinstance(value, (int, float) if self.kind is float else self.kind)

    def _is_within_limits(self, value: Value) -> bool:
        if isinstance(value, (int, float)):
            low = self.minimum is None or value >= self.minimum
            return low and (self.maximum is None or value <= self.maximum)
        return not self.choices or value in self.choices

    def allowed(self) -> str:
        """What a value may be, as the end of "it is not ..."."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        said = _TYPE_SAID.get(self.kind, "a text")
        if self.minimum is None and self.maximum is None:
            return said
        if self.maximum is None:
            return f"{said} of at least {self.minimum:g}"
        return f"{said} from {self.minimum:g} to {self.maximum:g}"

    def shown(self, value: Value) -> str:
        """The value as a message may show it: a secret never."""
        return "the given value" if self.secret else repr(value)


def setting(default: Value, env: str, doc: str, **rules: Any) -> Any:
    """A dataclass field that carries its row of the table; `rules` are further fields of `Setting`."""
    metadata = {"env": env, "doc": doc, **rules}
    return dataclasses.field(default=default, metadata=metadata, repr=not rules.get("secret", False))


def table_of(cls: type) -> tuple[Setting, ...]:
    """The rows of a dataclass whose fields were made by `setting`, in its order."""
    return tuple(_row(field) for field in dataclasses.fields(cls))


def _row(field: dataclasses.Field[Any]) -> Setting:
    default: Any = field.default
    kind = str if default is None else type(default)
    return Setting(field.name, kind=kind, default=default, **field.metadata)


def text_of(row: Setting, environment: Mapping[str, str]) -> str | None:
    """What the environment says for a setting, its own name before its aliases; empty means unset."""
    # A password may begin or end with blanks, but the line end is that of the file it was kept in.
    around = "\r\n" if row.secret else None
    said = (environment.get(name, "").strip(around) for name in (row.env, *row.aliases))
    return next(filter(None, said), None)

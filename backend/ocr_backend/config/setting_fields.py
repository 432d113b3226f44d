"""One setting: its variable, limits and description, and how its text is parsed and written.

Knows no particular setting. Standard library only.
"""

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ocr_backend.system.urls import INVALID_URL, redact_url

Value = str | bool | int | float | tuple[str, ...] | None

_HIDDEN = "the given value"
_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")
_TYPE_NAMES = {bool: "true or false", int: "a whole number", float: "a number", tuple: "a list of texts"}


class InvalidTextError(ValueError):
    """The text is not a value of the setting; the message says what was given and what is allowed."""


@dataclass(frozen=True)
class Problem:
    """An invalid setting: its variable, and what was given, what is allowed and what to do."""

    env: str
    message: str

    def __str__(self) -> str:
        return f"{self.env}: {self.message}"


@dataclass(frozen=True)
class Setting:
    """Description of one setting; `kind` is the type of its value, `tuple` for a list of texts.

    `fallback_default` is used for a setting that is None when the label config does not give a value either.
    `synonyms`: other texts for choices.
    """

    name: str
    env: str
    kind: type
    default: Value
    doc: str
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    synonyms: Mapping[str, str] = dataclasses.field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    secret: bool = False
    fallback_default: str | None = None

    def parse(self, text: str) -> Value:
        """The value of a text, not yet checked against the limits.

        Raises:
            InvalidTextError: the text is not a value of this type.
        """
        if self.kind is bool:
            return self._parse_bool(text)
        if self.kind in (int, float):
            try:
                number: Value = self.kind(text)
            except ValueError:
                raise InvalidTextError(f"{self.redacted(text)} is not {self.allowed()}") from None
            return number
        if self.kind is tuple:
            return tuple(part.strip() for part in text.split(",") if part.strip())
        choices = {**self.synonyms, **{choice.casefold(): choice for choice in self.choices}}
        return choices.get(text.casefold(), text)

    def _parse_bool(self, text: str) -> bool:
        folded = text.casefold()
        if folded not in _TRUE + _FALSE:
            raise InvalidTextError(f"{self.redacted(text)} is not {self.allowed()}")
        return folded in _TRUE

    def write(self, value: Value) -> str:
        """The text that `parse` reads as this value."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, tuple):
            return ",".join(value)
        return repr(value) if isinstance(value, float) else str(value)

    def problem_with(self, value: Value) -> str | None:
        """Why a value is invalid; None if it is valid."""
        if value is None and self.default is None:
            return None
        if not self._is_of_kind(value):
            return f"{self.redacted(value)} is not {self.allowed()}"
        if value == "" and self.default != "":
            return "it is empty; remove it to use the default"
        texts = value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ()
        for text in texts:
            if not text.isprintable() or (text != text.strip() and not self.secret):
                return (
                    f"{self.redacted(text)} has white space around it or unprintable characters; remove them"
                )
        if self._is_within_limits(value):
            return None
        return f"{self.redacted(value)} is not {self.allowed()}{self._suggestion(value)}"

    def _suggestion(self, value: Value) -> str:
        choices = {choice.casefold(): choice for choice in (*self.choices, *self.synonyms)}
        matches = difflib.get_close_matches(str(value).casefold(), sorted(choices), n=1)
        return f"; did you mean {choices[matches[0]]}?" if matches else ""

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
        """The allowed values, to follow "is not"."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        type_name = _TYPE_NAMES.get(self.kind, "a text")
        if self.minimum is None and self.maximum is None:
            return type_name
        if self.maximum is None:
            return f"{type_name} of at least {self.minimum:g}"
        return f"{type_name} from {self.minimum:g} to {self.maximum:g}"

    def redacted(self, value: Value) -> str:
        """The value for messages, without the value of a secret and without secrets in a URL."""
        if self.secret:
            return _HIDDEN
        return quoted_url(value) if isinstance(value, str) and "://" in value else repr(value)


def quoted_url(url: str) -> str:
    """A URL for messages, without the secrets in it."""
    text = redact_url(url)
    return _HIDDEN if text == INVALID_URL else repr(text)


def setting(default: Value, env: str, doc: str, **rules: Any) -> Any:
    """A dataclass field with the metadata of a `Setting`; `rules` are further fields of it."""
    metadata = {"env": env, "doc": doc, **rules}
    return dataclasses.field(default=default, metadata=metadata, repr=not rules.get("secret", False))


def setting_table(cls: type) -> tuple[Setting, ...]:
    """The settings of a dataclass whose fields were made by `setting`, in its order."""
    return tuple(_from_field(field) for field in dataclasses.fields(cls))


def _from_field(field: dataclasses.Field[Any]) -> Setting:
    default: Any = field.default
    kind = str if default is None else type(default)
    return Setting(field.name, kind=kind, default=default, **field.metadata)


def raw_text(setting: Setting, environment: Mapping[str, str]) -> str | None:
    """The text of the setting's variable, otherwise of an alias; None if unset or empty."""
    # A password may start or end with a blank, but a line end belongs to the file that it was stored in.
    stripped = "\r\n" if setting.secret else None
    texts = (environment.get(name, "").strip(stripped) for name in (setting.env, *setting.aliases))
    return next(filter(None, texts), None)
